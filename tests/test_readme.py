"""No line of README.md that is not true: its commands and code run, its links lead somewhere, its names exist.

Each command is run with small stand-ins for the files that README names, at a small size and with few steps. What takes minutes even so
is parsed in the default set, and run in the slow one.
"""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from pathlib import Path
from typing import Iterator

import numpy as np
import pytest

import mangastyle
from mangastyle.cli import main as commandline
from mangastyle.cli import options
from mangastyle.cli.main import COMMANDS, main
from mangastyle.video import open_writer

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
    "mangastyle shade pictures/": "--force",
    "mangastyle shade": "--force --weights baseline",
    "mangastyle style pictures/": "--size 64 --force",
    "mangastyle style": "--size 64 --iterations 1 --min-size 0 --style-layers relu1_1 --content-layers relu1_1 --backbone slim --force",
    "mangastyle video": "--size 32 --force",
    "mangastyle learn": "--steps 2 --crop 64 --batch 1 --data drawn:2 --force",
    "mangastyle train": "--size 32 --width 4 --levels 2 --batch 2 --steps 2 --force",
    "mangastyle figures": "--quick --force",
    "mangastyle export": "--force",
}
PARSED = ("mangastyle app", "mangastyle weights get")  # one does not end, the other needs a network
QUICK = re.compile(r"mangastyle (shade \S+ --hint strokes|run picture\S* --style p)")


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
    mangastyle.save(folder / "painting.jpg", mangastyle.paint("brush", 0, 64, 80))
    for seed in range(3):
        mangastyle.save(folder / f"pictures/{seed}.png", mangastyle.draw(seed, 64))
        mangastyle.save(folder / f"hints/{seed}.png", mangastyle.draw(seed, 64))
        mangastyle.save(folder / f"paintings/{seed}.jpg", mangastyle.paint("wash", seed, 64, 80))
    alpha = np.zeros((64, 64), np.uint8)
    alpha[20:24, 20:40] = 255
    mangastyle.save(folder / "strokes.png", np.full((64, 64, 3), (200, 40, 60), np.uint8), alpha)
    with open_writer(folder / "clip.webm", (64, 64), rate=12) as writer:
        for step in (0, 1):
            writer.write(np.roll(drawn, step, 1))
    (folder / "clip.webm").rename(folder / "clip.mp4")  # read by its content
    mangastyle.save(folder / "colored.png", drawn)
    return folder


@pytest.fixture
def inside(stand_ins, tmp_path, monkeypatch) -> Path:
    """A copy of that folder, which the test runs in, with caches of its own."""
    shutil.copytree(stand_ins, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "work"


def test_it_fits_a_few_screens():
    assert len(TEXT.splitlines()) <= 150
    assert len(LINES) >= 10 and len(PYTHON) == 1


def test_the_checks_run_its_second_command():
    tests = next(line for line in TEXT.splitlines() if "pytest" in line and line.startswith("python3"))
    assert tests in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()


def test_every_command_is_documented():
    """Here, or in docs/."""
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    assert not [name for name in COMMANDS if f"mangastyle {name} " not in pages]


@pytest.mark.parametrize("line", LINES)
def test_every_command_has_its_options(line):
    words = shlex.split(line)[1:]
    given = commandline._parse(words)
    module = commandline.load(given.pop("command"))
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
        if not line.startswith(PARSED):
            run(line, capfd)
    assert (inside / "out/sheet.png").exists() and (inside / "full-savedmodel/saved_model.pb").exists()


def test_the_library_code_runs(inside, monkeypatch):
    """As it stands, but at a small size."""
    stylize = mangastyle.stylize
    monkeypatch.setattr(mangastyle, "stylize", lambda *given, **named: stylize(*given, size=32, **named))
    made: dict = {}
    exec(compile(PYTHON[0], "README.md", "exec"), made)
    assert made["picture"].shape == made["stroked"].shape == (64, 64, 3) and made["line"].shape == (64, 64)
    assert mangastyle.load(inside / "painted.png").rgb.shape == (32, 32, 3)


def test_every_flag_exists():
    known = {options.flag(field) for name in COMMANDS for field in commandline.load(name).Options.__dataclass_fields__}
    known |= {options.flag(former) for name in COMMANDS for former in commandline.load(name).Options.RENAMED}
    known |= {"--help", "--help-all", "--version", "--config", "--debug"}
    known |= {"--no-" + flag[2:] for flag in known}
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", TEXT))
    assert used <= known, used - known


def test_every_link_leads_to_a_file_or_a_heading():
    headings = {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in PROSE.splitlines() if line.startswith("#")}
    links = re.findall(r"\]\(([^)\s]+)\)", TEXT)
    assert len(links) > 30
    for link in links:
        path, _, anchor = link.partition("#")
        if re.match(r"\w+://", path):
            continue
        assert (ROOT / path).exists() if path else anchor in headings, link


def test_every_python_block_is_valid_and_names_public_things():
    for code in PYTHON:
        attributes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)]
        used = {node.attr for node in attributes if ast.unparse(node.value) == "mangastyle"}
        assert used <= set(mangastyle.__all__)
