"""Temporary files and folders; those that a killed process left are told from those in use by a lock, which ends with its process.

Beside what is written under a temporary name, `.NAME-xxxxxxxx.part.png`, lies an empty file without the last suffix, made before it,
removed after it, and locked all the while. What nobody has locked is therefore left over, whatever machine or container made it.
The lock is on a file of its own as libraries replace or lock (HDF5) the files that they write.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import secrets
import shutil
import string
from pathlib import Path
from typing import Iterator

try:
    import fcntl
except ImportError:  # Windows: nothing is locked, and nothing removed
    fcntl = None

NAME = re.compile(r"(\.(.*)-[a-z0-9_]{8}\.part)(\.\w+)?", re.DOTALL)
LETTERS = string.ascii_lowercase + string.digits + "_"
FOLDER = ".d"  # the suffix of a temporary folder

_looked_at: set[str] = set()  # folders, by this process
_in_use: dict[str, tuple[int, Path]] = {}  # by lock file: the process that made it, and the temporary name


@contextlib.contextmanager
def temporary_name(place: str | Path, stem: str, suffix: str = FOLDER) -> Iterator[Path]:
    """A name that nobody else uses; whatever has it in the end is removed.

    The first use of a folder by a process removes what killed processes left there.

    Parameters
    ----------
    place : str or Path
        The folder that it is in.
    stem : str
        The part of the name that people see.
    suffix : str
        Its end.

    Yields
    ------
    Path
        The name; nothing has it yet.

    Raises
    ------
    OSError
        If the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with temporary_name(folder, "a", ".txt") as temporary:
    ...         _ = temporary.write_text("half")
    ...         print(re.sub("-.{8}", "-xxxxxxxx", temporary.name), len(os.listdir(folder)))
    ...     print(os.listdir(folder))
    .a-xxxxxxxx.part.txt 2
    []
    """
    if os.path.abspath(place) not in _looked_at:
        _looked_at.add(os.path.abspath(place))
        remove(place, inner=False)
    handle, lock = None, _unused(place, stem)
    temporary = Path(lock + suffix)
    _in_use[lock] = os.getpid(), temporary
    try:
        while True:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            if fcntl:
                with contextlib.suppress(OSError):  # some network file systems have no locks: nothing is removed there either
                    fcntl.flock(handle, fcntl.LOCK_EX)
                if os.path.exists(lock):
                    break
            os.close(handle)  # `remove` was there between the two lines; or nothing is locked here
            handle = None
            if not fcntl:
                break
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            _remove_one(temporary)
            os.unlink(lock)
        if handle is not None:
            os.close(handle)
        _in_use.pop(lock)


@atexit.register
def _remove_unfinished() -> None:
    """Remove what `temporary_name` has not, where the exception of a signal came while it was at it."""
    for lock, (process, temporary) in _in_use.items():
        if process == os.getpid():  # not its child
            for path in (temporary, Path(lock)):
                with contextlib.suppress(OSError):
                    _remove_one(path)


def remove(folder: str | Path, stem: str | None = None, inner: bool = True) -> int:
    """Remove the temporary files and folders that nobody writes any more.

    Parameters
    ----------
    folder : str or Path
        Where to look; it need not exist.
    stem : str, optional
        Of the only one whose leftovers are removed; by default all are.
    inner : bool
        Look into the folders within it too.

    Returns
    -------
    int
        How many were removed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / ".a-12345678.part.png").write_bytes(b"half")
    ...     remove(folder), os.listdir(folder)
    (1, [])
    """
    removed = 0
    for place, folders, names in os.walk(folder) if fcntl else ():
        found: dict[str, list[str]] = {}  # what belongs to each lock
        for name in [*names, *folders]:
            if (match := NAME.fullmatch(name)) and stem in (None, match[2]):
                found.setdefault(match[1], []).append(name)
        for lock, parts in found.items():
            with contextlib.suppress(OSError):  # in use, or somebody else's
                removed += _remove_if_left(place, lock, parts)
        folders[:] = [name for name in folders if inner and not NAME.fullmatch(name)]
    return removed


def _unused(place: str | Path, stem: str) -> str:
    """A name for a lock file that nothing has."""
    while True:
        name = os.path.join(place, f".{stem}-{''.join(secrets.choice(LETTERS) for _ in range(8))}.part")
        if not os.path.lexists(name):
            return name


def _remove_if_left(place: str, lock: str, parts: list[str]) -> int:
    """Remove a lock file that nobody holds with what belongs to it; `OSError` if somebody does.

    Without a lock file, its parts were finished since they were listed, or are those of a former version, which had none.
    """
    handle = None
    with contextlib.suppress(FileNotFoundError):
        handle = os.open(os.path.join(place, lock), os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if handle is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore  # without fcntl nobody comes here
        return sum(_remove_one(Path(place, name)) for name in sorted(parts, key=len, reverse=True))  # the lock file last
    finally:
        if handle is not None:
            os.close(handle)


def _remove_one(path: Path) -> bool:
    """Remove a file or a folder; whether there was one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        return True
    try:
        path.unlink()
        return True
    except FileNotFoundError:
        return False
