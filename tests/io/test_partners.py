"""Files that belong to pictures by their names."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePath

import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io.partners import Partners


def partners(folder: Path, *names: str) -> Partners:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return Partners(folder, [".json"])


def of(found: Partners, name: str) -> str | None:
    path = found.of(PurePath(name))
    return path and path.relative_to(found.folder).as_posix()


def test_the_same_inner_path_whatever_the_suffix(tmp_path):
    found = partners(tmp_path, "a.png", "in/a.JPG", "b.json", "c.d.png")
    assert len(found.files) == 4
    names = {"a.jpg": "a.png", "a.png": "a.png", "in/a.webp": "in/a.JPG", "b.tif": "b.json", "c.d.jpg": "c.d.png", "c.jpg": None}
    assert {name: of(found, name) for name in [*names, "in/b.png"]} == {**names, "in/b.png": None}


def test_pictures_of_one_stem_have_files_of_their_own(tmp_path):
    found = partners(tmp_path, "a.png", "a.jpg", "b.png", "b.jpg.png")
    assert [of(found, name) for name in ("a.png", "a.jpg", "b.png", "b.jpg")] == ["a.png", "a.jpg", "b.png", "b.jpg.png"]
    with pytest.raises(MangastyleError, match=r"a.jpg and .*a.png have both the name of a.webp; keep one of them"):
        of(found, "a.webp")


def test_accents_are_compared_however_they_are_written(tmp_path):
    found = partners(tmp_path, unicodedata.normalize("NFD", "é.png"))
    assert found.of(PurePath(unicodedata.normalize("NFC", "é.jpg"))) == found.files[0]


def test_a_folder_without_files(tmp_path):
    with pytest.raises(MangastyleError, match="no picture in this folder"):
        Partners(tmp_path)
