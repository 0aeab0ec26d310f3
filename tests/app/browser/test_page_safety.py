"""Nothing that was drawn is lost: full storage, answers that get lost, pictures opened one after the other, other tabs."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest

pytestmark = [pytest.mark.app, pytest.mark.slow]

FACE, SHIRT = (0.5, 0.47), (0.5, 0.85)  # of the sample "figure"
RED, BLUE = "#d62020", "#2040d0"
FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"
FORBIDDEN = """for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, { get() { throw new DOMException('forbidden', 'SecurityError'); } });"""


@pytest.mark.parametrize("storage", [FULL, FORBIDDEN], ids=["full", "forbidden"])
def test_the_page_works_where_the_browser_keeps_nothing(desk: Any, storage: str) -> None:
    desk.page.add_init_script(storage)
    desk.open_sample()
    desk.page.keyboard.press("b")
    assert desk.see("m.ui.get('tool')") == "brush"
    desk.stroke((0.35, 0.85), (0.6, 0.9))
    desk.page.wait_for_timeout(1300)
    assert "strokes" in json.dumps(desk.server.session.state)


def test_what_can_be_saved_nowhere_is_told(desk: Any) -> None:
    desk.open_sample()
    desk.page.wait_for_timeout(1300)
    desk.page.evaluate(f"() => {{ {FULL} }}")
    desk.page.route("**/state", lambda route: route.fulfill(status=507, json={"error": "the disk is full"}))
    said: list[str] = []
    desk.page.expose_function("saySaid", lambda text: said.append(text))
    desk.see("m.desk.on('say', (text) => window.saySaid(text)) && 0")
    desk.click(*SHIRT)
    desk.page.wait_for_timeout(1500)
    assert any("keep the tab open" in text for text in said)
    assert "disk is full" in desk.page.inner_text(".message")
    desk.errors = [error for error in desk.errors if "507" not in error]  # the browser's own words


def test_what_is_drawn_while_another_picture_opens_is_saved(desk: Any) -> None:
    desk.open_sample()
    desk.page.wait_for_timeout(1300)
    first = desk.server.session
    with desk.held("**/pictures/original*"):
        desk.bring("paste", ".middle", "mine.png")
        desk.until("document.body.classList.contains('opening')")
        desk.page.wait_for_timeout(300)
        desk.take(RED)
        desk.click(*SHIRT)
        assert desk.doc["fills"], "the first picture is still there"
    desk.until("m.studio.session.name === 'mine.png'")
    desk.page.wait_for_timeout(1300)
    assert RED in json.dumps(first.state)
    assert RED not in json.dumps(desk.server.session.state)


def test_of_two_pictures_the_one_that_was_asked_for_last_is_opened(desk: Any) -> None:
    desk.open()
    with desk.held("**/sessions?name=slow.png"):
        desk.bring("paste", ".middle", "slow.png")
        desk.page.wait_for_timeout(300)
        desk.bring("paste", ".middle", "quick.png")
        desk.until("m.studio.session?.name === 'quick.png'")
    desk.page.wait_for_timeout(500)
    assert desk.see("m.studio.session.name") == "quick.png" and desk.page.title().startswith("quick")


def test_a_saving_whose_answer_was_lost_is_no_conflict(desk: Any) -> None:
    desk.open_sample()
    desk.page.wait_for_timeout(1300)
    lost: list[bool] = []

    def lose(route: Any) -> None:
        if route.request.method == "PUT" and not lost:
            lost.append(True)
            route.fetch()  # the server has it
            route.abort()
        else:
            route.continue_()

    desk.page.route("**/state", lose)
    asked: list[str] = []
    desk.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    desk.take(RED)
    desk.click(*SHIRT)
    desk.until("m.studio.connection === 'lost'")
    desk.take(BLUE)
    desk.click(*FACE)
    desk.page.wait_for_timeout(4000)
    assert lost and not asked
    assert RED in json.dumps(desk.server.session.state) and BLUE in json.dumps(desk.server.session.state)
    desk.errors = [error for error in desk.errors if "net::ERR_" not in error and "409" not in error]


def test_what_another_tab_asks_for_is_not_shown_here(desk: Any) -> None:
    desk.open_sample()
    before = desk.flat(*SHIRT)
    event = next(data for _, name, data in reversed(desk.server.session.events) if name == "shaded")
    black = "AAAA" * desk.see("m.studio.pictures.labels.count")
    desk.server.session.say("shaded", {**event, "tag": 1, "colors": black, "revision": event["revision"] + 1})
    desk.server.session.say("exported", {"job": 9, "kind": "export", "tag": None, "download": "0" * 16, "name": "of-the-other.png"})
    desk.page.wait_for_timeout(500)
    assert desk.flat(*SHIRT) == before
    assert not desk.page.inner_text(".message"), "nothing is saved that was asked for elsewhere"
    # And its own are.
    desk.server.session.say("shaded", {**event, "colors": black, "revision": event["revision"] + 2})
    x, y = SHIRT
    desk.until(f"m.studio.pictures.colorAt({x} * 512, {y} * 640).every((value) => value === 0)")


def test_work_of_a_server_that_was_restarted_is_not_waited_for(desk: Any) -> None:
    desk.open_sample()
    desk.page.click("#tab-style")
    desk.page.click(".gallery .tile >> nth=1")
    desk.colored()
    desk.page.click("text=Polish")
    desk.page.click(".stack .primary")
    desk.until("m.studio.jobs.get('style')?.of")
    session, say = desk.server.session, desk.server.session.say
    session.say = lambda name, data: None  # what a server was at when it was killed, nobody tells
    session.cancelled.add("style")
    desk.page.wait_for_timeout(700)
    session.say = say
    say("reset", {})
    desk.until("!m.studio.jobs.size")
    desk.page.click(".choice button:text-is('At once')")
    desk.colored()
    assert desk.server.session.requests[-1][1]["method"] == "onepass", "it is asked again"


def test_stop_also_stops_what_would_be_asked_for_next(desk: Any) -> None:
    desk.open_sample()
    desk.server.studio.delay = 0.5
    before = len(desk.server.session.requests)
    desk.click(*SHIRT)
    desk.wait_for(lambda: len(desk.server.session.requests) > before, "the colors are asked for")
    desk.page.keyboard.press("Escape")
    desk.until("!m.studio.jobs.size")
    assert desk.server.session.events[-1][1] == "cancelled"
    assert desk.page.is_visible(".status .primary"), "a preview waits for the button"
    asked = len(desk.server.session.requests)
    desk.page.wait_for_timeout(1500)
    assert len(desk.server.session.requests) == asked
    desk.server.studio.delay = 0.05
    desk.page.click(".status .primary")
    desk.colored()
    assert not desk.page.is_visible(".status .primary")


def test_networks_that_do_not_load_are_told(desk: Any) -> None:
    status = {"version": "mock", "protocol": 1, "models": "failed", "seconds": 1, "error": "no memory", "session": None, "open": None}
    desk.page.route("**/status", lambda route: route.fulfill(json=status))
    desk.page.goto(desk.server.address)
    desk.until("document.querySelector('.server')?.textContent === 'The networks could not be loaded'")


def test_a_folder_may_hold_other_files(desk: Any, tmp_path: Any) -> None:
    for name in ("2.png", "10.png"):
        cv2.imwrite(str(tmp_path / name), np.full((40, 40, 3), 255, np.uint8))
    (tmp_path / "notes.zip").write_bytes(b"no project")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    desk.open()
    with desk.page.expect_file_chooser() as chooser:
        desk.page.click("text=Open a folder")
    chooser.value.set_files(tmp_path)
    desk.until("m.studio.session?.name === '2.png'")
    desk.until("document.querySelectorAll('.frame').length === 2")
    assert [frame.split("\n")[0] for frame in desk.page.locator(".frame-name").all_inner_texts()] == ["2.png", "10.png"]
    desk.errors = [error for error in desk.errors if "400" not in error]  # the browser's own words about the broken one


def test_a_picture_of_the_folder_that_failed_says_why(desk: Any) -> None:
    desk.open()
    desk.bring("drop", ".middle", "a.png", "b.png")
    desk.until("m.studio.session?.name === 'a.png'")
    desk.until("document.querySelectorAll('.frame').length === 2")
    assert desk.page.get_attribute(".frame[aria-current=true]", "data-state") == "open"
    assert desk.page.is_disabled(".strip-actions button >> nth=1"), "no painting is chosen"
    id = list(desk.server.studio.folder)[1]
    desk.server.session.say("folder", {"id": id, "state": "failed", "error": "is too small"})
    desk.until("document.querySelector('.frame[data-state=failed]')?.title === 'b.png: is too small'")
    desk.page.click(".strip-fold")
    assert not desk.page.is_visible(".frame >> nth=0")
    desk.page.click(".strip-fold")
    assert desk.page.is_visible(".frame >> nth=0")


def test_a_picture_that_is_only_looked_at_is_not_saved(desk: Any, mock: Any) -> None:
    desk.open_sample()
    desk.page.wait_for_timeout(1200)
    assert mock.session.state is None and "unsaved" not in desk.page.get_attribute(".file-name", "class")
    desk.click(0.5, 0.9)
    desk.wait_for(lambda: mock.session.state is not None, "what is drawn is saved")
    revision = mock.session.state_revision
    desk.page.reload()
    desk.colored()
    desk.page.wait_for_timeout(1200)
    assert mock.session.state_revision == revision
