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
from mangastyle.ops.gaussian_ot import sqrtm_and_inverse
from mangastyle.style.onepass.settings import OnePassSpec
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


@pytest.mark.slow
def test_the_style_weighs_what_was_asked_for(options):
    """The loss of a step is that of its terms by `style_weight`."""
    batch = Crops(options.data, (), options.crop, 0, cache=options.cache).style_pairs(0, 2)[:2]
    batch = (*batch, np.full(2, 0.5, np.float32))
    for weight in (0.0, 7.0):
        chosen = dataclasses.replace(options, style_weight=weight)
        record = onepass.make_train_step(chosen, tf.distribute.get_strategy(), onepass.TrainState(chosen))(batch, tf.constant(0))
        terms = record["content"] + weight * record["style"] + 4 * record["tv"]
        assert float(record["loss"]) == pytest.approx(float(terms) / 2, rel=1e-4)


def features_of(seed: int, batch: int) -> dict[str, np.ndarray]:
    """Random features in all layers of the losses, float32 (b, h, w, n)."""
    random = np.random.default_rng(seed)
    return {name: random.normal(i, 1 + i, (batch, 6, 7, 3)).astype(np.float32) for i, name in enumerate(onepass.LOSS_LAYERS)}


def distance(source: np.ndarray, target: np.ndarray) -> float:
    """The squared Wasserstein distance of features' Gaussians, (h, w, n), over the target's mean square."""
    flat = [x.reshape(-1, x.shape[-1]).astype(np.float64) for x in (source, target)]
    means, covariances = [x.mean(0) for x in flat], [np.cov(x.T, bias=True) for x in flat]
    common = np.linalg.eigvals(covariances[0] @ covariances[1]).real  # those of the product of roots, squared
    apart = np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0] + covariances[1]) - 2 * np.sqrt(common).sum()
    return apart / np.sum(np.mean(flat[1] ** 2, 0))


@pytest.mark.parametrize("one_for_all", [False, True])
def test_the_loss_is_that_of_the_optimization_whatever_the_strength(one_for_all):
    """Of each example, by the strength's weights of content and style, over their sum; with or without known roots."""
    pictures = np.random.default_rng(9).uniform(0, 255, (3, 8, 9, 3)).astype(np.float32)
    result, content, painting = features_of(0, 3), features_of(1, 3), features_of(2, 1 if one_for_all else 3)
    target = onepass.gaussian_statistics(onepass.style_layers({name: tf.constant(x) for name, x in painting.items()}))
    strengths = np.array([0.0, 0.5, 0.9], np.float32)
    loss, record = onepass.loss_of(tf.constant(pictures), result, content, target, tf.constant(strengths))
    style_layers = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    assert record.keys() == {"content", "style", "tv", *style_layers}
    calm = sum(np.mean(np.square(np.diff(pictures / 255.0, axis=axis))) for axis in (1, 2))
    for i, strength in enumerate(strengths):
        ours, theirs = result["relu4_2"][i], content["relu4_2"][i]
        kept = np.mean((ours - theirs) ** 2) / np.mean(theirs**2)
        apart = {name: distance(result[name][i], painting[name][0 if one_for_all else i]) for name in style_layers}
        for name in style_layers:
            assert float(record[name][i]) == pytest.approx(apart[name], rel=1e-3)
        style = np.average([apart[name] for name in style_layers], weights=(16, 12, 6, 1, 1))  # layers near the pixels count more
        alpha, beta = (2 - 2 * strength) ** 2, (2 * strength) ** 2
        assert float(loss[i]) == pytest.approx((alpha * kept + beta * (20 * style + 4 * calm)) / (alpha + beta), rel=1e-3)
    roots = {name: sqrtm_and_inverse(found.covariance)[0] for name, found in target.items()}
    known, _ = onepass.loss_of(tf.constant(pictures), result, content, target, tf.constant(strengths), roots)
    np.testing.assert_allclose(known, loss, rtol=1e-4)
    for weight in (0.0, 10.0):
        other, _ = onepass.loss_of(tf.constant(pictures), result, content, target, tf.constant(strengths), style_weight=weight)
        alpha, beta = (2 - 2 * strengths) ** 2, (2 * strengths) ** 2
        np.testing.assert_allclose(other - loss, beta / (alpha + beta) * (weight - 20) * record["style"], rtol=1e-3)


@pytest.mark.slow
def test_the_decoder_has_the_form_asked_for(finished):
    spec = weights.parse_spec(finished / "last.h5", OnePassSpec, weights.read_spec(finished / "last.h5", "onepass")[0])
    assert spec == OnePassSpec(residual_blocks=(2, 2, 0, 0), modulated=True, residual_windows=(0, 9), residual_block=4, residual_share=1.0)
    assert onepass.start(str(finished / "last.h5"), "float32")[0] == spec
    plain = onepass.TrainState(dataclasses.replace(TINY, residual_blocks=(0, 0, 1, 0), modulated=False))
    names = {variable.path.split("/")[0] for variable in plain.decoder.variables}
    assert "relu2_1_block0_in" in names and "relu4_1_block0_in" not in names and "code" not in names
    with pytest.raises(MangastyleError, match="`residual_blocks`: 2 for 4 `layers`"):
        onepass.TrainState(dataclasses.replace(TINY, residual_blocks=(1, 1)))


def test_blocks_and_modulation_learn(finished, options):
    """What starts from zero does not stay there."""
    stored, fresh = weights.read(finished / "last.h5", "onepass").arrays, onepass.TrainState(TINY)
    start = {variable.path: variable.numpy() for variable in fresh.decoder.variables}
    for name in ("relu4_1_block0_out", "relu3_1_block1_out", "before_relu3_1_modulation", "at_relu1_1_modulation"):
        assert not start[f"{name}/kernel"].any() and stored[f"{name}/kernel"].any(), name


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


@pytest.mark.slow
def test_two_runs_with_the_same_seed_are_equal(finished, options, tmp_path):
    command(dataclasses.replace(options, out=str(tmp_path)))
    assert log_of(tmp_path) == log_of(finished)
    assert same_weights(tmp_path, finished)


def test_the_decoder_starts_from_the_seed():
    one, two, other = (onepass.TrainState(TINY, seed=seed).decoder.get_weights() for seed in (3, 3, 4))
    for a, b, c in zip(one, two, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any() or not a.any()  # biases start from zero


@pytest.mark.slow
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
