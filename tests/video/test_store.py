"""The work folder: what is written is there again, whole; what was damaged is not."""

from __future__ import annotations

import os

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.video.store import DiskFolder, Store


def picture(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture
def folder(tmp_path):
    return DiskFolder(tmp_path / "stage")


@pytest.mark.parametrize("shape", [(5, 7, 3), (5, 7)])
def test_a_picture_comes_back_bit_by_bit(folder, shape):
    folder.write(12, picture(0, *shape))
    again = DiskFolder(folder.path)
    assert again.has(12) and not again.has(1)
    assert np.array_equal(again.read(12), picture(0, *shape))


def test_the_last_of_several_counts(folder):
    for seed in (0, 1):
        folder.write(2, picture(seed, 4, 4, 3))
    assert len(os.listdir(folder.path)) == 1
    assert np.array_equal(DiskFolder(folder.path).read(2), picture(1, 4, 4, 3))


@pytest.mark.parametrize("harm", ["flip", "cut"])
def test_a_damaged_picture_is_as_if_it_were_not_there(folder, harm):
    for index in (0, 1):
        folder.write(index, picture(index, 9, 9, 3))
    path = sorted(folder.path.iterdir())[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data if harm == "flip" else data[: len(data) // 2])
    again = DiskFolder(folder.path)
    assert not again.has(0) and again.has(1) and not path.exists()


def test_arrays_come_back(folder):
    arrays = {"flow": np.float32([[1, -2]]), "labels": np.arange(6, dtype=np.int32).reshape(2, 3)}
    folder.save("state", {"flow": np.zeros(1)})
    folder.save("state", arrays)
    found = DiskFolder(folder.path).load("state")
    assert found and {key: value.tolist() for key, value in found.items()} == {key: value.tolist() for key, value in arrays.items()}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half", b"no arrays"])
def test_damaged_arrays_are_as_if_they_were_not_there(folder, content):
    folder.save("state", {"a": np.ones(3)})
    (folder.path / "state.npz").write_bytes(content)
    assert folder.load("state") is None


def test_objects_are_not_read(folder):
    folder.path.mkdir()
    np.savez(folder.path / "state.npz", a=np.array([{}], object))
    assert folder.load("state") is None


def test_a_folder_is_continued_by_the_same_settings_alone(tmp_path):
    about, other = {"clip": "a", "size": (2, 3)}, {"clip": "b"}
    with Store.opened(tmp_path / "work", about) as store:
        store.shot(0)["shade"].write(0, picture(0, 4, 4, 3))
    with Store.opened(tmp_path / "work", about) as store:
        assert store.shot(0)["shade"].has(0) and store.shot(0).finished is None
        store.shot(0).finish([(0, 0.0, 0, None), (1, 0.5, 0, None)])
        assert store.shot(0).finished == [(0, 0.0, 0, None), (1, 0.5, 0, None)]
    with pytest.raises(MangastyleError, match="another clip or other options"), Store.opened(tmp_path / "work", other):
        pass
    with Store.opened(tmp_path / "work", other, force=True) as store:
        assert store.shot(0).finished is None and not store.shot(0)["shade"].has(0)


def test_other_peoples_folders_are_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(MangastyleError, match="holds other files"), Store.opened(tmp_path, {}, force=True):
        pass
    assert (tmp_path / "letter.txt").exists()


@pytest.mark.posix
def test_two_processes_do_not_share_a_folder(tmp_path):
    with Store.opened(tmp_path / "work", {}), pytest.raises(MangastyleError, match="another process"):
        with Store.opened(tmp_path / "work", {}):
            pass
