"""Files that belong to frames of a clip: strokes and colored frames of the command `video`. No TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Sequence

import numpy as np

from mangastyle.cli import hint_files
from mangastyle.cli.reference_files import read_reference
from mangastyle.errors import MangastyleError
from mangastyle.shade.hints import Hint

NUMBERED = re.compile(r"(\d{1,9})=(.+)")


def numbered(name: str) -> tuple[int | None, str]:
    """The number of the frame that a file belongs to, None if it is not said, and the file's name.

    Examples
    --------
    >>> numbered("15=strokes.png"), numbered("face.png")
    ((15, 'strokes.png'), (None, 'face.png'))
    """
    match = NUMBERED.fullmatch(name)
    return (int(match[1]), match[2]) if match else (None, name)


def files(names: Sequence[str]) -> list[str]:
    """The names of the files alone."""
    return [numbered(name)[1] for name in names]


def read_hints(names: Sequence[str], first: int, size: tuple[int, int], max_pixels: int) -> dict[int, Hint]:
    """The strokes of frames.

    Parameters
    ----------
    names : sequence of str
        What --hint names: "15=strokes.png" for frame 15; without a number, a file is of the first frame.
    first : int
        Number of the first frame.
    size : (height, width)
        Of the clip's frames.
    max_pixels : int
        Limit of each file.

    Returns
    -------
    {number: Hint}

    Raises
    ------
    MangastyleError
        If a file cannot be read or does not suit the frames, and for two files of one frame.
    """
    found: dict[int, Hint] = {}
    for name in names:
        number, file = numbered(name)
        number = first if number is None else number
        if number in found:
            raise MangastyleError(f"`hint`: two files for frame {number}; name the frame of each, as in 15=strokes.png")
        given = hint_files.read_hints(file, "", max_pixels)
        if given is None or given.shared is None:
            raise MangastyleError(f"{file}: is no hint file; `hint` takes files of strokes, as in 15=strokes.png")
        strokes = given.shared
        found[number] = strokes.draw(size) if isinstance(strokes, hint_files.StrokesFile) else strokes.of(size)
    return found


def read_colored(names: Sequence[str], size: tuple[int, int], max_pixels: int) -> tuple[dict[int, np.ndarray], list[np.ndarray]]:
    """Colored frames by number, and colored pictures of no frame.

    Parameters
    ----------
    names : sequence of str
        What --reference names: "0=frame.png" for a coloring of frame 0; without a number, any picture of the same characters.
    size : (height, width)
        Of the clip's frames, which colored frames must have.
    max_pixels : int
        Limit of each file.

    Returns
    -------
    frames : {number: ndarray of uint8, shape (h, w, 3)}
    pictures : list of ndarray of uint8, shape (h, w, 3)

    Raises
    ------
    MangastyleError
        If a file cannot be read, has no colors or another size, and for two files of one frame.
    """
    frames: dict[int, np.ndarray] = {}
    pictures = []
    for name in names:
        number, file = numbered(name)
        picture = read_reference(Path(file), max_pixels)
        if number is None:
            pictures.append(picture)
            continue
        if number in frames:
            raise MangastyleError(f"`reference`: two pictures for frame {number}; leave one out")
        if picture.shape[:2] != size:
            came, wanted = (f"{w}x{h}" for h, w in (picture.shape[:2], size))
            raise MangastyleError(f"{file}: is {came}, but the clip's frames are {wanted}; color a frame of that size")
        frames[number] = picture
    return frames, pictures
