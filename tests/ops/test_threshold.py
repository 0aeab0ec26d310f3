"""Gray and adaptive threshold inside a graph, bit-identical to OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.ops.threshold import adaptive_threshold, grayscale
from mangastyle.synthetic import characters

SIZES = [(64, 64), (31, 33), (65, 97), (8, 8), (9, 128)]


def noise(height: int, width: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (count, height, width, 3), np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_gray_is_bit_identical_to_opencv(size):
    pictures = noise(*size)
    np.testing.assert_array_equal(grayscale(tf.constant(pictures)), [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures])


@pytest.mark.parametrize("block, c", [(9, 2), (3, 0), (25, 5), (11, -3), (9, 1.5), (101, 2)])
@pytest.mark.parametrize("size", SIZES)
def test_line_art_is_bit_identical_to_opencv(size, block, c):
    drawn = cv2.resize(characters.draw(1, 64), size[::-1])[None]
    for pictures in (noise(*size), drawn):
        grays = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures]
        expected = [cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, c) for gray in grays]
        found = adaptive_threshold(tf.constant(pictures), block, c)
        assert found.shape == (*pictures.shape[:3], 1)
        np.testing.assert_array_equal(np.where(found[..., 0] > 0, 255, 0), expected)
