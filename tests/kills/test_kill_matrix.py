"""SIGKILL at random moments: after the next start nothing is lost, doubled or half-written, and trainings are equal to the last bit.

``pytest -m slow tests/kills`` kills 80 times; ``MANGASTYLE_KILLS=600`` in the environment does so as often as it says. The moments
follow from ``MANGASTYLE_KILL_SEED``; ``MANGASTYLE_KILL_TABLE=FILE`` appends a line about each command to a table.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, NamedTuple

import killed_commands as commands
import pytest
from fake_booru import png, send, serving
from killed_commands import SEED, Case

workplace = commands.workplace
KILLS = int(os.environ.get("MANGASTYLE_KILLS", 80))
SHARES = {"train": 14, "train-onepass": 8, "style": 10, "run": 10, "crawl": 10, "export": 8, "video": 20}  # of 80
ONCE = ("export", "video")  # commands that refuse a result that is there
IN_A_ROW = 3  # kills of the same output, before it is finished
POSTS = 30

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")]


class Killed(NamedTuple):
    """What was found: the moments of the kills as shares of a whole run, and faults by kind."""

    moments: list[float]
    lost: list[str]
    doubled: list[str]
    half: list[str]
    different: list[str]


def start(arguments: list[str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "mangastyle", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def run(arguments: list[str]) -> float:
    """Run a command to its end; returns its seconds."""
    began, process = time.monotonic(), start(arguments)
    output, errors = process.communicate(timeout=600)
    assert process.returncode == 0, f"{arguments}\n{output}\n{errors}"
    return time.monotonic() - began


def run_and_kill(arguments: list[str], seconds: float) -> bool:
    """Run a command and kill it and its children after some seconds; whether it was still at work."""
    process = start(arguments)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), arguments
    return process.returncode != 0


def kill_often(case: Case, folder: Path, count: int, after_kill: Callable[[Path], None] = lambda out: None) -> Killed:
    """Kill a command at `count` random moments, in outputs of `IN_A_ROW` kills each, and look at what is left after each."""
    moments = random.Random(f"{SEED} {case.name}")
    whole, found = folder / case.name / "whole" / "out", Killed([], [], [], [], [])
    seconds, number = run(case.start(whole)), 0
    while len(found.moments) < count:
        number += 1
        out, kept = folder / case.name / str(number) / "out", {}
        for _ in range(min(IN_A_ROW, count - len(found.moments))):
            if out.exists() and case.name in ONCE:
                break  # it is done: to start it again is a mistake
            moment = moments.random()
            if run_and_kill(case.again(out), moment * seconds):
                found.moments.append(moment)
            now = read(case, out, found)
            if case.keeps:
                found.lost.extend(name for name in kept if now.get(name) != kept[name] and name != "manifest.jsonl")
                found.lost.extend(str(n) for n in kept.get("manifest.jsonl", {}) if n not in now.get("manifest.jsonl", {}))
            kept = now
            after_kill(out)
        if not (out.exists() and case.name in ONCE):
            run(case.again(out))
        found.different.extend(commands.same(case, out, whole))
        found.half.extend([*commands.hidden(out.parent), *commands.half_lines(out)])
        if (out / "tensorboard").exists():
            found.doubled.extend(map(str, commands.doubled_events(out)))
            steps = [record["step"] for record in commands.contents(out)["log.jsonl"]]
            found.doubled.extend(f"step {step}" for step in steps if steps.count(step) > 1)
    return found


def read(case: Case, out: Path, found: Killed) -> commands.Contents:
    """What is finished; what cannot be read is half-written."""
    try:
        return commands.contents(out)
    except Exception as error:
        found.half.append(f"{type(error).__name__}: {error}")
        return {}


def report(case: Case, found: Killed) -> None:
    """Print, and add to the table, the result; fail for any fault."""
    moments = " ".join(f"{moment:.0%}".rstrip("%") for moment in sorted(found.moments))
    faults = [len(names) for names in (found.lost, found.doubled, found.half)]
    commands.add_row(case.name, len(found.moments), moments, *faults, "no" if found.different else "yes")
    assert not (found.lost or found.doubled or found.half or found.different), f"seed {SEED}: {found}"


@pytest.mark.parametrize("name", [name for name in SHARES if name != "crawl"])
def test_a_killed_command_continues_as_if_it_had_never_stopped(workplace, name):
    case = commands.cases(workplace / "pictures", workplace / "cache")[name]
    report(case, kill_often(case, workplace, -(-KILLS * SHARES[name] // 80)))


def test_a_killed_crawl_loses_nothing_and_asks_for_nothing_twice(workplace):
    with serving() as site:
        for number in range(POSTS):
            site.add(number + 1, body=slowly(png(number + 1)))
        case = commands.repeated("crawl", "--site", site.url, "--rate", 1000, "--count", POSTS)
        asked: list[int] = []

        def note(out: Path) -> None:
            asked.append(len(site.hits))

        found = kill_often(case, workplace, -(-KILLS * SHARES["crawl"] // 80), note)
        outputs = [path / "out" for path in (workplace / "crawl").iterdir()]
        for out in outputs:
            ids = [json.loads(line)["id"] for line in (out / "manifest.jsonl").read_text().splitlines()]
            found.doubled.extend(str(n) for n in ids if ids.count(n) > 1)
            found.lost.extend(str(n) for n in range(1, POSTS + 1) if n not in ids)
        # A kill costs one picture at most, the one that was on its way.
        times = sum(site.count(number) for number in range(1, POSTS + 1))
        assert times <= POSTS * len(outputs) + len(found.moments)
        report(case, found)


def slowly(data: bytes):
    def answer(handler) -> None:
        time.sleep(0.02)
        send(handler, data)

    return answer
