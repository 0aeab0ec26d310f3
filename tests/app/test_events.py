"""Events: numbered, kept for those who come back, streamed."""

from __future__ import annotations

import asyncio
import threading

import pytest
from fake_studio import sent

from mangastyle.app import events, protocol
from mangastyle.app.events import EventLog


def read(log, last, count, act=lambda: None):
    """The first parts of a stream, while something happens in another thread."""

    async def collect():
        parts = []
        threading.Timer(0.02, act).start()
        async for part in log.stream(last):
            parts.append(part.decode())
            if len(parts) == count:
                break
        return parts

    return asyncio.run(asyncio.wait_for(collect(), 10))


def test_a_stream_goes_on_where_it_was_cut_off():
    log = EventLog()
    numbers = [log.append("progress", {"done": i}) for i in range(5)]
    parts = read(log, numbers[2], 3)
    assert parts[0].startswith(":") and [part.splitlines()[0] for part in parts[1:]] == [f"id: {n}" for n in numbers[3:]]


def test_a_new_stream_gets_what_comes_from_now_on():
    log = EventLog()
    log.append("saved", {"revision": 1})
    parts = read(log, None, 2, lambda: log.append("saved", {"revision": 2}))
    assert parts[1].endswith('event: saved\ndata: {"revision":2}\n\n')


@pytest.mark.parametrize("last", [0, 2**52])
def test_who_has_missed_events_or_comes_from_another_server_begins_again(last):
    log = EventLog()
    for i in range(events.KEPT + 10):
        log.append("progress", {"done": i})
    parts = read(log, last, 3, lambda: log.append("saved", {"revision": 2}))
    assert "event: reset" in parts[1] and "event: saved" in parts[2]


def test_large_events_are_kept_for_less_long(monkeypatch):
    monkeypatch.setattr(events, "KEPT_BYTES", 10_000)
    log = EventLog()
    numbers = [log.append("shaded", {"colors": "x" * 3000}) for _ in range(10)]
    assert log.since(numbers[0]) is None and len(log.since(numbers[-3]) or []) == 2
    log.append("shaded", {"colors": "x" * 30_000})
    assert len(log.since(numbers[-1]) or []) == 1  # the last one always is


def test_numbers_go_on_after_a_restart():
    before = EventLog().append("saved", {})
    assert EventLog().last >= before - 1


def test_a_silent_stream_pulses(monkeypatch):
    monkeypatch.setattr(events, "PULSE", 0.01)
    assert read(EventLog(), None, 3)[1:] == [": ping\n\n", ": ping\n\n"]


def test_the_end_of_a_log_ends_its_streams():
    log = EventLog()

    async def collect():
        threading.Timer(0.02, log.close).start()
        return [part async for part in log.stream(None)]

    assert asyncio.run(asyncio.wait_for(collect(), 10)) == [b": mangastyle\n\n"] and log.listening == 0


def test_events_come_from_all_threads_and_none_is_lost():
    log = EventLog()
    first = log.last

    def append():
        for i in range(50):
            log.append("progress", {"done": i})

    def act():
        for _ in range(4):
            threading.Thread(target=append).start()

    parts = read(log, first, 201, act)
    assert [int(part.splitlines()[0].removeprefix("id: ")) for part in parts[1:]] == list(range(first + 1, first + 201))


def test_streams_of_a_session_through_http(page, line_art, monkeypatch):
    session = page.open(line_art)["id"]
    log = page.studio.sessions.get(session).events
    number = log.append("saved", {"revision": 1})
    threading.Timer(0.1, log.close).start()
    answer = page.get(f"/sessions/{session}/events", headers={"Last-Event-ID": str(number - 1)})
    assert answer.headers["content-type"].startswith("text/event-stream") and f"id: {number}\n" in answer.text
    monkeypatch.setattr(protocol, "STREAMS", 0)
    assert sent(page.get(f"/sessions/{session}/events"))[0] == 429


def test_who_does_not_listen_can_ask(page, line_art):
    session = page.open(line_art)["id"]
    log = page.studio.sessions.get(session).events
    number = log.append("saved", {"revision": 1})

    def asked(last):
        return page.get(f"/sessions/{session}/events?once=1", headers={"Last-Event-ID": str(last)}).text  # ends by itself

    assert f"id: {number}\n" in asked(number - 1) and "id:" not in asked(number) and log.listening == 0
    assert f"id: {number}\nevent: reset" in asked(5)
