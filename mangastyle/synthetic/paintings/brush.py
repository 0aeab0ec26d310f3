"""Impasto: strokes of thick paint along the flow of a landscape at dusk."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.synthetic.paintings.fields import along, facing
from mangastyle.synthetic.paintings.scenes.landscape import (
    CADMIUM,
    COBALT,
    CREAM,
    OCHRE,
    PRUSSIAN,
    ROSE,
    TEAL,
    ULTRAMARINE,
    VIOLET,
    Plan,
    landscape,
)

PLAN_SIDE = 440  # square root of the area, in pixels, of the plan that strokes follow
POINTS = 15  # points along a stroke's path
BATCH = 2_000_000  # samples of paint laid at once: bounds memory, whatever the picture's size


class Strokes(NamedTuple):
    """n strokes, in plan pixels.

    path, normal : float32 (n, POINTS, 2), points (x, y) and the unit vectors across the stroke there.
    width : float32 (n,); color : float32 (n, 3) in 0..255.
    """

    path: np.ndarray
    normal: np.ndarray
    width: np.ndarray
    color: np.ndarray


def paint(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Impasto: curved strokes along the flow of a landscape at dusk, coarse to fine, lit as thick paint."""
    scale = PLAN_SIDE / np.sqrt(height * width)
    plan = landscape(rng, max(8, round(height * scale)), max(8, round(width * scale)))
    canvas = cv2.resize(plan.color, (2 * width, 2 * height))  # twice the size: the reduction smooths the edges
    canvas = 0.6 * canvas + 0.4 * np.array(VIOLET, np.float32)  # a toned ground, seen where no stroke falls
    relief = np.zeros(canvas.shape[:2], np.float32)
    contours, edge = _contours(plan)

    def layer(what: Plan, starts: np.ndarray, size: float, length: float, vary: float) -> None:
        strokes = _strokes(rng, what, starts, size * PLAN_SIDE, length * PLAN_SIDE, vary)
        _lay(rng, canvas, relief, strokes)

    layer(plan, _scatter(rng, plan, 450), 0.030, 0.16, 0.5)  # the masses
    layer(plan, _scatter(rng, plan, 1500), 0.015, 0.12, 0.8)  # the forms
    layer(contours, rng.permutation(edge)[: len(edge) // 9], 0.009, 0.07, 1.0)  # broken dark contours
    layer(plan, _scatter(rng, plan, 3000), 0.0088, 0.06, 0.8)  # light and broken color
    edge = rng.permutation(edge)[: len(edge) // 3]
    touches = edge + rng.normal(0, 0.006 * PLAN_SIDE, edge.shape).astype(np.float32)
    layer(plan, touches, 0.006, 0.03, 0.7)  # small touches where small things are
    canvas = _lit(canvas, relief)
    return cv2.resize(np.clip(canvas + 0.5, 0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)


def _contours(plan: Plan) -> tuple[Plan, np.ndarray]:
    """A plan for dark contours round all things but the sun, and the points (n, 2) they may start from."""
    things = np.where(plan.region <= 1, 0, plan.region).astype(np.float32)
    things = np.sin(things * 2.4)  # neighbors in number are not alike
    edge = cv2.morphologyEx(things, cv2.MORPH_GRADIENT, np.ones((2, 2))) > 1e-6
    flow = along(cv2.GaussianBlur(things, (0, 0), 2))
    dark = 0.25 * plan.color + 0.75 * np.array(PRUSSIAN, np.float32)
    return Plan(dark, flow, np.zeros_like(plan.region)), np.argwhere(edge)[:, ::-1].astype(np.float32)


def _scatter(rng: np.random.Generator, plan: Plan, count: float) -> np.ndarray:
    """About `count` starting points on a jittered grid, float32 (n, 2) as (x, y)."""
    height, width = plan.region.shape
    step = np.sqrt(height * width / count)
    grid = np.mgrid[0 : height / step, 0 : width / step].reshape(2, -1).T[:, ::-1]
    return ((grid + rng.random(grid.shape)) * step).astype(np.float32)


def _strokes(rng: np.random.Generator, plan: Plan, starts: np.ndarray, width: float, length: float, vary: float) -> Strokes:
    """Trace a stroke both ways from each of `starts` (n, 2) along the flow, until it leaves its region.

    Its color is the plan's at its start, mixed with a little of another pigment, and more so the higher `vary`.
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

    color = pick(plan.color, starts)  # (n, 3)
    pigments = np.array([ULTRAMARINE, TEAL, ROSE, CADMIUM, CREAM, PRUSSIAN, OCHRE, COBALT], np.float32)
    color += vary * 0.38 * rng.beta(1, 4, (n, 1)) * (pigments[rng.integers(len(pigments), size=n)] - color)
    color *= 1 + vary * 0.12 * rng.standard_normal((n, 1))
    color += vary * 7 * rng.standard_normal((n, 3))
    widths = width * rng.uniform(0.65, 1.25, n)
    return Strokes(path, normal, widths.astype(np.float32), color.astype(np.float32))


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
        path, normal, thickness, color = (field[now] for field in strokes)
        center = (path[:, low] * (1 - part) + path[:, low + 1] * part) * scale  # (n, along, 2)
        side = (normal[:, low] * (1 - part) + normal[:, low + 1] * part) * taper
        side *= (thickness * scale / 2)[:, None, None]
        x, y = ((center[..., None, c] + side[..., None, c] * v).astype(np.int32) for c in (0, 1))  # (n, along, across)
        bristles = grain[row[now] + hair, column[now] + trail]  # (n, along, across)
        wet = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        wet &= bristles > 2.6 * (u**3 - 1)  # toward the end some bristles run out of paint
        sample = np.flatnonzero(wet)
        pixel = (y * width + x).reshape(-1)[sample]
        # Where samples share a pixel the last one written is on top; only those need color.
        top[pixel] = np.arange(len(sample))
        seen = top[pixel] == np.arange(len(sample))
        sample, pixel = sample[seen], pixel[seen]
        stroke, place = np.divmod(sample, along * across)
        bristles = bristles.reshape(-1)[sample]
        canvas[pixel] = color[stroke] * (1 + 0.09 * bristles)[:, None]
        relief[pixel] = below[pixel] + (ridge[place] + 0.16 * bristles) * thickness[stroke] * (0.5 * scale)


def _grain(rng: np.random.Generator) -> np.ndarray:
    """Marks of bristles: noise (256, 256) of variance 1, drawn out along the columns."""
    grain = cv2.GaussianBlur(rng.standard_normal((256, 256)).astype(np.float32), (0, 0), 22, sigmaY=0.8)
    return grain / grain.std()


def _lit(canvas: np.ndarray, relief: np.ndarray) -> np.ndarray:
    """Light thick paint from the upper left: sides that face the lamp brighten and shine, the others darken."""
    relief = cv2.GaussianBlur(relief, (0, 0), 0.9)
    shade = np.tanh(facing(relief) / 8)[..., None]
    return canvas * (1 + 0.26 * shade) + 50 * np.maximum(shade, 0) ** 3
