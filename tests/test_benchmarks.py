"""Benchmarks and docs/make_pictures.py follow the library: they load, and what they import exists. With -m slow they run."""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Iterator

import numpy as np
import pytest

from mangastyle.style.settings import method_settings

TOP = Path(__file__).parents[1]
FILES = {path.stem: path for path in [*sorted((TOP / "benchmarks").glob("*.py")), TOP / "docs" / "make_pictures.py"]}
PROGRAMS = [
    name for name, path in FILES.items() if "def main(" in path.read_text(encoding="utf-8") and name != "results"
]  # measures nothing
QUICK = {  # programs that run without PyTorch and the full VGG-19, with their arguments
    **dict.fromkeys(("colorings", "commands", "hints", "joint", "linearts", "onednn", "peers"), ["--quick"]),
    **dict.fromkeys(("region_colors", "serve", "shading", "sizes", "studio", "make_pictures"), ["--quick"]),
    **dict.fromkeys(("methods", "onepass", "slim_vgg", "style_sheet"), ["--quick", "--weights", "random"]),
    "train_step": ["--quick", "--only", "ours", "--presets", "default", "--precisions", "float32", "--input"],
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_imported_from_mangastyle_exists(name):
    """At any depth, also where PyTorch is needed to load the file."""
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "mangastyle":
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                submodule = hasattr(module, "__path__") and importlib.util.find_spec(f"{node.module}.{alias.name}")
                assert hasattr(module, alias.name) or submodule, f"{name}: {node.module} has no {alias.name}"


@contextlib.contextmanager
def imported(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A file of benchmarks/ as a module, as long as the block lasts: their names are too plain to stay."""
    monkeypatch.syspath_prepend(str(FILES[name].parent))
    before = set(sys.modules)
    try:
        yield importlib.import_module(name)
    finally:
        for loaded in (set(sys.modules) - before) & set(FILES):
            del sys.modules[loaded]


@pytest.mark.parametrize("name", PROGRAMS)
def test_help(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with imported(name, monkeypatch) as program, pytest.raises(SystemExit) as caught:
        program.main()
    assert caught.value.code == 0 and "--quick" in capsys.readouterr().out


def test_methods_are_given_settings_that_they_have(monkeypatch):
    with imported("methods", monkeypatch) as methods:
        for name in methods.METHODS[1:]:  # all but the content itself
            method, *given = methods.settings_of(name, argparse.Namespace(painters="", quick=True)).items()
            method_settings(method[1], dict(given))  # refuses what it does not know


@pytest.mark.parametrize("name", ["flood fill", "watershed", "random walker", "optimization"])
def test_fillers_keep_colors_within_closed_lines(name, monkeypatch):
    line = np.full((40, 60), 255, np.uint8)
    line[:, 44:46] = 0  # two parts, whose border is not halfway between the strokes
    rgb, mask = np.full((40, 60, 3), 255, np.uint8), np.zeros((40, 60), bool)
    colors = {"left": (200, 40, 60), "right": (20, 90, 160)}
    parts = {"left": np.s_[:, :43], "right": np.s_[:, 47:]}
    for color, x in zip(colors.values(), (4, 52)):
        rgb[18:22, x : x + 4], mask[18:22, x : x + 4] = color, True
    with imported("fillers", monkeypatch) as fillers:
        found = fillers.FILLERS[name](line, rgb, mask)
    for part, color in colors.items():
        assert np.abs(found[parts[part]] - np.float64(color)).max() <= 6, part
    assert found[:, 44:46].max() <= 6  # lines stay black


def test_the_measure_of_colorings_knows_its_limits(monkeypatch):
    own = np.full((32, 32, 3), 255, np.uint8)
    own[8:24, 8:24] = (180, 60, 90)
    with imported("colorings", monkeypatch) as colorings:
        off = np.ones((32, 32), bool)
        lab = colorings.rgb2lab(own)
        exact, white = (colorings.measure(picture, lab, off) for picture in (own, np.full_like(own, 255)))
        assert exact["colored"] == exact["paper"] == white["paper"] == 0 and white["colored"] > 40
        assert white["colorfulness"] == 0 < exact["colorfulness"] and round(white["lightness"]) == 100


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_runs_quickly(name, tmp_path):
    out = tmp_path / ("out.json" if name == "train_step" else "out")
    done = subprocess.run([sys.executable, str(FILES[name]), *QUICK[name], "--out", str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert out.exists()


def test_every_program_is_in_the_readme():
    text = (TOP / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}.py`" in text for name in PROGRAMS if name != "make_pictures")
