"""Benchmarks and docs/make_pictures.py follow the library: they load, and what they import exists. With -m slow they run."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from mangastyle.style.settings import method_settings

TOP = Path(__file__).parents[1]
FILES = {path.stem: path for path in [*sorted((TOP / "benchmarks").glob("*.py")), TOP / "docs" / "make_pictures.py"]}
PROGRAMS = [name for name, path in FILES.items() if "def main(" in path.read_text(encoding="utf-8")]
QUICK = {  # programs that run without PyTorch and the full VGG-19, with their arguments
    **dict.fromkeys(("commands", "hints", "joint", "linearts", "onednn", "region_colors", "sizes", "make_pictures"), ["--quick"]),
    **dict.fromkeys(("serve", "studio"), ["--quick"]),
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


@pytest.mark.parametrize("name", PROGRAMS)
def test_help(name, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(FILES[name].parent))
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    before = set(sys.modules)
    try:
        with pytest.raises(SystemExit) as caught:
            importlib.import_module(name).main()
    finally:  # their names are too plain to stay
        for loaded in (set(sys.modules) - before) & set(FILES):
            del sys.modules[loaded]
    assert caught.value.code == 0 and "--quick" in capsys.readouterr().out


def test_methods_are_given_settings_that_they_have(monkeypatch):
    monkeypatch.syspath_prepend(str(FILES["methods"].parent))
    before = set(sys.modules)
    try:
        methods = importlib.import_module("methods")
        for name in methods.METHODS[1:]:  # all but the content itself
            method, *given = methods.settings_of(name, argparse.Namespace(painters="", quick=True)).items()
            method_settings(method[1], dict(given))  # refuses what it does not know
    finally:
        for loaded in (set(sys.modules) - before) & set(FILES):
            del sys.modules[loaded]


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
