"""What all writers of clips have in common: frames with times go in, and the whole clip has its name, or nothing is left."""

from __future__ import annotations

import contextlib
import logging
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Iterator, NamedTuple

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io.files import atomic
from mangastyle.io.images import check_picture

STEADY = 1.5e-3  # seconds by which a frame's time may differ from that which the rate gives it, for containers round times
DENOMINATOR = 1001  # greatest one of a rate
ROUNDED = 1e-4  # frames per second by which 23.976 and the like differ from what is meant

log = logging.getLogger("mangastyle")


class Given(NamedTuple):
    """A frame with the time from when to when it is shown, in seconds from the clip's start."""

    rgb: np.ndarray
    alpha: np.ndarray | None
    start: Fraction
    end: Fraction


class Writer:
    """Writes a clip, frame by frame; made by `mangastyle.video.open_writer`, and used as a context.

    The clip gets its name when the context ends. After an exception nothing is left of it.

    Parameters
    ----------
    path : Path
    size : (int, int)
        Height and width of the frames, in pixels.
    rate : Fraction
        Frames per second.
    alpha : bool
        Whether opacity is kept.
    last : float, optional
        How long the last frame is shown, in seconds; by default one of `rate`.
    force : bool
        Whether a clip of this name may be replaced.

    Attributes
    ----------
    path : Path
        The parameter.
    count : int
        How many frames were written.
    steady : bool
        Whether all of them were at the times that the rate gives them.
    remarks : list of str
        What could not be kept; it is logged, too.
    """

    keeps_alpha = True

    def __init__(
        self, path: Path, size: tuple[int, int], rate: Fraction, alpha: bool = False, last: float | None = None, force: bool = True
    ) -> None:
        self.path, self.rate, self.alpha, self.force = path, rate, alpha and self.keeps_alpha, force
        self.height, self.width = size
        self.last = 1 / rate if last is None else Fraction(last).limit_denominator(10**6)
        self.count, self.steady = 0, True
        self.remarks: list[str] = []
        self._first: float | None = None
        self._timed: bool | None = None
        self._ahead: tuple[np.ndarray, np.ndarray | None, Fraction] | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Writer:
        with contextlib.ExitStack() as stack:
            self._target = stack.enter_context(self._placed())
            stack.enter_context(self._encoding(self._target))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        if error is not None:
            return self._stack.__exit__(kind, error, trace)
        with self._stack:
            if self._ahead is None:
                raise MangastyleError(f"{self.path}: no frame was written")
            rgb, alpha, start = self._ahead
            self._ahead = None
            self._add(Given(rgb, alpha, start, start + self.last))
            self._finish()
        return None

    def write(self, rgb: np.ndarray, alpha: np.ndarray | None = None, time: float | None = None) -> None:
        """Add a frame.

        Parameters
        ----------
        rgb : ndarray of uint8, shape (h, w, 3) or (h, w)
        alpha : ndarray of uint8, shape (h, w), or None
            Its opacity, where the clip keeps it; None is opaque.
        time : float, optional
            When it is shown, in seconds; the first frame's time is the clip's start. By default frames follow by the rate. Either all
            frames have times, or none.

        Raises
        ------
        MangastyleError
            For what is no picture of the clip's size, and for times that do not rise; or if the disk refuses.
        """
        rgb = check_picture(rgb, "rgb", gray=True)
        if rgb.shape[:2] != (self.height, self.width):
            raise MangastyleError(f"{self.path}: frame {self.count} is {rgb.shape[1]}x{rgb.shape[0]}, the clip {self.width}x{self.height}")
        rgb = cv2.cvtColor(rgb, cv2.COLOR_GRAY2RGB) if rgb.ndim == 2 else rgb.copy()
        if alpha is not None:
            if check_picture(alpha, "alpha", gray=True).shape != rgb.shape[:2]:
                raise MangastyleError(f"`alpha`: must be uint8 (h, w) of the frame's size, not {alpha.shape}")
            alpha = alpha.copy() if self.alpha else None
        start = self._start(time)
        if self._ahead is not None:
            before = self._ahead
            self._ahead = None
            self._add(Given(*before, start))
        self._ahead = rgb, alpha, start
        self.count += 1

    def _start(self, time: float | None) -> Fraction:
        """When the next frame is shown: by the rate, unless its time differs."""
        by_rate = self.count / self.rate
        if self._timed not in (None, time is not None):
            raise MangastyleError("`time`: give it for all frames, or for none")
        self._timed = time is not None
        if time is None:
            return by_rate
        if self._first is None:
            self._first = time
        start = Fraction(time - self._first).limit_denominator(10**6)
        if abs(start - by_rate) <= STEADY:
            start = by_rate
        else:
            self.steady = False
        if self._ahead is not None and start <= self._ahead[2]:
            raise MangastyleError(f"`time`: must rise; frame {self.count} comes at {time:g} s, not after the frame before it")
        return start

    def _placed(self) -> contextlib.AbstractContextManager[Path]:
        """A temporary name, which becomes the clip's."""
        return atomic(self.path, self.force)

    @contextlib.contextmanager
    def _encoding(self, target: Path) -> Iterator[None]:
        """Meanwhile frames can be added."""
        yield

    def _add(self, frame: Given) -> None:
        """Encode a frame."""
        raise NotImplementedError

    def _finish(self) -> None:
        """Write the clip's end."""

    def _remark(self, text: str) -> None:
        text = f"{self.path}: {text}"
        if text not in self.remarks:
            self.remarks.append(text)
            log.warning(text)


def even(picture: np.ndarray) -> np.ndarray:
    """A picture with even sides: the last row and column are repeated where needed.

    Examples
    --------
    >>> even(np.uint8([[1, 2, 3]])).tolist()
    [[1, 2, 3, 3], [1, 2, 3, 3]]
    """
    bottom, right = (side % 2 for side in picture.shape[:2])
    return cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_REPLICATE) if bottom or right else picture


def rate_of(rate: float | Fraction) -> Fraction:
    """Frames per second as an exact fraction: 24000/1001 and the like where they are meant.

    Raises
    ------
    MangastyleError
        If it is no rate.

    Examples
    --------
    >>> rate_of(23.976), rate_of(12.5), rate_of(25)
    (Fraction(24000, 1001), Fraction(25, 2), Fraction(25, 1))
    """
    try:
        value = float(rate)
    except (TypeError, ValueError):
        value = 0.0
    if isinstance(rate, bool) or not 1e-3 <= value <= 1000:
        raise MangastyleError(f"`rate`: must be the number of frames per second, from 0.001 to 1000, not {rate!r}")
    ntsc = Fraction(round(value * DENOMINATOR / 1000) * 1000, DENOMINATOR)
    return ntsc if abs(ntsc - Fraction(rate)) < ROUNDED else Fraction(rate).limit_denominator(DENOMINATOR)
