"""AVIF: its word on colors, which Pillow does not hand on."""

from __future__ import annotations

import struct
from typing import BinaryIO

from mangastyle.io.decoding import profiles

COLORS = b"colrnclx"  # the box that names the color space by numbers
MOST = 1 << 16  # bytes before the pixels


def profile(file: BinaryIO) -> bytes | None:
    """The ICC profile of the color space that a file names by numbers.

    Parameters
    ----------
    file : binary file
        The file.

    Returns
    -------
    bytes or None
        As from `profiles.by_numbers`; None where nothing is said, or an ICC profile is embedded.
    """
    place = file.tell()
    file.seek(0)
    head = file.read(MOST)
    file.seek(place)
    start = head.find(COLORS) + len(COLORS)
    if start < len(COLORS) or b"colrprof" in head or len(head) < start + 4:
        return None
    return profiles.by_numbers(*struct.unpack(">HH", head[start : start + 4]))
