"""The ground of a drawn clip, that is what moves with the camera: which regions it is, and how it moves. No TensorFlow."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.video import flow
from mangastyle.video.region_motion import EDGE, FEWEST, PRIOR, TANGENT, Edges, errors, fields, find_edges, fit

ABOVE = 0.75  # of the frame's height: what lies along its border further down may be a person
ALONG, MOST = 0.1, 0.5  # of a side: the least share of the upper one and another, and of the upper one, or two others, of ground
APART = 10  # pixels from other regions, whose outlines are not the ground's
HANGING = 0.12  # of the long side, along lines, as far as what is thin hangs on a region
EVIDENCE = 24  # pixels of edges that tell the camera's motion
FAINT = 3.0  # gray levels per pixel, the steepness of edges that count if there are not so many others
SPREAD, RIGID = 0.15, (0.5, 0.5, 1e6, 1e6)  # of the long side, edges less far apart tell of no turning and growing; prior for these
LIKER = 0.8  # of the difference from the frame before may be left if the camera moves so
BETTER = 1.2  # times as many edges must follow a camera that moves as one that stands still
NOISE, OFF = 3.0, 0.15  # gray levels and pixels by which edges that move with the camera may be elsewhere
FOLLOWING, BESIDE = 0.8, 0.15  # share of a region's edges with the ground that move with the camera, and that of all its edges


def is_ground(regions: np.ndarray) -> np.ndarray:
    """Which regions, labels int32 (h, w), are ground: those at the upper side and another, or along most of two, or of the upper one.

    The lower side and what is next to it do not count: persons stand there. Hair may touch the left and the right side.

    Returns
    -------
    ndarray of bool, shape (count,)

    Examples
    --------
    >>> regions = np.zeros((20, 20), np.int32)
    >>> regions[8:, 8:12] = 1
    >>> regions[9:14] = 2  # a third of the sides
    >>> is_ground(regions).tolist()
    [True, False, False]
    """
    rows = slice(0, max(1, round(ABOVE * len(regions))))
    sides = regions[0], regions[rows, 0], regions[rows, -1]
    upper, left, right = (np.bincount(side, minlength=int(regions.max()) + 1) / len(side) for side in sides)  # (count,)
    return (np.minimum(upper, np.maximum(left, right)) > ALONG) | (upper > MOST) | (np.minimum(left, right) > MOST)


def within_ground(strength: np.ndarray, ground: np.ndarray, least: float = EDGE) -> np.ndarray:
    """The ground away from other regions, and from what is too thin for a region and hangs on them, such as the tips of hair.

    Parameters
    ----------
    strength : ndarray of float32, shape (h, w)
        By `region_motion.gradient`.
    ground : ndarray of bool, shape (h, w)
    least : float
        Steepness of lines.

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> ground = np.ones((200, 200), bool)
    >>> ground[:, 150:] = False
    >>> tip, star = np.zeros((2, 200, 200), np.float32)
    >>> tip[100, 132:151] = star[100, 120:130] = 99
    >>> [bool(within_ground(line, ground)[100, x]) for line, x in ((tip, 133), (star, 125))]
    [False, True]
    """
    steep, square = (strength >= least).astype(np.uint8), np.ones((3, 3), np.uint8)
    hanging = cv2.min(cv2.dilate((~ground).astype(np.uint8), square), steep)
    for _ in range(round(HANGING * max(ground.shape))):
        hanging = cv2.min(cv2.dilate(hanging, square), steep)
    return cv2.erode(ground.astype(np.uint8), np.ones((2 * APART + 1, 2 * APART + 1), np.uint8)) > hanging


def ground_motion(
    before: np.ndarray, frame: np.ndarray, edges: Edges, ground: np.ndarray, strength: np.ndarray, direction: np.ndarray, free: np.ndarray
) -> np.ndarray:  # fmt: skip
    """How the ground moves, by the edges within it; by its faint ones, if it has few others; and as long as the frame looks like it.

    Parameters
    ----------
    before, frame : ndarray of uint8, shape (h, w, 3)
    edges : Edges
    ground : ndarray of bool, shape (h, w)
    strength, direction : ndarray of float32, shapes (h, w) and (h, w, 2)
        By `region_motion.gradient`.
    free : ndarray of float32, shape (h, w, 2)
        Flow from the frame to the one before.

    Returns
    -------
    ndarray of float64, shape (4,)
        A similarity as of `region_motion.fit`; zeros where nothing tells of a motion.
    """
    within = within_ground(strength, ground)
    if (strength[within] >= EDGE).sum() < EVIDENCE:
        within = within_ground(strength, ground, FAINT)
        faint = find_edges(np.where(within, strength, 0), direction, np.zeros(ground.shape, np.int32), free, FAINT)
        across = (faint.way * faint.normal).sum(-1, keepdims=True) * faint.normal  # such stripes do not tell how they move along
        edges = faint._replace(way=across, tangent=np.full(len(across), TANGENT))
    camera = find_camera(edges, within)
    return camera if not camera.any() or is_shown(camera, before, frame, edges, within) else np.zeros(4)


def find_camera(edges: Edges, ground: np.ndarray) -> np.ndarray:
    """The motion of the ground, by the edges within it.

    Parameters
    ----------
    edges : Edges
    ground : ndarray of bool, shape (h, w)
        By `within_ground`.

    Returns
    -------
    ndarray of float64, shape (4,)
        A similarity as of `region_motion.fit`; zeros if hardly more speaks for a motion than against it.

    Examples
    --------
    >>> place = np.random.default_rng(0).uniform(12, 52, (99, 2))
    >>> edges = Edges(place, np.tile((5.0, 0.0), (99, 1)), np.tile((1.0, 0.0), (99, 1)), np.ones(99), *np.zeros((2, 99), int))
    >>> [np.abs(find_camera(edges, ground)).round(1).tolist() for ground in np.array([True, False]).repeat(64 * 64).reshape(2, 64, 64)]
    [[5.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    x, y = edges.place.astype(np.intp).T
    own = edges.part(ground[y, x])
    still = np.zeros(4)
    if len(own.place) < EVIDENCE:
        return still
    spread = np.sqrt(own.place.var(0).sum()) / max(ground.shape)
    prior = PRIOR if spread > SPREAD else RIGID  # one star in a sky does not tell how the sky turns
    found = fit(own._replace(region=np.zeros(len(own.place), np.intp)), 1, still, prior=prior)[0]
    support = [np.sum(1 / (1 + errors(own, motion[None]) ** 2)) for motion in (found, still)]
    return found if support[0] > BETTER * support[1] else still


def is_shown(camera: np.ndarray, before: np.ndarray, frame: np.ndarray, edges: Edges, ground: np.ndarray) -> bool:
    """Whether the ground looks, around the edges within it, more as if it moved like this than as if it stood still.

    Parameters
    ----------
    camera : ndarray of float64, shape (4,)
        By `find_camera`.
    before, frame : ndarray of uint8, shape (h, w, 3)
    edges : Edges
    ground : ndarray of bool, shape (h, w)
        By `within_ground`.

    Examples
    --------
    >>> before = np.full((40, 60, 3), 255, np.uint8)
    >>> before[20:24, 20:24] = 0
    >>> edges = Edges(np.array([[21, 21], [22, 22]]), *np.zeros((2, 2, 2)), np.ones(2), *np.zeros((2, 2), int))
    >>> frame, ground = np.roll(before, 3, 1), np.ones((40, 60), bool)
    >>> [is_shown(np.array([x, 0.0, 0, 0]), before, frame, edges, ground) for x in (-3, 3)]
    [True, False]
    """
    around = np.zeros(ground.shape, np.uint8)
    x, y = edges.place.astype(np.intp).T
    around[y, x] = ground[y, x]
    around = cv2.dilate(around, np.ones((APART, APART), np.uint8)) > 0
    way = fields(camera[None], np.zeros(ground.shape, np.intp))
    moving, standing = (flow.difference(guess, frame)[around].sum() for guess in (flow.warp(before, way), before))
    return bool(moving < LIKER * standing)


def stands(camera: np.ndarray, before: np.ndarray, frame: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Where edges look as if they moved with the camera.

    Parameters
    ----------
    camera : ndarray of float64, shape (4,)
        By `ground_motion`.
    before, frame : ndarray of uint8, shape (h, w, 3)
    strength : ndarray of float32, shape (h, w)
        By `region_motion.gradient`.

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> before = np.full((9, 40, 3), 255, np.uint8)
    >>> before[:, 8:10] = before[:, 28:30] = 0
    >>> frame = before.copy()
    >>> frame[:, 20:] = np.roll(frame[:, 20:], 3, 1)  # the second line moves
    >>> steep = np.abs(np.gradient(frame[..., 0].astype(np.float32), axis=1))
    >>> stands(np.zeros(4), before, frame, steep)[4, [8, 31]].tolist()
    [True, False]
    """
    apart = flow.difference(flow.warp(before, fields(camera[None], np.zeros(strength.shape, np.intp))), frame)
    return cv2.blur(apart, (3, 3)) < NOISE + OFF * cv2.blur(strength, (3, 3))


def with_backdrop(ground: np.ndarray, edges: Edges, standing: np.ndarray) -> np.ndarray:
    """The regions that are ground, and those whose edges with it move with the camera, such as a moon in a sky, and tile after tile.

    Parameters
    ----------
    ground : ndarray of bool, shape (count,)
        By `is_ground`.
    edges : Edges
    standing : ndarray of bool, shape (n,)
        Which of them move with the camera, see `stands`.

    Returns
    -------
    ndarray of bool, shape (count,)

    Examples
    --------
    >>> region, other = np.repeat([1, 1, 2], 30), np.repeat([0, 2, 0], 30)  # a moon, and hair that hides some of it
    >>> zeros = np.zeros((90, 2))
    >>> edges = Edges(zeros, zeros, zeros, zeros[:, 0], region, other)
    >>> with_backdrop(np.array([True, False, False]), edges, other == region - 1).tolist()
    [True, True, False]
    """
    ground, total = ground.copy(), np.maximum(np.bincount(edges.region, minlength=len(ground)), FEWEST)
    while True:
        common = ground[edges.other]
        number, following = (np.bincount(edges.region, chosen, len(ground)) for chosen in (common, common & standing))
        share = following / total
        share[ground | (following < FOLLOWING * number)] = 0
        if share.max() < BESIDE:
            return ground
        ground |= share == share.max()  # one after another: what touches the ground at few places may touch it at many that move
