"""What is taken away: pictures, layered files, hints, commands; and the film strip."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fake_studio import sent
from PIL import Image

from mangastyle.app import exports
from mangastyle.app.encoding import png
from mangastyle.cli import batch_files, options
from mangastyle.cli import main as cli
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.folders import list_pictures
from mangastyle.shade.hints import Hint

HINT = {"points": [{"x": 20, "y": 30, "color": "#ff0000", "radius": 3}], "size": [80, 60]}


@pytest.fixture
def session(page, line_art):
    return page.open(line_art, "a girl.v2.png")["id"]


def exported(page, session, **body):
    """The name and the bytes of an exported file."""
    before = len([name for name, _ in page.events(session) if name == "exported"])
    answer = page.post(f"/sessions/{session}/export", body)
    assert answer.status_code == 202, answer.text
    event = page.wait(session, "exported", before + 1)
    answer = page.get(f"/sessions/{session}/downloads/{event['download']}")
    assert answer.status_code == 200 and answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    return event["name"], answer.content


def painting(page):
    return page.get("/paintings").json()[0]["id"]


@pytest.mark.parametrize(("form", "kind"), [("png", "PNG"), ("webp", "WEBP")])
def test_pictures_of_each_layer(page, session, form, kind):
    style = {"paintings": [{"id": painting(page)}], "of": "shaded"}
    found = {}
    for layer in ("original", "line", "flat", "shaded", "styled"):
        name, data = exported(page, session, format=form, layer=layer, shade={"hint": HINT}, style=style)
        assert name == f"a girl.v2-{layer}.{form}"
        image = Image.open(io.BytesIO(data))
        assert image.format == kind
        found[layer] = np.asarray(image.convert("RGB"))
    assert found["shaded"][30, 20].tolist() != found["original"][30, 20].tolist()
    assert np.array_equal(found["styled"], 255 - found["shaded"]) and found["flat"][30, 20].tolist() == [255, 0, 0]


def test_what_is_there_is_not_made_again(page, session, models):
    exported(page, session, format="png", shade={"hint": HINT})
    exported(page, session, format="ora", shade={"hint": HINT, "tag": 3})
    assert models.calls == ["colors", "shading"]
    exported(page, session, format="png", shade={"hint": {**HINT, "points": []}})
    assert models.calls == ["colors", "shading"] * 2


def test_nothing_is_there_and_nothing_is_sent_along(page, session):
    page.post(f"/sessions/{session}/export", {"format": "png"})
    assert "nothing is shaded" in page.wait(session, "failed")["error"]
    page.post(f"/sessions/{session}/export", {"format": "png", "layer": "styled"})
    assert "nothing is painted" in page.wait(session, "failed", 2)["error"]


def test_layered_files(page, session):
    shade, style = {"hint": HINT}, {"paintings": [{"id": painting(page)}]}
    name, data = exported(page, session, format="ora", layer="styled", shade=shade, style=style)
    assert name == "a girl.v2.ora"
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.read("mimetype") == b"image/openraster" and b'name="Style"' in file.read("stack.xml")
        merged = np.asarray(Image.open(io.BytesIO(file.read("mergedimage.png"))).convert("RGB"))
    shaded = np.asarray(Image.open(io.BytesIO(exported(page, session, format="png", shade=shade)[1])))
    assert np.array_equal(merged, 255 - shaded)
    _, data = exported(page, session, format="ora", shade=shade, style=style)  # it is there, and hidden
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert b'name="Style"' in file.read("stack.xml")
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(file.read("mergedimage.png"))).convert("RGB")), shaded)
    _, data = exported(page, session, format="ora", shade=shade, style={**style, "strength": 0.9})  # nobody waits for what nobody asked for
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert b'name="Style"' not in file.read("stack.xml")
    name, data = exported(page, session, format="psd", shade=shade)
    assert name == "a girl.v2.psd" and images.decode(data, name).rgb.shape == (60, 80, 3)


def fetched(page, session, layer):
    """A layer as the page gets it, (h, w, 3) in 0..1."""
    data = page.get(f"/sessions/{session}/pictures/{layer}?size=full").content
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) / 255


def test_what_is_shown_is_what_is_saved(page, session):
    shade, style = {"hint": HINT, "settings": {"ink": 0.6}}, {"paintings": [{"id": painting(page)}]}
    opacity = {"original": 0.9, "flat": 0.7, "shading": 0.5, "highlights": 1.0, "line": 0.8, "style": 0.25}
    layers = {name: {"visible": True, "opacity": value} for name, value in opacity.items()}
    asked = {"layer": "shown", "layers": layers, "shade": shade, "style": style}
    name, data = exported(page, session, format="png", **asked)
    assert name == "a girl.v2-styled.png"
    made = 1.0
    for layer, value in opacity.items():  # by the formulas of the page, in numbers that are not rounded
        top = fetched(page, session, "styled" if layer == "style" else layer)
        if layer == "line":
            top, value = made * top, value * 0.6
        elif layer == "shading":
            top = made * top
        elif layer == "highlights":
            top = 1 - (1 - made) * (1 - top)
        made = made + value * (top - made)
    shown = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert np.abs(shown - 255 * made).max() <= 3 and np.ptp(shown) > 60

    _, data = exported(page, session, format="ora", **asked)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        stack = file.read("stack.xml").decode()
        merged = np.asarray(Image.open(io.BytesIO(file.read("mergedimage.png"))).convert("RGB"))
    for layer, value in zip(("Original", "Colors", "Shading", "Lines", "Style"), (0.9, 0.7, 0.5, 0.8, 0.25)):
        entry = next(part for part in stack.split("<layer") if f'name="{layer}"' in part)
        assert float(re.search(r'opacity="([\d.]+)"', entry)[1]) == pytest.approx(value, abs=0.005), layer
    assert np.array_equal(merged, shown)


def test_what_is_hidden_is_not_saved(page, session, models):
    style = {"paintings": [{"id": painting(page)}]}
    layers = {name: {"visible": False} for name in ("style", "line", "shading", "highlights")}
    name, data = exported(page, session, format="webp", layer="shown", layers=layers, shade={"hint": HINT}, style=style)
    flat = Image.open(io.BytesIO(exported(page, session, format="webp", layer="flat", shade={"hint": HINT})[1]))
    assert name == "a girl.v2-shaded.webp" and "paint onepass" not in models.calls
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), np.asarray(flat.convert("RGB")))
    layers = {"regions": {"visible": True}, "line": {"visible": False}}
    _, data = exported(page, session, format="png", layer="shown", layers=layers, shade={"settings": {"shading": "none"}})
    regions = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    labels = np.frombuffer(page.get(f"/sessions/{session}/pictures/labels?size=full").content, "<u4").reshape(60, 80)
    assert len({tuple(color) for color in regions.reshape(-1, 3)}) == labels.max() + 1


def test_transparency_stays(page):
    rgba = np.full((60, 80, 4), 255, np.uint8)
    rgba[:, :40, :3] = (200, 60, 40)
    rgba[:, 40:, :3] = (40, 90, 200)
    rgba[:10, :, 3] = 0
    session = page.upload("/sessions", png(rgba)).json()["id"]
    image = Image.open(io.BytesIO(exported(page, session, format="png", shade={})[1]))
    assert image.mode == "RGBA" and not np.asarray(image)[:10, :, 3].any()


def test_exported_files_are_removed_in_time(make_page, line_art, tmp_path, monkeypatch):
    monkeypatch.setattr("mangastyle.app.session.KEPT_DOWNLOADS", 2)
    page = make_page()
    session = page.open(line_art)["id"]
    for _ in range(4):
        exported(page, session, format="hint-json")
    folder = tmp_path / "data" / "sessions" / session / "downloads"
    assert len(list(folder.iterdir())) == 2
    page.studio.sessions.clear_leftovers()
    assert len(list(folder.iterdir())) == 2
    os.utime(folder, (0, 0))
    page.studio.sessions.clear_leftovers()
    assert not folder.exists()
    id = list(page.studio.sessions.get(session).downloads)[-1]
    assert sent(page.get(f"/sessions/{session}/downloads/{id}"))[0] == 404


def test_what_is_written_when_an_export_is_stopped_is_removed_in_time_too(page, session, monkeypatch, tmp_path):
    begun, gate, save = threading.Event(), threading.Event(), exports.save_layer

    def slow(path, *arguments):
        begun.set()
        assert gate.wait(20)
        save(path, *arguments)

    monkeypatch.setattr(exports, "save_layer", slow)
    page.post(f"/sessions/{session}/export", {"format": "png", "layer": "original"})
    assert begun.wait(20) and page.post(f"/sessions/{session}/cancel", {"kind": "export"}).json() == {"cancelled": 1}
    assert page.wait(session, "cancelled")["kind"] == "export"
    gate.set()
    until, downloads = time.monotonic() + 10, page.studio.sessions.get(session).downloads
    while not downloads and time.monotonic() < until:
        time.sleep(0.01)
    left = list((tmp_path / "data" / "sessions" / session / "downloads").iterdir())
    assert [path.stem for path in left] == list(downloads) and not [name for name, _ in page.events(session) if name == "exported"]


def test_hints_are_those_that_the_commands_read(page, session, tmp_path):
    name, data = exported(page, session, format="hint-json", shade={"hint": HINT})
    assert name == "a girl.v2-hint.json" and json.loads(data) == HINT
    name, data = exported(page, session, format="hint-png", shade={"hint": HINT})
    read, drawn = Hint.from_picture(images.decode(data, name)), Hint.from_json(HINT, (60, 80))
    assert np.array_equal(read.mask, drawn.mask) and (read.rgb[drawn.mask > 0] == (255, 0, 0)).all()
    read = Hint.from_picture(images.decode(exported(page, session, format="hint-png", shade={"palette": ["#102030"]})[1], "a"))
    assert read.mask.any() and (read.rgb[read.mask > 0] == (16, 32, 48)).all()


SHADES = [
    {"hint": HINT}, {}, {"palette": ["#102030", "#ffffff"]}, {"hint": HINT, "palette": ["#102030"]},
    {"hint": HINT, "settings": {"shading": "cel", "light": "right", "variant": 3, "ink": 0.5, "gap": 0.02}},
]  # fmt: skip


@pytest.mark.parametrize("shade", SHADES)
@pytest.mark.parametrize("form", ["png", "psd"])
def test_commands_are_sound(page, session, shade, form):
    style = {"paintings": [{"id": painting(page), "weight": 2}, {"id": page.get("/paintings").json()[1]["id"]}], "method": "polish"}
    answer = page.post(f"/sessions/{session}/command", {"format": form, "shade": shade, "style": style}).json()
    assert len(answer["commands"]) == 2 and len(answer["paintings"]) == 2
    for line in answer["commands"]:
        program, command, *words = shlex.split(line)
        assert program == "mangastyle"
        given = vars(cli.parser([command]).parse_args([command, *words]))
        given.pop("command")
        found = options.settle(cli.load(command).Options, given)
        assert found.inputs and found.out
    assert "--style-weights 2 1" in answer["commands"][1] and "--method polish" in answer["commands"][1]
    assert ("--layers psd" in answer["commands"][0]) == (form == "psd")


def test_commands_name_each_file_once_and_no_option(page, line_art):
    ids = [page.upload("/paintings?name=sea.png", png(np.full((40, 40, 3), level, np.uint8))).json()["id"] for level in (9, 99, 199)]
    style = {"paintings": [{"id": id, "weight": weight} for id, weight in zip(ids, (1, 0, 3))]}
    session = page.open(line_art, "-x.png")["id"]
    answer = page.post(f"/sessions/{session}/command", {"format": "png", "shade": {"hint": HINT}, "style": style}).json()
    assert answer["paintings"] == {"sea-painting.png": ids[0], "2-sea-painting.png": ids[2]}
    assert answer["commands"][0] == "mangastyle shade ./-x.png --hint ./-x-hint.json --out ./-x-shaded.png"
    assert "mangastyle style ./-x-shaded.png --style sea-painting.png 2-sea-painting.png --size 0" in answer["commands"][1]
    assert "--style-weights 1 3" in answer["commands"][1] and answer["commands"][1].endswith("--out ./-x-stylized.png")
    style = {"paintings": [{"id": ids[0], "weight": 0}]}
    assert sent(page.post(f"/sessions/{session}/command", {"format": "png", "style": style}))[0] == 400


def test_commands_for_color_pictures(page):
    rgb = np.full((60, 80, 3), (40, 90, 200), np.uint8)
    rgb[:, 40:] = (200, 60, 40)
    session = page.open(rgb, "c.png")["id"]

    def line(**shade):
        return page.post(f"/sessions/{session}/command", {"format": "png", "shade": shade}).json()["commands"][0]

    assert line() == "mangastyle shade c.png --out c-shaded.png"
    assert line(own=False) == "mangastyle shade c.png --hint none --out c-shaded.png"
    assert line(hint=HINT) == "mangastyle shade c.png --hint c-hint.png --out c-shaded.png"  # the picture's colors are in it, too
    assert line(hint=HINT, own=False) == "mangastyle shade c.png --hint c-hint.json --out c-shaded.png"
    page.put(f"/sessions/{session}/line-art", {"line_art": True})
    assert line() == "mangastyle shade c.png --line-art yes --out c-shaded.png"


@pytest.fixture
def folder(tmp_path, line_art):
    place = tmp_path / "pictures"
    for name in ("a.png", "b.png", "sub/c.png"):
        images.save(place / name, line_art)
    (place / "notes.txt").write_text("not a picture")
    (place / "broken.png").write_bytes(b"not a picture")
    return place


def test_a_folder_is_a_film_strip(make_page, folder):
    page = make_page(folder=folder)
    listed = page.get("/folder").json()
    assert listed["name"] == "pictures" and [entry["name"] for entry in listed["pictures"]] == ["a.png", "b.png", "broken.png", "sub/c.png"]
    first = listed["pictures"][0]
    assert (first["session"], first["state"]) == (None, "new")
    assert page.get(f"/folder/{first['id']}?side=30").status_code == 200
    assert sent(page.get(f"/folder/{listed['pictures'][2]['id']}"))[0] == 400 and sent(page.get(f"/folder/{'0' * 16}"))[0] == 404
    session = page.post("/sessions", {"folder": first["id"]}).json()
    assert session["folder"] == first["id"] and page.post("/sessions", {"folder": first["id"]}).json()["id"] == session["id"]
    assert page.get("/folder").json()["pictures"][0] == {**first, "session": session["id"], "state": "open"}
    page = make_page(folder=folder)
    assert page.get("/folder").json()["pictures"][0]["session"] == session["id"]


def test_one_pictures_settings_for_a_whole_folder(make_page, folder):
    page = make_page(folder=folder)
    entries = page.get("/folder").json()["pictures"]
    like = page.post("/sessions", {"folder": entries[0]["id"]}).json()["id"]
    page.post(f"/sessions/{like}/shade", {"hint": HINT})
    page.wait(like, "shaded")
    body = {"like": like, "stages": ["shade", "style"], "shade": {"hint": HINT}, "style": {"paintings": [{"id": painting(page)}]}}
    assert page.post("/folder/apply", body).status_code == 202
    page.wait(like, "folder", 12)
    states = {}
    for name, data in page.events(like):
        if name == "folder":
            states.setdefault(data["id"], []).append(data["state"])
    assert [states[entry["id"]] for entry in entries] == [
        ["waiting", "busy", "failed" if entry["name"] == "broken.png" else "done"] for entry in entries
    ]
    for suffix in ("shaded", "stylized"):
        made = sorted(path.relative_to(folder.parent).as_posix() for path in (folder.parent / f"pictures-{suffix}").rglob("*.png"))
        assert made == [f"pictures-{suffix}/{name}" for name in ("a.png", "b.png", "sub/c.png")]
    own = images.load(folder.parent / "pictures-shaded" / "a.png").rgb
    assert own[30, 20].tolist() != images.load(folder.parent / "pictures-shaded" / "b.png").rgb[30, 20].tolist()  # its strokes are its own
    assert sent(page.post("/folder/apply", {"like": like, "stages": ["style"]}))[0] == 400


def test_pictures_of_one_name_have_results_of_their_own(make_page, tmp_path, line_art):
    for name in ("a.png", "a.jpg"):
        images.save(tmp_path / "pictures" / name, line_art)
    page = make_page(folder=tmp_path / "pictures")
    like = page.post("/sessions", {"folder": page.get("/folder").json()["pictures"][0]["id"]}).json()["id"]
    page.post("/folder/apply", {"like": like, "stages": ["shade"]})
    page.wait(like, "folder", 6)
    pictures = list_pictures(tmp_path / "pictures").pictures
    expected = batch_files.result_files(pictures, tmp_path / "pictures", tmp_path / "pictures-shaded").values()
    assert sorted((tmp_path / "pictures-shaded").glob("*.png")) == sorted(expected)  # where the command puts them
    assert {entry["state"] for entry in make_page(folder=tmp_path / "pictures").get("/folder").json()["pictures"]} == {"done"}


def test_names_that_are_no_texts(make_page, tmp_path, line_art):
    place = tmp_path / os.fsdecode(b"pictures-\xe4")
    try:
        place.mkdir()
        for name in (b"a\xe4.png", b"broken\xe4.png"):
            (place / os.fsdecode(name)).write_bytes(png(line_art) if name < b"b" else b"no picture")
    except OSError:
        pytest.skip("this disk takes no such names")
    page = make_page(folder=place, paintings=place)
    entries = page.get("/folder").json()["pictures"]
    assert [entry["name"] for entry in entries] == ["a .png", "broken .png"] and page.get("/paintings").status_code == 200
    assert page.post("/sessions", {"folder": entries[0]["id"]}).status_code == 201
    (place / os.fsdecode(b"broken\xe4.png")).unlink()
    assert sent(page.get(f"/folder/{entries[1]['id']}"))[0] == 400  # whose line names the file
    page.studio.open_picture(place / os.fsdecode(b"a\xe4.png"))
    assert page.get("/status").json()["open"]


def test_beside_the_root_nothing_is_written(make_page):
    with pytest.raises(MangastyleError, match="beside"):
        make_page(folder=Path("/"))


def test_dropped_pictures_go_with_their_sessions(page, line_art):
    kept, gone = (page.upload(f"/folder?name={name}.png", png(line_art)).json() for name in ("a", "b"))
    assert page("DELETE", f"/sessions/{gone['session']}").status_code == 204
    assert page.get("/folder").json()["pictures"] == [kept]
    assert sent(page.get(f"/folder/{gone['id']}"))[0] == sent(page.post("/sessions", {"folder": gone["id"]}))[0] == 404
    page.post("/folder/apply", {"like": kept["session"], "stages": ["shade"]})
    page.wait(kept["session"], "exported")
    assert page.upload("/folder?name=b.png", png(line_art)).json()["session"] not in (None, gone["session"])


def test_a_picture_of_the_folder_has_one_session(make_page, folder):
    page = make_page(folder=folder)
    id, read = page.get("/folder").json()["pictures"][0]["id"], page.studio.strip.read
    page.studio.strip.read = lambda frame: (time.sleep(0.05), read(frame))[1]  # so that all are at it at once
    with ThreadPoolExecutor(4) as pool:
        sessions = {session.id for session in pool.map(page.studio.strip.open, [id] * 8)}
    assert len(sessions) == 1


def test_one_picture_without_memory_does_not_end_a_folder(make_page, folder, models):
    page = make_page(folder=folder)
    entries = page.get("/folder").json()["pictures"]
    like = page.post("/sessions", {"folder": entries[0]["id"]}).json()["id"]
    shading, calls = models.shading, []

    def fail_once(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError
        return shading(*arguments)

    models.shading = fail_once
    page.post("/folder/apply", {"like": like, "stages": ["shade"]})
    page.wait(like, "folder", 12)
    assert [entry["state"] for entry in page.get("/folder").json()["pictures"]] == ["failed", "done", "failed", "done"]
    assert "memory" in next(data["error"] for name, data in page.events(like) if name == "folder" and data.get("error"))


def test_pictures_that_were_dropped_together(page, line_art):
    entries = [page.upload(f"/folder?name={name}.png", png(line_art)).json() for name in ("a", "b")]
    assert page.get("/folder").json()["pictures"] == entries and entries[0]["session"] != entries[1]["session"]
    assert page.upload("/folder?name=a.png", png(line_art)).json() == entries[0]
    like = entries[0]["session"]
    page.post("/folder/apply", {"like": like, "stages": ["shade"]})
    event = page.wait(like, "exported")
    data = page.get(f"/sessions/{like}/downloads/{event['download']}").content
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.namelist() == ["shaded/001-a-shaded.png", "shaded/002-b-shaded.png"]
    assert [entry["state"] for entry in page.get("/folder").json()["pictures"]] == ["done", "done"]


def test_pictures_that_were_dropped_are_together_after_a_restart(make_page, line_art, tmp_path):
    page = make_page()
    entries = [page.upload(f"/folder?name={name}.png", png(line_art)).json() for name in ("b", "a")]
    page = make_page()
    assert page.get("/folder").json() == {"name": "", "pictures": entries, "dropped": True}
    page.put(f"/sessions/{entries[1]['session']}/state", {"revision": 1, "state": {}})
    entries[1]["state"] = "open"  # now that something is drawn on it
    page.studio.delete(entries[0]["session"])
    assert make_page().get("/folder").json()["pictures"] == entries[1:]
    page = make_page()
    assert page("DELETE", "/folder").status_code == 204
    assert page.get("/folder").json()["pictures"] == [] and make_page().get("/folder").json()["pictures"] == []
    assert page.get(f"/sessions/{entries[1]['session']}").status_code == 200  # the picture stays
    for damaged in ("{", "3", '[3, {"id": "../x", "name": "x"}, {"id": []}]'):
        (tmp_path / "data" / "strip.json").write_text(damaged)
        assert make_page().get("/folder").json()["pictures"] == []


def test_a_folder_can_be_stopped(make_page, folder, models):
    page = make_page(folder=folder)
    like = page.post("/sessions", {"folder": page.get("/folder").json()["pictures"][0]["id"]}).json()["id"]
    models.gate.clear()
    page.post("/folder/apply", {"like": like, "stages": ["shade"]})
    page.wait(like, "folder", 5)
    assert page.post(f"/sessions/{like}/cancel", {"kind": "folder"}).json() == {"cancelled": 1}
    models.gate.set()
    assert page.wait(like, "cancelled")["kind"] == "folder"
    assert [entry["state"] for entry in page.get("/folder").json()["pictures"]] == ["open", "new", "new", "new"]
    assert not (folder.parent / "pictures-shaded").exists()
