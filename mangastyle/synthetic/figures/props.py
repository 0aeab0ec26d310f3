"""What a hand holds. Props lie along y in their own frame, the hand at (0, 0), up to the negative side; the fist is drawn over them."""

from __future__ import annotations

from typing import Callable

import numpy as np

from mangastyle.synthetic.characters.colors import tones
from mangastyle.synthetic.characters.curves import bend, curve
from mangastyle.synthetic.characters.design import between
from mangastyle.synthetic.figures import animals
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.limbs import arm
from mangastyle.synthetic.figures.shapes import direction, disk, heart, line, star, tube
from mangastyle.synthetic.figures.sheet import Sheet, Thing

WOOD = Thing("wood", tones((176, 128, 88)))
STEEL = Thing("blade", tones((218, 226, 236)))
PAGE = Thing("page", tones((252, 250, 242)))
LEAF = Thing("leaf", tones((116, 178, 96)))


def hand_of(figure: Figure) -> int:
    """The side of the hand that holds the prop, 0 if none does."""
    return next((side for side in (-1, 1) if figure.arms[side].hand == "grip"), 0)


def draw(sheet: Sheet, figure: Figure) -> None:
    """Draw the prop in the hand that grips, below that hand."""
    side = hand_of(figure)
    if not side or figure.prop not in HELD:
        return
    limb, k = arm(figure.body, side), figure.body.build.limb
    grip = limb.tip + 0.32 * k**0.8 * direction(limb.angle)
    rng = figure.random("props")
    tilt = {"sword": between(rng, -40, 40), "fan": 30, "flower": 12}.get(figure.prop, between(rng, -14, 14)) * side
    if figure.prop in ("bag", "balloon", "umbrella", "cup"):
        tilt = between(rng, -5, 5)
    held = sheet.moved(grip[0], grip[1], np.radians(tilt), (0.35 + 0.65 * k) * (1.0 if side > 0 else 1.0))
    HELD[figure.prop](held, figure, rng)


def _piece(sheet: Sheet, shape: np.ndarray, thing: Thing, depth: float = 0.08, width: float = 1.0) -> None:
    sheet.put(shape, thing)
    sheet.cast(shape, shape + sheet.toward_light(depth))
    sheet.outline(shape, width=width)


def _box(x: float, y: float, w: float, h: float) -> np.ndarray:
    return np.array([(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)])


def _sword(sheet, figure, rng) -> None:
    long, wide = between(rng, 3.6, 6.0), between(rng, 0.13, 0.32)
    up = -1 if rng.random() < 0.6 else 1
    blade = np.array([(-wide, -0.5), (-wide, -long), (0, -long - 2 * wide), (wide, -long), (wide, -0.5)]) * (1, -up)
    sheet.put(blade, STEEL)
    sheet.cast(np.array([(0, -0.5), (0, -long - 2 * wide), (wide, -long), (wide, -0.5)]) * (1, -up))
    sheet.gleam(np.array([(-0.75 * wide, -0.7), (-0.75 * wide, -0.93 * long), (-0.4 * wide, -0.93 * long), (-0.4 * wide, -0.7)]) * (1, -up))
    sheet.outline(blade)
    sheet.ink(line((0, 0.5 * up), (0, up * long), 6), width=0.8, start=1)
    _piece(sheet, tube(line((0, -0.55 * -up), (0, 0.7 * -up), 8), 0.11, 0, 1), figure.thing("grip", "shoes"))
    guard = curve(
        [(-0.6, -0.52), (-0.3, -0.44), (0, -0.5), (0.3, -0.44), (0.6, -0.52), (0.55, -0.66), (0, -0.68), (-0.55, -0.66)], closed=True
    )
    _piece(sheet, guard * (1, -up), figure.thing("metal", "metal"))
    _piece(sheet, disk((0, 0.78 * -up), 0.16), figure.thing("metal", "metal"))


def _staff(sheet, figure, rng) -> None:
    long = between(rng, 2.6, 4.4)
    _piece(sheet, tube(line((0, -long), (0, long * between(rng, 0.7, 1.3)), 8), 0.1, 1, 1), WOOD)
    kind, c = int(rng.integers(3)), np.array([0.0, -long - 0.3])
    if kind == 0:
        crescent = np.concatenate(
            [
                c + 0.7 * np.stack([np.sin(t := np.linspace(0.7, 5.6, 24)), -np.cos(t)], 1),
                (c + (0, -0.12) + 0.46 * np.stack([np.sin(t), -np.cos(t)], 1))[::-1],
            ]
        )
        _piece(sheet, crescent, figure.thing("metal", "metal"))
        _piece(sheet, disk(c, 0.24), figure.thing("gem", "accent"))
    elif kind == 1:
        _piece(sheet, star(c, 0.75), figure.thing("metal", "metal"))
        _piece(sheet, disk(c, 0.2), figure.thing("gem", "accent"))
    else:
        _piece(sheet, heart(c, 0.6), figure.thing("gem", "accent"))
        for side in (-1, 1):
            _piece(
                sheet,
                curve([c + (side * 0.5, 0.1), c + (side * 1.2, -0.5), c + (side * 1.1, 0.0), c + (side * 0.9, 0.25)], closed=True),
                figure.thing("wing", "white"),
            )


def _book(sheet, figure, rng) -> None:
    if rng.random() < 0.5:
        _piece(sheet, _box(0, -0.35, 0.72, 0.92), figure.thing("book", "accent"))
        _piece(sheet, _box(0, -0.35, 0.42, 0.34), figure.thing("title", "white"))
        sheet.outline(line((-0.58, -1.27), (-0.58, 0.57), 3), closed=False)
        return
    for side in (-1, 1):
        _piece(sheet, np.array([(0, -0.9), (side * 1.15, -1.1), (side * 1.15, 0.3), (0, 0.5)]), figure.thing("book", "accent"))
        _piece(
            sheet,
            np.concatenate(
                [bend((0, -0.95), (side * 0.5, -1.2), (side * 1.05, -1.05)), bend((side * 1.05, 0.18), (side * 0.5, 0.05), (0, 0.38))]
            ),
            PAGE,
        )
        for y in (-0.75, -0.5, -0.25):
            sheet.ink(line((side * 0.2, y - 0.05), (side * 0.85, y - 0.12), 4), width=0.7, start=0.8, end=0.8)


def _umbrella(sheet, figure, rng) -> None:
    top, r, n = -between(rng, 2.6, 3.6), between(rng, 2.2, 3.0), int(rng.integers(4, 7))
    _piece(sheet, tube(np.concatenate([line((0, top), (0, 0.8), 8), bend((0, 0.85), (0.02, 1.2), (0.4, 1.0), 6)]), 0.06, 1, 1), WOOD)
    x = np.linspace(-r, r, n + 1)
    two = rng.random() < 0.5
    for i in range(n):
        rib = [bend((0, top - 0.62 * r), (1.05 * a, top - 0.56 * r), (a, top + 0.1)) for a in x[i : i + 2]]
        low = bend(rib[1][-1], ((x[i] + x[i + 1]) / 2, top - 0.2), rib[0][-1])
        _piece(sheet, np.concatenate([rib[0][::-1], rib[1], low])[:-1], figure.thing("umbrella", "white" if two and i % 2 else "accent"))
    _piece(sheet, tube(line((0, top - 0.62 * r), (0, top - 0.62 * r - 0.35), 4), 0.06, 0, 1), figure.thing("metal", "metal"))


def _bag(sheet, figure, rng) -> None:
    handle = tube(bend((-0.5, 0.75), (0, -0.75), (0.5, 0.75)), 0.06)
    _piece(sheet, handle, figure.thing("bag", "shoes"))
    w = between(rng, 0.8, 1.2)
    bag = np.array([(-w, 0.7), (w, 0.7), (1.08 * w, 1.95), (-1.08 * w, 1.95)])
    _piece(sheet, bag, figure.thing("bag", "shoes"), 0.2)
    _piece(sheet, np.array([(-w, 0.7), (w, 0.7), (0.9 * w, 1.2), (0, 1.35), (-0.9 * w, 1.2)]), figure.thing("bag", "shoes"))
    _piece(sheet, _box(0, 1.32, 0.14, 0.1), figure.thing("metal", "metal"))


def _flower(sheet, figure, rng) -> None:
    _piece(sheet, tube(bend((0, 0.7), (0.1, -0.6), (-0.1, -1.6)), 0.05), LEAF)
    _piece(sheet, curve([(0.03, -0.6), (0.5, -1.0), (0.62, -0.75), (0.3, -0.5)], closed=True), LEAF)
    _blossom(sheet, (-0.1, -1.75), 0.55, figure.thing("petal", "accent"), figure, 5 + int(rng.integers(4)))


def _blossom(sheet: Sheet, center, r: float, thing: Thing, figure: Figure, count: int) -> None:
    for i in range(count):
        a = 360 * i / count
        tip = np.asarray(center) + r * direction(a)
        petal = tube(line(np.asarray(center), tip, 8), r * np.interp(np.linspace(0, 1, 8), (0, 0.7, 1), (0.1, 0.36, 0.28)), 0, 1)
        _piece(sheet, petal, thing, 0.04, 0.9)
    _piece(sheet, disk(center, 0.32 * r), figure.thing("metal", "metal"), 0.03)


def _lollipop(sheet, figure, rng) -> None:
    _piece(sheet, tube(line((0, 0.6), (0, -1.0), 5), 0.045), PAGE)
    c = np.array([0.0, -1.45])
    _piece(sheet, disk(c, 0.52), figure.thing("candy", "accent"), 0.12)
    t = np.linspace(0.5, 14, 60)[:, None]
    sheet.ink(c + 0.035 * t * np.concatenate([np.cos(t), np.sin(t)], 1), width=0.8)


def _balloon(sheet, figure, rng) -> None:
    count = int(rng.integers(1, 4))
    for i in range(count):
        c = np.array([(i - (count - 1) / 2) * 1.2 + 0.2, -3.8 - 0.7 * (i % 2)])
        sheet.outline(bend((0, 0.4), (0.2, -1.4), c + (0, 1.1)), closed=False)
        ball = curve([c + (0, -1.05), c + (0.85, -0.5), c + (0.7, 0.45), c + (0, 1.05), c + (-0.7, 0.45), c + (-0.85, -0.5)], closed=True)
        _piece(sheet, ball, figure.thing("balloon", ("accent", "second", "cloth")[i]), 0.3)
        sheet.gleam(curve([c + (-0.5, -0.45), c + (-0.3, -0.75), c + (-0.22, -0.6), c + (-0.42, -0.3)], closed=True))
        _piece(
            sheet, np.array([c + (0, 1.0), c + (0.14, 1.22), c + (-0.14, 1.22)]), figure.thing("balloon", ("accent", "second", "cloth")[i])
        )


def _fan(sheet, figure, rng) -> None:
    a = np.radians(np.linspace(-70, 70, 9))
    for i in range(8):
        wedge = np.concatenate([[(0, 0.1)], 1.7 * np.stack([np.sin(a[i : i + 2]), -np.cos(a[i : i + 2])], 1)])
        _piece(sheet, wedge, figure.thing("fan", "accent" if i % 2 else "white"), 0.04)
    _piece(sheet, disk((0, 0.05), 0.1), figure.thing("metal", "metal"))


def _cup(sheet, figure, rng) -> None:
    _piece(sheet, np.array([(-0.38, -0.75), (0.38, -0.75), (0.29, 0.45), (-0.29, 0.45)]), figure.thing("cup", "white"), 0.12)
    _piece(sheet, np.array([(-0.36, -0.45), (0.36, -0.45), (0.31, 0.1), (-0.31, 0.1)]), figure.thing("sleeve", "accent"), 0.12)
    _piece(sheet, curve([(-0.42, -0.75), (0, -0.92), (0.42, -0.75), (0, -0.66)], closed=True), figure.thing("lid", "shoes"), 0.03)
    sheet.outline(line((0.08, -0.85), (0.2, -1.35), 3), width=1.4, closed=False)


HELD: dict[str, Callable] = {
    "sword": _sword, "staff": _staff, "book": _book, "umbrella": _umbrella, "bag": _bag, "flower": _flower, "lollipop": _lollipop,
    "balloon": _balloon, "fan": _fan, "cup": _cup,
}  # fmt: skip


def draw_hugged(sheet: Sheet, figure: Figure) -> None:
    """A soft toy in both arms, below the arms."""
    if figure.prop == "plush":
        c = figure.body.across(0.0, 0.42)
        held = sheet.moved(c[0], c[1], 0.12 * np.sign(figure.wind), 0.62 * figure.body.build.width + 0.12)
        animals.draw(held, figure.random("animals"), sitting=True)
