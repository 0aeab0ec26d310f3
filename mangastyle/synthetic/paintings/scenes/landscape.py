"""A landscape at dusk: the plan that the strokes of the brush follow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mangastyle.synthetic.paintings.fields import along, grid, ramp, waves, window

PRUSSIAN, ULTRAMARINE, COBALT, TEAL = (13, 20, 46), (24, 34, 112), (44, 88, 176), (38, 138, 152)
VIOLET, ROSE, CREAM, LEMON = (74, 52, 122), (226, 122, 132), (250, 236, 196), (254, 232, 104)
CADMIUM, ORANGE, OCHRE, RUST = (250, 190, 28), (238, 124, 36), (206, 152, 50), (142, 66, 38)
VIRIDIAN, LEAF, LIME = (18, 74, 70), (74, 124, 58), (176, 190, 72)


class Plan(NamedTuple):
    """Design of a painting, before any stroke is laid.

    color : float32 (h, w, 3) in 0..255.
    flow : float32 (h, w, 2), unit vectors (x, y) along which strokes run.
    region : int32 (h, w), one number for each thing in the picture, farther things first; strokes stay inside.
    """

    color: np.ndarray
    flow: np.ndarray
    region: np.ndarray


def landscape(rng: np.random.Generator, height: int, width: int) -> Plan:
    """A sun going down behind hills, furrowed fields, a river, trees and lit cottages, as a `Plan`."""
    x, y = grid(height, width)
    aspect = width / height
    unit = min(1.0, aspect)  # things shrink in narrow pictures
    sun = np.array([rng.uniform(0.27, 0.36) * aspect, 0.44])
    plan = _sky(rng, x, y, aspect, unit, sun)

    # hills: three ridges, each rolling down from its crest
    for crest, rise, dark, light in (
        (0.47, 0.05, VIOLET, ROSE),
        (0.53, 0.04, ULTRAMARINE, TEAL),
        (0.585, 0.025, VIRIDIAN, LIME),
    ):
        depth = y - crest + rise * waves(rng, x / unit * 0.7, 3)
        shape = depth * (1 + 0.5 * waves(rng, x / unit, 1)) - 0.8 * depth * waves(rng, x / unit * 1.3, 2)
        tone = 0.5 + 0.5 * np.sin(shape * 130 + 2 * waves(rng, x / unit * 2, 2))
        color = ramp(tone * np.exp(-np.maximum(depth, 0) * 9), (0, dark), (0.4, dark), (1, light))
        _put(plan, depth > 0, color, along(shape))

    # fields: furrows that meet below the sun, in strips of green and of ripe corn
    ground = 0.62 + 0.012 * waves(rng, x, 2)
    across = (x - sun[0]) / (y - 0.48) + 0.22 * waves(rng, y * 1.6, 2)
    tone = 0.5 + 0.4 * np.sin(across * 17)
    tone += 0.35 * waves(rng, across * 5 + 4 * y, 2) + 0.3 * waves(rng, y * 6 + across, 2)
    corn = ramp(tone, (0, VIOLET), (0.2, RUST), (0.45, OCHRE), (0.8, CADMIUM), (1.3, CREAM))
    green = ramp(tone, (0, PRUSSIAN), (0.3, VIRIDIAN), (0.6, LEAF), (1.1, LIME))
    is_green = waves(rng, across * 0.55, 2) + 0.9 * np.clip(x / aspect - 0.5, -0.4, 0.4) > 0.1
    _put(plan, y > ground, np.where(is_green[..., None], green, corn), along(across))

    # river: the sky again, in level strokes
    fore = np.clip((y - ground) / 0.37, 0, 1)  # 0 at the far bank, 1 at the lower edge
    bed = (0.53 + 0.11 * np.sin(fore * 4.6 + rng.uniform(-0.3, 0.3)) + 0.20 * fore**2) * aspect
    water = np.abs(x - bed) < unit * (0.012 + 0.15 * fore**1.3)
    ripple = np.sin(y * 190 / (0.4 + fore) + 3 * waves(rng, x * 3, 2))
    mirrored = ramp(fore + 0.33 * ripple, (0, LEMON), (0.15, ORANGE), (0.3, ROSE), (0.5, TEAL), (0.75, COBALT), (1.1, ULTRAMARINE))
    _put(plan, water & (y > ground), mirrored, along(y + 0.004 * ripple))

    # far trees along the fields' edge, cottages among them, and a great tree in front
    for u in (np.arange(12) + rng.uniform(0, 1, 12)) / 12:
        size = rng.uniform(0.012, 0.034) * unit
        _tree(rng, plan, x, y, (u * aspect, 0.632 + rng.uniform(-0.005, 0.015)), size, sun)
    for u in rng.permutation([0.08, 0.22, 0.62, 0.72])[:3]:
        _cottage(rng, plan, x, y, ((u + rng.uniform(-0.03, 0.03)) * aspect, rng.uniform(0.66, 0.69)), 0.05 * unit)
    _tree(rng, plan, x, y, (rng.uniform(0.05, 0.11) * aspect, 0.79), 0.06 * unit, sun)
    _tree(rng, plan, x, y, (rng.uniform(0.86, 0.92) * aspect, 0.86), 0.12 * unit, sun)
    return plan


def _sky(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, aspect: float, unit: float, sun: np.ndarray) -> Plan:
    """Wind and eddies: strokes follow the contours of a stream function, and its colors are carried along."""
    stream = y + 0.03 * waves(rng, x / unit, 3)
    for u, v, size, turn in (
        (0.63, 0.19, 0.15, 1),
        (0.90, 0.27, 0.10, -1),
        (0.10, 0.13, 0.10, 1),
        (0.37, 0.05, 0.08, -1),
    ):
        dx, dy = x - (u + rng.uniform(-0.03, 0.03)) * aspect, y - v - rng.uniform(-0.02, 0.02)
        r = np.hypot(dx, dy * 1.15) / (size * unit)
        curl = 1 + 0.35 * np.sin(np.arctan2(dy, dx) * 2 + 5 * r)  # two arms wind into each eddy
        stream += turn * 2.1 * size * unit * np.exp(-(r**1.6)) * curl
    to_sun = np.hypot(x - sun[0], y - sun[1]) / unit  # (h, w)
    stream += 0.5 * unit * np.exp(-to_sun / 0.14)
    carried = 0.62 * y + 0.38 * np.clip(stream, -0.1, 0.55)
    tone = carried / 0.46 + 0.13 * np.sin(stream * 60 + 2 * waves(rng, x, 3))
    night = (0, PRUSSIAN), (0.12, ULTRAMARINE), (0.3, COBALT), (0.45, TEAL), (0.58, COBALT), (0.72, VIOLET)
    color = ramp(tone, *night, (0.84, ROSE), (0.95, CREAM), (1.1, ORANGE))
    halo = ramp(to_sun + 0.02 * np.sin(to_sun * 160), (0.07, LEMON), (0.12, CADMIUM), (0.19, ORANGE), (0.3, ROSE))
    color += np.exp(-((to_sun / 0.23) ** 4))[..., None] * (halo - color)
    plan = Plan(color, along(stream), np.zeros(x.shape, np.int32))
    _put(plan, to_sun < 0.07, ramp(to_sun, (0, CREAM), (0.07, LEMON)), along(to_sun))
    return plan


def _tree(rng: np.random.Generator, plan: Plan, x: np.ndarray, y: np.ndarray, foot: tuple, size: float, sun: np.ndarray) -> None:
    """A tree on `foot`: a leaning trunk and a crown of curling tufts, bright where they face the sun."""
    plan, x, y = _window(plan, x, y, foot, 4 * size)
    lean = rng.uniform(-0.3, 0.3)
    rise = (foot[1] - y) / size  # 0 at the foot
    stem = x - foot[0] - lean * size * 0.3 * rise**2 / 2
    trunk = (np.abs(stem) < size * (0.13 + 0.12 * np.exp(-3 * rise))) & (rise > 0) & (rise < 2)
    _put(plan, trunk, ramp(stem / size, (-0.15, RUST), (0.1, PRUSSIAN)), along(stem))
    for k in range(9):
        turn = 2.4 * k + rng.uniform(-0.3, 0.3)
        spread = 0.95 * (1 - k / 9) ** 0.5
        center = np.array(foot) + size * np.array([0.6 * lean, -2.3])
        center += size * spread * np.array([np.cos(turn), 0.9 * np.sin(turn)])
        dx, dy = (x - center[0]) / size, (y - center[1]) / size
        far = np.hypot(dx, dy)
        tuft = far < 0.62 + 0.06 * np.sin(5 * np.arctan2(dy, dx) + turn)
        toward = (sun - center) / np.linalg.norm(sun - center)
        lit = 0.5 + (dx * toward[0] + dy * toward[1]) * 0.75 + 0.2 * np.sin(far * 22)
        shadow = (0, PRUSSIAN), (0.2, ULTRAMARINE), (0.4, VIRIDIAN)
        color = ramp(lit, *shadow, (0.65, LEAF), (0.9, LIME), (1.1, CADMIUM))
        _put(plan, tuft, color, along(far + 0.12 * np.arctan2(dy, dx)))


def _cottage(rng: np.random.Generator, plan: Plan, x: np.ndarray, y: np.ndarray, foot: tuple, size: float) -> None:
    """A cottage on `foot`: a wall, a roof and lit windows."""
    plan, x, y = _window(plan, x, y, foot, 2 * size)
    dx, up = (x - foot[0]) / size, (foot[1] - y) / size
    wall, roof = ((CREAM, RUST), (COBALT, ORANGE), (ROSE, ULTRAMARINE))[rng.integers(3)]
    _put(plan, (np.abs(dx) < 1.1) & (up > 0) & (up < 0.9), np.multiply(wall, 0.75), along(x))
    _put(plan, (np.abs(dx) < 1.35 - 0.7 * (up - 0.9)) & (up >= 0.9) & (up < 1.7), roof, along(x + 0.4 * y))
    for at in (-0.55, 0.45):
        _put(plan, (np.abs(dx - at) < 0.25) & (np.abs(up - 0.45) < 0.27), CADMIUM, along(y))


def _window(plan: Plan, x: np.ndarray, y: np.ndarray, foot: tuple, reach: float) -> tuple[Plan, np.ndarray, np.ndarray]:
    """Views of the part of `plan`, `x` and `y` within `reach` of `foot`."""
    box = window(x.shape, foot, reach)
    return Plan(*(field[box] for field in plan)), x[box], y[box]


def _put(plan: Plan, mask: np.ndarray, color: np.ndarray | tuple, flow: np.ndarray) -> None:
    """Add a thing where `mask` (h, w), over all that is there: its color, its flow and a new region."""
    plan.color[mask] = np.broadcast_to(color, plan.color.shape)[mask]
    plan.flow[mask] = flow[mask]
    plan.region[mask] = plan.region.max(initial=0) + 1  # more than what it covers; far apart, numbers may repeat
