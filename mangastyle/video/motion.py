"""How things move from frame to frame of a drawn clip: regions as their outlines do, the ground with the camera. No TensorFlow."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.ops import pixels
from mangastyle.video import flow
from mangastyle.video import ground as grounds
from mangastyle.video.region_motion import EDGE, Edges, bend, fields, find_edges, find_motions, find_regions, gradient, steepness

LONG_SIDE = 448  # pixels, at which regions are found
OTHER, FREE = 1.0, 2.0  # gray levels by which a neighbor's motion, and the flow, must fit better than the region's own motion
JUMP = 0.4  # pixels by which the motion changes from pixel to pixel
HALO, GONE = 4.0, 0.75  # pixels over which paint reaches from an outline, and by which one must go
BORDER, INWARDS = 8.0, 0.05  # pixels from the frame's border in which paint differs, and by which it must come inwards
CHANGE = 14.0  # gray levels by which a pixel may change and still count e^-1


class Motion(NamedTuple):
    """Where each pixel of a frame was in the frame before.

    Attributes
    ----------
    way : ndarray of float32, shape (h, w, 2)
        Displacements (dx, dy) in pixels from the frame to the one before.
    seen : ndarray of float32, shape (h, w)
        0..1, how far the frame before shows the same there.
    camera : ndarray of float64, shape (3, 3)
        The motion of the ground, from pixels (x, y, 1) of the frame to those of the one before.
    clear : ndarray of float32, shape (h, w)
        0..1, 0 where an outline has just gone from, see `away_from_gone`.
    """

    way: np.ndarray
    seen: np.ndarray
    camera: np.ndarray
    clear: np.ndarray


def between(before: np.ndarray, frame: np.ndarray) -> Motion:
    """The motion from the frame before to a frame.

    Parameters
    ----------
    before, frame : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    Motion
        The same on every run. Where nothing tells how the ground moves, it stands still.

    Raises
    ------
    MangastyleError
        For frames of two sizes.

    Examples
    --------
    >>> y, x = np.mgrid[:96, :96]
    >>> before, frame = (np.where((y - 48) ** 2 + (x - at) ** 2 < 400, 40, 230).astype(np.uint8)[..., None].repeat(3, 2) for at in (45, 48))
    >>> found = between(before, frame)
    >>> found.way[48, 48].round(1).tolist(), found.way[8, 8].tolist()  # the disc, the ground
    ([-3.0, 0.0], [0.0, 0.0])
    """
    if before.shape != frame.shape:
        raise MangastyleError(f"`frame`: must be {before.shape} as the frame before is, not {frame.shape}")
    height, width = frame.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    size = round(height * scale), round(width * scale)
    first, second = (pixels.resize(x, *size) for x in (before, frame))
    free = flow.estimate(second, first)
    strength, direction = gradient(second)
    regions = find_regions(strength)
    every, ground = find_edges(strength, direction, regions, free), grounds.is_ground(regions)
    x, y = every.place.astype(np.intp).T
    edges = every.part(flow.visible(free, flow.estimate(first, second))[y, x])
    camera = grounds.ground_motion(first, second, edges, ground[regions], strength, direction, free)
    ground = grounds.with_backdrop(ground, every, grounds.stands(camera, first, second, strength)[y, x])
    motions, weights = find_motions(edges, len(ground), camera)
    motions[ground] = camera
    own = fields(motions, regions)
    bend(own, regions, edges, motions, weights, ground)
    way = cv2.resize(_fitting(first, second, regions, edges, motions, own, free, strength), (width, height), interpolation=cv2.INTER_LINEAR)
    way *= np.array([width / size[1], height / size[0]], np.float32)
    reduced = np.diag([size[1] / width, size[0] / height, 1.0])
    ground_motion = np.linalg.inv(reduced) @ _matrix(camera) @ reduced
    return Motion(way, unchanged(before, frame, way), ground_motion, away_from_gone(before, frame, way))


def _fitting(
    before: np.ndarray, frame: np.ndarray, regions: np.ndarray, edges: Edges, motions: np.ndarray, own: np.ndarray, free: np.ndarray,
    strength: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """For each pixel the motion of its region, at edges that of the region beyond or the flow if they fit better: (h, w, 2)."""
    x, y = edges.place.astype(np.intp).T
    beyond = regions.copy()
    away = edges.region != regions[y, x]
    beyond[y[away], x[away]] = edges.region[away]
    ways = [own, fields(motions, beyond), free]
    costs = []
    for way, handicap in zip(ways, (0, OTHER, FREE)):
        costs.append(cv2.GaussianBlur(flow.difference(flow.warp(before, way), frame), (0, 0), 1.5) + handicap)
    at_edges = cv2.dilate((strength >= EDGE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    best = (np.argmin(costs, 0) * at_edges)[..., None]
    return np.where(best == 0, ways[0], np.where(best == 1, ways[1], ways[2]))


def unchanged(before: np.ndarray, frame: np.ndarray, way: np.ndarray) -> np.ndarray:
    """How far a frame shows what the frame before does.

    Parameters
    ----------
    before, frame : ndarray of uint8, shape (h, w, 3)
    way : ndarray of float32, shape (h, w, 2)
        Displacements from the frame to the one before.

    Returns
    -------
    ndarray of float32, shape (h, w)
        1 where the colors are the same, 0 where they are others or come from beyond the border. At edges a difference of half a pixel
        is none.

    Examples
    --------
    >>> black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    >>> still = np.zeros((8, 8, 2), np.float32)
    >>> [float(unchanged(black, frame, way)[4, 4]) for frame, way in ((black, still), (white, still), (black, still + 9))]
    [1.0, 0.0, 0.0]
    """
    height, width = way.shape[:2]
    red, green, blue = cv2.split(cv2.absdiff(frame, flow.warp(before, way)))
    change = cv2.blur(cv2.max(cv2.max(red, green), blue).astype(np.float32), (3, 3))
    slack = CHANGE + 0.5 * cv2.blur(steepness(frame), (3, 3))
    x, y = flow.targets(way)
    inside = (x > -0.75) & (x < width - 0.25) & (y > -0.75) & (y < height - 0.25)
    return (np.exp(-((change / slack) ** 2)) * inside).astype(np.float32)


def away_from_gone(before: np.ndarray, frame: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Where no outline, and no border of the frame, has just gone from. What is painted beside it would stay behind, line after line.

    Parameters
    ----------
    before, frame : ndarray of uint8, shape (h, w, 3)
    way : ndarray of float32, shape (h, w, 2)
        Displacements from the frame to the one before.

    Returns
    -------
    ndarray of float32, shape (h, w)
        1, and 0 at such places: an outline was within `HALO` pixels in the frame before, or its border within `BORDER` pixels, and is
        farther away now.

    Examples
    --------
    >>> before, frame = np.full((2, 9, 40, 3), 255, np.uint8)  # white
    >>> before[:, 18:20] = frame[:, 12:14] = 0  # a line goes to the left
    >>> np.rint(away_from_gone(before, frame, np.zeros((9, 40, 2), np.float32))[4, ::5]).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    >>> blank = np.full((60, 60, 3), 255, np.uint8)
    >>> away_from_gone(blank, blank, np.full((60, 60, 2), (-3, 0), np.float32))[30, [4, 9, 30, 50]].tolist()  # the camera pans
    [0.0, 0.0, 1.0, 1.0]
    """
    was, now = (cv2.distanceTransform((steepness(x) < EDGE).astype(np.uint8), cv2.DIST_L2, 3) for x in (before, frame))
    was = flow.warp(was, way)
    border_was, border_now = (_to_border(*flow.targets(x)) for x in (way, np.zeros_like(way)))
    gone = (was < HALO) & (now > was + GONE) | (border_was < BORDER) & (border_now > border_was + INWARDS)
    return 1 - cv2.blur(gone.astype(np.float32), (3, 3))


def away_from_jumps(way: np.ndarray) -> np.ndarray:
    """Where a motion goes on: not around places where one ends and another begins, and would leave traces there.

    Parameters
    ----------
    way : ndarray of float32, shape (h, w, 2)

    Returns
    -------
    ndarray of float32, shape (h, w)
        1, and 0 at such places.

    Examples
    --------
    >>> way = np.zeros((9, 20, 2), np.float32)
    >>> way[:, 10:, 0] = 3
    >>> np.rint(away_from_jumps(way)[4, ::3]).tolist()
    [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0]
    """
    steep = np.maximum(*(cv2.max(*cv2.split(np.abs(cv2.Sobel(way, cv2.CV_32F, *order, scale=1 / 8)))) for order in ((1, 0), (0, 1))))
    return 1 - cv2.blur(cv2.dilate((steep > JUMP).astype(np.float32), np.ones((3, 3), np.uint8)), (3, 3))


def _to_border(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pixels from places (h, w) of a frame of this size to its border."""
    height, width = x.shape
    return np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))


def _matrix(motion: np.ndarray) -> np.ndarray:
    """A similarity (4,) as a matrix (3, 3) of places (x, y, 1)."""
    a, b, c, d = motion
    return np.array([[1 + c, -d, a], [d, 1 + c, b], [0, 0, 1]])
