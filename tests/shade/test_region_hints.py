"""Hints that cover the picture: a coloring, sharp or blurred."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mangastyle.engine import tf
from mangastyle.ops import lab
from mangastyle.shade.region_hints import almost_gaussian, read_hint
from mangastyle.shade.region_tensors import describe

COLORS = np.random.default_rng(5).integers(30, 256, (12, 3)).astype(np.uint8)


def patchwork(height: int = 300, width: int = 400) -> np.ndarray:
    """Twelve regions between slanting borders."""
    y, x = np.mgrid[:height, :width]
    return ((x + y // 5) * 4 // (width + height // 5) + 4 * ((y + x // 9) * 3 // (height + width // 9))).astype(np.int32)


@tf.function(reduce_retracing=True)  # eagerly each call takes thousands of operations
def read_traced(labels: tf.Tensor, ink: tf.Tensor, rgb: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    regions, hint = read_hint(describe(labels, 12), lambda: ink, rgb, mask)
    return regions.labels, lab.lab_to_rgb(hint.colors), hint.known


def read(rgb: np.ndarray, mask: np.ndarray | None = None, ink: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    labels = patchwork()
    mask, ink = (np.float32(np.full(labels.shape, level) if x is None else x) for x, level in ((mask, 1), (ink, 0)))
    found, colors, known = read_traced(*map(tf.constant, (labels, ink, rgb, mask)))
    np.testing.assert_array_equal(found, labels)
    return colors.numpy(), known.numpy()


@pytest.mark.parametrize("sigma", [0, pytest.param(4, marks=pytest.mark.slow), 9, pytest.param(18, marks=pytest.mark.slow)])
def test_the_colors_before_the_blur_are_found(sigma):
    picture = COLORS[patchwork()]
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma) if sigma else picture
    found, known = read(blurred)
    assert known.all()
    plain = np.array([blurred[patchwork() == i].mean(0) for i in range(12)])
    error, of_means = np.abs(found - COLORS).mean(), np.abs(plain - COLORS).mean()
    assert error < (0.2 if sigma == 0 else 4), error
    assert sigma < 9 or error < of_means / 3


def test_a_sharp_hint_gives_medians_and_lines_do_not_count():
    labels = patchwork()
    picture = COLORS[labels]
    picture[::7] = 255  # less than half of each region
    ink = np.zeros(labels.shape)
    ink[100:110], picture[100:110] = 1, 0
    np.testing.assert_allclose(read(picture, ink=ink)[0], COLORS, atol=0.6)


def test_regions_that_the_hint_does_not_cover_stay_unknown():
    labels = patchwork()
    mask = labels > 1
    found, known = read(COLORS[labels], mask=mask)
    assert known.tolist() == [0, 0] + [1] * 10
    np.testing.assert_allclose(found[2:], COLORS[2:], atol=0.6)


@pytest.mark.slow
def test_a_small_hint_is_enlarged():
    small = cv2.resize(COLORS[patchwork()], (80, 60), interpolation=cv2.INTER_AREA)
    assert np.abs(read(small, mask=np.ones((60, 80)))[0] - COLORS).mean() < 5


def test_without_a_hint_nothing_is_known():
    assert not read(np.zeros((1, 1, 3), np.uint8), mask=np.zeros((1, 1)))[1].any()


@pytest.mark.parametrize("box", [3, 9, 21])
def test_three_boxes_are_almost_a_gaussian(box):
    picture = np.random.default_rng(0).normal(100, 40, (90, 120, 3)).astype(np.float32)
    found = almost_gaussian(picture, box).numpy()
    border = 2 * box
    expected = cv2.GaussianBlur(picture, (0, 0), np.sqrt((box**2 - 1) / 4))
    inner = (slice(border, -border), slice(border, -border))
    np.testing.assert_allclose(found[inner], expected[inner], atol=4)


@pytest.mark.parametrize("covered", [0.0, 0.2, 0.9])
def test_lines_count_only_for_a_hint_that_covers_most_of_the_picture(covered):
    looked: list[bool] = []

    def ink() -> tf.Tensor:
        looked.append(True)
        return tf.zeros(patchwork().shape)

    mask = np.zeros(patchwork().shape, np.float32)
    mask[: round(covered * len(mask))] = 1
    read_hint(describe(patchwork(), 12), ink, COLORS[patchwork()], mask)  # outside of a graph, one branch runs
    assert looked == [True] * (covered == 0.9)
