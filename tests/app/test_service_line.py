"""The line before the thread that computes: clients that go, the end of the server, and how long one waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mangastyle.app.jobs import Lane
from mangastyle.app.refusals import Refusal
from mangastyle.app.service.line import FIRST_GUESS, GONE, Line, _until_gone
from mangastyle.errors import Cancelled

PATIENCE = 10  # seconds


class Client:
    """A request whose client is there until it goes."""

    def __init__(self):
        self.going = asyncio.Event()

    async def receive(self):
        await self.going.wait()
        return {"type": "http.disconnect"}


class Work:
    """Work that runs until it is told to end, or to stop."""

    def __init__(self, result="done"):
        self.begun, self.end, self.stopped, self.result = threading.Event(), threading.Event(), threading.Event(), result

    def __call__(self, cancel):
        self.begun.set()
        while not self.end.wait(0.002):
            if cancel.is_set():
                self.stopped.set()
                raise Cancelled
        return self.result


async def until(condition):
    async def wait():
        while not condition():
            await asyncio.sleep(0.002)

    await asyncio.wait_for(wait(), PATIENCE)


@pytest.fixture
def run():
    """`run(test, most, limit)`: let a coroutine of a line run."""
    lane = Lane()
    lane.start()

    def run_with(test, most=4, limit=PATIENCE):
        return asyncio.run(asyncio.wait_for(test(Line(lane, most, limit)), PATIENCE))

    yield run_with
    assert lane.close(PATIENCE)


def test_a_client_that_goes_takes_its_request_along(run):
    async def test(line):
        first, second, third = Work(1), Work(2), Work(3)
        clients = [Client() for _ in range(3)]
        answers = [asyncio.create_task(line.do(work, client)) for work, client in zip((first, second, third), clients)]
        await until(first.begun.is_set)
        await until(lambda: line.waiting == 2)
        clients[1].going.set()  # it waits
        with pytest.raises(Refusal) as gone:
            await answers[1]
        assert gone.value.status == GONE
        await until(lambda: (line.running, line.waiting) == (1, 1))
        clients[0].going.set()  # it runs
        with pytest.raises(Refusal):
            await answers[0]
        await until(third.begun.is_set)
        assert first.stopped.is_set() and not second.begun.is_set()
        third.end.set()
        assert await answers[2] == 3
        await until(lambda: line.running == line.waiting == 0)

    run(test)


def test_at_the_end_the_one_that_runs_is_finished_and_no_other(run):
    async def test(line):
        works = [Work(i) for i in range(3)]
        answers = [asyncio.create_task(line.do(work, Client())) for work in works]
        await until(works[0].begun.is_set)
        line.end()
        for answer in (*answers[1:], line.do(Work(), Client())):
            with pytest.raises(Refusal, match="ending") as refused:
                await answer
            assert refused.value.status == 503 and refused.value.headers == {"Retry-After": "5", "Connection": "close"}
        await asyncio.sleep(0.05)
        assert not answers[0].done()  # nor told to stop
        works[0].end.set()
        assert await answers[0] == 0 and not works[1].begun.is_set()

    run(test)


def test_at_the_very_end_it_is_stopped(run):
    async def test(line):
        work = Work()
        answer = asyncio.create_task(line.do(work, Client()))
        await until(work.begun.is_set)
        line.end()
        line.stop()
        with pytest.raises(Refusal, match="ending") as refused:
            await answer
        assert refused.value.status == 503 and work.stopped.wait(PATIENCE)

    run(test)


def test_at_the_very_end_nobody_waits_for_what_does_not_stop(run):
    async def test(line):
        begun, end = threading.Event(), threading.Event()

        def deaf(cancel):
            begun.set()
            end.wait(PATIENCE)

        answer = asyncio.create_task(line.do(deaf, Client()))
        await until(begun.is_set)
        line.end()
        line.stop()
        with pytest.raises(Refusal, match="ending"):
            await asyncio.wait_for(answer, 1)
        end.set()

    run(test)


def test_time_counts_from_the_beginning_of_the_work(run):
    async def test(line):
        first, second = Work(), Work()
        answers = [asyncio.create_task(line.do(work, Client())) for work in (first, second)]
        await until(first.begun.is_set)
        for work, answer in ((first, answers[0]), (second, answers[1])):
            with pytest.raises(Refusal, match="not done within 0.2 seconds") as late:
                await answer
            assert late.value.status == 422 and work.begun.is_set()

    run(test, limit=0.2)


def test_how_long_to_wait_follows_from_recent_ones(run):
    async def test(line):
        assert line.retry_after == 1  # nothing waits
        work, more = Work(), [Work() for _ in range(2)]
        answers = [asyncio.create_task(line.do(each, Client())) for each in (work, *more)]
        await until(lambda: line.waiting == 2)
        assert line.retry_after == 3 * FIRST_GUESS
        line._recent.extend([2.0, 4.0])
        assert line.retry_after == 9
        line._recent.extend([1e6] * 3)
        assert line.retry_after == 600
        for each in (work, *more):
            each.end.set()
        await asyncio.gather(*answers)
        assert len(line._recent) == 8 and line._recent[-1] < PATIENCE

    run(test)


def test_faults_do_not_count_and_are_raised(run):
    async def test(line):
        def fail(cancel):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await line.do(fail, Client())
        await until(lambda: not line._turns)
        assert not line._recent

    run(test)


def test_parts_of_a_body_are_not_the_end_of_a_client():
    ahead = [{"type": "http.request"}, {"type": "http.request"}, {"type": "http.disconnect"}]

    class Request:
        async def receive(self):
            return ahead.pop(0)

    asyncio.run(_until_gone(Request()))  # type: ignore[arg-type]
    assert not ahead
