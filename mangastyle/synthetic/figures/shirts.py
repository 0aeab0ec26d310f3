"""Tops of one layer: shirts, sweaters, dresses."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.curves import bend, curve
from mangastyle.synthetic.characters.design import between
from mangastyle.synthetic.figures import body, patterns, trunks
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.shapes import line, scallops
from mangastyle.synthetic.figures.sheet import Sheet


def hangs(figure: Figure) -> bool:
    """Whether a T-shirt is not tucked in."""
    return figure.random("tops").random() < 0.5


def tee(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    bottom = 0.76 if hangs(figure) else trunks.TUCKED
    outline, neckline = trunks.trunk(figure, between(rng, 0.06, 0.14), between(rng, 1.2, 1.8), bottom=bottom, extra=0.07)
    trunks.cloth(sheet, figure, outline, figure.thing("cloth", "cloth"), rng, 1.2)
    trunks.rim(sheet, figure, neckline, figure.thing("accent", "accent"))
    if rng.random() < 0.4:
        patterns.emblem(sheet, figure, figure.body.across(0.0, 0.3), between(rng, 0.2, 0.36) * figure.body.build.width, rng)


def camisole(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    rim, k = figure.body, figure.body.build.width
    top = rim.across(np.linspace(-0.98, 0.98, 9), 0.24 - 0.04 * np.abs(np.linspace(-1, 1, 9)))
    left, right = body.sides(figure, 0.24, trunks.TUCKED, 0.05)
    outline = np.concatenate([curve(top), right, left[::-1]])
    for side in (-1, 1):
        strap = np.array([rim.across(side * 0.62, 0.22), rim.across(side * 0.52, 0.22), rim.at(side * 0.5 * rim.build.shoulders, 0.0),
                          rim.at(side * 0.6 * rim.build.shoulders, 0.01)])  # fmt: skip
        sheet.put(strap, figure.thing("cloth", "cloth"))
        sheet.outline(strap)
    trunks.cloth(sheet, figure, outline, figure.thing("cloth", "cloth"), rng, 1.0)
    for flap in scallops(curve(top)[::-1], 7, -0.16 * k):
        sheet.put(flap, figure.thing("frill", "white"))
        sheet.outline(flap)


def shirt(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    outline, _ = trunks.trunk(figure, 0.1, 1.1, False)
    trunks.cloth(sheet, figure, outline, figure.thing("cloth", "cloth"), rng, 0.7)
    seam = figure.body.across(np.zeros(8), np.linspace(0.1, trunks.TUCKED, 8))
    sheet.ink(seam, start=1.0, end=1.0)
    trunks.buttons(sheet, figure, 0.2, 0.54, 4, 0.06)
    trunks.neckwear(sheet, figure, rng)
    trunks.collar(sheet, figure, figure.thing("collar", "white" if rng.random() < 0.3 else "cloth"))


def sailor(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    rim, n = figure.body, body.neck_half(figure)
    outline, _ = trunks.trunk(figure, 0.3, 1.25, False, bottom=0.62)
    trunks.cloth(sheet, figure, outline, figure.thing("cloth", "cloth"), rng)
    half = rim.build.shoulders
    for side in (-1, 1):
        wing = np.concatenate([bend(rim.at(side * n * 1.1, -0.05), rim.at(side * 0.62 * half, -0.01), rim.at(side * 0.8 * half, 0.06)),
                               bend(rim.at(side * 0.78 * half, 0.14), rim.at(side * 0.4 * half, 0.2), rim.across(0.0, 0.34)),
                               bend(rim.across(0.0, 0.28), rim.at(side * 0.5 * n, 0.1), rim.at(side * n * 1.1, -0.05))])  # fmt: skip
        sheet.put(wing, figure.thing("collar", "second"))
        sheet.cast(wing, wing + sheet.toward_light(0.08))
        stripe = np.concatenate([bend(rim.at(side * 0.7 * half, 0.05), rim.at(side * 0.68 * half, 0.13), rim.at(side * 0.36 * half, 0.18)),
                                 [rim.across(0.0, 0.31)]])  # fmt: skip
        with sheet.inside(wing) as inner:
            inner.outline(stripe, width=0.8, closed=False)
        sheet.outline(wing)
    trunks.neckwear(sheet, figure, rng, 0.33)


def hoodie(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    rim, n, k = figure.body, body.neck_half(figure), figure.body.build.width
    outline, _ = trunks.trunk(figure, 0.1, 1.3, True, 0.9, 0.2 * k)
    thing = figure.thing("cloth", "cloth")
    trunks.cloth(sheet, figure, outline, thing, rng, 0.6)
    half = rim.half(np.array([0.84, 0.92])) + 0.22 * k
    hem = np.concatenate([rim.at(np.linspace(-half[0], half[0], 7), 0.85), rim.at(np.linspace(half[1], -half[1], 7), 0.93)])
    sheet.put(hem, thing)
    sheet.outline(hem)
    pocket = curve(
        rim.across(np.array([-0.5, 0.5, 0.66, 0.6, -0.6, -0.66]), np.array([0.56, 0.56, 0.66, 0.82, 0.82, 0.66])), closed=True, samples=4
    )
    sheet.outline(pocket, width=0.9)
    for side in (-1, 1):
        wing = curve([rim.across(0.0, 0.12), rim.at(side * n * 0.9, 0.03), rim.at(side * n * 1.2, -0.14), rim.at(side * n * 2.1, -0.1),
                      rim.at(side * n * 2.35, 0.0), rim.at(side * n * 1.6, 0.12), rim.across(0.0, 0.2)], closed=True)  # fmt: skip
        sheet.put(wing, thing)
        sheet.cast(wing, wing + sheet.toward_light(0.12))
        sheet.outline(wing)
        string = np.array(
            [
                rim.at(side * 0.5 * n, 0.17),
                rim.at(side * 0.55 * n, 0.3),
                rim.at(side * (0.55 * n + 0.05), 0.3),
                rim.at(side * (0.5 * n + 0.05), 0.17),
            ]
        )
        sheet.put(string, figure.thing("accent", "accent"))
        sheet.outline(string, width=0.8)
    if rng.random() < 0.4:
        patterns.emblem(sheet, figure, rim.across(0.0, 0.36), 0.28 * k, rng)


def sweater(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    rim, n = figure.body, body.neck_half(figure)
    outline, _ = trunks.trunk(figure, 0.05, 1.1, True, 0.84, 0.13)
    thing = figure.thing("cloth", "cloth")
    trunks.cloth(sheet, figure, outline, thing, rng, 1.0)
    half = rim.half(np.array([0.79, 0.86])) + 0.15
    hem = np.concatenate([rim.at(np.linspace(-half[0], half[0], 7), 0.79), rim.at(np.linspace(half[1], -half[1], 7), 0.86)])
    roll = np.concatenate(
        [rim.at(np.linspace(-1.15 * n, 1.15 * n, 7), -0.13), bend(rim.at(1.4 * n, 0.0), rim.at(0.0, 0.11), rim.at(-1.4 * n, 0.0))]
    )
    for shape in (hem, roll):
        sheet.put(shape, thing)
        sheet.cast(shape, shape + sheet.toward_light(0.1))
        sheet.outline(shape)
        low, high = shape.min(0), shape.max(0)
        with sheet.inside(shape) as inner:
            for x in np.linspace(low[0], high[0], 12)[1:-1]:
                inner.ink(line((x, low[1]), (x, high[1]), 4), width=0.6, start=0.8, end=0.8)


def dress(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    outline, neckline = trunks.trunk(figure, between(rng, 0.08, 0.24), between(rng, 1.3, 2.0), rng.random() < 0.7, bottom=0.6)
    trunks.cloth(sheet, figure, outline, figure.thing("cloth", "cloth"), rng, 0.4)
    if rng.random() < 0.5:
        for flap in scallops(neckline[::-1], 6, -0.2 * figure.body.build.width):
            sheet.put(flap, figure.thing("frill", "white"))
            sheet.outline(flap)
    else:
        trunks.rim(sheet, figure, neckline, figure.thing("accent", "accent"))
    if rng.random() < 0.6:
        trunks.neckwear(sheet, figure, rng, 0.28)
