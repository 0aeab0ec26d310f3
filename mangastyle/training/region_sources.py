"""Pictures with their line art, from all sources, as samples that are made once and cached on disk.

The line art of a picture is its clean sketch. A source that holds pairs, NAME__line and NAME__color, says itself what the line art is, and
so do drawn pictures.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterator, NamedTuple

import cv2
import numpy as np
import PIL

from mangastyle.data.ahead import PIXELS_AT_ONCE, Job, Room, in_order
from mangastyle.data.archives import Drawn, Source, open_source
from mangastyle.data.members import Reader
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.caches import UNUSABLE, cache_folder, publish
from mangastyle.io.files import temporary_folder
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.progress import Bar
from mangastyle.synthetic.characters import character
from mangastyle.synthetic.figures import figure
from mangastyle.training.region_samples import make_sample, record_type

FORMAT = 1  # raise it when line art, regions or samples change
SHORTEST, LONGEST = 512, 768  # longer side, in pixels, at which regions are found: smaller pictures are enlarged, larger ones reduced
FIGURE = 768, 576  # height and width of drawn figures, in pixels
PAIR = re.compile(r"(.*)__(line|colou?r)(\.\w+)?", re.DOTALL)  # names of pictures that are a pair
TOLD = 20  # pictures that cannot be read of which each gets a line
LOG = logging.getLogger("mangastyle")

Layers = Callable[[], tuple[np.ndarray, np.ndarray]]  # a picture and its line art


class Samples:
    """The samples of one source on disk, memory-mapped.

    Attributes
    ----------
    records : ndarray of `record_type`, shape (n,)
    hashes : list of str
        16 hexadecimal digits for each, of its picture's pixels.
    """

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self.hashes: list[str] = index["hashes"]
        kind, count = record_type(index["size"]), len(self.hashes)
        self.records = np.memmap(folder / "samples.bin", kind, "r", shape=count) if count else np.empty(0, kind)


def load(name: str, size: int, *, cache: str = "", max_pixels: int = images.MAX_PIXELS) -> Samples:
    """The samples of a source, made once and cached on disk.

    Pictures that cannot be read are left out, with a remark on each of the first 20; so are those that have nothing to learn from, and
    exact duplicates.

    Parameters
    ----------
    name : str
        A folder, a .zip or .tar file, ``drawn:N`` or ``figures:N``, see `data.archives.open_source`.
    size : int
        Side of the samples, in pixels.
    cache : str
        Folder for them; empty: see `io.caches.cache_folder`.
    max_pixels : int
        Larger pictures are refused before they are decoded.

    Returns
    -------
    Samples

    Raises
    ------
    MangastyleError
        For a source that is missing or damaged, or if the cache cannot be written.

    Examples
    --------
    >>> load("drawn:2", 64, cache="cache").records["line"].shape
    (2, 64, 64)
    """
    source = open_source(name, SHORTEST, max_pixels)
    key = hashlib.blake2b(digest_size=16)
    key.update(f"regions {FORMAT} {size} {max_pixels} {PIL.__version__} {cv2.__version__}\n".encode())
    source.identify(key)
    folder = cache_folder(cache) / key.hexdigest()
    try:
        try:
            return Samples(folder)
        except UNUSABLE:
            _make(source, name, size, folder)
            return Samples(folder)
    except OSError as error:
        raise MangastyleError(f"{folder}: cannot keep samples here ({error.strerror}); choose another `cache`") from error


class _Made(NamedTuple):
    digest: str  # of the picture's pixels
    sample: np.ndarray | None


def _make(source: Source, name: str, size: int, folder: Path) -> None:
    """Make all samples in a temporary folder, then rename it: a killed run leaves no half cache."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    hashes: dict[str, None] = {}  # in order
    unreadable = unfit = 0
    with temporary_folder(folder.parent, "samples") as temporary:
        made = temporary / "cache"
        made.mkdir()
        bar = Bar(total=len(source), desc=f"samples of {name}", unit="picture")
        with open(made / "samples.bin", "wb") as file, ThreadPoolExecutor() as pool:
            try:
                for _, found in in_order(pool, _jobs(source, size)):
                    bar.update()
                    if isinstance(found, MangastyleError):
                        unreadable += 1
                        if unreadable <= TOLD:
                            LOG.warning(f"skipped: {' '.join(str(found).split())}")
                    elif found.sample is None:
                        unfit += 1
                    elif found.digest not in hashes:
                        hashes[found.digest] = None
                        file.write(found.sample.tobytes())
            finally:
                bar.close()
                pool.shutdown(cancel_futures=True)
        if unreadable or unfit:
            LOG.warning(f"{name}: left out {unreadable} pictures that cannot be read, and {unfit} without color or regions")
        (made / "index.json").write_text(json.dumps({"size": size, "hashes": list(hashes)}), encoding="utf-8")
        publish(made, folder, Samples)


def _jobs(source: Source, size: int) -> Iterator[Job]:
    """The making of each sample."""
    kind, room = record_type(size), Room(PIXELS_AT_ONCE)
    if isinstance(source, Drawn):
        for seed in source.seeds:
            layers = functools.partial(_drawn, source.kind, seed, source.side)
            yield Job(f"{seed:06d}", kind.itemsize, functools.partial(_sample, layers, FIGURE[0] * FIGURE[1], size, room))
        return
    for name, read, line in _paired(source):
        held = read.held + (line.held if line else 0) + kind.itemsize
        yield Job(name, held, functools.partial(_from_files, read, line, size, room))


def _paired(source: Source) -> Iterator[tuple[str, Reader, Reader | None]]:
    """Names and readers of pictures, with those of their line art where there is a pair; line art without a picture is left out."""
    waiting: dict[str, dict[str, Reader]] = {}
    for name, read in source:
        found = PAIR.fullmatch(name)
        if not found:
            yield name, read, None
            continue
        pair = waiting.setdefault(found[1], {})
        pair["line" if found[2] == "line" else "color"] = read
        if len(pair) == 2:
            yield found[1], pair["color"], pair["line"]
            del waiting[found[1]]
    for name, pair in waiting.items():
        if "color" in pair:
            yield name, pair["color"], None


def _drawn(kind: str, seed: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Flat colors and line art of a drawn character or figure."""
    drawn = character(seed, side) if kind == "drawn" else figure(seed, *FIGURE)
    return drawn.flat, drawn.line


def _from_files(read: Reader, line: Reader | None, size: int, room: Room) -> _Made | MangastyleError:
    try:
        count = read.pixels() + (line.pixels() if line else 0)
    except MangastyleError as error:
        return error
    return _sample(lambda: _read(read, line), count, size, room)


def _read(read: Reader, read_line: Reader | None) -> tuple[np.ndarray, np.ndarray]:
    """A picture and its line art, at the size at which regions are found."""
    picture = read()
    line = read_line() if read_line else None
    height, width = picture.shape[:2]
    scale = min(max(max(height, width), SHORTEST), LONGEST) / max(height, width)
    height, width = max(1, round(height * scale)), max(1, round(width * scale))
    picture = pixels.resize(picture, height, width)
    return picture, sketch(picture, kind="clean") if line is None else pixels.resize(line, height, width)


def _sample(layers: Layers, count: int, size: int, room: Room) -> _Made | MangastyleError:
    """The sample of a picture of so many pixels, or why it cannot be read."""
    try:
        with room.taking(count):
            picture, line = layers()
            digest = hashlib.blake2b(repr(picture.shape).encode(), digest_size=8)
            digest.update(np.ascontiguousarray(picture).data)
            return _Made(digest.hexdigest(), make_sample(picture, line, size))
    except MangastyleError as error:
        return error
