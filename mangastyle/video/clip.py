"""What all kinds of clips have in common: their sizes and rates, and frames that are read one after the other."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Iterator

from mangastyle.errors import MangastyleError, check_integer
from mangastyle.video.frame import Frame

EPSILON = 5e-4  # seconds; containers round times to milliseconds

log = logging.getLogger("mangastyle")


class Clip:
    """A clip that is open for reading, by `mangastyle.video.open_clip`. Nothing of it is in memory but the frame that is read.

    Attributes
    ----------
    path : Path
        The file, or the folder of frames.
    kind : str
        Such as "mp4", "webm", "gif", "folder".
    width, height : int
        Of the upright frames, in pixels.
    rate : float
        Frames per second; their mean where frames are shown for different times.
    count : int or None
        How many frames there should be; None if the file does not say. Some containers only estimate it.
    has_alpha : bool
        Whether frames are transparent somewhere.
    has_audio : bool or None
        Whether there is sound; None if that is unknown.
    last : float or None
        How long the last frame is shown, in seconds; None if the file does not say: one of `rate`.
    remarks : list of str
        What is wrong with the clip and does not keep it from being read. It grows while frames are read; remarks are logged, too.
    """

    def __init__(
        self, path: Path, kind: str, size: tuple[int, int], rate: float, *, count: int | None = None, has_alpha: bool = False,
        has_audio: bool | None = False, last: float | None = None,
    ) -> None:  # fmt: skip
        self.path, self.kind, self.rate, self.count = path, kind, rate, count
        self.height, self.width = size
        self.has_alpha, self.has_audio, self.last = has_alpha, has_audio, last
        self.remarks: list[str] = []

    def __repr__(self) -> str:
        return f"<{self.kind} {str(self.path)!r}, {self.width}x{self.height}, {self.rate:.6g} frames/s>"

    def frames(self, start: int = 0, stop: int | None = None, every: int = 1) -> Iterator[Frame]:
        """Read frames in their order. Each call begins anew.

        Parameters
        ----------
        start, stop : int
            Numbers of the first frame, and of the one before which to end; None: at the clip's end.
        every : int
            Of so many frames, from `start` on, the first is given.

        Yields
        ------
        Frame

        Raises
        ------
        MangastyleError
            If a frame cannot be read, and those before it are no clip. A file that breaks off is a remark.
        """
        check_integer("start", start, 0, sys.maxsize)
        check_integer("every", every, 1, sys.maxsize)
        if stop is not None:
            check_integer("stop", stop, 0, sys.maxsize)
        wanted = range(start, sys.maxsize if stop is None else stop, every)
        return self._read(wanted)

    def number_at(self, seconds: float) -> int:
        """The number of the frame that is shown at a time, from the clip's first frame on; after its end, how many frames there are.

        Frames up to there are decoded.
        """
        number = 0
        for number, time in self._times():
            if time > seconds + EPSILON:
                return max(0, number - 1)
            if time >= seconds - EPSILON:
                return number
        end = time + (self.last or 1 / self.rate)
        return number if seconds < end - EPSILON else number + 1

    def _read(self, wanted: range) -> Iterator[Frame]:
        raise NotImplementedError

    def _times(self) -> Iterator[tuple[int, float]]:
        """Number and time of all frames."""
        return ((frame.number, frame.time) for frame in self.frames())

    def _remark(self, text: str) -> None:
        """Note what is wrong, once."""
        text = f"{self.path}: {text}"
        if text not in self.remarks:
            self.remarks.append(text)
            log.warning(text)


def check_size(path: Path, width: int, height: int, max_pixels: int) -> None:
    """Refuse a clip whose frames are too large, before any is decoded.

    Parameters
    ----------
    path : Path
    width, height : int
        Of its frames, in pixels.
    max_pixels : int
        The largest height times width.

    Raises
    ------
    MangastyleError
        If they are larger.

    Examples
    --------
    >>> check_size(Path("a.mp4"), 7680, 4320, 30_000_000)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: a.mp4: 7680x4320 pixels is over the limit of 30 megapixels; make it smaller, or raise `max_pixels`
    """
    if width * height > max_pixels:
        limit = f"the limit of {max_pixels / 1e6:g} megapixels"
        raise MangastyleError(f"{path}: {width}x{height} pixels is over {limit}; make it smaller, or raise `max_pixels`")
