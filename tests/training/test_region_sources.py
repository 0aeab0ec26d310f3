"""Samples from folders, archives and drawn pictures: pairs, what is left out, and the cache."""

from __future__ import annotations

import functools
import io
import logging
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.synthetic.characters import character
from mangastyle.synthetic.figures import figure
from mangastyle.training import region_sources
from mangastyle.training.region_samples import make_sample


def sample_of(picture: np.ndarray, line: np.ndarray, size: int = 64) -> np.ndarray:
    """A sample that there is."""
    found = make_sample(picture, line, size)
    assert found is not None
    return found


@pytest.fixture
def load(tmp_path):
    return functools.partial(region_sources.load, size=64, cache=str(tmp_path / "cache"))


def encoded(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def drawn():
    return [character(seed, 512) for seed in range(3)]


@pytest.fixture(scope="module")
def members(drawn) -> dict[str, bytes]:
    """Two pairs, of which one's line art is another character's; a picture, alone; line art, alone; one that is broken; one twice."""
    return {
        "a__color.png": encoded(drawn[0].rgb), "a__line.png": encoded(drawn[1].line), "b/c__line.png": encoded(drawn[2].line),
        "b/c__colour.webp": encoded(drawn[2].rgb), "d__line.png": encoded(drawn[0].line), "e.png": encoded(drawn[1].rgb),
        "f.png": b"no picture", "g.png": encoded(drawn[1].rgb),
    }  # fmt: skip


@pytest.fixture(scope="module")
def expected(drawn) -> list[bytes]:
    pairs = [(drawn[0].rgb, drawn[1].line), (drawn[2].rgb, drawn[2].line), (drawn[1].rgb, sketch(drawn[1].rgb, kind="clean"))]
    return [sample_of(*pair).tobytes() for pair in pairs]


def test_line_art_of_pairs_is_theirs_and_that_of_others_is_a_sketch(load, members, expected, tmp_path, caplog):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with caplog.at_level(logging.WARNING):
        found = load(str(tmp_path / "a.zip"))
    assert [record.tobytes() for record in found.records] == expected
    assert "f.png" in caplog.text and "left out 1 pictures that cannot be read, and 0 without color" in caplog.text


def test_partners_may_be_apart_in_a_tar(load, members, expected, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in sorted(members, reverse=True):
            info = tarfile.TarInfo(name)
            info.size = len(members[name])
            archive.addfile(info, io.BytesIO(members[name]))
    assert sorted(record.tobytes() for record in load(str(tmp_path / "a.tar")).records) == sorted(expected)


def test_small_pictures_are_enlarged_and_large_ones_reduced(load, drawn, tmp_path):
    for name, height, width in (("small", 128, 96), ("large", 600, 800)):
        folder = tmp_path / name
        folder.mkdir()
        picture = pixels.resize(drawn[0].rgb, height, width)
        (folder / "a.png").write_bytes(encoded(picture))
        size = (512, 384) if name == "small" else (576, 768)
        seen = pixels.resize(picture, *size)
        expected = sample_of(seen, sketch(seen, kind="clean"), 64)
        assert load(str(folder)).records[0].tobytes() == expected.tobytes()


def test_drawn_pictures_have_their_own_lines_and_flat_colors(load, drawn):
    assert load("drawn:1-2").records[0].tobytes() == sample_of(drawn[1].flat, drawn[1].line, 64).tobytes()
    other = figure(5, 768, 576)
    assert load("figures:5-6").records[0].tobytes() == sample_of(other.flat, other.line, 64).tobytes()


def test_a_second_load_makes_nothing(load, monkeypatch):
    first = load("drawn:2").records.tobytes()
    monkeypatch.setattr(region_sources, "make_sample", lambda *_: pytest.fail("made again"))
    assert load("drawn:2").records.tobytes() == first


@pytest.mark.parametrize(
    ("error", "shown"), [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(28, "No space left on device"), MangastyleError)]
)
def test_a_killed_making_leaves_nothing_and_a_full_disk_is_one_line(load, tmp_path, monkeypatch, error, shown):
    def fail(*_):
        raise error

    monkeypatch.setattr(region_sources, "publish", fail)
    with pytest.raises(shown):
        load("drawn:1")
    assert list((tmp_path / "cache").iterdir()) == []
