"""The opacity of WebM clips: a second VP9 stream whose luma it is, of which each block of frames carries a piece beside its own."""

from __future__ import annotations

import contextlib
import struct
import tempfile
from pathlib import Path
from typing import BinaryIO, Iterator

from mangastyle.io.files import open_file
from mangastyle.video import ebml

OPACITY = b"\1"  # the number of what is added to blocks
SYNC, RGB, FULL_RANGE = b"\x49\x83\x42", 7, 0x10  # in the head of a frame that needs no other


def copy_stream(path: Path, copy: BinaryIO) -> int:
    """Copy the stream of opacity out of a WebM file, as an IVF file, of which decoders make gray pictures: white is opaque.

    Parameters
    ----------
    path : Path
        The WebM file.
    copy : binary file
        Where it is written to; it is left at its start.

    Returns
    -------
    int
        How many frames it has.
    """
    count = 0
    copy.write(struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"VP90", 16, 16, 25, 1, 0, 0))  # decoders take the size from the frames
    with open_file(path) as file:
        for piece in _pieces(file):
            copy.write(struct.pack("<IQ", len(piece), count) + _of_full_range(piece))
            count += 1
    copy.seek(0)
    return count


@contextlib.contextmanager
def stream(path: Path) -> Iterator[BinaryIO]:
    """The stream of opacity of a WebM file as an IVF file, which is gone afterwards."""
    with tempfile.TemporaryFile() as copy:
        copy_stream(path, copy)
        yield copy


def _of_full_range(piece: bytes) -> bytes:
    """A frame that says that its luma has the full range, 0 to 255, as opacity has (VP9 bitstream specification, 7.2.2)."""
    if piece[0] & 0b1100 == 0 and piece[1:4] == SYNC and piece[4] >> 5 != RGB:
        return piece[:4] + bytes([piece[4] | FULL_RANGE]) + piece[5:]
    return piece


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """What is added to the blocks of a file, in their order."""
    size = file.seek(0, 2)
    for segment in _within(file, ebml.Element(0, 0, size), ebml.SEGMENT):
        for cluster in _within(file, segment._replace(stop=min(segment.stop, size)), ebml.CLUSTER):
            for group in _within(file, cluster, ebml.BLOCK_GROUP):
                for additions in _within(file, group, ebml.BLOCK_ADDITIONS):
                    for more in _within(file, additions, ebml.BLOCK_MORE):
                        found = {place.code: ebml.read(file, place) for place in ebml.elements(file, more.start, more.stop)}
                        piece = found.get(ebml.BLOCK_ADDITIONAL, b"")
                        if found.get(ebml.BLOCK_ADD_ID, OPACITY) == OPACITY and len(piece) > len(SYNC) + 1:
                            yield piece


def _within(file: BinaryIO, place: ebml.Element, code: int) -> Iterator[ebml.Element]:
    """The elements of one kind within another element."""
    return (inner for inner in ebml.elements(file, place.start, place.stop) if inner.code == code)
