"""All stages joined, with a tiny network, in one pass or few iterations."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

import mangastyle
from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.pipeline import DEFAULT_STAGES, Pipeline, Stage, run
from mangastyle.shade.hints import Hint
from mangastyle.shade.shader import Shader
from mangastyle.style.stylize import Stylizer
from mangastyle.synthetic import characters, paintings


def painting() -> np.ndarray:
    return paintings.paint("brush", 0, 40, 40)


@pytest.fixture(scope="module")
def networks(tiny_weights, onepass_weights) -> dict:
    return {"weights": tiny_weights, "onepass_weights": onepass_weights, "precision": "float32"}


@pytest.fixture(scope="module")
def pipeline(networks) -> Pipeline:
    return Pipeline(painting(), size=48, **networks)


@pytest.mark.slow
def test_every_stage_is_that_of_the_public_function(pipeline, tiny_weights, onepass_weights):
    picture = characters.draw(1, 64)
    stages = pipeline(picture)
    small = pixels.resize(picture, 48, 48)
    shader = Shader(tiny_weights, precision="float32")
    hint = Hint(small)
    shaded = shader(small, hint)
    stylizer = Stylizer(painting(), onepass_weights=onepass_weights, size=0, precision="float32")
    np.testing.assert_array_equal(stages.picture, small)
    np.testing.assert_array_equal(stages.sketch, sketch(small))
    np.testing.assert_array_equal(stages.shaded, shaded)
    np.testing.assert_array_equal(stages.style, painting())
    np.testing.assert_array_equal(stages.stylized, stylizer(shaded))
    assert stages.by == "one pass and slim VGG-19" and [name for name, _ in stages] == [stage.name for stage in DEFAULT_STAGES]
    assert stages.hint.shape == (48, 48, 3) and (stages.hint != 255).any()


@pytest.mark.parametrize("name", ["progress", "cancel"])
def test_wrong_listeners_are_named(pipeline, name):
    for call in (pipeline, run):
        with pytest.raises(MangastyleError, match=f"`{name}`: must be a"):
            call(characters.draw(1, 64), **{name: 5})
    for argument in ({"size": "64"}, {"seed": "x"}):
        with pytest.raises(MangastyleError, match=f"`{next(iter(argument))}`: must be a whole number from 0"):
            Pipeline(painting(), **argument)


def test_line_art_is_its_own_sketch_and_gets_no_simulated_hint(pipeline):
    line = characters.character(4, 48).line
    stages = pipeline(line)  # gray pictures are taken, too
    np.testing.assert_array_equal(stages.sketch, line)
    assert (stages.hint == 255).all() and stages.picture.shape == (48, 48, 3)


def test_a_given_hint_is_used_for_line_art_and_shown(pipeline, monkeypatch):
    line, given = pixels.to_rgb(characters.character(4, 64).line), []

    def source(picture: np.ndarray) -> Hint:
        given.append(picture.shape)
        return Hint.from_points([(10, 10, "red")], picture.shape, radius=4)

    for hint in (source, source(line)):
        monkeypatch.setattr(pipeline, "hint", hint)
        stages = pipeline(line)
        assert (stages.hint[7, 7] == (255, 0, 0)).all() and (stages.hint[30:] == 255).all()
    assert given == [(64, 64, 3)] * 2  # the picture as it was given, not as it was reduced
    monkeypatch.setattr(pipeline, "hint", "none")
    assert (pipeline(characters.draw(1, 48)).hint == 255).all()


def test_by_default_the_style_is_a_painting_of_our_own(networks):
    stages = run(characters.draw(1, 48), seed=3, stages=DEFAULT_STAGES[4:5], **networks)
    np.testing.assert_array_equal(stages.style, paintings.paint("brush", 3))


def test_a_further_stage_is_one_line(networks):
    stages = (*DEFAULT_STAGES[:3], Stage("mirrored", lambda pipeline, work: work.made["sketch"][:, ::-1]))
    made = Pipeline(painting(), stages=stages, size=0, **networks)(characters.draw(1, 48))
    np.testing.assert_array_equal(made.mirrored, made.sketch[:, ::-1])


@pytest.mark.slow
def test_the_style_may_be_painted_by_optimization_with_progress(tiny_weights, narrow):
    records = []
    stages = run(
        characters.draw(1, 48), painting(), method="optimize", iterations=2, min_size=0, backbone=narrow, size=0, weights=tiny_weights,
        precision="float32", progress=records.append,
    )  # fmt: skip
    assert stages.stylized.shape == (48, 48, 3)
    assert {record.stage for record in records} == {"shaded", "stylized"} and records[-1].iteration == records[-1].iterations == 2


def test_a_set_event_ends_it(pipeline):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled) as error:
        pipeline(characters.draw(1, 48), cancel=cancel)
    assert error.value.result is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hint": "simulatd"}, "`hint`: 'simulatd' .did you mean 'simulated'.. is none of"),
        ({"size": -1}, "`size`: must be a whole number from 0 to 100000000, not -1"),
        ({"method": "onepass", "iterations": 3}, "`iterations`: is for method optimize, not onepass"),
        ({"method": "onepass", "backbone": "slim"}, "`backbone`: is for method optimize, not onepass"),
        ({"method": "onepas"}, "`method`: 'onepas' .did you mean 'onepass'"),
        ({"strenth": 1}, "strenth"),
    ],
)
def test_wrong_arguments_are_named(networks, arguments, message):
    with pytest.raises(MangastyleError, match=message):
        Pipeline(painting(), **{**networks, **arguments})


@pytest.mark.parametrize(("picture", "message"), [(np.zeros((48, 48, 3)), "not float64"), (np.zeros((16, 48, 3), np.uint8), "at least 32")])
def test_wrong_pictures_are_named(pipeline, picture, message):
    with pytest.raises(MangastyleError, match=message):
        pipeline(picture)


def test_importing_it_loads_no_tensorflow():
    code = "import mangastyle; mangastyle.Pipeline, mangastyle.run; import sys; assert 'keras' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert mangastyle.run is run
