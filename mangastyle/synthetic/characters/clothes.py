"""Neck, shoulders and clothes."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.canvas import Canvas
from mangastyle.synthetic.characters.colors import Tones
from mangastyle.synthetic.characters.curves import bend, curve, mirror
from mangastyle.synthetic.characters.design import Design, between, pick

MENS = {"shirt": 4, "gakuran": 2, "hoodie": 2, "tee": 2, "kimono": 1, "blazer": 3, "turtleneck": 1}
WOMENS = {
    "sailor": 4, "shirt": 2, "blazer": 3, "hoodie": 1.5, "kimono": 1.5, "tee": 1.5, "dress": 2, "turtleneck": 1.2,
}  # fmt: skip


def closed(right) -> np.ndarray:
    """A symmetric outline of its right half, given from top to bottom."""
    right = np.asarray(right, np.float64)
    return np.concatenate([right, mirror(right[::-1])])


def draw(canvas: Canvas, design: Design, face: np.ndarray) -> None:
    """Everything below the chin; `face` is the contour that throws its shadow on the neck."""
    rng = design.random("clothes")
    broad = 0.18 if design.masculine else 0.0
    neck = 0.25 + 0.6 * broad
    arm = np.array([(0.92, 1.76), (1.26, 1.98), (1.45, 2.5), (1.52, 3.4)]) + (broad, 0)
    body = closed(curve([(neck + 0.02, 1.38), (neck + 0.2, 1.57), *arm]))
    slope = np.array([(-0.02, 0.7), (-0.02, 1.2), (0.02, 1.42), (0.13, 1.6)]) + (neck, 0)
    throat = closed(curve([*slope, (0.42, 2.1)]))
    kind = pick(rng, MENS if design.masculine else WOMENS)
    if kind == "hoodie":
        hood = closed(curve([(0.5, 1.05), (0.85, 1.2), (1.0, 1.55), (0.9, 1.9)]))
        piece(canvas, hood, design.cloth.in_shadow())
    canvas.fill(throat, design.skin.base)
    with canvas.inside(throat) as inner:
        inner.shade(face + (0.04 * design.dark_side, 0.26), design.skin.shadow)
    canvas.outline(throat, design.skin.line)
    collarbone = bend((0.1, 1.62), (0.3, 1.66), (0.5, 1.58))
    canvas.ink(collarbone, design.skin.line, 0.7)
    canvas.ink(mirror(collarbone), design.skin.line, 0.7)
    GARMENTS[kind](canvas, design, rng, body, neck)


def piece(canvas: Canvas, outline: np.ndarray, tones: Tones) -> None:
    """A plain part with its outline."""
    canvas.fill(outline, tones.base)
    canvas.outline(outline, tones.line)


def _trunk(canvas: Canvas, design: Design, outline: np.ndarray, tones: Tones) -> None:
    """A garment, or one half of it, with the shadow of one side and folds at the arms."""
    canvas.fill(outline, tones.base)
    with canvas.inside(outline) as inner:
        knots = np.array([(0.95, 1.5), (1.12, 2.0), (1.0, 2.6), (1.1, 3.5), (2.5, 3.5), (2.2, 1.6)])
        inner.shade(curve(knots * (design.dark_side, 1), closed=True), tones.shadow)
        fold = curve([(1.02, 2.12), (1.07, 2.4), (1.03, 2.8)])
        inner.ink(fold, tones.line, 0.9)
        inner.ink(mirror(fold), tones.line, 0.9)
    canvas.outline(outline, tones.line)


def _cut(body: np.ndarray, opening) -> np.ndarray:
    """The trunk with a neckline: `opening` is its right half from the shoulder down to the middle."""
    opening = np.asarray(opening, np.float64)
    right = body[: len(body) // 2]
    right = right[right[:, 0] > opening[0, 0] + 0.02]
    return closed(np.concatenate([opening[::-1], right]))


# Every garment takes the trunk's outline `body` (n, 2) and half the width of the `neck`.


def _tee(canvas, design, rng, body, neck) -> None:
    low = between(rng, 1.72, 1.85)
    rim = bend((neck + 0.22, 1.56), (neck + 0.1, low), (0.0, low))
    _trunk(canvas, design, _cut(body, rim), design.cloth)
    lower = rim * (1.12, 1) + (0, 0.09)
    piece(canvas, np.concatenate([rim, mirror(rim[::-1]), mirror(lower), lower[::-1]]), design.accent)


def _collar(canvas, tones: Tones, neck: float, low: float = 1.95) -> None:
    """A shirt collar's two wings."""
    right = np.array([(neck + 0.06, 1.28), (neck + 0.2, 1.5), (0.42, low), (0.03, 1.68)])
    for wing in (right, mirror(right)):
        piece(canvas, wing, tones)


def _shirt(canvas, design, rng, body, neck) -> None:
    _trunk(canvas, design, _cut(body, [(neck + 0.12, 1.5), (0.2, 1.62), (0.0, 1.72)]), design.cloth)
    canvas.ink(np.array([(0.0, 1.72), (0.0, 2.6), (0.0, 3.4)]), design.cloth.line, 0.9, 1, 1)
    _tie(canvas, design, rng)
    _collar(canvas, design.cloth, neck)


def _tie(canvas, design, rng) -> None:
    if rng.random() < 0.5:
        knot = np.array([(-0.1, 1.68), (0.1, 1.68), (0.065, 1.86), (-0.065, 1.86)])
        piece(canvas, np.array([(-0.06, 1.84), (0.06, 1.84), (0.19, 3.3), (-0.19, 3.3)]), design.accent)
        piece(canvas, knot, design.accent)
    else:
        bow(canvas, design.accent, 0.0, 1.78, 0.42)


def bow(canvas: Canvas, tones: Tones, x: float, y: float, size: float) -> None:
    """A bow centered on (x, y), `size` to each side."""
    wing = np.array([(0.1, -0.08), (0.55, -0.38), (1.0, -0.32), (0.98, 0.3), (0.6, 0.34), (0.1, 0.1)])
    tail = np.array([(0.05, 0.05), (0.5, 0.9), (0.28, 0.86), (0.12, 1.0)])
    for side in (-1, 1):
        piece(canvas, tail * (side * size, size) + (x, y), tones.in_shadow())
    for side in (-1, 1):
        shape = curve(wing, closed=True) * (side * size, size) + (x, y)
        canvas.fill(shape, tones.base)
        with canvas.inside(shape) as inner:
            dark = np.array([(0.1, 0.0), (0.75, 0.05), (1.1, 0.5), (0.2, 0.5)])
            inner.shade(dark * (side * size, size) + (x, y), tones.shadow)
        canvas.outline(shape, tones.line)
        crease = np.array([(0.15, -0.02), (0.4, -0.08), (0.62, -0.1)])
        canvas.ink(crease * (side * size, size) + (x, y), tones.line, 0.8, 1)
    knot = np.array([(-0.14, -0.14), (0.14, -0.14), (0.16, 0.16), (-0.16, 0.16)]) * size + (x, y)
    piece(canvas, curve(knot, closed=True), tones)


def _sailor(canvas, design, rng, body, neck) -> None:
    _trunk(canvas, design, _cut(body, [(neck + 0.14, 1.52), (0.26, 1.7), (0.0, 1.98)]), design.cloth)
    upper, lower = bend((neck + 0.2, 1.5), (0.9, 1.62), (1.0, 1.84)), bend((0.93, 1.98), (0.5, 2.1), (0.0, 2.22))
    opening = bend((0.0, 1.96), (0.22, 1.72), (neck + 0.02, 1.36))
    right = np.concatenate([upper, lower, opening])
    stripe = np.concatenate([bend((0.88, 1.82), (0.84, 1.93), (0.42, 2.03)), [(0.0, 2.14)]])
    for shape, line in ((right, stripe), (mirror(right), mirror(stripe))):
        piece(canvas, shape, design.second)
        canvas.outline(line, design.accent.light, 1.0, closed=False)
    bow(canvas, design.accent, 0.0, 2.08, 0.42)


def _blazer(canvas, design, rng, body, neck) -> None:
    inner_tones = design.second
    _trunk(canvas, design, _cut(body, [(neck + 0.12, 1.5), (0.2, 1.62), (0.0, 1.72)]), inner_tones)
    _tie(canvas, design, rng)
    jacket = np.concatenate([body[: len(body) // 2], [(0.1, 3.4), (0.12, 2.7), (0.46, 2.2), (neck + 0.1, 1.42)]])
    for shape in (jacket, mirror(jacket)):
        _trunk(canvas, design, shape, design.cloth)
    notch = [(0.66, 1.66), (0.72, 2.0), (0.62, 2.08), (0.66, 2.2)]
    lapel = np.array([(neck + 0.1, 1.42), *notch, (0.12, 2.75), (0.42, 2.1)])
    for shape in (lapel, mirror(lapel)):
        piece(canvas, shape, design.cloth)
    _collar(canvas, inner_tones, neck, 1.9)


def _hoodie(canvas, design, rng, body, neck) -> None:
    _trunk(canvas, design, _cut(body, bend((neck + 0.2, 1.52), (neck + 0.05, 1.9), (0.0, 1.92))), design.cloth)
    opening = [(0.02, 1.9), (0.28, 1.76), (0.5, 1.5), (0.62, 1.28)]
    edge = [(0.86, 1.36), (0.92, 1.62), (0.7, 1.92), (0.36, 2.14), (0.05, 2.2)]
    right = curve(opening + edge, closed=True)
    for shape in (right, mirror(right)):
        piece(canvas, shape, design.cloth)
    for side in (-1, 1):
        canvas.outline(np.array([(side * 0.2, 2.1), (side * 0.22, 2.55)]), design.cloth.line, 2.6, closed=False)
        canvas.outline(np.array([(side * 0.2, 2.1), (side * 0.22, 2.53)]), design.second.light, 1.2, closed=False)


def _kimono(canvas, design, rng, body, neck) -> None:
    _trunk(canvas, design, _cut(body, [(neck + 0.1, 1.45), (0.25, 1.75), (0.0, 2.2)]), design.cloth)
    over = np.array([(neck + 0.02, 1.36), (neck + 0.26, 1.5), (-0.28, 2.9), (-0.6, 2.9), (-0.1, 2.1)])
    under = mirror(over)
    white = np.array([(neck - 0.02, 1.36), (neck + 0.1, 1.4), (-0.05, 2.3), (-0.12, 2.14)])
    for shape in (mirror(white), white):
        piece(canvas, shape, Tones((250, 248, 244), (215, 210, 222), (255, 255, 255), design.second.line))
    piece(canvas, under, design.second)
    piece(canvas, over, design.second)


def _gakuran(canvas, design, rng, body, neck) -> None:
    _trunk(canvas, design, _cut(body, [(neck + 0.12, 1.5), (0.2, 1.62), (0.0, 1.7)]), design.cloth)
    upper = bend((0.02, 1.58), (neck, 1.5), (neck + 0.08, 1.22))
    right = np.concatenate([upper, bend((neck + 0.16, 1.46), (neck, 1.78), (0.02, 1.86))])
    for shape in (right, mirror(right)):
        piece(canvas, shape, design.cloth)
    canvas.ink(np.array([(0.0, 1.86), (0.0, 2.6), (0.0, 3.4)]), design.cloth.line, 0.9, 1, 1)
    gold = Tones((232, 190, 84), (190, 140, 60), (255, 240, 190), (90, 60, 20))
    for y in (2.05, 2.45):
        piece(canvas, curve([(0.02, y - 0.07), (0.09, y), (0.02, y + 0.07), (-0.05, y)], closed=True), gold)


def _turtleneck(canvas, design, rng, body, neck) -> None:
    _trunk(canvas, design, body, design.cloth)
    side = bend((neck + 0.06, 1.14), (neck + 0.12, 1.3), (neck + 0.1, 1.52))
    roll = np.concatenate([side, bend((neck + 0.1, 1.52), (0.2, 1.7), (0.0, 1.7))])
    piece(canvas, closed(roll), design.cloth)
    for x in (-0.22, -0.08, 0.08, 0.22):
        canvas.ink(np.array([(x, 1.3), (1.1 * x, 1.45), (1.15 * x, 1.6)]), design.cloth.line, 0.6)


def _dress(canvas, design, rng, body, neck) -> None:
    canvas.fill(body, design.skin.base)
    for side in (body[: len(body) // 2], body[len(body) // 2 :]):
        canvas.outline(side, design.skin.line, closed=False)
    rim = curve([(1.2, 2.2), (0.85, 2.02), (0.45, 2.05), (0.0, 2.14)])
    top = closed(np.concatenate([rim[::-1], [(1.22, 2.6), (1.14, 3.4)]]))
    for side in (-1, 1):
        strap = np.array([(0.62, 1.66), (0.74, 1.7), (0.82, 2.2), (0.66, 2.2)]) * (side, 1)
        piece(canvas, strap, design.cloth)
        canvas.ink(curve(np.array([(0.08, 1.72), (0.35, 1.7), (0.6, 1.78)]) * (side, 1)), design.skin.line, 0.8)
    piece(canvas, top, design.cloth)
    bow(canvas, design.accent, 0.0, 2.2, 0.24)


GARMENTS = {
    "tee": _tee, "shirt": _shirt, "sailor": _sailor, "blazer": _blazer, "hoodie": _hoodie, "kimono": _kimono,
    "gakuran": _gakuran, "turtleneck": _turtleneck, "dress": _dress,
}  # fmt: skip
