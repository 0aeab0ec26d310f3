"""Hint files and palettes of the commands `shade` and `run`. No TensorFlow: they are checked before it loads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence

import numpy as np

from mangastyle.cli.by_picture import ByPicture
from mangastyle.cli.sized import Sized, read_early
from mangastyle.errors import MangastyleError, near
from mangastyle.io import images
from mangastyle.io.files import read_json
from mangastyle.io.formats import is_picture_name
from mangastyle.shade.hints import Hint, Palette, palette

BY_NAME = ("own", "none", "simulated")  # values of --hint that are no files
STROKES = ".json"


class StrokesFile:
    """A JSON file of points and lines; read at once, drawn for each picture. A `HintSource`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        read_json(path)  # what is no JSON is found at once

    def draw(self, size: tuple[int, int]) -> Hint:
        """The hint for a picture of a size (height, width); `MangastyleError` if the strokes do not suit it."""
        return Hint.from_json(self.path, size)

    def __call__(self, picture: np.ndarray, /) -> Hint:
        return self.draw(picture.shape[:2])


class PictureFile(Sized[Hint]):
    """A hint painted on a copy of the picture's size. A `HintSource`."""

    def __call__(self, picture: np.ndarray, /) -> Hint:
        return self.of((picture.shape[0], picture.shape[1]))


HintFile = StrokesFile | PictureFile


def read_hints(name: str, inputs: str, max_pixels: int) -> ByPicture[HintFile] | None:
    """Read what the option --hint names.

    Parameters
    ----------
    name : str
        A picture, strokes on a transparent ground, a JSON file, a folder of these, or one of `BY_NAME`.
    inputs : str
        The picture or folder that is to be colored; for a single picture, the hint is checked against it.
    max_pixels : int
        Limit of all files.

    Returns
    -------
    ByPicture or None
        Gives the file of the hint for each picture, which is a `HintSource`; None for the values `BY_NAME`.

    Raises
    ------
    MangastyleError
        If the file is missing or damaged, or does not suit the picture.
    """
    if name in BY_NAME:
        return None
    if not name:
        raise MangastyleError(f"`hint`: is empty; it takes {', '.join(BY_NAME)}, a file or a folder of files")
    path = Path(name)
    if not path.exists():
        known = ", ".join(BY_NAME)
        raise MangastyleError(f"{path}: no such hint file{near(name, BY_NAME)}; `hint` takes {known}, a file or a folder of files")

    def read(file: Path) -> HintFile:
        return StrokesFile(file) if file.suffix.lower() == STROKES else PictureFile(file, max_pixels, _decode, _compare)

    hints = ByPicture(name, inputs, read, "hint", [STROKES])
    if (size := read_early(hints, inputs, max_pixels)) and isinstance(found := hints.get(Path(inputs)), StrokesFile):
        found.draw(size)
    return hints


def check_hints(hints: ByPicture[HintFile] | None, pictures: Sequence[Path]) -> None:
    """Say how many pictures have no hint in the folder of hints; `MangastyleError` if none has one."""
    if hints:
        hints.check(pictures, "be colored without one")


def read_palette(entries: tuple[str, ...], max_pixels: int) -> Palette | None:
    """Read the palette that the option --palette names.

    Parameters
    ----------
    entries : tuple of str
        Colors and picture files. What is a color's name is that color, even if there is a file of the name.
    max_pixels : int
        Limit of each file.

    Returns
    -------
    Palette or None
        None without entries.

    Raises
    ------
    MangastyleError
        For an entry that is neither, or a file that cannot be read.
    """
    loaded = [images.load(entry, max_pixels).rgb if _is_file(entry) else entry for entry in entries]
    return palette(*loaded) if loaded else None


def _is_file(entry: str) -> bool:
    """Whether an entry of a palette is a picture file, by its name or because it exists."""
    if is_picture_name(entry):
        return True
    try:
        palette(entry)
        return False
    except MangastyleError:
        return os.path.exists(entry)


def _decode(path: Path, max_pixels: int) -> Hint:
    return Hint.from_picture(images.load(path, max_pixels))


def _compare(path: Path, own: tuple[int, int], picture: tuple[int, int]) -> None:
    if own != picture:
        came, wanted = (f"{width}x{height}" for height, width in (own, picture))
        raise MangastyleError(f"{path}: the hint is {came} but the picture is {wanted}; paint it on a copy of the picture's size")
