"""The folder of one training, checked before anything expensive begins. No TensorFlow."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from mangastyle.errors import MangastyleError
from mangastyle.io.files import make_folder, refuse_unwritable, write_json

CONFIG = "config.json"
FILES = ("log.jsonl", "best.h5", "last.h5", "slim.h5")
FOLDERS = ("checkpoints", "samples", "tensorboard")


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
        If the folder holds a training and neither `resume` nor `force` is given, if there is none to resume, or if the folder
        cannot be written.

    Examples
    --------
    >>> RunFolder("no such folder", resume=True)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: no such folder: no training to resume here
    """

    def __init__(self, out: str | Path, resume: bool = False, force: bool = False, config: dict[str, Any] | None = None) -> None:
        self.path, self.resume, self.config = Path(out), resume, config or {}
        holds_training = (self.path / CONFIG).exists()
        if holds_training and not (resume or force):
            raise MangastyleError(
                f"{self.path}: holds a training already; continue it with `resume`, replace it with `force`, or name another `out`"
            )
        if resume and not holds_training:
            raise MangastyleError(f"{self.path}: no training to resume here")
        refuse_unwritable(self.path / CONFIG)

    def prepare(self) -> None:
        """Create the folder; unless the training is resumed, remove what an earlier one left there."""
        make_folder(self.path)
        if not self.resume:
            for name in FILES:
                (self.path / name).unlink(missing_ok=True)
            for name in FOLDERS:
                shutil.rmtree(self.path / name, ignore_errors=True)

    def write_config(self) -> None:
        """Write config.json; from now on the folder holds a training."""
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
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}")
        task = cluster.get("task", {})
        number = 0 if task.get("type") == "chief" else int(task.get("index", 0)) + ("chief" in cluster.get("cluster", {}))
    except (ValueError, TypeError, AttributeError) as error:
        raise MangastyleError(f"TF_CONFIG: must be JSON that describes the cluster and this task ({error})") from error
    return Path(out) / f"worker-{number}" if number else Path(out)
