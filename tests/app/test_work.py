"""A page's work through HTTP: shading, suggestions, painting, stopping; with networks that are none."""

from __future__ import annotations

import base64
import io
import threading
import time

import numpy as np
import pytest
from fake_studio import sent
from PIL import Image

from mangastyle.app.encoding import png


def picture(answer) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def layer(page, session, name, size="preview", revision=None):
    return picture(page.get(f"/sessions/{session}/pictures/{name}?size={size}" + (f"&revision={revision}" if revision else "")))


def labels_of(page, session, event, shape, size="preview"):
    answer = page.get(f"/sessions/{session}/pictures/labels?size={size}&revision={event['labels']}")
    assert answer.headers["content-type"] == "application/octet-stream"
    return np.frombuffer(answer.content, "<u4").reshape(shape)


def colors_of(event):
    return np.frombuffer(base64.b64decode(event["colors"]), np.uint8).reshape(-1, 3)


@pytest.fixture
def session(page, line_art):
    return page.open(line_art)["id"]


def test_status_samples_and_paintings(page):
    status = page.get("/status").json()
    assert (status["protocol"], status["models"], status["session"], status["open"]) == (1, "ready", None, None)
    samples = page.get("/samples").json()
    assert {entry["kind"] for entry in samples} == {"line art", "color"}
    assert max(picture(page.get(f"/samples/{samples[0]['name']}?side=50")).shape[:2]) == 50
    assert sent(page.get("/samples/none"))[0] == 404
    entry = page.get("/paintings").json()[0]
    assert picture(page.get(f"/paintings/{entry['id']}")).shape[:2] == (entry["height"], entry["width"])
    assert min(picture(page.get(f"/paintings/{entry['id']}?side=40")).shape[:2]) == 40
    assert sent(page.get(f"/paintings/{entry['id']}?side=x"))[0] == 400


def test_a_sample_becomes_a_session(page):
    session = page.post("/sessions", {"sample": "portrait"}).json()
    assert session["line_art"] and session["preview"] == {"width": 512, "height": 512} and session["width"] == 768
    assert layer(page, session["id"], "line").shape == (512, 512, 3)
    assert layer(page, session["id"], "original", "full").shape[:2] == (768, 768)


def test_shading_tells_labels_colors_and_pictures(page, session, line_art):
    job = page.post(f"/sessions/{session}/shade", {"tag": 5, "settings": {"shading": "cel", "gap": None}}).json()["job"]
    event = page.wait(session, "shaded")
    assert (event["job"], event["tag"], event["size"], event["final"]) == (job, 5, "preview", True)
    labels, colors = labels_of(page, session, event, line_art.shape[:2]), colors_of(event)
    flat = layer(page, session, "flat", revision=event["revision"])
    assert np.array_equal(colors[labels], flat) and len(colors) == 3
    shading = layer(page, session, "shading", revision=event["shading"])
    assert (shading == 150).all() and not layer(page, session, "highlights", revision=event["highlights"]).any()
    line = layer(page, session, "line", revision=event["line"])
    shaded = layer(page, session, "shaded", revision=event["revision"]).astype(int)
    ink = 255 - 0.7 * (255 - line.astype(float))
    assert np.abs(shaded - flat * (shading / 255) * (ink / 255)).max() <= 2  # the page composes the same


def test_of_a_preview_that_changes_colors_alone_only_colors_are_new(page, session, line_art, models):
    url = f"/sessions/{session}/shade"
    page.post(url, {})
    first = page.wait(session, "shaded")
    hint = {"points": [{"x": 20, "y": 30, "color": "#ff0000", "radius": 3}], "size": [80, 60]}
    page.post(url, {"hint": hint})
    page.wait(session, "shaded", 3)
    shaded = [data for name, data in page.events(session) if name == "shaded"]
    assert [event["final"] for event in shaded] == [True, False, True]  # the colors first, with the shading of before
    assert shaded[1]["revision"] == shaded[2]["revision"] != first["revision"]
    assert all(shaded[i][name] == first[name] for i in (1, 2) for name in ("labels", "shading", "highlights", "line"))
    labels = labels_of(page, session, first, line_art.shape[:2])
    assert colors_of(shaded[2])[labels[30, 20]].tolist() == [255, 0, 0]


def test_full_size_has_its_own_pictures(page):
    art = np.full((700, 620, 3), 255, np.uint8)
    art[300:304] = 0
    session = page.open(art)
    assert session["preview"] == {"width": 512, "height": 578}
    for count, (size, shape) in enumerate({"preview": (578, 512), "full": (700, 620)}.items(), 1):
        page.post(f"/sessions/{session['id']}/shade", {"size": size})
        event = page.wait(session["id"], "shaded", count)
        assert event["size"] == size and labels_of(page, session["id"], event, shape, size).max() == 1
    assert layer(page, session["id"], "shaded", "full").shape == (700, 620, 3)


def test_strokes_in_coordinates_of_the_full_picture(page):
    art = np.full((1200, 1040, 3), 255, np.uint8)
    art[600:606] = 0
    session = page.open(art)["id"]
    page.post(f"/sessions/{session}/shade", {"hint": {"lines": [{"points": [[500, 1100], [900, 1100]], "color": "navy", "width": 20}]}})
    event = page.wait(session, "shaded")
    assert colors_of(event)[labels_of(page, session, event, (591, 512))[540, 300]].tolist() == [0, 0, 128]


def test_strokes_that_are_not_understood_fail_the_job(page, session):
    page.post(f"/sessions/{session}/shade", {"hint": {"points": [{"x": 500, "y": 3, "color": "red"}], "size": [80, 60]}, "tag": 4})
    failed = page.wait(session, "failed")
    assert failed["kind"] == "shade" and failed["tag"] == 4 and "outside the picture" in failed["error"]
    page.post(f"/sessions/{session}/shade", {})
    page.wait(session, "shaded")


def test_a_palette_holds_where_nothing_is_painted(page, session, line_art):
    hint = {"points": [{"x": 20, "y": 30, "color": "#ff0000", "radius": 3}], "size": [80, 60]}
    page.post(f"/sessions/{session}/shade", {"hint": hint, "palette": ["#102030"]})
    event = page.wait(session, "shaded")
    colors = colors_of(event)[labels_of(page, session, event, line_art.shape[:2])]
    assert colors[30, 20].tolist() == [255, 0, 0] and colors[30, 55].tolist() == colors[3, 3].tolist() == [16, 32, 48]


def test_line_art_is_looked_at_once_for_all_strokes_and_suggestions(page, session, models):
    for count, x in enumerate((15, 20, 55), 1):
        page.post(f"/sessions/{session}/shade", {"hint": {"points": [{"x": x, "y": 30, "color": "#ff0000"}]}})
        page.wait(session, "shaded", 2 * count - 1)
    page.post(f"/sessions/{session}/suggest", {"at": [[20, 30]], "count": 3})
    assert models.looks == 1 and models.calls.count("colors") == 6
    page.post(f"/sessions/{session}/shade", {"settings": {"gap": 0.1}})  # other regions
    page.wait(session, "shaded", 7)
    assert models.looks == 2
    page.put(f"/sessions/{session}/line-art", {"line_art": False})
    page.post(f"/sessions/{session}/shade", {})
    page.wait(session, "shaded", 8)
    assert models.looks == 3


def test_a_color_picture_keeps_its_own_colors_where_nothing_is_painted(page, models):
    rgb = np.full((60, 80, 3), (40, 90, 200), np.uint8)
    rgb[:, 40:] = (200, 60, 40)
    session = page.open(rgb)
    assert not session["line_art"]
    page.post(f"/sessions/{session['id']}/shade", {})
    page.wait(session["id"], "shaded")
    assert models.calls == ["colors", "colors", "shading"]  # its own colors, found once
    page.post(f"/sessions/{session['id']}/shade", {})
    page.wait(session["id"], "shaded", 3)
    assert models.calls[3:] == ["colors", "shading"]


def test_what_it_is_can_be_told(page, session):
    page.post(f"/sessions/{session}/shade", {})
    before = page.wait(session, "shaded")
    answer = page.put(f"/sessions/{session}/line-art", {"line_art": False}).json()
    assert answer["line_art"] is False and answer["shaded"] == {}
    page.post(f"/sessions/{session}/shade", {})
    assert page.wait(session, "shaded", 2)["line"] != before["line"]


def test_what_was_still_being_shaded_when_it_was_told_does_not_count(page, session, models):
    models.gate.clear()
    page.post(f"/sessions/{session}/shade", {})
    until = time.monotonic() + 10
    while "colors" not in models.calls and time.monotonic() < until:
        time.sleep(0.01)
    page.put(f"/sessions/{session}/line-art", {"line_art": False})
    models.gate.set()
    page.wait(session, "shaded")
    before = models.calls.count("shading")
    page.post(f"/sessions/{session}/export", {"format": "png", "shade": {}})
    page.wait(session, "exported")
    assert models.calls.count("shading") == before + 1


def test_the_latest_of_many_previews_wins(page, session, models):
    models.gate.clear()
    for tag in range(10):
        assert page.post(f"/sessions/{session}/shade", {"tag": tag}).status_code == 202
    models.gate.set()
    page.wait(session, "cancelled", 9)
    assert page.wait(session, "shaded")["tag"] == 9
    time.sleep(0.1)
    finished = [data["tag"] for name, data in page.events(session) if name == "shaded" and data["final"]]
    assert finished == [9] and models.calls.count("colors") <= 2


def test_a_preview_ends_what_is_shaded_at_full_size(page, models):
    art = np.full((700, 620, 3), 255, np.uint8)
    session, other = (page.open(art)["id"] for _ in range(2))
    models.gate.clear()
    page.post(f"/sessions/{session}/shade", {"size": "full"})
    page.post(f"/sessions/{other}/shade", {"size": "full"})
    page.post(f"/sessions/{session}/shade", {"size": "preview"})
    models.gate.set()
    assert page.wait(session, "cancelled")["size"] == "full" and page.wait(session, "shaded")["size"] == "preview"
    assert page.wait(other, "shaded")["size"] == "full"


def test_references_and_palettes(page, session):
    rgb = np.full((40, 40, 3), (200, 30, 40), np.uint8)
    rgb[:10] = (20, 40, 200)
    answer = page.upload(f"/sessions/{session}/references?name=x", png(rgb))
    id = answer.json()["id"]
    assert answer.status_code == 201 and np.array_equal(picture(page.get(f"/sessions/{session}/references/{id}")), rgb)
    assert page.post(f"/sessions/{session}/palette", {"reference": id}).json()["colors"][0] == "#c81e28"
    assert page.post(f"/sessions/{session}/shade", {"references": [id]}).status_code == 202
    assert sent(page.post(f"/sessions/{session}/shade", {"references": ["0" * 16]}))[0] == 404
    assert sent(page.post(f"/sessions/{session}/palette", {"reference": "0" * 16}))[0] == 404
    gray = page.upload(f"/sessions/{session}/references", png(np.full((40, 40, 3), 90, np.uint8)))
    assert sent(gray)[0] == 400 and "gray" in gray.text
    assert page.get(f"/sessions/{session}").json()["references"] == [id]


def test_suggestions_for_places(page, session):
    body = {"at": [[20, 30], [55, 30], [79.5, 60]], "count": 3, "settings": {"variant": 1}}
    colors = page.post(f"/sessions/{session}/suggest", body).json()["colors"]
    assert len(colors) == 3 and all(len(each) == 3 and color.startswith("#") for each in colors for color in each)
    assert colors[0] != colors[1] and not page.events(session)  # nothing is told, nothing is kept
    assert sent(page.post(f"/sessions/{session}/suggest", {"at": []}))[0] == 400
    failed = page.post(f"/sessions/{session}/suggest", {"at": [[1, 1]], "hint": {"points": [{"x": 1}]}})
    assert sent(failed)[0] == 400


def test_a_stopped_suggestion_answers(page, session, models):
    models.gate.clear()
    page.post(f"/sessions/{session}/shade", {})
    answers = []
    thread = threading.Thread(target=lambda: answers.append(page.post(f"/sessions/{session}/suggest", {"at": [[1, 1]]})))
    thread.start()
    until = time.monotonic() + 5
    while page.post(f"/sessions/{session}/cancel", {"kind": "suggest"}).json()["cancelled"] == 0 and time.monotonic() < until:
        time.sleep(0.01)
    models.gate.set()
    thread.join(10)
    assert sent(answers[0])[0] == 409


def test_painting_in_one_pass(page, line_art):
    session = page.open(np.kron(line_art, np.ones((2, 2, 1), np.uint8)))["id"]
    painting = page.get("/paintings").json()[0]["id"]
    body = {"paintings": [{"id": painting, "weight": 1, "mask": None}], "strength": 0.4, "of": "shaded", "shade": {"tag": 1}, "tag": 2}
    page.post(f"/sessions/{session}/style", body)
    styled = page.wait(session, "styled")
    shaded = page.wait(session, "shaded")
    assert styled["final"] and styled["tag"] == 2 and styled["size"] == "preview" and shaded["tag"] == 2
    content = layer(page, session, "shaded")
    assert np.array_equal(layer(page, session, "styled", revision=styled["revision"]), 255 - content)
    page.post(f"/sessions/{session}/style", {**body, "of": "original"})
    page.wait(session, "styled", 2)
    assert np.array_equal(layer(page, session, "styled"), 255 - layer(page, session, "original"))


def test_painting_what_is_not_there(page, session):
    painting = page.get("/paintings").json()[0]["id"]
    assert sent(page.post(f"/sessions/{session}/style", {"paintings": []}))[0] == 400
    assert sent(page.post(f"/sessions/{session}/style", {"paintings": [{"id": "0" * 16}]}))[0] == 404
    page.post(f"/sessions/{session}/style", {"paintings": [{"id": painting}]})
    assert "shade it first" in page.wait(session, "failed")["error"]
    assert sent(page.get(f"/sessions/{session}/pictures/styled"))[0] == 404
    page.post(f"/sessions/{session}/style", {"paintings": [{"id": painting, "weight": 0}]})
    assert "weight" in page.wait(session, "failed", 2)["error"]


def test_masks_as_data_urls(page, session):
    painting = page.get("/paintings").json()[0]["id"]
    url = "data:image/png;base64," + base64.b64encode(png(np.full((30, 40), 255, np.uint8))).decode()
    page.post(f"/sessions/{session}/style", {"paintings": [{"id": painting, "mask": url}], "of": "original"})
    page.wait(session, "styled")
    for wrong in ("data:image/png;base64,AAAA", "http://evil.example/a.png", "data:text/html,x"):
        answer = page.post(f"/sessions/{session}/style", {"paintings": [{"id": painting, "mask": wrong}], "of": "original"})
        assert answer.status_code in (202, 400)
    assert page.wait(session, "failed")["kind"] == "style"


def test_a_long_painting_shows_pictures_gives_way_and_stops_with_what_is_there(page, session, monkeypatch):
    monkeypatch.setattr("mangastyle.app.painting.OFTEN", 0.05)
    painting = page.get("/paintings").json()[0]["id"]
    page.post(f"/sessions/{session}/style", {"paintings": [{"id": painting}], "method": "optimize", "of": "original"})
    page.wait(session, "styled", 2)
    progress = page.wait(session, "progress")
    assert progress["kind"] == "style" and progress["of"] == 200 and progress["size"] == "preview" and progress["left"] > 0
    page.post(f"/sessions/{session}/shade", {})
    page.wait(session, "shaded")  # meanwhile
    assert not [data for name, data in page.events(session) if name == "styled" and data["final"]]
    assert page.post(f"/sessions/{session}/cancel", {"kind": "style"}).json() == {"cancelled": 1}
    assert page.wait(session, "cancelled")["kind"] == "style"
    styled = [data for name, data in page.events(session) if name == "styled"]
    assert not styled[-1]["final"] and layer(page, session, "styled").shape == (60, 80, 3)
    assert sent(page.post(f"/sessions/{session}/cancel", {"kind": "everything"}))[0] == 400


def learned_style(page, session, count=1):
    pictures = [np.full((40, 50, 3), 60 * i, np.uint8) for i in range(count)]
    ids = [page.upload("/paintings?name=x", png(picture)).json()["id"] for picture in pictures]
    return page.post(f"/sessions/{session}/style", {"paintings": [{"id": id} for id in ids], "method": "learned", "of": "original"})


def told(page, session, kind):
    return [data for name, data in page.events(session) if name == kind]


def test_a_painting_that_nobody_has_learned_is_learned_first(page, session, models, monkeypatch):
    monkeypatch.setattr("mangastyle.app.painting.SELDOM", 0.0)
    learned_style(page, session)
    styled = page.wait(session, "styled", 4)
    assert styled["final"] and [event["final"] for event in told(page, session, "styled")] == [False] * 3 + [True]
    progress, revisions = told(page, session, "progress"), [event["revision"] for event in told(page, session, "styled")]
    assert [event["picture"] for event in progress if event["picture"]] == revisions[:3]
    assert (progress[0]["done"], progress[0]["of"], progress[0]["left"], progress[0]["picture"]) == (0, 2, None, None)
    assert {"kind": "style", "size": "preview"}.items() <= progress[0].items() and progress[-1]["done"] == progress[-1]["of"]
    assert np.array_equal(layer(page, session, "styled"), 255 - layer(page, session, "original"))
    learned_style(page, session)
    page.wait(session, "styled", 5)
    assert models.calls == ["learn", "paint learned", "paint learned"]


def test_of_several_paintings_those_are_learned_that_must_be(page, session, models):
    learned_style(page, session)
    page.wait(session, "styled")
    learned_style(page, session, 3)
    page.wait(session, "styled", 2)
    assert models.calls == ["learn", "paint learned", "learn", "learn", "paint learned"]
    done = [event["done"] / event["of"] for event in told(page, session, "progress") if event["of"] == 8]
    assert done == sorted(done) and done[-1] == 1  # of both together


def test_learning_that_is_stopped_goes_on_the_next_time(page, session, models):
    steps, take = [], models.learn

    def learn(painting, sample, progress, cancel):
        def report(record):
            steps.append(record.iteration)
            if steps == [0, 1, 2]:
                assert page.post(f"/sessions/{session}/cancel", {"kind": "style"}).json() == {"cancelled": 1}
            progress(record)

        take(painting, sample, report, cancel)

    models.learn = learn
    learned_style(page, session)
    assert page.wait(session, "cancelled")["kind"] == "style" and not told(page, session, "styled")
    learned_style(page, session)
    assert page.wait(session, "styled")["final"]
    assert steps == [0, 1, 2, 0, 3, 4]


def test_a_preview_comes_between_two_steps_of_learning(page, session, models):
    steps, take = [], models.learn

    def learn(painting, sample, progress, cancel):
        def report(record):
            if record.iteration == 2:
                page.post(f"/sessions/{session}/shade", {})
            progress(record)
            steps.append((record.iteration, len(told(page, session, "shaded"))))

        take(painting, sample, report, cancel)

    models.learn = learn
    learned_style(page, session)
    page.wait(session, "styled")
    assert steps == [(0, 0), (1, 0), (2, 1), (3, 1), (4, 1)]


def test_paintings_that_are_brought_stay(make_page):
    page = make_page()
    rgb = np.full((40, 50, 3), (10, 120, 60), np.uint8)
    entry = page.upload("/paintings?name=Sea", png(rgb)).json()
    assert (entry["name"], entry["width"], entry["height"]) == ("Sea", 50, 40)
    page = make_page()
    assert entry in page.get("/paintings").json()
    assert np.array_equal(picture(page.get(f"/paintings/{entry['id']}")), rgb)
    assert sent(page.upload("/paintings", png(np.zeros((20, 50, 3), np.uint8))))[0] == 400  # too small to paint by


def test_networks_that_cannot_be_loaded_are_told(make_page, line_art):
    from mangastyle.app.models import Models

    page = make_page()
    page.studio.models = failing = Models()
    failing.state, failing.error = "failed", "the weights are damaged"
    session = page.open(line_art)["id"]
    page.post(f"/sessions/{session}/shade", {})
    assert page.wait(session, "failed")["error"] == "the weights are damaged"
    assert page.get("/status").json()["error"] == "the weights are damaged"
