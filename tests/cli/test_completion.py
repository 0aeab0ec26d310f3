"""Completion scripts: real shells complete words with them, and start no Python."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess

import pytest

from mangastyle.cli import completion, flags
from mangastyle.cli import main as cli
from mangastyle.cli.commands import COMMANDS, load

NEEDS = {shell: pytest.mark.skipif(not shutil.which(shell), reason=f"needs {shell}") for shell in flags.SHELLS}


@pytest.fixture(scope="module")
def scripts():
    return {shell: completion.script(shell) for shell in flags.SHELLS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("completion") / "here"
    made.mkdir()
    for name in ("lines.png", "own-colors.png", "strokes.png"):
        (made / name).write_bytes(b"")
    (made / "pictures").mkdir()
    return made


def shell(program: str, code: str, folder) -> str:
    home = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"), str(folder.parent))
    environment = {**os.environ, **home, "LC_ALL": "C.UTF-8"}
    command = [program, *{"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[program]]
    done = subprocess.run(command, input=code, capture_output=True, text=True, cwd=folder, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("program", [pytest.param(name, marks=NEEDS[name]) for name in flags.SHELLS])
def test_shells_can_read_their_scripts(program, scripts, tmp_path):
    (tmp_path / "script").write_text(scripts[program])
    done = subprocess.run([program, "-n", str(tmp_path / "script")], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("program", flags.SHELLS)
def test_scripts_hold_all_commands_options_and_choices(program, scripts, capsys):
    words = set(re.findall(r"[\w-]+", scripts[program]))
    for name in COMMANDS:
        every = [flag for group in flags.groups(load(name).Options) for flag in group.flags]
        long = {string.removeprefix("--") for flag in every for string in flag.names}
        assert {name, *(word for flag in every for word in flag.words)} <= words
        assert long <= {word.removeprefix("--") for word in words}
    assert "python" not in scripts[program] and max(map(ord, scripts[program])) < 128
    with pytest.raises(SystemExit) as error:
        cli.main(["--completion", program])
    assert error.value.code == 0 and capsys.readouterr().out == scripts[program]


def test_an_unknown_shell_is_one_line(capsys):
    with pytest.raises(SystemExit) as error:
        cli.main(["--completion", "tcsh"])
    assert error.value.code == 2
    assert re.fullmatch(r"mangastyle: argument --completion: invalid choice: 'tcsh' .*bash.*\n", capsys.readouterr().err)


# Words before the cursor; the completions; what readline, or the shell, adds: names of files, of folders, or nothing.
CASES = [
    ("mangastyle sk", {"sketch"}, ""),
    ("mangastyle train-o", {"train-onepass"}, ""),
    ("mangastyle --c", {"--completion"}, ""),
    ("mangastyle --completion ", set(flags.SHELLS), ""),
    ("mangastyle sketch --de", {"--detail", "--despeckle", "--debug"}, ""),
    ("mangastyle sketch --no-", {"--no-force"}, ""),
    ("mangastyle sketch --kind ", {"threshold", "clean"}, ""),
    ("mangastyle style --preset pa", {"paper"}, ""),
    ("mangastyle style a.png --method o", {"optimize", "onepass"}, ""),
    ("mangastyle style --size ", set(), ""),
    ("mangastyle run --out ", set(), "folders"),
    ("mangastyle shade li", set(), "files"),
    ("mangastyle shade --reference a.png ", set(), "files"),
    ("mangastyle train --data a.zip ", set(), "files"),  # of an option that takes several values, and no positional argument
    ("mangastyle shade --hint strokes.png li", set(), "files"),  # behind the one value of an option
    ("mangastyle shade --force li", set(), "files"),
    ("mangastyle sketch --kind clean li", set(), "files"),
    ("mangastyle train --steps 3 --reg", set(), ""),
    ("mangastyle shade --hint n", {"none"}, "words"),
    ("mangastyle shade --hint o", {"own", "own-colors.png"}, "words"),
    ("mangastyle weights d", {"describe"}, ""),
    ("mangastyle draw --seed 3 --kind f", {"face", "figure"}, ""),
    ("mangastyle unheard-of ", set(), ""),
]


@NEEDS["bash"]
def test_bash_completes(scripts, folder):
    code = [scripts["bash"], 'compopt() { added="$added $*"; }']
    for line, _, _ in CASES:
        words = [*line.split(), ""] if line.endswith(" ") else line.split()
        code.append(f"COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1} added= ; _mangastyle")
        code.append('echo "${COMPREPLY[*]}|$added"')
    added = {" +o default +o bashdefault": "", " -o filenames": "words", " -o dirnames": "folders", " -o bashdefault -o default": "files"}
    for (line, expected, kind), answer in zip(CASES, shell("bash", "\n".join(code), folder).splitlines(), strict=True):
        found, _, how = answer.partition("|")
        assert set(found.split()) == expected, line
        assert added[how.replace(" +o default +o bashdefault", "", 1) or " +o default +o bashdefault"] == kind, line


@NEEDS["bash"]
def test_bash_completes_behind_an_equals_sign(scripts, folder):
    code = f"{scripts['bash']}\ncompopt() {{ :; }}\n"
    for words in ("mangastyle sketch --kind = th", "mangastyle sketch --kind ="):
        code += f"COMP_WORDS=({words}) COMP_CWORD={len(words.split()) - 1}; _mangastyle; echo ${{COMPREPLY[*]}}\n"
    assert shell("bash", code, folder).splitlines() == ["threshold", "threshold clean"]


@NEEDS["bash"]
def test_commands_without_positional_arguments_offer_their_options(scripts, folder):
    code = f"{scripts['bash']}\ncompopt() {{ :; }}\nCOMP_WORDS=(mangastyle export '') COMP_CWORD=2; _mangastyle; echo ${{COMPREPLY[*]}}"
    assert {"--model", "--out", "--help-all"} <= set(shell("bash", code, folder).split())


@NEEDS["zsh"]
def test_zsh_completes(scripts, folder):
    """Its function with stand-ins for what zsh has in the midst of a completion only."""
    code = [
        "compdef() { : }", "compset() { : }", "compadd() { print -n -- ${(P)2} '' }", "_files() { print -n \"files$1 \" }",
        "_describe() { for entry in ${(P)argv[-1]}; do print -n -- \"${entry%%:*} \"; done }", scripts["zsh"],
    ]  # fmt: skip
    for line, _, _ in CASES:
        words = [*line.split(), ""] if line.endswith(" ") else line.split()
        code.append(f"words=({shlex.join(words)}) CURRENT={len(words)}; _mangastyle; print")
    for (line, expected, kind), answer in zip(CASES, shell("zsh", "\n".join(code), folder).split("\n")[:-1], strict=True):
        start = "" if line.endswith(" ") else line.split()[-1]
        offered = set(answer.split())
        assert {word for word in offered if word.startswith(start)} - {"files", "files-/"} == expected - {"own-colors.png"}, line
        assert {"": set(), "folders": {"files-/"}, "files": {"files"}, "words": {"files"}}[kind] == offered & {"files", "files-/"}, line


@NEEDS["fish"]
def test_fish_completes(scripts, folder):
    files = {"lines.png", "own-colors.png", "strokes.png", "pictures/"}
    code = [scripts["fish"], *(f"complete -C '{line}'; echo END" for line, _, _ in CASES)]
    for (line, expected, kind), answer in zip(CASES, shell("fish", "\n".join(code), folder).split("END\n")[:-1], strict=True):
        found = {entry.split("\t")[0] for entry in answer.splitlines()}
        start = "" if line.endswith(" ") else line.split()[-1]
        more = {"": set(), "folders": {"pictures/"}, "files": files, "words": files}[kind]
        assert found == expected | {name for name in more if name.startswith(start)}, line


def test_descriptions_with_signs_of_the_shell_stay_text():
    assert completion._fish_quoted("Adam's \\ $HOME (ls)") == r"'Adam\'s \\ $HOME (ls)'"
    assert shlex.split(shlex.quote("own: Adam's $HOME")) == ["own: Adam's $HOME"]
