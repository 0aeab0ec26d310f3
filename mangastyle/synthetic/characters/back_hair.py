"""Hair behind the head: masses that fall to the shoulders, tails, buns; and braids that hang in front."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.canvas import Canvas
from mangastyle.synthetic.characters.colors import Tones
from mangastyle.synthetic.characters.curves import bend, blades, curve, ellipse, mirror, normals, steps
from mangastyle.synthetic.characters.design import Design, between
from mangastyle.synthetic.characters.hair import MIDDLE, Front, skull

# style: outer points from the temple down, as (share of the width, y); y of the tips; strands at the lower edge
FALLS = {
    "spiky": ([(1.0, 0.0), (0.98, 0.35)], 0.72, 5),
    "crop": ([(1.0, 0.0), (0.92, 0.4)], 0.62, 6),
    "short": ([(1.04, 0.0), (1.08, 0.4), (0.98, 0.7)], 1.0, 7),
    "bob": ([(1.06, 0.0), (1.17, 0.5), (1.1, 0.95)], 1.14, 9),
    "medium": ([(1.05, 0.0), (1.1, 0.6), (1.16, 1.2), (1.28, 1.5)], 1.9, 8),
    "long": ([(1.05, 0.0), (1.13, 0.8), (1.26, 1.8), (1.38, 2.9)], 3.2, 6),
    "wavy": ([(1.06, 0.0), (1.22, 0.45), (1.14, 0.85), (1.36, 1.35), (1.26, 1.8), (1.5, 2.3), (1.4, 2.9)], 3.2, 6),
    "gathered": ([(1.0, 0.0), (0.88, 0.42)], 0.56, 5),
}


def draw(canvas: Canvas, design: Design, front: Front) -> None:
    """Everything that head and shoulders hide in part."""
    rng = design.random("back hair")
    if design.back == "twin tails":
        out, low = between(rng, 0.2, 0.6), between(rng, 1.2, 2.6)
        for side in (-1, 1):
            _tail(canvas, design, rng, side, (0.93 * front.width, -0.78), (0.35, -0.2), (0.93 * front.width + out, low))
    elif design.back == "ponytail":
        side = -design.dark_side
        _tail(canvas, design, rng, side, (0.4, -1.32), (0.75, -0.25), (1.5, between(rng, 0.5, 1.6)))
    elif design.back == "buns":
        for side in (-1, 1):
            _bun(canvas, design.hair, side, between(rng, 0.27, 0.36))
    _fall(canvas, design, rng, front)


def _fall(canvas: Canvas, design: Design, rng: np.random.Generator, front: Front) -> None:
    """A mass of hair from the skull down to a jagged lower edge."""
    hair = design.hair
    knots, low, n = FALLS.get(design.back, FALLS["gathered"])
    low += between(rng, -0.08, 0.12)
    knots = np.array(knots) * (front.width * between(rng, 0.97, 1.05), 1)
    right = np.concatenate([skull(front.width, front.top + 0.05, MIDDLE)[:-1], curve(knots)])
    x = np.linspace(right[-1, 0], -right[-1, 0], n + 1)
    rough = np.r_[0, rng.uniform(-0.07, 0.07, n - 1), 0]
    valleys = np.stack([x, right[-1, 1] + rough], 1)
    middle = (x[1:] + x[:-1]) / 2
    tips = np.stack([middle * between(rng, 0.9, 1.08), low + rng.uniform(-0.1, 0.1, n)], 1)
    edge = blades(valleys, tips, np.stack([0.06 * middle, np.zeros(n)], 1), belly=0.03)
    outline = np.concatenate([right, edge[1:-1], mirror(right[::-1])])
    canvas.fill(outline, hair.base)
    with canvas.inside(outline) as inner:
        nape = np.array([(0.85, -0.4), (0.95, 0.5), (0.78, 1.3), (1.0, 3.3)])
        inner.shade(curve(np.concatenate([nape, mirror(nape[::-1])]), closed=True), hair.shadow)
        for end in np.concatenate([valleys[1:-1], tips[[0, -1]] * (1.06, 1)]):
            top = end * (0.9, 0) + (0, between(rng, 0.1, 0.6))
            inner.ink(bend(end, (end + top) / 2 + (0.05 * end[0], 0), top), hair.line, 0.8, start=0.8)
    canvas.outline(outline, hair.line)


def _tail(canvas: Canvas, design: Design, rng: np.random.Generator, side: int, root, rise, tip) -> None:
    """A tied tail of three strands that leaves `root`, rises by `rise`, and falls to `tip`, all given for the right."""
    root, rise, tip = np.array(root), np.array(rise), np.array(tip)
    wave = between(rng, -0.1, 0.2)
    hair = design.hair
    for i, (spread, full) in enumerate(((-0.22, 0.34), (0.24, 0.36), (0.02, 0.44))):
        end = tip + (spread, -0.45 * abs(spread) / 0.24 + (0.3 if i == 2 else 0.1 * rng.random()))
        shoulder = root + 0.7 * rise + (0.3 * spread, 0)
        middle = (root + rise + end) / 2 + (0.2 + wave + 0.5 * spread, -0.15)
        path = curve([root, shoulder, middle, end - (wave * 0.5, 0.4), end]) * (side, 1)
        t = steps(len(path))
        half = full * (0.2 * (1 - t) + 0.5 * np.sin(np.pi * t**0.6))
        normal = normals(path)
        strand = np.concatenate([path + half * normal, (path - half * normal)[::-1]])
        canvas.fill(strand, hair.base)
        with canvas.inside(strand) as inner:
            dark = np.where(normal[:, :1] > 0, 1, -1) * design.dark_side * half * normal
            inner.shade(np.concatenate([path + 0.15 * dark, (path + 1.2 * dark)[::-1]]), hair.shadow)
        canvas.outline(strand, hair.line)
        canvas.ink(path[16:-8] + (0.04, 0), hair.line, 0.7)
    knot = root + 0.16 * rise
    tie = ellipse(side * knot[0], knot[1], 0.085, 0.17, -side * np.arctan2(-rise[1], rise[0]))
    canvas.fill(tie, design.accent.base)
    canvas.outline(tie, design.accent.line)


def _bun(canvas: Canvas, hair: Tones, side: int, r: float) -> None:
    x, y = side * 0.82, -1.36
    ball = ellipse(x, y, r, r)
    canvas.fill(ball, hair.base)
    with canvas.inside(ball) as inner:
        inner.shade(ellipse(x + 0.1, y + 0.32, 1.1 * r, 0.8 * r), hair.shadow)
        inner.shade(ellipse(x - 0.4 * r, y - 0.45 * r, 0.3 * r, 0.16 * r, -0.6), hair.light)
        swirl = np.linspace(0, 5, 24)[:, None]
        spiral = (0.15 + 0.13 * swirl) * r * np.concatenate([side * np.cos(swirl), np.sin(swirl)], 1)
        inner.ink(spiral + (x, y), hair.line, 0.8, 0.4)
    canvas.outline(ball, hair.line)


def draw_braids(canvas: Canvas, design: Design) -> None:
    """Two braids that hang before the shoulders, for the style that has them."""
    if design.back != "braids":
        return
    hair, n = design.hair, 6
    for side in (-1, 1):
        t = np.arange(0, n + 0.5, 0.5)
        knots = np.stack([side * (0.98 - 0.035 * t), 0.62 + 0.27 * t], 1)  # two for each crossing
        end = knots[-1]
        brush = blades([end + (-0.1, -0.1), end + (0.1, -0.1)], [end + (side * 0.02, 0.4)], belly=0.12)
        canvas.fill(brush, hair.base)
        canvas.outline(brush, hair.line)
        for i in reversed(range(n)):
            for half in (-1, 1):
                x, y = knots[2 * i + (half + 1) // 2]
                leaf = ellipse(x + 0.085 * half, y, 0.1, 0.19, 0.55 * half, points=24)
                canvas.fill(leaf, hair.base)
                with canvas.inside(leaf) as inner:
                    inner.shade(leaf + (0.06, 0.1), hair.shadow)
                canvas.outline(leaf, hair.line, 0.9)
        x, y = end - (0, 0.04)
        tie = ellipse(x, y, 0.12, 0.07)
        canvas.fill(tie, design.accent.base)
        canvas.outline(tie, design.accent.line)
