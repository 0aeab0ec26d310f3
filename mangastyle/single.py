"""Sketch, shading and one-pass style as one TensorFlow graph: the single entity that the paper's conclusion hopes for.

`mangastyle export --model full` writes it as a SavedModel, which needs nothing but TensorFlow. Every stage is the code that
the commands run; only sizes and the choice between line art and pictures, which they leave to Python, are tensors here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from mangastyle import images, resample, weights
from mangastyle.config import StyleConfig
from mangastyle.data import characters, painters
from mangastyle.errors import MangastyleError
from mangastyle.shade import hints, lines, simulate, sketch
from mangastyle.shade.colour import INK, REFINE, SIGNATURE, Colouring
from mangastyle.shade.export import save
from mangastyle.shade.infer import Shader, load_generator
from mangastyle.style import fast, onepass, vgg
from mangastyle.style.transport import Statistics

CHECK_SIZES = ((64, 64), (97, 65), (150, 200))
STRENGTH = 0.5
PICTURE = tf.TensorSpec((None, None, 3), tf.uint8, name="picture")
HINT = tf.TensorSpec((None, None, 4), tf.uint8, name="hint")
PAINTING = tf.TensorSpec((None, None, 3), tf.uint8, name="painting")
NUMBER = tf.TensorSpec((), tf.float32, name="strength")


class Single:
    """All stages with their networks loaded, as functions of tensors; the endpoints of the SavedModel.

    picture : uint8 (h, w, 3), line art or a colour picture to be sketched. hint : uint8 (h', w', 4), RGB and how much each
    pixel speaks, 0 to 255, as in a PNG with strokes on a transparent ground. painting : uint8 (h", w", 3), sides of 32 pixels
    or more. strength : float32, 0 to 1, as for `mangastyle style`.
    """

    def __init__(self, shade_weights: str = "", fast_weights: str = "") -> None:
        """Raises `MangastyleError` for weights that are missing or damaged."""
        self.generator, self.config = load_generator(weights.find(shade_weights), "float32")
        # Drawn once, however many endpoints use it.
        self.colour = tf.function(Colouring(self.generator, self.config), input_signature=SIGNATURE, autograph=False)
        path = weights.find(fast_weights, weights.ONEPASS, fast.CURE)
        self.network = onepass.network(path, path.stat().st_mtime, "float32")

    def sketch(self, picture: tf.Tensor) -> tf.Tensor:
        """Line art uint8 (h, w), ink 0 on paper 255; a picture that is line art already stays as it is."""
        short = tf.cast(tf.reduce_min(tf.shape(picture)[:2]), tf.float64)
        block = tf.maximum(sketch.PAPER_BLOCK, tf.cast(tf.round(sketch.PAPER_BLOCK / sketch.BLOCK_SIDE * short), tf.int32) // 2 * 2 + 1)
        ink = simulate.sketch(picture[None], block)[0, ..., 0] < 0
        return tf.where(lines.is_line_art(picture), picture[..., 0], tf.where(ink, tf.constant(0, tf.uint8), tf.constant(255, tf.uint8)))

    def shade(self, picture: tf.Tensor) -> tf.Tensor:
        """Shaded colour uint8 (h, w, 3), without a hint."""
        return self.shade_with_hint(picture, tf.zeros((1, 1, 4), tf.uint8))

    def shade_with_hint(self, picture: tf.Tensor, hint: tf.Tensor) -> tf.Tensor:
        """Shaded colour uint8 (h, w, 3)."""
        said = tf.cast(hint[..., 3], tf.float32) / 255
        return self.colour(picture, hint[..., :3], said, tf.constant(self.config.size), tf.constant(REFINE), tf.constant(INK))

    def statistics(self, painting: tf.Tensor, size: tf.Tensor) -> dict[str, tf.Tensor]:
        """What is needed of a painting for pictures of `size`, int32 (2,), height and width.

        {layer_mean: (1, n), layer_covariance: (1, n, n), layer_grain: (1, h, w, n)}.
        """
        features = self._encode(resample.resize_bytes(painting, *_shown(tf.shape(painting)[:2], size)))
        found = {f"{name}_{part}": value for name, of in self.network.statistics(features).items() for part, value in of._asdict().items()}
        return found | {f"{name}_grain": x for name, x in self.network.grain(features).items()}

    def style(self, picture: tf.Tensor, statistics: dict[str, tf.Tensor], strength: tf.Tensor) -> tf.Tensor:
        """A picture painted in one pass, uint8 (h, w, 3), by the statistics of a painting."""
        height, width = tf.shape(picture)[0], tf.shape(picture)[1]
        wanted = {name: Statistics(*(statistics[f"{name}_{part}"] for part in Statistics._fields)) for name in onepass.LAYERS}
        features = self._encode(picture)
        maps = self.network.maps(self.network.statistics(features), wanted, strength[None])
        grain = {name: statistics[f"{name}_grain"] for name in onepass.GRAINY}
        grain = onepass.laid_out(grain, *(tf.shape(features["relu1_1"])[axis] for axis in (1, 2)))
        return resample.to_bytes(self.network.paint(features, maps, strength[None], tf.ones(1), grain)[0, :height, :width])

    def paint(self, picture: tf.Tensor, painting: tf.Tensor, strength: tf.Tensor) -> dict[str, tf.Tensor]:
        """All stages, without a hint: {"sketch": (h, w), "shaded": (h, w, 3), "stylised": (h, w, 3)}, uint8."""
        return self.paint_with_hint(picture, tf.zeros((1, 1, 4), tf.uint8), painting, strength)

    def paint_with_hint(self, picture: tf.Tensor, hint: tf.Tensor, painting: tf.Tensor, strength: tf.Tensor) -> dict[str, tf.Tensor]:
        """All stages: {"sketch": (h, w), "shaded": (h, w, 3), "stylised": (h, w, 3)}, uint8."""
        statistics = self.statistics(painting, tf.shape(picture)[:2])
        shaded = self.shade_with_hint(picture, hint)
        return {"sketch": self.sketch(picture), "shaded": shaded, "stylised": self.style(shaded, statistics, strength)}

    def _encode(self, picture: tf.Tensor) -> onepass.Features:
        height, width = tf.shape(picture)[0], tf.shape(picture)[1]
        even = resample.mirror(picture[None], 0, -height % onepass.MULTIPLE, -width % onepass.MULTIPLE)
        return self.network.encode(tf.cast(even, tf.float32))


def _shown(own: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`prepare.shown`'s (height, width) for a painting of the size `own` (2,) beside a content of `size` (2,)."""
    own, size = tf.cast(own, tf.float64), tf.cast(size, tf.float64)
    scale = tf.minimum(tf.sqrt(tf.reduce_prod(size) / tf.reduce_prod(own)), 1.0)
    scale = tf.maximum(scale, vgg.MIN_SIDE / tf.reduce_min(own))
    return tuple(tf.unstack(tf.cast(tf.round(own * scale), tf.int32)))


def export(single: Single, path: Path) -> None:
    """Write the SavedModel; its endpoints are the methods of `Single`."""
    size = tf.TensorSpec((2,), tf.int32, name="size")
    statistics = {
        name: tf.TensorSpec((1, None, None, value.shape[-1]) if name.endswith("_grain") else value.shape, name=name)
        for name, value in single.statistics(tf.zeros((64, 64, 3), tf.uint8), (64, 64)).items()
    }
    signatures = {
        "sketch": [PICTURE], "shade": [PICTURE], "shade_with_hint": [PICTURE, HINT], "statistics": [PAINTING, size],
        "style": [PICTURE, statistics, NUMBER], "paint": [PICTURE, PAINTING, NUMBER], "paint_with_hint": [PICTURE, HINT, PAINTING, NUMBER],
    }  # fmt: skip
    models = [single.generator, single.network.encoder, single.network.decoder]
    save(path, models, {name: (getattr(single, name), signature) for name, signature in signatures.items()})


def step_by_step(shader: Shader, fast_weights: str, picture: np.ndarray, hint: hints.Hint | None, painting: np.ndarray) -> dict[str, np.ndarray]:
    """What the commands make of a picture, stage by stage: as `Single.paint_with_hint`."""
    lined = bool(lines.is_line_art(picture))
    shaded = shader(picture, hint)
    options = StyleConfig(size=0, strength=STRENGTH, fast=True, fast_weights=fast_weights, precision="float32")
    return {
        "sketch": picture[..., 0] if lined else sketch.sketch(picture),
        "shaded": shaded,
        "stylised": fast.fast_stylize(shaded, [painting], options),
    }


def check(shade_weights: str, fast_weights: str, path: Path) -> int:
    """Reload the SavedModel and return its largest difference from the commands in grey levels; over 1 is an error."""
    reloaded, shader = tf.saved_model.load(str(path)), Shader(shade_weights, "float32")
    painting = images.resize(painters.paint("brush", 1), 120, 160)
    worst = 0
    for seed, (height, width) in enumerate(CHECK_SIZES):
        drawn = characters.character(seed, max(height, width))
        art, colour = np.repeat(drawn.line[:height, :width, None], 3, 2), drawn.rgb[:height, :width]
        rgba = np.zeros((height, width, 4), np.uint8)
        rgba[height // 3 : height // 2, width // 3 : width // 2] = (200, 40, 60, 255)
        strokes = hints.Hint(rgba[..., :3], rgba[..., 3].astype(np.float32) / 255)
        for expected, made in (
            (step_by_step(shader, fast_weights, colour, None, painting), reloaded.paint(colour, painting, STRENGTH)),
            (step_by_step(shader, fast_weights, art, strokes, painting), reloaded.paint_with_hint(art, rgba, painting, STRENGTH)),
        ):
            worst = max(worst, *(int(np.abs(made[name].numpy().astype(int) - expected[name]).max()) for name in expected))
    if worst > 1:
        raise MangastyleError(f"{path}: the exported model differs from the commands by {worst} grey levels; nothing was written")
    return worst
