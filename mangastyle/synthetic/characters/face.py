"""The face: contour and ears, eyes, brows, nose, mouth, blush."""

from __future__ import annotations

import functools
from typing import Callable

import numpy as np

from mangastyle.synthetic.characters.canvas import Canvas
from mangastyle.synthetic.characters.colors import WHITE, Color, mix
from mangastyle.synthetic.characters.curves import bend, curve, ellipse, mirror, steps
from mangastyle.synthetic.characters.design import Design, between, pick

EYE_X, EYE_Y = 0.47, 0.12
WHITE_OF_EYE: Color = (252, 252, 255)
MOUTHS = {
    "calm": {"line": 2, "smile": 4, "small": 2},
    "happy": {"smile": 3, "open": 4, "cat": 1, "grin": 1},
    "joy": {"open": 4, "smile": 1},
    "stern": {"line": 3, "frown": 1.5, "grit": 0.6},
    "shy": {"wave": 1, "small": 2, "smile": 2},
    "surprised": {"round": 3, "small": 1},
    "sad": {"frown": 2, "small": 1},
    "asleep": {"line": 1, "smile": 1},
    "wink": {"open": 2, "cat": 1, "smile": 1},
}


def contour(design: Design) -> np.ndarray:
    """The outline of face and skull, closed: (n, 2)."""
    chin = 1.1 + 0.16 * design.age
    jaw = 0.64 + (0.06 if design.masculine else 0.0) - 0.02 * design.age
    temple, cheek = [(0.8, -0.75), (0.95, -0.3), (0.955, 0.08)], [(0.89, 0.44), (jaw + 0.03, 0.78)]
    half = np.array([*temple, *cheek, (0.34, chin - 0.11), (0.12, chin - 0.008)])
    ring = np.concatenate([[(0.0, -1.1)], half, mirror(half[::-1])])
    depth = np.clip(ring[:, 1:] / 1.0, 0, 1)
    return curve(ring + depth * (design.front(ring) - ring), closed=True)


def draw_head(canvas: Canvas, design: Design, shadow_of_hair: np.ndarray) -> None:
    """Ears, then the face with the shadow that the hair casts on it."""
    skin, face = design.skin, contour(design)
    for side in (-1, 1):
        knots = [(0.88, -0.12), (1.03, -0.2), (1.12, -0.08), (1.07, 0.2), (0.97, 0.36), (0.86, 0.3)]
        back = (-0.12 * design.turn, 0)
        ear = curve(knots, closed=True) * (side, 1) + back
        canvas.fill(ear, skin.base)
        canvas.outline(ear, skin.line)
        canvas.ink(curve([(0.99, -0.06), (1.05, 0.02), (0.98, 0.2)]) * (side, 1) + back, skin.line, 0.7)
    canvas.fill(face, skin.base)
    with canvas.inside(face) as inner:
        edge = [(1.04, -0.6), (0.92, 0.1), (0.89, 0.42), (0.66, 0.8), (0.26, 1.16)]
        cheek = curve([*edge, (0.36, 1.5), (1.56, 1.2), (1.56, -0.5)], closed=True)
        inner.shade(cheek * (design.dark_side, 1) + (0.4 * design.turn, 0), skin.shadow)
        inner.shade(shadow_of_hair, skin.shadow)
    canvas.outline(face, skin.line, 0.95)


def draw_features(canvas: Canvas, design: Design) -> None:
    """Everything in the face."""
    rng = design.random("face")
    mood = design.mood
    _blush(canvas, design, rng, 1.0 if mood == "shy" else between(rng, 0, 0.9))
    _nose(canvas, design, rng)
    _mouth(canvas, design, rng, mood)
    shape = _Lids(design, rng, mood)
    for side in (-1, 1):
        if mood == "joy" or mood == "asleep" or (mood == "wink" and side == 1):
            _closed_eye(canvas, design, shape, side, up=mood != "asleep")
        else:
            _eye(canvas, design, shape, side)


class _Lids:
    """The shape of a pair of eyes: the lids of the right-hand one about its own center, inner corner on the left."""

    def __init__(self, design: Design, rng: np.random.Generator, mood: str) -> None:
        self.width = between(rng, 0.28, 0.32) - 0.02 * design.age
        self.height = (0.31 - 0.11 * design.age - (0.045 if design.masculine else 0)) * between(rng, 0.93, 1.07)
        self.slant = between(rng, -0.07, 0.08) + (-0.04 if mood == "stern" else 0.03 if mood in ("sad", "shy") else 0)
        openness = {"surprised": 1.1, "stern": 0.82, "shy": 0.92, "sad": 0.9}.get(mood, 1.0)
        flat = between(rng, 0, 0.2)
        top = openness * (1 - flat)
        inner, outer = (-0.84, -0.3 * openness), (0.62, -0.78 * openness)
        upper = [(-1, 0.28), inner, (-0.45, -0.86 * top), (0.1, -1.0 * top), outer, (0.95, -0.12)]
        lower = [(0.95, -0.12), (0.8, 0.58), (0.4, 0.95), (-0.25, 0.97), (-0.78, 0.74), (-1, 0.28)]
        self.upper, self.lower = self._place(upper), self._place(lower)
        self.iris_width = between(rng, 0.7, 0.8)
        self.pupil = between(rng, 0.38, 0.5)
        self.lash = between(rng, 0.85, 1.25) * (0.75 if design.masculine else 1.0)
        self.second_lash = rng.random() < 0.6 and not design.masculine
        self.glints = int(rng.integers(1, 4))
        self.crease = rng.random() < 0.8
        self.gaze = between(rng, -0.08, 0.08)

    def _place(self, knots) -> np.ndarray:
        p = np.array(knots) * (self.width, self.height)
        p[:, 1] += self.slant * p[:, 0] / self.width
        return curve(p)

    def at(self, points: np.ndarray, design: Design, side: int) -> np.ndarray:
        """Put points drawn for the right-hand eye into the face, on the left (-1) or right (1)."""
        return design.front((np.asarray(points) + (EYE_X, EYE_Y)) * (side, 1))


def _eye(canvas: Canvas, design: Design, lids: _Lids, side: int) -> None:
    dark = mix(design.hair.line, (20, 12, 16), 0.5)
    w, h = lids.width, lids.height
    place = functools.partial(lids.at, design=design, side=side)
    white = place(np.concatenate([lids.upper, lids.lower[1:]]))
    # Irises look the same way on both sides, so their offset is not mirrored.
    x = side * (lids.gaze * w + 0.25 * design.turn * w) - 0.03 * w
    rx, ry = lids.iris_width * w, 1.1 * h
    iris = place(ellipse(x, 0.03 * h, rx, ry))
    deep, glow = mix(design.eye, (18, 8, 40), 0.62), mix(design.eye, (255, 255, 235), 0.5)
    canvas.fill(white, WHITE_OF_EYE)
    with canvas.inside(white) as eye:
        eye.fill(iris, design.eye)
        with eye.inside(iris) as inner:
            inner.grade(mix(design.eye, deep, 0.75), mix(design.eye, glow, 0.35))
            inner.shade(place(ellipse(x, 0.78 * h, 0.72 * rx, 0.42 * ry)), glow)
            inner.blot(place(ellipse(x, 0.06 * h, lids.pupil * rx, lids.pupil * ry)), mix(deep, (10, 5, 20), 0.5))
            inner.shade(place(ellipse(x, -0.95 * h, 1.2 * rx, 0.55 * ry)), deep)
        eye.outline(iris, mix(deep, (10, 5, 20), 0.3), 0.9)
        under_lid = np.concatenate([lids.upper, lids.upper[::-1] + (0, 0.13 * h)])
        eye.shade(place(under_lid), mix(deep, (120, 120, 160), 0.35))
    light = side * design.dark_side  # the light comes from one side for both eyes
    glint = -light * 0.36 * rx
    canvas.shade(place(ellipse(x + glint, -0.42 * h, 0.36 * rx, 0.3 * ry)), WHITE)
    if lids.glints > 1:
        canvas.shade(place(ellipse(x - glint, 0.5 * h, 0.17 * rx, 0.13 * ry)), WHITE)
    if lids.glints > 2:
        canvas.shade(place(ellipse(x - 1.2 * glint, 0.22 * h, 0.1 * rx, 0.08 * ry)), WHITE)
    # Upper lash: thin at the inner corner, thick and swept out at the outer one.
    u = lids.upper
    t = steps(len(u))
    wing = [u[-1] + (0.16 * w, -0.02 + 0.4 * lids.slant)]
    rim = u - np.array([0, 1]) * lids.lash * (0.012 + 0.075 * np.sin(np.pi * (0.06 + 0.8 * t**1.25)) ** 0.9)
    canvas.blot(place(np.concatenate([u, wing, rim[::-1]])), dark)
    if lids.second_lash:
        canvas.ink(place(bend(u[-8], u[-8] + (0.12 * w, -0.08), u[-8] + (0.3 * w, -0.13))), dark, 1.1, start=1)
    canvas.ink(place(lids.lower[2:28]), dark, 0.9)
    if lids.crease:
        canvas.ink(place(u[8:44] * (1, 1.02) - (0, 0.3 * h + 0.02)), design.skin.line, 0.7)


def _closed_eye(canvas: Canvas, design: Design, lids: _Lids, side: int, up: bool) -> None:
    dark = mix(design.hair.line, (20, 12, 16), 0.5)
    w, drop = lids.width, (-0.15 if up else 0.13)
    lid = curve([(-1, 0), (-0.5, 0.8), (0.05, 1), (0.6, 0.7), (1.08, -0.2)]) * (w, drop) + (0, 0.1)
    canvas.ink(lids.at(lid, design, side), dark, 2.1, start=0.4, end=0.3)
    for i in (32, 37):
        lash = bend(lid[i], lid[i] + (0.05, 0.0), lid[i] + (0.1, -0.03 if up else 0.05))
        canvas.ink(lids.at(lash, design, side), dark, 1.0, start=1)


def draw_brows(canvas: Canvas, design: Design) -> None:
    """The brows; drawn after the hair, they show through it as the style has it."""
    rng = design.random("brows")
    mood = design.mood
    slope = {"stern": 0.11, "sad": -0.1, "shy": -0.08, "surprised": -0.02}.get(mood, -0.01)
    slope += between(rng, -0.015, 0.015)
    lift = {"surprised": 0.1, "joy": 0.06, "stern": -0.05}.get(mood, 0.0)
    y = -0.36 - lift + 0.03 * design.age
    weight = 1.9 if design.masculine else between(rng, 0.9, 1.5)
    for side in (-1, 1):
        path = curve([(0.2, y + slope), (0.42, y - 0.07), (0.62, y - 0.06), (0.78, y + 0.03 - 0.6 * slope)])
        canvas.ink(design.front(path * (side, 1)), design.hair.line, weight, start=0.5)


def _blush(canvas: Canvas, design: Design, rng: np.random.Generator, strength: float) -> None:
    if strength < 0.3:
        return
    color = mix(design.skin.base, (240, 96, 96), 0.42 * strength)
    with canvas.inside(contour(design)) as inner:
        for side in (-1, 1):
            inner.shade(design.front(ellipse(side * 0.58, 0.58, 0.19, 0.09)), color)
            for i in (-1, 0, 1) if strength > 0.75 else ():
                x = side * 0.58 + 0.09 * i
                hatch = design.front([(x + 0.03, 0.53), (x, 0.58), (x - 0.03, 0.63)])
                inner.ink(hatch, mix(color, (150, 40, 40), 0.6), 0.6)


def _nose(canvas: Canvas, design: Design, rng: np.random.Generator) -> None:
    y, side = 0.5 + 0.05 * design.age, design.dark_side
    kind = pick(rng, {"tick": 3, "shadow": 2, "dot": 1})
    if kind == "shadow" or design.age > 0.7:
        wing = [(0.0, y - 0.12), (side * 0.07, y + 0.03), (-side * 0.02, y + 0.04)]
        canvas.shade(design.front(wing, 1.15), design.skin.shadow)
    if kind == "dot":
        canvas.blot(design.front(ellipse(0, y, 0.022, 0.016, points=12), 1.15), design.skin.line)
    else:
        tick = bend((side * 0.005, y - 0.08), (side * 0.06, y + 0.03), (-side * 0.02, y + 0.03))
        canvas.ink(design.front(tick, 1.15), design.skin.line, 0.8)


def _mouth(canvas: Canvas, design: Design, rng: np.random.Generator, mood: str) -> None:
    kind = pick(rng, MOUTHS[mood])
    line, y, w = design.skin.line, 0.79 + 0.07 * design.age, between(rng, 0.16, 0.23)
    place = functools.partial(design.front, depth=1.08)
    if kind in ("line", "smile", "frown", "small"):
        dip = {"line": 0.008, "smile": 0.07, "frown": -0.05, "small": 0.012}[kind]
        w = w * (0.5 if kind == "small" else 0.9)
        canvas.ink(place(bend((-w, y - dip / 2), (0, y + 1.5 * dip), (w, y - dip / 2))), line, 1.15, 0.4, 0.4)
        if kind != "small":
            canvas.ink(place([(-0.06, y + 0.14), (0.0, y + 0.15), (0.06, y + 0.14)]), design.skin.shadow, 0.8)
    elif kind == "cat":
        half = bend((0, y), (0.6 * w, y + 0.09), (w, y - 0.02))
        canvas.ink(place(np.concatenate([mirror(half[::-1]), half])), line, 1.15, 0.5, 0.5)
    elif kind == "wave":
        path = curve([(-w, y), (-0.5 * w, y - 0.03), (0, y + 0.02), (0.5 * w, y - 0.03), (w, y + 0.01)])
        canvas.ink(place(path), line, 1.1, 0.4, 0.4)
    else:
        _open_mouth(canvas, design, kind, y, w, place)


def _open_mouth(canvas: Canvas, design: Design, kind: str, y: float, w: float, place: Callable) -> None:
    inside, tongue = mix((140, 42, 48), design.skin.base, 0.08), (232, 120, 118)
    if kind == "round":
        outline = place(ellipse(0, y + 0.02, 0.55 * w, 0.6 * w))
    elif kind == "grin" or kind == "grit":
        sign = 1 if kind == "grin" else -1
        left, right = (-w, y - 0.02 * sign), (w, y - 0.02 * sign)
        outline = place(np.concatenate([bend(left, (0, y + 0.03 * sign), right), bend(right, (0, y + 0.14), left)]))
        inside = tongue = WHITE
    else:
        deep = 0.16 + 0.5 * w
        left, right = (-w, y - 0.04), (w, y - 0.04)
        lower = curve([right, (0.62 * w, y + 0.6 * deep), (0, y + 0.8 * deep), (-0.62 * w, y + 0.6 * deep), left])
        outline = place(np.concatenate([bend(left, (0, y + 0.01), right), lower[1:]]))
    canvas.fill(outline, inside)
    with canvas.inside(outline) as mouth:
        if kind == "open":
            mouth.fill(place(ellipse(0, y + 0.26, 0.8 * w, 0.14)), tongue)
            teeth = [(-0.8 * w, y - 0.1), (0.8 * w, y - 0.1), (0.62 * w, y + 0.012), (-0.62 * w, y + 0.012)]
            mouth.fill(place(teeth), WHITE)
        elif kind == "round":
            mouth.fill(place(ellipse(0, y + 0.12, 0.5 * w, 0.07)), tongue)
    canvas.outline(outline, design.skin.line, 0.9)
