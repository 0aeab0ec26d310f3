"""Tops of several layers: jackets, coats, vests, kimonos, uniforms, armor."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.curves import bend, curve
from mangastyle.synthetic.figures import body, patterns, trunks
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.shapes import line, scallops
from mangastyle.synthetic.figures.sheet import Sheet


def _open_front(sheet: Sheet, figure: Figure, rng: np.random.Generator, bottom: float, flare: float, part: str, lapels: bool) -> None:
    """A jacket that shows a shirt between its two halves."""
    rim, n, b = figure.body, body.neck_half(figure), figure.body.build
    shirt, _ = trunks.trunk(figure, 0.1, 1.1, False)
    inner = figure.thing("shirt", "white" if rng.random() < 0.7 else "second")
    trunks.cloth(sheet, figure, shirt, inner, rng)
    trunks.buttons(sheet, figure, 0.25, 0.56, 3, 0.0)
    trunks.neckwear(sheet, figure, rng)
    thing, label = figure.thing(part, "cloth"), None
    outline, _ = trunks.trunk(figure, 0.1, 1.2, False, bottom, 0.1, flare)
    center = rim.spine(np.linspace(-0.1, bottom + 0.1, 12))
    gap = np.interp(np.linspace(0, 1, 12), (0, 0.3, 0.6, 1.0), (0.5 * b.shoulders, 0.32 * b.shoulders, 0.05, 0.12 + 0.5 * flare))
    for side in (-1, 1):
        inside = center + np.stack([side * gap, np.zeros(12)], 1)
        inside[0] = rim.at(side * n * 1.15, -0.09)
        clip = np.concatenate([inside, [inside[-1] + (side * 6, 1), inside[0] + (side * 6, -3)]])
        with sheet.inside(clip) as part_sheet:
            label = part_sheet.put(outline, thing, label)
            part_sheet.cast(outline, outline + sheet.toward_light(0.26 * b.width))
            part_sheet.outline(outline)
            part_sheet.ink(
                bend(rim.at(side * 1.1 * rim.half(0.56), 0.56), rim.at(side * 0.6 * b.waist, 0.58), rim.at(side * 0.4 * b.waist, 0.54)),
                start=1,
            )
        with sheet.inside(outline) as covered:
            covered.outline(inside, closed=False)
        if lapels:
            x = side * np.array([1.55 * n, 0.62 * b.shoulders, 0.5 * b.shoulders, 0.56 * b.shoulders])
            notch = rim.at(x, np.array([-0.03, 0.13, 0.16, 0.2]))
            lapel = np.concatenate([inside[:1], notch, inside[[7, 4]]])
            sheet.put(lapel, thing, label)
            sheet.outline(lapel)
    if lapels:
        trunks.buttons(sheet, figure, 0.62, 0.76, 2, 0.06)
    trunks.collar(sheet, figure, inner, 0.14)


def blazer(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    _open_front(sheet, figure, rng, 0.94, 0.06, "cloth", True)


def coat(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    b = figure.body.build
    _open_front(sheet, figure, rng, 1.0 + 0.62 * b.legs / b.torso, 0.55 * b.width, "coat", rng.random() < 0.6)


def gakuran(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    outline, _ = trunks.trunk(figure, 0.04, 1.1, True, 0.96, 0.12)
    trunks.cloth(sheet, figure, outline, figure.thing("cloth", "cloth"), rng)
    rim, n = figure.body, body.neck_half(figure)
    for side in (-1, 1):
        half = np.array(
            [rim.at(side * 0.02, 0.0), rim.at(side * n * 1.05, -0.12), rim.at(side * n * 1.4, -0.02), rim.at(side * 0.02, 0.08)]
        )
        sheet.put(half, figure.thing("cloth", "cloth"))
        sheet.outline(half)
    sheet.ink(rim.across(np.zeros(8), np.linspace(0.06, 0.95, 8)), start=1.0, end=1.0)
    trunks.buttons(sheet, figure, 0.18, 0.82, 5)


def kimono(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    rim, n = figure.body, body.neck_half(figure)
    outline, _ = trunks.trunk(figure, 0.3, 1.2, False, 0.62, 0.1)
    trunks.cloth(sheet, figure, outline, figure.thing("cloth", "cloth"), rng, 0.8)
    w = 0.16 * rim.build.width
    for side, tones in ((-1, "white"), (-1, "second"), (1, "white"), (1, "second")):
        shift = 0.0 if tones == "white" else 0.75 * w
        path = curve(
            [
                rim.at(side * (n * 1.0 + shift), -0.1),
                rim.at(side * (n * 0.9 + shift), 0.1),
                rim.across(side * 0.1, 0.24) + (side * shift, 0),
                rim.across(-side * 0.3, 0.46) + (side * shift, 0),
            ]
        )
        collar = np.concatenate([path, (path + (side * w, 0.02))[::-1]])
        sheet.put(collar, figure.thing("collar", tones))
        sheet.outline(collar)


def vest(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    outline, _ = trunks.trunk(figure, 0.1, 1.1, False)
    trunks.cloth(sheet, figure, outline, figure.thing("white cloth", "white"), rng)
    trunks.neckwear(sheet, figure, rng)
    vest, _ = trunks.trunk(figure, 0.4, 2.0, False, 0.68, 0.07)
    trunks.cloth(sheet, figure, vest, figure.thing("vest", "cloth"), rng, 0.5)
    trunks.buttons(sheet, figure, 0.44, 0.6, 3)
    trunks.collar(sheet, figure, figure.thing("white cloth", "white"))


def maid(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    outline, _ = trunks.trunk(figure, 0.08, 1.1)
    trunks.cloth(sheet, figure, outline, figure.thing("white cloth", "white"), rng)
    rim, k = figure.body, figure.body.build.width
    left, right = body.sides(figure, 0.34, 0.6, 0.06)
    bodice = np.concatenate(
        [curve(rim.across(np.linspace(-1.03, 1.03, 7), 0.34 - 0.05 * np.cos(np.linspace(-9.4, 9.4, 7)))), right, left[::-1]]
    )
    trunks.cloth(sheet, figure, bodice, figure.thing("bodice", "second"), rng)
    for v in (0.4, 0.46, 0.52):
        a, b = rim.across(-0.16, v), rim.across(0.16, v)
        sheet.ink(line(a, b + (0, 0.05 * k), 3), start=1, end=1)
        sheet.ink(line(b, a + (0, 0.05 * k), 3), start=1, end=1)
    for side in (-1, 1):
        path = curve([rim.at(side * 0.62 * rim.build.shoulders, 0.0), rim.across(side * 0.75, 0.18), rim.across(side * 0.8, 0.33)])
        for flap in scallops(path, 4, -side * 0.28 * k):
            sheet.put(flap, figure.thing("frill", "white"))
            sheet.outline(flap)
    trunks.neckwear(sheet, figure, rng)
    trunks.collar(sheet, figure, figure.thing("white cloth", "white"), 0.13)


def armor(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    outline, _ = trunks.trunk(figure, 0.06, 1.2)
    trunks.cloth(sheet, figure, outline, figure.thing("cloth", "cloth"), rng)
    rim, k = figure.body, figure.body.build.width
    metal = figure.thing("metal", "metal")
    plate_left, plate_right = body.sides(figure, 0.2, 0.52, 0.1)
    plate = np.concatenate(
        [
            curve(rim.across(np.linspace(-0.95, 0.95, 5), np.array([0.14, 0.1, 0.12, 0.1, 0.14]))),
            plate_right,
            [rim.across(0.0, 0.58)],
            plate_left[::-1],
        ]
    )
    sheet.put(plate, metal)
    sheet.cast(plate, plate + sheet.toward_light(0.3 * k))
    sheet.gleam(
        curve(
            rim.across(np.array([-0.5, -0.3, -0.34, -0.56]) * -np.sign(sheet.hand.light[0]), np.array([0.18, 0.2, 0.32, 0.3])), closed=True
        )
    )
    sheet.outline(plate)
    sheet.ink(rim.across(np.zeros(6), np.linspace(0.12, 0.56, 6)), start=1, end=1)
    for i in range(3):
        v = 0.56 + 0.1 * i
        half = float(rim.half(v)) + 0.12 + 0.05 * i
        tasset = np.concatenate([rim.at(np.linspace(-half, half, 7), v), rim.at(np.linspace(half * 1.08, -half * 1.08, 7), v + 0.12)])
        sheet.put(tasset, metal)
        sheet.cast(tasset, tasset + sheet.toward_light(0.12))
        sheet.outline(tasset)
    for side in (-1, 1):
        c = rim.at(side * 0.98 * rim.build.shoulders, 0.03)
        for r in (0.62, 0.48):
            t = np.linspace(np.pi * 0.98, 2.12 * np.pi, 16) if side > 0 else np.linspace(np.pi * 0.88, 2.02 * np.pi, 16)
            dome = c + k * r * np.stack([np.cos(t), 0.9 * np.sin(t)], 1) + (0, 0.22 * k)
            sheet.put(dome, metal)
            sheet.cast(dome, dome + sheet.toward_light(0.12))
            sheet.outline(dome)
    patterns.emblem(sheet, figure, rim.across(0.0, 0.26), 0.15 * k, rng)
