"""Hints of any JSON, and of bytes that hardly are: a hint, or one line that names the file or the object."""

from __future__ import annotations

import json
import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mangastyle.errors import MangastyleError
from mangastyle.io import json_text
from mangastyle.shade.hints import Hint, palette

SHAPE = (40, 56)
SECONDS = 20
SEED = json.dumps(
    {
        "points": [{"x": 30, "y": 39.5, "color": "#ffcc9980", "radius": 6}, {"x": 0, "y": 0, "color": [255, 0, 0]}],
        "lines": [{"points": [[0, 0], [56, 40]], "color": "rgba(1, 2, 3, 0.5)", "width": 3}],
        "size": [56, 40],
    }
).encode()

numbers = st.one_of(st.integers(), st.floats(), st.integers(-2, 300), st.floats(-1, 60), st.sampled_from([1e308, -0.0, 2**63, 10**400]))
words = st.sampled_from(["points", "lines", "size", "x", "y", "color", "radius", "width", "red", "#ff0000", "transparent", "rgb(1,2,3)"])
texts = st.one_of(
    words,
    st.text(max_size=12),
    st.builds("{}({})".format, st.sampled_from(["rgb", "rgba", "hsl"]), st.text("0123456789.,%/ -", max_size=20)),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=30,
)
colors = st.one_of(texts, st.lists(numbers, min_size=3, max_size=4), values)
points = st.fixed_dictionaries({"x": numbers, "y": numbers, "color": colors}, optional={"radius": numbers})
lines = st.fixed_dictionaries(
    {"points": st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=5), "color": colors}, optional={"width": numbers}
)
hints = st.fixed_dictionaries(
    {},
    optional={
        "points": st.lists(points, max_size=4),
        "lines": st.lists(lines, max_size=3),
        "size": st.lists(numbers, min_size=2, max_size=2),
    },
)


def check(make) -> None:
    start = time.perf_counter()
    try:
        hint = make()
    except MangastyleError as error:
        assert "\n" not in str(error) and "hint" in str(error) and len(str(error)) < 1000
    else:
        assert hint.rgb.shape == (*SHAPE, 3) and hint.rgb.dtype == np.uint8
        assert hint.mask.shape == SHAPE and hint.mask.dtype == np.float32 and 0 <= hint.mask.min() <= hint.mask.max() <= 1
        assert (hint.rgb[hint.mask == 0] == 255).all()
    assert time.perf_counter() - start < SECONDS


@given(st.one_of(hints, values))
def test_any_object(value):
    check(lambda: Hint.from_json(value if isinstance(value, dict) else {"points": value}, SHAPE))


@given(st.lists(st.one_of(st.tuples(numbers, numbers, colors), values), max_size=4), numbers)
def test_any_points(dots, radius):
    def make() -> Hint:
        try:
            return Hint.from_points(dots, SHAPE, radius=radius)
        except MangastyleError as error:
            raise MangastyleError(f"hint: {error}") from error  # which names the argument

    check(make)


@given(colors)
def test_any_color_of_a_palette(color):
    try:
        found = palette(color)
    except MangastyleError as error:
        assert "\n" not in str(error) and "`palette`" in str(error)
    else:
        assert found.colors.shape == (1, 3) and (found.colors >= 0).all() and (found.colors <= 255).all() and found.shares.tolist() == [1]


@given(
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4), st.integers(0, 8)), max_size=6),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-le"]),
)
def test_any_bytes(tmp_path_factory, changes, encoding):
    data = bytearray(SEED.decode().encode(encoding))
    for place, new, removed in changes:
        data[place : place + removed] = new
    path = tmp_path_factory.getbasetemp() / "hint.json"
    path.write_bytes(data)
    check(lambda: Hint.from_json(path, SHAPE))


@given(values)
def test_json_comes_back(value):
    text = json.dumps(value)
    try:
        found = json_text.parse(text.encode("utf-16"), "hint")
    except MangastyleError as error:
        assert "\n" not in str(error)
    else:
        assert json.dumps(found) == text
