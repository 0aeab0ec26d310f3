"""Frames strip by strip: intermediate results of a whole large frame would take hundreds of megabytes. No TensorFlow."""

from __future__ import annotations

from typing import Iterator, NamedTuple

ROWS = 256  # of a strip


class Strip(NamedTuple):
    """Rows of a frame.

    Attributes
    ----------
    rows : slice
        Those that are computed.
    outer : slice
        Those that this needs.
    within : slice
        The first, counted from the start of the second.
    """

    rows: slice
    outer: slice
    within: slice


def strips(height: int, reach: int) -> Iterator[Strip]:
    """The strips of a frame, for filters that reach so many rows up and down.

    Examples
    --------
    >>> [(strip.outer.start, strip.outer.stop, strip.within.start, strip.within.stop) for strip in strips(500, 10)]
    [(0, 266, 0, 256), (246, 500, 10, 254)]
    """
    for start in range(0, height, ROWS):
        stop = min(start + ROWS, height)
        above = max(0, start - reach)
        yield Strip(slice(start, stop), slice(above, min(stop + reach, height)), slice(start - above, stop - above))
