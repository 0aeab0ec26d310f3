"""Shots: where a clip cuts from one scene to another, and which frames repeat the one before.

A cut is where two frames have nothing to do with each other: their pictures, reduced, made equally bright and moved onto each other by
optical flow, differ as much as two unrelated pictures do, and no frame soon after goes on where the earlier one was (that would be a
flash). A fade through black or white is cut at its plainest frame.
"""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io.files import atomic, read_bytes
from mangastyle.video import flow
from mangastyle.video.frame import Frame

SIDE, LONGEST = 108, 432  # short side, and greatest long side, in pixels, of the reduced pictures
CUT = 0.38  # share of the contrast that is left unexplained from which two frames are of different shots
AHEAD = 6  # frames: the longest flash
PLAIN = 4.0  # standard deviation, in gray levels, below which a frame shows nothing
SAME, SAME_ANYWHERE = 1.0, 6.0  # gray levels: mean difference, and that of the worst spot, below which a frame repeats another
SPOT = 8  # side, in pixels, of such a spot
MOST_BYTES = 1_000_000  # of a file of shots


class Seen(NamedTuple):
    """A frame, reduced: gray float32 (h', w') with mean 0 and standard deviation 1, and the deviation that it had, in gray levels."""

    gray: np.ndarray
    contrast: float


def repeats(frame: np.ndarray, before: np.ndarray) -> bool:
    """Whether a frame shows what another one shows, but for what compression changes.

    Parameters
    ----------
    frame, before : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    bool

    Examples
    --------
    >>> paper = np.full((32, 32, 3), 250, np.uint8)
    >>> drawn = paper.copy()
    >>> drawn[8:20, 8:20] = 0
    >>> repeats(paper, paper.copy()), repeats(drawn, paper)
    (True, False)
    """
    if frame.shape != before.shape:
        return False
    difference = cv2.absdiff(frame, before)
    if difference.mean() >= SAME:
        return False
    return bool(cv2.blur(difference, (SPOT, SPOT)).max() < SAME_ANYWHERE)


def find_shots(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame, with whether a shot begins with it.

    Parameters
    ----------
    frames : iterable of Frame

    Yields
    ------
    frame : Frame
        In their order; up to `AHEAD` + 1 frames are held back.
    begins : bool

    Examples
    --------
    >>> noise = np.random.default_rng(0).integers(0, 256, (2, 48, 64, 3), np.uint8)
    >>> clip = [Frame(number, number / 12, cv2.blur(noise[number // 4], (9, 9)), None) for number in range(8)]
    >>> [frame.number for frame, begins in find_shots(clip) if begins]
    [0, 4]
    """
    held: collections.deque[tuple[Frame, Seen]] = collections.deque()
    before: Seen | None = None  # the last frame that showed something
    first = True

    def decide() -> tuple[Frame, bool]:
        nonlocal before, first
        frame, seen = held.popleft()
        begins, first = first, False
        if seen.contrast >= PLAIN:
            # A scene that goes on after a few frames of something else was interrupted by a flash.
            shown = [seen, *(later for _, later in held if later.contrast >= PLAIN)]
            begins |= before is not None and all(_differ(before, later) for later in shown)
            before = seen
        return frame, begins

    for frame in frames:
        held.append((frame, _reduce(frame.rgb)))
        if len(held) > AHEAD:
            yield decide()
    while held:
        yield decide()


def given_shots(frames: Iterable[Frame], firsts: Iterable[int]) -> Iterator[tuple[Frame, bool]]:
    """As `find_shots`, where the numbers of the frames that begin shots are known.

    Examples
    --------
    >>> clip = [Frame(number, 0.0, np.zeros((2, 2, 3), np.uint8), None) for number in range(3, 7)]
    >>> [frame.number for frame, begins in given_shots(clip, [0, 5])if begins]
    [3, 5]
    """
    ahead = collections.deque(sorted(firsts))
    begins = True  # the first frame does
    for frame in frames:
        while ahead and ahead[0] <= frame.number:
            begins = True
            ahead.popleft()
        yield frame, begins
        begins = False


def _reduce(rgb: np.ndarray) -> Seen:
    height, width = rgb.shape[:2]
    scale = SIDE / min(height, width)
    size = min(round(width * scale), LONGEST), min(round(height * scale), LONGEST)
    small = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small = cv2.GaussianBlur(small, (0, 0), 1.0)  # lines, which flow would otherwise not find
    contrast = float(small.std())
    return Seen((small - small.mean()) / max(contrast, 1e-3), contrast)


def _differ(one: Seen, two: Seen) -> bool:
    """Whether two frames are of different scenes."""
    if one.gray.shape != two.gray.shape:
        return True
    return _unexplained(one.gray, two.gray) > CUT and _unexplained(two.gray, one.gray) > CUT


def _unexplained(one: np.ndarray, two: np.ndarray) -> float:
    """Mean absolute difference after the best motion, as a share of what two unrelated pictures of this contrast have."""
    a, b = (np.clip(64 * x + 128, 0, 255).astype(np.uint8) for x in (one, two))
    moved = flow.warp(two, flow.estimate(a, b))
    still = np.abs(one - one.mean()).mean()
    return float(np.abs(one - moved).mean() / max(float(still), 1e-6))


def read_shots(path: Path) -> list[int]:
    """Numbers of the frames that begin shots, from a text file: the first word of each line; # begins a remark.

    Raises
    ------
    MangastyleError
        If the file cannot be read, or a line begins with something else; it names file and line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "shots.txt"
    ...     write_shots(path, [(0, 0.0), (57, 2.375)])
    ...     read_shots(path)
    [0, 57]
    """
    try:
        text = read_bytes(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MangastyleError(f"{path}: is no text file of shots") from error
    firsts = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words and not (words[0].isascii() and words[0].isdigit()):
            raise MangastyleError(f"{path}, line {number}: must begin with the number of a frame, counted from 0, not {words[0]!r}")
        if words:
            firsts.append(int(words[0]))
    return sorted(set(firsts))


def write_shots(path: Path, firsts: Iterable[tuple[int, float]]) -> None:
    """Write the file that `read_shots` reads: for each shot the number of its first frame, and its time in seconds."""
    lines = ["# First frame of each shot, and its time. Remove a line to join two shots, add one to divide a shot."]
    for number, time in firsts:
        minutes, seconds = divmod(time, 60)
        lines.append(f"{number:<8d}# {int(minutes)}:{seconds:06.3f}")
    with atomic(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
