"""Regions of line art from frame to frame: each belongs to a track, which is one thing as long as it is seen.

What the frame before shows is carried along the flow. A region that lies where one track is expected, and nowhere else, is that track.
The others are matched by optimal transport: areas are masses, and what overlaps, looks alike and lies close is cheap to move; what would
be too expensive goes to a dustbin, and is new, or lost. Of a lost track it is remembered where it would be, and what it looked like, so
that it may return. No TensorFlow.

References
----------
Segments of line art matched with a dustbin: Dai, Zhou, Li, Li, Loy, "Learning inclusion matching for animation paint bucket
colorization" (CVPR 2024). Partial optimal transport by a dustbin: Sarlin, DeTone, Malisiewicz, Rabinovich, "SuperGlue" (CVPR 2020),
equation 7.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.lineart.regions import RegionMap
from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_gray, rgb_to_lab
from mangastyle.video import flow

LONG_SIDE = 512  # of the frames that are compared, in pixels
CERTAIN = 0.7  # intersection over union with where a track is expected, from which a region is that track
OVERLAP, LOOKS, PLACE, SIZE = 0.5, 0.25, 0.15, 0.1  # weights of a match's cost: of what each of them lacks
TOO_MUCH = 0.55  # cost of a match, from which on both go to the dustbin
AGING = 0.1  # cost of a match with a track that is almost forgotten
FAR = 0.25  # distance of centers, as a share of the diagonal, beyond which all is equally far
OTHER_COLOR = 25.0  # distance in CIE Lab of mean colors beyond which regions look wholly different
MEMORY = 72  # frames that a lost track is remembered
MOST = 256  # regions, and tracks, the largest, that are matched by transport
INSIDE = 0.6  # share of a new region, where one track is expected, from which it may be a part of that track
NEW = 0.5  # share of its border that is drawn now and was not before, from which it is no part, but a new thing
INK = 48  # levels below paper, of a line that is there
ASTRAY = 2.0  # pixels by which what hides a lost track goes another way
INERTIA = 0.7  # of the average of a track's motions
NONE = -1


class View(NamedTuple):
    """One frame as tracks are followed in it, at a reduced size; n regions.

    gray : uint8 (h, w). ink : uint8 (h, w), 0 for paper. labels : int32 (h, w), 0 to n - 1. areas : float64 (n,), pixels of the reduced
    frame. centers : float64 (n, 2), y and x in shares of its diagonal. colors : float32 (n, 3), each region's median color, CIE Lab.
    """

    gray: np.ndarray
    ink: np.ndarray
    labels: np.ndarray
    areas: np.ndarray
    centers: np.ndarray
    colors: np.ndarray


class Tracks(NamedTuple):
    """What is known of the tracks after a frame; m are seen in it, or not forgotten.

    next : int64 (), the number of the next new track. seen : int32 (h, w), the track that each pixel shows. lost : int32 (h, w), the
    lost track that would be there, NONE for none. gray, ink : the frame's. numbers, missed : int64 (m,), the tracks, and for how many
    frames each has been lost. areas, centers, colors : of each when last seen, as in `View`. motions : float64 (m, 2), how far each goes
    in a frame, (dx, dy), averaged over the last few.
    """

    next: np.ndarray
    seen: np.ndarray
    lost: np.ndarray
    gray: np.ndarray
    ink: np.ndarray
    numbers: np.ndarray
    missed: np.ndarray
    areas: np.ndarray
    centers: np.ndarray
    colors: np.ndarray
    motions: np.ndarray


class Expected(NamedTuple):
    """What is expected in a frame, of the one before.

    gray : uint8 (h, w), the frame's. backward : float32 (h, w, 2), flow to the frame before. seen, lost : int32 (h, w), as in `Tracks`, and
    ink : uint8 (h, w), carried along.
    """

    gray: np.ndarray
    backward: np.ndarray
    seen: np.ndarray
    lost: np.ndarray
    ink: np.ndarray

    @property
    def tracks(self) -> np.ndarray:
        """The track that is expected at each pixel, int32 (h, w): where there would be a lost one, that."""
        return np.where(self.lost >= 0, self.lost, self.seen)


class Step(NamedTuple):
    """What a frame's regions are.

    tracks : int64 (n,), the track of each region. born, parents : int64 (b,), new tracks, and the track that was expected where each is;
    NONE for none. parts : bool (b,), whether each is a part of its parent, and no new thing. ended, heirs : int64 (e,), tracks that are
    lost in this frame, and the track that is now where each would be.
    """

    tracks: np.ndarray
    born: np.ndarray
    parents: np.ndarray
    parts: np.ndarray
    ended: np.ndarray
    heirs: np.ndarray


def look(frame: np.ndarray, art: np.ndarray, regions: RegionMap) -> View:
    """A frame as tracks are followed in it.

    Parameters
    ----------
    frame : ndarray of uint8, shape (h, w, 3)
    art : ndarray of uint8, shape (h, w, 3)
        Its line art.
    regions : RegionMap
        Those of the line art.

    Returns
    -------
    View

    Examples
    --------
    >>> from mangastyle.lineart.regions import find_regions
    >>> frame = np.full((40, 60, 3), 255, np.uint8)
    >>> frame[:, 29:31] = 0
    >>> view = look(frame, frame, find_regions(frame))
    >>> view.labels.shape, view.areas.tolist(), view.colors[:, 0].round().tolist()
    ((40, 60), [1200.0, 1200.0], [100.0, 100.0])
    """
    height, width = frame.shape[:2]
    small = reduced_size(height, width)
    picture, line = pixels.resize(frame, *small), pixels.resize(rgb_to_gray(art), *small)
    labels, diagonal, count = reduce_labels(regions.labels, *small), float(np.hypot(height, width)), len(regions.areas)
    areas = regions.areas * (small[0] * small[1] / (height * width))
    colors = _medians(picture, labels, 255 - line < INK, regions.centers * (np.array(small) / (height, width)), count)
    return View(rgb_to_gray(picture), 255 - line, labels, areas, regions.centers / diagonal, colors)


def reduced_size(height: int, width: int) -> tuple[int, int]:
    """Height and width at which frames of a size are compared.

    Examples
    --------
    >>> reduced_size(1080, 1920), reduced_size(100, 200)
    ((288, 512), (100, 200))
    """
    scale = min(1.0, LONG_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def reduce_labels(labels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Labels (h, w) at another size: those of the pixels at the new pixels' centers.

    Examples
    --------
    >>> reduce_labels(np.array([[1, 2, 3, 4, 5, 6]]), 1, 2).tolist()
    [[2, 5]]
    """
    rows, columns = ((2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip((height, width), labels.shape))
    return labels[rows[:, None], columns]


def expect(before: Tracks, frame: np.ndarray) -> Expected:
    """What is expected in the next frame, uint8 (h, w, 3)."""
    gray = rgb_to_gray(pixels.resize(frame, *before.gray.shape))
    backward = flow.estimate(gray, before.gray)
    lost = _carry_lost(before, before.lost, np.unique(before.lost[before.lost >= 0]), backward)
    return Expected(gray, backward, flow.warp_nearest(before.seen, backward), lost, flow.warp(before.ink, backward))


def _carry_lost(before: Tracks, labels: np.ndarray, tracks: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """Where some lost tracks would be, of where they were in the frame before, labels int32 (h, w): int32 (h, w).

    What was swallowed by its surroundings goes with them. What was not going their way is hidden by them, and goes on as it did.
    """
    carried = flow.warp_nearest(labels, backward)
    found, (height, width) = np.full(labels.shape, NONE, np.int32), labels.shape
    for track in tracks:
        mine, (y, x) = carried == track, np.nonzero(labels == track)
        around = -backward[mine].mean(0) if mine.any() else np.full(2, np.inf)
        own = before.motions[before.numbers == track][0]
        if np.linalg.norm(around - own) > ASTRAY + np.linalg.norm(own) / 2:
            x, y = (at + round(float(way)) for at, way in zip((x, y), own))
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            found[y[inside], x[inside]] = track
        else:
            found[mine] = track
    return found


def follow(before: Tracks | None, view: View, expected: Expected | None = None) -> tuple[Tracks, Step]:
    """The tracks of a frame's regions.

    Parameters
    ----------
    before : Tracks or None
        After the frame before; None for the first frame.
    view : View
    expected : Expected, optional
        By `expect` for this frame; not for the first one.

    Returns
    -------
    Tracks
        After this frame.
    Step
        What its regions are.

    Examples
    --------
    >>> from mangastyle.lineart.regions import find_regions
    >>> def frame(x: int) -> np.ndarray:
    ...     picture = np.full((80, 100, 3), 255, np.uint8)
    ...     return cv2.rectangle(picture, (x, 20), (x + 30, 60), (0, 0, 0), 2)
    >>> tracks, steps = None, []
    >>> for x in (20, 24, 28):
    ...     expected = expect(tracks, frame(x)) if tracks else None
    ...     tracks, step = follow(tracks, look(frame(x), frame(x), find_regions(frame(x))), expected)
    ...     steps.append(step.tracks.tolist())
    >>> steps
    [[0, 1], [0, 1], [0, 1]]
    """
    count, nothing = len(view.areas), np.zeros(0, np.int64)
    if before is None or expected is None:
        numbers = np.arange(count)
        step = Step(numbers, numbers, np.full(count, NONE), np.zeros(count, bool), nothing, nothing)
        return _after(None, view, step, None), step
    place = np.full(int(before.next) + 1, NONE)  # the last is that of NONE
    place[before.numbers] = np.arange(len(before.numbers))
    # Where a lost track would be, what is seen there may hide it, or have swallowed it: either is expected.
    overlaps, others = (_overlaps(view, place[x], len(before.numbers)) for x in (expected.tracks, expected.seen))
    matched = _transported(before, view, overlaps, _certain(before, view, (overlaps, others)))
    step = _name(before, view, overlaps, matched, expected.ink)
    return _after(before, view, step, expected), step


def _medians(picture: np.ndarray, labels: np.ndarray, paper: np.ndarray, centers: np.ndarray, count: int) -> np.ndarray:
    """Median color of each region off the lines, CIE Lab (n, 3); of a region without pixels that of its center."""
    weight = np.where(paper, 1.0, 1e-3).ravel()
    y, x = (np.clip(np.round(centers[:, axis]).astype(np.int64), 0, labels.shape[axis] - 1) for axis in (0, 1))
    found = picture[y, x].copy()  # (n, 3)
    full = np.bincount(labels.ravel(), minlength=count) > 0
    for channel in range(3):
        counts = np.bincount(labels.ravel() * 256 + picture[..., channel].ravel(), weight, count * 256).reshape(count, 256)
        below = np.cumsum(counts, 1)
        found[full, channel] = np.argmax(below >= below[:, -1:] / 2, 1)[full]
    return rgb_to_lab(found[None])[0]


def _overlaps(view: View, places: np.ndarray, count: int) -> np.ndarray:
    """Pixels of each region where each track is expected: (n, m)."""
    n = len(view.areas)
    here = places >= 0
    return np.bincount(view.labels[here] * count + places[here], minlength=n * count).reshape(n, count).astype(np.float64)


def _certain(before: Tracks, view: View, expected: tuple[np.ndarray, ...]) -> np.ndarray:
    """For each region the place in `before` of the track that it surely is, or NONE: (n,)."""
    matched = np.full(len(view.areas), NONE)
    for overlaps in expected:
        best = overlaps.argmax(1)
        both = overlaps[np.arange(len(best)), best]
        union = np.maximum(overlaps.sum(1), view.areas) + np.maximum(overlaps.sum(0), 1)[best] - both
        alike = np.linalg.norm(view.colors - before.colors[best], axis=1) < OTHER_COLOR
        sure = (both >= CERTAIN * union) & alike & (matched < 0) & ~np.isin(best, matched)
        matched[sure] = best[sure]
    return matched


def _transported(before: Tracks, view: View, overlaps: np.ndarray, matched: np.ndarray) -> np.ndarray:
    """The same with those that were open, matched by optimal transport."""
    taken = np.zeros(len(before.numbers), bool)
    taken[matched[matched >= 0]] = True
    regions, tracks = _largest(matched < 0, view.areas), _largest(~taken, before.areas)
    if not (len(regions) and len(tracks)):
        return matched
    import ot  # here, because it loads every framework that it finds

    costs = _costs(before, view, overlaps, regions, tracks)
    bin_ = TOO_MUCH / 2
    padded = np.pad(costs, ((0, 1), (0, 1)), constant_values=bin_)
    padded[-1, -1] = 0
    here, there = view.areas[regions], np.maximum(before.areas[tracks], 1e-6)
    total = here.sum() + there.sum()
    plan = ot.emd(np.append(here, there.sum()) / total, np.append(there, here.sum()) / total, padded)
    matched = matched.copy()
    best = plan[:-1].argmax(1)  # a track, or the dustbin
    for track in range(len(tracks)):  # of several regions the one that takes the most keeps the track
        mine = np.flatnonzero(best == track)
        if len(mine):
            matched[regions[mine[plan[mine, track].argmax()]]] = tracks[track]
    return matched


def _largest(among: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """The indices of the largest, at most `MOST`, in order."""
    found = np.flatnonzero(among)
    return np.sort(found[np.argsort(-areas[found], kind="stable")[:MOST]])


def _costs(before: Tracks, view: View, overlaps: np.ndarray, regions: np.ndarray, tracks: np.ndarray) -> np.ndarray:
    """What matches of some regions with some tracks cost: (r, t) in 0..1, and aging."""
    chosen = np.ix_(regions, tracks)
    here, there = view.areas[regions], np.maximum(before.areas[tracks], 1e-6)
    expected = np.maximum(np.minimum(here[:, None], np.maximum(overlaps.sum(0)[tracks], 1)), 1e-6)
    overlap = np.minimum(overlaps[chosen] / expected, 1)
    colors = np.linalg.norm(view.colors[regions][:, None] - before.colors[tracks], axis=-1) / OTHER_COLOR
    apart = np.linalg.norm(view.centers[regions][:, None] - before.centers[tracks], axis=-1) / FAR
    size = np.abs(np.log(here[:, None] / there)) / np.log(4)
    cost = OVERLAP * (1 - overlap) + SIZE * np.minimum(size, 1) + PLACE * np.minimum(apart, 1)
    return cost + LOOKS * np.minimum(colors, 1) + AGING * before.missed[tracks] / MEMORY


def _name(before: Tracks, view: View, overlaps: np.ndarray, matched: np.ndarray, ink: np.ndarray) -> Step:
    """Tracks of the regions: those of their matches, and new ones. ink (h, w) is that of the frame before, carried along."""
    new = np.flatnonzero(matched < 0)
    tracks = np.where(matched >= 0, before.numbers[matched], NONE)
    tracks[new] = before.next + np.arange(len(new))
    parents, parts = np.full(len(new), NONE), np.zeros(len(new), bool)
    if len(new):
        best = overlaps[new].argmax(1)
        share = overlaps[new, best] / np.maximum(view.areas[new], 1)
        parents = np.where(share > 0, before.numbers[best], NONE)
        parts = (share >= INSIDE) & (_newly_drawn(view, new, ink) < NEW)
    seen = np.zeros(len(before.numbers), bool)
    seen[matched[matched >= 0]] = True
    lost = np.flatnonzero(~seen & (before.missed == 0))
    heirs = tracks[overlaps[:, lost].argmax(0)] if len(lost) else lost
    heirs = np.where(overlaps[:, lost].sum(0) > 0, heirs, NONE)
    return Step(tracks, tracks[new], parents, parts, before.numbers[lost], heirs)


def _newly_drawn(view: View, regions: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Share of the border of each of some regions with a line that was not there in the frame before: (r,)."""
    edge = np.zeros(view.labels.shape, bool)
    edge[:, 1:] |= view.labels[:, 1:] != view.labels[:, :-1]
    edge[:, :-1] |= view.labels[:, 1:] != view.labels[:, :-1]
    edge[1:] |= view.labels[1:] != view.labels[:-1]
    edge[:-1] |= view.labels[1:] != view.labels[:-1]
    after, before = (cv2.dilate(x, np.ones((3, 3), np.uint8)) >= INK for x in (view.ink, ink))
    count = len(view.areas)
    border = np.bincount(view.labels[edge], minlength=count)
    drawn = np.bincount(view.labels[edge & after & ~before], minlength=count)
    return drawn[regions] / np.maximum(border[regions], 1)


def _after(before: Tracks | None, view: View, step: Step, expected: Expected | None) -> Tracks:
    """What is known after a frame."""
    order = np.argsort(step.tracks, kind="stable")
    numbers, missed, motions = step.tracks[order], np.zeros(len(order), np.int64), np.zeros((len(order), 2))
    known = [x[order] for x in (view.areas, view.centers, view.colors)]
    seen, lost, following = step.tracks.astype(np.int32)[view.labels], np.full(view.labels.shape, NONE, np.int32), len(order)
    if before is not None and expected is not None:
        gone = ~np.isin(before.numbers, numbers) & (before.missed < MEMORY)
        remembered = np.zeros(int(before.next) + 1, bool)
        remembered[before.numbers[gone]] = True
        lost = _carry_lost(before, before.seen, before.numbers[gone & (before.missed == 0)], expected.backward)
        lost = np.where((expected.lost >= 0) & remembered[expected.lost], expected.lost, lost)
        lost[seen >= before.next] = NONE  # what is new here has taken the place of what is lost
        former = np.zeros((int(before.next) + len(step.born), 2))
        former[before.numbers] = before.motions
        now = -_means(expected.backward, view.labels, len(order))[order]
        motions = np.where(np.isin(numbers, step.born)[:, None], now, INERTIA * former[numbers] + (1 - INERTIA) * now)
        numbers = np.concatenate([numbers, before.numbers[gone]])
        missed = np.concatenate([missed, before.missed[gone] + 1])
        motions = np.concatenate([motions, before.motions[gone]])
        known = [np.concatenate([x, y[gone]]) for x, y in zip(known, (before.areas, before.centers, before.colors))]
        following = int(before.next) + len(step.born)
    areas, centers, colors = known
    return Tracks(np.array(following), seen, lost, view.gray, view.ink, numbers, missed, areas, centers, colors, motions)


def _means(vectors: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """Means of vectors (h, w, 2) over regions: (count, 2)."""
    sums = [np.bincount(labels.ravel(), vectors[..., axis].ravel(), count) for axis in (0, 1)]
    return np.stack(sums, 1) / np.maximum(np.bincount(labels.ravel(), minlength=count), 1)[:, None]
