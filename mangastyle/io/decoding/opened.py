"""What every kind of file is turned into before its pixels are decoded."""

from __future__ import annotations

import bisect
import contextlib
import io
from typing import Any, BinaryIO, Callable, NamedTuple, Sequence

from PIL import ExifTags, Image

from mangastyle.errors import MangastyleError

MOST_EXIF = 1 << 20  # bytes; what is larger is no camera's

Part = bytes | tuple[int, int]  # bytes as they are, or from where to where in the file


class Opened(NamedTuple):
    """A picture whose header is known and whose pixels are not decoded yet.

    Attributes
    ----------
    width, height : int
        What the header declares, in pixels.
    load : callable
        Decodes the pixels.
    profile : bytes or None
        The embedded ICC profile.
    orientation : int
        How the picture is to be turned, 1 to 8 as EXIF has it.
    memory : float
        The most bytes that decoding takes for each pixel, where that is much.
    slow : bool
        Whether the decoder is written in Python.
    """

    width: int
    height: int
    load: Callable[[], Image.Image]
    profile: bytes | None = None
    orientation: int = 1
    memory: float = 0
    slow: bool = False


class Spliced(io.RawIOBase):
    """Parts of a file, and bytes between them, that read as one file; nothing is copied.

    Parameters
    ----------
    file : binary file
        Where the parts are.
    parts : sequence of bytes or (int, int)
        Bytes as they are, or from where to where in the file.

    Examples
    --------
    >>> Spliced(io.BytesIO(b"0123456789"), [(0, 3), b"--", (7, 9)]).read()
    b'012--78'
    """

    def __init__(self, file: BinaryIO, parts: Sequence[Part]) -> None:
        self.file, self.place, start = file, 0, 0
        self.parts: list[tuple[int, int, Part]] = []
        for part in parts:
            length = len(part) if isinstance(part, bytes) else part[1] - part[0]
            if length:
                self.parts.append((start, start + length, part))
                start += length
        self.length, self.current = start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self.place = max(0, offset + (0, self.place, self.length)[whence])
        return self.place

    def readinto(self, buffer: Any, /) -> int:  # a memoryview
        if self.place >= self.length:
            return 0
        if not self.parts[self.current][0] <= self.place < self.parts[self.current][1]:
            self.current = bisect.bisect_right(self.parts, self.place, key=lambda part: part[1])
        start, end, part = self.parts[self.current]
        count = min(len(buffer), end - self.place)
        if isinstance(part, bytes):
            buffer[:count] = part[self.place - start :][:count]
        else:
            self.file.seek(part[0] + self.place - start)
            data = self.file.read(count)
            count = len(data)
            buffer[:count] = data
        self.place += count
        return count


def spliced(file: BinaryIO, parts: Sequence[Part]) -> BinaryIO:
    """`Spliced`, buffered."""
    return io.BufferedReader(Spliced(file, parts), 1 << 16)  # type: ignore[return-value]


def orientation(exif: bytes | None) -> int:
    """How EXIF data say that a picture is to be turned.

    Parameters
    ----------
    exif : bytes or None
        The data.

    Returns
    -------
    int
        1 to 8; 1, upright, for none and for damaged ones.

    Examples
    --------
    >>> exif = Image.Exif()
    >>> exif[274] = 6
    >>> orientation(exif.tobytes()), orientation(b"garbage"), orientation(None)
    (6, 1, 1)
    """
    turn = 1
    with contextlib.suppress(Exception):  # damaged data raise anything
        if exif and len(exif) <= MOST_EXIF:
            tags = Image.Exif()
            tags.load(exif)
            turn = tags.get(ExifTags.Base.Orientation, 1)
    return turn if turn in range(1, 9) else 1


def damaged(name: str, what: str) -> MangastyleError:
    """The error for a file that promises a picture and does not hold it."""
    return MangastyleError(f"{name}: damaged ({what}); download or save it again")
