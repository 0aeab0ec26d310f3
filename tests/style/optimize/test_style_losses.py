"""Equations 1-6 and the Wasserstein distance against closed forms, the paper's own gradients, central differences,
SciPy and POT."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import scipy.linalg
import tensorflow as tf

from mangastyle.style.optimize import losses

BOTH = pytest.mark.parametrize("distance", losses.DISTANCES)
REDUCTIONS = pytest.mark.parametrize("reduction", losses.REDUCTIONS)


def random(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float64)


def halves(seed: int = 0) -> tf.Tensor:
    """A mask of every degree, with some positions left out: (1, 3, 4, 1)."""
    return tf.constant(np.random.default_rng(seed).integers(0, 4, (1, 3, 4, 1)) / 3, tf.float64)


def style(f: tf.Tensor, painting: tf.Tensor, reduction: str = "sum", distance: str = "gram", mask=None) -> tf.Tensor:
    target = losses.style_target(tf.stop_gradient(painting), distance)
    return losses.style_layer_loss(losses.style_source(f, distance, mask), target, reduction, distance)


def gradient(function, at: tf.Tensor) -> np.ndarray:
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(at)
    return tape.gradient(value, at).numpy()


def test_content_loss_closed_form():
    f, p = tf.fill((1, 2, 3, 4), 3.0), tf.fill((1, 2, 3, 4), 5.0)
    assert float(losses.content_loss(f, p, "sum")) == 0.5 * 24 * 4
    assert float(losses.content_loss(f, p, "mean")) == pytest.approx(4 / 25)


def test_relative_mse_is_the_content_loss_of_each_picture():
    found, target = np.random.default_rng(0).normal(0, 1, (2, 3, 4, 5, 6)).astype(np.float32)
    for i, loss in enumerate(losses.relative_mse(tf.constant(found), tf.constant(target))):
        assert float(loss) == pytest.approx(float(losses.content_loss(found[i], target[i], "mean")), rel=1e-5)


def test_gram_closed_form():
    f = random(1, 3, 5, 4)
    expected = np.zeros((4, 4))
    for y in range(3):
        for x in range(5):
            expected += np.outer(f[0, y, x], f[0, y, x])
    np.testing.assert_allclose(losses.gram(f), expected)
    np.testing.assert_allclose(losses.mean_gram(f), expected / 15)


def test_style_loss_is_equation_4_and_5():
    f, p = ({"p": random(1, 3, 5, 4, seed=seed), "q": random(1, 2, 2, 7, seed=seed)} for seed in (0, 1))
    expected = 0.0
    for name in f:
        m, n = np.prod(f[name].shape[1:3]), f[name].shape[3]
        squared = np.sum((losses.gram(f[name]) - losses.gram(p[name])).numpy() ** 2)
        expected += 0.5 * squared / (4 * n**2 * m**2)
    found = {name: losses.style_source(value) for name, value in f.items()}
    targets = {name: losses.style_target(value) for name, value in p.items()}
    assert float(losses.style_loss(found, targets, "sum")) == pytest.approx(expected)


def test_mean_style_loss_closed_form():
    f, p = tf.ones((1, 4, 4, 2)), tf.fill((1, 3, 3, 2), 3.0**0.5)  # Gram matrices over positions: ones, threes
    assert float(style(f, p, "mean")) == pytest.approx(4 / 9)


def test_wasserstein_closed_form():
    # One feature: (m1 - m2)^2 + (s1 - s2)^2, of the means 1 and 6 and deviations 1 and 3.
    f, p = (tf.constant(values, tf.float64)[None, None, :, None] for values in ([0.0, 2.0], [3.0, 9.0, 3.0, 9.0]))
    assert float(style(f, p, "sum", "wasserstein")) == pytest.approx(25 + 4)
    assert float(style(f, p, "mean", "wasserstein")) == pytest.approx(29 / (36 + 9))


@pytest.mark.parametrize("positions", [(5, 8), (2, 2)], ids=["of-full-rank", "of-low-rank"])
def test_wasserstein_is_that_of_scipy_and_pot(positions):
    f, p = random(1, *positions, 6) + 0.5, 2 * random(1, *positions, 6, seed=1)
    got = float(style(f, p, "sum", "wasserstein"))
    flat = [x.numpy().reshape(-1, 6) for x in (f, p)]
    (m1, m2), (s1, s2) = [x.mean(0) for x in flat], [np.cov(x, rowvar=False, bias=True) for x in flat]
    if positions == (5, 8):
        assert got == pytest.approx(ot.gaussian.bures_wasserstein_distance(m1, m2, s1, s2) ** 2)
        root = scipy.linalg.sqrtm(s2)
        expected = np.sum((m1 - m2) ** 2) + np.trace(s1 + s2 - 2 * scipy.linalg.sqrtm(root @ s1 @ root)).real
    else:  # the roots of zeros are beyond sqrtm: the same trace is the sum of the singular values of S1^1/2 S2^1/2
        crossed = (flat[0] - m1) @ (flat[1] - m2).T / len(flat[0])
        expected = np.sum((m1 - m2) ** 2) + np.trace(s1 + s2) - 2 * scipy.linalg.svdvals(crossed).sum()
    assert got == pytest.approx(expected)


def test_wasserstein_of_float32_features_that_hardly_vary():
    # 32 of 64 features vary by 1e-4 of the others, as some of VGG-19's do, around the same large mean.
    f, p = (tf.cast(random(1, 10, 20, 64, seed=seed) * ([1.0] * 32 + [1e-4] * 32) + 3, tf.float32) for seed in (0, 1))
    exact = float(style(tf.cast(f, tf.float64), tf.cast(p, tf.float64), "sum", "wasserstein"))
    assert float(style(f, p, "sum", "wasserstein")) == pytest.approx(exact, rel=1e-5)


def test_gradient_of_the_content_loss_is_equation_2():
    f, p = random(1, 4, 3, 5), random(1, 4, 3, 5, seed=1)
    np.testing.assert_allclose(gradient(lambda x: losses.content_loss(x, p), f), f - p)
    # Through the ReLU, as equation 2 has it: F - P where F > 0, and 0 elsewhere.
    rectified, target = tf.nn.relu(f).numpy(), tf.nn.relu(p)
    expected = np.where(rectified > 0, rectified - target.numpy(), 0)
    np.testing.assert_allclose(gradient(lambda x: losses.content_loss(tf.nn.relu(x), target), f), expected)


def test_gradient_of_the_style_loss_is_equation_6():
    f, p = tf.nn.relu(random(1, 4, 3, 5)), tf.nn.relu(random(1, 4, 3, 5, seed=1))
    n, m = 5, 12
    flat = f.numpy().reshape(m, n)
    expected = flat @ (losses.gram(f).numpy() - losses.gram(p).numpy()) / (n**2 * m**2)
    np.testing.assert_allclose(gradient(lambda x: style(x, p), f).reshape(m, n), expected)


def test_gradient_of_the_wasserstein_distance_is_the_way_to_the_painting():
    # W2^2's gradient is 2 / M times the step from each position's features to where the optimal map T takes them.
    f, p = random(1, 5, 8, 6), 2 * random(1, 5, 8, 6, seed=1) + 1
    flat, other = (x.numpy().reshape(-1, 6) for x in (f, p))
    s1, s2 = (np.cov(x, rowvar=False, bias=True) for x in (flat, other))
    linear, offset = ot.gaussian.bures_wasserstein_mapping(flat.mean(0), other.mean(0), s1, s2)
    expected = 2 * (flat - (flat @ linear + offset)) / len(flat)
    got = gradient(lambda x: style(x, p, "sum", "wasserstein"), f).reshape(-1, 6)
    np.testing.assert_allclose(got, expected, atol=1e-9)


@REDUCTIONS
@pytest.mark.parametrize("name", ["content", "gram", "gram-masked", "wasserstein", "wasserstein-masked", "low-rank", "tv"])
def test_gradients_by_central_differences(name, reduction):
    n = 14 if name == "low-rank" else 3  # features, at 12 positions
    target = random(1, 3, 4, n, seed=1)
    function = {
        "content": lambda x: losses.content_loss(x, target, reduction),
        "gram": lambda x: style(x, target, reduction),
        "gram-masked": lambda x: style(x, target, reduction, mask=halves()),
        "wasserstein": lambda x: style(x, target, reduction, "wasserstein"),
        "wasserstein-masked": lambda x: style(x, target, reduction, "wasserstein", halves()),
        "low-rank": lambda x: style(x, target, reduction, "wasserstein"),
        "tv": lambda x: losses.total_variation(x, reduction),
    }[name]
    function = tf.function(function)
    x, step = random(1, 3, 4, n), 1e-5
    analytic, numeric = gradient(function, x), np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        moved = np.zeros(x.shape)
        moved[index] = step
        numeric[index] = (float(function(x + moved)) - float(function(x - moved))) / (2 * step)
    np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-9 * np.abs(analytic).max() + 1e-15)


@BOTH
def test_mean_does_not_depend_on_size_or_scale(distance):
    f, p = random(1, 4, 6, 5), random(1, 4, 6, 5, seed=1)
    wide = [tf.tile(x, (1, 3, 2, 1)) for x in (f, p)]
    for a, b in ((wide[0], wide[1]), (wide[0], p), (7 * f, 7 * p)):
        if a.shape == b.shape:
            assert float(losses.content_loss(a, b, "mean")) == pytest.approx(float(losses.content_loss(f, p, "mean")))
        assert float(style(a, b, "mean", distance)) == pytest.approx(float(style(f, p, "mean", distance)))
    assert float(losses.content_loss(*wide, "sum")) == pytest.approx(6 * float(losses.content_loss(f, p, "sum")))
    assert float(style(*wide, "sum", distance)) == pytest.approx(float(style(f, p, "sum", distance)))


@REDUCTIONS
def test_zero_at_the_target(reduction):
    f = random(1, 4, 3, 5)
    assert float(losses.content_loss(f, f, reduction)) == 0
    assert float(losses.total_variation(tf.fill((1, 4, 3, 3), 200.0), reduction)) == 0
    zero = tf.zeros_like(f)
    assert float(losses.content_loss(zero, zero, reduction)) == 0  # a picture with no feature at all is no division by zero


@REDUCTIONS
@BOTH
@pytest.mark.parametrize("n", [5, 30])  # fewer and more features than positions
@pytest.mark.parametrize("dtype", [tf.float32, tf.float64], ids=["float32", "float64"])
def test_style_is_zero_and_at_rest_at_the_target(reduction, distance, n, dtype):
    f = tf.cast(random(1, 4, 3, n) + 1, dtype)
    tiny = 1e-5 if dtype == tf.float32 else 1e-7
    assert style(f, f, reduction, distance).dtype == dtype
    assert 0 <= float(style(f, f, reduction, distance)) < tiny
    at_rest, away = (gradient(lambda x: style(x, f, reduction, distance), x) for x in (f, f * 1.1))
    assert np.abs(at_rest).max() < tiny * max(np.abs(away).max(), 1)


@REDUCTIONS
@BOTH
@pytest.mark.parametrize("value", [0.0, 3.0, 1e4])
@pytest.mark.parametrize("painting", ["flat", "full"])
def test_flat_pictures_have_finite_losses_and_gradients(reduction, distance, value, painting):
    f = tf.fill((1, 4, 3, 20), value)
    p = f + 1 if painting == "flat" else tf.cast(random(1, 5, 5, 20), tf.float32)
    loss = tf.function(lambda x: style(x, p, reduction, distance))
    assert np.isfinite(loss(f)) and float(loss(f)) > 0
    assert np.isfinite(gradient(loss, f)).all()
    assert np.isfinite(style(p, f, reduction, distance))
    assert np.isfinite(gradient(lambda x: style(x, f, reduction, distance), p)).all()


@BOTH
def test_features_that_are_not_finite_have_a_loss_that_is_not(distance):
    f = random(1, 4, 3, 5)
    for bad in (np.nan, np.inf):
        broken = tf.tensor_scatter_nd_update(f, [[0, 1, 1, 1]], tf.constant([bad], tf.float64))
        assert not np.isfinite(style(broken, f, "mean", distance))


@REDUCTIONS
@BOTH
def test_losses_are_never_negative(reduction, distance):
    rng = np.random.default_rng(5)
    for _ in range(12):
        n, spread = rng.integers(1, 9), 10.0 ** rng.integers(-3, 4)
        f, near = random(1, *rng.integers(1, 6, 2), n) * spread, 1 + 10.0 ** rng.integers(-12, 1)
        for dtype in (tf.float32, tf.float64):
            assert float(style(tf.cast(f, dtype), tf.cast(near * f, dtype), reduction, distance)) >= 0


@BOTH
def test_a_mask_is_the_picture_of_its_positions_alone(distance):
    f = random(1, 3, 4, 5)
    mask = tf.cast(halves() > 0.5, tf.float32)
    chosen = tf.boolean_mask(f, mask[..., 0] > 0)[None, None]  # (1, 1, positions, n)
    assert 2 < chosen.shape[2] < 12

    def same(masked, alone):
        for a, b in zip(tf.nest.flatten(masked), tf.nest.flatten(alone), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)

    same(losses.style_source(f, distance, mask), losses.style_source(chosen, distance))
    same(losses.style_source(f, distance, tf.ones((1, 3, 4, 1))), losses.style_source(f, distance))
    same(losses.style_source(f, distance, 0.25 * halves()), losses.style_source(f, distance, halves()))
    np.testing.assert_allclose(losses.gram(f, mask), losses.gram(chosen))


@BOTH
def test_gray_in_a_mask_counts_in_part(distance):
    f = random(1, 1, 2, 3)
    thrice = tf.gather(f, [0, 1, 1, 1], axis=2)  # a position of three times the weight is the position three times
    found = losses.style_source(f, distance, tf.constant([[[[1 / 3], [1.0]]]], tf.float64))
    for a, b in zip(tf.nest.flatten(found), tf.nest.flatten(losses.style_source(thrice, distance)), strict=True):
        np.testing.assert_allclose(a, b)


@REDUCTIONS
@BOTH
def test_a_black_mask_asks_for_nothing(reduction, distance):
    f, p = random(1, 3, 4, 5), random(1, 3, 4, 5, seed=1)
    loss = lambda x: style(x, p, reduction, distance, tf.zeros((1, 3, 4, 1)))  # noqa: E731
    assert np.isfinite(loss(f))
    np.testing.assert_array_equal(gradient(loss, f), 0)


@REDUCTIONS
@BOTH
def test_layer_weights(reduction, distance):
    f, p = ({"a": random(1, 3, 5, 4, seed=s), "b": random(1, 2, 2, 7, seed=s)} for s in (0, 1))
    found = {name: losses.style_source(value, distance) for name, value in f.items()}
    targets = {name: losses.style_target(value, distance) for name, value in p.items()}
    a, b = (float(style(f[name], p[name], reduction, distance)) for name in "ab")
    for weights, expected in (
        ({"a": 1.0, "b": 0.0}, a),
        ({"a": 0.0, "b": 9.0}, b),
        ({"b": 6.0, "a": 2.0}, a / 4 + 3 * b / 4),
        (None, (a + b) / 2),
    ):
        assert float(losses.style_loss(found, targets, reduction, distance, weights)) == pytest.approx(expected)


def test_total_variation_closed_form():
    ramp = tf.constant(np.tile(np.arange(4.0) * 255, (3, 1))[None, :, :, None])  # (1, 3, 4, 1), steps of 1 across
    assert float(losses.total_variation(ramp, "sum")) == pytest.approx(9)
    assert float(losses.total_variation(ramp, "mean")) == pytest.approx(1)
