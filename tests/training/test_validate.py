"""Validation: the measure, the sheet, and BatchNorm statistics, each against NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.shade import networks, simulated_hints
from mangastyle.shade.spec import ShadeSpec
from mangastyle.synthetic import characters
from mangastyle.training.validate import Validation, reestimate_norm

PICTURES = np.stack([characters.draw(seed, 16) for seed in range(5)])


class Echo:
    """A generator that returns its hint and counts its calls."""

    def __call__(self, inputs, training):
        assert not training
        return inputs["hint"]


@pytest.mark.parametrize("hint, kind", [("mixed", "proportional"), ("proportional", "proportional"), ("paper", "paper"), ("none", "none")])
def test_measure_is_the_mean_absolute_difference_with_and_without_a_hint(hint, kind):
    validation = Validation(PICTURES, hint, batch=2)  # the last batch is smaller
    color = PICTURES / 127.5 - 1
    given = simulated_hints.simulate(tf.constant(color, tf.float32), tf.constant(validation.uniforms), kind).numpy()
    measured = validation.measure(Echo())
    assert measured["l1"] == pytest.approx(np.abs(given - color).mean(), rel=1e-5)
    assert measured["l1_no_hint"] == pytest.approx((1 - color).mean(), rel=1e-5)


def test_two_validations_of_the_same_pictures_use_the_same_hints():
    one, other = Validation(PICTURES, "mixed"), Validation(PICTURES, "mixed", batch=3)
    np.testing.assert_array_equal(one.uniforms, other.uniforms)
    generator = networks.build(ShadeSpec(size=16, width=4, levels=2))
    assert one.measure(generator) == pytest.approx(other.measure(generator), rel=1e-5)
    np.testing.assert_array_equal(one.sheet(generator), one.sheet(generator))


def test_sheet_shows_picture_line_hints_and_results():
    sheet = Validation(PICTURES, "mixed").sheet(Echo(), count=3)
    assert sheet.shape == (3 * 18 - 2, 7 * 18 - 2, 3) and sheet.dtype == np.uint8
    tiles = [[sheet[18 * y : 18 * y + 16, 18 * x : 18 * x + 16] for x in range(7)] for y in range(3)]
    for row, picture in zip(tiles, PICTURES):
        np.testing.assert_array_equal(row[0], picture)
        assert set(np.unique(row[1])) <= {0, 255}
        np.testing.assert_array_equal(row[2], row[3])  # the echo's result is its hint
        np.testing.assert_array_equal(row[4], row[5])
        assert (row[6] == 255).all()  # no hint is white


def test_reestimated_statistics_are_the_plain_means_over_the_batches():
    x = keras.Input((None, None, 3), name="x")
    model = keras.Model({"x": x}, keras.layers.BatchNormalization(momentum=0.9)(x))
    (norm,) = (layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    batches = np.random.default_rng(0).normal(3, 2, (7, 4, 5, 6, 3)).astype(np.float32)
    model({"x": batches[0] + 100}, training=True)  # stale statistics that must be forgotten
    reestimate_norm(model, ({"x": tf.constant(b)} for b in batches))
    np.testing.assert_allclose(norm.moving_mean, batches.mean((1, 2, 3)).mean(0), rtol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, batches.var((1, 2, 3)).mean(0), rtol=1e-5)
    assert norm.momentum == 0.9


def test_reestimation_leaves_the_weights_and_makes_inference_like_training():
    generator = networks.build(ShadeSpec(size=16, width=4, levels=2))
    inputs = {"line": tf.ones((8, 16, 16, 1)), "hint": tf.constant(PICTURES[:1].repeat(8, 0) / 127.5 - 1, tf.float32)}
    before = [v.numpy() for v in generator.trainable_variables]
    reestimate_norm(generator, [inputs] * 3)
    assert all((v.numpy() == b).all() for v, b in zip(generator.trainable_variables, before))
    np.testing.assert_allclose(generator(inputs, training=False), generator(inputs, training=True), atol=1e-4)
