"""Is a picture line art already? No TensorFlow; `lineart.graph.detect_line_art` decides the same inside a graph."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.io.images import Picture, check_picture
from mangastyle.ops import pixels
from mangastyle.ops.windows import close, shrink

SIDE = 256  # short side, in pixels, about which a picture is judged
LINE_RADIUS = 3  # pixels there: half the width of lines, which do not count, whatever their color
PAPER_SHARE = (4, 5)  # share of the pixels up to the paper's level, a quantile of each channel
COLORED = 24  # levels between the strongest and the weakest channel, relative to the paper, over which an area is colored
FEW_COLORED = 0.002  # share of the pixels, beyond which a picture has colors, even if it is line art for the most part
LIGHT = 200  # level, relative to the paper, over which an area is paper or a light tone
DIM = 160  # level that the strongest channel of paper has at least
MIN_PAPER = 0.3  # share of an opaque figure of line art that is paper
MAX_COLORED, MIN_LIGHT = 3, 50  # percent of the pixels, in line art


def is_line_art(picture: np.ndarray) -> bool:
    """Is a picture line art already: apart from its lines, nearly all the color of its paper, and mostly as light?

    Lines and paper may have any color; tones of gray are line art, too.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3) or (h, w)
        RGB or gray.

    Returns
    -------
    bool

    Raises
    ------
    MangastyleError
        If the picture is no such array.

    Examples
    --------
    >>> import mangastyle
    >>> picture = mangastyle.draw(3, 64)
    >>> mangastyle.is_line_art(picture), mangastyle.is_line_art(mangastyle.sketch(picture))
    (False, True)
    """
    picture = pixels.to_rgb(check_picture(picture, "picture", gray=True))
    small = shrink(picture, max(1, round(min(picture.shape[:2]) / SIDE))).astype(np.uint8)
    channels, papers = [], []
    for channel in cv2.split(small):
        areas = close(channel, LINE_RADIUS).astype(np.int32)  # lines are covered
        counts = np.cumsum(np.bincount(areas.ravel(), minlength=256))
        paper = max(1, int(np.argmax(PAPER_SHARE[1] * counts >= PAPER_SHARE[0] * counts[-1])))
        papers.append(paper)
        channels.append(np.minimum(areas * 255 // paper, 255))
    areas = np.stack(channels, 2)  # (h, w, 3)
    colored = np.count_nonzero(areas.max(2) - areas.min(2) > COLORED)
    light = np.count_nonzero(areas.min(2) > LIGHT)
    size = areas.shape[0] * areas.shape[1]
    return bool(max(papers) >= DIM and 100 * colored < MAX_COLORED * size and 100 * light > MIN_LIGHT * size)


def alpha_of_coloring(picture: Picture) -> np.ndarray | None:
    """The transparency that a picture's coloring keeps: none where only lines are opaque, as the colors lie between them.

    Parameters
    ----------
    picture : Picture

    Returns
    -------
    ndarray of uint8, shape (h, w), or None

    Examples
    --------
    >>> rgb, alpha = np.full((8, 8, 3), 255, np.uint8), np.zeros((8, 8), np.uint8)
    >>> rgb[4], alpha[4] = 0, 255  # a line on a transparent ground
    >>> alpha_of_coloring(Picture(rgb, alpha)) is None
    True
    >>> alpha[2:6] = 255  # an opaque figure
    >>> alpha_of_coloring(Picture(rgb, alpha)) is alpha
    True
    """
    rgb, alpha = picture
    if alpha is None:
        return None
    opaque = alpha > 127
    paper = np.count_nonzero(opaque & (rgb.min(-1) > LIGHT))
    return None if paper < MIN_PAPER * np.count_nonzero(opaque) and is_line_art(rgb) else alpha


def has_colors(picture: np.ndarray) -> bool:
    """Whether colors can be taken from a picture: a few colored pixels are enough, but for the noise of gray JPEG files.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    bool

    Examples
    --------
    >>> has_colors(np.full((40, 40, 3), (200, 30, 40), np.uint8)), has_colors(np.full((40, 40, 3), 90, np.uint8))
    (True, False)
    """
    colored = cv2.subtract(picture.max(-1), picture.min(-1)) > COLORED
    return bool(np.count_nonzero(colored) > FEW_COLORED * colored.size)
