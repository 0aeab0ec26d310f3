"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mangastyle"


def modules_with_examples() -> list[str]:
    """Names of the modules that have a `>>>`, without importing any."""
    files = (file for file in sorted(PACKAGE.rglob("*.py")) if file.stem != "__main__" and ">>> " in file.read_text(encoding="utf-8"))
    parts = (file.relative_to(PACKAGE.parent).with_suffix("").parts for file in files)
    return [".".join(part[:-1] if part[-1] == "__init__" else part) for part in parts]


NEEDS_LOCKS = "mangastyle.io.leftovers"  # removes nothing where files cannot be locked


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.posix if name == NEEDS_LOCKS else ()) for name in modules_with_examples()]
)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mangastyle"):
            raise
        pytest.skip(f"{error.name} is not installed")
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed == 0
