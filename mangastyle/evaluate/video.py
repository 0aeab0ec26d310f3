"""How steady a clip is: warping error, colors of regions over time, and how much style the steadiness costs."""

from __future__ import annotations

import itertools
import math
from collections import deque
from typing import Callable, Iterable, Iterator, Mapping, NamedTuple, Sequence

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.measure import label

from mangastyle.errors import MangastyleError
from mangastyle.io.images import check_picture
from mangastyle.synthetic.animation import AnimationFrame
from mangastyle.video import flow

GAPS = (1, 10)  # frames from one to the other: short and long term
UNIT = 1000  # warping errors are in thousandths
INPUT = "input"  # the name of the source among the clips
WHITE = 250  # gray levels above it are no line
LEAST_AREA = 16  # pixels; the color of smaller regions is mostly that of their borders
CONSTANT = 1.0  # CIEDE2000 up to which a color stays itself
RECOGNIZED = 10.0  # CIEDE2000 up to which a color is taken for another one

Motion = Callable[[int, int], tuple[np.ndarray, np.ndarray]]


def pair_error(frame: np.ndarray, other: np.ndarray, motion: np.ndarray, mask: np.ndarray) -> float:
    """Warping error of two frames.

    Parameters
    ----------
    frame, other : ndarray of uint8, shape (h, w, 3)
        Two frames of a clip.
    motion : ndarray of float32, shape (h, w, 2)
        Flow from `frame` to `other`, of the clip's source: see `mangastyle.video.flow.estimate`.
    mask : ndarray of bool, shape (h, w)
        What can be seen in both, see `mangastyle.video.flow.visible`.

    Returns
    -------
    float
        Mean squared distance of what is seen from where it was, in thousandths of the squared range of a channel, summed over the
        channels: 0 for perfect steadiness, 3000 at most; NaN if nothing is seen in both.

    References
    ----------
    W.-S. Lai et al., "Learning Blind Video Temporal Consistency", ECCV 2018, equation 10.

    Examples
    --------
    >>> frame, still = np.full((4, 4, 3), 100, np.uint8), np.zeros((4, 4, 2), np.float32)
    >>> round(pair_error(frame, frame + np.uint8(51), still, np.ones((4, 4), bool)), 3)  # 3 times the square of a fifth
    120.0
    """
    if not mask.any():
        return math.nan
    apart = (flow.warp(other.astype(np.float32), motion) - frame) / 255
    return UNIT * float(np.square(apart[mask], dtype=np.float64).sum(1).mean())


def warp_errors(
    source: Iterable[np.ndarray], clips: Mapping[str, Iterable[np.ndarray]], gaps: Sequence[int] = GAPS, motion: Motion | None = None
) -> dict[str, dict[int, float]]:
    """Warping errors of a clip and of what was made of it, over short and long times.

    The frames are read once, one after another; as many are held as the longest gap has.

    Parameters
    ----------
    source : iterable of ndarray of uint8, shape (h, w, 3)
        The clip before it was changed: its motion counts.
    clips : mapping of str to iterable of ndarray of uint8, shape (h, w, 3)
        What was made of it, by name, such as result and frame by frame.
    gaps : sequence of int
        From which frame to which.
    motion : callable, optional
        Gives, of the numbers of two frames from 0, true flow from the first to the second one and where it can be seen, as
        `mangastyle.synthetic.animation.Animation.flow` does. Without it both are estimated.

    Returns
    -------
    dict of str to dict of int to float
        For each clip, and for the source by the name "input", by gap the mean of `pair_error` over all pairs; NaN if there is none.

    Raises
    ------
    MangastyleError
        For clips of different lengths or sizes.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> still = [np.full((32, 32, 3), 128, np.uint8)] * 3
    >>> flicker = [frame + np.uint8(51 * (i % 2)) for i, frame in enumerate(still)]
    >>> errors = warp_errors(still, {"result": flicker}, gaps=(1, 2))
    >>> {name: {gap: round(error, 3) for gap, error in of.items()} for name, of in errors.items()}
    {'input': {1: 0.0, 2: 0.0}, 'result': {1: 120.0, 2: 0.0}}
    """
    found: dict[str, dict[int, list[float]]] = {name: {gap: [] for gap in gaps} for name in (INPUT, *clips)}
    held: deque[tuple[np.ndarray, ...]] = deque(maxlen=max(gaps) + 1)
    for number, frames in enumerate(_together([source, *clips.values()], [INPUT, *clips])):
        held.append(frames)
        for gap in gaps:
            if gap < len(held):
                before = held[-1 - gap]
                way, mask = motion(number - gap, number) if motion else _estimated(before[0], frames[0])
                for name, one, other in zip(found, before, frames):
                    found[name][gap].append(pair_error(one, other, way, mask))
    return {name: {gap: _mean(errors) for gap, errors in of.items()} for name, of in found.items()}


def _estimated(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flow, and where it can be trusted."""
    forward = flow.estimate(before, after)
    return forward, flow.visible(forward, flow.estimate(after, before))


def _together(clips: Sequence[Iterable[np.ndarray]], names: Sequence[str]) -> Iterator[tuple[np.ndarray, ...]]:
    """One frame of each clip after another; they must go together."""
    for number, frames in enumerate(itertools.zip_longest(*clips)):
        for name, frame in zip(names, frames):
            if frame is None:
                raise MangastyleError(
                    f"`{name}`: the clip has {number} frames, fewer than the others; clips that compare have equally many"
                )
            check_picture(frame, name)
            if frame.shape != frames[0].shape:
                (h, w), (height, width) = frame.shape[:2], frames[0].shape[:2]
                raise MangastyleError(f"`{name}`: frame {number} is {w}x{h} pixels and {names[0]}'s {width}x{height}; sizes must be equal")
        yield frames


def _mean(values: Sequence[float]) -> float:
    """The mean of what is a number."""
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


# Colors of regions


class RegionColors(NamedTuple):
    """The regions of one frame.

    Attributes
    ----------
    numbers : ndarray of int, shape (n,)
        Which they are, in all frames; parts of one region have one number.
    areas : ndarray of int, shape (n,)
        In pixels.
    colors : ndarray of float32, shape (n, 3)
        Their median colors, CIE Lab.
    """

    numbers: np.ndarray
    areas: np.ndarray
    colors: np.ndarray


def region_colors(frame: np.ndarray, regions: np.ndarray, line_art: np.ndarray | None = None, parts: bool = False) -> RegionColors:
    """The colors of a frame's regions.

    Parameters
    ----------
    frame : ndarray of uint8, shape (h, w, 3)
    regions : ndarray of int32, shape (h, w)
        The number of each pixel's region.
    line_art : ndarray of uint8, shape (h, w), optional
        What is not white is left out.
    parts : bool
        Whether each part of a region that does not hang together, as where lines cross it, counts by itself.

    Returns
    -------
    RegionColors
        Of the regions, or parts, with 16 pixels or more.

    Examples
    --------
    >>> frame = np.zeros((8, 8, 3), np.uint8)
    >>> frame[:, 4:] = 255
    >>> found = region_colors(frame, np.repeat([[3] * 4 + [9] * 4], 8, 0))
    >>> found.numbers.tolist(), found.areas.tolist(), found.colors[:, 0].round().tolist()
    ([3, 9], [32, 32], [0.0, 100.0])
    """
    inside = np.ones(regions.shape, bool) if line_art is None else line_art > WHITE
    pieces = _parts(regions, inside) if parts else regions  # (h, w)
    labels, pixels = pieces[inside], frame[inside]  # (k,), (k, 3)
    order = np.argsort(labels, kind="stable")
    _, starts, areas = np.unique(labels[order], return_index=True, return_counts=True)
    large, numbers = areas >= LEAST_AREA, regions[inside][order[starts]]
    medians = [np.median(pixels[order[start : start + area]], 0) for start, area in zip(starts[large], areas[large])]
    colors = rgb2lab(np.array(medians).reshape(-1, 3) / 255).astype(np.float32)
    return RegionColors(numbers[large], areas[large], colors)


def _parts(regions: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Which pixels hang together inside a region, from 1, and 0 where nothing counts: int (h, w)."""
    return np.asarray(label(np.where(inside, regions, -1), background=-1, connectivity=1))


def tracked_parts(frames: Iterable[AnimationFrame]) -> Iterator[np.ndarray]:
    """Follow the parts into which lines divide regions, by true motion.

    A part goes on as the one that most of it comes to lie on, in the same region; of parts that merge the largest goes on.

    Parameters
    ----------
    frames : iterable of AnimationFrame

    Yields
    ------
    ndarray of int32, shape (h, w)
        The number of each pixel's part, the same in all frames; -1 on lines.

    Examples
    --------
    >>> from mangastyle.synthetic.animation import animation
    >>> first, second = tracked_parts(animation(7, "still", 64, count=2))
    >>> bool((first == second).all()), int(first.min())
    (True, -1)
    """
    before: tuple[AnimationFrame, np.ndarray] | None = None
    count = 0
    for frame in frames:
        height, width = frame.regions.shape
        parts = _parts(frame.regions, frame.line_art > WHITE)
        numbers = np.full(parts.max() + 1, -1)
        if before is not None:
            past, tracks = before
            y, x = np.nonzero(past.visible & (tracks >= 0))
            to = np.rint(past.flow[y, x] + np.stack([x, y], 1)).astype(int)
            to_x, to_y = np.clip(to[:, 0], 0, width - 1), np.clip(to[:, 1], 0, height - 1)
            same = (past.regions[y, x] == frame.regions[to_y, to_x]) & (parts[to_y, to_x] > 0)
            pairs, shared = np.unique(np.stack([tracks[y, x], parts[to_y, to_x]], 1)[same], axis=0, return_counts=True)
            taken = set()
            for track, part in pairs[np.argsort(-shared, kind="stable")].tolist():
                if numbers[part] < 0 and track not in taken:
                    numbers[part] = track
                    taken.add(track)
        new = np.flatnonzero(numbers[1:] < 0) + 1
        numbers[new] = count + np.arange(len(new))
        count += len(new)
        found = numbers[parts].astype(np.int32)
        yield found
        before = frame, found


def color_constancy(frames: Iterable[RegionColors]) -> float:
    """How constant the colors of regions are.

    Parameters
    ----------
    frames : iterable of RegionColors
        Of each frame of a clip.

    Returns
    -------
    float
        Share of the regions of all frames whose color is at most 1 of CIEDE2000 from the median of its color over the clip, 0..1; NaN
        if there are none. A region that is in one frame only does not count.

    References
    ----------
    G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 Color-Difference Formula", Color Research and Application, 2005.

    Examples
    --------
    >>> red, darker = (RegionColors(np.array([0]), np.array([99]), np.array([[L, 60, 40]], np.float32)) for L in (50, 45))
    >>> color_constancy([red, red, red, darker])
    0.75
    """
    tracks: dict[int, list[np.ndarray]] = {}
    for frame in frames:
        for number, color in zip(frame.numbers.tolist(), frame.colors):
            tracks.setdefault(number, []).append(color)
    apart = [deltaE_ciede2000(track, np.median(track, 0, keepdims=True)) for track in map(np.array, tracks.values()) if len(track) > 1]
    return float(np.mean(np.concatenate(apart) <= CONSTANT)) if apart else math.nan


def identity(frames: Iterable[RegionColors], colored: RegionColors) -> float:
    """How many regions have the color that they have in a frame that was given colored.

    Parameters
    ----------
    frames : iterable of RegionColors
        Of each frame of the result.
    colored : RegionColors
        Of the frame that was given, without parts, its numbers rising. Only regions that it has count.

    Returns
    -------
    float
        Share of their area, over all frames, whose color is at most 10 of CIEDE2000 from the region's own color in the given frame
        and no nearer to another region's there, 0..1; NaN if no region is in both.

    Examples
    --------
    >>> areas, colors = np.array([90, 10]), np.array([[50, 60, 40], [80, 0, 0]], np.float32)
    >>> given, exchanged = (RegionColors(np.array([0, 1]), areas, x) for x in (colors, colors[::-1]))
    >>> wrong = RegionColors(np.array([0, 1]), areas, colors[[0, 0]])
    >>> identity([given], given), identity([given, wrong], given), identity([exchanged], given)
    (1.0, 0.95, 0.0)
    """
    right = area = 0
    for frame in frames:
        here = np.flatnonzero(np.isin(frame.numbers, colored.numbers))
        there = np.searchsorted(colored.numbers, frame.numbers[here])
        apart = deltaE_ciede2000(frame.colors[here, None], colored.colors[None])  # (n, m)
        own = apart[np.arange(len(here)), there]
        good = (own <= RECOGNIZED) & (own <= apart.min(1, initial=math.inf) + 1e-6)
        right, area = right + int(frame.areas[here][good].sum()), area + int(frame.areas[here].sum())
    return right / area if area else math.nan


# Style


def style_decrease(
    sources: Iterable[np.ndarray], results: Iterable[np.ndarray], remaining: Callable[[np.ndarray], Mapping[str, float]]
) -> float:
    """How much nearer a clip came to its painting.

    Parameters
    ----------
    sources, results : iterable of ndarray of uint8, shape (h, w, 3)
        Frames before and after they were painted.
    remaining : callable
        Style error of a picture by layer, as `mangastyle.evaluate.style_metrics.RemainingStyle.beside` gives it.

    Returns
    -------
    float
        Mean decrease of the sum over the layers. That of one method as a share of another's says what the first one costs.

    Examples
    --------
    >>> bright, dark = [np.full((8, 8, 3), 200, np.uint8)], [np.full((8, 8, 3), 100, np.uint8)]
    >>> style_decrease(bright, dark, lambda picture: {"level": float(picture.mean())})
    100.0
    """
    pairs = _together([sources, results], ["sources", "results"])
    return _mean([sum(remaining(before).values()) - sum(remaining(after).values()) for before, after in pairs])
