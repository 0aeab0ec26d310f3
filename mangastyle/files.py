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
    """Raise `MangastyleError` if `path` exists and `force` is off: results are never overwritten unasked."""
    if os.path.exists(path) and not force:
        raise MangastyleError(f"{path}: already exists; use --force to overwrite it, or name another output")


def refuse_unwritable(path: Path) -> None:
    """Raise `MangastyleError`, before long work, if nothing can be created at `path`; changes nothing on the disk."""
    above = next(p for p in path.absolute().parents if os.path.exists(p))
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise MangastyleError(f"{path}: cannot write in {above}; choose another --out")


def make_folder(path: Path) -> Path:
    """Create the folder `path` with its parents; `MangastyleError` if it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MangastyleError(f"{path}: cannot create this folder ({error.strerror}); choose another --out") from error
    return path


@contextlib.contextmanager
def atomic(path: Path, force: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on any failure.

    A reader therefore sees the old file or the whole new one, never a half.
    Raises `MangastyleError` if the file exists and `force` is off, or if the disk refuses.
    """
    path = Path(path)
    refuse_existing(path, force)
    make_folder(path.parent)
    try:
        # The suffix stays last: encoders choose the format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=f".part{path.suffix}", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise MangastyleError(f"{path}: cannot write here ({error.strerror}); choose another --out") from error
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


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file; `MangastyleError` if it is missing or not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    except ValueError as error:
        raise MangastyleError(f"{path}: not valid JSON ({error})") from error


def sha256(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as f:
            while block := f.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    return digest.hexdigest()
