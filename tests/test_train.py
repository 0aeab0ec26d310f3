"""The training loop: its run folder, exact resumption, signals, full disks, several devices."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import types

import h5py
import numpy as np
import pytest
import tensorflow as tf

from mangastyle import images, monitor, train
from mangastyle.cli import main
from mangastyle.config import TrainConfig, save_config, settle, to_json
from mangastyle.data import dataset
from mangastyle.errors import MangastyleError
from mangastyle.files import read_json
from mangastyle.shade import infer, networks, simulate
from mangastyle.shade.validate import Validation
from mangastyle.style import vgg

# All that is on by default (enlarging, averaging, mixed hints, close-ups, mirroring, decay), only small.
TINY = TrainConfig(
    data=("drawn:10",), size=16, width=4, levels=2, batch=4, steps=8, validation=0.1, learning_rate=2e-3,
    checkpoint_every=3, validate_every=2, sample_every=4, precision="float32",
)  # fmt: skip
# The paper's letter.
PAPER = dataclasses.replace(settle(TrainConfig, {"preset": "paper"}), **{
    name: getattr(TINY, name)
    for name in ("data", "size", "width", "levels", "batch", "steps", "validation", "checkpoint_every", "validate_every", "sample_every", "precision")
})  # fmt: skip
LOSSES = ("generator", "discriminator", "l1", "l2")

# Runs `mangastyle train` and sends itself a signal when the given step is logged.
SIGNALLED = """
import os, sys
from mangastyle import cli, monitor
step, number, write = int(sys.argv[1]), int(sys.argv[2]), monitor.Log.write
def write_and_signal(log, record):
    write(log, record)
    if record["step"] == step:
        os.kill(os.getpid(), number)
monitor.Log.write = write_and_signal
sys.exit(cli.main(["train", *sys.argv[3:]]))
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory, cache):
    """The run folder of a whole training of `TINY`. Tests that change it work on a copy."""
    run = tmp_path_factory.mktemp("runs") / "finished"
    train.command(dataclasses.replace(TINY, out=str(run), cache=cache))
    return run


@pytest.fixture
def copy(finished, tmp_path):
    run = shutil.copytree(finished, tmp_path / "copy")
    config = settle(TrainConfig, {"out": str(run)}, finished / "config.json")
    save_config(run, "train", config)
    (run / "checkpoints/checkpoint").write_text((run / "checkpoints/checkpoint").read_text().replace(str(finished), str(run)))
    return run


@pytest.fixture
def still(monkeypatch):
    """Replaces the training step and what is saved by nothing: for tests of the loop around them."""
    monkeypatch.setattr(train, "save", lambda *_, **__: None)

    def set_step(step=lambda batch, number: {"generator": tf.constant(1.0), "l2": tf.constant(1.0)}):
        monkeypatch.setattr(train, "make_train_step", lambda *_: step)

    set_step()
    return set_step


def log_of(run) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def losses_of(run) -> list[tuple]:
    return [tuple(record.get(name) for name in ("step", *LOSSES, "learning_rate")) for record in log_of(run)]


def checkpoint_of(run) -> dict[str, np.ndarray]:
    """All variables of the latest checkpoint but the clock."""
    reader = tf.train.load_checkpoint(str(run / "checkpoints"))
    names = [n for n in reader.get_variable_to_shape_map() if not n.startswith(("seconds", "save_counter", "_CHECKPOINTABLE"))]
    return {name: reader.get_tensor(name) for name in names}


def same(run, other, best: bool = True) -> None:
    """Assert that two runs are equal to the last bit: losses, every variable at the end, weights (`best`: the best too)."""
    assert losses_of(run) == losses_of(other)
    one, two = checkpoint_of(run), checkpoint_of(other)
    assert one.keys() == two.keys() and len(one) > 50
    for name in one if best else one.keys() - {"best/.ATTRIBUTES/VARIABLE_VALUE"}:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
    for file in ("last.h5", "best.h5") if best else ("last.h5",):
        with h5py.File(run / file) as a, h5py.File(other / file) as b:
            a.visititems(lambda n, x: np.testing.assert_array_equal(x, b[n]) if isinstance(x, h5py.Dataset) else None)


def subprocess_train(code: str, *arguments, environment: dict | None = None) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def options_file(folder, config: TrainConfig, **changes):
    path = folder / "options.json"
    path.write_text(json.dumps({**to_json(config), **changes}))
    return path


# ---- the run folder


def test_every_step_is_logged(finished):
    records = log_of(finished)
    assert [record["step"] for record in records] == list(range(1, 9))
    for record in records:
        assert {"step", "epoch", *LOSSES, "pictures_per_second", "learning_rate"} == record.keys()
        assert all(np.isfinite(value) for value in record.values()) and record["pictures_per_second"] > 0
    # The adversarial part of the generator's loss is what the distance leaves.
    assert all(record["generator"] > 100 * record["l1"] for record in records)


def test_learning_rate_falls_over_the_last_half(finished):
    rates = [record["learning_rate"] / TINY.learning_rate for record in log_of(finished)]
    assert rates == pytest.approx([1, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_the_options_are_kept_and_can_be_read_again(finished, cache):
    stored = settle(TrainConfig, {}, finished / "config.json")
    assert stored == dataclasses.replace(TINY, out=str(finished), cache=cache)


def test_samples_checkpoints_and_weights_are_there(finished):
    assert sorted(p.name for p in (finished / "samples").iterdir()) == ["step-0000004.png", "step-0000008.png"]
    assert images.load(finished / "samples/step-0000008.png").rgb.std() > 10
    kept = {p.stem for p in (finished / "checkpoints").glob("ckpt-*.index")}
    assert kept == {"ckpt-6", "ckpt-8"}  # --keep 2; the end is saved though no checkpoint was due
    for name in ("best.h5", "last.h5"):
        model, config = infer.load_generator(finished / name, "float32")
        assert config.width == 4 and model.name == "generator"
    with h5py.File(finished / "best.h5") as best:
        extra = json.loads(best.attrs["extra"])
    assert extra["step"] in (2, 4, 6, 8) and 0 < extra["validation"]["l1"] < 2


def test_best_and_last_weights_give_the_measures_that_were_logged(finished, cache):
    pictures = dataset.load(dataclasses.replace(TINY, cache=cache))
    held_out = pictures.base[pictures.split(TINY.validation, TINY.test)["validation"]]
    with h5py.File(finished / "best.h5") as best:
        logged = json.loads(best.attrs["extra"])["validation"]
    model, _ = infer.load_generator(finished / "best.h5", "float32")
    assert Validation(held_out, TINY.hint).measure(model) == pytest.approx(logged, abs=2e-3)  # kernels are kept as float16


def test_tensorboard_holds_losses_validation_and_samples(finished):
    values, tags = {}, set()
    for file in (finished / "tensorboard").iterdir():
        for raw in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(raw.numpy())
            tags.update((value.tag, event.step) for value in event.summary.value)
            values.update({(v.tag, event.step): v.tensor for v in event.summary.value})
    assert {(name, step) for name in LOSSES for step in range(1, 9)} <= tags
    assert {("validation/l1", 2), ("validation/l1_no_hint", 8), ("samples", 4), ("samples", 8)} <= tags
    assert float(tf.make_ndarray(values["l2", 3])) == pytest.approx(log_of(finished)[2]["l2"])


def test_another_training_is_never_overwritten_unasked(copy, cache, capsys):
    before = (copy / "log.jsonl").read_bytes()
    assert main(["train", "--config", str(copy / "config.json"), "--out", str(copy)]) == 2
    error = capsys.readouterr().err
    assert "--resume" in error and "--force" in error and error.count("\n") == 1
    # A mistake in the options of a forced training harms nothing either.
    with pytest.raises(MangastyleError, match="nowhere"):
        train.command(dataclasses.replace(TINY, out=str(copy), force=True, data=("nowhere",), cache=cache))
    with pytest.raises(MangastyleError, match="gone.h5"):
        train.command(dataclasses.replace(TINY, out=str(copy), force=True, init="gone.h5", cache=cache))
    assert (copy / "log.jsonl").read_bytes() == before and (copy / "best.h5").exists()


def test_force_starts_anew(copy, cache, still):
    train.command(dataclasses.replace(TINY, out=str(copy), force=True, steps=2, cache=cache))
    assert [record["step"] for record in log_of(copy)] == [1, 2]
    assert not list(copy.glob("*.h5")) and not (copy / "checkpoints").exists() and not (copy / "samples").exists()
    assert read_json(copy / "config.json")["steps"] == 2


# ---- when to stop


@pytest.mark.parametrize(
    "limits, steps",
    [
        ({"steps": 3}, 3),
        ({"steps": 0, "epochs": 2}, "epochs"),
        ({"steps": 0, "epochs": 0.001}, 1),
        ({"steps": 2, "epochs": 50}, 2),
        ({"steps": 1000, "epochs": 0.5, "minutes": 5}, "epochs"),
    ],
)
def test_the_first_limit_reached_ends_the_training(tmp_path, cache, still, limits, steps):
    config = dataclasses.replace(TINY, out=str(tmp_path / "run"), cache=cache, **limits)
    train.command(config)
    if steps == "epochs":
        steps = int(np.ceil(len(dataset.load(config).split(config.validation, config.test)["train"]) * config.epochs / config.batch))
    assert len(log_of(tmp_path / "run")) == steps


def test_minutes_end_the_training_and_decay_the_rate(tmp_path, cache, still, monkeypatch):
    seconds = itertools.count()
    rarely = {name: 1000 for name in ("validate_every", "sample_every", "checkpoint_every")}
    monkeypatch.setattr(train, "time", types.SimpleNamespace(monotonic=lambda: next(seconds)))  # each look is a second later
    train.command(dataclasses.replace(TINY, out=str(tmp_path / "run"), cache=cache, steps=0, minutes=1, **rarely))
    rates = [record["learning_rate"] / TINY.learning_rate for record in log_of(tmp_path / "run")]
    assert len(rates) == 30 and rates[:15] == [1] * 15  # two looks a step
    np.testing.assert_allclose(np.diff(rates[15:]), -4 / 60, rtol=1e-6)


@pytest.mark.parametrize(
    "flags, error",
    [
        (["--steps", "0"], "say when to stop: --epochs, --steps or --minutes"),
        (["--size", "18"], "--size 18: must be a multiple of 4 with --levels 2"),
        (["--validation", "0.7", "--test", "0.3"], "--validation and --test"),
        (["--resume", "--out", "empty"], "empty"),
        (["--data", "drawn:many"], "drawn:N"),
    ],
)
def test_mistakes_in_the_options_are_one_line(tmp_path, monkeypatch, capsys, flags, error):
    monkeypatch.chdir(tmp_path)
    options = [] if "--resume" in flags else ["--config", str(options_file(tmp_path, TINY))]
    assert main(["train", *options, *flags]) == 2
    shown = capsys.readouterr().err
    assert error in shown and shown.count("\n") == 1


def test_describe_prints_the_networks_and_trains_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    train.command(dataclasses.replace(TINY, describe=True))
    shown = capsys.readouterr().out
    assert "generator" in shown and "discriminator" in shown and "down2" in shown
    assert list(tmp_path.iterdir()) == []


# ---- resuming


def test_killed_terminated_and_interrupted_runs_resume_to_the_last_bit(finished, tmp_path, cache, monkeypatch, capsys):
    """SIGKILL at a random step, resume, SIGTERM, resume, Ctrl-C, resume: the same as a run never stopped."""
    run = tmp_path / "run"
    killed_at = random.randint(1, 5)
    options = options_file(tmp_path, TINY, out=str(run), cache=cache)
    process = subprocess_train(SIGNALLED, killed_at, int(signal.SIGKILL), "--config", options)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert losses_of(run) == losses_of(finished)[:killed_at]

    process = subprocess_train(SIGNALLED, 6, int(signal.SIGTERM), "--resume", "--out", run)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "stopped by SIGTERM at step 6; --resume goes on" in output

    write = monitor.Log.write

    def write_and_interrupt(log, record):
        write(log, record)
        if record["step"] == 7:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(monitor.Log, "write", write_and_interrupt)
    assert main(["train", "--resume", "--out", str(run)]) == 0
    assert "stopped by Ctrl-C at step 7" in capsys.readouterr().out
    monkeypatch.undo()
    assert main(["train", "--resume", "--out", str(run)]) == 0, f"killed at step {killed_at}"
    same(run, finished, best=False)  # the run that stopped at step 7 was validated there too


@pytest.mark.slow
def test_the_papers_recipe_resumes_exactly_too(tmp_path, cache):
    whole, run = tmp_path / "whole", tmp_path / "run"
    train.command(dataclasses.replace(PAPER, out=str(whole), cache=cache))
    options = options_file(tmp_path, PAPER, out=str(run), cache=cache)
    process = subprocess_train(SIGNALLED, random.randint(1, 7), int(signal.SIGKILL), "--config", options)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert main(["train", "--resume", "--out", str(run)]) == 0
    same(run, whole)


def test_resuming_with_other_networks_says_so_and_changes_nothing(copy):
    before = (copy / "config.json").read_bytes()
    for change in ({"size": 32}, {"width": 8}, {"levels": 3, "size": 32}):
        with pytest.raises(MangastyleError, match="ckpt-8.*of other networks.*--size"):
            train.command(dataclasses.replace(settle(TrainConfig, {}, copy / "config.json"), resume=True, steps=9, **change))
    assert (copy / "config.json").read_bytes() == before and len(log_of(copy)) == 8


def test_a_damaged_checkpoint_says_so(copy):
    data = next((copy / "checkpoints").glob("ckpt-8.data*"))
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(MangastyleError, match="ckpt-8.*damaged"):
        train.command(dataclasses.replace(settle(TrainConfig, {}, copy / "config.json"), resume=True, steps=9))


def test_the_perceptual_distance_is_learnt_too(tmp_path, cache, narrow, monkeypatch):
    monkeypatch.setattr(vgg, "backbone", lambda *arguments, **options: narrow)
    config = dataclasses.replace(TINY, size=32, steps=20, gan_weight=0.0, distance_weight=0.0, perceptual_weight=10.0)
    train.command(dataclasses.replace(config, out=str(tmp_path / "run"), cache=cache))
    log = log_of(tmp_path / "run")
    told = [record["perceptual"] for record in log]
    assert np.mean(told[-5:]) < np.mean(told[:5])
    assert log[0]["generator"] == pytest.approx(10 * told[0], rel=1e-5)
    resumed = dataclasses.replace(settle(TrainConfig, {}, tmp_path / "run" / "config.json"), resume=True, steps=21)
    train.command(resumed)
    assert len(log_of(tmp_path / "run")) == 21


def test_distances_of_pictures_without_a_hint_count_as_much_as_asked(tmp_path, cache):
    silent = dataclasses.replace(TINY, steps=2, no_hint=1.0, gan_weight=0.0, hintless=0.5)
    train.command(dataclasses.replace(silent, out=str(tmp_path / "half"), cache=cache))
    for record in log_of(tmp_path / "half"):
        assert record["generator"] == pytest.approx(0.5 * TINY.distance_weight * record["l1"], rel=1e-5)
    told = dataclasses.replace(silent, no_hint=0.0, hintless=0.0)  # counts for nobody
    train.command(dataclasses.replace(told, out=str(tmp_path / "told"), cache=cache))
    for record in log_of(tmp_path / "told"):
        assert record["generator"] == pytest.approx(TINY.distance_weight * record["l1"], rel=1e-5)


def test_verdicts_on_pictures_with_a_hint_count_as_much_as_asked(tmp_path, cache):
    told = dataclasses.replace(TINY, steps=2, no_hint=0.0, hinted=0.0)
    train.command(dataclasses.replace(told, out=str(tmp_path / "told"), cache=cache))
    for record in log_of(tmp_path / "told"):
        assert record["generator"] == pytest.approx(TINY.distance_weight * record["l1"], rel=1e-5)
    silent = dataclasses.replace(told, no_hint=1.0)  # all count
    train.command(dataclasses.replace(silent, out=str(tmp_path / "silent"), cache=cache))
    for record in log_of(tmp_path / "silent"):
        assert record["generator"] > 1.001 * TINY.distance_weight * record["l1"]


def test_without_weight_there_is_no_discriminator(tmp_path, cache):
    train.command(dataclasses.replace(TINY, steps=1, gan_weight=0.0, out=str(tmp_path / "run"), cache=cache))
    assert "discriminator" not in log_of(tmp_path / "run")[0]
    assert networks.build(TINY)[1] is not None and networks.build(dataclasses.replace(TINY, gan_weight=0.0))[1] is None


def test_pictures_too_small_for_the_perceptual_distance(tmp_path, cache):
    with pytest.raises(MangastyleError, match="--perceptual-weight.*--size 16"):
        train.command(dataclasses.replace(TINY, out=str(tmp_path), cache=cache, perceptual_weight=1.0))


def test_init_starts_from_given_weights(finished):
    nets = train.Networks(dataclasses.replace(TINY, init=str(finished / "last.h5"), seed=5))
    expected, _ = infer.load_generator(finished / "last.h5", "float32")
    for name in ("generator", "averaged"):
        for variable, value in zip(getattr(nets, name).variables, expected.variables):
            np.testing.assert_array_equal(variable, value)
    assert int(nets.step.numpy()) == 0


# ---- when things go wrong


def test_a_loss_that_is_no_number_stops_with_the_step_and_the_last_checkpoint(copy):
    config = settle(TrainConfig, {}, copy / "config.json")
    with pytest.raises(MangastyleError, match=r"at step \d+ .*checkpoints/ckpt-8; .*--learning-rate"):
        train.command(dataclasses.replace(config, resume=True, steps=40, checkpoint_every=100, learning_rate=1e30))
    assert all(np.isfinite(record["generator"]) for record in log_of(copy))
    assert all(np.isfinite(value).all() for value in checkpoint_of(copy).values() if value.dtype.kind == "f" and value.ndim)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_very_step_is_named(tmp_path, cache, still, bad):
    still(lambda batch, number: {"generator": tf.constant(1.0), "l2": tf.where(number == 2.0, bad, 1.0)})
    with pytest.raises(MangastyleError, match="no longer a number at step 3 .*none yet"):
        train.command(dataclasses.replace(TINY, out=str(tmp_path / "run"), cache=cache))
    assert len(log_of(tmp_path / "run")) == 2


@contextlib.contextmanager
def full_disk(most: int):
    """No file may grow beyond `most` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_does_not_destroy_the_last_checkpoint(tmp_path, cache):
    run = tmp_path / "run"
    config = dataclasses.replace(TINY, out=str(run), cache=cache)
    pictures = dataset.load(config)
    batches = dataset.Batches(pictures, np.arange(len(pictures.base)), config.batch, 0, 0.0)
    validation = Validation(pictures.base[:2], "mixed")
    nets = train.Networks(config)
    run.mkdir()
    manager = tf.train.CheckpointManager(nets.checkpoint, str(run / "checkpoints"), max_to_keep=1)
    log = monitor.Log(run, 0)

    def save(step):
        train.save(run, nets, manager, batches, validation, log, config, step, 1.0, everything=True)

    save(1)
    good, shaded = checkpoint_of(run), (run / "last.h5").read_bytes()
    largest = max(p.stat().st_size for p in (run / "checkpoints").iterdir())
    for variable in nets.generator.variables:
        variable.assign(variable + 1)
    for most in (0, 3000, len(shaded) + 1000, largest - 1000):
        with full_disk(most), pytest.raises(MangastyleError, match=str(run)) as caught:
            save(2)
        assert "\n" not in str(caught.value)
        now = checkpoint_of(run)
        assert all((now[name] == good[name]).all() for name in good) and now["step/.ATTRIBUTES/VARIABLE_VALUE"] == 1
        infer.load_generator(run / "last.h5", "float32")
        infer.load_generator(run / "best.h5", "float32")
    save(2)  # and when there is room again
    assert checkpoint_of(run)["step/.ATTRIBUTES/VARIABLE_VALUE"] == 2


# ---- the step


def test_the_average_is_what_a_hand_computes(cache):
    config = dataclasses.replace(TINY, ema=0.15, learning_rate=0.01)
    with tf.distribute.get_strategy().scope():
        nets = train.Networks(config)
    step = train.make_train_step(config, tf.distribute.get_strategy(), nets)
    batches = dataset.Batches(dataset.load(dataclasses.replace(config, cache=cache)), np.arange(8), config.batch, 0, 0.0)
    expected = [v.numpy().astype(np.float64) for v in nets.generator.trainable_variables]
    for number in range(4):
        draws = dataset.draws(0, number, config.batch, simulate.DRAWS)
        step((tf.constant(batches(number)), tf.constant(draws)), tf.constant(number, tf.float32))
        momentum = min(0.15, (1 + number) / (10 + number))  # 0.1 first, then 0.15
        expected = [momentum * e + (1 - momentum) * v.numpy() for e, v in zip(expected, nets.generator.trainable_variables)]
    for value, variable, now in zip(expected, nets.averaged.trainable_variables, nets.generator.trainable_variables):
        np.testing.assert_allclose(variable, value, atol=1e-6)
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(expected, (v.numpy() for v in nets.generator.trainable_variables)))


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "baseline", "hint": "paper", "distance": "l2", "size": 18},
        {"hint": "none", "precision": "mixed_bfloat16", "head": "patch", "closeups": 0.0},
        {"hint": "paper", "precision": "mixed_float16", "ema": 0.0, "upsample": "transpose", "see_line": False, "decay": "constant"},
    ],
)
def test_other_recipes_train(tmp_path, cache, changes):
    run = tmp_path / "run"
    train.command(dataclasses.replace(TINY, out=str(run), cache=cache, steps=3, **changes))
    records = log_of(run)
    assert len(records) == 3 and ("discriminator" in records[0]) == (changes.get("model") != "baseline")
    assert len({record["l1"] for record in records}) == 3
    model, config = infer.load_generator(run / "last.h5", "float32")
    assert networks.build(config)[0].count_params() == model.count_params()


# ---- several devices

MIRRORED = """
import dataclasses, json, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.config.set_visible_devices([], "GPU")
from mangastyle import cli, train
from mangastyle.config import TrainConfig
assert train._strategy(TrainConfig(strategy="mirrored")).num_replicas_in_sync == 2
options, out = sys.argv[1:]
assert cli.main(["train", "--config", options, "--out", out + "/odd", "--strategy", "mirrored", "--batch", "5"]) == 2
sys.exit(cli.main(["train", "--config", options, "--out", out + "/two", "--strategy", "mirrored"]))
"""


def test_two_devices_train_as_one_does(finished, tmp_path, cache):
    process = subprocess_train(MIRRORED, options_file(tmp_path, TINY, cache=cache), tmp_path)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "--batch 5: must be a multiple of the 2 replicas" in errors
    one, two = log_of(finished), log_of(tmp_path / "two")
    for name in LOSSES:
        np.testing.assert_allclose([r[name] for r in two], [r[name] for r in one], rtol=2e-5)
    alone, together = (infer.load_generator(run / "last.h5", "float32")[0] for run in (finished, tmp_path / "two"))
    for variable, other in zip(alone.variables, together.variables):
        # A bias before a normalisation has no true gradient: Adam makes steps of its rounding errors.
        atol = 2e-2 if "bias" in variable.path else 2e-3
        np.testing.assert_allclose(other, variable, atol=atol, err_msg=variable.path)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(("localhost", 0))
        return [s.getsockname()[1] for s in sockets]


def run_workers(count: int, tmp_path, cache):
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(count)]}
    options = options_file(tmp_path, TINY, out=str(tmp_path / "run"), cache=cache, strategy="multiworker")
    code = "import sys; from mangastyle.cli import main; sys.exit(main(sys.argv[1:]))"
    workers = [
        subprocess_train(
            code, "train", "--config", options,
            environment={"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}})},
        )
        for i in range(count)
    ]  # fmt: skip
    try:
        for worker in workers:
            _, errors = worker.communicate(timeout=500)
            assert worker.returncode == 0, errors
    finally:
        for worker in workers:
            worker.kill()
    return log_of(tmp_path / "run")


def test_one_worker_trains_as_no_strategy_does(finished, tmp_path, cache):
    for record, expected in zip(run_workers(1, tmp_path, cache), log_of(finished), strict=True):
        assert [record[name] for name in LOSSES] == pytest.approx([expected[name] for name in LOSSES], rel=2e-5)


@pytest.mark.slow
def test_two_workers_train_as_one_does_and_keep_their_files_apart(finished, tmp_path, cache):
    for record, expected in zip(run_workers(2, tmp_path, cache), log_of(finished), strict=True):
        assert [record[name] for name in LOSSES] == pytest.approx([expected[name] for name in LOSSES], rel=2e-5)
    assert losses_of(tmp_path / "run/worker-1") == losses_of(tmp_path / "run")
    assert (tmp_path / "run/worker-1/last.h5").exists()
