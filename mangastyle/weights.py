"""Trained networks on disk: where they come from, how shading networks are stored, and `mangastyle weights`.

Weights are HDF5, no pickle, with their configuration inside. Kernels are stored as float16 (half the size, no visible
difference), everything small (biases, normalisation) as float32. Shipped files live in `weights/` and are listed in
`weights/MANIFEST.json`; one whose SHA-256 differs is refused. The full VGG-19 is Keras' file in Keras' cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from mangastyle import quiet
from mangastyle.config import TrainConfig, WeightsConfig, settle, to_json
from mangastyle.errors import MangastyleError
from mangastyle.files import atomic, read_json, sha256

if TYPE_CHECKING:
    import keras

FORMAT = "mangastyle-shade-1"
ONEPASS_FORMAT = "mangastyle-onepass-1"
PRIVATE = ("data", "paintings", "out", "init", "cache")  # paths of the machine that trained say nothing about the network
SHADE = "shade.h5"  # the generator that is used when none is named
SHADE_PAPER = "shade-paper.h5"  # the generator trained by the letter of the paper
BASELINE = "baseline.h5"  # the simple network of Fig. 2
SHADE_CURE = "give --weights a file that training wrote, such as RUN/best.h5"
ONEPASS = "onepass.h5"  # the decoder that paints in one pass
SLIM = "vgg19-slim.h5"  # the small VGG-19 that stands in for the full one
VGG19 = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"  # as Keras names and publishes it
VGG19_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg19/{VGG19}"
VGG19_MD5 = "253f8cb515780f3b799900260a226db6"
TIMEOUT = 15.0  # seconds without an answer after which a download is given up
GET_VGG19 = "mangastyle weights get vgg19"


def shipped_folder() -> Path:
    """Where the weights that ship are: beside the package in a clone, below share/ in an installation."""
    clone = Path(__file__).resolve().parent.parent / "weights"
    return clone if clone.is_dir() else Path(sysconfig.get_path("data")) / "share" / "mangastyle" / "weights"


def find(given: str, default: str = SHADE, cure: str = SHADE_CURE) -> Path:
    """The weights file named by the user, else the shipped `default`.

    Shipped files have short names, too, such as "shade-paper". Their SHA-256 must match the manifest. Raises
    `MangastyleError` for one that is missing or damaged.
    """
    path, short = Path(given) if given else shipped_folder() / default, shipped_folder() / f"{given}.h5"
    if Path(given).name == given and not path.exists() and short.is_file():
        path = short
    if not path.is_file():
        raise MangastyleError(f"{path}: no such weights file; {'' if given else 'install mangastyle again, or '}{cure}")
    if path.resolve().parent == shipped_folder().resolve() and _as_in_manifest(path) is False:
        raise MangastyleError(f"{path}: damaged: its SHA-256 differs from the manifest's; install mangastyle again")
    return path


def _as_in_manifest(path: Path) -> bool | None:
    """Whether a shipped file has the SHA-256 of the manifest; None if that does not list it."""
    manifest = path.parent / "MANIFEST.json"
    entry = read_json(manifest).get(path.name) if manifest.exists() else None
    return entry and entry["sha256"] == sha256(path)


def find_vgg19(name: str = "auto", allow_download: bool = False) -> Path:
    """The file that a `--backbone` option names.

    auto : the full VGG-19 in Keras' cache, where Keras downloads it first with `allow_download`; else the slim one that
        ships, which is said on stderr. full : the same without the slim one. slim : the slim one. Else a file's name.
    Raises `MangastyleError` if there is no such file, or a shipped one is damaged.
    """
    cure = f"give --backbone an HDF5 file of VGG-19, or run '{GET_VGG19}'"
    if name == "slim":
        return find("", SLIM, cure)
    if name not in ("auto", "full"):
        return find(name, cure="--backbone takes auto, full, slim, random, or an HDF5 file")
    if cache().is_file():
        return cache()
    if allow_download:
        return download()
    if name == "full":
        raise MangastyleError(f"{cache()}: the full VGG-19 is not there; {cure}")
    path = find("", SLIM, cure)
    remark = f"painting with the slim VGG-19 that ships; for the full one run '{GET_VGG19}', or give --backbone FILE"
    print("mangastyle:", remark, file=sys.stderr)
    return path


def cache() -> Path:
    """Where Keras keeps the full VGG-19, whether it is there or not."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser().absolute()
    return home / "models" / VGG19


def download() -> Path:
    """Let Keras download the full VGG-19 into its cache, with its progress bar on a terminal's stderr.

    The file gets its name only when its checksum is right; nothing is left behind otherwise. Raises `MangastyleError`.
    """
    keras = quiet.load("keras")
    path, timeout, talks = cache(), socket.getdefaulttimeout(), keras.config.is_interactive_logging_enabled()
    socket.setdefaulttimeout(TIMEOUT)
    if not sys.stderr.isatty():  # the bar rewrites its line
        keras.config.disable_interactive_logging()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder, contextlib.redirect_stdout(sys.stderr):
            os.replace(keras.utils.get_file(VGG19, VGG19_URL, file_hash=VGG19_MD5, cache_subdir=folder), path)
    except (Exception, KeyboardInterrupt) as error:  # Keras raises bare Exception for network failures
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the bar's line has no end yet
        if isinstance(error, KeyboardInterrupt):
            raise
        reason = str(error).removeprefix(f"URL fetch failure on {VGG19_URL}: ").removeprefix("None -- ").rstrip(".")
        cure = "try again later, or fetch it elsewhere and give it as --backbone FILE"
        raise MangastyleError(f"{VGG19_URL}: could not be downloaded ({reason}); {cure}") from error
    finally:
        socket.setdefaulttimeout(timeout)
        if talks:
            keras.config.enable_interactive_logging()
    return path


def save(path: Path, model: keras.Model, config: Any, extra: dict[str, Any] | None = None, format: str = FORMAT) -> None:
    """Write the model's variables and its configuration, without paths of this machine, atomically."""
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = format
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


def command(options: WeightsConfig) -> None:
    """`mangastyle weights`: list what is at hand, get the full VGG-19, or describe it."""
    if options.action == "describe":
        print("\n".join(quiet.load("mangastyle.style.vgg").table(options.size)))
    elif options.action == "get":
        _get(options.force)
    else:
        _list()


def _get(force: bool) -> None:
    path = cache()
    if path.is_file() and not force:
        if not _as_published(path):
            raise MangastyleError(f"{path}: is there already, but is not the file that Keras publishes; --force replaces it")
        print(f"{path}: is there already")
    else:
        print(f"{download()}: downloaded")


def _list() -> None:
    again = "install mangastyle again"
    shipped = {"shade": SHADE, "shade-paper": SHADE_PAPER, "baseline": BASELINE, "onepass": ONEPASS, "slim": SLIM}
    rows = [(name, shipped_folder() / file, _as_in_manifest, f"damaged, {again}", again) for name, file in shipped.items()]
    for name, path, check, wrong, cure in [*rows, ("vgg19", cache(), _as_published, "not the file that Keras publishes", GET_VGG19)]:
        if path.is_file():
            verdict = {True: "sound", False: wrong, None: "not in the manifest"}[check(path)]
            state = f"{path.stat().st_size / 1e6:.1f} MB, {verdict}"
        else:
            state = f"missing: {cure}"
        print(f"{name:<11}  {path}  {state}")


def _as_published(path: Path) -> bool:
    """Whether a file is the VGG-19 that Keras publishes; one made otherwise may still serve."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == VGG19_MD5
