"""The folder of one training, checked before anything expensive begins. No TensorFlow."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

from mangastyle.errors import MangastyleError
from mangastyle.io import json_text, leftovers
from mangastyle.io.files import make_folder, refuse_unwritable, write_json
from mangastyle.io.locks import only_process

CONFIG = "config.json"
FILES = ("log.jsonl", "best.h5", "last.h5", "slim.h5")
CHECKPOINTS = "checkpoints"
FOLDERS = (CHECKPOINTS, "samples", "tensorboard")


class RunFolder:
    """The folder of one training: config.json, log.jsonl, checkpoints/, samples/, tensorboard/ and weights.

    A training never writes into another one's folder unasked, and resumes only what is there.

    Parameters
    ----------
    out : str or Path
        The folder; it need not exist.
    resume : bool
        Continue the training in this folder from its last checkpoint.
    force : bool
        Replace the training in this folder, if there is one.
    config : dict, optional
        What config.json is to hold: everything needed to repeat the training, JSON-ready.

    Raises
    ------
    MangastyleError
        If the folder holds a training, or files with the names of its parts, and neither `resume` nor `force` is given; if there is
        none to resume; or if the folder cannot be written.

    Examples
    --------
    >>> RunFolder("no such folder", resume=True)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: no such folder: no training to resume here; leave out `resume` to start one
    """

    def __init__(self, out: str | Path, resume: bool = False, force: bool = False, config: dict[str, Any] | None = None) -> None:
        self.path, self.resume, self.config = Path(out), resume, config or {}
        self._held = contextlib.ExitStack()
        holds_training = (self.path / CONFIG).exists()
        if holds_training and not (resume or force):
            raise MangastyleError(
                f"{self.path}: holds a training already; continue it with `resume`, replace it with `force`, or name another `out`"
            )
        if resume and not holds_training:
            raise MangastyleError(f"{self.path}: no training to resume here; leave out `resume` to start one")
        weights = [name for name in FILES if name.endswith(".h5") and (self.path / name).exists()]
        if resume and weights and not (self.path / CHECKPOINTS).is_dir():
            raise MangastyleError(
                f"{self.path}: holds {', '.join(weights)}, but no {CHECKPOINTS} to resume from; start anew with `force`, from the weights "
                "with `init`"
            )
        foreign = [name for name in (*FILES, *FOLDERS) if (self.path / name).exists()]
        if foreign and not (holds_training or force):  # somebody else's, or a `force` was killed while it removed them
            raise MangastyleError(
                f"{self.path}: holds {', '.join(foreign)}, but no training that could be continued; "
                "remove them with `force`, or name another `out`"
            )
        refuse_unwritable(self.path / CONFIG)

    def prepare(self) -> None:
        """Create the folder and hold it; unless the training is resumed, remove what an earlier one left there.

        Its config.json goes first: what a kill leaves of the rest passes for no training.

        Raises
        ------
        MangastyleError
            If another process trains in this folder, or if the disk refuses.
        """
        make_folder(self.path)
        self._held.enter_context(only_process(self.path))
        leftovers.remove(self.path, inner=False)
        if not self.resume:
            try:
                for name in (CONFIG, *FILES):
                    (self.path / name).unlink(missing_ok=True)
                for name in FOLDERS:
                    if (self.path / name).exists():
                        shutil.rmtree(self.path / name)
            except OSError as error:
                raise MangastyleError(f"{error.filename}: cannot remove this ({error.strerror}); name another `out`") from error

    def start_from(self, init: str) -> str:
        """The weights file that the training is to start from: `init`; none if it goes on from a checkpoint, which holds all weights."""
        return "" if self.resume and any((self.path / CHECKPOINTS).glob("ckpt-*.index")) else init

    def release(self) -> None:
        """Let other processes have the folder."""
        self._held.close()

    def write_config(self) -> None:
        """Write config.json; from now on the folder holds a training, whose checkpoints are not missing before the first one."""
        make_folder(self.path / CHECKPOINTS)
        write_json(self.path / CONFIG, self.config)


def worker_folder(out: str, strategy: str) -> Path:
    """The run folder of this process: in a multi-worker training, each worker but the first has its own below `out`.

    TensorFlow reads which worker this process is from the environment variable TF_CONFIG, and so does this function.

    Examples
    --------
    >>> worker_folder("runs/mine", "none").as_posix()
    'runs/mine'
    """
    if strategy != "multiworker":
        return Path(out)
    try:
        cluster = json_text.parse(os.environ.get("TF_CONFIG") or "{}", "TF_CONFIG")
        task = cluster.get("task", {})
        number = 0 if task.get("type") == "chief" else int(task.get("index", 0)) + ("chief" in cluster.get("cluster", {}))
    except (ValueError, TypeError, AttributeError) as error:
        raise MangastyleError(f"TF_CONFIG: must be JSON that describes the cluster and this task ({error})") from error
    return Path(out) / f"worker-{number}" if number else Path(out)
