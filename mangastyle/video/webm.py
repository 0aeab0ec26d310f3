"""WebM: VP9 frames by OpenCV's encoder, put into their container here, with exact times and sizes, and the same bytes in each run."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import struct
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Iterator, NamedTuple, Sequence

import cv2
import numpy as np

from mangastyle.errors import MangastyleError, counted
from mangastyle.io import leftovers
from mangastyle.video import ebml
from mangastyle.video.films import quiet
from mangastyle.video.writer import Given, Writer, even

NOMINAL = 25.0  # frames per second, for the encoder: it gives 2 bits to a pixel at any rate, and takes a tenth of them
ROUNDING = (2, 0, 1, 0)  # levels of blue, green, red: OpenCV's encoder cuts off fractions of luma and chroma, which these make up for
IVF_HEAD, IVF_FRAME = 32, 12  # bytes
SCALE = 1_000_000  # nanoseconds of a unit of time
LONGEST = 30_000  # units of time of a cluster, in whose 16 bits the times of frames are counted
SHORTEST = 2_000  # units of time after which a frame that needs no other begins a new cluster
REC_601, LIMITED, SRGB, REC_709 = 6, 1, 13, 1  # ITU-T H.273: the matrix, transfer and primaries of what OpenCV's encoder makes
ENOUGH = 1 << 20  # bytes; less on a disk is nothing
ROOM = 8  # bytes of numbers that are mended in the end
REPEATED = b"\x88"  # a VP9 frame that shows once more what slot 0 keeps (VP9 bitstream specification, 6.2): of OpenCV's encoder the last


class Packet(NamedTuple):
    """One encoded frame.

    Attributes
    ----------
    data : bytes
    time : int
        When it is shown, in milliseconds.
    """

    data: bytes
    time: int

    @property
    def key(self) -> bool:
        """Whether a VP9 frame can be decoded without others (VP9 bitstream specification, 6.2)."""
        return bool(self.data) and self.data[0] & 0b1100 == 0


class WebmWriter(Writer):
    """Writes a WebM file. Odd sides are made even, and the file says what is to be shown. A frame that repeats the last takes one byte."""

    keeps_alpha = False

    @contextlib.contextmanager
    def _encoding(self, target: Path) -> Iterator[None]:
        if max(self.height, self.width) > 16384:
            raise MangastyleError(f"{self.path}: {self.width}x{self.height} pixels is too large for WebM; name a folder of frames")
        self._ends: list[Fraction] = [Fraction(0)]
        self._last: np.ndarray | None = None
        self._repeats: list[bool] = []
        with leftovers.temporary_name(target.parent, self.path.stem[:40], ".ivf") as self._ivf:
            size = self.width + self.width % 2, self.height + self.height % 2
            os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # which FFmpeg reads once
            try:
                name = os.path.abspath(self._ivf)
                name.encode()
            except UnicodeEncodeError:
                raise MangastyleError(f"{self.path}: OpenCV takes names in UTF-8 alone; choose another `out`") from None
            with quiet():
                self._encoder = cv2.VideoWriter(name, cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"VP90"), NOMINAL, size)
            if not self._encoder.isOpened():
                with open(self._ivf, "wb"):  # raises what the disk has against it
                    pass
                raise MangastyleError(f"{self.path}: this OpenCV has no VP9 encoder; name a .webp, or a folder of frames")
            try:
                yield
            finally:
                self._encoder.release()

    def _add(self, frame: Given) -> None:
        repeats = self._last is not None and np.array_equal(frame.rgb, self._last)
        if not repeats:
            with quiet():
                self._encoder.write(cv2.add(cv2.cvtColor(even(frame.rgb), cv2.COLOR_RGB2BGR), ROUNDING))  # type: ignore[call-overload]  # a color
        self._last = frame.rgb
        self._repeats.append(repeats)
        self._ends.append(frame.end)

    def _finish(self) -> None:
        self._encoder.release()
        times = [round(time * 1000) for time in self._ends]
        with open(self._ivf, "rb") as encoded:
            given = self._repeats.count(False)
            if (written := sum(1 for _ in _packets(encoded))) != given:
                if shutil.disk_usage(self._ivf.parent).free < ENOUGH:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                raise MangastyleError(f"{self.path}: only {written} of {counted(given, 'frame')} could be written (is the disk full?)")
            frames = _packets(encoded)
            packets = (Packet(REPEATED if repeats else next(frames), time) for repeats, time in zip(self._repeats, times))
            with open(self._target, "wb") as file:
                write_webm(file, packets, (self.height, self.width), times[-1], self.rate if self.steady else None)


def write_webm(file: BinaryIO, packets: Iterator[Packet], size: tuple[int, int], end: int, rate: Fraction | None = None) -> None:
    """Write VP9 frames to a WebM file (RFC 9559).

    Parameters
    ----------
    file : binary file
        Open for writing, at its start.
    packets : iterator of Packet
        Frames of even sides, in the order of their times.
    size : (int, int)
        Height and width of what is shown of them, in pixels.
    end : int
        When the last frame ends, in milliseconds.
    rate : Fraction, optional
        Frames per second, where that is the same throughout.
    """
    file.write(ebml.element(ebml.EBML, _doc_type()))
    file.write(ebml.SEGMENT.to_bytes(4, "big") + ebml.size_of(0, ROOM))
    start = file.tell()
    info = ebml.element(
        ebml.INFO,
        ebml.element(ebml.TIMESTAMP_SCALE, SCALE)
        + ebml.element(ebml.DURATION, float(end))
        + ebml.element(ebml.MUXING_APP, b"mangastyle")
        + ebml.element(ebml.WRITING_APP, b"mangastyle"),
    )
    tracks = ebml.element(ebml.TRACKS, _track(size, rate))
    seek_size = len(_seek_head([0, 0, 0]))
    places = [seek_size, seek_size + len(info)]
    file.write(_seek_head([*places, 0]) + info + tracks)
    cues: list[bytes] = []
    for begin, key, cluster in _clusters(packets):
        if key:
            cues.append(_cue(begin, file.tell() - start))
        file.write(cluster)
    places.append(file.tell() - start)
    file.write(ebml.element(ebml.CUES, b"".join(cues)))
    stop = file.tell()
    file.seek(start - ROOM)
    file.write(ebml.size_of(stop - start, ROOM))
    file.write(_seek_head(places))
    file.seek(stop)


def _doc_type() -> bytes:
    """What is within the first element: versions, and the kind of file."""
    values: Sequence[tuple[int, int | bytes]] = (
        (0x4286, 1), (0x42F7, 1), (0x42F2, 4), (0x42F3, 8), (ebml.DOC_TYPE, b"webm"), (0x4287, 4), (0x4285, 2)
    )  # fmt: skip
    return b"".join(ebml.element(code, value) for code, value in values)


def _seek_head(places: Sequence[int]) -> bytes:
    """Where the other elements are."""
    seeks = (
        ebml.element(ebml.SEEK, ebml.element(ebml.SEEK_ID, code) + ebml.element(ebml.SEEK_POSITION, place, ROOM))
        for code, place in zip((ebml.INFO, ebml.TRACKS, ebml.CUES), places)
    )
    return ebml.element(ebml.SEEK_HEAD, b"".join(seeks))


def _track(size: tuple[int, int], rate: Fraction | None) -> bytes:
    """The entry of the only track."""
    (height, width), element = size, ebml.element
    colour = element(ebml.MATRIX_COEFFICIENTS, REC_601) + element(ebml.RANGE, LIMITED)
    colour += element(ebml.TRANSFER_CHARACTERISTICS, SRGB) + element(ebml.PRIMARIES, REC_709)
    video = element(ebml.PIXEL_WIDTH, width + width % 2) + element(ebml.PIXEL_HEIGHT, height + height % 2)
    if width % 2:
        video += element(ebml.PIXEL_CROP_RIGHT, 1)
    if height % 2:
        video += element(ebml.PIXEL_CROP_BOTTOM, 1)
    entry = element(ebml.TRACK_NUMBER, 1) + element(ebml.TRACK_UID, 1) + element(ebml.TRACK_TYPE, 1) + element(ebml.FLAG_LACING, 0)
    entry += element(ebml.CODEC_ID, b"V_VP9")
    if rate:
        entry += element(ebml.DEFAULT_DURATION, round(10**9 / rate))
    return element(ebml.TRACK_ENTRY, entry + element(ebml.VIDEO, video + element(ebml.COLOUR, colour)))


def _clusters(packets: Iterator[Packet]) -> Iterator[tuple[int, bool, bytes]]:
    """Clusters of frames, with their times, and whether they begin with a frame that needs no other."""
    group: list[Packet] = []
    for packet in packets:
        past = packet.time - group[0].time if group else 0
        if group and (past > LONGEST or packet.key and past >= SHORTEST):
            yield group[0].time, group[0].key, _cluster(group)
            group = []
        group.append(packet)
    if group:
        yield group[0].time, group[0].key, _cluster(group)


def _cluster(group: Sequence[Packet]) -> bytes:
    begin = group[0].time
    heads = (struct.pack(">BhB", 0x81, packet.time - begin, 0x80 if packet.key else 0) for packet in group)  # of track 1
    blocks = (ebml.element(ebml.SIMPLE_BLOCK, head + packet.data) for head, packet in zip(heads, group))
    return ebml.element(ebml.CLUSTER, ebml.element(ebml.TIMESTAMP, begin) + b"".join(blocks))


def _cue(time: int, place: int) -> bytes:
    """A time that players can go to, and where its cluster is."""
    positions = ebml.element(ebml.CUE_TRACK, 1) + ebml.element(ebml.CUE_CLUSTER_POSITION, place)
    return ebml.element(ebml.CUE_POINT, ebml.element(ebml.CUE_TIME, time) + ebml.element(ebml.CUE_TRACK_POSITIONS, positions))


def _packets(file: BinaryIO) -> Iterator[bytes]:
    """The frames of an IVF file."""
    file.seek(IVF_HEAD)
    while len(head := file.read(IVF_FRAME)) == IVF_FRAME:
        size = struct.unpack("<I", head[:4])[0]
        if len(data := file.read(size)) < size:
            return
        yield data
