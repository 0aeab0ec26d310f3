"""Optimal transport between Gaussians, against SciPy, POT and NumPy."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import scipy.linalg
import tensorflow as tf

from mangastyle.ops import gaussian_ot
from mangastyle.ops.gaussian_ot import GaussianStatistics, style_statistics


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
    mean, covariance = style_statistics(tf.constant(x))
    for i in range(2):
        expected = gaussian(x[i])
        np.testing.assert_allclose(mean[i], expected[0], rtol=1e-5)
        np.testing.assert_allclose(covariance[i], expected[1], rtol=1e-4, atol=1e-4)


def test_statistics_within_masks():
    x, weight = maps(1, 1, 8, 6, 4), np.random.default_rng(1).random((3, 8, 6, 1), np.float32)
    weight[2] = 0
    mean, covariance = style_statistics(tf.constant(x), tf.constant(weight))
    for i in range(2):
        flat, share = x.reshape(-1, 4).astype(np.float64), weight[i].ravel()
        np.testing.assert_allclose(mean[i], np.average(flat, axis=0, weights=share), rtol=1e-4)
        np.testing.assert_allclose(covariance[i], np.cov(flat.T, aweights=share, bias=True), rtol=1e-3, atol=1e-4)
    assert (mean[2].numpy() == 0).all() and (covariance[2].numpy() == 0).all()  # a mask that is dark here


@pytest.mark.parametrize("dtype", [None, tf.float32, tf.float64])
def test_type_of_the_covariance(dtype):
    x = tf.constant(maps(1, 1, 8, 6, 4))
    found = style_statistics(x, dtype=dtype)
    assert found.mean.dtype == tf.float32 and found.covariance.dtype == (dtype or tf.float32)
    np.testing.assert_array_equal(tf.cast(found.covariance, tf.float32), style_statistics(x).covariance)


def test_roots_are_scipys():
    covariances = np.stack([gaussian(maps(seed, 1, 30, 30, 12))[1] for seed in (0, 1)])
    root, inverse = gaussian_ot.sqrtm_and_inverse(tf.constant(covariances, tf.float32))
    for i in range(2):
        damped = covariances[i] + gaussian_ot.DAMPING * np.trace(covariances[i]) * np.eye(12)
        expected = scipy.linalg.sqrtm(damped).real
        np.testing.assert_allclose(root[i], expected, atol=1e-3 * np.abs(expected).max())
        np.testing.assert_allclose(inverse[i], np.linalg.inv(expected), atol=1e-2 * np.abs(np.linalg.inv(expected)).max())


@pytest.mark.parametrize("damping", [0.0, gaussian_ot.DAMPING])
def test_roots_of_features_that_do_not_vary(damping):
    root, inverse = gaussian_ot.sqrtm_and_inverse(tf.zeros((1, 4, 4)), damping)
    assert np.isfinite(root).all() and np.isfinite(inverse).all()


def test_root_of_low_rank():
    x = maps(0, 1, 1, 4, 9).astype(np.float64)  # four positions: rank three
    covariance = style_statistics(tf.constant(x)).covariance
    root = gaussian_ot.low_rank_root(covariance, 3)
    assert root.shape == (1, 9, 3)
    np.testing.assert_allclose(tf.matmul(root, root, transpose_b=True), covariance, atol=1e-9)


def test_mapped_features_have_the_targets_statistics():
    x, y = maps(2, 1, 20, 30, 8), maps(3, 1, 25, 20, 8)
    map_ = gaussian_ot.optimal_transport_map(style_statistics(tf.constant(x)), style_statistics(tf.constant(y)))
    mean, covariance = gaussian(map_(tf.constant(x)).numpy())
    np.testing.assert_allclose(mean, gaussian(y)[0], atol=1e-2)
    np.testing.assert_allclose(covariance, gaussian(y)[1], atol=2e-2 * np.abs(gaussian(y)[1]).max())


def test_map_is_that_of_pot():
    x, y = maps(2, 1, 20, 30, 6), maps(3, 1, 25, 20, 6)
    (m1, s1), (m2, s2) = gaussian(x), gaussian(y)
    linear, offset = ot.gaussian.bures_wasserstein_mapping(m1, m2, s1, s2)
    both = (GaussianStatistics(tf.constant(m[None]), tf.constant(s[None])) for m, s in ((m1, s1), (m2, s2)))
    found = gaussian_ot.optimal_transport_map(*both)
    np.testing.assert_allclose(found.matrix[0], linear, atol=0.01 * np.abs(linear).max())  # damping
    np.testing.assert_allclose(found.offset[0], np.ravel(offset), atol=0.01 * np.abs(offset).max())


def test_features_move_no_further_than_needed():
    """Optimal transport moves features by just the Wasserstein distance; whitening and coloring moves them further."""
    x, y = maps(4, 1, 40, 40, 6), maps(5, 1, 40, 40, 6)
    moved = gaussian_ot.optimal_transport_map(style_statistics(tf.constant(x)), style_statistics(tf.constant(y)))(tf.constant(x)).numpy()
    cost = ((moved - x).astype(np.float64) ** 2).sum(-1).mean()
    assert cost == pytest.approx(wasserstein(gaussian(x), gaussian(y)), rel=0.01)


def test_maps_to_several_paintings_of_one_content():
    x, styles = maps(6, 1, 9, 8, 4), maps(7, 3, 9, 8, 4)
    source = style_statistics(tf.constant(x))
    together = gaussian_ot.optimal_transport_map(source, style_statistics(tf.constant(styles)))(tf.constant(x))
    for i in range(3):
        alone = gaussian_ot.optimal_transport_map(source, style_statistics(tf.constant(styles[i : i + 1])))(tf.constant(x))
        np.testing.assert_allclose(together[i], alone[0], rtol=1e-3, atol=1e-3)


def statistics64(x: np.ndarray) -> GaussianStatistics:
    return style_statistics(tf.constant(x, tf.float64))


@pytest.mark.parametrize("damping", [0.0, gaussian_ot.DAMPING])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_distance_is_that_of_scipy(dtype, damping):
    x, y = maps(8, 2, 20, 20, 6).astype(dtype), maps(9, 2, 20, 20, 6).astype(dtype)
    found = gaussian_ot.wasserstein(style_statistics(tf.constant(x)), style_statistics(tf.constant(y)), "sum", damping=damping)
    relative = gaussian_ot.wasserstein(style_statistics(tf.constant(x)), style_statistics(tf.constant(y)), "mean", damping=damping)
    for i in range(2):
        mean, covariance = gaussian(y[i])
        expected = wasserstein(gaussian(x[i]), (mean, covariance))
        assert float(found[i]) == pytest.approx(expected, rel=2e-3)
        assert float(relative[i]) == pytest.approx(expected / (mean @ mean + np.trace(covariance)), rel=2e-3)


@pytest.mark.parametrize("damping", [0.0, gaussian_ot.DAMPING])
def test_gradient_of_the_distance_by_central_differences(damping):
    x, target, step = maps(10, 1, 3, 4, 3).astype(np.float64), statistics64(maps(11, 1, 5, 5, 3)), 1e-5

    def distance(x) -> tf.Tensor:
        return gaussian_ot.wasserstein(style_statistics(tf.convert_to_tensor(x)), target, damping=damping)[0]

    with tf.GradientTape() as tape:
        variable = tf.constant(x)
        tape.watch(variable)
        value = distance(variable)
    analytic, numeric = tape.gradient(value, variable).numpy(), np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        moved = np.zeros_like(x)
        moved[index] = step
        numeric[index] = (float(distance(x + moved)) - float(distance(x - moved))) / (2 * step)
    np.testing.assert_allclose(analytic, numeric, atol=1e-4 * np.abs(numeric).max())  # damping's own gradient is left out
