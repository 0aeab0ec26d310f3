"""A clip, shot by shot, through its stages: frames in, as many frames out, with bounded memory and exact resume."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path
from typing import Callable, Collection, Iterable, Iterator, NamedTuple, Sequence

import numpy as np

from mangastyle.errors import Cancelled, MangastyleError, check_calls
from mangastyle.io.images import check_picture
from mangastyle.ops import pixels
from mangastyle.video.frame import Frame
from mangastyle.video.shot import Shot
from mangastyle.video.shots import find_shots, given_shots, repeats
from mangastyle.video.stages import Stage
from mangastyle.video.store import Record, ShotStore, Store

SOURCE, ALPHA = "source", "alpha"  # folders of what came in


class Progress(NamedTuple):
    """What is reported after each step.

    Attributes
    ----------
    iteration, iterations : float
        Frames that went through all stages, parts of the way included, and the clip's frames; 0 if their number is unknown.
    shot : int
        Number of the shot that is worked on, from 0.
    stage : str
        Name of its stage; "read" while its frames are read.
    """

    iteration: float
    iterations: float
    shot: int
    stage: str


Listener = Callable[[Progress], object]


def process(
    frames: Iterable[np.ndarray | Frame], stages: Sequence[Stage], *, shots: Sequence[int] | None = None, folder: Store | None = None,
    size: int = 0, count: int | None = None, on_shot: Callable[[Frame], object] | None = None, progress: Listener | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[np.ndarray]:  # fmt: skip
    """Take a clip through stages: line art, color, style.

    Frames are cut into shots, see `mangastyle.video.shots`. What a stage keeps constant, it keeps constant over a shot. A frame that
    repeats the one before it gets its result.

    Parameters
    ----------
    frames : iterable of ndarray of uint8, shape (h, w, 3), or of Frame
        All of one size, at least 32 pixels high and wide.
    stages : sequence of Stage
        Such as `Sketching`, `ShotColoring`, `ShotPainting`; each gets the results of the one before.
    shots : sequence of int, optional
        Numbers of the frames that begin shots; by default they are found.
    folder : Store, optional
        The work folder: what it holds of an earlier run of this clip and these stages is not made again. By default a temporary one.
    size : int
        Larger frames are reduced to this short side, in pixels; 0 keeps their size.
    count : int, optional
        How many frames there are, for `progress`.
    on_shot : callable, optional
        Gets the first frame of each shot.
    progress : callable, optional
        Gets a `Progress` after each step.
    cancel : threading.Event, optional
        Ends the call when it is set.

    Yields
    ------
    ndarray of uint8, shape (h', w', 3)
        For each frame one, shot by shot.

    Raises
    ------
    MangastyleError
        For frames that are no pictures, or of different sizes; and as the stages.
    Cancelled
        When `cancel` is set. What is finished stays in the work folder.

    Examples
    --------
    >>> from mangastyle.video.stages import Sketching
    >>> import mangastyle
    >>> clip = [mangastyle.draw(7, 64)] * 3
    >>> [frame.shape for frame in process(clip, [Sketching()])]
    [(64, 64, 3), (64, 64, 3), (64, 64, 3)]
    """
    check_calls(progress, cancel)
    if not stages:
        raise MangastyleError("`stages`: there must be at least one")
    made = process_frames(_as_frames(frames), stages, shots, folder, size, count, on_shot, progress, cancel)
    return (frame.rgb for frame in made)


def process_frames(
    frames: Iterable[Frame], stages: Sequence[Stage], shots: Sequence[int] | None = None, folder: Store | None = None, size: int = 0,
    count: int | None = None, on_shot: Callable[[Frame], object] | None = None, progress: Listener | None = None,
    cancel: threading.Event | None = None,
) -> Iterator[Frame]:  # fmt: skip
    """As `process`, with each frame's number, time and opacity.

    Parameters
    ----------
    frames, stages, shots, folder, size, count, on_shot, progress, cancel
        As for `process`.

    Yields
    ------
    Frame
        Its `alpha` is of the size of its `rgb`.

    Raises
    ------
    MangastyleError, Cancelled
        As `process`.
    """
    report = progress or (lambda record: None)
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = stack.enter_context(Store.opened(Path(stack.enter_context(tempfile.TemporaryDirectory())), {}))
        checked = _checked(frames, size, cancel)
        marked = find_shots(checked) if shots is None else given_shots(checked, shots)
        apart = {number for stage in stages for number in getattr(stage, "numbers", ())}
        done = 0  # frames of finished shots
        for number, (first, own) in enumerate(_by_shot(marked)):
            if on_shot:
                on_shot(first)
            kept, bar = folder.shot(number), _Bar(report, number, done, count or 0)
            records = kept.finished
            if records is None:
                records, numbers = _read_shot(own, kept, apart, bar)
                _run_stages(stages, kept, numbers, len(records), bar, cancel)
                kept.finish(records)
                for name in (SOURCE, *(stage.name for stage in stages[:-1])):
                    kept[name].clear()
                kept[stages[-1].name].forget()
            else:
                for _ in own:  # the next shot begins after them
                    pass
            done += len(records)
            yield from _results(records, kept, stages[-1].name)
            bar.show(len(records), stages[-1].name)


class _Bar(NamedTuple):
    """The progress of one shot: `before` frames are done, and the clip has `count`, or 0 if that is unknown."""

    report: Listener
    shot: int
    before: int
    count: int

    def show(self, frames: float, stage: str, read: int = 0) -> None:
        """So many of the shot's frames are done, of which `read` are known."""
        done = self.before + frames
        self.report(Progress(done, max(self.count, done, self.before + read), self.shot, stage))


def _results(records: Iterable[Record], kept: ShotStore, stage: str) -> Iterator[Frame]:
    """The frames of a finished shot."""
    index, rgb = -1, np.zeros((1, 1, 3), np.uint8)
    for number, time, picture, alpha in records:
        if picture != index:
            index, rgb = picture, kept[stage].read(picture)
        opacity = None if alpha is None else pixels.resize(kept[ALPHA].read(alpha), *rgb.shape[:2])
        yield Frame(number, time, rgb, opacity)


def _as_frames(frames: Iterable[np.ndarray | Frame]) -> Iterator[Frame]:
    """Arrays with their numbers; their times are unknown."""
    for number, given in enumerate(frames):
        yield given if isinstance(given, Frame) else Frame(number, float(number), given, None)


def _checked(frames: Iterable[Frame], size: int, cancel: threading.Event | None) -> Iterator[Frame]:
    """The frames, all of one size, reduced to `size`."""
    shape: tuple[int, ...] | None = None
    for frame in frames:
        if cancel is not None and cancel.is_set():
            raise Cancelled("the clip was cancelled", None)
        rgb = pixels.to_rgb(check_picture(frame.rgb, "frames", gray=True))
        shape = shape or rgb.shape
        if rgb.shape != shape:
            raise MangastyleError(
                f"`frames`: frame {frame.number} is {rgb.shape[1]}x{rgb.shape[0]}, but the first is {shape[1]}x{shape[0]}"
            )
        height, width = rgb.shape[:2]
        if 0 < size < min(height, width):
            rgb = pixels.resize(rgb, *pixels.fit_short_side(height, width, size))
        yield frame._replace(rgb=rgb)


def _by_shot(marked: Iterable[tuple[Frame, bool]]) -> Iterator[tuple[Frame, Iterator[Frame]]]:
    """The first frame of each shot, and all its frames, which must be taken before the next shot is."""
    ahead = iter(marked)
    upcoming = next(ahead, None)

    def one_shot() -> Iterator[Frame]:
        nonlocal upcoming
        assert upcoming is not None
        yield upcoming[0]
        while (upcoming := next(ahead, None)) is not None and not upcoming[1]:
            yield upcoming[0]

    while upcoming is not None:
        yield upcoming[0], one_shot()


def _read_shot(frames: Iterable[Frame], kept: ShotStore, apart: Collection[int], bar: _Bar) -> tuple[list[Record], list[int]]:
    """Write a shot's distinct frames, and those of numbers `apart`, to disk: a record of each frame, the number of each distinct one."""
    records: list[Record] = []
    numbers: list[int] = []
    before: Frame | None = None
    alpha: np.ndarray | None = None
    alphas = 0
    for frame in frames:
        if before is None or frame.number in apart or not repeats(frame.rgb, before.rgb):
            before = frame
            numbers.append(frame.number)
            if not kept[SOURCE].has(len(numbers) - 1):
                kept[SOURCE].write(len(numbers) - 1, frame.rgb)
        if frame.alpha is not None and (alpha is None or not np.array_equal(alpha, frame.alpha)):
            alpha, alphas = frame.alpha, alphas + 1
            if not kept[ALPHA].has(alphas - 1):
                kept[ALPHA].write(alphas - 1, alpha)
        records.append((frame.number, frame.time, len(numbers) - 1, None if frame.alpha is None else alphas - 1))
        bar.show(0, "read", len(records))
    return records, numbers


def _run_stages(
    stages: Sequence[Stage], kept: ShotStore, numbers: Sequence[int], frames: int, bar: _Bar, cancel: threading.Event | None
) -> None:  # fmt: skip
    """Take the frames of one shot through all stages."""
    source = SOURCE
    for position, stage in enumerate(stages):

        def step(done: int, steps: int, position: int = position, stage: Stage = stage) -> None:
            bar.show(frames * (position + done / max(steps, 1)) / len(stages), stage.name, frames)

        stage.run(Shot(numbers, kept[source].read, kept[stage.name], progress=step, cancel=cancel))
        source = stage.name
