"""Weights files: what is written comes back, and nothing else is accepted."""

from __future__ import annotations

import dataclasses
import json
import os

import h5py
import numpy as np
import pytest

from mangastyle import weights
from mangastyle.config import TrainConfig
from mangastyle.errors import MangastyleError
from mangastyle.files import sha256
from mangastyle.shade import infer, networks

TINY = TrainConfig(size=16, width=4, levels=2, precision="float32")


@pytest.fixture
def file(tmp_path):
    """A weights file and its network, with statistics and biases that are not the initial ones."""
    model = networks.generator(TINY)
    random = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(random.normal(0.5, 0.2, variable.shape))
    weights.save(tmp_path / "net.h5", model, TINY, {"step": 3})
    return tmp_path / "net.h5", model


def test_a_round_trip_is_exact_to_float16_for_kernels_and_to_float32_for_the_rest(file):
    path, model = file
    loaded, config = infer.load_generator(path, "float32")
    assert config == TINY
    for before, after in zip(model.variables, loaded.variables):
        stored = np.float16 if before.ndim > 1 else np.float32
        np.testing.assert_array_equal(after.numpy(), before.numpy().astype(stored).astype(np.float32))
    with h5py.File(path) as stored:
        assert json.loads(stored.attrs["extra"]) == {"step": 3}
        assert stored["down1/kernel"].dtype == np.float16 and stored["down1/bias"].dtype == np.float32


def test_nothing_is_pickled_and_nothing_is_left_beside_the_file(file):
    path, _ = file
    assert os.listdir(path.parent) == ["net.h5"]
    with h5py.File(path) as stored:
        stored.visititems(lambda name, item: pytest.fail(name) if isinstance(item, h5py.Dataset) and item.dtype.kind not in "f" else None)
    assert b"numpy.core" not in path.read_bytes() and b"numpy._core" not in path.read_bytes()


def test_damaged_and_foreign_files_are_one_clear_error(file, tmp_path):
    path, _ = file
    whole = path.read_bytes()

    def refused(match):
        with pytest.raises(MangastyleError, match=match) as caught:
            infer.load_generator(path, "float32")
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)

    for cut in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        refused("not a weights file, or damaged")
    path.write_bytes(b"no HDF5 at all" * 100)
    refused("not a weights file, or damaged")
    path.unlink()
    with h5py.File(path, "w") as foreign:
        foreign["layer/kernel"] = np.zeros((3, 3))
    refused("not a weights file of a shading network")

    def changed(change):
        path.write_bytes(whole)
        with h5py.File(path, "r+") as stored:
            change(stored)

    changed(lambda f: f.__delitem__("down2/kernel"))
    refused("down2/kernel is missing")
    changed(lambda f: f["down2/bias"].__setitem__(0, np.nan))
    refused("down2/bias holds values that are not numbers")
    changed(lambda f: f.attrs.__setitem__("config", '{"width": '))
    refused("configuration inside cannot be read")
    changed(lambda f: f.attrs.__setitem__("config", '{"wdith": 4}'))
    refused("did you mean 'width'")


@pytest.mark.parametrize("other", [{"width": 8}, {"levels": 3}, {"upsample": "transpose"}, {"model": "baseline"}])
def test_another_networks_weights_are_refused(file, other):
    path, _ = file
    model = networks.build(dataclasses.replace(TINY, **other))[0]
    with pytest.raises(MangastyleError, match="of another network|the network needs"):
        weights.load(path, model)


def test_shipped_files_must_match_the_manifest(file, tmp_path, monkeypatch):
    path, _ = file
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    monkeypatch.setattr(weights, "shipped_folder", lambda: shipped)
    with pytest.raises(MangastyleError, match="no such weights file.*--weights"):
        weights.find("")
    path.rename(shipped / "shade.h5")
    (shipped / "MANIFEST.json").write_text(json.dumps({"shade.h5": {"sha256": sha256(shipped / "shade.h5")}}))
    assert weights.find("") == shipped / "shade.h5"
    data = bytearray((shipped / "shade.h5").read_bytes())
    data[-1] ^= 1
    (shipped / "shade.h5").write_bytes(data)
    for given in ("", str(shipped / "shade.h5")):
        with pytest.raises(MangastyleError, match="SHA-256"):
            weights.find(given)


def test_a_missing_file_is_named_with_the_cure(tmp_path):
    with pytest.raises(MangastyleError, match="gone.h5: no such weights file; .*best.h5"):
        weights.find(str(tmp_path / "gone.h5"))


def test_a_failed_write_keeps_the_file_that_was_there(file):
    path, model = file
    before = path.read_bytes()

    class Broken:
        variables = [*model.variables, None]

    with pytest.raises(Exception):
        weights.save(path, Broken(), TINY)
    assert path.read_bytes() == before and os.listdir(path.parent) == ["net.h5"]


def test_whatever_ships_is_whole():
    if (weights.shipped_folder() / weights.SHADE).exists():
        model, config = infer.load_generator(weights.find(""), "float32")
        assert model.count_params() > 0 and config.size >= 8


def test_no_path_of_the_training_machine_is_in_the_file(tmp_path):
    secret = dataclasses.replace(TINY, data=("/secret/pictures",), out="/secret/run", cache="/secret/cache", init="/secret/init.h5")
    weights.save(tmp_path / "net.h5", networks.generator(TINY), secret)
    assert b"/secret" not in (tmp_path / "net.h5").read_bytes()
    assert weights.read_config(tmp_path / "net.h5") == TINY
