"""What varies training pictures beyond the paper: thin, soft line art as hands draw it, and colours turned round the hue circle.

Nothing here draws random numbers: they come from the caller, uniform in [0, 1), as in `simulate`.
"""

from __future__ import annotations

import math

import tensorflow as tf

from mangastyle.shade.blur import box_blur

ENLARGED = 3  # times the size at which fine lines are found


def fine_lines(grey: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Line art of varied weight: float32 grey (b, h, w) in 0..255 to (b, h, w, 1), ink -1 on paper 1, soft.

    The threshold of section 4.1 on enlarged pictures; reduced again, its lines cover parts of pixels, as those of large
    line art do. draws (b, 3) say how wide the mean's window is, how much darker ink must be, and how strong it is.
    """
    height, width = tf.shape(grey)[1], tf.shape(grey)[2]
    large = tf.image.resize(grey[..., None], ENLARGED * tf.stack([height, width]), "bicubic")  # (b, 3h, 3w, 1)
    window = tf.round(ENLARGED * (3 + 10 * draws[:, 0]))
    darker = 1.5 + 12 * tf.square(draws[:, 1])[:, None, None, None]
    ink = tf.cast(large < box_blur(large, window) - darker, tf.float32)
    ink = tf.nn.avg_pool2d(ink, ENLARGED, ENLARGED, "VALID")  # (b, h, w, 1), the share of each pixel that is ink
    return 1 - 2 * tf.minimum(1.0, (0.5 + 1.5 * draws[:, 2])[:, None, None, None] * ink)


def turn_hue(colour: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Pictures (b, h, w, 3) in [-1, 1] turned about the axis of greys by 360 degrees times draws (b,): lightness stays.

    Where line art no longer tells which colour a thing has, a network must learn to believe the hint.
    """
    angle = 2 * math.pi * draws[:, None, None]
    # Rodrigues' rotation about (1, 1, 1) / sqrt(3)
    along = tf.fill((3, 3), 1 / 3)
    across = tf.constant([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    matrix = along + tf.cos(angle) * (tf.eye(3) - along) + tf.sin(angle) * across  # (b, 3, 3)
    return tf.clip_by_value(tf.einsum("bhwc,bdc->bhwd", colour, matrix), -1.0, 1.0)
