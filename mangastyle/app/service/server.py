"""The addresses of the service. The event loop never computes; pictures are checked and written in a few threads."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from typing import Any, AsyncIterator, Callable, TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mangastyle import __version__
from mangastyle.app.jobs import Lane
from mangastyle.app.refusals import Refusal
from mangastyle.app.server import on_error, on_fault, on_http_error
from mangastyle.app.service import answers, forms, tasks
from mangastyle.app.service.budget import Budget, declared_size
from mangastyle.app.service.draining import Draining
from mangastyle.app.service.guard import HEALTH, ServiceGuard
from mangastyle.app.service.line import GONE, Line
from mangastyle.app.service.metrics import Metrics
from mangastyle.app.service.networks import Networks
from mangastyle.app.service.settings import Commands
from mangastyle.errors import MangastyleError

ADDRESSES = ("shade", "style", "run")
METRICS = "/metrics"
STATES = ("loading", "ready", "failed")
THREADS = 3  # that check and write pictures

T = TypeVar("T")


class Service:
    """What is served, without HTTP's server.

    Parameters
    ----------
    networks : Networks
        Or what has its methods.
    commands : mapping of str to type
        The options of the commands `shade`, `style` and `run`.
    queue : int
        How many requests may wait, besides the one that runs.
    time_limit : float
        Seconds that a request may be computed.
    max_pixels : int
        The most that a picture may have.
    """

    def __init__(self, networks: Networks, commands: Commands, queue: int, time_limit: float, max_pixels: int) -> None:
        self.networks, self.commands, self.max_pixels = networks, commands, max_pixels
        self.lane = Lane(networks.load)
        self.line = Line(self.lane, queue, time_limit)
        self.budget = Budget(lambda: self.line.retry_after)
        self.metrics = Metrics([*(f"/{address}" for address in ADDRESSES), HEALTH, METRICS])
        self.metrics.watch("queue_length", "Requests that wait.", lambda: self.line.waiting)
        self.metrics.watch("queue_limit", "Requests that may wait.", lambda: self.line.most)
        self.metrics.watch("running", "Requests that are computed.", lambda: self.line.running)
        self.metrics.watch("body_bytes", "Bytes of the bodies of requests in memory.", lambda: self.budget.held)
        self.metrics.watch_state("models", "State of the networks.", STATES, lambda: self.networks.state)
        self._limiter: anyio.CapacityLimiter | None = None
        self._ending = False

    def routes(self) -> list[Route]:
        """All addresses."""
        works = [Route(f"/{address}", functools.partial(self.work, address), methods=["POST"]) for address in ADDRESSES]
        return [*works, Route(HEALTH, self.health), Route(METRICS, self.tell_metrics)]

    async def work(self, address: str, request: Request) -> Response:
        """Do what a request asks for."""
        self.check()
        with self.budget.holding(declared_size(request)):
            sent = await forms.read(request, address)
            task = await self._aside(lambda: tasks.prepare(address, sent, self.commands, self.max_pixels))
            pictures = await self.line.do(lambda cancel: tasks.perform(self.networks, task, cancel), request)
            form = answers.wanted_format(task.chosen.form.format, request.headers.get("accept", ""))
            answer = await self._aside(lambda: answers.encode(pictures, form))
        self.metrics.worked(f"/{address}", task.megapixels)
        return Response(answer.data, media_type=answer.media_type)

    async def health(self, request: Request) -> Response:
        """Whether requests are taken: 200 if so, 503 if not yet or no longer."""
        state = "ending" if self._ending else self.networks.state
        error = {"error": self.networks.error} if state == "failed" else {}
        return JSONResponse({"status": state, "version": __version__, **error}, 200 if state == "ready" else 503)

    async def tell_metrics(self, request: Request) -> Response:
        """What is counted."""
        text, media_type = self.metrics.text(request.headers.get("accept", ""))
        return Response(text, media_type=media_type)

    def check(self) -> None:
        """`Refusal` if no request is taken now, before its body is read."""
        if self.networks.state == "failed":
            raise Refusal(503, self.networks.error)
        if self.networks.state == "loading":
            raise Refusal(503, "the networks are still loading", {"Retry-After": "5"})
        self.line.check()

    def end(self, seconds: float) -> None:
        """Take no more requests; the one that runs has some seconds left. Called in the event loop."""
        if not self._ending:
            self._ending = True
            self.line.end()
            asyncio.get_running_loop().call_later(seconds, self.line.stop)

    async def _aside(self, function: Callable[[], T]) -> T:
        """Call what takes a moment in one of a few threads."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(function, limiter=self._limiter)


class Counting:
    """Counts each request and its answer, also those that are refused at the door."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), GONE

        async def send_and_look(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_look)
        finally:
            self.metrics.answered(scope["path"], status, time.monotonic() - began)


def create_service(service: Service, host: str, port: int, token: str) -> ASGIApp:
    """The service as an ASGI application; it starts and ends with it.

    Parameters
    ----------
    service : Service
    host, port : str, int
        What it is bound to.
    token : str
        What requests must bring; empty if they need not.

    Returns
    -------
    ASGI application
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.lane.start()
        try:
            yield
        finally:
            service.lane.close()

    handlers: dict[Any, Any] = {MangastyleError: on_error, HTTPException: on_http_error, Exception: on_fault}
    app = Starlette(routes=service.routes(), exception_handlers=handlers, lifespan=lifespan)
    return Counting(Draining(ServiceGuard(app, host, port, token)), service.metrics)
