"""What every training shares around its loop: checkpoints and exact resumption, log, progress bar, signals, NaN guard."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import shutil
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any, Iterator, Mapping, NamedTuple

import numpy as np

from mangastyle.engine import path_for_tensorflow, tf
from mangastyle.errors import MangastyleError
from mangastyle.io.files import atomic
from mangastyle.progress import Bar
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
        "" until a signal asks the training to stop: then "Ctrl-C", "SIGTERM" or "SIGHUP".

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
        with contextlib.ExitStack() as stack:
            stack.callback(run.release)
            run.prepare()
            self._manager = tf.train.CheckpointManager(checkpoint, path_for_tensorflow(run.path / "checkpoints"), max_to_keep=max_to_keep)
            if run.resume and self._manager.latest_checkpoint:
                _restore(checkpoint, self._manager.latest_checkpoint, cure)
            self.step = self.start = self._last_saved = int(self._saved_step.numpy())
            if not steps or self.step < steps:  # settings that train nothing any more are not those of the weights
                run.write_config()
            _remove_half_checkpoints(run.path / "checkpoints", self.start)
            self._close = stack.pop_all()

    def __enter__(self) -> Session:
        with self._close as stack:
            self._log = stack.enter_context(contextlib.closing(Log(self.run.path, self.start)))
            self._bar = stack.enter_context(Bar(total=self._steps or None, initial=self.start, unit="step"))
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

    @property
    def saved(self) -> bool:
        """Whether there is a checkpoint of this step."""
        return self.step == self._last_saved

    def log(self, record: Mapping[str, Any], done: float = 0.0) -> None:
        """Count a step and log its values.

        Parameters
        ----------
        record : dict
            Numbers or scalar tensors by name.
        done : float
            The share of the training that is done, where that is no matter of steps.

        Raises
        ------
        MangastyleError
            If one of the values is not finite, or if the disk refuses.
        """
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
        if done and not self._steps:
            self._bar.total = max(self.step, round(self.step / done))
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
        """Write a checkpoint of this step, unless there is one: it would be damaged by a kill while it is replaced."""
        if self.saved:
            return
        self._saved_step.assign(self.step)
        try:
            with writing(self.run.path):
                self._manager.save(checkpoint_number=self.step)
            self._last_saved = self.step
        finally:  # a full disk leaves half a checkpoint
            _remove_half_checkpoints(self.run.path / "checkpoints", self._last_saved)
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
        for events in (folder / "tensorboard").glob("events.*"):
            _keep_events_until(events, start)
        with writing(folder):
            self.file = open(path, "ab", buffering=0)  # unbuffered, so that a kill loses nothing
            self.board = tf.summary.create_file_writer(path_for_tensorflow(folder / "tensorboard"))

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one step's record; its "step" is the step."""
        with writing(self.folder):
            line = f"{json.dumps(record)}\n".encode()
            while line:  # what fits onto a disk that is nearly full is written without an error
                line = line[self.file.write(line) :]
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
    """While active, Ctrl-C, SIGTERM and SIGHUP only set `stop` to their name; a second Ctrl-C interrupts at once.

    A SIGHUP that is ignored, as with nohup, stays ignored.
    """

    NAMES = {"SIGINT": "Ctrl-C", "SIGTERM": "SIGTERM", "SIGHUP": "SIGHUP"}  # Windows has no SIGHUP

    def __enter__(self) -> Interrupts:
        self.stop = ""
        main = threading.current_thread() is threading.main_thread()  # no other one may handle signals
        known = [getattr(signal, name) for name in self.NAMES if main and hasattr(signal, name)]
        self._before = {s: signal.getsignal(s) for s in known if s.name != "SIGHUP" or signal.getsignal(s) != signal.SIG_IGN}
        for s in self._before:
            signal.signal(s, self._handle)
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.stop = self.NAMES[signal.Signals(number).name]

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
    status = None
    try:
        status = checkpoint.restore(path)
        status.assert_consumed()
    except (AssertionError, IndexError, ValueError, tf.errors.OpError) as error:
        if status:
            status.expect_partial()  # TensorFlow need not say the same again
        raise MangastyleError(
            f"{path}: this checkpoint is damaged or of other networks; resume with the settings that it was trained with{cure}"
        ) from error


def _remove_half_checkpoints(folder: Path, step: int) -> None:
    """Remove what is left of checkpoints that were being written after a step's, or removed, and TensorFlow's temporary files."""
    for path in folder.glob("c*"):
        number = re.fullmatch(r"ckpt-([0-9]+)\..*", path.name)
        half = number and (int(number[1]) > step or not (folder / f"ckpt-{number[1]}.index").exists())
        if half or re.fullmatch(r"checkpoint\.tmp.*", path.name):
            path.unlink(missing_ok=True)
        elif re.fullmatch(r"ckpt-[0-9]+_temp.*", path.name):
            shutil.rmtree(path, ignore_errors=True)


def _keep_until(path: Path, step: int) -> None:
    """Drop the records of later steps from a log."""
    with atomic(path) as temporary, open(path, encoding="utf-8") as old, open(temporary, "w", encoding="utf-8") as new:
        for line in old:
            try:
                if json.loads(line)["step"] <= step:
                    new.write(line)
            except (ValueError, KeyError, TypeError, RecursionError):  # the half line of a killed run
                break
        new.flush()
        os.fsync(new.fileno())


def _keep_events_until(path: Path, step: int) -> None:
    """Drop the records of later steps from a file of TensorBoard's, and a half one at its end."""
    kept, whole = [], True
    try:
        for raw in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            if tf.compat.v1.Event.FromString(raw).step <= step:
                kept.append(raw)
            else:
                whole = False
    except tf.errors.DataLossError:
        whole = False
    if not whole:
        with atomic(path) as temporary, writing(path.parent), tf.io.TFRecordWriter(str(temporary)) as file:
            for raw in kept:
                file.write(raw)
