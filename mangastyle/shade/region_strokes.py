"""Strokes of color on line art: which regions they color, and how several share one. TensorFlow operations.

A stroke colors the regions that its middle line runs through; a dot, that under its center. So a stroke on a line belongs to the side
that has more of it. Where strokes of different colors lie in one region, each pixel of the region goes to the stroke that is nearest
within the region. (h, w) is the size at which strokes are read; n is the number of regions.

What it takes to find the strokes' middles grows with the pixels that are looked at, so rows and columns without a stroke nearby are left
out; what is left out is of no color, and so are the rows and columns that stay around each stroke.

References
----------
Influence areas of strokes: Zhang, Li, Simo-Serra, Ji, Wong, Liu: "User-guided line art flat filling with split filling mechanism"
(2021).
"""

from __future__ import annotations

from typing import NamedTuple

from mangastyle.engine import tf
from mangastyle.ops import resample
from mangastyle.ops.lab import rgb_to_lab
from mangastyle.shade.multiscale import downsample_hint
from mangastyle.shade.region_tensors import RegionColors, Regions, describe, nearest_labels

MAX_SIDE = 1536  # longer side, in pixels, up to which strokes are read at the picture's own size
THICKEST = 32  # pixels from a stroke's edge, beyond which all is its middle
AROUND = 7  # side of the window, in pixels, in which nothing is farther from a stroke's edge than its middle; the widest that is looked at
BITS = 3  # of each channel, of the colors that a region's strokes are counted in
SAME = 48.0  # gray levels within which strokes have the same color
COLORS = 4  # that one region can have
INFLUENCE_SIDE = 256  # short side, in pixels, at which a region is divided


class Strokes(NamedTuple):
    """The part of a hint where strokes are: h' of its rows and w' of its columns.

    colors : uint8 (h', w', 3). mask : float32 (h', w'), 1 or 0. rows, columns : int64 (h',) and (w',), in ascending order.
    """

    colors: tf.Tensor
    mask: tf.Tensor
    rows: tf.Tensor
    columns: tf.Tensor


class Middles(NamedTuple):
    """Pixels of the strokes' middle lines: places int64 (p, 2), regions int32 (p,), colors float32 (p, 3) in 0..255."""

    places: tf.Tensor
    regions: tf.Tensor
    colors: tf.Tensor


def read_strokes(regions: Regions, rgb: tf.Tensor, mask: tf.Tensor) -> tuple[Regions, RegionColors]:
    """The colors that strokes give to regions.

    Parameters
    ----------
    regions : Regions
    rgb : tensor of uint8, shape (h", w", 3)
    mask : tensor of float32, shape (h", w") in 0..1
        The parts of a `Hint`.

    Returns
    -------
    regions : Regions
        The same, or more: a region with strokes of several colors is divided among them.
    hint : RegionColors

    Examples
    --------
    >>> whole = describe(tf.zeros((8, 40), tf.int32), 1)
    >>> mask = tf.scatter_nd([[4, 2], [4, 37]], [1.0, 1.0], (8, 40))
    >>> rgb = tf.concat([tf.fill((8, 20, 3), tf.constant(255, tf.uint8)), tf.zeros((8, 20, 3), tf.uint8)], 1)
    >>> divided, hint = read_strokes(whole, rgb, mask)
    >>> divided.labels[0, ::8].numpy().tolist(), hint.colors[:, 0].numpy().round().tolist()
    ([0, 0, 0, 1, 1], [100.0, 0.0])
    """
    height, width = tf.shape(regions.labels)[0], tf.shape(regions.labels)[1]
    count, longer = tf.size(regions.areas), tf.maximum(height, width)
    size = [tf.maximum(1, tf.where(longer > MAX_SIDE, side * MAX_SIDE // longer, side)) for side in (height, width)]
    middles = _middles(_strokes(rgb, mask, size), nearest_labels(regions.labels, *size))

    # Each region's most frequent color, the most frequent of the others, and so on.
    rest, ranks = tf.ones_like(middles.regions, tf.bool), tf.fill(tf.shape(middles.regions), COLORS)
    found, exist = [], []
    for rank in range(COLORS):
        main, known = _most_frequent(middles, rest, count)  # (n, 3), (n,)
        like = rest & (tf.reduce_max(tf.abs(middles.colors - tf.gather(main, middles.regions)), -1) < SAME)
        mean = tf.math.unsorted_segment_mean(tf.boolean_mask(middles.colors, like), tf.boolean_mask(middles.regions, like), count)
        ranks, rest = tf.where(like, rank, ranks), rest & ~like
        found.append(rgb_to_lab(mean))
        exist.append(known)
    colors, known = tf.concat(found, 0), tf.concat(exist, 0)  # (COLORS n, 3), (COLORS n,)
    colors = tf.where(known[:, None], colors, 0.0)

    def undivided() -> tuple[Regions, RegionColors]:
        return regions, RegionColors(colors[:count], tf.cast(known[:count], tf.float32))

    def divided() -> tuple[Regions, RegionColors]:
        more = tf.boolean_mask(tf.range(count, COLORS * count), known[count:])  # rank n + region, of the further colors
        names = tf.concat(
            [tf.range(count), tf.scatter_nd(more[:, None] - count, tf.range(tf.size(more)) + count, [(COLORS - 1) * count])], 0
        )
        shares = _influence(regions.labels, known[count : 2 * count], middles, ranks, size)  # (h', w'), 0 to COLORS - 1
        labels = tf.gather(names, tf.where(tf.gather(known, shares * count + regions.labels), shares, 0) * count + regions.labels)
        kept = tf.concat([tf.range(count), more], 0)
        return describe(labels, tf.size(kept)), RegionColors(tf.gather(colors, kept), tf.cast(tf.gather(known, kept), tf.float32))

    return tf.cond(tf.reduce_any(known[count:]), divided, undivided)


def _strokes(rgb: tf.Tensor, mask: tf.Tensor, size: list[tf.Tensor]) -> Strokes:
    """The strokes of a hint uint8 (h", w", 3), float32 (h", w") at a size (h, w)."""

    def taken(colors: tf.Tensor, mask: tf.Tensor) -> Strokes:
        rows, columns = (_near(tf.reduce_any(mask > 0, axis)) for axis in (1, 0))
        colors, mask = (tf.gather(tf.gather(x, rows), columns, axis=1) for x in (colors, mask))
        return Strokes(colors, mask, rows, columns)

    def of_this_size() -> Strokes:
        found = taken(rgb, mask)
        return Strokes(*downsample_hint(found.colors, found.mask, tf.size(found.rows), tf.size(found.columns)), *found[2:])

    # Of a hint that is resized, no row comes of one row alone.
    return tf.cond(tf.reduce_all(tf.shape(mask) == tf.stack(size)), of_this_size, lambda: taken(*downsample_hint(rgb, mask, *size)))


def _near(used: tf.Tensor) -> tf.Tensor:
    """The rows that have a stroke in reach, and a few in any case: int64 (h',) of bool (h,)."""
    marked = tf.cast(used | (tf.range(tf.size(used)) == 0), tf.float32)[None, :, None]  # (1, h, 1)
    return tf.where(tf.nn.max_pool1d(marked, AROUND, 1, "SAME")[0, :, 0] > 0)[:, 0]


def _middles(strokes: Strokes, labels: tf.Tensor) -> Middles:
    """Pixels of strokes that are as far from their edges as any around; labels int32 (h, w)."""
    colors = tf.cast(strokes.colors, tf.float32)  # (h', w', 3)
    stack, inside = colors[None], strokes.mask[None, ..., None]  # (1, h', w', 3), (1, h', w', 1)
    change = tf.reduce_max(tf.nn.max_pool2d(stack, 3, 1, "SAME") + tf.nn.max_pool2d(-stack, 3, 1, "SAME"), -1, keepdims=True)
    # Colors that jump between masked pixels are the edge of another stroke.
    depth = rest = inside * tf.cast((_erode(inside) == 0) | (change <= SAME), tf.float32)
    shape = tf.TensorShape((1, None, None, 1))

    def deeper(k: tf.Tensor, depth: tf.Tensor, rest: tf.Tensor) -> tuple[tf.Tensor, ...]:
        rest = _erode(rest)
        return k + 1, depth + rest, rest

    def more(k: tf.Tensor, depth: tf.Tensor, rest: tf.Tensor) -> tf.Tensor:
        return (k < THICKEST) & tf.reduce_any(rest > 0)

    depth = tf.while_loop(more, deeper, (tf.constant(1), depth, rest), (tf.TensorShape(()), shape, shape), parallel_iterations=1)[1]
    found = tf.where(((depth > 0) & (depth >= tf.nn.max_pool2d(depth, AROUND, 1, "SAME")))[0, ..., 0])  # (p, 2)
    places = tf.stack([tf.gather(strokes.rows, found[:, 0]), tf.gather(strokes.columns, found[:, 1])], -1)
    return Middles(places, tf.gather_nd(labels, places), tf.gather_nd(colors, found))


def _erode(mask: tf.Tensor) -> tf.Tensor:
    """Least value of the 3x3 pixels around each, (1, h, w, 1); nothing lies beyond the edge."""
    return -tf.nn.max_pool2d(-mask, 3, 1, "SAME")


def _most_frequent(middles: Middles, among: tf.Tensor, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The most frequent color of each region's strokes, (n, 3), and whether it has one, (n,) bool; of the pixels `among`, (p,) bool."""
    colors, regions = tf.boolean_mask(middles.colors, among), tf.boolean_mask(middles.regions, among)
    bins = tf.reduce_sum(tf.cast(colors, tf.int32) // (256 >> BITS) * tf.constant([1, 1 << BITS, 1 << 2 * BITS]), -1)
    keys, index = tf.unique(regions * (1 << 3 * BITS) + bins)
    number, owner = tf.size(keys), keys // (1 << 3 * BITS)
    sizes = tf.math.unsorted_segment_sum(tf.ones_like(index), index, number)
    largest = sizes == tf.gather(tf.math.unsorted_segment_max(sizes, owner, count), owner)
    first = tf.math.unsorted_segment_min(tf.where(largest, tf.range(number), number), owner, count)  # (n,)
    known = first < number  # regions without strokes have the type's greatest number
    means = tf.concat([tf.math.unsorted_segment_mean(colors, index, number), tf.zeros((1, 3))], 0)
    return tf.gather(means, tf.minimum(first, number)), known


def _influence(labels: tf.Tensor, several: tf.Tensor, middles: Middles, ranks: tf.Tensor, size: list[tf.Tensor]) -> tf.Tensor:
    """Which of its region's colors each pixel is nearest to, within the region: ranks int32 (h', w')."""
    height, width = tf.shape(labels)[0], tf.shape(labels)[1]
    fitted = resample.fit_short_side(height, width, tf.minimum(INFLUENCE_SIDE, tf.minimum(height, width)))
    small = nearest_labels(labels, *fitted)  # (h, w)
    open_ = tf.gather(several, small)
    places = tf.cast(middles.places, tf.int32) * tf.stack(fitted) // tf.stack(size)
    seeds = tf.tensor_scatter_nd_max(tf.zeros_like(small), places, tf.where(ranks < COLORS, ranks + 1, 0))  # 0 is undecided
    # A small region may have lost the pixel under the stroke.
    seeds = tf.where(open_, seeds, 0)

    def spread(k: tf.Tensor, seeds: tf.Tensor, before: tf.Tensor) -> tuple[tf.Tensor, ...]:
        reached = seeds
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            edge = tf.range(tf.shape(small)[axis]) == (0 if step > 0 else tf.shape(small)[axis] - 1)
            wraps = edge[:, None] if axis == 0 else edge[None]
            same = (tf.roll(small, step, axis) == small) & ~wraps & (seeds == 0)
            reached = tf.where(same, tf.maximum(reached, tf.roll(seeds, step, axis)), reached)
        return k + 1, reached, seeds

    def more(k: tf.Tensor, seeds: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
        return tf.reduce_any(seeds != before)

    shapes = (tf.TensorShape(()), tf.TensorShape((None, None)), tf.TensorShape((None, None)))
    seeds = tf.while_loop(more, spread, (tf.constant(0), seeds, seeds - 1), shapes, parallel_iterations=1)[1]
    # Enlarged as shares, the borders between colors are smooth.
    shares = tf.one_hot(tf.maximum(seeds - 1, 0), COLORS)  # (h, w, COLORS)
    return tf.argmax(tf.image.resize(shares, (height, width)), -1, tf.int32)
