"""What the server says when something is wrong is found among the page's texts, which translate it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from fake_studio import API, sent

from mangastyle.app import protocol
from mangastyle.app.encoding import png
from mangastyle.cli import app
from mangastyle.errors import MangastyleError

TEXTS = Path(app.__file__).parents[1] / "app" / "page" / "texts"
ENGLISH = json.loads((TEXTS / "en.json").read_text(encoding="utf-8"))
PATTERNS = {key: re.sub(r"\\{\w+\\}", ".+?", re.escape(text)) for key, text in ENGLISH.items() if key.startswith("error.")}


def keys(line):
    """The texts whose patterns a line fits."""
    return [key for key, pattern in PATTERNS.items() if re.fullmatch(pattern, line, re.DOTALL)]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"Dear diary", "error.noPicture"),
        (b"%PDF-1.7", "error.page"),
        (b"PK\3\4", "error.packed"),
        (b"", "error.emptyBody"),
        (png(np.zeros((3, 40, 3), np.uint8)), "error.small"),
        (png(np.zeros((101, 100, 3), np.uint8)), "error.large"),
        (png(np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8))[:3000], "error.damaged"),
        (b"x" * 200_000, "error.largeBody"),
    ],
)
def test_pictures_that_do_not_open(page, monkeypatch, data, key):
    monkeypatch.setattr(protocol, "MOST_PIXELS", 100 * 100)
    monkeypatch.setattr(protocol, "MOST_PICTURE", 100_000)
    assert keys(sent(page.upload("/sessions?name=a.png", data))[1]) == [key]


def test_projects_that_do_not_open(page):
    assert keys(sent(page.upload("/sessions", b"no project", "application/zip"))[1]) == ["error.notProject"]


def test_what_is_not_there_any_more(page, line_art, tmp_path):
    session = page.open(line_art)["id"]
    url = f"/sessions/{session}"
    wrong = "0" * 16
    assert keys(sent(page.get(f"/sessions/{wrong}"))[1]) == ["error.noSession"]
    assert keys(sent(page.get(f"{url}/references/{wrong}"))[1]) == ["error.noReference"]
    assert keys(sent(page.get(f"/paintings/{wrong}"))[1]) == ["error.noPainting"]
    assert keys(sent(page.get(f"{url}/pictures/shaded"))[1]) == ["error.goneLayer"]
    assert keys(sent(page.upload(f"{url}/references", png(np.full((40, 40, 3), 99, np.uint8))))[1]) == ["error.gray"]
    assert keys(sent(page.http.get(f"{API}/status"))[1]) == ["error.token"]
    assert keys(sent(page.http.post(f"{API}/token", json={"code": "twice"}))[1]) == ["error.usedCode"]
    page.studio.delete(session)
    broken = page.open(line_art)["id"]
    page.studio.sessions._alive.pop(broken)
    (tmp_path / "data" / "sessions" / broken / "session.json").write_text("[]")
    assert keys(sent(page.get(f"/sessions/{broken}"))[1]) == ["error.sessionBroken"]


def test_a_server_that_is_asked_too_often(page, line_art, monkeypatch):
    session = page.open(line_art)["id"]
    answers = [page.post(f"/sessions/{session}/shade", {}) for _ in range(protocol.PREVIEWS_A_SECOND + 1)]
    assert keys(sent(answers[-1])[1]) == ["error.busy"]


def test_missing_packages(monkeypatch):
    monkeypatch.setattr(app.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MangastyleError) as error:
        app.command(app.Options())
    assert keys(str(error.value)) == ["error.packages"]
