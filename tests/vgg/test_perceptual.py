"""The perceptual distance against the same sums made by hand, on a narrow VGG-19 of random weights."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mangastyle.synthetic import characters
from mangastyle.vgg.network import features
from mangastyle.vgg.perceptual import PERCEPTUAL_LAYERS, Perceptual


@pytest.fixture
def pictures() -> np.ndarray:
    return np.stack([characters.draw(seed, 48) for seed in range(3)])


def test_is_the_mean_of_one_minus_the_cosines(narrow, pictures):
    found = Perceptual(narrow)(pictures, pictures[::-1])
    f, p = (features(narrow, PERCEPTUAL_LAYERS, winograd=False)(x.astype(np.float32)) for x in (pictures, pictures[::-1]))
    expected = np.zeros(3)
    for name in PERCEPTUAL_LAYERS:
        a, b = f[name].numpy(), p[name].numpy()
        sizes = np.linalg.norm(a, axis=-1), np.linalg.norm(b, axis=-1)
        cosines = (a * b).sum(-1) / np.maximum(sizes[0] * sizes[1], 1e-12)
        empty = (sizes[0] == 0).astype(int) + (sizes[1] == 0)  # of the two: no angle, but as far as a zero from a unit
        expected += np.choose(empty, [1 - cosines, 0.5, 0]).mean((1, 2)) / len(PERCEPTUAL_LAYERS)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_equal_pictures_and_order(narrow, pictures):
    distance = Perceptual(narrow)
    np.testing.assert_allclose(distance(pictures, pictures), 0, atol=1e-5)
    np.testing.assert_allclose(distance(pictures, pictures[::-1]), distance(pictures[::-1], pictures), rtol=1e-5)


def test_a_softened_picture_is_nearer_than_another(narrow, pictures):
    softened = np.stack([cv2.GaussianBlur(x, (0, 0), 1) for x in pictures])
    distance = Perceptual(narrow)
    assert (distance(softened, pictures) < distance(np.roll(pictures, 1, 0), pictures)).all()


def test_batches_are_their_pictures(narrow, pictures):
    distance = Perceptual(narrow)
    alone = [distance(pictures[i : i + 1], pictures[i - 1 : i or None])[0] for i in (1, 2)]
    np.testing.assert_allclose(distance(pictures[1:], pictures[:-1]), alone, rtol=1e-4)
