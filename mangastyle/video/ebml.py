"""EBML, the binary language of WebM and Matroska files (RFC 8794; the elements: RFC 9559): reading and writing its elements."""

from __future__ import annotations

import struct
from typing import BinaryIO, Iterator, NamedTuple

# Elements, by their names in RFC 9559.
EBML, DOC_TYPE, SEGMENT, SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x1A45DFA3, 0x4282, 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
INFO, TIMESTAMP_SCALE, DURATION, MUXING_APP, WRITING_APP = 0x1549A966, 0x2AD7B1, 0x4489, 0x4D80, 0x5741
TRACKS, TRACK_ENTRY, TRACK_NUMBER, TRACK_UID, TRACK_TYPE, FLAG_LACING = 0x1654AE6B, 0xAE, 0xD7, 0x73C5, 0x83, 0x9C
CODEC_ID, DEFAULT_DURATION, MAX_BLOCK_ADDITION_ID, VIDEO, ALPHA_MODE = 0x86, 0x23E383, 0x55EE, 0xE0, 0x53C0
PIXEL_WIDTH, PIXEL_HEIGHT, PIXEL_CROP_BOTTOM, PIXEL_CROP_RIGHT, COLOUR, COLOUR_SPACE = 0xB0, 0xBA, 0x54AA, 0x54DD, 0x55B0, 0x2EB524
MATRIX_COEFFICIENTS, RANGE, TRANSFER_CHARACTERISTICS, PRIMARIES = 0x55B1, 0x55B9, 0x55BA, 0x55BB
CLUSTER, TIMESTAMP, SIMPLE_BLOCK, BLOCK_GROUP, BLOCK, BLOCK_DURATION, REFERENCE_BLOCK = 0x1F43B675, 0xE7, 0xA3, 0xA0, 0xA1, 0x9B, 0xFB
BLOCK_ADDITIONS, BLOCK_MORE, BLOCK_ADD_ID, BLOCK_ADDITIONAL = 0x75A1, 0xA6, 0xEE, 0xA5
CUES, CUE_POINT, CUE_TIME, CUE_TRACK_POSITIONS, CUE_TRACK, CUE_CLUSTER_POSITION = 0x1C53BB6B, 0xBB, 0xB3, 0xB7, 0xF7, 0xF1


class Element(NamedTuple):
    """An element's place in a file.

    Attributes
    ----------
    code : int
        Which element it is.
    start, stop : int
        Where its content begins and ends. One of unknown size ends with what it is in.
    """

    code: int
    start: int
    stop: int


def elements(file: BinaryIO, start: int, stop: int) -> Iterator[Element]:
    """The elements between two places of a file; damage ends them.

    Parameters
    ----------
    file : binary file
    start, stop : int
        Where the first begins, and where the last ends.

    Yields
    ------
    Element
        Its `stop` may lie behind the end of a file that was cut off.

    Examples
    --------
    >>> import io
    >>> data = element(TRACK_ENTRY, element(TRACK_TYPE, 1) + element(CODEC_ID, b"V_VP9"))
    >>> (entry,) = elements(io.BytesIO(data), 0, len(data))
    >>> [read(io.BytesIO(data), inner) for inner in elements(io.BytesIO(data), *entry[1:])]
    [b'\\x01', b'V_VP9']
    """
    while start < stop:
        file.seek(start)
        head = file.read(12)
        width = _width(head, 4)
        size_width = _width(head[width:], 8) if width else 0
        if not size_width or len(head) < width + size_width:
            return
        code = int.from_bytes(head[:width], "big")
        size = int.from_bytes(head[width : width + size_width], "big") & (1 << 7 * size_width) - 1
        begin = start + width + size_width
        start = stop if size == (1 << 7 * size_width) - 1 else begin + size
        yield Element(code, begin, start)


def read(file: BinaryIO, place: Element, most: int = 1 << 26) -> bytes:
    """An element's content; at most so many bytes of it."""
    file.seek(place.start)
    return file.read(min(place.stop - place.start, most))


def real(data: bytes) -> float:
    """What an element with a fraction holds.

    Examples
    --------
    >>> real(element(DURATION, 1.5)[3:])
    1.5
    """
    return struct.unpack(">f" if len(data) == 4 else ">d", data)[0] if len(data) in (4, 8) else 0.0


def element(code: int, content: bytes | int | float, width: int = 0) -> bytes:
    """An element as it is written.

    Parameters
    ----------
    code : int
        Which it is.
    content : bytes, int or float
        A whole number takes as few bytes as it needs, a fraction eight.
    width : int
        Bytes of a whole number, where it is to be mended later.

    Returns
    -------
    bytes

    Examples
    --------
    >>> element(TRACK_TYPE, 1).hex(), element(TRACK_TYPE, 1, 4).hex()
    ('838101', '838400000001')
    """
    if isinstance(content, float):
        content = struct.pack(">d", content)
    elif isinstance(content, int):
        content = content.to_bytes(width or max(1, (content.bit_length() + 7) // 8), "big")
    return code.to_bytes((code.bit_length() + 7) // 8, "big") + size_of(len(content)) + content


def size_of(size: int, width: int = 0) -> bytes:
    """An element's size as it is written, in as few bytes as it needs or in `width` bytes.

    Examples
    --------
    >>> size_of(5).hex(), size_of(127).hex(), size_of(5, 8).hex()
    ('85', '407f', '0100000000000005')
    """
    width = width or next(n for n in range(1, 9) if size < (1 << 7 * n) - 1)
    return (size | 1 << 7 * width).to_bytes(width, "big")


def _width(head: bytes, most: int) -> int:
    """How many bytes a code or a size takes, by its first one; 0 if that is none."""
    width = 9 - head[0].bit_length() if head else 0
    return width if width <= most else 0
