"""A whole picture: scene, one figure or several, animals, and which part of them is seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mangastyle.synthetic.characters.design import between, pick
from mangastyle.synthetic.figures import animals, people, poses, scenes
from mangastyle.synthetic.figures.design import Figure, design, generator
from mangastyle.synthetic.figures.sheet import Sheet

FRAMES = {"whole": 0.44, "knees": 0.22, "waist": 0.18, "bust": 0.1, "detail": 0.06}
PEOPLE = (0.84, 0.13, 0.03)  # how often one, two, three
PEOPLE_WIDE = (0.4, 0.4, 0.2)  # in pictures that are wider than high


class View(NamedTuple):
    """What is seen: a box in units, (left, top, right, bottom), how much of the picture it fills, and its turn in radians."""

    box: np.ndarray
    fill: float
    angle: float
    whole: bool


def draw(sheet: Sheet, seed: int, light: tuple[float, float]) -> None:
    """Draw the picture of a seed on empty paper."""
    height, width = sheet.line.shape
    rng = generator(seed, "picture", 1)
    count = 1 + int(np.searchsorted(np.cumsum(PEOPLE_WIDE if width > 1.15 * height else PEOPLE), rng.random()))
    frame = pick(rng, FRAMES)
    side = max(height, width) / 2
    scenes.draw(sheet.moved(width / 2, height / 2, 0, side), generator(seed, "scene"))
    figures = [design(seed, index, light) for index in range(count)]
    view = _view(rng, figures, frame)
    left, top, right, bottom = view.box
    scale = view.fill * min(width / (right - left), height / (bottom - top))
    y = height / 2
    if not view.whole and frame != "detail" and scale * (bottom - top) < height * 0.98:
        y = 0.04 * height + scale * (bottom - top) / 2  # the head near the upper border; what is below is seen, too
    page = sheet.moved(width / 2, y, view.angle, scale).moved(-(left + right) / 2, -(top + bottom) / 2)
    for index in rng.permutation(count):
        place = page.moved(*_offset(figures, index, view.whole))
        _seat(place, figures[index])
        people.draw(place, figures[index])
    if view.whole and rng.random() < 0.16:
        _pet(page, figures, rng)


def _offset(figures: list[Figure], index: int, whole: bool) -> tuple[float, float]:
    """Where a figure stands: side by side; their feet on one line where they are seen."""
    gaps = [0.5 * (people.extent(a)[2] - people.extent(b)[0]) for a, b in zip(figures, figures[1:])]
    x = float(sum(max(2.2, gap) for gap in gaps[:index]))
    return x, float(people.extent(figures[0])[3] - people.extent(figures[index])[3]) if whole else 0.0


def _view(rng: np.random.Generator, figures: list[Figure], frame: str) -> View:
    boxes = [people.extent(figure) + np.tile(_offset(figures, i, frame == "whole"), 2) for i, figure in enumerate(figures)]
    box = np.concatenate([np.min(boxes, 0)[:2], np.max(boxes, 0)[2:]])
    body = figures[0].body
    low = {
        "knees": body.pelvis[1] + 0.3 * body.build.legs,
        "waist": body.chest[1] + 0.75 * body.build.torso,
        "bust": body.chest[1] + 0.32 * body.build.torso,
    }
    angle = between(rng, -0.12, 0.12) if rng.random() < 0.5 else 0.0
    if frame == "whole":
        if len(figures) == 1 and rng.random() < 0.04:
            angle = between(rng, 0.6, 1.6) * (-1 if rng.random() < 0.5 else 1)
            center, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
            turned = np.array(
                [abs(np.cos(angle)) * half[0] + abs(np.sin(angle)) * half[1], abs(np.sin(angle)) * half[0] + abs(np.cos(angle)) * half[1]]
            )
            box = np.concatenate([center - turned, center + turned])
            return View(box, 0.95, angle, True)
        return View(box, between(rng, 0.86, 0.97), 0.5 * angle, True)
    if frame == "detail":
        spots = [np.array([0.0, 0.0]), body.chest + (0, 0.2 * body.build.torso), body.pelvis, *(arm[2] for arm in body.arms.values())]
        c, r = spots[int(rng.integers(len(spots)))], between(rng, 1.6, 2.6)
        return View(np.array([c[0] - r, c[1] - r, c[0] + r, c[1] + r]), 1.0, angle, False)
    room = body.build.shoulders + {"knees": 1.5, "waist": 0.9, "bust": 0.6}[frame]
    wide = (box[0], box[2]) if len(figures) > 1 else (max(box[0], -room - 0.6), min(box[2], room + 0.6))
    return View(np.array([wide[0], -2.1, wide[1], low[frame]]), between(rng, 0.96, 1.12), angle, False)


def _seat(sheet: Sheet, figure: Figure) -> None:
    """Something to sit on."""
    if figure.pose in poses.SITTING:
        b, feet = figure.body.build, max(leg[2][1] for leg in figure.body.legs.values())
        top = figure.body.spine(0.94)
        scenes.draw_seat(sheet, top, 1.25 * b.hips, feet - top[1], figure.random("scene"))


def _pet(sheet: Sheet, figures: list[Figure], rng: np.random.Generator) -> None:
    """An animal beside the feet."""
    box, b = people.extent(figures[0]), figures[0].body.build
    size = between(rng, 0.45, 0.7) * (0.35 + 0.65 * b.width)
    side = -1 if rng.random() < 0.5 else 1
    ankle = figures[0].body.legs[side][2]
    x = ankle[0] + side * (1.5 * size + 0.5)
    animals.draw(sheet.moved(x, box[3] - 2.1 * size, 0, size), rng)
