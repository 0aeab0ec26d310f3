"""Weights files of shading networks. No TensorFlow: the command line checks them before it loads."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from mangastyle.errors import MangastyleError
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
    spec, shapes = weights_files.parse_spec(path, ShadeSpec, stored), weights_files.read_shapes(path)
    for name, shape in _kernels(spec):
        if shapes.get(name) != shape:
            raise MangastyleError(f"{path}: damaged or of another network: no array {shape} named {name}")
    return path, spec


def _kernels(spec: ShadeSpec) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Kernels that decide how large a network is: that of a specification alone could be built only with any amount of memory."""
    if spec.network == "baseline":
        yield "conv1/kernel", (5, 5, 4, spec.width // 2 or 1)
        return
    before, width = 4, spec.width
    for level in range(1, spec.levels + 1):
        yield f"down{level}/kernel", (5, 5, before, width)
        before, width = width, 2 * width
    for i in range(1, spec.residual_blocks + 1):
        yield f"residual{i}_conv1/kernel", (3, 3, before, before)
