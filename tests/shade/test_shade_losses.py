"""The shading losses against their equations in NumPy, and their gradients against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.shade import losses

RANDOM = np.random.default_rng(0)
PICTURE, OTHER = RANDOM.uniform(-1, 1, (2, 3, 4, 5, 3))  # each float64 (3, 4, 5, 3)
LOGITS, MORE = RANDOM.normal(0, 3, (2, 3, 1))
PATCHES, MORE_PATCHES = RANDOM.normal(0, 3, (2, 3, 2, 2, 1))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("real, fake", [(LOGITS, MORE), (PATCHES, MORE_PATCHES)])
def test_adversarial_losses_are_the_cross_entropies_of_the_paper(real, fake):
    axes = tuple(range(1, real.ndim))
    expected = -np.log(sigmoid(real)).mean(axes) - np.log(1 - sigmoid(fake)).mean(axes)
    np.testing.assert_allclose(losses.discriminator_loss(tf.constant(real), tf.constant(fake)), expected)
    np.testing.assert_allclose(losses.adversarial_loss(tf.constant(fake)), -np.log(sigmoid(fake)).mean(axes))


def test_an_undecided_discriminator_costs_the_logarithm_of_two():
    zero = tf.zeros((4, 1))
    np.testing.assert_allclose(losses.discriminator_loss(zero, zero), 2 * np.log(2), rtol=1e-6)
    np.testing.assert_allclose(losses.adversarial_loss(zero), np.log(2), rtol=1e-6)


def test_large_logits_stay_finite():
    sure = tf.constant([[1e4], [-1e4]])
    assert np.isfinite(losses.discriminator_loss(sure, sure)).all() and np.isfinite(losses.adversarial_loss(sure)).all()


def test_pixel_losses_are_means_for_each_picture():
    np.testing.assert_allclose(losses.l1(tf.constant(PICTURE), tf.constant(OTHER)), np.abs(PICTURE - OTHER).mean((1, 2, 3)))
    np.testing.assert_allclose(losses.l2(tf.constant(PICTURE), tf.constant(OTHER)), ((PICTURE - OTHER) ** 2).mean((1, 2, 3)))
    black, white = -tf.ones((1, 2, 2, 3)), tf.ones((1, 2, 2, 3))
    assert losses.l1(black, white) == [2] and losses.l2(black, white) == [4]


@pytest.mark.parametrize(
    "loss, point",
    [
        (losses.adversarial_loss, LOGITS),
        (losses.adversarial_loss, PATCHES),
        (lambda x: losses.discriminator_loss(x, tf.constant(MORE)), LOGITS),
        (lambda x: losses.discriminator_loss(tf.constant(MORE), x), LOGITS),
        (lambda x: losses.l1(x, tf.constant(OTHER)), PICTURE),
        (lambda x: losses.l2(x, tf.constant(OTHER)), PICTURE),
    ],
)
def test_gradients_equal_central_differences(loss, point):
    x = tf.constant(point)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(loss(x))
    gradient = tape.gradient(total, x).numpy()
    step = 1e-6
    for place in list(np.ndindex(point.shape))[:: max(1, point.size // 12)]:
        shift = np.zeros_like(point)
        shift[place] = step
        ahead, behind = (float(tf.reduce_sum(loss(tf.constant(point + s * shift)))) for s in (1, -1))
        assert gradient[place] == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-9)
