"""The compute lane: one thread in which all that needs a network runs, one job after the other.

Of the jobs of one key, such as a session's previews of shading, the latest wins: it takes the place of one that waits, and one that
runs is told to stop. Jobs that a person waits for go first, and long jobs give way to them: whenever a long job reports progress, the
urgent jobs that have come meanwhile are done in between, in the same thread. So there is never a second thread that computes.

What takes long and needs no network, such as finding the regions of a large picture or writing a layered file, is done aside: the job
waits for another thread, and the lane does what is urgent.

The lock is held only while the queue is looked at or changed; never while a job runs or somebody is told of one.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from concurrent.futures import Future, TimeoutError
from typing import Any, Callable, Hashable, Mapping, TypeVar

from mangastyle.errors import Cancelled, MangastyleError

T = TypeVar("T")
Tell = Callable[[str, dict[str, Any]], object]
OFTEN = 0.1  # seconds between two reports of progress
LOOK = 0.02  # seconds between two looks at the queue, while something is done aside
ENDING = 10.0  # seconds that the end of the server waits for a job to stop: graphs that are being compiled do not look whether they are to
AT_ONCE = 0.5  # seconds that it waits for the thread otherwise
FAULT = "this is a fault of mangastyle; its terminal shows more"
NO_MEMORY = "not enough memory for this size"

remarks = logging.getLogger(__name__)


class Job:
    """One piece of work.

    Parameters
    ----------
    number : int
        Names it in events.
    key : hashable
        Of jobs with one key, the latest wins.
    urgent : bool
        Whether a person waits for it: it goes first, and others give way to it.
    work : callable
        Gets the job; runs in the lane's thread.
    tell : callable
        Gets events, (name, data).
    marks : mapping
        What each of its events says besides: kind, size, tag.

    Attributes
    ----------
    cancel : threading.Event
        Set when it is to stop.
    """

    def __init__(
        self, number: int, key: Hashable, urgent: bool, work: Callable[[Job], None], tell: Tell, marks: Mapping[str, Any], lane: Lane
    ) -> None:
        self.number, self.key, self.urgent, self.work, self.marks, self.lane = number, key, urgent, work, marks, lane
        self._tell, self._began, self._reported = tell, 0.0, 0.0
        self._measured = (0.0, 0.0)  # since when the time left is measured, and how much was done by then
        self.cancel = threading.Event()

    def tell(self, event: str, /, **data: Any) -> None:
        """Send an event of this job."""
        self._tell(event, {"job": self.number, **self.marks, **data})

    def progress(self, done: float, of: float, picture: int | None = None) -> None:
        """Report how far it is, not too often, and give way to what is urgent; urgent jobs are over before anybody reads it.

        Parameters
        ----------
        done, of : float
            Steps done, and all of them.
        picture : int, optional
            Revision of the picture on the way.
        """
        if self.urgent:
            return
        now = time.monotonic()
        if picture is not None or done >= of or now - self._reported >= OFTEN:
            self._reported = now
            since, before = self._measured
            left = (now - since) * (of - done) / (done - before) if done > before else None
            rounded = None if left is None else round(left, 1)
            self.tell("progress", done=done, of=of, left=rounded, picture=picture)
        self.lane.give_way()

    def measure(self, done: float = 0.0) -> None:
        """Measure from now on how long the rest takes, where steps of another kind follow; so much of them is done already."""
        self._measured = (time.monotonic(), done)

    def aside(self, function: Callable[[], T]) -> T:
        """Call what needs no network and takes long in another thread, giving way meanwhile; raises what it raises.

        If the job is to stop, it does so at once; what has been begun is finished for whoever asks next, and nothing else is begun aside
        before: so however many jobs are stopped, no memory is taken twice.
        """
        if self.urgent:
            return function()
        found: Future[T] = Future()

        def call() -> None:
            with self.lane.beside:
                try:
                    self.stop_if_cancelled()
                    found.set_result(function())
                except BaseException as error:
                    found.set_exception(error)

        threading.Thread(target=call, name="mangastyle aside", daemon=True).start()
        while True:
            try:
                return found.result(LOOK)
            except TimeoutError:
                if found.done():  # the function's own
                    raise
                self.lane.give_way()
                self.stop_if_cancelled()

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return round(time.monotonic() - self._began, 3)

    def stop_if_cancelled(self) -> None:
        """Raise `Cancelled` if it is to stop."""
        if self.cancel.is_set():
            raise Cancelled

    def quiet(self) -> Job:
        """A job that tells nobody of its steps: a part of this one, which stops with it."""
        part = Job(self.number, self.key, self.urgent, self.work, lambda name, data: None, {}, self.lane)
        part.cancel, part._began = self.cancel, time.monotonic()
        part.measure()
        return part

    def run(self) -> None:
        """Do the work, and tell how it ended if not well. It never raises."""
        self._began = time.monotonic()
        self.measure()
        try:
            self.stop_if_cancelled()
            self.work(self)
        except Cancelled:
            self.tell("cancelled")
        except MangastyleError as error:
            self.tell("failed", error=str(error))
        except MemoryError:
            self.tell("failed", error=NO_MEMORY)
        except OSError as error:
            self.tell("failed", error=f"the disk refuses ({error.strerror or error})")
        except Exception:
            remarks.exception("a job failed")
            self.tell("failed", error=FAULT)


class Lane:
    """The thread that computes, and its queue.

    Parameters
    ----------
    prepare : callable, optional
        Called first of all in the thread, such as to load networks; it must not raise.

    Attributes
    ----------
    beside : Lock
        Held while something is done aside.

    Examples
    --------
    >>> done = threading.Event()
    >>> lane = Lane()
    >>> lane.start()
    >>> lane.submit("a", lambda job: done.set(), lambda name, data: None).number, done.wait(10)
    (1, True)
    >>> lane.close()
    True
    """

    def __init__(self, prepare: Callable[[], None] = lambda: None) -> None:
        self._prepare = prepare
        self.beside = threading.Lock()
        self._condition = threading.Condition()
        self._waiting: list[Job] = []
        self._running: list[Job] = []  # the last one runs, the others have given way
        self._numbers = itertools.count(1)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="mangastyle compute", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, key: Hashable, work: Callable[[Job], None], tell: Tell, urgent: bool = False, **marks: Any) -> Job:
        """Let a job wait for its turn; it takes the place of one of the same key, and stops one that runs.

        Parameters
        ----------
        key, work, tell, urgent, **marks
            As for `Job`.

        Raises
        ------
        MangastyleError
            If the lane is closed.
        """
        with self._condition:
            if self._closing:
                raise MangastyleError("the server is ending")
            job = Job(next(self._numbers), key, urgent, work, tell, marks, self)
            dropped = self._drop(lambda other: other.key == key)
            self._waiting.append(job)
            self._condition.notify()
        _tell_dropped(dropped)
        return job

    def cancel(self, wanted: Callable[[Job], bool]) -> int:
        """Drop jobs that wait, and tell those that run to stop; returns how many there were."""
        with self._condition:
            running = sum(map(wanted, self._running))
            dropped = self._drop(wanted)
        _tell_dropped(dropped)
        return running + len(dropped)

    def is_busy(self, wanted: Callable[[Job], bool]) -> bool:
        """Whether such a job waits or runs."""
        with self._condition:
            return any(map(wanted, (*self._waiting, *self._running)))

    def give_way(self) -> None:
        """Do the urgent jobs that wait; called in the lane's thread, by a job that is not urgent."""
        if threading.current_thread() is not self._thread:
            return
        while job := self._take(urgent_only=True):
            self._do(job)

    def close(self, seconds: float = ENDING) -> bool:
        """Drop all jobs, and end the thread when the running one stops; whether it has ended within some seconds.

        A process that ends while TensorFlow computes in another thread is aborted by it; while networks are loaded it is not.
        """
        with self._condition:
            self._closing = True
            seconds = seconds if self._running else min(seconds, AT_ONCE)
            dropped = self._drop(lambda job: True)
            self._condition.notify()
        _tell_dropped(dropped)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _drop(self, wanted: Callable[[Job], bool]) -> list[Job]:
        """Take jobs from the queue, and set `cancel` of those that run; the lock is held."""
        dropped = [job for job in self._waiting if wanted(job)]
        self._waiting = [job for job in self._waiting if job not in dropped]
        for job in self._running:
            if wanted(job):
                job.cancel.set()
        return dropped

    def _take(self, urgent_only: bool = False) -> Job | None:
        """The next job, which counts as running from now on; None if there is none."""
        with self._condition:
            ahead = sorted((job for job in self._waiting if job.urgent or not urgent_only), key=lambda job: not job.urgent)
            if not ahead:
                return None
            self._waiting.remove(ahead[0])
            self._running.append(ahead[0])
            return ahead[0]

    def _do(self, job: Job) -> None:
        try:
            job.run()
        finally:
            with self._condition:
                self._running.remove(job)

    def _run(self) -> None:
        self._prepare()
        while True:
            with self._condition:
                while not (self._waiting or self._closing):
                    self._condition.wait()
                if self._closing:
                    return
            if job := self._take():
                self._do(job)


def _tell_dropped(jobs: list[Job]) -> None:
    for job in jobs:
        job.tell("cancelled")
