"""Sizes of results, and of paintings beside them."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.style import preprocess
from mangastyle.style.look import LookSettings


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(("style_scale", "expected"), [(1.0, (48, 60)), (0.75, (36, 45)), (2.0, (96, 120))])
def test_size_of_the_painting_beside_a_content(style_scale, expected):
    settings = LookSettings(style_scale=style_scale)
    assert preprocess.resize_style(picture(64, 80), 48, 60, settings).shape[:2] == expected
    small = preprocess.resize_style(picture(40, 40), 200, 200, settings).shape[0]
    assert small == (80 if style_scale == 2 else 40)  # never enlarged unasked


def test_painting_stretched_to_the_content():
    assert preprocess.resize_style(picture(64, 80), 48, 33, LookSettings(style_size="content")).shape[:2] == (48, 33)


@pytest.mark.parametrize(("size", "expected"), [(0, (50, 80)), (100, (100, 160))])
def test_size_of_the_result(size, expected):
    assert preprocess.size_of(picture(50, 80), LookSettings(size=size), 10**6) == expected


def test_too_many_pixels_are_refused():
    with pytest.raises(MangastyleError, match="`size`: would paint 2000x1000 pixels, over the limit of 1.5 megapixels.*`max_pixels`"):
        preprocess.size_of(picture(50, 100), LookSettings(size=1000), 1_500_000)
