"""The page in Debian's Chromium, against the mock server. Skipped where Playwright or Chromium is missing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")  # while it runs, so does an event loop in this thread, where other modules begin their own
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


@pytest.fixture
def desk(browser: Any, mock: Mock) -> Iterator[Any]:
    from desk import Desk, working

    yield from working(Desk, browser, mock)
