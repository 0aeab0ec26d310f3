"""Heads from the side, looking to the right of their sheet: face, eye, hair. The characters have none."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.colors import WHITE, mix
from mangastyle.synthetic.characters.curves import bend, blades, curve, ellipse
from mangastyle.synthetic.characters.design import between
from mangastyle.synthetic.characters.face import WHITE_OF_EYE
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.sheet import Sheet

FOREHEAD = [(0.5, -1.2), (0.74, -0.78), (0.8, -0.3), (0.735, 0.06)]
NOSE = [(0.8, 0.24), (0.97, 0.43), (0.9, 0.5), (0.79, 0.53)]
MOUTH = [(0.845, 0.63), (0.765, 0.695), (0.825, 0.77), (0.755, 0.88)]
JAW = [(0.74, 1.04), (0.56, 1.14), (0.2, 1.02), (-0.16, 0.74), (-0.3, 0.3)]


def draw(sheet: Sheet, figure: Figure) -> None:
    """Draw the head with its hair, over neck and clothes."""
    rng = figure.random("profile")
    _face(sheet, figure)
    if figure.head.mood in ("joy", "asleep", "wink"):
        sheet.ink(bend((0.7, 0.12), (0.5, -0.06 if figure.head.mood == "joy" else 0.26), (0.26, 0.12)), width=2.0, start=0.4, end=0.3)
    else:
        _eye(sheet, figure, between(rng, 0.19, 0.27) - 0.04 * figure.head.age)
    _mouth(sheet, figure)
    _hair(sheet, figure, rng)
    brow = curve([(0.75, -0.26), (0.6, -0.34), (0.34, -0.28)])
    sheet.ink(brow, width=1.2, start=0.5)


def _face(sheet: Sheet, figure: Figure) -> None:
    skin = figure.skin
    front = np.concatenate([curve(FOREHEAD + NOSE[:1])[:-1], curve(NOSE), curve(MOUTH + JAW)])
    outline = np.concatenate([front, [(-0.6, -0.2), (-0.4, -1.0)]])
    label = sheet.put(outline, skin)
    shade = curve([(0.7, 1.2), (0.3, 0.9), (-0.1, 0.55), (-0.5, 0.3), (-0.6, 1.2)], closed=True)
    with sheet.inside(outline) as inner:
        inner.cast(shade)
        if figure.head.mood in ("shy", "happy", "joy"):
            inner.shade(ellipse(0.42, 0.56, 0.17, 0.09), mix(skin.tones.base, (240, 96, 96), 0.3))
    sheet.outline(front, closed=False)
    sheet.ink(bend((0.86, 0.5), (0.82, 0.45), (0.83, 0.42)), width=0.7)
    ear = curve([(-0.2, -0.1), (-0.02, -0.22), (0.06, -0.02), (-0.02, 0.24), (-0.14, 0.34), (-0.24, 0.24)], closed=True)
    sheet.put(ear, skin, label)
    sheet.outline(ear)
    sheet.ink(curve([(-0.02, -0.1), (-0.1, 0.0), (-0.06, 0.16)]), width=0.7)


def _eye(sheet: Sheet, figure: Figure, high: float) -> None:
    y, color = 0.14, figure.colors.eye
    upper = curve([(0.7, y - 0.5 * high), (0.62, y - high), (0.42, y - 0.75 * high), (0.24, y + 0.1 * high)])
    lower = curve([(0.24, y + 0.1 * high), (0.42, y + 0.8 * high), (0.6, y + 0.95 * high), (0.66, y + 0.6 * high)])
    white = np.concatenate([upper, lower[1:]])
    deep = mix(color, (18, 8, 40), 0.62)
    sheet.fill(white, WHITE_OF_EYE)
    with sheet.inside(white) as inner:
        iris = ellipse(0.575, y, 0.125, 0.98 * high)
        inner.fill(iris, color)
        with inner.inside(iris) as part:
            part.grade(mix(color, deep, 0.75), mix(color, (255, 255, 235), 0.35))
        inner.outline(iris, width=0.9)
        inner.blot(ellipse(0.59, y, 0.06, 0.45 * high), mix(deep, (10, 5, 20), 0.5))
    sheet.shade(ellipse(0.62, y - 0.4 * high, 0.05, 0.26 * high), WHITE)
    rim = upper + (0.03, -0.03) - np.array([0, 1]) * 0.07 * np.sin(np.pi * np.linspace(0.2, 0.9, len(upper)))[:, None]
    sheet.blot(np.concatenate([upper, [(0.16, y + 0.05)], rim[::-1]]))
    sheet.ink(upper[6:28] - (0.0, 0.32 * high + 0.03), width=0.7)


def _mouth(sheet: Sheet, figure: Figure) -> None:
    if figure.head.mood in ("joy", "happy", "surprised"):
        shape = np.concatenate([bend((0.79, 0.68), (0.66, 0.67), (0.52, 0.66)), bend((0.52, 0.66), (0.62, 0.86), (0.79, 0.78))])
        sheet.fill(shape, (150, 52, 58))
        sheet.outline(shape, width=0.9)
    else:
        sheet.ink(bend((0.77, 0.695), (0.68, 0.7), (0.58, 0.67 if figure.head.mood != "sad" else 0.74)), width=1.0, start=0.6)


def _hair(sheet: Sheet, figure: Figure, rng: np.random.Generator) -> None:
    """A cap with bangs before the forehead, a lock before the ear, and the nape."""
    top = -1.44 - between(rng, 0.0, 0.12)
    low = 0.42 if figure.hair != "own" else between(rng, 0.4, 1.1)
    over = curve(
        [(0.82, -0.86), (0.55, top + 0.2), (0.0, top), (-0.62, top + 0.16), (-1.1, -0.82), (-1.16, -0.2), (-0.98, 0.3), (-0.86, low)]
    )
    n = int(rng.integers(3, 6))
    back = np.linspace(-0.86, -0.3, 4)
    bangs = np.linspace(0.06, 0.86, n + 1)
    lock = between(rng, 0.45, 1.3)
    valleys = np.concatenate([np.stack([back, low + np.array([0, -0.1, -0.12, -0.35])], 1), [(0.06, -0.25)],
                              np.stack([bangs[1:], -0.45 - 0.12 * bangs[1:] + rng.uniform(-0.06, 0.06, n)], 1)])  # fmt: skip
    tips = (valleys[1:] + valleys[:-1]) / 2 + (-0.05, 0.24)
    tips[3] = (-0.02, lock)
    tips[4:] += np.stack([np.full(n, between(rng, -0.06, 0.14)), rng.uniform(0.0, 0.16, n)], 1)
    lean = np.full((len(tips), 2), (0.04, 0.0))
    outline = np.concatenate([over, blades(valleys, tips, lean, 0.03)[1:]])
    thing = figure.thing("hair", "hair")
    sheet.put(outline, thing)
    with sheet.inside(outline) as inner:
        inner.cast(outline, outline + sheet.toward_light(0.2))
        crown = np.array([-0.2, top + 0.25])
        for end in [*valleys[1:], *tips[::2]]:
            start = crown + (end - crown) * between(rng, 0.25, 0.55)
            inner.ink(bend(end, (end + start) / 2 + (0.1 * (end[0] > 0), -0.12), start), width=0.9, start=1.0)
        shine = curve([(-0.5, -1.02), (0.0, -1.12), (0.45, -0.98), (0.4, -0.86), (0.0, -0.98), (-0.45, -0.9)], closed=True)
        inner.gleam(shine)
    sheet.outline(outline)
