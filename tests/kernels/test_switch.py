"""MANGASTYLE_PLAIN=1 turns every faster way off, and changes results by rounding alone."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle import kernels
from mangastyle.kernels import frozen_conv, small_conv
from mangastyle.ops.random import uniforms
from mangastyle.shade.simulated_hints import NUM_UNIFORMS
from mangastyle.train import TrainState, make_train_step
from mangastyle.training.settings import TrainSettings
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.network import features


def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn the switch, and make each faster way an error."""
    monkeypatch.setenv(kernels.SWITCH, "1")
    assert not kernels.enabled()
    monkeypatch.setattr(frozen_conv, "_with_mirrored_gradient", lambda *_: pytest.fail("a mirrored gradient"))
    monkeypatch.setattr(frozen_conv.minimal_filtering, "convolve", lambda *_: pytest.fail("by Winograd"))
    monkeypatch.setattr(small_conv, "_with_kernel_gradient", lambda *_: pytest.fail("a kernel gradient by product"))
    monkeypatch.setattr(tf.raw_ops, "ResourceApplyAdam", lambda **_: pytest.fail("a fused Adam"))
    monkeypatch.setattr(tf.raw_ops, "FusedBatchNormV3", lambda **_: pytest.fail("a fused normalization"))
    monkeypatch.setattr(tf, "init_scope", lambda: pytest.fail("a constant kernel"))


def trained() -> tuple[list[float], list[np.ndarray]]:
    """Losses of two training steps, and the generator's kernels after them.

    Biases before a normalization are left out: their gradient is zero but for rounding, of which Adam makes steps of any sign.
    """
    settings = TrainSettings(size=16, width=4, levels=2, batch=4, steps=2, ema=0.0, hint="proportional", upsample="transpose")
    strategy = tf.distribute.get_strategy()
    state = TrainState(settings)
    step = make_train_step(settings, strategy, state)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    losses = []
    for i in range(2):
        record = step((tf.constant(pictures), tf.constant(uniforms(0, i, 4, NUM_UNIFORMS))), tf.constant(i))
        losses += [float(value) for value in record.values()]
    return losses, [variable.numpy() for variable in state.generator.trainable_variables if len(variable.shape) > 1]


def test_training_step(monkeypatch):
    faster = trained()
    plain(monkeypatch)
    by_keras = trained()
    np.testing.assert_allclose(faster[0], by_keras[0], rtol=1e-4)
    for ours, own in zip(faster[1], by_keras[1], strict=True):
        np.testing.assert_allclose(ours, own, atol=5e-5)  # of steps of 4e-4


def gradient() -> tuple[np.ndarray, ...]:
    """Features of the slim VGG-19, and the gradient of their mean square with respect to the picture."""
    picture = tf.constant(np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)), tf.float32)
    model = features(backbone("slim"), ("relu1_1", "relu3_1"))

    @tf.function
    def run() -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            found = model(picture)["relu3_1"]
            loss = tf.reduce_mean(tf.square(found))
        return found, tape.gradient(loss, picture)

    return tuple(x.numpy() for x in run())


def test_features_and_gradient(monkeypatch):
    faster = gradient()
    plain(monkeypatch)
    for ours, own in zip(faster, gradient(), strict=True):
        np.testing.assert_allclose(ours, own, atol=1e-4 * np.abs(own).max())
