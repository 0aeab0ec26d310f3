"""What only an `ffmpeg` on the PATH can do: H.264, WebM with opacity, and sound. It is optional, and a process of its own.

Frames go to it uncompressed, through a pipe, in Matroska, which has their exact times.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import shutil
import struct
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Iterator, NamedTuple

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import leftovers
from mangastyle.video import ebml
from mangastyle.video.animation_writers import straight
from mangastyle.video.webm import WebmWriter
from mangastyle.video.writer import Given, Writer, even

NANOSECONDS = 10**9
UNKNOWN = b"\x01" + b"\xff" * 7  # the size of an element that ends with the file
CODECS = {".mp4": "libx264", ".m4v": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9"}
FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
H264 = ("-crf", "16", "-preset", "medium")
VP9 = ("-crf", "12", "-b:v", "0", "-deadline", "good", "-cpu-used", "3", "-row-mt", "1", "-auto-alt-ref", "0", "-g", "48")
# BT.709, of which players need not be told; its chroma is reduced with care.
COLORS = "scale=in_range=full:out_range=limited:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int"
TAGS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
EXACT = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1")  # the same bytes in each run
FINE = 10_000  # least units of time in a second
DEMUXERS = {
    "mp4": "mov", "mov": "mov", "mkv": "matroska", "webm": "matroska", "avi": "avi", "ogg": "ogg", "flv": "flv", "asf": "asf",
    "mpg": "mpeg", "ts": "mpegts",
}  # fmt: skip
# Sound that is copied as it is; all others are encoded anew.
AAC = ("mp4a", "A_AAC", "ac-3", "ec-3", "A_AC3", "A_EAC3", "alac")
COPIED = {".mp4": AAC, ".m4v": AAC, ".mov": AAC, ".mkv": None, ".webm": ("Opus", "A_OPUS", "A_VORBIS")}
ENCODED = {".webm": ("-c:a", "libopus", "-b:a", "160k")}
ENCODED_ELSE = ("-c:a", "aac", "-b:a", "192k")


class Sound(NamedTuple):
    """Sound that goes with the pictures.

    Attributes
    ----------
    path : Path
        The clip that it comes from.
    kind : str
        Of its container, see `mangastyle.video.containers`.
    codec : str
        As the container calls it; empty if that is unknown.
    start : float or None
        Where in that clip the pictures begin, in seconds; None: where the first frame's time is.
    """

    path: Path
    kind: str
    codec: str
    start: float | None


def find_ffmpeg() -> str | None:
    """The `ffmpeg` on the PATH; None if there is none."""
    return shutil.which("ffmpeg")


@functools.cache
def encoders(program: str) -> frozenset[str]:
    """The encoders that an `ffmpeg` has."""
    return frozenset(re.findall(r"(?m)^ [VAS]\S{5} (\S+)", _said(program, "-encoders")))


@functools.cache
def version(program: str) -> tuple[int, int]:
    """The version of an `ffmpeg`; that of a snapshot counts as new."""
    found = re.search(r"version n?(\d+)\.(\d+)", _said(program, "-version"))
    return (int(found[1]), int(found[2])) if found else (99, 0)


def _said(program: str, question: str) -> str:
    try:
        return subprocess.run(
            [program, "-hide_banner", question], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MangastyleError(f"{program}: cannot be run ({error}); mend it, or name a .webm without sound") from error


class FfmpegWriter(Writer):
    """Writes H.264 in mp4, mov or mkv, or VP9 with opacity in webm, by an `ffmpeg`.

    Odd sides of H.264 are made even by repeating the last row or column, for players show no others.

    Parameters
    ----------
    path, size, rate, **options
        As for `Writer`.
    program : str
        The `ffmpeg`.
    """

    def __init__(self, path: Path, size: tuple[int, int], rate: Fraction, *, program: str, **options: Any) -> None:
        self._program, self._suffix = program, path.suffix.lower()
        self._codec = CODECS[self._suffix]
        if self._codec not in encoders(program):
            cure = "name a .webm" if self._codec == "libx264" else "name a .webp"
            raise MangastyleError(f"{path}: {program} was built without {self._codec}; {cure}, or install another ffmpeg")
        super().__init__(path, size, rate, **options)

    @contextlib.contextmanager
    def _encoding(self, target: Path) -> Iterator[None]:
        self._even = self._codec == "libx264"
        if self._even and (self.height % 2 or self.width % 2):
            self._remark(f"sides of {self._suffix} are even; the last row or column of {self.width}x{self.height} is repeated")
        passed = "-fps_mode" if version(self._program) >= (5, 1) else "-vsync"
        ticks = self.rate.numerator * -(-FINE // self.rate.numerator)
        pixels = "yuva420p" if self.alpha else "yuv420p"
        command = [
            "-f", "matroska", "-i", "pipe:0", "-an", "-vf", f"{COLORS},format={pixels}", passed, "passthrough",
            "-enc_time_base", f"1/{ticks}", "-c:v", self._codec, *(H264 if self._even else VP9), *TAGS, *EXACT,
            "-video_track_timescale", str(ticks),
            "-movflags", "+faststart", "-f", FORMATS[self._suffix], f"file:{os.path.abspath(target)}",
        ]  # fmt: skip
        with running(self._program, command, self.path) as self._process:
            self._send(self._head())
            yield

    def _head(self) -> bytes:
        """What comes before the frames."""
        element, (height, width) = ebml.element, self._shape()
        video = element(ebml.PIXEL_WIDTH, width) + element(ebml.PIXEL_HEIGHT, height)
        video += element(ebml.COLOUR_SPACE, b"RGBA" if self.alpha else b"RGB\x18")
        entry = element(ebml.TRACK_NUMBER, 1) + element(ebml.TRACK_UID, 1) + element(ebml.TRACK_TYPE, 1) + element(ebml.FLAG_LACING, 0)
        entry += element(ebml.CODEC_ID, b"V_UNCOMPRESSED") + element(ebml.DEFAULT_DURATION, round(NANOSECONDS / self.rate))
        segment = element(ebml.INFO, element(ebml.TIMESTAMP_SCALE, 1))
        segment += element(ebml.TRACKS, element(ebml.TRACK_ENTRY, entry + element(ebml.VIDEO, video)))
        return element(ebml.EBML, element(ebml.DOC_TYPE, b"matroska")) + ebml.SEGMENT.to_bytes(4, "big") + UNKNOWN + segment

    def _shape(self) -> tuple[int, int]:
        """Height and width of what is encoded."""
        return (self.height + self.height % 2, self.width + self.width % 2) if self._even else (self.height, self.width)

    def _add(self, frame: Given) -> None:
        pixels = frame.rgb
        if self.alpha:
            alpha = np.full(pixels.shape[:2], 255, np.uint8) if frame.alpha is None else frame.alpha
            pixels = np.dstack([straight(pixels, alpha), alpha])
        if self._even:
            pixels = even(pixels)
        data = np.ascontiguousarray(pixels).tobytes()
        block = struct.pack(">BhB", 0x81, 0, 0x80)
        duration = ebml.element(ebml.BLOCK_DURATION, round((frame.end - frame.start) * NANOSECONDS))
        start = ebml.element(ebml.TIMESTAMP, round(frame.start * NANOSECONDS))
        block_head = ebml.BLOCK.to_bytes(1, "big") + ebml.size_of(len(block) + len(data)) + block
        group = ebml.BLOCK_GROUP.to_bytes(1, "big") + ebml.size_of(len(block_head) + len(data) + len(duration))
        cluster = ebml.CLUSTER.to_bytes(4, "big") + ebml.size_of(len(start) + len(group) + len(block_head) + len(data) + len(duration))
        self._send(cluster + start + group + block_head)
        self._send(data)
        self._send(duration)

    def _send(self, data: bytes) -> None:
        try:
            self._process.stdin.write(data)
        except BrokenPipeError:
            self._process.finish()

    def _finish(self) -> None:
        self._process.finish()


class Running:
    """An `ffmpeg` that runs."""

    def __init__(self, program: str, command: list[str], path: Path, errors: BinaryIO) -> None:
        self._errors, self._path = errors, path
        whole = [program, "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *command]
        self._process = subprocess.Popen(whole, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors)
        assert self._process.stdin is not None
        self.stdin = self._process.stdin

    def finish(self) -> None:
        """Wait for its end; raise what it reports."""
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        if self._process.wait():
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").split("\n")
            if any(os.strerror(errno.ENOSPC) in line for line in lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            reason = next((line.strip() for line in reversed(lines) if line.strip()), f"it ended with {self._process.returncode}")
            raise MangastyleError(f"{self._path}: ffmpeg cannot write this ({reason}); name a .webm without sound")

    def end(self) -> None:
        """End it, if it runs still."""
        with contextlib.suppress(OSError):
            self.stdin.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def running(program: str, command: list[str], path: Path) -> Iterator[Running]:
    """Run an `ffmpeg`; it ends with the context.

    Parameters
    ----------
    program : str
    command : list of str
        Its arguments.
    path : Path
        What error messages name.
    """
    with tempfile.TemporaryFile() as errors:
        process = Running(program, command, path, errors)
        try:
            yield process
        finally:
            process.end()


def with_sound(kind: type[Writer], program: str, sound: Sound) -> type[Writer]:
    """A class like `kind`, whose clips have sound."""

    class WithSound(kind):
        """First the pictures are written, then the sound is put beside them."""

        @contextlib.contextmanager
        def _placed(self) -> Iterator[Path]:
            with super()._placed() as target:
                self._whole = target
                with leftovers.temporary_name(target.parent, self.path.stem[:40], target.suffix) as pictures:
                    yield pictures
                    start = (self._first or 0.0) if sound.start is None else sound.start
                    add_sound(program, pictures, sound._replace(start=max(0.0, start)), target, float(self._shown), self.path)

        def _add(self, frame: Given) -> None:
            super()._add(frame)
            self._shown = frame.end

    return WithSound


def add_sound(program: str, pictures: Path, sound: Sound, target: Path, seconds: float, path: Path) -> None:
    """Put sound beside pictures: copied where the container holds it as it is, else encoded anew.

    Parameters
    ----------
    program : str
        The `ffmpeg`.
    pictures : Path
        A clip without sound.
    sound : Sound
    target : Path
        The whole clip.
    seconds : float
        How long it is.
    path : Path
        What error messages name.

    Raises
    ------
    MangastyleError
        If the `ffmpeg` cannot.
    """
    suffix = target.suffix.lower()
    known = COPIED[suffix]
    copied = bool(sound.codec) and (known is None or sound.codec in known)
    command = [
        "-i", f"file:{os.path.abspath(pictures)}", "-protocol_whitelist", "file", "-f", DEMUXERS[sound.kind], "-ss", f"{sound.start:.6f}",
        "-t", f"{seconds:.6f}", "-i", f"file:{os.path.abspath(sound.path)}", "-map", "0:v:0", "-map", "1:a:0?", "-c:v", "copy",
        *(("-c:a", "copy", "-copypriorss:a", "0") if copied else ENCODED.get(suffix, ENCODED_ELSE)), *EXACT, "-movflags", "+faststart",
        "-f", FORMATS[suffix], f"file:{os.path.abspath(target)}",
    ]  # fmt: skip
    with running(program, command, path) as process:
        process.finish()


def webm_writer(alpha: bool, odd: bool, program: str | None) -> type[Writer]:
    """What writes a WebM: OpenCV; an `ffmpeg` where there is one that is needed, for opacity, or for odd sides beside sound."""
    return FfmpegWriter if program and (alpha or odd) and CODECS[".webm"] in encoders(program) else WebmWriter
