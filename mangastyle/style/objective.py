"""What a painted picture is judged by: equation 7 on VGG-19 features, compiled, with its gradient (section 4.3)."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from mangastyle.config import StyleConfig
from mangastyle.errors import MangastyleError
from mangastyle.style import frozen, losses, masks, vgg


class Targets(NamedTuple):
    """What the picture is to match, at one size.

    content : {layer: features (1, h', w', n)}. styles : for each painting {layer: statistics}.
    masks : for each painting {layer: (1, h', w', 1)}, or nothing where the paintings act everywhere.
    """

    content: dict[str, tf.Tensor]
    styles: list[dict[str, Any]]
    masks: list[dict[str, tf.Tensor]]


class Objective:
    """Losses and gradient of a picture of any size; one compiled graph serves all sizes and pictures."""

    def __init__(self, backbone: keras.Model, options: StyleConfig, paintings: int) -> None:
        self.options = options
        layers = tuple(dict.fromkeys(options.content_layers + options.style_layers))
        self.features = vgg.features(backbone, layers)
        # Graphs let go of what the layers between gave. A content has the size of the pictures to come, a painting its own.
        pictures = [tf.TensorSpec((1, None, None, 3))]
        self._of_content = tf.function(self.features, pictures)
        self._of_painting = tf.function(self._directly, pictures).get_concrete_function()
        self.layer_weights = weights("--style-layer-weights", options.style_layer_weights, options.style_layers)
        self.counts = vgg.counts(backbone, options.style_layers)
        self.painting_weights = weights("--style-weights", options.style_weights, range(paintings))
        self._compiled = tf.function(self._losses_and_gradient, reduce_retracing=True)

    def content_targets(self, content: np.ndarray) -> dict[str, tf.Tensor]:
        """The features that keep a content, uint8 (h, w, 3)."""
        found = self._of_content(batch(content))
        return {name: found[name] for name in self.options.content_layers}

    def style_targets(self, painting: np.ndarray) -> dict[str, Any]:
        """The statistics of a painting, uint8 (h, w, 3), in every style layer."""
        found = self._of_painting(batch(painting))
        return {name: losses.style_target(found[name], self.options.distance) for name in self.options.style_layers}

    def mask_targets(self, mask: np.ndarray) -> dict[str, tf.Tensor]:
        """A mask, float32 (h, w) in 0..1, at the size of every style layer."""
        shapes = {name: self.features.compute_output_shape((1, *mask.shape, 3))[name][1:3] for name in self.options.style_layers}
        return masks.at_layers(mask, shapes)

    def __call__(self, picture: np.ndarray | tf.Tensor, targets: Targets) -> tuple[tf.Tensor, tf.Tensor]:
        """Of a picture, float32 (h, w, 3) in 0..255: (total, content, style, tv), and the gradient of the total."""
        if not self._compiled.experimental_get_tracing_count():  # at once for all sizes: tracing takes seconds
            self._compiled.get_concrete_function(tf.TensorSpec((None, None, 3)), tf.nest.map_structure(_of_any_size, targets))
        return self._compiled(tf.convert_to_tensor(picture), targets)

    def _directly(self, batch: tf.Tensor) -> dict[str, tf.Tensor]:
        with frozen.direct():
            return self.features(batch)

    def _losses_and_gradient(self, picture: tf.Tensor, targets: Targets) -> tuple[tf.Tensor, tf.Tensor]:
        options = self.options
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(picture)
            batch = tf.expand_dims(picture, 0)  # (1, h, w, 3)
            content, style = self.losses(self.features(batch), targets)
            tv = losses.total_variation(batch, options.loss)
            alpha, beta = balance(options.strength)
            total = losses.total_loss(content, style, alpha * options.content_weight, beta * options.style_weight)
            total += beta * options.tv_weight * tv
            # A mean's gradient at each feature is too small for float16 until it is a sum's; float32 undoes it.
            scale = tf.cast(tf.size(picture), tf.float32) if options.loss == "mean" else 1.0
            scaled = scale * total
        return tf.stack([total, content, style, tv]), tape.gradient(scaled, picture) / scale

    def losses(self, found: dict[str, tf.Tensor], targets: Targets) -> tuple[tf.Tensor, tf.Tensor]:
        """Content and style loss, scalars, of a picture's features (1, h', w', n)."""
        content = tf.add_n([losses.content_loss(found[name], p, self.options.loss) for name, p in targets.content.items()])
        return content, self._style(found, targets)

    def _style(self, found: dict[str, tf.Tensor], targets: Targets) -> tf.Tensor:
        """The weighted mean of the style losses against each painting, where its mask lets it act."""
        options = self.options
        everywhere: dict[str, Any] = {}
        if not targets.masks:
            everywhere = {name: losses.statistics(found[name], options.distance) for name in options.style_layers}
        total = tf.zeros(())
        for i, (weight, target) in enumerate(zip(self.painting_weights.values(), targets.styles, strict=True)):
            seen = everywhere or {
                name: losses.statistics(found[name], options.distance, targets.masks[i][name]) for name in options.style_layers
            }
            total += weight * losses.style_loss(seen, target, options.loss, options.distance, self.layer_weights, self.counts)
        return total


def _of_any_size(target: tf.Tensor | np.ndarray) -> tf.TensorSpec:
    """Maps (1, h, w, n) of any h and w, roots (n, r) of any rank."""
    shape = list(target.shape)
    return tf.TensorSpec(shape[:1] + [None] * len(shape[1:3]) + shape[3:], target.dtype)


def balance(strength: Any) -> tuple[Any, Any]:
    """The factors of content and style: strength moves weight from one to the other; at 0.5 both are 1."""
    return (2 - 2 * strength) ** 2, (2 * strength) ** 2


def weights(flag: str, given: tuple[float, ...], names: Any) -> dict[Any, float]:
    """Given or equal weights by name, with the sum 1; `MangastyleError` if they are too few, too many, or all 0."""
    names = list(names)
    given = given or (1.0,) * len(names)
    if len(given) != len(names):
        raise MangastyleError(f"{flag}: {len(given)} weights for {len(names)}; give one for each")
    if not sum(given):
        raise MangastyleError(f"{flag}: at least one weight must be more than 0")
    return {name: weight / sum(given) for name, weight in zip(names, given)}


def batch(picture: np.ndarray) -> tf.Tensor:
    """A picture, uint8 (h, w, 3), as networks take it: float32 (1, h, w, 3)."""
    return tf.constant(picture[None], tf.float32)  # (1, h, w, 3)
