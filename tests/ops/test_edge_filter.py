"""The domain transform filter against the recursion written out in NumPy, and dilation against OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.ops.edge_filter import EDGE_DISTANCE, PASSES, dilate, domain_transform_filter


def filtered(values: np.ndarray, edges: np.ndarray, sigma: float) -> np.ndarray:
    return domain_transform_filter(tf.constant(values), tf.constant(edges), sigma).numpy()


def by_the_paper(values: np.ndarray, edges: np.ndarray, sigma: float) -> np.ndarray:
    """The recursive filter of Gastal and Oliveira (2011), pixel by pixel, in float64."""
    out = values.astype(np.float64)
    for i in range(1, PASSES + 1):
        sigma_i = sigma * np.sqrt(3) * 2 ** (PASSES - i) / np.sqrt(4**PASSES - 1)
        a = np.exp(-np.sqrt(2) / sigma_i)
        for axis in (0, 1):
            rows, walls = np.moveaxis(out, axis, 0), np.moveaxis(edges, axis, 0)
            weight = a ** (1 + EDGE_DISTANCE * sigma * np.maximum(walls[1:], walls[:-1]))[..., None]
            for n in range(1, len(rows)):
                rows[n] += weight[n - 1] * (rows[n - 1] - rows[n])
            for n in range(len(rows) - 2, -1, -1):
                rows[n] += weight[n] * (rows[n + 1] - rows[n])
    return out


def test_it_is_the_papers_recursion():
    random = np.random.default_rng(0)
    values, edges = random.normal(size=(13, 17, 2)).astype(np.float32), random.uniform(0, 0.3, (13, 17)).astype(np.float32)
    np.testing.assert_allclose(filtered(values, edges, 4.0), by_the_paper(values, edges, 4.0), atol=1e-5)


def test_without_edges_it_smooths_with_the_given_standard_deviation():
    point = np.zeros((101, 101, 1), np.float32)
    point[50, 50] = 1
    spread = filtered(point, np.zeros((101, 101), np.float32), 6.0)[..., 0]
    assert spread.sum() == pytest.approx(1, abs=0.02)
    y = np.arange(101) - 50
    assert np.sqrt((spread.sum(1) * y**2).sum()) == pytest.approx(6.0, rel=0.1)
    np.testing.assert_allclose(spread, spread.T, atol=2e-4)


def test_flat_values_stay_whatever_the_edges():
    edges = np.random.default_rng(0).uniform(0, 1, (20, 30)).astype(np.float32)
    np.testing.assert_allclose(filtered(np.full((20, 30, 3), 120, np.float32), edges, 9.0), 120, atol=1e-2)


@pytest.mark.parametrize("radius", [0, 1, 4])
def test_dilation_equals_opencv(radius):
    values = np.random.default_rng(0).random((19, 23), np.float32)
    expected = cv2.dilate(values, np.ones((2 * radius + 1,) * 2))
    np.testing.assert_array_equal(dilate(tf.constant(values), tf.constant(radius)), expected)
