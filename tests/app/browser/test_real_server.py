"""The page and its server together, with the networks that ship: from line art to files, through cuts and on large pictures."""

from __future__ import annotations

import time
from typing import Any, Iterator

import cv2
import numpy as np
import psd_tools
import pytest
from desk import Desk, working
from real_server import RealServer

from mangastyle.synthetic import characters

pytestmark = [pytest.mark.app, pytest.mark.slow]

HAIR, SHIRT, FACE = (0.5, 0.12), (0.5, 0.9), (0.5, 0.55)  # of the sample "portrait"
RED, BLUE, SKIN = "#d62020", "#2040d0", "#fde3cf"
SLOW = 120.0  # seconds that a picture may take on a busy machine


class RealDesk(Desk):
    """The page of the real server; its networks may still load."""

    patience, samples = SLOW, 5

    def fill(self, place: tuple[float, float], color: str) -> None:
        self.page.keyboard.press("g")
        self.take(color)
        self.click(*place)

    def saved(self) -> None:
        """Wait until the server has the document."""
        self.page.evaluate("() => window.mangastyle.desk.autosave.save()")

    def download(self, form: str, path: Any) -> Any:
        self.page.click("#tab-save")
        self.page.click(f".format-name:text-is('{form}')")
        with self.page.expect_download(timeout=1000 * SLOW) as download:
            self.page.click("#panel-save .primary")
        download.value.save_as(path)
        return path

    def open_file(self, path: Any) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Control+o")
        before = self.see("m.studio.session?.id ?? ''")
        chooser.value.set_files(path)
        self.until(f"m.studio.session && m.studio.session.id !== '{before}'")
        self.colored()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("data"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def desk(browser: Any, server: RealServer) -> Iterator[RealDesk]:
    yield from working(RealDesk, browser, server)


def test_line_art_is_colored_painted_and_taken_away(desk: RealDesk, tmp_path: Any) -> None:
    desk.open_sample("portrait")
    desk.fill(SHIRT, RED)
    desk.fill(HAIR, BLUE)
    desk.page.keyboard.press("b")
    desk.take(SKIN)
    desk.stroke((0.45, 0.6), (0.55, 0.6))
    desk.colored()
    colors = [desk.flat(*place) for place in (SHIRT, HAIR, FACE)]
    assert colors == [[214, 32, 32], [32, 64, 208], [253, 227, 207]]

    desk.page.click("#tab-style")
    desk.page.click(".gallery .tile >> nth=0")
    desk.until("m.studio.pictures.drawn.style && !m.studio.jobs.size")
    image = psd_tools.PSDImage.open(desk.download("PSD", tmp_path / "portrait.psd"))
    names = [layer.name for layer in image]
    assert names[-1] == "Style" and image[-1].visible and {"Lines", "Shading"} <= set(names)
    painted = np.asarray(image[-1].numpy("color"))
    assert image.size == (768, 768) and painted.std() > 0.05


def test_a_project_opens_again_exactly(desk: RealDesk, tmp_path: Any) -> None:
    desk.open_sample("figure")
    desk.fill((0.5, 0.5), RED)
    desk.colored()
    document, color = desk.doc, desk.flat(0.5, 0.5)
    path = desk.download("Project", tmp_path / "figure.mangastyle")
    desk.open_file(path)
    assert desk.doc == document and desk.flat(0.5, 0.5) == color


def test_a_painting_on_the_way_is_stopped_and_stays(desk: RealDesk) -> None:
    desk.open_sample("portrait")
    desk.page.click("#tab-style")
    desk.page.click(".gallery .tile >> nth=1")
    desk.until("m.studio.pictures.drawn.style && !m.studio.jobs.size")
    desk.page.click("text=Search")
    desk.page.click("#panel-style .stack .primary")
    desk.until("(m.studio.jobs.get('style')?.done ?? 0) > 2")
    desk.page.keyboard.press("Escape")
    desk.until("!m.studio.jobs.size")
    assert desk.see("Boolean(m.studio.pictures.drawn.style)")


def test_a_killed_server_loses_nothing(desk: RealDesk, server: RealServer) -> None:
    desk.open_sample("portrait")
    desk.fill(SHIRT, RED)
    desk.saved()
    server.kill()
    desk.until("m.studio.connection === 'lost'")
    desk.fill(HAIR, BLUE)  # drawing goes on
    assert desk.flat(*HAIR) == [32, 64, 208]
    server.start()
    desk.until("m.studio.connection === 'open'")
    desk.saved()
    desk.page.reload()
    desk.colored()
    assert [fill["color"] for fill in desk.doc["fills"]] == [RED, BLUE]
    assert [desk.flat(*place) for place in (SHIRT, HAIR)] == [[214, 32, 32], [32, 64, 208]]
    desk.errors = [error for error in desk.errors if "net::ERR_" not in error]  # the browser's own words about the missing server


def test_two_tabs_of_one_picture(desk: RealDesk, browser: Any) -> None:
    desk.open_sample("portrait")
    desk.fill(SHIRT, RED)
    desk.saved()
    other = desk.page.context.new_page()
    other.goto(desk.server.address)
    other.wait_for_selector(".last button")
    other.click(".last button")
    end = time.monotonic() + SLOW
    while not other.evaluate("() => { const m = window.mangastyle; return Boolean(m?.studio.doc?.fills.length); }"):
        assert time.monotonic() < end
        other.wait_for_timeout(50)
    asked: list[str] = []
    desk.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    other.keyboard.press("Control+z")  # the other tab saves a later document
    other.wait_for_timeout(2000)
    desk.fill(HAIR, BLUE)
    end = time.monotonic() + SLOW
    while not asked:
        assert time.monotonic() < end, "the tab that came too late says so"
        desk.page.wait_for_timeout(50)
    assert "another tab" in asked[0]
    desk.errors = [error for error in desk.errors if "409" not in error]


def test_a_slow_network_shows_the_last_of_many_strokes(desk: RealDesk) -> None:
    desk.open_sample("portrait")
    network = desk.page.context.new_cdp_session(desk.page)
    limits = {"offline": False, "latency": 400, "downloadThroughput": 60_000, "uploadThroughput": 60_000}
    network.send("Network.emulateNetworkConditions", limits)
    for color in (RED, BLUE, SKIN, BLUE, RED):
        desk.fill(SHIRT, color)
    desk.colored()
    assert desk.flat(*SHIRT) == [214, 32, 32]


def test_a_picture_of_24_megapixels(desk: RealDesk, tmp_path: Any) -> None:
    line = cv2.resize(characters.character(5, 1000).line, (4000, 4000), interpolation=cv2.INTER_CUBIC)
    path = tmp_path / "large.png"
    cv2.imwrite(str(path), np.pad(line, ((0, 2000), (0, 0)), constant_values=255))
    desk.open()
    desk.open_file(path)
    assert desk.page.inner_text(".status .size") == "4000 × 6000"
    desk.fill((0.5, 0.6), RED)
    desk.colored()
    assert desk.flat(0.5, 0.6) == [214, 32, 32]
