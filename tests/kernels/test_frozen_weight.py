"""Constants of the graph: only where they gain, and always the variable's value."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.kernels import frozen_weight as module
from mangastyle.kernels.frozen_conv import FrozenConv2D
from mangastyle.kernels.frozen_weight import frozen_weight
from mangastyle.kernels.small_conv import SmallConv2D


@pytest.fixture
def variable() -> keras.Variable:
    return keras.Variable(np.arange(6.0).reshape(2, 3))


def types(function, *arguments) -> set[str]:
    """The operations of the graph that a function makes."""
    return {operation.type for operation in tf.function(function).get_concrete_function(*arguments).graph.get_operations()}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_is_the_value_in_a_graph_and_outside(dtype, variable):
    for found in (frozen_weight(variable, dtype), tf.function(lambda: frozen_weight(variable, dtype))()):
        assert found.dtype == dtype
        np.testing.assert_array_equal(tf.cast(found, tf.float32), variable.numpy())


def test_is_constant_only_in_float32_and_if_it_is_small(variable, monkeypatch):
    assert "ReadVariableOp" not in types(lambda: frozen_weight(variable, "float32"))
    assert "ReadVariableOp" in types(lambda: frozen_weight(variable, "bfloat16"))
    monkeypatch.setattr(module, "LARGEST", 5)
    assert "ReadVariableOp" in types(lambda: frozen_weight(variable, "float32"))


@pytest.mark.parametrize("make", [FrozenConv2D, lambda filters: SmallConv2D(filters, 5, 2, "same")])
def test_layers_hold_constant_kernels_once_they_are_frozen(make):
    layer, inputs = make(4), tf.constant(np.random.default_rng(0).normal(size=(1, 9, 8, 3)), tf.float32)
    learning = layer(inputs)
    assert types(lambda x: layer.convolution_op(x, layer.kernel), inputs) >= {"ReadVariableOp"}
    layer.trainable = False
    graph = tf.function(layer).get_concrete_function(inputs).graph
    (convolution,) = (operation for operation in graph.get_operations() if operation.type == "Conv2D")
    assert convolution.inputs[1].op.type == "Const"
    np.testing.assert_allclose(tf.function(layer)(inputs), learning, rtol=1e-5, atol=1e-6)


def test_inside_a_strategy():
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        mirrored = keras.Variable([1.0, 2.0])
    found = tf.function(lambda: strategy.run(lambda: frozen_weight(mirrored, "float32")))()
    np.testing.assert_array_equal(found, [1, 2])
