"""The kernel gradient by matrix product against the ordinary convolution's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.kernels.small_conv import SmallConv2D, SmallConv2DTranspose


def gradients(layer, x: tf.Tensor, weight: tf.Tensor, shape: tuple) -> tuple[list[np.ndarray], set[str]]:
    """([output, gradients of kernel, bias and input], types of the operations in the compiled graph)."""

    @tf.function(input_signature=[tf.TensorSpec(shape, x.dtype)])
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            loss = tf.reduce_sum(tf.cast(y, tf.float32) * weight)
        return [y, *tape.gradient(loss, [layer.kernel.value, layer.bias.value, x])]

    operations = {operation.type for operation in run.get_concrete_function().graph.get_operations()}
    return [tf.cast(value, tf.float32).numpy() for value in run(x)], operations


PAIRS = {"down": (SmallConv2D, keras.layers.Conv2D), "up": (SmallConv2DTranspose, keras.layers.Conv2DTranspose)}


def pair(dtype: str, kernel: int, stride: int, way: str = "down", channels: int = 5) -> tuple[keras.layers.Layer, ...]:
    ours, ordinary = (cls(6, kernel, stride, "same", dtype=dtype, name=way) for cls in PAIRS[way])
    for layer in (ours, ordinary):
        layer.build((None, None, None, channels))
    ours.set_weights([np.random.default_rng(0).normal(size=v.shape) for v in ours.variables])
    ordinary.set_weights(ours.get_weights())
    return ours, ordinary


# bfloat16 keeps 8 bits, also in the sums by which Keras gets the gradient of a transposed convolution's bias.
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 4e-2)])
@pytest.mark.parametrize(
    ("way", "side", "kernel", "stride", "channels"),
    [("down", 8, 5, 2, 5), ("down", 7, 5, 2, 4), ("down", 4, 3, 1, 5), ("down", 2, 3, 1, 4), ("down", 16, 5, 2, 5)]
    + [("up", 4, 5, 2, 5), ("up", 3, 5, 2, 4), ("up", 8, 5, 2, 5)],
)
def test_same_gradients(way, side, kernel, stride, channels, dtype, tolerance):
    ours, ordinary = pair(dtype, kernel, stride, way, channels)
    random = np.random.default_rng(1)
    x = tf.constant(random.normal(size=(3, side, side, channels)), tf.float32)
    out = -(-side // stride) if way == "down" else side * stride
    weight = tf.constant(random.normal(size=(3, out, out, 6)), tf.float32)
    values, operations = gradients(ours, x, weight, x.shape)
    expected, _ = gradients(ordinary, x, weight, x.shape)
    by_product = min(side, out) <= 4 and not tf.config.list_physical_devices("GPU")
    assert ("ExtractImagePatches" in operations) == by_product  # the fast way is taken where it is meant to be
    for value, wanted in zip(values, expected):
        assert np.abs(value - wanted).max() <= tolerance * np.abs(wanted).max()


@pytest.mark.parametrize("way", PAIRS)
def test_unknown_size_takes_the_ordinary_way(way):
    ours, ordinary = pair("float32", 3, 1, way)
    x = tf.random.stateless_normal((2, 4, 4, 5), (0, 0))
    weight = tf.ones((2, 4, 4, 6))
    values, operations = gradients(ours, x, weight, (None, None, None, 5))
    expected, _ = gradients(ordinary, x, weight, (None, None, None, 5))
    assert "ExtractImagePatches" not in operations
    for value, wanted in zip(values, expected):
        np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("way", PAIRS)
def test_same_variables(way):
    ours, ordinary = pair("mixed_bfloat16", 5, 2, way)
    assert [v.path for v in ours.variables] == [v.path for v in ordinary.variables]
    config, wanted = ours.get_config(), ordinary.get_config()
    assert config == wanted
