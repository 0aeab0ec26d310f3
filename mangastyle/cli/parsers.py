"""The command line's parser and its help texts."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from types import ModuleType
from typing import Any, NoReturn, Sequence

from mangastyle import __version__
from mangastyle.cli.commands import COMMANDS, described, load, module_name
from mangastyle.cli.flags import ABOUT, EVERY, HELP, SHELLS, SWITCH, TOP, Flag, former, groups, preset_lines, usage

EPILOG = """first steps:
  mangastyle run --out out
  mangastyle run picture.png --style painting.jpg --out out
  mangastyle COMMAND --help"""


class Parser(argparse.ArgumentParser):
    """An error is one line, without the usage of dozens of flags."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


class _PrintCompletion(argparse.Action):
    """Print the completion script of a shell."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option_string: str | None = None) -> None:
        from mangastyle.cli import completion

        print(completion.script(values), end="")
        parser.exit()


class _PrintManual(argparse.Action):
    """Print the manual page."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option_string: str | None = None) -> None:
        from mangastyle.cli import man_page

        print(man_page.page(), end="")
        parser.exit()


def _top() -> tuple[argparse.ArgumentParser, Any]:
    """The command line without its commands, and what they are added to."""
    top = Parser(
        prog="mangastyle", usage="mangastyle COMMAND [--OPTION VALUE ...]", description=ABOUT, epilog=EPILOG, add_help=False,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=20),
    )  # fmt: skip
    how: dict[str, dict[str, Any]] = {
        "--help": {"action": "help"}, "--version": {"action": "version", "version": f"mangastyle {__version__}"},
        "--completion": {"action": _PrintCompletion, "choices": SHELLS}, "--man": {"action": _PrintManual, "nargs": 0},
    }  # fmt: skip
    for name, _, doc in TOP:
        top.add_argument(*(["-h"] if name == "--help" else []), name, **how[name], default=argparse.SUPPRESS, help=doc)
    return top, top.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")


def overview() -> argparse.ArgumentParser:
    """All commands with a line about each, without their flags: no command's module is imported.

    Returns
    -------
    argparse.ArgumentParser

    Examples
    --------
    >>> "    sketch          Turn pictures into line art." in overview().format_help().splitlines()
    True
    """
    top, commands = _top()
    for name in COMMANDS:
        commands.add_parser(name, help=described(module_name(name))[0])
    return top


def parser(names: Sequence[str] = COMMANDS, everything: bool = False) -> argparse.ArgumentParser:
    """The command line, with some of the commands; flags not given are absent from the result (see `options.settle`).

    Parameters
    ----------
    names : sequence of str
        Of `COMMANDS`.
    everything : bool
        Whether the help text of a command shows all options and presets, in groups, or the common options alone.

    Returns
    -------
    argparse.ArgumentParser

    Examples
    --------
    >>> vars(parser(["sketch"]).parse_args(["sketch", "a.png", "--size", "64"]))
    {'command': 'sketch', 'inputs': 'a.png', 'size': 64}
    """
    top, commands = _top()
    for name in names:
        _add_command(commands, name, load(name), everything)
    return top


def _add_command(commands: Any, name: str, module: ModuleType, everything: bool) -> None:
    line, text = described(module.__name__)
    width = max(40, shutil.get_terminal_size().columns - 2)
    sub = commands.add_parser(
        name, help=line, description=textwrap.fill(text, width), argument_default=argparse.SUPPRESS, usage=usage(name, module),
        epilog=_epilog(module, everything, width), formatter_class=argparse.RawDescriptionHelpFormatter, add_help=False,
    )  # fmt: skip
    for flag in HELP:
        sub.add_argument(*flag.names, action="help", help=flag.doc)
    for found in groups(module.Options):
        group = sub.add_argument_group(found.title) if everything and found.title else sub
        for flag in found.flags:
            if flag in EVERY and flag.kind is bool:
                group.add_argument(*flag.names, action="store_true", help=flag.doc if everything else argparse.SUPPRESS)
            elif flag.names:
                _add(group, flag, flag.doc.replace("%", "%%") if everything or flag.common else argparse.SUPPRESS)
            else:
                group.add_argument(flag.name, nargs="*" if flag.many else "?", metavar=flag.name.upper(), help=flag.doc.replace("%", "%%"))
    for flag in former(module.Options):
        _add(sub, flag, argparse.SUPPRESS)


def _add(group: Any, flag: Flag, help: str) -> None:
    # Choices and bounds are not argparse's business: the settings check them, whether from flags, a preset or a file.
    if flag.metavar == SWITCH:
        group.add_argument(flag.names[0], action=argparse.BooleanOptionalAction, help=help)
    else:
        group.add_argument(flag.names[0], type=flag.kind, nargs="+" if flag.many else None, metavar=flag.metavar, help=help)


def _epilog(module: ModuleType, everything: bool, width: int) -> str:
    presets = ["presets:", *preset_lines(module, width), ""] if everything else []
    return "\n".join([*presets, "examples:", *(f"  {line}" for line in module.EXAMPLES)])
