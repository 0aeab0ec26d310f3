"""WebP: the pixels of the first picture, and what surrounds them aside."""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from mangastyle.io.decoding.opened import MOST_EXIF, Part, damaged, spliced
from mangastyle.io.decoding.profiles import MOST_PROFILE

HEADER = 12  # bytes: "RIFF", a length, "WEBP"
KEPT = 0x12  # flags of VP8X: opacity and animation; its other flags announce chunks that are left out
MOST_CHUNKS = 1000
PICTURES = (b"VP8 ", b"VP8L", b"ANMF")


class WebP(NamedTuple):
    """What of a WebP file matters.

    Attributes
    ----------
    file : binary file
        A WebP of the first picture and nothing else.
    width, height : int
        What the header declares, in pixels.
    profile, exif : bytes or None
        What the chunks ICCP and EXIF hold.
    """

    file: BinaryIO
    width: int
    height: int
    profile: bytes | None
    exif: bytes | None


def read_chunks(file: BinaryIO, size: int, name: str) -> WebP:
    """Find what matters in a WebP file.

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
    WebP

    Raises
    ------
    MangastyleError
        If it holds no pixels.
    """
    parts: list[Part] = []
    found: dict[bytes, bytes] = {}
    shape, place, seen = None, HEADER, False
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            break
        kind, length = struct.unpack("<4sI", head)
        end = min(place + 8 + length, size)
        if kind == b"VP8X" and not parts:
            data = file.read(10).ljust(10, b"\0")
            parts.append(head[:4] + struct.pack("<I", 10) + bytes([data[0] & KEPT]) + data[1:])
            shape = [int.from_bytes(data[i : i + 3], "little") + 1 for i in (4, 7)]
        elif kind in PICTURES and not seen:
            seen = True
            shape = shape or _shape(kind, file.read(10))
            parts += [(place, end), b"\0" * (length % 2)]
        elif kind in (b"ALPH", b"ANIM") and not seen:
            parts += [(place, end), b"\0" * (length % 2)]
        elif kind in LIMITS and length <= LIMITS[kind]:
            found.setdefault(kind, file.read(length))
        place = end + length % 2
    if not seen or not shape:
        raise damaged(name, "its pixels are missing")
    total = sum(len(part) if isinstance(part, bytes) else part[1] - part[0] for part in parts)
    start = b"RIFF" + struct.pack("<I", 4 + total) + b"WEBP"
    return WebP(spliced(file, [start, *parts]), shape[0], shape[1], found.get(b"ICCP"), found.get(b"EXIF"))


LIMITS = {b"ICCP": MOST_PROFILE, b"EXIF": MOST_EXIF}


def _shape(kind: bytes, data: bytes) -> list[int] | None:
    """Width and height, from the first bytes of a picture."""
    if kind == b"VP8 " and len(data) == 10:
        return [side & 0x3FFF for side in struct.unpack("<HH", data[6:])]
    if kind == b"VP8L" and len(data) == 10:
        bits = int.from_bytes(data[1:5], "little")
        return [(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1]
    return None
