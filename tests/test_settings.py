"""Settings: values are checked when an object is made, and named in the error."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass

import numpy as np
import pytest

from mangastyle.errors import Cancelled, MangastyleError, near
from mangastyle.settings import Settings, element_types, setting, share, to_json
from mangastyle.shade.spec import DiscriminatorSpec, ShadeSettings, ShadeSpec
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.style.settings import OnePassSettings, OptimizeSettings
from mangastyle.training.settings import OnePassTrainSettings, SlimVGGSettings, TrainSettings
from mangastyle.vgg.spec import SlimVGGSpec

ALL = (
    ShadeSpec, DiscriminatorSpec, ShadeSettings, OnePassSpec, OptimizeSettings, OnePassSettings, TrainSettings, SlimVGGSettings,
    OnePassTrainSettings, SlimVGGSpec,
)  # fmt: skip


@dataclass(frozen=True)
class Size(Settings):
    size: int = setting(64, "side, in pixels", least=8, most=512)


@dataclass(frozen=True)
class Net(Size):
    name: str = setting("vgg", "which network", ("vgg", "unet"))
    widths: tuple[int, ...] = setting((16, 48), "features of each block", least=1)
    rate: float = setting(0.1, "learning rate", least=0)
    drop: float = share(0.5, "share that is left out")
    fast: bool = setting(False, "quick and rough")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 7}, "`size`: must be at least 8, not 7"),
        ({"size": 513}, "`size`: must be at most 512, not 513"),
        ({"size": 64.0}, "`size`: must be a whole number, not 64.0"),
        ({"size": True}, "`size`: must be a whole number, not True"),
        ({"size": "64"}, "`size`: must be a whole number, not '64'"),
        ({"name": "vg"}, "`name`: 'vg' (did you mean 'vgg'?) is none of vgg, unet"),
        ({"widths": 16}, "`widths`: must be a list, not 16"),
        ({"widths": (16, 0)}, "`widths`: must be at least 1, not 0"),
        ({"widths": (16, 1.5)}, "`widths`: must be a whole number, not 1.5"),
        ({"rate": -0.1}, "`rate`: must be at least 0, not -0.1"),
        ({"rate": float("nan")}, "`rate`: must be a finite number, not nan"),
        ({"rate": float("inf")}, "`rate`: must be a finite number, not inf"),
        ({"rate": False}, "`rate`: must be a number, not False"),
        ({"drop": 1.01}, "`drop`: must be at most 1, not 1.01"),
        ({"fast": 1}, "`fast`: must be True or False, not 1"),
    ],
)
def test_a_value_that_does_not_suit_is_named(values, message):
    for make in (lambda: Net(**values), lambda: Net.from_arguments(values), lambda: Net.of(values)):
        with pytest.raises(MangastyleError) as error:
            make()
        assert str(error.value) == message


def test_bounds_are_allowed_and_a_whole_number_serves_as_a_float():
    assert Net(size=8).size == 8 and Net(size=512).size == 512 and Net(rate=0, drop=1).drop == 1
    assert Net(widths=()).widths == ()


def test_lists_and_numbers_of_numpy_serve_too():
    made = Net(size=np.int64(64), widths=[np.int32(16), 24], rate=np.float64(0.5), fast=np.bool_(True))
    assert made == Net(size=64, widths=(16, 24), rate=0.5, fast=True) and type(made.size) is int
    with pytest.raises(MangastyleError, match="`size`: must be at least 8, not 7"):
        Net(size=np.int64(7))


def test_an_unknown_argument_is_refused_with_the_nearest_one():
    with pytest.raises(MangastyleError, match="unknown argument 'width' .did you mean 'widths'.*; there are: size, name, widths, rate, "):
        Net.from_arguments({"width": (1,)})


def test_picking_from_a_larger_object_and_from_a_mapping():
    assert Size.of(Net(size=32)) == Size(32)
    assert Net.of({"size": 32, "widths": [1, 2], "other": "thing"}) == Net(32, widths=(1, 2))
    with pytest.raises(AttributeError):
        Net.of(Size())


def test_settings_go_through_json_and_cannot_be_changed():
    settings = Net(32, "unet", (1, 2, 3), 0.25, 0.0, True)
    assert Net.from_arguments(json.loads(json.dumps(to_json(settings)))) == settings
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.size = 8  # type: ignore


def test_element_types_see_through_annotations_that_are_strings():
    single = {"size": int, "name": str, "rate": float, "drop": float, "fast": bool}
    assert element_types(Net) == {**{name: (kind, False) for name, kind in single.items()}, "widths": (int, True)}


@pytest.mark.parametrize("cls", ALL)
def test_every_setting_of_the_library_has_a_meaning_and_round_trips(cls):
    settings = cls()
    assert cls.from_arguments(to_json(settings)) == settings
    for f in dataclasses.fields(cls):
        assert f.metadata["doc"], f.name
        least, most = f.metadata["least"], f.metadata["most"]
        if least is not None and most is not None:
            assert least <= most


def test_a_cancelled_call_keeps_the_best_picture_so_far():
    assert Cancelled().result is None and Cancelled(result=[1]).result == [1]
    assert isinstance(Cancelled(), MangastyleError) and str(Cancelled("stopped")) == "stopped"


def test_near_names():
    assert near("lbgfs", ("adam", "lbfgs")) == " (did you mean 'lbfgs'?)"
    assert near("sgd", ("adam", "lbfgs")) == near(None, ()) == ""
    assert near(15, (150, 7)) == " (did you mean '150'?)"


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_no_file_could_be_named_is_refused(text):
    with pytest.raises(MangastyleError, match="`onepass_weights`: .* holds a character that no text may have"):
        OnePassSettings(onepass_weights=text)
    assert OnePassSettings(onepass_weights="名前-\udcff").onepass_weights == "名前-\udcff"
