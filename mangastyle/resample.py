"""Resize and blur pictures inside a TensorFlow graph, on any device, by one small matrix per side.

All of these are linear and separable: rows times picture times columns. Sizes may be tensors.
"""

from __future__ import annotations

import tensorflow as tf

SHARPNESS = -0.75  # of the cubic kernel's lobes, as in OpenCV
REACH = 4.0  # standard deviations up to which a Gaussian counts


def resize(picture: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Float (h, w, c) to (height, width, c): `images.resize` before it rounds. Area averaging down, cubic up, side by side."""
    shape = tf.shape(picture)
    return _apply(_resizing(shape[0], height), _resizing(shape[1], width), picture)


def resize_bytes(picture: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """uint8 (h, w, c) to uint8 (height, width, c), rounded: `images.resize` within one grey level."""
    return to_bytes(resize(tf.cast(picture, tf.float32), height, width))


def gaussian_blur(picture: tf.Tensor, sigma: float) -> tf.Tensor:
    """Blur float (h, w, c) by a Gaussian of `sigma` pixels; edges reflect as in `cv2.GaussianBlur`."""
    shape = tf.shape(picture)
    return _apply(_gaussian(shape[0], sigma), _gaussian(shape[1], sigma), picture)


def mirror(picture: tf.Tensor, before: int, below: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """(b, h, w, c) with `before` mirrored pixels above and on the left, and others below and on the right.

    The mirror is the last pixel itself, and as many mirrors stand behind it as are needed.
    """
    height, width = tf.shape(picture)[1], tf.shape(picture)[2]
    return tf.gather(tf.gather(picture, _mirrored(height, before, below), axis=1), _mirrored(width, before, right), axis=2)


def to_bytes(picture: tf.Tensor) -> tf.Tensor:
    """Float in 0..255 to uint8, rounded; what lies outside is clipped."""
    return tf.cast(tf.clip_by_value(tf.round(picture), 0.0, 255.0), tf.uint8)


def fit_short_side(height: tf.Tensor, width: tf.Tensor, side: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`images.fit_short_side` of tensors, int32."""
    scale = tf.cast(side, tf.float64) / tf.cast(tf.minimum(height, width), tf.float64)
    fitted = (tf.cast(tf.round(tf.cast(length, tf.float64) * scale), tf.int32) for length in (height, width))
    return tuple(tf.maximum(side, length) for length in fitted)


def _apply(rows: tf.Tensor, columns: tf.Tensor, picture: tf.Tensor) -> tf.Tensor:
    """rows (h', h) and columns (w', w) on float (h, w, c): (h', w', c)."""
    for matrix in (rows, columns):  # each time along the first axis, which the next time is the other
        shape = tf.shape(picture)
        flat = tf.matmul(matrix, tf.reshape(picture, (shape[0], -1)))  # (n', n c)
        picture = tf.transpose(tf.reshape(flat, (-1, shape[1], picture.shape[-1])), (1, 0, 2))
    return picture


@tf.function(autograph=False, input_signature=2 * [tf.TensorSpec((), tf.int32)], experimental_attributes={"_noinline": True})
def _resizing(side: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    return tf.cond(wanted < side, lambda: _area(side, wanted), lambda: _cubic(side, wanted))


def _area(side: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """(wanted, side): the share of each new pixel that an old one covers."""
    scale = tf.cast(side, tf.float64) / tf.cast(wanted, tf.float64)
    start = scale * tf.range(tf.cast(wanted, tf.float64), dtype=tf.float64)[:, None]
    old = tf.range(tf.cast(side, tf.float64), dtype=tf.float64)[None]
    covered = tf.nn.relu(tf.minimum(start + scale, old + 1) - tf.maximum(start, old))
    return tf.cast(covered / scale, tf.float32)


def _cubic(side: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    """(wanted, side): the cubic kernel's weights of the four old pixels around each new one; beyond the edge, the last pixel."""
    scale = tf.cast(side, tf.float64) / tf.cast(wanted, tf.float64)
    place = (tf.range(tf.cast(wanted, tf.float64), dtype=tf.float64) + 0.5) * scale - 0.5
    first = tf.floor(place)
    x, a = tf.cast(place - first, tf.float32), SHARPNESS
    inner = [((a + 2) * t - (a + 3)) * t * t + 1 for t in (x, 1 - x)]
    outer = [((a * t - 5 * a) * t + 8 * a) * t - 4 * a for t in (x + 1, 2 - x)]
    weights = (outer[0], *inner, outer[1])
    taps = (tf.clip_by_value(tf.cast(first, tf.int32) + k, 0, side - 1) for k in range(-1, 3))
    return tf.add_n([tf.one_hot(tap, side) * weight[:, None] for tap, weight in zip(taps, weights)])


def _gaussian(side: tf.Tensor, sigma: float) -> tf.Tensor:
    """(side, side): row i holds the weights of the pixels around pixel i."""
    reach = int(REACH * sigma + 0.5)
    offsets = tf.range(-reach, reach + 1)
    weights = tf.exp(-0.5 * tf.square(tf.cast(offsets, tf.float32) / sigma))
    seen = tf.gather(_mirrored(side, reach, reach), tf.range(side)[:, None] + offsets[None] + reach)  # (side, taps)
    places = tf.stack([tf.repeat(tf.range(side), 2 * reach + 1), tf.reshape(seen, (-1,))], -1)  # (side taps, 2)
    return tf.scatter_nd(places, tf.tile(weights / tf.reduce_sum(weights), [side]), (side, side))  # sums where mirrors meet


def _mirrored(side: tf.Tensor, before: int, after: tf.Tensor) -> tf.Tensor:
    """Indices -before .. side - 1 + after, each reflected into 0 .. side - 1."""
    period = tf.maximum(2 * (side - 1), 1)
    index = tf.range(-before, side + after) % period
    return tf.minimum(index, period - index)
