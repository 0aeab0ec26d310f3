"""Hair: what hangs behind the head, and the cap with bangs and side locks in front of it."""

from __future__ import annotations

import numpy as np

from mangastyle.data.drawing.canvas import Canvas
from mangastyle.data.drawing.curves import bend, blades, curve, mirror
from mangastyle.data.drawing.design import Design, between

TOP = -1.46  # of the hair on the skull


def _arc(width: float, top: float, low: float) -> np.ndarray:
    """The outer line of the hair over the skull, from (-width, low) over the top to (width, low)."""
    half = np.array([(-width, low), (-1.02 * width, 0.45 * low - 0.25), (-0.95 * width, -0.72), (-0.7 * width, 0.82 * top), (-0.34 * width, 0.975 * top)])
    return curve(np.concatenate([half, [(0.0, top)], mirror(half[::-1])]))


class Front:
    """The cap, bangs and side locks as one outline.

    outline : (n, 2), closed.
    valleys : (m, 2), where strands part.
    crown : (2,), where they come from.
    """

    def __init__(self, design: Design) -> None:
        rng = design.random("hair")
        self.width = 1.06 + between(rng, 0.02, 0.09)
        self.top = TOP - between(rng, 0.0, 0.1)
        sign = -1 if design.mirrored else 1
        valleys, tips, lean, part = _bangs(design.bangs, rng, sign)
        self.crown = np.array([0.6 * part + 0.2 * design.turn, self.top + 0.12])
        locks = _locks(design, rng)
        ends = np.array([(self.width, between(rng, -0.12, 0.1))])
        # From right to left: outer end, right locks, bangs, left locks, outer end.
        right_v, right_t = locks
        all_v = np.concatenate([ends, right_v, design.front(valleys), mirror(right_v[::-1]), mirror(ends)])
        jitter = np.stack([np.zeros(len(right_t)), rng.uniform(-0.12, 0.12, len(right_t))], 1)
        all_t = np.concatenate([right_t, design.front(tips), mirror(right_t[::-1]) + jitter])
        side = np.full((len(right_t), 2), (0.05, 0.0))
        lean = np.concatenate([side, lean, side * (-1, 1)])
        edge = blades(all_v, all_t, lean, belly=0.03)
        self.outline = np.concatenate([_arc(self.width, self.top, ends[0, 1]), edge[1:-1]])
        self.valleys, self.tips = all_v[1:-1], all_t


def _bangs(style: str, rng: np.random.Generator, sign: int):
    """(valleys (n + 1, 2), tips (n, 2), lean (n, 2), x of the parting) from right to left."""
    n = {"straight": 8, "full": 6, "parted": 6, "swept": 5, "wild": 6, "centre": 5}[style]
    part = {"parted": between(rng, -0.12, 0.12), "swept": sign * between(rng, 0.4, 0.6)}.get(style, 0.0)
    x = np.linspace(0.84, -0.84, n + 1) + np.r_[0, rng.uniform(-0.05, 0.05, n - 1), 0]
    if style in ("parted", "swept"):
        x[np.argmin(np.abs(x - part))] = part
    middle = (x[1:] + x[:-1]) / 2
    noise, tip_noise = rng.uniform(-1, 1, n + 1), rng.uniform(-1, 1, n)
    away = np.sign(middle - part)
    far, far_tip = np.abs(x - part), np.abs(middle - part)
    if style == "straight":
        vy, ty, tx = -0.26 + 0.02 * noise + 0.08 * x**2, -0.14 + 0.02 * tip_noise + 0.08 * middle**2, middle
        lean = np.zeros((n, 2))
    elif style in ("parted", "swept"):
        vy = np.minimum(-1.02 + 0.75 * far**0.7, -0.3) + 0.04 * noise * (far > 0.05)
        ty = np.minimum(-0.5 + 0.5 * far_tip, 0.12) + 0.08 * tip_noise
        tx = middle + away * (0.2 - 0.08 * far_tip)
        lean = np.stack([0.1 * away, np.full(n, -0.04)], 1)
    elif style == "wild":
        vy, ty = -0.6 + 0.08 * noise, -0.12 + 0.17 * tip_noise
        tx = middle + sign * 0.16 + 0.05 * tip_noise
        lean = np.stack([np.full(n, -0.07 * sign), np.zeros(n)], 1)
    elif style == "centre":
        vy, ty = -0.62 + 0.06 * noise + 0.12 * np.abs(x), -0.2 + 0.06 * tip_noise + 0.1 * np.abs(middle)
        ty[n // 2] += 0.36
        tx = middle + 0.12 * away
        tx[n // 2] += 0.05 * sign
        lean = np.stack([0.05 * away, np.zeros(n)], 1)
    else:
        vy, ty = -0.5 + 0.06 * noise, -0.1 + 0.07 * tip_noise
        tx = middle + 0.09 * sign
        lean = np.stack([np.full(n, -0.05 * sign), np.zeros(n)], 1)
    return np.stack([x, vy], 1), np.stack([tx, ty], 1), lean, part


def _locks(design: Design, rng: np.random.Generator):
    """The strands beside the face on the right: inner valleys (n, 2) after each, and tips (n, 2)."""
    if design.masculine or design.back == "crop":
        return np.empty((0, 2)), np.array([(0.9, between(rng, 0.15, 0.5))])
    low = between(rng, 0.55, 1.5) if design.back in ("long", "wavy", "twin tails", "ponytail") else between(rng, 0.4, 0.95)
    if rng.random() < 0.6:
        return np.array([(0.93, -0.1)]), np.array([(1.0, low), (0.82, between(rng, 0.2, 0.45))])
    return np.empty((0, 2)), np.array([(0.94, low)])


def draw_front(canvas: Canvas, design: Design, front: Front) -> None:
    """Cap, bangs and locks: fill, shadow, light, outline and strands."""
    hair = design.hair
    rng = design.random("strands")
    sign = -1 if design.mirrored else 1
    canvas.fill(front.outline, hair.base)
    with canvas.inside(front.outline) as inner:
        _side_shadow(inner, design, front, sign)
        for valley in front.valleys:
            root = valley + (front.crown - valley) * 0.42
            across = np.array([0.075, 0.0])
            inner.shade(np.concatenate([bend(valley + (0, 0.5) - across, valley - across * 0.7, root), bend(root, valley + across * 0.7, valley + (0, 0.5) + across)]), hair.shadow)
        _gloss(inner, design, front, sign, rng)
    canvas.outline(front.outline, hair.line, 1.0)
    for valley in front.valleys:
        reach = between(rng, 0.25, 0.6)
        end = valley + (front.crown - valley) * reach
        control = (valley + end) / 2 + (0.16 * valley[0] * reach, -0.05)
        canvas.ink(bend(valley, control, end), hair.line, 0.9, start=1.0)
    for tip in front.tips:
        start = tip + (front.crown - tip) * 0.12
        end = tip + (front.crown - tip) * between(rng, 0.3, 0.45)
        canvas.ink(bend(start, (start + end) / 2 + (0.1 * tip[0], -0.02), end), hair.line, 0.7)


def _side_shadow(inner: Canvas, design: Design, front: Front, sign: int) -> None:
    """The half away from the light, with a strand-like edge."""
    w, top = front.width, front.top
    valleys = np.array([(0.45, 0.98 * top), (0.68, 0.7 * top), (0.84, 0.38 * top), (0.93, 0.02), (1.0, 0.5)]) * (w, 1)
    tips = np.array([(0.5, 0.62 * top), (0.7, 0.32 * top), (0.82, 0.1), (0.88, 0.75)]) * (w, 1)
    shape = np.concatenate([blades(valleys, tips, (0.03, 0.0)), [(2.0, 2.0), (2.0, -2.0)]])
    inner.shade(shape * (sign, 1), design.hair.shadow)


def _gloss(inner: Canvas, design: Design, front: Front, sign: int, rng: np.random.Generator) -> None:
    """The ring of light around the head, in jagged pieces."""
    angles = np.linspace(-0.95, 0.62, 9)
    rx, ry, y = 0.86 * front.width, 0.62, -0.38
    ring = np.stack([rx * np.sin(angles), y - ry * np.cos(angles)], 1) * (-sign * -1, 1)
    ring = ring + (0.3 * design.turn, 0.0)
    middle = (ring[1:] + ring[:-1]) / 2
    down = rng.uniform(0.06, 0.17, len(middle))[:, None] * (0, 1)
    up = rng.uniform(0.03, 0.12, len(middle))[:, None] * (0, -1)
    lower, upper = blades(ring, middle + down), blades(ring[::-1], (middle + up)[::-1])
    inner.shade(np.concatenate([lower, upper[1:-1]]), design.hair.light)


def draw_back(canvas: Canvas, design: Design, front: Front) -> None:
    """The hair behind head and shoulders."""
    rng = design.random("back hair")
    w = front.width
    hair = design.hair
    for outline in _tails(design, rng, w):
        _mass(canvas, hair, outline, None)
    outline, tips = _back_outline(design, rng, w, front.top)
    _mass(canvas, hair, outline, tips)


def _mass(canvas: Canvas, hair, outline: np.ndarray, tips) -> None:
    canvas.fill(outline, hair.base)
    with canvas.inside(outline) as inner:
        if tips is not None:
            inner.shade(curve([(-0.85, -0.4), (-0.9, 0.5), (-0.75, 1.2), (-0.9, 2.6), (0.9, 2.6), (0.75, 1.2), (0.9, 0.5), (0.85, -0.4)], closed=True), hair.shadow)
            for tip in tips:
                inner.ink(bend(tip * (0.99, 0.97), tip * (1.0, 0.7), tip * (0.93, 0.4)), hair.line, 0.8)
    canvas.outline(outline, hair.line)


def _back_outline(design: Design, rng: np.random.Generator, w: float, top: float):
    """Outline (n, 2) and the tips of its strands (m, 2)."""
    style = design.back
    if style == "spiky":
        angles = np.linspace(0.62, -0.62, 12) * np.pi
        radius = rng.uniform(1.28, 1.4, 12)
        valleys = np.stack([np.sin(angles) * 1.1, -0.25 - np.cos(angles) * 1.17], 1)
        middle = (angles[1:] + angles[:-1]) / 2 + rng.uniform(-0.06, 0.06, 11)
        tips = np.stack([np.sin(middle) * radius[1:], -0.25 - np.cos(middle) * radius[1:] * 1.04], 1) + (0, 0.05)
        return np.concatenate([blades(valleys, tips, belly=0.04), [(0, 0.6)]]), tips
    # side: (width, y) knots from temple to the lowest outer point; low: where the strands end
    side, low, n = {
        "crop": ([(1.0, 0.0), (0.95, 0.4)], 0.62, 6),
        "short": ([(1.04, 0.0), (1.06, 0.4), (0.96, 0.75)], 1.0, 6),
        "bob": ([(1.06, 0.0), (1.16, 0.5), (1.1, 0.95)], 1.12, 7),
        "medium": ([(1.05, 0.0), (1.1, 0.6), (1.16, 1.2), (1.26, 1.5)], 1.85, 7),
        "long": ([(1.05, 0.0), (1.12, 0.8), (1.24, 1.8), (1.35, 2.9)], 3.2, 6),
        "wavy": ([(1.06, 0.0), (1.22, 0.45), (1.12, 0.85), (1.36, 1.35), (1.24, 1.8), (1.5, 2.3), (1.4, 2.9)], 3.2, 6),
    }.get(style, ([(1.0, 0.0), (0.9, 0.45)], 0.6, 5))
    spread = between(rng, 0.96, 1.06)
    right = np.array(side) * (w * spread, 1)
    arc = _arc(w, top + 0.04, -0.2)
    path = curve(np.concatenate([arc[-12:-2:4], right]))
    x = np.linspace(right[-1, 0], -right[-1, 0], n + 1)
    valleys = np.stack([x, right[-1, 1] + rng.uniform(-0.06, 0.06, n + 1) * np.r_[0, np.ones(n - 1), 0]], 1)
    middle = (x[1:] + x[:-1]) / 2
    tips = np.stack([middle * 0.96, low + rng.uniform(-0.08, 0.08, n)], 1)
    edge = blades(valleys, tips, (0, 0.02), belly=0.06)
    return np.concatenate([arc[:-12], path, edge[1:], mirror(path[::-1])]), np.concatenate([valleys, tips])


def _tails(design: Design, rng: np.random.Generator, w: float) -> list[np.ndarray]:
    """Outlines of twin tails, a ponytail, buns or braids."""
    if design.back == "twin tails":
        out, low = between(rng, 0.3, 0.7), between(rng, 1.3, 2.4)
        right = _tail((0.92 * w, -0.75), (0.92 * w + out, low), 0.34, 0.35)
        return [right, mirror(right)]
    if design.back == "ponytail":
        side = 1 if design.mirrored else -1
        return [_tail((side * 0.5, -1.25), (side * 1.55, between(rng, 0.6, 1.5)), 0.4, 0.55)]
    if design.back == "buns":
        ring = curve(np.array([(0.62, -1.35), (0.78, -1.62), (1.05, -1.62), (1.2, -1.38), (1.1, -1.1), (0.85, -1.05)]), closed=True)
        return [ring, mirror(ring)]
    return []


def _tail(root, tip, width: float, lift: float) -> np.ndarray:
    """A tied tail that rises a little from `root` and falls to a few points at `tip`."""
    root, tip = np.array(root), np.array(tip)
    side = 1 if tip[0] > root[0] else -1
    outer = curve([root + (0, -0.08), root + (side * 0.3, -0.22), root + (side * (0.25 + width), 0.2 * lift), (root + tip) / 2 + (side * (0.15 + width * 0.6), 0), tip])
    inner = curve([tip, (root + tip) / 2 - (side * (0.3 * width), 0), root + (side * 0.1, 0.3), root + (0, 0.08)])
    ends = blades([tip + (side * 0.08, -0.5), tip + (0, -0.35), tip + (-side * 0.15, -0.5)], [tip + (side * 0.1, 0.1), tip + (-side * 0.1, -0.05)])
    return np.concatenate([outer[:-6], ends, inner[6:]])
