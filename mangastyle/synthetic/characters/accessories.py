"""Things worn on the head: bands, pins, bows, flowers, glasses, earrings, headphones, animal ears."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.canvas import Canvas
from mangastyle.synthetic.characters.clothes import bow, piece
from mangastyle.synthetic.characters.colors import WHITE, Color, Tones, mix, tones
from mangastyle.synthetic.characters.curves import bend, curve, ellipse, mirror
from mangastyle.synthetic.characters.design import Design, between
from mangastyle.synthetic.characters.face import EYE_X, EYE_Y
from mangastyle.synthetic.characters.hair import Front, skull

GOLD = Tones((236, 196, 92), (190, 140, 60), (255, 242, 196), (92, 60, 22))


def draw_behind(canvas: Canvas, design: Design, front: Front) -> None:
    """Draw things that the hair covers in part: the arms of glasses, earrings, animal ears."""
    if design.glasses:
        for side in (-1, 1):
            hinge = design.front([(side * 0.84, EYE_Y - 0.06)])
            arm = np.concatenate([hinge, [(side * 1.02 - 0.1 * design.turn, EYE_Y - 0.1)]])
            canvas.outline(arm, _frame(design), 1.1, closed=False)
    if design.earrings:
        for side in (-1, 1):
            drop = ellipse(side * 1.0 - 0.12 * design.turn, 0.43, 0.045, 0.075)
            canvas.fill(drop, GOLD.base)
            canvas.outline(drop, GOLD.line, 0.8)
    if design.headgear == "cat ears":
        _cat_ears(canvas, design, front)


def _cat_ears(canvas: Canvas, design: Design, front: Front) -> None:
    hair, skin = design.hair, design.skin
    w, top = front.width, front.top
    for side in (-1, 1):
        base = np.array([(0.32 * w, 0.86 * top), (0.98 * w, 0.52 * top)])
        tip = np.array([0.93 * w, 1.27 * top])
        sides = [bend(base[0], (0.52 * w, 1.16 * top), tip), bend(tip, (1.1 * w, 0.92 * top), base[1])]
        ear = np.concatenate(sides) * (side, 1)
        middle = np.array([0.72 * w * side, 0.78 * top])
        canvas.fill(ear, hair.base)
        canvas.fill(middle + 0.62 * (ear - middle), mix(skin.base, (240, 120, 140), 0.35))
        canvas.outline(ear, hair.line)


def draw(canvas: Canvas, design: Design, front: Front) -> None:
    """Draw things that lie on hair and face."""
    rng = design.random("accessories")
    if design.headgear in HEADGEAR:
        HEADGEAR[design.headgear](canvas, design, front, rng)
    if design.glasses:
        _glasses(canvas, design, rng)


def _over_head(front: Front, height: float, thick: float) -> np.ndarray:
    """A band over the hair from side to side, its middle `height` above the eyes."""
    w = front.width
    side = np.array([(1.0 * w, -0.5), (0.86 * w, -0.5 - 0.5 * (height - 0.5)), (0.48 * w, -0.93 * height)])
    upper = curve(np.concatenate([side * (-1, 1), [(0.0, -height)], side[::-1]]))
    return np.concatenate([upper, upper[::-1] * (0.985, 1) + (0, thick)])


def _headband(canvas, design, front, rng) -> None:
    band = _over_head(front, between(rng, 1.12, 1.24), between(rng, 0.09, 0.17))
    with canvas.inside(front.outline) as inner:
        inner.fill(band, design.accent.base)
        inner.outline(band, design.accent.line)
    if rng.random() < 0.5:
        bow(canvas, design.accent, 0.62 * design.dark_side, -1.22, 0.34)


def _bow(canvas, design, front, rng) -> None:
    if rng.random() < 0.5:
        bow(canvas, design.accent, 0.0, front.top + 0.08, 0.44)
    else:
        bow(canvas, design.accent, 0.86 * design.dark_side, -1.02, 0.4)


def _pins(canvas, design, front, rng) -> None:
    side = design.dark_side
    for i in range(int(rng.integers(1, 4))):
        a, b = np.array([(0.52, -0.66), (0.82, -0.56)]) + (0.0, 0.13 * i)
        pin = design.front(np.array([a, b, b + (-0.01, 0.075), a + (-0.01, 0.075)]) * (side, 1), 0.8)
        canvas.fill(pin, design.accent.base)
        canvas.outline(pin, design.accent.line, 0.8)


def _flower(canvas, design, front, rng) -> None:
    x, y = 0.8 * design.dark_side, -0.82
    petals = tones(mix(design.accent.base, WHITE, 0.35))
    r = between(rng, 0.13, 0.18)
    for i in range(5):
        a = 2 * np.pi * i / 5 + 0.3
        petal = ellipse(x + 1.0 * r * np.cos(a), y + 1.0 * r * np.sin(a), 0.85 * r, 0.68 * r, a, points=20)
        canvas.fill(petal, petals.base)
        canvas.outline(petal, petals.line, 0.8)
    heart = ellipse(x, y, 0.45 * r, 0.45 * r, points=16)
    canvas.fill(heart, GOLD.base)
    canvas.outline(heart, GOLD.line, 0.7)


def _headphones(canvas, design, front, rng) -> None:
    w, top = front.width, front.top
    half = skull(1.09 * w, 1.07 * top, -0.2)
    arch = np.concatenate([mirror(half[::-1]), half[1:]])
    piece(canvas, np.concatenate([arch, arch[::-1] * (0.93, 0.945)]), design.second)
    for side in (-1, 1):
        pad = curve([(0.92, -0.32), (1.1, -0.36), (1.2, -0.02), (1.1, 0.32), (0.92, 0.28)], closed=True)
        shell = curve([(1.1, -0.26), (1.26, -0.16), (1.26, 0.14), (1.1, 0.22)], closed=True)
        piece(canvas, pad * (side * w, 1), design.accent)
        piece(canvas, shell * (side * w, 1), design.second)


def _beret(canvas, design, front, rng) -> None:
    tone, w, top = design.accent, front.width, front.top
    side = design.dark_side
    crown = [(-0.86, -0.98), (-1.1, -1.3), (-0.7, 1.1 * top), (0.0, 1.2 * top), (0.75, 1.14 * top), (1.22, -1.32)]
    rim = [(0.98, -0.92), (0.37, -1.2), (-0.37, -1.22)]
    hat = curve(crown + rim, closed=True) * (side * w, 1)
    canvas.fill(hat, tone.base)
    with canvas.inside(hat) as inner:
        dark = [(-0.9, -1.05), (0.0, -1.34), (0.7, -1.3), (1.2, -1.62), (1.5, -1.2), (0.9, -0.7), (-0.2, -0.8)]
        inner.shade(curve(dark, closed=True) * (side * w, 1), tone.shadow)
    canvas.outline(hat, tone.line)
    stalk = np.array([(-0.03, 1.17 * top), (0.03, 1.17 * top), (0.05, 1.26 * top), (-0.02, 1.26 * top)])
    canvas.fill(stalk, tone.base)
    canvas.outline(stalk, tone.line)


def _frame(design: Design) -> Color:
    return mix(design.accent.line, design.accent.shadow, 0.25)


def _glasses(canvas, design, rng) -> None:
    round_ = rng.random() < 0.5
    frame = _frame(design)
    lens = [(-0.36, -0.2), (0.0, -0.25), (0.36, -0.22), (0.38, 0.1), (0.24, 0.33), (-0.16, 0.34), (-0.36, 0.14)]
    shape = ellipse(0, 0.06, 0.37, 0.35, points=48) if round_ else curve(lens, closed=True)
    for side in (-1, 1):
        rim = design.front((shape + (EYE_X + 0.01, EYE_Y)) * (side, 1), 1.05)
        canvas.outline(rim, frame, 1.1)
        shine = np.array([(-0.26, -0.13), (-0.17, -0.15), (-0.29, 0.12), (-0.31, 0.04)]) + (side * EYE_X, EYE_Y)
        canvas.shade(design.front(shine), WHITE)
    bridge = bend((-0.11, EYE_Y - 0.03), (0, EYE_Y - 0.1), (0.11, EYE_Y - 0.03))
    canvas.outline(design.front(bridge, 1.1), frame, 1.1, closed=False)


HEADGEAR = {
    "headband": _headband, "bow": _bow, "pins": _pins, "flower": _flower, "headphones": _headphones, "beret": _beret,
}  # fmt: skip
