"""What is worn over clothes: capes, scarves, aprons, shawls, backpacks, wings."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.clothes import bow
from mangastyle.synthetic.characters.curves import bend, curve
from mangastyle.synthetic.characters.design import between
from mangastyle.synthetic.figures import bottoms, tresses
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.shapes import along, frill, line, scallops, tube
from mangastyle.synthetic.figures.sheet import Sheet


def draw_behind(sheet: Sheet, figure: Figure) -> None:
    """What hangs down the back."""
    if figure.over == "cape":
        _cape(sheet, figure)
    elif figure.over == "backpack":
        _pack(sheet, figure)
    elif figure.over == "wings":
        _wings(sheet, figure)
    if figure.top in ("kimono", "maid", "dress") and figure.random("over").random() < 0.5:
        tresses.draw_bow(sheet, figure.body.across(0.0, bottoms.WAIST), 0.75 * figure.body.build.width + 0.1, figure)


def draw_chest(sheet: Sheet, figure: Figure) -> None:
    """What lies on the chest, below the arms."""
    if figure.over in CHEST:
        CHEST[figure.over](sheet, figure)


def draw_shoulders(sheet: Sheet, figure: Figure) -> None:
    """What lies on the shoulders, over the arms and below the head."""
    if figure.over in SHOULDERS:
        SHOULDERS[figure.over](sheet, figure)


def _cape(sheet: Sheet, figure: Figure) -> None:
    rng, rim, b = figure.random("over"), figure.body, figure.body.build
    length = b.torso * between(rng, 0.7, 1.0) + b.legs * between(rng, 0.0, 0.75)
    flare, drift = between(rng, 0.5, 1.1) * (0.4 + 0.16 * length), 0.25 * figure.wind * length
    x = b.shoulders * 0.98
    left, right = rim.at(-x, 0.0), rim.at(x, 0.0)
    low = np.array([left + (-flare + drift, length), right + (flare + drift, length)])
    folds = int(rng.integers(3, 7))
    hem = frill(bend(low[1], low.mean(0) + (0, 0.5 * b.width), low[0], 24), folds, 0.16 * b.width)
    sides = bend(left, (left + low[0]) / 2 - (0.35 * flare, 0), low[0]), bend(right, (right + low[1]) / 2 + (0.35 * flare, 0), low[1])
    outline = np.concatenate([sides[1], hem[1:-1], sides[0][::-1]])
    thing = figure.thing("cape", "second")
    sheet.put(outline, thing)
    inner = np.concatenate(
        [line(rim.at(-0.8 * x, 0.05), rim.at(0.8 * x, 0.05), 4), line(low[1] * 0.9 + low[0] * 0.1, low[0] * 0.9 + low[1] * 0.1, 4)]
    )
    sheet.cast(inner)
    with sheet.inside(outline) as part:
        for i in range(1, folds):
            end = along(hem, 1 - i / folds)
            root = left + (right - left) * i / folds
            part.ink(bend(end, (end * 0.6 + root * 0.4) - (0.2 * drift, 0), root * 0.6 + end * 0.4), start=1.0)
    sheet.outline(outline)


def _collar_of_cape(sheet: Sheet, figure: Figure) -> None:
    rim, x = figure.body, figure.body.build.shoulders
    k, thing = figure.body.build.width, figure.thing("cape", "second")
    for side in (-1, 1):
        flap = curve([rim.at(side * 0.04, 0.1), rim.at(side * 0.3 * x, -0.1), rim.at(side * 0.75 * x, -0.03), rim.at(side * 1.13 * x, 0.1),
                      rim.at(side * 1.1 * x, 0.26), rim.at(side * 0.6 * x, 0.24)], closed=True)  # fmt: skip
        sheet.put(flap, thing)
        sheet.cast(flap, flap + sheet.toward_light(0.16 * k))
        sheet.outline(flap)
    c = rim.across(0.0, 0.09)
    if figure.random("over").random() < 0.5:
        bow(sheet, figure.colors.accent, c[0], c[1], 0.45 * k)
    else:
        clasp = c + 0.14 * k * np.array([(0, -1), (1, 0), (0, 1), (-1, 0)])
        sheet.put(clasp, figure.thing("metal", "metal"))
        sheet.outline(clasp)


def _scarf(sheet: Sheet, figure: Figure) -> None:
    rng, rim, k = figure.random("over"), figure.body, figure.body.build.width
    n, thing = 0.62 * k**0.5, figure.thing("scarf", "accent")
    side = 1 if figure.wind > 0 else -1
    end = rim.at(side * (0.5 * k), 0.5 + 0.2 * rng.random()) + (0.5 * figure.wind * k, 0)
    tail = tube(bend(rim.at(side * 0.45 * n, 0.0), rim.at(side * 0.3 * k, 0.25), end), k * np.linspace(0.2, 0.3, 11))
    sheet.put(tail, thing)
    sheet.cast(tail, tail + sheet.toward_light(0.1))
    with sheet.inside(tail) as inner:
        for s in (0.55, 0.8):
            stripe = tube(
                line(
                    along(bend(rim.at(side * 0.45 * n, 0.0), rim.at(side * 0.3 * k, 0.25), end), s) - (k, 0.02),
                    along(bend(rim.at(side * 0.45 * n, 0.0), rim.at(side * 0.3 * k, 0.25), end), s) + (k, 0.02),
                    4,
                ),
                0.1 * k,
            )
            inner.put(stripe, figure.thing("stripe", "white"))
            inner.outline(stripe)
    sheet.outline(tail)
    for drop in (0.06, -0.06):
        ring = curve(
            [
                rim.at(-1.25 * n, -0.08 + drop),
                rim.at(0.0, -0.02 + drop),
                rim.at(1.25 * n, -0.08 + drop),
                rim.at(1.2 * n, 0.04 + drop),
                rim.at(0.0, 0.1 + drop),
                rim.at(-1.2 * n, 0.04 + drop),
            ],
            closed=True,
        )
        sheet.put(ring, thing)
        sheet.cast(ring, ring + sheet.toward_light(0.12))
        sheet.outline(ring)


def _shawl(sheet: Sheet, figure: Figure) -> None:
    rim, k = figure.body, figure.body.build.width
    x = rim.build.shoulders
    top = curve([rim.at(-0.42 * x, -0.08), rim.at(0.0, 0.06), rim.at(0.42 * x, -0.08)])
    low = curve([rim.at(1.12 * x, 0.08), rim.at(1.08 * x, 0.26), rim.at(0.0, 0.36), rim.at(-1.08 * x, 0.26), rim.at(-1.12 * x, 0.08)])
    outline = np.concatenate([top, low])
    for flap in scallops(low[4:-4], 9, 0.16 * k):
        sheet.put(flap, figure.thing("frill", "white"))
        sheet.outline(flap)
    sheet.put(outline, figure.thing("shawl", "second"))
    sheet.cast(outline, outline + sheet.toward_light(0.2 * k))
    sheet.outline(outline)
    c = rim.across(0.0, 0.1)
    bow(sheet, figure.colors.accent, c[0], c[1], 0.4 * k)


def _apron(sheet: Sheet, figure: Figure) -> None:
    rim, k, n = figure.body, figure.body.build.width, 0.36 * figure.body.build.width**0.5
    white = figure.thing("apron", "white")
    for side in (-1, 1):
        strap = np.array(
            [rim.at(side * n * 1.1, -0.03), rim.at(side * n * 1.6, -0.01), rim.across(side * 0.72, 0.26), rim.across(side * 0.5, 0.26)]
        )
        sheet.put(strap, white)
        sheet.outline(strap)
    bib = curve(
        rim.across(np.array([-0.72, 0.72, 0.78, 0.9, -0.9, -0.78]), np.array([0.24, 0.24, 0.4, 0.57, 0.57, 0.4])), closed=True, samples=4
    )
    low, w = rim.spine(1.0) + (0, 0.14 * rim.build.legs), 1.15 * rim.build.hips
    edge = curve([low + (w, -0.35 * k), low + (0.8 * w, 0.15), low + (0, 0.34), low + (-0.8 * w, 0.15), low + (-w, -0.35 * k)])
    skirt = np.concatenate([rim.across(np.linspace(-1.0, 1.0, 5), 0.57), edge])
    for flap in scallops(edge, 11, 0.2 * k):
        sheet.put(flap, white)
        sheet.outline(flap)
    for shape in (bib, skirt):
        sheet.put(shape, white)
        sheet.cast(shape, shape + sheet.toward_light(0.14))
        sheet.outline(shape)
    pocket = rim.across(np.array([-0.35, 0.35, 0.3, -0.3]), np.array([0.74, 0.74, 0.92, 0.92]))
    sheet.outline(pocket, width=0.9)
    band = tube(rim.across(np.linspace(-1.06, 1.06, 7), 0.57), 0.08 * k)
    sheet.put(band, white)
    sheet.outline(band)


def _pack(sheet: Sheet, figure: Figure) -> None:
    rim, k = figure.body, figure.body.build.width
    x = rim.build.shoulders
    bag = curve(
        [
            rim.at(-1.15 * x, 0.1),
            rim.at(-0.7 * x, -0.06),
            rim.at(0.7 * x, -0.06),
            rim.at(1.15 * x, 0.1),
            rim.at(1.2 * x, 0.55),
            rim.at(0.0, 0.62),
            rim.at(-1.2 * x, 0.55),
        ],
        closed=True,
    )
    sheet.put(bag, figure.thing("bag", "accent"))
    sheet.cast(bag, bag + sheet.toward_light(0.2 * k))
    sheet.outline(bag)


def _straps(sheet: Sheet, figure: Figure) -> None:
    rim, x, k = figure.body, figure.body.build.shoulders, figure.body.build.width
    for side in (-1, 1):
        strap = tube(
            curve(
                [rim.at(side * 0.6 * x, -0.02), rim.across(side * 0.66, 0.15), rim.across(side * 0.72, 0.3), rim.at(side * 0.82 * x, 0.42)]
            ),
            0.11 * k,
        )
        sheet.put(strap, figure.thing("bag", "accent"))
        sheet.cast(strap, strap + sheet.toward_light(0.06))
        sheet.outline(strap)


def _wings(sheet: Sheet, figure: Figure) -> None:
    """Feathered wings that grow from the shoulder blades."""
    rim, k = figure.body, figure.body.build.width + 0.15
    white = figure.thing("wing", "white")
    for side in (-1, 1):
        root = rim.at(side * 0.3 * rim.build.shoulders, 0.2)
        for row, (count, long) in enumerate(((6, 3.4), (5, 2.2), (4, 1.2))):
            for i in range(count):
                a = np.radians(150 - 22 * i - 6 * row)
                tip = root + k * long * (1 - 0.07 * i) * np.array([side * np.sin(a), np.cos(a)])
                feather = tube(
                    bend(root, (root + tip) / 2 + (side * 0.3 * k, -0.35 * k), tip),
                    k * np.interp(np.linspace(0, 1, 11), (0, 0.6, 1), (0.12, 0.36, 0.1)),
                    0,
                    1.0,
                )
                sheet.put(feather, white)
                sheet.cast(feather, feather + sheet.toward_light(0.1))
                sheet.outline(feather, width=0.9)


CHEST = {"apron": _apron, "backpack": _straps}
SHOULDERS = {"cape": _collar_of_cape, "scarf": _scarf, "shawl": _shawl}
