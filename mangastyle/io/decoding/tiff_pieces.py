"""TIFF: pixels are stored in strips or tiles; those that are missing, or hold too few rows, which decoders leave black, are found."""

from __future__ import annotations

import contextlib
import functools
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin

from mangastyle.io.decoding import jpeg
from mangastyle.io.decoding.opened import Part, damaged, spliced
from mangastyle.io.decoding.tiff_tags import Tags, number

NONE, FAX4, OLD_JPEG, NEW_JPEG = 1, 4, 6, 7  # Compression
TAIL = 64  # bytes
END_OF_FAX = np.unpackbits(np.frombuffer(b"\0\x10\x01", np.uint8))
# Rows in the code of faxes: the first begins with a black pixel (horizontal mode, 0 white and 1 black), the others are as that above.
MORE_ROWS = np.array([0, 0, 1, *(0, 0, 1, 1, 0, 1, 0, 1), *(0, 1, 0), *[1] * 8000], np.uint8)


def check(file: BinaryIO, tags: Tags, found: Any, name: str) -> None:
    """Refuse a TIFF file that lacks strips or tiles.

    Parameters
    ----------
    file : binary file
        The file.
    tags : Tags
        What its tags say.
    found : mapping
        The tags themselves.
    name : str
        What error messages call it.

    Raises
    ------
    MangastyleError
        If pixels are missing.
    """
    if tags.compression == OLD_JPEG:  # whose strips are often wrong, and not needed
        return
    size = file.seek(0, 2)
    tiled = 322 in found or 323 in found
    width, height = (number(found, 322, tags.width), number(found, 323, tags.height)) if tiled else (tags.width, _rows(tags, found))
    if width < 1 or height < 1:
        raise damaged(name, "its tiles or strips have no size")
    down = -(-tags.height // height)
    count = -(-tags.width // width) * down * (tags.samples if tags.planar else 1)
    starts, lengths = (_all(found, tag) for tag in ((324, 325) if tiled else (273, 279)))
    if tags.compression == NONE and not lengths:
        lengths = (0,) * count  # unknown
    what = "tiles" if tiled else "strips"
    if (there := min(len(starts), len(lengths))) < count:
        raise damaged(name, f"it has {there} of its {count} {what}; pixels are missing")
    row = -(-width * tags.bits * (1 if tags.planar else tags.samples) // 8)
    for i, (start, length) in enumerate(zip(starts[:count], lengths)):
        last = not tiled and i % down == down - 1
        rows = tags.height - (down - 1) * height if last else height
        if tags.compression == NONE:
            missing = 0 < length < rows * row or start + rows * row > size
        else:
            missing = not length or start + length > size
        if tags.compression == NEW_JPEG and not missing:
            missing = not jpeg.is_whole(file, start, start + length, 1 if tags.planar else rows)  # planes may be reduced
        if missing or not start:
            raise damaged(name, f"one of its {what} is cut off or missing, and with it pixels")


def check_fax(file: BinaryIO, tags: Tags, found: Any, image: Image.Image, name: str) -> None:
    """Refuse a picture packed as a fax (Group 4) with strips that have too few rows.

    It is decoded again with more rows behind those of each strip: all rows that are in the file stay what they are.

    Parameters
    ----------
    file : binary file
        The file.
    tags : Tags
        What its tags say.
    found : mapping
        The tags themselves.
    image : Image
        It, decoded by Pillow.
    name : str
        What error messages call it.

    Raises
    ------
    MangastyleError
        If pixels are missing.
    """
    if tags.compression != FAX4 or 324 in found:
        return
    order = "little" if number(found, 266, 1) == 2 else "big"
    parts: list[Part] = []
    starts, place = [], 0
    for start, length in zip(_all(found, 273), _all(found, 279)):
        tail = max(start, start + length - TAIL)
        file.seek(tail)
        bits = np.unpackbits(np.frombuffer(file.read(start + length - tail), np.uint8), bitorder=order)
        end = int(bits.nonzero()[0].max(initial=-1)) + 1
        if np.array_equal(bits[max(0, end - len(END_OF_FAX)) : end], END_OF_FAX):
            bits = bits[: end - len(END_OF_FAX)]
        more = np.packbits(np.concatenate([bits, MORE_ROWS]), bitorder=order).tobytes()
        parts += [(start, tail), more]
        starts.append(place)
        place += tail - start + len(more)
    directory = TiffImagePlugin.ImageFileDirectory_v2(prefix=found.prefix)
    for tag in found:
        directory[tag] = found[tag]
    directory[273] = tuple(starts)  # Pillow adds where the directory ends
    directory[279] = tuple(end - start for start, end in zip(starts, [*starts[1:], place]))
    head = b"II*\0\x08\0\0\0" if found.prefix == b"II" else b"MM\0*\0\0\0\x08"
    other = Image.open(spliced(file, [head, directory.tobytes(8), *parts]), formats=("TIFF",))
    try:
        same = image.tobytes() == other.tobytes()
    except OSError:  # the decoder did read on
        same = False
    if not same:
        raise damaged(name, "one of its strips is cut off, and with it pixels")


@functools.cache
def silence_libtiff() -> None:
    """Let libtiff, which Pillow decodes with, not write lines of its own to standard error; what they are about raises errors anyway.

    Where it is part of Pillow and hides its functions, nothing is changed.
    """
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        library = ctypes.CDLL(Image.core.__file__)
        for handler in (library.TIFFSetErrorHandler, library.TIFFSetWarningHandler):
            handler.argtypes, handler.restype = (ctypes.c_void_p,), ctypes.c_void_p
            handler(None)


def _rows(tags: Tags, found: Any) -> int:
    """Rows of a strip; as many as there are, if all are in one."""
    return min(number(found, 278, tags.height), tags.height)


def _all(found: Any, tag: int) -> tuple[int, ...]:
    values = found.get(tag, ())
    return values if isinstance(values, tuple) else (values,)
