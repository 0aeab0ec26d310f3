"""The manual page, in roff, from the same table of flags as the help texts. It is printed when it is asked for, so it is never stale."""

from __future__ import annotations

import dataclasses
from typing import Iterable

from mangastyle import __version__
from mangastyle.cli import options as opts
from mangastyle.cli.commands import COMMANDS, described, load, module_name
from mangastyle.cli.flags import ABOUT, SWITCH, TOP, Flag, Group, groups, usage

EXAMPLES = ("mangastyle run picture.png --style painting.jpg --out out", "mangastyle --man | man -l -")
CONDUCT = (
    "A command names its results when it is done. It overwrites none without --force, and never what it reads. An error is one line on "
    "standard error, with the option or file and the cure.",
    "Options are joined in this order, the last one counts: defaults, --preset, the JSON file given by --config, the command line.",
)
STATUS = (
    ("0", "The command is done."),
    ("2", "An option or file is wrong, or the machine refuses, such as a full disk."),
    ("129, 130, 143", "The command was ended by SIGHUP, Ctrl-C or SIGTERM. Finished results are kept."),
)
ENVIRONMENT = (
    ("MANGASTYLE_CACHE", "Folder for decoded pictures and fitted painters; default: mangastyle in the user's cache folder."),
    ("MANGASTYLE_DATA", "Folder for drawings of the studio; default: mangastyle in the user's data folder."),
    ("MANGASTYLE_TOKEN", "Secret for mangastyle app, as by --token."),
    ("MANGASTYLE_QUICK", "If set, notebooks and figures are computed with small pictures and few iterations."),
    ("MANGASTYLE_PLAIN", "1: no faster replacements of Keras' layers."),
    ("KERAS_HOME", "Folder in which the full VGG-19 is kept; default: ~/.keras."),
)  # fmt: skip


def page() -> str:
    """The manual page of all commands.

    Returns
    -------
    str
        Its source for man, groff or mandoc.

    Examples
    --------
    >>> page().splitlines()[0].startswith('.TH MANGASTYLE 1 "" "mangastyle ')
    True
    """
    loaded = {name: groups(load(name).Options) for name in COMMANDS}
    shared = {group.title: group for found in loaded.values() for group in found if group.shared}
    lines = [
        f'.TH MANGASTYLE 1 "" "mangastyle {__version__}" "User commands"',
        ".SH NAME", rf"mangastyle \- {_escaped(ABOUT[0].lower() + ABOUT[1:].rstrip('.'))}",
        ".SH SYNOPSIS", *_bold("mangastyle COMMAND [--OPTION VALUE ...]"),
        ".SH DESCRIPTION", *(line for text in CONDUCT for line in (".PP", _escaped(text))),
        ".SH COMMANDS", *_terms((name, described(module_name(name))[0]) for name in COMMANDS),
        ".SH OPTIONS", *_terms((f"{name} {'|'.join(values)}".rstrip(), doc) for name, values, doc in TOP),
        ".SH OPTIONS OF SEVERAL COMMANDS", *_shared(shared, loaded),
    ]  # fmt: skip
    for name, found in loaded.items():
        lines += [f'.SH "{name.upper()}"', *_command(name, found)]
    lines += [".SH EXIT STATUS", *_terms(STATUS), ".SH ENVIRONMENT", *_terms(ENVIRONMENT), ".SH EXAMPLES", *_examples(EXAMPLES)]
    return "\n".join(lines) + "\n"


def _shared(shared: dict[str, Group], loaded: dict[str, list[Group]]) -> list[str]:
    """Groups of flags that commands share, once, each with the commands that have it."""
    lines = []
    for title, group in shared.items():
        having = [name for name, found in loaded.items() if group.title in (other.title for other in found if other.shared)]
        lines += [f'.SS "{_escaped(title)}"']
        if len(having) < len(loaded):
            lines += [_escaped(f"Of {', '.join(having)}.")]
        lines += _flags(dataclasses.replace(flag, metavar="NAME") if flag.name == "preset" else flag for flag in group.flags)
    return lines


def _command(name: str, found: list[Group]) -> list[str]:
    """The section of one command."""
    module = load(name)
    lines = [*_bold(usage(name, module)), ".PP", _escaped(described(module.__name__)[1])]
    for group in found:
        if not group.shared and group.flags:
            lines += [f'.SS "{_escaped(group.title)}"'] * bool(group.title) + _flags(group.flags)
    also = [group.title for group in found if group.shared and group.flags]
    lines += [".PP", _escaped(f"And options of several commands: {'; '.join(also)}.")]
    if presets := module.Options.PRESETS:
        lines += ['.SS "Presets"']
        lines += _terms((preset, " ".join(opts.shown(key, value) for key, value in presets[preset].items())) for preset in presets)
    return [*lines, '.SS "Examples"', *_examples(module.EXAMPLES)]


def _flags(flags: Iterable[Flag]) -> list[str]:
    def called(flag: Flag) -> str:
        value = "" if flag.metavar == SWITCH else f" {flag.metavar}{' ...' if flag.many else ''}"
        return ", ".join(flag.names) + value if flag.names else flag.name.upper()

    return _terms((called(flag), flag.doc) for flag in flags)


def _terms(terms: Iterable[tuple[str, str]]) -> list[str]:
    """Names in bold, with the text of each indented below."""
    return [line for name, text in terms for line in (".TP", *_bold(name), _escaped(text))]


def _bold(text: str) -> list[str]:
    return [rf"\fB{_escaped(text)}\fR"]


def _examples(lines: Iterable[str]) -> list[str]:
    return [line for text in lines for line in (".PP", ".nf", _escaped(f"    {text}"), ".fi")]


def _escaped(text: str) -> str:
    r"""A line of text for roff: signs that it would set otherwise, or take for its own, are written as they are typed."""
    special = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "~": r"\(ti", "^": r"\(ha", '"': r"\(dq"}
    made = "".join(special.get(sign, sign) for sign in text)
    return rf"\&{made}" if made.startswith(".") else made
