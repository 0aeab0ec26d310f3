"""`ops.windows` inside a TensorFlow graph, bit for bit: functions of the same names, which are described there.

All numbers are int32 and masks are bool; factors and radii may be tensors.
"""

from __future__ import annotations

from typing import Callable

from mangastyle.engine import tf
from mangastyle.ops.windows import BINOMIAL, CUBIC, STEPS, steps

MAX_LENGTH = 63  # of `longest_mean`

INT, MAP = tf.TensorSpec((), tf.int32), tf.TensorSpec((None, None), tf.int32)
Number = tf.Tensor | int


def shrink(values: tf.Tensor, factor: Number) -> tf.Tensor:
    """`windows.shrink` of (h, w, c).

    Examples
    --------
    >>> shrink(tf.constant([[[0], [10], [7]], [[20], [31], [7]]]), 2)[..., 0].numpy().tolist()
    [[15, 7]]
    """
    rows, columns = ((tf.shape(values)[axis] + factor - 1) // factor for axis in (0, 1))
    whole = take(take(values, 0, rows * factor, 0), 0, columns * factor, 1)
    blocks = tf.reshape(whole, (rows, factor, columns, factor, values.shape[2]))
    return (tf.reduce_sum(blocks, (1, 3)) + factor * factor // 2) // (factor * factor)


def enlarge(values: tf.Tensor, factor: Number, height: Number, width: Number) -> tf.Tensor:
    """`windows.enlarge`.

    Examples
    --------
    >>> enlarge(tf.constant([[1, 2]]), 2, 2, 3).numpy().tolist()
    [[1, 1, 2], [1, 1, 2]]
    """
    return tf.gather(tf.gather(values, tf.range(height) // factor), tf.range(width) // factor, axis=1)


def double(picture: tf.Tensor) -> tf.Tensor:
    """`windows.double`.

    Examples
    --------
    >>> double(tf.constant([[[0] * 3, [128] * 3]]))[0, :, 0].numpy().tolist()
    [0, 26, 102, 137]
    """
    for axis in (0, 1):
        shape = tf.shape(picture)
        shifted = [take(picture, i - 2, shape[axis], axis) for i in range(5)]
        before = tf.add_n([w * v for w, v in zip(CUBIC[::-1], shifted[:4])])
        after = tf.add_n([w * v for w, v in zip(CUBIC, shifted[1:])])
        doubled = [shape[i] * (2 if i == axis else 1) for i in range(2)]
        picture = tf.reshape(tf.stack([before, after], axis + 1), (*doubled, picture.shape[2]))
    return tf.clip_by_value(tf.bitwise.right_shift(picture + (1 << 13), 14), 0, 255)


def smooth(values: tf.Tensor) -> tf.Tensor:
    """`windows.smooth` of (h, w) or (h, w, c).

    Examples
    --------
    >>> smooth(tf.constant([[0, 0, 160, 0, 0]])).numpy().tolist()
    [[10, 40, 60, 40, 10]]
    """
    for axis in (0, 1):
        values = tf.add_n([w * take(values, i - 2, tf.shape(values)[axis], axis) for i, w in enumerate(BINOMIAL)])
    return (values + 128) // 256


def box_sum(values: tf.Tensor, radius: Number) -> tf.Tensor:
    """`windows.box_sum`.

    Examples
    --------
    >>> box_sum(tf.constant([[1, 0, 0]]), 1).numpy().tolist()
    [[6, 3, 0]]
    """
    for axis in (0, 1):
        length = tf.shape(values)[axis]
        sums = tf.cumsum(take(values, -radius - 1, length + 2 * radius + 1, axis), axis)
        places = tf.range(length)
        values = tf.gather(sums, places + 2 * radius + 1, axis=axis) - tf.gather(sums, places, axis=axis)
    return values


def dilate(mask: tf.Tensor, radius: int = 1) -> tf.Tensor:
    """`windows.dilate`.

    Examples
    --------
    >>> dilate(tf.constant([[True, False, False]])).numpy().tolist()
    [[True, True, False]]
    """
    return _largest(tf.cast(mask, tf.float32), 2 * radius + 1, 2 * radius + 1) > 0


def close(values: tf.Tensor, radius: Number) -> tf.Tensor:
    """`windows.close`.

    Examples
    --------
    >>> close(tf.constant([[200, 50, 180, 180, 60, 60, 60]]), 1).numpy().tolist()
    [[200, 180, 180, 180, 60, 60, 60]]
    """
    return _close(values, radius)


@tf.function(autograph=False, input_signature=[MAP, INT], experimental_attributes={"_noinline": True})
def _close(values: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    """`close`; graphs call it instead of holding a copy for each use."""
    levels = tf.cast(values, tf.float32)
    for _ in range(2):  # dilate, then erode: which is to dilate what is upside down, twice
        levels = _repeat((radius + 1) // 2, lambda x: _largest(x, 3, 3), levels)
        levels = -_repeat(radius // 2, lambda x: tf.maximum(_largest(x, 3, 1), _largest(x, 1, 3)), levels)
    return tf.cast(levels, tf.int32)


@tf.function(autograph=False, input_signature=[MAP, INT], experimental_attributes={"_noinline": True})
def longest_mean(values: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """`windows.longest_mean`; graphs call it instead of holding a copy for each use.

    Examples
    --------
    >>> longest_mean(tf.constant([[0], [100], [0]]) * tf.ones((3, 5), tf.int32), 2)[:, 2].numpy().tolist()
    [33, 100, 33]
    """
    height, width = tf.shape(values)[0], tf.shape(values)[1]
    padded = take(take(values, -length, height + 2 * length, 0), -length, width + 2 * length, 1)
    best = tf.zeros_like(values)
    for dy, dx in STEPS:
        count = tf.constant([steps(i, dy, dx) for i in range(MAX_LENGTH + 1)])[length]

        def add(i: tf.Tensor, total: tf.Tensor, dy: int = dy, dx: int = dx) -> tuple[tf.Tensor, tf.Tensor]:
            return i + 1, total + tf.slice(padded, (length + i * dy, length + i * dx), (height, width))

        _, total = tf.while_loop(lambda i, _, end=count: i <= end, add, (-count, tf.zeros_like(values)))
        best = tf.maximum(best, total // (2 * count + 1))
    return best


def spread(seeds: tf.Tensor, mask: tf.Tensor, reach: int) -> tf.Tensor:
    """`windows.spread`.

    Examples
    --------
    >>> spread(tf.constant([[True, False, False]]), tf.constant([[True, True, True]]), 1).numpy().tolist()
    [[True, True, False]]
    """
    allowed = tf.cast(mask, tf.float32)
    return _repeat(reach, lambda grown: _largest(grown, 3, 3) * allowed, tf.cast(seeds & mask, tf.float32)) > 0


def take(values: tf.Tensor, first: Number, count: Number, axis: int) -> tf.Tensor:
    """So many values along an axis, from the first on; beyond both ends the edge is repeated.

    Examples
    --------
    >>> take(tf.constant([5, 6]), -1, 4, 0).numpy().tolist()
    [5, 5, 6, 6]
    """
    return tf.gather(values, tf.clip_by_value(tf.range(first, first + count), 0, tf.shape(values)[axis] - 1), axis=axis)


def _largest(values: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """The largest of the values float32 (h, w) in a window around each."""
    return tf.nn.max_pool2d(values[None, ..., None], (height, width), 1, "SAME")[0, ..., 0]


def _repeat(times: Number, change: Callable[[tf.Tensor], tf.Tensor], values: tf.Tensor) -> tf.Tensor:
    """Values float32 (h, w) changed so many times."""
    shapes = tf.TensorShape(()), tf.TensorShape((None, None))
    return tf.while_loop(lambda i, _: i < times, lambda i, x: (i + 1, change(x)), (0, values), shapes)[1]
