"""The motions of the regions of a drawing, each from the flow along its outline. No TensorFlow.

Optical flow is right near ink and a guess on flat ground, and that is most of a drawing. A region therefore moves as its outline does, by
a similarity: it may turn and grow, and is never sheared. Of an edge only the motion across it can be seen, so that is what counts most.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.video.strips import strips

EDGE = 10.0  # gray levels per pixel: steeper places divide regions
REACH_OF_GRADIENT = 8  # pixels
REACH = 4.0  # pixels from an edge to the regions at its sides: more than a line is wide
LEAST = 24  # pixels of a region
SAMPLES = 3000  # about so many pixels of edges count
FEWEST = 8  # of them are needed for a motion
TANGENT = 0.03  # weight of the motion along a straight edge, beside 1 of that across it
SCALES = (6.0, 3.0, 1.5, 1.0, 1.0)  # pixels: errors that count a quarter, in each round
UNIT = 30.0  # pixels from the center at which turning and growing are as large as moving
PRIOR = (0.5, 0.5, 2.0, 2.0)  # weight of the motion without turning and growing, in pixels of edges
IN_FRONT = 0.1  # by which a larger share of a region's edges must follow its motion
DOUBT = 0.05  # weight of edges of the region in front
BENT = 0.2  # pixels of error with which a region is taken to bend
FAR = 3.0  # pixels: such errors count a quarter
STIFF, COARSE = 10.0, 4  # pixels over which it bends alike, and of a cell in which that is computed
CALM = 2.0  # weight of not bending, in edges
STILL = 0.15  # pixels: regions that move less do not move


class Edges(NamedTuple):
    """Places at edges, each of them once or twice: for the regions at its sides.

    Attributes
    ----------
    place, way, normal : ndarray of float64, shape (n, 2)
        Pixel, flow and unit vector across the edge, each as (x, y).
    tangent : ndarray of float64, shape (n,)
        Weight of the motion along the edge.
    region, other : ndarray of int, shape (n,)
        Labels of the region whose edge it is, and of that beyond it.
    """

    place: np.ndarray
    way: np.ndarray
    normal: np.ndarray
    tangent: np.ndarray
    region: np.ndarray
    other: np.ndarray

    def part(self, chosen: np.ndarray) -> Edges:
        """Some of them, by an index or mask."""
        return Edges(*(values[chosen] for values in self))


def gradient(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The steepness of a frame in the channel that changes most.

    Parameters
    ----------
    frame : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    strength : ndarray of float32, shape (h, w)
        Gray levels per pixel.
    direction : ndarray of float32, shape (h, w, 2)
        Unit vector (x, y) towards the lighter side; zero where nothing changes.

    Examples
    --------
    >>> ramp = np.repeat(np.arange(0, 90, 10, dtype=np.uint8), 3).reshape(1, 9, 3).repeat(5, 0)
    >>> strength, direction = gradient(ramp)
    >>> float(strength[2, 4]), direction[2, 4].round(3).tolist()
    (10.0, [1.0, 0.0])
    """
    soft = cv2.GaussianBlur(frame, (0, 0), 0.8)
    parts = [cv2.split(cv2.Scharr(soft, cv2.CV_32F, *order, scale=1 / 32)) for order in ((1, 0), (0, 1))]
    x, y = parts[0][0], parts[1][0]
    square = x * x + y * y
    for others in zip(parts[0][1:], parts[1][1:]):
        other = others[0] ** 2 + others[1] ** 2
        more = other > square
        square, x, y = (np.where(more, new, old) for new, old in zip((other, *others), (square, x, y)))
    strength = np.sqrt(square)
    return strength, np.stack([x, y], -1) / (strength[..., None] + 1e-6)


def steepness(frame: np.ndarray) -> np.ndarray:
    """The strength of `gradient` alone, in less time: float32 (h, w).

    Examples
    --------
    >>> frame = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    >>> bool(np.allclose(steepness(frame), gradient(frame)[0]))
    True
    """
    strength = np.empty(frame.shape[:2], np.float32)
    for rows, outer, within in strips(len(frame), REACH_OF_GRADIENT):
        soft = cv2.GaussianBlur(frame[outer], (0, 0), 0.8)
        x, y = (cv2.Scharr(soft, cv2.CV_32F, *order, scale=1 / 32) for order in ((1, 0), (0, 1)))
        first, second, third = cv2.split(cv2.add(cv2.multiply(x, x), cv2.multiply(y, y)))
        strength[rows] = cv2.sqrt(cv2.max(cv2.max(first, second), third))[within]
    return strength


def find_regions(strength: np.ndarray) -> np.ndarray:
    """Regions of a frame: what steep places divide.

    Parameters
    ----------
    strength : ndarray of float32, shape (h, w)
        By `gradient`.

    Returns
    -------
    ndarray of int32, shape (h, w)
        Labels from 0; steep places and what is tiny belong to the nearest region.

    Examples
    --------
    >>> wall = np.zeros((8, 17), np.float32)
    >>> wall[:, 8] = 99
    >>> find_regions(wall)[0].tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    """
    labels, facts = cv2.connectedComponentsWithStats((strength < EDGE).astype(np.uint8), connectivity=4)[1:3]
    labels = labels.astype(np.intp)
    large = facts[:, cv2.CC_STAT_AREA] >= LEAST
    large[0] = False  # the steep places
    if not large.any():
        return np.zeros(strength.shape, np.int32)
    outside = (~large[labels]).astype(np.uint8)
    nearest = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1].astype(np.intp)
    table = np.zeros(int(nearest.max()) + 1, np.int32)  # regions of the pixels that others are nearest to
    table[nearest[outside == 0]] = (np.cumsum(large) - 1)[labels[outside == 0]]
    return table[nearest]


def find_edges(
    strength: np.ndarray, direction: np.ndarray, regions: np.ndarray, way: np.ndarray, least: float = EDGE
) -> Edges:  # fmt: skip
    """What is known of the motion of edges.

    Parameters
    ----------
    strength, direction : ndarray of float32, shapes (h, w) and (h, w, 2)
        By `gradient`.
    regions : ndarray of int32, shape (h, w)
    way : ndarray of float32, shape (h, w, 2)
        Flow.
    least : float
        Gray levels per pixel, the steepness of edges.

    Returns
    -------
    Edges
    """
    y, x = np.nonzero(strength >= least)
    thinned = slice(None, None, max(1, len(y) // SAMPLES))
    y, x = y[thinned], x[thinned]
    normal = direction[y, x].astype(np.float64)  # (n, 2)
    last = np.array(regions.shape) - 1
    sides = []
    for sign in (1, -1):
        row, column = (np.clip(np.rint(at + sign * REACH * normal[:, i]), 0, last[1 - i]).astype(np.intp) for at, i in ((y, 1), (x, 0)))
        sides.append(regions[row, column])
    two = np.flatnonzero(sides[0] != sides[1])
    chosen = np.concatenate([np.arange(len(y)), two])
    corners = _corners(strength, direction)[y, x].astype(np.float64)
    found = Edges(np.stack([x, y], -1).astype(np.float64), way[y, x].astype(np.float64), normal, TANGENT + corners, *sides)
    region, other = (np.concatenate([one, another[two]]) for one, another in (sides, sides[::-1]))
    return found.part(chosen)._replace(region=region, other=other)


def _corners(strength: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """0 at straight edges to 1 where edges run in all directions: the quotient of the structure tensor's eigenvalues, (h, w)."""
    steep = strength[..., None] * direction
    xx, yy, xy = (cv2.GaussianBlur(steep[..., i] * steep[..., j], (0, 0), 3.0) for i, j in ((0, 0), (1, 1), (0, 1)))
    half, rest = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return (half - rest) / (half + rest + 1e-6)


def find_motions(edges: Edges, count: int, otherwise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The motion of each region. An edge tells that of the thing in front: the one all of whose edges go the same way.

    Parameters
    ----------
    edges, count, otherwise
        As for `fit`.

    Returns
    -------
    motions : ndarray of float64, shape (count, 4)
        As of `fit`; zeros where all edges of a region move less than `STILL`.
    weights : ndarray of float64, shape (n,)
        How much each edge tells of its region.
    """
    motions = fit(edges, count, otherwise)
    follows = 1 / (1 + errors(edges, motions[edges.region]) ** 2)
    number = np.bincount(edges.region, minlength=count)
    rigid = np.bincount(edges.region, follows, count) / np.maximum(number, 1)  # share of the edges that follow
    behind = rigid[edges.other] > rigid[edges.region] + IN_FRONT
    own = np.bincount(edges.region, ~behind, count)
    doubtful = behind & (own >= FEWEST)[edges.region]
    weights = np.where(doubtful, DOUBT, 1.0)
    motions = fit(edges, count, otherwise, weights)
    most = np.zeros(count)
    np.maximum.at(most, edges.region, np.abs(_way(motions[edges.region], edges.place)).max(-1, initial=0))
    return np.where((most < STILL)[:, None], 0, motions), weights


def bend(way: np.ndarray, regions: np.ndarray, edges: Edges, motions: np.ndarray, weights: np.ndarray, rigid: np.ndarray) -> None:
    """Let regions bend as their outlines do, such as hair that waves: what their motions leave of the flow is smoothed and added.

    Parameters
    ----------
    way : ndarray of float32, shape (h, w, 2)
        By `fields`; it is changed.
    regions : ndarray of int32, shape (h, w)
    edges, motions, weights
        See `find_motions`.
    rigid : ndarray of bool, shape (count,)
        Regions that do not bend.
    """
    rest = edges.way - _way(motions[edges.region], edges.place)  # (n, 2)
    error = errors(edges, motions[edges.region])
    weights = weights / (1 + (error / FAR) ** 2) ** 2
    power = [np.bincount(edges.region, x, len(motions)) for x in (weights * error**2, weights)]
    (nx, ny), tangent = edges.normal.T, edges.tangent
    xx, yy, xy = (weights * product for product in (nx**2 + tangent * ny**2, ny**2 + tangent * nx**2, (1 - tangent) * nx * ny))
    facts = np.stack([xx, yy, xy, xx * rest[:, 0] + xy * rest[:, 1], xy * rest[:, 0] + yy * rest[:, 1]], -1).astype(np.float32)  # (n, 5)
    bending = (power[0] > BENT**2 * power[1]) & (power[1] >= FEWEST) & ~rigid
    small = tuple(-(-side // COARSE) for side in regions.shape)
    for label in np.flatnonzero(bending):
        own = edges.region == label
        x, y = (edges.place[own] / COARSE).astype(np.intp).T
        sums = np.zeros((*small, 5), np.float32)
        np.add.at(sums, (y, x), facts[own])
        sigma = STIFF / COARSE
        around = 2 * np.pi * sigma**2 * cv2.GaussianBlur(sums, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        xx, yy, xy, bx, by = np.moveaxis(around, -1, 0)
        xx, yy = xx + CALM, yy + CALM
        bent = np.stack([yy * bx - xy * by, xx * by - xy * bx], -1) / (xx * yy - xy**2)[..., None]  # least squares around each place
        mask = regions == label
        way[mask] += cv2.resize(bent, None, fx=COARSE, fy=COARSE, interpolation=cv2.INTER_LINEAR)[: mask.shape[0], : mask.shape[1]][mask]


def fit(
    edges: Edges, count: int, otherwise: np.ndarray, weights: np.ndarray | float = 1.0, prior: tuple[float, ...] = PRIOR
) -> np.ndarray:  # fmt: skip
    """The motion of each region, by iteratively reweighted least squares with the weights of Geman and McClure.

    Parameters
    ----------
    edges : Edges
    count : int
        How many regions there are.
    otherwise : ndarray of float64, shape (4,)
        The motion of regions with too few edges.
    weights : ndarray of float64, shape (n,), or float
        How much each edge counts.
    prior : tuple of 4 floats
        How much the first estimate of the way counts, and standing without turning and growing, in pixels of edges.

    Returns
    -------
    ndarray of float64, shape (count, 4)
        Similarities (a, b, c, d): a pixel (x, y) goes the way (a + c x - d y, b + d x + c y).

    References
    ----------
    Black, Anandan: "The robust estimation of multiple motions" (1996), for similar fits with this error function.

    Examples
    --------
    >>> place = np.random.default_rng(0).uniform(0, 99, (999, 2))
    >>> edges = Edges(place, place * 0.1 + (3, 1), np.tile((0.6, 0.8), (999, 1)), np.ones(999), *np.zeros((2, 999), int))
    >>> np.abs(fit(edges, 1, np.zeros(4)).round(1)).tolist()
    [[3.0, 1.0, 0.1, 0.0]]
    """
    region, normal = edges.region, edges.normal
    number = np.bincount(region, minlength=count)
    center = np.stack([np.bincount(region, edges.place[:, i], count) for i in (0, 1)], -1) / np.maximum(number, 1)[:, None]
    x, y = (edges.place - center[region]).T / UNIT
    equations = []  # (n, 4), (n,), (n,): across and along edges, in pixels
    for (p, q), weight in ((normal.T, np.ones(len(x))), ((-normal[:, 1], normal[:, 0]), edges.tangent)):
        equations.append((np.stack([p, q, p * x + q * y, q * x - p * y], -1), p * edges.way[:, 0] + q * edges.way[:, 1], weight))
    motion = np.zeros((count, 4))
    motion[:, :2] = _medians(edges.way, region, number)
    for scale in SCALES:
        square = sum(weight * ((left * motion[region]).sum(-1) - right) ** 2 for left, right, weight in equations)
        robust = weights / (1 + square / scale**2) ** 2
        matrix, vector = np.tile(np.diag(prior), (count, 1, 1)), motion * (prior[0], prior[1], 0, 0)
        for left, right, weight in equations:
            weighted = (weight * robust)[:, None] * left
            for i in range(4):
                vector[:, i] += np.bincount(region, weighted[:, i] * right, count)
                for j in range(i, 4):
                    matrix[:, i, j] += np.bincount(region, weighted[:, i] * left[:, j], count)
                    matrix[:, j, i] = matrix[:, i, j]
        motion = np.linalg.solve(matrix, vector[..., None])[..., 0]
    motion[:, 2:] /= UNIT
    motion[:, :2] -= _way(np.concatenate([np.zeros((count, 2)), motion[:, 2:]], -1), center)
    still = number < FEWEST
    motion[still] = otherwise
    return motion


def _medians(way: np.ndarray, region: np.ndarray, number: np.ndarray) -> np.ndarray:
    """The median (count, 2) of ways (n, 2) in each region; zero in those without any."""
    found = np.zeros((len(number), 2))
    order, ends = np.argsort(region, kind="stable"), np.cumsum(number)
    for i in np.flatnonzero(number):
        found[i] = np.median(way[order[ends[i] - number[i] : ends[i]]], 0)
    return found


def _way(motion: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Ways (..., 2) of places (..., 2) with motions (..., 4)."""
    x, y = place[..., 0], place[..., 1]
    a, b, c, d = (motion[..., i] for i in range(4))
    return np.stack([a + c * x - d * y, b + d * x + c * y], -1)


def fields(motions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The way of each pixel, by the motion of its region.

    Parameters
    ----------
    motions : ndarray, shape (count, 4)
        By `fit`.
    labels : ndarray of int, shape (h, w)

    Returns
    -------
    ndarray of float32, shape (h, w, 2)

    Examples
    --------
    >>> fields(np.array([[1.0, 0.0, 0.5, 0.0]]), np.zeros((1, 3), int)).tolist()
    [[[1.0, 0.0], [1.5, 0.0], [2.0, 0.0]]]
    """
    y, x = np.mgrid[: labels.shape[0], : labels.shape[1]].astype(np.float32)
    return _way(motions.astype(np.float32)[labels], np.stack([x, y], -1))


def errors(edges: Edges, motions: np.ndarray) -> np.ndarray:
    """How far the flow of edges (n,) is from motions (n, 4), or one (1, 4), in pixels.

    Examples
    --------
    >>> edge = Edges(np.zeros((1, 2)), np.array([[3.0, 9.0]]), np.array([[1.0, 0.0]]), np.zeros(1), *np.zeros((2, 1), int))
    >>> errors(edge, np.zeros((1, 4))).tolist()  # along the edge nothing is known
    [3.0]
    """
    apart = _way(motions, edges.place) - edges.way
    across = (apart * edges.normal).sum(-1)
    along = apart[:, 1] * edges.normal[:, 0] - apart[:, 0] * edges.normal[:, 1]
    return np.sqrt(across**2 + edges.tangent * along**2)
