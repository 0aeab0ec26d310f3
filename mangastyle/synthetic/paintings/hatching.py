"""Pen and ink: mountains, a castle and a lake in engraved lines that swell with the shade and cross in the dark."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mangastyle.synthetic.paintings.fields import grid, noise, waves, window

PAPER, SEPIA, INDIGO = (246, 235, 210), (52, 30, 20), (34, 44, 92)
PITCH = 0.0112  # from line to line, in picture heights
PEN = 0.0022  # width of a contour, in picture heights


class Sheet(NamedTuple):
    """A window of the drawing: places x and y in picture heights and the ink laid so far, all float32.

    x, y : (h, w); sepia, indigo : (h, w), the share of the paper that the ink covers.
    """

    x: np.ndarray
    y: np.ndarray
    sepia: np.ndarray
    indigo: np.ndarray

    def near(self, center: tuple | np.ndarray, reach: float | tuple) -> Sheet:
        """The part within `reach` of `center`, as (x, y) in picture heights."""
        box = window(self.x.shape, center, reach)
        return Sheet(*(field[box] for field in self))

    def band(self, top: float, bottom: float) -> Sheet:
        """The part from `top` to `bottom` in picture heights."""
        middle = self.x[0].mean()
        return self.near((middle, (top + bottom) / 2), (middle, (bottom - top) / 2))


def paint(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A castle on a crag above a lake, peaks behind it, in sepia near and indigo far."""
    x, y = grid(height, width)
    sheet = Sheet(x, y, np.zeros_like(x), np.zeros_like(x))
    aspect = width / height
    unit = min(1.0, aspect)  # things shrink in narrow pictures
    castle = rng.choice([0.27, 0.73]) + rng.uniform(-0.04, 0.04)
    _sky(rng, sheet, aspect, unit, 1 - castle)
    for base, tall, count, far in ((0.62, 0.40, 3, 1.0), (0.63, 0.2, 5, 0.6)):
        for u in rng.permutation((np.arange(count) + rng.uniform(0.2, 0.8, count)) / count):
            _peak(rng, sheet, (u * aspect, base), tall * unit * rng.uniform(0.7, 1.1), far)
    _lake(rng, sheet, (1 - castle) * aspect, castle * aspect)
    _crag(rng, sheet, castle * aspect, unit)
    _shore(rng, sheet, aspect, unit, castle)
    fibres = noise(rng, x * 110, y * 110, 1)[..., None]
    picture = np.array(PAPER, np.float32) + 1.5 * fibres  # (h, w, 3)
    for cover, ink in ((sheet.indigo, INDIGO), (sheet.sepia, SEPIA)):
        picture *= 1 - cover[..., None] * (1 - np.array(ink, np.float32) / PAPER)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


# --- the pen ---------------------------------------------------------------------------------------------------


def _lines(stream: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Ink (h, w) of lines along the contours of `stream`, one at each whole number and a half.

    weight : (h, w) in 0..1, the share of the paper that lines cover there.
    Every pixel gets the exact mean over its area, so that lines are smooth and shades right at every size.
    """
    down, right = np.gradient(stream)
    reach = np.clip(np.hypot(down, right), 0.02, 50) / 2

    def inked(t: np.ndarray) -> np.ndarray:
        """Ink from 0 to `t` across the lines."""
        whole = np.floor(t)
        return weight * whole + np.clip(t - whole - 0.5 + weight / 2, 0, weight)

    return (inked(stream + reach) - inked(stream - reach)) / (2 * reach)


def _hatch(rng: np.random.Generator, sheet: Sheet, dark: np.ndarray, form: np.ndarray, *crossing: float) -> np.ndarray:
    """Ink (h, w) as dark as `dark` in 0..1: lines along the form, and others across it where it is darker.

    form : (h, w) in picture heights; the first lines follow its contours.
    crossing : angles in radians of the straight lines across, for ever darker places.
    """
    x, y = sheet.x, sheet.y
    paper = np.ones_like(x)
    streams = [form] + [x * np.sin(a) - y * np.cos(a) for a in crossing]
    for k, stream in enumerate(streams):
        hand = 0.22 * noise(rng, x * 9, y * 9, 2)  # lines are not quite straight
        stream = stream / PITCH + hand
        weight = (dark - 0.27 * k) * (0.62 - 0.08 * k)
        weight *= 1 + 0.18 * noise(rng, x * 30, y * 30, 1)  # nor evenly pressed
        paper *= 1 - _lines(stream, np.where(weight > 0.06, np.clip(weight, 0, 0.62), 0))
    return 1 - paper


def _draw(sheet: Sheet, depth: np.ndarray, sepia: np.ndarray | float, indigo: np.ndarray | float, pen: float) -> None:
    """Lay ink, over all that is there, where `depth` (h, w) is above 0, with a contour `pen` contours wide."""
    down, right = np.gradient(depth)
    pixels = depth / (np.hypot(down, right) + 1e-9)  # distance from the edge
    inside = np.clip(pixels + 0.5, 0, 1)
    _over(sheet.sepia, sepia, inside)
    _over(sheet.indigo, indigo, inside)
    reach = pen * PEN / (sheet.y[1, 0] - sheet.y[0, 0])
    contour = np.clip(reach / 2 - np.abs(pixels) + 0.5, 0, min(1, reach))
    ink = sheet.sepia if np.any(sepia) else sheet.indigo
    _over(ink, 1.0, contour)


def _over(canvas: np.ndarray, layer: np.ndarray | float, cover: np.ndarray) -> None:
    """Lay `layer` over `canvas`, in place, as far as `cover` in 0..1 hides what was there."""
    canvas += cover * (layer - canvas)


# --- the view --------------------------------------------------------------------------------------------------


def _sky(rng: np.random.Generator, sheet: Sheet, aspect: float, unit: float, sun: float) -> None:
    """Ruled lines that leave the rays of a low sun, and heaped clouds."""
    part = sheet.band(0, 0.65)
    x, y = part.x, part.y
    dx, dy = x - sun * aspect, y - 0.5
    turn = np.arctan2(dy, dx)
    rays = 0.5 + 0.5 * np.tanh(3 * np.sin(turn * 23 + 2.2 * np.sin(5 * turn + rng.uniform(0, 6))))
    away = np.hypot(dx, dy) / unit
    dark = (0.30 + 0.75 * np.clip(0.5 - y, 0, 1)) * (1 - np.exp(-((away / 0.24) ** 3)))
    dark *= 1 - 0.75 * rays * np.exp(-((away / 0.55) ** 4))
    part.indigo[:] = _hatch(rng, part, dark, y + 0.012 * waves(rng, x, 2), 0.5)
    for u, v, size in ((0.2, 0.13, 0.10), (0.78, 0.09, 0.085), (0.52, 0.24, 0.06), (0.03, 0.3, 0.06), (0.97, 0.28, 0.07)):
        _cloud(rng, sheet, ((u + rng.uniform(-0.08, 0.08)) * aspect, v + rng.uniform(-0.03, 0.03)), size * unit)


def _cloud(rng: np.random.Generator, sheet: Sheet, center: tuple, size: float) -> None:
    """A heap of round tufts, small ones round the rim, each shaded away from the upper left; its base lies level."""
    turns = np.pi * (np.arange(11) + rng.uniform(0.2, 0.8, 11)) / 11
    rim = np.stack([1.9 * np.cos(turns), -0.95 * np.sin(turns) ** 0.8], axis=1)
    heap = np.concatenate([rim, 0.72 * rim[1::2], 0.35 * rim[::4]]) + rng.normal(0, 0.07, (19, 2))
    for u, v in heap:
        at = np.array(center) + size * np.array([u, v])
        r = size * rng.uniform(0.36, 0.52) * (1.15 - 0.22 * abs(u))
        part = sheet.near(at, 1.4 * r)
        dx, dy = (part.x - at[0]) / r, (part.y - at[1]) / r
        far = np.hypot(dx, dy)
        dark = np.clip(0.55 * far * (0.6 * dx + 0.8 * dy) + 0.35 * (v + 0.55), 0, 0.75)
        edge = 1 - far + 0.03 * np.sin(5 * np.arctan2(dy, dx) + 9 * u)
        _draw(part, edge * r, 0, _hatch(rng, part, dark, far * r, 0.6), 0.7)


def _peak(rng: np.random.Generator, sheet: Sheet, foot: tuple, tall: float, far: float) -> None:
    """A mountain: one face lit, one in shadow, both ribbed by gullies, the base lost in mist; indigo as it is `far`."""
    part = sheet.near((foot[0], foot[1] - 0.6 * tall), (1.6 * tall, 0.75 * tall))
    x, y = part.x, part.y
    rise = (foot[1] - y) / tall  # 0 at the base, 1 at the top
    side = (x - foot[0]) / tall
    rough = noise(rng, side * 4, rise * 4, 4)
    depth = tall * (1 - np.abs(side) / 1.05 - rise + 0.045 * rough * np.minimum(1, 0.25 + 2 * np.abs(side)))
    ridge = side - 0.16 * waves(rng, rise * 1.5, 4) * (1 - rise) - rng.uniform(-0.2, 0.2) * (1 - rise)
    snow = np.clip((rise - 0.62 + 0.1 * rough) * 6, 0, 1)
    mist = np.clip(rise * 2.6 + 0.12, 0, 1)
    for way, shade, edge in ((1, 0.26, depth), (-1, 0.66, np.minimum(depth, tall * (ridge + 0.03 * rough)))):
        slope = side + way * 0.8 * rise  # along the face
        ribs = noise(rng, 9 * (side - way * 0.75 * rise) + 0.4 * rough, 2.2 * slope, 2)
        dark = (shade + 0.24 * ribs) * (1 - (0.8 if way > 0 else 0.35) * snow) * mist
        form = tall * (side - way * 0.75 * rise + 0.03 * rough)
        ink = _hatch(rng, part, np.clip(dark, 0, 1), form, way * 0.5, -way * 0.9)
        _draw(part, edge, (1 - far) * ink, far * ink, 1.1)


def _lake(rng: np.random.Generator, sheet: Sheet, sun: float, castle: float) -> None:
    """Still water in level lines: the glitter of the sun, the castle's reflection and streaks of wind."""
    part = sheet.band(0.6, 1)
    x, y = part.x, part.y
    near = np.clip((y - 0.63) / 0.37, 0, 1)
    streaks = noise(rng, x * 2.5, y * 38 / (0.6 + near), 2)
    dark = 0.46 + 0.3 * np.exp(-near * 14) + 0.2 * streaks
    dark -= 0.5 * np.exp(-(((x - sun) / (0.05 + 0.16 * near)) ** 2)) * (0.6 + 0.4 * streaks)
    dark += 0.3 * np.exp(-(((x - castle) / 0.2) ** 4) - 4 * near)
    form = y + 0.0016 * np.sin(x * 70 + 12 * streaks) * (0.3 + near)
    _draw(part, y - 0.63, 0, _hatch(rng, part, np.clip(dark, 0, 1), form, 0.25), 0.8)


def _crag(rng: np.random.Generator, sheet: Sheet, at: float, unit: float) -> None:
    """A rock that rises from the lake, a castle on it, and pines on its foot."""
    part = sheet.near((at, 0.6), (0.45 * unit, 0.2))
    side = (part.x - at) / unit
    rough = noise(rng, side * 9, part.y / unit * 6, 4)
    steep = 1 / (1 + np.abs(side / 0.2 + 0.12 * rough) ** 5)
    top = 0.72 - 0.22 * unit * steep + 0.01 * rough
    _castle(rng, sheet, (at, 0.72 - 0.21 * unit), 0.085 * unit)
    gullies = noise(rng, side * 26, part.y / unit * 7, 2)
    dark = 0.5 + 0.28 * gullies + 0.9 * np.clip(side, -0.2, 0.2)
    form = part.x - 0.25 * part.y + 0.012 * unit * rough
    low = 0.725 + 0.012 * waves(rng, part.x * 3, 2) - part.y  # where the water begins
    _draw(part, np.minimum(part.y - top, low), _hatch(rng, part, np.clip(dark, 0.05, 1), form, 0.7, -0.5), 0, 1.2)
    for u in np.sort(rng.uniform(-1, 1, 16))[rng.permutation(16)]:
        _pine(rng, sheet, (at + 0.27 * unit * u, 0.725 - 0.05 * unit * rng.random()), unit * rng.uniform(0.06, 0.1))


def _castle(rng: np.random.Generator, sheet: Sheet, foot: tuple, size: float) -> None:
    """Round towers and walls on `foot`, lit from the left."""
    for u, wide, tall, roof in (
        (-0.75, 0.24, 1.1, 0.8), (0.55, 0.30, 1.5, 1.0), (-0.1, 0.62, 0.95, 0), (-0.2, 0.3, 1.9, 1.1),
        (1.05, 0.22, 0.85, 0.6), (0.5, 0.55, 0.55, 0), (-0.8, 0.45, 0.5, 0),
    ):  # fmt: skip
        tall *= rng.uniform(0.85, 1.15)
        middle = foot[0] + u * size
        part = sheet.near((middle, foot[1] - 1.5 * size), (size, 2 * size))
        dx, up = (part.x - middle) / (wide * size), (foot[1] - part.y) / size  # -1..1 across, 0 at the foot
        rings = part.y + 0.12 * size * wide * dx**2  # round walls: lines bow down
        battlement = tall + 0.09 * (np.sin(dx * wide * 26) > 0)
        stone = np.minimum((1 - np.abs(dx)) * wide, np.minimum(battlement - up, up + 0.5)) * size
        dark = 0.22 + 0.5 * np.clip(dx, -0.3, 1) + 0.05 * noise(rng, dx * 4, up * 8, 2)
        _draw(part, stone, _hatch(rng, part, np.clip(dark, 0, 1), rings, 1.45, 0.8), 0, 1)
        for hole in np.arange(0.3, tall - 0.2, 0.42):
            window = np.minimum(0.075 - np.abs(dx * wide - 0.05), 0.12 - np.abs(up - hole)) * size
            _draw(part, window, 0.95, 0, 0.8)
        if roof:
            cone = np.minimum(1.25 * wide * (1 - (up - tall) / roof) - np.abs(dx * wide), up - tall) * size
            ribs = 0.1 * dx / np.maximum(1 - (up - tall) / roof, 0.1) * wide  # lines meet in the tip
            _draw(part, cone, _hatch(rng, part, np.clip(0.62 + 0.4 * dx, 0.3, 1), ribs, 0.4), 0, 1)


def _pine(rng: np.random.Generator, sheet: Sheet, foot: tuple, tall: float) -> None:
    """A conifer: tiers of drooping boughs, each dark below the one above, the right side in shadow."""
    part = sheet.near((foot[0], foot[1] - 0.5 * tall), (0.4 * tall, 0.6 * tall))
    side, up = (part.x - foot[0]) / tall, (foot[1] - part.y) / tall
    rough = noise(rng, side * 16, up * 16, 3)
    trunk = np.minimum(0.018 + 0.02 * np.exp(-40 * up) - np.abs(side), np.minimum(up, 0.3 - up)) * tall
    _draw(part, trunk, 0.9, 0, 0.8)
    tiers = max(5, round(tall * 26))
    tier = (np.clip(1 - up, 0, 1) ** 0.8 * tiers + 0.5 * np.abs(side) * tiers + 0.16 * rough) % 1  # 0 at the top of a tier, 1 below
    edge = (0.25 * (1.02 - up)) * (0.55 + 0.45 * tier) * (1 + 0.14 * rough)
    depth = np.minimum(edge - np.abs(side), np.minimum(up - 0.06, 1.02 - up)) * tall
    dark = 0.62 + 1.6 * side / (1.1 - np.minimum(up, 1)) + 0.5 * (0.45 - tier)
    form = part.y - 0.55 * np.abs(part.x - foot[0]) + 0.01 * tall * rough
    _draw(part, depth, _hatch(rng, part, np.clip(dark, 0.15, 1), form, 1.2, -0.9), 0, 0.8)


def _shore(rng: np.random.Generator, sheet: Sheet, aspect: float, unit: float, castle: float) -> None:
    """Our own bank: grass, boulders, and great pines on the side away from the castle."""
    part = sheet.band(0.75, 1)
    x, y = part.x, part.y
    way = 1 if castle < 0.5 else -1
    bank = 0.93 - 0.10 * np.clip(way * (x / aspect - 0.5) * 2, -0.6, 1) + 0.015 * waves(rng, x * 1.5, 3)
    grass = 0.58 + 0.28 * noise(rng, x * 4, y * 9, 3) + 1.2 * (y - bank)
    blades = x + 0.35 * y + 0.008 * noise(rng, x * 5, y * 4, 2)
    _draw(part, y - bank, _hatch(rng, part, np.clip(grass, 0.1, 1), blades, 0.2, -0.3), 0, 1.3)
    for u in rng.permutation((np.arange(9) + rng.random(9)) / 9):
        size = unit * rng.uniform(0.02, 0.055)
        _boulder(rng, sheet, (u * aspect, 0.96 - 0.09 * way * (u - 0.5) + rng.uniform(-0.03, 0.03)), size)
    for u, tall in ((0.62, 0.34), (0.8, 0.5), (0.95, 0.72)):
        u = 0.5 + way * (u - 0.5) + rng.uniform(-0.02, 0.02)
        _pine(rng, sheet, (u * aspect, 0.93 + rng.uniform(-0.02, 0.04)), tall * unit)


def _boulder(rng: np.random.Generator, sheet: Sheet, center: tuple, size: float) -> None:
    """A stone with lines round its form, lit from the upper left."""
    part = sheet.near(center, (2 * size, 1.5 * size))
    dx, dy = (part.x - center[0]) / size, (part.y - center[1]) / size
    rough = noise(rng, dx, dy, 3)
    far = np.hypot(dx / 1.4, dy) + 0.1 * rough
    dark = np.clip(0.42 + 0.4 * dx / 1.4 + 0.5 * dy + 0.1 * rough, 0, 1)
    _draw(part, (1 - far) * size, _hatch(rng, part, dark, size * (0.9 * far + 0.35 * dx), 0.3, -0.8), 0, 1.2)
