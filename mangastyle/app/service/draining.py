"""Answers that come before the body has been read: what is still coming is taken and thrown away first.

A server that answers and closes the connection while its client sends resets it, and the client never sees why it was refused.
"""

from __future__ import annotations

import asyncio
import contextlib

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mangastyle.app import protocol

SECONDS = 10.0  # for what is thrown away


class Draining:
    """Reads the rest of a body before the answer begins, within limits of size and time; none of it is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ended = "expect" in Headers(scope=scope)  # such a client sends nothing before it is told to

        async def receive_and_look() -> Message:
            nonlocal ended
            message = await receive()
            ended = ended or not message.get("more_body", False)  # its last part, or the end of the connection
            return message

        async def drain() -> None:
            size = 0
            while not ended and size <= protocol.MOST_PICTURE:
                size += len((await receive_and_look()).get("body", b""))

        async def send_after_all(message: Message) -> None:
            if message["type"] == "http.response.start" and not ended:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(drain(), SECONDS)
            await send(message)

        await self.app(scope, receive_and_look, send_after_all)
