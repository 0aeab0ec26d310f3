"""Sizes of what is painted and of what VGG-19 sees."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.config import StyleConfig
from mangastyle.errors import MangastyleError
from mangastyle.style import prepare


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(("style_scale", "expected"), [(1.0, (48, 60)), (0.75, (36, 45)), (2.0, (96, 120))])
def test_size_at_which_the_painting_is_seen(style_scale, expected):
    options = StyleConfig(style_scale=style_scale)
    assert prepare.shown(picture(64, 80), 48, 60, options).shape[:2] == expected
    small = prepare.shown(picture(40, 40), 200, 200, options).shape[0]
    assert small == (80 if style_scale == 2 else 40)  # never enlarged unasked


def test_painting_stretched_to_the_content():
    assert prepare.shown(picture(64, 80), 48, 33, StyleConfig(style_size="content")).shape[:2] == (48, 33)


@pytest.mark.parametrize(("size", "expected"), [(0, (50, 80)), (100, (100, 160))])
def test_size_that_is_painted(size, expected):
    assert prepare.size_of(picture(50, 80), StyleConfig(size=size)) == expected


def test_too_many_pixels_to_paint_are_refused():
    with pytest.raises(MangastyleError, match="2000x1000 pixels, over the limit"):
        prepare.size_of(picture(50, 100), StyleConfig(size=1000, max_megapixels=1.5))


def test_rounding_and_clipping():
    np.testing.assert_array_equal(prepare.to_pixels(np.array([-3.0, 0.6, 254.4, 300.0])), [0, 1, 254, 255])
