"""What is kept: sessions, autosaves, projects; through restarts, kills and bounds of memory."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from fake_studio import sent

from mangastyle.app import projects, protocol, sessions, storage
from mangastyle.app.encoding import png
from mangastyle.app.storage import Disk, Folder
from mangastyle.errors import MangastyleError
from mangastyle.io import images


def test_a_state_is_given_back_after_a_restart(make_page, line_art):
    page = make_page()
    session = page.open(line_art, "girl.png")
    assert session["state"] is None and session["state_revision"] == 0
    state = {"strokes": [{"color": "#ff0000", "points": [[1.5, 2.25]]}], "ペン": "筆"}
    assert page.put(f"/sessions/{session['id']}/state", {"revision": 7, "state": state}).json() == {"revision": 7}
    assert page.wait(session["id"], "saved") == {"revision": 7}
    page = make_page()
    assert page.get("/status").json()["session"] == session["id"]
    again = page.get(f"/sessions/{session['id']}").json()
    assert (again["state"], again["state_revision"], again["name"]) == (state, 7, "girl.png")
    assert page.get(f"/sessions/{session['id']}/pictures/original").status_code == 200


def test_the_picture_of_the_command_line_comes_with_what_was_drawn_on_it(make_page, line_art, tmp_path):
    (tmp_path / "girl.png").write_bytes(png(line_art))
    page = make_page()
    page.studio.open_picture(tmp_path / "girl.png")
    session = page.get("/status").json()["open"]
    page.put(f"/sessions/{session}/state", {"revision": 1, "state": {"strokes": []}})
    page = make_page()
    page.studio.open_picture(tmp_path / "girl.png")
    assert page.get("/status").json()["open"] == session
    (tmp_path / "girl.png").write_bytes(png(255 - line_art))  # another picture
    page.studio.open_picture(tmp_path / "girl.png")
    assert page.get("/status").json()["open"] != session


def test_a_second_tab_does_not_overwrite(page, line_art):
    url = f"/sessions/{page.open(line_art)['id']}/state"
    assert page.put(url, {"revision": 5, "state": {"tab": 1}}).status_code == 200
    for revision in (4, 5):
        answer = page.put(url, {"revision": revision, "state": {"tab": 2}})
        assert sent(answer)[0] == 409 and answer.json()["revision"] == 5
    assert page.put(url, {"revision": 6, "state": {"tab": 2}}).status_code == 200


def test_a_damaged_state_is_left_out(make_page, line_art, tmp_path):
    page = make_page()
    session = page.open(line_art)["id"]
    page.put(f"/sessions/{session}/state", {"revision": 5, "state": {}})
    (tmp_path / "data" / "sessions" / session / "state.json").write_text('{"revision"')
    page = make_page()
    assert page.get(f"/sessions/{session}").json()["state"] is None
    assert page.put(f"/sessions/{session}/state", {"revision": 1, "state": {}}).status_code == 200


def test_damaged_sessions_are_refused_and_the_others_work(make_page, line_art, tmp_path):
    page = make_page()
    broken, sound = (page.open(line_art)["id"] for _ in range(2))
    (tmp_path / "data" / "sessions" / broken / "session.json").write_text("{}")
    page = make_page()
    assert sent(page.get(f"/sessions/{broken}"))[0] == 410
    assert page.get(f"/sessions/{sound}").status_code == 200


def test_a_deleted_session_is_gone(make_page, line_art, tmp_path):
    page = make_page()
    session = page.open(line_art)["id"]
    assert page("DELETE", f"/sessions/{session}").status_code == 204
    assert sent(page.get(f"/sessions/{session}"))[0] == 404
    assert not list((tmp_path / "data" / "sessions").iterdir()) and make_page().get("/status").json()["session"] is None


def test_what_is_kept_is_listed(make_page, line_art, models):
    page = make_page()
    first, second = page.open(line_art, "first.png")["id"], page.open(line_art, "second.png")["id"]
    page.post(f"/sessions/{first}/shade", {})
    page.wait(first, "shaded")
    page.put(f"/sessions/{first}/state", {"revision": 1, "state": {}})
    data = page.studio.sessions.disk.path / "sessions"
    os.utime(data / second / "session.json", (10, 10))
    until = time.monotonic() + 10
    while not (data / first / "small.png").exists() and time.monotonic() < until:
        time.sleep(0.01)
    page = make_page()
    entries = page.get("/sessions").json()
    assert [entry["name"] for entry in entries] == ["first.png", "second.png"] and not any(entry["open"] for entry in entries)
    assert [entry["drawn"] for entry in entries] == [True, False]
    assert entries[1]["saved"] == 10_000 and entries[1]["bytes"] >= len(png(line_art))
    small = [images.decode(page.get(f"/sessions/{id}/small").content, id).rgb for id in (first, second)]
    assert np.array_equal(small[1], line_art) and not np.array_equal(small[0], line_art)  # the first one as it was colored
    assert not page.studio.sessions.in_memory(), "a list takes nobody's place in memory"
    assert sent(page.get("/sessions/0000000000000000/small"))[0] == 404


def test_room_is_made_of_what_was_not_touched_for_long(make_page, line_art):
    page = make_page()
    ids = [page.open(line_art, f"{i}.png")["id"] for i in range(5)]
    page.put(f"/sessions/{ids[0]}/state", {"revision": 1, "state": {}})
    disk = page.studio.sessions.disk
    for age, id in enumerate(ids[:4]):  # the last one is of now
        for file in disk.session(id).path.iterdir():
            os.utime(file, (100 + age, 100 + age))
    one = disk.session(ids[1]).bytes()
    page = make_page()
    held = page.studio.sessions.get(ids[1])  # as an open page does
    assert page.studio.sessions.make_room(10 * one) == 0
    assert page.studio.sessions.make_room(3.5 * one + 200) == 2
    left = {entry["name"] for entry in page.get("/sessions").json()}
    assert left == {"0.png", "1.png", "4.png"}, "what is drawn on goes last"
    assert page.studio.sessions.make_room(0) == 1  # not what is open, not what is new
    assert {entry["name"] for entry in page.get("/sessions").json()} == {"1.png", "4.png"} and held.id == ids[1]


def test_paintings_that_were_brought_can_be_removed(make_page, tmp_path):
    page = make_page()
    ours = page.get("/paintings").json()[0]
    brought = page.upload("/paintings?name=sea.png", png(np.full((40, 40, 3), 9, np.uint8))).json()
    assert brought["brought"] and not ours["brought"]
    assert sent(page("DELETE", f"/paintings/{ours['id']}"))[0] == 403
    assert page("DELETE", f"/paintings/{brought['id']}").status_code == 204
    assert sent(page.get(f"/paintings/{brought['id']}"))[0] == 404 and not list((tmp_path / "data" / "paintings").iterdir())
    assert len(make_page().get("/paintings").json()) == len(page.get("/paintings").json())


def test_text_of_any_script_is_given_back_as_it_came(make_page, line_art, monkeypatch):
    monkeypatch.setattr(storage, "MOST_STATE", 1000)
    page = make_page()
    session = page.open(line_art)["id"]
    url = f"/sessions/{session}/state"
    state = {"text": "\u7b46" * 300}  # 900 bytes, and 1800 with escapes
    data = json.dumps({"revision": 1, "state": state}, ensure_ascii=False).encode()
    assert page("PUT", url, content=data, headers={"Content-Type": "application/json"}).status_code == 200
    assert make_page().get(f"/sessions/{session}").json()["state"] == state


def test_a_state_that_could_not_be_read_again_is_refused(page, line_art, monkeypatch):
    monkeypatch.setattr(storage, "MOST_STATE", 1000)
    url = f"/sessions/{page.open(line_art)['id']}/state"
    assert page.put(url, {"revision": 1, "state": {"a": 1}}).status_code == 200
    data = b'{"revision": 2, "state": {"a": [%b]}}' % b",".join([b"1e15"] * 100)  # which Python writes in 18 letters each
    assert sent(page("PUT", url, content=data, headers={"Content-Type": "application/json"}))[0] == 400
    assert page.get(url.removesuffix("/state")).json()["state"] == {"a": 1}


def test_what_is_no_session_is_not_offered_and_removed_in_time(make_page, line_art, tmp_path):
    page = make_page()
    session, folder = page.open(line_art)["id"], tmp_path / "data" / "sessions"
    for name in ("0" * 16, "1" * 16):  # killed while it was made, or saved to while it was deleted
        Folder(folder / name).write_json("state.json", {"revision": 1, "state": {}})
    os.utime(folder / ("1" * 16), (0, 0))
    os.utime(folder / session, (0, 0))
    assert page.get("/status").json()["session"] == session
    page.studio.sessions.clear_leftovers()
    assert {path.name for path in folder.iterdir()} == {session, "0" * 16}
    assert page.get(f"/sessions/{session}").status_code == 200


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MangastyleError, match="file/sessions: drawings cannot be kept here .*; name another folder by `data`"):
        Disk(tmp_path / "file")


def test_what_is_removed_while_it_is_listed_is_left_out(tmp_path):
    (tmp_path / "0123456789abcdef").symlink_to("nothing")
    (tmp_path / "0123456789abcde0").write_bytes(b"")
    assert Folder(tmp_path).names("") == ["0123456789abcde0"] and Folder(tmp_path).names("none") == []


def test_a_session_that_somebody_holds_is_the_one_that_others_get(page, line_art):
    page.studio.sessions.most = 1
    held = page.studio.sessions.get(page.open(line_art)["id"])
    for _ in range(3):
        page.open(line_art)
    time.sleep(0.3)  # their regions are found meanwhile
    page.studio.sessions.trim()
    assert held not in page.studio.sessions.in_memory()
    page.studio.sessions.tell_all("models", {"state": "ready"})
    assert page.studio.sessions.get(held.id) is held and [event.name for event in held.events._events] == ["models"]


def test_a_source_is_that_of_the_session_made_last(page, line_art):
    sessions = page.studio.sessions
    first, second = (sessions.create(png(line_art), "a.png", "f" * 16).id for _ in range(2))
    sessions.delete(first)
    assert sessions.of_source("f" * 16) == second
    sessions.delete(second)
    assert sessions.of_source("f" * 16) is None


def test_memory_is_bounded_and_nothing_is_lost(page, line_art):
    page.studio.sessions.most_bytes = 3 * line_art.nbytes
    ids = [page.open(line_art)["id"] for _ in range(8)]
    assert len(page.studio.sessions.in_memory()) <= sessions.MOST_SESSIONS
    time.sleep(0.3)  # the regions of the last one are found meanwhile
    page.studio.sessions.trim()
    kept = page.studio.sessions.in_memory()
    assert not any(session.bytes_kept for session in kept[:-1]) and kept[-1].bytes_kept
    for id in ids:
        assert page.get(f"/sessions/{id}/pictures/original").status_code == 200
        assert page.get(f"/sessions/{id}/pictures/line").status_code == 200


def test_a_finished_painting_survives_a_restart(make_page, line_art):
    page = make_page()
    session = page.open(line_art)["id"]
    painting = page.get("/paintings").json()[0]["id"]
    page.post(f"/sessions/{session}/style", {"paintings": [{"id": painting}], "of": "original"})
    page.wait(session, "styled")
    before = page.get(f"/sessions/{session}/pictures/styled").content
    page = make_page()
    described = page.get(f"/sessions/{session}").json()
    assert set(described["styled"]) == {"preview", "full"} and described["shaded"] == {}
    assert page.get(f"/sessions/{session}/pictures/styled?revision={described['styled']['preview']}").content == before


def test_a_finished_painting_is_not_made_again_after_a_restart(make_page, line_art, models):
    page = make_page()
    session = page.open(line_art)["id"]
    shade, painting = {"settings": {"variant": 1}}, page.get("/paintings").json()[0]["id"]
    style = {"paintings": [{"id": painting, "weight": 1.0}], "method": "polish", "of": "shaded"}
    page.post(f"/sessions/{session}/style", {**style, "shade": shade, "size": "full", "tag": 5})
    page.wait(session, "styled")
    kept, until = page.studio.sessions.disk.session(session), time.monotonic() + 10
    while not kept.has("styled-preview.json") and time.monotonic() < until:  # it is told first, and then kept
        time.sleep(0.01)
    calls = models.calls

    def painted(**other):
        calls.clear()
        page.post(f"/sessions/{session}/export", {"format": "png", "layer": "styled", "shade": shade, "style": style, **other})
        page.wait(session, "exported", len([name for name, _ in page.events(session) if name == "exported"]) + 1)
        return "paint polish" in calls

    page = make_page()
    assert not painted()
    page = make_page()
    assert painted(shade={"settings": {"variant": 2}})
    page = make_page()
    assert painted(style={**style, "strength": 0.9})


def test_a_painting_that_was_stopped_survives_a_restart(make_page, line_art):
    page = make_page()
    session = page.open(line_art)["id"]
    painting = page.get("/paintings").json()[0]["id"]
    page.post(f"/sessions/{session}/style", {"paintings": [{"id": painting}], "of": "original", "method": "optimize"})
    page.wait(session, "progress")
    page.post(f"/sessions/{session}/cancel", {"kind": "style"})
    page.wait(session, "cancelled")
    before = page.get(f"/sessions/{session}/pictures/styled").content
    assert make_page().get(f"/sessions/{session}/pictures/styled").content == before


KILLED = """
import sys
from pathlib import Path
from mangastyle.app.storage import Disk, Folder
folder, number = Folder(Path(sys.argv[1])), 0
print("begun", flush=True)
while True:
    number += 1
    folder.write_json("state.json", {"revision": number, "state": {"text": "x" * 100_000, "again": number}})
"""


@pytest.mark.posix
def test_a_kill_leaves_a_whole_state(tmp_path):
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        value = Folder(tmp_path).read_json("state.json")
        assert value["revision"] == value["state"]["again"] and len(value["state"]["text"]) == 100_000


@pytest.fixture
def project(page, line_art):
    """A session with all that a project can hold, and its file."""
    session = page.open(line_art, "girl.png")["id"]
    painting = page.upload("/paintings?name=Sea", png(np.full((40, 40, 3), (9, 80, 99), np.uint8))).json()["id"]
    rgb = np.full((30, 30, 3), (200, 30, 40), np.uint8)
    reference = page.upload(f"/sessions/{session}/references", png(rgb)).json()["id"]
    page.put(f"/sessions/{session}/line-art", {"line_art": False})
    state = {"style": {"paintings": [{"id": painting}]}, "references": [reference], "undo": [1, 2, 3]}
    page.put(f"/sessions/{session}/state", {"revision": 3, "state": state})
    page.post(f"/sessions/{session}/style", {"paintings": [{"id": painting}], "of": "original"})
    page.wait(session, "styled")
    page.post(f"/sessions/{session}/export", {"format": "project"})
    event = page.wait(session, "exported")
    assert event["name"] == "girl.mangastyle"
    answer = page.get(f"/sessions/{session}/downloads/{event['download']}")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''girl.mangastyle"
    return session, answer.content


def test_a_project_opens_again_exactly(page, project, make_page, tmp_path):
    before, data = project
    expected = page.get(f"/sessions/{before}").json()
    pictures = [page.get(f"/sessions/{before}/pictures/{name}").content for name in ("original", "line", "styled")]
    painting = expected["state"]["style"]["paintings"][0]["id"]
    for other in (page.studio.sessions.disk.paintings, page.studio.sessions.disk.sessions):
        other.remove()
    page = make_page()
    assert sent(page.get(f"/sessions/{before}"))[0] == 404 and sent(page.get(f"/paintings/{painting}"))[0] == 404
    answer = page.upload("/sessions", data, "application/zip")
    assert answer.status_code == 201, answer.text
    session = answer.json()
    assert session["id"] != before
    for name in ("name", "width", "height", "line_art", "state", "references"):
        assert session[name] == expected[name]
    assert [page.get(f"/sessions/{session['id']}/pictures/{name}").content for name in ("original", "line", "styled")] == pictures
    assert page.get(f"/paintings/{painting}").status_code == 200
    assert page.get(f"/sessions/{session['id']}/references/{session['references'][0]}").status_code == 200


def changed(data: bytes, change) -> bytes:
    """A project whose files were changed: {name: bytes}."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        files = {name: file.read(name) for name in file.namelist()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in change(files).items():
            file.writestr(name, content)
    return made.getvalue()


def about(files, **values):
    return {**files, "project.json": json.dumps({**json.loads(files["project.json"]), **values}).encode()}


HOSTILE = {
    "path": lambda files: {**files, "../../evil": b"x"},
    "absolute": lambda files: {**files, "/etc/evil": b"x"},
    "backslash": lambda files: {**files, "references\\..\\evil": b"x"},
    "unknown": lambda files: {**files, "run.py": b"x"},
    "pickle": lambda files: {**files, "state.pkl": b"x"},
    "many": lambda files: {**files, **{f"references/{i:016x}": b"x" for i in range(projects.MOST_ENTRIES)}},
    "very many": lambda files: {**files, **{f"references/{i:016x}": b"" for i in range(2000)}},
    "no picture": lambda files: {"project.json": files["project.json"]},
    "no json": lambda files: {name: data for name, data in files.items() if name != "project.json"},
    "not a picture": lambda files: {**files, "picture": b"GIF89a, almost"},
    "not a reference": lambda files: {**files, "references/2d711642b726b044": b"x"},
    "not what its name says": lambda files: {**files, "references/0123456789abcdef": files["picture"]},
    "bad json": lambda files: {**files, "project.json": b"{"},
    "deep json": lambda files: {**files, "project.json": b"[" * 100_000},
    "other format": lambda files: about(files, format="word document"),
    "later": lambda files: about(files, version=99),
    "wrong state": lambda files: about(files, state=[1]),
    "not finite": lambda files: about(files, state={"a": float("nan")}),
    "deep state": lambda files: about(files, state={"a": json.loads("[" * 40 + "]" * 40)}),
    "wrong name": lambda files: about(files, name=3),
    "bomb": lambda files: {**files, "picture": bytes(100_000_000)},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_projects_are_refused_and_nothing_of_them_is_kept(page, project, name, monkeypatch, tmp_path):
    if name == "bomb":
        monkeypatch.setattr(protocol, "MOST_PROJECT", 2**20)
    before = sorted((tmp_path / "data").rglob("*"))
    answer = page.upload("/sessions", changed(project[1], HOSTILE[name]), "application/zip")
    assert sent(answer)[0] == 400, name
    assert sorted((tmp_path / "data").rglob("*")) == before and not list(tmp_path.glob("**/evil"))


def test_archives_that_lie_or_are_damaged_are_refused(page, project):
    data = project[1]
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        size = file.getinfo("picture").file_size
    lie = data.replace(size.to_bytes(4, "little"), (size - 5).to_bytes(4, "little"))
    twice = io.BytesIO(data)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(twice, "a") as file:
        file.writestr("picture", b"x")
    for wrong in (b"", b"PK\3\4", data[:-30], data[: len(data) // 2], lie, twice.getvalue()):
        assert sent(page.upload("/sessions", wrong, "application/zip"))[0] == 400
    middle = len(data) // 2
    for i in range(0, len(data), max(1, len(data) // 60)):  # a flipped byte anywhere: opened as it was, or refused
        answer = page.upload("/sessions", data[:i] + bytes([data[i] ^ 0x55]) + data[i + 1 :], "application/zip")
        assert answer.status_code in (201, 400), (i, middle, answer.text)


@pytest.mark.parametrize("kind", ["list", "large list", "comment"])
def test_the_list_of_an_archive_is_not_read_unless_it_is_short(page, project, monkeypatch, kind):
    """Each of its lines becomes an object of hundreds of bytes."""
    data = project[1]
    ends = {
        "list": data[:-10] + (2**24).to_bytes(4, "little") + data[-6:], "comment": data[:-2] + b"\1\0x",
        "large list": data[:-22] + b"PK\6\7" + bytes(16) + data[-22:],
    }  # fmt: skip
    monkeypatch.setattr(projects.zipfile, "ZipFile", None)
    assert sent(page.upload("/sessions", ends[kind], "application/zip"))[0] == 400


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_in_other_ways_is_not_unpacked(page, project, packed):
    data = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(project[1])) as file, zipfile.ZipFile(data, "w") as made:
        for name in file.namelist():
            made.writestr(name, file.read(name), packed if name == "picture" else zipfile.ZIP_STORED)
    status, line = sent(page.upload("/sessions", data.getvalue(), "application/zip"))
    assert status == 400 and "packed" in line


def test_a_project_that_could_not_be_opened_is_not_written(page, project, monkeypatch, tmp_path):
    session, _ = project
    for limits, name, value in ((projects, "MOST_ENTRIES", 3), (protocol, "MOST_PROJECT", 65_700)):
        before = sorted((tmp_path / "data").rglob("*"))
        with monkeypatch.context() as patch:
            patch.setattr(limits, name, value)
            page.post(f"/sessions/{session}/export", {"format": "project"})
            assert "at most" in page.wait(session, "failed", 1 if limits is projects else 2)["error"]
        assert sorted((tmp_path / "data").rglob("*")) == before


def test_a_project_that_does_not_fit_on_the_disk_leaves_nothing(page, project, monkeypatch, tmp_path):
    before = sorted((tmp_path / "data" / "sessions").rglob("*"))
    write = Folder.write

    def full(self, name, data):
        if name == "state.json":
            raise MangastyleError("state.json: cannot write this file (No space left on device)")
        write(self, name, data)

    monkeypatch.setattr(Folder, "write", full)
    assert sent(page.upload("/sessions", project[1], "application/zip"))[0] == 400
    assert sorted((tmp_path / "data" / "sessions").rglob("*")) == before


def test_a_project_is_limited_in_size(page, monkeypatch):
    monkeypatch.setattr(protocol, "MOST_PROJECT", 1000)
    assert sent(page.upload("/sessions", b"x" * 1001, "application/zip"))[0] == 413
    assert sent(page.upload("/sessions", (b"x" * 100 for _ in range(100)), "application/zip"))[0] == 413


def test_names_in_projects_are_tidied():
    assert projects.ALLOWED.fullmatch("references/0123456789abcdef") and not projects.ALLOWED.fullmatch("references/0123456789abcdef\n")
