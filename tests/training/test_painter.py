"""Learning a painting: what it lowers, how time decides the steps, exact resumption, the cache."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import threading
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.cli.signals import Stopped, stopping
from mangastyle.data.crops import Crops
from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.style.learned import painters
from mangastyle.style.onepass import network as onepass
from mangastyle.training import painter
from mangastyle.training.onepass import loss_of
from mangastyle.training.run import Log
from mangastyle.training.run_folder import RunFolder
from mangastyle.training.settings import PainterSettings

TINY = PainterSettings(steps=12, crop=64, batch=2, checkpoint_every=4)
DATA = ("drawn:12",)


@pytest.fixture(scope="module", autouse=True)
def small():
    """Small pictures beside a small painting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painter, "SIDE", 128)
        patch.setattr(painter, "SIDES", (64, 96))
        patch.setattr(painter, "WARM_UP", 2)
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def art() -> np.ndarray:
    """A painting of stripes."""
    y, x = np.mgrid[:72, :96]
    return np.where(((y + x) // 6 % 2)[..., None], (20, 50, 160), (250, 220, 60)).astype(np.uint8)


@pytest.fixture(scope="module")
def learned(train_and_kill, art, cache) -> tuple[Path, dict[str, Any]]:
    """The run folder of a whole learning beside one killed at step 7, and what `train` returned for it."""
    made = {}

    def train(folder: Path) -> None:
        made["painter"], made["stopped_by"] = learn(art, TINY, RunFolder(folder, config={"command": "learn", "crop": 64}), cache)

    return train_and_kill(train, 7), made


def learn(art: np.ndarray, settings: PainterSettings, run: RunFolder, cache: str) -> tuple[painters.Painter, str]:
    return painter.train(art, settings, run, data=DATA, seed=3, precision="float32", cache=cache)


def log_of(run: Path) -> list[dict]:
    """The log without its clock."""
    records = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [{name: value for name, value in record.items() if name not in ("seconds", "pictures_per_second")} for record in records]


def state_of(art: np.ndarray) -> painter.PainterState:
    return painter.PainterState(art, TINY, "onepass", "float32")


@pytest.mark.slow
def test_the_loss_falls_on_contents_that_were_held_out(learned, art, cache):
    """By much more than it differs between crops; measured by another example than any of the training's."""
    state, crops = state_of(art), Crops(DATA, (), 64, 99, cache=cache, side=128)
    contents = crops.style_pairs(0, 4, held_out=True)[0]
    content, scale, strength = state.features(contents), state.scales[0], tf.fill((4,), 0.5)
    residual = scale.residual_at(5, 64)

    def loss() -> float:
        painted = onepass.paint(state.decoder, content, scale.targets[0], residual, strength)
        return float(tf.reduce_mean(loss_of(painted, state.features(painted), content, scale.targets[0], strength)[0]))

    before = loss()
    for variable in state.decoder.variables:
        variable.assign(learned[1]["painter"].arrays[variable.path])
    assert loss() < 0.85 * before


def test_what_it_returns_and_leaves(learned, art):
    run, made = learned
    own = made["painter"]
    assert made["stopped_by"] == "" and own.digest == painters.digest(art)
    np.testing.assert_array_equal(own.painting, art)
    assert own.spec.residual_windows[0] == 0 and own.spec.residual_share == 1
    decoder = onepass.decoder(own.spec)
    assert own.arrays.keys() == {variable.path for variable in decoder.variables}
    assert [record["step"] for record in log_of(run)] == list(range(1, 13))
    assert sorted(path.name for path in (run / "samples").iterdir()) == [f"step-{step:07d}.png" for step in (4, 8, 12)]
    assert json.loads((run / "config.json").read_text()) == {"command": "learn", "crop": 64, "steps": 12}


@pytest.mark.slow
def test_killed_and_resumed_is_as_if_it_had_never_stopped(learned, art, cache):
    run, made = learned
    killed = run.with_name("killed")
    assert len(log_of(killed)) == 7
    again, stopped_by = learn(art, dataclasses.replace(TINY, steps=30), RunFolder(killed, resume=True), cache)  # 12 were chosen
    assert stopped_by == "" and log_of(killed) == log_of(run)
    for name, array in made["painter"].arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array, err_msg=name)
    assert any((array != x).any() for array, x in zip(again.arrays.values(), state_of(art).painter().arrays.values(), strict=True))


# ---- progress, and stopping by an event


def in_another_thread(function) -> Any:
    """What a function returns or raises in a thread that is not the main one, which gets no signals."""
    found: list[Any] = []

    def call() -> None:
        try:
            found.append(function())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.slow
def test_cancelled_in_another_thread_and_resumed_is_as_if_it_had_never_stopped(learned, art, cache, tmp_path):
    """Samples that are looked at on the way leave no trace."""
    run, made = learned
    records, pictures, cancel = [], [], threading.Event()
    sample = np.random.default_rng(0).integers(0, 256, (100, 140, 3), np.uint8)

    def report(record: painter.Progress) -> None:
        records.append(tuple(record[:2]))
        if record.picture is None:
            assert record.iteration == 0
        elif record.iteration in (1, 7):
            pictures.append(record.picture())
        if record.iteration == 7:
            cancel.set()

    def train(resume: bool, **given: Any) -> Any:
        folder = RunFolder(tmp_path / "run", resume, config={"command": "learn", "crop": 64})
        return painter.train(art, TINY, folder, data=DATA, seed=3, precision="float32", cache=cache, **given)

    error = in_another_thread(lambda: train(False, sample=sample, progress=report, cancel=cancel))
    assert isinstance(error, Cancelled) and "it goes on where it stopped" in str(error)
    assert [record for record in records if record[0]] == [(step, 12) for step in range(1, 8)]
    assert len(records) > 7 and set(records[: len(records) - 7]) == {(0, 12)}
    for picture in pictures:
        assert picture.shape == (64, 90, 3) and picture.dtype == np.float32 and 0 <= picture.min() and picture.max() <= 255
    assert np.abs(pictures[1] - pictures[0]).mean() > 1  # it has learned something
    assert len(log_of(tmp_path / "run")) == 7

    again, stopped_by = in_another_thread(lambda: train(True, cancel=threading.Event()))
    assert stopped_by == "" and log_of(tmp_path / "run") == log_of(run)
    for name, array in made["painter"].arrays.items():
        np.testing.assert_array_equal(again.arrays[name], array, err_msg=name)


@pytest.mark.parametrize("after", [0, 1, 2, 3, 5])
def test_cancelled_before_the_first_step_it_leaves_nothing(still, art, cache, tmp_path, after):
    """Whatever is made ready meanwhile."""
    records, cancel = [], threading.Event()

    def report(record: painter.Progress) -> None:
        records.append(record)
        if len(records) > after:
            cancel.set()

    settings = PainterSettings(minutes=0.001, crop=64, batch=1)
    with pytest.raises(Cancelled):
        painter.train(art, settings, RunFolder(tmp_path / "run"), data=DATA, cache=cache, progress=report, cancel=cancel)
    assert [(record.iteration, record.picture) for record in records] == [(0, None)] * (after + 1)
    assert not (tmp_path / "run").exists()


def test_the_sample_is_one_that_is_practiced_on_if_none_is_given(still, art, cache, tmp_path):
    records: list[painter.Progress] = []
    painter.train(art, dataclasses.replace(TINY, steps=1), RunFolder(tmp_path / "run"), data=DATA, cache=cache, progress=records.append)
    assert records[-1][:2] == (1, 1) and records[-1].picture().shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"progress": 5}, "`progress`: must be a function"),
        ({"cancel": True}, "`cancel`: must be a threading.Event"),
        ({"sample": np.zeros((20, 64, 3), np.uint8)}, "`sample`: must be at least 32 pixels"),
    ],
)
def test_wrong_listeners_are_named_before_anything_is_made(art, tmp_path, cache, given, message):
    with pytest.raises(MangastyleError, match=message):
        painter.learn(art, cache=str(tmp_path), data=DATA, **given)
    assert not list(tmp_path.iterdir())


def test_a_step_is_the_gradient_of_the_mean_loss(art, cache):
    """Plain steps of Adam down `loss_of`, clipped, in the decoder alone."""
    state = state_of(art)
    contents, strengths = Crops(DATA, (), 64, 0, cache=cache, side=128).contents(0, 2, 0.5)
    scale = state.scales[1]
    residual = scale.residual_at(0, 64)
    content = state.features(contents)
    with tf.GradientTape() as tape:
        painted = onepass.paint(state.decoder, content, scale.targets[0], residual, tf.constant(strengths))
        loss = tf.reduce_mean(loss_of(painted, state.features(painted), content, scale.targets[0], tf.constant(strengths))[0])
    gradients = tape.gradient(loss, state.decoder.trainable_variables)
    before = [np.asarray(variable) for variable in state.decoder.trainable_variables]
    state.optimizer.learning_rate = 1e-3
    record = painter.make_train_step(state)(contents, strengths, *scale.targets, residual)
    assert float(record["loss"]) == pytest.approx(float(loss), rel=1e-3)
    agreeing, count = 0, 0
    for gradient, old, variable in zip(gradients, before, state.decoder.trainable_variables, strict=True):
        moved, gradient = np.asarray(variable) - old, gradient.numpy()
        clear = np.abs(gradient) > 0.2 * np.abs(gradient).max()  # of the others, rounding decides the sign
        agreeing += np.sum(np.sign(moved) == -np.sign(gradient), where=clear)
        count += clear.sum()
        np.testing.assert_allclose(np.abs(moved)[clear], 1e-3, rtol=0.02)  # Adam's first step
    assert count > 100 and agreeing > 0.99 * count


def test_residuals_come_from_random_places_the_same_in_every_layer(art):
    """A crop of the painting's residual, rolled by a whole number of its deepest positions."""
    state = state_of(art)
    scale, windows = state.scales[0], state.spec.windows
    features = state.features(painter._beside(art, 64))
    whole = {name: x.numpy() for name, x in onepass.style_residual(features, windows).items()}
    found = [scale.residual_at(seed, 32) for seed in range(4)]
    for residual in found:
        offsets = {}
        for name, x in residual.items():
            side, corner = 32 // onepass.stride(name), x.numpy()[0]
            assert x.shape[1:3] == (side, side)
            height, width = whole[name].shape[1:3]
            rolls = [(y, z) for y in range(height) for z in range(width)]
            offsets[name] = {
                (y * onepass.stride(name), z * onepass.stride(name))
                for y, z in rolls
                if np.allclose(np.roll(whole[name][0], (y, z), (0, 1))[:2, :2], corner[:2, :2], atol=1e-5)
            }
        assert set.intersection(*offsets.values()), offsets
    assert len({residual["relu4_1"].numpy().tobytes() for residual in found}) > 1


# ---- how many steps


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by two seconds with each step, which does nothing else but count in `clock.steps`."""
    state = types.SimpleNamespace(now=1000.0, steps=0)

    def make_train_step(_):
        def step(*_):
            state.now += 2.0
            state.steps += 1
            return {"loss": tf.constant(1.0)}

        return step

    monkeypatch.setattr(painter, "time", types.SimpleNamespace(monotonic=lambda: state.now))
    monkeypatch.setattr(painter, "make_train_step", make_train_step)
    monkeypatch.setattr(painter, "save", lambda session, *_: session.save())
    return state


@pytest.mark.slow
def test_minutes_decide_the_steps_once(clock, art, cache, train_and_kill):
    settings = PainterSettings(minutes=4, crop=64, batch=1, checkpoint_every=20)
    run = train_and_kill(lambda folder: learn(art, settings, RunFolder(folder), cache), 50)
    steps = int(0.95 * (4 * 60 - painter.TRIAL * 2) / 2)
    assert json.loads((run / "config.json").read_text())["steps"] == steps == len(log_of(run)) == clock.steps - painter.TRIAL
    # Resumed with other minutes, it takes the steps that are left, and tries none.
    killed, clock.steps = run.with_name("killed"), 0
    learn(art, dataclasses.replace(settings, minutes=60), RunFolder(killed, resume=True), cache)
    assert clock.steps == steps - 40 and log_of(killed) == log_of(run)
    assert json.loads((killed / "config.json").read_text())["steps"] == steps


def test_however_little_time_there_is(clock, art, cache, tmp_path):
    learn(art, PainterSettings(minutes=0.01, crop=64, batch=1), RunFolder(tmp_path / "run"), cache)
    assert len(log_of(tmp_path / "run")) == painter.FEWEST


def test_trial_steps_leave_no_trace(art):
    state = state_of(art)

    def step(*_) -> dict[str, tf.Tensor]:
        for variable in (*state.decoder.variables, *state.optimizer.variables):
            variable.assign(variable + np.ones((), variable.dtype))
        return {"loss": tf.constant(1.0)}

    variables = [*state.decoder.variables, *state.optimizer.variables]
    before = [np.asarray(variable) for variable in variables]
    painter._steps_in(0.0, state, step, lambda number: (number,))
    for value, variable in zip(before, variables, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)


# ---- the cache


@pytest.fixture
def still(monkeypatch):
    """Steps that do nothing."""
    monkeypatch.setattr(painter, "make_train_step", lambda _: lambda *_: {"loss": tf.constant(1.0)})
    monkeypatch.setattr(painter, "save", lambda session, *_: session.save())


@pytest.mark.posix
@pytest.mark.slow
def test_learned_into_the_cache_what_was_interrupted_goes_on(still, art, cache, tmp_path, monkeypatch):
    given = {"minutes": 0.001, "data": DATA, "precision": "float32", "cache": str(tmp_path)}
    monkeypatch.setattr(painter, "SIDES", (64,))
    path, write = painters.cached(painters.digest(art), str(tmp_path)), Log.write

    def write_and_interrupt(log, record):
        write(log, record)
        if record["step"] == 9:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(Log, "write", write_and_interrupt)
        patch.setattr(painter, "PainterSettings", lambda minutes: PainterSettings(minutes=minutes, crop=64, batch=1))
        with stopping(), pytest.raises(Stopped, match="SIGTERM"):  # it comes again when the checkpoint is written
            painter.learn(art, **given)
        assert not path.exists() and len(log_of(path.with_suffix(""))) == 9
        started = []
        patch.setattr(Log, "write", lambda log, record: started.append(record["step"]) or write(log, record))
        own = painter.learn(art, **given)
    assert started == list(range(10, painter.FEWEST + 1))
    assert [file.name for file in path.parent.iterdir()] == [path.name]  # its run folder is gone
    found = painters.find(art, cache=str(tmp_path))
    assert found.digest == own.digest == painters.digest(art) and found.spec == own.spec
    np.testing.assert_array_equal(found.painting, art)


@pytest.mark.slow
def test_cancelled_it_goes_on_from_the_cache(still, art, tmp_path, monkeypatch):
    monkeypatch.setattr(painter, "SIDES", (64,))
    monkeypatch.setattr(painter, "PainterSettings", lambda minutes: PainterSettings(minutes=minutes, crop=64, batch=1))
    given = {"minutes": 0.001, "data": DATA, "precision": "float32", "cache": str(tmp_path)}
    path, cancel, steps = painters.cached(painters.digest(art), str(tmp_path)), threading.Event(), []
    with pytest.raises(Cancelled):
        painter.learn(art, progress=lambda record: cancel.set() if record.iteration == 9 else None, cancel=cancel, **given)
    assert not path.exists() and len(log_of(path.with_suffix(""))) == 9
    own = in_another_thread(lambda: painter.learn(art, progress=lambda record: steps.append(record.iteration), **given))
    assert [step for step in steps if step] == list(range(10, painter.FEWEST + 1))
    assert own.digest == painters.digest(art) and [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("changes", "given", "message"),
    [
        ({"crop": 72}, {}, "`crop`: must be a multiple of 16.*72"),
        ({"steps": 0, "minutes": 0.0}, {}, "say when to stop: `minutes` or `steps`"),
        ({}, {"precision": "mixed_float16"}, "precision.*mixed_float16.*float32"),
        ({}, {"init": "nothing.h5"}, "nothing.h5: no such weights file"),
        ({}, {"data": ("nowhere",)}, "nowhere"),
    ],
)
def test_mistakes_leave_nothing(art, tmp_path, cache, changes, given, message):
    with pytest.raises(MangastyleError, match=message):
        painter.train(art, dataclasses.replace(TINY, **changes), RunFolder(tmp_path / "run"), **{"data": DATA, "cache": cache, **given})
    assert not (tmp_path / "run").exists()


def test_a_painting_that_is_too_small(tmp_path):
    with pytest.raises(MangastyleError, match="`painting`: must be at least 32 pixels"):
        painter.train(np.zeros((20, 64, 3), np.uint8), TINY, RunFolder(tmp_path / "run"))
