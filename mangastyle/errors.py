"""The exceptions that users meet: one line that names the file or the argument, and the cure."""

from __future__ import annotations

import difflib
import operator
from typing import TYPE_CHECKING, Any, Iterable

if TYPE_CHECKING:
    import numpy as np


MAX_SEED = 2**31 - 1  # of the seeds of all calls and commands


class MangastyleError(Exception):
    """A mistake that the user can mend.

    The message is one line. Arguments stand in it in backticks. Python users read them as they are; the command line, which prints
    the message and exits with code 2, shows them as flags (``--size``).

    Examples
    --------
    >>> raise MangastyleError("`size`: must be at least 32, not 3")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `size`: must be at least 32, not 3
    """


class Cancelled(MangastyleError):
    """A long call was cancelled by the caller, from this thread or from another one.

    Parameters
    ----------
    message : str
        What was cancelled.
    result : ndarray of uint8, shape (h, w, 3), or None
        The best picture so far; None if there is none yet.

    Attributes
    ----------
    result : ndarray of uint8, shape (h, w, 3), or None
        The parameter.

    Examples
    --------
    >>> import numpy as np
    >>> try:
    ...     raise Cancelled("stylize: cancelled", result=np.zeros((8, 8, 3), np.uint8))
    ... except Cancelled as error:
    ...     print(error, error.result.shape)
    stylize: cancelled (8, 8, 3)
    """

    def __init__(self, message: str = "cancelled", result: np.ndarray | None = None) -> None:
        super().__init__(message)
        self.result = result


def near(name: object, known: Iterable[object]) -> str:
    """For error messages: the known name that is nearest to a wrong one.

    Parameters
    ----------
    name : object
        The wrong name.
    known : iterable of object
        The right ones.

    Returns
    -------
    str
        " (did you mean 'x'?)", x the nearest of the known names; empty if none is near.

    Examples
    --------
    >>> near("adm", ["adam", "lbfgs"])
    " (did you mean 'adam'?)"
    >>> near("sgd", ["adam", "lbfgs"])
    ''
    """
    close = difflib.get_close_matches(str(name), [str(x) for x in known], 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def check_integer(name: str, value: Any, least: int, most: int) -> int:
    """Check an argument that must be a whole number.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        Its value; NumPy's integers are allowed, too.
    least, most : int
        Its bounds, both allowed.

    Returns
    -------
    int
        The value.

    Raises
    ------
    MangastyleError
        If it is no whole number, or out of bounds.

    Examples
    --------
    >>> check_integer("size", 64, 8, 4096)
    64
    >>> check_integer("size", 6.5, 8, 4096)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `size`: must be a whole number from 8 to 4096, not 6.5
    """
    wanted = f"`{name}`: must be a whole number from {least} to {most}, not"
    try:
        number = operator.index(value)
    except TypeError:
        raise MangastyleError(f"{wanted} {value!r}") from None
    if isinstance(value, bool) or not least <= number <= most:
        raise MangastyleError(f"{wanted} {value!r}")
    return number


def check_choice(name: str, value: Any) -> bool | None:
    """Check an argument that is True, False, or None for automatic.

    Parameters
    ----------
    name : str
        Name of the argument.
    value : object
        Its value; NumPy's booleans are allowed, too.

    Returns
    -------
    bool or None
        The value.

    Raises
    ------
    MangastyleError
        If it is none of them.

    Examples
    --------
    >>> check_choice("line_art", None), check_choice("line_art", True)
    (None, True)
    >>> check_choice("line_art", "yes")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `line_art`: must be True, False or None, not 'yes'
    """
    if value is None or type(value).__name__ in ("bool", "bool_"):
        return value if value is None else bool(value)
    raise MangastyleError(f"`{name}`: must be True, False or None, not {value!r}")


def check_calls(progress: Any, cancel: Any) -> None:
    """Check the arguments by which a long call reports and is stopped, before it begins.

    Parameters
    ----------
    progress : object
        A function, or None.
    cancel : object
        A `threading.Event`, or what has its `is_set`; or None.

    Raises
    ------
    MangastyleError
        If one is something else; it names the argument.

    Examples
    --------
    >>> check_calls(print, None)
    >>> check_calls(5, None)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `progress`: must be a function, not 5
    """
    if progress is not None and not callable(progress):
        raise MangastyleError(f"`progress`: must be a function, not {progress!r}")
    if cancel is not None and not callable(getattr(cancel, "is_set", None)):
        raise MangastyleError(f"`cancel`: must be a threading.Event, not {cancel!r}")


def shown(value: object, longest: int = 60) -> str:
    """For messages: a value in one line, not too long.

    Examples
    --------
    >>> shown({"a": 1}), shown("x" * 100, 6)
    ("{'a': 1}", "'xxxxx...")
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= longest else text[:longest] + "..."


def counted(count: int, noun: str) -> str:
    """For messages: a number and its noun, which gets an s unless there is one.

    Examples
    --------
    >>> counted(1, "picture"), counted(3, "picture")
    ('1 picture', '3 pictures')
    """
    return f"{count} {noun}" + ("" if count == 1 else "s")
