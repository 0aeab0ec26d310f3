"""What is behind figures: mostly plain paper; else a color, a gradient, a room, a landscape, shapes. The long side spans -1..1."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.colors import Color, hsv, mix, tones
from mangastyle.synthetic.characters.curves import bend, curve, ellipse
from mangastyle.synthetic.characters.design import between, pick
from mangastyle.synthetic.figures.shapes import disk, frill, heart, line, star, tube
from mangastyle.synthetic.figures.sheet import Sheet, Thing

KINDS = {"paper": 60, "color": 8, "gradient": 6, "shape": 5, "hills": 5, "room": 5, "sea": 3, "night": 3, "marks": 3, "street": 2}
EVERYTHING = np.array([(-1.2, -1.2), (1.2, -1.2), (1.2, 1.2), (-1.2, 1.2)])
GREEN: Color = (150, 204, 120)


def draw(sheet: Sheet, rng: np.random.Generator) -> None:
    """Draw what is behind the figures."""
    kind = pick(rng, KINDS)
    if kind != "paper":
        hue = between(rng, 0, 360)
        SCENES[kind](sheet, rng, hsv(hue, between(rng, 0.08, 0.35), between(rng, 0.9, 1.0)), hsv(hue + between(rng, -60, 60), 0.15, 0.99))


def _thing(part: str, color: Color) -> Thing:
    return Thing(part, tones(color))


def _piece(sheet: Sheet, shape: np.ndarray, thing: Thing, depth: float = 0.0) -> None:
    sheet.put(shape, thing)
    if depth:
        sheet.cast(shape, shape + sheet.toward_light(depth))
    sheet.outline(shape)


def _color(sheet, rng, base, other) -> None:
    sheet.put(EVERYTHING, _thing("ground", base))


def _gradient(sheet, rng, base, other) -> None:
    light = (max(base[0], other[0]), max(base[1], other[1]), max(base[2], other[2]))
    sheet.put(EVERYTHING, _thing("ground", light))
    sheet.grade(base, other)


def _shape(sheet, rng, base, other) -> None:
    kind, thing = int(rng.integers(4)), _thing("ground", base)
    if kind == 0:
        _piece(sheet, disk((between(rng, -0.1, 0.1), between(rng, -0.2, 0.1)), between(rng, 0.4, 0.62), 60), thing)
    elif kind == 1:
        x, y = between(rng, 0.3, 0.55), between(rng, 0.4, 0.8)
        _piece(sheet, np.array([(-x, -y), (x, -y), (x, y), (-x, y)]), thing)
    elif kind == 2:
        for i in range(12):
            a = np.array([i, i + 0.5]) * np.pi / 6
            _piece(sheet, np.concatenate([[(0, 0)], 1.8 * np.stack([np.cos(a), np.sin(a)], 1)]), thing)
    else:
        for i in range(3):
            x = -0.6 + 0.4 * i
            _piece(sheet, np.array([(x, -1.2), (x + 0.25, -1.2), (x + 0.25, 1.2), (x, 1.2)]), _thing("ground", base if i % 2 else other))


def _marks(sheet, rng, base, other) -> None:
    """Hearts, stars, notes and petals that float around."""
    for _ in range(int(rng.integers(6, 16))):
        c, r = rng.uniform(-0.95, 0.95, 2), between(rng, 0.015, 0.05)
        shape = (disk, star, heart)[int(rng.integers(3))](c, r)
        _piece(sheet, shape, _thing("mark", hsv(between(rng, 0, 360), 0.5, 0.97)))


def _clouds(sheet: Sheet, rng: np.random.Generator, count: int) -> None:
    for _ in range(count):
        x, y, r = between(rng, -0.8, 0.8), between(rng, -0.85, -0.1), between(rng, 0.06, 0.14)
        cloud = [
            (-2, 0.3),
            (-1.9, -0.2),
            (-1.2, -0.3),
            (-0.9, -0.85),
            (0, -1),
            (0.6, -0.6),
            (1.2, -0.7),
            (1.6, -0.2),
            (2.1, -0.1),
            (2, 0.3),
        ]
        _piece(sheet, curve(cloud, closed=True) * r + (x, y), _thing("cloud", (252, 253, 255)), 0.03)


def _hills(sheet, rng, base, other) -> None:
    sheet.put(EVERYTHING, _thing("sky", hsv(between(rng, 196, 214), between(rng, 0.22, 0.45), 0.99)))
    _clouds(sheet, rng, 3)
    for i in range(3):
        y = 0.15 + 0.2 * i
        x = np.linspace(-1.2, 1.2, 7)
        ridge = curve(np.stack([x, y + rng.uniform(-0.08, 0.08, 7)], 1))
        color = hsv(between(rng, 80, 150), between(rng, 0.3, 0.5), between(rng, 0.75, 0.92))
        _piece(sheet, np.concatenate([ridge, [(1.2, 1.3), (-1.2, 1.3)]]), _thing("hill", color))
        if i < 2:
            for _ in range(int(rng.integers(0, 4))):
                _tree(sheet, rng, np.array([between(rng, -0.9, 0.9), y + 0.03]), between(rng, 0.1, 0.2))


def _tree(sheet: Sheet, rng: np.random.Generator, foot: np.ndarray, size: float) -> None:
    trunk = np.array([(-0.12, 0), (0.12, 0), (0.08, -1.0), (-0.08, -1.0)]) * size + foot
    _piece(sheet, trunk, _thing("trunk", (164, 120, 88)))
    ring = ellipse(0, 0, 0.55 * size, 0.6 * size, points=40)
    crown = frill(np.concatenate([ring, ring[:1]]), 9, -0.12 * size)[:-1] + foot - (0, 1.3 * size)
    _piece(sheet, crown, _thing("leaves", mix(GREEN, hsv(between(rng, 60, 150), 0.5, 0.8), 0.6)), 0.2 * size)


def _sea(sheet, rng, base, other) -> None:
    sheet.put(EVERYTHING, _thing("sky", hsv(between(rng, 196, 214), 0.22, 1.0)))
    _clouds(sheet, rng, 2)
    for y, color in ((0.0, (120, 190, 222)), (0.45, (246, 228, 190))):
        edge = frill(line((1.2, y), (-1.2, y), 12), 14, 0.02)[::-1]
        _piece(sheet, np.concatenate([edge, [(1.3, 1.3), (-1.3, 1.3)]]), _thing("sea" if y == 0 else "sand", color))


def _night(sheet, rng, base, other) -> None:
    sheet.put(EVERYTHING, _thing("sky", hsv(between(rng, 222, 262), between(rng, 0.35, 0.55), between(rng, 0.42, 0.62))))
    _piece(sheet, disk((between(rng, -0.5, 0.5), between(rng, -0.7, -0.3)), between(rng, 0.12, 0.3), 50), _thing("moon", (255, 244, 200)))
    for _ in range(14):
        _piece(sheet, star(rng.uniform(-0.95, 0.95, 2), between(rng, 0.012, 0.035), 4, 0.35), _thing("star", (255, 250, 225)))


def _room(sheet, rng, base, other) -> None:
    sheet.put(EVERYTHING, _thing("wall", base))
    floor = np.array([(-1.3, 0.55), (1.3, 0.55), (1.3, 1.3), (-1.3, 1.3)])
    _piece(sheet, floor, _thing("floor", hsv(28, 0.35, 0.85)))
    for i in range(-8, 9):
        sheet.ink(line((0.16 * i, 0.55), (0.3 * i, 1.2), 4), width=0.7, start=1, end=1)
    x, y = between(rng, -0.4, 0.4), -0.35
    frame = np.array([(-0.36, -0.42), (0.36, -0.42), (0.36, 0.42), (-0.36, 0.42)])
    _piece(sheet, frame * 1.12 + (x, y), _thing("frame", (250, 246, 238)))
    for i in (-1, 1):
        for j in (-1, 1):
            _piece(sheet, frame * 0.46 + (x + i * 0.185, y + j * 0.21), _thing("pane", (206, 232, 250)))
    for s in (-1, 1):
        curtain = np.concatenate(
            [
                line((x + s * 0.5, y - 0.52), (x + s * 0.22, y - 0.52), 4),
                bend((x + s * 0.22, y - 0.52), (x + s * 0.34, y), (x + s * 0.42, y + 0.55)),
                [(x + s * 0.55, y + 0.55)],
            ]
        )
        _piece(sheet, curtain, _thing("curtain", other), 0.04)


def _street(sheet, rng, base, other) -> None:
    sheet.put(EVERYTHING, _thing("sky", hsv(206, 0.2, 1.0)))
    x = -1.2
    while x < 1.2:
        w, top = between(rng, 0.18, 0.4), between(rng, -0.8, -0.1)
        _piece(
            sheet,
            np.array([(x, top), (x + w, top), (x + w, 0.7), (x, 0.7)]),
            _thing("house", hsv(between(rng, 0, 360), 0.18, between(rng, 0.85, 0.98))),
        )
        for wy in np.arange(top + 0.08, 0.55, 0.16):
            for wx in (x + 0.25 * w, x + 0.7 * w):
                _piece(
                    sheet,
                    np.array([(-0.03, -0.04), (0.03, -0.04), (0.03, 0.04), (-0.03, 0.04)]) + (wx, wy),
                    _thing("window", (196, 226, 246)),
                )
        x += w
    _piece(sheet, np.array([(-1.3, 0.6), (1.3, 0.6), (1.3, 1.3), (-1.3, 1.3)]), _thing("street", (208, 208, 214)))


SCENES = {
    "color": _color, "gradient": _gradient, "shape": _shape, "hills": _hills, "room": _room, "sea": _sea, "night": _night, "marks": _marks,
    "street": _street,
}  # fmt: skip


def draw_seat(sheet: Sheet, center: np.ndarray, width: float, height: float, rng: np.random.Generator) -> None:
    """A stool, a crate or a rock under somebody who sits, in the units of the figure."""
    kind, top = int(rng.integers(3)), center
    if kind == 0:
        for s in (-1, 0.2, 1):
            leg = tube(line(top + (0.8 * s * width, 0), top + (0.95 * s * width, height), 4), 0.1)
            _piece(sheet, leg, _thing("wood", (176, 130, 92)))
        _piece(sheet, ellipse(top[0], top[1], 1.15 * width, 0.32 * width, 0, 40), _thing("seat", hsv(between(rng, 0, 360), 0.45, 0.9)), 0.1)
    elif kind == 1:
        box = np.array([(-1.1, -0.1), (1.1, -0.1), (1.1, 1), (-1.1, 1)]) * (width, height) + top
        _piece(sheet, box, _thing("crate", (204, 160, 112)), 0.2)
        for y in (0.3, 0.65):
            sheet.outline(line(top + (-1.1 * width, y * height), top + (1.1 * width, y * height), 4), closed=False)
    else:
        rock = (
            curve([(-1.2, 0.1), (-0.6, -0.15), (0.5, -0.12), (1.2, 0.15), (1.5, 1.0), (0, 1.05), (-1.5, 1.0)], closed=True)
            * (width, height)
            + top
        )
        _piece(sheet, rock, _thing("rock", (190, 190, 198)), 0.3)
