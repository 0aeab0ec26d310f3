"""What layered files are made of: layers and groups of them, the same for every format."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple, Sequence

import numpy as np

from mangastyle.errors import MangastyleError, shown
from mangastyle.io.images import check_picture

MODES = ("normal", "multiply", "screen")
RESOLUTION = 72  # pixels per inch, which every format states
NO_LETTERS = ("Cc", "Cs", "Cn")  # Unicode's categories of what no name holds: controls, halves of pairs, what means nothing


class Layer(NamedTuple):
    """A layer of the picture's size.

    Attributes
    ----------
    name : str
        What artists see; any script.
    rgb : ndarray of uint8, shape (h, w, 3)
        Its colors, not multiplied by alpha. An array that NumPy broadcasts, such as one color, takes no memory.
    alpha : ndarray of uint8, shape (h, w), or None
        Its opacity; None for an opaque layer.
    mode : str
        How it is laid on what is below: one of `MODES`.
    opacity : float in 0..1
        Of the whole layer.
    visible : bool
        Whether it is shown.
    """

    name: str
    rgb: np.ndarray
    alpha: np.ndarray | None = None
    mode: str = "normal"
    opacity: float = 1.0
    visible: bool = True


class Group(NamedTuple):
    """Layers that are shown or hidden together, blended with each other first and then laid on what is below.

    Attributes
    ----------
    name : str
    layers : sequence of Layer and Group
        From the bottom to the top.
    visible : bool
        Whether the group is shown.
    """

    name: str
    layers: Sequence[Layer | Group]
    visible: bool = True


Stack = Sequence[Layer | Group]  # from the bottom to the top


def check_stack(stack: Stack, height: int, width: int) -> None:
    """Check layers before a file is made of them.

    Parameters
    ----------
    stack : sequence of Layer and Group
    height, width : int
        Of the picture, in pixels.

    Raises
    ------
    MangastyleError
        For a layer of another size, an unknown mode, an opacity out of bounds, and a name that cannot be shown; it names the layer.

    Examples
    --------
    >>> check_stack([Layer("Lines", np.zeros((4, 5, 3), np.uint8), mode="darken")], 4, 5)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: layer 'Lines': `mode` must be one of normal, multiply, screen, not 'darken'
    """
    for item in stack:
        where = f"layer {shown(item.name)}"
        if not isinstance(item.name, str) or any(unicodedata.category(letter) in NO_LETTERS for letter in item.name):
            raise MangastyleError(f"{where}: `name` must be a text of one line")
        if isinstance(item, Group):
            check_stack(item.layers, height, width)
            continue
        shape = check_picture(item.rgb, "rgb").shape[:2]
        if item.alpha is not None and check_picture(item.alpha, "alpha", gray=True).shape != shape or shape != (height, width):
            raise MangastyleError(f"{where}: must have the picture's {height}x{width} pixels, height by width, as its alpha must")
        if item.mode not in MODES:
            raise MangastyleError(f"{where}: `mode` must be one of {', '.join(MODES)}, not {shown(item.mode)}")
        if not 0 <= item.opacity <= 1:
            raise MangastyleError(f"{where}: `opacity` must be from 0 to 1, not {item.opacity}")


def content_box(layer: Layer) -> tuple[int, int, int, int]:
    """The smallest box that holds all of a layer that is not transparent.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    top, left, bottom, right : int
        In pixels, the last two outside; all 0 for a layer with nothing on it.

    Examples
    --------
    >>> alpha = np.zeros((4, 5), np.uint8)
    >>> alpha[1:3, 2] = 9
    >>> content_box(Layer("Dot", np.zeros((4, 5, 3), np.uint8), alpha))
    (1, 2, 3, 3)
    """
    if layer.alpha is None:
        return 0, 0, *layer.rgb.shape[:2]
    rows, columns = (np.flatnonzero(layer.alpha.any(axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 0, 0, 0
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
