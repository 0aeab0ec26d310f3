"""Options: defaults, presets, JSON and flags, joined in that order and checked."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import ClassVar

import pytest

from mangastyle.cli import evaluate, figures, options, run, shade, sketch, style, train, train_slim_vgg
from mangastyle.cli.main import COMMANDS, load
from mangastyle.cli.options import Command, Decoding, option, settle
from mangastyle.errors import MangastyleError
from mangastyle.settings import element_types

CLASSES = [load(name).Options for name in COMMANDS]
IDS = pytest.mark.parametrize("cls", CLASSES, ids=COMMANDS)


def write(folder, value):
    (folder / "config.json").write_text(value if isinstance(value, str) else json.dumps(value))
    return folder / "config.json"


@IDS
def test_every_option_has_a_help_text_and_a_valid_default(cls):
    cls()
    for f in dataclasses.fields(cls):
        assert len(f.metadata["doc"]) > 5, f.name
        kind, many = element_types(cls)[f.name]
        assert kind in (str, int, float, bool) and not (many and kind is bool)


@pytest.mark.parametrize(("cls", "name"), [(cls, name) for cls in CLASSES for name in options.presets(cls)])
def test_presets_settle(cls, name):
    made = settle(cls, {"preset": name})
    assert made.preset == name
    assert all(getattr(made, key) == value for key, value in options.presets(cls)[name].items())


def test_the_papers_numbers():
    assert (settle(sketch.Options, {"preset": "paper"}).block, settle(sketch.Options, {"preset": "paper"}).c) == (9, 2.0)
    look = settle(style.Options, {"preset": "paper"})
    assert (look.content_weight, look.style_weight, look.iterations) == (0.001, 0.001, 1000)
    assert (look.distance, look.loss, look.precision, look.tv_weight, look.oversample) == ("gram", "sum", "float32", 0.0, 1.0)
    assert look.content_layers == ("conv4_2",) and look.style_layers[0] == "conv1_1" and look.style_layers[-1] == "conv5_1"
    recipe = settle(train.Options, {"preset": "paper"})
    assert (recipe.epochs, recipe.learning_rate, recipe.beta_1, recipe.pixel_loss, recipe.pixel_weight) == (25, 2e-4, 0.5, "l2", 100.0)


def test_flags_beat_json_beats_preset_beats_defaults(tmp_path):
    file = write(tmp_path, {"preset": "paper", "c": 5.0, "despeckle": 3})
    made = settle(sketch.Options, {"despeckle": 4}, file)
    assert (made.preset, made.block, made.c, made.despeckle, made.size) == ("paper", 9, 5.0, 4, 0)
    assert settle(style.Options, {"preset": "tiny"}, write(tmp_path, {"preset": "paper"})).size == 64
    assert settle(style.Options, {"preset": "tiny"}, write(tmp_path, {"size": 70})).size == 70


@IDS
def test_json_round_trip(cls, tmp_path):
    changed = {}
    for f in dataclasses.fields(cls):  # every option away from its default
        kind, many = element_types(cls)[f.name]
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
    options.save_config(tmp_path, options.command_of(cls), made)
    assert settle(cls, {}, tmp_path / "config.json") == made


def test_permission_to_overwrite_is_not_stored(tmp_path):
    options.save_config(tmp_path, "sketch", sketch.Options(force=True))
    assert settle(sketch.Options, {}, tmp_path / "config.json").force is False


@pytest.mark.parametrize(
    ("cls", "stored", "message"),
    [
        (sketch.Options, {"blok": 9}, "config.json: unknown option 'blok' .did you mean 'block'"),
        (sketch.Options, {"preset": "papr"}, "unknown preset 'papr' .did you mean 'paper'.*default, paper"),
        (sketch.Options, {"preset": ["paper"]}, "unknown preset"),
        (sketch.Options, {"preset": 5}, "unknown preset 5"),
        (sketch.Options, {"block": "9"}, "`block`: must be a whole number, not '9'"),
        (sketch.Options, {"block": 9.0}, "`block`: must be a whole number"),
        (sketch.Options, {"block": [1]}, r"`block`: must be a whole number, not \[1\]"),
        (sketch.Options, {"block": True}, "`block`: must be a whole number"),
        (sketch.Options, {"c": True}, "`c`: must be a number"),
        (sketch.Options, {"c": None}, "`c`: must be a number"),
        (sketch.Options, {"force": 1}, "`force`: must be True or False"),
        (sketch.Options, {"inputs": 3}, "`inputs`: must be a text"),
        (sketch.Options, {"size": -1}, "`size`: must be at least 0, not -1"),
        (sketch.Options, {"seed": -1}, "`seed`: must be at least 0"),
        (sketch.Options, {"max_megapixels": 0}, "`max_megapixels`: must be at least"),
        (sketch.Options, {"max_megapixels": -5.0}, "`max_megapixels`: must be at least"),
        (style.Options, {"strength": 1.5}, "`strength`: must be at most 1, not 1.5"),
        (style.Options, {"averaging": 1}, "`averaging`: must be at most 0.9999, not 1"),
        (style.Options, {"style_weights": 2.0}, "`style_weights`: must be a list, not 2.0"),
        (style.Options, {"style_weights": [1, "2"]}, "`style_weights`: must be a number, not '2'"),
        (style.Options, {"style_layer_weights": [1.0, -0.5]}, "`style_layer_weights`: must be at least 0, not -0.5"),
        (train_slim_vgg.Options, {"widths": [16, 0]}, "`widths`: must be at least 1, not 0"),
        (train_slim_vgg.Options, {"widths": [16.0]}, "`widths`: must be a whole number, not 16.0"),
        (style.Options, {"style": "a.jpg"}, "`style`: must be a list"),
        (style.Options, {"style": [1]}, "`style`: must be a text, not 1"),
        (style.Options, {"optimizer": "adm"}, "`optimizer`: 'adm' .did you mean 'adam'.*lbfgs, adam"),
        (shade.Options, {"command": "sketch"}, "config.json: holds options of mangastyle sketch, not of mangastyle shade"),
        (style.Options, [], "config.json: must hold one JSON object"),
        (style.Options, "3", "config.json: must hold one JSON object"),
        (style.Options, "{", "config.json: not valid JSON"),
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
            kind, many = element_types(cls)[f.name]
            if kind in kinds:
                yield cls, f, (lambda x: (1, x)) if many else (lambda x: x)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(("cls", "f", "make"), list(numeric(float)))
def test_no_number_may_be_infinite_or_undefined(cls, f, make, value):
    with pytest.raises(MangastyleError, match=f"`{f.name}`: must be a finite number"):
        cls(**{f.name: make(value)})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_nor_in_json(tmp_path, text):
    with pytest.raises(MangastyleError, match="`c`: must be a finite number"):
        settle(sketch.Options, {}, write(tmp_path, f'{{"c": {text}}}'))


def test_negative_numbers_are_refused():
    for cls, f, make in numeric(int, float):
        if f.name != "c":  # a negative C is ink brighter than its surroundings
            with pytest.raises(MangastyleError, match=f"`{f.name}`: must be at least"):
                cls(**{f.name: make(-1)})


def test_bounds_may_be_reached_and_not_crossed():
    bounded = [(cls, f, make) for cls, f, make in numeric(int, float) if f.metadata["most"] is not None]
    assert {f.name for _, f, _ in bounded} >= {"strength", "averaging", "ink", "hint_dropout", "random_crop_prob", "validation", "seed"}
    for cls, f, make in bounded:
        least, most = f.metadata["least"], f.metadata["most"]
        assert least <= f.default <= most
        for value in (least, most):
            assert getattr(cls(**{f.name: make(value)}), f.name) == make(value)
        step = 1 if element_types(cls)[f.name][0] is int else 1e-6
        with pytest.raises(MangastyleError, match=f"`{f.name}`: must be at most {most:.12g}, not"):
            cls(**{f.name: make(most + step)})


def test_whole_numbers_serve_as_floats():
    assert settle(shade.Options, {"ink": 1}).ink == 1


@IDS
def test_presets_and_former_names_lead_to_options_that_exist(cls):
    names = {f.name for f in dataclasses.fields(cls)}
    assert all(set(values) <= names for values in cls.PRESETS.values()) and set(cls.REVALUED) <= names
    assert not names & set(cls.RENAMED), "a former name is a name again"
    for entry in cls.RENAMED.values():
        new, values = entry if isinstance(entry, tuple) else (entry, {})
        assert new in names
        for value in values.values():
            cls(**{new: value})


@dataclass(frozen=True)
class Renamed(Decoding, Command):
    """A command with a past."""

    RENAMED: ClassVar = {
        "fast": ("method", {True: "onepass", False: "optimize"}), "fine": "thin", "tints": "colors", "model": ("net", {"gan": "unet"}),
    }  # fmt: skip
    REVALUED: ClassVar = {"hint": {"auto": "simulated", "": "none"}}

    method: str = option("optimize", "how", ("optimize", "onepass"))
    thin: float = option(0.5, "how thin", least=0)
    colors: tuple[str, ...] = option((), "which colors")
    net: str = option("unet", "which network", ("unet", "baseline"))
    hint: str = option("none", "which hint", ("none", "simulated"))


@pytest.mark.parametrize(
    ("given", "name", "value", "advice"),
    [
        ({"fast": True}, "method", "onepass", "--fast is now --method onepass"),
        ({"fast": False}, "method", "optimize", "--no-fast is now --method optimize"),
        ({"fine": 0.25}, "thin", 0.25, "--fine 0.25 is now --thin 0.25"),
        ({"tints": ["red", "blue"]}, "colors", ("red", "blue"), "--tints red blue is now --colors red blue"),
        ({"model": "gan"}, "net", "unet", "--model gan is now --net unet"),
        ({"model": "baseline"}, "net", "baseline", "--model baseline is now --net baseline"),
        ({"hint": "auto"}, "hint", "simulated", "--hint auto is now --hint simulated"),
        ({"hint": "simulated"}, "hint", "simulated", ""),
    ],
)
def test_former_flags_work_with_one_line_of_advice(capsys, given, name, value, advice):
    assert getattr(settle(Renamed, given), name) == value
    assert capsys.readouterr().err == (f"mangastyle: {advice}\n" if advice else "")


def test_so_do_former_keys_in_json(tmp_path, capsys):
    file = write(tmp_path, {"command": "x", "fast": True, "tints": ["red"], "hint": "", "thin": 1.0})
    made = settle(Renamed, {}, file)
    assert (made.method, made.colors, made.hint, made.thin) == ("onepass", ("red",), "none", 1.0)
    assert capsys.readouterr().err.splitlines() == [
        f'mangastyle: {file}: "fast": true is now "method": "onepass"',
        f'mangastyle: {file}: "tints": ["red"] is now "colors": ["red"]',
        f'mangastyle: {file}: "hint": "" is now "hint": "none"',
    ]


@pytest.mark.parametrize(
    ("cls", "stored", "expected"),
    [  # keys of every former version of a command, as its config.json has them
        (
            shade.Options, {"hint": "auto", "hint_kind": "default", "weights": ""},
            {"hint": "simulated", "hint_recipe": "proportional", "weights": "shade"},
        ),
        (style.Options, {"fast": True, "fast_weights": ""}, {"method": "onepass", "onepass_weights": "onepass"}),
        (
            run.Options, {"quality": True, "hint": "auto", "fast_weights": "x.h5"},
            {"method": "optimize", "hint": "simulated", "onepass_weights": "x.h5"},
        ),
        (
            train.Options,
            {
                "model": "gan", "residual": 2, "closeups": 0.1, "fine": 0.2, "hues": 0.3, "no_hint": 0.4, "head": "patch",
                "see_line": False, "distance": "l2", "distance_weight": 5.0, "hintless": 0.5, "hinted": 0.6, "keep": 3, "hint": "default",
            },
            {
                "network": "unet", "residual_blocks": 2, "random_crop_prob": 0.1, "thin_line_prob": 0.2, "hue_shift_prob": 0.3,
                "hint_dropout": 0.4, "discriminator": "patch", "condition_on_line": False, "pixel_loss": "l2", "pixel_weight": 5.0,
                "unhinted_recon_weight": 0.5, "hinted_gan_weight": 0.6, "max_to_keep": 3, "hint": "proportional",
            },
        ),
        (train_slim_vgg.Options, {"command": "distill", "painted": 4, "life": 5}, {"num_canvases": 4, "canvas_steps": 5}),
        (evaluate.Options, {"weights": [], "hint": "default"}, {"weights": ("shade",), "hint": "proportional"}),
        (
            figures.Options, {"fast": True, "weights": "", "paper": "", "baseline": ""},
            {"quick": True, "weights": "shade", "paper": "shade-paper", "baseline": "baseline"},
        ),
    ],
)  # fmt: skip
def test_files_of_former_versions_still_serve(tmp_path, cls, stored, expected):
    made = settle(cls, {}, write(tmp_path, stored))
    assert {name: getattr(made, name) for name in expected} == expected


def test_errors_are_told_in_flags():
    message = "`content`: bad\nby `max_pixels`, `hint` and `inputs`, not `x y`"
    assert options.in_flags(message, shade.Options) == "content: bad by --max-megapixels, --hint and inputs, not `x y`"


def test_options_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.Options().seed = 1  # type: ignore
