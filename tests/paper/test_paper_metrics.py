"""The paper's formulas against the snippet itself, and where they mislead."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from mangastyle.evaluate import metrics
from mangastyle.paper import metrics as paper
from mangastyle.synthetic import characters


def noise(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return characters.draw(0, 128)


def test_all_metrics_are_in_one_table():
    assert set(paper.ALL_METRICS) == {"perceptual", *metrics.METRICS, *paper.PAPER_METRICS}
    assert all(name.endswith("_paper") for name in paper.PAPER_METRICS)


def test_pixel_difference_is_the_snippet():
    def equalized(rgb):
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        return np.array([[int(255 * np.mean(gray <= level)) for level in row] for row in gray])

    a, b = noise(0, 9, 11), noise(1, 9, 11) // 3
    expected = np.sum(np.abs(equalized(a) - equalized(b))) / (9 * 11) / 255
    assert paper.pixel_difference_paper(a, b) == pytest.approx(expected)
    assert paper.pixel_difference_paper(a, a // 2) < 0.02 < 0.2 < metrics.mean_absolute_difference(a, a // 2)  # half as bright


def test_emd_ignores_where_bins_are():
    gray = np.repeat(noise(0, 64, 64)[..., :1], 3, -1)
    assert paper.emd_paper(gray, 255 - gray) < 0.002
    assert metrics.emd(gray, np.zeros_like(gray)) > 0.4 and paper.emd_paper(gray, np.zeros_like(gray)) < 0.01


def test_sift_similarity_counts_matched_keypoints_alone(drawn):
    # Five eighths of the picture are gone: most of the rest is matched, and unmatched keypoints do not count.
    cut = drawn.copy()
    cut[:, 48:] = 255
    assert paper.sift_similarity_paper(drawn, cut) > 0.55 > 0.45 > metrics.sift_similarity(drawn, cut)


def test_emd_of_a_shift_is_zero():
    picture = noise(0) // 2  # up to 127: no level is cut off
    assert paper.emd_paper(picture, picture + np.uint8(40)) == pytest.approx(0, abs=1e-12)


def test_ssim_ignores_colors_of_equal_luminance():
    red = np.random.default_rng(0).integers(0, 120, (32, 32, 1), np.uint8) * np.uint8([1, 0, 0])
    green = np.zeros_like(red)
    green[..., 1] = np.rint(red[..., 0] * 0.299 / 0.587)
    assert paper.ssim_paper(red, green) > 0.98 > 0.6 > metrics.ssim(red, green)


def test_no_keypoints(drawn):
    empty = np.full((128, 128, 3), 90, np.uint8)
    assert math.isnan(paper.sift_similarity_paper(empty, empty)) and math.isnan(paper.sift_similarity_paper(drawn, empty))
