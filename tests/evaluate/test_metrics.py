"""Metrics against scikit-image, SciPy, POT, closed forms, and pictures made by hand; properties of all, the paper's formulas too."""

from __future__ import annotations

import math

import cv2
import numpy as np
import ot
import pytest
import scipy.optimize
import skimage.metrics

from mangastyle.errors import MangastyleError
from mangastyle.evaluate import metrics
from mangastyle.evaluate.metrics import METRICS
from mangastyle.paper.metrics import PAPER_METRICS
from mangastyle.synthetic import characters

PAIRWISE = {**METRICS, **PAPER_METRICS}
BOUNDS = {"psnr": (0, math.inf), "euclidean_difference": (0, 100), "ssim": (-1, 1), "ssim_paper": (-1, 1)}  # others: 0..1
ALL = pytest.mark.parametrize("name", PAIRWISE)


def value(name: str, a: np.ndarray, b: np.ndarray) -> float:
    return PAIRWISE[name].function(a, b)


def noise(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def flat(*color: int, height: int = 16, width: int = 16) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    return [characters.draw(seed, 128) for seed in range(4)]


# All metrics


@ALL
def test_equal_pictures(name, drawn):
    assert value(name, drawn[0], drawn[0]) == pytest.approx(PAIRWISE[name].equal, abs=1e-9)


@ALL
def test_symmetric(name, drawn):
    for a, b in [(drawn[0], drawn[1]), (noise(0), noise(1)), (flat(10, 20, 30), flat(200, 20, 0))]:
        assert value(name, a, b) == pytest.approx(value(name, b, a), nan_ok=True)


@ALL
def test_within_bounds(name, drawn):
    low, high = BOUNDS.get(name, (0, 1))
    pairs = [(drawn[0], drawn[1]), (noise(0), noise(1)), (drawn[2], 255 - drawn[2]), (flat(0, 0, 0), flat(255, 255, 255))]
    for a, b in [*pairs, (noise(2, 8, 8), noise(3, 8, 8))]:
        found = value(name, a, b)
        assert math.isnan(found) or low - 1e-9 <= found <= high + 1e-9


@ALL
def test_better_for_the_more_alike(name, drawn):
    original = drawn[3]
    softened = cv2.GaussianBlur(original, (0, 0), 1.2)
    near, far = value(name, softened, original), value(name, drawn[1], original)
    assert near > far if PAIRWISE[name].higher else near < far


@ALL
def test_pictures_of_different_sizes(name):
    with pytest.raises(MangastyleError, match="48x40 and 47x40 pixels"):
        value(name, noise(0), noise(0, 40, 47))


@ALL
@pytest.mark.parametrize(
    "wrong", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3))], ids=["gray", "alpha", "float"]
)
def test_what_is_not_a_picture(name, wrong):
    with pytest.raises(MangastyleError, match="`generated`: must be uint8"):
        value(name, wrong, wrong)


@ALL
def test_the_smallest_pictures_do_not_crash(name):
    for side in (1, 2, 6, 8):
        value(name, noise(0, side, side), noise(1, side, side))


# Differences of pixels


def test_differences_closed_form():
    black, white, a, b = flat(0, 0, 0), flat(255, 255, 255), flat(100, 100, 100), flat(100, 151, 100)
    assert metrics.pixel_similarity(black, white) == 0 and metrics.euclidean_difference(black, white) == 100
    assert metrics.pixel_similarity(a, b) == pytest.approx(1 - 0.2 / 3)
    assert metrics.euclidean_difference(a, b) == pytest.approx(100 * 0.2 / math.sqrt(3))
    assert metrics.psnr(black, white) == pytest.approx(0) and metrics.psnr(a, a) == math.inf


def test_differences_do_not_wrap_around():
    assert (
        metrics.pixel_similarity(flat(1, 1, 1), flat(2, 2, 2))
        == metrics.pixel_similarity(flat(2, 2, 2), flat(1, 1, 1))
        == pytest.approx(1 - 1 / 255)
    )


def test_psnr_and_ssim_are_those_of_scikit_image(drawn):
    a, b = drawn[:2]
    assert metrics.psnr(a, b) == pytest.approx(skimage.metrics.peak_signal_noise_ratio(a, b, data_range=255))
    channels = [skimage.metrics.structural_similarity(a[..., c], b[..., c], data_range=255) for c in range(3)]
    assert metrics.ssim(a, b) == pytest.approx(np.mean(channels))
    distance = np.linalg.norm(a.astype(float) - b) / np.linalg.norm(np.full(a.shape, 255.0))
    assert metrics.euclidean_difference(a, b) == pytest.approx(100 * distance)


def test_ssim_depends_on_colors():
    generator = np.random.default_rng(0)
    red = generator.integers(0, 120, (32, 32, 1), np.uint8) * np.uint8([1, 0, 0])
    green = np.rint(red[..., ::-1] * 0).astype(np.uint8)
    green[..., 1] = np.rint(red[..., 0] * 0.299 / 0.587)  # as light
    assert metrics.ssim(red, green) < 0.6


# Earth movers


@pytest.mark.parametrize("k", [1, 40, 100])
def test_emd_of_a_shift(k):
    picture = noise(0) // 2  # up to 127: no level is cut off
    assert metrics.emd(picture, picture + np.uint8(k)) == pytest.approx(k / 255)


def test_emd_is_that_of_the_transport_problem():
    a, b = noise(0, 6, 7), noise(1, 6, 7)
    costs = []
    for c in range(3):
        distance = np.abs(a[..., c].reshape(-1, 1).astype(int) - b[..., c].reshape(1, -1)) / 255
        rows, columns = scipy.optimize.linear_sum_assignment(distance)  # as many pixels: a matching is optimal
        costs.append(distance[rows, columns].mean())
    assert metrics.emd(a, b) == pytest.approx(np.mean(costs))


def test_emd_of_two_colors():
    # Half black and half white against a quarter and three: a quarter of the picture goes all the way.
    even, odd = flat(0, 0, 0), flat(0, 0, 0)
    even[:8], odd[:12] = 255, 255
    assert metrics.emd(even, odd) == pytest.approx(0.25)
    assert metrics.emd_colors(even, odd) == pytest.approx(0.25)
    assert metrics.emd_colors(flat(0, 0, 0), flat(255, 255, 255)) == pytest.approx(1)
    assert metrics.emd_colors(flat(0, 0, 0), flat(0, 51, 0)) == pytest.approx(0.2 / math.sqrt(3))


def test_emd_of_colors_depends_on_which_values_go_together():
    # The same values in each channel: red and cyan, or black and white.
    a, b = flat(255, 0, 0), flat(0, 0, 0)
    a[:8], b[:8] = (0, 255, 255), (255, 255, 255)
    assert metrics.emd(a, b) == pytest.approx(0)
    assert metrics.emd_colors(a, b) == pytest.approx(1 / math.sqrt(3))


def test_emd_of_colors_is_that_of_the_whole_problem():
    # One color to each cell: the signature is the picture itself, and each pixel can be moved on its own.
    centers = np.stack(np.meshgrid(*[[30, 90, 160, 230]] * 3), -1).reshape(-1, 3).astype(np.uint8)
    a, b = (np.random.default_rng(seed).choice(centers, (5, 8)) for seed in (0, 1))
    distance = ot.dist(a.reshape(-1, 3) / 255, b.reshape(-1, 3) / 255, "euclidean")
    rows, columns = scipy.optimize.linear_sum_assignment(distance)
    assert metrics.emd_colors(a, b) == pytest.approx(distance[rows, columns].mean() / math.sqrt(3))


# Keypoints


def test_no_keypoints(drawn):
    empty = flat(90, 90, 90, height=128, width=128)
    assert math.isnan(metrics.sift_similarity(empty, empty))
    assert metrics.sift_similarity(drawn[0], empty) == metrics.sift_similarity(empty, drawn[0]) == 0


def test_keypoints_are_found_again_at_other_lightness_and_in_part(drawn):
    darker = (drawn[0] * 0.8).astype(np.uint8)
    assert metrics.sift_similarity(drawn[0], darker) > 0.6
    half = drawn[0].copy()
    half[64:] = 255
    assert 0.1 < metrics.sift_similarity(drawn[0], half) < 0.9
    assert metrics.sift_similarity(drawn[0], noise(0, 128, 128)) < 0.1
