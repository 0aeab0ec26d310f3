"""The shading losses as pure functions (paper, sections 4.2 and 4.2.2).

Each returns one value per picture, shape (b,); the training loop averages over the global batch, which keeps
the result the same however many devices share it.
"""

from __future__ import annotations

import tensorflow as tf

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")  # of VGG-19, for the perceptual distance


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


def perceptual(found: dict[str, tf.Tensor], wanted: dict[str, tf.Tensor]) -> tf.Tensor:
    """How different pictures look: VGG-19 features {layer: (b, h', w', n)} of generated and original pictures to (b,).

    As in Zhang et al. 2018 (LPIPS), without their learnt weights of channels: features have unit length at every position, so that
    what counts is which features a place has and not how strong its contrast is. The mean over layers and positions of
    |f - p|^2 / 2, which is 1 less the cosine of the angle between them; where no feature is active, they count as
    zeros. 0 for equal pictures, at most 1.
    """
    errors = [tf.math.squared_difference(_unit(found[name]), _unit(p)) for name, p in wanted.items()]
    return tf.add_n([tf.reduce_mean(tf.reduce_sum(error, -1), (1, 2)) for error in errors]) / (2 * len(errors))


def _unit(features: tf.Tensor) -> tf.Tensor:
    return tf.nn.l2_normalize(features, -1)
