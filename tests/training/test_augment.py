"""Thin line art and rotated hues, against OpenCV and the color spaces' own definitions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.ops.pixels import normalize
from mangastyle.ops.random import uniforms
from mangastyle.shade.simulated_hints import NUM_UNIFORMS, columns, is_unhinted
from mangastyle.synthetic import characters
from mangastyle.training import augment
from mangastyle.training.examples import compiled_examples, make_training_examples
from mangastyle.training.settings import ExampleSettings


def gray(seed: int, size: int = 64) -> np.ndarray:
    return cv2.cvtColor(characters.draw(seed, size), cv2.COLOR_RGB2GRAY).astype(np.float32)


def thin(picture: np.ndarray, window: float = 0.3, darker: float = 0.3, strength: float = 0.3) -> np.ndarray:
    """Thin lines (h, w) of this style."""
    made = augment.thin_lines(tf.constant(picture[None]), tf.constant([[window, darker, strength]], tf.float32))
    return made.numpy()[0, ..., 0]


def test_is_the_threshold_of_the_enlarged_picture_reduced_again():
    picture = gray(1)
    large = cv2.resize(picture, (192, 192), interpolation=cv2.INTER_CUBIC)
    ink = (large < cv2.blur(large, (18, 18)) - (1.5 + 12 * 0.3**2)).astype(np.float32)  # window 3 (3 + 10 * 0.3)
    expected = 1 - 2 * np.minimum(1, 0.95 * cv2.resize(ink, (64, 64), interpolation=cv2.INTER_AREA))
    assert np.abs(thin(picture) - expected).mean() < 0.05  # the two enlarge differently


def test_lines_are_thinner_than_the_papers_and_soft():
    picture = characters.draw(7, 64)
    paper = cv2.adaptiveThreshold(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 2)
    made = thin(gray(7), window=0.0)
    assert (1 - made).mean() / 2 < 0.8 * (paper == 0).mean()
    assert ((made > -0.9) & (made < 0.9)).mean() > 0.05


@pytest.mark.parametrize("which", ["window", "darker", "strength"])
def test_every_number_of_the_style_changes_the_weight_of_the_lines(which):
    less, more = ((1 - thin(gray(3), **{which: value})).mean() for value in (0.0, 0.9))
    assert less < more if which != "darker" else less > more


def test_blank_paper_has_no_lines():
    assert (thin(np.full((32, 40), 200, np.float32)) == 1).all()


def test_hue_rotates_and_grays_stay():
    colors = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [0.4, 0.4, 0.4]], np.float32)[None, None]
    third = augment.rotate_hue(tf.constant(colors), tf.constant([1 / 3])).numpy()[0, 0]
    np.testing.assert_allclose(third, np.array([[-1, 1, -1], [-1, -1, 1], [1, -1, -1], [0.4, 0.4, 0.4]]), atol=1e-5)


def test_a_full_turn_changes_nothing_and_half_of_one_keeps_lightness():
    picture = 0.5 * normalize(characters.draw(5, 32))[None]  # far from the limits
    for turn, same in ((0.0, True), (1.0, True), (0.5, False)):
        turned = augment.rotate_hue(tf.constant(picture), tf.constant([turn], tf.float32)).numpy()
        np.testing.assert_allclose(turned.mean(-1), picture.mean(-1), atol=1e-5)
        assert np.allclose(turned, picture, atol=1e-5) == same


# ---- the table: whole examples


PICTURES = np.stack([characters.draw(seed, 32) for seed in range(16)])
NUMBERS = uniforms(0, 0, len(PICTURES), NUM_UNIFORMS)


def examples(**changes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    settings = ExampleSettings(**{"hint": "proportional", **vars(ExampleSettings.plain("proportional")), **changes})
    return tuple(x.numpy() for x in make_training_examples(tf.constant(PICTURES), tf.constant(NUMBERS), settings))


def test_plain_examples_are_the_papers_line_art_and_the_picture():
    line, hint, color = examples()
    np.testing.assert_allclose(color, normalize(PICTURES), atol=1e-6)
    for picture, found in zip(PICTURES, line):
        paper = cv2.adaptiveThreshold(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 2)
        np.testing.assert_array_equal(found[..., 0], np.where(paper == 255, 1, -1))
    assert hint.shape == color.shape and (hint < 1).any((1, 2, 3)).all()


def test_every_augmentation_is_a_setting_and_changes_its_share_of_the_examples():
    assert set(augment.AUGMENTATIONS) <= vars(ExampleSettings()).keys()
    plain, u = examples(), columns(tf.constant(NUMBERS))
    mirrored = u.flip.numpy() < 0.5
    for before, after in zip(plain[::2], examples(flip=True)[::2]):  # hints have boxes of their own
        np.testing.assert_array_equal(after, np.where(mirrored[:, None, None, None], before[:, :, ::-1], before))
    line, hint, color = examples(thin_line_prob=0.5)
    np.testing.assert_array_equal(color, plain[2])
    np.testing.assert_array_equal((line != plain[0]).any((1, 2, 3)), u.thin_line.numpy() < 0.5)
    line, hint, color = examples(hue_shift_prob=0.5, hint_dropout=0.3)
    np.testing.assert_array_equal(line, plain[0])
    unhinted = is_unhinted(tf.constant(NUMBERS), 0.3).numpy()
    np.testing.assert_array_equal((color != plain[2]).any((1, 2, 3)), (u.hue_shift.numpy() < 0.5) & ~unhinted)
    assert (hint[unhinted] == 1).all() and unhinted.any()


def test_compiled_examples_are_the_same_at_every_size():
    settings = ExampleSettings(flip=True)
    assert compiled_examples(settings) is compiled_examples(ExampleSettings())
    for size in (16, 32):
        pictures = tf.constant(PICTURES[:, :size, :size])
        compiled = compiled_examples(settings)(pictures, tf.constant(NUMBERS))
        for one, other in zip(compiled, make_training_examples(pictures, tf.constant(NUMBERS), settings)):
            np.testing.assert_allclose(one, other, atol=1e-5)
