"""Batch normalization as TensorFlow's fused operation: two passes over memory where Keras makes ten."""

from __future__ import annotations

from typing import Any

from mangastyle import kernels
from mangastyle.engine import keras, tf


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` of feature maps, channels last: the same variables, results and gradients.

    Keras' own where statistics are not those of the batch on one CPU: at inference, synchronized, in float16, on GPUs.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
    ICML 2015.

    Examples
    --------
    >>> normalized = FusedBatchNormalization()(tf.reshape(tf.range(4.0), (1, 2, 2, 1)), training=True)
    >>> [round(x, 2) for x in normalized.numpy().ravel().tolist()]
    [-1.34, -0.45, 0.45, 1.34]
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        """(b, h, w, c) to (b, h, w, c)."""
        plain = not kernels.enabled() or self.synchronized or self.compute_dtype == "float16" or tf.config.list_physical_devices("GPU")
        if plain or not training or not self.trainable:
            return super().call(inputs, training, mask)
        scale, offset = (tf.cast(x, tf.float32) for x in (self.gamma, self.beta))
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs, scale=scale, offset=offset, mean=[], variance=[], epsilon=self.epsilon, is_training=True
        )
        count = tf.cast(tf.size(inputs) // tf.size(mean), tf.float32)
        biased = variance * ((count - 1) / count)  # as Keras has it; the operation divides by one less
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, biased)):
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return outputs
