"""A folder of pictures as a clip: one frame each, in the natural order of their names (2.png before 10.png)."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any, Iterator

from mangastyle.errors import MangastyleError, counted
from mangastyle.io import images
from mangastyle.io.files import read_json
from mangastyle.io.folders import list_pictures
from mangastyle.video.clip import Clip
from mangastyle.video.frame import Frame

RATE = 24.0  # frames per second, of a folder that does not say
TIMES = "clip.json"  # the file with the rate and the times, which `mangastyle.video.writers` writes
SHORTEST = 1e-4  # seconds between two frames


class FrameFolder(Clip):
    """A folder of frames.

    Parameters
    ----------
    path : Path
    max_pixels : int
        The largest height times width.
    rate : float, optional
        Frames per second; by default what the file clip.json in the folder says, or 24.

    Raises
    ------
    MangastyleError
        If it has no picture, or pictures of different sizes.
    """

    def __init__(self, path: Path, max_pixels: int, rate: float | None = None) -> None:
        self._max_pixels = max_pixels
        self.remarks = []
        found = [file for file in list_pictures(path, also=[Path(TIMES).suffix]).pictures if file.suffix.lower() != Path(TIMES).suffix]
        self._files = sorted((file for file in found if file.parent == Path(path)), key=lambda file: natural(file.name))
        if not self._files:
            inner = f"; it has folders of them: name one, such as {found[0].parent}" if found else ""
            raise MangastyleError(f"{path}: no picture in this folder{inner}")
        sizes = [images.size_of(file, max_pixels, 1) for file in self._files]
        odd = next((index for index, size in enumerate(sizes) if size != sizes[0]), None)
        if odd is not None:
            (height, width), (first_height, first_width) = sizes[odd], sizes[0]
            raise MangastyleError(
                f"{self._files[odd]}: is {width}x{height}, but the first frame, {self._files[0].name}, is {first_width}x{first_height}; "
                "give all frames one size"
            )
        said = _said(path / TIMES, len(self._files)) if (path / TIMES).is_file() else (RATE, None)
        self._starts = said[1] if rate is None else None
        rate = said[0] if rate is None else rate
        ends = self._starts or [index / rate for index in range(len(self._files) + 1)]
        alpha = images.load(self._files[0], max_pixels, 1).alpha is not None
        super().__init__(
            path, "folder", sizes[0], len(self._files) / ends[-1], count=len(self._files), has_alpha=alpha, last=ends[-1] - ends[-2]
        )
        if len(found) > len(self._files):
            logging.getLogger("mangastyle").warning(
                f"{path}: {counted(len(found) - len(self._files), 'picture')} in folders within it left out"
            )

    def _read(self, wanted: range) -> Iterator[Frame]:
        for number, file in enumerate(self._files):
            if number >= wanted.stop:
                return
            if number in wanted:
                picture = images.load(file, self._max_pixels, 1)
                if picture.rgb.shape[:2] != (self.height, self.width):
                    raise MangastyleError(f"{file}: was replaced by a picture of another size; give all frames one size")
                yield Frame(number, self._time(number), picture.rgb, picture.alpha)

    def _times(self) -> Iterator[tuple[int, float]]:
        return ((number, self._time(number)) for number in range(len(self._files)))

    def _time(self, number: int) -> float:
        return self._starts[number] if self._starts else number / self.rate


def natural(name: str) -> tuple[Any, ...]:
    """A key that sorts names as people do: numbers by their value.

    Examples
    --------
    >>> sorted(["b10.png", "b2.png", "A1.png"], key=natural)
    ['A1.png', 'b2.png', 'b10.png']
    """
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)], name


def _said(path: Path, count: int) -> tuple[float, list[float] | None]:
    """The rate, and when each of `count` frames begins and the last one ends, by the file clip.json."""
    said = read_json(path)
    rate, times = (said.get(name) for name in ("rate", "times")) if isinstance(said, dict) else (None, None)
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0 < rate < 1e6:
        raise MangastyleError(f"{path}: `rate` must be the number of frames per second; mend or remove this file")
    if times is None or not isinstance(times, list) or len(times) != count + 1:  # frames were added or removed
        return float(rate), None
    right = all(isinstance(time, (int, float)) for time in times) and not times[0]
    if not right or any(after - before < SHORTEST for before, after in zip(times, times[1:])):
        raise MangastyleError(f"{path}: `times` must be seconds that rise from 0; mend or remove this file")
    return float(rate), [float(time) for time in times]
