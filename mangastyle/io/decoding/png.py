"""PNG: its pixels are read whatever text, profiles and animation surround them, and whatever the checksums of those."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from mangastyle.io.decoding.levels import from_uint16, join_bytes, low_bytes
from mangastyle.io.decoding.opened import MOST_EXIF, Part, damaged, spliced
from mangastyle.io.decoding.profiles import MOST_PROFILE, by_numbers
from mangastyle.io.strips import strips

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"
MOST_CHUNKS = 1_000_000
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6  # color types
SAMPLES = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))  # left, top, steps: Adam7
BLOCK = 1 << 18  # bytes that are unpacked at once
UNLIKELY = {"1": 1, "L": 90, "P": 90, "LA": (90, 60), "RGB": (90, 195, 60), "RGBA": (90, 195, 60, 78), "I;16": 23130}  # colors, by mode


class Png(NamedTuple):
    """What of a PNG file matters.

    Attributes
    ----------
    file : binary file
        A PNG of the same pixels and nothing else.
    profile, exif : bytes or None
        What the chunks iCCP and eXIf hold.
    depth, color : int
        Bits of each sample, and the color type.
    key : bytes
        The chunk tRNS: the transparent color, or a palette's opacities; empty if there is none.
    interlaced : bool
        Whether its rows come in Adam7's order.
    """

    file: BinaryIO
    profile: bytes | None
    exif: bytes | None
    depth: int
    color: int
    key: bytes
    interlaced: bool


def read_chunks(file: BinaryIO, size: int, name: str) -> Png:
    """Find what matters in a PNG file.

    Of an animation, that is the picture which is shown where animations are not. What comes late (the profile, EXIF) is found, too;
    chunks that are not needed are stepped over, never unpacked. Checksums of the pixels' chunks are not looked at: the compressed
    pixels end with one of their own, which the decoder compares.

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
    Png

    Raises
    ------
    MangastyleError
        If its header is damaged, or there are no pixels.
    """
    found: dict[bytes, bytes] = {}
    pixels: list[Part] = []
    place = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8 or not head[4:].isalpha() or head[4:] == b"IEND":
            break
        length, kind = struct.unpack(">I4s", head)
        start, end = place + 8, place + 8 + length
        if kind == b"IDAT":
            if end > size:  # cut off: perhaps behind the last pixel
                pixels += [struct.pack(">I4s", size - start, kind), (start, size), b"\0\0\0\0"]
            else:
                last = pixels[-1] if pixels else b""
                if isinstance(last, tuple) and last[1] == place:
                    pixels[-1] = (last[0], end + 4)
                else:
                    pixels.append((place, end + 4))
        elif kind not in found and end <= size and length <= MOST[kind] if kind in MOST else False:
            found[kind] = file.read(length)
            if kind in (b"IHDR", b"PLTE") and zlib.crc32(kind + found[kind]) != int.from_bytes(file.read(4), "big"):
                raise damaged(name, f"its {'header' if kind == b'IHDR' else 'palette'} has a wrong checksum")
        place = end + 4
    else:
        raise damaged(name, f"it consists of over {MOST_CHUNKS} pieces")
    header = found.get(b"IHDR", b"")
    if len(header) != 13:
        raise damaged(name, "its header is missing")
    if not pixels:
        raise damaged(name, "its pixels are missing")
    if b"\0\0\0\0" in (header[:4], header[4:8]):
        raise damaged(name, "its header says that it has no pixels")
    depth, color = header[8:10]
    key = found.get(b"tRNS", b"")
    if len(key) < {GRAY: 2, RGB: 6, PALETTE: 1}.get(color, 1000):
        key = b""
    if (depth, color) == (16, GRAY_ALPHA):  # bytes for bytes the same as RGBA of 8 bits, which Pillow keeps whole
        header = header[:8] + bytes([8, RGBA]) + header[10:]
    parts: list[Part] = [SIGNATURE, _chunk(b"IHDR", header)]
    if color == PALETTE:
        colors = found.get(b"PLTE", b"")
        if len(colors) < 3:
            raise damaged(name, "its palette is missing")
        parts.append(_chunk(b"PLTE", colors))
        if key:
            parts.append(_chunk(b"tRNS", key))
    if len(found.get(b"cICP", b"")) == 4 and color in (RGB, PALETTE, RGBA):  # which goes before a profile
        profile = by_numbers(*found[b"cICP"][:2])
    else:
        profile = _unpacked(found[b"iCCP"]) if b"iCCP" in found else None
    return Png(spliced(file, [*parts, *pixels, END]), profile, found.get(b"eXIf"), depth, color, key, header[12] == 1)


# Chunks that matter, and their lengths.
MOST = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"cICP": 4, b"iCCP": MOST_PROFILE, b"eXIf": MOST_EXIF}


def load(png: Png, image: Image.Image, name: str) -> Image.Image:
    """Decode a picture, and refuse one that ends before its last row; a decoder leaves such rows as they are, without a word.

    The last row is another one before it is decoded. Only where it still is that afterwards, the rows are counted, which takes time.

    Parameters
    ----------
    png : Png
        The file.
    image : Image
        It, opened by Pillow, not decoded.
    name : str
        What error messages call it.

    Returns
    -------
    Image
        As from `finish`.

    Raises
    ------
    MangastyleError
        If rows are missing.
    """
    row = (0, image.height - 1, image.width, image.height)
    if not png.interlaced:
        image.load_prepare()  # type: ignore[attr-defined]  # of files
        image.im.paste(UNLIKELY[image.mode], row)
    image.load()
    unchanged = png.interlaced or image.crop(row).tobytes() == Image.new(image.mode, (image.width, 1), UNLIKELY[image.mode]).tobytes()
    if unchanged and _unpacks_to_less(png, _bytes_of_rows(png, *image.size)):
        raise damaged(name, "it ends before its last row, and pixels are missing")
    return finish(png, image)


def _bytes_of_rows(png: Png, width: int, height: int) -> int:
    """How many bytes the rows of a picture are, unpacked."""
    total, bits = 0, png.depth * SAMPLES[png.color]
    for left, top, across, down in PASSES if png.interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        total += rows * (1 + (columns * bits + 7) // 8) if columns > 0 else 0
    return total


def _unpacks_to_less(png: Png, wanted: int) -> bool:
    """Whether the compressed pixels are fewer bytes than wanted; they are unpacked in pieces, none of which is kept."""
    stream, place = zlib.decompressobj(), len(SIGNATURE)
    while wanted > 0:
        png.file.seek(place)
        length, kind = struct.unpack(">I4s", png.file.read(8))
        place += 12 + length
        if kind == b"IEND":
            return True
        while kind == b"IDAT" and length > 0 and wanted > 0:
            packed = png.file.read(min(length, BLOCK))
            length -= len(packed)
            while packed and wanted > 0:
                wanted -= len(stream.decompress(packed, BLOCK))
                packed = stream.unconsumed_tail
    return False


def finish(png: Png, image: Image.Image) -> Image.Image:
    """Round pixels of 16 bits, and make the file's single transparent color transparent.

    Parameters
    ----------
    png : Png
        The file.
    image : Image
        It, decoded by Pillow.

    Returns
    -------
    Image
        The picture with 8 bits a sample, but for gray of 16; opacity that its mode does not hold is ``info["opacity"]``, uint8 (h, w).
    """
    sixteen = png.depth == 16 and png.color != GRAY
    if png.color == PALETTE or not (png.key or sixteen):
        return image
    low = low_bytes(png.file, "PNG") if sixteen and png.color != GRAY_ALPHA else None
    rounded = Image.new("LA", image.size) if (png.color, sixteen) == (GRAY_ALPHA, True) else image
    key = np.frombuffer(png.key[: 6 if png.color == RGB else 2], ">u2") & (2**png.depth - 1)
    opacity = np.empty((image.height, image.width), np.uint8) if png.key else None
    for rows in strips(image.height, image.width):
        box = (0, rows.start, image.width, rows.stop)
        strip = np.asarray(image.crop(box))
        if low is not None:
            strip = join_bytes(strip, np.asarray(low.crop(box)))
        elif sixteen:  # gray and opacity, the upper and the lower bytes
            strip = join_bytes(strip[..., ::2], strip[..., 1::2])
        if opacity is not None:
            same = strip == (key if png.depth == 16 or png.color == RGB else key * (255 // (2**png.depth - 1)))
            opacity[rows] = np.where(same.all(-1) if png.color == RGB else same, 0, 255)
        if sixteen:
            rounded.paste(Image.fromarray(from_uint16(strip)), box)
    if opacity is not None:
        rounded.info["opacity"] = opacity
    return rounded


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _unpacked(chunk: bytes) -> bytes:
    """The profile in an iCCP chunk; empty, so that it is called damaged, if it cannot be unpacked or is too large."""
    try:
        packed, stream = chunk[chunk.index(b"\0") + 2 :], zlib.decompressobj()
        profile = stream.decompress(packed, MOST_PROFILE)
        return b"" if stream.unconsumed_tail else profile
    except (ValueError, zlib.error):
        return b""
