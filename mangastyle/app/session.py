"""A picture that is worked on: what it is, the arrays that do not depend on any hint, its results and its events."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Callable, Iterator, Mapping

import cv2
import numpy as np

from mangastyle.app import protocol
from mangastyle.app.encoding import png
from mangastyle.app.events import EventLog
from mangastyle.app.protocol import FULL, PREVIEW, PREVIEW_SIDE, SIZES
from mangastyle.app.rates import Rate
from mangastyle.app.refusals import Refusal
from mangastyle.app.results import OF_BEFORE, Colored, History, Styled
from mangastyle.app.small import small_picture
from mangastyle.app.storage import ABOUT, DOWNLOADS, PICTURE, REFERENCES, SMALL, STATE, Folder
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.images import Picture
from mangastyle.lineart.clean import art_of
from mangastyle.lineart.regions import RegionMap, find_regions
from mangastyle.ops import pixels

KEPT_DOWNLOADS = 16
KEPT = 3  # of what depends on a setting, for those who try several

remarks = logging.getLogger(__name__)


@dataclass(frozen=True)
class About:
    """What a session is of: its name, size, whether it is line art, and where it came from (a folder's picture, by its identifier)."""

    name: str
    width: int
    height: int
    line_art: bool
    source: str = ""

    @classmethod
    def from_json(cls, value: Any) -> About:
        """Of a file; `MangastyleError` if it is none of ours."""
        kinds = {"name": str, "width": int, "height": int, "line_art": bool, "source": str}
        if not isinstance(value, Mapping) or any(type(value.get(key)) is not kind for key, kind in kinds.items()):
            raise MangastyleError("session.json: damaged")
        return cls(**{key: value[key] for key in kinds})

    def to_json(self) -> dict[str, Any]:
        """For a file."""
        return vars(self).copy()


class Session:
    """A picture that is worked on. Any thread may use it.

    What is asked for is made once, under a lock of its own: what needs the line art waits while it is made, and nobody else. Things
    need others in one direction only (anchors, regions, line art, picture, its full size), so that nobody waits for ever.

    Parameters
    ----------
    id : str
    folder : Folder
        Where it is kept.
    about : About
    picture : Picture, optional
        If it is decoded already.
    """

    def __init__(self, id: str, folder: Folder, about: About, picture: Picture | None = None) -> None:
        self.id, self.folder, self.about = id, folder, about
        self.events, self.previews = EventLog(), Rate(protocol.PREVIEWS_A_SECOND)
        self.colored: History[Colored] = History()
        self.styled: History[Styled] = History()
        self.downloads: dict[str, str] = {}  # names of the files that were exported, by identifier
        self._revisions = itertools.count(int(time.time() * 1000))  # larger than those of a server before: no session has one each ms
        self._lock = threading.Lock()  # round what follows, and never held while something is made
        self._making: dict[tuple[str, Any], threading.Lock] = {}
        self._made: dict[str, dict[Any, Any]] = {size: {} for size in SIZES}
        self._age = 0  # raised when what was made is forgotten: what is in work is then not kept
        self._state_lock, self._styled_lock = threading.Lock(), threading.Lock()
        self.art_revision = self.next_revision()
        if picture is not None:
            self._made[FULL][PICTURE] = picture

    # What it is made of

    @property
    def preview_shape(self) -> tuple[int, int]:
        """Height and width of previews."""
        height, width = self.about.height, self.about.width
        return pixels.fit_short_side(height, width, min(PREVIEW_SIDE, height, width))

    def canonical(self, size: str) -> str:
        """The size under which results are kept: of a small picture, the preview is the full size."""
        return PREVIEW if self.preview_shape == (self.about.height, self.about.width) else size

    def shape(self, size: str) -> tuple[int, int]:
        """Height and width of a size."""
        return self.preview_shape if self.canonical(size) == PREVIEW else (self.about.height, self.about.width)

    def picture(self, size: str) -> Picture:
        """The picture as it came: rgb uint8 (h, w, 3), and alpha (h, w) or None."""
        size = self.canonical(size)
        if size == FULL or self.preview_shape == (self.about.height, self.about.width):
            return self._make(FULL, PICTURE, lambda: images.decode(self.folder.read(PICTURE), self.about.name, protocol.MOST_PIXELS))

        def reduce() -> Picture:
            rgb, alpha = self.picture(FULL)
            return Picture(*(None if x is None else pixels.resize(x, *self.preview_shape) for x in (rgb, alpha)))  # type: ignore

        return self._make(PREVIEW, PICTURE, reduce)

    def art(self, size: str) -> np.ndarray:
        """Its line art, uint8 (h, w, 3): on white paper, in the colors of the lines; of a color picture, what is found in it."""
        return self._make(size, "art", lambda: art_of(self.picture(size).rgb, self.about.line_art))

    def regions(self, size: str, gap: float) -> RegionMap:
        """The regions of its line art."""
        return self._make(size, ("regions", gap), lambda: find_regions(self.art(size), gap))

    def anchors(self, size: str, gap: float) -> np.ndarray:
        """A pixel well inside each of n regions, y and x: int64 (n, 2)."""
        return self._make(size, ("anchors", gap), lambda: deepest(self.regions(size, gap).labels, len(self.regions(size, gap).areas)))

    def keep(self, size: str, key: Any, make: Callable[[], Any]) -> Any:
        """What does not depend on any stroke, such as the picture's own colors by region: made once."""
        return self._make(size, key, make)

    def _make(self, size: str, key: Any, make: Callable[[], Any]) -> Any:
        size = self.canonical(size) if key != PICTURE else size
        made = self._made[size]
        with self._lock:
            if key in made:
                return made[key]
            making = self._making.setdefault((size, key), threading.Lock())
        with making:
            with self._lock:
                if key in made:  # by now
                    return made[key]
                age = self._age
            value = make()
            with self._lock:
                self._making.pop((size, key), None)
                if age == self._age:
                    made[key] = value
                    alike = [other for other in made if isinstance(key, tuple) and other[0] == key[0]]
                    for other in alike[:-KEPT]:
                        del made[other]
            return value

    # Results

    def next_revision(self) -> int:
        """A number for a result, larger than all before."""
        return next(self._revisions)

    def last_styled(self, size: str) -> Styled | None:
        """What was painted last; what an earlier server has painted, or what memory had no room for, comes from the disk."""
        size = self.canonical(size)
        with self._styled_lock:
            name = f"styled-{size}.png"
            if self.styled.last(size) is None and self.folder.has(name):
                with contextlib.suppress(MangastyleError):
                    rgb = images.decode(self.folder.read(name, 2**30), name, protocol.MOST_PIXELS).rgb
                    self.styled.begin_with(size, Styled(self.next_revision(), self._styled_request(size), rgb, True, OF_BEFORE))
            return self.styled.last(size)

    def save_styled(self, size: str, styled: Styled) -> None:
        """Keep on the disk what was painted, to its end or until it was stopped."""
        size = self.canonical(size)
        self.folder.remove(f"styled-{size}.json")  # first: a kill leaves no request beside another's picture
        self.folder.write(f"styled-{size}.png", png(styled.picture))
        if styled.final:
            with contextlib.suppress(MangastyleError):  # too large, with many masks: then it is painted anew
                self.folder.write_json(f"styled-{size}.json", {"request": styled.request, "line_art": self.about.line_art})

    def _styled_request(self, size: str) -> dict[str, Any]:
        """What an earlier server has painted by; nothing if it was stopped, or painted of other line art than that of now."""
        with contextlib.suppress(MangastyleError):
            kept = self.folder.read_json(f"styled-{size}.json")
            if isinstance(kept, dict) and kept.get("line_art") is self.about.line_art and isinstance(kept.get("request"), dict):
                return kept["request"]
        return {}

    def save_small(self) -> None:
        """Keep on the disk a small picture of what was made last, if anything was."""
        kept = self.canonical(PREVIEW)
        colored, styled = self.colored.last(kept), self.styled.last(kept)
        if styled is not None and (colored is None or styled.revision > colored.revision):
            self.folder.write(SMALL, small_picture(styled.picture))
        elif colored is not None:
            self.folder.write(SMALL, small_picture(colored.picture))

    def offer(self, id: str, name: str) -> None:
        """Offer an exported file; the oldest ones are removed."""
        with self._lock:
            self.downloads[id] = name
            removed = {old: self.downloads.pop(old) for old in list(self.downloads)[:-KEPT_DOWNLOADS]}
        for old, name in removed.items():
            self.folder.remove(download_file(old, name))

    # What is kept on the disk

    def save_about(self) -> None:
        """Write what it is of."""
        self.folder.write_json(ABOUT, self.about.to_json())

    def tell_line_art(self, line_art: bool) -> None:
        """Say whether it is line art; what was made of it is forgotten if that changes."""
        if line_art == self.about.line_art:
            return
        with self._lock:
            self.about, self.art_revision = replace(self.about, line_art=line_art), self.next_revision()
            self._age += 1
            for made in self._made.values():
                for key in [key for key in made if key != PICTURE]:
                    del made[key]
        self.colored.clear()
        self.save_about()

    def save_state(self, revision: int, state: dict[str, Any]) -> None:
        """Write the page's document; `Refusal` 409 for one that is not newer than what is there, as of a second tab."""
        with self._state_lock:
            stored = self.state()
            if stored and revision <= stored["revision"]:
                message = f"a later state is saved already, {stored['revision']}; another tab may have this picture open"
                raise Refusal(409, message, revision=stored["revision"])
            self.folder.write_json(STATE, {"revision": revision, "state": state})
        self.events.append("saved", {"revision": revision})

    def state(self) -> dict[str, Any] | None:
        """The page's document as it was saved last: its revision and state; None if there is none, or a damaged one."""
        if not self.folder.has(STATE):
            return None
        try:
            value = self.folder.read_json(STATE)
        except MangastyleError as error:
            remarks.warning(f"{self.folder.path / STATE}: left out ({error})")
            return None
        right = isinstance(value, dict) and type(value.get("revision")) is int and isinstance(value.get("state"), dict)
        return value if right else None

    def references(self) -> list[str]:
        """The identifiers of its reference pictures."""
        return self.folder.names(REFERENCES)

    def reference(self, id: str) -> bytes:
        """A reference picture as it came; `Refusal` 404 if there is none."""
        if not self.folder.has(f"{REFERENCES}/{id}"):
            raise Refusal(404, "no such reference picture")
        return self.folder.read(f"{REFERENCES}/{id}")

    # Memory

    @property
    def bytes_kept(self) -> int:
        """How much memory its arrays take."""
        found: dict[int, int] = {}
        for array in self._arrays():
            found[id(array)] = array.nbytes
        return sum(found.values())

    def _arrays(self) -> Iterator[np.ndarray]:
        with self._lock:
            values: list[Any] = [value for made in self._made.values() for value in made.values()]
        values += [*self.colored, *self.styled]
        while values:
            value = values.pop()
            if isinstance(value, np.ndarray):
                yield value
            elif isinstance(value, tuple):
                values += value

    def drop(self) -> None:
        """Free its arrays, which are made again when they are asked for."""
        with self._lock:
            self._age += 1
            for made in self._made.values():
                made.clear()
        self.colored.clear()
        self.styled.clear()


def download_file(id: str, name: str) -> str:
    """The file of a download, within a session's folder.

    Examples
    --------
    >>> download_file("0123456789abcdef", "girl-shaded.png")
    'downloads/0123456789abcdef.png'
    """
    return f"{DOWNLOADS}/{id}{PurePath(name).suffix}"


def deepest(labels: np.ndarray, count: int) -> np.ndarray:
    """The pixel of each region that is farthest from other regions and from the picture's edge.

    Parameters
    ----------
    labels : ndarray of int32, shape (h, w)
        0 to count - 1.
    count : int

    Returns
    -------
    ndarray of int64, shape (count, 2)
        y and x.

    Examples
    --------
    >>> labels = np.zeros((5, 10), np.int32)
    >>> labels[:, 5:] = 1
    >>> deepest(labels, 2).tolist()
    [[2, 2], [2, 7]]
    """
    padded = np.pad(labels, 1, constant_values=-1)
    inner = padded[1:-1, 1:-1]
    alone = np.ones(labels.shape, bool)
    for y, x in ((0, 1), (2, 1), (1, 0), (1, 2)):
        alone &= padded[y : y + labels.shape[0], x : x + labels.shape[1]] == inner
    depth = cv2.distanceTransform(np.pad(alone, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    flat, depths = labels.ravel(), depth.ravel()
    most = np.zeros(count, np.float32)
    np.maximum.at(most, flat, depths)
    places = np.flatnonzero(depths == most[flat])[::-1]
    found = np.zeros(count, np.int64)
    found[flat[places]] = places  # of several, the first
    return np.stack(np.divmod(found, labels.shape[1]), 1)
