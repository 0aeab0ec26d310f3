"""Sleeves, cuffs and gloves, over an arm that is drawn already."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.curves import bend
from mangastyle.synthetic.characters.design import between
from mangastyle.synthetic.figures import body
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.limbs import Limb, arm
from mangastyle.synthetic.figures.shapes import scallops, union
from mangastyle.synthetic.figures.sheet import Sheet, Thing

LENGTHS = {"short": 0.62, "puff": 0.52, "long": 1.94}


def draw(sheet: Sheet, figure: Figure, side: int, thing: Thing) -> None:
    """Draw the sleeve of one arm in the cloth of its garment."""
    limb, rng, k = arm(figure.body, side), figure.random("sleeves"), figure.body.build.limb
    kind = figure.sleeve
    if kind in ("none", "detached") and figure.top != "camisole":
        body.armhole(sheet, figure, side, thing)
    if kind == "none":
        return
    if kind == "wide":
        _wide(sheet, figure, side, thing, rng)
        return
    if kind == "detached":
        shape = limb.cover(0.8, 1.92, (1.1, 1.9), 0.04, (0.1, 0.1))
        _cloth(sheet, shape, thing, k)
        _cuff(sheet, figure, limb, 0.83, 0.14, 0.05, rng)
        _cuff(sheet, figure, limb, 1.9, 0.16, 0.2 * k, rng)
        return
    stop = LENGTHS[kind] * between(rng, 0.92, 1.0)
    loose = between(rng, 1.12, 1.4) if kind != "long" else between(rng, 1.08, 1.28)
    if kind == "puff":
        shape = union([limb.cover(0.0, stop, 1.35, 0.02, (1.0, 0.0)), _puff(limb, stop)])
    else:
        shape = limb.cover(0.0, stop, (1.1, loose), 0.03 * k, (1.0, 0.12))
    label = _cloth(sheet, shape, thing, k)
    body.join(sheet, figure, side, thing, label)
    _folds(sheet, limb, stop, kind, rng)
    style = rng.random()
    extra = (loose - 1) * limb.half(stop) + 0.05 * k
    if kind == "puff" or style < 0.25:
        _cuff(sheet, figure, limb, stop, 0.18 * k, 0.04 * k + (0 if kind == "puff" else extra), rng)
    elif style < 0.45 and kind == "long":
        _frills(sheet, figure, limb, stop)
    else:
        ring = limb.ring(stop - 0.02, 0.2 * k, extra)
        sheet.put(ring, thing)
        sheet.outline(ring)


def _cloth(sheet: Sheet, shape: np.ndarray, thing: Thing, k: float) -> int:
    label = sheet.put(shape, thing)
    sheet.cast(shape, shape + sheet.toward_light(0.2 * k))
    sheet.outline(shape)
    return label


def _puff(limb: Limb, stop: float) -> np.ndarray:
    """A ball of cloth around the upper arm."""
    t = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    center, way = limb.center(0.5 * stop), limb.along(0.1)
    across = np.array([-way[1], way[0]])
    long, wide = 0.5 * stop * float(np.hypot(*(limb.joint - limb.root))) * 1.05, 1.75 * limb.half(0.3)
    return center + np.cos(t)[:, None] * long * way + np.sin(t)[:, None] * wide * across


def _wide(sheet: Sheet, figure: Figure, side: int, thing: Thing, rng: np.random.Generator) -> None:
    """A kimono's sleeve, a bag that hangs from the forearm."""
    limb, k = arm(figure.body, side), figure.body.build.limb
    drop = between(rng, 1.1, 1.9) * k
    root = limb.edge(0.1, 1.0), limb.edge(0.1, -1.0)
    upper = limb.cover(0.0, 1.0, 1.3, 0.02, (1.0, 0.6))
    wrist, elbow = limb.center(1.88), limb.center(0.95)
    up = np.array([0.0, 0.26 * k])
    low = np.array([0.12 * k * figure.wind, drop])
    bag = np.array(
        [
            wrist - up,
            wrist + low,
            wrist * 0.5 + elbow * 0.5 + low * (1.0, 1.12),
            elbow + low * (0.4, 0.8),
            elbow - up,
            root[0] * 0.3 + elbow * 0.7,
        ]
    )
    hull = union([upper, bag[[0, 1, 2, 3, 4]], limb.cover(1.0, 1.88, 1.35, 0.03)])
    label = _cloth(sheet, hull, thing, 1.6 * k)
    body.join(sheet, figure, side, thing, label)
    way = bag[1] - bag[0]
    edge = np.array([bag[0], bag[1], bag[1] + 0.12 * (bag[2] - bag[1]), bag[0] + 0.1 * (elbow - wrist)])
    with sheet.inside(hull) as inner:
        inner.put(edge, figure.thing("accent", "accent"))
        inner.outline(edge)
        inner.ink(bend(elbow - up, elbow + 0.3 * way, elbow + 0.6 * way), start=1.0)
    sheet.outline(hull)


def _folds(sheet: Sheet, limb: Limb, stop: float, kind: str, rng: np.random.Generator) -> None:
    places = [(0.9, 1), (1.0, 1), (1.08, -1), (1.75, -1)] if kind == "long" else [(0.8 * stop, 1), (0.55 * stop, -1)]
    for t, side in places:
        if t < stop and rng.random() < 0.85:
            sheet.ink(
                bend(limb.edge(t, 1.1 * side), limb.edge(t + 0.05, 0.3 * side), limb.edge(t + 0.02, -0.3 * side)), width=0.85, start=1.0
            )
    if kind == "puff":
        for side in (-0.6, 0.0, 0.6):
            sheet.ink(
                bend(limb.edge(stop - 0.03, side), limb.edge(0.7 * stop, 1.3 * side), limb.edge(0.45 * stop, 1.5 * side)),
                width=0.8,
                start=1.0,
            )


def _cuff(sheet: Sheet, figure: Figure, limb: Limb, t: float, height: float, extra: float, rng: np.random.Generator) -> None:
    ring = limb.ring(t, height, extra)
    sheet.put(ring, figure.thing("cuff", "white" if rng.random() < 0.5 else "accent"))
    sheet.outline(ring)


def _frills(sheet: Sheet, figure: Figure, limb: Limb, t: float) -> None:
    path = np.array([limb.edge(t, -1.35), limb.edge(t + 0.02, 0.0), limb.edge(t, 1.35)])
    for flap in scallops(path, 4, 0.2 * figure.body.build.limb):
        way = limb.along(t)
        flap = flap if (flap.mean(0) - limb.center(t)) @ way > 0 else 2 * limb.center(t) - flap
        sheet.put(flap, figure.thing("frill", "white"))
        sheet.outline(flap)
