"""The body without clothes: neck and torso, arms, legs."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.curves import bend, curve
from mangastyle.synthetic.figures import hands
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.limbs import arm, leg
from mangastyle.synthetic.figures.sheet import Sheet, Thing

NECK = 0.3  # half its width for a grown woman


def neck_half(figure: Figure) -> float:
    """Half the width of the neck, in units."""
    return NECK * figure.body.build.width**0.5 * (1.28 if figure.masculine else 1.0)


def sides(figure: Figure, top: float, bottom: float, extra: float = 0.0, count: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """The left and right borders of the torso from height `top` to `bottom`, `extra` units outside of it, both downward."""
    v = np.linspace(top, bottom, count)
    half = figure.body.half(v) + extra
    return curve(figure.body.at(-half, v)), curve(figure.body.at(half, v))


def shoulders(figure: Figure, extra: float = 0.0) -> np.ndarray:
    """The line over the shoulders from the left armpit over neck to the right: closed by the torso below."""
    body, b, n = figure.body, figure.body.build, neck_half(figure)
    drop = 0.055 if b.width > 0.6 else 0.03
    x = np.array([n, n * 1.12, 0.5 * (n + b.shoulders), b.shoulders * 0.9, b.shoulders * 1.0 + extra, b.shoulders * 0.98 + extra])
    v = (
        np.array([-0.14 / max(b.width, 0.5), -0.035, 0.01, drop - 0.005, drop + 0.06, 0.16])
        - extra * np.array([0, 0, 1, 1, 0.3, 0]) / b.torso
    )
    right = curve(body.at(x, v))
    left = curve(body.at(-x, v))
    return np.concatenate([left[::-1], right])


def torso(figure: Figure, extra: float = 0.0, bottom: float = 1.0) -> np.ndarray:
    """The outline of the torso, closed over the neck."""
    left, right = sides(figure, 0.2, bottom, extra)
    return np.concatenate([shoulders(figure, extra), right, left[::-1]])


def draw_torso(sheet: Sheet, figure: Figure) -> None:
    """Neck and torso as skin, with what shows of them."""
    body, b, n = figure.body, figure.body.build, neck_half(figure)
    outline = torso(figure)
    high, shift = (0.2, -0.14 * figure.profile) if figure.profile else (0.7, 0.0)  # a head from the side does not cover its nape
    path = [bend((side * n + shift, high), (side * n * 0.94, b.neck - 0.3), body.at(side * n * 1.03, -0.033)) for side in (-1, 1)]
    throat = np.concatenate([path[0], body.at([0.0], [0.2]), path[1][::-1]])
    label = sheet.put(outline, figure.skin)
    sheet.outline(outline)
    sheet.put(throat, figure.skin, label)
    for side in (-1, 1):
        sheet.outline(path[(side + 1) // 2], closed=False)
        bone = bend(
            body.at(side * 0.14 * b.shoulders, 0.04), body.at(side * 0.4 * b.shoulders, 0.07), body.at(side * 0.7 * b.shoulders, 0.03)
        )
        sheet.ink(bone, width=0.7)
    jaw = np.array([(-1, 0.4), (-0.6, 1.0), (0, 1.45), (0.6, 1.0), (1, 0.4), (0, 0)]) + sheet.toward_light(-0.12)
    with sheet.inside(np.concatenate([throat, throat[:1]])) as inner:
        inner.cast(np.array([(x * 0.9, y + 0.1) for x, y in jaw]))


def draw_leg(sheet: Sheet, figure: Figure, side: int) -> None:
    """A bare leg down to the ankle, with its knee."""
    limb = leg(figure.body, side)
    outline = limb.cover(0.0, 2.0, ends=(0.6, 0.3))
    sheet.put(outline, figure.skin)
    sheet.cast(outline, outline + sheet.toward_light(0.22 * figure.body.build.limb))
    sheet.outline(outline)
    knee = limb.center(1.0)
    r = limb.half(1.0)
    sheet.ink(bend(knee + (-0.5 * r, 0.1 * r), knee + (-0.1 * r, 0.7 * r), knee + (0.45 * r, 0.5 * r)), width=0.7)


def draw_arm(sheet: Sheet, figure: Figure, side: int) -> None:
    """A bare arm without its hand."""
    limb = arm(figure.body, side)
    outline = limb.cover(0.0, 2.0, ends=(0.4 if figure.sleeve in ("none", "detached") else 1.0, 0.0))
    label = sheet.put(outline, figure.skin)
    sheet.cast(outline, outline + sheet.toward_light(0.16 * figure.body.build.limb))
    sheet.outline(outline)
    if figure.top == "camisole":
        join(sheet, figure, side, figure.skin, label)


def join(sheet: Sheet, figure: Figure, side: int, thing: Thing, label: int) -> None:
    """Take away the line between an arm or sleeve and the torso."""
    if figure.arms[side].layer != "over":
        limb = arm(figure.body, side)
        with sheet.inside(torso(figure, -0.08 * figure.body.build.width)) as inner:
            inner.put(limb.cover(0.0, 0.1, 1.12, ends=(1.0, 0.4)), thing, label)


def armhole(sheet: Sheet, figure: Figure, side: int, thing: Thing) -> None:
    """The edge of a top without sleeves, over the arm."""
    limb = arm(figure.body, side)
    if figure.arms[side].layer != "over":
        with sheet.inside(torso(figure, 0.07)) as inner:
            inner.put(limb.cover(0.0, 0.08, 1.15, ends=(0.6, 0.0)), thing)
            inner.outline(bend(limb.edge(0.08, -1.3), limb.edge(0.06, 0.0), limb.edge(0.08, 1.3)), closed=False)
        with sheet.inside(limb.cover(0.0, 0.1, 1.3, ends=(1.0, 0.0))) as part:
            part.outline(torso(figure, 0.06))


def draw_hand(sheet: Sheet, figure: Figure, side: int) -> None:
    """The hand of a side, over what its arm wears."""
    pose = figure.arms[side].hand
    if pose == "hidden":
        return
    limb = arm(figure.body, side)
    size = 1.12 * figure.body.build.limb**0.8 * (1.12 if figure.masculine else 1.0)
    raised = abs(figure.arms[side].fore) > 100
    thumb = -side if raised or pose in ("relaxed", "grip", "fist") and abs(figure.arms[side].fore) < 60 else side
    hands.draw(sheet, figure.skin, pose, limb.tip, limb.angle, size, thumb, figure.sleeve in ("long", "wide", "detached"))
