"""Clean line art of pictures: dark lines as they are drawn, and the edges between flat colors where nothing is drawn. No TensorFlow.

Everything that decides is whole numbers and small windows, so that `lineart.clean_graph` decides the same inside a TensorFlow graph.

References
----------
Lines by morphological closing: Serra, "Image analysis and mathematical morphology", 1982. Thin edges and hysteresis: Canny, "A
computational approach to edge detection", 1986.
"""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_gray
from mangastyle.ops.windows import box_sum, close, dilate, double, enlarge, longest_mean, shrink, smooth, spread

SMALL, TINY = 640, 140  # short sides, in pixels, up to which a picture is doubled once, and twice
SMOOTH_SIDE = 520  # short side, in pixels, over which grain is smoothed before lines are looked for
LINE_SIDE, EDGE_SIDE = 1024, 400  # short sides, in pixels, about which lines and edges are told apart from texture
THIN, FLAT, WIDE = 0.01, 0.02, 0.035  # widths, as shares of the short side: fine lines, what flat colors have none of, black lines
RUN, LONGEST_RUN = 0.015, 16  # half the length over which lines and edges must last, as a share of the short side; in pixels, at most
BIAS = 40  # gray levels added to the paper's before contrasts are taken relative to it: dark pictures are noisy
SEED, FAINT = 20, 10  # relative contrast along a line, of 255: from which on it begins, and goes on
TEXTURE = 3  # a line must stand out from the mean contrast around it, that many times
INK = 40  # relative contrast, over half a faint line's, that is drawn black
BLACK, BLACK_CONTRAST = 60, 115  # gray level up to which, and relative contrast from which on, a wide line is black
DARK = 110  # gray level below which a black line has ink
EDGE = 18  # change of color, in levels per two pixels, from which on an edge is drawn, wherever it is
QUIET, BESIDE = (4, 9), (3, 10)  # fractions: of that change, where nothing is stronger; of the strongest edge around
REACH = 12  # pixels that lines and edges go on beyond what is certain
DRAWN = 100  # ink, of 255, from which on a line is there
CLEARANCE = 2  # pixels around lines in which edges are their borders, and are not drawn
PAPER = 4, 5  # the level of the paper of line art: fraction of the pixels that are at most as light
PIECE = 190  # ink along a piece of edge, of 255, from which on it is no dash


def clean_lines(picture: np.ndarray, detail: float = 0.5) -> np.ndarray:
    """Clean line art of a color picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
    detail : float in 0..1
        More draws fainter lines and edges.

    Returns
    -------
    ndarray of uint8, shape (h, w)
        Ink 0 on paper 255, with soft edges.

    Examples
    --------
    >>> picture = np.full((160, 160, 3), (240, 200, 180), np.uint8)
    >>> picture[:, 80:] = (60, 80, 160)  # an edge
    >>> picture[40:42] = 20  # a line
    >>> line = clean_lines(picture)
    >>> line[40, 20].item(), line[100, 20].item(), line[100, 78:82].min().item() < 160
    (0, 255, True)
    """
    side = min(picture.shape[:2])
    doublings = (side <= SMALL) + (side <= TINY)
    for _ in range(doublings):
        picture = double(picture)
    return (255 - shrink(_ink(picture, *thresholds(detail)), 2**doublings)).astype(np.uint8)


def art_of(picture: np.ndarray, line_art: bool) -> np.ndarray:
    """The line art of a picture, as it is colored.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
    line_art : bool
        Whether the picture is line art.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        Of line art itself, that on white paper, in the colors of its lines; else its clean lines.

    Examples
    --------
    >>> blue = np.full((1, 4, 3), 200, np.uint8)
    >>> blue[0, 3] = 50, 50, 100
    >>> art_of(blue, True)[0, 2:].tolist()
    [[255, 255, 255], [63, 63, 127]]
    """
    if line_art:
        return np.stack([white_paper(picture[..., channel]) for channel in range(3)], 2)
    return pixels.to_rgb(clean_lines(picture))


def thresholds(detail: float) -> tuple[int, int, int]:
    """`SEED`, `FAINT` and `EDGE` for an amount of detail: half to twice as much."""
    seed, faint, edge = (round(level * 4 ** (0.5 - detail)) for level in (SEED, FAINT, EDGE))
    return seed, faint, edge


def white_paper(gray: np.ndarray) -> np.ndarray:
    """Line art on white paper: levels relative to the paper's.

    Parameters
    ----------
    gray : ndarray of uint8, shape (h, w)

    Returns
    -------
    ndarray of uint8, shape (h, w)

    Examples
    --------
    >>> white_paper(np.array([[200, 200, 200, 50]], np.uint8)).tolist()
    [[255, 255, 255, 63]]
    """
    counts = np.cumsum(np.bincount(gray.ravel(), minlength=256))
    paper = max(1, int(np.argmax(PAPER[1] * counts >= PAPER[0] * counts[-1])))
    return np.minimum(np.arange(256) * 255 // paper, 255).astype(np.uint8)[gray]


def _ink(picture: np.ndarray, seed: int, faint: int, edge: int) -> np.ndarray:
    """Lines of a picture: int32 (h, w), paper 0, black 255."""
    height, width = picture.shape[:2]
    side, gray = min(height, width), rgb_to_gray(picture)
    contrast = _contrast(smooth(gray) if side > SMOOTH_SIDE else gray, _radius(THIN, side))  # (h, w)
    factor = max(1, round(side / LINE_SIDE))
    fine = _fine_lines(shrink(contrast, factor), _run(side, factor), seed, faint)
    ink = np.where(enlarge(fine, factor, height, width), np.clip((contrast - FAINT // 2) * 255 // INK, 0, 255), 0)
    factor = max(1, round(side / EDGE_SIDE))
    black = _black_lines(shrink(gray, factor).astype(np.uint8), _radius(WIDE, side / factor))  # (h / factor, w / factor)
    solid = np.clip((DARK - gray.astype(np.int32)) * 5, 0, 255)
    ink = np.maximum(ink, np.where(enlarge(black, factor, height, width), solid, 0))
    flat = _flatten(shrink(picture, factor).astype(np.uint8), black, side / factor)
    edges = _drop_borders(_edges(flat, _run(side, factor), edge), shrink(ink, factor) > DRAWN, _run(side, factor))
    return np.maximum(ink, _draw(edges, factor, height, width))


def _radius(share: float, side: float) -> int:
    """Half the width of a line, in pixels."""
    return max(1, round(share * side / 2 + 0.6))


def _run(side: int, factor: int) -> int:
    """Half the length over which lines must last, in pixels of a picture reduced by the factor."""
    return max(2, min(LONGEST_RUN, int(RUN * side / factor)))


def _contrast(gray: np.ndarray, radius: int) -> np.ndarray:
    """How much darker lines are than the paper beside them: int32 (h, w) in 0..220."""
    paper = close(gray, radius).astype(np.int32)
    return (paper - gray) * 255 // (paper + BIAS)


def _fine_lines(contrast: np.ndarray, length: int, seed: int, faint: int) -> np.ndarray:
    """Where fine lines are, and one pixel beyond: bool (h, w)."""
    lasting, radius = longest_mean(contrast, length), 4 * length
    texture = box_sum(contrast, radius) * TEXTURE // (2 * radius + 1) ** 2
    goes_on = (5 * (lasting - faint) >= 3 * texture) & (10 * contrast >= 7 * faint)
    return dilate(spread((lasting - seed >= texture) & (10 * contrast >= 8 * seed), goes_on, REACH))


def _black_lines(gray: np.ndarray, radius: int) -> np.ndarray:
    """Where black lines are, wide ones too, and one pixel beyond: bool (h, w)."""
    contrast = _contrast(gray, radius)
    return dilate(spread(contrast >= BLACK_CONTRAST, (gray < BLACK) & (4 * contrast >= 3 * BLACK_CONTRAST), REACH))


def _flatten(picture: np.ndarray, black: np.ndarray, side: float) -> np.ndarray:
    """The picture without its lines: uint8 (h, w, 3)."""
    wide = dilate(black)
    return np.stack([np.where(wide, close(c, _radius(WIDE, side)), close(c, _radius(FLAT, side))) for c in cv2.split(picture)], 2)


def _edges(flat: np.ndarray, length: int, least: int) -> np.ndarray:
    """Edges between flat colors, one pixel wide: bool (h, w)."""
    strength, peak = _gradient(smooth(smooth(flat)))
    ridge = cv2.dilate(np.where(peak, np.minimum(strength, 255), 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    strongest = cv2.dilate(ridge, np.ones((8 * length + 1,) * 2, np.uint8)).astype(np.int32)
    limit = np.clip(strongest * BESIDE[0] // BESIDE[1], least * QUIET[0] // QUIET[1], least)
    certain = peak & (strength > limit) & (5 * longest_mean(ridge, length) > 4 * limit)
    return spread(certain, peak & (2 * strength > limit), REACH)


def _gradient(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The change of the channel that changes most at each pixel, int32 (h, w), and whether it is a maximum across the edge."""
    p = np.pad(picture.astype(np.int32), ((1, 1), (1, 1), (0, 0)), mode="edge")
    x, y = p[1:-1, 2:] - p[1:-1, :-2], p[2:, 1:-1] - p[:-2, 1:-1]  # (h, w, 3)
    channel = (x * x + y * y).argmax(2)[..., None]
    x, y = np.take_along_axis(x, channel, 2)[..., 0], np.take_along_axis(y, channel, 2)[..., 0]
    square = x * x + y * y  # (h, w)
    p, (height, width) = np.pad(square, 1, mode="edge"), square.shape
    at = {(i, j): p[1 + i : 1 + i + height, 1 + j : 1 + j + width] for i in (-1, 0, 1) for j in (-1, 0, 1)}
    upright, level, falling = 5 * abs(x) > 12 * abs(y), 5 * abs(y) > 12 * abs(x), x * y > 0
    sides = [
        np.where(upright, at[0, s], np.where(level, at[s, 0], np.where(falling, at[s, s], at[s, -s]))) for s in (1, -1)
    ]  # the pixels on both sides of the edge
    return np.sqrt(square).astype(np.int32), (square >= sides[0]) & (square > sides[1])


def _drop_borders(edges: np.ndarray, lines: np.ndarray, length: int) -> np.ndarray:
    """The edges that are not borders of lines, without what is short then: bool (h, w)."""
    kept = edges & ~dilate(lines, CLEARANCE)
    drawn = np.where(dilate(kept | lines), 255, 0)
    kept = spread(kept & (longest_mean(drawn, length) > PIECE), kept, REACH)
    return spread(kept, edges, CLEARANCE)  # up to the lines


def _draw(edges: np.ndarray, factor: int, height: int, width: int) -> np.ndarray:
    """Edges as soft lines, of about `factor` pixels: ink int32 (height, width) in 0..255."""
    corners = edges.copy()  # slanting lines get as wide as level ones
    corners[:-1, 1:] |= edges[:-1, :-1] & edges[1:, 1:]
    corners[:-1, :-1] |= edges[:-1, 1:] & edges[1:, :-1]
    size, mask = 2 * factor + 1, enlarge(corners, factor, height, width)
    total = box_sum(box_sum(mask.astype(np.int32), factor), factor)
    middle = size * size * (size * factor - (factor * factor - 1) // 4)  # of a straight line
    return np.clip((total * 64 // middle - 32) * 9, 0, 255)
