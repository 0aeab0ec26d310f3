"""Random numbers that are a pure function of (seed, step), which makes resumed and distributed trainings exact."""

from __future__ import annotations

import numpy as np


def uniforms(seed: int, step: int, batch: int, count: int) -> np.ndarray:
    """Uniform random numbers of one training step, always the same for the same seed and step.

    Parameters
    ----------
    seed, step : int, at least 0
    batch : int
        Pictures of the step.
    count : int
        Numbers for each picture.

    Returns
    -------
    ndarray of float32, shape (batch, count) in [0, 1)

    References
    ----------
    Counter-based generator Philox: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).

    Examples
    --------
    >>> uniforms(0, 5, 2, 3).shape
    (2, 3)
    >>> bool((uniforms(0, 5, 2, 3) == uniforms(0, 5, 2, 3)).all())
    True
    """
    return np.random.Generator(np.random.Philox(key=[seed, step], counter=[0, 0, 0, 2])).random((batch, count), np.float32)
