"""Shading of flat colors: a layer that is multiplied over them and a layer that is screened.

The network sees the picture at about the size that it was trained at. Its tones are enlarged: as they are for soft shading; for cel shading
they are first rounded off and then cut at full size, so that the edges of shadows are crisp however large the picture is.

All of it is TensorFlow operations, so that an exported model has it, too.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.errors import MangastyleError, near
from mangastyle.io import registry
from mangastyle.io import weights as weights_files
from mangastyle.io.images import check_picture
from mangastyle.kernels import precision as precisions
from mangastyle.lineart.graph import downsample_lines
from mangastyle.ops import resample
from mangastyle.ops.blur import gaussian_blur
from mangastyle.ops.selection import largest
from mangastyle.shade import shading_network
from mangastyle.shade.shading_losses import Tones, predicted
from mangastyle.shade.spec import ShadingSpec

KINDS = ("none", "soft", "cel")
WHITE_FROM, WHITE = 244.0, 252.0  # darkest channel of a flat color from which it is shaded less, and from which it is paper
ROUNDING = 1.5  # standard deviation, in the network's pixels, of the blur that simplifies the shapes of cel shading
LEAST_SHARE, MOST_SHARE = 0.3, 0.6  # bounds of the share of a tone from which a pixel is that tone in cel shading
LEAST = 0.012  # of a shadow or highlight; less than three levels is nothing that anyone sees, but a speck in a layer
STEEPNESS = 0.004  # least change of a share from pixel to pixel that makes a soft edge

SOFTNESS = {"soft": 1.0, "cel": -1.0}
LIGHTS = ("left", "right")

LINE, FLAT = tf.TensorSpec((None, None), tf.uint8), tf.TensorSpec((None, None, 3), tf.uint8)


class Shading:
    """Shades flat colors, with one loaded network.

    Several threads may use one object.

    Parameters
    ----------
    weights : str or Path
        A file from `mangastyle train-shading`.
    precision : str
        "auto", or a Keras dtype policy, see `kernels.precision.resolve`.

    Attributes
    ----------
    network : keras.Model
        See `shading_network.build`.
    spec : ShadingSpec
        Its specification.

    Raises
    ------
    MangastyleError
        If the file is missing, damaged, or of another kind.

    Examples
    --------
    >>> shading = Shading("runs/shading/last.h5")  # doctest: +SKIP
    >>> layers = shading(line, flat, "cel")  # doctest: +SKIP
    """

    def __init__(self, weights: str | Path, *, precision: str = "auto") -> None:
        path = registry.find(weights, "name a file that mangastyle train-shading wrote, such as RUN/last.h5")
        self.spec = weights_files.parse_spec(path, ShadingSpec, weights_files.read_spec(path, "shading")[0])
        self.network = shading_network.build(self.spec, precisions.resolve(precision))
        weights_files.fill(self.network, path, "shading")
        self.network.trainable = False
        self.functions = {  # by kind: line art and flat colors to two layers, compiled once for all sizes
            kind: tf.function(
                functools.partial(shade_layers, self.network, self.spec, kind=kind), input_signature=[LINE, FLAT], autograph=False
            ) for kind in KINDS
        }  # fmt: skip

    def __call__(self, line: np.ndarray, flat: np.ndarray, kind: str = "soft", light: str = "left") -> tuple[np.ndarray, np.ndarray]:
        """The shading of a picture.

        Parameters
        ----------
        line : ndarray of uint8, shape (h, w)
            Line art, ink 0 on paper 255.
        flat : ndarray of uint8, shape (h, w, 3)
            Its colors, one for each region.
        kind : {"soft", "cel", "none"}
            Shadows with soft edges, or in one step with crisp edges.
        light : {"left", "right"}
            Where the light comes from, above the picture.

        Returns
        -------
        shading : ndarray of uint8, shape (h, w, 3)
            A layer to be multiplied over the flat colors; 255 changes nothing.
        highlights : ndarray of uint8, shape (h, w, 3)
            A layer to be screened over the product; 0 changes nothing.

        Raises
        ------
        MangastyleError
            For arrays that are no such pictures, or of different sizes; for an unknown kind.
        """
        check_kind(kind)
        if light not in LIGHTS:
            raise MangastyleError(f"`light`: {light!r}{near(light, LIGHTS)} is none of {', '.join(LIGHTS)}")
        line, flat = check_picture(line, "line", gray=True), check_picture(flat, "flat")
        if line.shape != flat.shape[:2]:
            raise MangastyleError(f"`line`: must be of shape {flat.shape[:2]} as `flat` is, not {line.shape}")
        if light == "right":  # the network knows light from the left alone
            shading, highlights = self(line[:, ::-1], flat[:, ::-1], kind)
            return np.ascontiguousarray(shading[:, ::-1]), np.ascontiguousarray(highlights[:, ::-1])
        shading, highlights = self.functions[kind](line, flat)
        return shading.numpy(), highlights.numpy()


def check_kind(kind: str) -> str:
    """A kind of shading, checked; `MangastyleError` if it is none of `KINDS`.

    Examples
    --------
    >>> check_kind("cell")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `shading`: 'cell' (did you mean 'cel'?) is none of none, soft, cel
    """
    if kind not in KINDS:
        raise MangastyleError(f"`shading`: {kind!r}{near(kind, KINDS)} is none of {', '.join(KINDS)}")
    return kind


def shade_layers(network: keras.Model, spec: ShadingSpec, line: tf.Tensor, flat: tf.Tensor, kind: str) -> tuple[tf.Tensor, tf.Tensor]:
    """The shading of a picture by light from the left, inside a graph.

    Parameters
    ----------
    network : keras.Model
        See `shading_network.build`.
    spec : ShadingSpec
        Its specification.
    line : tensor of uint8, shape (h, w)
    flat : tensor of uint8, shape (h, w, 3)
    kind : {"none", "soft", "cel"}

    Returns
    -------
    shading, highlights : tensor of uint8, shape (h, w, 3)
        See `Shading`.

    Examples
    --------
    >>> spec = ShadingSpec(widths=(8, 8))
    >>> line, flat = tf.fill((20, 30), tf.constant(255, tf.uint8)), tf.fill((20, 30, 3), tf.constant(255, tf.uint8))
    >>> shading, highlights = shade_layers(shading_network.build(spec), spec, line, flat, "soft")
    >>> int(tf.reduce_min(shading)), int(tf.reduce_max(highlights))  # white is paper
    (255, 0)
    """
    if kind == "none":
        return tf.fill(tf.shape(flat), tf.constant(255, tf.uint8)), tf.zeros_like(flat)
    tones = _tones(network, spec, line, flat, SOFTNESS[kind])
    height, width = tf.shape(flat)[0], tf.shape(flat)[1]
    paper = tf.cast(tf.reduce_min(flat, -1, keepdims=True), tf.float32)
    colored = tf.clip_by_value((WHITE - paper) / (WHITE - WHITE_FROM), 0.0, 1.0)  # (h, w, 1)

    if kind == "soft":
        dark, bright = tones.shares[..., :1] * (1 - tf.exp(tones.shadow)), tones.shares[..., 2:] * tones.light
        dark, bright = (_enlarge(x, height, width) for x in (dark, bright))
    else:
        shares = gaussian_blur(tones.shares, ROUNDING)
        shadow, _, light = tf.unstack(_enlarge(shares, height, width), axis=-1)  # (h, w) each
        dark = _cut(shadow, _level(shares[..., 0])) * _enlarge(1 - tf.exp(tones.shadow), height, width)
        bright = _cut(light, _level(shares[..., 2])) * _enlarge(tones.light, height, width)
    dark, bright = (colored * tf.nn.relu(x - LEAST) for x in (dark, bright))
    return resample.to_uint8(255 * (1 - dark)), resample.to_uint8(255 * bright)


def _tones(network: keras.Model, spec: ShadingSpec, line: tf.Tensor, flat: tf.Tensor, softness: float) -> Tones:
    """The network's tones of a picture, at the size that it sees: each (h', w', 3)."""
    height, width = tf.shape(flat)[0], tf.shape(flat)[1]
    height, width = resample.fit_short_side(height, width, tf.minimum(spec.side, tf.minimum(height, width)))
    lines = downsample_lines(tf.repeat(line[..., None], 3, -1), height, width)[..., None]  # (h', w', 1)
    colors = resample.resize_uint8(flat, height, width)  # (h', w', 3)
    below, right = -height % spec.multiple, -width % spec.multiple
    line, flat = (resample.mirror_pad(tf.cast(x[None], tf.float32) / 255, 0, below, right) for x in (lines, colors))
    return Tones(
        *(
            x[0, :height, :width]
            for x in predicted(network({"line": line, "flat": flat, "softness": tf.constant([[softness]])}, training=False))
        )
    )


def _enlarge(values: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Values (h', w', c) at full size, bilinear: (h, w, c)."""
    return tf.image.resize(values, (height, width))


def _level(share: tf.Tensor) -> tf.Tensor:
    """The level that as many of the shares (h, w) are above as they are on average: shapes are then neither too many nor too few."""
    above = tf.cast(tf.reduce_mean(share) * tf.cast(tf.size(share), tf.float32), tf.int32)
    found = largest(tf.reshape(share, (-1,)), tf.minimum(above, tf.size(share) - 1))
    return tf.clip_by_value(found, LEAST_SHARE, MOST_SHARE)


def _cut(share: tf.Tensor, level: float | tf.Tensor) -> tf.Tensor:
    """Shares (h, w) above a level as a shape with an edge of one pixel: (h, w, 1) in 0..1."""
    padded = tf.pad(share, ((1, 1), (1, 1)), "SYMMETRIC")
    down, across = padded[2:, 1:-1] - padded[:-2, 1:-1], padded[1:-1, 2:] - padded[1:-1, :-2]
    slope = tf.sqrt(tf.square(down) + tf.square(across)) / 2 + STEEPNESS  # of the share, for each pixel
    return tf.clip_by_value((share - level) / slope + 0.5, 0.0, 1.0)[..., None]
