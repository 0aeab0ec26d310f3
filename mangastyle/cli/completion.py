"""Completion scripts for shells: commands, options, choices and file names. The scripts hold all they need and start no Python.

Each is one function over the same table: the last flag before the cursor decides what the word may be.
"""

from __future__ import annotations

import dataclasses
import shlex
import textwrap
from typing import Callable, Iterable

from mangastyle import __version__
from mangastyle.cli.commands import COMMANDS, described, load, module_name
from mangastyle.cli.flags import HELP, SHELLS, SWITCH, TOP, Flag, groups

WIDTH = 72  # characters of a description


def script(shell: str) -> str:
    """The completion script of a shell.

    Parameters
    ----------
    shell : str
        One of `SHELLS`.

    Returns
    -------
    str

    Examples
    --------
    >>> script("bash").splitlines()[-1]
    'complete -o bashdefault -o default -F _mangastyle mangastyle'
    """
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


@dataclasses.dataclass(frozen=True)
class _Value:
    """What a word may be: some words, and names of files or folders; neither where it is a number or a free text."""

    words: tuple[str, ...]
    paths: str
    many: bool


def _flags(command: str) -> list[Flag]:
    """All flags of a command, and its positional arguments, which have no names."""
    return [*HELP, *(flag for group in groups(load(command).Options) for flag in group.flags)]


def _value(flag: Flag) -> _Value:
    """Positional arguments without words are files, or folders of them."""
    return _Value(flag.words, flag.paths or ("" if flag.names or flag.words else "PATH"), flag.many)


def _by_value(flags: Iterable[Flag]) -> dict[_Value, list[str]]:
    """The names of flags that take a value, by what it may be."""
    found: dict[_Value, list[str]] = {}
    for flag in flags:
        if flag.names and flag.metavar != SWITCH:
            found.setdefault(_value(flag), []).extend(flag.names)
    return found


def _positional(flags: Iterable[Flag]) -> _Value | None:
    """What a word without a flag may be: all positional arguments together."""
    values = [_value(flag) for flag in flags if not flag.names]
    if not values:
        return None
    return _Value(tuple(word for value in values for word in value.words), max(value.paths for value in values), True)


def _short(doc: str) -> str:
    return textwrap.shorten(doc, WIDTH, placeholder=" ...")


def _table(names: Callable[[list[Flag]], Iterable[str]]) -> str:
    """A function that bash and zsh share: from `command` and `flag`, all flags, by `names`, and what a value of this flag may be."""
    lines = ["_mangastyle_table() {", "    takes= many= paths= flags=() values=()", "    case $command in"]
    lines.append(f"    --completion) takes=1 values=({' '.join(SHELLS)}) ;;")
    for command in COMMANDS:
        flags = _flags(command)
        entries = " ".join(map(shlex.quote, names([flag for flag in flags if flag.names])))
        lines += [f"    {command})", f"        flags=({entries})", "        case $flag in"]
        for value, strings in _by_value(flags).items():
            lines.append(f"        {'|'.join(strings)}) {_assignments(value)} ;;")
        if positional := _positional(flags):
            lines.append(f"        *) {_assignments(positional)} ;;")
        lines.append("        esac ;;")
    return "\n".join([*lines, "    esac", "}"])


def _assignments(value: _Value) -> str:
    parts = ["takes=1", "many=1" * value.many, f"paths={value.paths}" if value.paths else ""]
    parts.append(f"values=({' '.join(map(shlex.quote, value.words))})" if value.words else "")
    return " ".join(filter(None, parts))


def _bash() -> str:
    def names(flags: list[Flag]) -> list[str]:
        return [name for flag in flags for name in flag.names]

    return f"""\
# Completion of mangastyle {__version__} for bash. To use it:
#   mangastyle --completion bash > ~/.local/share/bash-completion/completions/mangastyle
# or, without the package bash-completion, write it anywhere and `source` it in ~/.bashrc.
{_table(names)}
_mangastyle() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} command=${{COMP_WORDS[1]}} flag= given= takes many paths flags values i
    COMPREPLY=()
    compopt +o default +o bashdefault 2>/dev/null
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W '{" ".join((*COMMANDS, *(name for name, *_ in TOP)))}' -- "$word"))
        return
    fi
    [[ $word == = ]] && word=  # of --flag=value, bash makes three words
    for ((i = COMP_CWORD - 1; i > 1; i--)); do  # the last flag, and whether it has a value already
        case ${{COMP_WORDS[i]}} in
        -*) flag=${{COMP_WORDS[i]}}; break ;;
        =) ;;
        *) given=1 ;;
        esac
    done
    _mangastyle_table
    if [[ -n $given && -z $many ]]; then
        flag=
        _mangastyle_table
    fi
    if [[ $word == -* || -z $takes ]]; then
        COMPREPLY=($(compgen -W "${{flags[*]}}" -- "$word"))
        return
    fi
    COMPREPLY=($(compgen -W "${{values[*]}}" -- "$word"))
    if [[ -n $paths && -n ${{COMPREPLY[*]}} ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r i; do COMPREPLY+=("$i"); done < <(compgen -f -- "$word")
    elif [[ $paths == FOLDER ]]; then
        compopt -o dirnames 2>/dev/null
    elif [[ -n $paths ]]; then
        compopt -o bashdefault -o default 2>/dev/null  # readline knows best how to quote the names of files
    fi
}}
complete -o bashdefault -o default -F _mangastyle mangastyle
"""


def _described(flags: list[Flag]) -> list[str]:
    """Flags as zsh takes them: with a description each."""
    return [f"{name}:{_short(flag.doc)}" for flag in flags for name in flag.names]


def _zsh() -> str:
    top = [f"{name}:{described(module_name(name))[0]}" for name in COMMANDS] + [f"{name}:{doc}" for name, _, doc in TOP]
    return f"""\
#compdef mangastyle
# Completion of mangastyle {__version__} for zsh. To use it, write it into a folder of $fpath, before compinit:
#   mangastyle --completion zsh > ~/.zfunc/_mangastyle
# or write it anywhere and `source` it in ~/.zshrc, behind compinit.
{_table(_described)}
_mangastyle() {{
    local word=$words[CURRENT] command=$words[2] flag= given= takes many paths i
    local -a flags values names
    if (( CURRENT == 2 )); then
        names=({" ".join(map(shlex.quote, top))})
        _describe -t commands command names
        return
    fi
    if [[ $word == --*=* ]]; then
        flag=${{word%%=*}} word=${{word#*=}}
        compset -P '*='
    else
        for (( i = CURRENT - 1; i > 2; i-- )); do  # the last flag, and whether it has a value already
            case $words[i] in
            --*=*) flag=${{words[i]%%=*}} given=1; break ;;
            -*) flag=$words[i]; break ;;
            *) given=1 ;;
            esac
        done
    fi
    _mangastyle_table
    if [[ -n $given && -z $many ]]; then
        flag=
        _mangastyle_table
    fi
    if [[ $word == -* || -z $takes ]]; then
        _describe -o -t options option flags
        return
    fi
    local found=1
    (( $#values )) && compadd -a values && found=0
    if [[ $paths == FOLDER ]]; then
        _files -/ && found=0
    elif [[ -n $paths ]]; then
        _files && found=0
    fi
    return found
}}
if [[ $funcstack[1] == _mangastyle ]]; then
    _mangastyle "$@"
elif (( $+functions[compdef] )); then
    compdef _mangastyle mangastyle
fi
"""


def _fish() -> str:
    lines = [
        f"# Completion of mangastyle {__version__} for fish. To use it:",
        "#   mangastyle --completion fish > ~/.config/fish/completions/mangastyle.fish",
        "function __mangastyle_in",  # whether the command is this one; without a name: whether there is none yet
        "    set -l words (commandline -opc)",
        '    if set -q argv[1]; test "$words[2]" = $argv[1]; else; string match -q -- "-*" "$words[2]"; or not set -q words[2]; end',
        "end",
        "complete -c mangastyle -f",
    ]
    for name in COMMANDS:
        lines.append(f"complete -c mangastyle -n __mangastyle_in -a {name} -d {_fish_quoted(described(module_name(name))[0])}")
    for name, values, doc in TOP:
        choices = f" -x -a {_fish_quoted(' '.join(values))}" if values else ""
        lines.append(f"complete -c mangastyle -n __mangastyle_in -l {name[2:]}{choices} -d {_fish_quoted(doc)}")
    for name in COMMANDS:
        start = f"complete -c mangastyle -n '__mangastyle_in {name}'"
        flags = _flags(name)
        for flag in flags:
            value = "" if flag.metavar == SWITCH else f" {_fish_value(_value(flag))}"
            for string in flag.names:
                option = f"-l {string[2:]}" if string.startswith("--") else f"-s {string[1:]}"
                lines.append(f"{start} {option}{value} -d {_fish_quoted(_short(flag.doc))}")
        if (positional := _positional(flags)) or any(flag.many and flag.paths for flag in flags):
            lines.append(f"{start} {_fish_value(positional or _Value((), 'PATH', True), '')}")
    return "\n".join(lines) + "\n"


def _fish_value(value: _Value, required: str = "-r") -> str:
    """Where files may be named, fish completes them; of several values of one flag it takes the others for positional arguments."""
    words = list(value.words)
    if value.paths == "FOLDER":
        words.append("(__fish_complete_directories)")
    parts = [required, "-F" if value.paths in ("FILE", "PATH") else "-f", f"-a {_fish_quoted(' '.join(words))}" if words else ""]
    return " ".join(filter(None, parts))


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
