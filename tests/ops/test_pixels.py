"""Pictures as arrays: resizing, cropping, and between uint8 and float."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.ops import pixels


def noise(height: int, width: int, *channels: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, *channels), np.uint8)


def test_float_and_back_for_every_value():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    floats = pixels.normalize(values)
    assert floats.dtype == np.float32 and floats.min() == -1 and floats.max() == 1
    assert np.array_equal(pixels.denormalize(floats), values)
    assert pixels.denormalize(np.array([-7.0, 7.0])).tolist() == [0, 255]


def test_resize_keeps_flat_color_and_averages_areas():
    assert pixels.resize(np.full((40, 30, 3), 77, np.uint8), 13, 9).tolist() == np.full((13, 9, 3), 77).tolist()
    checks = np.tile(np.array([[0, 200], [200, 0]], np.uint8), (8, 8))
    assert np.array_equal(pixels.resize(checks, 8, 8), np.full((8, 8), 100))
    same = noise(9, 8, 3)
    assert pixels.resize(same, 9, 8) is same


@pytest.mark.parametrize(("size", "side", "expected"), [((100, 200), 50, (50, 100)), ((333, 100), 64, (213, 64)), ((8, 8), 31, (31, 31))])
def test_fit_short_side(size, side, expected):
    assert pixels.fit_short_side(*size, side) == expected


def test_crop_square_takes_the_top_of_portraits_and_the_centre_of_landscapes():
    portrait, landscape = noise(50, 30, 3), noise(30, 50, 3)
    assert np.array_equal(pixels.crop_square(portrait), portrait[:30])
    assert np.array_equal(pixels.crop_square(landscape), landscape[:, 10:40])


def test_to_uint8_rounds_and_clips():
    assert pixels.to_uint8(np.array([-1.0, 0.49, 0.51, 254.6, 255.4, 999.0])).tolist() == [0, 0, 1, 255, 255, 255]
    assert pixels.to_uint8(np.zeros((2, 3, 4), np.float64)).dtype == np.uint8


def test_to_rgb_repeats_gray_and_keeps_rgb():
    gray, rgb = noise(5, 6), noise(5, 6, 3)
    assert (pixels.to_rgb(gray) == gray[..., None]).all() and pixels.to_rgb(gray).shape == (5, 6, 3)
    assert pixels.to_rgb(rgb) is rgb
