"""Lines that leak for a frame: where regions that were apart have run into one through a gap, they are parted again. No TensorFlow.

What is expected in a region, carried along the flow, are seeds; from these the parts grow until they meet, which they do at lines, and in
the gaps between them.

References
----------
Watershed from markers: Meyer, "Color image segmentation" (1992).
"""

from __future__ import annotations

from typing import Collection

import cv2
import numpy as np

from mangastyle.lineart.regions import RegionMap
from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_gray
from mangastyle.video.tracking import INK, reduce_labels

MOSTLY = 0.8  # share of what is expected of a track that must lie in the region
LEAST = 12  # pixels, at the reduced size, of what is parted
DRAWN = 0.7  # share of the border between the parts that must be drawn
NEAR = 1  # pixels, at the reduced size, within which a line is on the border
LONGEST = 12  # frames in a row: a line that leaks longer is not there
OFF = 2.5  # times by which the area of a part may differ from what is expected


def keep_apart(regions: RegionMap, art: np.ndarray, expected: np.ndarray, together: Collection[int] = ()) -> RegionMap:
    """Regions of a frame, those parted that hold several tracks with lines between them.

    Parameters
    ----------
    regions : RegionMap
    art : ndarray of uint8, shape (h, w, 3)
        The frame's line art.
    expected : ndarray of int32, shape (h', w')
        The track that is expected at each pixel, at a reduced size.
    together : collection of int
        Tracks that are not parted.

    Returns
    -------
    RegionMap
        New parts have the labels after the others; it is without borders.

    Examples
    --------
    >>> from mangastyle.lineart.regions import find_regions
    >>> whole = cv2.rectangle(np.full((120, 160, 3), 255, np.uint8), (30, 30), (120, 90), (0, 0, 0), 2)
    >>> whole[30:90, 60:62] = 0
    >>> leaking = whole.copy()
    >>> leaking[53:66, 60:62] = 255
    >>> expected, leaks = find_regions(whole).labels, find_regions(leaking)
    >>> len(leaks.areas), len(keep_apart(leaks, leaking, expected).areas)
    (2, 3)
    """
    small = reduce_labels(regions.labels, *expected.shape)
    there = np.bincount(expected.ravel() + 1) > 0  # from NONE on
    names, tracks, count = np.flatnonzero(there) - 1, (np.cumsum(there) - 1)[expected + 1], len(regions.areas)
    held = np.bincount((small * len(names) + tracks).ravel(), minlength=count * len(names)).reshape(count, -1)  # (n, t)
    main = held.argmax(1)
    inside = (held >= MOSTLY * held.sum(0)) & (held >= LEAST)
    inside[np.arange(count), main] = False
    inside[:, (names < 0) | np.isin(names, list(together))] = False
    line = 255 - pixels.resize(rgb_to_gray(art), *expected.shape) >= INK
    near = cv2.dilate(line.astype(np.uint8), np.ones((2 * NEAR + 1,) * 2, np.uint8)) > 0
    labels, following = regions.labels, count
    for region in np.flatnonzero(inside.any(1)):
        mine = small == region
        apart = [track for track in np.flatnonzero(inside[region]).tolist() if _is_drawn(mine, tracks == track, near)]
        for track, where in _parts(regions.labels == region, art, mine, tracks, apart, line):
            area = where.sum() * small.size / labels.size
            alike = held[region, track] / OFF <= area <= held[region, track] * OFF
            if alike and _is_drawn(mine, reduce_labels(where, *small.shape), near):
                labels = labels.copy() if labels is regions.labels else labels
                labels[where] = following
                following += 1
    return regions if labels is regions.labels else _describe(labels, following)


def count_apart(before: np.ndarray, tracks: np.ndarray, found: int) -> np.ndarray:
    """For how many frames in a row tracks have been parted from their regions.

    Parameters
    ----------
    before : ndarray of int64, shape (k, 2)
        Tracks, and so many frames, as of the frame before.
    tracks : ndarray of int, shape (n,)
        The track of each region, of which those from `found` on were parted.
    found : int

    Returns
    -------
    ndarray of int64, shape (k', 2)

    Examples
    --------
    >>> count_apart(np.array([[5, 11], [6, 2]]), np.array([6, 1, 5]), 2).tolist()
    [[5, 12]]
    """
    counts = {track: count for track, count in before.tolist() if track not in tracks[:found]}
    for track in tracks[found:].tolist():
        counts[track] = counts.get(track, 0) + 1
    return np.array(sorted(counts.items()), np.int64).reshape(-1, 2)


def _is_drawn(region: np.ndarray, track: np.ndarray, near: np.ndarray) -> bool:
    """Whether lines are on most of the border of a track with the rest of a region; bool (h, w) each."""
    border = cv2.dilate((region & track).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & region & ~track
    return bool((near & border).sum() >= DRAWN * max(border.sum(), 1))


def _parts(
    region: np.ndarray, art: np.ndarray, mine: np.ndarray, tracks: np.ndarray, apart: list[int], line: np.ndarray
) -> list[tuple[int, np.ndarray]]:  # fmt: skip
    """The tracks to be parted from a region, and where each is: bool (h, w)."""
    if not apart:
        return []
    seeds = np.zeros(mine.shape, np.int32)  # 1 for the rest, 2 and more for what is parted
    kernel = np.ones((3, 3), np.uint8)
    for number, track in [(1, None), *enumerate(apart, 2)]:
        where = mine & (~np.isin(tracks, apart) if track is None else tracks == track)
        core = cv2.erode(where.astype(np.uint8), kernel, borderValue=1).astype(bool) & ~line
        seeds[core if core.any() else where & ~line] = number
    y, x = (np.flatnonzero(region.any(axis)) for axis in (1, 0))
    box = np.s_[max(y[0] - 1, 0) : y[-1] + 2, max(x[0] - 1, 0) : x[-1] + 2]
    markers = reduce_labels(seeds, *region.shape)[box]  # at full size
    markers = np.where(region[box], markers, 1).astype(np.int32)
    cv2.watershed(np.ascontiguousarray(art[box]), markers)
    found = []
    for number, track in enumerate(apart, 2):
        where = np.zeros(region.shape, bool)
        where[box] = (markers == number) & region[box]
        if where.any():
            found.append((track, where))
    return found


def _describe(labels: np.ndarray, count: int) -> RegionMap:
    """The map of labels int32 (h, w), without borders."""
    height, width = labels.shape
    areas = np.bincount(labels.ravel(), minlength=count)
    sums = [np.bincount(labels.ravel(), places, count) for places in (np.arange(height).repeat(width), np.tile(np.arange(width), height))]
    return RegionMap(labels, areas, np.stack(sums, 1) / np.maximum(areas, 1)[:, None], np.zeros((0, 3), np.int64))
