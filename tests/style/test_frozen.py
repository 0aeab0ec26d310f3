"""VGG-19's convolution: by which way it goes, and that every way gives what Keras' own layer does."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.config import StyleConfig
from mangastyle.style import frozen, vgg, winograd
from mangastyle.style.transfer import stylize


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def layers(features: int = 256, **options) -> tuple[frozen.Conv2D, keras.layers.Conv2D]:
    """Ours, ready for use, and Keras' own with the same weights."""
    made = frozen.Conv2D(features, trainable=False, **options), keras.layers.Conv2D(features, 3, padding="same")
    for one in made:
        one.build((None, None, None, features))
        one.set_weights([normal(3, 3, 3, features, features) / 50, normal(4, features)])
    made[0].prepare()
    return made


def results(layer: keras.layers.Layer, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The layer's output, and the gradient of a weighted sum of it with respect to its input."""
    inputs = tf.constant(inputs)

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
        return outputs, tape.gradient(outputs, inputs, tf.cast(normal(5, *outputs.shape), outputs.dtype))

    return tuple(tf.cast(array, tf.float32).numpy() for array in run())


def assert_close(found: np.ndarray, exact: np.ndarray, dtype: str) -> None:
    if dtype == "float32":
        np.testing.assert_allclose(found, exact, atol=1e-4 * np.abs(exact).max())
    else:
        assert np.linalg.norm(found - exact) < 0.02 * np.linalg.norm(exact)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(("features", "side", "by_winograd"), [(256, 16, False), (256, 32, True), (48, 21, False)])
def test_layer_goes_by_winograd_where_it_pays(features, side, by_winograd, dtype, monkeypatch):
    ways = []
    genuine = winograd.convolve

    def convolve(inputs: tf.Tensor, transformed: tf.Tensor) -> tf.Tensor:
        tf.py_function(lambda: ways.append("winograd"), [], [])
        return genuine(inputs, transformed)

    monkeypatch.setattr(winograd, "convolve", convolve)
    ours, own = layers(features, dtype=dtype)
    for found, exact in zip(results(ours, normal(0, 1, side, side, features)), results(own, normal(0, 1, side, side, features))):
        assert_close(found, exact, dtype)
    assert ways == ["winograd"] * by_winograd


def test_direct_graphs_do_without_winograd(monkeypatch):
    monkeypatch.setattr(winograd, "convolve", lambda *_: pytest.fail("by Winograd"))
    ours, own = layers()
    inputs = normal(0, 1, 32, 32, 256)
    with frozen.direct():
        found = tf.function(ours)(inputs)
        assert layers()[0].transformed is None
    np.testing.assert_allclose(found, own(inputs), atol=1e-4 * np.abs(found).max())


def test_layer_that_learns_or_is_in_float16_or_has_few_features_has_no_transformed_kernel():
    assert layers(64)[0].transformed is None
    assert layers(winograd=False)[0].transformed is None
    assert layers(dtype="mixed_float16")[0].transformed is None
    learning = layers()[0]
    learning.trainable = True
    learning.kernel.assign(tf.zeros_like(learning.kernel))  # as an optimizer would: what was transformed no longer holds
    assert np.ptp(learning(normal(0, 1, 32, 32, 256)).numpy().reshape(-1, 256), axis=0).max() == 0


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
    found, exact = (tf.cast(one(normal(0, 1, 32, 32, 256)), tf.float32).numpy() for one in (ours, own))
    assert_close(found, exact, dtype)


def test_network_and_switch():
    weights = vgg.random_weights()
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 144, 160, 3)).astype(np.float32)
    fast, plain = (vgg.network(weights, winograd=on) for on in (True, False))
    names = ("relu2_2", "relu3_4", "relu4_4")
    found, exact = (vgg.features(model, names)(pixels) for model in (fast, plain))
    for name in names:
        np.testing.assert_allclose(found[name], exact[name], atol=1e-4 * np.abs(exact[name]).max())
    transformed = [[layer.name for layer in model.layers if getattr(layer, "transformed", None) is not None] for model in (fast, plain)]
    assert transformed == [["conv2_2", *(f"conv{block}_{i}" for block in (3, 4) for i in range(1, 5))], []]  # no deeper than looked at


def test_painting_by_either_way_is_the_same():
    content, painting = (np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8).repeat(16, 0).repeat(16, 1) for i in range(2))
    options = StyleConfig(size=0, min_size=0, iterations=2, backbone="random", precision="float32")
    ours, plain = (stylize(content, [painting], StyleConfig(**{**vars(options), "winograd": on})) for on in (True, False))
    assert np.abs(ours.astype(int) - plain).mean() < 0.1
