"""The style stage of a clip: every frame painted as the one before, and as what it shows itself."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterator, NamedTuple

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.ops import pixels
from mangastyle.style.look import LookSettings
from mangastyle.style.onepass.settings import OnePassSettings
from mangastyle.style.onepass.stylizer import OnePassStylizer
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.style.optimize.terms import Previous
from mangastyle.style.polish.stylizer import PolishStylizer
from mangastyle.style.stylize import Stylizer
from mangastyle.video import flow
from mangastyle.video import motion as motions
from mangastyle.video.fixed_style import FixedStyle, shot_colors
from mangastyle.video.grain import Grain
from mangastyle.video.motion import Motion
from mangastyle.video.shot import Shot
from mangastyle.video.strips import strips

PULL = 0.9  # weight of the result before, beside 1 - PULL of the frame's own
EVERY = 8  # frames from one whose grain is kept to the next
NAME = "grain"  # of the arrays that are kept
FINE = 1.5  # pixels, the standard deviation of the blur without which detail is fine
MEAN = np.full((1, 3), 1 / 3, np.float32)  # of the channels
AROUND = 25  # pixels across, in which fine detail is compared
REACH = AROUND // 2 + 10  # pixels, of both


class ShotPainting:
    """Paint the frames of a shot so that they do not flicker. A `Stage`.

    Methods onepass and learned paint each frame with one feature transform for the shot (`FixedStyle`) and with strokes that move
    (`Grain`), and go on from the result before where the frame shows the same. Methods polish and optimize start their search there, and
    have a temporal loss.

    Parameters
    ----------
    stylizer : Stylizer
        Of any method.
    pull : float
        0..1, how much of the result before counts, for onepass and learned.

    References
    ----------
    Ruder, Dosovitskiy, Brox: "Artistic Style Transfer for Videos" (GCPR 2016), for the warped start and the temporal loss.

    Examples
    --------
    >>> frames, painting = [np.full((40, 48, 3), gray, np.uint8) for gray in (90, 99)], np.zeros((40, 48, 3), np.uint8)
    >>> shot = Shot.of(frames)
    >>> ShotPainting(Stylizer(painting, method="onepass", size=32)).run(shot)
    >>> [picture.shape for picture in shot.results()]
    [(32, 38, 3), (32, 38, 3)]
    """

    name = "style"

    def __init__(self, stylizer: Stylizer, *, pull: float = PULL) -> None:
        if not 0 <= pull <= 1:
            raise MangastyleError(f"`pull`: must be from 0 to 1, not {pull}")
        self.stylizer, self.pull = stylizer, pull

    def run(self, shot: Shot) -> None:
        """Paint what `shot.kept` lacks: the same, to the last bit, as without an interruption.

        Parameters
        ----------
        shot : Shot
            Frames at least 32 pixels high and wide, all of one size.

        Raises
        ------
        MangastyleError
            As from the stylizer, and for frames of two sizes.
        Cancelled
            After the shot was cancelled.
        """
        missing = [i for i in range(len(shot)) if not shot.kept.has(i)]
        if not missing:
            return
        painter = _painter(self.stylizer, shot, self.pull)
        at, grain = _kept_grain(shot, missing[0]) or (0, painter.fixed.first_grain())
        result = None
        for i, found in enumerate(_ahead(shot, at, grain, painter.fixed.step, self.stylizer.implementation.size_of), at):
            if shot.kept.has(i):
                result = None
            elif found.motion is None:
                result = painter.first(found.frame, found.grain)
            else:
                result = painter.next(found.frame, found.grain, shot.kept.read(i - 1) if result is None else result, found.motion)
            if result is not None:
                shot.kept.write(i, result)
            if i > at and i % EVERY == 0:
                shot.kept.save(NAME, {"index": np.array(i), **found.grain.arrays()})
            shot.step(i + 1, len(shot))


class _Followed(NamedTuple):
    """A frame uint8 (h, w, 3), the same at the size that is painted, its grain, and its motion unless it is the first one."""

    frame: np.ndarray
    small: np.ndarray
    grain: Grain
    motion: Motion | None


def _ahead(shot: Shot, start: int, grain: Grain, step: int, size_of: Callable[[np.ndarray], tuple[int, int]]) -> Iterator[_Followed]:
    """The frames from `start` on, which has that grain. While one is painted, a thread follows the motion to the next one."""

    def follow(i: int, before: _Followed | None) -> _Followed:
        frame = shot.frame(i)
        small = pixels.resize(frame, *size_of(frame))
        if before is None:
            return _Followed(frame, small, grain, None)
        if small.shape != before.small.shape:
            (h, w), (height, width) = small.shape[:2], before.small.shape[:2]
            raise MangastyleError(f"frame {shot.numbers[i]}: is {w}x{h}, but the frame before {width}x{height}")
        motion = motions.between(before.small, small)
        return _Followed(frame, small, before.grain.moved(motion, step), motion)

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(follow, start, None)
        for i in range(start, len(shot)):
            found = future.result()
            if i + 1 < len(shot):
                future = pool.submit(follow, i + 1, found)
            yield found


def _kept_grain(shot: Shot, missing: int) -> tuple[int, Grain] | None:
    """The last frame before a missing one whose grain is kept, and that."""
    kept = shot.kept.load(NAME)
    return (int(kept["index"]), Grain.of(kept)) if kept is not None and kept["index"] < missing else None


class _OnePass:
    """Paints in one pass, and goes on from the result before."""

    def __init__(self, fixed: FixedStyle, pull: float) -> None:
        self.fixed, self._pull = fixed, pull

    def first(self, frame: np.ndarray, grain: Grain) -> np.ndarray:
        return self.fixed.paint(frame, grain)

    def next(self, frame: np.ndarray, grain: Grain, previous: np.ndarray, motion: Motion) -> np.ndarray:
        return go_on(self.fixed.paint(frame, grain), previous, motion, self._pull)


class _Search:
    """Searches from the warped result before and, where nothing is known, from that of the one pass."""

    def __init__(self, fixed: FixedStyle, optimize: OptimizeStylizer, shot: Shot, colors: np.ndarray | None, polish: bool) -> None:
        self.fixed, self._optimize, self._polish, self._cancel = fixed, optimize, polish, shot.cancel
        self._statistics = None if colors is None else optimize.style_statistics(shot.frame(0), colors)

    def first(self, frame: np.ndarray, grain: Grain) -> np.ndarray:
        start = self.fixed.paint(frame, grain) if self._polish else None
        return self._optimize(frame, cancel=self._cancel, style_statistics=self._statistics, start=start)

    def next(self, frame: np.ndarray, grain: Grain, previous: np.ndarray, motion: Motion) -> np.ndarray:
        warped = flow.warp(previous, motion.way, cv2.INTER_LANCZOS4)
        weight = motion.seen * motion.clear * motions.away_from_jumps(motion.way)
        seen = weight[..., None]
        start = pixels.to_uint8(self.fixed.paint(frame, grain) * (1 - seen) + warped * seen)
        before = Previous(warped, weight)
        return self._optimize(frame, cancel=self._cancel, style_statistics=self._statistics, start=start, previous=before)


def _painter(stylizer: Stylizer, shot: Shot, pull: float) -> _OnePass | _Search:
    """What paints by the stylizer's method."""
    method: Any = stylizer.implementation
    colors = shot_colors(shot, stylizer.settings)
    if isinstance(method, OnePassStylizer):
        return _OnePass(FixedStyle(method, shot, colors), pull)
    if isinstance(method, PolishStylizer):
        return _Search(FixedStyle(method.onepass, shot, colors), method.optimize, shot, colors, polish=True)
    look = {field.name: getattr(stylizer.settings, field.name) for field in dataclasses.fields(LookSettings)}
    onepass = OnePassStylizer(
        method.styles, OnePassSettings(**look), masks=method.masks, precision=method.policy, seed=method.seed,
        max_pixels=method.max_pixels,
    )  # fmt: skip
    return _Search(FixedStyle(onepass, shot, colors), method, shot, colors, polish=False)


def go_on(painted: np.ndarray, previous: np.ndarray, motion: Motion, pull: float = PULL) -> np.ndarray:
    """Draw a painted frame towards the result before, where both show the same. Nothing gets softer, however long the shot is.

    Parameters
    ----------
    painted : ndarray of uint8, shape (h, w, 3)
        The frame as it is painted by itself.
    previous : ndarray of uint8, shape (h, w, 3)
        The result for the frame before.
    motion : Motion
        From the frame to the one before.
    pull : float
        Weight of the result before where all of it counts.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)

    Examples
    --------
    >>> black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    >>> all_of_it = np.ones((8, 8), np.float32)
    >>> still = Motion(np.zeros((8, 8, 2), np.float32), all_of_it, np.eye(3), all_of_it)
    >>> int(go_on(black, white, still, pull=0.6)[4, 4, 0])
    153
    """
    warped = flow.warp(previous, motion.way, cv2.INTER_LANCZOS4)
    result = np.empty_like(painted)
    for rows, outer, within in strips(len(painted), REACH):
        weight, own = (pull * motion.seen[outer] * motion.clear[outer])[..., None], painted[outer].astype(np.float32)
        result[rows] = pixels.to_uint8(_as_sharp_as(own, own + weight * (warped[outer] - own)))[within]
    return result


def _as_sharp_as(model: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """A picture, float32 (h, w, 3), with so much of the model's fine detail that its own is as strong around each place."""
    mine, wanted = (x - cv2.GaussianBlur(x, (0, 0), FINE) for x in (picture, model))
    products = (mine * mine, wanted * wanted, mine * wanted)
    power, most, common = (cv2.blur(cv2.transform(product, MEAN), (AROUND, AROUND)) for product in products)  # (h, w)
    lacking = np.maximum(most - power, 0)
    share = (np.sqrt(common**2 + most * lacking) - common) / (most + 1)  # of |mine + share wanted|^2 = |wanted|^2
    return picture + np.clip(share, 0, 1)[..., None] * wanted
