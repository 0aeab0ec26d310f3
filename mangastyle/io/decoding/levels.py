"""Numbers of other kinds as 8-bit levels."""

from __future__ import annotations

import sys
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageFile

from mangastyle.errors import MangastyleError
from mangastyle.io.strips import strips


def from_uint16(numbers: np.ndarray) -> np.ndarray:
    """16-bit levels as 8-bit ones, rounded.

    Examples
    --------
    >>> from_uint16(np.uint16([0, 128, 129, 65535])).tolist()
    [0, 0, 1, 255]
    """
    levels = np.empty(numbers.shape, np.uint8)
    for rows in strips(len(numbers), numbers[0].size):
        levels[rows] = (numbers[rows].astype(np.uint32) * 255 + 32767) // 65535
    return levels


def from_float(numbers: np.ndarray, name: str) -> np.ndarray:
    """Floating-point levels as 8-bit ones, where it is known which number is white.

    1 is, if none is larger. Whole numbers are levels that somebody stored as floating-point numbers: 255 is white, or 65535 if a number
    is larger than that. Anything else, such as light of any strength (HDR), would be a guess.

    Parameters
    ----------
    numbers : ndarray of float
    name : str
        What error messages call the file.

    Returns
    -------
    ndarray of uint8

    Raises
    ------
    MangastyleError
        If white is not known, or numbers are negative or not finite.

    Examples
    --------
    >>> from_float(np.float32([[0, 0.5, 1]]), "a.tif").tolist()
    [[0, 128, 255]]
    >>> from_float(np.float32([[0, 12, 255]]), "a.tif").tolist()
    [[0, 12, 255]]
    >>> from_float(np.float32([[0, 0.5, 3.5]]), "a.tif")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: a.tif: floating-point numbers from 0 to 3.5 have no known white; scale them to 0..1
    """
    least, most = float(numbers.min()), float(numbers.max())
    parts = list(strips(len(numbers), numbers[0].size))
    white = 1.0 if most <= 1 else 255.0 if most <= 255 else 65535.0
    whole = most <= 1 or most <= 65535 and all((numbers[rows] % 1 == 0).all() for rows in parts)
    if not (least >= 0 and whole):
        raise MangastyleError(f"{name}: floating-point numbers from {least:g} to {most:g} have no known white; scale them to 0..1")
    levels = np.empty(numbers.shape, np.uint8)
    for rows in parts:
        levels[rows] = numbers[rows].astype(np.float32) * np.float32(255 / white) + np.float32(0.5)
    return levels


def low_bytes(file: BinaryIO, form: str) -> Image.Image:
    """The lower bytes of 16-bit RGB and RGBA, of which Pillow keeps the upper ones.

    Parameters
    ----------
    file : binary file
        The file.
    form : str
        Pillow's name of its format.

    Returns
    -------
    Image
        Of the same size and mode.
    """
    file.seek(0)
    image = Image.open(file, formats=(form,))
    swap = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
    for i, (codec, extents, offset, args) in enumerate(image.tile):
        whole: tuple[Any, ...] = args if isinstance(args, tuple) else (args,)
        other = f"{whole[0][:-1]}{swap[whole[0][-1]]}"  # the raw mode, such as RGB;16B, with the bytes in the other order
        image.tile[i] = ImageFile._Tile(codec, extents, offset, (other, *whole[1:]) if isinstance(args, tuple) else other)
    image.load()
    return image


def join_bytes(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """16-bit numbers of their bytes.

    Examples
    --------
    >>> join_bytes(np.uint8([1]), np.uint8([2])).tolist()
    [258]
    """
    return high * np.uint16(256) + low
