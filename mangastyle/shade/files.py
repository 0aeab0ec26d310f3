"""Weights files of shading networks. No TensorFlow: the command line checks them before it loads."""

from __future__ import annotations

from pathlib import Path

from mangastyle.io import registry
from mangastyle.io import weights as weights_files
from mangastyle.shade.spec import ShadeSpec

CURE = "give a file that training wrote, such as RUN/best.h5"


def find_generator(weights: str | Path = "shade") -> tuple[Path, ShadeSpec]:
    """The file of a generator or baseline, and the specification in it.

    Parameters
    ----------
    weights : str or Path
        A file from training, or one that ships: "shade", "shade-paper", "baseline".

    Returns
    -------
    path : Path
    spec : ShadeSpec

    Raises
    ------
    MangastyleError
        If the file is missing, damaged, or of another kind.

    Examples
    --------
    >>> find_generator("baseline")[1].network
    'baseline'
    """
    path = registry.find(weights, CURE)
    stored, _ = weights_files.read_spec(path, "shade")
    return path, weights_files.parse_spec(path, ShadeSpec, stored)
