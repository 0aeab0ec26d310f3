"""Hint files and palettes of the commands `shade` and `run`. No TensorFlow: they are checked before it loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.files import read_json
from mangastyle.shade.hints import Hint, HintSource, Palette, palette

BY_NAME = ("none", "simulated")  # values of --hint that are no files


def read_hint(name: str, inputs: str, max_pixels: int) -> HintSource | None:
    """Read the hint file that the option --hint names.

    Parameters
    ----------
    name : str
        A picture, strokes on a transparent ground, a JSON file, or one of `BY_NAME`.
    inputs : str
        The picture or folder that is to be colored; for a single picture, the hint is checked against it.
    max_pixels : int
        Limit of both files.

    Returns
    -------
    HintSource or None
        Gives the hint for each picture; None for the values `BY_NAME`.

    Raises
    ------
    MangastyleError
        If the file is missing or damaged, or does not suit the picture.
    """
    if name in BY_NAME:
        return None
    path = Path(name)
    if not path.is_file():
        raise MangastyleError(f"{path}: no such hint file; `hint` takes {', '.join(BY_NAME)} or a file")
    source = _strokes(path) if path.suffix.lower() == ".json" else _picture(path, max_pixels)
    if Path(inputs).is_file():
        source(images.load(inputs, max_pixels).rgb)
    return source


def read_palette(entries: tuple[str, ...], max_pixels: int) -> Palette | None:
    """Read the palette that the option --palette names.

    Parameters
    ----------
    entries : tuple of str
        Colors and picture files.
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
    loaded = [images.load(entry, max_pixels).rgb if Path(entry).suffix.lower() in images.SUFFIXES else entry for entry in entries]
    return palette(*loaded) if loaded else None


def _strokes(path: Path) -> HintSource:
    read_json(path)

    def source(picture: np.ndarray, /) -> Hint:
        return Hint.from_json(path, picture.shape)

    return source


def _picture(path: Path, max_pixels: int) -> HintSource:
    hint = Hint.from_picture(images.load(path, max_pixels))

    def source(picture: np.ndarray, /) -> Hint:
        if hint.rgb.shape != picture.shape:
            came, wanted = ("x".join(map(str, rgb.shape[1::-1])) for rgb in (hint.rgb, picture))
            raise MangastyleError(f"{path}: the hint is {came} but the picture is {wanted}; paint it on a copy of the picture's size")
        return hint

    return source
