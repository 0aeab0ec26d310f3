"""Colors as people write them: each way gives the same levels, and what is none, or could be two, is refused in one line."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.shade.colors import parse


@pytest.mark.parametrize(
    "color",
    [
        "red", "RED", " red ", "#f00", "#F00", "#ff0000", "#f00f", "#ff0000ff", "rgb(255,0,0)", "rgb(255, 0, 0)", "RGB( 255 0 0 )",
        "rgb(100%, 0%, 0%)", "rgba(255, 0, 0, 1)", "rgba(255, 0, 0, 1.0)", "rgba(255, 0, 0, 100%)", "rgba(255, 0, 0, 255)",
        "rgb(255 0 0 / 1)", "hsl(0, 100%, 50%)", "hsl(360deg 100% 50%)", "hsla(0, 100%, 50%, 1)", "hsv(0, 100%, 100%)",
        [255, 0, 0], (255, 0, 0), [255, 0, 0, 255], [255, 0, 0, 1.0], [255.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1, 0.0, 0], [1.0, 0, 0, 1],
        np.uint8([255, 0, 0]), (np.float32(1), 0.0, 0.0),
    ],
)  # fmt: skip
def test_red_is_red(color):
    assert parse(color) == (255, 0, 0, 1)


@pytest.mark.parametrize(
    ("color", "alpha"),
    [
        ("transparent", 0), ("#0000", 0), ("#00000080", 128 / 255), ("rgba(0, 0, 0, 0.5)", 0.5), ("rgba(0 0 0 / .5)", 0.5),
        ("rgba(0, 0, 0, 50%)", 0.5), ("rgba(0, 0, 0, 128)", 128 / 255), ("hsla(0, 0%, 0%, 0)", 0), ([0, 0, 0, 0], 0),
        ([0, 0, 0, 1e-243], 0),
        ([0, 0, 0, 128], 128 / 255), ([0.0, 0.0, 0.0, 0.5], 0.5), ([0, 0, 0, 0.5], 0.5),
    ],
)  # fmt: skip
def test_alpha(color, alpha):
    assert parse(color) == (0, 0, 0, pytest.approx(alpha))


@pytest.mark.parametrize(
    "color",
    [
        "", "reddish", "ff0000", "#12", "#ggg", "rgb(1, 2)", "rgb(1, 2, 3, 4, 5)", "rgb(256, 0, 0)", "rgb(-1, 0, 0)", "rgb(1, 2, x)",
        "rgba(1, 2, 3, 256)", "rgba(1, 2, 3, 1.5)", "rgba(1, 2, 3, nan)", "rgba(1, 2, 3, 101%)", "hsl(0, 300%, 50%)", "red;blue",
        "rgb(" + "9" * 5000 + ", 0, 0)", "²" * 500, None, True, 5, 1.5, {"r": 1}, {1, 2, 3}, b"red", object(),
        [], [0, 0], [0] * 5, [256, 0, 0], [-1, 0, 0], [True, 0, 0], ["1", "2", "3"], [[1], [2], [3]], [None] * 3, [10**400, 0, 0],
        [float("nan"), 0.0, 0.0], [float("inf"), 0.0, 0.0], [0.5, 3, 200], [255, 0, 0, 1], [255, 0, 0, 256], [0.5, 0.5, 0.5, 128],
        np.zeros((2, 3), np.uint8),
    ],
)  # fmt: skip
def test_what_is_no_color_or_could_be_two_is_refused_in_one_line(color):
    with pytest.raises(MangastyleError, match="is no color.*write '#ffcc99'") as error:
        parse(color)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_near_names():
    with pytest.raises(MangastyleError, match="did you mean 'navy'"):
        parse("Navi")
