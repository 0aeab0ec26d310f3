"""Hair behind the body, longer than a portrait shows: strands that fall or drift, tails that are tied."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.curves import bend, curve, normals
from mangastyle.synthetic.characters.design import between
from mangastyle.synthetic.characters.hair import Front
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.shapes import disk, tube
from mangastyle.synthetic.figures.sheet import Sheet

LENGTHS = {"long strands": (2.2, 4.5), "very long": (5.0, 9.5), "twin tails": (3.0, 9.0), "ponytail": (2.0, 6.0)}


def draw_behind(sheet: Sheet, figure: Figure, front: Front) -> None:
    """Draw the strands behind everything else, in the frame of the head."""
    if figure.hair == "own":
        return
    rng, b = figure.random("hair"), figure.body.build
    shortest, longest = LENGTHS[figure.hair]
    tall = 0.45 + 0.55 * min(1.0, b.heads / 6)
    length = between(rng, shortest, longest) * tall
    drift = 0.55 * figure.wind if rng.random() < 0.6 else 0.1 * figure.wind
    curl = between(rng, 0.0, 0.5)
    if figure.hair in ("long strands", "very long"):
        _fall(sheet, figure, rng, front, length, drift, curl)
    else:
        sides = (-1, 1) if figure.hair == "twin tails" else (-figure.head.dark_side,)
        for side in sides:
            root = np.array([side * 0.9 * front.width, between(rng, -1.0, -0.6)]) if len(sides) == 2 else np.array([side * 0.35, -1.35])
            _tail(sheet, figure, rng, root, side, length, drift, curl)


def _fall(sheet: Sheet, figure: Figure, rng: np.random.Generator, front: Front, length: float, drift: float, curl: float) -> None:
    """Strands from the back of the head, the outer ones first."""
    count = int(rng.integers(7, 13))
    places = np.linspace(-1, 1, count)
    spread = between(rng, 0.9, 1.5)
    mass = curve(
        [(-front.width, -0.5), (-0.4, front.top + 0.1), (0.4, front.top + 0.1), (front.width, -0.5), (1.0, 1.2), (0.0, 1.5), (-1.0, 1.2)],
        closed=True,
    )
    label = sheet.put(mass, figure.thing("hair", "hair"))
    sheet.outline(mass)
    for i in sorted(range(count), key=lambda i: -abs(places[i])):
        u = places[i]
        fall = length * between(rng, 0.78, 1.05) * (1 - 0.1 * abs(u))
        root = np.array([u * front.width * 0.72, -0.95])
        bow = u * spread * (0.35 + 0.18 * fall**0.7)
        path = _wave(
            root,
            np.array([root[0] + 0.25 * u + bow + drift * fall, -0.4 + fall * (1 - 0.35 * abs(drift))]),
            0.25 * curl * rng.choice([-1, 1]) + 0.1 * u,
            drift,
        )
        _strand(sheet, figure, rng, path, front.width * between(rng, 1.5, 2.2) / count + 0.13, label, 0.75)


def _tail(
    sheet: Sheet, figure: Figure, rng: np.random.Generator, root: np.ndarray, side: int, length: float, drift: float, curl: float
) -> None:
    """A tail of several strands from a tie at `root`."""
    count, full = int(rng.integers(4, 8)), between(rng, 0.55, 1.0)
    label, out = None, between(rng, 0.35, 0.9)
    for i in rng.permutation(count):
        u = 2 * i / (count - 1) - 1
        fall = length * between(rng, 0.75, 1.05) * (1 - 0.12 * abs(u))
        swell = root + (side * out + 0.42 * full * u, 0.12 * length)
        end = root + np.array([side * (0.5 * out + 0.1 * length) + 0.6 * full * u + drift * fall, fall * (1 - 0.3 * abs(drift))])
        path = curve([root, (root + swell) / 2 - (0, 0.28), swell, swell * 0.45 + end * 0.55 + (side * 0.3 * (1 - curl), 0), end])
        label = _strand(sheet, figure, rng, path, full * 0.42, label, 0.25)
    tie = disk(root, 0.2)
    sheet.put(tie, figure.thing("accent", "accent"))
    sheet.outline(tie)


def _wave(root: np.ndarray, tip: np.ndarray, sway: float, drift: float) -> np.ndarray:
    """An S-shaped path: (n, 2)."""
    way = tip - root
    across = np.array([-way[1], way[0]])
    return curve(
        [
            root,
            root + 0.3 * way + 0.35 * sway * across + (-0.3 * drift, 0.3),
            root + 0.66 * way - 0.25 * sway * across + (-0.2 * drift, 0.2),
            tip,
        ]
    )


def _strand(sheet: Sheet, figure: Figure, rng: np.random.Generator, path: np.ndarray, half: float, label: int | None, root: float) -> int:
    """One pointed strand with a shaded side and a line in it."""
    t = np.linspace(0, 1, len(path))
    width = half * np.interp(t, (0, 0.35, 0.7, 1.0), (root, 1.0, 0.72, 0.0))
    shape = tube(path, width, 1.0)
    label = sheet.put(shape, figure.thing("hair", "hair"), label)
    sheet.cast(shape, shape + sheet.toward_light(0.5 * half))
    if rng.random() < 0.5:
        start = int(len(path) * between(rng, 0.12, 0.3))
        part = slice(start, start + max(5, len(path) // 5))
        lit = normals(path)[part] * width[part, None] * np.sign(normals(path)[start] @ sheet.toward_light(1.0))
        spread = 0.35 * np.sin(np.linspace(0, np.pi, len(lit)))[:, None]  # a spindle
        sheet.gleam(np.concatenate([path[part] + (0.45 - spread) * lit, (path[part] + (0.45 + spread) * lit)[::-1]]))
    sheet.outline(shape, width=0.9)
    if rng.random() < 0.6:
        a, b = int(len(path) * between(rng, 0.2, 0.45)), int(len(path) * between(rng, 0.7, 0.93))
        sheet.ink(path[a:b] + (between(rng, -0.3, 0.3) * half, 0), width=0.7)
    return label


def draw_locks(sheet: Sheet, figure: Figure) -> None:
    """Long locks before the shoulders, drawn over the clothes, on some heads."""
    rng = figure.random("hair")
    if figure.hair not in ("long strands", "very long", "twin tails") or rng.random() < 0.4:
        return
    length = between(rng, 1.3, 2.6)
    for side in (-1, 1):
        root = np.array([side * 0.96, -0.3])
        path = curve(
            [
                root,
                root + (side * 0.1, 0.4 * length),
                root + (-side * 0.02 + 0.2 * figure.wind, 0.75 * length),
                root + (0.3 * figure.wind, length),
            ]
        )
        _strand(sheet, figure, rng, path, 0.2, None, 0.6)


def draw_bow(sheet: Sheet, center: np.ndarray, size: float, figure: Figure) -> None:
    """A ribbon with long ends at the back of the waist."""
    thing = figure.thing("accent", "accent")
    for side in (-1, 1):
        end = center + size * np.array([side * 1.3 + 0.5 * figure.wind, 2.6])
        tail = tube(bend(center, center + size * np.array([side * 1.2, 0.9]), end), size * np.linspace(0.12, 0.34, 11))
        loop = curve([center, center + size * np.array([side * 0.8, -0.75]), center + size * np.array([side * 1.6, -0.5]),
                      center + size * np.array([side * 1.5, 0.35]), center + size * np.array([side * 0.7, 0.3])], closed=True)  # fmt: skip
        for shape in (tail, loop):
            sheet.put(shape, thing)
            sheet.cast(shape, shape + sheet.toward_light(0.2 * size))
            sheet.outline(shape)
