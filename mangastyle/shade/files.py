"""Weights files of shading networks. No TensorFlow: the command line checks them before it loads."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable, Iterator, Mapping

from mangastyle.errors import MangastyleError
from mangastyle.io import registry
from mangastyle.io import weights as weights_files
from mangastyle.shade.spec import RegionSpec, ShadeSpec

CURE = "give a file that training wrote, such as RUN/best.h5"


def find_network(weights: str | Path) -> tuple[Path, str]:
    """The file of any network that colors line art, and its kind.

    Parameters
    ----------
    weights : str or Path
        A file from training, or one that ships: "regions", "shade", "shade-paper", "baseline".

    Returns
    -------
    path : Path
    kind : str
        "regions" for a network that colors regions, "shade" for a generator or baseline.

    Raises
    ------
    MangastyleError
        If the file is missing, damaged, or of another kind.

    Examples
    --------
    >>> find_network("baseline")[1]
    'shade'
    """
    path = registry.find(weights, CURE)
    if weights_files.read_kind(path) == "regions":
        find_regions_network(path)
        return path, "regions"
    find_generator(path)
    return path, "shade"


def find_regions_network(weights: str | Path = "regions") -> tuple[Path, RegionSpec]:
    """The file of a network that colors regions, and the specification in it.

    Parameters
    ----------
    weights : str or Path
        A file from training, or "regions", which ships.

    Returns
    -------
    path : Path
    spec : RegionSpec

    Raises
    ------
    MangastyleError
        If the file is missing, damaged, or of another kind.
    """
    path = registry.find(weights, CURE)
    stored, _ = weights_files.read_spec(path, "regions")
    spec, shapes = weights_files.parse_spec(path, RegionSpec, stored), weights_files.read_shapes(path)
    before: int = 1
    kernels: dict[str, tuple[int, ...]] = {"palette/colors": (spec.colors, 3), "mlp1a/kernel": (spec.width, 3 * spec.width)}
    for level, width in enumerate(spec.widths, 1):
        kernels[f"down{level}/kernel"] = (5 if level == 1 else 3, 5 if level == 1 else 3, before, width)
        before = width
    _check_kernels(path, shapes, kernels.items())
    return path, spec


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
    _check_kernels(path, shapes, _kernels(spec))
    return path, spec


def _check_kernels(path: Path, shapes: Mapping[str, tuple[int, ...]], kernels: Iterable[tuple[str, tuple[int, ...]]]) -> None:
    """Raise `MangastyleError` if a file lacks one of the kernels that decide how large a network is.

    A network of the size that a specification names could be built only with any amount of memory.
    """
    for name, shape in kernels:
        if shapes.get(name) != shape:
            raise MangastyleError(f"{path}: damaged or of another network: no array {shape} named {name}")


def _kernels(spec: ShadeSpec) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Kernels that decide how large a generator or baseline is."""
    if spec.network == "baseline":
        yield "conv1/kernel", (5, 5, 4, spec.width // 2 or 1)
        return
    before, width = 4, spec.width
    for level in range(1, spec.levels + 1):
        yield f"down{level}/kernel", (5, 5, before, width)
        before, width = width, 2 * width
    for i in range(1, spec.residual_blocks + 1):
        yield f"residual{i}_conv1/kernel", (3, 3, before, before)
