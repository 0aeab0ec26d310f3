"""Hands: palms, fingers and thumbs for what they do, drawn from the wrist."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.figures.shapes import blob, direction, line, tube, turned
from mangastyle.synthetic.figures.sheet import Sheet, Thing

# A hand is one unit long and hangs down from the wrist (0, 0); its thumb is on the right.
PALM = [(-0.16, -0.08), (-0.235, 0.18), (-0.27, 0.42), (-0.2, 0.56), (0.0, 0.6), (0.2, 0.56), (0.26, 0.4), (0.23, 0.16), (0.16, -0.08)]
# fingers from the little one to the first: (x, y of the knuckle, angle, length, half width)
FINGERS = {
    "open": [(-0.19, 0.46, -22, 0.42, 0.062), (-0.075, 0.53, -8, 0.52, 0.068), (0.065, 0.54, 6, 0.56, 0.07), (0.18, 0.5, 20, 0.5, 0.068)],
    "relaxed": [(-0.16, 0.43, 8, 0.38, 0.062), (-0.075, 0.48, 5, 0.46, 0.067), (0.04, 0.5, 1, 0.49, 0.07), (0.15, 0.47, -5, 0.43, 0.068)],
    "point": [(0.17, 0.48, 2, 0.5, 0.07)],
    "peace": [(0.02, 0.52, -10, 0.5, 0.07), (0.17, 0.5, 14, 0.48, 0.07)],
}
THUMBS = {"open": (0.14, 0.2, 56, 0.46), "relaxed": (0.15, 0.16, 22, 0.42)}
CURLED = {"fist": 4, "grip": 4, "point": 3, "peace": 2}


def draw(sheet: Sheet, thing: Thing, pose: str, wrist: np.ndarray, angle: float, size: float, thumb: int, cuffed: bool) -> None:
    """Draw a hand of `size` units that points at an angle in degrees.

    thumb : its side, right (1) or left (-1), as the hand hangs down. cuffed : whether the wrist is where a sleeve ends.
    """
    place, label = _place(wrist, angle, size, thumb), None
    if pose in ("open", "relaxed"):
        label = _finger(sheet, thing, place, *THUMBS[pose], 0.085, label)
        label = _palm(sheet, thing, place, PALM, label, cuffed)
        for x, y, turn, length, half in FINGERS[pose]:
            _finger(sheet, thing, place, x, y, turn, length, half, label)
        return
    for x, y, turn, length, half in FINGERS.get(pose, ()):
        label = _finger(sheet, thing, place, x, y, turn, length, half, label)
    label = _palm(sheet, thing, place, [(x, 0.86 * y) for x, y in PALM], label, cuffed)
    for i in range(CURLED[pose]):
        x = -0.19 + 0.122 * i
        knuckle = place(blob([(x - 0.062, 0.3), (x - 0.062, 0.5), (x, 0.575), (x + 0.062, 0.5), (x + 0.062, 0.3), (x, 0.24)]))
        sheet.put(knuckle, thing, label)
        sheet.outline(knuckle, width=0.75)
    across = place(tube(line((0.13, 0.17), (-0.02, 0.4)), np.linspace(0.095, 0.075, 12), 0.0, 1.0))
    sheet.put(across, thing, label)
    sheet.outline(across[1:-1], width=0.75, closed=False)


def _place(wrist: np.ndarray, angle: float, size: float, thumb: int):
    def place(points) -> np.ndarray:
        return turned(np.asarray(points) * (thumb * size, size), angle) + wrist

    return place


def _palm(sheet: Sheet, thing: Thing, place, knots, label: int | None, cuffed: bool) -> int:
    shape = place(blob(knots, closed=False))
    label = sheet.put(shape, thing, label)
    sheet.cast(shape, shape + sheet.toward_light(0.1))
    sheet.outline(shape, closed=cuffed)
    return label


def _finger(sheet: Sheet, thing: Thing, place, x: float, y: float, turn: float, length: float, half: float, label: int | None) -> int:
    root = np.array([x, y]) - 0.07 * direction(turn)
    tip = root + (length - half) * direction(turn)
    shape = tube(line(root, tip), np.linspace(half, 0.85 * half, 12), 0.0, 1.0)
    label = sheet.put(place(shape), thing, label)
    sheet.outline(place(shape[2:-2]), width=0.85, closed=False)
    return label
