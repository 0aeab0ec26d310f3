"""What legs wear: socks, stockings, shoes, boots; and bare feet."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.curves import bend, ellipse
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.limbs import Limb, leg
from mangastyle.synthetic.figures.shapes import direction, line, tube
from mangastyle.synthetic.figures.sheet import Sheet, Thing

TOPS = {"socks": 1.72, "knee socks": 1.2, "thigh highs": 0.62, "tights": 0.0}  # where they begin on the leg


def draw(sheet: Sheet, figure: Figure, side: int) -> None:
    """Draw stocking and shoe of one leg, over the bare leg."""
    limb, thickness = leg(figure.body, side), figure.body.build.limb
    rng = figure.random("legs")
    foot = figure.skin
    if figure.legwear in TOPS:
        foot = figure.thing("legwear", "legwear")
        top = TOPS[figure.legwear]
        stocking = limb.cover(top, 2.0, extra=0.02, ends=(0.0 if top else 0.6, 0.3))
        sheet.put(stocking, foot)
        sheet.cast(stocking, stocking + sheet.toward_light(0.2 * thickness))
        sheet.outline(stocking)
        if top and rng.random() < 0.6:
            band = limb.ring(top + 0.06, 0.2 * thickness, 0.05 * thickness)
            sheet.put(band, figure.thing("accent", "accent") if rng.random() < 0.4 else foot)
            sheet.outline(band)
    SHOES[figure.shoes](sheet, figure, limb, foot)


def _foot(figure: Figure, limb: Limb, long: float = 1.0, wide: float = 1.0, drop: float = 0.0) -> np.ndarray:
    """A foot seen from the front, as a tube from ankle to toes."""
    k = figure.body.build.limb**0.85 * (1.15 if figure.masculine else 1.0)
    step = direction(limb.angle)
    heel, toe = limb.tip - (0, 0.02 * k), limb.tip + k * long * (0.62 * step * (1, 0.78)) + (0, 0.06 * k)
    half = k * wide * np.interp(np.linspace(0, 1, 12), (0, 0.3, 0.75, 1.0), (0.24, 0.26, 0.31, 0.27))
    return tube(line(heel, toe, 12), half, 0.5, 0.72) + (0, drop * k)


def _shoe(sheet: Sheet, figure: Figure, limb: Limb, thing: Thing, sole: Thing, low: float, opening: bool) -> None:
    """A shoe with its sole, and the instep if it is open there."""
    k = figure.body.build.limb
    bottom = _foot(figure, limb, 1.0, 1.06, 0.09)
    sheet.put(bottom, sole)
    sheet.outline(bottom)
    upper = _foot(figure, limb, 1.0, 1.04)
    label = sheet.put(upper, thing)
    sheet.cast(upper, upper + sheet.toward_light(0.12 * k))
    _shine(sheet, limb, k)
    sheet.outline(upper)
    if opening:
        worn = figure.thing("legwear", "legwear") if figure.legwear in TOPS else figure.skin
        cut = limb.tip + (0, low * k) + k * np.stack([0.21 * np.cos(np.linspace(0, np.pi, 12)), 0.2 * np.sin(np.linspace(0, np.pi, 12))], 1)
        instep = np.concatenate([cut, [limb.edge(1.93, 0.9), limb.edge(1.93, -0.9)]])
        sheet.put(instep, worn)
        sheet.outline(cut, closed=False)
    else:
        sheet.put(limb.cover(1.9, 2.0, 0.9), thing, label)


def _shine(sheet: Sheet, limb: Limb, k: float) -> None:
    """Light on the toes of a shoe."""
    x, y = limb.tip + k * 0.52 * direction(limb.angle) * (1, 0.78) + sheet.toward_light(0.14 * k)
    sheet.gleam(ellipse(x, y, 0.07 * k, 0.045 * k, points=16))


def _loafers(sheet: Sheet, figure: Figure, limb: Limb, foot: Thing) -> None:
    thing = figure.thing("shoes", "shoes")
    _shoe(sheet, figure, limb, thing, thing, 0.12, True)


def _heels(sheet: Sheet, figure: Figure, limb: Limb, foot: Thing) -> None:
    thing = figure.thing("shoes", "shoes")
    _shoe(sheet, figure, limb, thing, figure.thing("sole", "white"), 0.2, True)
    strap = limb.ring(1.92, 0.1 * figure.body.build.limb, 0.03)
    sheet.put(strap, thing)
    sheet.outline(strap)


def _sneakers(sheet: Sheet, figure: Figure, limb: Limb, foot: Thing) -> None:
    k = figure.body.build.limb
    _shoe(sheet, figure, limb, figure.thing("shoes", "shoes"), figure.thing("sole", "white"), 0.04, True)
    step = direction(limb.angle)
    toe = limb.tip + k * 0.66 * step * (1, 0.78) + (0, 0.06 * k)
    cap = tube(line(toe - 0.06 * k * step, toe + 0.1 * k * step, 5), k * 0.24, 0.5, 0.9)
    sheet.put(cap, figure.thing("sole", "white"))
    sheet.outline(cap)
    for i in range(3):
        c = limb.tip + (0.16 + 0.11 * i) * k * step + (0, 0.06 * k)
        sheet.ink(bend(c - (0.13 * k, 0.02), c + (0, 0.04 * k), c + (0.13 * k, -0.02)), start=0.8, end=0.8)


def _boots(sheet: Sheet, figure: Figure, limb: Limb, foot: Thing, top: float = 1.58) -> None:
    k, thing = figure.body.build.limb, figure.thing("shoes", "shoes")
    bottom = _foot(figure, limb, 1.0, 1.1, 0.1)
    sheet.put(bottom, thing)
    sheet.outline(bottom)
    upper = _foot(figure, limb, 1.0, 1.08)
    label = sheet.put(upper, thing)
    _shine(sheet, limb, k)
    sheet.outline(upper)
    shaft = limb.cover(top, 2.0, (1.1, 1.2), 0.05 * k, (0.0, 0.5))
    sheet.put(shaft, thing, label)
    sheet.cast(shaft, shaft + sheet.toward_light(0.2 * k))
    sheet.outline(shaft)
    sheet.put(limb.cover(1.86, 2.0, 1.12, ends=(0.0, 0.8)), thing, label)
    cuff = limb.ring(top, 0.17 * k, 0.11 * k)
    sheet.put(cuff, figure.thing("accent", "accent") if figure.random("shoes").random() < 0.4 else thing)
    sheet.outline(cuff)
    for t in (1.8, 1.9):
        sheet.ink(bend(limb.edge(t, 1.2), limb.edge(t + 0.04, 0.2), limb.edge(t + 0.02, -0.5)), width=0.8, start=1.0)


def _tall_boots(sheet: Sheet, figure: Figure, limb: Limb, foot: Thing) -> None:
    _boots(sheet, figure, limb, foot, 1.08)


def _barefoot(sheet: Sheet, figure: Figure, limb: Limb, foot: Thing) -> None:
    k = figure.body.build.limb
    shape = _foot(figure, limb, 1.0, 0.86)
    label = sheet.put(shape, foot)
    sheet.outline(shape)
    sheet.put(limb.cover(1.8, 2.0, 0.94, ends=(0.0, 0.6)), foot, label)
    if foot is figure.skin or foot.part == "skin":
        step = direction(limb.angle)
        toe = limb.tip + k * 0.72 * step * (1, 0.78) + (0, 0.06 * k)
        for i in (-1.5, -0.5, 0.5, 1.5):
            sheet.ink(line(toe + (0.1 * k * i, -0.02 * k), toe + (0.1 * k * i, 0.11 * k), 3), width=0.8, end=1.0)


SHOES = {
    "loafers": _loafers, "heels": _heels, "sneakers": _sneakers, "boots": _boots, "tall boots": _tall_boots, "barefoot": _barefoot,
}  # fmt: skip
