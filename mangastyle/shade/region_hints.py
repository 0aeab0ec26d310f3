"""What a hint says about the colors of regions. TensorFlow operations, so that an exported model has them too.

Strokes are read by `region_strokes`. A hint that covers most of the picture, such as a blurred coloring, is sharpened by the regions:
of all pictures with one color in each region, that is sought which, blurred as the hint is, equals it. (h, w) is the size at which a
hint is read; n is the number of regions.
"""

from __future__ import annotations

from typing import Callable

from mangastyle.engine import tf
from mangastyle.ops import resample
from mangastyle.ops.lab import rgb_to_lab
from mangastyle.shade.multiscale import MAX_STROKES, downsample_hint
from mangastyle.shade.region_strokes import read_strokes
from mangastyle.shade.region_tensors import RegionColors, Regions, nearest_labels, segment_sums

ON_LINES = 0.02  # weight of a hint's pixels on lines: for regions that are nothing else
MIN_SHARE = 0.3  # share of a region that a covering hint must cover to color it
PICTURE_SIDE, BLUR_SIDE = 512, 192  # short sides, in pixels, at which a covering hint is sharpened, and its blur measured
BOXES = (3, 5, 7, 9, 11, 13, 17, 21, 27, 35)  # sides of boxes, in pixels at BLUR_SIDE: no blur, those that are tried, too much blur
CLEARLY = 0.7  # share of the error without a blur that the best blur must go below
ROUNDS, BLUR_ROUNDS = 6, 8  # iterations of the sharpening
FAR = 0.05  # density of borders, for each standard deviation of the blur, below which a pixel counts as far from all
LEVELS = 256  # of each channel


def read_hint(regions: Regions, ink: Callable[[], tf.Tensor], rgb: tf.Tensor, mask: tf.Tensor) -> tuple[Regions, RegionColors]:
    """The colors that a hint gives to regions.

    Parameters
    ----------
    regions : Regions
    ink : callable
        Gives how much of each pixel is ink, float32 (h', w') in 0..1; called only for a hint that covers most of the picture.
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
    >>> from mangastyle.shade.region_tensors import describe
    >>> labels = tf.repeat(tf.constant([[0, 0, 0, 1, 1, 1]]), 6, 0)  # (6, 6)
    >>> stroke = tf.scatter_nd([[2, 1], [3, 1]], [1.0, 1.0], (6, 6))
    >>> white = tf.fill((6, 6, 3), tf.constant(255, tf.uint8))
    >>> _, found = read_hint(describe(labels, 2), lambda: tf.zeros((6, 6)), white, stroke)
    >>> found.known.numpy().tolist(), found.colors.numpy().round().tolist()
    ([1.0, 0.0], [[100.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    """
    covered, count = tf.reduce_mean(mask), tf.size(regions.areas)

    def picture() -> tuple[Regions, RegionColors]:
        side = tf.minimum(tf.reduce_min(tf.shape(regions.labels)), PICTURE_SIDE)
        return regions, _of_picture(regions.labels, count, ink(), rgb, mask, side)

    def nothing() -> tuple[Regions, RegionColors]:
        return regions, RegionColors(tf.zeros((count, 3)), tf.zeros((count,)))

    def strokes() -> tuple[Regions, RegionColors]:
        return tf.cond(covered > 0, lambda: read_strokes(regions, rgb, mask), nothing)

    return tf.cond(covered >= MAX_STROKES, picture, strokes)


def _of_picture(
    labels: tf.Tensor, count: tf.Tensor, ink: tf.Tensor, rgb: tf.Tensor, mask: tf.Tensor, side: tf.Tensor
) -> RegionColors:  # fmt: skip
    """Each region's color such that all, blurred as the hint is, equal it."""
    height, width = tf.shape(labels)[0], tf.shape(labels)[1]

    def at(side: tf.Tensor) -> tuple[tf.Tensor, ...]:
        size = resample.fit_short_side(height, width, side)
        colors, covered = downsample_hint(rgb, mask, *size)
        off_lines = tf.maximum(1 - 2 * resample.resize(ink[..., None], *size)[..., 0], ON_LINES)
        return nearest_labels(labels, *size), tf.cast(colors, tf.float32), covered, covered * off_lines

    small, colors, _, weights = at(tf.minimum(side, BLUR_SIDE))
    measured = _measure_blur(small, colors, weights, count)
    scale = tf.cast(side, tf.float32) / tf.cast(tf.minimum(side, BLUR_SIDE), tf.float32)
    box = 2 * tf.cast(tf.round((tf.cast(measured, tf.float32) * scale - 1) / 2), tf.int32) + 1
    small, colors, covered, weights = at(side)
    areas = segment_sums(small, tf.ones_like(covered)[..., None], count)[:, 0]  # (n,)
    known = segment_sums(small, covered[..., None], count)[:, 0] > MIN_SHARE * tf.maximum(areas, 1.0)

    found = tf.cond(
        measured > BOXES[0],
        # Of a blur beyond the widest, what is left of the colors is too little to sharpen.
        lambda: _sharpen(small, colors, weights, count, box, tf.where(measured < BOXES[-1], ROUNDS, 0))[0],
        lambda: _medians(small, colors, weights, count),
    )
    return RegionColors(tf.where(known[:, None], rgb_to_lab(tf.clip_by_value(found, 0.0, 255.0)), 0.0), tf.cast(known, tf.float32))


def _measure_blur(labels: tf.Tensor, colors: tf.Tensor, mask: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Side of the boxes, in pixels, of the blur that explains a hint best, one of BOXES."""
    errors = tf.map_fn(
        lambda box: _sharpen(labels, colors, mask, count, box, BLUR_ROUNDS)[1], tf.constant(BOXES), fn_output_signature=tf.float32,
        parallel_iterations=1,
    )  # fmt: skip
    blurred = tf.reduce_min(errors) < CLEARLY * errors[0]
    return tf.where(blurred, tf.gather(tf.constant(BOXES), tf.argmin(errors)), BOXES[0])


def _sharpen(
    labels: tf.Tensor, colors: tf.Tensor, mask: tf.Tensor, count: tf.Tensor, box: tf.Tensor, rounds: tf.Tensor | int
) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
    """Van Cittert's iteration: to each region's color, add what its pixels lack after the blur. Colors (n, 3), remaining error.

    Pixels near borders count less: there the blur matters most, and it may be of another form than is thought.
    """
    border = tf.cast((labels != tf.roll(labels, 1, 0)) | (labels != tf.roll(labels, 1, 1)), tf.float32)[..., None]  # (h, w, 1)
    deviation = tf.sqrt((tf.cast(box, tf.float32) ** 2 - 1) / 4)
    weight = mask[..., None] / (FAR + deviation * almost_gaussian(border, box)) ** 2

    def step(k: tf.Tensor, found: tf.Tensor, error: tf.Tensor) -> tuple[tf.Tensor, ...]:
        lacking = colors - almost_gaussian(tf.gather(found, labels), box)  # (h, w, 3)
        better = found + segment_sums(labels, lacking * weight, count) / sizes
        return k + 1, tf.clip_by_value(better, 0.0, 255.0), tf.reduce_mean(tf.abs(lacking * mask[..., None]))

    sizes = tf.maximum(segment_sums(labels, weight, count), 1e-3)  # (n, 1)
    start = (tf.constant(0), segment_sums(labels, colors * weight, count) / sizes, tf.constant(0.0))
    shapes = (tf.TensorShape(()), tf.TensorShape((None, 3)), tf.TensorShape(()))
    return tf.while_loop(lambda k, *_: k < rounds, step, start, shapes, parallel_iterations=1)[1:]


def almost_gaussian(picture: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Blur a picture by three boxes, one after the other: nearly a Gaussian, in time that does not grow with its width.

    Parameters
    ----------
    picture : tensor of float32, shape (h, w, c)
    box : scalar int32 tensor
        Side of the boxes, in pixels; odd. The standard deviation is sqrt((box^2 - 1) / 4).

    Returns
    -------
    tensor of float32, shape (h, w, c)

    References
    ----------
    Kovesi: "Fast almost-Gaussian filtering" (2010).

    Examples
    --------
    >>> almost_gaussian(tf.fill((4, 5, 1), 7.0), tf.constant(3)).numpy().round(4).ravel()[:2].tolist()
    [7.0, 7.0]
    """
    border = 3 * (box // 2)
    padded = tf.pad(picture, [[border, border], [border, border], [0, 0]], "CONSTANT")
    inside = tf.pad(tf.ones_like(picture[..., :1]), [[border, border], [border, border], [0, 0]])
    both = tf.concat([padded, inside], -1)
    for axis in (0, 1):
        for _ in range(3):
            sums = tf.cumsum(both, axis)
            before = tf.zeros_like(sums[:1] if axis == 0 else sums[:, :1])
            sums = tf.concat([before, sums], axis)
            both = (sums[box:] - sums[:-box] if axis == 0 else sums[:, box:] - sums[:, :-box]) / tf.cast(box, tf.float32)
    return both[..., :-1] / both[..., -1:]


def _medians(labels: tf.Tensor, colors: tf.Tensor, weights: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Weighted median of each channel in each region, (n, 3), by histograms."""
    flat, weight = tf.reshape(labels, (-1,)), tf.reshape(weights, (-1,))
    found = []
    for channel in range(3):
        level = tf.cast(tf.round(tf.reshape(colors[..., channel], (-1,))), tf.int32)
        counts = tf.math.unsorted_segment_sum(weight, flat * LEVELS + level, count * LEVELS)
        below = tf.cumsum(tf.reshape(counts, (-1, LEVELS)), -1)  # (n, 256)
        found.append(tf.minimum(tf.reduce_sum(tf.cast(below < below[:, -1:] / 2, tf.float32), -1), LEVELS - 1))
    return tf.stack(found, -1)
