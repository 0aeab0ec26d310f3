"""Help texts: common options on one screen, all with --help-all, two examples that the command takes."""

from __future__ import annotations

import argparse
import dataclasses
import re
import shlex
import subprocess
import sys

import pytest

from mangastyle.cli import flags, options, parsers, style
from mangastyle.cli import main as cli
from mangastyle.cli.commands import COMMANDS, load
from mangastyle.settings import element_types

SCREEN = 40  # lines of 80 columns
EACH = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture(autouse=True)
def columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def subparser(name: str, everything: bool = False) -> argparse.ArgumentParser:
    actions = parsers.parser([name], everything)._actions
    return next(a for a in actions if isinstance(a, argparse._SubParsersAction)).choices[name]


def help_of(capsys, *argv: str) -> str:
    with pytest.raises(SystemExit) as error:
        cli.main([*argv])
    out, err = capsys.readouterr()
    assert (error.value.code, err) == (0, "")
    return out


def shown_flags(text: str) -> set[str]:
    """The flags that a help text explains, each at the start of its line."""
    return {flag for line in re.findall(r"^  (-[^A-Z{\n]*)", text, re.MULTILINE) for flag in re.findall(r"--?[\w-]+", line)}


@EACH
def test_common_options_fit_a_screen(capsys, name):
    lines = help_of(capsys, name, "--help").splitlines()
    assert 15 <= len(lines) <= SCREEN and max(map(len, lines)) <= 80
    assert lines[-3] == "examples:"


def test_the_commands_fit_a_screen_a_line_each(capsys):
    lines = help_of(capsys, "--help").splitlines()
    assert len(lines) <= SCREEN and max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if re.match(r"    \w", line)] == list(COMMANDS)


@EACH
def test_the_one_help_shows_what_is_common_and_the_other_everything(capsys, name):
    cls = load(name).Options
    common, everything = (shown_flags(help_of(capsys, name, option)) for option in ("-h", "--help-all"))
    every = [flag for group in flags.groups(cls) for flag in group.flags]
    assert everything == {string for flag in (*every, *flags.HELP) for string in flag.names}
    assert common == {string for flag in (*every, *flags.HELP) if flag.common for string in flag.names}
    assert ("--preset" in common) == bool(cls.PRESETS) and {"--out"} & everything <= common


@EACH
def test_every_flag_of_every_command_has_a_help_text(name):
    sub, cls = subparser(name, everything=True), load(name).Options
    former = {options.flag(other) for other in cls.RENAMED}
    for action in sub._actions:
        hidden = bool(former & set(action.option_strings))
        assert action.help == argparse.SUPPRESS if hidden else action.help and len(action.help) > 5
    text = sub.format_help()
    assert sub.description and "presets:\n  default: the defaults above\n" in text
    assert not [flag for flag in former if re.search(rf"{flag}[ ,\n]", text)]
    for f in dataclasses.fields(cls):
        assert (f.name.upper() if f.metadata.get("positional") else options.flag(f.name)) in text
        assert all(str(choice) in text for choice in f.metadata["choices"])


@EACH
def test_both_end_with_two_examples_that_the_command_takes(capsys, name):
    module = load(name)
    first, second = module.EXAMPLES
    assert first != second and callable(module.command)
    for option in ("--help", "--help-all"):
        assert help_of(capsys, name, option).endswith(f"\nexamples:\n  {first}\n  {second}\n")
    for line in (first, second):
        program, command, *words = shlex.split(line)
        assert (program, command) == ("mangastyle", name) and len(line) <= 76
        given = vars(parsers.parser([name]).parse_args([name, *words]))
        options.settle(module.Options, {key: value for key, value in given.items() if key not in ("command", "debug")})


def test_help_comes_in_groups_and_lists_methods_and_presets():
    text = subparser("style", everything=True).format_help()
    titles = re.findall(r"^(\S.*):$", text, re.MULTILINE)
    assert titles[:2] == ["positional arguments", "options"] and titles[-3:] == ["Every command", "presets", "examples"]
    assert "Look, by every method" in titles
    assert "--method {auto,polish,optimize,learned,onepass}" in text and "--preset {default,paper,quality,tiny}" in text


@EACH
def test_every_option_is_in_one_group(name):
    names = [string for action in subparser(name)._actions for string in action.option_strings]
    assert len(names) == len(set(names))


@EACH
def test_every_former_flag_is_understood(name):
    actions = subparser(name)._actions
    for former in load(name).Options.RENAMED:
        assert [a.dest for a in actions if options.flag(former) in a.option_strings] == [former]


@EACH
def test_names_of_files_are_told_from_numbers_and_words(name):
    """A text is one of some choices, the name of a file or folder, or has a word of its own for what it is."""
    kinds = element_types(load(name).Options)
    for f in dataclasses.fields(load(name).Options):
        metavar, words = f.metadata.get("metavar", ""), f.metadata.get("words", ())
        assert not (metavar or words) or kinds[f.name][0] is str and not f.metadata["choices"]
        assert metavar == metavar.upper() and all(isinstance(word, str) for word in words)
        if f.name in ("out", "weights", "backbone", "data", "cache", "paintings", "reference", "style", "mask", "hint"):
            known = f.metadata["choices"] or f.metadata.get("positional") or metavar in flags.PATHS
            assert known, f"{name}: {f.name} names files; give it metavar FILE, FOLDER or PATH"


def test_a_part_of_the_long_flag_will_do(capsys):
    assert help_of(capsys, "sketch", "--help-a") == help_of(capsys, "sketch", "--help-all") != help_of(capsys, "sketch", "--help")


def test_help_follows_the_width_of_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert len(help_of(capsys, "style", "--help").splitlines()) < len(subparser("style").format_help().splitlines()) + 1
    monkeypatch.setenv("COLUMNS", "50")
    assert max(map(len, help_of(capsys, "train", "--help-all").splitlines())) <= 80


def test_presets_are_listed_with_what_they_set():
    lines = flags.preset_lines(style, 60)
    assert lines[0] == "  default: the defaults above" and "  tiny: --size 64" in lines and max(map(len, lines)) <= 60


def test_help_is_there_at_once():
    resource = pytest.importorskip("resource")  # of Linux and macOS
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "mangastyle", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)  # whatever else the machine does
    assert min(seconds) < 0.3
