"""A session's events: numbered, kept for those who come back, sent to every page that listens."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from typing import Any, AsyncIterator, NamedTuple

KEPT, KEPT_BYTES = 512, 8 * 2**20  # events, for those who were cut off
PULSE = 10.0  # seconds after which a stream without events sends a line, so that whoever left is noticed


class Event(NamedTuple):
    """An event: its number, its name, and what JSON can hold."""

    id: int
    name: str
    data: dict[str, Any]

    def encoded(self) -> bytes:
        """The event as it is sent.

        Examples
        --------
        >>> Event(3, "saved", {"revision": 7}).encoded()
        b'id: 3\\nevent: saved\\ndata: {"revision":7}\\n\\n'
        """
        return f"id: {self.id}\nevent: {self.name}\ndata: {json.dumps(self.data, separators=(',', ':'))}\n\n".encode()


class EventLog:
    """The last events of a session. Any thread may append; streams are read in an event loop.

    Numbers go on from the clock, so that those of a server that was started again are larger than all before.

    Examples
    --------
    >>> log = EventLog()
    >>> first = log.append("saved", {"revision": 1})
    >>> [event.name for event in log.since(first - 1)], log.since(first)
    (['saved'], [])
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._last = int(time.time() * 1000)
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._closed = False

    @property
    def last(self) -> int:
        """The number of the last event, or of the one before the first."""
        return self._last

    @property
    def listening(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    def append(self, name: str, data: dict[str, Any]) -> int:
        """Add an event; returns its number."""
        with self._lock:
            self._last += 1
            self._events.append(event := Event(self._last, name, data))
            self._bytes += len(event.encoded())
            while len(self._events) > KEPT or self._bytes > KEPT_BYTES and len(self._events) > 1:
                self._bytes -= len(self._events.popleft().encoded())
            listeners = list(self._listeners)
        _wake(listeners)
        return self._last

    def since(self, last: int) -> list[Event] | None:
        """The events after a number; None if some of them are no longer kept, or the number is of another server."""
        with self._lock:
            oldest = self._last - len(self._events)
            if not oldest <= last <= self._last:
                return None
            return [event for event in self._events if event.id > last]

    async def news(self, last: int | None) -> AsyncIterator[bytes]:
        """The events after the one with number `last`, as `stream` sends them, without waiting for more; none if that is None."""
        events = [] if last is None else self.since(last)
        yield b": mangastyle\n\n"
        for event in [Event(self._last, "reset", {})] if events is None else events:
            yield event.encoded()

    def close(self) -> None:
        """End all streams."""
        with self._lock:
            self._closed = True
            listeners = list(self._listeners)
        _wake(listeners)

    async def stream(self, last: int | None) -> AsyncIterator[bytes]:
        """Events as they come, after the one with number `last`, or from now on.

        Who has missed some that are no longer kept gets an event `reset` first: to ask for everything again.
        """
        woken = asyncio.Event()
        listener = (asyncio.get_running_loop(), woken)
        with self._lock:
            self._listeners.add(listener)
        try:
            position = self._last if last is None else last
            yield b": mangastyle\n\n"
            while not self._closed:
                woken.clear()
                events = self.since(position)
                if events is None:
                    position = self._last
                    yield Event(position, "reset", {}).encoded()
                    continue
                for event in events:
                    yield event.encoded()
                    position = event.id
                if not events:
                    try:
                        await asyncio.wait_for(woken.wait(), PULSE)
                    except asyncio.TimeoutError:
                        yield b": ping\n\n"
        finally:
            with self._lock:
                self._listeners.discard(listener)


def _wake(listeners: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    for loop, woken in listeners:
        try:
            loop.call_soon_threadsafe(woken.set)
        except RuntimeError:  # the loop has ended
            pass
