"""Training of shading: its examples, what it learns, its run folder, exact resumption."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import tensorflow as tf
import training_devices

from mangastyle.cli.main import main
from mangastyle.cli.train_shading import Options, command
from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.ops.layers import Layers, composite
from mangastyle.shade.shading import Shading
from mangastyle.synthetic.characters import character
from mangastyle.synthetic.figures import figure
from mangastyle.training import picture_parts, shading, shading_augment
from mangastyle.training.picture_parts import ShadingExample
from mangastyle.training.shading_examples import ShadingExamples

TINY = Options(data=("drawn:12",), crop=64, batch=2, steps=4, checkpoint_every=2, widths=(8, 8), blocks=1, precision="float32")


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> Options:
    return dataclasses.replace(TINY, cache=str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def source(options) -> ShadingExamples:
    return ShadingExamples(options.data, 64, 0.5, 0, cache=options.cache)


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


def test_examples_are_a_function_of_seed_and_step(source, options):
    again = ShadingExamples(options.data, 64, 0.5, 0, cache=options.cache)
    other = ShadingExamples(options.data, 64, 0.5, 1, cache=options.cache)
    for part in ShadingExample._fields:
        first, second, different = (getattr(s.batch(5, 6), part) for s in (source, again, other))
        np.testing.assert_array_equal(first, second)
        assert part == "light" or (first != different).any()
    batch = source.batch(5, 6)
    assert [x.shape for x in batch] == [(6, 64, 64), (6, 64, 64, 3), (6, 64, 64, 3), (6, 64, 64), (6, 2)]
    assert set(np.unique(batch.weight)) <= {0, 1} and batch.weight.mean() > 0.2


def test_structure_lines_leave_shadows_out():
    """A drawn face: its lines are found, and the edges of its shadows are not."""
    drawn = character(3, 256)
    lines = picture_parts.structure_lines(drawn.rgb)
    inked, free = drawn.line < 60, cv2.erode(drawn.line, np.ones((7, 7), np.uint8)) > 250
    assert (lines[inked] < 128).mean() > 0.85 and (lines[free] < 128).mean() < 0.02


def test_flat_colors_are_those_that_were_filled():
    drawn = character(3, 256)
    found = picture_parts.take_apart(drawn.rgb)
    clear = (found.weight > 0) & (cv2.erode(drawn.line, np.ones((5, 5), np.uint8)) > 250)
    distance = np.abs(found.flat.astype(int) - drawn.flat).max(-1)[clear]
    assert clear.mean() > 0.5 and (distance < 16).mean() > 0.7


def test_the_side_of_the_light_is_found():
    """Of drawn figures, which know where their light is."""
    right = 0
    for seed in range(8):
        drawn = figure(seed, 128, 96)
        shaded = composite(Layers(drawn.flat, drawn.shading, drawn.highlights, np.full_like(drawn.flat, 255)))
        side = picture_parts.light_side(shaded, drawn.flat, drawn.labels, np.ones(drawn.labels.shape, np.uint8))
        right += side == np.sign(drawn.light[0])
    assert right >= 7


def test_drawings_are_lit_from_the_left(options):
    source = ShadingExamples(options.data, 64, 1.0, 0, cache=options.cache)
    light = np.concatenate([source.batch(step, 8).light for step in range(2)])
    assert (light[:, 0] <= 0).all() and (light[:, 0] < 0).mean() > 0.5 and set(light[:, 1]) <= {-1, 0, 1}


def test_lines_are_as_dark_as_the_network_gets_them():
    line = np.full((40, 50), 250, np.uint8)
    line[20] = 190  # faint
    made = shading_augment.redraw(line, np.random.default_rng(0))
    assert made.min() == 0 and np.median(made) > 225


def test_region_medians_are_numpys():
    random = np.random.default_rng(0)
    picture, labels = random.integers(0, 256, (40, 31, 3), np.uint8), random.integers(0, 5, (40, 31))
    free = random.random((40, 31)) < 0.7
    found = picture_parts.region_medians(picture, labels, free)
    for name in range(5):
        values = picture[free & (labels == name)]
        np.testing.assert_array_equal(found[name], np.sort(values, 0)[len(values) // 2])


def test_other_colors_keep_the_shading():
    """Multiplied and screened over new flat colors, as painting programs do."""
    random = np.random.default_rng(0)
    flat, new = (random.integers(1, 255, (20, 20, 3)).astype(np.uint8) for _ in range(2))
    factor, screen = random.random((20, 20, 1)), random.random((20, 20, 1))
    darker, lighter = (flat * factor).astype(np.uint8), (255 - (255.0 - flat) * (1 - screen)).astype(np.uint8)
    np.testing.assert_allclose(shading_augment.transfer(darker, flat, new), new * (darker / flat), atol=1)
    expected = 255 - (255.0 - new) * ((255.0 - lighter) / (255.0 - flat))
    np.testing.assert_allclose(shading_augment.transfer(lighter, flat, new), expected, atol=1)


def test_losses_fall(options, source):
    """Thirty steps on the same two examples."""
    state, batch = shading.TrainState(options), source.batch(0, 2)
    step = shading.make_train_step(options, tf.distribute.get_strategy(), state)
    losses = [float(step(tuple(batch), tf.constant(0))["loss"]) for _ in range(30)]
    assert losses[-1] < 0.7 * losses[0]
    assert state.sheet(batch).shape == (4 * 64, 2 * 64, 3)


def test_run_folder_and_what_it_is_for(finished, options):
    assert [record["step"] for record in log_of(finished)] == [1, 2, 3, 4]
    assert sorted(path.name for path in (finished / "samples").iterdir()) == ["step-0000002.png", "step-0000004.png"]
    spec, provenance = weights.read_spec(finished / "last.h5", "shading")
    assert provenance["steps"] == 4 and provenance["settings"]["crop"] == 64 and spec["widths"] == [8, 8]
    stored = json.dumps([spec, provenance])
    assert str(finished) not in stored and options.cache not in stored and "drawn:" not in stored
    drawn = character(3, 70)
    shaded, highlights = Shading(finished / "last.h5")(drawn.line, drawn.flat, "soft")
    assert shaded.shape == highlights.shape == (70, 70, 3)


def test_a_killed_run_continues_as_if_it_had_never_stopped(finished):
    run = finished.with_name("killed")
    assert len(log_of(run)) == 3 and not same_weights(run, finished)
    assert main(["train-shading", "--resume", "--out", str(run)]) == 0
    assert log_of(run) == log_of(finished)
    assert same_weights(run, finished)


@pytest.mark.slow
def test_two_devices_train_as_one_does(finished, options, tmp_path):
    training_devices.run("mirrored", "train-shading", dataclasses.replace(options, out=str(tmp_path / "two")))
    for record, expected in zip(log_of(tmp_path / "two"), log_of(finished), strict=True):
        assert record == pytest.approx(expected, rel=1e-4), record["step"]


def test_init_starts_from_given_weights(finished, options):
    state = shading.TrainState(options, init=str(finished / "last.h5"), seed=5)
    stored = weights.read(finished / "last.h5", "shading").arrays
    for variable in state.network.variables:
        np.testing.assert_array_equal(variable, stored[variable.path])


def test_mistakes_harm_no_earlier_training(finished, options):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    options = dataclasses.replace(options, out=str(finished))
    for change, message in (
        ({}, "`resume`.*`force`"),
        ({"force": True, "data": ("nowhere",)}, "nowhere"),
        ({"force": True, "crop": 72}, "`crop`: must be a multiple of 16.*72"),
        ({"force": True, "crop": 80, "widths": (8, 8, 8, 8)}, "`crop`: must be a multiple of 32 for 4 `widths`, not 80"),
        ({"force": True, "init": "nothing.h5"}, "nothing.h5: no such weights file"),
        ({"force": True, "precision": "mixed_float16"}, "precision.*mixed_float16.*float32"),
    ):
        with pytest.raises(MangastyleError, match=message):
            command(dataclasses.replace(options, **change))
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
