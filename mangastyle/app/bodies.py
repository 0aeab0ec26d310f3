"""Bodies of requests: read up to a limit of bytes and of time, of the types that are taken, JSON of bounded depth."""

from __future__ import annotations

import asyncio
from typing import Any, BinaryIO, Collection

from starlette.requests import ClientDisconnect, Request

from mangastyle.app import protocol
from mangastyle.app.refusals import Refusal
from mangastyle.errors import MangastyleError
from mangastyle.io import json_text

JSON = ("application/json",)
PROJECT = ("application/zip",)
UNKNOWN = "application/octet-stream"  # of pictures that the browser does not know, such as PSD


def content_type(request: Request) -> str:
    """The type of a request's body, without its parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_picture(request: Request) -> bool:
    """Whether a request brings a picture, by what it says."""
    kind = content_type(request)
    return kind.startswith("image/") or kind == UNKNOWN


async def read(request: Request, most: int, file: BinaryIO | None = None) -> bytes:
    """The body of a request, or nothing if it is written to a file.

    Parameters
    ----------
    request : Request
    most : int
        The largest size in bytes.
    file : binary file, optional
        Where it is written instead.

    Raises
    ------
    Refusal
        413 if it is larger, before more of it is read; 408 if it comes too slowly; 400 if it ends early or is compressed.
    """
    too_large = Refusal(413, f"the body is larger than {most // 2**20} MB")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "a body must not be compressed")
    parts, size = [], 0

    async def collect() -> None:
        nonlocal size
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise too_large
            if file:
                await asyncio.to_thread(file.write, part)
            else:
                parts.append(part)

    try:
        await asyncio.wait_for(collect(), protocol.BODY_SECONDS)
    except asyncio.TimeoutError:
        raise Refusal(408, f"the body did not arrive within {protocol.BODY_SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise Refusal(400, "the body ended early") from None
    return b"".join(parts)


async def read_picture(request: Request) -> bytes:
    """The bytes of a picture; `Refusal` 415 for another type, 413 for too many, 400 for none."""
    if not is_picture(request):
        raise Refusal(415, f"the body must be a picture, image/... or {UNKNOWN}, not {content_type(request) or 'without a content type'}")
    data = await read(request, protocol.MOST_PICTURE)
    if not data:
        raise Refusal(400, "the body is empty")
    return data


async def read_json(request: Request) -> Any:
    """The value of a JSON body; `Refusal` 415 for another type, 413 for a large one, 400 for what is no JSON or too deep."""
    check_type(request, JSON)
    data = await read(request, protocol.MOST_JSON)
    try:
        value = json_text.parse(data, "body")
    except MangastyleError as error:
        raise Refusal(400, str(error)) from error
    if depth(value) > protocol.MOST_DEPTH:
        raise Refusal(400, f"body: nested too deeply; the most is {protocol.MOST_DEPTH} levels")
    return value


def check_type(request: Request, types: Collection[str]) -> None:
    """`Refusal` 415 for a body of another type."""
    if content_type(request) not in types:
        raise Refusal(415, f"the body must be {' or '.join(types)}, not {content_type(request) or 'without a content type'}")


def depth(value: Any) -> int:
    """How many lists and objects a value has inside one another.

    Examples
    --------
    >>> depth(3), depth([]), depth({"a": [[], 1]})
    (0, 1, 3)
    """
    deepest, ahead = 0, [(value, 1)]
    while ahead:
        current, level = ahead.pop()
        if isinstance(current, (dict, list)):
            deepest = max(deepest, level)
            ahead += [(part, level + 1) for part in (current.values() if isinstance(current, dict) else current)]
    return deepest
