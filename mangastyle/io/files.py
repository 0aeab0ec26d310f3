"""Files on disk: written under a temporary name and then renamed, never overwritten unasked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Iterator

from mangastyle.errors import MangastyleError


def refuse_existing(path: Path, force: bool) -> None:
    """Check that a result may be written: results are never overwritten unasked.

    Parameters
    ----------
    path : Path
        The result's name.
    force : bool
        Whether it may be overwritten.

    Raises
    ------
    MangastyleError
        If it exists and `force` is off.
    """
    if os.path.exists(path) and not force:
        raise MangastyleError(f"{path}: already exists; use `force` to overwrite it, or name another output")


def refuse_unwritable(path: Path) -> None:
    """Check, before long work, that something can be created at a path; changes nothing on the disk.

    Parameters
    ----------
    path : Path
        The result's name; its folders need not exist.

    Raises
    ------
    MangastyleError
        If the nearest folder above it that exists cannot be written in.
    """
    above = next(p for p in path.absolute().parents if os.path.exists(p))
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise MangastyleError(f"{path}: cannot write in {above}; choose another `out`")


def make_folder(path: Path) -> Path:
    """Create a folder with its parents; one that exists is left alone.

    Parameters
    ----------
    path : Path
        Its name.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    MangastyleError
        If the disk refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MangastyleError(f"{path}: cannot create this folder ({error.strerror}); choose another `out`") from error
    return path


@contextlib.contextmanager
def atomic(path: str | Path, force: bool = True) -> Iterator[Path]:
    """Write a file under a temporary name beside its own; rename it on success, remove it on any failure.

    A reader therefore finds the old file or the whole new one, never a half.

    Parameters
    ----------
    path : str or Path
        The file's name; missing folders are created.
    force : bool
        Whether it may be overwritten.

    Yields
    ------
    Path
        The temporary name, with the same suffix.

    Raises
    ------
    MangastyleError
        If the file exists and `force` is off, or if the disk refuses.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic(Path(folder) / "notes.txt") as temporary:
    ...         _ = temporary.write_text("two lines")
    ...     print(os.listdir(folder))
    ['notes.txt']
    """
    path = Path(path)
    refuse_existing(path, force)
    make_folder(path.parent)
    try:
        # The suffix stays last: encoders choose the format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=f".part{path.suffix}", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise MangastyleError(f"{path}: cannot write here ({error.strerror}); choose another `out`") from error
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes private files; results get the usual mode
        os.replace(temporary, path)
    except OSError as error:
        raise MangastyleError(f"{path}: cannot write this file ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: str | Path, value: Any) -> None:
    """Write a value as indented JSON, atomically.

    Parameters
    ----------
    path : str or Path
        The file's name; one that exists is replaced.
    value : object
        What JSON can hold.

    Raises
    ------
    MangastyleError
        If the disk refuses.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_json(Path(folder) / "a.json", {"steps": 3})
    ...     read_json(Path(folder) / "a.json")
    {'steps': 3}
    """
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Parameters
    ----------
    path : str or Path
        The file's name.

    Returns
    -------
    object
        What it holds.

    Raises
    ------
    MangastyleError
        If it is missing or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    except ValueError as error:
        raise MangastyleError(f"{path}: not valid JSON ({error})") from error


def sha256(path: str | Path) -> str:
    """SHA-256 of a file.

    Parameters
    ----------
    path : str or Path
        The file's name.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    MangastyleError
        If it cannot be read.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a").write_bytes(b"abc")
    ...     sha256(Path(folder) / "a")[:16]
    'ba7816bf8f01cfea'
    """
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as f:
            while block := f.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    return digest.hexdigest()
