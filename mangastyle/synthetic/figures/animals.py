"""Animals and soft toys: cats, dogs, rabbits, bears, birds, slimes, sitting and seen from the front."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.colors import Color, mix, tones
from mangastyle.synthetic.characters.curves import bend, curve, ellipse
from mangastyle.synthetic.characters.design import pick
from mangastyle.synthetic.figures.shapes import disk, tube
from mangastyle.synthetic.figures.sheet import Sheet, Thing

KINDS = {"cat": 3, "dog": 1.5, "rabbit": 1.6, "bear": 1.2, "bird": 1.2, "slime": 0.8}
FURS: tuple[Color, ...] = (
    (250, 250, 252),
    (96, 90, 104),
    (244, 204, 156),
    (206, 162, 120),
    (236, 188, 198),
    (176, 196, 226),
    (250, 226, 150),
)
WHITE: Color = (253, 253, 255)


def draw(sheet: Sheet, rng: np.random.Generator, sitting: bool = True) -> None:
    """Draw an animal about 4 units high, (0, 0) at its chest."""
    kind, fur = pick(rng, KINDS), FURS[int(rng.integers(len(FURS)))]
    thing, pale = Thing("fur", tones(fur)), Thing("belly", tones(mix(fur, WHITE, 0.65)))
    if kind == "slime":
        _slime(sheet, Thing("slime", tones(mix(fur, (120, 220, 230), 0.5))))
        return
    if kind == "bird":
        _bird(sheet, thing, pale)
        return
    if kind in ("cat", "dog"):
        side = 1 if rng.random() < 0.5 else -1
        _piece(sheet, tube(curve([(side * 0.7, 1.7), (side * 1.6, 1.6), (side * 1.75, 0.8), (side * 1.4, 0.3)]), 0.19, 1, 1), thing)
    body = curve([(0, -0.5), (0.75, -0.1), (1.08, 1.1), (0.9, 1.9), (0, 2.02), (-0.9, 1.9), (-1.08, 1.1), (-0.75, -0.1)], closed=True)
    _piece(sheet, body, thing)
    _piece(sheet, ellipse(0, 0.85, 0.55, 0.75), pale)
    for s in (-1, 1):
        _piece(sheet, ellipse(s * 0.85, 1.85, 0.46, 0.28), thing)
        _piece(sheet, tube(bend((s * 0.62, 0.1), (s * 0.75, 0.8), (s * 0.42, 1.15)), 0.24, 0.6, 1), thing)
    _ears(sheet, kind, thing, pale)
    head = curve(
        [(0, -2.35), (0.85, -2.1), (1.22, -1.35), (0.85, -0.62), (0, -0.42), (-0.85, -0.62), (-1.22, -1.35), (-0.85, -2.1)], closed=True
    )
    _piece(sheet, head, thing)
    if kind in ("bear", "dog"):
        _piece(sheet, ellipse(0, -0.98, 0.5, 0.36), pale)
    _face(sheet, rng, Thing("nose", tones((226, 128, 138) if kind in ("cat", "rabbit") else (84, 66, 70))))
    if rng.random() < 0.5:
        collar = tube(bend((-0.75, -0.5), (0, -0.2), (0.75, -0.5)), 0.13, 0.3, 0.3)
        _piece(sheet, collar, Thing("collar", tones((222, 84, 92))))
        _piece(sheet, disk((0, -0.2), 0.2), Thing("bell", tones((244, 208, 96))))


def _piece(sheet: Sheet, shape: np.ndarray, thing: Thing) -> None:
    sheet.put(shape, thing)
    sheet.cast(shape, shape + sheet.toward_light(0.2))
    sheet.outline(shape)


def _ears(sheet: Sheet, kind: str, thing: Thing, pale: Thing) -> None:
    for s in (-1, 1):
        if kind == "rabbit":
            _piece(sheet, tube(bend((s * 0.45, -1.9), (s * 0.5, -3.2), (s * 0.75, -3.9)), 0.3, 0, 1), thing)
            _piece(sheet, tube(bend((s * 0.47, -2.2), (s * 0.52, -3.1), (s * 0.68, -3.6)), 0.14, 0, 1), pale)
        elif kind == "bear":
            _piece(sheet, disk((s * 0.85, -2.2), 0.42), thing)
            _piece(sheet, disk((s * 0.85, -2.2), 0.22), pale)
        elif kind == "dog":
            _piece(
                sheet, curve([(s * 0.55, -2.2), (s * 1.2, -2.1), (s * 1.5, -1.2), (s * 1.2, -0.9), (s * 0.95, -1.5)], closed=True), thing
            )
        else:
            _piece(sheet, np.array([(s * 0.35, -2.2), (s * 1.0, -3.05), (s * 1.15, -1.7)]), thing)
            _piece(sheet, np.array([(s * 0.58, -2.2), (s * 0.94, -2.75), (s * 1.02, -1.9)]), pale)


def _face(sheet: Sheet, rng: np.random.Generator, nose: Thing) -> None:
    for s in (-1, 1):
        sheet.blot(ellipse(s * 0.52, -1.38, 0.13, 0.19))
    sheet.put(shape := curve([(-0.15, -1.14), (0.15, -1.14), (0, -0.98)], closed=True), nose)
    sheet.outline(shape, width=0.9)
    for s in (-1, 1):
        sheet.ink(bend((0, -0.97), (s * 0.1, -0.78), (s * 0.28, -0.86)), width=0.9, start=0.8)


def _bird(sheet: Sheet, thing: Thing, pale: Thing) -> None:
    for s in (-1, 1):
        sheet.outline(np.array([(s * 0.3, 1.4), (s * 0.34, 1.95), (s * 0.6, 2.05)]), closed=False)
    _piece(sheet, curve([(0.6, 0.7), (1.9, 1.35), (1.75, 1.65), (0.4, 1.3)], closed=True), thing)
    _piece(sheet, curve([(0, -1.1), (0.95, -0.6), (1.15, 0.5), (0.5, 1.5), (-0.5, 1.5), (-1.15, 0.5), (-0.95, -0.6)], closed=True), thing)
    _piece(sheet, ellipse(-0.1, 0.75, 0.6, 0.65), pale)
    _piece(sheet, curve([(0.35, 0.0), (1.2, 0.25), (1.35, 1.0), (0.7, 0.95)], closed=True), thing)
    _piece(sheet, np.array([(-0.25, -0.35), (0.2, -0.35), (-0.05, 0.05)]), Thing("beak", tones((244, 180, 84))))
    for s in (-1, 1):
        sheet.blot(disk((s * 0.48, -0.5), 0.12))


def _slime(sheet: Sheet, thing: Thing) -> None:
    body = curve(
        [(0, -1.6), (0.35, -0.9), (1.35, 0.2), (1.45, 1.4), (0.7, 1.95), (-0.7, 1.95), (-1.45, 1.4), (-1.35, 0.2), (-0.35, -0.9)],
        closed=True,
    )
    _piece(sheet, body, thing)
    sheet.gleam(ellipse(-0.6, 0.2, 0.2, 0.32, 0.4))
    for s in (-1, 1):
        sheet.blot(ellipse(s * 0.45, 0.75, 0.13, 0.2))
    sheet.ink(bend((-0.3, 1.2), (0, 1.45), (0.3, 1.2)), start=0.6, end=0.6)
