"""Trained networks on disk: one HDF5 format, no pickle, that depends on no option's name.

Format, schema 2
----------------
Attributes of the file:

``format``
    "mangastyle-weights".
``schema``
    2. A file of a later one is refused.
``kind``
    What the network is: one of `KINDS`.
``spec``
    JSON object: the fields of the network's specification, which are all that is needed to build and to use it.
``provenance``
    JSON object: how it was made. Free-form, for people and figures; no network is built from it.

Every array is a data set under its variable's path, such as "down1/kernel". Arrays of two and more dimensions (kernels) are
float16, which halves the file and makes no visible difference; the others (biases, normalization) are float32.

Files of the former formats are read, see `weights_v1`.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, TypeVar

import h5py
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import hdf5, weights_v1
from mangastyle.io.files import atomic
from mangastyle.settings import Settings, to_json

if TYPE_CHECKING:
    import keras

FORMAT = "mangastyle-weights"
SCHEMA = 2
KINDS = {
    "shade": "shading network",
    "regions": "network that colors regions",
    "shading": "network that shades flat colors",
    "onepass": "one-pass decoder",
    "painters": "learned painter",
    "vgg19-slim": "slim VGG-19",
}

S = TypeVar("S", bound=Settings)


class Header(NamedTuple):
    """A weights file but for its arrays.

    Attributes
    ----------
    kind : str
        What the network is: one of `KINDS`.
    spec : dict
        The fields of its specification.
    provenance : dict
        How it was made.
    """

    kind: str
    spec: dict[str, Any]
    provenance: dict[str, Any]


class WeightsFile(NamedTuple):
    """A weights file.

    Attributes
    ----------
    kind : str
        What the network is: one of `KINDS`.
    spec : dict
        The fields of its specification.
    arrays : dict of str to ndarray of float32
        The variables by path, all finite.
    provenance : dict
        How it was made.
    """

    kind: str
    spec: dict[str, Any]
    arrays: dict[str, np.ndarray]
    provenance: dict[str, Any]


def write(
    path: str | Path, kind: str, spec: Settings, arrays: Mapping[str, np.ndarray], provenance: Mapping[str, Any] | None = None
) -> None:
    """Write a weights file, atomically; one that exists is replaced.

    Parameters
    ----------
    path : str or Path
        The file.
    kind : str
        One of `KINDS`.
    spec : Settings
        The network's specification.
    arrays : mapping of str to ndarray
        The variables by path. Kernels are stored as float16, one-dimensional arrays as float32.
    provenance : mapping or None
        How the network was made, as JSON can hold it.

    Raises
    ------
    MangastyleError
        For an array with values that are not finite, or beyond float16; or if the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> from mangastyle.vgg.spec import SlimVGGSpec
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "net.h5"
    ...     write(path, "vgg19-slim", SlimVGGSpec(), {"conv1_1/bias": np.zeros(16)}, {"steps": 3})
    ...     file = read(path, "vgg19-slim")
    >>> file.spec, file.arrays["conv1_1/bias"].shape, file.provenance
    ({'widths': [16, 48, 96, 192, 192]}, (16,), {'steps': 3})
    """
    content = io.BytesIO()  # HDF5 itself crashes the process when the disk is full
    with h5py.File(content, "w") as file:
        file.attrs.update({"format": FORMAT, "schema": SCHEMA, "kind": kind})
        file.attrs.update({"spec": json.dumps(to_json(spec)), "provenance": json.dumps(dict(provenance or {}))})
        for name, array in arrays.items():
            array = np.asarray(array)
            with np.errstate(over="ignore"):
                stored = array.astype(np.float16 if array.ndim > 1 else np.float32)
            if not np.isfinite(stored).all():
                raise MangastyleError(f"{path}: cannot write {name}: it holds values that are not finite")
            file.create_dataset(name, data=stored)
    with atomic(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def save_model(path: str | Path, kind: str, spec: Settings, model: keras.Model, provenance: Mapping[str, Any] | None = None) -> None:
    """Write the variables of a Keras model as a weights file, atomically.

    Parameters
    ----------
    path, kind, spec, provenance
        As for `write`.
    model : keras.Model
        The network that `spec` describes.

    Raises
    ------
    MangastyleError
        As from `write`.
    """
    write(path, kind, spec, {variable.path: np.asarray(variable) for variable in model.variables}, provenance)


def read(path: str | Path, kind: str) -> WeightsFile:
    """Read a weights file.

    Parameters
    ----------
    path : str or Path
        The file; one of a former format is read, too.
    kind : str
        What the network must be: one of `KINDS`.

    Returns
    -------
    WeightsFile
        Its specification, its arrays as float32, and its provenance.

    Raises
    ------
    MangastyleError
        For a file that is missing, damaged, of a later schema, or that holds another kind of network; it names the file.
    """
    with hdf5.opened(path) as file:
        header, arrays = _header(path, file, kind), {}
        former = hdf5.attribute(file, "format") in weights_v1.KINDS
        for name, item in hdf5.arrays(path, file).items():
            arrays[weights_v1.array_name(name) if former else name] = _array(path, name, item)
    return WeightsFile(header.kind, header.spec, arrays, header.provenance)


def read_spec(path: str | Path, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a weights file but for its arrays.

    Parameters
    ----------
    path, kind
        As for `read`.

    Returns
    -------
    spec : dict
        The fields of the network's specification; `parse_spec` makes an object of them.
    provenance : dict
        How it was made.

    Raises
    ------
    MangastyleError
        As from `read`.
    """
    with hdf5.opened(path) as file:
        header = _header(path, file, kind)
    return header.spec, header.provenance


def read_kind(path: str | Path) -> str:
    """What the network in a weights file is.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    str
        One of `KINDS`, or another one of a file that cannot be used here.

    Raises
    ------
    MangastyleError
        For a file that is missing, damaged, of a later schema, or that is no weights file.
    """
    with hdf5.opened(path) as file:
        return _header(path, file).kind


def read_shapes(path: str | Path) -> dict[str, tuple[int, ...]]:
    """The shapes of a weights file's arrays, of which none is read.

    Parameters
    ----------
    path : str or Path
        The file, of today's format, or of a shading network.

    Returns
    -------
    dict of str to tuple of int
        By path.

    Raises
    ------
    MangastyleError
        As from `read`.

    Examples
    --------
    >>> from mangastyle.io import registry
    >>> read_shapes(registry.find("baseline"))["conv1/kernel"]
    (5, 5, 4, 32)
    """
    with hdf5.opened(path) as file:
        return {name: item.shape for name, item in hdf5.arrays(path, file).items()}


def parse_spec(path: str | Path, cls: type[S], spec: Mapping[str, Any]) -> S:
    """A file's specification as an object.

    Parameters
    ----------
    path : str or Path
        The file, for the error message.
    cls : type
        The class of the specification.
    spec : mapping
        Its fields; missing ones are defaults.

    Returns
    -------
    Settings
        An object of `cls`.

    Raises
    ------
    MangastyleError
        For a field that `cls` does not have, and for a value that does not suit; it names the file.

    Examples
    --------
    >>> from mangastyle.vgg.spec import SlimVGGSpec
    >>> parse_spec("net.h5", SlimVGGSpec, {"widths": [4, 5, 6, 7, 8]})
    SlimVGGSpec(widths=(4, 5, 6, 7, 8))
    """
    try:
        return cls.from_arguments(spec)
    except MangastyleError as error:
        raise MangastyleError(f"{path}: the network's specification inside cannot be used ({str(error).replace('`', '')})") from error


def fill(model: keras.Model, path: str | Path, kind: str) -> None:
    """Fill the variables of a Keras model from a weights file.

    Parameters
    ----------
    model : keras.Model
        The network that the file's specification describes.
    path, kind
        As for `read`.

    Raises
    ------
    MangastyleError
        As from `read`; and if the arrays are not those of the model. The model is then unchanged.
    """
    assign(model, read(path, kind).arrays, path)


def assign(model: keras.Model, arrays: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Fill the variables of a Keras model with arrays by path.

    Parameters
    ----------
    model : keras.Model
    arrays : {path: ndarray}
    path : str or Path
        The file that they are from, for error messages.

    Raises
    ------
    MangastyleError
        If the arrays are not those of the model. The model is then unchanged.
    """
    for variable in model.variables:
        if variable.path not in arrays:
            raise MangastyleError(f"{path}: damaged or of another network: {variable.path} is missing")
        if arrays[variable.path].shape != tuple(variable.shape):
            needed = tuple(variable.shape)
            raise MangastyleError(f"{path}: {variable.path} has shape {arrays[variable.path].shape}, the network needs {needed}")
    if surplus := arrays.keys() - {variable.path for variable in model.variables}:
        raise MangastyleError(f"{path}: damaged or of another network: it has no variable {min(surplus)}")
    for variable in model.variables:
        variable.assign(arrays[variable.path])


def _header(path: str | Path, file: h5py.File, kind: str = "") -> Header:
    """The header of a file that must hold a network of this kind, if one is named."""
    try:
        form = hdf5.attribute(file, "format") if "format" in file.attrs else None
        if form in weights_v1.KINDS:
            header = Header(weights_v1.KINDS[form], *weights_v1.read_header(file))
        elif form == FORMAT:
            if (schema := int(hdf5.attribute(file, "schema"))) > SCHEMA:
                raise MangastyleError(f"{path}: written by a newer mangastyle, in schema {schema} instead of {SCHEMA}; update mangastyle")
            spec, provenance = (_object(file, name) for name in ("spec", "provenance"))
            header = Header(str(hdf5.attribute(file, "kind")), spec, provenance)
        else:
            raise MangastyleError(f"{path}: not a weights file of a {KINDS.get(kind, 'network')}")
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise MangastyleError(f"{path}: damaged: its header cannot be read ({error})") from error
    if kind and header.kind != kind:
        raise MangastyleError(f"{path}: not a weights file of a {KINDS[kind]}, but of a {KINDS.get(header.kind, header.kind)}")
    return header


def _object(file: h5py.File, name: str) -> dict[str, Any]:
    """The JSON object in an attribute; `ValueError` for anything else."""
    value = hdf5.json_attribute(file, name)
    if not isinstance(value, dict):
        raise ValueError(f"{name} is no JSON object")
    return value


def _array(path: str | Path, name: str, item: h5py.Dataset) -> np.ndarray:
    """A data set as float32; `MangastyleError` if it is not one of finite numbers."""
    if item.dtype.kind != "f":
        raise MangastyleError(f"{path}: damaged: {name} is of type {item.dtype}, not float")
    with np.errstate(over="ignore"):
        array = item[()].astype(np.float32)
    if not np.isfinite(array).all():
        raise MangastyleError(f"{path}: damaged: {name} holds values that are not finite")
    return array
