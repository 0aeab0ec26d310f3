"""Settings of a request: those of the commands, under their names, with their bounds and their errors.

The classes of the commands' options come from the command line, which is above this package. What an address takes of them is named
here, one by one: no request may name a file of the server.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Collection, Mapping, NamedTuple, Sequence

from mangastyle.errors import MangastyleError, near, shown
from mangastyle.pipeline import DEFAULT_STAGES
from mangastyle.settings import Settings, element_types, setting
from mangastyle.shade.spec import ShadeSettings
from mangastyle.style.settings import MethodSettings

Commands = Mapping[str, type[Settings]]  # the options of the commands, by address

STAGES = tuple(stage.name for stage in DEFAULT_STAGES if not stage.given)
ALL = "all"
FILES = ("onepass_weights", "painters")  # settings of methods that name files


def names(cls: type[Settings]) -> tuple[str, ...]:
    """The names of all settings of a class."""
    return tuple(f.name for f in dataclasses.fields(cls))


TAKEN = {
    "shade": (*names(ShadeSettings), "hint", "hint_recipe", "palette", "seed"),
    "style": (*(name for name in names(MethodSettings) if name not in FILES), "method", "seed"),
    "run": ("hint", "method", "strength", "iterations", "size", "seed"),
}


@dataclass(frozen=True)
class Form(Settings):
    """The form of an answer."""

    format: str = setting("", "png or webp; by default what the header Accept names, else png", ("", "png", "webp"))


@dataclass(frozen=True)
class RunForm(Form):
    """The form of an answer of several stages."""

    stage: str = setting(ALL, "all of them in a ZIP file, or one as a picture", (ALL, *STAGES))


FORMS: dict[str, type[Form]] = {"shade": Form, "style": Form, "run": RunForm}


class Chosen(NamedTuple):
    """The settings of a request.

    Attributes
    ----------
    options : Settings
        The command's; those that no request may give are defaults.
    form : Form
    given : frozenset of str
        Names of those that the request gives.
    """

    options: Any
    form: Any
    given: Collection[str]


def choose(address: str, texts: Mapping[str, Sequence[str]], commands: Commands) -> Chosen:
    """The settings that a request gives as texts.

    Parameters
    ----------
    address : {"shade", "style", "run"}
    texts : mapping of str to list of str
        The texts by the name of the setting; lists have several.
    commands : mapping of str to type
        The options of the command of each address.

    Returns
    -------
    Chosen

    Raises
    ------
    MangastyleError
        For a name that the address does not take, and a value that does not suit, as the command says.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Options(Settings):
    ...     strength: float = setting(0.5, "how much", least=0, most=1)
    >>> choose("style", {"strength": ["0.75"]}, {"style": Options}).options
    Options(strength=0.75)
    >>> choose("style", {"strength": ["much"]}, {"style": Options})
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `strength`: must be a number, not 'much'
    """
    command, form = commands[address], FORMS[address]
    known = {**dict.fromkeys(TAKEN[address], command), **dict.fromkeys(names(form), form)}
    values: dict[type[Settings], dict[str, Any]] = {command: {}, form: {}}
    for name, given in texts.items():
        if name not in known:
            raise MangastyleError(f"unknown setting {shown(name)}{near(name, known)}; there are: {', '.join(known)}")
        kind, many = element_types(known[name])[name]
        if len(given) > 1 and not many:
            raise MangastyleError(f"`{name}`: is given {len(given)} times; once is enough")
        read = [from_text(kind, text) for text in given]
        values[known[name]][name] = read if many else read[0]
    return Chosen(command(**values[command]), form(**values[form]), frozenset(values[command]))


def from_text(kind: type, text: str) -> Any:
    """The value of a text, or the text itself if it is no such value: then the settings refuse it.

    Examples
    --------
    >>> from_text(int, "3"), from_text(float, "0.5"), from_text(bool, "true"), from_text(int, "3.5")
    (3, 0.5, True, '3.5')
    """
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return kind(text)
    except ValueError:
        return text
