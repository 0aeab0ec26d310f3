"""Regions of line art: what a person would fill with one color, by basins of the distance to the lines.

The clearance of a pixel is its distance to the nearest line. Pixels that lead uphill to the same summit of the clearance are a basin,
and the border of two basins runs through the narrowest place between them: their opening. They are one region where the opening is
wide: wider than a gap may be, or about as wide as the smaller basin itself, as where a strand of hair tapers off. Gaps are openings
that are narrow beside both basins.

All is computed in integers, or by the same few operations of double precision, so that `lineart.regions_graph` finds equal regions.

References
----------
The idea of openings that a ball cannot pass: Zhang, Chen, Zhang, Hu, Martin, "Vectorizing cartoon animations" (2009). Basins that
join by height: Najman, Schmitt, "Geodesic saliency of watershed contours and hierarchical segmentation" (1996).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io.images import check_picture
from mangastyle.lineart import basins
from mangastyle.lineart.lines import find_lines

GAP = 0.03  # widest gap, as a share of the short side
GAP_UNITS = 10**6  # the gap is rounded to this fraction, so that float32 and float64 mean the same
TAPER = 4  # openings over half the width of the smaller basin are no gaps: the basin goes on there; 4 for squares
THIN = 0.0015  # regions narrower than twice this share of the short side join a neighbor
LEAST_AREA = 6  # and so do those of fewer pixels
SMALL = 2e-5  # or smaller than this share of the picture


class RegionMap(NamedTuple):
    """Regions of line art.

    Attributes
    ----------
    labels : ndarray of int32, shape (h, w)
        The region of each pixel, from 0 to n - 1; line pixels belong to the nearest region.
    areas : ndarray of int64, shape (n,)
        Pixels of each region.
    centers : ndarray of float64, shape (n, 2)
        Mean y and x of each region, in pixels.
    borders : ndarray of int64, shape (m, 3)
        For each pair of neighbors: their labels, the smaller first, and the length of their border in pixels.
    """

    labels: np.ndarray
    areas: np.ndarray
    centers: np.ndarray
    borders: np.ndarray


def find_regions(line_art: np.ndarray, gap: float = GAP) -> RegionMap:
    """Divide line art into regions.

    Parameters
    ----------
    line_art : ndarray of uint8, shape (h, w) or (h, w, 3)
        Dark lines on light paper: inked, penciled, colored or thresholded. Areas of gray or of screentone are paper; only what is thinner
        than a pen, or black, divides regions.
    gap : float
        The widest gap in a line that is closed, as a share of the short side, 0 to 0.2.

    Returns
    -------
    RegionMap
        Deterministic; at least one region.

    Raises
    ------
    MangastyleError
        For an array that is no picture, or a gap out of its range.

    Examples
    --------
    >>> paper = np.full((64, 64), 255, np.uint8)
    >>> paper[:, 31:33] = 0
    >>> paper[30:32, 31:33] = 255  # a gap
    >>> regions = find_regions(paper, gap=0.05)
    >>> len(regions.areas), bool(regions.labels[5, 5] != regions.labels[5, 60]), regions.borders.tolist()
    (2, True, [[0, 1, 64]])
    """
    check_picture(line_art, "line_art", gray=True)
    if not 0 <= gap <= 0.2:
        raise MangastyleError(f"`gap`: must be from 0 to 0.2, not {gap}")
    lines = find_lines(line_art)
    side = min(lines.shape)
    widest = round(gap * GAP_UNITS) / GAP_UNITS * side  # gap, in pixels
    half, thin = widest / 2 + 0.5, THIN * side
    reach = max(math.floor(widest) + 2, math.ceil(thin))  # wider basins are wide beside any gap
    heights = basins.clearance(lines, reach)
    numbers, summits = basins.find_basins(heights)  # (h, w), 0 on lines; (n,)
    pairs, _, openings = _neighbors(numbers, heights)
    wide = math.floor(half * half)
    roots, summits = basins.join(pairs, openings, summits, wide, TAPER)
    numbers = roots[numbers]
    for ball in (wide // 4, wide):  # the larger has the last word
        numbers = basins.straighten(numbers, heights, ball)
    areas = np.bincount(numbers.ravel(), minlength=len(roots))
    kept = (areas >= max(LEAST_AREA, SMALL * lines.size)) & (summits >= max(1.0, thin * thin))
    kept[0] = False  # lines
    if not kept.any():
        return _describe(np.zeros(lines.shape, np.int32), 1)
    names = np.where(kept, np.cumsum(kept, dtype=np.int32) - 1, np.int32(-1))
    labels = names[numbers]  # -1 on lines and on what joins a neighbor
    return _describe(labels.ravel()[basins.nearest(labels >= 0)], int(kept.sum()))


def _neighbors(labels: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of labels over 0 that touch, (m, 2), the length of each border, and the largest height on it, all (m,)."""
    keys, values, count = [], [], int(labels.max()) + 1
    for before, after in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = labels[before], labels[after]
        touch = np.nonzero((a != b) & (a > 0) & (b > 0))
        a, b = a[touch].astype(np.int64), b[touch].astype(np.int64)
        keys.append(np.minimum(a, b) * count + np.maximum(a, b))
        values.append(np.minimum(heights[before][touch], heights[after][touch]))
    key, index, lengths = np.unique(np.concatenate(keys), return_inverse=True, return_counts=True)
    largest = np.zeros(len(key), heights.dtype)
    np.maximum.at(largest, index, np.concatenate(values))
    return np.stack([key // count, key % count], 1), lengths, largest


def _describe(labels: np.ndarray, count: int) -> RegionMap:
    """The map of labels int32 (h, w), 0 to count - 1."""
    height, width = labels.shape
    areas = np.bincount(labels.ravel(), minlength=count)
    sums = [np.bincount(labels.ravel(), places) for places in (np.arange(height).repeat(width), np.tile(np.arange(width), height))]
    pairs, lengths, _ = _neighbors(labels + 1, labels)
    return RegionMap(labels, areas, np.stack(sums, 1) / areas[:, None], np.concatenate([pairs - 1, lengths[:, None]], 1))
