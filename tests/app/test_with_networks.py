"""The studio with the networks that ship: what a page shows is what the commands make."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from fake_studio import HOST, PORT, TOKEN, Client
from PIL import Image
from starlette.testclient import TestClient

import mangastyle
from mangastyle.app.models import Models
from mangastyle.app.server import create_app
from mangastyle.app.storage import Disk
from mangastyle.app.studio import Studio
from mangastyle.style.learned import painters
from mangastyle.synthetic.figures import figure
from mangastyle.training import painter
from mangastyle.training.settings import PainterSettings

PATIENCE = 120  # seconds


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    studio = Studio(Disk(tmp_path_factory.mktemp("data")), Models(precision="float32"))
    with TestClient(create_app(studio, HOST, PORT, TOKEN), base_url=f"http://{HOST}:{PORT}") as client:
        yield Client(client, studio)


@pytest.fixture(scope="module")
def session(page):
    line = figure(11, 560, 520).line
    return page.open(np.repeat(line[..., None], 3, 2) if line.ndim == 2 else line)


def layer(page, session, name, size, revision):
    answer = page.get(f"/sessions/{session['id']}/pictures/{name}?size={size}&revision={revision}")
    return np.asarray(Image.open(io.BytesIO(answer.content)))


HINT = {"points": [{"x": 250, "y": 150, "color": "#ffcc99"}], "lines": [{"points": [[100, 500], [160, 520]], "color": "navy", "width": 6}]}


def test_full_size_is_what_the_command_makes(page, session):
    settings = {"shading": "cel", "light": "right", "variant": 2, "ink": 0.9}
    page.post(f"/sessions/{session['id']}/shade", {"hint": HINT, "settings": settings, "size": "full", "tag": 1})
    event = page.wait(session["id"], "shaded", seconds=PATIENCE)
    shader = mangastyle.Shader(precision="float32")
    picture = page.studio.sessions.get(session["id"]).picture("full").rgb
    hint = mangastyle.Hint.from_json({**HINT, "size": [520, 560]}, picture.shape)
    expected = shader(picture, hint, line_art=True, **settings)
    assert np.array_equal(layer(page, session, "shaded", "full", event["revision"]), expected)
    page.post(f"/sessions/{session['id']}/export", {"format": "png", "shade": {"hint": HINT, "settings": settings}})
    exported = page.wait(session["id"], "exported", seconds=PATIENCE)
    data = page.get(f"/sessions/{session['id']}/downloads/{exported['download']}").content
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), expected)


def test_a_region_with_strokes_of_two_colors_is_divided(page, session):
    shape = page.studio.sessions.get(session["id"]).shape("preview")
    hint = {"points": [{"x": 5, "y": 5, "color": "#ff0000"}, {"x": 515, "y": 5, "color": "#0000ff"}]}
    page.post(f"/sessions/{session['id']}/shade", {"hint": hint, "tag": 2})
    event = page.wait(session["id"], "shaded", 2, PATIENCE)
    answer = page.get(f"/sessions/{session['id']}/pictures/labels?size=preview&revision={event['labels']}")
    labels = np.frombuffer(answer.content, "<u4").reshape(shape)
    colors = np.frombuffer(base64.b64decode(event["colors"]), np.uint8).reshape(-1, 3)
    assert np.array_equal(colors[labels], layer(page, session, "flat", "preview", event["revision"]))
    assert colors[labels[4, 4]].tolist() == [255, 0, 0] and colors[labels[4, -5]].tolist() == [0, 0, 255]


def test_suggestions_are_the_colors_of_the_next_variants(page, session):
    page.post(f"/sessions/{session['id']}/shade", {"settings": {"variant": 2}, "tag": 3})
    event = page.wait(session["id"], "shaded", 4, PATIENCE)
    assert event["tag"] == 3
    flat = layer(page, session, "flat", "preview", event["revision"])
    colors = page.post(f"/sessions/{session['id']}/suggest", {"at": [[260, 200], [10, 10]], "count": 2}).json()["colors"]
    height, width = flat.shape[:2]
    places = [(200 * height // 560, 260 * width // 520), (10 * height // 560, 10 * width // 520)]
    assert colors[1] == ["#{:02x}{:02x}{:02x}".format(*flat[place]) for place in places]


def test_previews_are_what_the_command_makes_of_the_reduced_picture(page, session):
    """One after another, though line art is looked at but once."""
    shader, open_session = mangastyle.Shader(precision="float32"), page.studio.sessions.get(session["id"])
    picture = open_session.picture("preview").rgb
    for count, size in enumerate((10, 40, 4)):
        strokes = {"lines": [{"points": [[100, 500], [160, 520], [300, 90]], "color": "navy", "width": size}]}
        page.post(f"/sessions/{session['id']}/shade", {"hint": strokes, "settings": {"variant": count}, "tag": 100 + count})
        event = page.wait(session["id"], "shaded", 6 + 2 * count, PATIENCE)
        hint = mangastyle.Hint.from_json({**strokes, "size": [520, 560]}, picture.shape)
        assert event["tag"] == 100 + count and event["final"]
        assert np.array_equal(open_session.colored.last("preview").picture, shader(picture, hint, line_art=True, variant=count))


def test_one_pass_with_a_slider_for_the_strength(page, session):
    """Another strength uses what was measured of the painting, and is the same picture as without."""
    id = page.get("/paintings").json()[0]["id"]
    for count, strength in enumerate((0.2, 0.9), 1):
        body = {"paintings": [{"id": id}], "strength": strength, "of": "original", "tag": count}
        page.post(f"/sessions/{session['id']}/style", body)
        event = page.wait(session["id"], "styled", count, PATIENCE)
    content = page.studio.sessions.get(session["id"]).picture("preview").rgb
    painting = page.studio.gallery.pixels(id)
    expected = mangastyle.stylize(content, [painting], method="onepass", strength=0.9, size=0, precision="float32")
    assert np.array_equal(layer(page, session, "styled", "preview", event["revision"]), expected)


def test_a_painting_is_learned_and_then_painted_by(page, session, monkeypatch, tmp_path):
    """In few steps beside small pictures, on the way shown by the picture that is painted."""
    monkeypatch.setenv("MANGASTYLE_CACHE", str(tmp_path))
    for name, value in {"SIDE": 64, "SIDES": (64,), "FEWEST": 6}.items():
        monkeypatch.setattr(painter, name, value)
    monkeypatch.setattr(painter, "PainterSettings", lambda minutes: PainterSettings(minutes=minutes, crop=64, batch=1))
    monkeypatch.setattr("mangastyle.app.models.LEARNING", 0.001)
    monkeypatch.setattr("mangastyle.app.painting.SELDOM", 0.0)
    id = page.get("/paintings").json()[0]["id"]
    before = len([name for name, _ in page.events(session["id"]) if name == "styled"])
    page.post(f"/sessions/{session['id']}/style", {"paintings": [{"id": id}], "method": "learned", "of": "original", "tag": 9})
    event = page.wait(session["id"], "styled", before + 6, PATIENCE)  # five on the way
    assert event["final"] and event["tag"] == 9
    content, painting = page.studio.sessions.get(session["id"]).picture("preview").rgb, page.studio.gallery.pixels(id)
    expected = mangastyle.stylize(content, [painting], method="learned", size=0, precision="float32")
    assert np.array_equal(layer(page, session, "styled", "preview", event["revision"]), expected)
    assert [file.name for file in (tmp_path / "painters").iterdir()] == [f"{painters.digest(painting)}.h5"]
