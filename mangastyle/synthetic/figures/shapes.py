"""Outlines of bodies and clothes, float (n, 2) in units: tubes along limbs, unions, edges with folds and frills."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.synthetic.characters.canvas import ONE, SHIFT
from mangastyle.synthetic.characters.curves import curve, ellipse, normals

FINE = 48  # raster pixels for each unit, for unions
SMOOTH = 2.5  # of their outlines, in raster pixels


def direction(angle: float) -> np.ndarray:
    """The unit vector at an angle in degrees: 0 points down, 90 to the right."""
    a = np.radians(angle)
    return np.array([np.sin(a), np.cos(a)])


def turned(points, angle: float) -> np.ndarray:
    """Points turned about (0, 0), counterclockwise on the page, by an angle in degrees: what points down then points along `direction`."""
    a = np.radians(angle)
    return np.asarray(points, np.float64) @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])


def line(a, b, count: int = 12) -> np.ndarray:
    """A straight path from a to b: (count, 2)."""
    t = np.linspace(0, 1, count)[:, None]
    return (1 - t) * np.asarray(a, np.float64) + t * np.asarray(b, np.float64)


def tube(path: np.ndarray, half: np.ndarray | float, start: float = 0.0, end: float = 0.0) -> np.ndarray:
    """The closed outline along a path (n, 2) with half the width at each of its points.

    start, end : how far the ends bulge out, as shares of their half widths: 0 is flat, 1 is round.
    """
    half = np.broadcast_to(np.asarray(half, np.float64), len(path))[:, None]
    side = normals(path) * half
    caps = []
    for end_point, across, bulge, sign in ((path[-1], side[-1], end, 1), (path[0], side[0], start, -1)):
        a = np.linspace(0, np.pi, 9)[1:-1, None]
        forward = np.array([across[1], -across[0]])
        caps.append(end_point + sign * (across * np.cos(a) + bulge * forward * np.sin(a)) if bulge else np.empty((0, 2)))
    return np.concatenate([path + side, caps[0], (path - side)[::-1], caps[1]])


def union(shapes: list[np.ndarray]) -> np.ndarray:
    """The outline of closed shapes taken together; of the largest part if they do not touch."""
    points = np.concatenate(shapes)
    low = points.min(0) - 4 / FINE
    width, height = np.ceil((points.max(0) - low) * FINE).astype(int) + 4
    mask = np.zeros((height, width), np.uint8)
    for shape in shapes:
        cv2.fillPoly(mask, [((shape - low) * FINE * ONE).astype(np.int32)], 255, cv2.LINE_8, SHIFT)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    ring = max(contours, key=len)[:, 0].astype(np.float32)
    size = min(len(ring) // 2, 12)
    ring = cv2.GaussianBlur(np.concatenate([ring[-size:], ring, ring[:size]]), (1, 0), SMOOTH, sigmaY=SMOOTH)[size:-size]
    return ring[::3] / FINE + low


def frill(path: np.ndarray, count: int, depth: float, phase: float = 0.0) -> np.ndarray:
    """A wavy edge that goes along `path` (n, 2) with `count` rounds of `depth`, on its right-hand side."""
    t = np.linspace(0, 1, 8 * count + 1)
    s = np.linspace(0, 1, len(path))
    base = np.stack([np.interp(t, s, path[:, i]) for i in (0, 1)], 1)
    wave = np.abs(np.sin(np.pi * (count * t + phase)))
    return base + normals(base) * depth * wave[:, None]


def scallops(path: np.ndarray, count: int, depth: float) -> list[np.ndarray]:
    """Closed round flaps along `path` (n, 2), on its right-hand side."""
    s, edges = np.linspace(0, 1, len(path)), np.linspace(0, 1, count + 1)
    across = normals(path)
    flaps = []
    for a, b in zip(edges[:-1], edges[1:]):
        t = np.linspace(a, b, 9)
        base = np.stack([np.interp(t, s, path[:, i]) for i in (0, 1)], 1)
        out = np.stack([np.interp(t, s, across[:, i]) for i in (0, 1)], 1)
        rim = base + out * depth * (0.55 + 0.45 * np.sin(np.pi * np.linspace(0, 1, 9)))[:, None]
        flaps.append(np.concatenate([base, rim[::-1]]))
    return flaps


def along(path: np.ndarray, t) -> np.ndarray:
    """Points of a path (n, 2) at shares `t` of its points: (len(t), 2) or (2,)."""
    s = np.linspace(0, 1, len(path))
    return np.stack([np.interp(t, s, path[:, i]) for i in (0, 1)], -1)


def blob(points, closed: bool = True) -> np.ndarray:
    """A smooth outline through points."""
    return curve(points, closed=closed)


def disk(center, radius: float, points: int = 28) -> np.ndarray:
    """A circle."""
    return ellipse(center[0], center[1], radius, radius, points=points)


def star(center, radius: float, corners: int = 5, inner: float = 0.45, turn: float = 0.0) -> np.ndarray:
    """A star with one corner up."""
    a = np.arange(2 * corners) * np.pi / corners + turn
    r = np.where(np.arange(2 * corners) % 2, inner, 1.0) * radius
    return np.asarray(center) + np.stack([r * np.sin(a), -r * np.cos(a)], 1)


def heart(center, radius: float) -> np.ndarray:
    """A heart, upright."""
    t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.asarray(center) + radius / 16 * np.stack([x, -y], 1)
