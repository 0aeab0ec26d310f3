"""A server of the studio for tests, and its page."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Callable, Iterator

import numpy as np
import pytest

if TYPE_CHECKING:
    from fake_studio import Client, FakeModels

# Without the extra [app] there is nothing to test.
collect_ignore_glob = [] if all(map(importlib.util.find_spec, ("starlette", "uvicorn"))) else ["test_*.py"]


@pytest.fixture
def models() -> FakeModels:
    from fake_studio import FakeModels

    return FakeModels()


@pytest.fixture
def make_page(tmp_path, models) -> Iterator[Callable[..., Client]]:
    """`make_page(**options of Studio)`: a server on the same data folder, and its page; the one before is ended."""
    from fake_studio import HOST, PORT, TOKEN, Client
    from starlette.testclient import TestClient

    from mangastyle.app.server import create_app
    from mangastyle.app.storage import Disk
    from mangastyle.app.studio import Studio

    running: list[TestClient] = []

    def make(**options: Any) -> Client:
        end()
        studio = Studio(Disk(tmp_path / "data"), models, **options)
        client = TestClient(create_app(studio, HOST, PORT, TOKEN), base_url=f"http://{HOST}:{PORT}")
        client.__enter__()
        running.append(client)
        return Client(client, studio)

    def end() -> None:
        while running:
            models.gate.set()
            running.pop().__exit__(None, None, None)

    yield make
    end()


@pytest.fixture
def page(make_page) -> Client:
    return make_page()


@pytest.fixture
def line_art() -> np.ndarray:
    """Line art uint8 (60, 80, 3): two boxes side by side, in a frame of paper."""
    art = np.full((60, 80, 3), 255, np.uint8)
    for left in (8, 40):
        art[10:12, left : left + 30] = art[48:50, left : left + 30] = 0
        art[10:50, left : left + 2] = art[10:50, left + 28 : left + 30] = 0
    return art
