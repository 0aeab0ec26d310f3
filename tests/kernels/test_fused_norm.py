"""The fused batch normalization against Keras' own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.kernels.fused_norm import FusedBatchNormalization


def results(cls: type, shape: tuple[int, ...], dtype: str, training: bool, **options) -> tuple[list[np.ndarray], set[str]]:
    """Output, gradients of input, scale and offset, and all variables after a step; types of the graph's operations."""
    random = np.random.default_rng(0)
    layer = cls(momentum=0.9, epsilon=1e-5, dtype=dtype, **options)
    layer.build(shape)
    layer.set_weights([random.uniform(0.5, 1.5, v.shape) for v in layer.variables])
    inputs = tf.constant(random.normal(2, 3, shape), layer.compute_dtype)
    weight = tf.constant(random.normal(size=shape), tf.float32)

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=training)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * weight)
        return outputs, *tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value])

    operations = {operation.type for operation in run.get_concrete_function().graph.get_operations()}
    return [tf.cast(x, tf.float32).numpy() for x in run()] + [v.numpy() for v in layer.variables], operations


# bfloat16 keeps 8 bits
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 1e-2)])
@pytest.mark.parametrize("shape", [(3, 5, 4, 6), (1, 1, 2, 3), (2, 1, 1, 8)])
def test_same_results_gradients_and_statistics(shape, dtype, tolerance):
    (found, operations), (expected, _) = (
        results(cls, shape, dtype, True) for cls in (FusedBatchNormalization, keras.layers.BatchNormalization)
    )
    assert "FusedBatchNormV3" in operations or tf.config.list_physical_devices("GPU")
    for ours, own in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, own, atol=tolerance * max(1, np.abs(own).max()))


@pytest.mark.parametrize(
    ("dtype", "training", "options"), [("float32", False, {}), ("float32", True, {"trainable": False}), ("mixed_float16", True, {})]
)
def test_keras_own_at_inference_frozen_and_in_float16(dtype, training, options):
    (found, operations), (expected, _) = (
        results(cls, (2, 3, 3, 4), dtype, training, **options) for cls in (FusedBatchNormalization, keras.layers.BatchNormalization)
    )
    assert "FusedBatchNormV3" not in operations
    for ours, own in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, own)


def test_same_variables():
    ours, own = (cls(name="norm") for cls in (FusedBatchNormalization, keras.layers.BatchNormalization))
    for layer in (ours, own):
        layer.build((None, None, None, 4))
    assert [v.path for v in ours.variables] == [v.path for v in own.variables]
    assert ours.get_config() == own.get_config()
