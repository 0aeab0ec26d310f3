"""Paintings made by programs: style pictures that need no foreign picture and no download.

A painter is a function `(rng, height, width) -> uint8 (height, width, 3)`; `PAINTERS` lists them by name. Two of them paint a
scene of `scenes`. All randomness comes from `rng`, and sizes are fractions of the picture, so that one seed is one painting at
every size.
"""

from __future__ import annotations

import numpy as np

from mangastyle.errors import MangastyleError, check_integer, near
from mangastyle.synthetic.paintings import brush, hatching, mosaic, wash

PAINTERS = {"brush": brush.paint, "hatching": hatching.paint, "mosaic": mosaic.paint, "wash": wash.paint}
MIN_SIDE, MAX_SIDE = 8, 4096  # pixels
MAX_SEED = 2**128 - 1


def paint(name: str = "brush", seed: int = 0, height: int = 512, width: int = 640) -> np.ndarray:
    """Paint a picture.

    Parameters
    ----------
    name : {"brush", "hatching", "mosaic", "wash"}
        The painter: impasto, pen and ink, mosaic or watercolor.
    seed : int
        Which of the painter's paintings, 0 to 2**128 - 1.
    height, width : int
        Size in pixels, each 8 to 4096.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        The painting, RGB; always the same for the same arguments.

    Raises
    ------
    MangastyleError
        If there is no painter of this name, or a number is not a whole number in its range.

    Examples
    --------
    >>> import mangastyle
    >>> mangastyle.paint("wash", seed=3, height=64, width=80).shape
    (64, 80, 3)
    """
    if name not in PAINTERS:
        raise MangastyleError(f"unknown painter {name!r}{near(name, PAINTERS)}; there are: {', '.join(PAINTERS)}")
    seed = check_integer("seed", seed, 0, MAX_SEED)
    height, width = check_integer("height", height, MIN_SIDE, MAX_SIDE), check_integer("width", width, MIN_SIDE, MAX_SIDE)
    return PAINTERS[name](np.random.default_rng(seed), height, width)
