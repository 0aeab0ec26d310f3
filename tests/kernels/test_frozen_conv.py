"""VGG-19's convolution: by which way it goes, and that every way gives what Keras' own layer does."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle import stylize
from mangastyle.kernels import winograd
from mangastyle.kernels.frozen_conv import FrozenConv2D
from mangastyle.vgg.files import random_weights
from mangastyle.vgg.network import features, network


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layers(width: int = 256, **options) -> tuple[FrozenConv2D, keras.layers.Conv2D]:
    """Ours, ready for use, and Keras' own with the same weights."""
    made = FrozenConv2D(width, trainable=False, **options), keras.layers.Conv2D(width, 3, padding="same")
    for one in made:
        one.build((None, None, None, width))
        one.set_weights([normal(3, 3, 3, width, width) / 50, normal(4, width)])
    made[0].precompute_winograd_kernel()
    return made


def results(layer: keras.layers.Layer, inputs: np.ndarray, **options) -> tuple[np.ndarray, np.ndarray]:
    """The layer's output, and the gradient of a weighted sum of it with respect to its input."""
    inputs = tf.constant(inputs)

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, **options)
        return outputs, tape.gradient(outputs, inputs, tf.cast(normal(5, *outputs.shape), outputs.dtype))

    return tuple(tf.cast(array, tf.float32).numpy() for array in run())


def assert_close(found: np.ndarray, exact: np.ndarray, dtype: str) -> None:
    if dtype == "float32":
        np.testing.assert_allclose(found, exact, atol=1e-4 * np.abs(exact).max())
    else:
        assert np.linalg.norm(found - exact) < 0.02 * np.linalg.norm(exact)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(("width", "side", "by_winograd"), [(256, 16, False), (256, 32, True), (48, 21, False)])
def test_layer_goes_by_winograd_where_it_pays(width, side, by_winograd, dtype, monkeypatch):
    ways = []
    genuine = winograd.convolve

    def convolve(inputs: tf.Tensor, transformed: tf.Tensor) -> tf.Tensor:
        tf.py_function(lambda: ways.append("winograd"), [], [])
        return genuine(inputs, transformed)

    monkeypatch.setattr(winograd, "convolve", convolve)
    ours, own = layers(width, dtype=dtype)
    inputs = normal(0, 1, side, side, width)
    for found, exact in zip(results(ours, inputs, winograd=True), results(own, inputs)):
        assert_close(found, exact, dtype)
    assert ways == ["winograd"] * by_winograd


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_unless_asked_for_there_is_no_winograd(dtype, monkeypatch):
    monkeypatch.setattr(winograd, "convolve", lambda *_: pytest.fail("by Winograd"))
    ours, own = layers(dtype=dtype)
    inputs = normal(0, 1, 32, 32, 256)
    for found, exact in zip(results(ours, inputs), results(own, inputs)):
        assert_close(found, exact, dtype)


def test_switched_off_the_layer_is_keras_own(monkeypatch):
    monkeypatch.setenv("MANGASTYLE_PLAIN", "1")
    ours, own = layers()
    assert ours.winograd_kernel is None
    inputs = normal(0, 1, 32, 32, 256)
    for found, exact in zip(results(ours, inputs, winograd=True), results(own, inputs)):
        np.testing.assert_array_equal(found, exact)


def test_layer_that_learns_or_is_in_float16_or_has_few_features_has_no_precomputed_kernel():
    assert layers(64)[0].winograd_kernel is None
    assert layers(dtype="mixed_float16")[0].winograd_kernel is None
    learning = layers()[0]
    learning.trainable = True
    learning.kernel.assign(tf.zeros_like(learning.kernel))  # as an optimizer would: what was precomputed no longer holds
    assert np.ptp(learning(normal(0, 1, 32, 32, 256), winograd=True).numpy().reshape(-1, 256), axis=0).max() == 0


def test_layer_that_learns_has_a_gradient_for_its_kernel():
    layer = layers(8)[0]
    layer.trainable = True
    with tf.GradientTape() as tape:
        outputs = layer(normal(0, 1, 9, 9, 8))
    assert np.abs(tape.gradient(outputs, layer.kernel.value).numpy()).max() > 0


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_new_weights_are_transformed_again(dtype):
    ours, own = layers(dtype=dtype)
    for one in (ours, own):
        one.set_weights([normal(6, 3, 3, 256, 256) / 50, normal(7, 256)])
    inputs = normal(0, 1, 32, 32, 256)
    assert_close(tf.cast(ours(inputs, winograd=True), tf.float32).numpy(), own(inputs).numpy(), dtype)


def test_network_with_and_without():
    model = network(random_weights())
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 128, 144, 3)).astype(np.float32)
    names = ("relu2_2", "relu3_2")
    exact = features(model, names, winograd=False)(pixels)
    assert all(getattr(layer, "winograd_kernel", None) is None for layer in model.layers)
    found = features(model, names)(pixels)
    for name in names:
        np.testing.assert_allclose(found[name], exact[name], atol=1e-4 * np.abs(exact[name]).max())
    transformed = [layer.name for layer in model.layers if getattr(layer, "winograd_kernel", None) is not None]
    assert transformed == ["conv2_2", "conv3_1", "conv3_2"]  # no deeper than needed


@pytest.mark.slow
def test_optimization_with_and_without_gives_the_same_picture():
    content, painting = (np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1) for i in range(2))
    settings = {"size": 0, "min_size": 0, "iterations": 2, "backbone": "random", "precision": "float32"}
    settings |= {"content_layers": ("relu2_2",), "style_layers": ("relu1_1", "relu2_2")}  # compiling takes long, for each layer
    ours, plain = (stylize(content, [painting], winograd=on, **settings) for on in (True, False))
    assert np.abs(ours.astype(int) - plain).mean() < 0.1
