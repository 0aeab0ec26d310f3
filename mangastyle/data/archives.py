"""Sources of pictures: folders, .zip and .tar archives, and drawn characters and figures, all read in the same way."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Iterator, Protocol, Sequence

import cv2
import numpy as np

from mangastyle.data.members import DAMAGED, Reader, file_reader, shown
from mangastyle.data.tars import COMPRESSED, Tar, is_tar
from mangastyle.data.zips import Zip
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.files import open_file, sha256
from mangastyle.io.folders import list_pictures
from mangastyle.io.formats import is_picture_name
from mangastyle.synthetic import characters, figures

DRAWN = ("drawn", "figures")  # begin the names of sources of drawn pictures
ZIP, ENDS = (b"PK\3\4", b"PK\5\6"), (".zip", ".tar", ".tgz")
BEGINNING = 512  # bytes that tell what a file is
FOREIGN = {b"7z\xbc\xaf\x27\x1c": "a 7z", b"Rar!\x1a\x07": "a RAR", b"\x28\xb5\x2f\xfd": "a Zstandard"}  # archives that are not read


class Source(Protocol):
    """Holds pictures: iteration yields the name and the `Reader` of each, in a fixed order.

    Attributes
    ----------
    left_out : Counter of str
        How many files of an archive are no pictures, by suffix or kind. (What a folder leaves out, `list_pictures` says.)
    """

    left_out: Counter[str]

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[str, Reader]]: ...

    def identify(self, key: hashlib.blake2b) -> None:
        """Add to a hash all that decides which pictures there are."""


def check(names: Sequence[str]) -> None:
    """Raise `MangastyleError` for the first name that is no source; opens no archive, so that it takes no time."""
    for name in names:
        if is_drawn(name):
            _drawn_seeds(name)
        else:
            _kind(Path(name))


def open_source(name: str, side: int, max_pixels: int = images.MAX_PIXELS) -> Source:
    """Open a source of pictures.

    Parameters
    ----------
    name : str
        A folder (searched recursively), a .zip or .tar file (compressed or not), ``drawn:N`` (drawn characters 0 to N - 1) or
        ``drawn:FROM-TO``, or ``figures:N`` or ``figures:FROM-TO`` (drawn pictures of whole figures).
    side : int
        Side of drawn pictures in pixels; files have their own.
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
    if is_drawn(name):
        return Drawn(name.partition(":")[0], _drawn_seeds(name), min(side, characters.MAX_SIZE))
    path = Path(name)
    try:
        return _kind(path)(path, max_pixels)
    except DAMAGED as error:
        raise MangastyleError(f"{path}: damaged archive ({shown(str(error))})") from error


class _Folder:
    def __init__(self, path: Path, max_pixels: int) -> None:
        self.path, self.max_pixels, self.left_out = path, max_pixels, Counter[str]()
        self.files = list_pictures(path).pictures

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[tuple[str, Reader]]:
        for file in self.files:
            yield shown(str(file.relative_to(self.path))), file_reader(file, self.max_pixels)

    def identify(self, key: hashlib.blake2b) -> None:
        for file in self.files:
            try:
                content = images.too_large(file.stat().st_size, self.max_pixels) or sha256(file)
            except (OSError, MangastyleError):
                content = "unreadable"
            key.update(f"{file.relative_to(self.path)}\0{content}\n".encode("utf-8", "surrogateescape"))


class Drawn:
    """Drawn characters or figures, see `Source`.

    Parameters
    ----------
    kind : str
        drawn or figures.
    seeds : range
        Which ones.
    side : int
        Height and width of each, in pixels.
    """

    def __init__(self, kind: str, seeds: range, side: int) -> None:
        self.kind, self.seeds, self.side, self.left_out = kind, seeds, side, Counter[str]()

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[tuple[str, Reader]]:
        for seed in self.seeds:
            yield f"{seed:06d}", Reader(lambda seed=seed: self._draw(seed), lambda: self.side**2)

    def identify(self, key: hashlib.blake2b) -> None:
        """Add to a hash what decides which pictures there are: the drawing program, and OpenCV, which draws its polygons."""
        version = characters.DRAWING_VERSION if self.kind == "drawn" else figures.FIGURE_VERSION
        key.update(f"{self.kind}:{self.seeds.start}-{self.seeds.stop} {version} {cv2.__version__}\n".encode())

    def _draw(self, seed: int) -> np.ndarray:
        return characters.draw(seed, self.side) if self.kind == "drawn" else figures.figure(seed, self.side, self.side).rgb


def is_drawn(name: str) -> bool:
    """Whether the name of a source stands for drawn pictures.

    Examples
    --------
    >>> is_drawn("figures:20"), is_drawn("folder")
    (True, False)
    """
    return name.partition(":")[0] in DRAWN and ":" in name


def _drawn_seeds(name: str) -> range:
    kind, _, which = name.partition(":")
    found = re.fullmatch(r"(?:(\d+)-)?(\d+)", which)
    seeds = range(int(found[1] or 0), int(found[2])) if found else range(0)
    if not seeds:
        raise MangastyleError(f"`data` {name}: write {kind}:N or {kind}:FROM-TO with whole numbers, as in {kind}:2000 or {kind}:2000-4000")
    return seeds


def _kind(path: Path) -> type[_Folder] | type[Zip] | type[Tar]:
    if not path.exists():
        raise MangastyleError(f"{path}: no such folder or archive; `data` takes folders, .zip or .tar files, drawn:N or figures:N")
    if path.is_dir():
        return _Folder
    with open_file(path) as file:
        head = file.read(BEGINNING)
        zeros = not head.strip(b"\0")  # these alone would pass for a .tar file of nothing
        if not zeros and is_tar(path):  # first: one that ends with a .zip file would pass for that
            return Tar
        if zipfile.is_zipfile(file):
            return Zip
    for magic, kind in FOREIGN.items():
        if head.startswith(magic):
            raise MangastyleError(f"{path}: is {kind} archive, which is not read; unpack it, and name the folder of its pictures")
    if is_picture_name(path.name):
        raise MangastyleError(f"{path}: is a picture; name the folder that it is in")
    if zeros:
        raise MangastyleError(f"{path}: is empty, or begins with zeros, as a download that was never finished; get it again")
    if head.startswith(ZIP) or head.startswith(tuple(COMPRESSED)) or head[257:262] == b"ustar" or path.suffix.lower() in ENDS:
        raise MangastyleError(f"{path}: no intact .zip or .tar file, it is cut off or damaged; get it again")
    raise MangastyleError(f"{path}: neither a folder nor a .zip or .tar file")
