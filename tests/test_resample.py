"""Resizing and blurring by matrices, against OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle import images, resample

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (37, 53, 3), np.uint8)


@pytest.mark.parametrize("size", [(37, 53), (12, 20), (36, 52), (1, 1), (74, 106), (100, 150), (38, 54)])
def test_bytes_are_resized_as_opencv_does(size):
    made = resample.resize_bytes(PICTURE, *size).numpy().astype(int)
    assert np.abs(made - images.resize(PICTURE, *size)).max() <= 1


@pytest.mark.parametrize("size", [(12, 20), (36, 52), (74, 106)])
def test_floats_too(size):
    values = RNG.normal(size=(37, 53, 1)).astype(np.float32)
    how = cv2.INTER_AREA if size[0] < 37 else cv2.INTER_CUBIC
    np.testing.assert_allclose(resample.resize(values, *size)[..., 0], cv2.resize(values, size[::-1], interpolation=how), atol=1e-5)


@pytest.mark.parametrize("shape", [(40, 70, 3), (9, 12, 3)])
def test_a_gaussian_is_opencvs(shape):
    values = RNG.normal(size=shape).astype(np.float32)
    np.testing.assert_allclose(resample.gaussian_blur(values, 6.0), cv2.GaussianBlur(values, (0, 0), 6.0, borderType=cv2.BORDER_REFLECT_101), atol=1e-5)


@pytest.mark.parametrize("side", [1, 2, 3, 8, 9, 15, 16, 17])
@pytest.mark.parametrize("multiple", [1, 4, 16])
def test_the_lower_edge_is_mirrored_as_numpy_does(side, multiple):
    values = np.arange(side)[None, :, None, None]
    expected = np.pad(np.arange(side), (0, -side % multiple), mode="reflect")
    np.testing.assert_array_equal(resample.mirror(values, 0, -side % multiple, 0)[0, :, 0, 0], expected)


def test_a_frame_is_mirrored_as_often_as_needed():
    expected = np.pad(PICTURE, ((60, 7), (60, 130), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(resample.mirror(PICTURE[None], 60, 7, 130)[0], expected)
    assert resample.mirror(PICTURE[None, :1, :1], 0, 3, 2).shape == (1, 4, 3, 3)  # a single pixel is its own mirror


@pytest.mark.parametrize(("height", "width", "side"), [(100, 150, 64), (150, 100, 64), (64, 65, 64), (2000, 3001, 777), (9, 12, 9)])
def test_sizes_are_those_of_pictures(height, width, side):
    assert [int(x) for x in resample.fit_short_side(tf.constant(height), tf.constant(width), tf.constant(side))] == [*images.fit_short_side(height, width, side)]
