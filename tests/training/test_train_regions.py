"""Training of the network that colors regions: what it learns, its run folder, exact resumption."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Callable, NamedTuple

import h5py
import numpy as np
import pytest
import tensorflow as tf
import training_devices

from mangastyle.cli.main import main
from mangastyle.cli.train_regions import Options, command
from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.shade.files import find_regions_network
from mangastyle.training import regions
from mangastyle.training.region_examples import RegionExamples

TINY = Options(
    data=("drawn:8",), size=32, widths=(8, 8, 8), width=16, heads=2, blocks=1, colors=8, batch=2, steps=4, checkpoint_every=2,
    learning_rate=0.02, precision="float32",
)  # fmt: skip


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> Options:
    return dataclasses.replace(TINY, cache=str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def source(options) -> RegionExamples:
    return RegionExamples(options.data, (), options.size, options.regions, 0, cache=options.cache)


class Trained(NamedTuple):
    folder: Path
    state: regions.TrainState
    step: Callable[..., dict[str, tf.Tensor]]


@pytest.fixture(scope="module")
def trained(train_and_kill, options) -> Trained:
    """A whole training: its run folder, beside one killed at step 3, and its state and compiled step."""
    made, make = [], regions.make_train_step

    def keep(settings, strategy, state):
        made.append((state, make(settings, strategy, state)))
        return made[0][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regions, "make_train_step", keep)
        folder = train_and_kill(lambda run: command(dataclasses.replace(options, out=str(run))), 3)
    return Trained(folder, *made[0])


@pytest.fixture(scope="module")
def finished(trained) -> Path:
    return trained.folder


def log_of(run: Path) -> list[dict]:
    """The log without its clock."""
    records = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [{name: value for name, value in record.items() if name not in ("seconds", "pictures_per_second")} for record in records]


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        found: dict[str, np.ndarray] = {}
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def same_weights(run: Path, other: Path, file: str = "last.h5") -> bool:
    one, two = arrays_of(run / file), arrays_of(other / file)
    return one.keys() == two.keys() and all((one[name] == two[name]).all() for name in one)


def test_losses_fall_and_averaged_weights_follow(trained, source):
    """Forty steps on the same two examples; the averaged weights are a moving average."""
    state, step, batch = trained.state, trained.step, tuple(source.batch(0, 2))
    state.optimizer.learning_rate = 0.01
    pairs = list(zip(state.network.model.trainable_variables, state.averaged.model.trainable_variables))
    before = [averaged.numpy() for _, averaged in pairs]
    losses = [float(step(batch, tf.constant(20))["loss"])]  # momentum 21 / 30
    for (variable, averaged), old in zip(pairs, before):
        np.testing.assert_allclose(averaged, 0.7 * old + 0.3 * variable.numpy(), atol=1e-6)
    losses += [float(step(batch, tf.constant(i))["loss"]) for i in range(40)]
    assert losses[-1] < 0.8 * losses[0]


def test_norm_statistics_are_those_of_the_averaged_weights(trained, options, source):
    """The first convolution's outputs have the mean and variance that its BatchNorm is given."""
    regions.settle_norm(options, trained.state, source)
    encoder = trained.state.averaged.encoder
    ink = np.concatenate([source.batch(step, 2).ink for step in range(regions.NORM_BATCHES)])[..., None]
    made, norm = encoder.get_layer("down1")(tf.constant(ink)).numpy(), encoder.get_layer("down1_norm")
    np.testing.assert_allclose(norm.moving_mean, made.mean((0, 1, 2)), rtol=1e-3, atol=1e-5)
    by_batch = made.reshape(regions.NORM_BATCHES, -1, made.shape[-1])
    np.testing.assert_allclose(norm.moving_variance, by_batch.var(1).mean(0), rtol=1e-3)


def test_the_best_weights_are_those_of_the_lowest_loss(options, trained, source, tmp_path, monkeypatch):
    losses = iter((3.0, 2.0, 4.0))
    monkeypatch.setattr(regions, "measure", lambda *_: {"loss": next(losses)})
    monkeypatch.setattr(regions, "sheet", lambda *_: np.zeros((8, 8, 3), np.uint8))
    trained.state.best.assign(np.inf)
    for step in (10, 20, 30):
        run = SimpleNamespace(path=tmp_path)
        session = SimpleNamespace(step=step, run=run, log_scalars=lambda values: None, log_picture=lambda picture: None)
        regions.validate(session, options, trained.state, source)  # type: ignore[arg-type]
    provenance = weights.read_spec(tmp_path / "best.h5", "regions")[1]
    assert provenance["steps"] == 20 and provenance["validation"] == {"loss": 2.0} and float(trained.state.best) == 2.0


def test_run_folder_and_what_it_is_for(finished, options):
    assert [record["step"] for record in log_of(finished)] == [1, 2, 3, 4]
    assert sorted(path.name for path in (finished / "samples").iterdir()) == ["step-0000002.png", "step-0000004.png"]
    spec, provenance = weights.read_spec(finished / "last.h5", "regions")
    assert provenance["steps"] == 4 and provenance["settings"]["batch"] == 2
    stored = json.dumps([spec, provenance])
    assert str(finished) not in stored and options.cache not in stored and "drawn:" not in stored
    assert find_regions_network(finished / "last.h5")[1] == options.spec == find_regions_network(finished / "best.h5")[1]
    palette = weights.read(finished / "last.h5", "regions").arrays["palette/colors"]
    assert palette[:, 0].min() > 0 and palette[:, 0].max() > 80 and np.ptp(palette[:, 1:]) > 20


@pytest.mark.slow
def test_a_killed_run_continues_as_if_it_had_never_stopped(finished):
    run = finished.with_name("killed")
    assert len(log_of(run)) == 3 and not same_weights(run, finished)
    assert main(["train-regions", "--resume", "--out", str(run)]) == 0
    assert log_of(run) == log_of(finished)
    assert same_weights(run, finished) and same_weights(run, finished, "best.h5")


@pytest.mark.slow
def test_two_devices_train_as_one_does(finished, options, tmp_path):
    training_devices.run("mirrored", "train-regions", dataclasses.replace(options, out=str(tmp_path / "two")))
    for record, expected in zip(log_of(tmp_path / "two"), log_of(finished), strict=True):
        assert record["loss"] == pytest.approx(expected["loss"], rel=1e-4), record["step"]


def test_init_starts_from_given_weights(finished, options):
    state = regions.TrainState(options, np.zeros((8, 3), np.float32), init=str(finished / "last.h5"), seed=5)
    stored = weights.read(finished / "last.h5", "regions").arrays
    for variable in (*state.network.model.variables, *state.averaged.model.variables):
        np.testing.assert_array_equal(variable, stored[variable.path])


def test_mistakes_harm_no_earlier_training(finished, options):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    options = dataclasses.replace(options, out=str(finished))
    for change, message in (
        ({}, "`resume`.*`force`"),
        ({"force": True, "data": ("nowhere",)}, "nowhere"),
        ({"force": True, "data": ("figures:x",)}, "figures:N"),
        ({"force": True, "size": 36}, "`size`: must be a multiple of 8 with 3 `widths`, not 36"),
        ({"force": True, "widths": (8, 8)}, "`widths`: must be at least 3 numbers, not 2"),
        ({"force": True, "heads": 3}, "`width`: must be a multiple of 3 `heads`, not 16"),
        ({"force": True, "shares": (1.0, 2.0)}, "`shares`: must be 1 numbers"),
        ({"force": True, "init": "nothing.h5"}, "nothing.h5: no such weights file"),
        ({"force": True, "precision": "mixed_float16"}, "precision.*mixed_float16.*float32"),
    ):
        with pytest.raises(MangastyleError, match=message):
            command(dataclasses.replace(options, **change))
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
