"""Operators on pictures and maps that look at small windows, in whole numbers; `ops.windows_graph` has the same. Edges are repeated."""

from __future__ import annotations

import cv2
import numpy as np

SQUARE, CROSS = np.ones((3, 3), np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
BINOMIAL = (1, 4, 6, 4, 1)  # of 16
CUBIC = (-9, 111, 29, -3)  # of 128: Keys' cubic kernel (a = -0.5) for a place a quarter of a pixel after the second
STEPS = ((0, 1), (1, 2), (1, 1), (2, 1), (1, 0), (2, -1), (1, -1), (1, -2))  # y and x of a step in eight directions


def shrink(values: np.ndarray, factor: int) -> np.ndarray:
    """Reduce a picture to the means of squares, rounded.

    Parameters
    ----------
    values : ndarray, shape (h, w) or (h, w, c)
        Whole numbers.
    factor : int
        Side of the squares, in pixels.

    Returns
    -------
    ndarray of int32, shape (ceil(h / factor), ceil(w / factor)) or with c

    Examples
    --------
    >>> shrink(np.array([[0, 10, 7], [20, 31, 7]]), 2).tolist()
    [[15, 7]]
    """
    if factor == 1:
        return values.astype(np.int32)
    height, width = values.shape[:2]
    padded = np.pad(values, [(0, -height % factor), (0, -width % factor)] + [(0, 0)] * (values.ndim - 2), mode="edge")
    total = np.full_like(padded[::factor, ::factor], factor * factor // 2, np.int32)
    for i in range(factor):
        for j in range(factor):
            total += padded[i::factor, j::factor]
    return total // (factor * factor)


def enlarge(values: np.ndarray, factor: int, height: int, width: int) -> np.ndarray:
    """Make each pixel a square: (h, w) to (height, width), which may cut the last squares.

    Parameters
    ----------
    values : ndarray, shape (h, w)
    factor : int
        Side of the squares, in pixels.
    height, width : int
        Size of the result, at most `factor` times the old one.

    Returns
    -------
    ndarray of the same type, shape (height, width)

    Examples
    --------
    >>> enlarge(np.array([[1, 2]]), 2, 2, 3).tolist()
    [[1, 1, 2], [1, 1, 2]]
    """
    return values.repeat(factor, 0).repeat(factor, 1)[:height, :width] if factor > 1 else values


def double(picture: np.ndarray) -> np.ndarray:
    """Enlarge a picture to twice its size by cubic interpolation.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    ndarray of uint8, shape (2 h, 2 w, 3)

    References
    ----------
    Keys, "Cubic convolution interpolation for digital image processing", 1981.

    Examples
    --------
    >>> double(np.array([[[0] * 3, [128] * 3]], np.uint8))[0, :, 0].tolist()
    [0, 26, 102, 137]
    """
    values = picture.astype(np.int32)
    for axis in (0, 1):
        length = values.shape[axis]
        padded = values.take(np.clip(np.arange(-2, length + 2), 0, length - 1), axis)
        shifted = [padded.take(range(i, i + length), axis) for i in range(5)]
        before = sum(w * v for w, v in zip(CUBIC[::-1], shifted[:4]))
        after = sum(w * v for w, v in zip(CUBIC, shifted[1:]))
        shape = [n * 2 if i == axis else n for i, n in enumerate(values.shape)]
        values = np.stack([before, after], axis + 1).reshape(shape)
    return np.clip((values + (1 << 13)) >> 14, 0, 255).astype(np.uint8)


def smooth(values: np.ndarray) -> np.ndarray:
    """Blur by binomial weights over 5 x 5 pixels, rounded.

    Parameters
    ----------
    values : ndarray of uint8, shape (h, w) or (h, w, c)

    Returns
    -------
    ndarray of uint8, of the same shape

    Examples
    --------
    >>> smooth(np.array([[0, 0, 160, 0, 0]], np.uint8)).tolist()
    [[10, 40, 60, 40, 10]]
    """
    weights = np.array(BINOMIAL, np.float32)
    total = cv2.sepFilter2D(values, cv2.CV_32F, weights, weights, borderType=cv2.BORDER_REPLICATE)  # whole numbers, exact
    return ((total.astype(np.int32) + 128) // 256).astype(np.uint8)


def box_sum(values: np.ndarray, radius: int) -> np.ndarray:
    """Sums over squares around each pixel.

    Parameters
    ----------
    values : ndarray of int32, shape (h, w)
        Not negative, sums up to 2^24.
    radius : int
        Pixels: the squares have 2 radius + 1.

    Returns
    -------
    ndarray of int32, shape (h, w)

    Examples
    --------
    >>> box_sum(np.array([[1, 0, 0]], np.int32), 1).tolist()
    [[6, 3, 0]]
    """
    size = (2 * radius + 1,) * 2
    total = cv2.boxFilter(values.astype(np.float32), -1, size, normalize=False, borderType=cv2.BORDER_REPLICATE)
    return total.astype(np.int32)


def dilate(mask: np.ndarray, radius: int = 1) -> np.ndarray:
    """Widen a mask: what has a pixel of it in the square around.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
    radius : int
        Pixels: the squares have 2 radius + 1.

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> dilate(np.array([[True, False, False]])).tolist()
    [[True, True, False]]
    """
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8)) > 0


def close(values: np.ndarray, radius: int) -> np.ndarray:
    """Morphological closing by an octagon: what is darker than both its sides, and narrower than the octagon, becomes as light.

    Parameters
    ----------
    values : ndarray of uint8, shape (h, w)
    radius : int
        Of the octagon, in pixels.

    Returns
    -------
    ndarray of uint8, shape (h, w)

    Examples
    --------
    >>> close(np.array([[200, 50, 180, 180, 60, 60, 60]], np.uint8), 1).tolist()
    [[200, 180, 180, 180, 60, 60, 60]]
    """
    square, crosses = np.ones((2 * ((radius + 1) // 2) + 1,) * 2, np.uint8), radius // 2
    for extreme in (cv2.dilate, cv2.erode):
        values = extreme(extreme(values, square), CROSS, iterations=crosses)
    return values


def longest_mean(values: np.ndarray, length: int) -> np.ndarray:
    """The largest mean along straight pieces through each pixel, in eight directions: large on lines, small on specks.

    Parameters
    ----------
    values : ndarray of int32, shape (h, w) in 0..255
    length : int
        Of the pieces to either side, 2 to 63 pixels.

    Returns
    -------
    ndarray of int32, shape (h, w)
        Rounded down.

    Examples
    --------
    >>> values = np.zeros((5, 5), np.int32)
    >>> values[2] = 100
    >>> longest_mean(values, 2)[:, 2].tolist()
    [33, 33, 100, 33, 33]
    """
    height, width = values.shape
    padded = np.pad(values.astype(np.int16), length, mode="edge")
    best = np.zeros((height, width), np.int16)
    for dy, dx in STEPS:
        count = steps(length, dy, dx)
        total = np.zeros((height, width), np.int16)
        for i in range(-count, count + 1):
            total += padded[length + i * dy : length + i * dy + height, length + i * dx : length + i * dx + width]
        np.maximum(best, total // (2 * count + 1), out=best)
    return best.astype(np.int32)


def steps(length: int, dy: int, dx: int) -> int:
    """How many steps of `dy`, `dx` fit into a length, in pixels."""
    return max(1, min(round(length / np.hypot(dy, dx)), length // max(abs(dy), abs(dx))))


def spread(seeds: np.ndarray, mask: np.ndarray, reach: int) -> np.ndarray:
    """What of a mask is within reach of the seeds, along the mask.

    Parameters
    ----------
    seeds, mask : ndarray of bool, shape (h, w)
    reach : int
        Pixels.

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> spread(np.array([[1, 0, 0, 0]]) > 0, np.array([[1, 1, 1, 1]]) > 0, 2).tolist()
    [[True, True, True, False]]
    """
    allowed, grown = mask.astype(np.uint8), (seeds & mask).astype(np.uint8)
    for _ in range(reach):
        grown = np.minimum(cv2.dilate(grown, SQUARE), allowed)
    return grown > 0
