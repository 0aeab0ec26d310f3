"""The commands that are killed, or whose disk fills: how they are called, and what must be true of their results."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple

import h5py
import numpy as np
import pytest

from mangastyle.io import images

Contents = dict[str, Any]  # of each file or log, by name
SEED = int(os.environ.get("MANGASTYLE_KILL_SEED", time.time_ns() % 10**6))  # every moment and size follows from it
TABLE = os.environ.get("MANGASTYLE_KILL_TABLE")  # the file that a line about each command is added to
CLOCK = ("seconds", "pictures_per_second")  # what no two runs have in common


class Case(NamedTuple):
    """A command: the words to start it and to continue it in an output folder, and what to compare of its results.

    Attributes
    ----------
    name : str
    start, again : callable
        Output folder to the command's words.
    keeps : bool
        Whether what was finished before a kill stays, byte for byte; trainings replace theirs.
    """

    name: str
    start: Callable[[Path], list[str]]
    again: Callable[[Path], list[str]]
    keeps: bool


def words(*values: object) -> list[str]:
    return [str(value) for value in values]


def training(name: str, *options: object) -> Case:
    def again(out: Path) -> list[str]:
        return words(name, "--resume", "--out", out) if (out / "config.json").exists() else start(out)

    def start(out: Path) -> list[str]:
        return words(name, *options, "--out", out)

    return Case(name, start, again, keeps=False)


def repeated(name: str, *options: object) -> Case:
    def start(out: Path) -> list[str]:
        return words(name, *options, "--out", out)

    return Case(name, start, start, keeps=True)


def cases(pictures: Path, cache: Path) -> dict[str, Case]:
    """All commands, on a few small pictures."""
    tiny = ("--data", "drawn:12", "--precision", "float32", "--cache", cache)
    painting = sorted(pictures.glob("*.png"))[0]
    network = ("--size", 16, "--width", 4, "--levels", 2, "--batch", 4, "--validation", 0.1)
    found = (
        training(
            "train", *tiny, *network, "--steps", 16, "--checkpoint-every", 1, "--validate-every", 2, "--sample-every", 3, "--max-to-keep", 2
        ),
        training("train-onepass", *tiny, "--crop", 64, "--batch", 2, "--steps", 5, "--checkpoint-every", 1),
        repeated("style", pictures, "--style", painting, "--method", "onepass", "--size", 64),
        repeated("run", pictures, "--preset", "tiny"),
        repeated("video", pictures, "--stages", "shade", "style", "--style", painting),
        repeated("export"),
    )
    return {case.name: case for case in found}


def contents(out: Path) -> Contents:
    """All that is finished in a folder, read: it fails for what cannot be. Clocks and paths are left out."""
    found: Contents = {}
    for path in sorted(out.rglob("*")) if out.is_dir() else ():
        name = path.relative_to(out).as_posix()
        hidden = any(part.startswith(".") for part in path.relative_to(out).parts)
        if path.is_file() and not hidden and not name.startswith(("checkpoints/", "tensorboard/")):
            found[name] = _read(path)
    return found


def _read(path: Path) -> Any:
    if path.suffix == ".png":
        images.load(path)
    if path.suffix == ".json":
        return {key: value for key, value in json.loads(path.read_text()).items() if key not in ("out", "cache", "site")}
    if path.name == "log.jsonl":  # its last line may be half a line, until the training continues
        whole = path.read_bytes().rpartition(b"\n")[0].splitlines()
        return [{key: value for key, value in json.loads(line).items() if key not in CLOCK} for line in whole]
    if path.name == "manifest.jsonl":
        lines = path.read_bytes().rpartition(b"\n")[0].splitlines()
        return {record["id"]: record["md5"] for record in map(json.loads, lines)}
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            arrays: dict[str, bytes] = {}
            file.visititems(lambda name, item: arrays.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None)
        return arrays
    return path.read_bytes() if path.name != "fingerprint.pb" else None  # which TensorFlow draws at random


def half_lines(out: Path) -> list[str]:
    """The names of logs that end in half a line."""
    return [path.name for path in out.glob("*.jsonl") if not path.read_bytes().endswith(b"\n") and path.stat().st_size]


def hidden(folder: Path) -> list[str]:
    """The names of hidden files and folders, and of TensorFlow's temporary ones."""
    return [path.name for path in folder.rglob("*") if path.name.startswith((".", "checkpoint.tmp")) or "_temp" in path.name]


def checkpoint(out: Path) -> dict[str, np.ndarray]:
    """All variables of a training's latest checkpoint but clock and counter."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(out / "checkpoints"))
    names = [n for n in reader.get_variable_to_shape_map() if not n.startswith(("seconds", "save_counter", "_CHECKPOINTABLE"))]
    return {name: reader.get_tensor(name) for name in names}


def doubled_events(out: Path) -> list[tuple[str, int]]:
    """The tag and step of what is in TensorBoard's files more than once."""
    import tensorflow as tf

    seen: list[tuple[str, int]] = []
    for file in (out / "tensorboard").iterdir():
        for raw in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(raw)
            seen += [(value.tag, event.step) for value in event.summary.value]
    return sorted({one for one in seen if seen.count(one) > 1})


def same(case: Case, out: Path, whole: Path) -> list[str]:
    """The names of what differs between results and those of a run that nothing interrupted; [] if all is equal."""
    one, two = contents(out), contents(whole)
    different = [name for name in sorted(one.keys() | two.keys()) if name not in one or name not in two or one[name] != two[name]]
    if case.name.startswith("train"):
        a, b = checkpoint(out), checkpoint(whole)
        different += sorted(a.keys() ^ b.keys()) + sorted(name for name in a.keys() & b.keys() if not np.array_equal(a[name], b[name]))
    return different


def add_row(*cells: object) -> None:
    """Print a row of the table, and add it to its file: command, kills, moments in percent, lost, doubled, half-written, equal."""
    row = f"| {' | '.join(map(str, cells))} |"
    print(f"seed {SEED}: {row}")
    if TABLE:
        with open(TABLE, "a", encoding="utf-8") as file:
            file.write(row + "\n")


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures to work on, and the data cache."""
    from mangastyle.cli.main import main

    folder = tmp_path_factory.mktemp("kills")
    assert main(["draw", "--count", "5", "--size", "64", "--out", str(folder / "pictures")]) == 0
    os.unlink(folder / "pictures/config.json")
    return folder
