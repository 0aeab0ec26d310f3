"""Layered files that commands write beside their results. No TensorFlow: the option is checked before it loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mangastyle.cli import batch_files
from mangastyle.cli.checks import named_files, refuse_inputs
from mangastyle.errors import MangastyleError, near
from mangastyle.io import layer_files
from mangastyle.ops.layers import Layers, composite
from mangastyle.shade.layers import save_layers

FORMATS = tuple(suffix[1:] for suffix in layer_files.WRITERS)  # values of --layers that are no files


def check(options: Any, suffix: str) -> None:
    """Refuse what the option --layers cannot be, before long work.

    Parameters
    ----------
    options : Command
        With the fields `layers`, which is empty, a format or a file, `inputs`, `out` and `force`.
    suffix : str
        End of the default names of results, as for `batch_files.run_on_files`.

    Raises
    ------
    MangastyleError
        For a name that is no layered file's, one file for a folder of pictures, and a file that exists or cannot be written.
    """
    given = options.layers
    if given and given not in FORMATS and Path(given).suffix.lower() not in layer_files.WRITERS:
        known = " or ".join(FORMATS)
        raise MangastyleError(f"`layers`: {given!r}{near(given, FORMATS)} must be {known}, or a file that ends in .{' or .'.join(FORMATS)}")
    source = Path(options.inputs)
    if not given or not options.inputs or not source.exists():
        return
    if not source.is_dir():
        file_for(options, source, batch_files.result_file(options.out, source, suffix))
    elif given not in FORMATS:
        raise MangastyleError(f"`layers` {given}: is one file, and {source} is a folder; give {' or '.join(FORMATS)} for one file each")


def file_for(options: Any, source: Path, target: Path, size: tuple[int, ...] = ()) -> Path | None:
    """The layered file of a picture.

    Parameters
    ----------
    options : Command
        As for `check`.
    source, target : Path
        The picture and its result.
    size : (height, width, ...) or ()
        Of the picture, where it is known.

    Returns
    -------
    Path or None
        The file that --layers names, or one beside the result; None without the option.

    Raises
    ------
    MangastyleError
        If it is the picture or another input, or the picture is too large for the format; for a single picture, if the file exists or
        cannot be written.
    """
    if not options.layers:
        return None
    path = target.with_suffix(f".{options.layers}") if options.layers in FORMATS else Path(options.layers)
    refuse_inputs([path], [source, *named_files(options)])
    if size:
        layer_files.check_size(path, *size[:2])
    if not Path(options.inputs).is_dir():  # in a folder, a result that is there is not done again; without it, its layers are left over
        layer_files.check_writable(path, options.force)
    return path


def save(path: Path, options: Any, layers: Layers, alpha: np.ndarray | None) -> np.ndarray:
    """Write the layered file of a picture; for a single one, its name is printed.

    Parameters
    ----------
    path : Path
        See `file_for`.
    options : Command
        As for `check`.
    layers : Layers
    alpha : ndarray of uint8, shape (h, w), or None
        The picture's opacity.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        What the layers make together: the result.

    Raises
    ------
    MangastyleError
        If the disk refuses.
    """
    single = not Path(options.inputs).is_dir()
    save_layers(path, layers, alpha, force=options.force or not single)
    if single:
        print(path)
    return composite(layers)
