"""Winograd's convolution against the direct one, in float64 where it must be exact."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.kernels import winograd


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def direct(inputs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A sum over shifted copies, in float64: (b, h, w, c) and (3, 3, c, f) to (b, h, w, f)."""
    _, height, width, _ = inputs.shape
    padded = np.pad(inputs.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    return sum(padded[:, i : i + height, j : j + width] @ kernel[i, j].astype(np.float64) for i in range(3) for j in range(3))


def assert_close(ours: np.ndarray, exact: np.ndarray) -> None:
    assert ours.shape == exact.shape
    assert np.abs(ours - exact).max() <= 3e-5 * np.abs(exact).max()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 3), (2, 4, 4), (1, 5, 9), (3, 13, 6), (1, 32, 47)])
def test_same_as_direct(shape):
    inputs, kernel = normal(0, *shape, 5), normal(1, 3, 3, 5, 7)
    assert_close(winograd.convolve(tf.constant(inputs), winograd.transform_kernel(kernel)).numpy(), direct(inputs, kernel))


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 6, 7), (1, 16, 33)])
def test_gradient_is_the_convolution_turned_round(shape):
    kernel, upstream, inputs = normal(1, 3, 3, 5, 7), normal(2, *shape, 7), tf.constant(normal(0, *shape, 5))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = winograd.convolve(inputs, winograd.transform_kernel(kernel))
    found = tape.gradient(outputs, inputs, tf.constant(upstream))
    assert_close(found.numpy(), direct(upstream, kernel[::-1, ::-1].swapaxes(2, 3)))


def test_bfloat16_rounds_by_little_more_than_a_percent():
    """Inputs, kernel and products keep 8 bits; badly chosen points of interpolation make four times as much of that."""
    inputs, kernel, upstream = np.maximum(normal(0, 1, 32, 32, 64), 0), normal(1, 3, 3, 64, 48), normal(2, 1, 32, 32, 48)
    given = tf.cast(inputs, tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch(given)
        outputs = winograd.convolve(given, tf.cast(winograd.transform_kernel(kernel), tf.bfloat16))
    gradient = tape.gradient(outputs, given, tf.cast(upstream, tf.bfloat16))
    exact = direct(inputs, kernel), direct(upstream, kernel[::-1, ::-1].swapaxes(2, 3))
    for found, right in zip((outputs, gradient), exact):
        assert found.dtype == tf.bfloat16
        assert 1e-3 < np.linalg.norm(tf.cast(found, tf.float64) - right) / np.linalg.norm(right) < 0.02


def test_one_graph_for_all_sizes():
    kernel = winograd.transform_kernel(normal(1, 3, 3, 5, 7))
    run = tf.function(lambda x: winograd.convolve(x, kernel), input_signature=[tf.TensorSpec((None, None, None, 5))])
    for shape in ((1, 8, 8), (2, 9, 5), (1, 8, 8)):
        inputs = normal(0, *shape, 5)
        assert_close(run(inputs).numpy(), direct(inputs, normal(1, 3, 3, 5, 7)))


def test_algorithm_is_exact_but_for_rounding():
    """Transforms and products in float64: an error would be one of the matrices."""
    inputs, kernel = np.random.default_rng(0).normal(size=(6, 6)), np.random.default_rng(1).normal(size=(3, 3))
    products = (winograd.INPUT @ inputs @ winograd.INPUT.T) * (winograd.KERNEL @ kernel @ winograd.KERNEL.T)
    exact = [[np.sum(inputs[i : i + 3, j : j + 3] * kernel) for j in range(4)] for i in range(4)]
    np.testing.assert_allclose(winograd.OUTPUT @ products @ winograd.OUTPUT.T, exact, atol=1e-13)
