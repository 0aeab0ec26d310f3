"""Where trained networks come from: the files that ship, files of the user's, and the full VGG-19 in Keras' cache.

Shipped files are package data. In a checkout they lie in `weights/` at its top level. `MANIFEST.json` beside them lists how each was
made, and its SHA-256: a file that differs is refused. The full VGG-19 is Keras' file in Keras' cache.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.resources
import logging
import os
import socket
import sys
from pathlib import Path

from mangastyle.errors import MangastyleError, near
from mangastyle.io.files import read_json, sha256, temporary_folder
from mangastyle.startup import keras_home

SHIPPED = {  # file by short name
    "regions": "regions.h5",  # the network that colors regions
    "shading": "shading.h5",  # the network that shades flat colors
    "shade": "shade.h5",  # the generator that colors pixels, as the paper's but better
    "shade-paper": "shade-paper.h5",  # the generator trained by the letter of the paper
    "baseline": "baseline.h5",  # the simple network of Fig. 2
    "onepass": "onepass.h5",  # the decoder of one-pass stylization
    "vgg19-slim": "vgg19-slim.h5",  # the small VGG-19 that stands in for the full one
}
MANIFEST = "MANIFEST.json"
VGG19 = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"  # as Keras names and publishes it
VGG19_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/vgg19/{VGG19}"
VGG19_MD5 = "253f8cb515780f3b799900260a226db6"
TIMEOUT = 15.0  # seconds without an answer after which a download is given up
GET_VGG19 = "mangastyle weights get vgg19"


def shipped_folder() -> Path:
    """The folder of the files that ship.

    Returns
    -------
    Path
        The package's `weights`; in a checkout, and in an editable installation, the folder of that name beside the package.

    Examples
    --------
    >>> (shipped_folder() / "shade.h5").is_file()
    True
    """
    package = Path(str(importlib.resources.files("mangastyle")))
    checkout = package.parent
    # Another package's `weights` in site-packages, where no project file is, must not be taken for ours.
    if not (package / "weights").is_dir() and (checkout / "pyproject.toml").is_file() and (checkout / "weights" / MANIFEST).is_file():
        return checkout / "weights"
    return package / "weights"


def find(name: str | Path, cure: str = "") -> Path:
    """The weights file that a name stands for.

    Parameters
    ----------
    name : str or Path
        A file, or the short name of one that ships: "shade", "shade-paper", "baseline", "onepass", "vgg19-slim". A file of that name in the
        working folder comes first.
    cure : str
        What the error message advises if there is no such file.

    Returns
    -------
    Path
        The file. One that ships has the SHA-256 of the manifest.

    Raises
    ------
    MangastyleError
        If it is missing, or damaged though it ships.

    Examples
    --------
    >>> find("baseline").name
    'baseline.h5'
    >>> find("basline")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: basline: no such weights file (did you mean 'baseline'?); name one that training wrote...
    """
    cure = cure or f"name one that training wrote, such as RUN/best.h5, or one that ships: {', '.join(SHIPPED)}"
    if not str(name):
        raise MangastyleError(f"the name of the weights file is empty; {cure}")
    path, folder = Path(name), shipped_folder()
    ships = str(name) in SHIPPED and not path.exists()
    if ships:
        path = folder / SHIPPED[str(name)]
    if not path.is_file():
        if ships:
            raise MangastyleError(f"{path}: no such weights file; install mangastyle again")
        raise MangastyleError(f"{path}: no such weights file{near(name, SHIPPED)}; {cure}")
    if path.resolve().parent == folder.resolve() and matches_manifest(path) is False:
        raise MangastyleError(f"{path}: damaged: its SHA-256 differs from the manifest's; install mangastyle again")
    return path


def matches_manifest(path: Path) -> bool | None:
    """Whether a shipped file is the one that the manifest beside it lists.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool or None
        Whether its SHA-256 is that of the manifest; None if that does not list it.

    Examples
    --------
    >>> matches_manifest(shipped_folder() / "baseline.h5")
    True
    """
    manifest = path.parent / MANIFEST
    entry = read_json(manifest).get(path.name) if manifest.exists() else None
    return entry and entry["sha256"] == _sha256(path, *_version(path))


def _version(path: Path) -> tuple[int, int]:
    """What tells a file from what it was before: when it was changed, and its size."""
    state = path.stat()
    return state.st_mtime_ns, state.st_size


@functools.lru_cache(64)
def _sha256(path: Path, *version: int) -> str:
    """The SHA-256 of a version of a file: a process looks at each file of up to 40 MB once."""
    return sha256(path)


def find_vgg19(name: str = "auto", allow_download: bool = False, remark: bool = True) -> Path:
    """The VGG-19 weights file that a name stands for.

    Parameters
    ----------
    name : str
        "auto": the full VGG-19 in Keras' cache, where Keras downloads it first with `allow_download`; else the slim one that
        ships. "full": the same without the slim one. "slim": the slim one. Else a file.
    allow_download : bool
        Whether Keras may download the full one if it is not in its cache.
    remark : bool
        Whether to say in the log, once in a process, that "auto" is the slim one.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MangastyleError
        If there is no such file, if one that ships is damaged, or if the download fails.

    Examples
    --------
    >>> find_vgg19("slim").name
    'vgg19-slim.h5'
    """
    if name == "slim":
        return find("vgg19-slim")
    if name not in ("auto", "full"):
        return find(name, "`backbone` takes auto, full, slim, random, or an HDF5 file of VGG-19")
    if vgg19_cache().is_file():
        return vgg19_cache()
    if allow_download:
        return download_vgg19()
    if name == "full":
        raise MangastyleError(f"{vgg19_cache()}: the full VGG-19 is not there; run '{GET_VGG19}', or give `backbone` an HDF5 file of it")
    path = find("vgg19-slim")
    if remark:
        remark_on_slim()
    return path


@functools.cache
def remark_on_slim() -> None:
    """Say once in a process that the slim VGG-19 stands in for the full one."""
    text = f"using the slim VGG-19 that ships; for the full one run '{GET_VGG19}', or name an HDF5 file of it"
    logging.getLogger("mangastyle").warning(text)


def vgg19_cache() -> Path:
    """Where Keras keeps the full VGG-19, whether it is there or not.

    Returns
    -------
    Path
        A file below KERAS_HOME, or below ~/.keras if that is not set; "~" stays where nobody knows the user's home.

    Examples
    --------
    >>> vgg19_cache().name
    'vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5'
    """
    return keras_home() / "models" / VGG19


def download_vgg19() -> Path:
    """Let Keras download the full VGG-19 into its cache, with its progress bar on a terminal's stderr.

    The file gets its name only when its checksum is right; nothing is left behind otherwise.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MangastyleError
        If the network, the server or the disk refuses, or if nobody knows the user's home.
    """
    from mangastyle.engine import keras

    if "~" in vgg19_cache().parts[0]:
        raise MangastyleError(f"{vgg19_cache()}: the user's home is not known; set KERAS_HOME to the folder that models are kept in")
    path, timeout, interactive = vgg19_cache().absolute(), socket.getdefaulttimeout(), keras.config.is_interactive_logging_enabled()
    socket.setdefaulttimeout(TIMEOUT)
    if not sys.stderr.isatty():  # the bar rewrites its line
        keras.config.disable_interactive_logging()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder(path.parent, "download") as folder, contextlib.redirect_stdout(sys.stderr):
            os.replace(keras.utils.get_file(VGG19, VGG19_URL, file_hash=VGG19_MD5, cache_subdir=str(folder)), path)
    except (Exception, KeyboardInterrupt) as error:  # Keras raises bare Exception for network failures
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the bar's line has no end yet
        if isinstance(error, KeyboardInterrupt):
            raise
        reason = str(error).removeprefix(f"URL fetch failure on {VGG19_URL}: ").removeprefix("None -- ").rstrip(".")
        cure = "try again later, or download it elsewhere and name that file as the backbone"
        raise MangastyleError(f"{VGG19_URL}: could not be downloaded ({reason}); {cure}") from error
    finally:
        socket.setdefaulttimeout(timeout)
        if interactive:
            keras.config.enable_interactive_logging()
    return path


def is_published_vgg19(path: Path) -> bool:
    """Whether a file is the VGG-19 that Keras publishes; one that was made otherwise may still serve.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        Whether its MD5 is the published one.

    Examples
    --------
    >>> is_published_vgg19(shipped_folder() / "vgg19-slim.h5")
    False
    """
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == VGG19_MD5
