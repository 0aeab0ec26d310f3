"""The tags of a TIFF file, and what they say about its pixels."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO, NamedTuple

from PIL import TiffImagePlugin

from mangastyle.errors import MangastyleError
from mangastyle.io.decoding.opened import damaged, spliced

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}  # bytes, by type
# Tags that pixels and their colors depend on; 34675 is the ICC profile.
NEEDED = {256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 332, 338, 339, 347}
NEEDED |= {*range(512, 522), 529, 530, 531, 532, 34675}
UNSIGNED, SIGNED, FLOAT, VOID = 1, 2, 3, 4  # SampleFormat
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR, LAB, ICC_LAB = 0, 1, 2, 3, 5, 6, 8, 9  # PhotometricInterpretation
CHANNELS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, INKS: 4, YCBCR: 3, LAB: 3, ICC_LAB: 3}
JPEG = (6, 7)  # Compression
PREMULTIPLIED, OPACITY = 1, 2  # ExtraSamples


class Tags(NamedTuple):
    """What the tags of a TIFF's first picture say.

    Attributes
    ----------
    width, height : int
        In pixels, as stored.
    photometric, compression, format, bits : int
        PhotometricInterpretation, Compression, SampleFormat and BitsPerSample.
    samples, extra : int
        How many a pixel has; what the one behind its colors is (ExtraSamples), -1 if there is none.
    planar : bool
        Whether each channel is stored by itself.
    """

    width: int
    height: int
    photometric: int
    compression: int
    format: int
    bits: int
    samples: int
    extra: int
    planar: bool


def read_tags(file: BinaryIO, size: int, name: str) -> tuple[TiffImagePlugin.ImageFileDirectory_v2, BinaryIO]:
    """The tags of the first picture of a TIFF file, and the file without those that do not matter.

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
    tags : ImageFileDirectory_v2
        Pillow's mapping of the tags that matter.
    file : binary file
        With these tags alone; others may be damaged. The file itself if there are no others.

    Raises
    ------
    MangastyleError
        If they are damaged.
    """
    file.seek(0)
    header = file.read(8)
    order = "<" if header.startswith(b"II") else ">"
    big = struct.unpack(order + "H", header[2:4])[0] == 43
    header += file.read(8) if big else b""
    place = struct.unpack(order + ("Q" if big else "L"), header[-8 if big else -4 :])[0]
    if not len(header) <= place < size:
        raise damaged(name, "its directory is missing")
    file.seek(place)
    count = struct.unpack(order + ("Q" if big else "H"), file.read(8 if big else 2))[0]
    length = 20 if big else 12
    entries = file.read(length * min(count, 1 << 16))
    claimed = sum(
        TYPE_SIZES.get(kind, 1) * values for _, kind, values in struct.iter_unpack(order + ("HHQ8x" if big else "HHL4x"),
        entries[: len(entries) // length * length])
    )  # fmt: skip
    if len(entries) < length * count or claimed > size + length * count:
        raise damaged(name, "its directory speaks of more than the file holds")
    kept = [entry for (entry,) in struct.iter_unpack(f"{length}s", entries) if struct.unpack(order + "H", entry[:2])[0] in NEEDED]
    if len(kept) < count:
        directory = struct.pack(order + ("Q" if big else "H"), len(kept)) + b"".join(kept) + b"\0" * 8
        place = size + size % 2
        start = header[: -8 if big else -4] + struct.pack(order + ("Q" if big else "L"), place)
        file = spliced(file, [start, (len(header), size), b"\0" * (size % 2), directory])
    tags = TiffImagePlugin.ImageFileDirectory_v2(header)
    file.seek(place)
    tags.load(file)
    return tags, file


def number(found: Any, tag: int, default: int) -> int:
    """The value of a tag that must be one whole number."""
    value = found.get(tag, default)
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) else default


def _all(found: Any, tag: int, default: int, count: int, name: str, what: str) -> int:
    """The value of a tag that has one for each sample, which must be all the same."""
    values = found.get(tag, (default,))
    values = set((values if isinstance(values, tuple) else (values,))[:count])
    if len(values) != 1:
        raise MangastyleError(f"{name}: a TIFF whose channels differ in {what} cannot be read; save it with 8 bits a channel")
    return values.pop()


def meaning(found: Any, name: str) -> Tags:
    """What the tags say.

    Parameters
    ----------
    found : ImageFileDirectory_v2
        The tags, as from `read_tags`.
    name : str
        What error messages call the file.

    Returns
    -------
    Tags

    Raises
    ------
    MangastyleError
        If there is no size, or if channels differ.
    """
    width, height, compression = (number(found, tag, default) for tag, default in ((256, 0), (257, 0), (259, 1)))
    if width <= 0 or height <= 0:
        raise damaged(name, "it does not tell its size")
    photometric = YCBCR if compression == 6 else number(found, 262, WHITE_IS_ZERO)
    samples = number(found, 277, 3 if compression in JPEG and photometric in (RGB, YCBCR) else 1)
    bits = _all(found, 258, 1, samples, name, "depth")
    form = _all(found, 339, UNSIGNED, samples, name, "their kind of numbers")
    surplus = samples - CHANNELS.get(photometric, samples)
    extra = found.get(338, ())
    extra = extra if isinstance(extra, tuple) else (extra,)
    kind = extra[0] if surplus > 0 and extra else OPACITY if surplus == 1 and photometric == RGB else 0 if surplus > 0 else -1
    planar = number(found, 284, 1) == 2 and samples > 1
    return Tags(width, height, photometric, compression, UNSIGNED if form == VOID else form, bits, samples, kind, planar)
