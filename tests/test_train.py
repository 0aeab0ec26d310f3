"""The training loop: its run folder, exact resumption, signals, full disks, several devices."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import types

import h5py
import numpy as np
import pytest
import tensorflow as tf
import training_devices

from mangastyle import train
from mangastyle.cli.main import main
from mangastyle.cli.options import save_config, settle
from mangastyle.cli.train import Options, command
from mangastyle.data import dataset
from mangastyle.errors import MangastyleError
from mangastyle.io import images, weights
from mangastyle.io.files import read_json
from mangastyle.ops.random import uniforms
from mangastyle.settings import to_json
from mangastyle.shade import networks
from mangastyle.shade.simulated_hints import NUM_UNIFORMS
from mangastyle.shade.unet_shader import load_generator
from mangastyle.training import run as run_module
from mangastyle.training.run import Log, Session
from mangastyle.training.run_folder import RunFolder
from mangastyle.training.settings import TrainSettings
from mangastyle.training.validate import Validation

# All that is on by default (enlarging, averaging, mixed hints, close-ups, mirroring, decay), only small.
TINY = Options(
    data=("drawn:10",), size=16, width=4, levels=2, batch=4, steps=8, validation=0.1, learning_rate=2e-3,
    checkpoint_every=3, validate_every=2, sample_every=4, precision="float32",
)  # fmt: skip
# The paper's letter.
SMALL = (
    "data", "size", "width", "levels", "batch", "steps", "validation", "checkpoint_every", "validate_every", "sample_every", "precision",
)  # fmt: skip
PAPER = dataclasses.replace(settle(Options, {"preset": "paper"}), **{name: getattr(TINY, name) for name in SMALL})
LOSSES = ("generator", "discriminator", "l1", "l2")

# Runs `mangastyle train` and sends itself a signal when the given step is logged.
SIGNALLED = """
import os, sys
from mangastyle.cli.main import main
from mangastyle.training.run import Log
step, number, write = int(sys.argv[1]), int(sys.argv[2]), Log.write
def write_and_signal(log, record):
    write(log, record)
    if record["step"] == step:
        os.kill(os.getpid(), number)
Log.write = write_and_signal
sys.exit(main(["train", *sys.argv[3:]]))
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory, cache):
    """The run folder of a whole training of `TINY`. Tests that change it work on a copy."""
    run = tmp_path_factory.mktemp("runs") / "finished"
    command(dataclasses.replace(TINY, out=str(run), cache=cache))
    return run


@pytest.fixture
def copy(finished, tmp_path):
    run = shutil.copytree(finished, tmp_path / "copy")
    config = settle(Options, {"out": str(run)}, finished / "config.json")
    save_config(run, "train", config)
    (run / "checkpoints/checkpoint").write_text((run / "checkpoints/checkpoint").read_text().replace(str(finished), str(run)))
    return run


@pytest.fixture
def still(monkeypatch):
    """Replaces the training step and what is saved by nothing: for tests of the loop around them."""
    monkeypatch.setattr(train, "save", lambda *_, **__: None)
    monkeypatch.setattr(train, "save_checkpoint", lambda *_: None)

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


def load_pictures(cache: str) -> dataset.Pictures:
    return dataset.load(TINY.data, TINY.size, cache=cache)


def options_file(folder, config: Options, **changes):
    path = folder / "options.json"
    path.write_text(json.dumps({**to_json(config), **changes}))
    return path


# ---- the run folder


def test_every_step_is_logged(finished):
    records = log_of(finished)
    assert [record["step"] for record in records] == list(range(1, 9))
    for record in records:
        assert {"step", "epoch", *LOSSES, "learning_rate", "pictures_per_second", "seconds"} == record.keys()
        assert all(np.isfinite(value) for value in record.values()) and record["pictures_per_second"] > 0
    # The rest of the generator's loss is adversarial.
    assert all(record["generator"] > 100 * record["l1"] for record in records)


def test_learning_rate_falls_over_the_last_half(finished):
    rates = [record["learning_rate"] / TINY.learning_rate for record in log_of(finished)]
    assert rates == pytest.approx([1, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_the_options_are_kept_and_can_be_read_again(finished, cache):
    stored = settle(Options, {}, finished / "config.json")
    assert stored == dataclasses.replace(TINY, out=str(finished), cache=cache)


def test_samples_checkpoints_and_weights_are_there(finished):
    assert sorted(p.name for p in (finished / "samples").iterdir()) == ["step-0000004.png", "step-0000008.png"]
    assert images.load(finished / "samples/step-0000008.png").rgb.std() > 10
    kept = {p.stem for p in (finished / "checkpoints").glob("ckpt-*.index")}
    assert kept == {"ckpt-6", "ckpt-8"}  # --max-to-keep 2; the end is saved though no checkpoint was due
    for name in ("best.h5", "last.h5"):
        model, spec = load_generator(finished / name, "float32")
        assert spec == TINY.generator_spec and model.name == "generator"


def test_weights_tell_how_they_were_made_but_not_where(finished, cache):
    spec, provenance = weights.read_spec(finished / "best.h5", "shade")
    assert provenance["steps"] in (2, 4, 6, 8) and 0 < provenance["validation"]["l1"] < 2
    assert provenance["discriminator"] == to_json(TINY.discriminator_spec)
    assert (provenance["pixel_loss"], provenance["pixel_weight"]) == ("l1", 100.0)
    assert provenance["settings"]["learning_rate"] == 2e-3
    stored = json.dumps([spec, provenance])
    assert str(finished) not in stored and cache not in stored and "drawn" not in stored


def test_best_and_last_weights_give_the_measures_that_were_logged(finished, cache):
    pictures = load_pictures(cache)
    held_out = pictures.base[pictures.split(TINY.validation, TINY.test)["validation"]]
    logged = weights.read_spec(finished / "best.h5", "shade")[1]["validation"]
    model, _ = load_generator(finished / "best.h5", "float32")
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
        command(dataclasses.replace(TINY, out=str(copy), force=True, data=("nowhere",), cache=cache))
    with pytest.raises(MangastyleError, match="gone.h5"):
        command(dataclasses.replace(TINY, out=str(copy), force=True, init="gone.h5", cache=cache))
    assert (copy / "log.jsonl").read_bytes() == before and (copy / "best.h5").exists()


def test_force_starts_anew(copy, cache, still):
    command(dataclasses.replace(TINY, out=str(copy), force=True, steps=2, cache=cache))
    assert [record["step"] for record in log_of(copy)] == [1, 2]
    assert not list(copy.glob("*.h5")) and not any((copy / "checkpoints").iterdir()) and not (copy / "samples").exists()
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
    command(config)
    if steps == "epochs":
        steps = int(np.ceil(len(load_pictures(cache).split(config.validation, config.test)["train"]) * config.epochs / config.batch))
    assert len(log_of(tmp_path / "run")) == steps


def test_minutes_end_the_training_and_decay_the_rate(tmp_path, cache, still, monkeypatch):
    seconds = itertools.count()
    rarely = {name: 1000 for name in ("validate_every", "sample_every", "checkpoint_every")}
    monkeypatch.setattr(run_module, "time", types.SimpleNamespace(monotonic=lambda: next(seconds)))  # each look is a second later
    command(dataclasses.replace(TINY, out=str(tmp_path / "run"), cache=cache, steps=0, minutes=1, **rarely))
    rates = [record["learning_rate"] / TINY.learning_rate for record in log_of(tmp_path / "run")]
    assert len(rates) == 30 and rates[:15] == [1] * 15  # two looks a step
    np.testing.assert_allclose(np.diff(rates[15:]), -4 / 60, rtol=1e-6)


@pytest.mark.parametrize(
    "flags, error",
    [
        (["--steps", "0"], "say when to stop: --epochs, --steps or --minutes"),
        (["--size", "18"], "--size: must be a multiple of 4 with --levels 2, not 18"),
        (["--validation", "0.7", "--test", "0.3"], "--validation and --test"),
        (["--perceptual-weight", "1"], "--perceptual-weight: VGG-19 needs pictures of 32 pixels; --size is 16"),
        (["--init", "gone.h5"], "gone.h5: no such weights file"),
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
    command(dataclasses.replace(TINY, describe=True, steps=0))
    shown = capsys.readouterr().out
    assert "generator" in shown and "discriminator" in shown and "down2" in shown
    assert list(tmp_path.iterdir()) == []


# ---- resuming


def use_former_names(path) -> None:
    """Give some options in a config.json the names that they once had, as in users' run folders."""
    former = {
        "network": ("model", "gan"), "hint_dropout": ("no_hint", 0.15), "random_crop_prob": ("closeups", 0.2),
        "thin_line_prob": ("fine", 0.6), "hue_shift_prob": ("hues", 0.25), "discriminator": ("head", "fc"),
        "pixel_loss": ("distance", "l1"), "max_to_keep": ("keep", 2),
    }  # fmt: skip
    config = read_json(path)
    config = {name: value for name, value in config.items() if name not in former} | dict(former.values())
    path.write_text(json.dumps(config))


@pytest.mark.posix
@pytest.mark.slow
def test_killed_terminated_and_interrupted_runs_resume_to_the_last_bit(finished, tmp_path, cache, monkeypatch, capsys):
    """SIGKILL at a random step, resume, SIGTERM, resume, Ctrl-C, resume: the same as a run never stopped."""
    run = tmp_path / "run"
    killed_at = random.randint(1, 5)
    options = options_file(tmp_path, TINY, out=str(run), cache=cache)
    process = subprocess_train(SIGNALLED, killed_at, int(signal.SIGKILL), "--config", options)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert losses_of(run) == losses_of(finished)[:killed_at]

    use_former_names(run / "config.json")
    process = subprocess_train(SIGNALLED, 6, int(signal.SIGTERM), "--resume", "--out", run)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    assert '"closeups": 0.2 is now "random_crop_prob": 0.2' in errors
    assert f"stopped by SIGTERM at step 6; continue with: mangastyle train --resume --out {run}" in output

    write = Log.write

    def write_and_interrupt(log, record):
        write(log, record)
        if record["step"] == 7:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Log, "write", write_and_interrupt)
    assert main(["train", "--resume", "--out", str(run)]) == 0
    assert "stopped by Ctrl-C at step 7" in capsys.readouterr().out
    monkeypatch.undo()
    assert main(["train", "--resume", "--out", str(run)]) == 0, f"killed at step {killed_at}"
    same(run, finished)


@pytest.mark.posix
@pytest.mark.slow
def test_the_papers_recipe_resumes_exactly_too(tmp_path, cache):
    whole, run = tmp_path / "whole", tmp_path / "run"
    command(dataclasses.replace(PAPER, out=str(whole), cache=cache))
    options = options_file(tmp_path, PAPER, out=str(run), cache=cache)
    process = subprocess_train(SIGNALLED, random.randint(1, 7), int(signal.SIGKILL), "--config", options)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert main(["train", "--resume", "--out", str(run)]) == 0
    same(run, whole)


def test_resuming_with_other_networks_says_so_and_changes_nothing(copy):
    before = (copy / "config.json").read_bytes()
    for change in ({"size": 32}, {"width": 8}, {"levels": 3, "size": 32}):
        with pytest.raises(MangastyleError, match="ckpt-8.*of other networks.*`size`"):
            command(dataclasses.replace(settle(Options, {}, copy / "config.json"), resume=True, steps=9, **change))
    assert (copy / "config.json").read_bytes() == before and len(log_of(copy)) == 8


def test_a_damaged_checkpoint_says_so(copy):
    data = next((copy / "checkpoints").glob("ckpt-8.data*"))
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(MangastyleError, match="ckpt-8.*damaged"):
        command(dataclasses.replace(settle(Options, {}, copy / "config.json"), resume=True, steps=9))


@pytest.fixture
def eager():
    """Runs functions without compiling them, which takes longer than a few small steps."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def steps_of(cache: str, count: int = 1, **changes) -> list[dict[str, float]]:
    """The losses of the first steps of `TINY` with changes, all of the same batch."""
    settings = dataclasses.replace(TINY, **changes)
    state = train.TrainState(settings)
    step = train.make_train_step(settings, tf.distribute.get_strategy(), state)
    pictures = dataset.load(TINY.data, settings.size, cache=cache).base[: settings.batch]
    batch = tf.constant(pictures), tf.constant(uniforms(0, 0, settings.batch, NUM_UNIFORMS))
    return [{name: float(value) for name, value in step(batch, tf.constant(i)).items()} for i in range(count)]


@pytest.mark.slow
def test_the_perceptual_loss_is_minimized_too(eager, cache, narrow, monkeypatch):
    monkeypatch.setattr(train, "backbone", lambda *arguments, **options: narrow)
    records = steps_of(cache, 15, size=32, gan_weight=0.0, pixel_weight=0.0, perceptual_weight=10.0)
    perceptual = [record["perceptual"] for record in records]
    assert np.mean(perceptual[-3:]) < np.mean(perceptual[:3])
    assert records[0]["generator"] == pytest.approx(10 * perceptual[0], rel=1e-5)


def test_the_perceptual_network_is_in_no_checkpoint(narrow, monkeypatch):
    monkeypatch.setattr(train, "backbone", lambda *arguments, **options: narrow)
    state = train.TrainState(dataclasses.replace(TINY, size=32, perceptual_weight=10.0))
    assert state.perceptual_net is not None and all(part is not state.perceptual_net for part in state.trackables.values())


def test_the_weight_of_reconstruction_losses_without_a_hint(eager, cache):
    unhinted = {"hint_dropout": 1.0, "gan_weight": 0.0, "unhinted_recon_weight": 0.5}
    (record,) = steps_of(cache, **unhinted)
    assert record["generator"] == pytest.approx(0.5 * TINY.pixel_weight * record["l1"], rel=1e-5)
    (record,) = steps_of(cache, **{**unhinted, "hint_dropout": 0.0, "unhinted_recon_weight": 0.0})  # applies to no example
    assert record["generator"] == pytest.approx(TINY.pixel_weight * record["l1"], rel=1e-5)


def test_the_weight_of_the_adversarial_loss_with_a_hint(eager, cache):
    (record,) = steps_of(cache, hint_dropout=0.0, hinted_gan_weight=0.0)
    assert record["generator"] == pytest.approx(TINY.pixel_weight * record["l1"], rel=1e-5)
    (record,) = steps_of(cache, hint_dropout=1.0, hinted_gan_weight=0.0)  # the loss counts for all examples
    assert record["generator"] > 1.001 * TINY.pixel_weight * record["l1"]


def test_without_weight_there_is_no_discriminator(eager, cache):
    (record,) = steps_of(cache, gan_weight=0.0)
    assert "discriminator" not in record
    assert train.TrainState(dataclasses.replace(TINY, gan_weight=0.0)).discriminator is None


def test_init_starts_from_given_weights(finished):
    state = train.TrainState(TINY, init=str(finished / "last.h5"), seed=5)
    expected, _ = load_generator(finished / "last.h5", "float32")
    for name in ("generator", "averaged"):
        for variable, value in zip(getattr(state, name).variables, expected.variables):
            np.testing.assert_array_equal(variable, value)


@pytest.mark.slow
def test_the_library_trains_as_the_command_does(finished, tmp_path, cache):
    ending = train.train(TrainSettings.of(TINY), TINY.data, RunFolder(tmp_path), precision="float32", cache=cache)
    assert ending == (8, "")
    same(tmp_path, finished)


# ---- when things go wrong


def test_a_loss_that_is_no_number_stops_with_the_step_and_the_last_checkpoint(copy):
    config = settle(Options, {}, copy / "config.json")
    with pytest.raises(MangastyleError, match=r"at step \d+ .*checkpoints/ckpt-8; .*`learning_rate`"):
        command(dataclasses.replace(config, resume=True, steps=40, checkpoint_every=100, learning_rate=1e30))
    assert all(np.isfinite(record["generator"]) for record in log_of(copy))
    assert all(np.isfinite(value).all() for value in checkpoint_of(copy).values() if value.dtype.kind == "f" and value.ndim)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_very_step_is_named(tmp_path, cache, still, bad):
    still(lambda batch, number: {"generator": tf.constant(1.0), "l2": tf.where(number == 2, bad, 1.0)})
    with pytest.raises(MangastyleError, match="no longer a number at step 3 .*none yet"):
        command(dataclasses.replace(TINY, out=str(tmp_path / "run"), cache=cache))
    assert len(log_of(tmp_path / "run")) == 2


@contextlib.contextmanager
def full_disk(most: int):
    """No file may grow beyond `most` bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.posix
@pytest.mark.slow
def test_a_full_disk_does_not_destroy_the_last_checkpoint(tmp_path, cache):
    folder, pictures = tmp_path / "run", load_pictures(cache)
    batches = dataset.Batches(pictures, np.arange(len(pictures.base)), TINY.batch, 0, 0.0)
    validation, state = Validation(pictures.base[:2], "mixed"), train.TrainState(TINY)
    examples = train.training_batches(batches, TrainSettings.of(TINY), 0)

    with Session(RunFolder(folder), state.trackables, batch=TINY.batch, max_to_keep=1) as session:

        def save(step):
            session.step = step
            train.save(session, TINY, state, validation, examples, everything=True)

        save(1)
        good, weights_size = checkpoint_of(folder), (folder / "last.h5").stat().st_size
        largest = max(p.stat().st_size for p in (folder / "checkpoints").iterdir())
        for variable in state.generator.variables:
            variable.assign(variable + 1)
        for most in (0, 3000, weights_size + 1000, largest - 1000):
            with full_disk(most), pytest.raises(MangastyleError, match=str(folder)) as caught:
                save(2)
            assert "\n" not in str(caught.value)
            now = checkpoint_of(folder)
            assert all((now[name] == good[name]).all() for name in good) and now["step/.ATTRIBUTES/VARIABLE_VALUE"] == 1
            load_generator(folder / "last.h5", "float32")
            load_generator(folder / "best.h5", "float32")
        save(2)  # and when there is room again
    assert checkpoint_of(folder)["step/.ATTRIBUTES/VARIABLE_VALUE"] == 2


# ---- the step


def test_the_average_is_what_a_hand_computes(cache):
    settings, strategy = dataclasses.replace(TINY, ema=0.15, learning_rate=0.01), tf.distribute.get_strategy()
    state = train.TrainState(settings)
    step = train.make_train_step(settings, strategy, state)
    batches = dataset.Batches(load_pictures(cache), np.arange(8), settings.batch, 0, 0.0)
    expected = [v.numpy().astype(np.float64) for v in state.generator.trainable_variables]
    for number in range(4):
        numbers = uniforms(0, number, settings.batch, NUM_UNIFORMS)
        step((tf.constant(batches(number)), tf.constant(numbers)), tf.constant(number))
        momentum = min(0.15, (1 + number) / (10 + number))  # 0.1 first, then 0.15
        expected = [momentum * e + (1 - momentum) * v.numpy() for e, v in zip(expected, state.generator.trainable_variables)]
    for value, variable in zip(expected, state.averaged.trainable_variables):
        np.testing.assert_allclose(variable, value, atol=1e-6)
    assert any(np.abs(a - v.numpy()).max() > 1e-4 for a, v in zip(expected, state.generator.trainable_variables))


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "baseline", "hint": "paper", "pixel_loss": "l2", "size": 18},
        pytest.param(
            {"hint": "none", "precision": "mixed_bfloat16", "discriminator": "patch", "random_crop_prob": 0.0}, marks=pytest.mark.slow
        ),
        {
            "hint": "paper",
            "precision": "mixed_float16",
            "ema": 0.0,
            "upsample": "transpose",
            "condition_on_line": False,
            "decay": "constant",
        },
    ],
)
def test_other_recipes_train(tmp_path, cache, changes):
    run = tmp_path / "run"
    command(dataclasses.replace(TINY, out=str(run), cache=cache, steps=3, **changes))
    records = log_of(run)
    assert len(records) == 3 and ("discriminator" in records[0]) == (changes.get("network") != "baseline")
    assert len({record["l1"] for record in records}) == 3
    model, spec = load_generator(run / "last.h5", "float32")
    assert networks.build(spec).count_params() == model.count_params()


# ---- several devices


@pytest.mark.slow
def test_two_devices_train_as_one_does(finished, tmp_path, cache):
    training_devices.run("mirrored", "train", dataclasses.replace(TINY, out=str(tmp_path / "two"), cache=cache))
    one, two = log_of(finished), log_of(tmp_path / "two")
    for name in LOSSES:
        np.testing.assert_allclose([r[name] for r in two], [r[name] for r in one], rtol=2e-5)
    alone, together = (load_generator(run / "last.h5", "float32")[0] for run in (finished, tmp_path / "two"))
    for variable, other in zip(alone.variables, together.variables):
        # A bias before a normalization has no true gradient: Adam makes steps of its rounding errors.
        atol = 2e-2 if "bias" in variable.path else 2e-3
        np.testing.assert_allclose(other, variable, atol=atol, err_msg=variable.path)


@pytest.mark.slow
def test_one_worker_trains_as_no_strategy_does(finished, tmp_path, cache):
    training_devices.run("multiworker", "train", dataclasses.replace(TINY, out=str(tmp_path / "run"), cache=cache))
    for record, expected in zip(log_of(tmp_path / "run"), log_of(finished), strict=True):
        assert [record[name] for name in LOSSES] == pytest.approx([expected[name] for name in LOSSES], rel=2e-5)


@pytest.mark.slow
def test_two_workers_train_as_one_does_and_keep_their_files_apart(finished, tmp_path, cache):
    training_devices.run("multiworker", "train", dataclasses.replace(TINY, out=str(tmp_path / "run"), cache=cache), workers=2)
    for record, expected in zip(log_of(tmp_path / "run"), log_of(finished), strict=True):
        assert [record[name] for name in LOSSES] == pytest.approx([expected[name] for name in LOSSES], rel=2e-5)
    assert losses_of(tmp_path / "run/worker-1") == losses_of(tmp_path / "run")
    assert (tmp_path / "run/worker-1/last.h5").exists()
