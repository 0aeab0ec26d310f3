"""Colors inside the lines of line art: smoothed within each outlined region, and strokes propagated through theirs.

All by the domain transform filter, with line art for its edges. TensorFlow operations, so that an exported model has them too.
Lengths are shares of the short side; (h, w) is the size of the colors.
"""

from __future__ import annotations

from mangastyle.engine import tf
from mangastyle.lineart.graph import downsample_lines
from mangastyle.ops.blur import small_box_blur
from mangastyle.ops.color import luma
from mangastyle.ops.edge_filter import dilate, domain_transform_filter
from mangastyle.ops.resample import to_uint8

SOFT, FIRM = 0.2, 0.5  # ink up to SOFT is an anti-aliased edge and does not block color; ink from FIRM on blocks it fully
HALO_WIDTH = 0.012  # distance from ink within which a network's colors are those of the line
LUMA_SIGMA = 0.05  # standard deviation of the smoothing within a region of luma: small, as luma is the region's shading
CHROMA_SIGMA = 0.2  # and of chroma: large, so that a region has one
STROKE_SIGMAS = (1.0, 1.0, 0.3)  # of the propagation of strokes, one filter after the other, which gets them round corners
CONFIDENCE_HALF = 3e-5  # propagated weight of strokes at which half of their color is taken
SHADING_RANGE = 40.0  # gray levels by which a region may be lighter or darker than its strokes
EXACT_SIGMA = 0.08  # standard deviation within which a stroke's color is taken exactly
EXACT_HALF = 0.002  # as CONFIDENCE_HALF, for the exact color
BLUR = 5  # side, in pixels, of the box over which a color is averaged


def ink_of(line_art: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """How much of each pixel is ink.

    Parameters
    ----------
    line_art : tensor of uint8, shape (h', w', 3)
    height, width : scalar int32 tensor
        Size of the result, in pixels, at most that of the line art.

    Returns
    -------
    tensor of float32, shape (height, width)
        0 on paper, 1 on common lines.

    Examples
    --------
    >>> float(tf.reduce_max(ink_of(tf.fill((8, 8, 3), tf.constant(255, tf.uint8)), 4, 4)))
    0.0
    """
    return 1 - tf.cast(downsample_lines(line_art, height, width), tf.float32) / 255


def smooth_within_lines(colors: tf.Tensor, ink: tf.Tensor) -> tf.Tensor:
    """Even colors out within each outlined region, chroma more than luma.

    Networks paint a dark halo along the lines of their input; colors beside ink are filled in from the region.

    Parameters
    ----------
    colors : tensor of uint8, shape (h, w, 3)
    ink : tensor of float32, shape (h, w) in 0..1
        See `ink_of`.

    Returns
    -------
    tensor of uint8, shape (h, w, 3)

    Examples
    --------
    >>> flat = tf.fill((16, 16, 3), tf.constant(90, tf.uint8))
    >>> bool(tf.reduce_all(smooth_within_lines(flat, tf.zeros((16, 16))) == flat))
    True
    """
    barrier = _barrier(ink)
    halo = tf.maximum(1, tf.cast(tf.round(HALO_WIDTH * _short_side(ink)), tf.int32))
    free = 1 - dilate(barrier, halo) + 1e-3  # (h, w)
    filtered, weight = _masked_filter(tf.cast(colors, tf.float32), free, barrier, LUMA_SIGMA)
    filtered /= weight
    light = luma(filtered)  # (h, w, 1)
    chroma, weight = _masked_filter(filtered - light, free, barrier, CHROMA_SIGMA)
    return to_uint8(light + chroma / weight)


def apply_strokes(colors: tf.Tensor, ink: tf.Tensor, hint: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Give regions the colors of the strokes in them: their chroma and, on average, their luma.

    The region's shading stays, within limits; close to a stroke the color is exactly its own.

    Parameters
    ----------
    colors : tensor of uint8, shape (h, w, 3)
    ink : tensor of float32, shape (h, w) in 0..1
        See `ink_of`.
    hint : tensor of uint8, shape (h, w, 3)
        The strokes' colors.
    mask : tensor of float32, shape (h, w)
        1 where a stroke is, else 0.

    Returns
    -------
    tensor of uint8, shape (h, w, 3)

    Examples
    --------
    >>> gray, red = (tf.constant(color, tf.uint8) * tf.ones((16, 16, 3), tf.uint8) for color in ([90, 90, 90], [200, 40, 60]))
    >>> apply_strokes(gray, tf.zeros((16, 16)), red, tf.ones((16, 16))).numpy()[8, 8].tolist()
    [200, 40, 60]
    """
    colors, hint = tf.cast(colors, tf.float32), tf.cast(hint, tf.float32)
    luma_below = luma(_blur(colors))  # (h, w, 1), of the colors under the strokes
    spread, confidence = propagate_strokes(ink, tf.concat([hint, luma_below], -1), mask)  # (h, w, 4), (h, w)
    target, luma_below = spread[..., :3], spread[..., 3:]
    shading = SHADING_RANGE * tf.tanh((luma(colors) - luma_below) / SHADING_RANGE)
    colors += confidence[..., None] * (target + shading - colors)
    missing, weight = _masked_filter(hint - _blur(colors), mask, ink, EXACT_SIGMA)
    colors += missing / (weight + EXACT_HALF)
    free = 1 - tf.minimum(2 * ink, 1)[..., None]  # (h, w, 1)
    beside = _blur(tf.concat([colors * free, free], -1))  # for the lines' own pixels, which the filter does not reach
    return to_uint8(free * colors + (1 - free) * (beside[..., :3] + 1e-3 * colors) / (beside[..., 3:] + 1e-3))


def propagate_strokes(ink: tf.Tensor, values: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Spread the strokes' values through their regions.

    Parameters
    ----------
    ink : tensor of float32, shape (h, w) in 0..1
        See `ink_of`.
    values : (h, w, c) tensor
        Values of the strokes.
    mask : tensor of float32, shape (h, w)
        1 where a stroke is, else 0.

    Returns
    -------
    values : tensor of float32, shape (h, w, c)
    confidence : tensor of float32, shape (h, w) in 0..1
        1 in a stroke's region, 0 where none is.

    Examples
    --------
    >>> stroke = tf.scatter_nd([[2, 2]], [1.0], (16, 16))
    >>> values, confidence = propagate_strokes(tf.zeros((16, 16)), tf.fill((16, 16, 1), 7.0), stroke)
    >>> round(float(values[13, 13, 0]), 3), bool(confidence[13, 13] > 0.9)
    (7.0, True)
    """
    spread, weight = _masked_filter(tf.cast(values, tf.float32), mask, _barrier(ink), *STROKE_SIGMAS)
    return spread / tf.maximum(weight, 1e-12), (weight / (weight + CONFIDENCE_HALF))[..., 0]


def _barrier(ink: tf.Tensor) -> tf.Tensor:
    """Barrier strength in 0..1, (h, w), of ink (h, w).

    0 on anti-aliased edges (they would keep the line's dark color), 1 on lines, also on thin ones split over two pixels.
    """
    return tf.clip_by_value((ink - SOFT) / (FIRM - SOFT), 0.0, 1.0)


def _masked_filter(values: tf.Tensor, mask: tf.Tensor, edges: tf.Tensor, *sigmas: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Filter values (h, w, c) times the mask (h, w), and the mask, with each sigma in turn: (h, w, c) and (h, w, 1)."""
    spread = tf.concat([values, tf.ones_like(values[..., :1])], -1) * mask[..., None]  # (h, w, c + 1)
    for sigma in sigmas:
        spread = domain_transform_filter(spread, edges, sigma * _short_side(edges))
    return spread[..., :-1], spread[..., -1:]


def _blur(values: tf.Tensor) -> tf.Tensor:
    """Local means of float32 (h, w, c)."""
    return small_box_blur(values, BLUR)


def _short_side(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.reduce_min(tf.shape(values)), tf.float32)
