"""The simulated hints of whole batches against OpenCV and NumPy."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.ops.pixels import normalize
from mangastyle.shade import simulated_hints
from mangastyle.shade.simulated_hints import HINTS, NUM_UNIFORMS, columns, simulate
from mangastyle.shade.spec import HINT_KINDS, HINT_RECIPES
from mangastyle.synthetic import characters


def uniforms(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, NUM_UNIFORMS), np.float32)


def character(seed: int, side: int) -> tf.Tensor:
    return tf.constant(normalize(characters.draw(seed, side))[None])


def mask(height: int, width: int, numbers: np.ndarray, least: float, most: float, count) -> np.ndarray:
    pictures = tf.zeros((1, height, width, 3))
    return simulated_hints.box_mask(pictures, tf.constant(numbers), least, most, tf.constant(count)).numpy()[..., 0]


def test_the_table_has_the_kinds_that_the_command_line_offers():
    assert set(HINTS) == set(HINT_KINDS) and set(HINT_RECIPES) <= set(HINTS)
    with pytest.raises(MangastyleError, match="'mixd'.*did you mean 'mixed'"):
        simulate(tf.zeros((1, 8, 8, 3)), tf.constant(uniforms(1)), "mixd")


def test_columns_keep_their_places():
    """Numbers of a resumed training, and of a seed, must go on deciding the same things."""
    numbers = np.arange(2 * NUM_UNIFORMS, dtype=np.float32).reshape(2, NUM_UNIFORMS)
    found = columns(tf.constant(numbers))
    assert NUM_UNIFORMS == 131
    scalars = ("flip", "kind", "stroke_count", "blur", "dropout", "thin_line", "hue_shift", "hue")
    for i, name in enumerate(scalars):
        np.testing.assert_array_equal(getattr(found, name), numbers[:, i])
    np.testing.assert_array_equal(found.thin_line_style, numbers[:, 8:11])
    np.testing.assert_array_equal(found.boxes, numbers[:, 11:].reshape(2, 30, 4))


def test_boxes_lie_inside_have_their_sizes_and_count():
    found = mask(40, 50, uniforms(3000), 5.0, 9.0, np.ones(3000, np.int32))
    heights, widths = found.any(2).sum(1), found.any(1).sum(1)
    assert set(heights) == set(widths) == {5, 6, 7, 8, 9}
    np.testing.assert_array_equal(found.sum((1, 2)), heights * widths)  # one solid box each
    assert found.any(0)[0].any() and found.any(0)[-1].any() and found.any(0)[:, 0].any() and found.any(0)[:, -1].any()
    assert not mask(40, 50, uniforms(3), 5.0, 9.0, np.zeros(3, np.int32)).any()


def test_paper_hint_is_ten_pixel_boxes_and_a_hundred_pixel_blur():
    picture, numbers = character(3, 64), uniforms(1)
    white = mask(64, 64, numbers, 10.0, 10.0, [30])[0, ..., None]
    expected = cv2.blur(np.where(white > 0, 1.0, picture[0]), (100, 100))
    np.testing.assert_allclose(simulate(picture, tf.constant(numbers), "paper")[0], expected, atol=2e-5)


def test_proportional_hint_keeps_its_proportions_at_every_size():
    small, large = (simulate(character(3, side), tf.constant(uniforms(1)), "proportional")[0].numpy() for side in (64, 256))
    np.testing.assert_allclose(cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA), small, atol=0.12)
    assert small.std((0, 1)).min() > 0.02  # not one flat color


def test_share_without_hint():
    pictures = tf.constant(normalize(np.random.default_rng(0).integers(0, 256, (2000, 16, 16, 3), np.uint8)))
    numbers = tf.constant(uniforms(2000))
    white = (simulate(pictures, numbers, "proportional", hint_dropout=0.2).numpy() == 1).all((1, 2, 3))
    assert abs(white.mean() - 0.2) < 0.04
    np.testing.assert_array_equal(white, simulated_hints.is_unhinted(numbers, 0.2))
    assert (simulate(pictures, numbers, "none").numpy() == 1).all()


def test_mixed_hints_hold_every_kind_and_stay_in_range():
    picture = character(5, 64)
    found = simulate(tf.repeat(picture, 300, 0), tf.constant(uniforms(300)), "mixed").numpy()
    assert found.min() >= -1 - 1e-5 and found.max() <= 1 + 1e-5
    white = (found == 1).all(-1).mean((1, 2))
    assert 0.2 < (white > 0.05).mean() < 0.45  # strokes on untouched paper

    numbers = uniforms(1)
    numbers[:, 1], numbers[:, 3] = 0.6, 0.5  # the softly blurred picture, by 0.08 of the side
    np.testing.assert_allclose(simulate(picture, tf.constant(numbers), "mixed")[0], cv2.blur(picture[0].numpy(), (5, 5)), atol=2e-5)
    for place, kind in ((0.2, "proportional"), (0.47, "paper")):
        numbers[:, 1] = place
        one, expected = (simulate(picture, tf.constant(numbers), name) for name in ("mixed", kind))
        np.testing.assert_array_equal(one, expected)


def test_strokes_have_the_colors_they_cover():
    picture, numbers = character(4, 64), uniforms(1)
    found = simulated_hints.strokes(picture, tf.constant(numbers), tf.constant([10])).numpy()[0]
    stroke = (found != 1).any(-1)
    assert 0.01 < stroke.mean() < 0.15
    np.testing.assert_allclose(found[stroke], cv2.blur(picture[0].numpy(), (3, 3))[stroke], atol=2e-5)
    np.testing.assert_array_equal(simulate(picture, tf.constant(numbers), "strokes")[0], found)
