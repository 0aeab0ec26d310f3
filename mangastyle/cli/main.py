"""The command line: it runs one command, and tells what goes wrong in one line."""

from __future__ import annotations

import dataclasses
import importlib
import logging
import os
import signal
import sys
import warnings
from typing import Any, Sequence

from mangastyle import startup
from mangastyle.cli import options as opts
from mangastyle.cli.commands import COMMANDS, load
from mangastyle.cli.failures import in_one_line
from mangastyle.cli.parsers import Parser, overview, parser
from mangastyle.cli.signals import Stopped, stopping
from mangastyle.cli.streams import standard_streams
from mangastyle.errors import MangastyleError, near

MEMORY = 0.6e9  # bytes of address space without TensorFlow
WORDS_TOLD = 5  # of those that are left over


class _Remarks(logging.Handler):
    """The library's remarks: lines on stderr that name this program, with arguments as flags of the command that runs."""

    options: type[opts.Command] = opts.Command

    def emit(self, record: logging.LogRecord) -> None:
        from mangastyle.progress import Bar  # not before `_check_progress_bars`

        Bar.write(f"mangastyle: {opts.in_flags(record.getMessage(), self.options)}", file=sys.stderr)  # above a bar that is shown


REMARKS = _Remarks()


def _parse(argv: list[str]) -> dict[str, Any]:
    """The flags given; an unknown one exits with one line that names the nearest known one."""
    if argv and argv[0] in opts.FORMER_COMMANDS:
        print(f"mangastyle: {argv[0]} is now {opts.FORMER_COMMANDS[argv[0]]}", file=sys.stderr)
        argv = [opts.FORMER_COMMANDS[argv[0]], *argv[1:]]
    if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
        overview().error(f"unknown command {argv[0]!r}{near(argv[0], COMMANDS)}; there are: {', '.join(COMMANDS)}")
    everything = any(word.startswith("--help-") for word in argv)  # --help-all, or a part of it that argparse takes
    found, unknown = (parser(argv[:1], everything) if argv and argv[0] in COMMANDS else overview()).parse_known_args(argv)
    if unknown:
        Parser(prog=f"mangastyle {found.command}").error(_unknown(unknown, load(found.command).Options))
    return vars(found)


def _unknown(words: Sequence[str], cls: type[opts.Command]) -> str:
    """What is wrong with words of the command line that are left over."""
    fields, word = dataclasses.fields(cls), words[0]
    flags = [opts.flag(f.name) for f in fields]
    more = f" and {len(words) - WORDS_TOLD} more" if len(words) > WORDS_TOLD else ""
    message = f"unrecognized arguments: {' '.join(words[:WORDS_TOLD])}{more}"
    if word.partition("=")[0] in flags:
        return f"{message}; after -- no word is an option: write {word} before it"
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
        raise MangastyleError(f"umask {mask:04o}: results could not be read or changed by you; set another one, as by 'umask 022'")


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
        print(f"mangastyle: {by}; what was finished is kept, and the same command goes on", file=sys.stderr)
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
