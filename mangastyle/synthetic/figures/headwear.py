"""What figures wear on their heads, beside the accessories of the characters: hats, crowns, horns, ears, hoods."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.clothes import bow
from mangastyle.synthetic.characters.curves import bend, curve, ellipse, mirror
from mangastyle.synthetic.characters.hair import Front, skull
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.shapes import disk, line, scallops, tube
from mangastyle.synthetic.figures.sheet import Sheet, Thing


def draw_behind(sheet: Sheet, figure: Figure, front: Front) -> None:
    """What the hair covers in part."""
    if figure.hat in BEHIND:
        BEHIND[figure.hat](sheet, figure, front)


def draw(sheet: Sheet, figure: Figure, front: Front) -> None:
    """What lies on the hair."""
    if figure.hat in OVER:
        OVER[figure.hat](sheet, figure, front)


def _piece(sheet: Sheet, shape: np.ndarray, thing: Thing, depth: float = 0.12) -> None:
    sheet.put(shape, thing)
    sheet.cast(shape, shape + sheet.toward_light(depth))
    sheet.outline(shape)


def _witch_hat(sheet: Sheet, figure: Figure, front: Front) -> None:
    w, top, lean = front.width, front.top, 0.35 * np.sign(figure.wind)
    thing = figure.thing("hat", "second")
    _piece(sheet, ellipse(0, -0.98, 2.05 * w, 0.42, 0.0, 48), thing)
    left = curve([(-1.02 * w, -1.05), (-0.62, top - 0.75), (lean - 0.35, top - 1.7), (lean * 2.6, top - 2.1)])
    right = curve([(lean * 2.6, top - 2.1), (lean + 0.3, top - 1.3), (0.72, top - 0.5), (1.02 * w, -1.05)])
    cone = np.concatenate([left, right[1:], bend((1.02 * w, -1.05), (0, -0.72), (-1.02 * w, -1.05))[1:]])
    _piece(sheet, cone, thing, 0.3)
    band = np.concatenate(
        [bend((-1.02 * w, -1.05), (0, -0.72), (1.02 * w, -1.05)), bend((0.93 * w, -1.34), (0, -1.02), (-0.93 * w, -1.34))]
    )
    _piece(sheet, band, figure.thing("accent", "accent"))
    buckle = np.array([(-0.2, -1.22), (0.2, -1.22), (0.2, -0.86), (-0.2, -0.86)])
    _piece(sheet, buckle, figure.thing("metal", "metal"))


def _crown(sheet: Sheet, figure: Figure, front: Front) -> None:
    y = front.top + 0.22
    x = np.linspace(-0.62, 0.62, 11)
    points = np.stack([x, np.where(np.arange(11) % 2, y - 0.62, y - 0.3) - 0.12 * (1 - x**2)], 1)
    _piece(sheet, np.concatenate([points, bend((0.55, y + 0.1), (0, y + 0.24), (-0.55, y + 0.1))]), figure.thing("metal", "metal"))
    for i in (3, 5, 7):
        _piece(sheet, disk(points[i], 0.08, 14), figure.thing("gem", "accent"), 0.02)
    _piece(sheet, ellipse(0, y - 0.08, 0.11, 0.13), figure.thing("gem", "accent"), 0.02)


def _halo(sheet: Sheet, figure: Figure, front: Front) -> None:
    _piece(sheet, ellipse(0, front.top - 0.42, 0.85, 0.24, 0, 40), figure.thing("metal", "metal"), 0.03)
    hole = ellipse(0, front.top - 0.42, 0.66, 0.13, 0, 36)
    sheet.put(hole, sheet.things[0])
    sheet.outline(hole)


def _horns(sheet: Sheet, figure: Figure, front: Front) -> None:
    for s in (-1, 1):
        path = curve([(s * 0.5, -1.05), (s * 0.95, -1.5), (s * 1.25, -1.75), (s * 1.1, -2.25)])
        half = np.linspace(0.24, 0.02, len(path))
        _piece(sheet, tube(path, half), figure.thing("horn", "shoes"))
        for i in (6, 11, 16):
            sheet.ink(line(path[i] + (-half[i], 0.02), path[i] + (half[i], 0.06), 3), width=0.8, start=1, end=1)


def _ears(sheet: Sheet, figure: Figure, front: Front) -> None:
    w, top, rng = front.width, front.top, figure.random("hair")
    long = rng.random() < 0.35
    inner = figure.thing("inner ear", "skin")
    for s in (-1, 1):
        if long:
            path = bend((s * 0.42, -1.2), (s * 0.5, top - 1.0), (s * (0.75 + 0.3 * rng.random()), top - 1.6))
            _piece(sheet, tube(path, np.interp(np.linspace(0, 1, 11), (0, 0.6, 1), (0.24, 0.33, 0.16)), 0, 1), figure.thing("hair", "hair"))
            _piece(sheet, tube(path[3:-1], 0.14, 1, 1), inner, 0.03)
        else:
            ear = np.concatenate(
                [
                    bend((0.25 * w, 0.9 * top), (0.5 * w, 1.25 * top), (0.93 * w, 1.38 * top)),
                    bend((0.93 * w, 1.38 * top), (1.14 * w, 0.95 * top), (1.0 * w, 0.5 * top)),
                ]
            )
            middle = np.array([0.72 * w, 0.8 * top])
            _piece(sheet, ear * (s, 1), figure.thing("hair", "hair"))
            _piece(sheet, (middle + 0.58 * (ear - middle)) * (s, 1), inner, 0.05)


def _big_bows(sheet: Sheet, figure: Figure, front: Front) -> None:
    for s in (-1, 1):
        bow(sheet.moved(s * 0.86 * front.width, -1.05, 0.35 * s), figure.colors.accent, 0.0, 0.0, 0.62)


def _cap(sheet: Sheet, figure: Figure, front: Front) -> None:
    w, top = front.width, front.top
    half = skull(1.03 * w, 1.05 * top, -0.85)
    half = half[half[:, 1] < -0.8]
    crown = np.concatenate([mirror(half[::-1]), half[1:], bend((half[-1, 0], -0.84), (0, -0.98), (-half[-1, 0], -0.84))])
    _piece(sheet, crown, figure.thing("cap", "accent"), 0.25)
    for s in (-0.5, 0.0, 0.5):
        sheet.ink(bend((0, 1.04 * top), (1.2 * s, -1.3), (1.35 * s, -0.9)), width=0.8, start=1, end=1)
    peak = curve([(-0.95 * w, -0.86), (0, -1.02), (0.95 * w, -0.86), (0.85 * w, -0.6), (0, -0.46), (-0.85 * w, -0.6)], closed=True)
    _piece(sheet, peak, figure.thing("cap", "second"))
    _piece(sheet, disk((0, 1.06 * top), 0.1, 16), figure.thing("cap", "second"), 0.02)


def _maid(sheet: Sheet, figure: Figure, front: Front) -> None:
    w, top = front.width, front.top
    t = np.linspace(-1.05, 1.05, 21)
    path = np.stack([0.98 * w * np.sin(t), -0.3 + (top + 0.35) * np.cos(t)], 1)
    for flap in scallops(path[::-1], 9, 0.32):
        _piece(sheet, flap, figure.thing("frill", "white"), 0.06)
    _piece(sheet, tube(path, 0.08), figure.thing("band", "second"), 0.03)


def _hood_behind(sheet: Sheet, figure: Figure, front: Front) -> None:
    w, top = front.width, front.top
    outer = skull(1.42 * w, top - 0.42, 0.6)
    shape = np.concatenate([mirror(outer[::-1]), outer[1:], [(1.1 * w, 1.45), (-1.1 * w, 1.45)]])
    sheet.put(shape, figure.thing("hood", "cloth"))
    sheet.cast(shape)
    sheet.outline(shape)


def _hood(sheet: Sheet, figure: Figure, front: Front) -> None:
    w, top, rng = front.width, front.top, figure.random("over")
    thing = figure.thing("hood", "cloth")
    if rng.random() < 0.6:
        for s in (-1, 1):
            ear = np.concatenate(
                [
                    bend((s * 0.35, top - 0.32), (s * 0.85, top - 0.95), (s * 1.2, top - 0.9)),
                    bend((s * 1.2, top - 0.9), (s * 1.5, top), (s * 1.3, -0.85)),
                ]
            )
            _piece(sheet, ear, thing)
            middle = ear.mean(0)
            _piece(sheet, middle + 0.55 * (ear - middle), figure.thing("lining", "accent"), 0.03)
    outer, inner = skull(1.42 * w, top - 0.42, 0.6), skull(1.1 * w, -1.16, 0.75)
    edge = np.concatenate([inner[:-1], curve([inner[-2], (1.12 * w, 0.4), (0.95, 1.15), (0.6, 1.42)])[1:]])
    out = np.concatenate([outer[:-1], curve([outer[-2], (1.44 * w, 0.5), (1.2 * w, 1.3), (0.75, 1.62)])[1:]])
    shape = np.concatenate([mirror(out[::-1]), out[1:], edge[::-1], mirror(edge[1:])])
    sheet.put(shape, thing)
    sheet.cast(shape, shape + sheet.toward_light(0.3))
    sheet.outline(shape)
    hem = edge + (edge - (0, 0.2)) * 0.1
    with sheet.inside(shape) as part:
        part.outline(np.concatenate([mirror(hem[::-1]), hem[1:]]), width=0.9, closed=False)


BEHIND = {"horns": _horns, "ears": _ears, "hood": _hood_behind}
OVER = {
    "witch hat": _witch_hat, "crown": _crown, "halo": _halo, "big bows": _big_bows, "cap": _cap, "maid": _maid, "hood": _hood,
}  # fmt: skip
