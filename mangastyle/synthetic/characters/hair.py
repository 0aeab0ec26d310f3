"""Hair in front of the head: cap, bangs and side locks as one outline, its shadows, gloss and strands."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.canvas import Canvas
from mangastyle.synthetic.characters.curves import bend, blades, mirror, steps
from mangastyle.synthetic.characters.design import Design, between

TOP = -1.44  # height at which the hair on the skull begins
MIDDLE = -0.36  # height at which the hair is widest


def skull(width: float, top: float, low: float, points: int = 24) -> np.ndarray:
    """The right half of the hair's outer line, from the top (0, top) down to (width, low): (points + 1, 2)."""
    angle = np.linspace(0, np.pi / 2, points)
    arc = np.stack([width * np.sin(angle), MIDDLE - (MIDDLE - top) * np.cos(angle)], 1)
    return np.concatenate([arc, [(width * 0.995, low)]])


def tufts(half: np.ndarray, rng: np.random.Generator, count: int, first: int, span: int, length: float) -> np.ndarray:
    """The outer line `half` with `count` pointed strands standing off it, `span` points wide, about `length` long.

    first : the first point of the line, counted from the top of the head, where one may stand.
    """
    places = np.arange(first, len(half) - span - 1, span)
    parts, last = [], 0
    for i in np.sort(rng.choice(places, min(count, len(places)), replace=False)):
        top, foot = half[i], half[i + span]
        along = (foot - top) / np.hypot(*(foot - top))
        out = np.array([along[1], -along[0]])
        tip = foot + length * between(rng, 0.6, 1.3) * (0.8 * along + 0.6 * out)
        outer, inner = (top + foot) / 2 + 0.3 * length * out, (tip + foot) / 2 + 0.1 * length * out
        parts += [half[last:i], bend(top, outer, tip)[:-1], bend(tip, inner, foot)[:-1]]
        last = i + span
    return np.concatenate([*parts, half[last:]])


class Front:
    """The hair in front: one closed outline and the way its strands flow.

    outline : (n, 2), closed.
    valleys, tips : (m, 2), where strands part and end, from right to left.
    crown : (2,), where all strands come from.
    """

    def __init__(self, design: Design) -> None:
        rng = design.random("hair")
        self.width = 1.06 + between(rng, 0.02, 0.09)
        self.top = TOP - between(rng, 0.0, 0.1)
        sign = design.dark_side
        valleys, tips, lean, part = _bangs(design.bangs, rng, sign)
        self.crown = np.array([0.55 * part + 0.2 * design.turn, self.top + 0.1])
        low = between(rng, -0.1, 0.1)
        inner, ends = _locks(design, rng)
        shake = rng.uniform(-0.1, 0.1, (len(ends), 1)) * (0, 1)
        corner = np.array([(self.width * 0.995, low)])
        # From right to left: corner, right locks, bangs, left locks, corner.
        every_valley = np.concatenate([corner, inner, design.front(valleys), mirror(inner[::-1]), mirror(corner)])
        every_tip = np.concatenate([ends, design.front(tips), mirror((ends + shake)[::-1])])
        side = np.full((len(ends), 2), (0.07, 0.0))
        edge = blades(every_valley, every_tip, np.concatenate([side, lean, side * (-1, 1)]), belly=0.03)
        few = int(rng.integers(0, 3))
        standing = {"spiky": (6, 3, 4, 0.4), "wild": (3, 6, 3, 0.2)}
        standing = standing.get(design.back) or standing.get(design.bangs) or (few, 10, 3, 0.13)
        halves = [tufts(skull(self.width, self.top, low), rng, *standing) for _ in range(2)]
        self.outline = np.concatenate([mirror(halves[0][::-1])[:-1], halves[1], edge[1:-1]])
        self.valleys, self.tips = every_valley[1:-1], every_tip

    def flow(self, ends: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Points (n, 2) on the way from the crown (t = 0) to `ends` (n, 2) or (2,) (t = 1); `t` is (n, 1)."""
        bow = ends * (0.95, 0.0) + (0.3 * self.crown[0], self.crown[1] + 0.12)
        return (1 - t) ** 2 * self.crown + 2 * t * (1 - t) * bow + t**2 * ends

    def strand(self, end: np.ndarray, start: float, stop: float) -> np.ndarray:
        """The part from t = start to t = stop of the way to `end` (2,): (12, 2)."""
        return self.flow(end, start + (stop - start) * steps(12))

    def wedge(self, left, right, start: float) -> np.ndarray:
        """A sliver of hair that opens from a point at t = start to the width from `left` to `right` at its end."""
        wide, t = steps(12), start + (1 - start) * steps(12)
        middle, half = np.add(left, right) / 2, np.subtract(right, left) / 2 * wide
        return np.concatenate([self.flow(middle - half, t), self.flow(middle + half, t)[::-1]])


def _bangs(style: str, rng: np.random.Generator, sign: int):
    """(valleys (n + 1, 2), tips (n, 2), lean (n, 2), x of the parting) from right to left."""
    n = {"straight": 8, "full": 6, "parted": 6, "swept": 5, "wild": 6, "center": 5}[style]
    part = {"parted": between(rng, -0.12, 0.12), "swept": sign * between(rng, 0.4, 0.6)}.get(style, 0.0)
    x = np.linspace(0.84, -0.84, n + 1) + np.r_[0, rng.uniform(-0.06, 0.06, n - 1), 0]
    if style in ("parted", "swept"):
        x[np.argmin(np.abs(x - part))] = part
    middle = (x[1:] + x[:-1]) / 2
    noise, tip_noise = rng.uniform(-1, 1, n + 1), rng.uniform(-1, 1, n)
    away = np.sign(middle - part)
    far, far_tip = np.abs(x - part), np.abs(middle - part)
    if style == "straight":
        vy, ty, tx = -0.29 + 0.03 * noise + 0.1 * x**2, -0.16 + 0.015 * tip_noise + 0.1 * middle**2, middle
        lean = np.zeros((n, 2))
    elif style in ("parted", "swept"):
        vy = np.minimum(-1.04 + 0.75 * far**0.7, -0.34) + 0.04 * noise * (far > 0.05)
        vy[[0, -1]] = -0.4
        ty = np.minimum(-0.5 + 0.5 * far_tip, 0.12) + 0.08 * tip_noise
        tx = np.clip(middle + away * (0.2 - 0.08 * far_tip), -0.8, 0.8)
        lean = np.stack([0.1 * away, np.full(n, -0.04)], 1)
    elif style == "wild":
        vy, ty = -0.6 + 0.1 * noise, -0.14 + 0.17 * tip_noise
        tx = middle + sign * 0.16 + 0.05 * tip_noise
        lean = np.stack([np.full(n, -0.07 * sign), np.zeros(n)], 1)
    elif style == "center":
        vy, ty = -0.62 + 0.06 * noise + 0.12 * np.abs(x), -0.22 + 0.06 * tip_noise + 0.1 * np.abs(middle)
        ty[n // 2] += 0.34
        tx = middle + 0.12 * away
        tx[n // 2] += 0.06 * sign
        lean = np.stack([0.05 * away, np.zeros(n)], 1)
    else:
        vy, ty = -0.52 + 0.08 * noise, -0.13 + 0.08 * tip_noise
        tx = middle + 0.1 * sign
        lean = np.stack([np.full(n, -0.05 * sign), np.zeros(n)], 1)
    return np.stack([x, vy], 1), np.stack([tx, ty], 1), lean, part


def _locks(design: Design, rng: np.random.Generator):
    """The strands beside the face on the right: the valleys between them (n - 1, 2), and their tips (n, 2)."""
    if design.masculine or design.back == "crop":
        return np.empty((0, 2)), np.array([(0.88, between(rng, 0.1, 0.42))])
    long = design.back in ("long", "wavy", "twin tails", "ponytail")
    low = between(rng, 0.55, 1.5) if long else between(rng, 0.4, 0.95)
    if rng.random() < 0.65:
        return np.array([(0.93, -0.05)]), np.array([(1.0, low), (0.83, between(rng, 0.25, 0.5))])
    return np.empty((0, 2)), np.array([(0.93, low)])


def draw_front(canvas: Canvas, design: Design, front: Front) -> None:
    """Fill, shadow, gloss, outline and strands."""
    hair, rng = design.hair, design.random("strands")
    sign = design.dark_side
    canvas.fill(front.outline, hair.base)
    with canvas.inside(front.outline) as inner:
        for x0, x1, y, start in ((0.58, 0.8, 0.0, 0.3), (0.82, 1.6, 1.8, 0.1)):
            inner.shade(front.wedge((sign * x0, y), (sign * x1, y), start), hair.shadow)
        for valley in front.valleys:
            reach = between(rng, 0.45, 0.75)
            inner.shade(front.wedge(valley + (-0.06, 0.06), valley + (0.06, 0.06), reach), hair.shadow)
            inner.shade(valley + np.array([(-0.06, 0.06), (0.06, 0.06), (0.02, 0.4)]), hair.shadow)
        _gloss(inner, design, front, sign, rng)
        for valley in front.valleys:
            inner.ink(front.strand(valley, 1.0, between(rng, 0.4, 0.8)), hair.line, 0.95, start=1.0)
        for tip in front.tips:
            inner.ink(front.strand(tip, between(rng, 0.86, 0.93), between(rng, 0.5, 0.7)), hair.line, 0.7)
    canvas.outline(front.outline, hair.line)


def _gloss(inner: Canvas, design: Design, front: Front, sign: int, rng: np.random.Generator) -> None:
    """The ring of light around the head: two or three jagged pieces, pointed at their ends."""
    height = between(rng, 0.52, 0.6)
    inner_cuts = [between(rng, -0.35, 0.1)] if rng.random() < 0.5 else [-0.45, between(rng, 0.1, 0.25)]
    cuts = [-0.9, *inner_cuts, 0.64]
    for low, high in zip(cuts[:-1], cuts[1:]):
        n = 2 * max(2, round((high - low) / 0.2)) + 1
        x = np.linspace(low + 0.03, high - 0.03, n) * sign
        ends = design.front(np.stack([x, np.full(n, -0.25)], 1), 0.6)
        fade = np.sin(np.pi * steps(n)) ** 0.7
        jag = np.where(np.arange(n) % 2, rng.uniform(0.05, 0.11, n), 0.03)[:, None]
        lower, upper = front.flow(ends, height + jag * fade), front.flow(ends, height - 0.035 * fade)
        inner.shade(np.concatenate([blades(lower[0::2], lower[1::2], belly=0.01), upper[-2:0:-1]]), design.hair.light)


def draw_ahoge(canvas: Canvas, design: Design, front: Front) -> None:
    """One strand that stands up, on some heads."""
    rng = design.random("ahoge")
    if rng.random() > 0.3:
        return
    side = 1 if rng.random() < 0.5 else -1
    x, height = front.crown[0], between(rng, 0.2, 0.36)
    root = np.array([x, front.top + 0.06])
    tip = root + (side * between(rng, 0.18, 0.4), -height * 0.55)
    outer = bend(root + (-side * 0.05, 0), root + (0.0, -1.5 * height), tip)
    inner = bend(tip, root + (side * 0.08, -1.05 * height), root + (side * 0.05, 0.02))
    shape = np.concatenate([outer, inner])
    canvas.fill(shape, design.hair.base)
    canvas.outline(shape, design.hair.line, closed=False)
