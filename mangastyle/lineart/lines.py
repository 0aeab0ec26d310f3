"""Which pixels of line art are lines. No TensorFlow."""

from __future__ import annotations

import cv2
import numpy as np

INK = 35, 100  # contrast, as a fraction of the drawing's usual contrast, over which a pixel is a line
USUAL = 4, 5  # the usual contrast: fraction of the drawn pixels that have at most this much
PAPER = 9, 10  # the paper's level: fraction of the sampled pixels that are at most as light
SOLID = 64  # level up to which a pixel is ink whatever is around it
FAINT = 13  # least contrast in gray levels that counts as drawn at all
PEN = 0.012  # widest line, as a share of the short side
SAMPLES = 256  # pixels in a row or column, about, from which the paper's level is taken


def find_lines(line_art: np.ndarray) -> np.ndarray:
    """The line pixels of line art.

    A line is what is darker than the paper beside it, within the width of a pen; large dark areas are not, unless they are black.
    All in integers: `lineart.lines_graph.lines` computes the same inside a graph.

    Parameters
    ----------
    line_art : ndarray of uint8, shape (h, w) or (h, w, 3)
        Dark lines on light paper.

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> art = np.full((32, 32), 240, np.uint8)
    >>> art[:, 15:17] = 120
    >>> find_lines(art)[0].nonzero()[0].tolist()
    [15, 16]
    """
    light = _lightness(line_art)
    pen = 2 * max(2, round(PEN * min(light.shape))) + 1
    contrast = cv2.subtract(cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((pen, pen), np.uint8)), light)
    drawn = np.cumsum(np.bincount(contrast.ravel(), minlength=256)[FAINT:])
    if not drawn[-1]:
        return light < SOLID
    usual = FAINT + int(np.argmax(drawn * USUAL[1] >= drawn[-1] * USUAL[0]))
    return (contrast > INK[0] * usual // INK[1]) | (light < SOLID)


def _lightness(line_art: np.ndarray) -> np.ndarray:
    """Levels uint8 (h, w) of the darkest channel, 255 on paper: pale colored lines are as dark as gray ones."""
    light = np.full(line_art.shape[:2], 255, np.uint8)
    rows, columns = (max(1, side // SAMPLES) for side in light.shape)
    for channel in cv2.split(line_art):
        counts = np.cumsum(np.bincount(channel[::rows, ::columns].ravel(), minlength=256))
        paper = max(1, int(np.argmax(counts * PAPER[1] >= counts[-1] * PAPER[0])))
        light = cv2.min(light, cv2.LUT(channel, np.minimum(255 * np.arange(256) // paper, 255).astype(np.uint8)))
    return light
