"""What tops are made of: a trunk with neckline and hem, collars, ties, buttons."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.clothes import bow
from mangastyle.synthetic.characters.curves import bend, curve
from mangastyle.synthetic.characters.design import between
from mangastyle.synthetic.figures import body, patterns
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.shapes import disk, line, star
from mangastyle.synthetic.figures.sheet import Sheet, Thing

TUCKED = 0.6  # height at which a top ends under a skirt or trousers


def trunk(
    figure: Figure, deep: float, wide: float = 1.5, round_: bool = True, bottom: float = TUCKED, extra: float = 0.05, flare: float = 0.0
):
    """The outline of a top, and its neckline from left to right.

    deep : height of the neckline's lowest point. wide : its ends, in half widths of the neck.
    """
    rim, b, n = figure.body, figure.body.build, body.neck_half(figure)
    x0 = n * wide
    v0 = -0.02 + 0.02 * (wide - 1)
    over = body.shoulders(figure, extra)
    center = rim.spine(0.0)
    left, right = over[over[:, 0] < center[0] - x0], over[over[:, 0] > center[0] + x0]
    a, c, low = rim.at(-x0, v0), rim.at(x0, v0), rim.across(0.0, deep)
    if round_:
        neckline = curve([a, rim.at(-0.72 * x0, v0 + 0.68 * (deep - v0)), low, rim.at(0.72 * x0, v0 + 0.68 * (deep - v0)), c])
    else:
        neckline = np.concatenate([line(a, low, 10), line(low, c, 10)[1:]])
    sides = body.sides(figure, 0.2, bottom, extra)
    spread = np.linspace(0, 1, len(sides[0]))[:, None] ** 2 * np.array([flare, 0])
    left_side, right_side = sides[0] - spread, sides[1] + spread
    hem = bend(right_side[-1], (right_side[-1] + left_side[-1]) / 2 + (0, 0.14 * b.width), left_side[-1])
    return np.concatenate([left, neckline, right, right_side, hem[1:-1], left_side[::-1]]), neckline


def cloth(sheet: Sheet, figure: Figure, outline: np.ndarray, thing: Thing, rng: np.random.Generator, pattern: float = 0.0) -> int:
    """Fill with shadow, folds, bust line, outline."""
    b, rim = figure.body.build, figure.body
    label = sheet.put(outline, thing)
    patterns.draw(sheet, figure, outline, rng, pattern)
    sheet.cast(outline, outline + sheet.toward_light(0.26 * b.width))
    sheet.outline(outline)
    with sheet.inside(outline) as inner:
        if not figure.masculine and b.bust > 0.35 and b.width > 0.6:
            for side in (-1, 1):
                cup = curve(
                    [
                        rim.across(side * 0.9, 0.3),
                        rim.across(side * 0.62, 0.385),
                        rim.across(side * 0.25, 0.37),
                        rim.across(side * 0.1, 0.32),
                    ]
                )
                inner.cast(np.concatenate([cup, (cup + (0, 0.16 * b.bust * b.width))[::-1]]))
                inner.ink(cup, width=0.8)
        for side in (-1, 1):
            inner.ink(
                bend(rim.at(side * 1.05 * rim.half(0.24), 0.24), rim.across(side * 0.8, 0.25), rim.across(side * 0.6, 0.22)),
                width=0.85,
                start=1,
            )
            inner.ink(
                bend(rim.at(side * 1.05 * rim.half(0.52), 0.52), rim.across(side * 0.7, 0.54), rim.across(side * 0.45, 0.5)),
                width=0.8,
                start=1,
            )
    return label


def rim(sheet: Sheet, figure: Figure, neckline: np.ndarray, thing: Thing, thick: float = 0.11) -> None:
    """A band along the neckline."""
    thick *= figure.body.build.width**0.5
    low = neckline + (0, thick)
    low[:, 0] = neckline[:, 0] + (neckline[:, 0] - neckline[:, 0].mean()) * 0.12
    shape = np.concatenate([neckline, low[::-1]])
    sheet.put(shape, thing)
    sheet.outline(shape)


def collar(sheet: Sheet, figure: Figure, thing: Thing, low: float = 0.17) -> None:
    """A shirt collar's two wings."""
    rim, n = figure.body, body.neck_half(figure)
    for side in (-1, 1):
        wing = np.array(
            [rim.at(side * n * 1.02, -0.1), rim.at(side * n * 1.5, -0.01), rim.at(side * n * 1.55, low), rim.at(side * 0.05 * n, 0.085)]
        )
        sheet.put(wing, thing)
        sheet.cast(wing, wing + sheet.toward_light(0.07))
        sheet.outline(wing)


def neckwear(sheet: Sheet, figure: Figure, rng: np.random.Generator, v: float = 0.11) -> None:
    """A tie, a bow or a ribbon."""
    k, kind = figure.body.build.width, rng.random()
    c = figure.body.across(0.0, v)
    accent = figure.thing("accent", "accent")
    if kind < 0.35:
        end = figure.body.across(0.0, 0.5)
        w = 0.13 * k
        tie = np.array([c + (-0.5 * w, 0), c + (0.5 * w, 0), end + (1.25 * w, -0.22 * k), end, end + (-1.25 * w, -0.22 * k)])
        knot = c + k * np.array([(-0.12, -0.08), (0.12, -0.08), (0.075, 0.14), (-0.075, 0.14)])
        for shape in (tie, knot):
            sheet.put(shape, accent)
            sheet.cast(shape, shape + sheet.toward_light(0.05))
            sheet.outline(shape)
    elif kind < 0.85:
        bow(sheet, accent.tones, c[0], c[1], between(rng, 0.36, 0.6) * k)
    else:
        gem = star(c + (0, 0.1 * k), 0.14 * k, 4, 0.6)
        sheet.put(gem, figure.thing("metal", "metal"))
        sheet.outline(gem)


def buttons(sheet: Sheet, figure: Figure, v0: float, v1: float, count: int, u: float = 0.0, tones: str = "metal") -> None:
    for v in np.linspace(v0, v1, count):
        button = disk(figure.body.across(u, v), 0.055 * figure.body.build.width, 14)
        sheet.put(button, figure.thing("button", tones))
        sheet.outline(button, width=0.8)
