"""What the page asks of the network, and of the server: few connections, limits of time, codes, lists, refusals in other languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from desk import Desk

pytestmark = [pytest.mark.app, pytest.mark.slow]

HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
SHIRT = (0.5, 0.9)
# Times of the page that a test cannot wait for, shortened: they are those of limits.js and api.js.
HURRY = """() => {
  const wait = window.setTimeout;
  window.setTimeout = (action, ms, ...more) => wait(action, ms >= 5000 ? ms / 60 : ms, ...more);
}"""


@pytest.fixture
def japanese(browser: Any, mock: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="ja-JP")
    desk = Desk(context, mock)
    yield desk
    context.close()


def bring_picture(desk: Any, tmp_path: Any, name: str, picture: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / name), picture)
    with desk.page.expect_file_chooser() as chooser:
        desk.page.keyboard.press("Control+o")
    chooser.value.set_files(tmp_path / name)


def test_a_code_opens_the_page_once(desk: Any, mock: Any) -> None:
    mock.studio.code = "once"
    desk.page.goto(f"{mock.origin}#code=once")
    desk.until("document.querySelectorAll('.sample img[src]').length === 2")
    assert desk.page.url == mock.origin and mock.studio.code is None
    desk.page.reload()  # the token is kept for this tab
    desk.until("document.querySelectorAll('.sample img[src]').length === 2")
    other = desk.page.context.new_page()
    other.goto(f"{mock.origin}#code=once")
    other.wait_for_selector(".server:has-text('open the address that it printed')")


def test_a_hidden_tab_gives_its_stream_back_and_misses_nothing(desk: Any, mock: Any) -> None:
    desk.open_sample()
    assert mock.session.streams == 1
    desk.page.evaluate(HIDE, True)
    desk.wait_for(lambda: mock.session.streams == 0, "the stream of a hidden tab ends")
    desk.take("#d62020")
    desk.page.evaluate("() => window.mangastyle.desk.fill([[256, 600]])")
    desk.colored()  # by asking
    assert desk.flat(*SHIRT) == [214, 32, 32] and mock.session.streams == 0 and desk.see("m.studio.connection") == "open"
    desk.page.evaluate(HIDE, False)
    desk.wait_for(lambda: mock.session.streams == 1, "a tab that is seen listens")


def test_small_pictures_come_a_few_at_once(desk: Any) -> None:
    routes: list[Any] = []
    desk.page.route("**/paintings/*", lambda route: routes.append(route))
    desk.open_sample()
    desk.page.click("#tab-style")
    loaded = 0
    for count in range(8):
        desk.wait_for(lambda loaded=loaded: len(routes) > loaded, "another small picture is asked for")
        desk.page.wait_for_timeout(60)
        assert len(routes) - loaded <= 3, count
        routes[loaded].continue_()
        loaded += 1
    desk.page.unroute("**/paintings/*")
    desk.until("document.querySelectorAll('.gallery img[src]').length === 8")


def test_a_server_that_hangs_is_told_and_asked_again(desk: Any) -> None:
    desk.page.add_init_script(f"({HURRY})()")
    desk.open()
    routes: list[Any] = []
    desk.page.route("**/pictures/original*", lambda route: routes.append(route))
    desk.page.click("[data-sample=figure]")
    desk.until("document.querySelector('.server').textContent.startsWith('Waiting for the server')")
    desk.until("document.querySelector('.message').textContent.includes('did not answer in time')")
    assert len(routes) == 2, "what only reads is asked for twice"
    desk.page.unroute("**/pictures/original*")
    desk.page.click("text=Try again")
    desk.colored()
    assert not desk.page.inner_text(".message") and desk.see("m.studio.session.name") == "figure"
    desk.errors = [error for error in desk.errors if "net::ERR_" not in error]


def test_pictures_that_are_kept_are_listed_and_deleted(desk: Any, mock: Any) -> None:
    desk.open_sample("portrait")
    desk.page.click(".brand")
    desk.page.click("[data-sample=figure]")
    desk.until("m.studio.session.name === 'figure'")
    desk.wait_for(lambda: sum(one.streams for one in mock.studio.sessions.values()) == 1, "the other one's stream has ended")
    desk.page.click(".brand")
    desk.page.wait_for_selector(".kept li >> nth=1")
    assert desk.page.locator(".kept .frame-name").all_inner_texts() == ["figure", "portrait"]
    assert desk.page.locator(".kept .remove").count() == 1, "what is open cannot be deleted"
    asked: list[str] = []
    answers = [False, True]
    desk.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept() if answers.pop(0) else dialog.dismiss()))
    desk.page.click(".kept .remove")
    assert len(mock.studio.sessions) == 2
    desk.page.click(".kept .remove")
    desk.wait_for(lambda: len(mock.studio.sessions) == 1, "it is deleted")
    assert "portrait" in asked[0]
    desk.page.click(".kept button.sample")
    desk.until("!document.body.classList.contains('at-home')")


def test_a_film_strip_can_be_closed(desk: Any, mock: Any) -> None:
    desk.open()
    desk.bring("drop", ".start", "a.png", "b.png")
    desk.until("document.querySelectorAll('.frame').length === 2 && m.studio.session")
    desk.page.click(".strip-actions >> text=Close")
    desk.until("document.querySelector('.strip').hidden")
    assert not mock.studio.folder and mock.studio.sessions


def test_refusals_are_in_the_language_of_the_page(japanese: Any, tmp_path: Any) -> None:
    japanese.open()
    refusal = {"error": "a.txt: not a picture this program can read; save it as PNG or JPEG"}
    japanese.page.route("**/sessions?name=*", lambda route: route.fulfill(status=400, json=refusal))
    bring_picture(japanese, tmp_path, "a.png", np.zeros((9, 9, 3), np.uint8))
    japanese.until(
        "document.querySelector('.message').textContent === 'a.txt は読み込める画像ではありません。PNG か JPEG で保存してください'"
    )
    japanese.page.unroute("**/sessions?name=*")
    japanese.page.route("**/sessions?name=*", lambda route: route.fulfill(status=400, json={"error": "something else"}))
    bring_picture(japanese, tmp_path, "a.png", np.zeros((9, 9, 3), np.uint8))
    japanese.until("document.querySelector('.message').textContent === 'something else'")


def test_a_large_picture_is_copied_at_full_size(desk: Any, mock: Any, tmp_path: Any) -> None:
    desk.open()
    art = np.full((1400, 1200, 3), 255, np.uint8)
    cv2.rectangle(art, (300, 300), (900, 1100), (0, 0, 0), 8)
    bring_picture(desk, tmp_path, "large.png", art)
    desk.colored()
    size = desk.copied()
    exports = [request for kind, request in mock.session.requests if kind == "export"]
    assert size == [1200, 1400] and [request["layer"] for request in exports] == ["shown"]
