"""Backdrops of the characters: plain colors, gradients, shapes and patterns."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.canvas import Canvas
from mangastyle.synthetic.characters.colors import WHITE, hsv, mix
from mangastyle.synthetic.characters.curves import blades, curve, ellipse
from mangastyle.synthetic.characters.design import Design, between, pick

EDGE = 3.0  # past every border of the picture, in units
KINDS = {
    "plain": 2, "gradient": 3, "disc": 2, "dots": 1.2, "stripes": 1.2, "rays": 0.8, "bubbles": 1.2,
    "sky": 1.4, "window": 1, "petals": 1, "night": 0.9, "checks": 0.8, "sunset": 0.8,
}  # fmt: skip


def draw(canvas: Canvas, design: Design) -> None:
    """Fill the whole canvas."""
    rng = design.random("backdrop")
    hue = between(rng, 0, 360)
    base = hsv(hue, between(rng, 0.08, 0.34), between(rng, 0.8, 0.98))
    if rng.random() < 0.12:
        base = hsv(hue, between(rng, 0.3, 0.5), between(rng, 0.35, 0.5))
    other = mix(hsv(hue + between(rng, -50, 50), 0.2, 0.97), base, 0.35)
    kind = pick(rng, KINDS)
    everything = _rectangle(EDGE, EDGE)
    canvas.fill(everything, base)
    if kind == "gradient":
        canvas.grade(other, base)
    elif kind == "disc":
        canvas.fill(ellipse(between(rng, -0.4, 0.4), between(rng, -0.4, 0.2), 1.75, 1.75, points=90), other)
    elif kind == "dots":
        dot = ellipse(0, 0, 0.1, 0.1, points=16)
        places = [(0.5 * column + 0.25 * (row % 2), 0.42 * row) for row in range(-6, 7) for column in range(-6, 7)]
        canvas.fill_all([dot + place for place in places], other)
    elif kind == "stripes":
        stripe = np.array([(1.0, -EDGE), (1.3, -EDGE), (-0.7, EDGE), (-1.0, EDGE)])
        canvas.fill_all([stripe + (0.6 * i, 0) for i in range(-10, 10)], other)
    elif kind == "rays":
        turn = between(rng, 0, 0.3)
        for i in range(12):
            a = turn + np.array([i, i + 0.5]) * np.pi / 6
            canvas.fill(np.concatenate([[(0, 0)], 5 * np.stack([np.cos(a), np.sin(a)], 1)]), other)
    elif kind == "bubbles":
        canvas.grade(base, other)
        for _ in range(14):
            r = between(rng, 0.06, 0.34)
            bubble = ellipse(between(rng, -2.2, 2.2), between(rng, -2.2, 2.2), r, r)
            canvas.shade(bubble, mix(other, WHITE, between(rng, 0.2, 0.7)))
    elif kind == "sky":
        sky = hsv(between(rng, 198, 216), between(rng, 0.38, 0.55), 0.95)
        canvas.fill(everything, sky)
        canvas.grade(sky, mix(sky, WHITE, 0.65))
        for _ in range(3):
            _cloud(canvas, between(rng, -2, 2), between(rng, -1.6, 0.8), between(rng, 0.35, 0.7))
    elif kind == "window":
        _window(canvas, base, other, between(rng, -0.6, 0.6))
    elif kind == "night":
        sky = hsv(between(rng, 220, 255), between(rng, 0.45, 0.6), between(rng, 0.3, 0.45))
        canvas.fill(everything, sky)
        canvas.grade(sky, mix(sky, hsv(300, 0.3, 0.8), 0.45))
        for _ in range(26):
            _star(canvas, between(rng, -2.2, 2.2), between(rng, -2.2, 1.4), between(rng, 0.02, 0.08))
    elif kind == "checks":
        places = [(0.7 * column, 0.7 * row) for row in range(-4, 5) for column in range(-4, 5) if (row + column) % 2]
        canvas.fill_all([_rectangle(0.35, 0.35) + place for place in places], other)
    elif kind == "sunset":
        sky = hsv(between(rng, 16, 36), between(rng, 0.42, 0.55), 0.98)
        canvas.fill(everything, sky)
        canvas.grade(hsv(between(rng, 250, 330), 0.3, 0.85), sky)
        canvas.fill(ellipse(between(rng, -1.5, 1.5), between(rng, -0.6, 0.6), 0.5, 0.5), (255, 240, 200))
        hills = curve([(-EDGE, 1.1), (-1.6, 0.85), (-0.5, 1.05), (0.6, 0.8), (1.7, 1.1), (EDGE, 0.9)])
        canvas.fill(np.concatenate([hills, [(EDGE, EDGE), (-EDGE, EDGE)]]), hsv(between(rng, 260, 330), 0.3, 0.5))
    elif kind == "petals":
        canvas.grade(mix(base, WHITE, 0.5), base)
        petal = hsv(between(rng, 335, 355), 0.25, 1.0)
        for _ in range(16):
            shape = blades([(-0.02, -0.1), (0.02, -0.1)], [(0.0, 0.13)], belly=0.12)
            a = between(rng, 0, 6.3)
            turned = shape @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
            canvas.fill(turned + (between(rng, -2.2, 2.2), between(rng, -2.2, 2.2)), petal)


def _cloud(canvas: Canvas, x: float, y: float, r: float) -> None:
    left = [(-2, 0.3), (-1.9, -0.2), (-1.2, -0.3), (-0.9, -0.85), (0, -1)]
    right = [(0.6, -0.6), (1.2, -0.7), (1.6, -0.2), (2.1, -0.1), (2, 0.3)]
    canvas.fill(curve(left + right, closed=True) * r + (x, y), (250, 253, 255))


def _star(canvas: Canvas, x: float, y: float, r: float) -> None:
    a = np.arange(8) * (np.pi / 4)
    reach = np.where(np.arange(8) % 2, 0.35, 1.0) * r
    canvas.fill(np.stack([x + reach * np.cos(a), y + reach * np.sin(a)], 1), (255, 250, 225))


def _rectangle(x: float, y: float) -> np.ndarray:
    return np.array([(-x, -y), (x, -y), (x, y), (-x, y)])


def _window(canvas: Canvas, wall, light, x: float) -> None:
    """A wall with a bright window and a darker lower part."""
    frame = mix(wall, (60, 50, 60), 0.35)
    canvas.fill(_rectangle(EDGE, EDGE) + (0, EDGE + 0.9), mix(wall, (70, 50, 60), 0.2))
    for side in (-1, 1):
        pane = _rectangle(0.82, 1.2) + (x + 0.9 * side, -0.7)
        canvas.fill(pane, mix(light, WHITE, 0.6))
        canvas.outline(pane, frame, 1.6)
