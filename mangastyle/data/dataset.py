"""Pictures in, uint8 batches out: folders, archives or synthetic characters, decoded once into a cache on disk.

A data set is split into train, validation and test by the hash of each picture's pixels: the same picture is never in two
parts, whatever its name, and stays in its part when others are added. Batches are a pure function of (seed, step), which makes
resumed trainings exact.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Sequence

import cv2
import numpy as np
import PIL

from mangastyle.data.ahead import PIXELS_AT_ONCE, Job, Room, in_order
from mangastyle.data.archives import Source, open_source
from mangastyle.data.members import Reader
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.caches import UNUSABLE, cache_folder, publish
from mangastyle.io.files import temporary_folder
from mangastyle.io.folders import left_out_note
from mangastyle.ops import pixels
from mangastyle.progress import Bar

CACHE_FORMAT = 2  # raise it when the layout of the cache or the way to decode changes
ZOOM = 4  # close-ups are cut from pictures kept at this many times the training size
TOLD = 20  # pictures that cannot be read of which each gets a line
LOG = logging.getLogger("mangastyle")


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
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
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


def load(
    sources: Sequence[str], size: int, *, zoom: bool = True, cache: str = "", max_pixels: int = images.MAX_PIXELS
) -> Pictures:  # fmt: skip
    """All pictures of some sources, decoded once and cached on disk.

    Unreadable pictures are skipped, with a remark on each of the first 20; exact duplicates are dropped.

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
    for name, source in zip(sources, opened):
        if source.left_out:
            _remark(f"{name}: {left_out_note(source.left_out)}")
        source.identify(key)
    folder = cache_folder(cache) / key.hexdigest()
    try:
        try:
            pictures = Pictures(folder)
        except UNUSABLE:
            _decode(opened, " ".join(sources), size, zoom, folder)
            pictures = Pictures(folder)
    except OSError as error:
        raise MangastyleError(f"{folder}: cannot keep decoded pictures here ({error.strerror}); choose another `cache`") from error
    if pictures.skipped:
        _remark(f"{' '.join(sources)}: {pictures.skipped} of {sum(map(len, opened))} pictures could not be read, and are left out")
    return pictures


@functools.cache
def _remark(line: str) -> None:
    """Say something about a source once, however often it is loaded."""
    LOG.warning(line)


class _Decoded(NamedTuple):
    digest: str  # of the pixels
    base: np.ndarray
    large: np.ndarray | None


def _decode(sources: list[Source], title: str, size: int, zoom: bool, folder: Path) -> None:
    """Decode everything into a temporary folder, then rename it: a killed run leaves no half cache."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    index: dict[str, Any] = {"size": size, "names": [], "hashes": [], "large_rows": [], "skipped": 0, "duplicates": 0}
    known: set[str] = set()
    with temporary_folder(folder.parent, "decoding") as temporary:
        made = temporary / "cache"
        made.mkdir()
        with open(made / "base.u8", "wb") as base, open(made / "large.u8", "wb") as large, ThreadPoolExecutor() as pool:
            bar = Bar(total=sum(map(len, sources)), desc="decoding", unit="picture")
            try:
                for name, decoded in in_order(pool, _jobs(sources, size, zoom)):
                    bar.update()
                    if isinstance(decoded, MangastyleError):
                        index["skipped"] += 1
                        if index["skipped"] <= TOLD:
                            LOG.warning(f"skipped: {' '.join(str(decoded).split())}")
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
            finally:
                bar.close()
                pool.shutdown(cancel_futures=True)
        if index["skipped"] > TOLD:
            LOG.warning(f"skipped: {index['skipped'] - TOLD} more")
        if len(index["names"]) < 2:
            raise MangastyleError(
                f"{title}: {len(index['names'])} usable pictures ({index['skipped']} unreadable, "
                f"{index['duplicates']} duplicates); at least 2 are needed"
            )
        (made / "index.json").write_text(json.dumps(index), encoding="utf-8")
        publish(made, folder, Pictures)


def _jobs(sources: list[Source], size: int, zoom: bool) -> Iterator[Job]:
    """The decoding of each picture."""
    result, room = 3 * size**2 * (1 + ZOOM**2 if zoom else 1), Room(PIXELS_AT_ONCE)  # bytes
    for source in sources:
        for name, read in source:
            yield Job(name, read.held + result, functools.partial(_decode_one, read, size, zoom, room))


def _decode_one(read: Reader, size: int, zoom: bool, room: Room) -> _Decoded | MangastyleError:
    """One picture, or why it cannot be read."""
    try:
        with room.taking(read.pixels()):
            rgb = read()
            digest = hashlib.blake2b(repr(rgb.shape).encode(), digest_size=8)
            digest.update(np.ascontiguousarray(rgb).data)
            square, side = pixels.crop_square(rgb), ZOOM * size
            large = pixels.resize(square, side, side) if zoom and square.shape[0] >= side else None
            return _Decoded(digest.hexdigest(), pixels.resize(square, size, size), large)
    except MangastyleError as error:
        return error
