"""Paintings of our own making: style pictures that need no foreign picture and no download.

A painter is a function `(rng, height, width) -> uint8 (height, width, 3)`; `PAINTERS` lists them by name.
All randomness comes from `rng`, and sizes are fractions of the picture, so that one seed is one
painting at every size.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.config import near
from mangastyle.errors import MangastyleError

PLAN_SIDE = 440  # square root of the area, in pixels, of the plan that strokes follow
POINTS = 15  # points along a stroke's path
BATCH = 2_000_000  # samples of paint laid at once: bounds memory, whatever the picture's size
LIGHT = (-0.6, -0.8)  # toward the lamp, (x, y): upper left

PRUSSIAN, ULTRAMARINE, COBALT, TEAL = (13, 20, 46), (24, 34, 112), (44, 88, 176), (38, 138, 152)
VIOLET, ROSE, CREAM, LEMON = (74, 52, 122), (226, 122, 132), (250, 236, 196), (254, 232, 104)
CADMIUM, ORANGE, OCHRE, RUST = (250, 190, 28), (238, 124, 36), (206, 152, 50), (142, 66, 38)
VIRIDIAN, LEAF, LIME = (18, 74, 70), (74, 124, 58), (176, 190, 72)


class Plan(NamedTuple):
    """What the brush follows: the landscape before any stroke is laid.

    colour : float32 (h, w, 3) in 0..255.
    flow : float32 (h, w, 2), unit vectors (x, y) along which strokes run.
    region : int32 (h, w), one number for each thing in the picture, farther things first; strokes stay inside.
    """

    colour: np.ndarray
    flow: np.ndarray
    region: np.ndarray


class Strokes(NamedTuple):
    """n strokes, in plan pixels.

    path, normal : float32 (n, POINTS, 2), points (x, y) and the unit vectors across the stroke there.
    width : float32 (n,); colour : float32 (n, 3) in 0..255.
    """

    path: np.ndarray
    normal: np.ndarray
    width: np.ndarray
    colour: np.ndarray


def paint(name: str = "brush", seed: int = 0, height: int = 512, width: int = 640) -> np.ndarray:
    """Paint a picture: uint8 (height, width, 3), the same for the same arguments, another one for another seed.

    Raises `MangastyleError` if there is no painter of this name.
    """
    if name not in PAINTERS:
        raise MangastyleError(f"unknown painter {name!r}{near(name, PAINTERS)}; there are: {', '.join(PAINTERS)}")
    return PAINTERS[name](np.random.default_rng(seed), height, width)


def _brush(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Impasto: curved strokes along the flow of a landscape at dusk, coarse to fine, lit as thick paint."""
    scale = PLAN_SIDE / np.sqrt(height * width)
    plan = _landscape(rng, max(8, round(height * scale)), max(8, round(width * scale)))
    canvas = cv2.resize(plan.colour, (2 * width, 2 * height))  # twice the size: the reduction smooths the edges
    canvas = 0.6 * canvas + 0.4 * np.array(VIOLET, np.float32)  # a toned ground, seen where no stroke falls
    relief = np.zeros(canvas.shape[:2], np.float32)
    contours, edge = _contours(plan)

    def layer(what: Plan, starts: np.ndarray, size: float, length: float, vary: float) -> None:
        strokes = _strokes(rng, what, starts, size * PLAN_SIDE, length * PLAN_SIDE, vary)
        _lay(rng, canvas, relief, strokes)

    layer(plan, _scatter(rng, plan, 450), 0.030, 0.16, 0.5)  # the masses
    layer(plan, _scatter(rng, plan, 1500), 0.015, 0.12, 0.8)  # the forms
    layer(contours, rng.permutation(edge)[: len(edge) // 9], 0.009, 0.07, 1.0)  # broken dark contours
    layer(plan, _scatter(rng, plan, 3000), 0.0088, 0.06, 0.8)  # light and broken colour
    edge = rng.permutation(edge)[: len(edge) // 3]
    touches = edge + rng.normal(0, 0.006 * PLAN_SIDE, edge.shape).astype(np.float32)
    layer(plan, touches, 0.006, 0.03, 0.7)  # small touches where small things are
    canvas = _lit(canvas, relief)
    return cv2.resize(np.clip(canvas + 0.5, 0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)


PAINTERS = {"brush": _brush}


# --- the landscape ---------------------------------------------------------------------------------------------


def _landscape(rng: np.random.Generator, height: int, width: int) -> Plan:
    """A sun going down behind hills, furrowed fields, a river, trees and lit cottages, as a `Plan`."""
    y, x = (np.mgrid[:height, :width].astype(np.float32) + 0.5) / height  # (h, w), in picture heights
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
        depth = y - crest + rise * _waves(rng, x / unit * 0.7, 3)
        shape = depth * (1 + 0.5 * _waves(rng, x / unit, 1)) - 0.8 * depth * _waves(rng, x / unit * 1.3, 2)
        tone = 0.5 + 0.5 * np.sin(shape * 130 + 2 * _waves(rng, x / unit * 2, 2))
        colour = _ramp(tone * np.exp(-np.maximum(depth, 0) * 9), (0, dark), (0.4, dark), (1, light))
        _put(plan, depth > 0, colour, _along(shape))

    # fields: furrows that meet below the sun, in strips of green and of ripe corn
    ground = 0.62 + 0.012 * _waves(rng, x, 2)
    across = (x - sun[0]) / (y - 0.48) + 0.22 * _waves(rng, y * 1.6, 2)
    tone = 0.5 + 0.4 * np.sin(across * 17)
    tone += 0.35 * _waves(rng, across * 5 + 4 * y, 2) + 0.3 * _waves(rng, y * 6 + across, 2)
    corn = _ramp(tone, (0, VIOLET), (0.2, RUST), (0.45, OCHRE), (0.8, CADMIUM), (1.3, CREAM))
    green = _ramp(tone, (0, PRUSSIAN), (0.3, VIRIDIAN), (0.6, LEAF), (1.1, LIME))
    is_green = _waves(rng, across * 0.55, 2) + 0.9 * np.clip(x / aspect - 0.5, -0.4, 0.4) > 0.1
    _put(plan, y > ground, np.where(is_green[..., None], green, corn), _along(across))

    # river: the sky again, in level strokes
    fore = np.clip((y - ground) / 0.37, 0, 1)  # 0 at the far bank, 1 at the lower edge
    bed = (0.53 + 0.11 * np.sin(fore * 4.6 + rng.uniform(-0.3, 0.3)) + 0.20 * fore**2) * aspect
    water = np.abs(x - bed) < unit * (0.012 + 0.15 * fore**1.3)
    ripple = np.sin(y * 190 / (0.4 + fore) + 3 * _waves(rng, x * 3, 2))
    mirrored = _ramp(
        fore + 0.33 * ripple, (0, LEMON), (0.15, ORANGE), (0.3, ROSE), (0.5, TEAL), (0.75, COBALT), (1.1, ULTRAMARINE)
    )
    _put(plan, water & (y > ground), mirrored, _along(y + 0.004 * ripple))

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
    """Wind and eddies: strokes follow the contours of a stream function, and its colours are carried along."""
    stream = y + 0.03 * _waves(rng, x / unit, 3)
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
    tone = carried / 0.46 + 0.13 * np.sin(stream * 60 + 2 * _waves(rng, x, 3))
    night = (0, PRUSSIAN), (0.12, ULTRAMARINE), (0.3, COBALT), (0.45, TEAL), (0.58, COBALT), (0.72, VIOLET)
    colour = _ramp(tone, *night, (0.84, ROSE), (0.95, CREAM), (1.1, ORANGE))
    halo = _ramp(to_sun + 0.02 * np.sin(to_sun * 160), (0.07, LEMON), (0.12, CADMIUM), (0.19, ORANGE), (0.3, ROSE))
    colour += np.exp(-((to_sun / 0.23) ** 4))[..., None] * (halo - colour)
    plan = Plan(colour, _along(stream), np.zeros(x.shape, np.int32))
    _put(plan, to_sun < 0.07, _ramp(to_sun, (0, CREAM), (0.07, LEMON)), _along(to_sun))
    return plan


def _tree(
    rng: np.random.Generator, plan: Plan, x: np.ndarray, y: np.ndarray, foot: tuple, size: float, sun: np.ndarray
) -> None:
    """A tree on `foot`: a leaning trunk and a crown of curling tufts, bright where they face the sun."""
    plan, x, y = _window(plan, x, y, foot, 4 * size)
    lean = rng.uniform(-0.3, 0.3)
    rise = (foot[1] - y) / size  # 0 at the foot
    stem = x - foot[0] - lean * size * 0.3 * rise**2 / 2
    trunk = (np.abs(stem) < size * (0.13 + 0.12 * np.exp(-3 * rise))) & (rise > 0) & (rise < 2)
    _put(plan, trunk, _ramp(stem / size, (-0.15, RUST), (0.1, PRUSSIAN)), _along(stem))
    for k in range(9):
        turn = 2.4 * k + rng.uniform(-0.3, 0.3)
        spread = 0.95 * (1 - k / 9) ** 0.5
        centre = np.array(foot) + size * np.array([0.6 * lean, -2.3])
        centre += size * spread * np.array([np.cos(turn), 0.9 * np.sin(turn)])
        dx, dy = (x - centre[0]) / size, (y - centre[1]) / size
        far = np.hypot(dx, dy)
        tuft = far < 0.62 + 0.06 * np.sin(5 * np.arctan2(dy, dx) + turn)
        toward = (sun - centre) / np.linalg.norm(sun - centre)
        lit = 0.5 + (dx * toward[0] + dy * toward[1]) * 0.75 + 0.2 * np.sin(far * 22)
        shadow = (0, PRUSSIAN), (0.2, ULTRAMARINE), (0.4, VIRIDIAN)
        colour = _ramp(lit, *shadow, (0.65, LEAF), (0.9, LIME), (1.1, CADMIUM))
        _put(plan, tuft, colour, _along(far + 0.12 * np.arctan2(dy, dx)))


def _cottage(rng: np.random.Generator, plan: Plan, x: np.ndarray, y: np.ndarray, foot: tuple, size: float) -> None:
    """A cottage on `foot`: a wall, a roof and lit windows."""
    plan, x, y = _window(plan, x, y, foot, 2 * size)
    dx, up = (x - foot[0]) / size, (foot[1] - y) / size
    wall, roof = ((CREAM, RUST), (COBALT, ORANGE), (ROSE, ULTRAMARINE))[rng.integers(3)]
    _put(plan, (np.abs(dx) < 1.1) & (up > 0) & (up < 0.9), np.multiply(wall, 0.75), _along(x))
    _put(plan, (np.abs(dx) < 1.35 - 0.7 * (up - 0.9)) & (up >= 0.9) & (up < 1.7), roof, _along(x + 0.4 * y))
    for at in (-0.55, 0.45):
        _put(plan, (np.abs(dx - at) < 0.25) & (np.abs(up - 0.45) < 0.27), CADMIUM, _along(y))


def _window(plan: Plan, x: np.ndarray, y: np.ndarray, foot: tuple, reach: float) -> tuple[Plan, np.ndarray, np.ndarray]:
    """Views of the part of `plan`, `x` and `y` within `reach` of `foot`: small things are painted in small arrays."""
    size = np.array(x.shape)
    at = np.array([foot[1], foot[0]]) * size[0]
    low = np.clip((at - reach * size[0]).astype(int), 0, size - 2)
    high = np.maximum((at + reach * size[0]).astype(int) + 1, low + 2)
    box = tuple(map(slice, low, high))
    return Plan(*(field[box] for field in plan)), x[box], y[box]


def _put(plan: Plan, mask: np.ndarray, colour: np.ndarray | tuple, flow: np.ndarray) -> None:
    """Add a thing where `mask` (h, w), over all that is there: its colour, its flow and a new region."""
    plan.colour[mask] = np.broadcast_to(colour, plan.colour.shape)[mask]
    plan.flow[mask] = flow[mask]
    plan.region[mask] = plan.region.max(initial=0) + 1  # more than what it covers; far apart, numbers may repeat


def _contours(plan: Plan) -> tuple[Plan, np.ndarray]:
    """A plan for dark contours round all things but the sun, and the points (n, 2) they may start from."""
    things = np.where(plan.region <= 1, 0, plan.region).astype(np.float32)
    things = np.sin(things * 2.4)  # neighbours in number are not alike
    edge = cv2.morphologyEx(things, cv2.MORPH_GRADIENT, np.ones((2, 2))) > 1e-6
    flow = _along(cv2.GaussianBlur(things, (0, 0), 2))
    dark = 0.25 * plan.colour + 0.75 * np.array(PRUSSIAN, np.float32)
    return Plan(dark, flow, np.zeros_like(plan.region)), np.argwhere(edge)[:, ::-1].astype(np.float32)


def _waves(rng: np.random.Generator, t: np.ndarray, octaves: int) -> np.ndarray:
    """A smooth random curve through `t`, about -1..1: sines of rising frequency and falling height."""
    return sum(
        0.6**k * np.sin(2 * np.pi * (t * 0.9 * 1.8**k * rng.uniform(0.8, 1.2) + rng.uniform())) for k in range(octaves)
    ).astype(np.float32) / 1.5


def _along(stream: np.ndarray) -> np.ndarray:
    """Unit vectors (x, y) along the contours of `stream` (h, w): float32 (h, w, 2)."""
    down, right = np.gradient(stream)
    flow = np.stack([down, -right], axis=-1)
    return (flow / (np.linalg.norm(flow, axis=-1, keepdims=True) + 1e-9)).astype(np.float32)


def _ramp(t: np.ndarray, *stops: tuple) -> np.ndarray:
    """Colours (..., 3) along `stops` of (position, colour) at `t`."""
    at, colours = [s[0] for s in stops], np.array([s[1] for s in stops], np.float32)
    return np.stack([np.interp(t, at, colours[:, c]) for c in range(3)], axis=-1).astype(np.float32)


# --- the brush -------------------------------------------------------------------------------------------------


def _scatter(rng: np.random.Generator, plan: Plan, count: float) -> np.ndarray:
    """About `count` starting points on a jittered grid, float32 (n, 2) as (x, y)."""
    height, width = plan.region.shape
    step = np.sqrt(height * width / count)
    grid = np.mgrid[0 : height / step, 0 : width / step].reshape(2, -1).T[:, ::-1]
    return ((grid + rng.random(grid.shape)) * step).astype(np.float32)


def _strokes(
    rng: np.random.Generator, plan: Plan, starts: np.ndarray, width: float, length: float, vary: float
) -> Strokes:
    """Trace a stroke both ways from each of `starts` (n, 2) along the flow, until it leaves its region.

    Its colour is the plan's at its start, mixed with a little of another pigment, and more so the higher `vary`.
    """
    top = np.array(plan.region.shape[::-1]) - 1

    def pick(field: np.ndarray, points: np.ndarray) -> np.ndarray:
        x, y = np.clip(points, 0, top).astype(np.intp).T
        return field[y, x]

    home = pick(plan.region, starts)  # (n,)
    order = np.lexsort((rng.random(len(starts)), home))  # nearer things over farther ones
    starts, home = starts[order], home[order]
    n, half = len(starts), POINTS // 2
    step = length / POINTS * rng.uniform(0.6, 1.3, (n, 1)).astype(np.float32)
    path = np.empty((n, POINTS, 2), np.float32)
    direction = np.empty_like(path)
    for way, steps in ((-1, range(half, -1, -1)), (1, range(half, POINTS))):
        point, alive = starts, np.ones((n, 1), bool)
        for k in steps:
            path[:, k], direction[:, k] = point, pick(plan.flow, point)
            ahead = point + way * step * direction[:, k]
            alive &= (pick(plan.region, ahead) == home)[:, None]
            point = np.where(alive, ahead, point)
    normal = direction[..., ::-1] * np.array([-1, 1], np.float32)

    colour = pick(plan.colour, starts)  # (n, 3)
    pigments = np.array([ULTRAMARINE, TEAL, ROSE, CADMIUM, CREAM, PRUSSIAN, OCHRE, COBALT], np.float32)
    colour += vary * 0.38 * rng.beta(1, 4, (n, 1)) * (pigments[rng.integers(len(pigments), size=n)] - colour)
    colour *= 1 + vary * 0.12 * rng.standard_normal((n, 1))
    colour += vary * 7 * rng.standard_normal((n, 3))
    widths = width * rng.uniform(0.65, 1.25, n)
    return Strokes(path, normal, widths.astype(np.float32), colour.astype(np.float32))


def _lay(rng: np.random.Generator, canvas: np.ndarray, relief: np.ndarray, strokes: Strokes) -> None:
    """Paint `strokes`, in order, on `canvas` (h, w, 3) and `relief` (h, w), in place.

    Each stroke is a bent sheet of samples, `along` x `across`, dense enough to leave no gaps.
    """
    height, width = relief.shape
    scale = np.float32(np.sqrt(height * width) / PLAN_SIDE)  # canvas pixels in a plan pixel
    extent = np.linalg.norm(np.diff(strokes.path, axis=1), axis=2).sum(1).max()
    along, across = max(4, int(1.1 * scale * extent)), max(3, int(1.3 * scale * strokes.width.max()))
    u = np.linspace(0, 1, along, dtype=np.float32)[:, None]  # (along, 1)
    v = np.linspace(-1, 1, across, dtype=np.float32)  # (across,)
    taper = np.sqrt(1 - np.maximum(1 - u / 0.22, 0) ** 2)  # a round start
    taper *= 1 - 0.75 * np.maximum(u - 0.45, 0) / 0.55  # a long, thin end
    ridge = np.broadcast_to(0.55 + 0.45 * v**4, (along, across)).reshape(-1)  # the brush pushes paint to its sides
    grain = _grain(rng)
    hair, trail = np.linspace(0, 14, across).astype(int), np.linspace(0, 90, along).astype(int)[:, None]
    row, column = rng.integers(0, len(grain) - 90, (2, len(strokes.path), 1, 1))  # each stroke's place in the grain

    at = np.linspace(0, POINTS - 1, along)
    low = np.minimum(at.astype(int), POINTS - 2)
    part = (at - low).astype(np.float32)[:, None]  # (along, 1)
    canvas, relief = canvas.reshape(-1, 3), relief.reshape(-1)  # views
    below = 0.35 * relief  # older paint shows through as relief
    top = np.empty(height * width, np.int32)
    batch = max(1, BATCH // (along * across))
    for first in range(0, len(strokes.path), batch):
        now = slice(first, first + batch)
        path, normal, thickness, colour = (field[now] for field in strokes)
        centre = (path[:, low] * (1 - part) + path[:, low + 1] * part) * scale  # (n, along, 2)
        side = (normal[:, low] * (1 - part) + normal[:, low + 1] * part) * taper
        side *= (thickness * scale / 2)[:, None, None]
        x, y = ((centre[..., None, c] + side[..., None, c] * v).astype(np.int32) for c in (0, 1))  # (n, along, across)
        bristles = grain[row[now] + hair, column[now] + trail]  # (n, along, across)
        wet = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        wet &= bristles > 2.6 * (u**3 - 1)  # toward the end some bristles run out of paint
        sample = np.flatnonzero(wet)
        pixel = (y * width + x).reshape(-1)[sample]
        # Where samples share a pixel the last one written is on top; only those need colour.
        top[pixel] = np.arange(len(sample))
        seen = top[pixel] == np.arange(len(sample))
        sample, pixel = sample[seen], pixel[seen]
        stroke, place = np.divmod(sample, along * across)
        bristles = bristles.reshape(-1)[sample]
        canvas[pixel] = colour[stroke] * (1 + 0.09 * bristles)[:, None]
        relief[pixel] = below[pixel] + (ridge[place] + 0.16 * bristles) * thickness[stroke] * (0.5 * scale)


def _grain(rng: np.random.Generator) -> np.ndarray:
    """What bristles leave: noise (256, 256) of variance 1, drawn out along the columns."""
    grain = cv2.GaussianBlur(rng.standard_normal((256, 256)).astype(np.float32), (0, 0), 22, sigmaY=0.8)
    return grain / grain.std()


def _lit(canvas: np.ndarray, relief: np.ndarray) -> np.ndarray:
    """Light thick paint from the upper left: sides that face the lamp brighten and shine, the others darken."""
    relief = cv2.GaussianBlur(relief, (0, 0), 0.9)
    facing = -LIGHT[0] * cv2.Sobel(relief, cv2.CV_32F, 1, 0) - LIGHT[1] * cv2.Sobel(relief, cv2.CV_32F, 0, 1)
    shade = np.tanh(facing / 8)[..., None]
    return canvas * (1 + 0.26 * shade) + 50 * np.maximum(shade, 0) ** 3
