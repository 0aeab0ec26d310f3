"""The command line: one module a command, its flags made from the fields of the module's `Options`."""

from __future__ import annotations

import argparse
import ast
import contextlib
import dataclasses
import importlib
import importlib.util
import logging
import os
import shutil
import sys
import textwrap
from types import ModuleType
from typing import Any, NoReturn, Sequence

from mangastyle import __version__, startup
from mangastyle.cli import options as opts
from mangastyle.errors import MangastyleError, near
from mangastyle.settings import element_types

# In the order of the pipeline. Each is a module of `mangastyle.cli` with `Options`, `EXAMPLE` and `command(options)`.
COMMANDS = (
    "run", "sketch", "shade", "style", "train", "train-onepass", "train-slim-vgg", "evaluate", "figures", "reconstruct",
    "export", "weights", "draw", "crawl",
)  # fmt: skip
FORMER_COMMANDS = {"teach": "train-onepass", "distill": "train-slim-vgg", "fetch": "crawl"}  # still work, with a line of advice
ABOUT = "Manga pictures to line art, line art to shaded color, color to a painter's style."
EPILOG = (
    "first steps:\n  mangastyle run --out out\n  mangastyle run picture.png --style painting.jpg --out out\n  mangastyle COMMAND --help"
)


def load(command: str) -> ModuleType:
    """The module of a command. Importing it loads no TensorFlow; `command(options)` does, when all that is cheap is checked."""
    return importlib.import_module(f"mangastyle.cli.{command.replace('-', '_')}")


class _Remarks(logging.Handler):
    """The library's remarks: lines on stderr that name this program."""

    def emit(self, record: logging.LogRecord) -> None:
        print("mangastyle:", record.getMessage(), file=sys.stderr)


REMARKS = _Remarks()


class _Parser(argparse.ArgumentParser):
    """An error is one line, without the usage of dozens of flags."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _top() -> tuple[argparse.ArgumentParser, Any]:
    """The command line without its commands, and what they are added to."""
    top = _Parser(prog="mangastyle", description=ABOUT, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"mangastyle {__version__}")
    return top, top.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")


def overview() -> argparse.ArgumentParser:
    """All commands with a line about each, without their flags: no command's module is imported."""
    top, commands = _top()
    for name in COMMANDS:
        module = f"mangastyle.cli.{name.replace('-', '_')}"
        source = importlib.util.find_spec(module).loader.get_source(module)  # type: ignore
        options = next(x for x in ast.parse(source).body if isinstance(x, ast.ClassDef) and x.name == "Options")
        commands.add_parser(name, help=(ast.get_docstring(options) or "").split("\n")[0])
    return top


def parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line, with some of the commands; flags not given are absent from the result (see `options.settle`)."""
    top, commands = _top()
    for name in names:
        module = load(name)
        about = (module.Options.__doc__ or "").split("\n")[0]
        positional = [f"[{f.name.upper()}]" for f in dataclasses.fields(module.Options) if f.metadata.get("positional")]
        usage = " ".join(["mangastyle", name, *positional, "[--OPTION VALUE ...]"])
        sub = commands.add_parser(
            name, help=about, description=about, argument_default=argparse.SUPPRESS, usage=usage, epilog=_epilog(module),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        every = _add_options(sub, module.Options)
        every.add_argument("--config", metavar="FILE", help="JSON file of options, such as the config.json of an earlier result")
        every.add_argument("--debug", action="store_true", help="show the full traceback of an error")
    return top


def _add_options(sub: argparse.ArgumentParser, cls: type[opts.Command]) -> Any:
    """Add a group of flags for each class that declares some, and hidden flags for former names; returns the group of every command."""
    fields = {f.name: f for f in dataclasses.fields(cls)}
    owners = {name: next(owner for owner in cls.__mro__ if name in vars(owner).get("__annotations__", {})) for name in fields}
    shared = [owner for owner in reversed(cls.__mro__) if owner in owners.values() and owner not in (cls, opts.Command)]
    group: Any = sub
    for owner in (cls, *shared, opts.Command):
        group = sub if owner is cls else sub.add_argument_group((owner.__doc__ or "").split("\n")[0].rstrip("."))
        for name in vars(owner).get("__annotations__", {}):
            if owners.get(name) is owner:
                _add(group, cls, fields[name])
    for former, entry in cls.RENAMED.items():
        new, values = entry if isinstance(entry, tuple) else (entry, {})
        switch = any(isinstance(value, bool) for value in values) or element_types(cls)[new] == (bool, False)
        _add_flag(sub, opts.flag(former), *((bool, False) if switch else element_types(cls)[new]), help=argparse.SUPPRESS)
    return group


def _add(group: Any, cls: type[opts.Command], f: dataclasses.Field) -> None:
    """Add the flag, or the positional argument, of one field."""
    kind, many = element_types(cls)[f.name]
    if f.metadata.get("positional"):
        group.add_argument(f.name, nargs="?", metavar=f.name.upper(), help=_escaped(f.metadata["doc"]))
        return
    value: Any = f.default
    default = " ".join(map(str, value)) if many else {True: "on", False: "off"}[value] if kind is bool else str(value)
    text = f.metadata["doc"] + (f" (default: {default})" if default else "")
    choices = f.metadata["choices"] or (f.name == "preset" and tuple(opts.presets(cls)))
    metavar = "{" + ",".join(map(str, choices)) + "}" if choices else {str: "TEXT", int: "N", float: "X", bool: None}[kind]
    _add_flag(group, opts.flag(f.name), kind, many, metavar=metavar, help=_escaped(text))


def _add_flag(group: Any, flag: str, kind: type, many: bool, help: str, metavar: str | None = None) -> None:
    # Choices and bounds are not argparse's business: the settings check them, whether from flags, a preset or a file.
    if kind is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, help=help)
    else:
        group.add_argument(flag, type=kind, nargs="+" if many else None, metavar=metavar, help=help)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _epilog(module: ModuleType) -> str:
    lines, width = ["presets:"], shutil.get_terminal_size().columns - 2
    for name, values in opts.presets(module.Options).items():
        settings = " ".join(opts.shown(key, value) for key, value in values.items()) or "the defaults above"
        lines += textwrap.wrap(f"{name}: {settings}", width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join([*lines, "", "example:", f"  {module.EXAMPLE}"])


def _parse(argv: list[str]) -> dict[str, Any]:
    """The flags given; an unknown one exits with one line that names the nearest known one."""
    if argv and argv[0] in FORMER_COMMANDS:
        print(f"mangastyle: {argv[0]} is now {FORMER_COMMANDS[argv[0]]}", file=sys.stderr)
        argv = [FORMER_COMMANDS[argv[0]], *argv[1:]]
    if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
        overview().error(f"unknown command {argv[0]!r}{near(argv[0], COMMANDS)}; there are: {', '.join(COMMANDS)}")
    found, unknown = (parser(argv[:1]) if argv and argv[0] in COMMANDS else overview()).parse_known_args(argv)
    if unknown:
        flags = [opts.flag(f.name) for f in dataclasses.fields(load(found.command).Options)]
        _Parser(prog=f"mangastyle {found.command}").error(f"unrecognized arguments: {' '.join(unknown)}{near(unknown[0], flags)}")
    return vars(found)


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        The words after `mangastyle`; default: those of this process.

    Returns
    -------
    int
        The exit code: 0 done, 2 a user's mistake, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a notebook's streams cannot, and need not
            stream.reconfigure(errors="backslashreplace")  # type: ignore  # file names need not be valid text
    given = _parse(sys.argv[1:] if argv is None else argv)
    module = load(given.pop("command"))
    cls, debug, file = module.Options, given.pop("debug", False), given.pop("config", None)
    logging.getLogger("mangastyle").addHandler(REMARKS)
    startup.quiet = not debug
    if given.get("resume") and not file:  # a resumed training keeps its options
        file = os.path.join(given.get("out", cls.out), "config.json")
    try:
        module.command(opts.settle(cls, given, file))
        return 0
    except BrokenPipeError:  # e.g. `mangastyle train --describe | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (MangastyleError, OSError) as error:  # OSError: what a disk may refuse anywhere, such as a name too long
        if debug:
            raise
        print("mangastyle:", opts.in_flags(str(error), cls), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if debug:
            raise
        print("mangastyle: interrupted; what was finished is kept", file=sys.stderr)
        return 130
