"""Training of the one-pass painter: what it learns, its run folder, exact resumption."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from mangastyle.cli import main
from mangastyle.config import StyleConfig, TeachConfig
from mangastyle.data.crops import Crops
from mangastyle.errors import MangastyleError
from mangastyle.style import fast, teach

TINY = TeachConfig(data=("drawn:12",), crop=64, batch=2, steps=4, checkpoint_every=2, precision="float32")


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> TeachConfig:
    return dataclasses.replace(TINY, cache=str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def finished(train_and_kill, config) -> Path:
    """The run folder of a whole training, beside one killed at step 3."""
    return train_and_kill(lambda run: teach.command(dataclasses.replace(config, out=str(run))), 3)


def log_of(run: Path) -> list[dict]:
    """The log without its clock."""
    records = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [{name: value for name, value in record.items() if name != "seconds"} for record in records]


def test_examples_are_the_same_for_the_same_step(config):
    crops = Crops(config)
    for one, other in zip(crops.examples(5, 3), crops.examples(5, 3)):
        np.testing.assert_array_equal(one, other)
    contents, paintings, strengths = crops.examples(6, 40)
    assert contents.shape == paintings.shape == (40, 64, 64, 3)
    assert 0.2 < (strengths == 0.5).mean() < 0.8 and strengths.min() >= 0 and strengths.max() <= 1


def test_losses_fall(config, tmp_path):
    """Forty steps on the same few crops."""
    painter, crops = teach.Painter(config, "float32"), Crops(config)
    contents, paintings, strength = crops.examples(0, 2)
    losses_ = [float(painter.train_step(contents, paintings, strength)["loss"]) for _ in range(40)]
    assert losses_[-1] < 0.7 * losses_[0]
    assert painter.sheet(contents, paintings).shape == (5 * 64, 2 * 64, 3)


def test_run_folder_and_what_it_is_for(finished):
    assert [record["step"] for record in log_of(finished)] == [1, 2, 3, 4]
    assert sorted(path.name for path in (finished / "samples").iterdir()) == ["step-0000002.png", "step-0000004.png"]
    with h5py.File(finished / "last.h5") as file:
        told = file.attrs["config"] + file.attrs["extra"]
    assert '"steps": 4' in told and str(finished) not in told and "drawn:12" not in told
    picture = np.full((40, 48, 3), 90, np.uint8)
    options = StyleConfig(fast=True, fast_weights=str(finished / "last.h5"), size=0)
    assert fast.fast_stylize(picture, [255 - picture], options).shape == (40, 48, 3)


def test_a_killed_run_goes_on_as_if_it_had_never_stopped(finished):
    run = finished.with_name("killed")
    assert len(log_of(run)) == 3
    assert main(["teach", "--resume", "--out", str(run)]) == 0
    for record, other in zip(log_of(run), log_of(finished), strict=True):
        assert record == pytest.approx(other, rel=1e-4)


def test_mistakes_harm_no_earlier_training(finished, config):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    options = dataclasses.replace(config, out=str(finished))
    for change, message in (
        ({}, "--resume.*--force"),
        ({"force": True, "data": ("nowhere",)}, "nowhere"),
        ({"force": True, "crop": 72}, "--crop 72.*multiple of 16"),
        ({"force": True, "init": "nothing.h5"}, "nothing.h5: no such weights file"),
        ({"force": True, "precision": "mixed_float16"}, "--precision mixed_float16.*float32"),
    ):
        with pytest.raises(MangastyleError, match=message):
            teach.command(dataclasses.replace(options, **change))
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
