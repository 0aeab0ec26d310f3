"""Likelihoods of colors and the taste of variants; `test_region_colors` has how colors are chosen by them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.shade import color_choice


def test_likelihoods_are_sums_of_gaussians():
    random = np.random.default_rng(0)
    logits, offered, colors = random.normal(size=(4, 6)), random.uniform(0, 80, (6, 3)), random.uniform(0, 80, (2, 3))
    squares = ((offered[:, None] - colors[None]) ** 2).sum(-1)
    expected = np.exp(logits) @ np.exp(-squares / (2 * color_choice.CLOSE**2))
    found = color_choice.likelihoods(*(tf.constant(x, tf.float32) for x in (logits, offered, colors)))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_a_taste_is_smooth_random_and_nothing_for_the_likeliest():
    colors = tf.constant(np.random.default_rng(0).uniform((0, -60, -60), (100, 60, 60), (400, 3)), tf.float32)
    assert not color_choice.taste(colors, tf.constant(0)).numpy().any()
    tastes = np.array([color_choice.taste(colors, tf.constant(i)) for i in range(1, 60)])
    assert tastes.std() == pytest.approx(color_choice.TASTE, rel=0.1) and abs(tastes.mean()) < 0.1
    near = np.array([color_choice.taste(colors + 2.0, tf.constant(i)) for i in range(1, 60)])
    assert np.abs(near - tastes).mean() < 0.2 * color_choice.TASTE
