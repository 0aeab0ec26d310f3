"""What all archives share: which of their members are pictures, how large they may be, and how they are unpacked."""

from __future__ import annotations

import io
import lzma
import re
import struct
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Callable

import numpy as np
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.decoding import reader
from mangastyle.io.files import open_file
from mangastyle.io.formats import DECODERS, is_picture_name

# What the libraries raise for damaged archives; RuntimeError also for encrypted members and unknown compression.
DAMAGED = (
    OSError, EOFError, RuntimeError, ValueError, IndexError, OverflowError, MemoryError, struct.error,
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
)  # fmt: skip

IN_MEMORY = 4 * 2**20  # bytes; larger members wait in a temporary file until they are decoded
PIECE = 4096  # bytes that are unpacked at once; zipfile unpacks as many *packed* ones, up to 20,000 times as much, where it has bz2 or xz
# Passing over what is no picture takes time too: so much may unpack from any archive, and so many times its size from large ones.
UNPACKED = 4 * 2**30
RATIO = 100
LONGEST = 120  # characters of a member's name that messages show


@dataclass(frozen=True)
class Reader:
    """A picture that is decoded when it is called.

    Parameters
    ----------
    decode : callable
        Gives uint8 RGB (h, w, 3), or raises `MangastyleError`.
    pixels : callable
        How many pixels it will have.
    held : int
        The bytes that are kept for it, in memory or in a temporary file.
    """

    decode: Callable[[], np.ndarray]
    pixels: Callable[[], int]
    held: int = 0

    def __call__(self) -> np.ndarray:
        """The picture."""
        return self.decode()


def file_reader(path: Path, max_pixels: int) -> Reader:
    """The `Reader` of a picture file."""

    def pixels() -> int:
        with open_file(path) as file:
            return _pixels(file, max_pixels)

    return Reader(lambda: images.load(path, max_pixels).rgb, pixels)


def member_reader(stream: IO[bytes], size: int, name: str, max_pixels: int) -> Reader:
    """Unpack a member of an archive.

    Parameters
    ----------
    stream : binary file
        It unpacks.
    size : int
        How many bytes the archive says it has; no more are read.
    name : str
        What error messages call it.
    max_pixels : int
        The limit of its height times width.

    Returns
    -------
    Reader
        Of the picture.
    """
    file: BinaryIO = io.BytesIO() if size <= IN_MEMORY else tempfile.TemporaryFile()  # type: ignore[assignment]  # it is one on Windows too
    while piece := stream.read(min(PIECE, size - file.tell())):
        file.write(piece)

    def decode() -> np.ndarray:
        with file:
            return reader.read(file, name, max_pixels, images.MIN_SIDE)[0]

    return Reader(decode, lambda: _pixels(file, max_pixels), size)


def failing_reader(message: str) -> Reader:
    """The `Reader` of what cannot be read."""

    def read() -> np.ndarray:
        raise MangastyleError(message)

    return Reader(read, lambda: 1)


def check_unpacked(path: Path, unpacked: int) -> None:
    """Raise `MangastyleError` if an archive unpacks to so much that it must be a trap."""
    most = UNPACKED + RATIO * path.stat().st_size
    if unpacked > most:
        raise MangastyleError(f"{path}: unpacks to more than {most / 1e9:.1f} GB; unpack it yourself, and name the folder of its pictures")


def left_out(name: str) -> str | None:
    """What a file in an archive is counted as: empty for a picture, None for what is hidden and of no interest.

    Examples
    --------
    >>> left_out("a/b.JPG"), left_out("a/notes.txt"), left_out("a/README"), left_out("__MACOSX/a/._b.jpg")
    ('', '.txt', 'without suffix', None)
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if any(part == "__MACOSX" or part.startswith(".") and part.strip(".") for part in path.parts):
        return None
    if is_picture_name(path.name):
        return ""
    suffix = path.suffix.lower()
    return (suffix if re.fullmatch(r"\.\w{1,12}", suffix) else "with an odd suffix") if suffix else "without suffix"


def shown(name: str) -> str:
    r"""A member's name for people: in one line, not too long.

    Examples
    --------
    >>> shown("a\nb.png")
    'a\\nb.png'
    >>> len(shown("x" * 100_000))
    120
    """
    if len(name) > LONGEST:
        name = f"{name[: LONGEST // 2 - 3]}...{name[-LONGEST // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _pixels(file: BinaryIO, max_pixels: int) -> int:
    """How many pixels a picture will have, by its header; as many as it may have if that says nothing."""
    try:
        file.seek(0)
        with Image.open(file, formats=DECODERS) as image:
            return image.size[0] * image.size[1]
    except Exception:  # whatever is wrong, decoding it says so
        return max_pixels
