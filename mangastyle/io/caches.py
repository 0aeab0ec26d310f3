"""The user's cache folder: decoded pictures, learned painters; and how what is finished gets its place there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Callable

from mangastyle.errors import MangastyleError

UNUSABLE = (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError)  # of reading: no cache yet, or a damaged one


def cache_folder(given: str = "") -> Path:
    """The folder for decoded pictures: the one given, $MANGASTYLE_CACHE, or mangastyle in the user's cache folder.

    Raises
    ------
    MangastyleError
        If there is none.

    Examples
    --------
    >>> cache_folder("mine").name
    'mine'
    """
    if given or os.environ.get("MANGASTYLE_CACHE"):
        return Path(given or os.environ["MANGASTYLE_CACHE"])
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"], "mangastyle")
    try:
        return Path.home() / ".cache" / "mangastyle"
    except RuntimeError as error:  # HOME is not set, and the system does not know the user
        raise MangastyleError("the user has no home folder for decoded pictures; name a folder by `cache`") from error


def publish(made: Path, folder: Path, read: Callable[[Path], Any]) -> None:
    """Give a finished cache its name, unless another process, which made the same, was faster.

    Parameters
    ----------
    made : Path
        The folder with the finished cache.
    folder : Path
        Its name from now on.
    read : callable
        Reads a cache; what is there already is replaced if that raises one of `UNUSABLE`.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    try:
        made.rename(folder)
    except OSError:
        try:
            read(folder)
        except UNUSABLE:
            with contextlib.suppress(FileNotFoundError):
                folder.rename(made.with_name("damaged"))
            made.rename(folder)
