"""A peacock with its tail spread, flowers and a frame: the cartoon that the stones of the mosaic follow."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.synthetic.paintings.fields import along, grid, ramp, waves, window

GOLD, BRONZE, STRAW = (216, 166, 58), (150, 98, 36), (244, 214, 120)
LAPIS, NAVY, AZURE, TURQUOISE = (26, 58, 150), (16, 26, 78), (60, 120, 200), (40, 170, 176)
EMERALD, MOSS, LEAF = (16, 112, 84), (22, 66, 44), (122, 168, 60)
CRIMSON, CORAL, MARBLE, BLACK = (158, 28, 40), (226, 104, 78), (238, 232, 216), (26, 22, 30)


class Cartoon(NamedTuple):
    """Design of a mosaic, before any stone is set.

    color : float32 (h, w, 3) in 0..255; gold : bool (h, w), gold leaf.
    rows : float32 (h, w); rows of stones lie between whole numbers.
    flow : float32 (h, w, 2), unit vectors (x, y) along the rows.
    thing : int32 (h, w), one number for each thing; no stone lies across two.
    """

    color: np.ndarray
    gold: np.ndarray
    rows: np.ndarray
    flow: np.ndarray
    thing: np.ndarray


class Table(NamedTuple):
    """The cartoon in the making, with the places x and y (h, w) in picture heights and the width of a row there."""

    cartoon: Cartoon
    x: np.ndarray
    y: np.ndarray
    stone: float

    def near(self, center: np.ndarray, reach: float | tuple) -> Table:
        """The part within `reach` of `center`, as (x, y) in picture heights."""
        box = window(self.x.shape, center, reach)
        return Table(Cartoon(*(field[box] for field in self.cartoon)), self.x[box], self.y[box], self.stone)

    def put(self, mask: np.ndarray, color: np.ndarray | tuple, way: np.ndarray, gold: np.ndarray | bool = False) -> None:
        """Add a thing where `mask` (h, w), in rows along the contours of `way` (h, w), in picture heights."""
        cartoon = self.cartoon
        cartoon.color[mask] = np.broadcast_to(color, cartoon.color.shape)[mask]
        cartoon.gold[mask] = np.broadcast_to(gold, mask.shape)[mask]
        cartoon.rows[mask] = way[mask] / self.stone
        cartoon.flow[mask] = along(way)[mask]
        cartoon.thing[mask] = cartoon.thing.max() + 1  # more than what it covers; far apart, numbers may repeat


def peacock(rng: np.random.Generator, height: int, width: int, stone: float) -> Cartoon:
    """The whole cartoon, for rows `stone` picture heights wide."""
    x, y = grid(height, width)
    shape = x.shape
    cartoon = Cartoon(
        np.zeros((*shape, 3), np.float32),
        np.zeros(shape, bool),
        np.zeros(shape, np.float32),
        np.zeros((*shape, 2), np.float32),
        np.zeros(shape, np.int32),
    )
    table = Table(cartoon, x, y, stone)
    aspect = width / height
    unit = min(1.0, aspect)  # things shrink in narrow pictures
    night = rng.random() < 0.6
    way = rng.choice([-1, 1])  # direction in which the bird looks
    seat = np.array([(0.5 - 0.13 * way + rng.uniform(-0.04, 0.04)) * aspect, 0.66])
    size = unit * rng.uniform(0.40, 0.47)  # radius of the tail

    meadow = y - 0.8 - 0.025 * waves(rng, x, 2)
    green = ramp(meadow + 0.02 * waves(rng, x * 5 + y * 9, 2), (0, LEAF), (0.03, EMERALD), (0.1, MOSS), (0.2, EMERALD))
    table.put(meadow > 0, green, meadow)
    for u in (np.arange(6) + rng.uniform(0.1, 0.9, 6)) / 6:
        _flower(rng, table, np.array([u * aspect, 0.86 + rng.uniform(-0.03, 0.05)]), unit * rng.uniform(0.035, 0.055))
    if night:
        for u in (np.arange(16) + rng.random(16)) / 16:
            _star(rng, table, np.array([u * aspect, rng.uniform(0.1, 0.72)]), 0.027 * unit)
    for side, v, turns in ((way, 0.27, 2), (way, 0.62, 2), (-way, 0.14, 1)):
        at = np.array([(0.5 + side * 0.5) * aspect - side * 0.17 * unit, v + rng.uniform(-0.03, 0.03)])
        _scroll(rng, table, at, side, turns)
    _tail(rng, table, seat, size)
    _bird(table, seat, unit, way)
    _ground(table, night)
    _frame(rng, table, aspect)
    return cartoon


def _ground(table: Table, night: bool) -> None:
    """Gold or night blue where nothing is yet: two rows round every thing, level rows beyond."""
    empty = table.cartoon.thing == 0
    away = cv2.distanceTransform(empty.astype(np.uint8), cv2.DIST_L2, 5) / len(empty)  # in picture heights
    away = cv2.GaussianBlur(away, (0, 0), 0.4 * table.stone * len(empty))  # rows bend round corners
    close = away < 2 * table.stone
    if night:
        color = ramp(table.y, (0, NAVY), (0.45, LAPIS), (0.8, AZURE))
        table.put(empty, color, table.y)
        table.put(empty & close, color * 0.8, away)
    else:
        table.put(empty, GOLD, table.y, gold=True)
        table.put(empty & close, STRAW, away, gold=True)


def _frame(rng: np.random.Generator, table: Table, aspect: float) -> None:
    """Five rows round the picture: plain lines and a running zigzag between them."""
    x, y = table.x, table.y
    side, end = np.minimum(x, aspect - x), np.minimum(y, 1 - y)  # distances from the borders
    edge = np.minimum(side, end)
    row = edge / table.stone
    run = np.where(side < end, y - 0.5, x - aspect / 2) / table.stone
    zigzag = np.abs((run / 6 + 0.5) % 1 - 0.5) * 6 + 1  # 1..4
    first, second = ((CRIMSON, LAPIS), (EMERALD, CRIMSON), (LAPIS, CORAL))[rng.integers(3)]
    color = np.where((row > zigzag)[..., None], first, second).astype(np.float32)
    color[np.abs(row - zigzag) < 0.6] = MARBLE
    color[row < 1] = BLACK
    color[row > 4] = STRAW
    table.put(row < 5, color, edge)
    block = 5 * table.stone - np.maximum(side, end)  # squares in the corners
    table.put(block > 0, ramp(block / table.stone, (0.9, STRAW), (1, first), (3, first), (3.1, MARBLE)), block)


def _tail(rng: np.random.Generator, table: Table, seat: np.ndarray, size: float) -> None:
    """The fan: green barbs from the seat outward, and rings of eyes, the outermost first."""
    dx, dy = table.x - seat[0], seat[1] - table.y
    r, turn = np.hypot(dx, dy), np.arctan2(dx, dy)  # 0 is up
    span = 1.75
    barbs = 0.5 + 0.5 * np.sin(turn * 44 + 14 * r / size)
    color = ramp(barbs, (0, MOSS), (0.4, EMERALD), (0.8, TURQUOISE), (1, LEAF))
    table.put((r < size) & (np.abs(turn) < span), color, r)
    for ring, count, eye in ((1.0, 13, 0.125), (0.77, 11, 0.108), (0.56, 9, 0.09), (0.38, 6, 0.085)):
        for u in (np.arange(count) + 0.5) / count * 2 - 1:
            a = u * span + rng.uniform(-0.02, 0.02)
            at = seat + size * ring * np.array([np.sin(a), -np.cos(a)])
            part = table.near(at, 1.5 * eye * size)
            ex, ey = (part.x - at[0]) / size, (part.y - at[1]) / size
            out, side = ex * np.sin(a) - ey * np.cos(a), ex * np.cos(a) + ey * np.sin(a)
            far = np.hypot(out * (0.8 + 0.25 * (out > 0)), side) / eye
            lobes = (0.28, NAVY), (0.3, LAPIS), (0.5, LAPIS), (0.52, TURQUOISE), (0.72, TURQUOISE)
            plume = ramp(far, *lobes, (0.74, STRAW), (0.9, GOLD), (0.94, EMERALD), (1.1, EMERALD))
            part.put(far < 1.15, plume, far * eye * size)


def _bird(table: Table, seat: np.ndarray, unit: float, way: int) -> None:
    """Legs, body, neck, head, beak and crest of a bird that looks to `way`, -1 for left or 1."""
    table = table.near(seat - (0, 0.06 * unit), (0.24 * unit, 0.33 * unit))
    x, y = (table.x - seat[0]) / unit * way, (table.y - seat[1]) / unit

    def limb(points: list, widths: list) -> np.ndarray:
        """Depth (h, w) under the skin of a limb through `points`, `widths` thick there."""
        depth = np.full(x.shape, -np.inf, np.float32)
        for (ax, ay), (bx, by), a, b in zip(points, points[1:], widths, widths[1:]):
            t = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)
            t = np.clip(t, 0, 1)
            depth = np.maximum(depth, a + (b - a) * t - np.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)))
        return depth

    for foot in (-0.05, 0.05):
        leg = limb([(0.4 * foot, 0.1), (foot, 0.21), (foot + 0.06, 0.23)], [0.012, 0.012, 0.009])
        table.put(leg > 0, CORAL, leg * unit)
    for k in range(5):
        a = 0.12 + 0.22 * (k - 2)
        tip = (0.075 + 0.11 * np.sin(a), -0.235 - 0.11 * np.cos(a))
        stem = limb([(0.075, -0.235), tip], [0.007, 0.007])
        table.put(stem > 0, STRAW, stem * unit, gold=True)
        bead = limb([tip, (tip[0] + 1e-3, tip[1])], [0.018, 0.018])
        table.put(bead > 0, AZURE, bead * unit)
    body = limb([(0, 0.04), (0.015, -0.02), (0.03, -0.09), (0.05, -0.16), (0.075, -0.21)], [0.115, 0.1, 0.062, 0.045, 0.046])
    sheen = 0.5 + 4 * x + 0.5 * np.sin(60 * y + 40 * x)
    blue = ramp(sheen, (-0.3, NAVY), (0.2, LAPIS), (0.8, AZURE), (1.3, TURQUOISE))
    table.put(body > 0, blue, body * unit)
    wing = limb([(0.04, -0.05), (-0.03, 0.03), (-0.12, 0.12)], [0.05, 0.055, 0.008])
    table.put(wing > 0, ramp(np.sin(150 * (0.6 * x - 0.8 * y)), (-0.3, BRONZE), (0.1, CORAL), (0.7, MARBLE)), wing * unit)
    beak = np.minimum(0.02 - 0.3 * (x - 0.11) - np.abs(y + 0.21 - 0.15 * (x - 0.11)), x - 0.11)
    table.put(beak > 0, GOLD, table.y, gold=True)
    cheek = 1 - np.hypot((x - 0.085) / 0.026, (y + 0.212) / 0.024)
    table.put(cheek > 0, MARBLE, cheek * 0.025 * unit)
    table.put(cheek > 0.5, BLACK, (cheek - 0.5) * 0.025 * unit)


def _flower(rng: np.random.Generator, table: Table, at: np.ndarray, size: float) -> None:
    """A round flower of petals about a gold heart."""
    table = table.near(at, 1.1 * size)
    dx, dy = (table.x - at[0]) / size, (table.y - at[1]) / size
    far, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    petals = int(rng.integers(5, 8))
    lobe = 0.82 + 0.18 * np.cos(petals * turn + rng.uniform(0, 6))
    rim, inner = ((MARBLE, CORAL), (CRIMSON, CORAL), (CORAL, MARBLE), (STRAW, CRIMSON))[rng.integers(4)]
    table.put(far < lobe, ramp(far / lobe, (0.55, inner), (0.65, rim)), far * size)
    table.put(far < 0.35, GOLD, far * size, gold=True)


def _star(rng: np.random.Generator, table: Table, at: np.ndarray, size: float) -> None:
    """A star of gold with eight points."""
    part = table.near(at, 1.1 * size)
    dx, dy = (part.x - at[0]) / size, (part.y - at[1]) / size
    far = np.hypot(dx, dy)
    points = 0.75 + 0.25 * np.cos(8 * np.arctan2(dy, dx) + rng.uniform(0, 6))
    part.put(far < points, ramp(far, (0.3, STRAW), (0.5, GOLD)), far * size, gold=True)


def _scroll(rng: np.random.Generator, table: Table, at: np.ndarray, side: int, turns: int) -> None:
    """A vine that winds into a spiral about a flower, two rows of leaves and two of gold; `side` -1 or 1 is its way."""
    pace = 4 * table.stone  # from coil to coil
    radius = (turns + 0.5) * pace
    part = table.near(at, 1.1 * radius)
    dx, dy = (part.x - at[0]) * side, part.y - at[1]
    r, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    coil = (r / pace - turn / (2 * np.pi)) % 1
    vine = coil < 0.5
    leaf = ramp(np.sin(12 * turn), (-0.5, EMERALD), (0.5, MOSS), (0.8, LEAF))
    part.put(r < radius, np.where(vine[..., None], leaf, STRAW), coil * pace, ~vine)
    _flower(rng, table, at, 1.2 * pace)
