"""What is behind the character: plain colours, gradients, shapes and patterns."""

from __future__ import annotations

import numpy as np

from mangastyle.data.drawing.canvas import Canvas
from mangastyle.data.drawing.colours import WHITE, hsv, mix
from mangastyle.data.drawing.curves import blades, curve, ellipse
from mangastyle.data.drawing.design import Design, between, pick

EDGE = 3.0  # past every border of the picture, in units


def draw(canvas: Canvas, design: Design) -> None:
    """Fill the whole canvas."""
    rng = design.random("backdrop")
    hue = between(rng, 0, 360)
    base = hsv(hue, between(rng, 0.08, 0.34), between(rng, 0.8, 0.98))
    if rng.random() < 0.12:
        base = hsv(hue, between(rng, 0.3, 0.5), between(rng, 0.35, 0.5))
    other = mix(hsv(hue + between(rng, -50, 50), 0.2, 0.97), base, 0.35)
    kind = pick(rng, {"plain": 2, "gradient": 3, "disc": 2, "dots": 1.2, "stripes": 1.2, "rays": 0.8, "bubbles": 1.2,
                      "sky": 1.4, "window": 1.0, "petals": 1.0})  # fmt: skip
    everything = np.array([(-EDGE, -EDGE), (EDGE, -EDGE), (EDGE, EDGE), (-EDGE, EDGE)])
    canvas.fill(everything, base)
    if kind == "gradient":
        canvas.grade(other, base)
    elif kind == "disc":
        canvas.fill(ellipse(between(rng, -0.4, 0.4), between(rng, -0.4, 0.2), 1.75, 1.75, points=90), other)
    elif kind == "dots":
        for row in range(-6, 7):
            for column in range(-6, 7):
                canvas.fill(ellipse(0.5 * column + 0.25 * (row % 2), 0.42 * row, 0.1, 0.1, points=16), other)
    elif kind == "stripes":
        for i in range(-10, 10):
            canvas.fill(np.array([(0.6 * i, -EDGE), (0.6 * i + 0.3, -EDGE), (0.6 * i - 1.7, EDGE), (0.6 * i - 2, EDGE)]) + (1, 0), other)
    elif kind == "rays":
        turn = between(rng, 0, 0.3)
        for i in range(12):
            a = turn + np.array([i, i + 0.5]) * np.pi / 6
            canvas.fill(np.concatenate([[(0, 0)], 5 * np.stack([np.cos(a), np.sin(a)], 1)]), other)
    elif kind == "bubbles":
        canvas.grade(base, other)
        for _ in range(14):
            r = between(rng, 0.06, 0.34)
            canvas.shade(ellipse(between(rng, -2.2, 2.2), between(rng, -2.2, 2.2), r, r), mix(other, WHITE, between(rng, 0.2, 0.7)))
    elif kind == "sky":
        sky = hsv(between(rng, 198, 216), between(rng, 0.38, 0.55), 0.95)
        canvas.fill(everything, sky)
        canvas.grade(sky, mix(sky, WHITE, 0.65))
        for _ in range(3):
            _cloud(canvas, between(rng, -2, 2), between(rng, -1.6, 0.8), between(rng, 0.35, 0.7))
    elif kind == "window":
        _window(canvas, base, other, between(rng, -0.6, 0.6))
    elif kind == "petals":
        canvas.grade(mix(base, WHITE, 0.5), base)
        petal = hsv(between(rng, 335, 355), 0.25, 1.0)
        for _ in range(16):
            shape = blades([(-0.02, -0.1), (0.02, -0.1)], [(0.0, 0.13)], belly=0.12)
            a = between(rng, 0, 6.3)
            turned = shape @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
            canvas.fill(turned + (between(rng, -2.2, 2.2), between(rng, -2.2, 2.2)), petal)


def _cloud(canvas: Canvas, x: float, y: float, r: float) -> None:
    knots = [(-2, 0.3), (-1.9, -0.2), (-1.2, -0.3), (-0.9, -0.85), (0, -1), (0.6, -0.6), (1.2, -0.7), (1.6, -0.2), (2.1, -0.1), (2, 0.3)]
    canvas.fill(curve(np.array(knots) * r + (x, y), closed=True), (250, 253, 255))


def _window(canvas: Canvas, wall, light, x: float) -> None:
    """A wall with a bright window and a darker lower part."""
    frame = mix(wall, (60, 50, 60), 0.35)
    canvas.fill(np.array([(-EDGE, 0.9), (EDGE, 0.9), (EDGE, EDGE), (-EDGE, EDGE)]), mix(wall, (70, 50, 60), 0.2))
    for left in (-1.75, 0.05):
        pane = np.array([(left, -1.9), (left + 1.65, -1.9), (left + 1.65, 0.5), (left, 0.5)]) + (x, 0)
        canvas.fill(pane, mix(light, WHITE, 0.6))
        canvas.outline(pane, frame, 1.6)
