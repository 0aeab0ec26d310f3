"""Training of the slim VGG-19: parts of the loss, where it starts, what it learns, its run folder, exact resumption."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle import monitor
from mangastyle.cli import main
from mangastyle.config import DistillConfig, settle
from mangastyle.data.crops import Crops
from mangastyle.errors import MangastyleError
from mangastyle.style import distill, fit, losses, vgg

TEACHER = (4, 6, 8, 8, 8)  # channels of its blocks
TINY = DistillConfig(
    data=("drawn:12",), widths=(2, 3, 4, 4, 4), crop=32, batch=2, painted=2, life=4, steps=6, checkpoint_every=3,
    learning_rate=0.02, precision="float32",
)  # fmt: skip
RELUS = tuple(name.replace("conv", "relu") for name in vgg.kernel_shapes())


@pytest.fixture(scope="module")
def teacher() -> keras.Model:
    """VGG-19 with few channels, never trained, in the place of the full one."""
    random, made = np.random.default_rng(0), {}
    for name, shape in vgg.kernel_shapes(TEACHER).items():
        made[name] = random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape), random.normal(0, 1, shape[-1])
    return vgg.network(made, name="full")


@pytest.fixture(scope="module", autouse=True)
def small(teacher):
    """The narrow teacher is the full one, and fits take few crops."""
    backbone = vgg.backbone
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vgg, "backbone", lambda name, **kw: teacher if name == "full" else backbone(name, **kw))
        patch.setattr(distill, "FIT_CROPS", 16)
        yield


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> DistillConfig:
    return dataclasses.replace(TINY, cache=str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def crops(config) -> Crops:
    return Crops(config)


@pytest.fixture(scope="module")
def finished(train_and_kill, config):
    """The run folder of a whole training, beside one killed at step 5. Tests that change it work on a copy."""
    return train_and_kill(lambda run: distill.command(dataclasses.replace(config, out=str(run))), 5)


@pytest.fixture(scope="module")
def taught(config, teacher):
    """A student that is random at first, the pictures painted with it, the compiled step."""
    student = untrained(config, teacher)
    painting = distill.Painting(config, student)
    return student, painting, distill.make_train_step(config, teacher, student, painting)


@pytest.fixture
def still(monkeypatch):
    """Replaces fitting, training and the network's file by nothing: for tests of the loop around them."""
    monkeypatch.setattr(distill.Student, "start_from", lambda *_: None)
    monkeypatch.setattr(distill.Student, "save", lambda *_: {})
    monkeypatch.setattr(distill.Painting, "begin", lambda *_: None)

    def set_step(step=lambda crops, offset: {"features": tf.constant(1.0), "grams": tf.constant(1.0)}):
        monkeypatch.setattr(distill, "make_train_step", lambda *_: step)

    set_step()
    return set_step


def log_of(run) -> list[dict]:
    """All records but the clock."""
    lines = (run / "log.jsonl").read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def arrays_of(path) -> dict[str, np.ndarray]:
    """All arrays of a slim network's file."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def untrained(config: DistillConfig, teacher: keras.Model) -> distill.Student:
    """A student whose kernels and projections are random, of He's size, instead of fitted."""
    student = distill.Student(config, "float32", teacher)
    for i, variable in enumerate(student.variables):
        if len(variable.shape) == 4:
            size = np.sqrt(2 / np.prod(variable.shape[:-1]))
            variable.assign(np.random.default_rng(i).normal(0, size, variable.shape))
    return student


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(1, 1, shape).astype(np.float32)


# ---- parts of the loss


def test_grams_and_relative_are_the_losses_of_mangastyle_style_for_each_picture():
    found, target = random(3, 5, 6, 4), random(3, 5, 6, 4, seed=1)
    grams = [distill.grams(x) for x in (found, target)]
    of_grams, of_features = losses.relative_error(*grams), losses.relative_error(found, target)
    assert of_grams.shape == of_features.shape == (3,)
    for i in range(3):
        one, other = (losses.statistics(x[i : i + 1]) for x in (found, target))
        np.testing.assert_allclose(grams[0][i], one, rtol=1e-5)
        assert float(of_grams[i]) == pytest.approx(float(losses.style_layer_loss(one, other, "mean")), rel=1e-4)
        alone = losses.content_loss(found[i : i + 1], target[i : i + 1], "mean")
        assert float(of_features[i]) == pytest.approx(float(alone), rel=1e-5)


def test_deviation_is_one_for_the_channels_means_and_zero_at_the_target():
    target = random(2, 5, 6, 4) * [1, 10, 100, 1000] + 3
    means = np.broadcast_to(target.mean((0, 1, 2)), target.shape)
    assert float(distill.deviation(means, target)) == pytest.approx(1, rel=1e-5)
    assert float(distill.deviation(target, target)) == 0
    half = (means + target) / 2
    assert float(distill.deviation(half, target)) == pytest.approx(0.25, rel=1e-5)


def test_thinned_maps_together_are_the_whole_map():
    maps = {"relu2_2": random(1, 6, 8, 2), "relu3_1": random(1, 3, 4, 2)}
    parts = [distill.thin(maps, np.array([y, x])) for y in range(2) for x in range(2)]
    whole = np.stack([part["relu2_2"] for part in parts], 1).reshape(1, 2, 2, 3, 4, 2)
    np.testing.assert_array_equal(whole.transpose(0, 3, 1, 4, 2, 5).reshape(1, 6, 8, 2), maps["relu2_2"])
    for part in parts:
        np.testing.assert_array_equal(part["relu3_1"], maps["relu3_1"])


def test_learning_rate_rises_then_falls_to_zero():
    rates = [monitor.schedule(step, 1000, distill.WARM_UP) for step in range(1001)]
    assert rates[0] == pytest.approx(1 / distill.WARM_UP) and rates[-1] == pytest.approx(0)
    assert rates.index(max(rates)) == distill.WARM_UP - 1
    assert rates[500] == pytest.approx(0.5)


# ---- the student


def test_with_the_teachers_widths_the_start_is_the_teacher(config, teacher, crops):
    student = distill.Student(dataclasses.replace(config, widths=TEACHER), "float32", teacher)
    student.start_from(teacher, crops)
    pictures = crops.batch(0, 4)
    found, wanted = student(pictures, tf.zeros(2, tf.int32)), vgg.features(teacher, distill.TAPS)(pictures)
    for name, target in distill.thin(wanted, tf.zeros(2, tf.int32)).items():
        assert float(distill.deviation(found[name], target)) < 0.02, name


def test_the_start_is_better_than_random_kernels(finished, config, teacher, crops, tmp_path):
    with h5py.File(finished / "slim.h5") as file:
        errors = json.loads(file.attrs["extra"])["errors"]  # after a few steps at the lowest learning rate
    others = untrained(config, teacher).save(tmp_path / "slim.h5", teacher, crops)
    assert tuple(others) == RELUS
    for name in RELUS:
        assert 0 < errors[name] < min(1, others[name]), name


def test_a_few_steps_lower_the_losses(config, crops, taught):
    student, painting, step = taught
    for slot in range(config.painted):
        painting.begin(slot, student, *crops.pair(0, slot))
    records = [
        {name: float(value) for name, value in step(crops.batch(0, 2), np.zeros(2, np.int32)).items()}
        for _ in range(20)
    ]  # fmt: skip
    for name in ("loss", "features", "grams"):
        assert records[-1][name] < 0.9 * records[0][name], name
    for record in records:
        assert record["features"] == pytest.approx(sum(record[name] for name in distill.TAPS), rel=1e-4)
        assert record["grams"] == pytest.approx(sum(record[f"gram_{name}"] for name in distill.STYLE), rel=1e-4)
        assert record["loss"] == pytest.approx(record["features"] + 0.5 * record["grams"], rel=1e-4)


# ---- the pictures being painted


def test_pictures_begin_all_at_once_then_in_turn(config, teacher):
    three = dataclasses.replace(config, painted=3, life=6)
    painting = distill.Painting(three, distill.Student(three, "float32", teacher))
    began = [list(painting.due(step)) for step in range(13)]
    assert began == [[0, 1, 2], [], [2], [], [1], [], [0], [], [2], [], [1], [], [0]]


def test_a_picture_is_painted_toward_its_painting(config, crops, taught):
    student, painting, step = taught
    targets = [crops.pair(0, slot) for slot in range(config.painted)]
    for slot, (start, content, style) in enumerate(targets):
        painting.begin(slot, student, start, content, style)
        np.testing.assert_array_equal(painting.pixels[slot], start)

    def loss_of(*pictures: np.ndarray) -> float:
        return float(painting.loss(student(np.stack(pictures), tf.zeros(2, tf.int32))))

    contents, styles = ([target[i] for target in targets] for i in (1, 2))
    content = painting.content.numpy()
    painting.content.assign(student(np.stack(styles), tf.zeros(2, tf.int32))[distill.CONTENT])
    assert loss_of(*styles) == pytest.approx(0, abs=1e-6)
    painting.content.assign(content)
    assert loss_of(*contents) > 1

    student.optimizer.learning_rate = 0.0  # the pictures alone change
    kernels = [variable.numpy() for variable in student.variables]
    found = [float(step(crops.batch(0, 2), np.zeros(2, np.int32))["painted"]) for _ in range(20)]
    for before, variable in zip(kernels, student.variables, strict=True):
        np.testing.assert_array_equal(before, variable)
    assert found[0] == pytest.approx(loss_of(*(start for start, _, _ in targets)) / 2, rel=1e-4)
    assert found[-1] < 0.5 * found[0]
    assert painting.pixels.numpy().min() >= 0 and painting.pixels.numpy().max() <= 255
    assert (painting.age.numpy() == 20).all()
    # The next picture starts afresh, the other goes on.
    going_on = painting.pixels[1].numpy()
    painting.begin(0, student, *crops.pair(1, 0))
    np.testing.assert_array_equal(painting.age.numpy().ravel(), [0, 20])
    assert not painting.first[0].numpy().any() and painting.first[1].numpy().any()
    np.testing.assert_array_equal(painting.pixels[1], going_on)


def test_pictures_are_stepped_by_adam(config, teacher):
    painting = distill.Painting(config, distill.Student(config, "float32", teacher))
    painting.pixels.assign(128 + 10 * random(2, 32, 32, 3))
    expected = tf.Variable(painting.pixels)
    adam = keras.optimizers.Adam(distill.GREY_LEVELS, beta_1=0.9, beta_2=0.99, epsilon=1e-12)
    for i in range(5):
        gradient = tf.constant(random(2, 32, 32, 3, seed=i))
        painting.step(gradient)
        adam.apply([gradient], [expected])
    np.testing.assert_allclose(painting.pixels, expected, rtol=1e-4)


# ---- the run folder


def test_every_step_is_logged(finished):
    records = log_of(finished)
    assert [record["step"] for record in records] == list(range(1, 7))
    grams = {f"gram_{name}" for name in distill.STYLE}
    for record in records:
        assert record.keys() == {"step", "loss", "features", "grams", "painted", *distill.TAPS, *grams}
        assert np.isfinite(list(record.values())).all()


def test_the_slim_network_is_read_back_as_the_backbone(finished, config, teacher, crops):
    student = distill.Student(config, "float32", teacher)
    checkpoint = tf.train.Checkpoint(student=student.variables)
    checkpoint.restore(tf.train.latest_checkpoint(str(finished / "checkpoints"))).expect_partial()
    weights, readouts = vgg.read(finished / "slim.h5")
    for name, (kernel, bias) in weights.items():
        trained = student.network.get_layer(name)
        np.testing.assert_allclose(kernel, trained.kernel, rtol=1e-3, atol=1e-6)
        np.testing.assert_array_equal(bias, trained.bias)
    # Losses through the file's readouts are those of the features projected into the teacher's space.
    slim = vgg.backbone(str(finished / "slim.h5"))
    assert slim.name == "slim" and set(readouts) == {*vgg.kernel_shapes(), *RELUS}
    pictures, train = crops.batch(0, 2), crops.batch(-2, distill.FIT_CROPS)
    for name in ("conv1_1", "relu2_1", "relu4_1", "conv5_1"):
        ours, theirs = (vgg.features(model, (name,)) for model in (student.network, teacher))
        flat = (distill._run(model, train, name) for model in (ours, theirs))
        projection = fit.ridge(*(x.reshape(-1, x.shape[-1]) for x in flat), intercept=False)
        one, other = (losses.mean_gram(x[None]) for x in ours(pictures)[name] @ projection)
        found, target = (losses.mean_gram(x[None]) for x in vgg.features(slim, (name,))(pictures)[name])
        expected = float(losses.style_layer_loss(one, other, "mean"))
        assert float(losses.style_layer_loss(found, target, "mean")) == pytest.approx(expected, rel=0.02), name


def test_the_file_says_how_it_was_made_but_not_where(finished, config):
    with h5py.File(finished / "slim.h5") as file:
        extra = json.loads(file.attrs["extra"])
    assert extra["steps"] == 6 and tuple(extra["errors"]) == RELUS and extra["config"]["widths"] == [2, 3, 4, 4, 4]
    assert config.cache not in json.dumps(extra) and str(finished) not in json.dumps(extra)
    assert not {"teacher", "data", "paintings", "out", "cache", "resume", "force"} & extra["config"].keys()


def test_a_killed_run_goes_on_as_if_it_had_never_stopped(finished):
    run = finished.with_name("killed")
    assert tf.train.latest_checkpoint(str(run / "checkpoints")).endswith("ckpt-3") and len(log_of(run)) == 5
    assert main(["distill", "--resume", "--out", str(run)]) == 0
    for record, other in zip(log_of(run), log_of(finished), strict=True):
        assert record == pytest.approx(other, rel=1e-6)
    found = arrays_of(run / "slim.h5")
    for name, array in arrays_of(finished / "slim.h5").items():
        np.testing.assert_allclose(found[name], array, rtol=1e-3, atol=1e-5, err_msg=name)


def test_ctrl_c_saves_a_checkpoint_and_says_how_to_go_on(config, still, tmp_path, monkeypatch, capsys):
    write = monitor.Log.write

    def write_and_interrupt(log, record):
        write(log, record)
        if record["step"] == 4:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(monitor.Log, "write", write_and_interrupt)
    distill.command(dataclasses.replace(config, out=str(tmp_path)))
    cure = f"go on with: mangastyle distill --resume --out {tmp_path}"
    assert capsys.readouterr().out == f"stopped by Ctrl-C at step 4; {cure}\n"
    assert tf.train.latest_checkpoint(str(tmp_path / "checkpoints")).endswith("ckpt-4")
    assert main(["distill", "--resume", "--out", str(tmp_path)]) == 0
    assert [record["step"] for record in log_of(tmp_path)] == list(range(1, 7))


def test_force_starts_anew(finished, config, still, tmp_path):
    run = shutil.copytree(finished, tmp_path / "run")
    distill.command(dataclasses.replace(config, out=str(run), force=True, steps=2))
    assert [record["step"] for record in log_of(run)] == [1, 2]
    assert {path.stem for path in (run / "checkpoints").glob("*.index")} == {"ckpt-2"}
    assert not (run / "slim.h5").exists()
    assert settle(DistillConfig, {}, run / "config.json").steps == 2


def test_mistakes_harm_no_earlier_training(finished, config):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    options = dataclasses.replace(config, out=str(finished))
    for change, message in (
        ({}, "--resume.*--force"),
        ({"force": True, "data": ("nowhere",)}, "nowhere"),
        ({"force": True, "teacher": "random"}, "--teacher random.*full"),
        ({"force": True, "widths": (2, 3)}, "--widths 2 3.*5 numbers"),
        ({"force": True, "widths": (2, 3, 4, 4, 513)}, "--widths.*512"),
        ({"force": True, "crop": 40}, "--crop 40.*multiple of 16"),
        ({"force": True, "precision": "mixed_float16"}, "--precision mixed_float16.*float32"),
        ({"resume": True, "widths": (2, 3, 4, 4, 5)}, "ckpt-6.*of other networks"),
        ({"resume": True, "painted": 3}, "ckpt-6.*of other networks"),
    ):
        with pytest.raises(MangastyleError, match=message):
            distill.command(dataclasses.replace(options, **change))
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}


def test_nothing_to_resume_is_said_in_one_line(config, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for flags, name in ((["--out", "nothing"], "nothing"), ([], "runs/slim")):
        assert main(["distill", "--resume", *flags]) == 2
        error = capsys.readouterr().err
        assert name in error and error.count("\n") == 1
    with pytest.raises(MangastyleError, match="nothing: no training to resume"):
        distill.command(dataclasses.replace(config, resume=True, out="nothing"))
    assert not list(tmp_path.iterdir())


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(config, still, tmp_path):
    values = iter([1.0, 1.0, 1.0, 1.0, np.nan])
    still(lambda crops, offset: {"features": tf.constant(next(values)), "grams": tf.constant(1.0)})
    with pytest.raises(MangastyleError, match="step 5.*ckpt-3.*--resume.*--learning-rate"):
        distill.command(dataclasses.replace(config, out=str(tmp_path)))
    assert [record["step"] for record in log_of(tmp_path)] == [1, 2, 3, 4]
    assert {path.stem for path in (tmp_path / "checkpoints").glob("*.index")} == {"ckpt-3"}
