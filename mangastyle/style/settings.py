"""The table of stylization methods: their settings, and where each is implemented. No TensorFlow.

A method is a folder with a `settings` module (a subclass of `LookSettings`) and a stylizer (a subclass of
`base.BaseStylizer`), and a line of `METHODS`. The command line takes its choices and flags from that line, too.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Iterable, Mapping, NamedTuple

from mangastyle.errors import MangastyleError, near
from mangastyle.style.learned.settings import LearnedSettings
from mangastyle.style.look import LookSettings, normalize_weights
from mangastyle.style.onepass.settings import OnePassSettings, OnePassSpec
from mangastyle.style.optimize.settings import STARTS, OptimizeSettings
from mangastyle.style.polish.settings import PolishSettings

__all__ = [
    "AUTO", "METHODS", "STARTS", "LearnedSettings", "LookSettings", "Method", "MethodSettings", "OnePassSettings", "OnePassSpec",
    "OptimizeSettings", "PolishSettings", "choose_method", "method_settings", "normalize_weights", "refuse_foreign",
]  # fmt: skip


class Method(NamedTuple):
    """A way to stylize.

    Attributes
    ----------
    settings : type
        Its settings, a subclass of `LookSettings`.
    stylizer : str
        "module:Class" of its stylizer, a subclass of `base.BaseStylizer`. It is imported on first use: it loads TensorFlow.
    about : str
        What it does, for the help text.
    inputs : tuple of str
        What its stylizer takes besides masks, precision, seed and max_pixels: some of "init" and "backbone".
    searches : bool
        Whether its stylizer has `search`, which reports the losses of each iteration and may be compared with another search.
    rank : int
        Methods of a lower rank paint a picture in much less time.
    """

    settings: type[LookSettings]
    stylizer: str
    about: str
    inputs: tuple[str, ...] = ()
    searches: bool = False
    rank: int = 0


AUTO = "auto"  # the first of these methods that has all arguments that are given
METHODS = {
    "polish": Method(
        PolishSettings, "mangastyle.style.polish.stylizer:PolishStylizer", "in one pass, then by few iterations of the optimization",
        rank=1,
    ),
    "optimize": Method(
        OptimizeSettings, "mangastyle.style.optimize.stylizer:OptimizeStylizer", "by optimization on VGG-19 features",
        inputs=("init", "backbone"), searches=True, rank=2,
    ),
    "learned": Method(
        LearnedSettings, "mangastyle.style.learned.stylizer:LearnedStylizer", "in one pass of a network that was fitted to the painting"
    ),
    "onepass": Method(
        OnePassSettings, "mangastyle.style.onepass.stylizer:OnePassStylizer", "in one pass of a trained network, in a fraction of a second"
    ),
}  # fmt: skip

# The settings of all methods together, for the options of commands. Some are parts of others.
_every = [method.settings for method in METHODS.values()]
_whole = [cls for cls in _every if not any(other is not cls and issubclass(other, cls) for other in _every)]
MethodSettings: Any = dataclasses.make_dataclass("MethodSettings", [], bases=tuple(_whole), frozen=True)


def choose_method(method: str, names: Iterable[str]) -> str:
    """The method that "auto" stands for: the first one that has all arguments that were given.

    Parameters
    ----------
    method : str
        "auto", or the name of a method, which stays as it is.
    names : iterable of str
        Arguments that were given: settings, "init", "backbone". Names that no method has do not count.

    Examples
    --------
    >>> choose_method("auto", ["strength"]), choose_method("auto", ["strength", "iterations"]), choose_method("onepass", [])
    ('polish', 'optimize', 'onepass')
    """
    if method != AUTO:
        return method
    known = {name for name in names if any(name in _arguments(other) for other in METHODS)}
    return next((other for other in METHODS if known <= _arguments(other)), next(iter(METHODS)))


def method_settings(method: str, arguments: Mapping[str, Any]) -> LookSettings:
    """The settings of a method from keyword arguments.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    arguments : mapping
        Some of the method's settings by name; the others have their defaults.

    Raises
    ------
    MangastyleError
        For an unknown method, a setting that only other methods have, an unknown name, and a value that does not suit.

    Examples
    --------
    >>> method_settings("onepass", {"strength": 0.8}).strength
    0.8
    >>> method_settings("onepass", {"iterations": 50})
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `iterations`: is for method optimize, not onepass; leave it out, or choose that `method`
    """
    refuse_foreign(method, arguments)
    return METHODS[method].settings.from_arguments(arguments)


def refuse_foreign(method: str, names: Iterable[str]) -> None:
    """Refuse an unknown method, and arguments that other methods have and this one has not.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    names : iterable of str
        Arguments that were given: settings, "init", "backbone". Names that no method has are let pass.

    Raises
    ------
    MangastyleError
        It names the argument and the methods that have it.
    """
    if method not in METHODS:
        raise MangastyleError(f"`method`: {method!r}{near(method, METHODS)} is none of {', '.join(METHODS)}")
    for name in names:
        having = [other for other in METHODS if name in _arguments(other)]
        if having and method not in having:
            raise MangastyleError(f"`{name}`: is for method {' or '.join(having)}, not {method}; leave it out, or choose that `method`")


def _arguments(method: str) -> set[str]:
    """What a method can be given: its settings, and further inputs."""
    return {field.name for field in dataclasses.fields(METHODS[method].settings)} | set(METHODS[method].inputs)
