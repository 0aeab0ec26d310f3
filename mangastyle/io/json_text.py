"""JSON of unknown origin: any of its encodings, with bounds on size, depth and numbers, and errors in plain words."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import accumulate
from typing import Any

from mangastyle.errors import MangastyleError

MOST_BYTES = 16 * 2**20
MOST_DEPTH = 64  # lists and objects inside one another; Python's parser and all that walks through the value have their own limits
MOST_INTEGER = 2**63 - 1

PLAIN_WORDS = {  # Python's, and ours
    "Expecting value": "a value is missing, or written as JSON does not know it",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing, or a comma is one too many",
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Extra data": "something follows the end",
    "Unterminated string starting at": "a text begins here, and its closing quote is missing",
    "Invalid control character at": "a line break, or another control character, stands in a text",
    "Invalid \\escape": "a backslash in a text is written as two",
}
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_ODD_CHARACTERS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def parse(data: bytes | str, name: str) -> Any:
    """The value of a JSON text.

    Parameters
    ----------
    data : bytes or str
        The text; bytes may be UTF-8, UTF-16 or UTF-32, with or without a byte order mark.
    name : str
        What error messages call it.

    Returns
    -------
    object
        Its value. NaN and Infinity, which Python writes, are floats; numbers beyond those of a float are infinite.

    Raises
    ------
    MangastyleError
        If it is not JSON, with line and column; if it is too large or nested too deeply; for a whole number beyond 64 bits, a name that
        an object has twice, and a text that no file could be named.

    Examples
    --------
    >>> parse('{"steps": 3}'.encode("utf-16"), "a.json")
    {'steps': 3}
    >>> parse('{"steps": 3,\\n "size" 4}', "a.json")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: a.json: not valid JSON (line 2, column 9: a colon is missing)
    """
    if len(data) > MOST_BYTES:
        raise MangastyleError(f"{name}: not read as JSON, as it is larger than {MOST_BYTES / 1e6:.0f} MB")
    text = data if isinstance(data, str) else _decoded(data, name)
    if not text.strip():
        raise MangastyleError(f"{name}: not valid JSON (it is empty)")
    # Without what is escaped, quotes are the ends of texts: the brackets outside them are those of lists and objects.
    bare = re.sub(r'"[^"]*"|[^][{}"]+', "", text.replace("\\\\", "").replace('\\"', ""))
    if max(accumulate(map(lambda character: _STEPS.get(character, 0), bare)), default=0) > MOST_DEPTH:
        raise MangastyleError(f"{name}: not read as JSON, as it is nested too deeply; the most is {MOST_DEPTH} levels")
    try:
        value = json.loads(text, parse_int=_integer, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        reason = next((words for known, words in PLAIN_WORDS.items() if error.msg.startswith(known)), error.msg[:1].lower() + error.msg[1:])
        raise MangastyleError(f"{name}: not valid JSON (line {error.lineno}, column {error.colno}: {reason})") from error
    except ValueError as error:
        raise MangastyleError(f"{name}: not read as JSON ({error})") from error
    if _ODD_CHARACTERS.search(text):
        _check_texts(value, name)
    return value


def _decoded(data: bytes, name: str) -> str:
    """The text of bytes in any of JSON's encodings."""
    if not data.strip(b"\0"):  # a file that was never written, or of which only the size was
        return ""
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        named = encoding.upper().replace("-SIG", "")
        raise MangastyleError(f"{name}: not valid JSON (line {line}: it is no text in {named}; save it in UTF-8)") from error


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > MOST_INTEGER:  # Python refuses thousands of digits in words of its own
        raise ValueError(f"the whole number {digits[:24]}{'...' * (len(digits) > 24)} is larger than 64 bits can hold")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"an object has {json.dumps(twice)[:80]} twice")
    return found


def _check_texts(value: Any, name: str) -> None:
    """Refuse texts that no file could be named: with a NUL, or half a character."""
    if isinstance(value, dict):
        for part in (*value, *value.values()):
            _check_texts(part, name)
    elif isinstance(value, list):
        for part in value:
            _check_texts(part, name)
    elif isinstance(value, str):
        try:
            odd = b"\0" in value.encode("utf-8", "surrogateescape")  # as names of files are, which need not be text
        except UnicodeEncodeError:
            odd = True
        if odd:
            raise MangastyleError(f"{name}: not read as JSON, as {json.dumps(value)[:80]} holds a character that no text may have")
