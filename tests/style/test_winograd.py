"""Winograd's convolution against the direct one, in float64 where it must be exact, and where the layer uses it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.config import StyleConfig
from mangastyle.style import vgg, winograd
from mangastyle.style.transfer import stylize


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
    assert_close(winograd.convolve(tf.constant(inputs), winograd.transform(kernel)).numpy(), direct(inputs, kernel))


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 6, 7), (1, 16, 33)])
def test_gradient_is_the_convolution_turned_round(shape):
    kernel, upstream, inputs = normal(1, 3, 3, 5, 7), normal(2, *shape, 7), tf.constant(normal(0, *shape, 5))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = winograd.convolve(inputs, winograd.transform(kernel))
    found = tape.gradient(outputs, inputs, tf.constant(upstream))
    assert_close(found.numpy(), direct(upstream, kernel[::-1, ::-1].swapaxes(2, 3)))


def test_one_graph_for_all_sizes():
    kernel = winograd.transform(normal(1, 3, 3, 5, 7))
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


def layer(features: int = 256, **options) -> winograd.Conv2D:
    made = winograd.Conv2D(features, 3, padding="same", trainable=False, **options)
    made.build((None, None, None, features))
    made.set_weights([normal(3, 3, 3, features, features) / 50, normal(4, features)])
    return made


@pytest.mark.parametrize(("side", "by_winograd"), [(16, False), (32, True)])
def test_layer_goes_by_winograd_where_it_pays(side, by_winograd, monkeypatch):
    ways = []
    genuine = winograd.convolve

    def convolve(inputs: tf.Tensor, transformed: tf.Tensor) -> tf.Tensor:
        tf.py_function(lambda: ways.append("winograd"), [], [])
        return genuine(inputs, transformed)

    monkeypatch.setattr(winograd, "convolve", convolve)
    ours, inputs = layer(), normal(0, 1, side, side, 256)
    found = tf.function(ours)(inputs)
    assert ways == ["winograd"] * by_winograd
    kernel, bias = ours.get_weights()
    assert_close(found.numpy(), direct(inputs, kernel) + bias)


def test_layer_that_learns_or_is_not_float32_or_has_few_features_is_keras_own():
    assert layer(64).transformed is None
    assert layer(dtype="mixed_bfloat16").transformed is None
    learning = layer()
    learning.trainable = True
    learning.kernel.assign(tf.zeros_like(learning.kernel))  # as an optimizer would: what was transformed no longer holds
    assert np.ptp(learning(normal(0, 1, 32, 32, 256)).numpy().reshape(-1, 256), axis=0).max() == 0


def test_network_and_switch():
    weights = vgg.random_weights()
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 144, 160, 3)).astype(np.float32)
    fast, plain = (vgg.network(weights, winograd=on) for on in (True, False))
    assert sum(getattr(one, "transformed", None) is not None for one in fast.layers) == 13  # all from conv2_2 on
    assert all(type(one) is keras.layers.Conv2D for one in plain.layers if one.name.startswith("conv"))
    layers = ("relu2_2", "relu3_4", "relu4_4")
    found, exact = (vgg.features(model, layers)(pixels) for model in (fast, plain))
    for name in layers:
        np.testing.assert_allclose(found[name], exact[name], atol=1e-4 * np.abs(exact[name]).max())


def test_painting_by_either_way_is_the_same():
    content, painting = (np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1) for i in range(2))
    options = StyleConfig(size=0, min_size=0, iterations=2, backbone="random", precision="float32")
    ours, plain = (stylize(content, [painting], StyleConfig(**{**vars(options), "winograd": on})) for on in (True, False))
    assert np.abs(ours.astype(int) - plain).mean() < 0.1
