"""Paint a picture in the style of a painting by optimisation on VGG-19 features (paper, section 4.3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from mangastyle import folder, images, precision
from mangastyle.config import StyleConfig
from mangastyle.errors import MangastyleError
from mangastyle.style import losses, optimizers, vgg
from mangastyle.style.optimizers import Callback, Record, Result


def stylize(
    content: np.ndarray, styles: list[np.ndarray], options: StyleConfig = StyleConfig(),
    backbone: keras.Model | None = None, callback: Callback | None = None,
) -> np.ndarray:  # fmt: skip
    """Paint `content` in the style of one painting, or of several in equal parts.

    content : uint8 (h, w, 3). styles : uint8 (h, w, 3) each. Returns uint8, of short side `options.size`,
    or exactly as large as the content if that is 0. `backbone` is a `vgg.network` to use instead of the one
    that `options` names; `callback` gets a `Record` an iteration. Ctrl-C returns the best picture so far.
    Raises `MangastyleError` for pictures smaller than 32 pixels, unknown layers, and losses that diverge.
    """
    return to_pixels(Painter(styles, options, backbone).paint(content, callback).picture)


def to_pixels(picture: np.ndarray) -> np.ndarray:
    """Float 0..255 to uint8, rounded."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


class Painter:
    """Paintings made ready to paint in: graph and style targets are kept for further pictures of the same size."""

    def __init__(self, styles: list[np.ndarray], options: StyleConfig, backbone: keras.Model | None = None) -> None:
        if not styles:
            raise MangastyleError("no painting: name one, as in --style painting.jpg")
        for flag, layers in (("content", options.content_layers), ("style", options.style_layers)):
            if not layers:
                raise MangastyleError(f"--{flag}-layers: name at least one layer of VGG-19")
        if 0 < options.size < vgg.MIN_SIDE:
            raise MangastyleError(f"--size: must be 0 or at least {vgg.MIN_SIDE}, not {options.size}")
        for style in styles:
            _check_size(style, "the painting")
        self.styles, self.options = styles, options
        if backbone is None:
            policy = precision.resolve(options.precision)
            backbone = vgg.network(vgg.weights(options.backbone, options.allow_download), policy=policy)
        self.features = vgg.features(backbone, tuple(dict.fromkeys(options.content_layers + options.style_layers)))
        self.size: tuple[int, int] | None = None  # what `_prepare` last prepared for

    def paint(self, content: np.ndarray, callback: Callback | None = None) -> Result:
        """Paint one picture, uint8 (h, w, 3)."""
        options = self.options
        _check_size(content, "the content")
        height, width = content.shape[:2]
        if options.size:
            height, width = images.fit_short_side(height, width, options.size)
        content = images.resize(content, height, width)
        self._prepare(height, width)
        of_content = self.features(_tensor(content))
        content_targets = {name: of_content[name] for name in options.content_layers}  # (1, h', w', n) each

        def objective(picture: Any) -> tuple[tf.Tensor, tf.Tensor]:
            return self.loss_and_gradient(tf.convert_to_tensor(picture), content_targets, self.style_targets)

        start = self._start(content)
        if options.optimizer == "adam":
            return optimizers.adam(objective, start, options.iterations, callback, learning_rate=options.learning_rate)
        return optimizers.lbfgs(objective, start, options.iterations, callback)

    def _prepare(self, height: int, width: int) -> None:
        """Graph and style targets for a working size. Only the latest are kept: a folder may hold many sizes."""
        if self.size != (height, width):
            self.style_targets = self._style_targets(height, width)
            self.loss_and_gradient = tf.function(self._loss_and_gradient)
            self.size = height, width

    def _loss_and_gradient(
        self, picture: tf.Tensor, content_targets: dict[str, tf.Tensor], style_targets: dict[str, tf.Tensor]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Equation 7 with total variation at `picture`, (h, w, 3): (total, content, style, tv) and the gradient."""
        options = self.options
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(picture)
            batch = picture[None]  # (1, h, w, 3)
            found = self.features(batch)
            content = tf.add_n([losses.content_loss(found[name], p, options.loss) for name, p in content_targets.items()])
            style = losses.style_loss(found, style_targets, options.loss)
            tv = losses.total_variation(batch, options.loss)
            total = losses.total_loss(content, style, options.content_weight, options.style_weight)
            total += options.tv_weight * tv
            # A mean's gradient at each feature is too small for float16 until it is a sum's; float32 undoes it.
            scale = float(picture.shape.num_elements()) if options.loss == "mean" else 1.0
            scaled = scale * total
        return tf.stack([total, content, style, tv]), tape.gradient(scaled, picture) / scale

    def _style_targets(self, height: int, width: int) -> dict[str, tf.Tensor]:
        """The paintings' mean Gram matrices, averaged: the loss against their mean is, up to a constant,
        the mean of the losses against each."""
        grams: dict[str, list[tf.Tensor]] = {name: [] for name in self.options.style_layers}
        for style in self.styles:
            found = self.features(_tensor(self._style_picture(style, height, width)))
            for name, of_layer in grams.items():
                of_layer.append(losses.mean_gram(found[name]))
        return {name: tf.add_n(of_layer) / len(of_layer) for name, of_layer in grams.items()}  # (n, n) each

    def _style_picture(self, style: np.ndarray, height: int, width: int) -> np.ndarray:
        if self.options.style_size == "content":
            return images.resize(style, height, width)
        own_height, own_width = style.shape[:2]
        shrink = (height * width / (own_height * own_width)) ** 0.5  # to as many pixels as the content has
        shrink = min(1.0, max(shrink, vgg.MIN_SIDE / min(own_height, own_width)))
        return images.resize(style, round(own_height * shrink), round(own_width * shrink))

    def _start(self, content: np.ndarray) -> np.ndarray:
        """Where the search begins (Fig. 11): float32 (h, w, 3) in 0..255."""
        if self.options.init == "noise":
            generator = np.random.default_rng(self.options.seed)
            return generator.uniform(0, 255, content.shape).astype(np.float32)
        chosen = content if self.options.init == "content" else images.resize(self.styles[0], *content.shape[:2])
        return chosen.astype(np.float32)


def _tensor(picture: np.ndarray) -> tf.Tensor:
    return tf.constant(picture[None], tf.float32)  # (1, h, w, 3)


def _check_size(picture: np.ndarray, name: str) -> None:
    height, width = picture.shape[:2]
    if min(height, width) < vgg.MIN_SIDE:
        raise MangastyleError(f"{name} is {width}x{height} pixels; the least is {vgg.MIN_SIDE}x{vgg.MIN_SIDE}")


def command(options: StyleConfig) -> None:
    """`mangastyle style`: a picture or a folder of pictures. Ctrl-C keeps the best of the picture in work."""
    limit = int(options.max_megapixels * 1e6)
    if not options.style:
        raise MangastyleError("no painting: name one, as in 'mangastyle style picture.png --style painting.jpg'")
    styles = [images.load(path, limit, vgg.MIN_SIDE).rgb for path in options.style]

    def prepare() -> folder.Work:
        painter = Painter(styles, options)

        def work(picture: images.Picture, path: Path) -> folder.Result:
            try:
                with tqdm(total=options.iterations, desc=path.name, unit="it", leave=False, disable=None) as bar:
                    result = painter.paint(picture.rgb, lambda record: _show(bar, record))
            except MangastyleError as error:
                raise MangastyleError(f"{path}: {error}") from error
            if result.interrupted and Path(options.inputs).is_dir():
                raise KeyboardInterrupt  # a half-painted picture would pass for a finished one when the folder is resumed
            painted = to_pixels(result.picture)
            alpha = None if picture.alpha is None else images.resize(picture.alpha, *painted.shape[:2])
            return painted, alpha

        return work

    folder.process("style", options, "styled", prepare, vgg.MIN_SIDE)


def _show(bar: tqdm, record: Record) -> None:
    bar.set_postfix_str(f"loss {record.total:.4g} = content {record.content:.3g}, style {record.style:.3g}, tv {record.tv:.3g}", refresh=False)
    bar.update(record.iteration - bar.n)
