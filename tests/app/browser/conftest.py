"""The page in Debian's Chromium, against the mock server. Skipped where Playwright or Chromium is missing."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 15.0  # seconds that anything may take on a slow machine


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "app: drives the app's page in a browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM:
        pytest.skip("there is no Chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def mock() -> Iterator[Any]:
    import mock_server

    server, studio, address = mock_server.serve()
    yield Mock(server, studio, address)
    server.shutdown()
    server.server_close()


class Mock:
    """The mock server, what it holds, and the address of the page."""

    def __init__(self, server: Any, studio: Any, address: str) -> None:
        self.server, self.studio, self.address = server, studio, address
        self.origin = address.split("#")[0]

    @property
    def session(self) -> Any:
        """What the server knows of the picture that was opened last."""
        return self.studio.sessions[self.studio.last]


class Desk:
    """The page, and what a person does on it. It fails a test that leaves an error in the console or asks another server."""

    def __init__(self, context: Any, mock: Mock) -> None:
        self.page, self.mock = context.new_page(), mock
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        # Playwright catches choosers of files only while somebody listens, and begins and ends that with a delay.
        self.page.on("filechooser", lambda chooser: None)
        self.page.on("request", lambda request: self._check(request.url))

    def _check(self, url: str) -> None:
        if not url.startswith((self.mock.origin, "blob:", "data:")):
            self.outside.append(url)

    def see(self, expression: str) -> Any:
        """A value of the page; `m` is what it offers to be read."""
        return self.page.evaluate(f"() => {{ const m = window.mangastyle; return m && ({expression}); }}")

    def until(self, expression: str) -> None:
        """Wait; by asking, since the page's policy forbids the code that Playwright would put there."""
        end = time.monotonic() + PATIENCE
        while not self.see(expression):
            assert time.monotonic() < end, f"never became true: {expression}; errors: {self.errors}"
            self.page.wait_for_timeout(20)

    def open(self) -> Desk:
        self.page.goto(self.mock.address)
        self.until("document.querySelectorAll('.sample img[src]').length === 2")
        return self

    def open_sample(self, name: str = "figure") -> Desk:
        self.open()
        self.page.click(f"[data-sample={name}]")
        self.colored()
        return self

    def colored(self) -> None:
        """Wait until the server has answered all that was asked."""
        self.until("m.studio.pictures?.labels && !m.studio.jobs.size")

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the picture, as shares of its sides, lies on the page."""
        box = self.page.locator(".overlay").bounding_box()
        size = "m.studio.session.width", "m.studio.session.height"
        left, top = self.see(f"m.view.toScreen({x} * {size[0]}, {y} * {size[1]})")
        return box["x"] + left, box["y"] + top

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.at(x, y))

    def stroke(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(*place), steps=6)
        self.page.mouse.up()

    def take(self, color: str) -> None:
        self.page.evaluate("(color) => window.mangastyle.ui.set('color', color)", color)

    def flat(self, x: float, y: float) -> list[int]:
        """The flat color at a place."""
        return self.see(f"m.studio.pictures.colorAt({x} * m.studio.session.width, {y} * m.studio.session.height)")

    @property
    def doc(self) -> dict[str, Any]:
        return self.see("m.studio.doc")


@pytest.fixture
def desk(browser: Any, mock: Mock) -> Iterator[Desk]:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US", accept_downloads=True)
    desk = Desk(context, mock)
    yield desk
    context.close()
    assert not desk.errors
    assert not desk.outside
