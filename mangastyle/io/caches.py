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
    return user_folder(given, "CACHE", Path(".cache"), "decoded pictures")


def user_folder(given: str, kind: str, in_home: Path, held: str) -> Path:
    """The folder for what is held: the one given, $MANGASTYLE_<kind>, or mangastyle in $XDG_<kind>_HOME or in the home folder.

    Raises
    ------
    MangastyleError
        If there is none.
    """
    if given or os.environ.get(f"MANGASTYLE_{kind}"):
        return Path(given or os.environ[f"MANGASTYLE_{kind}"])
    if os.environ.get(f"XDG_{kind}_HOME"):
        return Path(os.environ[f"XDG_{kind}_HOME"], "mangastyle")
    try:
        return Path.home() / in_home / "mangastyle"
    except RuntimeError as error:  # HOME is not set, and the system does not know the user
        raise MangastyleError(f"the user has no home folder for {held}; name a folder by `{kind.lower()}`") from error


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
