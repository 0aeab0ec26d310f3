"""Gray levels and thresholds inside a TensorFlow graph; the adaptive one is bit-identical to OpenCV's (paper, section 4.1)."""

from __future__ import annotations

import math

from mangastyle.engine import tf


def grayscale(pictures: tf.Tensor) -> tf.Tensor:
    """Convert RGB to gray, bit-identical to OpenCV's fixed-point arithmetic.

    Parameters
    ----------
    pictures : tensor of uint8, shape (..., 3)

    Returns
    -------
    tensor of int32, shape (...) in 0..255

    Examples
    --------
    >>> grayscale(tf.constant([[255, 0, 0], [0, 255, 0]], tf.uint8)).numpy().tolist()
    [76, 150]
    """
    red, green, blue = (tf.cast(pictures[..., i], tf.int32) for i in range(3))
    return tf.bitwise.right_shift(red * 9798 + green * 19235 + blue * 3735 + (1 << 14), 15)


def quantile(levels: tf.Tensor, part: int, whole: int) -> tf.Tensor:
    """The lowest level that `part` of `whole` pixels do not exceed.

    Parameters
    ----------
    levels : tensor of int32, shape (h, w) in 0..255
    part, whole : int

    Returns
    -------
    scalar int32 tensor

    Examples
    --------
    >>> int(quantile(tf.constant([[10, 20, 30]]), 1, 2))
    20
    """
    counts = tf.cumsum(tf.cast(tf.math.bincount(tf.reshape(levels, (-1,)), minlength=256, maxlength=256), tf.int64))
    return tf.argmax(whole * counts >= part * counts[-1], output_type=tf.int32)


def adaptive_threshold(pictures: tf.Tensor, block: int | tf.Tensor = 9, c: float = 2.0) -> tf.Tensor:
    """Line art by adaptive mean threshold: a pixel is ink if it is at least `c` darker than the mean of its window.

    Bit-identical to `cv2.adaptiveThreshold(gray, 255, ADAPTIVE_THRESH_MEAN_C, THRESH_BINARY, block, c)`: edges are
    replicated and the window's mean is rounded to whole gray levels. All in integers, hence the same on every device.

    Parameters
    ----------
    pictures : tensor of uint8, shape (b, h, w, 3), RGB
    block : int or scalar int32 tensor, odd
        Side of the window, in pixels.
    c : float
        Gray levels.

    Returns
    -------
    tensor of float32, shape (b, h, w, 1)
        Ink -1 on paper 1.

    Examples
    --------
    >>> flat = tf.fill((1, 8, 8, 3), tf.constant(200, tf.uint8))
    >>> float(tf.reduce_min(adaptive_threshold(flat)))
    1.0
    """
    g = grayscale(pictures)  # (b, h, w)
    height, width = tf.shape(g)[1], tf.shape(g)[2]
    r = block // 2
    rows = tf.clip_by_value(tf.range(-r, height + r), 0, height - 1)
    columns = tf.clip_by_value(tf.range(-r, width + r), 0, width - 1)
    window = tf.gather(tf.gather(g, rows, axis=1), columns, axis=2)  # (b, h + 2r, w + 2r)
    for axis, length in ((1, height), (2, width)):
        total = tf.cumsum(window, axis=axis)
        before = tf.cumsum(window, axis=axis, exclusive=True)
        index = tf.range(length)
        window = tf.gather(total, index + 2 * r, axis=axis) - tf.gather(before, index, axis=axis)
    area = block * block  # odd, so the mean never lies half-way between two levels
    mean = (2 * window + area) // (2 * area)  # (b, h, w)
    paper = g - mean > -math.ceil(c)
    return tf.where(paper, 1.0, -1.0)[..., None]
