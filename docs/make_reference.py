"""Write docs/reference.md, signature and docstring of every public name:  python docs/make_reference.py"""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from pathlib import Path
from typing import Any, Iterator

import mangastyle
from mangastyle import video
from mangastyle.evaluate import metrics

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference.md"
HEAD = """# Reference

Signature and documentation of every public name: parameters with shapes, value ranges and units, what is returned, what is raised.
[Python API](api.md) has the same names by purpose, with examples that belong together, and [Settings](settings.md) what `**settings` are.
"""
APART = {"metrics", "video", "__version__"}  # modules, whose names come after the others


def page() -> str:
    """The page, whole."""
    named = [
        *((f"mangastyle.{name}", getattr(mangastyle, name)) for name in mangastyle.__all__ if name not in APART),
        *((f"mangastyle.video.{name}", getattr(video, name)) for name in video.__all__),
        *((f"mangastyle.metrics.{name}", function) for name, function in vars(metrics).items() if _is_own(name, function)),
    ]
    parts = [HEAD]
    for name, found in named:
        parts += _section(name, found, 2)
        if inspect.isclass(found):
            for method, function in _methods(found):
                called = method == "__call__"
                parts += _section(name if called else f"{name}.{method}", function, 3, " as a call" if called else "")
    return "\n".join(parts)


def _is_own(name: str, found: Any) -> bool:
    return inspect.isfunction(found) and found.__module__ == metrics.__name__ and not name.startswith("_")


def _methods(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods of a class that it documents itself."""
    for name, method in vars(cls).items():
        function = method.__func__ if isinstance(method, (classmethod, staticmethod)) else method
        if inspect.isfunction(function) and function.__doc__ and (name == "__call__" or not name.startswith("_")):
            yield name, function


def _section(name: str, found: Any, level: int, how: str = "") -> list[str]:
    """Heading, signature and docstring."""
    return [
        f"{'#' * level} `{name}`{how}", "", "```text", *textwrap.wrap(f"{name}{_signature(found)}", 120, subsequent_indent="    "), "",
        inspect.getdoc(found) or "", "```", "",
    ]  # fmt: skip


def _signature(found: Any) -> str:
    """Parameters and result as they are written in the source."""
    node = _definition(found)
    if isinstance(node, ast.ClassDef):
        node = next((part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"), None)
        if node is None:
            return ""
    arguments = node.args
    for own in (arguments.posonlyargs, arguments.args):
        if own and own[0].arg in ("self", "cls"):
            del own[0]
    result = "" if node.returns is None or node.name == "__init__" else f" -> {ast.unparse(node.returns)}"
    return f"({ast.unparse(arguments)}){result}"


def _definition(found: Any) -> Any:
    """The node of a class or function in the source of its module."""
    tree: Any = ast.parse(inspect.getsource(importlib.import_module(found.__module__)))
    for name in found.__qualname__.split("."):
        tree = next(part for part in tree.body if isinstance(part, (ast.ClassDef, ast.FunctionDef)) and part.name == name)
    return tree


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
