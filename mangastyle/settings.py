"""Settings of networks, trainings and methods: each declared once, with its default, its meaning and its bounds.

A `Settings` class is a frozen dataclass whose fields are made by `setting`. Library functions take these as plain keyword
arguments; the command line makes its flags from the same fields. Nothing here depends on flags or files.
"""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, Mapping, TypeVar

from mangastyle.errors import MangastyleError, near, shown

S = TypeVar("S", bound="Settings")

KINDS: dict[type, str] = {str: "a text", int: "a whole number", float: "a number", bool: "True or False"}  # for messages


def setting(
    default: Any, doc: str, choices: tuple = (), least: float | None = None, most: float | None = None, **extra: Any
) -> Any:  # fmt: skip
    """A field of a `Settings` class.

    Parameters
    ----------
    default : object
        Its default value: a str, int, float or bool, or a tuple of these.
    doc : str
        Its meaning, in one line; also the help text of the flag.
    choices : tuple
        The only values that it may have; empty for any. For a tuple, choices and bounds hold for each element.
    least, most : float or None
        Its bounds, both allowed.
    **extra
        What the command line adds, such as `common`: see `mangastyle.cli.options.option`.

    Returns
    -------
    dataclasses.Field
        The field.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Blur(Settings):
    ...     radius: float = setting(2.0, "in pixels", least=0)
    ...     edge: str = setting("mirror", "what lies beyond the edge", ("mirror", "white"))
    >>> Blur(edge="white")
    Blur(radius=2.0, edge='white')
    >>> Blur(radius=-1.0)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `radius`: must be at least 0, not -1.0
    """
    return dataclasses.field(default=default, metadata={"doc": doc, "choices": choices, "least": least, "most": most, **extra})


def share(default: float, doc: str, **extra: Any) -> Any:
    """A `setting` that is a share, from 0 to 1.

    Parameters
    ----------
    default, doc, **extra
        As for `setting`.

    Returns
    -------
    dataclasses.Field
        The field.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Split(Settings):
    ...     test: float = share(0.02, "share of the pictures that training never touches")
    >>> Split(test=5.0)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `test`: must be at most 1, not 5.0
    """
    return setting(default, doc, least=0, most=1, **extra)


@dataclass(frozen=True)
class Settings:
    """Base class of all settings: types, choices and bounds are checked when an object is made, from lists and NumPy's numbers, too.

    Raises
    ------
    MangastyleError
        When made with a value that does not suit its field; it names the argument.
    """

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, _plain(getattr(self, f.name)))
            _check(type(self), f, getattr(self, f.name))

    @classmethod
    def of(cls: type[S], other: object) -> S:
        """The settings of this class, picked from an object that has them among others.

        Parameters
        ----------
        other : object
            A dataclass object with all fields of this class, or a mapping with some of them: the rest are defaults.

        Returns
        -------
        Settings
            An object of this class.

        Examples
        --------
        >>> @dataclass(frozen=True)
        ... class Size(Settings):
        ...     size: int = setting(64, "in pixels")
        >>> Size.of({"size": 32, "color": "red"})
        Size(size=32)
        """
        if isinstance(other, Mapping):
            return cls(**{f.name: other[f.name] for f in dataclasses.fields(cls) if f.name in other})
        return cls(**{f.name: getattr(other, f.name) for f in dataclasses.fields(cls)})

    @classmethod
    def from_arguments(cls: type[S], arguments: Mapping[str, Any]) -> S:
        """The settings from keyword arguments.

        Parameters
        ----------
        arguments : mapping of str to object
            Values by name; a list is taken for a tuple. Missing ones are defaults.

        Returns
        -------
        Settings
            An object of this class.

        Raises
        ------
        MangastyleError
            For a name that is no setting of this class, with the nearest one that is; for a value that does not suit.

        Examples
        --------
        >>> @dataclass(frozen=True)
        ... class Size(Settings):
        ...     size: int = setting(64, "in pixels")
        >>> Size.from_arguments({"sise": 32})
        Traceback (most recent call last):
        mangastyle.errors.MangastyleError: unknown argument 'sise' (did you mean 'size'?); there are: size
        """
        known = [f.name for f in dataclasses.fields(cls)]
        for name in arguments:
            if name not in known:
                raise MangastyleError(f"unknown argument {name!r}{near(name, known)}; there are: {', '.join(known)}")
        return cls(**arguments)


def to_json(settings: Settings) -> dict[str, Any]:
    """The settings as values that JSON can hold.

    Parameters
    ----------
    settings : Settings
        Any settings object.

    Returns
    -------
    dict of str to object
        Values by name; tuples are lists.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Widths(Settings):
    ...     widths: tuple[int, ...] = setting((16, 48), "features of each block")
    >>> to_json(Widths())
    {'widths': [16, 48]}
    """
    return json.loads(json.dumps(dataclasses.asdict(settings)))


@cache
def element_types(cls: type) -> dict[str, tuple[type, bool]]:
    """The type of each field of a settings class.

    Parameters
    ----------
    cls : type
        The settings class.

    Returns
    -------
    dict of str to (type, bool)
        By field: its type, or that of its elements; whether it is a tuple of them.

    Examples
    --------
    >>> @dataclass(frozen=True)
    ... class Net(Settings):
    ...     name: str = setting("vgg", "its name")
    ...     widths: tuple[int, ...] = setting((16, 48), "features of each block")
    >>> element_types(Net)
    {'name': (<class 'str'>, False), 'widths': (<class 'int'>, True)}
    """
    hints = typing.get_type_hints(cls)
    kinds = {f.name: hints[f.name] for f in dataclasses.fields(cls)}
    return {name: (typing.get_args(kind)[0], True) if typing.get_origin(kind) is tuple else (kind, False) for name, kind in kinds.items()}


def _plain(value: Any) -> Any:
    """Lists, as JSON has them, are tuples here, and NumPy's numbers are plain ones."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () else value


def _shown(value: Any) -> str:
    """A value in messages: as it was given, where a tuple may have been a list of JSON."""
    return shown(list(value) if isinstance(value, tuple) else value)


def _can_be_named(text: str) -> bool:
    """Whether a file could have this name: without a NUL, or half a character."""
    try:
        return b"\0" not in text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False


def _check(cls: type, f: dataclasses.Field, value: Any) -> None:
    """Raise `MangastyleError` if `value` does not suit the field."""
    kind, many = element_types(cls)[f.name]
    if many and not isinstance(value, tuple):
        raise MangastyleError(f"`{f.name}`: must be a list, not {_shown(value)}")
    values: tuple[Any, ...] = value if many else (value,)
    for v in values:
        right = isinstance(v, (int, float)) and not isinstance(v, bool) if kind is float else type(v) is kind
        if not right:
            raise MangastyleError(f"`{f.name}`: must be {KINDS[kind]}, not {_shown(v)}")
        if isinstance(v, str) and not _can_be_named(v):
            raise MangastyleError(f"`{f.name}`: {v!r} holds a character that no text may have")
        if kind is float and not math.isfinite(v):  # type: ignore[arg-type]
            raise MangastyleError(f"`{f.name}`: must be a finite number, not {v}")
        choices, least, most = (f.metadata[key] for key in ("choices", "least", "most"))
        if choices and v not in choices:
            raise MangastyleError(f"`{f.name}`: {v!r}{near(v, choices)} is none of {', '.join(map(str, choices))}")
        if least is not None and not v >= least:
            raise MangastyleError(f"`{f.name}`: must be at least {least:.12g}, not {v}")
        if most is not None and not v <= most:
            raise MangastyleError(f"`{f.name}`: must be at most {most:.12g}, not {v}")
