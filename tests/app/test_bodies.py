"""Bodies that come slowly, never end, or break off; read part by part."""

from __future__ import annotations

import asyncio
import io

import pytest
from starlette.requests import Request

from mangastyle.app import bodies, protocol
from mangastyle.app.refusals import Refusal


def request_of(*messages, headers=()):
    """A request whose body comes in messages; None is one that never comes."""
    ahead = list(messages)

    async def receive():
        if not ahead or ahead[0] is None:
            await asyncio.sleep(60)
        return ahead.pop(0)

    return Request({"type": "http", "method": "POST", "headers": [(k.encode(), v.encode()) for k, v in headers]}, receive)


def part(data, more=True):
    return {"type": "http.request", "body": data, "more_body": more}


def read(request, most=1000, **options):
    return asyncio.run(asyncio.wait_for(bodies.read(request, most, **options), 10))


def test_parts_are_joined_or_written_to_a_file():
    assert read(request_of(part(b"ab"), part(b"c", False))) == b"abc"
    file = io.BytesIO()
    assert read(request_of(part(b"ab"), part(b"c", False)), file=file) == b"" and file.getvalue() == b"abc"


def test_what_is_too_large_is_refused_before_the_rest_is_read():
    with pytest.raises(Refusal, match="larger") as refused:
        read(request_of(part(b"x" * 600), part(b"x" * 600), None))  # what follows never comes
    assert refused.value.status == 413
    with pytest.raises(Refusal, match="larger"):
        read(request_of(None, headers=[("content-length", "1001")]))


def test_what_comes_too_slowly_is_refused(monkeypatch):
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.05)
    with pytest.raises(Refusal, match="did not arrive") as refused:
        read(request_of(part(b"a"), None))
    assert refused.value.status == 408


def test_what_breaks_off_is_refused():
    with pytest.raises(Refusal, match="ended early") as refused:
        read(request_of(part(b"a"), {"type": "http.disconnect"}))
    assert refused.value.status == 400


def test_types_of_pictures():
    kinds = {"image/png": True, "IMAGE/PNG; x=y": True, "application/octet-stream": True, "text/html": False, "": False}
    assert {kind: bodies.is_picture(request_of(headers=[("content-type", kind)])) for kind in kinds} == kinds
