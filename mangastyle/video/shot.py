"""One shot on its way through one stage: the stage's input frames, its results, and what it keeps, all on disk."""

from __future__ import annotations

import threading
from typing import Callable, Mapping, Protocol, Sequence

import numpy as np

from mangastyle.errors import Cancelled

Arrays = Mapping[str, np.ndarray]


class Folder(Protocol):
    """Where a stage's results and arrays of one shot are kept: each is there whole, or not at all."""

    def has(self, index: int) -> bool: ...

    def read(self, index: int) -> np.ndarray: ...

    def write(self, index: int, picture: np.ndarray) -> None: ...

    def load(self, name: str) -> dict[str, np.ndarray] | None: ...

    def save(self, name: str, arrays: Arrays) -> None: ...


class MemoryFolder:
    """A `Folder` in memory, for a few frames.

    Examples
    --------
    >>> folder = MemoryFolder()
    >>> folder.write(0, np.zeros((2, 2, 3), np.uint8))
    >>> folder.has(0), folder.has(1), folder.load("state") is None
    (True, False, True)
    """

    def __init__(self) -> None:
        self._pictures: dict[int, np.ndarray] = {}
        self._arrays: dict[str, dict[str, np.ndarray]] = {}

    def has(self, index: int) -> bool:
        return index in self._pictures

    def read(self, index: int) -> np.ndarray:
        return self._pictures[index]

    def write(self, index: int, picture: np.ndarray) -> None:
        self._pictures[index] = picture.copy()

    def load(self, name: str) -> dict[str, np.ndarray] | None:
        return self._arrays.get(name)

    def save(self, name: str, arrays: Arrays) -> None:
        self._arrays[name] = {key: value.copy() for key, value in arrays.items()}


class Shot:
    """The distinct frames of one shot, for one stage. A frame that repeats the one before it is no frame of its own here.

    Parameters
    ----------
    numbers : sequence of int
        The clip's number of each frame, rising.
    frame : callable
        Gives the stage's input by index 0 to n - 1: uint8, shape (h, w, 3).
    kept : Folder
        Results and arrays of the stage for this shot; those of an earlier, interrupted run are there.
    progress : callable, optional
        Called after each frame with how many of `steps` are done, and `steps`.
    cancel : threading.Event, optional
        Ends the stage, at the next `step`, when it is set.

    Examples
    --------
    >>> shot = Shot.of([np.full((2, 2, 3), gray, np.uint8) for gray in (0, 9)])
    >>> for index in range(len(shot)):
    ...     shot.kept.write(index, 255 - shot.frame(index))
    >>> [int(picture[0, 0, 0]) for picture in shot.results()]
    [255, 246]
    """

    def __init__(
        self, numbers: Sequence[int], frame: Callable[[int], np.ndarray], kept: Folder, *,
        progress: Callable[[int, int], object] | None = None, cancel: threading.Event | None = None,
    ) -> None:  # fmt: skip
        self.numbers, self.frame, self.kept, self.cancel = tuple(numbers), frame, kept, cancel
        self._progress = progress

    @classmethod
    def of(cls, frames: Sequence[np.ndarray]) -> Shot:
        """A shot of frames in memory."""
        return cls(range(len(frames)), lambda index: frames[index], MemoryFolder())

    def __len__(self) -> int:
        return len(self.numbers)

    def results(self) -> list[np.ndarray]:
        """All results, of a shot in memory."""
        return [self.kept.read(index) for index in range(len(self))]

    def step(self, done: int, steps: int) -> None:
        """Say how much is done.

        Raises
        ------
        Cancelled
            If the caller wants the stage to end. What `kept` holds stays.
        """
        if self._progress:
            self._progress(done, steps)
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled("the clip was cancelled", None)
