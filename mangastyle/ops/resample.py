"""Resize and pad pictures inside a TensorFlow graph, on any device. Sizes may be tensors.

Resizing is linear and separable: rows (h', h) times picture times columns (w, w'). The small matrices are the same as OpenCV's
kernels, so that results equal `ops.pixels` within one gray level.
"""

from __future__ import annotations

import tensorflow as tf

CUBIC_A = -0.75  # parameter of the cubic kernel (Keys 1981), as in OpenCV; TensorFlow's own kernel has -0.5


def resize(picture: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Resize a float picture: area averaging on the way down, cubic interpolation on the way up, each axis by itself.

    `pixels.resize` before it rounds.

    Parameters
    ----------
    picture : tensor of float32, shape (h, w, c)
    height, width : int or scalar int32 tensor

    Returns
    -------
    tensor of float32, shape (height, width, c)

    Examples
    --------
    >>> resize(tf.constant([[[0.0], [100.0]]]), 1, 1).numpy().tolist()
    [[[50.0]]]
    """
    shape = tf.shape(picture)
    return apply_separable(_resize_matrix(shape[0], height), _resize_matrix(shape[1], width), picture)


def resize_uint8(picture: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Resize a uint8 picture: `pixels.resize` within one gray level.

    Parameters
    ----------
    picture : tensor of uint8, shape (h, w, c)
    height, width : int or scalar int32 tensor

    Returns
    -------
    tensor of uint8, shape (height, width, c)

    Examples
    --------
    >>> resize_uint8(tf.constant([[[0], [101]]], tf.uint8), 1, 1).numpy().tolist()
    [[[50]]]
    """
    return to_uint8(resize(tf.cast(picture, tf.float32), height, width))


def mirror_pad(pictures: tf.Tensor, before: int, below: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Pad pictures by reflection about their last pixels, which are not repeated.

    Unlike `tf.pad`, the border may be wider than the picture: reflections then follow each other.

    Parameters
    ----------
    pictures : (b, h, w, c) tensor
    before : int
        Pixels to add above and on the left.
    below, right : int or scalar int32 tensor
        Pixels to add below and on the right.

    Returns
    -------
    (b, before + h + below, before + w + right, c) tensor

    Examples
    --------
    >>> mirror_pad(tf.reshape([1, 2, 3], (1, 1, 3, 1)), 0, 0, 3)[0, 0, :, 0].numpy().tolist()
    [1, 2, 3, 2, 1, 2]
    """
    height, width = tf.shape(pictures)[1], tf.shape(pictures)[2]
    rows, columns = mirrored_indices(height, before, below), mirrored_indices(width, before, right)
    return tf.gather(tf.gather(pictures, rows, axis=1), columns, axis=2)


def to_uint8(picture: tf.Tensor) -> tf.Tensor:
    """Round gray levels to uint8: `pixels.to_uint8` for tensors.

    Parameters
    ----------
    picture : tensor of float32, any shape
        In 0..255; values outside are clipped.

    Returns
    -------
    tensor of uint8
        Of the same shape.

    Examples
    --------
    >>> to_uint8(tf.constant([-3.0, 127.4, 300.0])).numpy().tolist()
    [0, 127, 255]
    """
    return tf.cast(tf.clip_by_value(tf.round(picture), 0.0, 255.0), tf.uint8)


def fit_short_side(height: tf.Tensor, width: tf.Tensor, side: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`pixels.fit_short_side` for tensors.

    Parameters
    ----------
    height, width, side : scalar int32 tensor

    Returns
    -------
    height, width : scalar int32 tensor

    Examples
    --------
    >>> [int(n) for n in fit_short_side(tf.constant(300), tf.constant(200), tf.constant(64))]
    [96, 64]
    """
    scale = tf.cast(side, tf.float64) / tf.cast(tf.minimum(height, width), tf.float64)
    fitted = [tf.cast(tf.round(tf.cast(length, tf.float64) * scale), tf.int32) for length in (height, width)]
    return tf.maximum(side, fitted[0]), tf.maximum(side, fitted[1])


def apply_separable(rows: tf.Tensor, columns: tf.Tensor, picture: tf.Tensor) -> tf.Tensor:
    """Apply a matrix to each axis of a picture.

    Parameters
    ----------
    rows, columns : tensor of float32, shapes (h', h) and (w', w)
    picture : tensor of float32, shape (h, w, c)

    Returns
    -------
    tensor of float32, shape (h', w', c)

    Examples
    --------
    >>> apply_separable(tf.eye(2)[::-1], tf.eye(1), tf.constant([[[1.0]], [[2.0]]])).numpy().ravel().tolist()
    [2.0, 1.0]
    """
    for matrix in (rows, columns):  # multiply along axis 0, then swap the axes, twice
        shape = tf.shape(picture)
        flat = tf.matmul(matrix, tf.reshape(picture, (shape[0], -1)))  # (n', n c)
        picture = tf.transpose(tf.reshape(flat, (-1, shape[1], picture.shape[-1])), (1, 0, 2))
    return picture


def mirrored_indices(side: tf.Tensor, before: int, after: tf.Tensor) -> tf.Tensor:
    """Indices of an axis with reflected borders.

    Parameters
    ----------
    side : int or scalar int32 tensor
        Length of the axis.
    before, after : int or scalar int32 tensor
        Lengths of the borders.

    Returns
    -------
    tensor of int32, shape (before + side + after,)
        -before .. side - 1 + after, each reflected into 0 .. side - 1.

    Examples
    --------
    >>> mirrored_indices(3, 1, 3).numpy().tolist()
    [1, 0, 1, 2, 1, 0, 1]
    """
    period = tf.maximum(2 * (side - 1), 1)
    index = tf.range(-before, side + after) % period
    return tf.minimum(index, period - index)


@tf.function(autograph=False, input_signature=2 * [tf.TensorSpec((), tf.int32)], experimental_attributes={"_noinline": True})
def _resize_matrix(side: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """(target, side): weights of the old pixels for each new one."""
    return tf.cond(target < side, lambda: _area_matrix(side, target), lambda: _cubic_matrix(side, target))


def _area_matrix(side: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """(target, side): the share of each new pixel that an old one covers."""
    scale = tf.cast(side, tf.float64) / tf.cast(target, tf.float64)
    start = scale * tf.range(tf.cast(target, tf.float64), dtype=tf.float64)[:, None]
    old = tf.range(tf.cast(side, tf.float64), dtype=tf.float64)[None]
    covered = tf.nn.relu(tf.minimum(start + scale, old + 1) - tf.maximum(start, old))
    return tf.cast(covered / scale, tf.float32)


def _cubic_matrix(side: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """(target, side): the cubic kernel's weights of the four old pixels around each new one; the edge pixel is repeated."""
    scale = tf.cast(side, tf.float64) / tf.cast(target, tf.float64)
    place = (tf.range(tf.cast(target, tf.float64), dtype=tf.float64) + 0.5) * scale - 0.5
    first = tf.floor(place)
    x, a = tf.cast(place - first, tf.float32), CUBIC_A
    inner = [((a + 2) * t - (a + 3)) * t * t + 1 for t in (x, 1 - x)]
    outer = [((a * t - 5 * a) * t + 8 * a) * t - 4 * a for t in (x + 1, 2 - x)]
    weights = (outer[0], *inner, outer[1])
    taps = (tf.clip_by_value(tf.cast(first, tf.int32) + k, 0, side - 1) for k in range(-1, 3))
    return tf.add_n([tf.one_hot(tap, side) * weight[:, None] for tap, weight in zip(taps, weights)])
