"""Basins of a distance map inside a TensorFlow graph: equal to those of `lineart.basins`, where each function is described."""

from __future__ import annotations

from mangastyle.engine import tf
from mangastyle.lineart.basins import CODE_BITS, FAR, STAY, STEPS

INT, LIST, MAP = tf.TensorShape(()), tf.TensorShape((None,)), tf.TensorShape((None, None))


def clearance(lines: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """Square of the distance to the nearest line.

    Parameters
    ----------
    lines : tensor of bool, shape (h, w)
    reach : scalar int32 tensor
        Larger distances become this one, in pixels.

    Returns
    -------
    tensor of int32, shape (h, w)

    Examples
    --------
    >>> clearance(tf.constant([[True, False, False, False]]), 2).numpy().tolist()
    [[0, 1, 4, 4]]
    """
    in_column = tf.minimum(_down_and_up(tf.where(lines, 0, FAR)), reach)
    squares, width = in_column * in_column, tf.shape(lines)[1]
    padded = tf.pad(squares, ((0, 0), (reach, reach)), constant_values=FAR)

    def from_columns_beside(k: tf.Tensor, best: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        for column in (reach - k, reach + k):
            best = tf.minimum(best, padded[:, column : column + width] + k * k)
        return k + 1, best

    farther = lambda k, best: k * k < tf.reduce_max(best)
    return tf.while_loop(farther, from_columns_beside, (1, squares), (INT, MAP), parallel_iterations=1)[1]


def find_basins(heights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Divide the pixels over 0 into basins.

    Parameters
    ----------
    heights : tensor of int32, shape (h, w)

    Returns
    -------
    basins : tensor of int32, shape (h, w)
    summits : tensor of int32, shape (n + 1,)

    Examples
    --------
    >>> basins, summits = find_basins(tf.constant([[1, 4, 1, 0, 1, 1]]))
    >>> basins.numpy().tolist(), summits.numpy().tolist()
    ([[1, 1, 1, 0, 2, 2]], [0, 4, 1])
    """
    over = heights > 0
    codes = _best_steps(heights, tf.where(heights > 1, heights, 0))
    summit = over & (codes == STAY)
    numbers = tf.cumsum(tf.cast(tf.reshape(summit, (-1,)), tf.int32))
    basins = tf.where(over, tf.gather(numbers, _follow(codes, ~over)), 0)
    return basins, tf.concat([[0], tf.boolean_mask(heights, summit)], 0)


def nearest(places: tf.Tensor) -> tf.Tensor:
    """For each pixel one of the nearest places, by steps along rows and columns.

    Parameters
    ----------
    places : tensor of bool, shape (h, w)

    Returns
    -------
    tensor of int32, shape (h, w)
        Index of the place in the picture's pixels, row by row; of any pixel if there is no place.

    Examples
    --------
    >>> nearest(tf.constant([[False, True, False, False, True]])).numpy().tolist()
    [[1, 1, 1, 4, 4]]
    """
    in_column = _down_and_up(tf.where(places, 0, FAR // 2))
    heights = FAR - tf.transpose(_down_and_up(tf.transpose(in_column)))
    return _follow(_best_steps(heights, heights - 1), places)


def join(pairs: tf.Tensor, openings: tf.Tensor, summits: tf.Tensor, wide: tf.Tensor, taper: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Join basins with wide openings between them.

    Parameters
    ----------
    pairs : tensor of int32, shape (m, 2)
    openings : tensor of int32, shape (m,)
    summits : tensor of int32, shape (n,)
    wide : scalar int32 tensor
    taper : int

    Returns
    -------
    roots, summits : tensor of int32, shape (n,)

    Examples
    --------
    >>> join(tf.constant([[1, 2], [2, 3]]), tf.constant([25, 4]), tf.constant([0, 90, 80, 70]), 16, 4)[0].numpy().tolist()
    [0, 1, 1, 3]
    """
    order = tf.argsort(openings, direction="DESCENDING", stable=True)
    pairs, openings = tf.gather(pairs, order), tf.gather(openings, order)
    names = tf.range(tf.size(summits))

    def once(_: tf.Tensor, pairs: tf.Tensor, openings: tf.Tensor, roots: tf.Tensor, summits: tf.Tensor) -> tuple[tf.Tensor, ...]:
        apart = pairs[:, 0] != pairs[:, 1]
        pairs, openings = tf.boolean_mask(pairs, apart), tf.boolean_mask(openings, apart)
        number = tf.size(openings)
        widest = tf.math.unsorted_segment_min(tf.repeat(tf.range(number), 2), tf.reshape(pairs, (-1,)), tf.size(names))
        basin = tf.boolean_mask(names, widest < number)  # those with openings
        index = tf.gather(widest, basin)
        opening = tf.gather(openings, index)
        joins = (opening > wide) | (taper * opening >= tf.gather(summits, basin))
        basin, index = tf.boolean_mask(basin, joins), tf.boolean_mask(index, joins)
        to = tf.tensor_scatter_nd_update(names, basin[:, None], tf.reduce_sum(tf.gather(pairs, index), 1) - basin)
        to = _ends(tf.where((tf.gather(to, to) == names) & (names < to), names, to))
        summits = tf.maximum(summits, tf.math.unsorted_segment_max(summits, to, tf.size(names)))
        return tf.size(basin) > 0, tf.gather(to, pairs), openings, tf.gather(to, roots), summits

    start, shapes = (True, pairs, openings, names, summits), (INT, tf.TensorShape((None, 2)), LIST, LIST, LIST)
    return tf.while_loop(lambda on, *_: on, once, start, shapes, parallel_iterations=1)[3:]


def straighten(labels: tf.Tensor, heights: tf.Tensor, wide: tf.Tensor) -> tf.Tensor:
    """Make borders straight where they close openings.

    Parameters
    ----------
    labels, heights : tensor of int32, shape (h, w)
    wide : scalar int32 tensor

    Returns
    -------
    tensor of int32, shape (h, w)

    Examples
    --------
    >>> straighten(tf.constant([[1, 1, 1, 1, 2]]), tf.constant([[9, 4, 4, 4, 9]]), 4).numpy().tolist()
    [[1, 1, 1, 2, 2]]
    """
    centers = heights > wide
    away = clearance(centers, tf.cast(tf.sqrt(tf.cast(wide, tf.float64)), tf.int32) + 1)
    near = (away <= wide) & ~centers & (heights > 1)
    codes = _best_steps(FAR - away, FAR - away)
    return tf.gather(tf.reshape(labels, (-1,)), _follow(codes, ~near))


def _down_and_up(values: tf.Tensor) -> tf.Tensor:
    """The lowest of the values in each column plus its distance, int32 (h, w)."""
    for reverse in (False, True):
        values = tf.scan(lambda before, now: tf.minimum(before + 1, now), values, reverse=reverse, parallel_iterations=1)
    return values


def _best_steps(heights: tf.Tensor, diagonal: tf.Tensor) -> tf.Tensor:
    """Number int32 (h, w) of the step from each pixel to the highest neighbor; diagonal int32 (h, w) is the height on diagonal steps."""
    height, width = tf.shape(heights)[0], tf.shape(heights)[1]
    straight, diagonal = (tf.pad(x, ((1, 1), (1, 1))) * (1 << CODE_BITS) for x in (heights, diagonal))
    best = tf.zeros_like(heights)
    for number, (y, x) in enumerate(STEPS):
        beside = (diagonal if x and y else straight)[1 + y : 1 + y + height, 1 + x : 1 + x + width]
        best = tf.maximum(best, beside + (len(STEPS) - 1 - number))
    return len(STEPS) - 1 - best % (1 << CODE_BITS)


def _follow(codes: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
    """Index int32 (h, w) of the pixel where the steps from each pixel end; ends, bool (h, w), are where they end in any case."""
    width = tf.shape(codes)[1]
    offsets = tf.stack([y * width + x for y, x in STEPS])
    to = tf.reshape(tf.gather(offsets, tf.where(ends, STAY, codes)), (-1,))
    return tf.reshape(_ends(to + tf.range(tf.size(to))), tf.shape(codes))


def _ends(to: tf.Tensor) -> tf.Tensor:
    """Where each index int32 (n,) leads in the end."""
    twice = lambda _, on: (on, tf.gather(on, on))
    moved = lambda before, now: tf.reduce_any(before != now)
    return tf.while_loop(moved, twice, (to, tf.gather(to, to)), (LIST, LIST), parallel_iterations=1)[1]
