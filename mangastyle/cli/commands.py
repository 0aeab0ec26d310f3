"""The table of commands, and what is known of each without importing it."""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.util
from types import ModuleType

# In the order of the pipeline. Each is a module of `mangastyle.cli` with `Options`, `EXAMPLES` and `command(options)`.
COMMANDS = (
    "run", "sketch", "shade", "style", "video", "learn", "train", "train-onepass", "train-regions", "train-shading", "train-slim-vgg",
    "evaluate", "figures", "reconstruct", "export", "weights", "draw", "crawl", "app",
)  # fmt: skip


def module_name(command: str) -> str:
    """The full name of a command's module.

    Parameters
    ----------
    command : str
        One of `COMMANDS`.

    Returns
    -------
    str

    Examples
    --------
    >>> module_name("train-onepass")
    'mangastyle.cli.train_onepass'
    """
    return f"{__package__}.{command.replace('-', '_')}"


def load(command: str) -> ModuleType:
    """The module of a command. Importing it loads no TensorFlow; `command(options)` does, when all that is cheap is checked.

    Parameters
    ----------
    command : str
        One of `COMMANDS`.

    Returns
    -------
    module

    Examples
    --------
    >>> load("sketch").EXAMPLES[0]
    'mangastyle sketch picture.png --out sketch.png'
    """
    return importlib.import_module(module_name(command))


@functools.cache
def described(module: str, cls: str = "Options") -> tuple[str, str]:
    """A class's docstring, from its source: the module is not imported, and python -OO has no docstrings.

    Parameters
    ----------
    module : str
        The full name of the module.
    cls : str
        The name of the class.

    Returns
    -------
    line, text : str
        The first line; and all that comes before the sections, such as Examples, on one line.

    Examples
    --------
    >>> described("mangastyle.cli.sketch")[0]
    'Turn pictures into line art.'
    """
    source = importlib.util.find_spec(module).loader.get_source(module) or ""  # type: ignore
    found = [x for x in ast.parse(source).body if isinstance(x, ast.ClassDef) and x.name == cls]
    doc = (ast.get_docstring(found[0]) or "" if found else "").partition("\n\nExamples\n")[0]
    return doc.split("\n")[0], " ".join(doc.split())
