"""Pictures in, uint8 batches out: folders, archives or synthetic characters, decoded once into a cache on disk.

A data set is split into train, validation and test by the hash of each picture's pixels: the same picture is never in two
parts, whatever its name, and stays in its part when others are added. Batches are a pure function of (seed, step), which makes
resumed trainings exact.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Sequence

import cv2
import numpy as np
import PIL
from tqdm import tqdm

from mangastyle.data.archives import Reader, Source, open_source
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.files import write_json
from mangastyle.ops import pixels

CACHE_FORMAT = 2  # raise it when the layout of the cache or the way to decode changes
ZOOM = 4  # close-ups are cut from pictures kept at this many times the training size


class Pictures:
    """Decoded pictures on disk, memory-mapped.

    Attributes
    ----------
    base : ndarray, uint8 (n, size, size, 3)
        Each picture, cropped to a square as in the paper (section 3).
    large : ndarray, uint8 (m, 4 size, 4 size, 3)
        The same pictures larger, for those of at least that size.
    large_rows : ndarray, int64 (m,)
        Row of `base` for each of `large`.
    names, hashes : list of str
        Name and 16 hexadecimal digits for each picture of `base`.
    skipped, duplicates : int
        How many pictures could not be read, and how many were exact duplicates of others.
    """

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / "index.json").read_text())
        self.names: list[str] = index["names"]
        self.hashes: list[str] = index["hashes"]
        self.skipped: int = index["skipped"]
        self.duplicates: int = index["duplicates"]
        self.large_rows = np.array(index["large_rows"], np.int64)
        size = index["size"]
        self.base = np.memmap(folder / "base.u8", np.uint8, "r", shape=(len(self.names), size, size, 3))
        shape = (len(self.large_rows), ZOOM * size, ZOOM * size, 3)
        self.large = np.memmap(folder / "large.u8", np.uint8, "r", shape=shape) if len(self.large_rows) else np.empty(shape, np.uint8)

    def split(self, validation: float, test: float) -> dict[str, np.ndarray]:
        """Rows of `base` for "train", "validation" and "test".

        Parameters
        ----------
        validation, test : float
            Shares of the pictures, 0 to 1. Train and validation get at least one picture whatever they are.
        """
        position = np.array([int(h, 16) / 2**64 for h in self.hashes])  # uniform in [0, 1)
        part = np.where(position < test, 2, np.where(position < test + validation, 1, 0))
        if not (part == 0).any():
            part[position.argmax()] = 0
        if not (part == 1).any():
            part[np.where(part == 0, position, 2).argmin() if (part == 0).sum() > 1 else position.argmin()] = 1
        return {name: np.flatnonzero(part == i) for i, name in enumerate(("train", "validation", "test"))}


class Batches:
    """Training batches: `batches(step)` is uint8 (batch, size, size, 3), a pure function of (seed, step).

    Pictures come in a new random order each epoch. A share `random_crop_prob` of them is replaced by random crops of a quarter,
    a half or three quarters of a picture's side, whose lines are as thin as those of larger pictures. Several threads may call it.

    Parameters
    ----------
    pictures : Pictures
    rows : ndarray of int
        The rows of `pictures.base` to train on.
    batch, seed : int
    random_crop_prob : float
        0 to 1. Ignored if none of the rows has a larger picture.
    """

    def __init__(self, pictures: Pictures, rows: np.ndarray, batch: int, seed: int, random_crop_prob: float) -> None:
        self.pictures, self.rows, self.batch, self.seed = pictures, rows, batch, seed
        self.large = np.flatnonzero(np.isin(pictures.large_rows, rows))
        self.random_crop_prob = random_crop_prob if len(self.large) else 0.0
        self._order = functools.lru_cache(maxsize=2)(self._shuffled)

    def __call__(self, step: int) -> np.ndarray:
        positions = range(step * self.batch, (step + 1) * self.batch)  # in the endless sequence of epochs
        batch = np.stack([self.pictures.base[self._row(position)] for position in positions])
        random = np.random.Generator(np.random.Philox(key=[self.seed, step]))
        for i in np.flatnonzero(random.random(self.batch) < self.random_crop_prob):
            batch[i] = self._random_crop(random, batch.shape[1])
        return batch

    def _row(self, position: int) -> int:
        epoch, index = divmod(position, len(self.rows))
        return self._order(epoch)[index]

    def _shuffled(self, epoch: int) -> np.ndarray:
        return np.random.Generator(np.random.Philox(key=[self.seed, epoch], counter=[0, 0, 0, 1])).permutation(self.rows)

    def _random_crop(self, random: np.random.Generator, size: int) -> np.ndarray:
        picture = self.pictures.large[self.large[random.integers(len(self.large))]]
        side = size * random.integers(1, ZOOM)  # not the whole picture: `base` holds that
        y, x = random.integers(0, ZOOM * size - side + 1, 2)
        return pixels.resize(picture[y : y + side, x : x + side], size, size)


def cache_folder(given: str = "") -> Path:
    """The folder for decoded pictures: the one given, $MANGASTYLE_CACHE, or mangastyle in the user's cache folder."""
    if given or os.environ.get("MANGASTYLE_CACHE"):
        return Path(given or os.environ["MANGASTYLE_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mangastyle"


def load(
    sources: Sequence[str], size: int, *, zoom: bool = True, cache: str = "", max_pixels: int = images.MAX_PIXELS
) -> Pictures:  # fmt: skip
    """All pictures of some sources, decoded once and cached on disk.

    Unreadable pictures are reported on stderr and skipped, exact duplicates dropped.

    Parameters
    ----------
    sources : sequence of str
        Folders, .zip or .tar files, or ``drawn:N``, see `archives.open_source`.
    size : int
        Side of the squares, in pixels.
    zoom : bool
        Also keep the pictures at 4 times that size, for close-ups.
    cache : str
        Folder for decoded pictures; empty: see `cache_folder`.
    max_pixels : int
        Larger pictures are refused before they are decoded.

    Raises
    ------
    MangastyleError
        For a source that is missing or damaged, if fewer than two pictures are left, or if the cache cannot be written.

    Examples
    --------
    >>> pictures = load(["drawn:4"], 16, zoom=False, cache="cache")
    >>> pictures.base.shape, pictures.large.shape
    ((4, 16, 16, 3), (0, 64, 64, 3))
    """
    opened = [open_source(name, size * (ZOOM if zoom else 1), max_pixels) for name in sources]
    key = hashlib.blake2b(digest_size=16)
    for part in (CACHE_FORMAT, size, zoom, max_pixels, PIL.__version__, cv2.__version__):
        key.update(f"{part!r}\n".encode())
    for source in opened:
        source.identify(key)
    folder = cache_folder(cache) / key.hexdigest()
    with contextlib.suppress(OSError, ValueError):  # not decoded yet, or the cache is damaged
        return Pictures(folder)
    try:
        _decode(opened, " ".join(sources), size, zoom, folder)
    except OSError as error:
        raise MangastyleError(f"{folder}: cannot keep decoded pictures here ({error.strerror}); choose another `cache`") from error
    return Pictures(folder)


class _Decoded(NamedTuple):
    digest: str  # of the pixels
    base: np.ndarray
    large: np.ndarray | None


def _decode(sources: list[Source], title: str, size: int, zoom: bool, folder: Path) -> None:
    """Decode everything into a temporary folder, then rename it: a killed run leaves no half cache."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    index: dict[str, Any] = {"size": size, "names": [], "hashes": [], "large_rows": [], "skipped": 0, "duplicates": 0}
    known: set[str] = set()
    with tempfile.TemporaryDirectory(prefix=".decoding-", dir=folder.parent, ignore_cleanup_errors=True) as temporary:
        made = Path(temporary) / "cache"
        made.mkdir()
        with open(made / "base.u8", "wb") as base, open(made / "large.u8", "wb") as large, ThreadPoolExecutor() as pool:
            bar = tqdm(total=sum(map(len, sources)), desc="decoding", unit="picture", disable=None)
            for name, decoded in _in_order(pool, sources, size, zoom):
                bar.update()
                if isinstance(decoded, MangastyleError):
                    index["skipped"] += 1
                    bar.write(f"mangastyle: skipped: {decoded}", file=sys.stderr)
                elif decoded.digest in known:
                    index["duplicates"] += 1
                else:
                    known.add(decoded.digest)
                    if decoded.large is not None:
                        index["large_rows"].append(len(index["names"]))
                        large.write(decoded.large.tobytes())
                    index["names"].append(name)
                    index["hashes"].append(decoded.digest)
                    base.write(decoded.base.tobytes())
            bar.close()
        if len(index["names"]) < 2:
            raise MangastyleError(
                f"{title}: {len(index['names'])} usable pictures ({index['skipped']} unreadable, "
                f"{index['duplicates']} duplicates); at least 2 are needed"
            )
        write_json(made / "index.json", index)
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        made.rename(folder)


def _in_order(
    pool: ThreadPoolExecutor, sources: list[Source], size: int, zoom: bool
) -> Iterator[tuple[str, _Decoded | MangastyleError]]:  # fmt: skip
    """Decode on all cores, at most 64 pictures ahead; results come in the sources' order."""
    waiting: list[tuple[str, Future]] = []
    for source in sources:
        for name, read in source:
            waiting.append((name, pool.submit(_decode_one, read, size, zoom)))
            if len(waiting) > 64:
                first, future = waiting.pop(0)
                yield first, future.result()
    for name, future in waiting:
        yield name, future.result()


def _decode_one(read: Reader, size: int, zoom: bool) -> _Decoded | MangastyleError:
    """One picture, or why it cannot be read."""
    try:
        rgb = read()
    except MangastyleError as error:
        return error
    digest = hashlib.blake2b(repr(rgb.shape).encode() + rgb.tobytes(), digest_size=8).hexdigest()
    square, side = pixels.crop_square(rgb), ZOOM * size
    large = pixels.resize(square, side, side) if zoom and square.shape[0] >= side else None
    return _Decoded(digest, pixels.resize(square, size, size), large)
