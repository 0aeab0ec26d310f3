"""Work on many pictures on all cores, some of them ahead of the others, in bounded memory."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, Iterable, Iterator, NamedTuple

AHEAD = 64  # pictures that wait for those before them
HELD = 256 * 2**20  # bytes that these hold
PIXELS_AT_ONCE = 40_000_000  # that are being decoded, which may take 14 bytes each; a larger picture is decoded alone


class Job(NamedTuple):
    """The work on one picture.

    name : str, what the picture is called. held : int, the bytes that it holds until its turn comes. work : callable, without arguments.
    """

    name: str
    held: int
    work: Callable[[], Any]


def in_order(pool: ThreadPoolExecutor, jobs: Iterable[Job]) -> Iterator[tuple[str, Any]]:
    """Work on all cores, some pictures ahead; names and results come in the jobs' order.

    Parameters
    ----------
    pool : ThreadPoolExecutor
    jobs : iterable of Job
        It is advanced only as far as the limits allow: `AHEAD` pictures, which hold `HELD` bytes.

    Yields
    ------
    name : str
    result : object
        What its work returned.

    Examples
    --------
    >>> with ThreadPoolExecutor() as pool:
    ...     print(list(in_order(pool, [Job("a", 1, lambda: 5), Job("b", 1, lambda: 6)])))
    [('a', 5), ('b', 6)]
    """
    waiting: deque[tuple[str, int, Future]] = deque()
    held = 0
    for job in jobs:
        waiting.append((job.name, job.held, pool.submit(job.work)))
        held += job.held
        while len(waiting) > AHEAD or held > HELD and waiting:
            first, freed, future = waiting.popleft()
            held -= freed
            yield first, future.result()
    for name, _, future in waiting:
        yield name, future.result()


class Room:
    """Lets threads in as long as their pixels together are within a limit; one that has more alone waits for all others.

    Parameters
    ----------
    limit : int
        Pixels.

    Examples
    --------
    >>> room = Room(10)
    >>> with room.taking(20):  # alone
    ...     room.taken
    20
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.taken, self.changed = limit, 0, threading.Condition()

    @contextlib.contextmanager
    def taking(self, pixels: int) -> Iterator[None]:
        """While it is active, so many pixels are taken; waits until there is room for them."""
        with self.changed:
            self.changed.wait_for(lambda: not self.taken or self.taken + pixels <= self.limit)
            self.taken += pixels
        try:
            yield
        finally:
            with self.changed:
                self.taken -= pixels
                self.changed.notify_all()
