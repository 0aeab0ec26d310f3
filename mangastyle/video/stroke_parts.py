"""Regions that strokes of several colors divide: the division, carried from the frame with the strokes to the others. No TensorFlow."""

from __future__ import annotations

from typing import Callable, NamedTuple

import cv2
import numpy as np

from mangastyle.ops import pixels
from mangastyle.ops.color import lab_to_rgb, rgb_to_gray
from mangastyle.video import flow, tracking
from mangastyle.video.shot import Shot

NONE = -1


class Parts(NamedTuple):
    """The divided regions of a frame.

    labels : int32 (h, w), the part at each pixel, 0 to p - 1; NONE where nothing is divided. tracks : int64 (p,), that of each part.
    colors : float32 (p, 3), CIE Lab. given : int64 (t,), all tracks that the frame has strokes for.
    """

    labels: np.ndarray
    tracks: np.ndarray
    colors: np.ndarray
    given: np.ndarray


def divide(tracks: np.ndarray, regions: np.ndarray, labels: np.ndarray, colors: np.ndarray, known: np.ndarray) -> Parts:
    """The parts into which strokes divide the regions of a frame.

    Parameters
    ----------
    tracks : ndarray of int64, shape (n,)
        Those of the regions.
    regions : ndarray of int32, shape (h, w)
        The region of each pixel.
    labels, colors, known : ndarray, shapes (h, w), (m, 3) and (m,)
        As the hint was read: parts have labels from n on.

    Returns
    -------
    Parts

    Examples
    --------
    >>> regions, labels = np.zeros((1, 4), np.int32), np.array([[0, 0, 1, 1]], np.int32)
    >>> divide(np.array([7]), regions, labels, np.zeros((2, 3)), np.ones(2, bool)).labels.tolist()
    [[0, 0, 1, 1]]
    """
    count = len(tracks)
    given = tracks[np.flatnonzero(known[:count])]
    further = labels >= count
    divided = np.unique(regions[further])
    here = np.isin(regions, divided)
    names, found = np.unique(labels[here], return_inverse=True)
    parts = np.full(labels.shape, NONE, np.int32)
    parts[here] = found.ravel()
    owner = np.zeros(len(colors), np.int64)
    owner[labels[here]] = tracks[regions[here]]
    return Parts(parts, owner[names], colors[names].astype(np.float32), given)


def carry(shot: Shot, divided: list[tuple[int, Parts]], tracks_of: Callable[[int], np.ndarray]) -> None:
    """Keep the divisions of all frames of a shot: from the frames with strokes on, and before the first of them, carried by the flow.

    A division goes on until the frame that has other strokes for its track, or until the track is hidden.

    Parameters
    ----------
    shot : Shot
    divided : list of (int, Parts)
        By the index of the frame, rising; a frame may come twice, then the latter counts.
    tracks_of : callable
        Gives by index the track at each pixel, int32, at the size at which flow is estimated.
    """
    if not any(len(parts.colors) for _, parts in divided):
        return
    owners, colors, first = np.concatenate([parts.tracks for _, parts in divided]), np.concatenate([p.colors for _, p in divided]), 0
    given: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}  # by index: parts' global numbers at full size, and tracks with strokes
    for index, parts in divided:
        labels = np.where(parts.labels >= 0, parts.labels + first, NONE).astype(np.int32)
        given.setdefault(index, []).append((labels, parts.given))
        first += len(parts.colors)
    shot.kept.save("parts", {"owners": owners, "colors": colors})
    for indices in (range(divided[0][0], len(shot)), range(divided[-1][0], -1, -1)):
        state, gray = None, None
        for index in indices:
            tracks, before = tracks_of(index), gray
            gray = rgb_to_gray(pixels.resize(pixels.to_rgb(shot.frame(index)), *tracks.shape))
            if state is not None and before is not None:
                state = _settle(flow.warp_nearest(state, flow.estimate(gray, before)), tracks, owners)
            for labels, named in given.get(index, ()):
                small = tracking.reduce_labels(labels, *tracks.shape)
                if state is not None:
                    small = np.where((small == NONE) & ~_owned(state, owners, named), state, small)
                state = small
            assert state is not None  # the first frame has strokes
            merged = state
            if indices.step < 0 and (kept := shot.kept.load(_name(index))):  # what comes from before counts
                earlier = kept["labels"]
                merged = np.where(_owned(state, owners, np.unique(owners[earlier[earlier >= 0]])), earlier, state)
            shot.kept.save(_name(index), {"labels": merged})


def draw(shot: Shot, index: int, tracks: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """A frame in flat colors, its divided regions in the colors of their parts.

    Parameters
    ----------
    shot : Shot
    index : int
    tracks : ndarray of int, shape (h, w)
        The track at each pixel.
    flat : ndarray of uint8, shape (h, w, 3)
        With one color in each region.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    kept, parts = shot.kept.load(_name(index)), shot.kept.load("parts")
    if kept is None or parts is None:
        return flat
    labels, flat, colors = kept["labels"], flat.copy(), lab_to_rgb(parts["colors"][None])[0]
    for track in np.unique(parts["owners"][labels[labels >= 0]]):
        names = np.unique(labels[_owned(labels, parts["owners"], np.array([track]))])
        # Enlarged as shares, the borders between colors are smooth.
        shares = [cv2.resize((labels == name).astype(np.float32), tracks.shape[::-1], interpolation=cv2.INTER_LINEAR) for name in names]
        here = tracks == track
        flat[here] = colors[names[np.argmax(shares, 0)[here]]]
    return flat


def _name(index: int) -> str:
    return f"parts-{index:06}"


def _owned(labels: np.ndarray, owners: np.ndarray, tracks: np.ndarray) -> np.ndarray:
    """Where parts of some tracks are: bool (h, w)."""
    return np.append(np.isin(owners, tracks), False)[labels]  # NONE is the last


def _settle(labels: np.ndarray, tracks: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Parts (h, w), within their tracks, which they fill: each pixel goes to the nearest part."""
    settled = np.full(labels.shape, NONE, np.int32)
    for track in np.unique(owners[labels[labels >= 0]]):
        here = tracks == track
        seeds = here & _owned(labels, owners, np.array([track]))
        if not seeds.any():
            continue
        _, nearest = cv2.distanceTransformWithLabels((~seeds).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
        names = np.zeros(int(nearest.max()) + 1, np.int32)
        names[nearest[seeds]] = labels[seeds]
        settled[here] = names[nearest[here]]
    return settled
