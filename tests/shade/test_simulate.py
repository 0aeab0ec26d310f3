"""The batched TensorFlow line art and hints against OpenCV and NumPy."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.data import characters
from mangastyle.images import to_float
from mangastyle.shade import simulate

SIZES = [(64, 64), (31, 33), (65, 97), (8, 8), (9, 128)]


def random_pictures(height, width, count=3):
    return np.random.default_rng(height * width).integers(0, 256, (count, height, width, 3), np.uint8)


def draws(count, seed=0):
    return np.random.default_rng(seed).random((count, simulate.DRAWS), np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_grey_is_bit_identical_to_opencv(size):
    pictures = random_pictures(*size)
    expected = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pictures]
    np.testing.assert_array_equal(simulate.grey(tf.constant(pictures)), expected)


@pytest.mark.parametrize("block, c", [(9, 2), (3, 0), (25, 5), (11, -3), (9, 1.5), (101, 2)])
@pytest.mark.parametrize("size", SIZES)
def test_sketch_is_bit_identical_to_opencv(size, block, c):
    drawn = cv2.resize(characters.draw(1, 64), size[::-1])[None]
    for pictures in (random_pictures(*size), drawn):
        expected = [
            cv2.adaptiveThreshold(
                cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, c
            )
            for p in pictures
        ]
        made = simulate.sketch(tf.constant(pictures), block, c)
        assert made.shape == (*pictures.shape[:3], 1)
        np.testing.assert_array_equal(np.where(made[..., 0] > 0, 255, 0), expected)


def test_boxes_lie_inside_have_their_sizes_and_count():
    mask = simulate.boxes(tf.constant(draws(3000)), 40, 50, 5.0, 9.0, tf.ones(3000, tf.int32)).numpy()[..., 0]
    heights, widths = mask.any(2).sum(1), mask.any(1).sum(1)
    assert set(heights) == set(widths) == {5, 6, 7, 8, 9}
    np.testing.assert_array_equal(mask.sum((1, 2)), heights * widths)  # one solid box each
    assert mask.any(0)[0].any() and mask.any(0)[-1].any() and mask.any(0)[:, 0].any() and mask.any(0)[:, -1].any()
    none = simulate.boxes(tf.constant(draws(3)), 40, 50, 5.0, 9.0, tf.zeros(3, tf.int32))
    assert not none.numpy().any()


def test_paper_hint_is_ten_pixel_boxes_and_a_hundred_pixel_blur():
    picture = to_float(characters.draw(3, 64))[None]
    numbers = draws(1)
    mask = simulate.boxes(tf.constant(numbers), 64, 64, 10.0, 10.0, tf.constant([30])).numpy()[0]
    expected = cv2.blur(np.where(mask > 0, 1.0, picture[0]), (100, 100))
    made = simulate.blurred(tf.constant(picture), tf.constant(numbers), "paper")[0]
    np.testing.assert_allclose(made, expected, atol=2e-5)


def test_default_hint_keeps_its_proportions_at_every_size():
    small, large = (
        simulate.blurred(tf.constant(to_float(characters.draw(3, s))[None]), tf.constant(draws(1)), "default")[0].numpy()
        for s in (64, 256)
    )
    np.testing.assert_allclose(cv2.resize(large, (64, 64), interpolation=cv2.INTER_AREA), small, atol=0.12)
    assert small.std((0, 1)).min() > 0.02  # not one flat colour


def test_share_without_hint():
    pictures = tf.constant(to_float(random_pictures(16, 16, 2000)))
    made = simulate.hints(pictures, tf.constant(draws(2000)), "default", no_hint=0.2).numpy()
    assert abs((made == 1).all((1, 2, 3)).mean() - 0.2) < 0.04
    assert (simulate.hints(pictures, tf.constant(draws(2000)), "none").numpy() == 1).all()


def test_mixed_hints_hold_every_kind_and_stay_in_range():
    picture = np.repeat(to_float(characters.draw(5, 64))[None], 300, 0)
    made = simulate.mixed(tf.constant(picture), tf.constant(draws(300))).numpy()
    assert made.min() >= -1 - 1e-5 and made.max() <= 1 + 1e-5
    white = (made == 1).all(-1).mean((1, 2))
    assert 0.2 < (white > 0.05).mean() < 0.45  # dabs on untouched paper

    numbers = draws(1)
    numbers[:, 1], numbers[:, 3] = 0.6, 0.5  # the softly blurred picture, by 0.08 of the side
    soft = simulate.mixed(tf.constant(picture[:1]), tf.constant(numbers))[0]
    np.testing.assert_allclose(soft, cv2.blur(picture[0], (5, 5)), atol=2e-5)
    for place, kind in ((0.2, "default"), (0.47, "paper")):
        numbers[:, 1] = place
        one = simulate.mixed(tf.constant(picture[:1]), tf.constant(numbers))
        np.testing.assert_array_equal(one, simulate.blurred(tf.constant(picture[:1]), tf.constant(numbers), kind))


def test_strokes_have_the_colours_they_cover():
    picture = to_float(characters.draw(4, 64))[None]
    numbers = draws(1)
    made = simulate.strokes(tf.constant(picture), tf.constant(numbers), tf.constant([10])).numpy()[0]
    said = (made != 1).any(-1)
    assert 0.01 < said.mean() < 0.15
    np.testing.assert_allclose(made[said], cv2.blur(picture[0], (3, 3))[said], atol=2e-5)
    ten = simulate.hints(tf.constant(picture), tf.constant(numbers), "strokes").numpy()[0]
    np.testing.assert_array_equal(ten, made)


def test_fine_lines_and_hues_come_in_their_shares():
    picture = np.repeat(characters.draw(2, 32)[None], 400, 0)
    numbers = draws(400)
    line, hint, colour = simulate.examples(tf.constant(picture), tf.constant(numbers), "default", no_hint=0.3, fine=0.6, hues=0.25)
    plain_line, _, plain = simulate.examples(tf.constant(picture), tf.constant(numbers), "default", no_hint=0.3)
    assert abs((line != plain_line).numpy().any((1, 2, 3)).mean() - 0.6) < 0.06
    turned = (np.abs(colour - plain) > 0.02).any((1, 2, 3))
    silent = (hint == 1).numpy().all((1, 2, 3))
    assert abs(silent.mean() - 0.3) < 0.06 and abs(turned[~silent].mean() - 0.25) < 0.06
    assert not turned[silent].any()  # skin stays skin where nothing says otherwise


def test_flip_mirrors_line_hint_and_colour_together():
    picture = characters.draw(2, 32)
    numbers = np.repeat(draws(1), 2, 0)
    numbers[:, 0] = [0.2, 0.8]
    line, hint, colour = simulate.examples(tf.constant(np.stack([picture] * 2)), tf.constant(numbers), "default", flip=True)
    np.testing.assert_array_equal(colour[0], to_float(picture)[:, ::-1])
    np.testing.assert_array_equal(colour[1], to_float(picture))
    np.testing.assert_array_equal(line[0], simulate.sketch(tf.constant(picture[None, :, ::-1]))[0])
    assert hint.shape == colour.shape


def test_compiled_examples_are_the_same_at_any_size_from_one_trace():
    made = simulate.compiled_examples("mixed", 0.2, True, 0.5, 0.3)
    for count, side in ((3, 48), (2, 64), (5, 33)):
        random = np.random.default_rng(side)
        pictures = tf.constant(random.integers(0, 256, (count, side, side, 3), np.uint8))
        numbers = tf.constant(random.random((count, simulate.DRAWS), np.float32))
        for found, expected in zip(made(pictures, numbers), simulate.examples(pictures, numbers, "mixed", 0.2, True, 0.5, 0.3)):
            np.testing.assert_allclose(found, expected, atol=1e-5)
    assert made is simulate.compiled_examples("mixed", 0.2, True, 0.5, 0.3) and made.experimental_get_tracing_count() == 1
