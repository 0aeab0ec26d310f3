"""Options of commands: how flags, presets and JSON files become one checked object.

Each command's module has a class `Options`: the library's settings, plus files and what else only a command has. A field is
declared once and gives flag, help, type, bounds, JSON key and near-name errors. `settle` joins, weakest first: defaults, preset,
the JSON file given by --config, flags.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mangastyle.errors import MAX_SEED, MangastyleError, near
from mangastyle.io.files import read_json, write_json
from mangastyle.kernels.precision import PRECISIONS
from mangastyle.settings import Settings, setting, to_json

FORMER_COMMANDS = {"teach": "train-onepass", "distill": "train-slim-vgg", "fetch": "crawl"}  # still work, with a line of advice
NETWORKS = ("regions", "shade", "shade-paper", "baseline")  # values of --weights that ship; others are files
BACKBONES = ("auto", "full", "slim", "random")  # values of --backbone; others are files
ARGUMENTS = {"max_pixels": "max_megapixels", "styles": "style", "masks": "mask"}  # arguments of the library by other names: options


def option(
    default: Any, doc: str, choices: tuple = (), least: float | None = None, most: float | None = None,
    positional: bool = False, free: bool = False, common: bool = True, metavar: str = "", words: tuple[str, ...] = (),
) -> Any:  # fmt: skip
    """A `mangastyle.settings.setting` that only a command has.

    Settings of the library take the last three, too: they are not common unless they are declared so.

    Parameters
    ----------
    default, doc, choices, least, most
        As for `mangastyle.settings.setting`.
    positional : bool
        Given on the command line without a flag.
    free : bool
        May differ from the earlier run's when a folder of results is continued.
    common : bool
        Shown by --help; --help-all shows all options.
    metavar : str
        What stands for a value in help texts; default: by the type. After FILE, FOLDER and PATH (either), shells complete file names.
    words : tuple of str
        Values that the text may have besides others, for completion by shells.
    """
    return setting(default, doc, choices, least, most, positional=positional, free=free, common=common, metavar=metavar, words=words)


def like(cls: type[Settings], name: str) -> Any:
    """A setting of the library as an option of a command that has not all settings of its class; only --help-all shows it.

    Parameters
    ----------
    cls : type
        The class of the setting.
    name : str

    Returns
    -------
    dataclasses.Field

    Examples
    --------
    >>> from mangastyle.shade.spec import ShadeSettings
    >>> like(ShadeSettings, "light").metadata["choices"]
    ('left', 'right')
    """
    field = cls.__dataclass_fields__[name]
    return dataclasses.field(default=field.default, metadata={**field.metadata, "common": False})


@dataclass(frozen=True)
class Command(Settings):
    """Every command."""

    PRESETS: ClassVar[dict[str, dict[str, Any]]] = {}  # named sets of options
    RENAMED: ClassVar[dict[str, Any]] = {}  # {former name: name, or (name, {former value: value})}
    REVALUED: ClassVar[dict[str, dict[Any, Any]]] = {}  # {name: {former value: value}}

    preset: str = option("default", "named set of options; --help-all lists them", free=True)
    seed: int = option(0, "seed of the random numbers", least=0, most=MAX_SEED, common=False)
    force: bool = option(False, "overwrite existing results", free=True)


# Groups that several commands share


@dataclass(frozen=True)
class Compute(Settings):
    """Arithmetic."""

    precision: str = option(
        "auto", "arithmetic of the networks; auto: bfloat16 or float16 if the processor has it, else float32", PRECISIONS, common=False
    )


@dataclass(frozen=True)
class Decoding(Settings):
    """Reading pictures."""

    max_megapixels: float = option(100.0, "largest picture that is read, in megapixels", least=0.001, free=True, common=False)

    @property
    def max_pixels(self) -> int:
        """The limit in pixels."""
        return int(self.max_megapixels * 1e6)


@dataclass(frozen=True)
class Sharing(Settings):
    """Folders of pictures."""

    shard: str = option(
        "", "process only the I-th of N equal shares of a folder, for N jobs with the same --out", free=True, common=False, metavar="I/N"
    )


@dataclass(frozen=True)
class Cache(Settings):
    """Data cache."""

    cache: str = option("", "folder for decoded pictures; default: the user's cache folder", free=True, common=False, metavar="FOLDER")


@dataclass(frozen=True)
class Backbone(Settings):
    """VGG-19."""

    backbone: str = option(
        "auto", "full, slim (which ships), random, or an HDF5 weights file; auto: full if it is at hand, else slim",
        common=False, metavar="FILE", words=BACKBONES,
    )  # fmt: skip
    allow_download: bool = option(False, "download the full VGG-19 (80 MB) if it is not at hand", common=False)


def presets(cls: type[Command]) -> dict[str, dict[str, Any]]:
    """The presets of a command.

    Parameters
    ----------
    cls : type
        The command's `Options`.

    Returns
    -------
    dict of str to dict
        Options by preset; `default` changes nothing.
    """
    return {"default": {}, **cls.PRESETS}


def flag(name: str) -> str:
    """The flag of an option.

    Parameters
    ----------
    name : str
        The option's name.

    Returns
    -------
    str
        Its flag.

    Examples
    --------
    >>> flag("max_megapixels")
    '--max-megapixels'
    """
    return "--" + name.replace("_", "-")


def in_flags(message: str, cls: type[Command]) -> str:
    """An error message of the library in the words of the command line.

    Parameters
    ----------
    message : str
        The message, with arguments in backticks.
    cls : type
        The command's `Options`.

    Returns
    -------
    str
        One line, in which an argument that is an option of the command is its flag, and others are bare names.

    Examples
    --------
    >>> in_flags("`seed`: must be at least 0, not -1; `content` is right", Command)
    '--seed: must be at least 0, not -1; content is right'
    """
    flags = {f.name: flag(f.name) for f in dataclasses.fields(cls) if not f.metadata.get("positional")}
    flags |= {argument: flags[name] for argument, name in ARGUMENTS.items() if name in flags}
    return re.sub(r"`(\w+)`", lambda match: flags.get(match[1], match[1]), " ".join(message.splitlines()))


def command_of(cls: type[Command]) -> str:
    """The name of the command that options are of; empty for options of none.

    Parameters
    ----------
    cls : type
        A command's `Options`.

    Returns
    -------
    str

    Examples
    --------
    >>> from mangastyle.cli import train_onepass
    >>> command_of(train_onepass.Options), command_of(Command)
    ('train-onepass', '')
    """
    package, _, module = cls.__module__.rpartition(".")
    return module.replace("_", "-") if package == __package__ and module != "options" else ""


def current_name(cls: type[Command], name: str, value: Any) -> tuple[str, Any]:
    """The name and value that an option has today.

    Parameters
    ----------
    cls : type
        The command's `Options`.
    name : str
        The option's name, today's or a former one.
    value : object
        Its value, today's or a former one.

    Returns
    -------
    name : str
        Today's name; one that was never known stays as it is.
    value : object
        Today's value.
    """
    entry = cls.RENAMED.get(name, name)
    new, values = entry if isinstance(entry, tuple) else (entry, {})
    former = tuple(value) if isinstance(value, list) else value
    for old, now in {**cls.REVALUED.get(new, {}), **values}.items():
        if type(old) is type(former) and old == former:
            return new, now
    return new, value


def settle(cls: type[Command], flags: dict[str, Any], file: str | Path | None = None) -> Any:
    """Make a command's options from defaults, then the preset, then the JSON file, then flags.

    Former names and values become today's, with one line of advice each on stderr.

    Parameters
    ----------
    cls : type
        The command's `Options`.
    flags : dict
        Options given on the command line.
    file : path, optional
        A JSON file of options.

    Returns
    -------
    Command
        An object of `cls`.

    Raises
    ------
    MangastyleError
        For an unknown preset or option, with the nearest known name, for a value that does not suit its option, and for a file of another
        command's options.
    """
    stored = read_json(Path(file)) if file else {}
    if not isinstance(stored, dict):
        raise MangastyleError(f"{file}: must hold one JSON object of options")
    made_by, own = stored.pop("command", None), command_of(cls)
    if isinstance(made_by, str) and own and FORMER_COMMANDS.get(made_by, made_by) != own:
        raise MangastyleError(f"{file}: holds options of mangastyle {made_by}, not of mangastyle {own}")
    name = flags.get("preset", stored.get("preset", "default"))
    known = presets(cls)
    if str(name) not in known:
        raise MangastyleError(f"unknown preset {name!r}{near(name, known)}; there are: {', '.join(known)}")
    fields = {f.name for f in dataclasses.fields(cls)}
    merged: dict[str, Any] = dict(known[name])
    for where, values, show in ((f"{file}: ", stored, _shown_in_json), ("", flags, shown)):
        for key, value in values.items():
            new, now = current_name(cls, key, value)
            if new not in fields:
                raise MangastyleError(f"{where}unknown option {key!r}{near(key, fields)}")
            if (new, now) != (key, value):
                print(f"mangastyle: {where}{show(key, value)} is now {show(new, now)}", file=sys.stderr)
            merged[new] = tuple(now) if isinstance(now, list) else now
    return cls(**{**merged, "preset": name})


def shown(name: str, value: Any) -> str:
    """An option as it is written on the command line.

    Parameters
    ----------
    name : str
        The option's name.
    value : object
        Its value.

    Returns
    -------
    str
        Flag and value.

    Examples
    --------
    >>> shown("flip", False), shown("size", 64), shown("style", ("a.jpg", "b.jpg"))
    ('--no-flip', '--size 64', '--style a.jpg b.jpg')
    """
    if isinstance(value, bool):
        return flag(name if value else f"no_{name}")
    return f"{flag(name)} {shlex.join(map(str, value if isinstance(value, (list, tuple)) else (value,)))}"


def _shown_in_json(name: str, value: Any) -> str:
    return f"{json.dumps(name)}: {json.dumps(value)}"


def save_config(folder: Path, command: str, options: Command) -> None:
    """Write config.json into a folder of results: `mangastyle COMMAND --config config.json` repeats the command.

    Parameters
    ----------
    folder : path
        The folder.
    command : str
        Name of the command.
    options : Command
        Its options.

    Raises
    ------
    MangastyleError
        If the disk refuses.
    """
    # Leave to overwrite was given for that one run only.
    write_json(Path(folder) / "config.json", {"command": command, **to_json(options), "force": False})
