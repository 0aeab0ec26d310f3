"""Equations 1-7 against closed forms, the paper's own gradients, and central differences."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.style import losses


def random(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float64)


def gradient(function, at: tf.Tensor) -> np.ndarray:
    with tf.GradientTape() as tape:
        tape.watch(at)
        value = function(at)
    return tape.gradient(value, at).numpy()


def test_content_loss_closed_form():
    f, p = tf.fill((1, 2, 3, 4), 3.0), tf.fill((1, 2, 3, 4), 5.0)
    assert float(losses.content_loss(f, p, "sum")) == 0.5 * 24 * 4
    assert float(losses.content_loss(f, p, "mean")) == pytest.approx(4 / 25)


def test_gram_closed_form():
    f = random(1, 3, 5, 4)
    expected = np.zeros((4, 4))
    for y in range(3):
        for x in range(5):
            expected += np.outer(f[0, y, x], f[0, y, x])
    np.testing.assert_allclose(losses.gram(f), expected)
    np.testing.assert_allclose(losses.mean_gram(f), expected / 15)


def test_style_loss_is_equation_4_and_5():
    f, a = {"p": random(1, 3, 5, 4), "q": random(1, 2, 2, 7)}, {"p": random(1, 3, 5, 4, seed=1), "q": random(1, 2, 2, 7, seed=1)}
    expected = 0.0
    for name in f:
        m, n = np.prod(f[name].shape[1:3]), f[name].shape[3]
        squared = np.sum((losses.gram(f[name]) - losses.gram(a[name])).numpy() ** 2)
        expected += 0.5 * squared / (4 * n**2 * m**2)
    targets = {name: losses.mean_gram(value) for name, value in a.items()}
    assert float(losses.style_loss(f, targets, "sum")) == pytest.approx(expected)
    assert float(losses.total_loss(2.0, losses.style_loss(f, targets), 3.0, 5.0)) == pytest.approx(6 + 5 * expected)


def test_mean_style_loss_closed_form():
    f = tf.ones((1, 4, 4, 2))  # Gram of ones over positions: ones
    assert float(losses.style_layer_loss(f, tf.fill((2, 2), 3.0), "mean")) == pytest.approx(4 / 9)


def test_gradient_of_the_content_loss_is_equation_2():
    f, p = random(1, 4, 3, 5), random(1, 4, 3, 5, seed=1)
    np.testing.assert_allclose(gradient(lambda x: losses.content_loss(x, p), f), f - p)
    # Through the ReLU, as equation 2 has it: F - P where F > 0, and 0 elsewhere.
    rectified, target = tf.nn.relu(f).numpy(), tf.nn.relu(p)
    expected = np.where(rectified > 0, rectified - target.numpy(), 0)
    np.testing.assert_allclose(gradient(lambda x: losses.content_loss(tf.nn.relu(x), target), f), expected)


def test_gradient_of_the_style_loss_is_equation_6():
    f = tf.nn.relu(random(1, 4, 3, 5))
    a = losses.mean_gram(tf.nn.relu(random(1, 4, 3, 5, seed=1)))
    n, m = 5, 12
    flat = f.numpy().reshape(m, n)
    expected = flat @ (losses.gram(f).numpy() - m * a.numpy()) / (n**2 * m**2)
    np.testing.assert_allclose(gradient(lambda x: losses.style_layer_loss(x, a), f).reshape(m, n), expected)


@pytest.mark.parametrize("form", losses.FORMS)
@pytest.mark.parametrize("name", ["content", "style", "tv"])
def test_gradients_by_central_differences(name, form):
    target = random(1, 3, 4, 3, seed=1)
    function = {
        "content": lambda x: losses.content_loss(x, target, form),
        "style": lambda x: losses.style_layer_loss(x, losses.mean_gram(target), form),
        "tv": lambda x: losses.total_variation(x, form),
    }[name]
    x, step = random(1, 3, 4, 3), 1e-5
    analytic, numeric = gradient(function, x), np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        moved = np.zeros(x.shape)
        moved[index] = step
        numeric[index] = (float(function(x + moved)) - float(function(x - moved))) / (2 * step)
    np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-9 * np.abs(analytic).max() + 1e-15)


def test_mean_form_does_not_depend_on_size_or_scale():
    f, p = random(1, 4, 6, 5), random(1, 4, 6, 5, seed=1)
    wide = [tf.tile(x, (1, 3, 2, 1)) for x in (f, p)]
    for a, b in ((wide[0], wide[1]), (7 * f, 7 * p)):
        assert float(losses.content_loss(a, b, "mean")) == pytest.approx(float(losses.content_loss(f, p, "mean")))
        expected = float(losses.style_layer_loss(f, losses.mean_gram(p), "mean"))
        assert float(losses.style_layer_loss(a, losses.mean_gram(b), "mean")) == pytest.approx(expected)
    assert float(losses.content_loss(*wide, "sum")) == pytest.approx(6 * float(losses.content_loss(f, p, "sum")))


@pytest.mark.parametrize("form", losses.FORMS)
def test_zero_at_the_target(form):
    f = random(1, 4, 3, 5)
    assert float(losses.content_loss(f, f, form)) == 0
    assert float(losses.style_layer_loss(f, losses.mean_gram(f), form)) == 0
    assert float(losses.total_variation(tf.fill((1, 4, 3, 3), 200.0), form)) == 0
    zero = tf.zeros_like(f)
    assert float(losses.content_loss(zero, zero, form)) == 0  # a picture with no feature at all is no division by zero


def test_total_variation_closed_form():
    ramp = tf.constant(np.tile(np.arange(4.0) * 255, (3, 1))[None, :, :, None])  # (1, 3, 4, 1), steps of 1 across
    assert float(losses.total_variation(ramp, "sum")) == pytest.approx(9)
    assert float(losses.total_variation(ramp, "mean")) == pytest.approx(1)
