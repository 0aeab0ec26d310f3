"""Colored pictures that the commands `shade` and `video` take colors from. No TensorFlow: they are checked before it loads."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Sequence

import numpy as np

from mangastyle.cli.by_picture import ByPicture
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.lineart.detect import has_colors

if TYPE_CHECKING:
    from mangastyle.shade.base import Shader
    from mangastyle.shade.references import Reference


def read_references(names: Sequence[str], inputs: str, max_pixels: int) -> list[ByPicture[np.ndarray]]:
    """Read the colored pictures that the option --reference names.

    Parameters
    ----------
    names : sequence of str
        Pictures, or folders of them with the pictures' names.
    inputs : str
        The picture or folder that is to be colored.
    max_pixels : int
        Limit of each file.

    Returns
    -------
    list of ByPicture
        Of pictures uint8 (h, w, 3).

    Raises
    ------
    MangastyleError
        If a file cannot be read, or has no colors.
    """
    return [ByPicture(name, inputs, functools.partial(read_reference, max_pixels=max_pixels), "reference") for name in names]


def by_picture(given: Sequence[ByPicture[np.ndarray]], shader: Shader) -> Callable[[Path], Reference | None]:
    """What a shader makes of the references for each picture; what is the same for all of them is made once."""
    if not given:
        return lambda path: None
    if all(reference.shared is not None for reference in given):
        same = shader.reference(*(reference.shared for reference in given))  # type: ignore[misc]
        return lambda path: same
    return lambda path: shader.reference(*(reference.get(path) for reference in given))


def read_reference(path: Path, max_pixels: int) -> np.ndarray:
    """A colored picture, uint8 (h, w, 3); `MangastyleError` if the file cannot be read, or has no colors."""
    picture = images.load(path, max_pixels).rgb
    if not has_colors(picture):
        raise MangastyleError(f"{path}: is gray, so there are no colors to take from it; `reference` takes colored pictures")
    return picture
