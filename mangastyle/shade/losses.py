"""The shading losses as pure functions (paper, sections 4.2 and 4.2.2): a conditional GAN with a reconstruction loss.

Each returns one value for each picture, (b,); the training loop averages over the global batch, which keeps the result the same
however many devices share it.

References
----------
Goodfellow et al., "Generative adversarial nets" (2014); Isola et al., "Image-to-image translation with conditional adversarial
networks" (2017).
"""

from __future__ import annotations

from mangastyle.engine import tf


def discriminator_loss(real_logit: tf.Tensor, fake_logit: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of the discriminator: -log D(original) - log(1 - D(generated)), D the sigmoid of a logit.

    Parameters
    ----------
    real_logit, fake_logit : tensor of float32, shape (b, ...)
        Logits of original and of generated pictures; several of one picture are averaged.

    Returns
    -------
    tensor of float32, shape (b,)

    Examples
    --------
    >>> print(f"{float(discriminator_loss(tf.zeros((1, 1)), tf.zeros((1, 1)))[0]):.3f}")  # undecided: 2 log 2
    1.386
    """
    return _per_picture(tf.math.softplus(-real_logit)) + _per_picture(tf.math.softplus(fake_logit))


def adversarial_loss(fake_logit: tf.Tensor) -> tf.Tensor:
    """Cross-entropy that the generator minimizes: -log D(generated), the non-saturating form.

    Parameters
    ----------
    fake_logit : tensor of float32, shape (b, ...)
        The discriminator's logits of generated pictures.

    Returns
    -------
    tensor of float32, shape (b,)

    Examples
    --------
    >>> float(adversarial_loss(tf.constant([[100.0]]))[0])
    0.0
    """
    return _per_picture(tf.math.softplus(-fake_logit))


def l1(generated: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference.

    Parameters
    ----------
    generated, original : tensor of float32, shape (b, h, w, 3)
        Pictures in [-1, 1].

    Returns
    -------
    tensor of float32, shape (b,)
        In 0..2.

    Examples
    --------
    >>> l1(tf.ones((1, 2, 2, 3)), -tf.ones((1, 2, 2, 3))).numpy().tolist()
    [2.0]
    """
    return _per_picture(tf.abs(generated - original))


def l2(generated: tf.Tensor, original: tf.Tensor) -> tf.Tensor:
    """Mean squared difference.

    Parameters
    ----------
    generated, original : tensor of float32, shape (b, h, w, 3)
        Pictures in [-1, 1].

    Returns
    -------
    tensor of float32, shape (b,)
        In 0..4.

    Examples
    --------
    >>> l2(tf.ones((1, 2, 2, 3)), -tf.ones((1, 2, 2, 3))).numpy().tolist()
    [4.0]
    """
    return _per_picture(tf.math.squared_difference(generated, original))


PIXEL_LOSSES = {"l1": l1, "l2": l2}


def _per_picture(x: tf.Tensor) -> tf.Tensor:
    """Mean over all axes but the first."""
    return tf.reduce_mean(x, axis=tf.range(1, tf.rank(x)))
