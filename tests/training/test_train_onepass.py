"""Training of the one-pass decoder: what it learns, its run folder, exact resumption."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf
import training_devices

from mangastyle.cli.main import main
from mangastyle.cli.train_onepass import Options, command
from mangastyle.data.crops import Crops
from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.style.stylize import stylize
from mangastyle.training import onepass

TINY = Options(data=("drawn:12",), crop=64, batch=2, steps=4, checkpoint_every=2, precision="float32")


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> Options:
    return dataclasses.replace(TINY, cache=str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def finished(train_and_kill, options) -> Path:
    """The run folder of a whole training, beside one killed at step 3."""
    return train_and_kill(lambda run: command(dataclasses.replace(options, out=str(run))), 3)


def log_of(run: Path) -> list[dict]:
    """The log without its clock."""
    records = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [{name: value for name, value in record.items() if name not in ("seconds", "pictures_per_second")} for record in records]


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        found: dict[str, np.ndarray] = {}
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def same_weights(run: Path, other: Path) -> bool:
    one, two = arrays_of(run / "last.h5"), arrays_of(other / "last.h5")
    return one.keys() == two.keys() and all((one[name] == two[name]).all() for name in one)


def test_losses_fall(options):
    """Twenty steps on the same two crops."""
    crops = Crops(options.data, (), options.crop, 0, cache=options.cache)
    state, batch = onepass.TrainState(options), crops.style_pairs(0, 2)
    step = onepass.make_train_step(options, tf.distribute.get_strategy(), state)
    losses = [float(step(batch, tf.constant(0))["loss"]) for _ in range(20)]
    assert losses[-1] < 0.7 * losses[0]
    assert state.sheet(*batch[:2]).shape == (5 * 64, 2 * 64, 3)


def test_run_folder_and_what_it_is_for(finished, options):
    assert [record["step"] for record in log_of(finished)] == [1, 2, 3, 4]
    assert sorted(path.name for path in (finished / "samples").iterdir()) == ["step-0000002.png", "step-0000004.png"]
    spec, provenance = weights.read_spec(finished / "last.h5", "onepass")
    assert provenance["steps"] == 4 and provenance["settings"]["crop"] == 64
    stored = json.dumps([spec, provenance])
    assert str(finished) not in stored and options.cache not in stored and "drawn" not in stored
    picture = np.full((40, 48, 3), 90, np.uint8)
    made = stylize(picture, [255 - picture], method="onepass", onepass_weights=str(finished / "last.h5"), size=0)
    assert made.shape == (40, 48, 3)


def test_a_killed_run_continues_as_if_it_had_never_stopped(finished):
    run = finished.with_name("killed")
    assert len(log_of(run)) == 3 and not same_weights(run, finished)
    assert main(["train-onepass", "--resume", "--out", str(run)]) == 0
    assert log_of(run) == log_of(finished)
    assert same_weights(run, finished)


def test_two_runs_with_the_same_seed_are_equal(finished, options, tmp_path):
    command(dataclasses.replace(options, out=str(tmp_path)))
    assert log_of(tmp_path) == log_of(finished)
    assert same_weights(tmp_path, finished)


def test_the_decoder_starts_from_the_seed():
    one, two, other = (onepass.TrainState(TINY, seed=seed).decoder.get_weights() for seed in (3, 3, 4))
    for a, b, c in zip(one, two, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any() or not a.any()  # biases start from zero


def test_two_devices_train_as_one_does(finished, options, tmp_path):
    training_devices.run("mirrored", "train-onepass", dataclasses.replace(options, out=str(tmp_path / "two")))
    for record, expected in zip(log_of(tmp_path / "two"), log_of(finished), strict=True):
        assert record == pytest.approx(expected, rel=1e-4), record["step"]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["mirrored", "multiworker"])
def test_a_killed_distributed_run_continues_as_if_it_had_never_stopped(options, tmp_path, strategy):
    run = tmp_path / "run"
    training_devices.run(strategy, "train-onepass", dataclasses.replace(options, out=str(run)), copy_at=3)
    copied = run.with_name("killed")
    training_devices.run(strategy, "train-onepass", dataclasses.replace(options, out=str(copied), resume=True))
    assert log_of(copied) == log_of(run)
    assert same_weights(copied, run)


def test_init_starts_from_given_weights(finished):
    state = onepass.TrainState(TINY, init=str(finished / "last.h5"), seed=5)
    stored = weights.read(finished / "last.h5", "onepass").arrays
    for variable in state.decoder.variables:
        np.testing.assert_array_equal(variable, stored[variable.path])


def test_mistakes_harm_no_earlier_training(finished, options):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    options = dataclasses.replace(options, out=str(finished))
    for change, message in (
        ({}, "`resume`.*`force`"),
        ({"force": True, "data": ("nowhere",)}, "nowhere"),
        ({"force": True, "paintings": ("nowhere",)}, "nowhere"),
        ({"force": True, "crop": 72}, "`crop`: must be a multiple of 16.*72"),
        ({"force": True, "init": "nothing.h5"}, "nothing.h5: no such weights file"),
        ({"force": True, "precision": "mixed_float16"}, "precision.*mixed_float16.*float32"),
    ):
        with pytest.raises(MangastyleError, match=message):
            command(dataclasses.replace(options, **change))
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
