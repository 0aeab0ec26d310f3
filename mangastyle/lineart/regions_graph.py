"""Regions of line art inside a TensorFlow graph: equal to those of `lineart.regions`."""

from __future__ import annotations

from mangastyle.engine import tf
from mangastyle.lineart import basins_graph as basins
from mangastyle.lineart.lines_graph import lines
from mangastyle.lineart.regions import GAP_UNITS, LEAST_AREA, SMALL, TAPER, THIN, RegionMap

PICTURE, SCALAR = tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((), tf.float32)


@tf.function(autograph=False, input_signature=[PICTURE, SCALAR], experimental_attributes={"_noinline": True})
def regions(line_art: tf.Tensor, gap: tf.Tensor) -> RegionMap:
    """`lineart.regions.find_regions` inside a graph.

    Parameters
    ----------
    line_art : tensor of uint8, shape (h, w, 3)
        Dark lines on light paper.
    gap : scalar float32 tensor
        The widest gap in a line that is closed, as a share of the short side, 0 to 0.2.

    Returns
    -------
    RegionMap
        Of tensors: labels int32 (h, w), areas int64 (n,), centers float64 (n, 2), borders int64 (m, 3).

    Examples
    --------
    >>> paper = tf.concat([tf.fill((8, 5, 3), 255), tf.zeros((8, 2, 3), tf.int32), tf.fill((8, 5, 3), 255)], 1)
    >>> found = regions(tf.cast(paper, tf.uint8), 0.03)
    >>> found.areas.numpy().tolist(), found.borders.numpy().tolist()
    ([48, 48], [[0, 1, 8]])
    """
    drawn = lines(line_art)  # (h, w)
    side = tf.cast(tf.reduce_min(tf.shape(drawn)), tf.float64)
    widest = tf.round(tf.cast(gap, tf.float64) * GAP_UNITS) / GAP_UNITS * side
    half, thin = widest / 2 + 0.5, THIN * side
    reach = tf.cast(tf.maximum(tf.floor(widest) + 2, tf.math.ceil(thin)), tf.int32)
    heights = basins.clearance(drawn, reach)
    numbers, summits = basins.find_basins(heights)  # (h, w), 0 on lines; (n,)
    pairs, _, openings = _neighbors(numbers, heights)
    wide = tf.cast(tf.floor(half * half), tf.int32)
    roots, summits = basins.join(tf.cast(pairs, tf.int32), openings, summits, wide, TAPER)
    numbers = tf.gather(roots, numbers)
    for ball in (wide // 4, wide):
        numbers = basins.straighten(numbers, heights, ball)
    areas = _count(numbers, tf.size(roots))
    least = tf.maximum(SMALL * tf.cast(tf.size(drawn), tf.float64), LEAST_AREA)
    kept = (tf.cast(areas, tf.float64) >= least) & (tf.cast(summits, tf.float64) >= tf.maximum(thin * thin, 1.0))
    kept &= tf.range(tf.size(kept)) > 0  # 0 is the lines
    names = tf.where(kept, tf.cumsum(tf.cast(kept, tf.int32)) - 1, -1)
    labels = tf.gather(names, numbers)  # -1 on lines and on what joins a neighbor
    labels = tf.gather(tf.reshape(labels, (-1,)), basins.nearest(labels >= 0))
    return _describe(tf.maximum(labels, 0))  # none is kept of an empty picture


def _neighbors(labels: tf.Tensor, heights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Pairs of labels over 0 that touch, (m, 2), the length of each border, and the largest height on it, all (m,)."""
    keys, values, count = [], [], tf.cast(tf.reduce_max(labels), tf.int64) + 1
    for ahead in (lambda x: (x[:, :-1], x[:, 1:]), lambda x: (x[:-1], x[1:])):
        a, b = ahead(labels)
        touch = (a != b) & (a > 0) & (b > 0)
        a, b = (tf.cast(tf.boolean_mask(x, touch), tf.int64) for x in (a, b))
        keys.append(tf.minimum(a, b) * count + tf.maximum(a, b))
        values.append(tf.boolean_mask(tf.minimum(*ahead(heights)), touch))
    key, index, lengths = tf.unique_with_counts(tf.concat(keys, 0), tf.int64)
    largest = tf.math.unsorted_segment_max(tf.concat(values, 0), index, tf.size(key))
    order = tf.argsort(key)
    key = tf.gather(key, order)
    return tf.stack([key // count, key % count], 1), tf.gather(lengths, order), tf.gather(largest, order)


def _describe(labels: tf.Tensor) -> RegionMap:
    """The map of labels int32 (h, w) that leave out no number."""
    height, width, number = tf.shape(labels)[0], tf.shape(labels)[1], tf.reduce_max(labels) + 1
    areas = _count(labels, number)
    rows, columns = tf.meshgrid(tf.range(height, dtype=tf.int64), tf.range(width, dtype=tf.int64), indexing="ij")
    sums = tf.stack([tf.math.unsorted_segment_sum(places, labels, number) for places in (rows, columns)], 1)
    pairs, lengths, _ = _neighbors(labels + 1, labels)
    centers = tf.cast(sums, tf.float64) / tf.cast(areas, tf.float64)[:, None]
    return RegionMap(labels, areas, centers, tf.concat([pairs - 1, lengths[:, None]], 1))


def _count(labels: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """How often each label from 0 to number - 1 is in int32 (h, w): int64 (number,)."""
    return tf.cast(tf.math.bincount(tf.reshape(labels, (-1,)), minlength=number, maxlength=number), tf.int64)
