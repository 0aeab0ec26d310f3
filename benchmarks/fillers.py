"""Coloring of line art from strokes without a network: the usual ways, each as a function of line art and strokes.

All take line art, uint8 (h, w), strokes' colors, uint8 (h, w, 3), and where they are, bool (h, w), and return a colored picture, uint8
(h, w, 3), whose lines are the line art's. They are written with OpenCV, scikit-image and SciPy, as one would with these alone.
"""

from __future__ import annotations

from typing import Callable

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from skimage.segmentation import random_walker as walk
from skimage.segmentation import watershed as flood

PAPER = 200  # gray level from which on line art is paper
BETA = 130.0  # of the random walker: scikit-image's own
SPREAD = 0.6  # of Levin's weights: times the variance of a 3x3 neighborhood
LEAST = 2e-6  # of that, gray levels in 0..1
ALIKE = 0.01  # weight that the most alike neighbor has at least
SELF = 1e-6  # weight of a pixel's own color where nothing is known: keeps the system regular

Filler = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def flood_fill(line: np.ndarray, rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Each stroke fills the paper around it up to the lines; what none reaches takes the color of the nearest that is filled."""
    labels, count = numbered(rgb, mask)
    paper, found = (line >= PAPER).astype(np.uint8), np.zeros(line.shape, np.int32)
    for label in range(1, count + 1):
        for y, x in np.argwhere((labels == label) & (paper > 0))[:1]:
            walls = np.pad(1 - paper, 1, constant_values=1)
            cv2.floodFill(paper, walls, (int(x), int(y)), 0, flags=4 | cv2.FLOODFILL_MASK_ONLY | (2 << 8))
            found[(walls[1:-1, 1:-1] == 2) & (found == 0)] = label
    found = np.where(labels > 0, labels, found)
    return with_lines(line, colors_of(nearest(found), labels, rgb, count))


def watershed(line: np.ndarray, rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Strokes are the markers of a watershed of the ink: lines are ridges, and gaps are crossed last."""
    labels, count = numbered(rgb, mask)
    ridges = cv2.GaussianBlur(255 - line, (0, 0), 1.0)
    return with_lines(line, colors_of(flood(ridges, labels), labels, rgb, count))


def random_walker(line: np.ndarray, rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A pixel takes the stroke that a random walker, which crosses lines with difficulty, reaches first most often.

    References
    ----------
    L. Grady, "Random Walks for Image Segmentation", IEEE PAMI 28 (2006).
    """
    labels, count = numbered(rgb, mask)
    found = walk(line / 255.0, labels, beta=BETA, mode="bf")
    return with_lines(line, colors_of(found, labels, rgb, count))


def optimization(line: np.ndarray, rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Neighbors of like gray level get like colors: a sparse linear system, whose known values are the strokes'.

    The original keeps the lightness of a gray picture and solves for two channels of color; line art has no lightness to keep, so that
    all three channels are solved for, and multiplied by the line art.

    References
    ----------
    A. Levin, D. Lischinski, Y. Weiss, "Colorization using Optimization", ACM SIGGRAPH 2004, equations 1 and 2, with the widths of weights
    that the authors' program has.
    """
    height, width = line.shape
    gray, index = line / 255.0, np.arange(line.size).reshape(line.shape)
    pairs, near = [], np.full(line.shape, np.inf)
    for dy, dx in ((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)):
        here = np.s_[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
        there = np.s_[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
        apart = (gray[here] - gray[there]) ** 2
        near[here] = np.minimum(near[here], apart)
        pairs.append((here, there, apart))
    mean, square = (cv2.blur(x, (3, 3)) for x in (gray, gray**2))
    spread = np.maximum(SPREAD * (square - mean**2), np.maximum(near / -np.log(ALIKE), LEAST))
    rows = np.concatenate([index[here].ravel() for here, _, _ in pairs])
    columns = np.concatenate([index[there].ravel() for _, there, _ in pairs])
    weights = np.concatenate([np.exp(-apart / spread[here]).ravel() for here, _, apart in pairs])
    total = np.bincount(rows, weights, line.size)
    free = ~mask.ravel()
    kept = free[rows]
    neighbors = sparse.csr_matrix((-(weights / total[rows])[kept], (rows[kept], columns[kept])), (line.size, line.size))
    system = sparse.identity(line.size, format="csc") * (1 + SELF) + neighbors.tocsc()
    known = np.where(mask[..., None], rgb / 255.0, 0.0).reshape(-1, 3)
    solved = splu(system.tocsc()).solve(known).reshape(height, width, 3)
    return with_lines(line, np.uint8(np.clip(solved, 0, 1) * 255 + 0.5))


FILLERS: dict[str, Filler] = {
    "flood fill": flood_fill, "watershed": watershed, "random walker": random_walker, "optimization": optimization
}  # fmt: skip


def numbered(rgb: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Labels from 1 of strokes, int32 (h, w), 0 elsewhere, and how many there are: touching pixels of one color are one stroke."""
    labels, count = np.zeros(mask.shape, np.int32), 0
    for color in np.unique(rgb[mask], axis=0):
        found, parts = cv2.connectedComponents((mask & (rgb == color).all(-1)).astype(np.uint8))
        labels[parts > 0] = parts[parts > 0] + count
        count += found - 1
    return labels, count


def nearest(labels: np.ndarray) -> np.ndarray:
    """Labels (h, w) with those of the nearest labeled pixel where there was 0."""
    _, places = cv2.distanceTransformWithLabels((labels == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros(places.max() + 1, np.int32)
    table[places[labels > 0]] = labels[labels > 0]
    return table[places]


def colors_of(found: np.ndarray, labels: np.ndarray, rgb: np.ndarray, count: int) -> np.ndarray:
    """The stroke's color for each pixel's label, uint8 (h, w, 3); white where there is none."""
    table = np.full((count + 1, 3), 255, np.uint8)
    places = labels > 0
    table[labels[places]] = rgb[places]
    return table[np.maximum(found, 0)]


def with_lines(line: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Colors, uint8 (h, w, 3), under line art (h, w)."""
    return np.uint8(color * (line[..., None] / 255.0) + 0.5)
