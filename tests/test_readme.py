"""No line of README.md that is not true: its commands and code run, its links lead somewhere, its names exist.

Each command is run with small stand-ins for the files that README names, at a small size and with few steps. What takes minutes even so
is parsed in the default set, and run in the slow one.
"""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import shutil
import zipfile
from pathlib import Path
from typing import Iterator

import numpy as np
import pytest

import mangastyle
from mangastyle.cli import main as commandline
from mangastyle.cli import options
from mangastyle.cli.main import COMMANDS, main
from mangastyle.io import registry, weights
from mangastyle.style.learned import painters
from mangastyle.style.settings import OnePassSpec

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
PROSE = re.sub(r"^```.*?^```", "", TEXT, flags=re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """Every command line of mangastyle: of the code blocks, of the table, and of the text, without prompt and comment."""
    for language, code in BLOCKS:
        for line in code.splitlines() if language == "bash" else ():
            yield from (part.strip() for part in re.findall(r"(?:^|&& )(?:\.venv/bin/)?(mangastyle [^#&]+)", line))
    yield from (line for line in re.findall(r"`(mangastyle [^`]+)`", PROSE) if line.split()[1] in COMMANDS)


LINES = list(dict.fromkeys(commands()))

# What makes a command short, by how it begins; the first that fits counts, and a later flag outweighs an earlier one.
SHORTER = {
    "mangastyle run": "--size 64 --force",
    "mangastyle sketch": "--force",
    "mangastyle shade lineart.png --weights runs/mine/best.h5": "--force",
    "mangastyle shade": "--force --weights baseline",
    "mangastyle style pictures/": "--size 64 --force",
    "mangastyle learn": "--steps 2 --crop 64 --batch 1 --data drawn:2 --force",
    "mangastyle style": "--size 64 --iterations 1 --min-size 0 --style-layers relu1_1 --content-layers relu1_1 --backbone slim --force",
    "mangastyle reconstruct": "--size 64 --iterations 1 --backbone slim --force",
    "mangastyle weights": "",
    "mangastyle train --resume": "--steps 3",
    "mangastyle train --describe": "",
    "mangastyle train ": "--size 32 --width 4 --levels 2 --batch 2 --steps 2 --force",
    "mangastyle train-onepass": "--crop 64 --batch 1 --steps 1 --force",
    "mangastyle train-regions": "--data drawn:2 --size 32 --widths 8 8 8 --width 8 --heads 1 --blocks 1 --batch 1 --steps 1 --force",
    "mangastyle train-shading": "--crop 64 --batch 1 --steps 1 --widths 8 8 --force",
    "mangastyle evaluate": "--count 2 --force",
    "mangastyle figures": "--only 14 --quick --force",
    "mangastyle draw": "--count 3 --size 16 --force",
    "mangastyle export --model full": "--out full-savedmodel --force",
    "mangastyle export": "--force",
}
PARSED = ("mangastyle crawl", "mangastyle weights get", "mangastyle train-slim-vgg")  # they need a network, or the full VGG-19
QUICK = re.compile(r"mangastyle (sketch|shade lineart\S+ --hint|draw|weights$|style pictures/ --style painting\.|run picture\S* --style p)")
WITHOUT_FILES = re.compile(r"mangastyle [\w-]+( --preset \w+)?$")  # as the text speaks of them


def shortened(line: str) -> list[str]:
    """The words of a command after `mangastyle`, made short."""
    more = next(flags for start, flags in SHORTER.items() if f"{line} ".startswith(start))
    return [*shlex.split(line)[1:], *shlex.split(more)]


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory) -> Path:
    """A folder with small files of all the names that README uses."""
    folder = tmp_path_factory.mktemp("readme")
    drawn = mangastyle.draw(7, 64)
    mangastyle.save(folder / "picture.png", drawn)
    mangastyle.save(folder / "lineart.png", mangastyle.sketch(drawn))
    for seed, name in enumerate(("painting.jpg", "sky.jpg", "sea.jpg", "a.jpg", "b.jpg", "art/a.jpg", "art/b.jpg", "reference.jpg")):
        mangastyle.save(folder / name, mangastyle.paint("brush", seed, 64, 80))
    shipped = weights.read(registry.find("onepass"), "onepass")
    spec, decoder = OnePassSpec.from_arguments(shipped.spec), shipped.arrays
    painting = mangastyle.paint("brush", 0, 64, 80)
    painters.write(folder / "painter.h5", [painters.Painter(painters.digest(painting), painting, spec, decoder)], {})
    for seed in range(3):
        mangastyle.save(folder / f"pictures/{seed}.png", mangastyle.draw(seed, 64))
        for other in ("masks", "hints"):
            mangastyle.save(folder / f"{other}/{seed}.png", mangastyle.draw(seed, 64))
        mangastyle.save(folder / f"paintings/{seed}.jpg", mangastyle.paint("wash", seed, 64, 80))
    half = np.zeros((64, 64), np.uint8)
    half[:32] = 255
    mangastyle.save(folder / "upper.png", half)
    mangastyle.save(folder / "lower.png", 255 - half)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[20:24, 20:40] = 255
    mangastyle.save(folder / "strokes.png", np.full((64, 64, 3), (200, 40, 60), np.uint8), alpha)
    mangastyle.save(folder / "blurred.png", drawn)
    (folder / "strokes.json").write_text(json_hint(), encoding="utf-8")
    for name in ("faces.zip", "more.zip"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for file in (folder / "pictures").iterdir():
                archive.write(file, f"{name}-{file.name}")
    return folder


def json_hint() -> str:
    """The hint that README shows in a table."""
    return next(code for code in re.findall(r"`(\{.*?\})`", PROSE) if '"points"' in code)


@pytest.fixture
def inside(stand_ins, tmp_path, monkeypatch) -> Path:
    """A copy of that folder, which the test runs in, with caches of its own."""
    shutil.copytree(stand_ins, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "work"


def test_there_are_commands_and_code():
    assert len(LINES) > 25 and len(PYTHON) == 2
    assert {line.split()[1] for line in LINES} == set(COMMANDS)


@pytest.mark.parametrize("line", LINES)
def test_every_command_has_its_options(line):
    words = shlex.split(line)[1:]
    given = commandline._parse(words)
    module = commandline.load(given.pop("command"))
    if "A B" not in line:  # two folders, as the table says
        options.settle(module.Options, {name: value for name, value in given.items() if name not in ("config", "debug")})


def run(line: str, capfd: pytest.CaptureFixture[str]) -> None:
    code = main(shortened(line))
    assert code == 0, f"{line}: {capfd.readouterr().err}"


@pytest.mark.parametrize("line", [line for line in LINES if QUICK.match(line) and not line.startswith(PARSED)])
def test_quick_commands_run(line, inside, capfd):
    run(line, capfd)


@pytest.mark.slow
def test_all_commands_run_in_their_order(inside, capfd):
    for line in LINES:
        if not line.startswith(PARSED) and not WITHOUT_FILES.match(line) and "A B" not in line and "COMMAND" not in line:
            run(line, capfd)
    assert (inside / "out/sheet.png").exists() and (inside / "full-savedmodel/saved_model.pb").exists()
    size = sum(file.stat().st_size for file in (inside / "full-savedmodel").rglob("*") if file.is_file()) / 1e6
    said = re.search(r"one TensorFlow graph of (\d+) MB", TEXT)
    assert said and abs(size - int(said[1])) < 2, size


def test_the_library_code_runs(inside, monkeypatch):
    """As it stands, but with networks and iterations that are small."""
    stylize, start = mangastyle.stylize, mangastyle.run
    small = {"size": 32, "iterations": 1, "min_size": 0, "style_layers": ("relu1_1",), "content_layers": ("relu1_1",), "backbone": "slim"}
    monkeypatch.setattr(mangastyle, "stylize", lambda *given, **named: stylize(*given, **({"size": 32} if named else small), **named))
    monkeypatch.setattr(mangastyle, "run", lambda *given, **named: start(*given, size=48, weights="baseline", **named))
    made: dict = {}
    exec(compile(PYTHON[0], "README.md", "exec"), made)
    assert made["picture"].shape == (64, 64, 3) and made["line"].shape == (64, 64) and made["stages"].stylized.shape[2] == 3
    assert (inside / "optimized.png").exists() and (inside / "onepass.png").exists()


@pytest.mark.slow
def test_all_code_runs_as_it_stands(inside, capfd):
    run("mangastyle export --model full", capfd)
    for code in PYTHON:
        exec(compile(code, "README.md", "exec"), {})
    assert mangastyle.load("stylized.png").rgb.shape == (64, 64, 3)


def test_every_flag_exists():
    known = {options.flag(field) for name in COMMANDS for field in commandline.load(name).Options.__dataclass_fields__}
    known |= {options.flag(former) for name in COMMANDS for former in commandline.load(name).Options.RENAMED}
    known |= {"--help", "--version", "--config", "--debug"}
    known |= {"--no-" + flag[2:] for flag in known} | {"--inplace", "--hypothesis-profile"}  # jupyter's and pytest's
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", TEXT))
    assert used <= known, used - known


def test_every_link_leads_to_a_file_or_a_heading():
    headings = {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in PROSE.splitlines() if line.startswith("#")}
    links = re.findall(r"\]\(([^)\s]+)\)", TEXT)
    assert len(links) > 40
    for link in links:
        path, _, anchor = link.partition("#")
        if re.match(r"\w+://", path):
            continue
        assert (ROOT / path).exists() if path else anchor in headings, link


def test_every_function_of_the_table_of_figures_exists():
    names = re.findall(r"`(paper\.figures\.[\w.]+)`", TEXT)
    assert len(names) == 24
    for name in names:
        module, _, function = name.rpartition(".")
        assert callable(getattr(importlib.import_module(f"mangastyle.{module}"), function)), name


def test_the_layout_lists_every_room():
    layout = TEXT.partition("## Layout")[2].partition("```")[2].partition("```")[0]
    starts = re.findall(r"^(?:\w+(?:\.py|/) ?)+", layout, re.MULTILINE)
    listed = {name.rstrip("/") for start in starts for name in start.split()}
    rooms = {path.name for path in (ROOT / "mangastyle").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert listed == rooms - {"__init__.py", "__main__.py"}


def test_every_python_block_is_valid_and_names_public_things():
    for code in PYTHON:
        attributes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)]
        used = {node.attr for node in attributes if ast.unparse(node.value) == "mangastyle"}
        assert used <= set(mangastyle.__all__)
