"""Pictures to line art: by OpenCV's adaptive mean threshold (paper, section 4.1), or clean. No TensorFlow."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.io.images import check_picture
from mangastyle.lineart.clean import clean_lines, white_paper
from mangastyle.lineart.detect import is_line_art
from mangastyle.lineart.settings import PAPER_BLOCK, PAPER_C, SketchSettings
from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_gray

BLOCK_SIDE = 256  # short side, in pixels, up to which the paper's window gives clean lines; larger pictures need larger windows


def sketch(
    picture: np.ndarray, *, kind: str = "threshold", block: int = 0, c: float = PAPER_C, size: int = 0, despeckle: int = 0,
    detail: float = 0.5,
) -> np.ndarray:  # fmt: skip
    """Line art of a picture.

    Of kind "threshold", a pixel becomes ink if it is at least `c` gray levels darker than the mean of the `block` x `block` pixels
    around it. Of kind "clean", lines are those that are drawn, and the edges between flat colors where nothing is drawn; line art
    stays, on white paper.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3) or (h, w)
        RGB or gray.
    kind : {"threshold", "clean"}
    block : int
        Side of the window, in pixels: odd, 3 to 32767; or 0 for 9 up to a short side of 256 and then in proportion.
    c : float
        Gray levels; more gives less ink.
    size : int
        Short side at which the sketch is made, to be enlarged again: coarser lines. 0 for the picture's own.
    despeckle : int
        Ink specks of fewer pixels than this are removed.
    detail : float in 0..1
        Of kind "clean": more draws fainter lines. `block` and `c` are of kind "threshold".

    Returns
    -------
    ndarray of uint8, shape (h, w)
        Ink 0 on paper 255; of kind "clean", lines have soft edges.

    Raises
    ------
    MangastyleError
        If the picture is no such array, or an argument is out of bounds.

    References
    ----------
    `cv2.adaptiveThreshold` with ADAPTIVE_THRESH_MEAN_C; the paper's settings, block 9 and c 2, in section 4.1.

    Examples
    --------
    >>> import mangastyle
    >>> picture = np.full((32, 32, 3), 200, np.uint8)
    >>> picture[15:17] = 40  # a dark line
    >>> line = mangastyle.sketch(picture)
    >>> line.shape, line[16, 0].item(), line[5, 0].item()
    ((32, 32), 0, 255)
    """
    picture = check_picture(picture, "picture", gray=True)
    settings = SketchSettings(kind, detail, size, block, c, despeckle)
    height, width = picture.shape[:2]
    shrinks = 0 < settings.size < min(height, width)
    small = pixels.resize(picture, *pixels.fit_short_side(height, width, settings.size)) if shrinks else picture
    gray = rgb_to_gray(small) if small.ndim == 3 else small
    if settings.kind == "clean":
        line = white_paper(gray) if is_line_art(small) else clean_lines(pixels.to_rgb(small), settings.detail)
    else:
        window = settings.block or automatic_block(min(gray.shape))
        line = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window, settings.c)
    if settings.despeckle:
        line = _despeckle(line, settings.despeckle)
    return pixels.resize(line, height, width)


def automatic_block(short_side: int) -> int:
    """Side of the threshold's window for a picture.

    Parameters
    ----------
    short_side : int
        Of the picture, in pixels.

    Returns
    -------
    int
        9 up to a short side of 256, then in proportion; odd.

    Examples
    --------
    >>> [automatic_block(side) for side in (64, 256, 1024)]
    [9, 9, 37]
    """
    return max(PAPER_BLOCK, round(PAPER_BLOCK / BLOCK_SIDE * short_side) // 2 * 2 + 1)


def _despeckle(line: np.ndarray, least: int) -> np.ndarray:
    """Turn connected ink of fewer than `least` pixels into paper."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.threshold(line, 254, 255, cv2.THRESH_BINARY_INV)[1], connectivity=8)
    speck = stats[:, cv2.CC_STAT_AREA] < least
    speck[0] = False  # label 0 is the paper
    return np.where(np.take(speck, labels.astype(np.int32, copy=False)), np.uint8(255), line)
