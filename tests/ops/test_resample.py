"""Resizing and padding inside a graph, against OpenCV and NumPy."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.ops import pixels, resample

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (37, 53, 3), np.uint8)


@pytest.mark.parametrize("size", [(37, 53), (12, 20), (36, 52), (1, 1), (74, 106), (100, 150), (38, 54)])
def test_uint8_is_resized_as_by_opencv(size):
    found = resample.resize_uint8(tf.constant(PICTURE), *size).numpy().astype(int)
    assert np.abs(found - pixels.resize(PICTURE, *size)).max() <= 1


@pytest.mark.parametrize("size", [(12, 20), (36, 52), (74, 106)])
def test_floats_are_resized_as_by_opencv(size):
    values = RNG.normal(size=(37, 53, 1)).astype(np.float32)
    interpolation = cv2.INTER_AREA if size[0] < 37 else cv2.INTER_CUBIC
    expected = cv2.resize(values, size[::-1], interpolation=interpolation)
    np.testing.assert_allclose(resample.resize(tf.constant(values), *size)[..., 0], expected, atol=1e-5)


@pytest.mark.parametrize("rows", [None, (0, 37), (5, 6), (9, 30)])
def test_of_the_same_size_it_is_the_same_picture(rows):
    resize = tf.function(lambda x, height, width: resample.resize(x, height, width, rows), autograph=False)
    values = RNG.normal(size=(37, 53, 2)).astype(np.float32)
    np.testing.assert_array_equal(resize(tf.constant(values), tf.constant(37), tf.constant(53)), values[slice(*rows or (None,))])
    changed = resize(tf.constant(values), tf.constant(37), tf.constant(52))
    assert changed.shape == (values[slice(*rows or (None,))].shape[0], 52, 2)


@pytest.mark.parametrize("side", [1, 2, 3, 8, 9, 15, 16, 17])
@pytest.mark.parametrize("multiple", [1, 4, 16])
def test_the_lower_edge_is_mirrored_as_by_numpy(side, multiple):
    values = tf.range(side)[None, :, None, None]
    expected = np.pad(np.arange(side), (0, -side % multiple), mode="reflect")
    np.testing.assert_array_equal(resample.mirror_pad(values, 0, -side % multiple, 0)[0, :, 0, 0], expected)


def test_a_frame_is_mirrored_as_often_as_needed():
    expected = np.pad(PICTURE, ((60, 7), (60, 130), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(resample.mirror_pad(tf.constant(PICTURE[None]), 60, 7, 130)[0], expected)
    assert resample.mirror_pad(tf.constant(PICTURE[None, :1, :1]), 0, 3, 2).shape == (1, 4, 3, 3)  # a single pixel is its own mirror


@pytest.mark.parametrize(("height", "width", "side"), [(100, 150, 64), (150, 100, 64), (64, 65, 64), (2000, 3001, 777), (9, 12, 9)])
def test_sizes_are_those_of_arrays(height, width, side):
    found = resample.fit_short_side(tf.constant(height), tf.constant(width), tf.constant(side))
    assert [int(length) for length in found] == [*pixels.fit_short_side(height, width, side)]


def test_rounding_is_that_of_arrays():
    values = np.array([-3.0, 0.5, 1.5, 2.5, 254.5, 300.0], np.float32)
    np.testing.assert_array_equal(resample.to_uint8(tf.constant(values)), pixels.to_uint8(values))
