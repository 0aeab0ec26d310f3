"""Regions of line art: what a person would fill with one color, by trapped balls and the narrowness of openings.

The clearance of a pixel is its distance to the nearest line. Balls of decreasing radius, as large as fit between the lines, give
pieces; a piece and its neighbor are one region where the opening between them is wide: wider than a gap may be, or about as wide as
the smaller piece itself, as where a strand of hair tapers off. Gaps are openings that are narrow beside both pieces.

References
----------
Trapped-ball segmentation: Zhang, Chen, Zhang, Hu, Martin, "Vectorizing cartoon animations", 2009.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io.images import check_picture

GAP = 0.03  # widest gap, as a share of the short side
TAPER = 0.5  # an opening over this share of the smaller piece's width is no gap: the piece goes on there
INK = 0.35  # contrast, as a share of the drawing's usual contrast, from which a pixel is a line
SOLID = 64  # level up to which a pixel is ink whatever is around it
FAINT = 13  # least contrast in gray levels that counts as drawn at all
PEN = 0.012  # widest line, as a share of the short side
THIN = 0.0015  # pieces narrower than twice this share of the short side join a neighbor
SMALL = 2e-5  # and so do those smaller than this share of the picture
CHAMFER = 3  # size of OpenCV's distance mask, in pixels


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
    clearance = cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, CHAMFER)  # (h, w), pixels
    pieces = _pieces(lines, clearance, max(2.0, gap * side / 2))
    merged, widths = _join_open(pieces, clearance, gap * side / 2 + 0.5)
    areas = np.bincount(merged.ravel(), minlength=len(widths))
    kept = (areas >= max(6, SMALL * merged.size)) & (widths >= max(1.0, THIN * side))
    kept[0] = False  # lines
    if not kept.any():
        return _describe(np.zeros(lines.shape, np.int32))
    labels = _nearest(kept[merged], merged)[0]
    names = np.cumsum(np.bincount(labels.ravel()) > 0) - 1
    return _describe(names[labels].astype(np.int32))


def find_lines(line_art: np.ndarray) -> np.ndarray:
    """The line pixels of line art.

    A line is what is darker than the paper beside it, within the width of a pen; large dark areas are not, unless they are black.

    Parameters
    ----------
    line_art : ndarray of uint8, shape (h, w) or (h, w, 3)

    Returns
    -------
    ndarray of bool, shape (h, w)
    """
    light = _lightness(line_art)
    pen = 2 * max(2, round(PEN * min(light.shape))) + 1
    contrast = cv2.subtract(cv2.morphologyEx(light, cv2.MORPH_CLOSE, np.ones((pen, pen), np.uint8)), light)
    counts = np.bincount(contrast.ravel(), minlength=256)[FAINT:]
    if not counts.any():
        return light < SOLID
    usual = FAINT + int(np.searchsorted(np.cumsum(counts), 0.8 * counts.sum()))
    return (contrast > INK * usual) | (light < SOLID)


def _lightness(line_art: np.ndarray) -> np.ndarray:
    """Levels uint8 (h, w) of the darkest channel, 255 on paper: pale colored lines are as dark as gray ones."""
    channels = cv2.split(line_art)
    levels = np.arange(256)
    light = np.full(line_art.shape[:2], 255, np.uint8)
    for channel in channels:
        paper = max(1.0, float(np.quantile(channel[:: max(1, channel.shape[0] // 256), :: max(1, channel.shape[1] // 256)], 0.9)))
        light = cv2.min(light, cv2.LUT(channel, np.clip(255 * levels / paper, 0, 255).astype(np.uint8)))
    return light


def _pieces(lines: np.ndarray, clearance: np.ndarray, radius: float) -> np.ndarray:
    """Divide the paper into pieces int32 (h, w), 0 on lines: first what a ball of the radius fits in, then smaller balls."""
    labels, count = np.zeros(lines.shape, np.int32), 0
    rest = (~lines).astype(np.uint8)
    while radius >= 1:
        core = clearance > radius
        number, parts = cv2.connectedComponents(core.astype(np.uint8), connectivity=4)
        if number > 1:
            grown, distance = _nearest(core, parts)
            taken = (rest > 0) & (distance <= radius + 1)
            labels[taken] = grown[taken] + count
            count += number - 1
            rest[taken] = 0
        radius /= 2
        clearance = cv2.distanceTransform(rest, cv2.DIST_L2, CHAMFER)
    _, parts = cv2.connectedComponents(rest, connectivity=4)
    labels[rest > 0] = parts[rest > 0] + count
    return labels


def _join_open(pieces: np.ndarray, clearance: np.ndarray, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """Join pieces with wide openings between them: labels int32 (h, w), 0 on lines, and half the width of each, in pixels."""
    widths = np.zeros(pieces.max() + 1, np.float32)
    np.maximum.at(widths, pieces.ravel(), clearance.ravel())
    pairs, _, openings = _neighbors(pieces, clearance)
    parent = list(range(len(widths)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i in np.argsort(-openings, kind="stable"):  # the widest first
        a, b = root(pairs[i, 0]), root(pairs[i, 1])
        if a != b and (openings[i] > gap or openings[i] >= TAPER * min(widths[a], widths[b])):
            parent[b], widths[a] = a, max(widths[a], widths[b])
    roots = np.array([root(i) for i in range(len(widths))])
    names, inverse = np.unique(roots, return_inverse=True)
    return inverse.astype(np.int32)[pieces], widths[names]


def _neighbors(labels: np.ndarray, clearance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of labels over 0 that touch, (m, 2), the length of each border, and the largest clearance on it, all (m,)."""
    keys, values, count = [], [], int(labels.max()) + 1
    for before, after in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = labels[before], labels[after]
        touch = np.nonzero((a != b) & (a > 0) & (b > 0))
        a, b = a[touch].astype(np.int64), b[touch].astype(np.int64)
        keys.append(np.minimum(a, b) * count + np.maximum(a, b))
        values.append(np.minimum(clearance[before][touch], clearance[after][touch]))
    key, value = np.concatenate(keys), np.concatenate(values)
    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    last = np.append(first[1:], len(key))[: len(first)]
    return np.stack([key[first] // count, key[first] % count], 1), last - first, value[last - 1]


def _nearest(places: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel the number at the nearest of the places, int32 (h, w), and the distance there, in pixels."""
    away = (~places).astype(np.uint8)
    distance, found = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, CHAMFER, labelType=cv2.DIST_LABEL_PIXEL)
    index = np.asarray(found, np.int32)
    table = np.zeros(index.max() + 1, np.int32)
    table[index[places]] = numbers[places]
    return table[index], distance


def _describe(labels: np.ndarray) -> RegionMap:
    """The map of labels int32 (h, w) that leave out no number."""
    height, width = labels.shape
    flat, areas = labels.ravel(), np.bincount(labels.ravel())
    sums = [np.bincount(flat, places) for places in (np.arange(height).repeat(width), np.tile(np.arange(width), height))]
    pairs, lengths, _ = _neighbors(labels + 1, np.zeros(labels.shape, np.float32))
    return RegionMap(labels, areas, np.stack(sums, 1) / areas[:, None], np.concatenate([pairs - 1, lengths[:, None]], 1))
