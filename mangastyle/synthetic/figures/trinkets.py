"""Small things on a figure: chokers, necklaces, bracelets, hip pouches, brooches, flowers in the hair."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.curves import bend, curve
from mangastyle.synthetic.characters.hair import Front
from mangastyle.synthetic.figures import body
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.limbs import arm
from mangastyle.synthetic.figures.shapes import along, direction, disk, line, star, tube
from mangastyle.synthetic.figures.sheet import Sheet, Thing

OFTEN = 0.4


def _piece(sheet: Sheet, shape: np.ndarray, thing: Thing, width: float = 0.9) -> None:
    sheet.put(shape, thing)
    sheet.cast(shape, shape + sheet.toward_light(0.05))
    sheet.outline(shape, width=width)


def draw_neck(sheet: Sheet, figure: Figure) -> None:
    """A choker or a necklace on bare skin."""
    rng, n, rim = figure.random("trinkets"), body.neck_half(figure), figure.body
    kind, k = rng.random(), rim.build.width
    if figure.top in ("sweater", "hoodie", "gakuran") or kind > 2 * OFTEN:
        return
    if kind < OFTEN:
        y = rim.build.neck - 0.18 * k - 0.12
        upper, lower = bend((-n * 1.02, y), (0, y + 0.16), (n * 1.02, y)), bend((n * 1.04, y + 0.13), (0, y + 0.3), (-n * 1.04, y + 0.13))
        _piece(sheet, np.concatenate([upper, lower]), figure.thing("choker", "accent"))
        _piece(sheet, disk((0, y + 0.26), 0.1, 16), figure.thing("metal", "metal"))
        return
    path = curve([rim.at(-1.1 * n, -0.06), rim.at(-0.8 * n, 0.06), rim.across(0.0, 0.13), rim.at(0.8 * n, 0.06), rim.at(1.1 * n, -0.06)])
    if rng.random() < 0.5:
        for t in np.linspace(0, 1, 12):
            _piece(sheet, disk(along(path, t), 0.075 * k, 12), figure.thing("pearl", "white"), 0.7)
    else:
        sheet.outline(path, width=0.8, closed=False)
        _piece(sheet, star(rim.across(0.0, 0.15), 0.13 * k, 4, 0.6), figure.thing("metal", "metal"))


def draw_arms(sheet: Sheet, figure: Figure, side: int) -> None:
    """Bracelets on a bare wrist, a band on the upper arm."""
    rng, limb, k = figure.random("trinkets"), arm(figure.body, side), figure.body.build.limb
    if figure.sleeve in ("short", "puff", "none") and rng.random() < OFTEN:
        for i in range(1 + int(rng.integers(3))):
            _piece(sheet, limb.ring(1.93 - 0.08 * i, 0.09 * k, 0.03), figure.thing("bracelet", "metal" if i % 2 == 0 else "accent"))
    if figure.sleeve == "long" and rng.random() < 0.5 * OFTEN and side == 1:
        _piece(sheet, limb.ring(0.62, 0.4 * k, 0.12 * k), figure.thing("armband", "accent"))
    if figure.sleeve in ("none", "short") and rng.random() < 0.5 * OFTEN:
        glove = limb.cover(1.1, 2.0, 1.08, 0.02, (0.1, 0.1))
        _piece(sheet, glove, figure.thing("glove", "legwear"), 1.0)
        _piece(sheet, limb.ring(1.12, 0.12 * k, 0.06 * k), figure.thing("frill", "white"))


def draw_hips(sheet: Sheet, figure: Figure) -> None:
    """A slanted belt with a pouch, or a chain."""
    rng, rim, k = figure.random("trinkets"), figure.body, figure.body.build.width
    if rng.random() > 0.7 * OFTEN or figure.top in ("kimono", "coat", "maid"):
        return
    side = 1 if rng.random() < 0.5 else -1
    path = curve([rim.across(-side * 1.04, 0.6), rim.across(0.0, 0.72), rim.across(side * 1.06, 0.76)])
    _piece(sheet, tube(path, 0.08 * k), figure.thing("belt", "shoes"), 1.0)
    for t in (0.2, 0.5):
        _piece(sheet, disk(along(path, t), 0.05 * k, 12), figure.thing("metal", "metal"), 0.7)
    c = along(path, 0.86)
    pouch = c + k * np.array([(-0.36, -0.06), (0.36, -0.06), (0.4, 0.62), (-0.4, 0.62)])
    _piece(sheet, curve(pouch, closed=True, samples=5), figure.thing("bag", "shoes"), 1.0)
    flap = bend(c + (0.4 * k, 0.2 * k), c + (0, 0.42 * k), c + (-0.4 * k, 0.2 * k))
    _piece(sheet, np.concatenate([c + k * np.array([(-0.38, -0.08), (0.38, -0.08)]), flap]), figure.thing("bag", "shoes"))
    _piece(sheet, disk(c + (0, 0.3 * k), 0.07 * k, 12), figure.thing("metal", "metal"))


def draw_hair(sheet: Sheet, figure: Figure, front: Front) -> None:
    """Flowers or clips in the hair."""
    rng, side = figure.random("trinkets"), figure.head.dark_side
    if figure.masculine or figure.hat != "none" or figure.head.headgear != "none" or rng.random() > 0.6:
        return
    c, count = np.array([side * 0.82 * front.width, -0.75]), 1 + int(rng.integers(3))
    petals = figure.thing("petal", "accent" if rng.random() < 0.6 else "white")
    for i in range(count):
        center, r = c + (0.22 * i * -side, -0.3 * i), 0.3 - 0.04 * i
        for angle in np.arange(5) * 72.0 + 20 * i:
            path = line(center, center + r * direction(angle), 8)
            _piece(sheet, tube(path, r * np.interp(np.linspace(0, 1, 8), (0, 0.7, 1), (0.15, 0.42, 0.3)), 0, 1), petals)
        _piece(sheet, disk(center, 0.3 * r, 14), figure.thing("metal", "metal"), 0.8)
    if count > 1:
        for x in (-0.08, 0.1):
            ribbon = tube(bend(c, c + (side * 0.25, 0.4), c + (x + side * 0.1, 0.95)), 0.05)
            _piece(sheet, ribbon, petals)
