"""Resize and pad pictures inside a TensorFlow graph, on any device. Sizes may be tensors.

Resizing is linear and separable: each new row, then each new column, is a weighted sum of a few old ones. The weights are OpenCV's,
so that results equal `ops.pixels` within one gray level. Time and memory grow with the pixels alone, however long a side is.
"""

from __future__ import annotations

from typing import Callable

from mangastyle.engine import tf

CUBIC_A = -0.75  # parameter of the cubic kernel (Keys 1981), as in OpenCV; TensorFlow's own kernel has -0.5


def resize(picture: tf.Tensor, height: tf.Tensor, width: tf.Tensor, rows: tuple[tf.Tensor, tf.Tensor] | None = None) -> tf.Tensor:
    """Resize a float picture: area averaging on the way down, cubic interpolation on the way up, each axis by itself.

    `pixels.resize` before it rounds.

    Parameters
    ----------
    picture : tensor of float32, shape (h, w, c)
    height, width : int or scalar int32 tensor
    rows : (int, int) or scalar int32 tensors, optional
        First row of the result that is wanted, and the row after the last.

    Returns
    -------
    tensor of float32, shape (height, width, c), or with the `rows` alone

    Examples
    --------
    >>> resize(tf.constant([[[0.0], [100.0]]]), 1, 1).numpy().tolist()
    [[[50.0]]]
    """

    def resized() -> tf.Tensor:
        found = picture
        for length, part in ((height, rows or (0, height)), (width, (0, width))):  # along axis 0, then the axes are swapped, twice
            shape = tf.shape(found)
            flat = _resize_rows(tf.reshape(found, (shape[0], -1)), length, *part)  # (length, n c)
            found = tf.transpose(tf.reshape(flat, (-1, shape[1], picture.shape[-1])), (1, 0, 2))
        return found

    is_so_large = tf.reduce_all(tf.shape(picture)[:2] == tf.stack([height, width]))
    return tf.cond(is_so_large, lambda: picture[slice(*rows)] if rows else picture, resized)


def resize_uint8(picture: tf.Tensor, height: tf.Tensor, width: tf.Tensor, rows: tuple[tf.Tensor, tf.Tensor] | None = None) -> tf.Tensor:
    """Resize a uint8 picture: `pixels.resize` within one gray level.

    Parameters
    ----------
    picture : tensor of uint8, shape (h, w, c)
    height, width, rows
        As for `resize`.

    Returns
    -------
    tensor of uint8, shape (height, width, c), or with the `rows` alone

    Examples
    --------
    >>> resize_uint8(tf.constant([[[0], [101]]], tf.uint8), 1, 1).numpy().tolist()
    [[[50]]]
    """
    return to_uint8(resize(tf.cast(picture, tf.float32), height, width, rows))


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


ROWS, INT = tf.TensorSpec((None, None), tf.float32), tf.TensorSpec((), tf.int32)


@tf.function(autograph=False, input_signature=[ROWS, INT, INT, INT], experimental_attributes={"_noinline": True})
def _resize_rows(rows: tf.Tensor, target: tf.Tensor, first: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Rows `first` to `end` of the `target` rows that are made of float32 (n, m). Graphs call it instead of holding a copy for each use."""
    side = tf.shape(rows)[0]
    new = tf.range(tf.cast(first, tf.float64), tf.cast(end, tf.float64))
    scale = tf.cast(side, tf.float64) / tf.cast(target, tf.float64)
    resized = lambda: tf.cond(target < side, lambda: _area(rows, new, scale), lambda: _cubic(rows, new, scale))
    return tf.cond(tf.equal(target, side), lambda: rows[first:end], resized)


def _area(rows: tf.Tensor, new: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Each new row is the mean of the old ones that it covers, by the share of each that it covers."""
    start = scale * new

    def part(k: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        old = tf.floor(start) + tf.cast(k, tf.float64)
        return old, tf.nn.relu(tf.minimum(start + scale, old + 1) - tf.maximum(start, old)) / scale

    return _weighted_sum(rows, part, tf.cast(tf.math.ceil(scale), tf.int32) + 1, tf.size(new))


def _cubic(rows: tf.Tensor, new: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Each new row is a cubic interpolation between the four old ones around it; the edge row is repeated."""
    place = (new + 0.5) * scale - 0.5
    first = tf.floor(place)
    x, a = place - first, CUBIC_A
    inner = [((a + 2) * t - (a + 3)) * t * t + 1 for t in (x, 1 - x)]
    outer = [((a * t - 5 * a) * t + 8 * a) * t - 4 * a for t in (x + 1, 2 - x)]
    weights = tf.stack([outer[0], *inner, outer[1]])  # (4, rows)
    return _weighted_sum(rows, lambda k: (first + tf.cast(k - 1, tf.float64), weights[k]), 4, tf.size(new))


def _weighted_sum(rows: tf.Tensor, part: Callable[[tf.Tensor], tuple], parts: int | tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """(count, m), the sum of the parts 0, 1, ...: each is (numbers of old rows, weights). One part at a time is in memory."""

    def add(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        old, weight = part(k)
        index = tf.clip_by_value(tf.cast(old, tf.int32), 0, tf.shape(rows)[0] - 1)
        return k + 1, total + tf.gather(rows, index) * tf.cast(weight, tf.float32)[:, None]

    nothing = tf.zeros((count, tf.shape(rows)[1]))
    return tf.while_loop(lambda k, _: k < parts, add, (0, nothing), (INT.shape, ROWS.shape), parallel_iterations=1)[1]
