"""Arrows point one way: which room may import which, from the imports themselves, lazy ones included."""

from __future__ import annotations

import ast
import functools
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Iterator

import pytest

PACKAGE = Path(__file__).parents[1] / "mangastyle"

# Rooms from the ground up: each imports from lines above its own and from itself; rooms of one line never see each other.
ORDER = (
    ("errors",),
    ("progress", "settings", "startup"),
    ("engine", "plotting"),
    ("io",),
    ("ops",),
    ("kernels", "synthetic"),
    ("vgg",),
    ("lineart",),
    ("shade", "style"),
    ("pipeline",),
    ("video",),
    ("data",),
    ("training",),
    ("train",),
    ("evaluate",),
    ("export",),
    ("paper",),
    ("app",),
    ("cli",),
    ("__init__", "__main__"),
)
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}


def module_name(file: Path) -> str:
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}  # without the prefix "mangastyle."


def targets(nodes: list[ast.stmt]) -> Iterator[str]:
    """The full names that statements import, at any depth, or give as strings to importlib and the like."""
    for node in (inner for statement in nodes for inner in ast.walk(statement)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide arrows from a search"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"mangastyle(\.\w+)+(:\w+)?", node.value):
            yield node.value.partition(":")[0]


def statements(name: str) -> list[ast.stmt]:
    """A module's statements, but for what it does when it is run as a program."""
    body = ast.parse(MODULES[name].read_text(encoding="utf-8")).body
    return [node for node in body if not (isinstance(node, ast.If) and "__name__" in ast.dump(node.test))]


def within(target: str) -> str | None:
    """The module of the package, such as "io.images", that holds an imported name; None for other packages."""
    package, _, inner = target.partition(".")
    while package == "mangastyle" and inner and inner not in MODULES:
        inner = inner.rpartition(".")[0]
    return inner if package == "mangastyle" and inner else None


@functools.cache
def imports(name: str) -> set[str]:
    """The modules of the package that a module imports, lazily or not."""
    return {inner for target in targets(statements(name)) if (inner := within(target)) and inner != name}


def room(name: str) -> str:
    return name.partition(".")[0]


def test_every_room_has_its_place():
    assert {room(name) for name in MODULES} == set(LEVEL)


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_arrows_point_up_the_page(name):
    wrong = [other for other in imports(name) if room(other) != room(name) and LEVEL[room(other)] >= LEVEL[room(name)]]
    assert not wrong, f"mangastyle.{name} must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ("engine", "plotting")])
def test_tensorflow_and_keras_come_by_the_engine_and_matplotlib_by_plotting(name):
    """Else the user's environment would choose backends, and remarks be shown; names for the type checker are free."""
    for node in statements(name):
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            direct = [target for target in targets([node]) if target.partition(".")[0] in ("tensorflow", "keras", "matplotlib")]
            assert not direct, f"mangastyle.{name} imports {', '.join(direct)} itself"


def test_there_is_no_cycle():
    try:
        TopologicalSorter({name: imports(name) for name in MODULES}).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) in ("cli", "__init__", "__main__")])
def test_the_front_door_loads_nothing_heavy_at_its_top(name):
    """Nor does what it imports there; tests/cli/test_main.py finds the same by running it."""
    seen, ahead = set(), [name]
    while ahead:
        seen.add(current := ahead.pop())
        top: list[ast.stmt] = [node for node in statements(current) if isinstance(node, (ast.Import, ast.ImportFrom))]
        for target in targets(top):
            assert target.partition(".")[0] not in ("tensorflow", "keras", "matplotlib", "skimage", "ot"), f"{current} imports {target}"
            if (inner := within(target)) and inner not in seen:
                ahead.append(inner)
