"""Basins of a distance map: where each pixel leads uphill, and which basins are one. No TensorFlow.

All in integers, and ties are broken by place: `lineart.basins_graph` computes the same inside a graph.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

STEPS = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1))  # to the neighbors and to the pixel itself, in the order of places
STAY = STEPS.index((0, 0))
CODE_BITS = 4  # enough for the number of a step
FAR = 1 << 26  # pixels: over every distance in a picture; shifted by the bits, it still fits in int32


def clearance(lines: np.ndarray, reach: int) -> np.ndarray:
    """Square of the distance to the nearest line.

    Parameters
    ----------
    lines : ndarray of bool, shape (h, w)
    reach : int
        Larger distances become this one, in pixels, up to 4095.

    Returns
    -------
    ndarray of int32, shape (h, w)
        In square pixels, 0 on lines.

    Examples
    --------
    >>> clearance(np.array([[True, False, False, False]]), 2).tolist()
    [[0, 1, 4, 4]]
    """
    distance = cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    np.minimum(distance, reach, out=distance)
    return np.rint(np.square(distance, out=distance), out=distance).astype(np.int32)


def find_basins(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Divide the pixels over 0 into basins: those that lead uphill to the same summit.

    A pixel leads to the highest of its neighbors, of equal ones to the first, row by row. No way leads diagonally between two pixels
    of height 0 that touch at a corner.

    Parameters
    ----------
    heights : ndarray of int32, shape (h, w)
        Squares of distances, see `clearance`.

    Returns
    -------
    basins : ndarray of int32, shape (h, w)
        From 1 to n in the order of the summits' places, 0 where the height is.
    summits : ndarray of int32, shape (n + 1,)
        Height of each basin's summit; 0 for number 0.

    Examples
    --------
    >>> basins, summits = find_basins(np.array([[1, 4, 1, 0, 1, 1]], np.int32))
    >>> basins.tolist(), summits.tolist()
    ([[1, 1, 1, 0, 2, 2]], [0, 4, 1])
    """
    over = heights > 0
    codes = _best_steps(heights, np.where(heights > 1, heights, 0))  # a corner is passed at height 1, the other side's height
    summit = over & (codes == STAY)
    numbers = np.cumsum(summit, dtype=np.int32).reshape(heights.shape)
    basins = numbers.ravel()[_follow(codes, ~over)]
    basins[~over] = 0
    return basins, np.concatenate([np.zeros(1, np.int32), heights[summit]])


def nearest(places: np.ndarray) -> np.ndarray:
    """For each pixel one of the nearest places, by steps along rows and columns.

    Parameters
    ----------
    places : ndarray of bool, shape (h, w)
        At least one is True.

    Returns
    -------
    ndarray of int64, shape (h, w)
        Index of the place in the picture's pixels, row by row.

    Examples
    --------
    >>> nearest(np.array([[False, True, False, False, True]])).tolist()
    [[1, 1, 1, 4, 4]]
    """
    heights = FAR - cv2.distanceTransform((~places).astype(np.uint8), cv2.DIST_L1, cv2.DIST_MASK_3).astype(np.int32)
    return _follow(_best_steps(heights, heights - 1), places)  # diagonal steps are two


def join(pairs: np.ndarray, openings: np.ndarray, summits: np.ndarray, wide: int, taper: int) -> tuple[np.ndarray, np.ndarray]:
    """Join basins with wide openings between them.

    In the order of the openings, the widest first, of equal ones the first pair: two basins, or what they were joined to already, are
    joined if the opening is over `wide`, or if `taper` times its square is at least that of the lower summit. Basins whose widest
    opening is wide enough for themselves are joined all at once, again and again, which comes to the same.

    Parameters
    ----------
    pairs : ndarray of int, shape (m, 2)
        Numbers of neighbors.
    openings : ndarray of int32, shape (m,)
        Square of the largest clearance on the border of each pair.
    summits : ndarray of int32, shape (n,)
        See `find_basins`.
    wide, taper : int

    Returns
    -------
    roots : ndarray of int64, shape (n,)
        For each basin that of those joined which stands for all.
    summits : ndarray of int32, shape (n,)
        The highest summit of each root's.

    Examples
    --------
    >>> join(np.array([[1, 2], [2, 3]]), np.array([25, 4], np.int32), np.array([0, 90, 80, 70], np.int32), 16, 4)[0].tolist()
    [0, 1, 1, 3]
    """
    count = len(summits)
    order = np.argsort(-openings.astype(np.int64), kind="stable")
    a, b, openings = *pairs[order].T.astype(np.int64), openings[order].astype(np.int64)
    names, roots, summits = np.arange(count), np.arange(count), summits.copy()
    while True:
        apart = a != b
        a, b, openings = a[apart], b[apart], openings[apart]
        widest, index = np.full(count, len(a)), np.arange(len(a))  # of each basin: its opening's index
        np.minimum.at(widest, a, index)
        np.minimum.at(widest, b, index)
        basin = np.flatnonzero(widest < len(a))
        opening = openings[widest[basin]]
        basin = basin[(opening > wide) | (taper * opening >= summits[basin])]
        if not len(basin):
            return roots, summits
        to = names.copy()
        to[basin] = a[widest[basin]] + b[widest[basin]] - basin
        to = np.where((to[to] == names) & (names < to), names, to)  # of two that lead to each other, the first stays
        to = _ends(to)
        joined = summits.copy()
        np.maximum.at(joined, to, summits)
        roots, a, b, summits = to[roots], to[a], to[b], joined


def straighten(labels: np.ndarray, heights: np.ndarray, wide: int) -> np.ndarray:
    """Make borders straight where they close openings: what is within reach of a ball's center takes the label of the nearest one.

    Ways uphill go in eight directions, which bends the borders between basins. A ball that fits between the lines holds none of them:
    what is nearer to its center than its radius is on the same side of every line.

    Parameters
    ----------
    labels : ndarray of int, shape (h, w)
    heights : ndarray of int32, shape (h, w)
        See `clearance`.
    wide : int
        Square of the ball's radius, in pixels.

    Returns
    -------
    ndarray of int, shape (h, w)

    Examples
    --------
    >>> straighten(np.array([[1, 1, 1, 1, 2]]), np.array([[9, 4, 4, 4, 9]], np.int32), 4).tolist()
    [[1, 1, 1, 2, 2]]
    """
    centers = heights > wide
    away = clearance(centers, math.isqrt(wide) + 1)
    near = (away <= wide) & ~centers & (heights > 1)  # what touches a line stays: steps could pass a thin one at a corner
    codes = _best_steps(FAR - away, FAR - away)
    return labels.ravel()[_follow(codes, ~near)]


def _best_steps(heights: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """Number uint8 (h, w) of the step from each pixel to the highest neighbor; diagonal int32 (h, w) is the height on diagonal steps."""
    width = heights.shape[1] + 2
    straight, diagonal = (np.pad(x, 1).ravel() << CODE_BITS for x in (heights, diagonal))  # ((h + 2) (w + 2),)
    first, end = width + 1, straight.size - width - 1
    best, key = np.zeros_like(straight), np.empty(end - first, np.int32)
    for number, (y, x) in enumerate(STEPS):
        offset = y * width + x
        np.bitwise_or((diagonal if x and y else straight)[first + offset : end + offset], len(STEPS) - 1 - number, out=key)
        np.maximum(best[first:end], key, out=best[first:end])
    codes = len(STEPS) - 1 - (best.reshape(-1, width)[1:-1, 1:-1] & ((1 << CODE_BITS) - 1))
    return codes.astype(np.uint8)


def _follow(codes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Index int64 (h, w) of the pixel where the steps from each pixel end; ends, bool (h, w), are where they end in any case."""
    width = codes.shape[1]
    offsets = np.array([y * width + x for y, x in STEPS])
    to = offsets[np.where(ends, np.uint8(STAY), codes)].ravel()
    to += np.arange(to.size)
    return _ends(to).reshape(codes.shape)


def _ends(to: np.ndarray) -> np.ndarray:
    """Where each index int64 (n,) leads in the end; the array is overwritten."""
    further = to[to]
    while not np.array_equal(to, further):
        np.take(further, further, out=to, mode="clip")  # faster than "raise"; all are in range
        to, further = further, to
    return to
