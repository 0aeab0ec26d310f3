"""The shading losses as pure functions (paper, sections 4.2 and 4.2.2).

Each returns one value per picture, shape (b,); the training loop averages over the global batch, which keeps
the result the same however many devices share it.
"""

from __future__ import annotations

import tensorflow as tf


def _per_picture(x: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(x, axis=tf.range(1, tf.rank(x)))


def discriminator_loss(real_logit: tf.Tensor, fake_logit: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of the verdicts: -log D(original) - log(1 - D(generated)), D = sigmoid of the logits (b, ...)."""
    return _per_picture(tf.math.softplus(-real_logit)) + _per_picture(tf.math.softplus(fake_logit))


def adversarial_loss(fake_logit: tf.Tensor) -> tf.Tensor:
    """Cross-entropy that the generator wants small: -log D(generated)."""
    return _per_picture(tf.math.softplus(-fake_logit))


def l1(generated: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of pictures (b, h, w, 3) in [-1, 1]; 0 to 2."""
    return _per_picture(tf.abs(generated - original))


def l2(generated: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of pictures (b, h, w, 3) in [-1, 1]; 0 to 4."""
    return _per_picture(tf.math.squared_difference(generated, original))
