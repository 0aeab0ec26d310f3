"""Trained networks on disk: HDF5, no pickle, with their configuration inside and their SHA-256 in a manifest.

Kernels are stored as float16 (half the size, no visible difference), everything small (biases, normalisation)
as float32. Shipped files live in `weights/` and are listed in `weights/MANIFEST.json`; one whose hash differs
is refused.
"""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from mangastyle.config import TrainConfig, settle, to_json
from mangastyle.errors import MangastyleError
from mangastyle.files import atomic, read_json, sha256

if TYPE_CHECKING:
    import keras

FORMAT = "mangastyle-shade-1"
PRIVATE = ("data", "out", "init", "cache")  # paths of the machine that trained say nothing about the network
SHADE = "shade.h5"  # the generator that is used when none is named


def shipped_folder() -> Path:
    """Where the weights that ship are: beside the package in a clone, below share/ in an installation."""
    clone = Path(__file__).resolve().parent.parent / "weights"
    return clone if clone.is_dir() else Path(sysconfig.get_path("data")) / "share" / "mangastyle" / "weights"


def find(given: str, default: str = SHADE) -> Path:
    """The weights file named by the user, else the shipped `default`, whose SHA-256 must match the manifest."""
    folder = shipped_folder()
    path = Path(given) if given else folder / default
    if not path.is_file():
        cure = "name a file that training wrote, such as RUN/best.h5" if given else "install mangastyle again, or give --weights"
        raise MangastyleError(f"{path}: no such weights file; {cure}")
    if path.resolve().parent == folder.resolve() and (folder / "MANIFEST.json").exists():
        entry = read_json(folder / "MANIFEST.json").get(path.name)
        if entry and entry["sha256"] != sha256(path):
            raise MangastyleError(f"{path}: damaged: its SHA-256 differs from the manifest's; install mangastyle again")
    return path


def save(path: Path, model: keras.Model, config: TrainConfig, extra: dict[str, Any] | None = None) -> None:
    """Write the model's variables and its configuration, without paths of this machine, atomically."""
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["config"] = json.dumps({name: value for name, value in to_json(config).items() if name not in PRIVATE})
        file.attrs["extra"] = json.dumps(extra or {})
        for variable in model.variables:
            value = np.asarray(variable)
            file.create_dataset(variable.path, data=value.astype(np.float16 if value.ndim > 1 else np.float32))


def read_config(path: Path) -> TrainConfig:
    """The configuration of the network in a weights file."""
    with _open(path) as file:
        return _config(file, path)


def load(path: Path, model: keras.Model) -> None:
    """Fill the model's variables from a weights file; `MangastyleError` if they do not fit or the file is damaged."""
    with _open(path) as file:
        for variable in model.variables:
            try:
                value = file[variable.path][()]
            except (KeyError, OSError) as error:
                raise MangastyleError(f"{path}: damaged or of another network: {variable.path} is missing") from error
            if value.shape != tuple(variable.shape):
                raise MangastyleError(f"{path}: {variable.path} has shape {value.shape}, the network needs {tuple(variable.shape)}")
            if not np.isfinite(value).all():
                raise MangastyleError(f"{path}: damaged: {variable.path} holds values that are not numbers")
            variable.assign(value.astype(np.float32))


def _open(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise MangastyleError(f"{path}: not a weights file, or damaged ({str(error).splitlines()[0]})") from error


def _config(file: h5py.File, path: Path) -> TrainConfig:
    if file.attrs.get("format") != FORMAT:
        raise MangastyleError(f"{path}: not a weights file of a shading network (made by 'mangastyle train')")
    try:
        return settle(TrainConfig, json.loads(file.attrs["config"]))
    except (KeyError, ValueError, MangastyleError) as error:
        raise MangastyleError(f"{path}: the configuration inside cannot be read ({error})") from error
