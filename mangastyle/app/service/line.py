"""Requests that wait for the thread that computes: no more than so many, each with a limit of time, dropped when its client has gone."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import Any, Callable, Generic, TypeVar

from starlette.requests import Request

from mangastyle.app.jobs import Job, Lane
from mangastyle.app.refusals import Refusal
from mangastyle.errors import Cancelled

T = TypeVar("T")
RECENT = 32  # requests whose duration counts for the next ones
FIRST_GUESS, LONGEST_GUESS = 5.0, 600.0  # seconds
ENDING = "the server is ending"
GONE = 499  # status of a request whose client has gone; nobody reads it, it is counted


class Cancel:
    """What a long call looks at: set by somebody else, or when its time is over.

    Examples
    --------
    >>> Cancel(threading.Event(), 60).is_set(), Cancel(threading.Event(), 0).is_set()
    (False, True)
    """

    def __init__(self, event: threading.Event, seconds: float) -> None:
        self._event, self._until = event, time.monotonic() + seconds

    def is_set(self) -> bool:
        """Whether the call is to stop."""
        return self._event.is_set() or self.late

    @property
    def late(self) -> bool:
        """Whether its time is over."""
        return time.monotonic() >= self._until


class Turn(Generic[T]):
    """The turn of one request: its work, and what will hold the result."""

    def __init__(self, work: Callable[[Any], T], limit: float) -> None:
        self.found: Future[T] = Future()
        self.seconds = 0.0
        self._work: Callable[[Any], T] | None = work
        self._limit = limit

    def run(self, job: Job) -> None:
        """Do the work; called in the lane's thread."""
        if not self.found.set_running_or_notify_cancel():
            return
        work, self._work = self._work, None  # what was sent is not kept longer than its work
        assert work
        began = time.monotonic()
        try:
            result = work(Cancel(job.cancel, self._limit))
        except BaseException as error:
            self.seconds = time.monotonic() - began
            self.found.set_exception(error)
        else:
            self.seconds = time.monotonic() - began
            self.found.set_result(result)

    def tell(self, event: str, data: dict[str, Any]) -> None:
        """Called if it never runs."""
        self.found.cancel()


class Line:
    """The line before the lane. Calls come from one event loop.

    Parameters
    ----------
    lane : Lane
    most : int
        How many may wait, besides the one that runs.
    limit : float
        Seconds that one may run.
    """

    def __init__(self, lane: Lane, most: int, limit: float) -> None:
        self.lane, self.most, self.limit = lane, most, limit
        self._turns: set[Turn[Any]] = set()
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._ending, self._stopped = False, asyncio.Event()

    @property
    def running(self) -> int:
        """How many run: one or none."""
        return sum(turn.found.running() for turn in self._turns)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._turns) - self.running

    @property
    def retry_after(self) -> int:
        """Seconds until all that wait now will be done, as far as recent ones tell."""
        each = sum(self._recent) / len(self._recent) if self._recent else FIRST_GUESS
        return math.ceil(min(max(1.0, each * len(self._turns)), LONGEST_GUESS))

    def check(self) -> None:
        """`Refusal` 429 if too many wait already, 503 if the server is ending."""
        if self._ending:
            raise self._end()
        if len(self._turns) > self.most:
            raise Refusal(429, f"{self.waiting} requests wait already; come back later", {"Retry-After": str(self.retry_after)})

    async def do(self, work: Callable[[Any], T], request: Request) -> T:
        """The result of work in the lane, when it is its turn.

        Parameters
        ----------
        work : callable
            Gets a `Cancel`.
        request : Request
            Whose body has been read. If its client goes, the work is dropped, or stopped.

        Returns
        -------
        object

        Raises
        ------
        Refusal
            As `check`; 422 if it took too long, 499 if the client has gone.
        Exception
            What the work raises.
        """
        self.check()
        turn = Turn(work, self.limit)
        self.lane.submit(turn, turn.run, turn.tell)
        self._turns.add(turn)
        found = asyncio.wrap_future(turn.found)
        found.add_done_callback(lambda found: self._leave(turn, found))
        gone, stopped = asyncio.ensure_future(_until_gone(request)), asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait({found, gone, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not found.done():
                raise self._end() if stopped.done() else Refusal(GONE, "the client has gone")
            if found.cancelled() or isinstance(found.exception(), Cancelled):
                raise self._end() if self._ending else self._late()
            return found.result()
        finally:
            gone.cancel()
            stopped.cancel()
            if not found.done():
                self.lane.cancel(lambda job: job.key is turn)

    def end(self) -> None:
        """Take no more, drop those that wait; the one that runs goes on."""
        self._ending = True
        waiting = {turn for turn in self._turns if not turn.found.running()}
        self.lane.cancel(lambda job: job.key in waiting)

    def stop(self) -> None:
        """Stop the one that runs, too; who waits for it is told at once, even if it does not stop soon."""
        self.lane.cancel(lambda job: True)
        self._stopped.set()

    def _leave(self, turn: Turn[Any], found: asyncio.Future[Any]) -> None:
        self._turns.discard(turn)
        if not found.cancelled() and not found.exception():  # asking for it marks it as seen, where the client has gone
            self._recent.append(turn.seconds)

    def _end(self) -> Refusal:
        return Refusal(503, ENDING, {"Retry-After": "5", "Connection": "close"})

    def _late(self) -> Refusal:
        return Refusal(422, f"this was not done within {self.limit:g} seconds; send a smaller picture, or ask for less")


async def _until_gone(request: Request) -> None:
    """Wait until the client of a request has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
