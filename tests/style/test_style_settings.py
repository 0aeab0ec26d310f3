"""The table of methods: whose settings are whose, without TensorFlow."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from mangastyle.errors import MangastyleError
from mangastyle.style import settings
from mangastyle.style.look import LookSettings, normalize_weights
from mangastyle.style.polish.settings import PolishSettings
from mangastyle.style.settings import METHODS, method_settings, refuse_foreign


def test_the_table_loads_no_tensorflow():
    code = "import sys, mangastyle.style.settings; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_look(method):
    assert issubclass(METHODS[method].settings, LookSettings) and METHODS[method].about
    assert method_settings(method, {"strength": 0.25, "style_weights": [1.0, 2.0]}).style_weights == (1.0, 2.0)


def test_fields_of_all_methods_are_in_one_class():
    names = {f.name for f in dataclasses.fields(settings.MethodSettings)}
    assert names == {f.name for method in METHODS.values() for f in dataclasses.fields(method.settings)}


@pytest.mark.parametrize(
    ("method", "names", "message"),
    [
        ("onepass", ["iterations"], "`iterations`: is for method optimize, not onepass"),
        ("onepass", ["strength", "backbone"], "`backbone`: is for method optimize"),
        ("optimize", ["onepass_weights"], "`onepass_weights`: is for method polish or learned or onepass, not optimize"),
        ("learned", ["polish_iterations"], "`polish_iterations`: is for method polish, not learned"),
        ("polish", ["painters"], "`painters`: is for method learned, not polish"),
        ("optimise", [], r"`method`: 'optimise' \(did you mean 'optimize'\?\) is none of polish, optimize, learned, onepass"),
    ],
)
def test_settings_of_other_methods_are_refused(method, names, message):
    with pytest.raises(MangastyleError, match=message):
        refuse_foreign(method, names)


def test_polish_hands_the_whole_look_to_the_optimization():
    look = {f.name for f in dataclasses.fields(LookSettings)}
    changed = {"strength": 0.25, "size": 64, "style_weights": (1.0, 2.0), "style_scale": 2.0, "style_size": "content"}
    given = PolishSettings(**changed, keep_colors=True, match_colors=True, polish_iterations=3, polish_scales=4)
    assert {*changed, "keep_colors", "match_colors"} == look  # a new setting of the look must be handed on, too
    for name in look:
        assert getattr(given.optimization, name) == getattr(given, name) != getattr(LookSettings(), name)
    assert (given.optimization.iterations, given.optimization.num_scales) == (3, 4)


def test_names_that_no_method_has_are_let_pass_there_and_refused_as_settings():
    refuse_foreign("onepass", ["out", "strength"])
    with pytest.raises(MangastyleError, match="strenght.*did you mean 'strength'"):
        method_settings("onepass", {"strenght": 0.5})


@pytest.mark.parametrize(
    ("given", "message"), [((1.0,), "`w`: 1 weight for 2"), ((1.0, 2.0, 3.0), "`w`: 3 weights for 2"), ((0.0, 0.0), "`w`: at least one")]
)
def test_wrong_weights(given, message):
    with pytest.raises(MangastyleError, match=message):
        normalize_weights("w", given, "ab")


def test_weights_have_the_sum_1():
    assert normalize_weights("w", (), "abcd") == dict.fromkeys("abcd", 0.25)
    assert normalize_weights("w", (3.0, 1.0), "ab") == {"a": 0.75, "b": 0.25}
