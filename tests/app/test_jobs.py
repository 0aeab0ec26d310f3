"""The compute lane: one thread, the latest wins, stopping, giving way; with work that computes nothing."""

from __future__ import annotations

import random
import threading
import time
from types import SimpleNamespace

import pytest

from mangastyle.app.jobs import FAULT, Lane
from mangastyle.errors import Cancelled, MangastyleError

PATIENCE = 10  # seconds


class Log:
    """Events of jobs, as they come."""

    def __init__(self):
        self.events, self.lock = [], threading.Lock()

    def __call__(self, name, data):
        with self.lock:
            self.events.append((name, data["job"]))

    def of(self, name):
        with self.lock:
            return [job for other, job in self.events if other == name]

    def wait(self, name, count=1):
        until = time.monotonic() + PATIENCE
        while len(self.of(name)) < count:
            assert time.monotonic() < until, self.events
            time.sleep(0.002)
        return self.of(name)


@pytest.fixture
def lane():
    lane = Lane()
    lane.start()
    yield lane
    assert lane.close(PATIENCE)


@pytest.fixture
def log():
    return Log()


def done(job):
    job.tell("done")


def until_cancelled(job):
    job.tell("running")
    assert job.cancel.wait(PATIENCE)
    raise Cancelled


def test_jobs_run_one_after_the_other_in_one_thread(lane, log):
    threads, inside = set(), []

    def work(job):
        threads.add(threading.current_thread())
        inside.append(job.number)
        assert len(inside) == 1
        time.sleep(0.001)
        inside.pop()
        done(job)

    for key in range(20):
        lane.submit(key, work, log)
    assert log.wait("done", 20) == list(range(1, 21)) and len(threads) == 1 and threading.current_thread() not in threads


def test_the_latest_takes_the_place_of_one_that_waits(lane, log):
    gate = threading.Event()
    lane.submit("other", lambda job: gate.wait(PATIENCE), log)
    for _ in range(5):
        lane.submit("preview", done, log)
    assert log.of("cancelled") == [2, 3, 4, 5]  # told at once
    gate.set()
    assert log.wait("done") == [6]


def test_the_latest_stops_one_that_runs(lane, log):
    lane.submit("full", until_cancelled, log)
    log.wait("running")
    lane.submit("full", done, log)
    assert log.wait("done") == [2] and log.of("cancelled") == [1]


def test_other_keys_are_left_alone(lane, log):
    lane.submit("a", until_cancelled, log)
    log.wait("running")
    lane.submit("b", done, log)
    assert lane.cancel(lambda job: job.key == "b") == 1 and log.of("cancelled") == [2]
    assert lane.is_busy(lambda job: job.key == "a") and not lane.is_busy(lambda job: job.key == "b")
    assert lane.cancel(lambda job: job.key == "c") == 0
    assert lane.cancel(lambda job: job.key == "a") == 1 and log.wait("cancelled", 2) == [2, 1]


def test_urgent_jobs_go_first(lane, log):
    gate = threading.Event()
    lane.submit("first", lambda job: gate.wait(PATIENCE), log)
    lane.submit("long", done, log)
    lane.submit("urgent", done, log, urgent=True)
    gate.set()
    assert log.wait("done", 2) == [3, 2]


def test_a_long_job_gives_way_whenever_it_reports(lane, log):
    begun, go_on = threading.Event(), threading.Event()

    def long(job):
        begun.set()
        assert go_on.wait(PATIENCE)
        job.progress(1, 2)
        job.tell("after")
        done(job)

    lane.submit("long", long, log)
    assert begun.wait(PATIENCE)
    lane.submit("other long", done, log)
    lane.submit("urgent", done, log, urgent=True)
    lane.submit("urgent too", done, log, urgent=True)
    go_on.set()
    assert log.wait("done", 4) == [3, 4, 1, 2]


def test_an_urgent_job_that_fails_does_not_end_the_long_one(lane, log):
    begun, go_on = threading.Event(), threading.Event()

    def long(job):
        begun.set()
        assert go_on.wait(PATIENCE)
        job.progress(1, 2)
        done(job)

    def fails(job):
        raise ZeroDivisionError

    lane.submit("long", long, log)
    assert begun.wait(PATIENCE)
    lane.submit("urgent", fails, log, urgent=True)
    go_on.set()
    assert log.wait("done") == [1] and log.of("failed") == [2]


def test_a_long_job_is_stopped_by_its_successor_while_an_urgent_one_runs_within_it(lane, log):
    begun, inner = threading.Event(), threading.Event()

    def long(job):
        begun.set()
        while True:
            job.progress(1, 2)
            job.stop_if_cancelled()
            time.sleep(0.001)

    def urgent(job):
        inner.set()
        time.sleep(0.05)
        done(job)

    lane.submit("long", long, log)
    assert begun.wait(PATIENCE)
    lane.submit("urgent", urgent, log, urgent=True)
    assert inner.wait(PATIENCE)
    lane.submit("long", done, log)
    assert log.wait("done", 2) == [2, 3] and log.of("cancelled") == [1]


def test_what_is_done_aside_does_not_hold_up_what_is_urgent(lane, log):
    gate, told = threading.Event(), []

    def long(job):
        told.append(job.aside(lambda: (gate.wait(PATIENCE), threading.current_thread().name)))
        done(job)

    lane.submit("long", long, log)
    lane.submit("urgent", done, log, urgent=True)
    assert log.wait("done") == [2]
    gate.set()
    assert log.wait("done", 2) == [2, 1] and told == [(True, "mangastyle aside")]


def test_a_job_that_waits_for_what_is_done_aside_stops_at_once(lane, log):
    gate = threading.Event()

    def long(job):
        job.tell("running")
        job.aside(lambda: gate.wait(PATIENCE))
        done(job)

    lane.submit("long", long, log)
    log.wait("running")
    lane.cancel(lambda job: True)
    assert log.wait("cancelled") == [1] and not log.of("done")
    gate.set()


def test_one_thing_is_done_aside_at_a_time_whoever_was_stopped(lane, log):
    """What cannot be stopped ends first; what was stopped before it has begun never begins."""
    gate, begun = threading.Event(), []

    def long(job):
        job.tell("running")
        job.aside(lambda: (begun.append(job.number), gate.wait(PATIENCE)))
        done(job)

    for count in (1, 2):
        lane.submit("long", long, log)
        log.wait("running", count)
        while not begun:
            time.sleep(0.002)
    lane.submit("long", long, log)
    log.wait("running", 3)
    time.sleep(0.05)
    assert begun == [1] and log.of("cancelled") == [1, 2]
    gate.set()
    assert log.wait("done") == [3] and begun == [1, 3]


def test_what_goes_wrong_aside_goes_wrong_in_the_job(lane, log):
    told = []

    def fails():
        raise MangastyleError("no such painting")

    def times_out():
        raise TimeoutError("of its own")

    lane.submit("a", lambda job: job.aside(fails), lambda name, data: told.append(data["error"]))
    lane.submit("b", lambda job: job.aside(times_out), lambda name, data: told.append(data["error"]))
    lane.submit("c", lambda job: told.append(job.aside(lambda: 3)), log, urgent=True)
    lane.submit("d", done, log)
    log.wait("done")
    assert 3 in told and told[-2] == "no such painting" and "disk" in told[-1]  # a TimeoutError is an OSError


@pytest.mark.parametrize(
    ("error", "line"),
    [(MangastyleError("no such painting"), "no such painting"), (ZeroDivisionError(), FAULT), (MemoryError(), "memory"),
     (OSError(28, "No space left on device"), "No space")],
)  # fmt: skip
def test_what_goes_wrong_is_told_and_the_lane_goes_on(lane, log, error, line):
    told = {}

    def work(job):
        raise error

    lane.submit("a", work, lambda name, data: told.update({name: data}), kind="shade")
    lane.submit("b", done, log)
    log.wait("done")
    assert line in told["failed"]["error"] and told["failed"]["kind"] == "shade"


def test_progress_says_how_much_is_left_and_not_too_often(lane, log):
    told = []

    def work(job):
        for i in range(1000):
            job.progress(i + 1, 1000)
        job.progress(1, 2, picture=7)

    lane.submit("a", work, lambda name, data: told.append(data) if name == "progress" else None, kind="style", size="full", tag=3)
    lane.submit("b", done, log)
    log.wait("done")
    assert (
        2 <= len(told) < 20 and {"job": 1, "kind": "style", "size": "full", "tag": 3, "done": 1000, "of": 1000}.items() <= told[-2].items()
    )
    assert told[-1]["picture"] == 7 and told[-1]["left"] >= 0


def test_the_time_left_is_measured_anew_where_other_steps_follow(lane, log, monkeypatch):
    """Fast steps, and such as were done on another day, say nothing of those to come."""
    left, clock = [], [1000.0]
    monkeypatch.setattr("mangastyle.app.jobs.time", SimpleNamespace(monotonic=lambda: clock[0]))

    def work(job):
        for part in (job, job.quiet()):
            part.tell = lambda name, **data: left.append(data["left"])
            clock[0] += 50
            part.measure(60)
            part.progress(60, 100)
            for steps in (61, 70):
                clock[0] += 2
                part.progress(steps, 100)
            part.measure()
            clock[0] += 3
            part.progress(1, 2)
        log("done", {"job": job.number})

    lane.submit("a", work, log)
    log.wait("done")
    assert left == [None, 2 * 39.0, round(4 / 10 * 30, 1), 3.0] * 2


def test_the_end_drops_what_waits_and_stops_what_runs(log):
    lane = Lane()
    lane.start()
    lane.submit("a", until_cancelled, log)
    log.wait("running")
    lane.submit("b", done, log)
    assert lane.close(PATIENCE) and sorted(log.of("cancelled")) == [1, 2] and not log.of("done")
    with pytest.raises(MangastyleError, match="ending"):
        lane.submit("c", done, log)


def test_the_end_does_not_wait_for_work_that_cannot_be_stopped(log):
    gate, lane = threading.Event(), Lane()
    lane.start()
    lane.submit("a", lambda job: (job.tell("running"), gate.wait(PATIENCE)), log)
    log.wait("running")
    began = time.monotonic()
    assert not lane.close(0.1) and time.monotonic() - began < 2
    gate.set()


def test_jobs_wait_while_networks_load(log):
    gate = threading.Event()
    lane = Lane(lambda: gate.wait(PATIENCE))
    lane.start()
    lane.submit("a", done, log)
    lane.submit("a", done, log)
    assert log.of("cancelled") == [1] and not log.of("done")
    gate.set()
    assert log.wait("done") == [2]
    lane.close()


def test_nothing_locks_up_whatever_comes_when(lane, log):
    """Every job ends in one way, whoever submits and stops; a teller may call the lane back."""
    ends = {}
    lock = threading.Lock()

    def tell(name, data):
        lane.is_busy(lambda job: True)
        if name in ("done", "cancelled", "failed"):
            with lock:
                assert data["job"] not in ends, "ended twice"
                ends[data["job"]] = name

    def work(job):
        for i in range(random.randrange(6)):
            job.progress(i, 6)
            job.stop_if_cancelled()
        if random.random() < 0.1:
            raise ZeroDivisionError
        done(job)

    def submit(seed):
        choose = random.Random(seed)
        for _ in range(300):
            key = choose.randrange(4)
            lane.submit(key, work, tell, urgent=key % 2 == 0)
            if choose.random() < 0.2:
                lane.cancel(lambda job, key=key: job.key == key)

    threads = [threading.Thread(target=submit, args=[seed], daemon=True) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    lane.submit("last", done, log)
    log.wait("done")
    assert len(ends) == 1200 and {"done", "cancelled"} <= set(ends.values())
