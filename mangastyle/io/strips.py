"""Large pictures in strips of rows, so that what is computed of them never fills the memory."""

from __future__ import annotations

from typing import Iterator

AT_ONCE = 1 << 21  # pixels of a strip, unless a single row has more


def strips(height: int, width: int) -> Iterator[slice]:
    """The rows of each strip of a picture.

    Parameters
    ----------
    height, width : int
        Of the picture, in pixels.

    Yields
    ------
    slice
        From the top down; each ends within the picture.

    Examples
    --------
    >>> list(strips(3, AT_ONCE // 2))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    rows = max(1, AT_ONCE // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
