"""Bodies of requests: read up to a limit of bytes and of time, of the types that are taken, JSON of bounded depth."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncGenerator, BinaryIO, Collection, Coroutine, TypeVar

from starlette.requests import ClientDisconnect, Request

from mangastyle.app import protocol, schema
from mangastyle.app.refusals import Refusal
from mangastyle.io import json_text

JSON = ("application/json",)
PROJECT = ("application/zip",)
UNKNOWN = "application/octet-stream"  # of pictures that the browser does not know, such as PSD

T = TypeVar("T")


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
        As of `parts` and `in_time`.
    """

    async def collect() -> bytes:
        if file is None:
            return b"".join([part async for part in parts(request, most)])
        async for part in parts(request, most):
            await asyncio.to_thread(file.write, part)
        return b""

    return await in_time(collect())


async def parts(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The parts of a body as they arrive.

    Raises
    ------
    Refusal
        413 if it is larger than `most` bytes, before more of it is read; 415 if it is compressed.
    """
    too_large = Refusal(413, f"the body is larger than {most // 2**20} MB")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "a body must not be compressed")
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise too_large
        yield part


async def in_time(reading: Coroutine[Any, Any, T]) -> T:
    """What reading a body gives; `Refusal` 408 if the body comes too slowly, 400 if it ends early."""
    try:
        return await asyncio.wait_for(reading, protocol.BODY_SECONDS)
    except asyncio.TimeoutError:
        raise Refusal(408, f"the body did not arrive within {protocol.BODY_SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise Refusal(400, "the body ended early") from None


async def read_picture(request: Request) -> bytes:
    """The bytes of a picture; `Refusal` 415 for another type, 413 for too many, 400 for none."""
    if not is_picture(request):
        raise Refusal(415, f"the body must be a picture, image/... or {UNKNOWN}, not {content_type(request) or 'without a content type'}")
    data = await read(request, protocol.MOST_PICTURE)
    if not data:
        raise Refusal(400, "the body is empty")
    return data


async def read_json(request: Request, check: schema.Check) -> Any:
    """The value of a JSON body, checked; parsed in a thread of its own, as a large one takes a while.

    Raises
    ------
    Refusal
        415 for another type, 413 for a large one.
    MangastyleError
        For what is no JSON, is nested too deeply, has numbers that JSON does not know, or does not pass the check.
    """
    check_type(request, JSON)
    data = await read(request, protocol.MOST_JSON)
    return await asyncio.to_thread(lambda: check(schema.sound(json_text.parse(data, "body"), "body"), "body"))


def check_type(request: Request, types: Collection[str]) -> None:
    """`Refusal` 415 for a body of another type."""
    if content_type(request) not in types:
        raise Refusal(415, f"the body must be {' or '.join(types)}, not {content_type(request) or 'without a content type'}")
