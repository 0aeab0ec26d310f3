"""Sketch, shading and one-pass style as one TensorFlow graph: the single entity that the paper's conclusion hopes for.

It is written as a SavedModel, which needs nothing but TensorFlow. Every stage is the code that `Shader` and `Stylizer` run; only sizes
and the choice between line art and pictures, which they leave to Python, are tensors here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mangastyle.engine import path_for_tensorflow, tf
from mangastyle.errors import MangastyleError
from mangastyle.export.savedmodel import write_endpoints
from mangastyle.io import registry
from mangastyle.lineart import detect, graph
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels, resample
from mangastyle.ops.gaussian_ot import GaussianStatistics
from mangastyle.shade.hints import Hint
from mangastyle.shade.shader import Shader
from mangastyle.style.onepass import network as onepass
from mangastyle.style.stylize import Stylizer
from mangastyle.synthetic import characters, paintings
from mangastyle.vgg.spec import MIN_SIDE

CHECK_SIZES = ((64, 64), (97, 65), (150, 200))  # height, width
CHECK_STRENGTH = 0.5

PICTURE = tf.TensorSpec((None, None, 3), tf.uint8, name="picture")
HINT = tf.TensorSpec((None, None, 4), tf.uint8, name="hint")
PAINTING = tf.TensorSpec((None, None, 3), tf.uint8, name="painting")
SIZE = tf.TensorSpec((2,), tf.int32, name="size")
STRENGTH = tf.TensorSpec((), tf.float32, name="strength")

Stages = dict[str, tf.Tensor]


class FullModel:
    """All stages with their networks loaded, as functions of tensors; the endpoints of the SavedModel.

    All pictures are tensors of uint8. picture : (h, w, 3), line art or a color picture to be sketched. hint : (h', w', 4), RGBA;
    alpha is the hint's mask. painting : (h", w", 3), sides of 32 pixels or more. strength : float32, 0 to 1, as for `stylize`.

    Parameters
    ----------
    weights : str or Path
        The shading network, see `Shader`.
    onepass_weights : str or Path
        The one-pass decoder: a file from training, or "onepass", which ships.

    Raises
    ------
    MangastyleError
        If a file is missing, damaged, or of another kind.

    Examples
    --------
    >>> model = FullModel("baseline")
    >>> model.sketch(np.full((32, 40, 3), 255, np.uint8)).shape.as_list()
    [32, 40]
    """

    def __init__(self, weights: str | Path = "regions", onepass_weights: str | Path = "onepass") -> None:
        self.shader = Shader(weights, precision="float32")
        self.network = onepass.load(registry.find(onepass_weights), "float32")

    def sketch(self, picture: tf.Tensor) -> tf.Tensor:
        """Line art (h, w), ink 0 on paper 255; a picture that is line art already stays as it is."""
        return self._sketch_and_shade(picture, _no_hint())[0]

    def shade(self, picture: tf.Tensor) -> tf.Tensor:
        """Shaded color (h, w, 3); the hint is the picture's own colors, if it is not line art."""
        return self.shade_with_hint(picture, _own_hint(picture))

    def shade_with_hint(self, picture: tf.Tensor, hint: tf.Tensor) -> tf.Tensor:
        """Shaded color (h, w, 3)."""
        return self._sketch_and_shade(picture, hint)[1]

    def statistics(self, painting: tf.Tensor, size: tf.Tensor) -> dict[str, tf.Tensor]:
        """The features of a painting that `style` needs, for pictures of `size`, int32 (2,): height and width.

        {layer_mean: (1, n), layer_covariance: (1, n, n), layer_residual: (1, h, w, n)}, float32.
        """
        features = self._encode(resample.resize_uint8(painting, *_style_size(tf.shape(painting)[:2], size)))
        found = {}
        for name, statistics in self.network.statistics(features).items():
            found |= {f"{name}_{part}": value for part, value in statistics._asdict().items()}
        return found | {f"{name}_residual": x for name, x in onepass.style_residual(features, self.network.spec.windows).items()}

    def style(self, picture: tf.Tensor, statistics: dict[str, tf.Tensor], strength: tf.Tensor) -> tf.Tensor:
        """A picture (h, w, 3) stylized in one pass, by the `statistics` of a painting."""
        height, width = tf.shape(picture)[0], tf.shape(picture)[1]
        parts = GaussianStatistics._fields
        target = {name: GaussianStatistics(*(statistics[f"{name}_{part}"] for part in parts)) for name in onepass.LAYERS}
        features = self._encode(picture)
        maps = self.network.transport_maps(self.network.statistics(features), target, strength[None])
        residual = {name: statistics[f"{name}_residual"] for name in self.network.spec.windows}
        padded = tf.shape(features["relu1_1"])
        residual = onepass.lay_out(residual, padded[1], padded[2], self.network.spec.residual_block)
        painted = self.network.paint(features, maps, strength[None], tf.ones(1), onepass.style_vector(target), residual)
        return resample.to_uint8(painted[0, :height, :width])

    def paint(self, picture: tf.Tensor, painting: tf.Tensor, strength: tf.Tensor) -> Stages:
        """All stages, with the hint of `shade`: {"sketch": (h, w), "shaded": (h, w, 3), "stylized": (h, w, 3)}."""
        return self.paint_with_hint(picture, _own_hint(picture), painting, strength)

    def paint_with_hint(self, picture: tf.Tensor, hint: tf.Tensor, painting: tf.Tensor, strength: tf.Tensor) -> Stages:
        """All stages: {"sketch": (h, w), "shaded": (h, w, 3), "stylized": (h, w, 3)}."""
        sketch, shaded = self._sketch_and_shade(picture, hint)
        stylized = self.style(shaded, self.statistics(painting, tf.shape(picture)[:2]), strength)
        return {"sketch": sketch, "shaded": shaded, "stylized": stylized}

    def _sketch_and_shade(self, picture: tf.Tensor, hint: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        mask = tf.cast(hint[..., 3], tf.float32) / 255
        return self.shader.in_graph(picture, graph.detect_line_art(picture), hint[..., :3], mask)

    def _encode(self, picture: tf.Tensor) -> onepass.Features:
        height, width = tf.shape(picture)[0], tf.shape(picture)[1]
        padded = resample.mirror_pad(picture[None], 0, -height % onepass.MULTIPLE, -width % onepass.MULTIPLE)
        return self.network.encode(tf.cast(padded, tf.float32))


def _no_hint() -> tf.Tensor:
    return tf.zeros((1, 1, 4), tf.uint8)


def _own_hint(picture: tf.Tensor) -> tf.Tensor:
    """A picture's own colors as a hint, uint8 (h, w, 4); line art gets none."""
    alpha = tf.cast(255 * tf.cast(~graph.detect_line_art(picture), tf.int32), tf.uint8)
    return tf.concat([picture, tf.fill(tf.concat([tf.shape(picture)[:2], [1]], 0), alpha)], -1)


def _style_size(own: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(height, width) to which `style.preprocess.resize_style` resizes a painting of size `own` (2,) for a content of `size` (2,)."""
    own, size = tf.cast(own, tf.float64), tf.cast(size, tf.float64)
    scale = tf.minimum(tf.sqrt(tf.reduce_prod(size) / tf.reduce_prod(own)), 1.0)
    scale = tf.maximum(scale, MIN_SIDE / tf.reduce_min(own))
    height, width = tf.unstack(tf.cast(tf.round(own * scale), tf.int32))
    return height, width


def export_full(model: FullModel, path: str | Path) -> None:
    """Write the SavedModel, whose endpoints are the public methods of `FullModel`.

    Parameters
    ----------
    model : FullModel
    path : str or Path
        The SavedModel's folder.

    Examples
    --------
    >>> export_full(FullModel(), "full")  # doctest: +SKIP
    >>> tf.saved_model.load("full").shade(picture)  # doctest: +SKIP
    """
    statistics = {
        name: tf.TensorSpec((1, None, None, value.shape[-1]) if name.endswith("_residual") else value.shape, name=name)
        for name, value in model.statistics(tf.zeros((64, 64, 3), tf.uint8), (64, 64)).items()
    }
    signatures = {
        "sketch": [PICTURE], "shade": [PICTURE], "shade_with_hint": [PICTURE, HINT],
        "statistics": [PAINTING, SIZE], "style": [PICTURE, statistics, STRENGTH],
        "paint": [PICTURE, PAINTING, STRENGTH], "paint_with_hint": [PICTURE, HINT, PAINTING, STRENGTH],
    }  # fmt: skip
    models = [*model.shader.models, model.network.encoder, model.network.decoder]
    write_endpoints(path, models, {name: (getattr(model, name), signature) for name, signature in signatures.items()})


def step_by_step(shader: Shader, stylizer: Stylizer, picture: np.ndarray, hint: Hint | None = None) -> dict[str, np.ndarray]:
    """`FullModel.paint_with_hint` by the library's own stages, one after the other.

    Parameters
    ----------
    shader : Shader
    stylizer : Stylizer
        Of method onepass, for the painting, with `size` 0.
    picture : ndarray of uint8, shape (h, w, 3)
    hint : Hint, optional
        By default the picture's own colors, if it is not line art.

    Returns
    -------
    dict of str to ndarray of uint8
        "sketch" (h, w), "shaded" and "stylized" (h, w, 3).
    """
    line_art = detect.is_line_art(picture)
    if hint is None and not line_art:
        hint = Hint(picture)
    shaded = shader(picture, hint, line_art=line_art)
    line = picture[..., 0] if line_art else sketch(picture, kind=shader.sketch_kind)
    return {"sketch": line, "shaded": shaded, "stylized": stylizer(shaded)}


def check_full(weights: str | Path, onepass_weights: str | Path, path: str | Path) -> int:
    """Reload a SavedModel of `export_full` and compare it with the stages one by one.

    Parameters
    ----------
    weights, onepass_weights
        As for `FullModel`.
    path : str or Path
        The SavedModel's folder.

    Returns
    -------
    int
        The largest difference, in gray levels, for drawn pictures and line art of three sizes: at most 1.

    Raises
    ------
    MangastyleError
        If it is larger.
    """
    reloaded, shader = tf.saved_model.load(path_for_tensorflow(path)), Shader(weights, precision="float32")
    painting = pixels.resize(paintings.paint("brush", 1), 120, 160)
    stylizer = Stylizer(
        [painting], method="onepass", precision="float32", size=0, strength=CHECK_STRENGTH, onepass_weights=str(onepass_weights)
    )
    worst = 0
    for seed, (height, width) in enumerate(CHECK_SIZES):
        drawn = characters.character(seed, max(height, width))
        art, picture = pixels.to_rgb(drawn.line[:height, :width]), drawn.rgb[:height, :width]
        rgba = np.zeros((height, width, 4), np.uint8)
        rgba[height // 3 : height // 2, width // 3 : width // 2] = (200, 40, 60, 255)
        for expected, found in (
            (step_by_step(shader, stylizer, picture), reloaded.paint(picture, painting, CHECK_STRENGTH)),
            (step_by_step(shader, stylizer, art, Hint.from_strokes(rgba)), reloaded.paint_with_hint(art, rgba, painting, CHECK_STRENGTH)),
        ):
            worst = max(worst, *(int(np.abs(found[name].numpy().astype(int) - expected[name]).max()) for name in expected))
    if worst > 1:
        raise MangastyleError(f"{path}: the exported model differs from the stages one by one by {worst} gray levels; nothing was written")
    return worst
