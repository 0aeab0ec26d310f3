"""The fused Adam against Keras's own, step by step."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from mangastyle.kernels.fused_adam import FusedAdam

RATES = (1e-2, 1e-2, 3e-3, 1e-4)


def descend(optimizer: keras.optimizers.Optimizer, gradient_scale: float = 1.0) -> list[np.ndarray]:
    """The variable after each step with reproducible gradients, tiny ones included, where epsilon counts."""
    variable = keras.Variable(np.linspace(-1, 1, 12).reshape(3, 4), dtype="float32")
    optimizer.build([variable])

    @tf.function
    def step(gradient):
        optimizer.apply_gradients([(gradient, variable)])

    random, path = np.random.default_rng(0), []
    for rate in RATES:
        optimizer.learning_rate = rate
        step(tf.constant(random.normal(size=(3, 4)) * np.logspace(-9, 0, 4) * gradient_scale, tf.float32))
        path.append(variable.numpy())
    return path


def test_same_update():
    ours = descend(FusedAdam(1e-2, beta_1=0.5))
    wanted = descend(keras.optimizers.Adam(1e-2, beta_1=0.5))
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)
    assert np.abs(ours[-1] - ours[0]).max() > 1e-3


def test_loss_scaling():
    ours = descend(keras.optimizers.LossScaleOptimizer(FusedAdam(1e-2), initial_scale=1024), 1024)
    wanted = descend(keras.optimizers.Adam(1e-2))
    np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-6)


def test_checkpoints_are_exchangeable(tmp_path):
    for cls, other in ((FusedAdam, keras.optimizers.Adam), (keras.optimizers.Adam, FusedAdam)):
        first, second = cls(1e-2), other(1e-2)
        descend(first)
        path = tf.train.Checkpoint(optimizer=first).write(str(tmp_path / cls.__module__))
        second.build([keras.Variable(np.zeros((3, 4), np.float32))])
        tf.train.Checkpoint(optimizer=second).read(path).assert_consumed()
        for a, b in zip(first.variables, second.variables):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
