"""Listing pictures: what is taken, what is left out and said, odd names, links, and folders that cannot be read."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from pathlib import Path

import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io.folders import left_out_note, list_pictures
from mangastyle.io.formats import SUFFIXES

linux = pytest.mark.skipif(sys.platform != "linux", reason="such files exist on Linux")


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def listed(folder: Path, **options) -> list[str]:
    return [str(path.relative_to(folder)) for path in list_pictures(folder, **options).pictures]


def test_pictures_of_all_depths_are_sorted(tmp_path, caplog):
    fill(tmp_path, "b.PNG", "a.jpg", "deep/er/c.webp", "deep-er/d.png", "out/d.png")
    (tmp_path / "folder.png").mkdir()
    assert listed(tmp_path) == ["a.jpg", "b.PNG", "deep/er/c.webp", "deep-er/d.png", "out/d.png"]
    assert "out/d.png" not in listed(tmp_path, skip=tmp_path / "out")
    assert listed(tmp_path, skip=tmp_path / "none") == listed(tmp_path)
    assert not caplog.records
    with pytest.raises(MangastyleError, match="no picture in this folder"):
        list_pictures(tmp_path / "folder.png")


def test_every_suffix_of_the_table_is_a_picture(tmp_path):
    fill(tmp_path, *(f"a{suffix}" for suffix in SUFFIXES), *(f"b{suffix.upper()}" for suffix in SUFFIXES))
    assert len(listed(tmp_path)) == 2 * len(SUFFIXES)


def test_what_is_left_out_is_said_in_one_line(tmp_path, caplog):
    fill(tmp_path, "a.png", "1.txt", "in/2.TXT", "README", ".DS_Store", "._a.png", ".thumbnails/a.png", "Dr. Who met me")
    assert listed(tmp_path) == ["a.png"]
    expected = "6 left out: 2 .txt, 1 hidden folder, 1 hidden picture, 1 with an odd suffix, 1 without suffix"
    assert [record.getMessage() for record in caplog.records] == [f"{tmp_path}: {expected}"]


def test_further_suffixes(tmp_path, caplog):
    fill(tmp_path, "a.png", "b.JSON")
    assert listed(tmp_path, also=[".json"]) == ["a.png", "b.JSON"] and not caplog.records


@pytest.mark.posix
@linux
def test_what_is_no_regular_file_is_left_out(tmp_path):
    fill(tmp_path, "a.png")
    os.mkfifo(tmp_path / "b.png")
    os.mkfifo(tmp_path / "c")
    (tmp_path / "null.png").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s.png"))  # such paths must be short
        found = list_pictures(tmp_path)
    assert found.pictures == [tmp_path / "a.png"] and found.left_out == {"pipe": 2, "device": 1, "socket": 1}
    assert left_out_note(found.left_out) == "4 left out: 2 pipes, 1 device, 1 socket"


@linux
def test_links(tmp_path):
    fill(tmp_path / "in", "a.png")
    fill(tmp_path / "other", "b.png")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/other").symlink_to(tmp_path / "other")
    (tmp_path / "in/b.png").symlink_to(tmp_path / "other/b.png")
    (tmp_path / "in/gone.png").symlink_to("nowhere.png")  # reading it says what is wrong
    (tmp_path / "in/self.png").symlink_to("self.png")
    found = list_pictures(tmp_path / "in")
    assert [path.name for path in found.pictures] == ["a.png", "b.png", "gone.png", "self.png"]
    assert left_out_note(found.left_out) == "2 left out: 2 links to folders"
    (tmp_path / "in-link").symlink_to(tmp_path / "in")  # the folder itself may be a link, and so may the one to skip
    assert len(list_pictures(tmp_path / "in-link").pictures) == 4
    assert listed(tmp_path, skip=tmp_path / "in-link") == ["other/b.png"]


@linux
@pytest.mark.parametrize("name", [os.fsdecode(b"not-utf8-\xff.png"), "new\nline.png", "-dash.png", "per%cent.png"])
def test_odd_names(tmp_path, name):
    fill(tmp_path, name, "x.te\nxt", os.fsdecode(b"x.\xff"))
    found = list_pictures(tmp_path)
    assert found.pictures == [tmp_path / name]
    assert left_out_note(found.left_out) == "2 left out: 2 with an odd suffix"  # one line that can be printed


def test_many_kinds_are_one_short_line(tmp_path):
    note = left_out_note(Counter({f".{i:04d}": 1 for i in range(1000)}))
    assert note.startswith("1000 left out: 1 .0000, 1 .0001") and note.endswith("994 of other kinds") and len(note) < 150


def test_folders_that_cannot_be_read(tmp_path, monkeypatch):
    fill(tmp_path, "a.png", "in/b.png", "lost/c.png")
    scan = os.scandir

    def scandir(place):
        if os.path.basename(place) == "lost":
            raise PermissionError(13, "Permission denied", place)
        return scan(place)

    monkeypatch.setattr(os, "scandir", scandir)
    found = list_pictures(tmp_path)
    assert len(found.pictures) == 2 and left_out_note(found.left_out) == "1 left out: 1 unreadable folder"
    with pytest.raises(MangastyleError, match=r"lost: cannot read this folder \(Permission denied\)"):
        list_pictures(tmp_path / "lost")
    with pytest.raises(MangastyleError, match="gone: cannot read this folder"):
        list_pictures(tmp_path / "gone")


def test_an_empty_folder_says_what_it_holds(tmp_path):
    fill(tmp_path, "a.txt")
    with pytest.raises(MangastyleError, match=r"no picture in this folder; 1 left out: 1 .txt; pictures end in .png .*others"):
        list_pictures(tmp_path)


def test_many_files_take_little_work(tmp_path, monkeypatch):
    """No system call for each file: a hundred thousand are listed in a second or two."""
    fill(tmp_path, *(f"{i}.png" for i in range(300)))
    calls = []
    monkeypatch.setattr(os, "stat", lambda *args, **options: calls.append(args))
    assert len(list_pictures(tmp_path).pictures) == 300 and not calls
