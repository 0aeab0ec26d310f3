"""Clips that FFmpeg decodes, by OpenCV: mp4, webm, mov, avi, mkv and others.

The decoder gets an open file and never a name: it can open no other file, and no address. Frames are counted as they come, for the
positions that containers give are not to be trusted.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO, Iterator

import cv2
import numpy as np

from mangastyle.errors import MangastyleError, counted
from mangastyle.io.decoding.to_rgb import on_white
from mangastyle.io.files import open_file
from mangastyle.video import webm_alpha
from mangastyle.video.clip import EPSILON, Clip, check_size
from mangastyle.video.containers import Facts
from mangastyle.video.frame import Frame

SILENT = 0  # of OpenCV's levels
AGAIN = 8  # how often reading goes on behind a place that is damaged
UNEVEN = 0.02  # share by which the mean rate of a container must differ from the decoder's to count; times of blocks are rounded
RATES = (0.01, 1000)  # what is taken for a rate, in frames per second
WELL_KNOWN = "H.264, HEVC, VP8, VP9, MPEG-4 and others are read"

_quiet = threading.Lock()
_speakers = 0
_level = 0


class Film(Clip):
    """A clip in a file that FFmpeg decodes.

    Parameters
    ----------
    path : Path
    facts : Facts
        What its container says.
    max_pixels : int
        The largest height times width.

    Raises
    ------
    MangastyleError
        If nothing of it can be decoded.
    """

    def __init__(self, path: Path, facts: Facts, max_pixels: int) -> None:
        if facts.listed and not facts.codec:
            raise MangastyleError(f"{path}: has {'sound' if facts.audio else 'nothing'} and no picture; name a clip")
        if not facts.indexed:
            raise MangastyleError(f"{path}: damaged (its index is missing: it was not written to its end); download or save it again")
        check_size(path, facts.width, facts.height, max_pixels)
        self._facts = facts
        with _Decoder(path, facts) as decoder:
            width, height, rate = decoder.width - facts.right, decoder.height - facts.bottom, decoder.rate
            check_size(path, width, height, max_pixels)
            count = facts.count or decoder.count
            if facts.rate and abs(facts.rate - rate) > UNEVEN * rate:
                rate = facts.rate
            if not decoder.grab():
                raise _undecodable(path, facts, decoder.codec)
            audio = bool(facts.audio) if facts.listed else None
            super().__init__(
                path, facts.kind, (height, width), rate, count=count, has_alpha=facts.alpha and facts.codec == "V_VP9", has_audio=audio
            )

    def _read(self, wanted: range) -> Iterator[Frame]:
        with contextlib.ExitStack() as stack:
            decoder = stack.enter_context(_Decoder(self.path, self._facts))
            opacity = stack.enter_context(self._opacity(stack)) if self.has_alpha else None
            for number, time in self._grabbed(decoder, wanted):
                transparent = opacity is not None and opacity.grab()
                if number not in wanted:
                    continue
                rgb, gray = decoder.rgb(), opacity.rgb() if opacity is not None and transparent else None
                if rgb is None:
                    self._remark(f"frame {number} could not be decoded; the frames before it are used")
                    return
                rgb = rgb[: self.height, : self.width]
                alpha = None if gray is None else np.ascontiguousarray(gray[: self.height, : self.width, 0])
                if alpha is not None:
                    rgb = on_white(np.dstack([rgb, alpha]))
                yield Frame(number, time, np.ascontiguousarray(rgb), alpha)

    def _times(self) -> Iterator[tuple[int, float]]:
        with _Decoder(self.path, self._facts) as decoder:
            yield from self._grabbed(decoder, range(1 << 62))

    def _grabbed(self, decoder: _Decoder, wanted: range) -> Iterator[tuple[int, float]]:
        """Numbers and times of the frames that the decoder stands at, up to the last one that is wanted."""
        first, time, number, gaps = 0.0, 0.0, 0, 0
        while number < wanted.stop:
            if not decoder.grab():
                if not any(decoder.grab() for _ in range(AGAIN)):
                    break
                gaps += 1
            now = decoder.time
            first = now if not number else first
            # Some containers do not time every frame.
            time = now - first if not number or now - first > time else time + 1 / self.rate
            yield number, time
            number += 1
        else:
            return
        if self._facts.cut:
            self._remark(f"breaks off; the {counted(number, 'frame')} that it has are used")
        elif gaps:
            self._remark(f"damaged in {counted(gaps, 'place')}; the {counted(number, 'frame')} that can be decoded are used")
        elif self._facts.count and number < self._facts.count:
            self._remark(f"only {number} of its {counted(self._facts.count, 'frame')} could be decoded; they are used")
        elif self._facts.end is not None and self._facts.end - time > EPSILON:
            last = self._facts.end - time
            self.last = None if abs(last - 1 / self.rate) < 2 * EPSILON else last

    def _opacity(self, stack: contextlib.ExitStack) -> _Decoder:
        """A decoder of the stream of opacity."""
        return _Decoder(self.path, self._facts, stack.enter_context(webm_alpha.stream(self.path)))


class _Decoder:
    """OpenCV's decoder of one file, upright, and silent."""

    def __init__(self, path: Path, facts: Facts, file: BinaryIO | None = None) -> None:
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # which FFmpeg reads once
        self.file = file or open_file(path)
        try:
            with quiet():
                self.capture = cv2.VideoCapture(self.file, cv2.CAP_FFMPEG, [])  # type: ignore[call-overload]  # a file, since OpenCV 4.11
            if not self.capture.isOpened():
                raise _undecodable(path, facts, "")
        except BaseException:
            self.file.close()
            raise
        self.width, self.height = (round(self.capture.get(name)) for name in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        rate = self.capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if RATES[0] <= rate <= RATES[1] else 25.0
        count = self.capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.count = round(count) if 0 < count < 1e9 else None
        code = int(self.capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
        self.codec = "".join(chr(byte) for byte in code.to_bytes(4, "little") if 32 < byte < 127)

    def __enter__(self) -> _Decoder:
        return self

    def __exit__(self, *error: object) -> None:
        self.capture.release()
        self.file.close()

    def grab(self) -> bool:
        """Go on to the next frame."""
        with quiet():
            return self.capture.grab()

    @property
    def time(self) -> float:
        """In seconds."""
        return self.capture.get(cv2.CAP_PROP_POS_MSEC) / 1000

    def rgb(self) -> np.ndarray | None:
        """The frame, uint8 (h, w, 3)."""
        with quiet():
            found, bgr = self.capture.retrieve()
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB) if found else None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Meanwhile OpenCV says nothing on stderr; unless OPENCV_LOG_LEVEL in the environment says what it is to say."""
    global _speakers, _level
    if "OPENCV_LOG_LEVEL" in os.environ:
        yield
        return
    module: Any = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging  # OpenCV 4, and 5
    with _quiet:
        if not _speakers:
            _level = module.setLogLevel(SILENT)
        _speakers += 1
    try:
        yield
    finally:
        with _quiet:
            _speakers -= 1
            if not _speakers:
                module.setLogLevel(_level)


def _undecodable(path: Path, facts: Facts, codec: str) -> MangastyleError:
    """The error for a clip of which no frame can be decoded."""
    if facts.cut:
        return MangastyleError(f"{path}: breaks off before its first frame; download or save it again")
    if facts.count == 0:
        return MangastyleError(f"{path}: has no frame; name a clip")
    if name := facts.codec_name or codec:
        return MangastyleError(f"{path}: its frames ({name}) cannot be decoded; save it with another codec ({WELL_KNOWN})")
    return MangastyleError(f"{path}: damaged, or without a picture; download or save it again")
