"""Samples to begin with, and the gallery of paintings: our own painters', the user's folder, and what was brought."""

from __future__ import annotations

import functools
import hashlib
import os
import threading
from pathlib import Path
from typing import Any, Callable, NamedTuple

import numpy as np

from mangastyle.app import protocol
from mangastyle.app.encoding import png
from mangastyle.app.refusals import Refusal
from mangastyle.app.sessions import tidy
from mangastyle.app.storage import Disk
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.files import read_bytes
from mangastyle.io.folders import list_pictures
from mangastyle.ops import pixels
from mangastyle.synthetic import characters, paintings
from mangastyle.vgg.spec import MIN_SIDE

LINE_ART, COLOR = "line art", "color"
PAINTED = ((512, 640), (0, 1, 2))  # height and width of our own paintings, and their seeds
MOST_SIDE = 2048  # longer side, in pixels, at which paintings are kept: brush strokes of larger ones are reduced anyway
MOST_FOLDER = 1000  # paintings of a folder that are shown


class Sample(NamedTuple):
    """A drawn picture to begin with: what it is, and what draws it, uint8 (h, w, 3) or (h, w)."""

    kind: str
    draw: Callable[[], np.ndarray]


def _figure(seed: int) -> Any:
    from mangastyle.synthetic.figures import figure  # its libraries would take half of the server's start

    return figure(seed, 1024, 768)


SAMPLES = {
    "portrait": Sample(LINE_ART, lambda: characters.character(characters.DEMO_SEED, 768).line),
    "figure": Sample(LINE_ART, lambda: _figure(11).line),
    "scene": Sample(LINE_ART, lambda: _figure(24).line),
    "colored-portrait": Sample(COLOR, lambda: characters.draw(7, 768)),
    "colored-figure": Sample(COLOR, lambda: _figure(5).rgb),
}


@functools.lru_cache(2 * len(SAMPLES))
def sample(name: str, side: int = 0) -> bytes:
    """A sample as PNG, with `side` reduced to that longer side; `Refusal` 404 if there is none of this name."""
    if name not in SAMPLES:
        raise Refusal(404, "no such sample")
    drawn = SAMPLES[name].draw()
    scale = side / max(drawn.shape[:2])
    return png(pixels.resize(drawn, *(max(1, round(scale * length)) for length in drawn.shape[:2])) if 0 < scale < 1 else drawn)


class Painting(NamedTuple):
    """A painting: its name, what gives its height and width, and its pixels, uint8 (h, w, 3), at most `MOST_SIDE` long."""

    name: str
    size: Callable[[], tuple[int, int]]
    pixels: Callable[[], np.ndarray]


class Gallery:
    """The paintings that can be chosen.

    Parameters
    ----------
    disk : Disk
        Where paintings are kept that were brought.
    folder : Path, optional
        The user's own.
    """

    def __init__(self, disk: Disk, folder: Path | None = None) -> None:
        self.disk = disk
        self._lock = threading.Lock()
        self._found: dict[str, Painting] = {}
        (height, width), seeds = PAINTED
        for seed in seeds:
            for painter in paintings.PAINTERS:
                name = f"{painter}-{seed}"
                paint = functools.partial(paintings.paint, painter, seed, height, width)
                self._found[identify(name.encode())] = Painting(name, lambda: PAINTED[0], functools.lru_cache(1)(kept(disk, name, paint)))
        for path in list_pictures(folder).pictures[:MOST_FOLDER] if folder else ():
            self._found[identify(os.fsencode(path.absolute()))] = of_file(path, tidy(path.stem))
        for id in disk.paintings.names(""):
            self._add_kept(id)

    def entries(self) -> list[dict[str, Any]]:
        """All paintings, as they are listed; those that cannot be read are left out."""
        found = []
        for id in self.ids():
            try:
                found.append(self.entry(id))
            except MangastyleError:
                continue
        return found

    def ids(self) -> list[str]:
        """The identifiers of all paintings."""
        with self._lock:
            return list(self._found)

    def entry(self, id: str) -> dict[str, Any]:
        """A painting, as it is listed."""
        painting = self.get(id)
        height, width = painting.size()
        return {"id": id, "name": painting.name, "width": width, "height": height, "brought": self.disk.paintings.has(id)}

    def get(self, id: str) -> Painting:
        """A painting; `Refusal` 404 if there is none."""
        with self._lock:
            if id not in self._found:
                raise Refusal(404, "no such painting")
            return self._found[id]

    def pixels(self, id: str) -> np.ndarray:
        """The pixels of a painting, uint8 (h, w, 3)."""
        return self.get(id).pixels()

    def add(self, data: bytes, name: str) -> str:
        """Keep a painting that was brought; returns its identifier, which follows from its bytes.

        Raises
        ------
        MangastyleError
            If it is no picture that can be read, or too small.
        """
        reduce_painting(images.decode(data, tidy(name), protocol.MOST_PIXELS, MIN_SIDE).rgb)
        id = identify(data)
        self.disk.paintings.write_json(f"{id}.json", {"name": tidy(name)})
        self.disk.paintings.write(id, data)
        self._add_kept(id)
        return id

    def remove(self, id: str) -> None:
        """Remove a painting that was brought; `Refusal` 403 for others, which are the user's own files, or ours."""
        self.get(id)
        if not self.disk.paintings.has(id):
            raise Refusal(403, "only paintings that were brought can be removed")
        with self._lock:
            del self._found[id]
        self.disk.paintings.remove(id)
        self.disk.paintings.remove(f"{id}.json")

    def brought(self, id: str) -> bytes | None:
        """The bytes of a painting that was brought; None for others."""
        return self.disk.paintings.read(id) if self.disk.paintings.has(id) else None

    def _add_kept(self, id: str) -> None:
        try:
            name = tidy(str(self.disk.paintings.read_json(f"{id}.json").get("name", "")))
        except (MangastyleError, AttributeError):
            name = "painting"
        with self._lock:
            self._found[id] = of_file(self.disk.paintings.path / id, name)


def identify(data: bytes) -> str:
    """16 hexadecimal digits that follow from what is named.

    Examples
    --------
    >>> identify(b"brush-0")
    '0052502cfcaf06c0'
    """
    return hashlib.sha256(data).hexdigest()[:16]


def kept(disk: Disk, name: str, paint: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
    """What reads one of our own paintings; it takes seconds to paint it the first time."""
    return lambda: images.decode(disk.made(f"painting {name}", lambda: png(paint())), name, protocol.MOST_PIXELS).rgb


def of_file(path: Path, name: str) -> Painting:
    """A painting in a file, which is read when it is asked for."""
    return Painting(
        name, functools.lru_cache(1)(functools.partial(images.size_of, path, protocol.MOST_PIXELS, MIN_SIDE)),
        functools.partial(read_painting, path),
    )  # fmt: skip


def read_painting(path: Path) -> np.ndarray:
    """The pixels of a file, uint8 (h, w, 3), reduced."""
    return reduce_painting(images.decode(read_bytes(path, protocol.MOST_PICTURE), path.name, protocol.MOST_PIXELS, MIN_SIDE).rgb)


def reduce_painting(rgb: np.ndarray) -> np.ndarray:
    """A painting, uint8 (h, w, 3), at most `MOST_SIDE` long."""
    height, width = rgb.shape[:2]
    scale = MOST_SIDE / max(height, width)
    if scale >= 1:
        return rgb
    return pixels.resize(rgb, *(max(MIN_SIDE, round(side * scale)) for side in (height, width)))
