"""Pictures to line art (paper, section 4.1): OpenCV's adaptive mean threshold. No TensorFlow needed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mangastyle import folder, images
from mangastyle.config import SketchConfig
from mangastyle.errors import MangastyleError

PAPER_BLOCK, PAPER_C = 9, 2.0
MAX_BLOCK = 32767  # OpenCV's sums of larger windows fail
BLOCK_SIDE = 256  # the block of 9 pixels gives clean lines on pictures of this side; larger ones need larger blocks


def sketch(rgb: np.ndarray, block: int = 0, c: float = PAPER_C, size: int = 0, despeckle: int = 0) -> np.ndarray:
    """Line art of a picture: uint8 RGB (h, w, 3) to uint8 (h, w), ink 0 on paper 255.

    A pixel becomes ink if it is at least `c` grey levels darker than the mean of the `block` x `block` pixels
    around it. `block` is odd; 0 means 9 up to a short side of 256 and then in proportion. With `size` the sketch of a
    larger picture is made at that short side and enlarged again. Ink specks of fewer than `despeckle` pixels are removed.
    Raises `MangastyleError` if `block` is even, less than 3 or over 32767.
    """
    _check_block(block)
    height, width = rgb.shape[:2]
    small = images.resize(rgb, *images.fit_short_side(height, width, size)) if 0 < size < min(height, width) else rgb
    block = block or max(PAPER_BLOCK, round(PAPER_BLOCK * min(small.shape[:2]) / BLOCK_SIDE) // 2 * 2 + 1)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    line = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, c)
    if despeckle:
        line = _despeckle(line, despeckle)
    return images.resize(line, height, width)


def _check_block(block: int) -> None:
    if block and not (3 <= block <= MAX_BLOCK and block % 2):
        raise MangastyleError(f"--block {block}: must be an odd number from 3 to {MAX_BLOCK}, or 0 for automatic")


def _despeckle(line: np.ndarray, least: int) -> np.ndarray:
    """Paint connected ink of fewer than `least` pixels over with paper."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(255 - line, connectivity=8)
    speck = stats[:, cv2.CC_STAT_AREA] < least
    speck[0] = False  # label 0 is the paper
    return np.where(speck[labels], np.uint8(255), line)


def command(options: SketchConfig) -> None:
    """`mangastyle sketch`."""

    _check_block(options.block)

    def work(picture: images.Picture, path: Path, target: Path) -> folder.Result:
        return sketch(picture.rgb, options.block, options.c, options.size, options.despeckle), picture.alpha

    folder.process("sketch", options, "sketch", lambda: work)
