"""Colors of tracks over a shot: what is known of them, in which frames, and what follows for the frames and tracks of which nothing is."""

from __future__ import annotations

from typing import Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from mangastyle.ops.color import lab_to_rgb
from mangastyle.video.tracking import NONE, Step

SHORT, TINY = 3, 2e-4  # frames, and share of the picture, below which an unknown track takes the color of what else is there
NEAR_LARGEST = 0.6  # share of a track's largest area, from which a frame shows enough of it


class History(NamedTuple):
    """The tracks of a shot of n frames; m is their number.

    frames : for each frame its tracks, int64 (r,), and the share of the picture that each covers, float64 (r,). parents : int64 (m,), the
    track that was expected where each began; NONE for none. parts : bool (m,), whether it is a part of its parent. heirs : int64 (m,), the
    track that was where each ended.
    """

    frames: list[tuple[np.ndarray, np.ndarray]]
    parents: np.ndarray
    parts: np.ndarray
    heirs: np.ndarray


class TrackColors:
    """Known colors of tracks, each of some frames; in between they blend in CIE Lab.

    Examples
    --------
    >>> known = TrackColors()
    >>> known.learn(7, 0, [50, 0, 0])
    >>> known.learn(7, 10, [70, 20, 0])
    >>> known.at(7, 5).tolist(), known.at(7, 99).tolist(), 3 in known
    ([60.0, 10.0, 0.0], [70.0, 20.0, 0.0], False)
    """

    def __init__(self) -> None:
        self._known: dict[int, dict[int, np.ndarray]] = {}

    def __contains__(self, track: int) -> bool:
        return track in self._known

    def learn(self, track: int, number: int, color: Sequence[float] | np.ndarray) -> None:
        """A track's color, CIE Lab, in the frame of a number."""
        self._known.setdefault(int(track), {})[int(number)] = np.asarray(color, np.float64)

    def take(self, track: int, other: int) -> None:
        """Give a track the colors of another one."""
        self._known[int(track)] = self._known[int(other)]

    def at(self, track: int, number: int) -> np.ndarray:
        """The color of a track in the frame of a number, CIE Lab (3,): blended between those that are known, constant outside."""
        known = self._known[int(track)]
        numbers = sorted(known)
        colors = np.stack([known[k] for k in numbers])
        return np.stack([np.interp(number, numbers, colors[:, channel]) for channel in range(3)])

    def rgb(self, tracks: Iterable[int], number: int) -> np.ndarray:
        """The colors of several tracks, uint8 (m, 3)."""
        colors = [self.at(track, number) for track in tracks]
        return lab_to_rgb(np.array(colors, np.float32).reshape(1, -1, 3))[0]

    def arrays(self) -> dict[str, np.ndarray]:
        """All that is known, for `from_arrays`."""
        rows = [(track, number, *color) for track, known in self._known.items() for number, color in known.items()]
        return {"colors": np.array(rows, np.float64).reshape(-1, 5)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> TrackColors:
        """What `arrays` gave."""
        found = cls()
        for track, number, *color in arrays["colors"]:
            found.learn(int(track), int(number), color)
        return found


def history(frames: Iterable[tuple[Step, np.ndarray]]) -> History:
    """The tracks of a shot.

    Parameters
    ----------
    frames : iterable of (Step, ndarray of float64, shape (r,))
        Of each frame, what its regions are and their shares of the picture.

    Returns
    -------
    History

    Examples
    --------
    >>> none, one = np.zeros(0, np.int64), np.ones(1, np.int64)
    >>> first = Step(0 * one, 0 * one, -one, one == 0, none, none)
    >>> second = Step(np.array([0, 1]), one, 0 * one, one == 1, none, none)
    >>> found = history([(first, np.array([1.0])), (second, np.array([0.6, 0.4]))])
    >>> found.parents.tolist(), found.parts.tolist()
    ([-1, 0], [False, True])
    """
    seen, parents, parts, ends = [], [], [], {}
    for step, shares in frames:
        seen.append((step.tracks, shares))
        parents.append(step.parents)
        parts.append(step.parts)
        ends.update(zip(step.ended.tolist(), step.heirs.tolist()))
    count = sum(map(len, parents))
    heirs = np.array([ends.get(track, NONE) for track in range(count)], np.int64)
    return History(seen, np.concatenate(parents), np.concatenate(parts), heirs)


def inherit(known: TrackColors, past: History) -> None:
    """Give parts of tracks, of which nothing else is known, the colors of these; and then such as are hardly seen those of what is around.

    A new color for a few pixels, or for a few frames, would be a flash.
    """
    parents, heirs = past.parents.tolist(), past.heirs.tolist()
    for track in np.flatnonzero(past.parts).tolist():
        if track not in known and parents[track] in known:
            known.take(track, parents[track])
    for track in _hardly_seen(past).tolist():
        if track in known:
            continue
        for relatives in (parents, heirs):
            passed, other = {track}, relatives[track]
            while other != NONE and other not in known and other not in passed:
                passed.add(other)
                other = relatives[other]
            if other in known:
                known.take(track, other)
                break


def unknown(known: TrackColors, past: History) -> np.ndarray:
    """The tracks that have to be asked for, int64: those without a color that get none by `inherit` either, once the others are known."""
    open_ = np.array([track not in known for track in range(len(past.parents))])
    waiting = np.zeros(len(open_), bool)
    related = (past.parents != NONE) | (past.heirs != NONE)
    waiting[_hardly_seen(past)] = True
    return np.flatnonzero(open_ & ~(waiting & related) & ~(past.parts & (past.parents != NONE)))


def best_frame(tracks: np.ndarray, past: History) -> tuple[int, np.ndarray]:
    """The frame that shows the most of some tracks at about their largest, and which of them these are.

    Parameters
    ----------
    tracks : ndarray of int64, shape (t,)
    past : History

    Returns
    -------
    index : int
    shown : ndarray of int64

    Examples
    --------
    >>> frames = [(np.array([0]), np.array([1.0])), (np.array([0, 1]), np.array([0.7, 0.3]))]
    >>> none = np.full(2, -1)
    >>> index, shown = best_frame(np.array([0, 1]), History(frames, none, none > 0, none))
    >>> index, shown.tolist()
    (1, [0, 1])
    """
    largest, wanted = _largest(past), np.zeros(len(past.parents), bool)
    wanted[tracks] = True
    best, shown, most = 0, tracks[:0], -1.0
    for index, (here, shares) in enumerate(past.frames):
        enough = wanted[here] & (shares >= NEAR_LARGEST * largest[here])
        total = len(here[enough]) + shares[enough].sum() / max(shares.sum(), 1e-9)
        if enough.any() and total > most:
            best, shown, most = index, here[enough], total
    return best, shown


def _largest(past: History) -> np.ndarray:
    """The largest share of the picture that each track has, float64 (m,)."""
    found = np.zeros(len(past.parents))
    for tracks, shares in past.frames:
        np.maximum.at(found, tracks, shares)
    return found


def _hardly_seen(past: History) -> np.ndarray:
    """Tracks that are small, or seen in a few frames alone, in the order of their numbers."""
    count = np.bincount(np.concatenate([tracks for tracks, _ in past.frames]), minlength=len(past.parents))
    return np.flatnonzero((count < min(SHORT, len(past.frames))) | (_largest(past) < TINY))
