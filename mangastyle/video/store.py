"""The work folder of a clip: frames and arrays of its shots on disk, so that an interrupted run goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any, Iterator

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import leftovers
from mangastyle.io.files import atomic, make_folder, read_json, write_json
from mangastyle.io.locks import only_process
from mangastyle.video.shot import Arrays

FRAME = re.compile(r"(\d{6,})-([0-9a-f]{16})\.png")
COMPRESSION = 1  # of PNG, 0 to 9: more takes longer than the disk does
ABOUT = "clip.json"
FINISHED = "finished.json"

Record = tuple[int, float, int, "int | None"]  # of a frame: number and time in the clip, indices of its picture and of its opacity


class DiskFolder:
    """Pictures and arrays in a folder on disk, each under its own name once it is whole. A `mangastyle.video.shot.Folder`.

    A picture's name has its number and the start of the SHA-256 of its file: one that was damaged since is as if it were not there.

    Parameters
    ----------
    path : Path
        The folder; it need not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = DiskFolder(Path(place) / "shade")
    ...     folder.write(3, np.full((2, 2, 3), 7, np.uint8))
    ...     again = DiskFolder(folder.path)
    ...     again.has(3), again.has(4), int(again.read(3).max()), again.load("state")
    (True, False, 7, None)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: dict[int, str] = {}
        for name in sorted(os.listdir(path)) if path.is_dir() else ():
            if match := FRAME.fullmatch(name):
                if _digest((path / name).read_bytes()) == match[2]:
                    self._names[int(match[1])] = name
                else:
                    (path / name).unlink()

    def __len__(self) -> int:
        return len(self._names)

    def has(self, index: int) -> bool:
        """Whether there is a picture of this number."""
        return index in self._names

    def read(self, index: int) -> np.ndarray:
        """The picture of a number, uint8 (h, w, 3) or (h, w)."""
        data = np.frombuffer((self.path / self._names[index]).read_bytes(), np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if picture is None:
            raise MangastyleError(f"{self.path / self._names[index]}: is damaged; delete the file, and give the command again")
        return picture if picture.ndim == 2 else np.ascontiguousarray(picture[..., ::-1])

    def write(self, index: int, picture: np.ndarray) -> None:
        """Keep a picture, uint8 (h, w, 3) or (h, w), in the place of an earlier one."""
        stored = picture if picture.ndim == 2 else picture[..., ::-1]
        data = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION])[1].tobytes()
        name = f"{index:06}-{_digest(data)}.png"
        with atomic(self.path / name) as temporary:
            temporary.write_bytes(data)
        former, self._names[index] = self._names.get(index), name
        if former not in (None, name):
            (self.path / former).unlink()

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        """The arrays of a name; None if there are none, or they are damaged."""
        try:
            with np.load(io.BytesIO((self.path / f"{name}.npz").read_bytes()), allow_pickle=False) as arrays:
                return {key: arrays[key] for key in arrays.files}
        except (FileNotFoundError, zipfile.BadZipFile, ValueError, EOFError):
            return None

    def save(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name, in the place of earlier ones."""
        with atomic(self.path / f"{name}.npz") as temporary:
            np.savez(temporary, **arrays)  # type: ignore[arg-type]  # keyword arguments are arrays

    def forget(self) -> None:
        """Remove all arrays; pictures stay."""
        for path in self.path.glob("*.npz"):
            path.unlink()

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._names = {}


class Store:
    """The work folder of a clip, for one process at a time: use `opened`.

    Attributes
    ----------
    folder : Path
    begun : bool
        Whether an earlier run has left something for this one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.begun = folder, (folder / "shots").exists()

    @classmethod
    @contextlib.contextmanager
    def opened(cls, folder: Path, about: dict[str, Any], force: bool = False) -> Iterator[Store]:
        """The work folder, made or continued.

        Parameters
        ----------
        folder : Path
        about : dict
            What decides the results, as JSON: clip and settings.
        force : bool
            Whether a folder of other results may be emptied first.

        Raises
        ------
        MangastyleError
            If the folder is of another clip or other settings, holds other things, or another process works in it.
        """
        known = folder / ABOUT
        if folder.is_dir() and any(folder.iterdir()):
            if not known.exists():
                raise MangastyleError(f"{folder}: holds other files; move them, or name another `out`")
            with only_process(folder):
                if read_json(known) != json.loads(json.dumps(about)):
                    if not force:
                        cure = "give those, or use `force` to begin anew"
                        raise MangastyleError(f"{folder}: was begun with another clip or other options; {cure}")
                    shutil.rmtree(folder / "shots", ignore_errors=True)
        make_folder(folder)
        with only_process(folder):
            write_json(known, about)
            leftovers.remove(folder)
            yield cls(folder)

    def shot(self, number: int) -> ShotStore:
        """What is kept of one shot, by its number in the clip, from 0."""
        return ShotStore(self.folder / "shots" / f"{number:04}")

    def remove(self) -> None:
        """Remove the folder, when the clip is written."""
        shutil.rmtree(self.folder)


class ShotStore:
    """What is kept of one shot: a `DiskFolder` for each stage, and what is known of the shot once it is finished."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._folders: dict[str, DiskFolder] = {}

    def __getitem__(self, name: str) -> DiskFolder:
        """The folder of a stage."""
        if name not in self._folders:
            self._folders[name] = DiskFolder(self.folder / name)
        return self._folders[name]

    @property
    def finished(self) -> list[Record] | None:
        """Records of the shot's frames; None if the shot is not finished."""
        path = self.folder / FINISHED
        return [(*record,) for record in read_json(path)] if path.exists() else None

    def finish(self, records: list[Record]) -> None:
        """Mark the shot as finished, see `finished`."""
        write_json(self.folder / FINISHED, records)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
