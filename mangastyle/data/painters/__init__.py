"""Paintings of our own making: style pictures that need no foreign picture and no download.

A painter is a function `(rng, height, width) -> uint8 (height, width, 3)`; `PAINTERS` lists them by name.
All randomness comes from `rng`, and sizes are fractions of the picture, so that one seed is one
painting at every size.
"""

from __future__ import annotations

import numpy as np

from mangastyle.config import near
from mangastyle.data.painters import brush, hatching, mosaic, wash
from mangastyle.errors import MangastyleError

PAINTERS = {"brush": brush.paint, "hatching": hatching.paint, "mosaic": mosaic.paint, "wash": wash.paint}


def paint(name: str = "brush", seed: int = 0, height: int = 512, width: int = 640) -> np.ndarray:
    """Paint a picture: uint8 (height, width, 3), the same for the same arguments, another one for another seed.

    Raises `MangastyleError` if there is no painter of this name.
    """
    if name not in PAINTERS:
        raise MangastyleError(f"unknown painter {name!r}{near(name, PAINTERS)}; there are: {', '.join(PAINTERS)}")
    return PAINTERS[name](np.random.default_rng(seed), height, width)
