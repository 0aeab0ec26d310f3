"""What every training shares around its loop: checkpoints and exact resumption, log, progress bar, signals, NaN guard."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any, Iterator, Mapping, NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from mangastyle.errors import MangastyleError
from mangastyle.io.files import atomic
from mangastyle.training.run_folder import RunFolder

SHOWN = 4  # values of a step that the progress bar shows


class Ending(NamedTuple):
    """How a training ended: at which step, and by which signal ("" if it is done)."""

    step: int
    stopped_by: str


class Session:
    """A training in progress. It counts the steps; the training's own loop decides what a step does and when the last one is.

    A resumed session continues at the step of the last checkpoint. Making a session leaves an earlier training in the folder
    as it is if the checkpoint cannot be restored.

    Parameters
    ----------
    run : RunFolder
    state : dict
        Name and trackable object (variables, networks, optimizers) of all that the training changes: what checkpoints hold,
        beside the step.
    batch : int
        Pictures a step, for the log's pictures per second.
    max_to_keep : int
        Checkpoints to keep.
    steps : int
        Total number of steps, for the progress bar; 0 if it is not known.
    cure : str
        Ends the error message for a checkpoint that does not fit.

    Attributes
    ----------
    start : int
        Steps done by earlier sessions.
    step : int
        Steps done.
    stop : str
        "" until a signal asks the training to stop: then "Ctrl-C" or "SIGTERM".

    Examples
    --------
    >>> with Session(run, {"weights": variable}, batch=1, max_to_keep=1, steps=10) as session:  # doctest: +SKIP
    ...     while session.step < 10 and not session.stop:
    ...         session.log({"loss": train_step()})
    ...     session.save()
    """

    def __init__(self, run: RunFolder, state: Mapping[str, Any], *, batch: int, max_to_keep: int, steps: int = 0, cure: str = "") -> None:
        self.run, self._batch, self._steps = run, batch, steps
        self._saved_step = tf.Variable(0, dtype=tf.int64)
        checkpoint = tf.train.Checkpoint(step=self._saved_step, **state)
        run.prepare()
        self._manager = tf.train.CheckpointManager(checkpoint, str(run.path / "checkpoints"), max_to_keep=max_to_keep)
        if run.resume and self._manager.latest_checkpoint:
            _restore(checkpoint, self._manager.latest_checkpoint, cure)
        run.write_config()
        self.step = self.start = int(self._saved_step.numpy())

    def __enter__(self) -> Session:
        with contextlib.ExitStack() as stack:
            self._log = stack.enter_context(contextlib.closing(Log(self.run.path, self.start)))
            self._bar = stack.enter_context(tqdm(total=self._steps or None, initial=self.start, unit="step", disable=None))
            self._interrupts = stack.enter_context(Interrupts())
            self._close = stack.pop_all()
        self._began = self._last = time.monotonic()  # `_last`: when the step in progress began
        return self

    def __exit__(self, *error: Any) -> None:
        self._close.__exit__(*error)

    @property
    def stop(self) -> str:
        return self._interrupts.stop

    @property
    def seconds(self) -> float:
        """Seconds since this session began."""
        return time.monotonic() - self._began

    @property
    def ending(self) -> Ending:
        return Ending(self.step, self.stop)

    def log(self, record: Mapping[str, Any]) -> None:
        """Count a step and log its values (numbers or scalar tensors); `MangastyleError` if one of them is not finite."""
        values = {name: float(value) for name, value in record.items()}
        self.step += 1
        if not np.isfinite(list(values.values())).all():
            raise MangastyleError(
                f"{self.run.path}: a loss is no longer a number at step {self.step} ({values}); the last good checkpoint is "
                f"{self._manager.latest_checkpoint or 'none yet'}; continue from it with `resume` and a lower `learning_rate`"
            )
        now = time.monotonic()
        speed, self._last = self._batch / (now - self._last), now
        self._log.write({"step": self.step, **values, "pictures_per_second": speed, "seconds": now - self._began})
        self._bar.set_postfix({name: f"{value:.3g}" for name, value in list(values.items())[:SHOWN]}, refresh=False)
        self._bar.update()

    def log_scalars(self, values: Mapping[str, float]) -> None:
        """Log numbers to TensorBoard alone."""
        self._log.scalars(self.step, values)
        self._last = time.monotonic()

    def log_picture(self, sheet: np.ndarray) -> None:
        """Log a uint8 (h, w, 3) picture to TensorBoard."""
        self._log.picture(self.step, sheet)
        self._last = time.monotonic()

    def save(self) -> None:
        """Write a checkpoint of this step."""
        self._saved_step.assign(self.step)
        with writing(self.run.path):
            self._manager.save(checkpoint_number=self.step)
        self._last = time.monotonic()


class Log:
    """`log.jsonl`, one object a step, and the same numbers for TensorBoard in `tensorboard/`.

    On resumption, records after step `start` (written by a run that was killed before its next checkpoint) are dropped.
    """

    def __init__(self, folder: Path, start: int) -> None:
        self.folder = folder
        path = folder / "log.jsonl"
        if path.exists():
            _keep_until(path, start)
        self.file = open(path, "ab", buffering=0)  # unbuffered, so that a kill loses nothing
        self.board = tf.summary.create_file_writer(str(folder / "tensorboard"))

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one step's record; its "step" is the step."""
        with writing(self.folder):
            self.file.write(f"{json.dumps(record)}\n".encode())
        self.scalars(record["step"], {k: v for k, v in record.items() if k != "step"})

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers for TensorBoard alone."""
        with writing(self.folder), self.board.as_default():
            for name, value in values.items():
                tf.summary.scalar(name, value, step=step)

    def picture(self, step: int, sheet: np.ndarray) -> None:
        """A uint8 (h, w, 3) picture for TensorBoard."""
        with writing(self.folder), self.board.as_default():
            tf.summary.image("samples", sheet[None], step=step)
            self.board.flush()

    def close(self) -> None:
        self.file.close()
        with writing(self.folder):
            self.board.close()


class Interrupts:
    """While active, Ctrl-C and SIGTERM only set `stop` to their name; a second Ctrl-C interrupts at once."""

    def __enter__(self) -> Interrupts:
        self.stop = ""
        self._before = {s: signal.signal(s, self._handle) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.stop = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}[signal.Signals(number)]

    def __exit__(self, *error: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def cosine_schedule(step: int, steps: int, warm_up: int) -> float:
    """Factor on the learning rate: rises linearly over the first `warm_up` steps, then falls to zero along a cosine.

    Examples
    --------
    >>> [round(cosine_schedule(step, steps=100, warm_up=10), 2) for step in (0, 4, 50, 100)]
    [0.1, 0.5, 0.5, 0.0]
    """
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps))


def linear_schedule(progress: float) -> float:
    """Factor on the learning rate at a share of the run, 0..1: constant, then linear to zero over the last half.

    Examples
    --------
    >>> [linear_schedule(progress) for progress in (0.0, 0.5, 0.75, 1.0)]
    [1.0, 1.0, 0.5, 0.0]
    """
    return min(1.0, 2 - 2 * progress)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what TensorFlow and the system raise when a file cannot be written into a `MangastyleError`."""
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        raise MangastyleError(
            f"{folder}: cannot write here ({str(error).splitlines()[0]}); make room and continue with `resume`"
        ) from error


def _restore(checkpoint: tf.train.Checkpoint, path: str, cure: str) -> None:
    """Fill every variable of `checkpoint` from a file."""
    try:
        checkpoint.restore(path).assert_consumed()
    except (AssertionError, IndexError, ValueError, tf.errors.OpError) as error:
        raise MangastyleError(
            f"{path}: this checkpoint is damaged or of other networks; resume with the settings that it was trained with{cure}"
        ) from error


def _keep_until(path: Path, step: int) -> None:
    """Drop the records of later steps from a log."""
    with atomic(path) as temporary, open(path, encoding="utf-8") as old, open(temporary, "w", encoding="utf-8") as new:
        for line in old:
            try:
                if json.loads(line)["step"] <= step:
                    new.write(line)
            except ValueError:  # the half line of a killed run
                break
        new.flush()
        os.fsync(new.fileno())
