"""RESULTS.md and results/README.md are what results/*.json say; each number names a command that exists, a commit and a day."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from mangastyle.cli import main as commandline

TOP = Path(__file__).parents[1]
TEXT = (TOP / "RESULTS.md").read_text(encoding="utf-8")
FILES = sorted((TOP / "results").glob("*.json"))
CONTENTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}
COMMANDS = sorted({entry["command"] for content in CONTENTS.values() for entry in content["entries"]})
NOTES = TOP / "docs" / "lab-notes"
MOST_LINES = 150


class Parsed(Exception):
    """A command line is one that its program takes."""


@pytest.fixture
def benchmark(monkeypatch):
    """A function that imports a file of benchmarks/ by its name; their names are too plain to stay."""
    monkeypatch.syspath_prepend(str(TOP / "benchmarks"))
    before = set(sys.modules)
    yield importlib.import_module
    for loaded in (set(sys.modules) - before) & {path.stem for path in (TOP / "benchmarks").glob("*.py")}:
        del sys.modules[loaded]


@pytest.fixture
def results(benchmark):
    return benchmark("results")


@pytest.fixture
def recording(benchmark):
    return benchmark("recording")


def entry(**changed):
    row = {"measure": "m", "unit": "s", "ours": 2, "target": 3, "better": "lower", "reference": {"peer": 4}, "paper": None, "shown": "time"}
    whole = {
        "name": "sizes", "command": "python benchmarks/sizes.py", "commit": "abcdef0", "date": "2026-11-26", "machine": None,
        "versions": None, "data": "", "seed": None, "note": "", "rows": [row],
    }  # fmt: skip
    return {**whole, **changed}


def test_pages_are_up_to_date(results, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["results.py", "--check"])
    results.main()


def test_a_number_that_is_changed_by_hand_is_found(results, monkeypatch, tmp_path):
    page = tmp_path / "RESULTS.md"
    page.write_text(re.sub(r"\*\*\d", "**7", TEXT, count=1), encoding="utf-8")
    assert page.read_text(encoding="utf-8") != TEXT
    monkeypatch.setattr(results, "PAGE", page)
    monkeypatch.setattr(results, "TOP", tmp_path)
    monkeypatch.setattr(sys, "argv", ["results.py", "--check"])
    with pytest.raises(SystemExit, match="RESULTS.md: not as"):
        results.main()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_entry_is_whole(results, path):
    assert results.errors(path) == []
    assert CONTENTS[path.stem]["entries"]


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"commit": None}, "commit is None"),
        ({"date": "yesterday"}, "date is 'yesterday'"),
        ({"command": "make coffee"}, "command is 'make coffee'"),
        ({"rows": [{**entry()["rows"][0], "better": None}]}, "a target needs better"),
        ({"rows": entry()["rows"] * 2}, "a measure is there twice"),
        ({"rows": [{"measure": "m", "ours": 1}]}, "has the fields"),
    ],
)
def test_what_is_wrong_is_told(results, tmp_path, changed, told):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"title": "X", "entries": [entry(**changed)]}), encoding="utf-8")
    assert told in " ".join(results.errors(path))


@pytest.mark.parametrize(
    "row, shown",
    [
        ({}, "| time (s) | ≤ 3 | 4 (peer) |  | **2** |"),
        ({"ours": 3.14159}, "| time (s) | ≤ 3 | 4 (peer) |  | 3.14, missed |"),
        ({"better": "higher"}, "| time (s) | ≥ 3 | 4 (peer) |  | 2, missed |"),
        ({"target": None, "reference": None, "paper": "1 to 2", "ours": 1234.5}, "| time (s) |  |  | 1 to 2 | 1,234.5 |"),
        ({"ours": 0.70, "unit": ""}, "| time | ≤ 3 | 4 (peer) |  | **0.7** |"),
    ],
)
def test_a_row_of_a_table(results, row, shown):
    told = results.line({**entry()["rows"][0], **row}, "sizes, all", Path("results/x.json"))
    assert told == f"{shown} [sizes, all](results/README.md#x-sizes-all) |"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_parses(benchmark, monkeypatch, command):
    words = shlex.split(command)
    if words[0] == "mangastyle":
        try:
            assert commandline._parse(words[1:])["command"] == words[1]
        except SystemExit as stopped:  # --help
            assert stopped.code == 0
        return
    take = argparse.ArgumentParser.parse_args

    def parse_args(self, args=None, namespace=None):
        take(self, args, namespace)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    monkeypatch.setattr(sys, "argv", words[1:])
    with pytest.raises(Parsed):
        benchmark(Path(words[1]).stem).main()


def test_the_page_is_short_and_lists_its_sections():
    assert len(TEXT.splitlines()) <= MOST_LINES
    top, *sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)
    assert re.findall(r"\[([^]]+)\]\(#", top) == [section.partition("\n")[0] for section in sections]


def test_links_lead_somewhere(results):
    pages = {"RESULTS.md": TEXT, "results/README.md": (TOP / "results" / "README.md").read_text(encoding="utf-8")}
    anchors = {name: {results.anchor(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)} for name, text in pages.items()}
    for name, text in pages.items():
        for target, place in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
            path = (TOP / name).parent / target if target else TOP / name
            assert path.exists(), target
            if place:
                assert place in anchors[path.resolve().relative_to(TOP).as_posix()], place


def test_every_lab_note_is_listed_and_dated():
    index = (NOTES / "index.md").read_text(encoding="utf-8")
    for path in NOTES.glob("*.md"):
        if path.name != "index.md":
            assert f"({path.name})" in index
            sections = re.findall(r"^##.*\n\n(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert sections and all(re.fullmatch(r"\*Written \d{4}-\d\d-\d\d( to \d{4}-\d\d-\d\d)?\.\*", line) for line in sections), (
                path.name
            )


def test_a_benchmark_renews_its_entry(recording, results, tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"title": "X", "entries": [entry(name="other"), entry(name="hints"), entry(name="last")]}), encoding="utf-8")
    monkeypatch.setattr(
        sys, "argv", ["/some/benchmarks/hints.py", "--count", "3", "--data", "/home/me/faces", "--json", str(path), "--out=o"]
    )
    recording.record(str(path), [recording.row("m", 1.234567), recording.row("new", 5, unit="dB")], data="three", seed=0)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert [one["name"] for one in found["entries"]] == ["other", "hints", "last"] and found["title"] == "X"
    renewed = found["entries"][1]
    assert renewed["command"] == "python benchmarks/hints.py --count 3 --data faces" and renewed["data"] == "three"
    old, new = renewed["rows"]
    assert old == {**entry()["rows"][0], "ours": 1.2346}  # target, unit and what it is called stay
    assert new["measure"] == "new" and new["unit"] == "dB" and new["shown"] == "" and new["target"] is None
    assert renewed["machine"]["cores"] >= 1 and renewed["versions"]["python"].startswith("3.")
    renewed["commit"] = renewed["commit"] or "abcdef0"  # outside of a clone
    path.write_text(json.dumps(found), encoding="utf-8")
    assert results.errors(path) == []


def test_a_row_that_is_shown_is_not_lost(recording, tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"title": "X", "entries": [entry(name="hints")]}), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["hints.py"])
    before = path.read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match="not measured, but shown in RESULTS.md: m"):
        recording.record(str(path), [recording.row("another", 1.0)])
    assert path.read_text(encoding="utf-8") == before
    recording.record("", [])  # without --json nothing happens
