"""Files that must have their picture's size, hints and masks: sizes are compared before anything is decoded."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Callable, Generic, TypeVar

from mangastyle.cli.by_picture import ByPicture
from mangastyle.io import images

T = TypeVar("T")
Size = tuple[int, int]  # height and width


class Sized(Generic[T]):
    """A picture file of which only the header is read at first.

    Parameters
    ----------
    path : Path
        The file.
    max_pixels : int
        Its limit.
    decode : callable
        From the file and the limit to what it holds.
    compare : callable
        Gets the file, its size and that of the picture; raises `MangastyleError` if it does not fit.

    Raises
    ------
    MangastyleError
        If there is no such picture, or it is too large.
    """

    def __init__(self, path: Path, max_pixels: int, decode: Callable[[Path, int], T], compare: Callable[[Path, Size, Size], None]) -> None:
        self.path, self.size, self._compare = path, images.size_of(path, max_pixels), compare
        self._decode = functools.cache(lambda: decode(path, max_pixels))

    def decode(self) -> T:
        """What the file holds, decoded once; `MangastyleError` if it cannot be read."""
        return self._decode()

    def of(self, size: Size) -> T:
        """The same, for a picture of a size; `MangastyleError` if that is not the file's."""
        self._compare(self.path, self.size, size)
        return self.decode()


def read_early(given: ByPicture, inputs: str, max_pixels: int, min_side: int = images.MIN_SIDE) -> Size | None:
    """Before long work begins, decode what is the same for all pictures, and what belongs to a single one.

    Parameters
    ----------
    given : ByPicture
        What an option names: `Sized` files, or others.
    inputs : str
        The picture or folder of pictures.
    max_pixels, min_side : int
        The limits of the picture.

    Returns
    -------
    height, width : int, or None
        The size of a single picture, by its header.

    Raises
    ------
    MangastyleError
        If a file cannot be read, or is not of the single picture's size.
    """
    single = Path(inputs)
    if not single.is_file():
        if isinstance(given.shared, Sized):
            given.shared.decode()
        return None
    size = images.size_of(single, max_pixels, min_side)
    given.check([single], "")
    if isinstance(found := given.get(single), Sized):
        found.of(size)
    return size
