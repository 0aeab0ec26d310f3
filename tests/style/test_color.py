"""Colors kept: against NumPy's covariance and scikit-image's Lab, and on pictures without color."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from mangastyle.style import color


def colored(mean, spread, seed=0, size=(40, 50)) -> np.ndarray:
    """A picture of correlated colors, far enough from 0 and 255 that none is clipped."""
    generator = np.random.default_rng(seed)
    mixing = generator.normal(size=(3, 3))
    mixing *= spread / np.linalg.norm(mixing, axis=0)
    return np.rint(generator.uniform(-1, 1, (*size, 3)) @ mixing + mean).astype(np.uint8)


def moments(picture: np.ndarray):
    colors = picture.reshape(-1, 3).T.astype(float)
    return colors.mean(1), np.cov(colors, bias=True)


PAINTING, CONTENT = colored((120, 90, 140), 40), colored((130, 125, 110), 55, seed=1, size=(30, 70))
GRAY = np.repeat(np.arange(60, 180, 2, np.uint8).reshape(6, 10, 1), 3, axis=2)
RED = np.full((5, 6, 3), (200, 40, 60), np.uint8)


def test_mean_and_covariance_become_the_contents():
    mean, covariance = moments(color.match_colors(PAINTING, CONTENT))
    target_mean, target_covariance = moments(CONTENT)
    np.testing.assert_allclose(mean, target_mean, atol=0.1)
    np.testing.assert_allclose(covariance, target_covariance, atol=0.02 * np.abs(target_covariance).max())


def test_colors_that_match_already_stay():
    np.testing.assert_array_equal(color.match_colors(PAINTING, PAINTING), PAINTING)
    shuffled = np.random.default_rng(0).permutation(PAINTING.reshape(-1, 3)).reshape(PAINTING.shape)
    np.testing.assert_array_equal(color.match_colors(PAINTING, shuffled), PAINTING)


def test_map_is_the_symmetric_one_of_image_analogies():
    # Between pictures whose channels are independent it scales each channel; other square roots would mix them.
    a, b = np.random.default_rng(2).integers(60, 200, (2, 200, 200, 3))
    b[..., 0] = (b[..., 0] - 128) // 2 + 128
    changed = color.match_colors(a.astype(np.uint8), b.astype(np.uint8))
    for channel in range(3):
        assert abs(np.corrcoef(changed[..., channel].ravel(), a[..., channel].ravel())[0, 1]) > 0.999


@pytest.mark.parametrize("content", [GRAY, np.zeros_like(RED), np.full_like(RED, 255)])
def test_gray_content_makes_the_painting_gray(content):
    matched = color.match_colors(PAINTING, content)
    assert matched.dtype == np.uint8 and matched.shape == PAINTING.shape
    np.testing.assert_allclose(moments(matched)[0], moments(content)[0], atol=1)
    assert np.ptp(matched.astype(int), axis=-1).max() <= 6
    assert np.ptp(matched.astype(int), axis=-1).mean() < 2


def test_content_of_one_color_makes_the_painting_that_color():
    assert np.abs(color.match_colors(PAINTING, RED).astype(int) - RED[0, 0]).max() <= 3


def test_gray_painting_is_stretched_along_the_contents_colors_alone():
    matched = color.match_colors(GRAY, CONTENT)
    np.testing.assert_allclose(moments(matched)[0], moments(CONTENT)[0], atol=1)
    values = np.linalg.eigvalsh(moments(matched)[1])
    assert values[-1] > 100 and values[1] < 1  # still one line of colors
    assert (color.match_colors(RED, CONTENT) == np.rint(moments(CONTENT)[0])).all()


def test_noise_of_a_nearly_gray_painting_is_not_blown_up():
    noisy = GRAY.astype(int) + np.random.default_rng(0).integers(0, 2, GRAY.shape)
    matched = color.match_colors(noisy.astype(np.uint8), CONTENT)
    assert np.linalg.eigvalsh(moments(matched)[1])[0] < 0.5 * np.linalg.eigvalsh(moments(CONTENT)[1])[0]


def test_bounds():
    dark, bright = colored((30, 30, 30), 25), colored((240, 235, 20), 14, seed=3)
    for result in (color.match_colors(dark, bright), color.match_lightness(dark, bright)):
        assert result.dtype == np.uint8 and result.shape == dark.shape


def test_lightness_becomes_the_contents_and_chroma_stays():
    found = rgb2lab(color.match_lightness(PAINTING, CONTENT))
    target, before = rgb2lab(CONTENT), rgb2lab(PAINTING)
    assert found[..., 0].mean() == pytest.approx(target[..., 0].mean(), abs=0.2)
    assert found[..., 0].std() == pytest.approx(target[..., 0].std(), abs=0.2)
    assert np.abs(found[..., 1:] - before[..., 1:]).mean() < 0.5


def test_lightness_of_flat_pictures():
    flat = color.match_lightness(RED, CONTENT)
    assert (flat == flat[0, 0]).all()
    assert rgb2lab(flat)[..., 0].mean() == pytest.approx(rgb2lab(CONTENT)[..., 0].mean(), abs=1)
    assert rgb2lab(color.match_lightness(PAINTING, GRAY[:1, :1]))[..., 0].std() < 0.5


def test_painted_lightness_with_the_contents_chroma():
    content = colored((130, 125, 110), 20, seed=1)
    painted = colored((120, 110, 140), 20)
    found = rgb2lab(color.keep_colors(painted, content))
    np.testing.assert_allclose(found[..., 0], rgb2lab(painted)[..., 0], atol=0.5)
    np.testing.assert_allclose(found[..., 1:], rgb2lab(content)[..., 1:], atol=1.5)


def test_keeping_the_colors_of_the_same_picture_changes_nothing():
    every = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    for unchanged in (color.keep_colors(every, every), color.match_lightness(every, every)):
        assert np.abs(unchanged.astype(int) - every).max() <= 1


def test_gray_content_gives_a_gray_picture():
    kept = color.keep_colors(colored((120, 110, 140), 40, size=GRAY.shape[:2]), GRAY)
    assert np.ptp(kept.astype(int), axis=-1).max() <= 1
