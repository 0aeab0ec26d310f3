"""What varies training examples beyond the paper: mirroring, thin and soft line art as hands draw it, rotated hues.

Nothing here draws random numbers: they come from the caller, uniform in [0, 1), see `shade.simulated_hints.columns`. To add an
augmentation, write a function, a line of `AUGMENTATIONS`, a field of `ExampleSettings`, and columns for its random numbers.
"""

from __future__ import annotations

import math
from typing import Callable, NamedTuple

from mangastyle.engine import tf
from mangastyle.ops.blur import box_blur
from mangastyle.ops.threshold import grayscale
from mangastyle.shade.simulated_hints import columns, is_unhinted
from mangastyle.training.settings import ExampleSettings

SCALE = 3  # thin lines are found at this many times the size


class Example(NamedTuple):
    """A batch of examples before their hints are simulated.

    pictures : uint8 (b, h, w, 3), from which line art is made. line : float32 (b, h, w, 1) in [-1, 1], ink -1. color : float32 (b, h, w, 3)
    in [-1, 1], the training target.
    """

    pictures: tf.Tensor
    line: tf.Tensor
    color: tf.Tensor


def mirror(example: Example, uniforms: tf.Tensor, settings: ExampleSettings) -> Example:
    """Mirror half of the examples."""
    mirrored = _choice(columns(uniforms).flip < 0.5)
    return Example(*(tf.where(mirrored, tf.reverse(x, axis=[2]), x) for x in example))


def replace_lines(example: Example, uniforms: tf.Tensor, settings: ExampleSettings) -> Example:
    """Give a share `thin_line_prob` of the examples thin, soft line art."""
    chosen = _choice(columns(uniforms).thin_line < settings.thin_line_prob)
    gray = tf.cast(grayscale(example.pictures), tf.float32)
    return example._replace(line=tf.where(chosen, thin_lines(gray, columns(uniforms).thin_line_style), example.line))


def shift_hues(example: Example, uniforms: tf.Tensor, settings: ExampleSettings) -> Example:
    """Rotate the hues of a share `hue_shift_prob` of the examples, if they get a hint."""
    chosen = _choice((columns(uniforms).hue_shift < settings.hue_shift_prob) & ~is_unhinted(uniforms, settings.hint_dropout))
    return example._replace(color=tf.where(chosen, rotate_hue(example.color, columns(uniforms).hue), example.color))


# By the field of `ExampleSettings` that turns each on, in the order in which they are applied.
AUGMENTATIONS: dict[str, Callable[[Example, tf.Tensor, ExampleSettings], Example]] = {
    "flip": mirror,
    "thin_line_prob": replace_lines,
    "hue_shift_prob": shift_hues,
}


def thin_lines(gray: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
    """Line art of varied weight, as soft as that of large drawings which were reduced.

    The adaptive threshold (paper, section 4.1) of the enlarged picture; after reduction, its lines cover parts of pixels.

    Parameters
    ----------
    gray : tensor, float32 (b, h, w) in 0..255
    style : tensor, float32 (b, 3) in [0, 1)
        Width of the threshold's window, how much darker ink must be, and how strong the ink is.

    Returns
    -------
    tensor, float32 (b, h, w, 1) in [-1, 1]
        Ink -1 on paper 1.

    Examples
    --------
    >>> thin_lines(tf.fill((1, 4, 4), 200.0), tf.fill((1, 3), 0.5)).numpy().min().item()  # no lines on blank paper
    1.0
    """
    height, width = (gray.shape[axis] or tf.shape(gray)[axis] for axis in (1, 2))
    large = tf.image.resize(gray[..., None], (SCALE * height, SCALE * width), "bicubic")  # (b, 3h, 3w, 1)
    window = tf.round(SCALE * (3 + 10 * style[:, 0]))
    darker = 1.5 + 12 * tf.square(style[:, 1])[:, None, None, None]
    ink = tf.cast(large < box_blur(large, window) - darker, tf.float32)
    ink = tf.nn.avg_pool2d(ink, SCALE, SCALE, "VALID")  # (b, h, w, 1), the share of each pixel that is ink
    return 1 - 2 * tf.minimum(1.0, (0.5 + 1.5 * style[:, 2])[:, None, None, None] * ink)


def rotate_hue(color: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """Rotate colors about the axis of grays, which keeps the mean of the three channels.

    Line art then no longer predicts a thing's color, so that the network must learn to follow the hint.

    Parameters
    ----------
    color : tensor, float32 (b, h, w, 3) in [-1, 1]
    turns : tensor, float32 (b,)
        Angle; 1 is 360 degrees.

    Returns
    -------
    tensor, float32 (b, h, w, 3) in [-1, 1]
        Clipped where the rotation leaves the cube.

    Examples
    --------
    >>> red = tf.constant([1.0, -1.0, -1.0], shape=(1, 1, 1, 3))
    >>> rotate_hue(red, tf.constant([1 / 3])).numpy().round(3).tolist()
    [[[[-1.0, 1.0, -1.0]]]]
    """
    angle = 2 * math.pi * turns[:, None, None]
    # Rodrigues' rotation about (1, 1, 1) / sqrt(3)
    along = tf.fill((3, 3), 1 / 3)
    across = tf.constant([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    matrix = along + tf.cos(angle) * (tf.eye(3) - along) + tf.sin(angle) * across  # (b, 3, 3)
    return tf.clip_by_value(tf.einsum("bhwc,bdc->bhwd", color, matrix), -1.0, 1.0)


def _choice(chosen: tf.Tensor) -> tf.Tensor:
    """bool (b,) to (b, 1, 1, 1), for `tf.where` on pictures."""
    return chosen[:, None, None, None]
