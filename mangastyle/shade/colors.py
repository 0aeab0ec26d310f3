"""Colors as people write them: names, hexadecimal digits, CSS functions, numbers."""

from __future__ import annotations

import re
from numbers import Integral, Real
from typing import Any, NamedTuple, Sequence

import numpy as np
from PIL import ImageColor

from mangastyle.errors import MangastyleError, near, shown

Color = str | Sequence[float]  # what `parse` takes

EXAMPLES = "'#ffcc99', 'navy', 'rgb(255, 204, 153)' or [255, 204, 153]"
FUNCTION = re.compile(r"(rgb|hsl|hsv|hsb)a?\s*\(([^()]*)\)", re.IGNORECASE)
LEAST_ALPHA = 1 / 510  # what is less rounds to 0 of 255
OF_NUMBERS = " (3 or 4 numbers, whole ones from 0 to 255 or floats from 0 to 1; alpha 1 is written 1.0 or 255)"
LONGEST = 60  # characters of a color that messages show


class RGBA(NamedTuple):
    """A color: levels from 0 to 255, and how much it covers, from 0 to 1."""

    red: int
    green: int
    blue: int
    alpha: float


def parse(color: Any) -> RGBA:
    """The levels of a color.

    Parameters
    ----------
    color : str or sequence of 3 or 4 numbers
        A name of CSS; ``#rgb``, ``#rgba``, ``#rrggbb`` or ``#rrggbbaa``; ``rgb()``, ``rgba()``, ``hsl()`` or ``hsla()`` as in CSS, where
        alpha is a number up to 1 or a percentage; or numbers, red, green, blue and perhaps alpha. Whole numbers are 0 to 255, floats
        0 to 1.

    Returns
    -------
    RGBA

    Raises
    ------
    MangastyleError
        If it is no color, or could be two; it says how colors are written.

    Examples
    --------
    >>> parse("navy"), parse("#ff000080").alpha
    (RGBA(red=0, green=0, blue=128, alpha=1.0), 0.50196...)
    >>> parse("rgba(255, 0, 0, 0.25)") == parse("rgb(100% 0% 0% / 25%)") == parse([1.0, 0.0, 0.0, 0.25])
    True
    >>> parse("navi")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: 'navi' is no color (did you mean 'navy'?); write '#ffcc99', 'navy', 'rgb(255, 204, 153)' or ...
    """
    found = _from_text(color.strip()) if isinstance(color, str) else _from_numbers(color)
    if found is None:
        hint = near(color.strip().lower(), ImageColor.colormap) if isinstance(color, str) else OF_NUMBERS
        raise MangastyleError(f"{shown(plain(color), LONGEST)} is no color{hint}; write {EXAMPLES}")
    return found if found.alpha >= LEAST_ALPHA else found._replace(alpha=0.0)


def plain(value: Any) -> Any:
    """A value with plain numbers and lists in place of NumPy's, for messages.

    Examples
    --------
    >>> plain((np.int64(3), np.array([0.5]), "x"))
    (3, [0.5], 'x')
    """
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist() if value.size <= LONGEST else f"an array {value.shape}"
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value)) if type(value) in (list, tuple) and len(value) <= LONGEST else value
    return value


def _from_text(text: str) -> RGBA | None:
    if text.lower() == "transparent":
        return RGBA(0, 0, 0, 0.0)
    alpha = 1.0
    if match := FUNCTION.fullmatch(text):
        kind, values = match[1].lower(), re.split(r"[\s,/]+", match[2].strip())
        if len(values) == 4:
            share = _alpha(values.pop())
            if share is None:
                return None
            alpha = share
        if kind != "rgb":
            values[0] = values[0].removesuffix("deg")
        text = f"{kind}({','.join(values)})"
    try:
        levels = ImageColor.getrgb(text)
    except ValueError:
        return None
    if not all(0 <= level <= 255 for level in levels):
        return None
    red, green, blue = levels[:3]
    return RGBA(red, green, blue, levels[3] / 255 if len(levels) == 4 else alpha)


def _alpha(text: str) -> float | None:
    """The alpha of a CSS function: a share or a percentage; whole numbers above 1, as other programs write it, are of 255."""
    if not re.fullmatch(r"(\d{1,9}(\.\d{0,30})?|\.\d{1,30})%?", text, re.ASCII):
        return None
    number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if number > 1 and text.isdigit():
        number /= 255
    return number if number <= 1 else None


def _from_numbers(color: Any) -> RGBA | None:
    if isinstance(color, np.ndarray):
        color = color.tolist()
    if not isinstance(color, (list, tuple)) or len(color) not in (3, 4):
        return None
    if not all(isinstance(x, Real) and not isinstance(x, bool) and 0 <= x <= 255 for x in color):  # type: ignore[operator]
        return None
    levels, alpha = color[:3], color[3:]
    whole = all(isinstance(x, Integral) for x in levels)
    if not whole and max(levels) > 1:
        if not all(float(x).is_integer() for x in levels):
            return None  # 0.5 of 1, or of 255?
        whole = True
    if alpha and whole and (alpha[0] > 1 or alpha[0] == 0):
        share = alpha[0] / 255
    elif alpha and whole and isinstance(alpha[0], Integral):
        return None  # 1 of 1, or of 255?
    else:
        share = float(alpha[0]) if alpha else 1.0
    if share > 1:
        return None
    red, green, blue = (int(x) if whole else round(255 * float(x)) for x in levels)
    return RGBA(red, green, blue, share)
