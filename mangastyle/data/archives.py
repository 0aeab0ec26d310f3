"""Sources of pictures: folders, .zip and .tar archives, and synthetic characters, all read in the same way."""

from __future__ import annotations

import hashlib
import lzma
import re
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Callable, Iterator, Protocol, Sequence

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.files import sha256
from mangastyle.synthetic import characters

DAMAGED = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError)  # what archives raise

SYNTHETIC = "drawn:"  # begins the name of a source of synthetic characters

Reader = Callable[[], np.ndarray]  # decodes one picture to uint8 RGB (h, w, 3), or raises `MangastyleError`


class Source(Protocol):
    """Holds pictures: iteration yields the name and the `Reader` of each, in a fixed order."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[str, Reader]]: ...

    def identify(self, key: hashlib.blake2b) -> None:
        """Add to a hash all that decides which pictures there are."""


def check(names: Sequence[str]) -> None:
    """Raise `MangastyleError` for the first name that is no source; opens no archive, so that it takes no time."""
    for name in names:
        if name.startswith(SYNTHETIC):
            _synthetic_seeds(name)
        else:
            _kind(Path(name))


def open_source(name: str, side: int, max_pixels: int = images.MAX_PIXELS) -> Source:
    """Open a source of pictures.

    Parameters
    ----------
    name : str
        A folder (searched recursively), a .zip or .tar file (compressed or not), ``drawn:N`` (synthetic characters 0 to
        N - 1) or ``drawn:FROM-TO``.
    side : int
        Side of the synthetic characters in pixels; files have their own.
    max_pixels : int
        Larger pictures are refused before they are decoded.

    Raises
    ------
    MangastyleError
        If there is no such source, or the archive is damaged.

    Examples
    --------
    >>> source = open_source("drawn:3", side=32)
    >>> [(name, read().shape) for name, read in source]
    [('000000', (32, 32, 3)), ('000001', (32, 32, 3)), ('000002', (32, 32, 3))]
    """
    if name.startswith(SYNTHETIC):
        return _Synthetic(_synthetic_seeds(name), min(side, characters.MAX_SIZE))
    path = Path(name)
    try:
        return _kind(path)(path, max_pixels)
    except DAMAGED as error:
        raise MangastyleError(f"{path}: damaged archive ({error})") from error


class _Folder:
    def __init__(self, path: Path, max_pixels: int) -> None:
        self.path, self.max_pixels, self.files = path, max_pixels, images.find(path)

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[tuple[str, Reader]]:
        for file in self.files:
            yield str(file.relative_to(self.path)), lambda file=file: images.load(file, self.max_pixels).rgb

    def identify(self, key: hashlib.blake2b) -> None:
        for file in self.files:
            key.update(f"{file.relative_to(self.path)}\0{sha256(file)}\n".encode())


class _Zip:
    def __init__(self, path: Path, max_pixels: int) -> None:
        self.path, self.max_pixels = path, max_pixels
        with zipfile.ZipFile(path) as archive:
            self.members = sorted(filter(_is_picture, archive.namelist()))

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[tuple[str, Reader]]:
        with zipfile.ZipFile(self.path) as archive:
            for name in self.members:
                try:
                    yield name, _decoder(archive.read(name), f"{self.path}/{name}", self.max_pixels)
                except DAMAGED as error:
                    yield name, _failing(f"{self.path}/{name}: damaged in the archive ({error})")

    def identify(self, key: hashlib.blake2b) -> None:
        key.update(sha256(self.path).encode())


class _Tar:
    def __init__(self, path: Path, max_pixels: int) -> None:
        self.path, self.max_pixels = path, max_pixels
        with tarfile.open(path) as archive:
            self.members = sorted(m.name for m in archive if m.isfile() and _is_picture(m.name))

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[tuple[str, Reader]]:
        members = set(self.members)
        with tarfile.open(self.path) as archive:  # in file order: seeking back in a compressed tar is slow
            for member in archive:
                if member.isfile() and member.name in members:
                    file: IO[bytes] = archive.extractfile(member)  # type: ignore[assignment]  # None for folders alone
                    yield member.name, _decoder(file.read(), f"{self.path}/{member.name}", self.max_pixels)

    def identify(self, key: hashlib.blake2b) -> None:
        key.update(sha256(self.path).encode())


class _Synthetic:
    def __init__(self, seeds: range, side: int) -> None:
        self.seeds, self.side = seeds, side

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[tuple[str, Reader]]:
        for seed in self.seeds:
            yield f"{seed:06d}", lambda seed=seed: characters.draw(seed, self.side)

    def identify(self, key: hashlib.blake2b) -> None:
        # The pictures follow from the drawing program and from OpenCV, which draws its polygons.
        key.update(f"{SYNTHETIC}{self.seeds.start}-{self.seeds.stop} {characters.DRAWING_VERSION} {cv2.__version__}\n".encode())


def _synthetic_seeds(name: str) -> range:
    found = re.fullmatch(r"drawn:(?:(\d+)-)?(\d+)", name)
    seeds = range(int(found[1] or 0), int(found[2])) if found else range(0)
    if not seeds:
        raise MangastyleError(f"`data` {name}: write drawn:N or drawn:FROM-TO with whole numbers, as in drawn:2000 or drawn:2000-4000")
    return seeds


def _kind(path: Path) -> type[_Folder] | type[_Zip] | type[_Tar]:
    if not path.exists():
        raise MangastyleError(f"{path}: no such folder or archive; `data` takes folders, .zip or .tar files, or drawn:N")
    try:
        if path.is_dir():
            return _Folder
        if zipfile.is_zipfile(path):
            return _Zip
        if tarfile.is_tarfile(path):
            return _Tar
    except DAMAGED as error:
        raise MangastyleError(f"{path}: damaged archive ({error})") from error
    raise MangastyleError(f"{path}: neither a folder nor an intact .zip or .tar file")


def _is_picture(name: str) -> bool:
    file = name.lower().rpartition("/")[2]
    return file.endswith(images.SUFFIXES) and not file.startswith(".")


def _decoder(data: bytes, name: str, max_pixels: int) -> Reader:
    return lambda: images.decode(data, name, max_pixels).rgb


def _failing(message: str) -> Reader:
    def read() -> np.ndarray:
        raise MangastyleError(message)

    return read
