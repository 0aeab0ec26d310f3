"""What the training commands share: cheap checks, their run folder, and what they print at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from mangastyle.data import archives
from mangastyle.kernels import precision
from mangastyle.settings import to_json
from mangastyle.training.run_folder import RunFolder, worker_folder

if TYPE_CHECKING:
    from mangastyle.training.run import Ending


def run_folder(command: str, options: Any) -> RunFolder:
    """The run folder of a training command, checked; `mangastyle COMMAND --config config.json` in it repeats the training."""
    path = worker_folder(options.out, options.strategy)
    config = {"command": command, **to_json(options), "out": str(path), "resume": False, "force": False}
    return RunFolder(path, options.resume, options.force, config)


def check_inputs(options: Any, paintings: Sequence[str] = ()) -> None:
    """What trainings check before TensorFlow loads: sources, settings, precision; `MangastyleError` for a mistake."""
    archives.check((*options.data, *paintings))
    options.check()
    if options.precision != "auto":  # which only TensorFlow can resolve
        precision.resolve_wide(options.precision)


def report(command: str, options: Any, run: RunFolder, ending: Ending, files: str) -> None:
    """Print how a training ended: `files` are its results, or how it is continued after a signal."""
    if ending.stopped_by:
        print(f"stopped by {ending.stopped_by} at step {ending.step}; continue with: mangastyle {command} --resume --out {options.out}")
    else:
        print(f"done, {ending.step} steps; {', '.join(str(run.path / name) for name in files.split())}")
