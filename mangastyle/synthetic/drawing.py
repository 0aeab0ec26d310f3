"""One call for every kind of drawn picture."""

from __future__ import annotations

import numpy as np

from mangastyle.errors import MangastyleError, check_integer, near
from mangastyle.synthetic import characters
from mangastyle.synthetic.figures import figure

KINDS = ("face", "figure")


def draw(seed: int = characters.DEMO_SEED, size: int = 256, kind: str = "face") -> np.ndarray:
    """Draw a character: one picture for each seed, the same at every size.

    Parameters
    ----------
    seed : int
        Which character, 0 to 2**128 - 1.
    size : int
        Height and width in pixels, 8 to 4096.
    kind : str
        face, a portrait; or figure, whole people with props and scenes, of which `mangastyle.synthetic.figures.figure` gives all layers.

    Returns
    -------
    ndarray of uint8, shape (size, size, 3)
        The finished picture, RGB.

    Raises
    ------
    MangastyleError
        For a seed or size that is not a whole number in its range, or another kind.

    Examples
    --------
    >>> import mangastyle
    >>> mangastyle.draw(7, size=64).shape
    (64, 64, 3)
    >>> mangastyle.draw(7, size=64, kind="figure").shape
    (64, 64, 3)
    """
    if kind not in KINDS:
        raise MangastyleError(f"`kind`: must be one of {', '.join(KINDS)}, not {kind!r}{near(kind, KINDS)}")
    if kind == "face":
        return characters.draw(seed, size)
    return figure(seed, check_integer("size", size, characters.MIN_SIZE, characters.MAX_SIZE), size).rgb
