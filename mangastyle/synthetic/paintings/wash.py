"""Watercolor: flowers in transparent washes on white paper, wet in wet behind, with dark dried edges in front."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mangastyle.synthetic.paintings.fields import grid, noise, waves, window

PAPER = (252, 250, 244)
# color of a full wash of each pigment on white
SCARLET, CORAL, MAGENTA, LILAC = (222, 44, 36), (246, 128, 100), (190, 36, 112), (150, 104, 190)
CERULEAN, INDIGO, LEMON, SIENNA = (72, 150, 208), (40, 52, 112), (250, 214, 60), (196, 116, 52)
SAP, OLIVE, BOTTLE = (116, 158, 62), (126, 128, 50), (36, 92, 76)

# kinds of flowers: rings of petals as (number, length), half width of a petal, pigments, heart as (radius, pigments)
POPPIES = tuple(
    (((count, 1.0),), 0.62, pigments, (0.2, INDIGO, BOTTLE))
    for count, pigments in ((4, (SCARLET, CORAL)), (5, (CORAL, LEMON)), (5, (SCARLET, MAGENTA)))
)
ANEMONES = tuple(
    (((6, 1.0), (5, 0.7)), 0.38, pigments, (0.17, INDIGO, LILAC)) for pigments in ((LILAC, CERULEAN), (LILAC, MAGENTA), (CERULEAN, INDIGO))
)
DAISIES = (
    (((13, 1.0),), 0.2, (LEMON, CORAL), (0.27, SIENNA, INDIGO)),
    (((12, 1.0),), 0.21, (CERULEAN, LILAC), (0.24, LEMON, SIENNA)),
)


class Sheet(NamedTuple):
    """A window of the paper: places x and y in picture heights, what it absorbs, and what the paper does to paint.

    x, y : (h, w); wash : (h, w, 3), absorbance (minus the logarithm of what is let through) in each of r, g, b.
    tooth : (h, w), variance 1, the grain of the paper, where pigment settles.
    bleed : (h, w), in picture heights, how far water carried paint over its edge.
    """

    x: np.ndarray
    y: np.ndarray
    wash: np.ndarray
    tooth: np.ndarray
    bleed: np.ndarray

    def near(self, center: np.ndarray | tuple, reach: float | tuple) -> Sheet:
        """The part within `reach` of `center`, as (x, y) in picture heights."""
        box = window(self.x.shape, center, reach)
        return Sheet(*(field[box] for field in self))


def paint(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Poppies, anemones and daisies that grow up through soft color, with leaves below and a few splashes."""
    x, y = grid(height, width)
    tooth = noise(rng, x * 150, y * 150, 2)
    bleed = 0.003 * noise(rng, x * 14, y * 14, 3)
    sheet = Sheet(x, y, np.zeros((height, width, 3), np.float32), tooth, bleed)
    aspect = width / height
    unit = min(1.0, aspect)  # things shrink in narrow pictures
    _ground(rng, sheet, aspect)
    heads = _places(rng, aspect, unit)
    for at, _ in heads:
        _stem(rng, sheet, at, unit)
    for u in rng.permutation((np.arange(17) + rng.random(17)) / 17):
        foot = np.array([u * aspect, rng.uniform(0.9, 1.08)])
        _leaf(rng, sheet, foot, rng.uniform(-0.75, 0.75), unit * rng.uniform(0.2, 0.42), rng.uniform(0.09, 0.16))
    for k, (at, size) in enumerate(heads):
        kinds = (POPPIES, ANEMONES, POPPIES, DAISIES)[k % 4]
        _flower(rng, sheet, at, size, *kinds[rng.integers(len(kinds))])
    for _ in range(34):
        at = np.array([rng.uniform(0, aspect), rng.uniform(0, 0.8)])
        r = unit * 0.014 * rng.random() ** 3 + 0.002
        part = sheet.near(at, 2 * r + 0.01)
        hue = (SCARLET, CERULEAN, LILAC, LEMON, SAP)[rng.integers(5)]
        _wash(rng, part, r - np.hypot(part.x - at[0], part.y - at[1]), hue, hue, 0.7)
    picture = np.array(PAPER, np.float32) * np.exp(-sheet.wash) * (1 + 0.008 * tooth[..., None])
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


# --- paint and water -------------------------------------------------------------------------------------------


def _wash(rng: np.random.Generator, sheet: Sheet, depth: np.ndarray, one: tuple, other: tuple, strength: np.ndarray | float) -> None:
    """Glaze where `depth` (h, w), in picture heights, is above 0, with two pigments that mingle in the wet.

    Pigment drifts to the edge as the wash dries, pools where water stood, and settles in the tooth of the paper.
    """
    x, y = sheet.x, sheet.y
    depth = depth + sheet.bleed
    pixel = y[1, 0] - y[0, 0]
    inside = np.clip(depth / max(pixel, 0.0012) + 0.5, 0, 1)
    pool = noise(rng, x * 7, y * 7, 3)
    rim = np.exp(-np.maximum(depth, 0) / 0.0032)
    density = strength * inside * (0.72 + 0.2 * pool + 0.75 * rim + 0.09 * sheet.tooth)
    mix = 0.5 + 0.5 * np.tanh(1.3 * noise(rng, x * 6, y * 6, 2))
    sheet.wash[:] += np.maximum(density, 0)[..., None] * _mingled(one, other, mix)


def _soak(rng: np.random.Generator, sheet: Sheet, at: np.ndarray, reach: np.ndarray, one: tuple, other: tuple, strength: float) -> None:
    """Wet in wet about `at`: a wash without edges, with blooms where drops of water pushed the pigment outward."""
    sheet = sheet.near(at, tuple(2.4 * reach))
    x, y = sheet.x, sheet.y
    away = np.hypot((x - at[0]) / reach[0], (y - at[1]) / reach[1])
    ragged = noise(rng, x * 5, y * 5, 4)
    spread = 0.5 + 0.5 * np.tanh(((1 - away) * reach.min() + 0.05 * ragged) / 0.045)
    density = spread * (0.8 + 0.25 * noise(rng, x * 4, y * 4, 2) + 0.1 * sheet.tooth)
    for _ in range(4):
        drop = at + reach * rng.uniform(-0.75, 0.75, 2)
        out = np.hypot(x - drop[0], y - drop[1]) - rng.uniform(0.02, 0.08) + 0.018 * ragged
        pushed = np.exp(-np.abs(out) / np.where(out < 0, 0.014, 0.003))
        density *= 1 - 0.55 / (1 + np.exp(np.clip(out / 0.003, -40, 40))) + 0.75 * pushed
    mix = 0.5 + 0.5 * np.tanh(1.5 * noise(rng, x * 3, y * 3, 2))
    sheet.wash[:] += strength * np.maximum(density, 0)[..., None] * _mingled(one, other, mix)


def _lift(sheet: Sheet, depth: np.ndarray, share: float) -> None:
    """Take up `share` in 0..1 of the paint where `depth` (h, w) is above 0, with a clean wet brush."""
    pixel = sheet.y[1, 0] - sheet.y[0, 0]
    sheet.wash[:] *= 1 - share * np.clip((depth + sheet.bleed) / pixel + 0.5, 0, 1)[..., None]


def _mingled(one: tuple, other: tuple, mix: np.ndarray) -> np.ndarray:
    """Absorbance (h, w, 3) of two pigments, `mix` (h, w) in 0..1 of the other."""
    first, second = (-np.log(np.array(pigment, np.float32) / 255) for pigment in (one, other))
    return first + mix[..., None] * (second - first)


# --- the garden ------------------------------------------------------------------------------------------------


def _ground(rng: np.random.Generator, sheet: Sheet, aspect: float) -> None:
    """Soft color behind: a cold and a warm cloud above, greens below, white paper between."""
    side = rng.choice([-1, 1])
    for u, v, wide, tall, one, other, strength in (
        (-0.3, 0.25, 0.34, 0.24, CERULEAN, LILAC, 0.55),
        (0.32, 0.2, 0.22, 0.16, LEMON, CORAL, 0.42),
        (0.1, 0.55, 0.3, 0.14, CERULEAN, SAP, 0.35),
        (-0.2, 0.86, 0.42, 0.16, SAP, LEMON, 0.6),
        (0.3, 0.95, 0.34, 0.15, BOTTLE, SAP, 0.5),
    ):
        u, v = 0.5 + side * u + rng.uniform(-0.06, 0.06), v + rng.uniform(-0.06, 0.06)
        _soak(rng, sheet, np.array([u * aspect, v]), np.array([wide * aspect, tall]), one, other, strength)


def _places(rng: np.random.Generator, aspect: float, unit: float) -> list[tuple[np.ndarray, float]]:
    """Places and sizes of flower heads: (place, size), largest first, none right on another."""
    heads: list[tuple[np.ndarray, float]] = []
    for size in unit * np.array([0.17, 0.15, 0.135, 0.12, 0.11, 0.10, 0.09, 0.08, 0.075, 0.065, 0.06, 0.055]):
        tries = np.stack([rng.uniform(0.06, 0.94, 40) * aspect, rng.uniform(0.12, 0.72, 40)], axis=1)
        room = [min((np.hypot(*(at - other)) - 0.75 * (size + far) for other, far in heads), default=1) for at in tries]
        heads.append((tries[np.argmax(np.minimum(room, 0.02))], size))
    return heads


def _stem(rng: np.random.Generator, sheet: Sheet, at: np.ndarray, unit: float) -> None:
    """A thin stem that bends from the lower edge up to `at`."""
    bend, foot = rng.uniform(-0.07, 0.07, 2) * unit
    part = sheet.near((at[0] + foot / 2, (1 + at[1]) / 2), (0.15 * unit, (1 - at[1]) / 2))
    t = (part.y - at[1]) / (1 - at[1])  # 0 at the head, 1 at the lower edge
    middle = at[0] + foot * t + 4 * bend * t * (1 - t)
    depth = np.minimum((0.006 + 0.003 * t) * unit - np.abs(part.x - middle), part.y - at[1])
    _wash(rng, part._replace(bleed=0.3 * part.bleed), depth, SAP, BOTTLE, 0.7)


def _blade(part: Sheet, at: np.ndarray, angle: float, tilt: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Places (h, w) along and across a thing that points to `angle`, 0 is up, from `at`; flattened to `tilt`."""
    dx, dy = part.x - at[0], (part.y - at[1]) / tilt
    return dx * np.sin(angle) - dy * np.cos(angle), dx * np.cos(angle) + dy * np.sin(angle)


def _leaf(rng: np.random.Generator, sheet: Sheet, foot: np.ndarray, angle: float, long: float, wide: float) -> None:
    """A bent leaf in two halves, one lit, with the paper left white between them."""
    part = sheet.near(foot + long / 2 * np.array([np.sin(angle), -np.cos(angle)]), 0.65 * long)
    u, v = (way / long for way in _blade(part, foot, angle))
    v = v - rng.uniform(-0.5, 0.5) * u * (1 - u)
    half = wide * np.sin(np.pi * np.clip(u, 0, 1) ** 0.8)
    pairs = ((SAP, LEMON), (BOTTLE, SAP), (BOTTLE, CERULEAN), (OLIVE, SIENNA))
    light, dark = (pairs[k] for k in rng.permutation(4)[:2])
    for side, (one, other) in ((1, light), (-1, dark)):
        depth = np.minimum(half - side * v, side * v - 0.008)
        _wash(rng, part, np.minimum(depth, np.minimum(u, 1 - u)) * long, one, other, rng.uniform(0.4, 0.7))


def _flower(
    rng: np.random.Generator, sheet: Sheet, at: np.ndarray, size: float, rings: tuple, wide: float,
    pigments: tuple, heart: tuple,
) -> None:  # fmt: skip
    """Overlapping petals about a dark heart with stamens.

    rings : (number of petals, their length) each, the largest first; wide : half the width of a petal, in its length.
    heart : its radius and two pigments.
    """
    part = sheet.near(at, 1.15 * size)
    part = part._replace(bleed=min(1.0, 7 * size) * part.bleed)
    tilt, turn = rng.uniform(0.65, 1.0), rng.uniform(0, 2 * np.pi)
    petals = []
    for count, length in rings:
        for k in range(count):
            angle = turn + 2 * np.pi * (k + rng.uniform(-0.1, 0.1)) / count
            long = size * length * rng.uniform(0.85, 1.05)
            u, v = (way / long for way in _blade(part, at, angle, tilt))
            inner = np.clip(u, 0, 1)
            half = wide * np.sqrt(inner * (1 - inner**4))
            end = 1 + 0.035 * waves(rng, v / wide, 3)
            depth = np.minimum(half - np.abs(v), np.minimum(u - 0.06, end - u)) * long * tilt
            veins = 1 + 0.16 * np.sin(26 * v / (0.2 + inner)) * inner
            petals.append((depth, veins * (1.1 - 0.35 * inner)))
        turn += np.pi / count
    _lift(part, np.maximum.reduce([depth for depth, _ in petals]), 0.85)
    one, other = pigments
    for depth, tone in petals:
        _wash(rng, part, depth, one, other, 0.66 * tone)

    radius, one, other = heart
    u, v = _blade(part, at, 0, tilt)
    turns, far = rng.uniform(0, 2 * np.pi, 20), radius * size * rng.uniform(0.95, 1.8, 20)
    dots = [0.11 * radius * size - np.hypot(u - r * np.cos(t), v - r * np.sin(t)) for t, r in zip(turns, far)]
    _wash(rng, part, np.maximum.reduce([0.7 * radius * size - np.hypot(u, v), *dots]), one, other, 0.9)
