"""A mosaic: small stones in rows that follow the forms of a peacock, set in dark mortar and lit from the side."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.synthetic.paintings.fields import facing
from mangastyle.synthetic.paintings.scenes.peacock import Cartoon, peacock

SIDE = 560  # square root of the area, in pixels, of the cartoon that stones are set on
STONE = 8.0  # width of a row, in cartoon pixels
MORTAR = (54, 46, 44)
FRACTION = 4  # bits after the point in the corners of stones


class Stones(NamedTuple):
    """n stones on the cartoon.

    center, along : float32 (n, 2), places (x, y) and unit vectors along the row; length : float32 (n,).
    """

    center: np.ndarray
    along: np.ndarray
    length: np.ndarray


def paint(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A peacock that spreads its tail, on gold or on night blue, in a patterned frame."""
    scale = SIDE / np.sqrt(height * width)
    size = max(8, round(height * scale)), max(8, round(width * scale))
    cartoon = peacock(rng, *size, STONE / size[0])
    band = cartoon.thing * 1000 + np.floor(cartoon.rows).astype(np.int32)  # (h, w), one number for each row of stones
    stones = _set(rng, cartoon, band)
    owner = _cut(stones, band)
    color = _colors(rng, cartoon, stones)
    return _lay(owner, color, height, width)


def _set(rng: np.random.Generator, cartoon: Cartoon, band: np.ndarray) -> Stones:
    """Set stones one by one along the middle of every row of `band` (h, w), then small ones into the gaps."""
    height, width = band.shape
    free = np.ones((height, width), bool)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    reach = int(STONE) + 2
    stones: list[tuple] = []

    def put(px: float, py: float, length: float) -> None:
        """A stone at (px, py): no other stone of its row may start on it."""
        i, j = int(py), int(px)
        box = slice(max(i - reach, 0), i + reach + 1), slice(max(j - reach, 0), j + reach + 1)
        covered = (x[box] - px) ** 2 + (y[box] - py) ** 2 < (0.72 * length) ** 2
        free[box] &= ~(covered & (band[box] == band[i, j]))
        stones.append((px, py, *cartoon.flow[i, j], length))

    def walk(px: float, py: float, way: int) -> None:
        """Go on from (px, py) until the row ends or meets itself."""
        home = band[int(py), int(px)]
        while True:
            length = STONE * rng.uniform(0.8, 1.25)
            fx, fy = cartoon.flow[int(py), int(px)]
            px, py = px + way * length * fx, py + way * length * fy
            if not (0 <= px < width and 0 <= py < height) or band[int(py), int(px)] != home:
                return
            off = STONE * (0.5 - cartoon.rows[int(py), int(px)] % 1)  # back to the middle of the row
            fx, fy = cartoon.flow[int(py), int(px)]
            mx, my = np.clip(px - off * fy, 0, width - 1), np.clip(py + off * fx, 0, height - 1)
            if band[int(my), int(mx)] == home:
                px, py = mx, my
            if not free[int(py), int(px)]:
                return
            put(px, py, length)

    middle = np.abs(cartoon.rows % 1 - 0.5) < 0.12
    for i, j in rng.permutation(np.argwhere(middle)):
        if free[i, j]:
            put(j + 0.5, i + 0.5, STONE)
            walk(j + 0.5, i + 0.5, 1)
            walk(j + 0.5, i + 0.5, -1)
    room = cv2.distanceTransform(free.astype(np.uint8), cv2.DIST_L2, 3)
    for i, j in rng.permutation(np.argwhere(room > 0.2 * STONE)):
        if free[i, j]:
            put(j + 0.5, i + 0.5, 0.7 * STONE)
    table = np.array(stones, np.float32)
    return Stones(table[:, :2], table[:, 2:4], table[:, 4])


def _cut(stones: Stones, band: np.ndarray) -> np.ndarray:
    """The stone of every cartoon pixel, int32 (h, w): the nearest along its own row; -1 where there is none."""
    best = np.full(band.shape, np.inf, np.float32)
    owner = np.full(band.shape, -1, np.int32)
    column, line = stones.center.astype(int).T
    home = band[line, column]
    reach = int(1.4 * STONE)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            i, j = line + dy, column + dx
            near = np.flatnonzero((i >= 0) & (i < band.shape[0]) & (j >= 0) & (j < band.shape[1]))
            near = near[band[i[near], j[near]] == home[near]]
            along = np.abs(dx * stones.along[near, 0] + dy * stones.along[near, 1]) / stones.length[near]
            far = along + 0.02 * np.hypot(dx, dy)
            at = i[near], j[near]
            closer = far < best[at]
            at = at[0][closer], at[1][closer]
            best[at], owner[at] = far[closer], near[closer]
    return owner


def _colors(rng: np.random.Generator, cartoon: Cartoon, stones: Stones) -> np.ndarray:
    """A color for each stone, float32 (n, 3): the cartoon's, from hand-sorted glass; gold leaf glints by its tilt."""
    n = len(stones.center)
    x, y = stones.center.astype(int).T
    tilt = rng.standard_normal((n, 1))
    gold = cartoon.gold[y, x][:, None]
    color = cartoon.color[y, x] * (1 + np.where(gold, 0.2, 0.1) * tilt) + rng.normal(0, 7, (n, 3))
    return color + np.where(gold, 60 * np.maximum(tilt - 0.9, 0), 0)


def _lay(owner: np.ndarray, color: np.ndarray, height: int, width: int) -> np.ndarray:
    """The stones as polygons in mortar with worn, lit edges: uint8 (height, width, 3)."""
    scale = 2 * height / owner.shape[0]  # twice the size: the reduction smooths the edges
    canvas = np.full((2 * height, 2 * width, 3), MORTAR, np.uint8)
    glass = np.zeros((2 * height, 2 * width), np.uint8)
    tones = np.clip(color, 0, 255).astype(int).tolist()
    for own, tone in zip(_corners(owner, len(color), scale), tones):
        if len(own) > 2:
            corners = cv2.approxPolyDP(cv2.convexHull(own), 0.7 * scale * 2**FRACTION, True)
            cv2.fillConvexPoly(canvas, corners, tone, shift=FRACTION)
            cv2.fillConvexPoly(glass, corners, 1, shift=FRACTION)
    worn = 0.2 * STONE * scale  # width of the edges
    relief = np.minimum(cv2.distanceTransform(glass, cv2.DIST_L2, 3), worn) / worn
    relief = cv2.GaussianBlur(relief, (0, 0), 0.05 * STONE * scale)
    shade = cv2.resize(facing(relief) * scale / 2, (width, height), interpolation=cv2.INTER_AREA)[..., None]
    picture = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA) * (1 + 0.2 * np.tanh(shade))
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def _corners(owner: np.ndarray, count: int, scale: float) -> list[np.ndarray]:
    """For each of `count` stones its pixels, int32 (n, 2), as points (x, y) on a canvas `scale` times the cartoon.

    They are drawn in a little: OpenCV also fills the pixels on the border of a polygon.
    """
    line, column = np.nonzero(owner >= 0)
    stone = owner[line, column]
    pixels = np.stack([column, line], axis=1)
    area = np.bincount(stone, minlength=count)
    middle = np.stack([np.bincount(stone, way, count) for way in pixels.T], axis=1) / np.maximum(area, 1)[:, None]
    pixels = middle[stone] + (pixels - middle[stone]) * max(0.0, 1 - 1 / (STONE * scale))
    points = np.round(((pixels + 0.5) * scale - 0.5) * 2**FRACTION).astype(np.int32)
    return np.split(points[np.argsort(stone, kind="stable")], np.cumsum(area)[:-1])
