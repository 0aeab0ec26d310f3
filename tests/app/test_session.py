"""What a session keeps of its picture: made once, by whoever asks first, and forgotten when it must be."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from mangastyle.app import session as sessions
from mangastyle.app.results import Styled
from mangastyle.app.session import About, Session, deepest
from mangastyle.app.storage import Folder
from mangastyle.io.images import Picture

PATIENCE = 10  # seconds


@pytest.fixture
def session(tmp_path, line_art):
    height, width = line_art.shape[:2]
    return Session("0" * 16, Folder(tmp_path), About("a.png", width, height, True), Picture(line_art, None))


def in_threads(function, count=8):
    found = []
    threads = [threading.Thread(target=lambda: found.append(function()), daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(found) == count, "a thread waits for ever"
    return found


def test_it_is_made_once_for_all_threads(session, monkeypatch):
    calls, find = [], sessions.find_regions

    def slow(*arguments):
        calls.append(arguments)
        time.sleep(0.05)
        return find(*arguments)

    monkeypatch.setattr(sessions, "find_regions", slow)
    found = in_threads(lambda: (session.anchors("preview", 0.03), session.regions("full", 0.03)))
    assert len(calls) == 1 and all(anchors is found[0][0] and regions is found[0][1] for anchors, regions in found)


def test_who_needs_something_else_does_not_wait(session):
    gate = threading.Event()
    thread = threading.Thread(target=lambda: session.keep("preview", "slow", lambda: gate.wait(PATIENCE)), daemon=True)
    thread.start()
    began = time.monotonic()
    assert session.regions("preview", 0.03) and session.picture("full") and time.monotonic() - began < 5
    gate.set()
    thread.join(PATIENCE)


def test_what_is_in_work_when_it_is_forgotten_is_not_kept(session):
    gate, begun, answers = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        gate.wait(PATIENCE)
        return "of before"

    thread = threading.Thread(target=lambda: answers.append(session.keep("preview", "art of before", slow)), daemon=True)
    thread.start()
    assert begun.wait(PATIENCE)
    session.tell_line_art(False)
    gate.set()
    thread.join(PATIENCE)
    assert answers == ["of before"] and session.keep("preview", "art of before", lambda: "of now") == "of now"


def test_what_fails_is_tried_again(session):
    with pytest.raises(ZeroDivisionError):
        session.keep("preview", "x", lambda: 1 / 0)
    assert session.keep("preview", "x", lambda: 3) == 3


def test_of_several_settings_the_last_few_are_kept(session):
    for gap in (0.01, 0.02, 0.03, 0.04, 0.05):
        session.regions("preview", gap)
    kept = [key for key in session._made["preview"] if key[0] == "regions"]
    assert kept == [("regions", gap) for gap in (0.03, 0.04, 0.05)]


def test_memory_is_counted_and_freed(session, line_art, tmp_path):
    (tmp_path / "picture").write_bytes(sessions.png(line_art))
    before = session.regions("preview", 0.03).labels
    assert session.bytes_kept >= 2 * line_art.nbytes + before.nbytes
    session.drop()
    assert session.bytes_kept == 0 and np.array_equal(session.regions("preview", 0.03).labels, before)


def test_a_painting_of_before_takes_the_place_of_none_of_now(session, line_art):
    session.save_styled("preview", Styled(1, {}, 255 - line_art, True))
    assert np.array_equal(session.last_styled("preview").picture, 255 - line_art)
    session.styled.clear()
    session.styled.add("preview", Styled(session.next_revision(), {}, line_art, True))
    session.styled.begin_with("preview", Styled(session.next_revision(), {}, 255 - line_art, True))
    assert np.array_equal(session.last_styled("preview").picture, line_art)


def test_revisions_go_on_after_a_restart(session, tmp_path):
    last = [session.next_revision() for _ in range(30)][-1]  # as many as a second has previews
    time.sleep(0.05)
    assert Session("0" * 16, Folder(tmp_path), session.about).next_revision() > last


def test_anchors_lie_in_their_regions():
    labels = np.random.default_rng(0).integers(0, 50, (30, 40)).astype(np.int32)
    places = deepest(labels, 50)
    assert np.array_equal(labels[places[:, 0], places[:, 1]], np.arange(50))
