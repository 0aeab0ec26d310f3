"""Fine line art and turned hues, against OpenCV and the colour spaces' own definitions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.data import characters
from mangastyle.images import to_float
from mangastyle.shade import augment


def grey(seed: int, size: int = 64) -> np.ndarray:
    return cv2.cvtColor(characters.draw(seed, size), cv2.COLOR_RGB2GRAY).astype(np.float32)


def fine(picture: np.ndarray, window: float = 0.3, darker: float = 0.3, strength: float = 0.3) -> np.ndarray:
    """Fine lines (h, w), for draws that say how."""
    made = augment.fine_lines(tf.constant(picture[None]), tf.constant([[window, darker, strength]], tf.float32))
    return made.numpy()[0, ..., 0]


def test_is_the_threshold_of_the_enlarged_picture_reduced_again():
    picture = grey(1)
    large = cv2.resize(picture, (192, 192), interpolation=cv2.INTER_CUBIC)
    ink = (large < cv2.blur(large, (18, 18)) - (1.5 + 12 * 0.3**2)).astype(np.float32)  # window 3 (3 + 10 * 0.3)
    expected = 1 - 2 * np.minimum(1, 0.95 * cv2.resize(ink, (64, 64), interpolation=cv2.INTER_AREA))
    assert np.abs(fine(picture) - expected).mean() < 0.05  # the two enlarge differently


def test_lines_are_thinner_than_the_papers_and_soft():
    picture = characters.draw(7, 64)
    paper = cv2.adaptiveThreshold(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 2)
    made = fine(grey(7), window=0.0)
    assert (1 - made).mean() / 2 < 0.8 * (paper == 0).mean()
    assert ((made > -0.9) & (made < 0.9)).mean() > 0.05


@pytest.mark.parametrize("which", ["window", "darker", "strength"])
def test_every_draw_changes_the_weight_of_the_lines(which):
    less, more = ((1 - fine(grey(3), **{which: value})).mean() for value in (0.0, 0.9))
    assert less < more if which != "darker" else less > more


def test_blank_paper_has_no_lines():
    assert (fine(np.full((32, 40), 200, np.float32)) == 1).all()


def test_hue_turns_and_greys_stay():
    colours = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [0.4, 0.4, 0.4]], np.float32)[None, None]
    third = augment.turn_hue(tf.constant(colours), tf.constant([1 / 3])).numpy()[0, 0]
    np.testing.assert_allclose(third, np.array([[-1, 1, -1], [-1, -1, 1], [1, -1, -1], [0.4, 0.4, 0.4]]), atol=1e-5)


def test_a_full_turn_changes_nothing_and_half_of_one_keeps_lightness():
    picture = 0.5 * to_float(characters.draw(5, 32))[None]  # far from the limits
    for turn, same in ((0.0, True), (1.0, True), (0.5, False)):
        turned = augment.turn_hue(tf.constant(picture), tf.constant([turn], tf.float32)).numpy()
        np.testing.assert_allclose(turned.mean(-1), picture.mean(-1), atol=1e-5)
        assert np.allclose(turned, picture, atol=1e-5) == same
