"""VGG-19's weights: from Keras' HDF5 file, from and to files of slim networks, and random ones. No TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

import h5py
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import hdf5
from mangastyle.io import weights as weights_files
from mangastyle.io.registry import GET_VGG19
from mangastyle.vgg.spec import SlimVGGSpec, kernel_shapes

KIND = "vgg19-slim"

Weights = dict[str, tuple[np.ndarray, np.ndarray]]  # by convolution, in order: kernel (3, 3, in, out), bias (out,)
Readouts = dict[str, np.ndarray]  # by layer: (n, n); features (..., n) times it are in the full network's space


def read(path: str | Path) -> tuple[Weights, Readouts]:
    """Read a VGG-19 from an HDF5 file: Keras' own, with or without its classifier, or a slim one.

    Parameters
    ----------
    path : str or Path
        The file. Its content decides which of the two it is.

    Returns
    -------
    weights : dict of str to (ndarray of float32, ndarray of float32)
        By convolution, in order: kernel (3, 3, in, out) and bias (out,).
    readouts : dict of str to ndarray of float32
        By layer: (n, n); empty for Keras' own.

    Raises
    ------
    MangastyleError
        For a file that is missing, damaged or of another network.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_slim(Path(folder) / "slim.h5", random_weights((1, 2, 3, 4, 5)), {}, {})
    ...     read(Path(folder) / "slim.h5")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: ...slim.h5: damaged: no array (1, 1) named conv1_1/readout
    """
    with hdf5.opened(path, f"; get it again, into Keras' cache by '{GET_VGG19} --force'") as file:
        if "format" not in file.attrs:
            return _keras_weights(path, file), {}
    found = weights_files.read(path, KIND)
    spec = weights_files.parse_spec(path, SlimVGGSpec, found.spec)
    weights, readouts = {}, {}
    for name, shape in kernel_shapes(spec.widths).items():
        weights[name] = (_array(path, found.arrays, f"{name}/kernel", shape), _array(path, found.arrays, f"{name}/bias", shape[-1:]))
        for layer in (name, name.replace("conv", "relu")):
            readouts[layer] = _array(path, found.arrays, f"{layer}/readout", shape[-1:] * 2)
    return weights, readouts


def write_slim(path: str | Path, weights: Weights, readouts: Readouts, provenance: Mapping[str, Any]) -> None:
    """Write a slim VGG-19 for `read`, atomically.

    Parameters
    ----------
    path : str or Path
        The file; one that exists is replaced.
    weights : dict of str to (ndarray, ndarray)
        By convolution: kernel (3, 3, in, out) and bias (out,).
    readouts : dict of str to ndarray
        By layer, conv and relu: (n, n).
    provenance : mapping
        How it was made, as JSON can hold it.

    Raises
    ------
    MangastyleError
        If the disk refuses.
    """
    widths = {int(name[4]): len(bias) for name, (_, bias) in weights.items()}  # by block
    arrays = {}
    for name, (kernel, bias) in weights.items():
        arrays |= {f"{name}/kernel": kernel, f"{name}/bias": bias}
    arrays |= {f"{layer}/readout": matrix for layer, matrix in readouts.items()}
    weights_files.write(path, KIND, SlimVGGSpec(tuple(widths.values())), arrays, provenance)


def random_weights(widths: tuple[int, ...] | None = None) -> Weights:
    """A VGG-19 that was never trained, the same on every machine.

    Parameters
    ----------
    widths : tuple of 5 int, or None
        Features of the blocks; None for the full network's.

    Returns
    -------
    dict of str to (ndarray of float32, ndarray of float32)
        By convolution, in order: kernel (3, 3, in, out), normal with variance 2 / (9 in), and bias (out,), zero.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Delving Deep into Rectifiers", ICCV 2015.

    Examples
    --------
    >>> kernel, bias = random_weights((4, 4, 4, 4, 4))["conv5_4"]
    >>> kernel.shape, bias.tolist()
    ((3, 3, 4, 4), [0.0, 0.0, 0.0, 0.0])
    """
    generator = np.random.default_rng(19)
    made: Weights = {}
    for name, shape in (kernel_shapes(widths) if widths else kernel_shapes()).items():
        kernel = generator.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        made[name] = (kernel, np.zeros(shape[-1], np.float32))
    return made


def _array(path: str | Path, arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name not in arrays or arrays[name].shape != shape:
        raise MangastyleError(f"{path}: damaged: no array {shape} named {name}")
    return arrays[name]


def _keras_weights(path: str | Path, file: h5py.File) -> Weights:
    found: Weights = {}
    for name, shape in kernel_shapes().items():
        group = f"block{name[4]}_{name[:4]}{name[6]}"  # conv4_2 is Keras' block4_conv2
        found[name] = (_array_below(path, file, group, shape), _array_below(path, file, group, shape[-1:]))
    return found


def _array_below(path: str | Path, file: h5py.File, group: str, shape: tuple[int, ...]) -> np.ndarray:
    """The one array of `shape` below `group`: its names differ between versions of Keras."""
    right = [a for a in hdf5.arrays(path, file, group).values() if a.shape == shape and a.dtype.kind == "f"]
    array = right[0][()].astype(np.float32) if len(right) == 1 else None
    if array is None or not np.isfinite(array).all():
        raise MangastyleError(f"{path}: neither the VGG-19 of Keras nor a slim one: no finite array {shape} in {group}")
    return array
