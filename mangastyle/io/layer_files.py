"""Layered files: which formats there are, by the ends of their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import openraster, psd
from mangastyle.io.files import refuse_existing, refuse_unwritable
from mangastyle.io.images import check_picture
from mangastyle.io.layer import Stack

WRITERS = {".ora": openraster.write, ".psd": psd.write}


def check_writable(path: str | Path, force: bool = False) -> None:
    """Fail early, before long work, where `save` could not write.

    Parameters
    ----------
    path : str or Path
        The file to be written.
    force : bool
        Whether it may be overwritten.

    Raises
    ------
    MangastyleError
        For a suffix that is no layered format, a file that exists, or a folder that cannot be written in.

    Examples
    --------
    >>> check_writable("layers.png")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: layers.png: cannot write layers in this format; end the name in one of .ora .psd
    """
    path = Path(path)
    _writer(path)
    refuse_existing(path, force)
    refuse_unwritable(path)


def check_size(path: str | Path, height: int, width: int) -> None:
    """Fail early, before long work, where a picture is too large for the format.

    Parameters
    ----------
    path : str or Path
        The file to be written.
    height, width : int
        Of the picture, in pixels.

    Raises
    ------
    MangastyleError
        If it is; it names another format.
    """
    if _writer(Path(path)) is psd.write:
        psd.check_size(path, height, width)


def save(path: str | Path, stack: Stack, merged: np.ndarray, alpha: np.ndarray | None = None, force: bool = False) -> Path:
    """Write layers in the format that the suffix names; atomic, never overwrites unasked.

    Parameters
    ----------
    path : str or Path
        The file, .ora or .psd; missing folders are created.
    stack : sequence of Layer and Group
        From the bottom to the top.
    merged : ndarray of uint8, shape (h, w, 3)
        What the layers show together, for programs that read no layers.
    alpha : ndarray of uint8, shape (h, w), or None
        The opacity of `merged`.
    force : bool
        Whether a file that exists may be overwritten.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MangastyleError
        For a suffix that is no layered format, layers that do not suit, a picture too large for the format, a file that exists, or a
        disk that refuses.

    Examples
    --------
    >>> import tempfile
    >>> from mangastyle.io.layer import Layer
    >>> white = np.full((4, 5, 3), 255, np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Path(folder) / "layers.psd", [Layer("Paper", white)], white).name
    'layers.psd'
    """
    path = Path(path)
    shape = check_picture(merged, "merged").shape[:2]
    if alpha is not None and check_picture(alpha, "alpha", gray=True).shape != shape:
        raise MangastyleError(f"`alpha`: must be uint8 (h, w) of the picture's {shape}, not {alpha.shape}")
    _writer(path)(path, stack, merged, alpha, force)
    return path


def _writer(path: Path):
    """What writes the format that a suffix names."""
    if writer := WRITERS.get(path.suffix.lower()):
        return writer
    raise MangastyleError(f"{path}: cannot write layers in this format; end the name in one of {' '.join(WRITERS)}")
