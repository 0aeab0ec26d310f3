"""What is around every training: its run folder, the JSON-lines log, TensorBoard, and the wish to stop."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import signal
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.files import atomic, make_folder


def run_folder(out: str, resume: bool, force: bool) -> Path:
    """The run folder `out`, checked: a training never writes into another's folder unasked, and resumes only what is there."""
    run = Path(out)
    if (run / "config.json").exists() and not (resume or force):
        raise MangastyleError(f"{run}: holds a training already; go on with --resume, start anew with --force, or name another --out")
    if resume and not (run / "config.json").exists():
        raise MangastyleError(f"{run}: no training to resume here")
    return run


def clear(run: Path) -> None:
    """Make the run folder, without what an earlier training left there."""
    make_folder(run)
    for stale in ("log.jsonl", "best.h5", "last.h5", "slim.h5"):
        (run / stale).unlink(missing_ok=True)
    for stale in ("checkpoints", "samples", "tensorboard"):
        shutil.rmtree(run / stale, ignore_errors=True)


def restore(checkpoint: tf.train.Checkpoint, path: str, cure: str) -> None:
    """Fill every variable of `checkpoint` from `path`; `MangastyleError`, ending in `cure`, if that is not possible."""
    try:
        checkpoint.restore(path).assert_consumed()
    except (AssertionError, IndexError, ValueError, tf.errors.OpError) as error:
        raise MangastyleError(
            f"{path}: this checkpoint is damaged or of other networks; --resume with the options it was trained with{cure}"
        ) from error


def schedule(step: int, steps: int, warm_up: int) -> float:
    """Share of the learning rate: up over the first `warm_up` steps, then down to zero along a cosine."""
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1 + math.cos(math.pi * step / steps))


def refuse_nan(run: Path, step: int, record: dict[str, float], checkpoint: str | None) -> None:
    """Raise `MangastyleError`, naming the last good checkpoint, if a loss of this step is no longer a number."""
    if not np.isfinite(list(record.values())).all():
        raise MangastyleError(
            f"{run}: a loss is no longer a number at step {step}; the last good checkpoint is "
            f"{checkpoint or 'none yet'}; go on with --resume and a lower --learning-rate"
        )


class Log:
    """`log.jsonl`, one object a step, and the same numbers for TensorBoard in `tensorboard/`.

    On resume, records after step `start` (written by a run that was killed before its next checkpoint) are dropped.
    """

    def __init__(self, run: Path, start: int) -> None:
        self.run = run
        path = run / "log.jsonl"
        if path.exists():
            _keep_until(path, start)
        self.file = open(path, "ab", buffering=0)  # so that a kill loses nothing
        self.board = tf.summary.create_file_writer(str(run / "tensorboard"))

    def write(self, record: dict[str, Any]) -> None:
        """Append one step's record."""
        with clear_error(self.run):
            self.file.write(f"{json.dumps(record)}\n".encode())
        self.scalars(record["step"], {k: v for k, v in record.items() if k != "step"})

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Numbers for TensorBoard only."""
        with clear_error(self.run), self.board.as_default():
            for name, value in values.items():
                tf.summary.scalar(name, value, step=step)

    def picture(self, step: int, sheet: np.ndarray) -> None:
        """A uint8 (h, w, 3) sheet for TensorBoard."""
        with clear_error(self.run), self.board.as_default():
            tf.summary.image("samples", sheet[None], step=step)
            self.board.flush()

    def close(self) -> None:
        self.file.close()
        with clear_error(self.run):
            self.board.close()


@contextlib.contextmanager
def clear_error(run: Path) -> Iterator[None]:
    """Turn what TensorFlow and the system raise when a file cannot be written into a `MangastyleError`."""
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        raise MangastyleError(f"{run}: cannot write here ({str(error).splitlines()[0]}); make room and go on with --resume") from error


def _keep_until(path: Path, step: int) -> None:
    with atomic(path) as temporary, open(path, encoding="utf-8") as old, open(temporary, "w", encoding="utf-8") as new:
        for line in old:
            try:
                if json.loads(line)["step"] <= step:
                    new.write(line)
            except ValueError:  # the half line of a killed run
                break
        new.flush()
        os.fsync(new.fileno())


class Interrupts:
    """While active, Ctrl-C and SIGTERM only set `stop` to their name; a second Ctrl-C interrupts at once."""

    def __enter__(self) -> Interrupts:
        self.stop = ""
        self._before = {s: signal.signal(s, self._handle) for s in (signal.SIGINT, signal.SIGTERM)}
        return self

    def _handle(self, number: int, frame: Any) -> None:
        if self.stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.stop = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}[number]

    def __exit__(self, *error: Any) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
