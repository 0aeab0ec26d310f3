"""Starting the service, and its end at a signal: what runs is finished, and the exit code is 0."""

from __future__ import annotations

import asyncio
import contextlib

import uvicorn

from mangastyle.app.launch import Server, bind, choose_token
from mangastyle.app.security import is_loopback
from mangastyle.app.service.networks import Networks
from mangastyle.app.service.server import Service, create_service
from mangastyle.app.service.settings import Commands

CONNECTIONS = 512  # at once
LAST_SECONDS = 20  # for the request that runs, when the server ends
LAST_ANSWERS = 2  # seconds after that, for answers under way


def serve(
    commands: Commands, *, host: str = "127.0.0.1", port: int = 0, token: str = "", queue: int = 16, time_limit: float = 300.0,
    max_pixels: int = 16_000_000, precision: str = "auto",
) -> None:  # fmt: skip
    """Serve programs until a signal ends it.

    Parameters
    ----------
    commands : mapping of str to type
        The options of the commands `shade`, `style` and `run`.
    host, port : str, int
        Where; port 0 is the protocol's or the next free one.
    token : str
        What requests must bring. It may be empty on this machine alone.
    queue, time_limit, max_pixels
        As for `Service`.
    precision : str
        As for `mangastyle.Shader`.

    Raises
    ------
    MangastyleError
        For a port that is taken, and a missing token.
    """
    if token or not is_loopback(host):
        token = choose_token(host, token)
    service = Service(Networks(precision, max_pixels), commands, queue, time_limit, max_pixels)
    with contextlib.closing(bind(host, port)) as listening:
        number = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
        config = uvicorn.Config(
            create_service(service, host, number, token), http="h11", ws="none", lifespan="on", log_level="warning", access_log=False,
            server_header=False, limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=LAST_SECONDS + LAST_ANSWERS,
        )  # fmt: skip
        server = Server(
            config, lambda: print(f"mangastyle app: serving at http://{shown}:{number}", flush=True), lambda: service.end(LAST_SECONDS)
        )
        try:
            asyncio.run(server.serve(sockets=[listening]))
        except KeyboardInterrupt:  # the signal that has ended it, which uvicorn raises once more
            if not server.should_exit:
                raise
