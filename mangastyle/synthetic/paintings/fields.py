"""Fields over the plane that every painter builds its picture from: random curves and surfaces, flows, colors."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from scipy import ndimage

LIGHT = (-0.6, -0.8)  # toward the lamp, (x, y): upper left
CELLS = 32  # after so many cells noise repeats


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The places x and y of all pixels, in picture heights: float32, each (h, w)."""
    y, x = (np.mgrid[:height, :width].astype(np.float32) + 0.5) / height
    return x, y


def window(shape: tuple, center: tuple | np.ndarray, reach: float | tuple) -> tuple[slice, slice]:
    """The part of a whole picture (h, w) within `reach` of `center`, as (x, y) in picture heights.

    Small things are painted in small arrays.
    """
    size = np.array(shape)
    at = np.array([center[1], center[0]]) * size[0]
    reach = np.broadcast_to(reach, 2)[::-1] * size[0]
    low = np.clip((at - reach).astype(int), 0, size - 2)
    high = np.maximum((at + reach).astype(int) + 1, low + 2)
    return slice(low[0], high[0]), slice(low[1], high[1])


def noise(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, octaves: int) -> np.ndarray:
    """A smooth random surface of variance about 1 over the points `x`, `y`: float32 in their shape.

    Its coarsest hills are about a unit of `x` or `y` wide; each further octave is half as wide and half as high.
    """
    heights = rng.standard_normal((CELLS, CELLS)).astype(np.float32)
    surfaces = (
        0.5**k * ndimage.map_coordinates(heights, [y * 2**k + 7.3 * k, x * 2**k + 3.1 * k], order=2, mode="grid-wrap")
        for k in range(octaves)
    )
    return 1.4 * functools.reduce(np.add, surfaces)


def waves(rng: np.random.Generator, t: np.ndarray, octaves: int) -> np.ndarray:
    """A smooth random curve through `t`, about -1..1: sines of rising frequency and falling height."""
    sines = (0.6**k * np.sin(2 * np.pi * (t * 0.9 * 1.8**k * rng.uniform(0.8, 1.2) + rng.uniform())) for k in range(octaves))
    return functools.reduce(np.add, sines).astype(np.float32) / 1.5


def along(stream: np.ndarray) -> np.ndarray:
    """Unit vectors (x, y) along the contours of `stream` (h, w): float32 (h, w, 2)."""
    down, right = np.gradient(stream)
    flow = np.stack([down, -right], axis=-1)
    return (flow / (np.linalg.norm(flow, axis=-1, keepdims=True) + 1e-9)).astype(np.float32)


def facing(relief: np.ndarray) -> np.ndarray:
    """Steepness of `relief` (h, w) towards the lamp: float32 (h, w), below 0 on the sides turned away."""
    return -LIGHT[0] * cv2.Sobel(relief, cv2.CV_32F, 1, 0) - LIGHT[1] * cv2.Sobel(relief, cv2.CV_32F, 0, 1)


def ramp(t: np.ndarray, *stops: tuple) -> np.ndarray:
    """Colors (..., 3) along `stops` of (position, color) at `t`."""
    at, colors = [s[0] for s in stops], np.array([s[1] for s in stops], np.float32)
    return np.stack([np.interp(t, at, colors[:, c]) for c in range(3)], axis=-1).astype(np.float32)
