"""A disk that fills at some point of each command: one line says so, what is finished stays, and the next start completes the rest.

The disk is a small tmpfs, which only root may mount. Its sizes follow from ``MANGASTYLE_KILL_SEED``; ``MANGASTYLE_KILL_TABLE=FILE``
appends a line about each command to a table.
"""

from __future__ import annotations

import contextlib
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import killed_commands as commands
import pytest
from fake_booru import png, serving
from killed_commands import SEED, Case

from mangastyle.cli.main import main

workplace = commands.workplace
POINTS = {"train": 6, "train-onepass": 2, "style": 3, "run": 3, "export": 2}  # and 2 each for crawl and the data cache
PAGE = 4096
ROOM = 1 << 30

pytestmark = pytest.mark.slow


def tmpfs(place: Path, size: int, *options: str) -> None:
    flags = ",".join([*options, f"size={size}"])
    subprocess.run(["mount", "-t", "tmpfs", "-o", flags, "tmpfs", str(place)], check=True, capture_output=True)


@contextlib.contextmanager
def disk(place: Path, size: int) -> Iterator[Path]:
    """A disk of so many bytes, mounted at `place`."""
    place.mkdir(parents=True)
    try:
        tmpfs(place, size)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"cannot mount a tmpfs ({error})")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def sizes(name: str, count: int, needed: int) -> list[int]:
    """Sizes in pages that end at different points of a command that needs so many bytes."""
    points = random.Random(f"{SEED} {name}")
    return [max(1, round((i + points.random()) / count * 0.97 * needed / PAGE)) * PAGE for i in range(count)]


def used(place: Path) -> int:
    return shutil.disk_usage(place).used


def refused(words: list[str], capfd: pytest.CaptureFixture) -> None:
    """A command says in one line that the disk is full, and which file that is about."""
    capfd.readouterr()
    assert main(words) == 2
    said = capfd.readouterr()
    remarks = [line for line in said.err.splitlines() if not re.match(r"[IWE]0000 |WARNING: All log", line)]
    assert len(remarks) == 1 and remarks[0].startswith("mangastyle: /"), said.err
    assert "no space left" in remarks[0].lower(), remarks
    assert "Traceback" not in said.out


def completed(case: Case, out: Path, whole: Path) -> None:
    assert main(case.again(out)) == 0
    different = commands.same(case, out, whole)
    assert not set(different) - {"saved_model.pb"}, different  # in which Keras numbers the networks of a process through
    assert not commands.hidden(out.parent) and not commands.half_lines(out)
    if (out / "tensorboard").exists():
        assert not commands.doubled_events(out)


def fill(case: Case, folder: Path, count: int, capfd: pytest.CaptureFixture) -> list[int]:
    """Run a command on disks of several sizes; returns these."""
    with disk(folder / "large", ROOM) as place:
        whole = shutil.copytree(place / "out", folder / "whole/out") if main(case.start(place / "out")) == 0 else folder
        needed = used(place)
    chosen = sizes(case.name, count, needed)
    for size in chosen:
        with disk(folder / str(size), size) as place:
            refused(case.start(place / "out"), capfd)
            commands.contents(place / "out")  # all that is there can be read
            assert not commands.hidden(place)
            tmpfs(place, ROOM, "remount")
            completed(case, place / "out", whole)
    return [round(100 * size / needed) for size in chosen]


def report(name: str, shares: list[int]) -> None:
    commands.add_row(f"{name}, full disk", len(shares), " ".join(map(str, shares)), 0, 0, 0, "yes")


@pytest.mark.parametrize("name", POINTS)
def test_a_full_disk_stops_a_command_and_harms_nothing(workplace, tmp_path, capfd, name):
    case = commands.cases(workplace / "pictures", workplace / "cache")[name]
    report(name, fill(case, tmp_path, POINTS[name], capfd))


def test_a_full_disk_stops_a_crawl(tmp_path, capfd):
    with serving() as site:
        for number in range(1, 31):
            site.add(number, body=png(number))
        case = commands.repeated("crawl", "--site", site.url, "--rate", 1000, "--count", 30)
        report(case.name, fill(case, tmp_path, 2, capfd))


def test_a_full_disk_under_the_data_cache(workplace, tmp_path, capfd):
    def case(cache: Path) -> Case:
        return commands.cases(workplace / "pictures", cache)["train"]

    with disk(tmp_path / "large", ROOM) as place:
        assert main(case(place / "cache").start(tmp_path / "whole/out")) == 0
        needed = used(place)
    chosen = sizes("cache", 2, needed)
    for size in chosen:
        with disk(tmp_path / str(size), size) as place:
            refused(case(place / "cache").start(tmp_path / f"{size}-run/out"), capfd)
            assert not list((place / "cache").glob("*/*")) and not commands.hidden(place)
            tmpfs(place, ROOM, "remount")
            completed(case(place / "cache"), tmp_path / f"{size}-run/out", tmp_path / "whole/out")
    report("train --cache", [round(100 * size / needed) for size in chosen])
