"""Training of the slim VGG-19: parts of the loss, where it starts, what it learns, its run folder, exact resumption."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import training_devices

from mangastyle.cli import train_slim_vgg as cli
from mangastyle.cli.main import main
from mangastyle.cli.options import settle
from mangastyle.cli.train_slim_vgg import Options, command
from mangastyle.data.crops import Crops
from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.ops.gaussian_ot import sum_of_products
from mangastyle.style.optimize import losses
from mangastyle.training import fit, slim_vgg
from mangastyle.training.run import Log
from mangastyle.training.run_folder import RunFolder
from mangastyle.vgg import files
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.network import features, network
from mangastyle.vgg.spec import kernel_shapes

TINY = Options(
    data=("drawn:12",), widths=(2, 3, 4, 4, 4), crop=32, batch=2, num_canvases=2, canvas_steps=4, steps=6, checkpoint_every=3,
    learning_rate=0.02, precision="float32",
)  # fmt: skip
RELUS = tuple(name.replace("conv", "relu") for name in kernel_shapes())


@pytest.fixture(scope="module")
def teacher() -> keras.Model:
    """VGG-19 with few channels, never trained, in the place of the full one."""
    return network(training_devices.teacher_weights(), name="full")


@pytest.fixture(scope="module", autouse=True)
def small(teacher):
    """The narrow teacher is the full one, and fits take few crops."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slim_vgg, "backbone", lambda name, **kw: teacher if name == "full" else backbone(name, **kw))
        patch.setattr(cli.registry, "find_vgg19", lambda name: Path(name))
        patch.setattr(slim_vgg, "FIT_CROPS", 16)
        yield


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> Options:
    return dataclasses.replace(TINY, cache=str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def crops(options) -> Crops:
    return Crops(options.data, (), options.crop, options.seed, cache=options.cache)


@pytest.fixture(scope="module")
def finished(train_and_kill, options):
    """The run folder of a whole training, beside one killed at step 5. Tests that change it work on a copy."""
    return train_and_kill(lambda run: command(dataclasses.replace(options, out=str(run))), 5)


@pytest.fixture(scope="module")
def trained(options, teacher):
    """A student that is random at first, its canvases, the compiled step for one batch of crops."""
    student = untrained(options, teacher)
    canvases = slim_vgg.Canvases(options, student)
    step = slim_vgg.make_train_step(options, tf.distribute.get_strategy(), teacher, student, canvases)
    return student, canvases, lambda crops: step((crops,), tf.constant(0))


@pytest.fixture
def still(monkeypatch):
    """Replaces fitting, training and the network's file by nothing: for tests of the loop around them."""
    monkeypatch.setattr(slim_vgg.Student, "fit_to", lambda *_: None)
    nothing = files.random_weights((1,) * 5)
    monkeypatch.setattr(slim_vgg.Student, "save", lambda self, path, *_: files.write_slim(path, nothing, {}, {"errors": {}}))
    monkeypatch.setattr(slim_vgg.Canvases, "begin", lambda *_: None)

    def set_step(step=lambda batch, number: {"features": tf.constant(1.0), "grams": tf.constant(1.0)}):
        monkeypatch.setattr(slim_vgg, "make_train_step", lambda *_: step)

    set_step()
    return set_step


def log_of(run) -> list[dict]:
    """All records but the clock."""
    records = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [{name: value for name, value in record.items() if name not in ("seconds", "pictures_per_second")} for record in records]


def arrays_of(path) -> dict[str, np.ndarray]:
    """All arrays of a slim network's file."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def untrained(options: Options, teacher: keras.Model) -> slim_vgg.Student:
    """A student whose kernels and projections are random, of He's size, instead of fitted."""
    student = slim_vgg.Student(options, "float32", teacher)
    for i, variable in enumerate(student.variables):
        if len(variable.shape) == 4:
            size = np.sqrt(2 / np.prod(variable.shape[:-1]))
            variable.assign(np.random.default_rng(i).normal(0, size, variable.shape))
    return student


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(1, 1, shape).astype(np.float32)


# ---- parts of the loss


def test_grams_and_relative_mse_are_the_losses_of_style_transfer_for_each_picture():
    found, target = random(3, 5, 6, 4), random(3, 5, 6, 4, seed=1)
    grams = [slim_vgg.grams(x) for x in (found, target)]
    of_grams, of_features = losses.relative_mse(*grams), losses.relative_mse(found, target)
    assert of_grams.shape == of_features.shape == (3,)
    for i in range(3):
        source, style = losses.style_source(found[i : i + 1], "gram"), losses.style_target(target[i : i + 1], "gram")
        np.testing.assert_allclose(grams[0][i], tf.reshape(source, grams[0][i].shape), rtol=1e-5)
        assert float(of_grams[i]) == pytest.approx(float(losses.style_layer_loss(source, style, "mean", "gram")), rel=1e-4)
        alone = losses.content_loss(found[i : i + 1], target[i : i + 1], "mean")
        assert float(of_features[i]) == pytest.approx(float(alone), rel=1e-5)


def test_deviations_are_one_for_the_channels_means_and_zero_at_the_target():
    target = random(2, 5, 6, 4) * [1, 10, 100, 1000] + 3
    means = np.broadcast_to(target.mean((0, 1, 2)), target.shape)
    pairs = {"means": (means, target), "same": (target, target), "half": ((means + target) / 2, target)}
    found = slim_vgg.deviations(*({name: pair[i] for name, pair in pairs.items()} for i in (0, 1)))
    assert {name: float(error) for name, error in found.items()} == pytest.approx({"means": 1, "same": 0, "half": 0.25}, rel=1e-5)


def test_thinned_maps_together_are_the_whole_map():
    maps = {"relu2_2": random(1, 6, 8, 2), "relu3_1": random(1, 3, 4, 2)}
    parts = [slim_vgg.thin(maps, np.array([y, x])) for y in range(2) for x in range(2)]
    whole = np.stack([part["relu2_2"] for part in parts], 1).reshape(1, 2, 2, 3, 4, 2)
    np.testing.assert_array_equal(whole.transpose(0, 3, 1, 4, 2, 5).reshape(1, 6, 8, 2), maps["relu2_2"])
    for part in parts:
        np.testing.assert_array_equal(part["relu3_1"], maps["relu3_1"])


# ---- the student


def test_with_the_teachers_widths_the_start_is_the_teacher(options, teacher, crops):
    student = slim_vgg.Student(dataclasses.replace(options, widths=training_devices.TEACHER), "float32", teacher)
    student.fit_to(teacher, crops)
    pictures = crops.batch(0, 4)
    found, full = student.project(student(pictures, tf.zeros(2, tf.int32))), features(teacher, slim_vgg.TAPS)(pictures)
    for name, error in slim_vgg.deviations(found, slim_vgg.thin(full, tf.zeros(2, tf.int32))).items():
        assert float(error) < 0.02, name


@pytest.mark.slow
def test_the_start_is_better_than_random_kernels(finished, options, teacher, crops, tmp_path):
    errors = weights.read_spec(finished / "slim.h5", "vgg19-slim")[1]["errors"]  # after a few steps at the lowest learning rate
    others = untrained(options, teacher).save(tmp_path / "slim.h5", teacher, crops, {})
    assert tuple(others) == RELUS
    for name in RELUS:
        assert 0 < errors[name] < min(1, others[name]), name


@pytest.mark.slow
def test_two_fits_are_equal(options, teacher, crops):
    one, other = (slim_vgg.Student(options, "float32", teacher) for _ in range(2))
    for student in (one, other):
        student.fit_to(teacher, crops)
    for variable, same in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(variable, same)


def test_kernels_of_a_file_are_kept_and_those_of_other_widths_are_fitted(options, teacher, crops, tmp_path):
    widths = (2, 3, 5, 4, 4)  # the third block is another one's
    given = files.random_weights(widths)
    shapes = kernel_shapes(widths)
    readouts = {layer: np.eye(shape[-1]) for name, shape in shapes.items() for layer in (name, name.replace("conv", "relu"))}
    files.write_slim(tmp_path / "given.h5", given, readouts, {})
    fresh, started = (slim_vgg.Student(options, "float32", teacher) for _ in range(2))
    fresh.fit_to(teacher, crops)
    started.fit_to(teacher, crops, str(tmp_path / "given.h5"))
    stored = files.read(tmp_path / "given.h5")[0]
    fits = [name for name, shape in shapes.items() if shape == kernel_shapes(options.widths)[name]]
    assert "conv1_1" in fits and "conv5_4" in fits and not any("conv3" in name or name == "conv4_1" for name in fits)
    for name in shapes:
        found = started.network.get_layer(name).get_weights()
        others = stored[name] if name in fits else fresh.network.get_layer(name).get_weights()
        for array, other in zip(found, others, strict=True):
            if name in fits:
                np.testing.assert_array_equal(array, other, err_msg=name)
            else:
                assert array.shape == other.shape and (array != other).any(), name  # fitted to what the kernels before it make
    # Projections are those of the network that these kernels make.
    pictures = crops.batch(-1, slim_vgg.FIT_CROPS)
    for name in ("relu2_2", "relu3_1", "relu5_4"):
        ours, theirs = (features(model, (name,))(pictures)[name].numpy() for model in (started.network, teacher))
        expected = fit.ridge(ours.reshape(-1, ours.shape[-1]), theirs.reshape(-1, theirs.shape[-1]), intercept=False)
        np.testing.assert_allclose(started.projections[name].kernel[0, 0], expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max())


def test_what_is_read_out_has_the_lengths_of_the_projections(options, teacher):
    """Losses of what is read out are losses in the teacher's space: |x L| = |x P|, and so are all products."""
    student = untrained(options, teacher)
    found = student(tf.constant(np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)), tf.float32), tf.zeros(2, tf.int32))
    read = student.read_out(found)
    assert set(read) == {*slim_vgg.STYLE, slim_vgg.CONTENT}
    for name, ours in read.items():
        assert ours.shape == found[name].shape
        x, projection = found[name].numpy().reshape(-1, ours.shape[-1]), student.projections[name].kernel.numpy()[0, 0]
        projected, ours = x @ projection, ours.numpy().reshape(x.shape)
        np.testing.assert_allclose(ours @ ours.T, projected @ projected.T, rtol=1e-3, atol=1e-4 * np.abs(projected).max() ** 2)


@pytest.mark.slow
def test_a_few_steps_lower_the_losses(options, crops, trained):
    student, canvases, step = trained
    for slot in range(options.num_canvases):
        canvases.begin(slot, student, *crops.canvas(0, slot))
    records = [{name: float(value) for name, value in step(crops.batch(0, 2)).items()} for _ in range(20)]
    for name in ("loss", "features", "grams"):
        assert records[-1][name] < 0.9 * records[0][name], name
    for record in records:
        assert record["features"] == pytest.approx(sum(record[name] for name in slim_vgg.TAPS), rel=1e-4)
        assert record["grams"] == pytest.approx(sum(record[f"gram_{name}"] for name in slim_vgg.STYLE), rel=1e-4)
        assert record["loss"] == pytest.approx(record["features"] + 0.5 * record["grams"], rel=1e-4)


# ---- the canvases


def distance(source: np.ndarray, target: np.ndarray) -> float:
    """The squared Wasserstein distance of features' Gaussians, over the target's mean square, from eigenvalues."""
    means, covariances = zip(*((x.mean(0), np.cov(x.T, bias=True)) for x in (y.reshape(-1, y.shape[-1]) for y in (source, target))))
    common = np.linalg.eigvals(covariances[0] @ covariances[1]).real  # those of the product of roots, squared
    apart = np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0] + covariances[1]) - 2 * np.sqrt(np.maximum(common, 0)).sum()
    return apart / np.mean(target**2) / target.shape[-1]


def test_canvases_begin_all_at_once_then_in_turn(options, teacher):
    three = dataclasses.replace(options, num_canvases=3, canvas_steps=6)
    canvases = slim_vgg.Canvases(three, slim_vgg.Student(three, "float32", teacher))
    began = [list(canvases.due(step)) for step in range(13)]
    assert began == [[0, 1, 2], [], [2], [], [1], [], [0], [], [2], [], [1], [], [0]]


def test_a_canvas_moves_toward_its_painting(options, crops, trained):
    student, canvases, step = trained
    targets = [crops.canvas(0, slot) for slot in range(options.num_canvases)]
    for slot, (start, content, style) in enumerate(targets):
        canvases.begin(slot, student, start, content, style)
        np.testing.assert_array_equal(canvases.pixels[slot], start)

    def read(*pictures: np.ndarray) -> dict[str, np.ndarray]:
        found = student.read_out(student(np.stack(pictures), tf.zeros(2, tf.int32)))
        return {name: x.numpy().astype(np.float64) for name, x in found.items()}

    def loss_of(*pictures: np.ndarray) -> float:
        found = student.read_out(student(np.stack(pictures), tf.zeros(2, tf.int32)))
        return float(canvases.loss(tf.constant(np.stack(pictures)), found, slice(None)))

    contents, styles, starts = ([target[i] for target in targets] for i in (1, 2, 0))
    ours, wanted, kept = read(*starts), read(*styles), read(*contents)
    expected = 0.0
    for i, start in enumerate(starts):
        moved = [distance(ours[name][i], wanted[name][i]) for name in slim_vgg.STYLE]
        here, there = ours[slim_vgg.CONTENT][i], kept[slim_vgg.CONTENT][i]
        calm = sum(np.mean(np.square(np.diff(start / 255.0, axis=axis))) for axis in (0, 1))
        expected += np.mean((here - there) ** 2) / np.mean(there**2) + 20 * np.average(moved, weights=(16, 12, 6, 1, 1)) + 4 * calm
    assert loss_of(*starts) == pytest.approx(expected, rel=0.01)

    student.optimizer.learning_rate = 0.0  # the canvases alone change
    kernels = [variable.numpy() for variable in student.variables]
    found = [float(step(crops.batch(0, 2))["canvases"]) for _ in range(20)]
    for before, variable in zip(kernels, student.variables, strict=True):
        np.testing.assert_array_equal(before, variable)
    assert found[0] == pytest.approx(loss_of(*(start for start, _, _ in targets)) / 2, rel=1e-4)
    assert found[-1] < 0.5 * found[0]
    assert canvases.pixels.numpy().min() >= 0 and canvases.pixels.numpy().max() <= 255
    assert (canvases.age.numpy() == 20).all()
    # The next picture starts afresh, the other continues.
    continuing = canvases.pixels[1].numpy()
    canvases.begin(0, student, *crops.canvas(1, 0))
    np.testing.assert_array_equal(canvases.age.numpy().ravel(), [0, 20])
    assert not canvases.first[0].numpy().any() and canvases.first[1].numpy().any()
    np.testing.assert_array_equal(canvases.pixels[1], continuing)


def test_canvases_take_steps_of_keras_adam(options, teacher):
    canvases = slim_vgg.Canvases(options, slim_vgg.Student(options, "float32", teacher))
    canvases.pixels.assign(128 + 10 * random(2, 32, 32, 3))
    expected = tf.Variable(canvases.pixels)
    adam = keras.optimizers.Adam(slim_vgg.CANVAS_RATE, beta_1=0.9, beta_2=0.99, epsilon=1e-12)
    for i in range(5):
        gradient = tf.constant(random(2, 32, 32, 3, seed=i))
        canvases.step(gradient)
        adam.apply([gradient], [expected])
    np.testing.assert_allclose(canvases.pixels, expected, rtol=1e-4)


# ---- the run folder


def test_every_step_is_logged(finished):
    records = log_of(finished)
    assert [record["step"] for record in records] == list(range(1, 7))
    grams = {f"gram_{name}" for name in slim_vgg.STYLE}
    for record in records:
        assert record.keys() == {"step", "loss", "features", "grams", "canvases", *slim_vgg.TAPS, *grams, "learning_rate"}
        assert np.isfinite(list(record.values())).all()


def test_the_slim_network_is_read_back_as_the_backbone(finished, options, teacher, crops):
    student = slim_vgg.Student(options, "float32", teacher)
    checkpoint = tf.train.Checkpoint(student=student.variables)
    checkpoint.restore(tf.train.latest_checkpoint(str(finished / "checkpoints"))).expect_partial()
    stored, readouts = files.read(finished / "slim.h5")
    for name, (kernel, bias) in stored.items():
        layer = student.network.get_layer(name)
        np.testing.assert_allclose(kernel, layer.kernel, rtol=1e-3, atol=1e-6)
        np.testing.assert_array_equal(bias, layer.bias)
    # Losses through the file's readouts are those of the features projected into the teacher's space.
    slim = backbone(str(finished / "slim.h5"))
    assert slim.name == "slim" and set(readouts) == {*kernel_shapes(), *RELUS}
    pictures, training = crops.batch(0, 2), crops.batch(-2, slim_vgg.FIT_CROPS)

    def gram_loss(found: tf.Tensor) -> float:
        """Between the two pictures: float32 (2, h, w, n)."""
        source, target = (sum_of_products(tf.reshape(x, (-1, x.shape[-1]))) for x in found)
        return float(losses.relative_mse(source[None], target[None])[0])

    for name in ("conv1_1", "relu2_1", "relu4_1", "conv5_1"):
        ours, theirs = (features(model, (name,)) for model in (student.network, teacher))
        flat = (slim_vgg._features(model, training, name) for model in (ours, theirs))
        projection = fit.ridge(*(x.reshape(-1, x.shape[-1]) for x in flat), intercept=False)
        expected = gram_loss(ours(pictures)[name] @ projection)
        assert gram_loss(features(slim, (name,))(pictures)[name]) == pytest.approx(expected, rel=0.02), name


def test_the_file_tells_how_it_was_made_but_not_where(finished, options):
    spec, provenance = weights.read_spec(finished / "slim.h5", "vgg19-slim")
    assert spec == {"widths": [2, 3, 4, 4, 4]}
    assert provenance["steps"] == 6 and tuple(provenance["errors"]) == RELUS and provenance["settings"]["crop"] == 32
    stored = json.dumps(provenance)
    assert options.cache not in stored and str(finished) not in stored and "drawn" not in stored


@pytest.mark.slow
def test_a_killed_run_continues_as_if_it_had_never_stopped(finished):
    run = finished.with_name("killed")
    assert tf.train.latest_checkpoint(str(run / "checkpoints")).endswith("ckpt-3") and len(log_of(run)) == 5
    assert main(["train-slim-vgg", "--resume", "--out", str(run)]) == 0
    assert log_of(run) == log_of(finished)
    found = arrays_of(run / "slim.h5")
    for name, array in arrays_of(finished / "slim.h5").items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.slow
def test_two_devices_train_as_one_does(finished, options, tmp_path):
    training_devices.run("mirrored", "train-slim-vgg", dataclasses.replace(options, out=str(tmp_path / "two")))
    for record, expected in zip(log_of(tmp_path / "two"), log_of(finished), strict=True):
        assert record == pytest.approx(expected, rel=1e-3), record["step"]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["mirrored", "multiworker"])
def test_a_killed_distributed_run_continues_as_if_it_had_never_stopped(options, tmp_path, strategy):
    run = tmp_path / "run"
    training_devices.run(strategy, "train-slim-vgg", dataclasses.replace(options, out=str(run)), copy_at=5)
    copied = run.with_name("killed")
    training_devices.run(strategy, "train-slim-vgg", dataclasses.replace(options, out=str(copied), resume=True))
    assert log_of(copied) == log_of(run)


@pytest.mark.posix
def test_ctrl_c_saves_a_checkpoint_and_tells_how_to_continue(options, still, tmp_path, monkeypatch, capsys):
    write = Log.write

    def write_and_interrupt(log, record):
        write(log, record)
        if record["step"] == 4:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Log, "write", write_and_interrupt)
    command(dataclasses.replace(options, out=str(tmp_path)))
    cure = f"continue with: mangastyle train-slim-vgg --resume --out {tmp_path}"
    assert capsys.readouterr().out == f"stopped by Ctrl-C at step 4; {cure}\n"
    assert tf.train.latest_checkpoint(str(tmp_path / "checkpoints")).endswith("ckpt-4")
    assert main(["train-slim-vgg", "--resume", "--out", str(tmp_path)]) == 0
    assert [record["step"] for record in log_of(tmp_path)] == list(range(1, 7))


def test_force_starts_anew(finished, options, still, tmp_path):
    run = shutil.copytree(finished, tmp_path / "run")
    command(dataclasses.replace(options, out=str(run), force=True, steps=2))
    assert [record["step"] for record in log_of(run)] == [1, 2]
    assert {path.stem for path in (run / "checkpoints").glob("*.index")} == {"ckpt-2"}
    assert settle(Options, {}, run / "config.json").steps == 2


def test_mistakes_harm_no_earlier_training(finished, options):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    options = dataclasses.replace(options, out=str(finished))
    for change, message in (
        ({}, "`resume`.*`force`"),
        ({"force": True, "data": ("nowhere",)}, "nowhere"),
        ({"force": True, "teacher": "random"}, "random: no such weights file.*`teacher`"),
        ({"force": True, "teacher": "vgg19-slim"}, "`teacher` vgg19-slim: must be the full VGG-19, this is the slim one"),
        ({"force": True, "widths": (2, 3)}, "`widths`: must be 5 numbers.*not 2 3"),
        ({"force": True, "widths": (2, 3, 4, 4, 513)}, "`widths`.*512"),
        ({"force": True, "crop": 40}, "`crop`: must be a multiple of 16.*40"),
        ({"force": True, "precision": "mixed_float16"}, "precision.*mixed_float16.*float32"),
        ({"resume": True, "widths": (2, 3, 4, 4, 5)}, "ckpt-6.*of other networks"),
        ({"resume": True, "num_canvases": 3}, "ckpt-6.*of other networks"),
    ):
        with pytest.raises(MangastyleError, match=message):
            command(dataclasses.replace(options, **change))
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}


def test_nothing_to_resume_is_one_line(options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for flags, name in ((["--out", "nothing"], "nothing"), ([], "runs/slim")):
        assert main(["train-slim-vgg", "--resume", *flags]) == 2
        error = capsys.readouterr().err
        assert name in error and error.count("\n") == 1
    with pytest.raises(MangastyleError, match="nothing: no training to resume"):
        RunFolder("nothing", resume=True)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(options, still, tmp_path):
    values = iter([1.0, 1.0, 1.0, 1.0, np.nan])
    still(lambda batch, number: {"features": tf.constant(next(values)), "grams": tf.constant(1.0)})
    with pytest.raises(MangastyleError, match="step 5.*ckpt-3.*`resume`.*`learning_rate`"):
        command(dataclasses.replace(options, out=str(tmp_path)))
    assert [record["step"] for record in log_of(tmp_path)] == [1, 2, 3, 4]
    assert {path.stem for path in (tmp_path / "checkpoints").glob("*.index")} == {"ckpt-3"}
