"""Files on disk: written under a temporary name and then renamed, never overwritten unasked."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, Iterator

from mangastyle.errors import MangastyleError, near
from mangastyle.io import json_text, leftovers

# What is neither a file nor a folder. Reading it may never end, and what is written to it is no picture.
SPECIAL = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
MOST_BESIDE = 10_000  # files among which the name that was meant is looked for
# What to do when the disk refuses to write a file.
CURES = {
    errno.ENAMETOOLONG: "choose a shorter `out`, or give the picture a shorter name",
    errno.EFBIG: "raise the limit of files' sizes (ulimit -f)",
}


def refuse_existing(path: Path, force: bool) -> None:
    """Check that a result may have a name: results are never overwritten unasked, and are no pipes.

    Parameters
    ----------
    path : Path
        The result's name.
    force : bool
        Whether it may be overwritten.

    Raises
    ------
    MangastyleError
        If it exists and `force` is off, if it is neither a file nor a folder, or if no disk takes so long a name.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _refused(path, error) from error
        return
    if kind := SPECIAL.get(stat.S_IFMT(mode)):
        raise MangastyleError(f"{path}: is a {kind}, not a file; choose another `out`")
    if not force:
        raise MangastyleError(f"{path}: already exists; use `force` to overwrite it, or name another output")


def _refused(path: Path, error: OSError) -> MangastyleError:
    """The disk's refusal to write a file, with the cure where there is one."""
    cure = f"; {CURES[error.errno]}" if error.errno in CURES else ""
    return MangastyleError(f"{path}: cannot write this file ({error.strerror or error}){cure}")


def refuse_unwritable(path: Path) -> None:
    """Check, before long work, that something can be created at a path; changes nothing on the disk.

    Parameters
    ----------
    path : Path
        The result's name; its folders need not exist.

    Raises
    ------
    MangastyleError
        If the nearest folder above it that exists cannot be written in, or a link above it leads nowhere.
    """
    _refuse_dead_links(path.absolute().parent)
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
    _refuse_dead_links(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MangastyleError(f"{path}: cannot create this folder ({error.strerror}); choose another `out`") from error
    return path


def _refuse_dead_links(folder: Path) -> None:
    """A link to nothing is not replaced by a folder: it may be one to a disk that is not mounted."""
    for path in (folder, *folder.parents):
        if os.path.islink(path) and not os.path.exists(path):
            raise MangastyleError(f"{path}: is a link to {os.path.realpath(path)}, which is not there; make that, or choose another `out`")


@contextlib.contextmanager
def atomic(path: str | Path, force: bool = True) -> Iterator[Path]:
    """Write a file under a temporary name beside its own; rename it on success, remove it on any failure.

    A reader therefore finds the old file or the whole new one, never a half. A link stays: what it names is written.

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
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic(Path(folder) / "notes.txt") as temporary:
    ...         _ = temporary.write_text("two lines")
    ...     print(os.listdir(folder))
    ['notes.txt']
    """
    path = Path(path)
    refuse_existing(path, force)
    target = Path(os.path.realpath(path)) if os.path.islink(path) else path
    make_folder(target.parent)
    with contextlib.ExitStack() as stack:
        try:
            # The suffix stays last: encoders choose the format by it.
            temporary = stack.enter_context(leftovers.temporary_name(target.parent, path.stem[:40], path.suffix))
        except OSError as error:
            raise MangastyleError(f"{path}: cannot write here ({error.strerror}); choose another `out`") from error
        try:
            yield temporary
            os.replace(temporary, target)
        except OSError as error:
            raise _refused(path, error) from error


@contextlib.contextmanager
def temporary_folder(place: str | Path, name: str) -> Iterator[Path]:
    """A new folder for something half done; it goes at the end, or, after a kill, when another one is made in the same place.

    Parameters
    ----------
    place : Path
        The folder that it is in, which must exist.
    name : str
        The part of its name that people see.

    Yields
    ------
    Path
        The folder.

    Raises
    ------
    OSError
        If the disk refuses.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with temporary_folder(place, "export") as folder:
    ...         _ = (folder / "model").write_text("half")
    ...     print(os.listdir(place))
    []
    """
    with leftovers.temporary_name(place, name) as folder:
        folder.mkdir()
        yield folder


def missing(path: str | Path, what: str = "file") -> MangastyleError:
    """The error for a file or folder that does not exist: what it lies beside, if the name is much like it.

    Parameters
    ----------
    path : str or Path
    what : str
        What it would be.

    Returns
    -------
    MangastyleError
        To be raised.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "lineart.png").write_bytes(b"")
    ...     str(missing(Path(folder) / "linart.png")).replace(folder, "pictures")
    "pictures/linart.png: no such file (did you mean 'lineart.png'?)"
    >>> print(missing("nowhere/a.png"))
    nowhere/a.png: no such file; there is no folder nowhere
    """
    path = Path(path)
    try:
        with os.scandir(path.parent) as entries:
            beside = [entry.name for entry in itertools.islice(entries, MOST_BESIDE)]
    except OSError:
        return MangastyleError(f"{path}: no such {what}; there is no folder {path.parent}")
    return MangastyleError(f"{path}: no such {what}{near(path.name, beside)}")


def open_file(path: str | Path) -> BinaryIO:
    """Open a regular file for reading; a pipe, a device or a socket, which may never end, is refused without waiting for it.

    Parameters
    ----------
    path : str or Path
        The file's name.

    Returns
    -------
    binary file
        Open at its start.

    Raises
    ------
    MangastyleError
        If it is missing, not to be read, or no regular file; it names the file.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for somebody who writes to it.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise missing(path) from None
    except OSError as error:
        raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise MangastyleError(f"{path}: is a folder, not a file" if stat.S_ISDIR(mode) else f"{path}: is a pipe or a device, not a file")
    return os.fdopen(handle, "rb")


def read_bytes(path: str | Path, most: int) -> bytes:
    """Read a whole file that must not be large.

    Parameters
    ----------
    path : str or Path
        The file's name.
    most : int
        The largest size in bytes.

    Returns
    -------
    bytes
        What it holds.

    Raises
    ------
    MangastyleError
        As from `open_file`; and if it is larger, which is known before it is read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a").write_bytes(b"abc")
    ...     read_bytes(Path(folder) / "a", 3)
    b'abc'
    """
    with open_file(path) as file:
        # The size on the disk is known at once; that of a file which grows, or which a system makes up as it is read, is not.
        if os.fstat(file.fileno()).st_size > most or len(data := file.read(most + 1)) > most:
            raise MangastyleError(f"{path}: larger than {most / 1e6:.3g} MB")
    return data


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
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_json(Path(folder) / "a.json", {"steps": 3})
    ...     read_json(Path(folder) / "a.json")
    {'steps': 3}
    """
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read a JSON file, in any encoding that JSON may have.

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
        As from `open_file` and `json_text.parse`; it names the file, the line and the column.
    """
    return json_text.parse(read_bytes(path, json_text.MOST_BYTES), str(path))


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
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "a").write_bytes(b"abc")
    ...     sha256(Path(folder) / "a")[:16]
    'ba7816bf8f01cfea'
    """
    digest = hashlib.sha256()
    with open_file(path) as file:
        try:
            while block := file.read(1 << 20):
                digest.update(block)
        except OSError as error:
            raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    return digest.hexdigest()
