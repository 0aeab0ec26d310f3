"""The closed-form fits against NumPy's least squares, SciPy's QR and Keras' own layers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import scipy.linalg

from mangastyle.style.optimize import losses
from mangastyle.training import fit


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


@pytest.mark.parametrize("intercept", [True, False])
def test_ridge_is_least_squares_with_a_penalty_row_for_each_column(intercept):
    x, y = random(200, 7) + 1, random(200, 3, seed=1)
    full = np.column_stack([x, np.ones(200)]) if intercept else x
    weight = np.sqrt(fit.RIDGE * np.mean(np.sum(full.astype(np.float64) ** 2, 0)))
    penalized = np.vstack([full, weight * np.eye(full.shape[1])])
    expected = np.linalg.lstsq(penalized, np.vstack([y, np.zeros((full.shape[1], 3))]), rcond=None)[0]
    np.testing.assert_allclose(fit.ridge(x, y, intercept), expected, rtol=1e-4, atol=1e-6)


def test_ridge_finds_the_map_that_made_the_rows():
    x, true = random(500, 5), random(6, 2, seed=1)
    found = fit.ridge(x, x @ true[:-1] + true[-1])
    np.testing.assert_allclose(found, true, atol=1e-3)


def test_ridge_takes_columns_that_repeat_each_other():
    x = random(50, 2)
    found = fit.ridge(np.hstack([x, x]), x, intercept=False)
    np.testing.assert_allclose(found[:2], found[2:], atol=1e-3)
    np.testing.assert_allclose(found[:2] + found[2:], np.eye(2), atol=1e-3)


def test_ranking_is_the_pivoting_of_qr():
    features = np.maximum(random(300, 12) @ random(12, 12, seed=1), 0)
    expected = scipy.linalg.qr(features.astype(np.float64), mode="r", pivoting=True)[1]
    np.testing.assert_array_equal(fit.ranking(features), expected)


def test_ranking_puts_what_others_span_last():
    x = random(100, 2)
    features = np.stack([9 * x[:, 0], 8.9 * x[:, 0], x[:, 1], np.zeros(100)], 1).astype(np.float32)
    assert list(fit.ranking(features)[:2]) == [0, 2]


def test_patches_times_a_kernel_are_a_convolution():
    maps, rows = random(2, 6, 8, 3), np.random.default_rng(1).permutation(96)[:50]
    layer = keras.layers.Conv2D(5, 3, padding="same")
    whole = layer(maps).numpy()  # (2, 6, 8, 5)
    found = fit.patches(maps, rows) @ layer.kernel.numpy().reshape(27, 5)
    np.testing.assert_allclose(found, whole.reshape(96, 5)[rows], atol=1e-5)


def test_pool_is_average_pooling():
    maps = random(2, 6, 8, 3)
    np.testing.assert_allclose(fit.pool(maps), keras.layers.AveragePooling2D(2)(maps), atol=1e-6)


@pytest.mark.parametrize("distance", losses.DISTANCES)
def test_losses_through_the_readout_are_those_of_the_projected_features(distance):
    slim, target, projection = random(1, 9, 8, 4), random(1, 5, 6, 4, seed=1) + 0.5, random(4, 11, seed=2)

    def measured(matrix: np.ndarray) -> tuple[float, float]:
        source, style = slim @ matrix.astype(np.float32), target @ matrix.astype(np.float32)
        style_loss = losses.style_layer_loss(losses.style_source(source, distance), losses.style_target(style, distance), "mean", distance)
        return float(style_loss), float(losses.content_loss(source[:, :5, :6], style, "mean"))

    matrix = fit.readout(projection)
    assert matrix.shape == (4, 4)
    np.testing.assert_array_equal(matrix, np.tril(matrix))
    assert measured(matrix) == pytest.approx(measured(projection), rel=1e-4)
