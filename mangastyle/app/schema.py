"""What JSON bodies may hold: each key with its check; unknown keys are refused.

A check takes a value and the place where it stands, and returns the value as it is used, or raises `MangastyleError`.
"""

from __future__ import annotations

import math
import re
from typing import Any, Callable, Collection, Mapping

from mangastyle.app import protocol
from mangastyle.errors import MangastyleError, near, shown
from mangastyle.shade.spec import ShadeSettings
from mangastyle.style.settings import METHODS

Check = Callable[[Any, str], Any]

ID = re.compile("[0-9a-f]{16}")
COLOR = re.compile("#[0-9a-fA-F]{6}")
CODE = re.compile("[A-Za-z0-9_-]{1,100}")
MASK = re.compile("data:image/png;base64,[A-Za-z0-9+/=]+")
SHADE_SETTINGS = ("variant", "ink", "shading", "light", "gap")
LAYERS = ("original", "flat", "regions", "shading", "highlights", "line", "style")  # that a page shows, from the bottom to the top
FORMATS = ("png", "webp", "ora", "psd", "hint-json", "hint-png", "project")


def record(fields: Mapping[str, Check], required: Collection[str] = ()) -> Check:
    """An object with some of these keys, and no others; null is as if the key was not there.

    Examples
    --------
    >>> record({"size": number(1, 9)})({"sice": 3}, "body")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: body: unknown key 'sice' (did you mean 'size'?); there are: size
    """

    def check(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise MangastyleError(f"{where}: must be an object, not {shown(value)}")
        for key in value:
            if key not in fields:
                raise MangastyleError(f"{where}: unknown key {shown(key)}{near(key, fields)}; there are: {', '.join(fields)}")
        for key in required:
            if key not in value:
                raise MangastyleError(f"{where}: lacks {key!r}")
        given = {key: part for key, part in value.items() if part is not None or key in required}
        return {key: fields[key](part, f"{where}.{key}") for key, part in given.items()}

    return check


def listing(each: Check, most: int, least: int = 0) -> Check:
    """A list whose entries pass a check.

    Examples
    --------
    >>> listing(number(0, 1), 2)([0, 0.5, 1], "body")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: body: must be a list of 0 to 2 entries, not of 3
    """

    def check(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise MangastyleError(f"{where}: must be a list, not {shown(value)}")
        if not least <= len(value) <= most:
            raise MangastyleError(f"{where}: must be a list of {least} to {most} entries, not of {len(value)}")
        return [each(part, f"{where}[{i}]") for i, part in enumerate(value)]

    return check


def number(least: float, most: float) -> Check:
    """A number within bounds, both allowed; no NaN."""

    def check(value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or not least <= value <= most:
            raise MangastyleError(f"{where}: must be a number from {least:g} to {most:g}, not {shown(value)}")
        return float(value)

    return check


def whole(least: int, most: int) -> Check:
    """A whole number within bounds, both allowed."""

    def check(value: Any, where: str) -> int:
        if type(value) is not int or not least <= value <= most:
            raise MangastyleError(f"{where}: must be a whole number from {least} to {most}, not {shown(value)}")
        return value

    return check


def choice(*choices: str) -> Check:
    """One of some texts."""

    def check(value: Any, where: str) -> str:
        if value not in choices:
            raise MangastyleError(f"{where}: {shown(value)}{near(value, choices)} is none of {', '.join(choices)}")
        return value

    return check


def pattern(form: re.Pattern[str], noun: str) -> Check:
    """A text of a form."""

    def check(value: Any, where: str) -> str:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise MangastyleError(f"{where}: must be {noun}, not {shown(value)}")
        return value

    return check


def flag(value: Any, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise MangastyleError(f"{where}: must be true or false, not {shown(value)}")
    return value


def anything(value: Any, where: str) -> Any:
    """What somebody else checks, or what is kept as it is."""
    return value


def sound(value: Any, where: str) -> Any:
    """What is not nested too deeply, and has no number that JSON does not know: it can be kept, and sent again.

    Examples
    --------
    >>> sound({"a": [[], 1]}, "body")
    {'a': [[], 1]}
    >>> sound([float("inf")], "body")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: body: holds a number that is not finite
    """
    ahead = [(value, 1)]
    while ahead:
        current, level = ahead.pop()
        if isinstance(current, (dict, list)):
            if level > protocol.MOST_DEPTH:
                raise MangastyleError(f"{where}: nested too deeply; the most is {protocol.MOST_DEPTH} levels")
            ahead += [(part, level + 1) for part in (current.values() if isinstance(current, dict) else current)]
        elif isinstance(current, float) and not math.isfinite(current):
            raise MangastyleError(f"{where}: holds a number that is not finite")
    return value


def an_object(value: Any, where: str) -> dict[str, Any]:
    """An object of any keys: the page's own."""
    if not isinstance(value, dict):
        raise MangastyleError(f"{where}: must be an object, not {shown(value)}")
    return value


def shade_settings(value: Any, where: str) -> dict[str, Any]:
    """Some of `ShadeSettings`, checked by it."""
    given = record(dict.fromkeys(SHADE_SETTINGS, anything))(value, where)
    try:
        ShadeSettings.from_arguments(given)
    except MangastyleError as error:
        raise MangastyleError(f"{where}: {error}") from None
    return given


identifier = pattern(ID, "16 hexadecimal digits")
color = pattern(COLOR, "a color #rrggbb")
size = choice(*protocol.SIZES)
tag = whole(-(2**53), 2**53)
places = listing(listing(number(-1e6, 1e6), 2, 2), 64, 1)

SHADE = {
    "hint": record({"points": anything, "lines": anything, "size": anything}),
    "own": flag,
    "settings": shade_settings,
    "references": listing(identifier, 8),
    "palette": listing(color, 64),
    "size": size,
    "tag": tag,
}
STYLE = {
    "paintings": listing(record({"id": identifier, "weight": number(0, 1e6), "mask": pattern(MASK, "a PNG as a data URL")}, ("id",)), 8, 1),
    "method": choice(*METHODS),
    "strength": number(0, 1),
    "style_scale": number(0.05, 10),
    "keep_colors": flag,
    "of": choice("shaded", "original"),
    "size": size,
    "tag": tag,
    "shade": record(SHADE),
}

shade = record(SHADE)
suggest = record({**SHADE, "at": places, "count": whole(1, 12)}, ("at",))
style = record(STYLE, ("paintings",))
export = record(
    {
        "format": choice(*FORMATS), "layer": choice("shown", "original", "line", "flat", "shaded", "styled"), "size": size,
        "layers": record(dict.fromkeys(LAYERS, record({"visible": flag, "opacity": number(0, 1)}))), "shade": shade, "style": style,
        "tag": tag,
    }, ("format",),
)  # fmt: skip
code = record({"code": pattern(CODE, "the code of an opened address")}, ("code",))
cancel = record({"kind": choice(*protocol.KINDS)}, ("kind",))
state = record({"revision": whole(1, 2**53), "state": an_object}, ("revision", "state"))
line_art = record({"line_art": flag}, ("line_art",))
palette = record({"reference": identifier}, ("reference",))
new_session = record({"sample": pattern(re.compile("[a-z0-9-]{1,40}"), "the name of a sample"), "folder": identifier})
apply = record(
    {"like": identifier, "stages": listing(choice("shade", "style"), 2, 1), "shade": shade, "style": style},
    ("like", "stages"),
)
