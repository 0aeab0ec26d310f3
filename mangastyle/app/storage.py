"""What is kept on the disk: for each session a folder with the picture as it came, what it is, the page's state, and results.

Everything is written under a temporary name and then renamed, so that a kill at any moment leaves the old file or the new one. No name
that a client gives is one of a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any, Callable, Iterator

from mangastyle import __version__
from mangastyle.app import protocol
from mangastyle.app.schema import ID
from mangastyle.errors import MangastyleError
from mangastyle.io import json_text
from mangastyle.io.caches import user_folder
from mangastyle.io.files import atomic, make_folder, read_bytes

PICTURE, ABOUT, STATE, SMALL = "picture", "session.json", "state.json", "small.png"
STRIP = "strip.json"  # of the data folder: which pictures were dropped together
REFERENCES, DOWNLOADS = "references", "downloads"
MOST_STATE = protocol.MOST_JSON + 2**20  # bytes; spaces may have been added


def data_folder(given: str = "") -> Path:
    """The folder for what the studio keeps: the one given, $MANGASTYLE_DATA, or mangastyle in the user's data folder.

    Raises
    ------
    MangastyleError
        If there is none.

    Examples
    --------
    >>> data_folder("mine").name
    'mine'
    """
    return user_folder(given, "DATA", Path(".local", "share"), "drawings")


def new_id() -> str:
    """16 random hexadecimal digits.

    Examples
    --------
    >>> len(new_id())
    16
    """
    return secrets.token_hex(8)


class Folder:
    """A folder of files that are written whole.

    Parameters
    ----------
    path : Path
        It need not exist before something is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, data: bytes) -> None:
        """Write a file; one that exists is replaced."""
        with self.replacing(name) as temporary:
            temporary.write_bytes(data)

    @contextlib.contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A temporary name, which becomes the file's at the end; only this user may read it."""
        with atomic(self.path / name) as temporary:
            yield temporary
            temporary.chmod(0o600)

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON; `MangastyleError` if it is larger than what `read_json` reads."""
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        if len(data) > MOST_STATE:
            raise MangastyleError(f"{name}: larger than {MOST_STATE // 2**20} MB")
        self.write(name, data)

    def read(self, name: str, most: int = protocol.MOST_PICTURE) -> bytes:
        """The bytes of a file; `MangastyleError` if it is missing or larger."""
        return read_bytes(self.path / name, most)

    def read_json(self, name: str) -> Any:
        """The value of a JSON file; `MangastyleError` if it is missing, too large or damaged."""
        return json_text.parse(self.read(name, MOST_STATE), name)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.path / name).is_file()

    def names(self, folder: str) -> list[str]:
        """The files of a folder within it whose names are identifiers, the oldest first."""
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self.path / folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                    if ID.fullmatch(entry.name):
                        found.append((entry.stat().st_mtime_ns, entry.name))
        return [name for _, name in sorted(found)]

    def bytes(self) -> int:
        """How much it holds, folders within it included."""
        found = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):  # removed meanwhile
                    found += os.stat(os.path.join(folder, name)).st_size
        return found

    def saved(self, *names: str) -> float | None:
        """When the first of some files that there is was written, in seconds since 1970; None if there is none."""
        for name in names:
            with contextlib.suppress(OSError):
                return (self.path / name).stat().st_mtime
        return None

    def remove(self, name: str = "") -> None:
        """Remove a file or a folder within it, or all of it, if it is there."""
        path = self.path / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


class Disk:
    """The data folder: sessions, and paintings that were brought.

    Parameters
    ----------
    path : Path

    Raises
    ------
    MangastyleError
        If it cannot be made, or is another user's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder, self.sessions, self.paintings = Folder(path), Folder(path / "sessions"), Folder(path / "paintings")
        for folder in (self.sessions, self.paintings):
            try:
                make_folder(folder.path).chmod(0o700)
            except (MangastyleError, OSError) as error:
                reason = getattr(error.__cause__ or error, "strerror", None) or error
                raise MangastyleError(f"{folder.path}: drawings cannot be kept here ({reason}); name another folder by `data`") from error

    def session(self, name: str) -> Folder:
        """The folder of a session, which need not exist; its name was checked."""
        return Folder(self.sessions.path / name)

    def made(self, what: str, make: Callable[[], bytes]) -> bytes:
        """What this version of the program makes by itself, such as its samples: made once, and read from then on.

        Parameters
        ----------
        what : str
            One line that tells it from all others.
        make : callable
            Its bytes.
        """
        name = f"made/{hashlib.sha256(f'{__version__} {what}'.encode()).hexdigest()[:16]}"
        if not self.folder.has(name):
            self.folder.write(name, make())
        return self.folder.read(name)

    def last_session(self) -> str | None:
        """The session that was saved last; a folder that does not say what it is of, is none."""
        found = [(saved, name) for name, saved in self.saved_sessions()]
        return max(found)[1] if found else None

    def saved_sessions(self) -> list[tuple[str, float]]:
        """All sessions, and when each was saved."""
        names = [name for name in self.sessions.names("") if self.session(name).has(ABOUT)]
        return [(name, saved) for name in names if (saved := self.session(name).saved(STATE, ABOUT)) is not None]
