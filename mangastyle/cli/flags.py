"""Flags of commands, from the fields of their `Options`: one table for the parser, help texts, shell completion and manual page."""

from __future__ import annotations

import dataclasses
import textwrap
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from mangastyle.cli import options as opts
from mangastyle.cli.commands import described
from mangastyle.settings import element_types

ABOUT = "Manga pictures to line art, line art to color, color to a painter's style."
SWITCH = "SWITCH"  # in place of a metavar: a flag without a value
METAVARS = {str: "TEXT", int: "N", float: "X", bool: SWITCH}
SHELLS = ("bash", "zsh", "fish")
TOP: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("--help", (), "show this help and exit"),
    ("--version", (), "show the version and exit"),
    ("--completion", SHELLS, "print a script for TAB completion in this shell"),
    ("--man", (), "print the manual page (mangastyle --man | man -l -)"),
)  # options without a command: name, values, help text
PATHS = ("FILE", "FOLDER", "PATH")  # metavars of options that name a file, a folder, or either


@dataclass(frozen=True)
class Flag:
    """An option as it is given on the command line.

    Attributes
    ----------
    name : str
        The field of `Options`.
    names : tuple of str
        As in ("--flip", "--no-flip"); empty for a positional argument.
    doc : str
        Its help text.
    kind : type
        Of its value, or of each of its values.
    many : bool
        Whether it takes several values.
    metavar : str
        What stands for a value in help texts; `SWITCH` if there is none.
    words : tuple of str
        Values that it takes; beside them files or folders, if `paths`.
    paths : str
        One of `PATHS`, if it may name one; else empty.
    common : bool
        Whether --help shows it; --help-all shows all.
    """

    name: str
    names: tuple[str, ...]
    doc: str
    kind: type
    many: bool = False
    metavar: str = SWITCH
    words: tuple[str, ...] = ()
    paths: str = ""
    common: bool = False


@dataclass(frozen=True)
class Group:
    """Flags that belong together.

    Attributes
    ----------
    title : str
        Empty for a command's own flags.
    flags : list of Flag
    shared : bool
        Whether other commands have the same group.
    """

    title: str
    flags: list[Flag]
    shared: bool


HELP = (
    Flag("help", ("-h", "--help"), "show the common options and exit", bool, common=True),
    Flag("help_all", ("--help-all",), "show all options and presets and exit", bool, common=True),
)  # every command has these, which are no options
EVERY = (
    Flag("config", ("--config",), "JSON file of options, such as the config.json of an earlier result", str, metavar="FILE", paths="FILE"),
    Flag("debug", ("--debug",), "show the full traceback of an error", bool),
)


def groups(cls: type[opts.Command]) -> list[Group]:
    """The flags of a command: its own, then a group for each class that declares some, then those of every command.

    Parameters
    ----------
    cls : type
        The command's `Options`.

    Returns
    -------
    list of Group

    Examples
    --------
    >>> from mangastyle.cli import sketch
    >>> [group.title for group in groups(sketch.Options)][2:]
    ['Reading pictures', 'Folders of pictures', 'Every command']
    """
    fields = {f.name: f for f in dataclasses.fields(cls)}
    owners = {name: next(owner for owner in cls.__mro__ if name in vars(owner).get("__annotations__", {})) for name in fields}
    inherited = [owner for owner in reversed(cls.__mro__) if owner in owners.values() and owner not in (cls, opts.Command)]
    found = []
    for owner in (cls, *inherited, opts.Command):
        flags = [_flag(cls, fields[name]) for name in vars(owner).get("__annotations__", {}) if owners.get(name) is owner]
        title = "" if owner is cls else described(owner.__module__, owner.__name__)[0].rstrip(".")
        found.append(Group(title, flags, shared=owner.__module__ == opts.__name__))
    found[-1].flags.extend(EVERY)
    return found


def _flag(cls: type[opts.Command], f: dataclasses.Field) -> Flag:
    kind, many = element_types(cls)[f.name]
    flag, metavar, preset = opts.flag(f.name), f.metadata.get("metavar") or METAVARS[kind], f.name == "preset"
    words = tuple(opts.presets(cls)) if preset else f.metadata["choices"] or f.metadata.get("words", ())
    closed = bool(preset or f.metadata["choices"])
    if f.metadata.get("positional"):
        names: tuple[str, ...] = ()
    else:
        names = (flag, opts.flag(f"no_{f.name}")) if kind is bool else (flag,)
    return Flag(
        f.name, names, f.metadata["doc"] + ("" if preset or not names else _default(f, kind, many)), kind, many,
        "{" + ",".join(map(str, words)) + "}" if closed else metavar, tuple(map(str, words)),
        metavar if metavar in PATHS and not closed else "", bool(cls.PRESETS) if preset else bool(f.metadata.get("common")),
    )  # fmt: skip


def _default(f: dataclasses.Field, kind: type, many: bool) -> str:
    value: Any = f.default
    text = " ".join(map(str, value)) if many else "on" if value is True else str(value or "") if kind in (bool, str) else str(value)
    return f" (default: {text})" if text else ""


def former(cls: type[opts.Command]) -> list[Flag]:
    """Flags of former versions, which work and are not shown.

    Parameters
    ----------
    cls : type
        The command's `Options`.

    Returns
    -------
    list of Flag

    Examples
    --------
    >>> from mangastyle.cli import style
    >>> [flag.names for flag in former(style.Options)]
    [('--fast', '--no-fast'), ('--fast-weights',)]
    """
    found = []
    for name, entry in cls.RENAMED.items():
        new, values = entry if isinstance(entry, tuple) else (entry, {})
        switch = any(isinstance(value, bool) for value in values) or element_types(cls)[new] == (bool, False)
        kind, many = (bool, False) if switch else element_types(cls)[new]
        names = (opts.flag(name), opts.flag(f"no_{name}")) if switch else (opts.flag(name),)
        found.append(Flag(name, names, "", kind, many, METAVARS[kind]))
    return found


def usage(command: str, module: ModuleType) -> str:
    """One line that shows how a command is called.

    Parameters
    ----------
    command : str
    module : module
        Its module.

    Returns
    -------
    str

    Examples
    --------
    >>> from mangastyle.cli import sketch
    >>> usage("sketch", sketch)
    'mangastyle sketch [INPUTS] [--OPTION VALUE ...]'
    """
    positional = [f"[{flag.name.upper()}]" for group in groups(module.Options) for flag in group.flags if not flag.names]
    return " ".join(["mangastyle", command, *positional, "[--OPTION VALUE ...]"])


def preset_lines(module: ModuleType, width: int) -> list[str]:
    """The presets of a command with the options that they set, wrapped.

    Parameters
    ----------
    module : module
        The command's module.
    width : int
        Characters of a line.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from mangastyle.cli import sketch
    >>> preset_lines(sketch, 80)
    ['  default: the defaults above', '  paper: --block 9 --c 2.0']
    """
    lines = []
    for name, values in opts.presets(module.Options).items():
        settings = " ".join(opts.shown(key, value) for key, value in values.items()) or "the defaults above"
        lines += textwrap.wrap(f"{name}: {settings}", width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return lines
