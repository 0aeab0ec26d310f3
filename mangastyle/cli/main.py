"""The command line: one module a command, its flags made from the fields of the module's `Options`."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import functools
import importlib
import importlib.util
import logging
import os
import shutil
import signal
import sys
import textwrap
import warnings
from types import ModuleType
from typing import Any, NoReturn, Sequence

from mangastyle import __version__, startup
from mangastyle.cli import options as opts
from mangastyle.cli.failures import in_one_line
from mangastyle.cli.signals import Stopped, stopping
from mangastyle.cli.streams import standard_streams
from mangastyle.errors import MangastyleError, near
from mangastyle.settings import element_types

# In the order of the pipeline. Each is a module of `mangastyle.cli` with `Options`, `EXAMPLE` and `command(options)`.
COMMANDS = (
    "run", "sketch", "shade", "style", "learn", "train", "train-onepass", "train-regions", "train-shading", "train-slim-vgg", "evaluate",
    "figures", "reconstruct", "export", "weights", "draw", "crawl", "app",
)  # fmt: skip
MEMORY = 0.6e9  # bytes of address space without TensorFlow
WORDS_TOLD = 5  # of those that are left over
ABOUT = "Manga pictures to line art, line art to shaded color, color to a painter's style."
EPILOG = (
    "first steps:\n  mangastyle run --out out\n  mangastyle run picture.png --style painting.jpg --out out\n  mangastyle COMMAND --help"
)


def load(command: str) -> ModuleType:
    """The module of a command. Importing it loads no TensorFlow; `command(options)` does, when all that is cheap is checked."""
    return importlib.import_module(f"mangastyle.cli.{command.replace('-', '_')}")


class _Remarks(logging.Handler):
    """The library's remarks: lines on stderr that name this program, with arguments as flags of the command that runs."""

    options: type[opts.Command] = opts.Command

    def emit(self, record: logging.LogRecord) -> None:
        from mangastyle.progress import Bar  # not before `_check_progress_bars`

        Bar.write(f"mangastyle: {opts.in_flags(record.getMessage(), self.options)}", file=sys.stderr)  # above a bar that is shown


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
        commands.add_parser(name, help=_about(f"mangastyle.cli.{name.replace('-', '_')}", "Options"))
    return top


@functools.cache
def _about(module: str, cls: str) -> str:
    """The first line of a class's docstring, from its source: the module is not imported, and python -OO has no docstrings."""
    source = importlib.util.find_spec(module).loader.get_source(module) or ""  # type: ignore
    found = [x for x in ast.parse(source).body if isinstance(x, ast.ClassDef) and x.name == cls]
    return (ast.get_docstring(found[0]) or "").split("\n")[0] if found else ""


def parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line, with some of the commands; flags not given are absent from the result (see `options.settle`)."""
    top, commands = _top()
    for name in names:
        module = load(name)
        about = _about(module.__name__, "Options")
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
        group = sub if owner is cls else sub.add_argument_group(_about(owner.__module__, owner.__name__).rstrip("."))
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
        group.add_argument(f.name, nargs="*" if many else "?", metavar=f.name.upper(), help=_escaped(f.metadata["doc"]))
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
    lines, width = ["presets:"], max(40, shutil.get_terminal_size().columns - 2)
    for name, values in opts.presets(module.Options).items():
        settings = " ".join(opts.shown(key, value) for key, value in values.items()) or "the defaults above"
        lines += textwrap.wrap(f"{name}: {settings}", width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join([*lines, "", "example:", f"  {module.EXAMPLE}"])


def _parse(argv: list[str]) -> dict[str, Any]:
    """The flags given; an unknown one exits with one line that names the nearest known one."""
    if argv and argv[0] in opts.FORMER_COMMANDS:
        print(f"mangastyle: {argv[0]} is now {opts.FORMER_COMMANDS[argv[0]]}", file=sys.stderr)
        argv = [opts.FORMER_COMMANDS[argv[0]], *argv[1:]]
    if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
        overview().error(f"unknown command {argv[0]!r}{near(argv[0], COMMANDS)}; there are: {', '.join(COMMANDS)}")
    found, unknown = (parser(argv[:1]) if argv and argv[0] in COMMANDS else overview()).parse_known_args(argv)
    if unknown:
        _Parser(prog=f"mangastyle {found.command}").error(_unknown(unknown, load(found.command).Options))
    return vars(found)


def _unknown(words: Sequence[str], cls: type[opts.Command]) -> str:
    """What is wrong with words of the command line that are left over."""
    fields, word = dataclasses.fields(cls), words[0]
    flags = [opts.flag(f.name) for f in fields]
    more = f" and {len(words) - WORDS_TOLD} more" if len(words) > WORDS_TOLD else ""
    message = f"unrecognized arguments: {' '.join(words[:WORDS_TOLD])}{more}"
    if word.partition("=")[0] in flags:
        return f"{message}; behind -- no word is a flag: put {word} before it"
    if word.startswith("-"):
        return f"{message}; write ./{word} if this is a file" if os.path.exists(word) else message + near(word, flags)
    inputs = [f.metadata["doc"].partition(";")[0] for f in fields if f.name == "inputs"]
    return f"{message}; name one input: {inputs[0]}" if inputs else message + near(word, flags)


def _refuse_empty(given: dict[str, Any], cls: type[opts.Command]) -> None:
    """An empty text is most often a variable of a script that is not set, and would pass for an option that is not given."""
    values = {f.name: f.metadata["doc"] for f in dataclasses.fields(cls)}
    for name, value in given.items():
        new, now = opts.current_name(cls, name, "")
        if (value == "" or isinstance(value, list) and "" in value) and now == "":
            raise MangastyleError(f"`{name}`: is empty, such as a variable that is not set; leave it out, or give it: {values[new]}")


def _refuse_umask() -> None:
    """What is written would be of no use to the user."""
    os.umask(mask := os.umask(0o022))
    if mask & 0o700:
        raise MangastyleError(f"umask {mask:04o}: takes your own rights from what is written; set another one, as by 'umask 022'")


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        The words after `mangastyle`; default: those of this process.

    Returns
    -------
    int
        The exit code: 0 done, 2 a user's mistake or a machine that refuses, 130 interrupted, 143 and 129 ended by SIGTERM and SIGHUP.
    """
    with standard_streams() as out:
        code: Any
        code, ending = 0, None
        try:
            code = _run(sys.argv[1:] if argv is None else argv)
        except SystemExit as error:  # argparse's, after help or a mistake
            code, ending = error.code, error
        failure = out.finish()
        if failure and not code and not isinstance(failure, BrokenPipeError):
            print(f"mangastyle: cannot write to standard output ({failure.strerror}); what was made is kept", file=sys.stderr)
            return 2
        if ending:
            raise ending
        return code


def _run(argv: list[str]) -> int:
    """Run one command; what goes wrong is one line on stderr, but for faults of the program."""
    debug = "--debug" in argv
    cls = opts.Command
    try:
        with stopping(), warnings.catch_warnings():
            if not debug:
                warnings.simplefilter("ignore")  # other packages'; with -W error they would end the command
            startup.refuse_low_memory(MEMORY, "mangastyle")
            _check_progress_bars()
            given = _parse(argv)
            module = load(given.pop("command"))
            cls, file = module.Options, given.pop("config", None)
            given.pop("debug", None)
            _refuse_umask()
            _refuse_empty(given, cls)
            REMARKS.options = cls
            if REMARKS not in (logger := logging.getLogger("mangastyle")).handlers:
                logger.addHandler(REMARKS)
            startup.quiet = not debug
            if given.get("resume") and not file:  # a resumed training keeps its options
                stored = os.path.join(given.get("out", cls.out), "config.json")
                file = stored if os.path.exists(stored) else None  # without it, the command says that there is nothing to resume
            module.command(opts.settle(cls, given, file))
            return 0
    except BrokenPipeError:  # e.g. `mangastyle train --describe | head`
        return 0
    except KeyboardInterrupt as error:
        if debug:
            raise
        number = error.number if isinstance(error, Stopped) else signal.SIGINT
        by = "interrupted" if number == signal.SIGINT else f"stopped by {error}"
        print(f"mangastyle: {by}; what was finished is kept", file=sys.stderr)
        return 128 + number
    except Exception as error:
        if debug:
            raise
        if (line := in_one_line(error)) is None:
            print("mangastyle: this is a fault of mangastyle; please report it, with what follows", file=sys.stderr)
            raise
        print("mangastyle:", opts.in_flags(line, cls), file=sys.stderr)
        return 2


def _check_progress_bars() -> None:
    """tqdm, which most commands import, reads settings from the environment and fails over wrong ones."""
    if names := [name for name in sorted(os.environ) if name.startswith("TQDM_")]:
        try:
            importlib.import_module("tqdm")
        except ValueError as error:
            raise MangastyleError(f"{', '.join(names)}: tqdm cannot load with this ({error}); mend or unset it") from error
