"""One frame of a clip."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Frame(NamedTuple):
    """One frame of a clip.

    Attributes
    ----------
    number : int
        In the clip, from 0.
    time : float
        In seconds, from the clip's first frame.
    rgb : ndarray of uint8, shape (h, w, 3)
        On white where the clip has transparency.
    alpha : ndarray of uint8, shape (h, w), or None
        Its opacity; None where all is opaque.
    """

    number: int
    time: float
    rgb: np.ndarray
    alpha: np.ndarray | None
