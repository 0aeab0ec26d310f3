"""The public class and function: one protocol for all methods."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.ops import pixels
from mangastyle.style.base import BaseStylizer
from mangastyle.style.learned import painters
from mangastyle.style.optimize import losses
from mangastyle.style.settings import METHODS, OnePassSpec, OptimizeSettings
from mangastyle.style.stylize import Stylizer, implementation, stylize

SHALLOW = {"style_layers": ("relu1_1", "relu2_1"), "content_layers": ("relu2_2",), "min_size": 0}  # quick to trace


def blotches(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    return pixels.resize(np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8), height, width)


@pytest.fixture(scope="module")
def learned(tmp_path_factory, onepass_weights) -> str:
    """A file of painters, none of whom was trained, for the paintings of these tests."""
    spec, decoder = OnePassSpec(), weights.read(onepass_weights, "onepass").arrays
    path = tmp_path_factory.mktemp("learned") / "painters.h5"
    known = [blotches(seed) for seed in (1, 9)]
    painters.write(path, [painters.Painter(painters.digest(painting), painting, spec, decoder) for painting in known], {})
    return str(path)


@pytest.fixture(params=METHODS)
def given(request, narrow, onepass_weights, learned) -> dict:
    """For each method, what makes it quick."""
    quick = {
        "polish": {"onepass_weights": onepass_weights, "polish_iterations": 2},
        "optimize": {"backbone": narrow, "iterations": 2, **SHALLOW},
        "learned": {"onepass_weights": onepass_weights, "painters": learned},
        "onepass": {"onepass_weights": onepass_weights},
    }
    return {"method": request.param, "precision": "float32", "size": 0, **quick[request.param]}


def test_every_method_is_made_and_called_alike(given):
    stylizer, records = Stylizer([blotches(1)], **given), []
    assert isinstance(stylizer.implementation, BaseStylizer) and type(stylizer.implementation) is implementation(given["method"])
    painted = stylizer(blotches(0), progress=records.append)
    assert painted.shape == (40, 48, 3) and painted.dtype == np.uint8
    assert records[-1].iteration == records[-1].iterations
    np.testing.assert_array_equal(stylize(blotches(0), [blotches(1)], **given), painted)
    assert stylizer.settings.size == 0 and stylizer.method == given["method"]


@pytest.mark.slow
def test_one_painting_and_one_mask_need_no_list(given):
    content, painting, mask = blotches(0), blotches(1), np.ones((40, 48))
    np.testing.assert_array_equal(stylize(content, painting, masks=mask, **given), stylize(content, [painting], masks=[mask], **given))


@pytest.mark.slow
def test_two_threads_may_use_one_stylizer(given):
    contents = [blotches(seed, 40, 48 + 16 * (seed % 2)) for seed in range(4)]
    alone = Stylizer([blotches(9)], **given)
    expected = [alone(content) for content in contents]
    shared, start = Stylizer([blotches(9)], **given), threading.Barrier(2)

    def work(half: int) -> list[np.ndarray]:
        start.wait()
        return [shared(content) for content in contents[half::2]]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, (0, 1)))
    for i, content in enumerate(expected):
        assert np.abs(found[i % 2][i // 2].astype(int) - content).max() <= 1


def test_init_is_a_word_or_a_picture(narrow):
    given = {"backbone": narrow, "iterations": 1, "size": 0, "precision": "float32", **SHALLOW}
    for init, expected in (("style", blotches(1)), (blotches(2), blotches(2)), (None, blotches(0))):
        records: list = []
        stylize(blotches(0), [blotches(1)], init=init, progress=records.append, **given)
        np.testing.assert_array_equal(records[0].picture(), expected)
    with pytest.raises(MangastyleError, match="`init`: 'sytle' .did you mean 'style'.. is none of content, style, noise"):
        Stylizer([blotches(1)], init="sytle", **given)
    with pytest.raises(MangastyleError, match=r"`init`: must be uint8 \(h, w, 3\), not float64"):
        Stylizer([blotches(1)], init=np.zeros((40, 48, 3)), **given)


@pytest.mark.parametrize("argument", [{"init": "noise"}, {"backbone": "slim"}, {"iterations": 3}])
def test_one_pass_refuses_what_only_the_optimization_has(argument):
    with pytest.raises(MangastyleError, match=f"`{next(iter(argument))}`: is for method optimize, not onepass"):
        Stylizer([blotches(1)], method="onepass", **argument)


def test_choices_of_the_settings_are_the_tables():
    choices = {f: OptimizeSettings.__dataclass_fields__[f].metadata["choices"] for f in ("distance", "loss")}
    assert set(choices["distance"]) == set(losses.DISTANCES) and set(choices["loss"]) == set(losses.REDUCTIONS)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"seed": "x"}, "`seed`: must be a whole number from 0 to 2147483647, not 'x'"),
        ({"seed": -1}, "`seed`: must be a whole number"),
        ({"max_pixels": None}, "`max_pixels`: must be a whole number"),
        ({"progress": 5}, "`progress`: must be a function, not 5"),
        ({"cancel": "now"}, "`cancel`: must be a threading.Event, not 'now'"),
    ],
)
def test_wrong_arguments_are_named(given, argument, message):
    with pytest.raises(MangastyleError, match=message):
        stylize(blotches(0), [blotches(1)], **{**given, **argument})
    if "seed" not in argument and "max_pixels" not in argument:
        with pytest.raises(MangastyleError, match=message):
            Stylizer([blotches(1)], **given)(blotches(0), **argument)


@pytest.mark.parametrize("styles", [None, 3, "painting.jpg"])
def test_no_list_of_paintings(styles):
    with pytest.raises(MangastyleError, match="`styles`: must be an array or a list of arrays, not"):
        Stylizer(styles, method="onepass")
