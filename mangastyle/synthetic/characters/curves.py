"""Smooth outlines as point lists: float (n, 2) arrays of x to the right and y down."""

from __future__ import annotations

import functools
import math

import numpy as np

SAMPLES = 10  # points per curve segment: smooth up to 2000 px
CATMULL_ROM = 0.5 * np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]])
BEZIER = np.array([[1, 0, 0], [-2, 2, 0], [1, -2, 1]])  # quadratic
MIRROR = np.array([-1.0, 1.0])


@functools.cache
def _weights(kind: str, samples: int) -> np.ndarray:
    """Weight of each control point at `samples` steps of t in [0, 1): (samples, control points)."""
    basis = CATMULL_ROM if kind == "catmull-rom" else BEZIER
    return (np.arange(samples)[:, None] / samples) ** np.arange(len(basis)) @ basis


@functools.cache
def _windows(segments: int) -> np.ndarray:
    """Indices of the four points that shape each segment: (segments, 4)."""
    return np.arange(segments)[:, None] + np.arange(4)


def curve(points, closed: bool = False, samples: int = SAMPLES) -> np.ndarray:
    """A Catmull-Rom spline through `points` (n, 2): closed (n * samples, 2), open ((n - 1) * samples + 1, 2)."""
    p = np.asarray(points, np.float64)
    ring = np.concatenate([p[-1:], p, p[:2]] if closed else [2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    segments = ring[_windows(len(ring) - 3)]  # (segments, 4, 2)
    path = (_weights("catmull-rom", samples) @ segments).reshape(-1, 2)
    return path if closed else np.concatenate([path, p[-1:]])


def bend(start, control, end, samples: int = SAMPLES) -> np.ndarray:
    """A quadratic Bezier curve: (samples + 1, 2)."""
    p = np.array([start, control, end], np.float64)
    return np.concatenate([_weights("bezier", samples) @ p, p[-1:]])


def blades(valleys, tips, lean=(0.0, 0.0), belly: float = 0.0) -> np.ndarray:
    """An edge of pointed strands: valley, tip, valley, tip ... valley, joined by bent lines.

    valleys : (n + 1, 2); tips : (n, 2).
    lean : (2,) or (n, 2), how far both sides of a strand bow, so that it curves.
    belly : how far the sides bow away from each other, so that it is full.
    """
    v, t = np.asarray(valleys, np.float64), np.asarray(tips, np.float64)
    lean = np.broadcast_to(np.asarray(lean, np.float64), t.shape)
    across = v[1:] - v[:-1]
    out = belly * across / (np.hypot(across[:, :1], across[:, 1:]) + 1e-9)
    sides = np.empty((len(t), 2, 3, 2))  # strand, down or up, control point, x and y
    sides[:, 0, 0], sides[:, 0, 1], sides[:, 0, 2] = v[:-1], (v[:-1] + t) / 2 + lean - out, t
    sides[:, 1, 0], sides[:, 1, 1], sides[:, 1, 2] = t, (v[1:] + t) / 2 + lean + out, v[1:]
    return np.concatenate([(_weights("bezier", SAMPLES) @ sides).reshape(-1, 2), v[-1:]])


@functools.cache
def _circle(points: int) -> np.ndarray:
    t = np.arange(points) * (2 * np.pi / points)
    return np.stack([np.cos(t), np.sin(t)], 1)


def ellipse(x: float, y: float, rx: float, ry: float, angle: float = 0.0, points: int = 36) -> np.ndarray:
    """A closed ellipse (points, 2), turned clockwise by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    return _circle(points) @ np.array([[rx * c, rx * s], [-ry * s, ry * c]]) + (x, y)


def mirror(points) -> np.ndarray:
    """The same outline on the other side of x = 0."""
    return np.asarray(points, np.float64) * MIRROR


@functools.cache
def steps(n: int) -> np.ndarray:
    """0 to 1 in n even steps, as a column: (n, 1)."""
    return np.linspace(0, 1, n)[:, None]


@functools.cache
def _pressure(n: int, start: float, end: float) -> np.ndarray:
    """Width of a pen stroke along its n points, 1 in the middle: (n, 1)."""
    t = steps(n)
    ends = np.where(t < 0.5, start, end)
    return ends + (1 - ends) * np.sin(np.pi * t)


def normals(path: np.ndarray) -> np.ndarray:
    """Unit vectors across `path`, to its right-hand side as seen on the page: (n, 2)."""
    across = np.empty_like(path)
    across[1:-1] = path[2:] - path[:-2]
    across[0], across[-1] = path[1] - path[0], path[-1] - path[-2]
    across = across[:, ::-1] * MIRROR
    return across / (np.sqrt((across * across).sum(1, keepdims=True)) + 1e-9)


def ribbon(path: np.ndarray, width: float, start: float = 0.0, end: float = 0.0) -> np.ndarray:
    """The outline (2 n, 2) of a pen stroke along `path` (n, 2), `width` wide in its middle.

    start, end : width of its ends as a share of `width`; 0 tapers to a point.
    """
    side = normals(path) * (width / 2 * _pressure(len(path), start, end))
    return np.concatenate([path + side, (path - side)[::-1]])
