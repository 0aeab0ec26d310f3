"""Options: defaults, presets, JSON and flags, joined in that order and checked."""

from __future__ import annotations

import dataclasses
import json

import pytest

from mangastyle import config
from mangastyle.cli import COMMANDS
from mangastyle.config import PRESETS, DistillConfig, RunConfig, ShadeConfig, SketchConfig, StyleConfig, TrainConfig, settle
from mangastyle.errors import MangastyleError

CLASSES = [cls for cls, _, _ in COMMANDS.values()]


def write(folder, value):
    (folder / "config.json").write_text(value if isinstance(value, str) else json.dumps(value))
    return folder / "config.json"


@pytest.mark.parametrize("cls", CLASSES)
def test_every_option_has_a_help_text_and_a_valid_default(cls):
    cls()
    for f in dataclasses.fields(cls):
        assert len(f.metadata["help"]) > 5, f.name
        kind, many = config.field_type(f)
        assert kind in (str, int, float, bool) and not (many and kind is bool)


@pytest.mark.parametrize(("cls", "name"), [(cls, name) for cls in CLASSES for name in config.presets(cls)])
def test_presets_settle(cls, name):
    made = settle(cls, {"preset": name})
    assert made.preset == name
    assert all(getattr(made, key) == value for key, value in config.presets(cls)[name].items())


def test_the_papers_numbers():
    assert (settle(SketchConfig, {"preset": "paper"}).block, settle(SketchConfig, {"preset": "paper"}).c) == (9, 2.0)
    style = settle(StyleConfig, {"preset": "paper"})
    assert (style.content_weight, style.style_weight, style.iterations) == (0.001, 0.001, 1000)
    assert (style.distance, style.loss, style.precision, style.tv_weight, style.oversample) == ("gram", "sum", "float32", 0.0, 1.0)
    assert style.content_layers == ("conv4_2",) and style.style_layers[0] == "conv1_1" and style.style_layers[-1] == "conv5_1"
    train = settle(TrainConfig, {"preset": "paper"})
    assert (train.epochs, train.learning_rate, train.beta_1, train.distance, train.distance_weight) == (25, 2e-4, 0.5, "l2", 100.0)


def test_flags_beat_json_beats_preset_beats_defaults(tmp_path):
    file = write(tmp_path, {"preset": "paper", "c": 5.0, "despeckle": 3})
    made = settle(SketchConfig, {"despeckle": 4}, file)
    assert (made.preset, made.block, made.c, made.despeckle, made.size) == ("paper", 9, 5.0, 4, 0)
    assert settle(StyleConfig, {"preset": "tiny"}, write(tmp_path, {"preset": "paper"})).iterations == 5
    assert settle(StyleConfig, {"preset": "tiny"}, write(tmp_path, {"iterations": 7})).iterations == 7


@pytest.mark.parametrize("cls", CLASSES)
def test_json_round_trip(cls, tmp_path):
    changed = {}
    for f in dataclasses.fields(cls):  # every option away from its default
        kind, many = config.field_type(f)
        if f.name in ("preset", "force"):
            continue
        value = {bool: not f.default, int: 7, float: 0.25, str: "text"}[kind]
        if f.metadata["choices"]:
            value = f.metadata["choices"][-1]
        if f.metadata["least"] is not None:
            value = kind(max(value, f.metadata["least"]))
        if f.metadata["most"] is not None:
            value = kind(min(value, f.metadata["most"]))
        changed[f.name] = (value, value) if many else value
    made = cls(**changed)
    config.save_config(tmp_path, "x", made)
    assert settle(cls, {}, tmp_path / "config.json") == made


def test_permission_to_overwrite_is_not_stored(tmp_path):
    config.save_config(tmp_path, "sketch", SketchConfig(force=True))
    assert settle(SketchConfig, {}, tmp_path / "config.json").force is False


@pytest.mark.parametrize(
    ("cls", "stored", "message"),
    [
        (SketchConfig, {"blok": 9}, "config.json: unknown option 'blok' .did you mean 'block'"),
        (SketchConfig, {"preset": "papr"}, "unknown preset 'papr' .did you mean 'paper'.*default, paper"),
        (SketchConfig, {"preset": ["paper"]}, "unknown preset"),
        (SketchConfig, {"preset": 5}, "unknown preset 5"),
        (SketchConfig, {"block": "9"}, "--block: must be of type int, not '9'"),
        (SketchConfig, {"block": 9.0}, "--block: must be of type int"),
        (SketchConfig, {"block": True}, "--block: must be of type int"),
        (SketchConfig, {"c": True}, "--c: must be of type float"),
        (SketchConfig, {"c": None}, "--c: must be of type float"),
        (SketchConfig, {"force": 1}, "--force: must be of type bool"),
        (SketchConfig, {"inputs": 3}, "inputs: must be of type str"),
        (SketchConfig, {"size": -1}, "--size: must be at least 0, not -1"),
        (SketchConfig, {"seed": -1}, "--seed: must be at least 0"),
        (SketchConfig, {"max_megapixels": 0}, "--max-megapixels: must be at least"),
        (SketchConfig, {"max_megapixels": -5.0}, "--max-megapixels: must be at least"),
        (StyleConfig, {"strength": 1.5}, "--strength: must be at most 1, not 1.5"),
        (StyleConfig, {"averaging": 1}, "--averaging: must be at most 0.9999, not 1"),
        (StyleConfig, {"style_weights": 2.0}, "--style-weights: must be a list, not 2.0"),
        (StyleConfig, {"style_weights": [1, "2"]}, "--style-weights: must be of type float, not '2'"),
        (StyleConfig, {"style_layer_weights": [1.0, -0.5]}, "--style-layer-weights: must be at least 0, not -0.5"),
        (DistillConfig, {"widths": [16, 0]}, "--widths: must be at least 1, not 0"),
        (DistillConfig, {"widths": [16.0]}, "--widths: must be of type int, not 16.0"),
        (StyleConfig, {"style": "a.jpg"}, "--style: must be a list"),
        (StyleConfig, {"style": [1]}, "--style: must be of type str, not 1"),
        (StyleConfig, {"optimizer": "adm"}, "--optimizer: 'adm' .did you mean 'adam'.*lbfgs, adam"),
        (StyleConfig, [], "config.json: must hold one JSON object"),
        (StyleConfig, "3", "config.json: must hold one JSON object"),
        (StyleConfig, "{", "config.json: not valid JSON"),
    ],
)  # fmt: skip
def test_wrong_json_is_refused(tmp_path, cls, stored, message):
    with pytest.raises(MangastyleError, match=message) as error:
        settle(cls, {}, write(tmp_path, stored))
    assert "\n" not in str(error.value)


def numeric(*kinds):
    """(class, field, makes a field's value of a number) of every option of these kinds."""
    for cls in CLASSES:
        for f in dataclasses.fields(cls):
            kind, many = config.field_type(f)
            if kind in kinds:
                yield cls, f, (lambda x: (1, x)) if many else (lambda x: x)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(("cls", "f", "make"), list(numeric(float)))
def test_no_number_may_be_infinite_or_undefined(cls, f, make, value):
    with pytest.raises(MangastyleError, match=f"--{f.name.replace('_', '-')}: must be a finite number"):
        cls(**{f.name: make(value)})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_nor_in_json(tmp_path, text):
    with pytest.raises(MangastyleError, match="--c: must be a finite number"):
        settle(SketchConfig, {}, write(tmp_path, f'{{"c": {text}}}'))


def test_negative_numbers_are_refused():
    for cls, f, make in numeric(int, float):
        if f.name != "c":  # a negative C is ink brighter than its surroundings
            with pytest.raises(MangastyleError, match=f"--{f.name.replace('_', '-')}: must be at least"):
                cls(**{f.name: make(-1)})


def test_bounds_may_be_reached_and_not_crossed():
    bounded = [(cls, f, make) for cls, f, make in numeric(int, float) if f.metadata["most"] is not None]
    assert {f.name for _, f, _ in bounded} >= {"strength", "averaging"}
    for cls, f, make in bounded:
        least, most = f.metadata["least"], f.metadata["most"]
        assert least <= f.default <= most
        for value in (least, most):
            assert getattr(cls(**{f.name: make(value)}), f.name) == make(value)
        with pytest.raises(MangastyleError, match=f"--{f.name.replace('_', '-')}: must be at most {most:g}, not"):
            cls(**{f.name: make(most + 1e-6)})


def test_whole_numbers_serve_as_floats():
    assert settle(ShadeConfig, {"ink": 1}).ink == 1


def test_presets_name_only_options_that_exist():
    assert set(PRESETS) <= set(CLASSES)
    for cls, named in PRESETS.items():
        for values in named.values():
            assert set(values) <= {f.name for f in dataclasses.fields(cls)}


def test_configs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().seed = 1
