"""JPEG: what surrounds its pixels does not matter; pixels that the decoder had to invent are found."""

from __future__ import annotations

import logging
import re
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from mangastyle.io.decoding.opened import Part, Spliced, damaged, spliced
from mangastyle.io.strips import strips

START, END, SCAN = b"\xff\xd8", b"\xff\xd9", 0xDA
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
BASELINE, PROGRESSIVE = (0xC0, 0xC1), 0xC2
# Segments that pixels depend on: tables (DHT, DAC, DQT, DNL, DRI, DHP, EXP), frames, and JFIF's and Adobe's word on the colors.
NEEDED = {*FRAMES, 0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xEE}
EXIF, PROFILE = 0xE1, 0xE2
BLOCK = 1 << 20
# What stands in for missing data, twice: nothing that a decoder takes for a marker. Pixels that depend on it are not in the file.
PADDING = tuple(np.random.default_rng(seed).integers(0, 255, 1 << 12, np.uint8).tobytes() for seed in (1, 2))
AHEAD = 16  # bytes; a decoder that has all pixels asks for up to 8 behind them

log = logging.getLogger("mangastyle")


class Jpeg(NamedTuple):
    """What of a JPEG file matters.

    Attributes
    ----------
    file : binary file
        A JPEG of the same pixels, which ends as it should.
    profile, exif : bytes or None
        The embedded ICC profile and EXIF data.
    ended : bool
        Whether the file itself says where the pixels end.
    complete : bool
        Whether there are scans for all channels, and for all precision of a progressive picture.
    single : bool
        Whether all is in one scan, whose pixels are decoded as they are read.
    parts : list
        What `file` is made of, but for the end.
    source : binary file
        What the parts are of.
    """

    file: BinaryIO
    profile: bytes | None
    exif: bytes | None
    ended: bool
    complete: bool
    single: bool
    parts: list[Part]
    source: BinaryIO


def read_segments(file: BinaryIO, size: int, name: str) -> Jpeg:
    """Find what matters in a JPEG file.

    Parameters
    ----------
    file : binary file
        The file.
    size : int
        Its length in bytes.
    name : str
        What error messages call it.

    Returns
    -------
    Jpeg

    Raises
    ------
    MangastyleError
        If it holds no pixels.
    """
    parts: list[Part] = [START]
    profiles: dict[int, bytes] = {}
    exif, scans, last_scan, ended, place = None, _Scans(), 0, False, 2
    while (marker := _next_marker(file, place)) is not None:
        place, kind = marker
        if kind in (0xD8, 0xD9):
            ended = kind == 0xD9
            break
        file.seek(place + 2)
        length = int.from_bytes(file.read(2), "big")
        end = min(place + 2 + max(2, length), size)
        if kind == SCAN:
            last_scan = last_scan or place
            scans.add(file.read(end - place - 4))
        elif not last_scan and kind in NEEDED:
            parts.append((place, end))
            if kind in FRAMES and not scans.frame:
                scans.frame, scans.channels = kind, file.read(6)[-1:]
        elif not last_scan and kind in (EXIF, PROFILE):
            data = file.read(end - place - 4)
            if kind == EXIF and data.startswith(b"Exif\0"):
                exif = exif or data
            elif kind == PROFILE and data.startswith(b"ICC_PROFILE\0"):
                profiles.setdefault(data[12] if len(data) > 12 else 0, data[14:])
        place = end
    else:
        place = size
    if not last_scan:
        raise damaged(name, "its pixels are missing")
    if not ended:
        place = _end_of_data(file, last_scan, place)
    parts.append((last_scan, place))
    profile = b"".join(profiles[number] for number in sorted(profiles)) if profiles else None
    return Jpeg(spliced(file, [*parts, END]), profile, exif, ended, scans.complete(), scans.single(), parts, file)


def load(jpeg: Jpeg, image: Image.Image, name: str) -> None:
    """Decode a picture, and refuse one whose pixels are not all in the file.

    Decoders fill in gray, or whatever, without a word. But from how far they read it is seen whether they had too few data. Where they
    had too many, something in between may be lost; that is a remark, for some cameras write more than they should.

    Parameters
    ----------
    jpeg : Jpeg
        The file.
    image : Image
        It, opened by Pillow, not decoded.
    name : str
        What error messages and remarks call it.

    Raises
    ------
    MangastyleError
        If pixels are missing.
    """
    if not jpeg.complete:
        raise damaged(name, "its end is missing, and with it the fine detail of its pixels")
    if not (jpeg.ended and jpeg.single):
        image.load()
        return _check_end(jpeg, image, name)
    start, end = jpeg.parts[-1]
    padding = [bytes([number]) for number in PADDING[0][:AHEAD]]  # each, as the last byte before, is read by itself
    watched = Spliced(jpeg.source, [*jpeg.parts[:-1], (start, end - 1), (end - 1, end), *padding, END])
    image.fp = watched  # type: ignore[attr-defined]  # of files
    image.load()
    if watched.place == watched.length:
        raise damaged(name, "its data end too early, and some of its pixels are missing")
    if watched.place < watched.length - len(END) - AHEAD and _end_of_data(jpeg.source, int(start), int(end)) > int(end) - AHEAD // 2:
        log.warning("%s: it holds more data than it has pixels; if a part of it is lost or in disorder, it was so in the file", name)
    return _check_end(jpeg, image, name)


def _check_end(jpeg: Jpeg, image: Image.Image, name: str) -> None:
    """Refuse a decoded picture whose last pixels are not in the file.

    Where the file lacks its end or the last pixel is the gray of a decoder that had no data, it is decoded again with other data behind
    its own: all pixels that are in the file stay what they are.
    """
    corner = image.crop((image.width - 1, image.height - 1, image.width, image.height)).convert("L").getpixel((0, 0))
    if jpeg.ended and not 126 <= corner <= 129:  # type: ignore[operator]  # one number in this mode
        return
    for padding in PADDING:
        other = Image.open(spliced(jpeg.source, [*jpeg.parts, padding, END]), formats=("JPEG",))
        other.load()
        for rows in strips(image.height, image.width):
            box = (0, rows.start, image.width, rows.stop)
            if image.crop(box).tobytes() != other.crop(box).tobytes():
                raise damaged(name, "it is cut off, and some of its pixels are missing")


def is_whole(file: BinaryIO, start: int, end: int, rows: int) -> bool:
    """Whether a JPEG inside of another file has a frame of at least so many rows, and ends as it should.

    Parameters
    ----------
    file : binary file
        The other file.
    start, end : int
        Where the JPEG is in it.
    rows : int
        The least height.

    Returns
    -------
    bool
    """
    file.seek(max(start, end - 64))
    if not file.read(min(64, end - start)).rstrip(b"\0").endswith(END):
        return False
    place = start + 2
    while (marker := _next_marker(file, place)) is not None and marker[0] < end and marker[1] != SCAN:
        place, kind = marker
        file.seek(place + 2)
        header = file.read(5)
        if kind in FRAMES:
            return int.from_bytes(header[3:], "big") >= rows
        place += 2 + max(2, int.from_bytes(header[:2], "big"))
    return False


class _Scans:
    """Which bits of which coefficients the scans of a picture hold."""

    def __init__(self) -> None:
        self.frame, self.channels, self.count, self.low = 0, b"", 0, {}

    def add(self, header: bytes) -> None:
        """Note a scan by its header: count of components, their numbers, first and last coefficient, lowest bit."""
        self.count += 1
        count = header[0] if header else 0
        if len(header) >= 2 * count + 4:
            first, last, bits = header[2 * count + 1 : 2 * count + 4]
            for component in header[1 : 2 * count + 1 : 2]:
                low = self.low.setdefault(component, [99] * 64)
                for i in range(first, min(last, 63) + 1):
                    low[i] = bits & 15

    def complete(self) -> bool:
        if self.low and len(self.low) < int.from_bytes(self.channels, "big"):
            return False
        return self.frame != PROGRESSIVE or all(not any(low) for low in self.low.values())

    def single(self) -> bool:
        return self.frame in BASELINE and self.count == 1


def _next_marker(file: BinaryIO, place: int) -> tuple[int, int] | None:
    """Where the next marker is and which, restart markers excepted; None if there is none."""
    while True:
        file.seek(place)
        block = file.read(BLOCK)
        if found := re.search(rb"\xff[\x01-\xcf\xd8-\xfe]", block):
            return place + found.start(), block[found.start() + 1]
        if len(block) < BLOCK:
            return None
        place += BLOCK - 1  # a marker may lie across blocks


def _end_of_data(file: BinaryIO, start: int, end: int) -> int:
    """Where the data of a file without an end end: zeros, as of a download that never came, and half a marker are none."""
    while end > start:
        first = max(start, end - BLOCK)
        file.seek(first)
        data = (block := file.read(end - first)).rstrip(b"\0")
        if data.endswith(b"\xff") and len(data) < len(block):
            return first + len(data) + 1  # the pair FF 00 is data
        if data := data.rstrip(b"\xff"):
            return first + len(data)
        end = first
    return end
