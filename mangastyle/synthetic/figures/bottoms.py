"""What hangs from the waist: skirts, robes, shorts, trousers."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.curves import bend, curve
from mangastyle.synthetic.characters.design import between
from mangastyle.synthetic.figures import patterns
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.limbs import leg
from mangastyle.synthetic.figures.shapes import along, direction, frill, line, scallops, tube
from mangastyle.synthetic.figures.sheet import Sheet, Thing

WAIST = 0.56
BOW = 0.096  # how far the sides of a skirt bow out, as a share of its width
SKIRTS = {
    "pleated": (0.36, 17),
    "flared": (0.48, 26),
    "tiered": (0.62, 28),
    "long skirt": (1.5, 13),
    "robe": (1.72, 3),
}  # length in thighs, flare


class Skirt:
    """The waist (n, 2) and the hem (m, 2) of a skirt, both from left to right."""

    def __init__(self, figure: Figure) -> None:
        rng, body = figure.random("bottoms"), figure.body
        length, flare = SKIRTS[figure.bottom]
        length, flare = length * between(rng, 0.85, 1.2), flare + between(rng, -4, 6)
        half = float(body.half(WAIST)) + 0.05
        self.waist = body.at(np.linspace(-half, half, 9), WAIST + 0.016 * (1 - np.linspace(-1, 1, 9) ** 2))
        ends = []
        for side, root in ((-1, self.waist[0]), (1, self.waist[-1])):
            limb = leg(body, side)
            way = limb.joint - limb.root
            thigh = np.degrees(np.arctan2(side * way[0], way[1]))
            short = min(1.0, float(np.hypot(*way)) / (0.1 * body.build.torso + 0.46 * body.build.legs) + 0.12)
            reach = (1 - WAIST) * body.build.torso + length * 0.46 * body.build.legs * (short if length < 1 else 1)
            angle = max(flare, thigh + (7 if length < 1 else 2)) + 7 * side * figure.wind * min(length, 1)
            ends.append(root + reach * direction(side * angle))
        left, right = ends
        sag = 0.1 * float(np.hypot(*(right - left))) + 0.04
        self.hem = bend(left, (left + right) / 2 + (0.0, 2 * sag), right, 24)
        self.back = bend(right, (left + right) / 2 - (0.0, 0.9 * sag), left, 24)

    def level(self, t: float, bowed: bool = True) -> np.ndarray:
        """A line across the skirt from left to right, at t = 0 (waist) to 1 (hem)."""
        s = np.linspace(0, 1, len(self.hem))
        path = (1 - t) * along(self.waist, s) + t * self.hem
        if bowed:
            path[:, 0] += BOW * t * (1 - t) * (self.hem[-1, 0] - self.hem[0, 0]) * (2 * s - 1)
        return path

    def outline(self, hem: np.ndarray) -> np.ndarray:
        """The closed outline with this lower edge, its sides a little hollow."""
        left, right = self.waist[0], self.waist[-1]
        bow = 0.5 * BOW * (hem[-1] - hem[0]) * (1, 0)
        down, up = bend(right, (right + hem[-1]) / 2 + bow, hem[-1]), bend(hem[0], (left + hem[0]) / 2 - bow, left)
        return np.concatenate([self.waist, down[1:], hem[::-1][1:-1], up[:-1]])


def thing_of(figure: Figure) -> Thing:
    """What the lower garment is made of: that of the dress, or the second cloth."""
    own = figure.top in ("dress", "kimono")
    return figure.thing("cloth" if own else "bottom", "cloth" if own else "second")


def draw_back(sheet: Sheet, figure: Figure) -> None:
    """The inside of a skirt, behind the legs."""
    if figure.bottom in SKIRTS and figure.bottom != "robe":
        skirt = Skirt(figure)
        inner = np.concatenate([skirt.hem, skirt.back[1:-1]])
        sheet.put(inner, thing_of(figure))
        sheet.cast(inner)
        sheet.outline(inner)


def draw(sheet: Sheet, figure: Figure) -> None:
    """Draw the lower garment over the legs."""
    DRAW[figure.bottom](sheet, figure)


def _pleated(sheet: Sheet, figure: Figure) -> None:
    rng, skirt, thing = figure.random("bottoms"), Skirt(figure), thing_of(figure)
    count = 2 * int(rng.integers(4, 7)) + 1
    edges = np.linspace(0, 1, count + 1)
    order = list(range(0, count, 2)) + list(range(1, count, 2))
    step = 0.035 * figure.body.build.legs
    for i in order:
        top = along(skirt.waist, np.linspace(edges[i], edges[i + 1], 4))
        low = along(skirt.hem, np.linspace(edges[i], edges[i + 1], 4)) + ((0, 0.35 * step) if i % 2 else (0, -0.35 * step))
        pleat = np.concatenate([top, low[::-1]])
        sheet.put(pleat, thing)
        if i % 2 == 0:
            sheet.cast(pleat, pleat + sheet.toward_light(0.4 * step) * 3)
        sheet.outline(pleat)
    if rng.random() < 0.35:
        patterns.band(sheet, skirt.level(0.8, False), skirt.level(0.88, False), figure.thing("accent", "accent"))
    _belt(sheet, figure, rng)


def _flared(sheet: Sheet, figure: Figure) -> None:
    rng, skirt, thing = figure.random("bottoms"), Skirt(figure), thing_of(figure)
    count = int(rng.integers(4, 8))
    depth = 0.055 * float(np.hypot(*(skirt.hem[-1] - skirt.hem[0])))
    frilled = rng.random() < 0.55
    if frilled:
        flaps = scallops(skirt.hem[::-1], 3 * count, 2.4 * depth)
        white = figure.thing("frill", "white" if rng.random() < 0.6 else "accent")
        for flap in flaps:
            sheet.put(flap, white)
            sheet.cast(flap, flap + sheet.toward_light(0.8 * depth))
            sheet.outline(flap)
    hem = skirt.hem if frilled else frill(skirt.hem[::-1], count, depth)[::-1]
    outline = skirt.outline(hem)
    sheet.put(outline, thing)
    patterns.draw(sheet, figure, outline, rng, 0.4)
    sheet.cast(outline, outline + sheet.toward_light(0.35 * figure.body.build.width))
    with sheet.inside(outline) as inner:
        for i in range(1, count):
            end, root = along(hem, i / count), along(skirt.waist, 0.15 + 0.7 * i / count)
            root = end + (root - end) * between(rng, 0.35, 0.85)
            side = 0.16 * depth * np.sign(i / count - 0.5)
            fold = bend(end, (end + root) / 2 + (side, 0.0), root)
            inner.cast(np.concatenate([fold, [root, end + (1.1 * depth * -sheet.toward_light(1)[0], 0)]]))
            inner.ink(fold, start=1.0)
    sheet.outline(outline)
    if rng.random() < 0.5:
        patterns.band(sheet, skirt.level(0.84), skirt.level(0.92), figure.thing("accent", "accent"))
    _belt(sheet, figure, rng)


def _tiered(sheet: Sheet, figure: Figure) -> None:
    rng, skirt = figure.random("bottoms"), Skirt(figure)
    tiers, things = int(rng.integers(2, 5)), (thing_of(figure), figure.thing("frill", "white"))
    body = skirt.outline(skirt.hem)
    sheet.put(body, things[0])
    sheet.outline(body)
    t = np.linspace(0, 1, 25)
    for i in range(tiers, 0, -1):
        low = along(skirt.waist, t) + (along(skirt.hem, t) - along(skirt.waist, t)) * i / tiers
        high = along(skirt.waist, t) + (along(skirt.hem, t) - along(skirt.waist, t)) * (i - 1) / tiers
        edge = frill(low[::-1], 5 + 2 * i, 0.13 * figure.body.build.width)[::-1]
        tier = np.concatenate([high, edge[::-1]])
        sheet.put(tier, things[i % 2 if rng.random() < 0.5 else 0])
        sheet.cast(tier, tier + sheet.toward_light(0.2) + (0.0, 0.12))
        with sheet.inside(tier) as inner:
            for s in np.linspace(0.08, 0.92, 4 + 2 * i):
                end, root = along(edge, s), along(high, s)
                inner.ink(np.array([end, (end + root) / 2 + (0.02, 0), end + 0.55 * (root - end)]), width=0.8, start=1.0)
        sheet.outline(tier)
    _belt(sheet, figure, rng)


def _robe(sheet: Sheet, figure: Figure) -> None:
    """The lower half of a kimono: two panels, one over the other."""
    skirt, thing = Skirt(figure), thing_of(figure)
    rng = figure.random("bottoms")
    outline = skirt.outline(skirt.hem)
    sheet.put(outline, thing)
    patterns.draw(sheet, figure, outline, rng, 0.8)
    sheet.cast(outline, outline + sheet.toward_light(0.4))
    sheet.outline(outline)
    edge = bend(along(skirt.waist, 0.75), along(skirt.waist, 0.3) * 0.5 + along(skirt.hem, 0.4) * 0.5, along(skirt.hem, 0.3))
    trim = tube(edge, 0.09 * figure.body.build.width)
    with sheet.inside(outline) as inner:
        inner.put(trim, figure.thing("second", "second"))
        inner.outline(trim)
    sheet.outline(outline)
    half = np.array([float(figure.body.half(v)) + 0.1 for v in (0.44, 0.66)])
    obi = np.concatenate([figure.body.at(np.linspace(-half[0], half[0], 7), 0.44), figure.body.at(np.linspace(half[1], -half[1], 7), 0.66)])
    sheet.put(obi, figure.thing("accent", "accent"))
    sheet.cast(obi, obi + sheet.toward_light(0.2))
    sheet.outline(obi)
    cord = tube(figure.body.at(np.linspace(-half[0], half[0], 7), 0.55), 0.05)
    sheet.put(cord, figure.thing("second", "second"))
    sheet.outline(cord)


def _legs(sheet: Sheet, figure: Figure, stop: float, scale: float, hem: float) -> None:
    """Trousers or shorts: two legs down to share `stop`, then the seat over them."""
    body, thing = figure.body, thing_of(figure)
    b, label = body.build, None
    top = 0.6
    half = np.array([float(body.half(v)) + 0.06 for v in (top, 0.74, 0.88, 0.98)])
    v = np.array([top, 0.74, 0.88, 0.98])
    cut = np.concatenate([body.at(-half, v), body.at([0.0], [1.08]), body.at(half, v)[::-1]])
    for side in (-1, 1):
        limb = leg(body, side)
        shape = limb.cover(0.0, stop, (1.0, scale * hem), 0.05 * b.width, (0.4, 0.12))
        label = sheet.put(shape, thing, label)
        sheet.cast(shape, shape + sheet.toward_light(0.24 * b.width))
        sheet.outline(shape)
        if stop > 1:
            for t, s in ((0.96, 0.4), (1.05, -0.5)):
                sheet.ink(
                    bend(limb.edge(t, np.sign(s) * 1.1), limb.edge(t + 0.05, 0.4 * s), limb.edge(t + 0.02, -0.3 * s)), width=0.8, start=1
                )
        cuff = limb.ring(stop - 0.03, 0.16 * b.width, (scale * hem - 1) * limb.half(stop) + 0.07 * b.width)
        sheet.put(cuff, thing)
        sheet.outline(cuff)
    sheet.put(curve(cut, closed=True), thing, label)
    for side in (-1, 1):
        sheet.outline(curve(body.at(side * half, v)), closed=False)
    fly = body.at(np.zeros(5), np.linspace(top, 1.04, 5))
    sheet.ink(fly, start=1.0, end=0.6)
    for side in (-1, 1):
        sheet.ink(
            bend(body.at(side * half[0] * 0.55, top), body.at(side * half[1] * 0.6, 0.72), body.at(side * half[1], 0.74)),
            width=0.8,
            start=1,
        )
    _belt(sheet, figure, figure.random("bottoms"), top - 0.01)


def _trousers(sheet: Sheet, figure: Figure) -> None:
    _legs(sheet, figure, 1.93, 1.16, float(figure.random("bottoms").choice([1.0, 1.25, 1.6])))


def _shorts(sheet: Sheet, figure: Figure) -> None:
    _legs(sheet, figure, 0.42 if not figure.masculine else 0.8, 1.14, 1.08)


def _belt(sheet: Sheet, figure: Figure, rng: np.random.Generator, v: float = WAIST) -> None:
    """A waistband, sometimes with a buckle."""
    body = figure.body
    u = np.linspace(-1, 1, 9)
    half, thick = float(body.half(v)) + 0.07, 0.07 * body.build.width
    band = tube(body.at(u * half, v + 0.016 * (1 - u**2)), thick)
    belted = rng.random() < 0.4
    sheet.put(band, figure.thing("belt", "shoes") if belted else thing_of(figure))
    sheet.cast(band, band + sheet.toward_light(0.1))
    sheet.outline(band)
    if belted:
        c = body.across(0.0, v + 0.016)
        buckle = c + thick * np.array([(-1.5, -1.3), (1.5, -1.3), (1.5, 1.3), (-1.5, 1.3)])
        sheet.put(buckle, figure.thing("metal", "metal"))
        sheet.outline(buckle)
        sheet.outline(line(c - (0.8 * thick, 0), c + (0.8 * thick, 0), 3), closed=False)


DRAW = {
    "pleated": _pleated, "flared": _flared, "tiered": _tiered, "long skirt": _flared, "robe": _robe, "trousers": _trousers,
    "shorts": _shorts,
}  # fmt: skip
