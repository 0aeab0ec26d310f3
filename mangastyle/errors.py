"""The exceptions that users meet: one line that names the file or the argument, and the cure."""

from __future__ import annotations

import difflib
import operator
from typing import TYPE_CHECKING, Any, Iterable

if TYPE_CHECKING:
    import numpy as np


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
