"""Small pictures, to be listed."""

from __future__ import annotations

import numpy as np

from mangastyle.app.encoding import png
from mangastyle.ops import pixels

SIDE = 160  # pixels of the shorter side


def thumbnail(rgb: np.ndarray, side: int) -> np.ndarray:
    """A picture, uint8 (h, w, 3), whose shorter side is at most `side`."""
    height, width = rgb.shape[:2]
    return rgb if min(height, width) <= side else pixels.resize(rgb, *pixels.fit_short_side(height, width, side))


def small_picture(rgb: np.ndarray) -> bytes:
    """A picture, uint8 (h, w, 3), as a small PNG.

    Examples
    --------
    >>> small_picture(np.zeros((400, 320, 3), np.uint8))[16:24].hex()  # width and height
    '000000a0000000c8'
    """
    return png(thumbnail(rgb, SIDE))
