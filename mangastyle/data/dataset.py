"""Pictures in, uint8 batches out: folders, archives or drawn characters, decoded once into a cache on disk.

A data set is cut into train, validation and test by the hash of each picture's pixels: the same picture is never
in two of them, whatever its name, and stays where it is when others join. Batches are a pure function of
(seed, step), which is what makes a resumed training exact.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import lzma
import os
import re
import shutil
import sys
import tarfile
import tempfile
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import numpy as np
from tqdm import tqdm

from mangastyle import images
from mangastyle.config import TrainConfig
from mangastyle.data import characters
from mangastyle.errors import MangastyleError
from mangastyle.files import make_folder, sha256, write_json

FORMAT = 1  # of the cache; raise it when the layout changes
ZOOM = 4  # close-ups are cut from pictures kept at this many times the training size
DAMAGED = (OSError, EOFError, RuntimeError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError)  # archives


class Pictures:
    """Decoded pictures on disk, memory-mapped.

    base : uint8 (n, size, size, 3), each picture whole, cropped as in the paper.
    large : uint8 (m, 4 size, 4 size, 3), the same pictures larger, of those that had the pixels.
    hashes : 16 hexadecimal digits for each picture of `base`; large_rows : row in `base` of each of `large`.
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
        """Rows of `base` for "train", "validation" and "test"; train and validation always get at least one picture."""
        place = np.array([int(h, 16) / 2**64 for h in self.hashes])  # uniform in [0, 1)
        part = np.where(place < test, 2, np.where(place < test + validation, 1, 0))
        if not (part == 0).any():
            part[place.argmax()] = 0
        if not (part == 1).any():
            part[np.where(part == 0, place, 2).argmin() if (part == 0).sum() > 1 else place.argmin()] = 1
        return {name: np.flatnonzero(part == i) for i, name in enumerate(("train", "validation", "test"))}


class Batches:
    """Training batches: `batches(step)` is uint8 (batch, size, size, 3), always the same for the same seed and step.

    Pictures come in a new random order each epoch; the share `closeups` of them is replaced by random crops of a
    quarter, a half or three quarters of a picture's side, which is how the network meets the thin lines of larger pictures.
    Safe to call from several threads.
    """

    def __init__(self, pictures: Pictures, rows: np.ndarray, batch: int, seed: int, closeups: float) -> None:
        self.pictures, self.rows, self.batch, self.seed = pictures, rows, batch, seed
        self.large = np.flatnonzero(np.isin(pictures.large_rows, rows))
        self.closeups = closeups if len(self.large) else 0.0
        self._order = functools.lru_cache(maxsize=2)(self._shuffled)

    def __call__(self, step: int) -> np.ndarray:
        places = range(step * self.batch, (step + 1) * self.batch)  # in the endless stream of epochs
        batch = np.stack([self.pictures.base[self._row(place)] for place in places])
        random = np.random.Generator(np.random.Philox(key=[self.seed, step]))
        for i in np.flatnonzero(random.random(self.batch) < self.closeups):
            batch[i] = self._closeup(random, batch.shape[1])
        return batch

    def _row(self, place: int) -> int:
        epoch, index = divmod(place, len(self.rows))
        return self._order(epoch)[index]

    def _shuffled(self, epoch: int) -> np.ndarray:
        return np.random.Generator(np.random.Philox(key=[self.seed, epoch], counter=[0, 0, 0, 1])).permutation(self.rows)

    def _closeup(self, random: np.random.Generator, size: int) -> np.ndarray:
        picture = self.pictures.large[self.large[random.integers(len(self.large))]]
        side = size * random.integers(1, ZOOM)  # the whole picture at `size` is what `base` holds
        y, x = random.integers(0, ZOOM * size - side + 1, 2)
        return images.resize(picture[y : y + side, x : x + side], size, size)


def draws(seed: int, step: int, batch: int, count: int) -> np.ndarray:
    """Uniform numbers in [0, 1), float32 (batch, count), always the same for the same seed and step."""
    return np.random.Generator(np.random.Philox(key=[seed, step], counter=[0, 0, 0, 2])).random((batch, count), np.float32)


def cache_folder(given: str) -> Path:
    """Where decoded pictures are kept: the folder given, $MANGASTYLE_CACHE, or mangastyle in the user's cache folder."""
    if given or os.environ.get("MANGASTYLE_CACHE"):
        return Path(given or os.environ["MANGASTYLE_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mangastyle"


def load(config: TrainConfig) -> Pictures:
    """All pictures of `config.data`, decoded at `config.size`, from the cache if they are there.

    A source is a folder (searched recursively), a .zip or .tar file, or `drawn:N`, our own drawn characters.
    Unreadable pictures are reported on stderr and skipped, exact duplicates dropped. Raises `MangastyleError` for a
    missing source and if fewer than two pictures are left.
    """
    sources = [_source(name, config) for name in config.data]
    key = hashlib.blake2b(digest_size=16)
    for part in (FORMAT, config.size, config.closeups > 0, config.max_megapixels):
        key.update(repr(part).encode())
    for source in sources:
        source.identify(key)
    folder = cache_folder(config.cache) / key.hexdigest()
    with contextlib.suppress(OSError, ValueError):  # not decoded yet, or the cache is damaged
        return Pictures(folder)
    try:
        _decode(sources, config, folder)
    except OSError as error:
        raise MangastyleError(f"{folder}: cannot keep decoded pictures here ({error.strerror}); choose another --cache") from error
    return Pictures(folder)


def _decode(sources: list[_Source], config: TrainConfig, folder: Path) -> None:
    """Decode everything into a temporary folder, then rename it: a killed run leaves no half cache."""
    make_folder(folder.parent)
    index: dict = {"size": config.size, "names": [], "hashes": [], "large_rows": [], "skipped": 0, "duplicates": 0}
    seen: set[str] = set()
    with tempfile.TemporaryDirectory(prefix=".decoding-", dir=folder.parent, ignore_cleanup_errors=True) as temporary:
        made = Path(temporary) / "cache"
        made.mkdir()
        with open(made / "base.u8", "wb") as base, open(made / "large.u8", "wb") as large, ThreadPoolExecutor() as pool:
            bar = tqdm(total=sum(map(len, sources)), desc="decoding", unit="picture", disable=None)
            for name, outcome in _ordered(pool, sources, config):
                bar.update()
                if isinstance(outcome, MangastyleError):
                    index["skipped"] += 1
                    bar.write(f"mangastyle: skipped: {outcome}", file=sys.stderr)
                    continue
                digest, small, big = outcome
                if digest in seen:
                    index["duplicates"] += 1
                    continue
                seen.add(digest)
                if big is not None:
                    index["large_rows"].append(len(index["names"]))
                    large.write(big.tobytes())
                index["names"].append(name)
                index["hashes"].append(digest)
                base.write(small.tobytes())
            bar.close()
        if len(index["names"]) < 2:
            raise MangastyleError(
                f"{' '.join(config.data)}: {len(index['names'])} usable pictures ({index['skipped']} unreadable, "
                f"{index['duplicates']} duplicates); training needs at least 2"
            )
        write_json(made / "index.json", index)
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        made.rename(folder)


def _ordered(pool: ThreadPoolExecutor, sources: list[_Source], config: TrainConfig) -> Iterator[tuple[str, object]]:
    """Decode on all cores, a bounded number of pictures ahead, results in order."""
    waiting: list = []
    for source in sources:
        for name, read in source:
            waiting.append((name, pool.submit(_prepare, read, config)))
            if len(waiting) > 64:
                first, future = waiting.pop(0)
                yield first, future.result()
    for name, future in waiting:
        yield name, future.result()


def _prepare(read, config: TrainConfig) -> object:
    """(hash of the pixels, picture at `size`, picture at 4 `size` or None), or the error that says why not."""
    try:
        rgb = read()
    except MangastyleError as error:
        return error
    digest = hashlib.blake2b(repr(rgb.shape).encode() + rgb.tobytes(), digest_size=8).hexdigest()
    square = images.crop_square(rgb)
    side = ZOOM * config.size
    big = images.resize(square, side, side) if config.closeups and square.shape[0] >= side else None
    return digest, images.resize(square, config.size, config.size), big


class _Source:
    """Something that holds pictures: iterating gives (name, function that returns uint8 RGB)."""

    def __init__(self, path: Path, config: TrainConfig) -> None:
        self.path, self.max_pixels = path, int(config.max_megapixels * 1e6)

    def identify(self, key) -> None:
        """Feed the cache key what decides the pictures: the bytes of the file."""
        key.update(sha256(self.path).encode())

    def _reader(self, name: str, data: bytes):
        return lambda: images.decode(data, f"{self.path}/{name}", self.max_pixels).rgb


class _Folder(_Source):
    def __init__(self, path: Path, config: TrainConfig) -> None:
        super().__init__(path, config)
        self.files = images.find(path)

    def __len__(self) -> int:
        return len(self.files)

    def identify(self, key) -> None:
        for file in self.files:
            key.update(f"{file.relative_to(self.path)}\0{sha256(file)}\n".encode())

    def __iter__(self) -> Iterator:
        for file in self.files:
            yield str(file.relative_to(self.path)), lambda file=file: images.load(file, self.max_pixels).rgb


class _Zip(_Source):
    def __init__(self, path: Path, config: TrainConfig) -> None:
        super().__init__(path, config)
        with zipfile.ZipFile(path) as archive:
            self.members = sorted(filter(_is_picture, archive.namelist()))

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator:
        with zipfile.ZipFile(self.path) as archive:
            for name in self.members:
                try:
                    yield name, self._reader(name, archive.read(name))
                except DAMAGED as error:
                    yield name, _failing(f"{self.path}/{name}: damaged in the archive ({error})")


class _Tar(_Source):
    def __init__(self, path: Path, config: TrainConfig) -> None:
        super().__init__(path, config)
        with tarfile.open(path) as archive:
            self.members = sorted(m.name for m in archive if m.isfile() and _is_picture(m.name))

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator:
        wanted = set(self.members)
        with tarfile.open(self.path) as archive:  # in file order: seeking back in a compressed tar is slow
            for member in archive:
                if member.isfile() and member.name in wanted:
                    yield member.name, self._reader(member.name, archive.extractfile(member).read())


class _Drawn(_Source):
    def __init__(self, seeds: range, config: TrainConfig) -> None:
        super().__init__(Path(f"drawn:{seeds.start}-{seeds.stop}"), config)
        self.seeds, self.size = seeds, min(config.size * (ZOOM if config.closeups else 1), characters.MAX_SIZE)

    def __len__(self) -> int:
        return len(self.seeds)

    def identify(self, key) -> None:
        # The pictures follow from the program that draws them.
        for file in (Path(characters.__file__), *sorted((Path(characters.__file__).parent / "drawing").glob("*.py"))):
            key.update(sha256(file).encode())
        key.update(f"{self.path}".encode())

    def __iter__(self) -> Iterator:
        for seed in self.seeds:
            yield f"{seed:06d}", lambda seed=seed: characters.draw(seed, self.size)


def _is_picture(name: str) -> bool:
    file = name.lower().rpartition("/")[2]
    return file.endswith(images.SUFFIXES) and not file.startswith(".")


def _failing(message: str):
    def read():
        raise MangastyleError(message)

    return read


def _source(name: str, config: TrainConfig) -> _Source:
    if name.startswith("drawn:"):
        found = re.fullmatch(r"drawn:(?:(\d+)-)?(\d+)", name)
        seeds = range(int(found[1] or 0), int(found[2])) if found else range(0)
        if not seeds:
            raise MangastyleError(f"--data {name}: write drawn:N or drawn:FROM-TO with whole numbers, as in drawn:2000 or drawn:2000-4000")
        return _Drawn(seeds, config)
    path = Path(name)
    if not path.exists():
        raise MangastyleError(f"{path}: no such folder or archive; --data takes folders, .zip or .tar files, or drawn:N")
    try:
        kind = _Folder if path.is_dir() else _Zip if zipfile.is_zipfile(path) else _Tar if tarfile.is_tarfile(path) else None
        if kind is None:
            raise MangastyleError(f"{path}: neither a folder nor an intact .zip or .tar file")
        return kind(path, config)
    except DAMAGED as error:
        raise MangastyleError(f"{path}: damaged archive ({error})") from error
