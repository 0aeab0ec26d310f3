"""Clean line art inside a TensorFlow graph: `lineart.clean`, bit for bit, where each step is described. Sizes are tensors."""

from __future__ import annotations

from mangastyle.engine import tf
from mangastyle.lineart import clean
from mangastyle.ops import windows_graph as windows
from mangastyle.ops.edge_filter import dilate
from mangastyle.ops.threshold import grayscale, quantile

INT, PICTURE = tf.TensorShape(()), tf.TensorShape((None, None, 3))


def clean_lines(picture: tf.Tensor, detail: float = 0.5) -> tf.Tensor:
    """`lineart.clean.clean_lines` inside a graph.

    Parameters
    ----------
    picture : tensor of uint8, shape (h, w, 3)
    detail : float in 0..1

    Returns
    -------
    tensor of uint8, shape (h, w)
        Ink 0 on paper 255, with soft edges.

    Examples
    --------
    >>> picture = tf.concat([tf.fill((80, 160, 3), level) for level in (tf.constant(230, tf.uint8), tf.constant(40, tf.uint8))], 0)
    >>> clean_lines(picture)[::159, 5].numpy().tolist(), bool(tf.reduce_min(clean_lines(picture)[:, 5]) < 160)
    ([255, 255], True)
    """
    side = _short_side(picture)
    doublings = tf.cast(side <= clean.SMALL, tf.int32) + tf.cast(side <= clean.TINY, tf.int32)
    start = (0, tf.cast(picture, tf.int32))
    double = lambda i, picture: (i + 1, windows.double(picture))
    _, picture = tf.while_loop(lambda i, _: i < doublings, double, start, (INT, PICTURE))
    ink = _ink(picture, *clean.thresholds(detail))[..., None]  # (h, w, 1)
    return tf.cast(255 - windows.shrink(ink, 2**doublings)[..., 0], tf.uint8)


def white_paper(gray: tf.Tensor) -> tf.Tensor:
    """`lineart.clean.white_paper` inside a graph.

    Parameters
    ----------
    gray : tensor of int32, shape (h, w) in 0..255

    Returns
    -------
    tensor of uint8, shape (h, w)

    Examples
    --------
    >>> white_paper(tf.constant([[200, 200, 200, 50]])).numpy().tolist()
    [[255, 255, 255, 63]]
    """
    return tf.cast(tf.minimum(gray * 255 // tf.maximum(quantile(gray, *clean.PAPER), 1), 255), tf.uint8)


def _ink(picture: tf.Tensor, seed: int, faint: int, edge: int) -> tf.Tensor:
    height, width = tf.shape(picture)[0], tf.shape(picture)[1]
    side, gray = _short_side(picture), grayscale(picture)  # (h, w)
    contrast = _contrast(tf.cond(side > clean.SMOOTH_SIDE, lambda: windows.smooth(gray), lambda: gray), _radius(clean.THIN, side, 1))
    factor = _factor(side, clean.LINE_SIDE)
    fine = _fine_lines(windows.shrink(contrast[..., None], factor)[..., 0], _run(side, factor), seed, faint)
    ink = tf.clip_by_value((contrast - clean.FAINT // 2) * 255 // clean.INK, 0, 255)
    ink = tf.where(windows.enlarge(fine, factor, height, width), ink, 0)
    factor = _factor(side, clean.EDGE_SIDE)
    black = _black_lines(windows.shrink(gray[..., None], factor)[..., 0], _radius(clean.WIDE, side, factor))
    solid = tf.clip_by_value((clean.DARK - gray) * 5, 0, 255)
    ink = tf.maximum(ink, tf.where(windows.enlarge(black, factor, height, width), solid, 0))
    flat = _flatten(windows.shrink(picture, factor), black, side, factor)  # (h / factor, w / factor, 3)
    lines = windows.shrink(ink[..., None], factor)[..., 0] > clean.DRAWN
    edges = _drop_borders(_edges(flat, _run(side, factor), edge), lines, _run(side, factor))
    return tf.maximum(ink, _draw(edges, factor, height, width))


def _short_side(picture: tf.Tensor) -> tf.Tensor:
    return tf.reduce_min(tf.shape(picture)[:2])


def _factor(side: tf.Tensor, wanted: int) -> tf.Tensor:
    """By how much a side is reduced to about the one wanted."""
    return tf.maximum(1, tf.cast(tf.round(tf.cast(side, tf.float64) / wanted), tf.int32))


def _radius(share: float, side: tf.Tensor, factor: tf.Tensor | int) -> tf.Tensor:
    side, factor = tf.cast(side, tf.float64), tf.cast(factor, tf.float64)
    return tf.maximum(1, tf.cast(tf.round(share * (side / factor) / 2 + 0.6), tf.int32))


def _run(side: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    length = tf.cast(clean.RUN * tf.cast(side, tf.float64) / tf.cast(factor, tf.float64), tf.int32)
    return tf.clip_by_value(length, 2, clean.LONGEST_RUN)


def _contrast(gray: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    paper = windows.close(gray, radius)
    return (paper - gray) * 255 // (paper + clean.BIAS)


def _fine_lines(contrast: tf.Tensor, length: tf.Tensor, seed: int, faint: int) -> tf.Tensor:
    lasting, radius = windows.longest_mean(contrast, length), 4 * length
    texture = windows.box_sum(contrast, radius) * clean.TEXTURE // (2 * radius + 1) ** 2
    goes_on = (5 * (lasting - faint) >= 3 * texture) & (10 * contrast >= 7 * faint)
    certain = (lasting - seed >= texture) & (10 * contrast >= 8 * seed)
    return windows.dilate(windows.spread(certain, goes_on, clean.REACH))


def _black_lines(gray: tf.Tensor, radius: tf.Tensor) -> tf.Tensor:
    contrast = _contrast(gray, radius)
    mask = (gray < clean.BLACK) & (4 * contrast >= 3 * clean.BLACK_CONTRAST)
    return windows.dilate(windows.spread(contrast >= clean.BLACK_CONTRAST, mask, clean.REACH))


def _flatten(picture: tf.Tensor, black: tf.Tensor, side: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    wide, radii = windows.dilate(black), [_radius(share, side, factor) for share in (clean.WIDE, clean.FLAT)]
    closed = [[windows.close(picture[..., i], radius) for radius in radii] for i in range(3)]
    return tf.stack([tf.where(wide, *pair) for pair in closed], 2)


def _edges(flat: tf.Tensor, length: tf.Tensor, least: int) -> tf.Tensor:
    strength, peak = _gradient(windows.smooth(windows.smooth(flat)))
    ridge = dilate(tf.cast(tf.where(peak, tf.minimum(strength, 255), 0), tf.float32), 1)
    strongest, ridge = (tf.cast(levels, tf.int32) for levels in (dilate(ridge, 4 * length), ridge))
    lowest = least * clean.QUIET[0] // clean.QUIET[1]
    limit = tf.clip_by_value(strongest * clean.BESIDE[0] // clean.BESIDE[1], lowest, least)
    certain = peak & (strength > limit) & (5 * windows.longest_mean(ridge, length) > 4 * limit)
    return windows.spread(certain, peak & (2 * strength > limit), clean.REACH)


def _gradient(picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    height, width = tf.shape(picture)[0], tf.shape(picture)[1]
    y, x = (windows.take(picture, 1, n, axis) - windows.take(picture, -1, n, axis) for axis, n in enumerate((height, width)))
    channel = tf.argmax(x * x + y * y, 2, output_type=tf.int32)  # (h, w)
    x, y = (tf.gather(change, channel, axis=2, batch_dims=2) for change in (x, y))  # (h, w)
    square = x * x + y * y
    at = lambda i, j: windows.take(windows.take(square, i, height, 0), j, width, 1)
    upright, level, falling = 5 * abs(x) > 12 * abs(y), 5 * abs(y) > 12 * abs(x), x * y > 0
    sides = [
        tf.where(upright, at(0, s), tf.where(level, at(s, 0), tf.where(falling, at(s, s), at(s, -s)))) for s in (1, -1)
    ]  # the pixels on both sides of the edge
    strength = tf.cast(tf.sqrt(tf.cast(square, tf.float64)), tf.int32)
    return strength, (square >= sides[0]) & (square > sides[1])


def _drop_borders(edges: tf.Tensor, lines: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    kept = edges & ~windows.dilate(lines, clean.CLEARANCE)
    drawn = tf.where(windows.dilate(kept | lines), 255, 0)
    kept = windows.spread(kept & (windows.longest_mean(drawn, length) > clean.PIECE), kept, clean.REACH)
    return windows.spread(kept, edges, clean.CLEARANCE)


def _draw(edges: tf.Tensor, factor: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    padded = tf.pad(edges, ((0, 1), (1, 1)))
    left, right, below = padded[:-1, :-2], padded[:-1, 2:], padded[1:, 1:-1]
    corners = edges | (below & (left | right))  # slanting lines get as wide as level ones
    size, mask = 2 * factor + 1, windows.enlarge(corners, factor, height, width)
    total = windows.box_sum(windows.box_sum(tf.cast(mask, tf.int32), factor), factor)
    middle = size * size * (size * factor - (factor * factor - 1) // 4)  # of a straight line
    return tf.clip_by_value((total * 64 // middle - 32) * 9, 0, 255)
