"""Optimal transport between Gaussians, against SciPy and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf

from mangastyle.style import losses, transport


def maps(seed: int, *shape: int) -> np.ndarray:
    """Features with covariances of their own: float32 `shape`."""
    random = np.random.default_rng(seed)
    mixed = random.normal(0, 1, shape) @ random.normal(0, 1, (shape[-1], shape[-1])) + random.normal(0, 2, shape[-1])
    return mixed.astype(np.float32)


def gaussian(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
    return flat.mean(0), np.cov(flat.T, bias=True)


def wasserstein(one, other) -> float:
    """The square of the distance, by SciPy's matrix root."""
    (m1, s1), (m2, s2) = one, other
    root = scipy.linalg.sqrtm(s2)
    return float(((m1 - m2) ** 2).sum() + np.trace(s1 + s2 - 2 * scipy.linalg.sqrtm(root @ s1 @ root).real))


def test_statistics_are_numpys():
    x = maps(0, 2, 9, 7, 5)
    mean, covariance = transport.statistics(tf.constant(x))
    for i in range(2):
        expected = gaussian(x[i])
        np.testing.assert_allclose(mean[i], expected[0], rtol=1e-5)
        np.testing.assert_allclose(covariance[i], expected[1], rtol=1e-4, atol=1e-4)


def test_statistics_where_masks_count():
    x, weight = maps(1, 1, 8, 6, 4), np.random.default_rng(1).random((3, 8, 6, 1), np.float32)
    weight[2] = 0
    mean, covariance = transport.statistics(tf.constant(x), tf.constant(weight))
    for i in range(2):
        flat, share = x.reshape(-1, 4).astype(np.float64), weight[i].ravel()
        np.testing.assert_allclose(mean[i], np.average(flat, axis=0, weights=share), rtol=1e-4)
        np.testing.assert_allclose(covariance[i], np.cov(flat.T, aweights=share, bias=True), rtol=1e-3, atol=1e-4)
    assert np.isfinite(mean[2]).all() and np.isfinite(covariance[2]).all()  # a mask that is dark here


def test_roots_are_scipys():
    covariances = np.stack([gaussian(maps(seed, 1, 30, 30, 12))[1] for seed in (0, 1)])
    root, inverse = transport.roots(tf.constant(covariances, tf.float32))
    for i in range(2):
        damped = covariances[i] + transport.DAMPING * np.trace(covariances[i]) * np.eye(12)
        expected = scipy.linalg.sqrtm(damped).real
        np.testing.assert_allclose(root[i], expected, atol=1e-3 * np.abs(expected).max())
        np.testing.assert_allclose(inverse[i], np.linalg.inv(expected), atol=1e-2 * np.abs(np.linalg.inv(expected)).max())


def test_roots_of_features_that_do_not_vary():
    root, inverse = transport.roots(tf.zeros((1, 4, 4)))
    assert np.isfinite(root).all() and np.isfinite(inverse).all()


def test_moved_features_have_the_wanted_statistics():
    x, y = maps(2, 1, 20, 30, 8), maps(3, 1, 25, 20, 8)
    map_ = transport.transport(transport.statistics(tf.constant(x)), transport.statistics(tf.constant(y)))
    mean, covariance = gaussian(map_(tf.constant(x)).numpy())
    np.testing.assert_allclose(mean, gaussian(y)[0], atol=1e-2)
    np.testing.assert_allclose(covariance, gaussian(y)[1], atol=2e-2 * np.abs(gaussian(y)[1]).max())


def test_nothing_is_moved_further_than_needed():
    """Optimal transport moves features by just the Wasserstein distance; whitening and colouring moves them further."""
    x, y = maps(4, 1, 40, 40, 6), maps(5, 1, 40, 40, 6)
    moved = transport.transport(transport.statistics(tf.constant(x)), transport.statistics(tf.constant(y)))(tf.constant(x)).numpy()
    cost = ((moved - x).astype(np.float64) ** 2).sum(-1).mean()
    assert cost == pytest.approx(wasserstein(gaussian(x), gaussian(y)), rel=0.01)


def test_maps_of_several_paintings_move_one_content():
    x, styles = maps(6, 1, 9, 8, 4), maps(7, 3, 9, 8, 4)
    found = transport.statistics(tf.constant(x))
    together = transport.transport(found, transport.statistics(tf.constant(styles)))(tf.constant(x))
    for i in range(3):
        alone = transport.transport(found, transport.statistics(tf.constant(styles[i : i + 1])))(tf.constant(x))
        np.testing.assert_allclose(together[i], alone[0], rtol=1e-3, atol=1e-3)


def test_distance_is_that_of_the_losses():
    x, y = maps(8, 1, 20, 20, 6), maps(9, 1, 20, 20, 6)
    found = transport.distance(transport.statistics(tf.constant(x)), transport.statistics(tf.constant(y)))
    target = losses.style_target(tf.constant(y), "wasserstein")
    expected = losses.style_layer_loss(losses.statistics(tf.constant(x), "wasserstein"), target, "mean", "wasserstein")
    assert float(found[0]) == pytest.approx(float(expected), rel=1e-3)


def test_gradient_of_the_distance():
    """Against that of the losses, which central differences have proved."""
    x, y = tf.constant(maps(10, 1, 15, 15, 5)), tf.constant(maps(11, 1, 15, 15, 5))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ours = transport.distance(transport.statistics(x), transport.statistics(y))
        target = losses.style_target(y, "wasserstein")
        expected = losses.style_layer_loss(losses.statistics(x, "wasserstein"), target, "mean", "wasserstein")
    expected = tape.gradient(expected, x).numpy()
    np.testing.assert_allclose(tape.gradient(ours, x), expected, atol=1e-3 * np.abs(expected).max())
