"""What shading and painting have made of a picture, and how long it is kept: the last few of each size."""

from __future__ import annotations

import threading
from typing import Any, Generic, Iterator, NamedTuple, TypeVar

import numpy as np

from mangastyle.app.protocol import FULL, PREVIEW
from mangastyle.app.refusals import Refusal
from mangastyle.ops.layers import Layers, composite, draw_lines

KEPT = {PREVIEW: 12, FULL: 2}
OWN = "revision"
OF_BEFORE = -1  # instead of a revision: of what an earlier server has shaded
GONE = "there is no such picture, or no longer; ask for it to be made"


class Divided(NamedTuple):
    """Flat colors as they are sent: a label for each pixel, and a color for each label.

    The first labels are those of the regions; further ones are those of the parts of regions that strokes have divided.

    Attributes
    ----------
    labels : ndarray of int32, shape (h, w)
    colors : ndarray of uint8, shape (n, 3)
    """

    labels: np.ndarray
    colors: np.ndarray

    @property
    def flat(self) -> np.ndarray:
        """The colors of the pixels, uint8 (h, w, 3)."""
        return self.colors[self.labels]


class Colored(NamedTuple):
    """A colored picture of one size, h by w.

    Attributes
    ----------
    request : dict
        What it was made of.
    art : ndarray of uint8, shape (h, w, 3)
    divided : Divided
    shading, highlights : ndarray of uint8, shape (h, w, 3)
    ink : float
    final : bool
        Whether shading and highlights are its own, and not those of the coloring before.
    revisions : dict of str to int
        Of "labels", "shading", "highlights" and "line": the number of the first result that had this very picture. And
        "revision": its own number.
    """

    request: dict[str, Any]
    art: np.ndarray
    divided: Divided
    shading: np.ndarray
    highlights: np.ndarray
    ink: float
    final: bool
    revisions: dict[str, int]

    @property
    def revision(self) -> int:
        """Its own number."""
        return self.revisions[OWN]

    @property
    def layers(self) -> Layers:
        """Its layers."""
        return Layers(self.divided.flat, self.shading, self.highlights, draw_lines(self.art, self.ink))

    @property
    def picture(self) -> np.ndarray:
        """All layers together, uint8 (h, w, 3)."""
        return composite(self.layers)


class Styled(NamedTuple):
    """A painted picture, uint8 (h, w, 3): its revision, the request, the revision of what was painted, and whether it is finished."""

    revision: int
    request: dict[str, Any]
    picture: np.ndarray
    final: bool
    made_of: int | None = None


R = TypeVar("R", Colored, Styled)


class History(Generic[R]):
    """The last results of each size; any thread may add and look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, list[R]] = {size: [] for size in KEPT}

    def add(self, size: str, result: R) -> R:
        """Add a result; that of the same revision, which was not finished, is replaced."""
        with self._lock:
            others = [other for other in self._kept[size] if other.revision != result.revision]
            self._kept[size] = [*others, result][-KEPT[size] :]
        return result

    def begin_with(self, size: str, result: R) -> None:
        """Add a result of before, unless one of now is there already."""
        with self._lock:
            self._kept[size] = self._kept[size] or [result]

    def last(self, size: str) -> R | None:
        """The last result of a size."""
        kept = self._kept[size]
        return kept[-1] if kept else None

    def get(self, size: str, revision: int | None) -> R:
        """The result of a revision, or the last one; `Refusal` 404 if it is not there."""
        for result in reversed(self._kept[size]):
            if revision in (None, result.revision):
                return result
        raise Refusal(404, GONE)

    def with_layer(self: History[Colored], size: str, layer: str, revision: int | None) -> Colored:
        """A coloring whose layer is of a revision, or the last one; `Refusal` 404 if there is none."""
        for result in reversed(self._kept[size]):
            if revision in (None, result.revisions[layer]):
                return result
        raise Refusal(404, GONE)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept = {size: [] for size in KEPT}

    def __iter__(self) -> Iterator[R]:
        for kept in list(self._kept.values()):
            yield from kept


def revisions_of(colored: Colored, revision: int, line: int, before: Colored | None) -> dict[str, int]:
    """The revisions of a new coloring's pictures: those of the coloring before where nothing has changed.

    Parameters
    ----------
    colored : Colored
        Without revisions.
    revision : int
        Its own.
    line : int
        Of the line art.
    before : Colored or None
    """
    found = {OWN: revision, "labels": revision, "shading": revision, "highlights": revision, "line": line}
    if before is not None:
        if before.divided.labels is colored.divided.labels:
            found["labels"] = before.revisions["labels"]
        for layer in ("shading", "highlights"):
            if np.array_equal(getattr(before, layer), getattr(colored, layer)):
                found[layer] = before.revisions[layer]
    return found


def with_labels_of(before: Divided | None, divided: Divided) -> Divided:
    """Flat colors with an earlier result's array of labels, if nothing else has changed than colors.

    Examples
    --------
    >>> first = Divided(np.array([[0, 1]]), np.zeros((2, 3), np.uint8))
    >>> with_labels_of(first, Divided(np.array([[0, 1]]), np.ones((2, 3), np.uint8))).labels is first.labels
    True
    """
    same = before is not None and np.array_equal(before.labels, divided.labels)
    return divided._replace(labels=before.labels) if before is not None and same else divided
