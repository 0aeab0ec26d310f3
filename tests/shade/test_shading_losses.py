"""Tones of pictures over flat colors, and losses, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.engine import tf
from mangastyle.shade import shading_losses
from mangastyle.shade.shading_losses import Tones, predicted, shaded, tones_of

FLAT = (0.8, 0.6, 0.4)
ONES = np.ones((1, 6, 5, 1), np.float32)


def plain(color) -> tf.Tensor:
    """A picture of one color: (1, 6, 5, 3)."""
    return tf.constant(ONES * np.array(color, np.float32))


def output(logits, shadow=0.0, light=0.0) -> dict[str, tf.Tensor]:
    """A network's output that is the same everywhere."""
    return {"tones": plain(logits), "shadow": plain([shadow] * 3), "bright": plain([light] * 3)}


@pytest.mark.parametrize("factor, shares", [(1.0, (0, 1, 0)), (0.5, (1, 0, 0)), (1.24, (0, 0, 1))])
def test_tones_of_plain_pictures(factor, shares):
    flat = plain(FLAT)
    tones = tones_of(factor * flat, flat)
    np.testing.assert_allclose(tones.shares[0, 0, 0], shares, atol=1e-5)
    assert float(tf.reduce_max(tones.shadow)) <= 0 and float(tf.reduce_min(tones.light)) >= 0


def test_shares_add_up_and_grow_with_the_shadow():
    flat = plain(FLAT)
    amounts = [tones_of(factor * flat, flat).shares[0, 0, 0].numpy() for factor in (1.0, 0.95, 0.92, 0.89, 0.8)]
    np.testing.assert_allclose([a.sum() for a in amounts], 1, atol=1e-6)
    assert all(np.diff([a[0] for a in amounts])[1:3] > 0) and amounts[0][0] == 0 and amounts[-1][0] == 1


def test_full_shadow_and_full_light_give_the_picture_back():
    flat = plain(FLAT)
    for picture in (0.55 * flat, 1 - 0.5 * (1 - flat)):
        made = shaded(flat, tones_of(picture, flat))
        np.testing.assert_allclose(made, picture, atol=0.05)  # `DARK` keeps it from being exact


def test_multiply_and_screen_by_their_formulas():
    tones = Tones(plain([0.5, 0.25, 0.25]), plain(np.log([0.6, 0.5, 0.4])), plain([0.2, 0.4, 0.8]))
    expected = 1 - (1 - np.array(FLAT) * (1 - 0.5 * np.array([0.4, 0.5, 0.6]))) * (1 - 0.25 * np.array([0.2, 0.4, 0.8]))
    np.testing.assert_allclose(shaded(plain(FLAT), tones)[0, 0, 0], expected, rtol=1e-5)


def test_losses_of_an_undecided_network():
    flat = plain(FLAT)
    losses = shading_losses.shading_losses(output([0.0, 0.0, 0.0], np.log(0.7), 0.1), flat, flat, tf.constant(ONES))
    made = 1 - (1 - np.array(FLAT) * 0.9) * (1 - 0.1 / 3)  # a third of the shadow by 0.3, a third of the light
    assert float(losses["tones"][0]) == pytest.approx(np.log(3), rel=1e-5)
    assert float(losses["pixels"][0]) == pytest.approx(np.abs(made - FLAT).mean(), rel=1e-4)
    assert float(losses["edges"][0]) == pytest.approx(0, abs=1e-6) and float(losses["colors"][0]) == 0


def test_colors_count_where_there_is_shadow():
    flat = plain(FLAT)
    picture = tf.concat([0.5 * flat[:, :3], flat[:, 3:]], 1)  # shadow in the upper half
    losses = shading_losses.shading_losses(output([0.0, 0.0, 0.0], -1.0, 0.0), picture, flat, tf.constant(ONES))
    true = np.log((0.5 * np.array(FLAT) + 0.08) / (np.array(FLAT) + 0.08))
    assert float(losses["colors"][0]) == pytest.approx(0.5 * np.abs(-1 - true).mean(), rel=1e-4)
    step = 0.5 * np.array(FLAT).mean() * 1 / 6  # one of six rows differs from the next
    assert float(losses["edges"][0]) == pytest.approx(6 / 5 * step, rel=1e-4)


def test_what_has_no_weight_does_not_count():
    flat, weight = plain(FLAT), ONES.copy()
    weight[:, :3] = 0
    picture = tf.concat([1 - flat[:, :3], flat[:, 3:]], 1)
    losses = shading_losses.shading_losses(output([-50.0, 50.0, -50.0]), picture, flat, tf.constant(weight))
    assert all(float(x[0]) == pytest.approx(0, abs=1e-5) for x in losses.values())


def test_predicted_shares_are_probabilities():
    shares = predicted(output([1.0, 2.0, 3.0])).shares[0, 0, 0].numpy()
    np.testing.assert_allclose(shares, np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum(), rtol=1e-5)
