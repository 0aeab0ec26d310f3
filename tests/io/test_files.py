"""Atomic writing: the old file or the whole new one, whatever happens in between."""

from __future__ import annotations

import hashlib
import os
import stat

import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io import files


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_success_renames_and_makes_parents(tmp_path):
    target = tmp_path / "deep" / "er" / "a.txt"
    with files.atomic(target) as temporary:
        assert temporary.parent == target.parent and temporary.suffix == ".txt" and not target.exists()
        temporary.write_text("new")
    assert target.read_text() == "new" and names(target.parent) == ["a.txt"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("failure", [ValueError("x"), KeyboardInterrupt(), MangastyleError("y")])
def test_failure_leaves_the_old_file_and_no_temporary(tmp_path, failure):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(type(failure)):
        with files.atomic(target) as temporary:
            temporary.write_text("half")
            raise failure
    assert target.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_a_full_disk_is_one_named_error(tmp_path):
    target = tmp_path / "a.txt"
    with pytest.raises(MangastyleError, match="a.txt: cannot write this file.*No space left"):
        with files.atomic(target):
            raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_existing_files_are_kept_without_force(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(MangastyleError, match="a.txt: already exists; use `force`"):
        with files.atomic(target, force=False):
            pytest.fail("the body must not run")
    assert target.read_text() == "old"


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(MangastyleError, match="cannot create this folder.*choose another `out`"):
        with files.atomic(tmp_path / "file" / "a.txt"):
            pytest.fail("the body must not run")
    with pytest.raises(MangastyleError, match="choose another `out`"):
        files.refuse_unwritable(tmp_path / "file" / "deep" / "a.txt")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(MangastyleError, match=f"cannot write in {tmp_path}; choose another `out`"):
        files.refuse_unwritable(tmp_path / "new" / "a.txt")
    assert names(tmp_path) == ["file"]

    def refuse(*options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mangastyle.io.leftovers.os.open", refuse)
    with pytest.raises(MangastyleError, match="cannot write here .Permission denied"):
        with files.atomic(tmp_path / "a.txt"):
            pytest.fail("the body must not run")


def test_relative_outputs_belong_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files.refuse_unwritable(files.Path("a.txt"))
    with files.atomic(files.Path("a.txt")) as temporary:
        temporary.write_text("x")
    assert names(tmp_path) == ["a.txt"]


def test_names_too_long_are_an_error_that_leaves_nothing(tmp_path):
    with pytest.raises((MangastyleError, OSError)):
        with files.atomic(tmp_path / ("x" * 300)):
            pass
    assert names(tmp_path) == []


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True], "名前": "絵.png"}, [], {"not utf-8": "\udcff.png"}])
def test_json_round_trip(tmp_path, value):
    files.write_json(tmp_path / "a.json", value)
    assert files.read_json(tmp_path / "a.json") == value


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"hello"])
def test_broken_json_is_named(tmp_path, data):
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(MangastyleError, match="a.json: not valid JSON") as error:
        files.read_json(tmp_path / "a.json")
    assert "\n" not in str(error.value)
    with pytest.raises(MangastyleError, match="gone.json: no such file"):
        files.read_json(tmp_path / "gone.json")


def test_sha256(tmp_path):
    data = bytes(range(256)) * 9000  # more than two blocks
    (tmp_path / "a").write_bytes(data)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(data).hexdigest()
    with pytest.raises(MangastyleError, match="gone: no such file"):
        files.sha256(tmp_path / "gone")
