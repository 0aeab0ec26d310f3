"""Masks: what is accepted, what is refused, and that reducing them keeps the share that is painted."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import block_reduce

from mangastyle.errors import MangastyleError
from mangastyle.ops import masks, pixels


def half(height: int = 40, width: int = 48) -> np.ndarray:
    gray = np.zeros((height, width), np.uint8)
    gray[:, : width // 2] = 255
    return gray


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, bool])
@pytest.mark.parametrize("channels", [1, 3])
def test_white_paints_and_black_does_not(dtype, channels):
    mask = half() if dtype == np.uint8 else (half() / 255).astype(dtype)
    found = masks.to_mask(mask if channels == 1 else np.repeat(mask[..., None], 3, axis=2))
    assert found.dtype == np.float32 and found.shape == (40, 48)
    np.testing.assert_allclose(found, half() / 255, atol=1e-6)


def test_luma_of_colors_counts():
    picture = np.full((10, 10, 3), (255, 255, 0), np.uint8)
    assert masks.to_mask(picture) == pytest.approx(0.299 + 0.587, abs=0.003)
    assert masks.to_mask(picture / 255) == pytest.approx(0.299 + 0.587, abs=0.003)
    assert masks.to_mask(np.full((10, 10), 51, np.uint8)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (half().tolist(), "not list"),
        (half()[None, None], r"not uint8 \(1, 1, 40, 48\)"),
        (half()[..., None], r"not uint8 \(40, 48, 1\)"),
        (half().astype(np.int32), r"not int32 \(40, 48\)"),
        (half()[:0], r"not uint8 \(0, 48\)"),
        (half().astype(np.float32), "values from 0 to 255"),
        (np.full((4, 4), np.nan), "values from nan to nan"),
        (np.zeros((40, 48), np.uint8), "black everywhere"),
    ],
)
def test_no_mask_is_refused(mask, message):
    with pytest.raises(MangastyleError, match=f"`masks`: .*{message}"):
        masks.to_mask(mask)


def test_mask_of_another_size_is_refused():
    with pytest.raises(MangastyleError, match="this mask is 48x40 .* content 40x48; resize the mask to 40x48"):
        masks.check_size(half().shape, 48, 40)


@pytest.mark.parametrize("size", [(20, 24), (40, 48), (100, 75)])
def test_fit(size):
    fitted = masks.fit(half().astype(np.float32) / 255, *size)
    assert fitted.shape == size and fitted.dtype == np.float32
    assert fitted.min() == 0 and fitted.max() == 1
    assert fitted.mean() == pytest.approx(0.5, abs=0.01)


def test_layers_get_area_averages():
    mask = np.random.default_rng(0).random((48, 32), np.float32)
    reduced = masks.at_layers(mask, {"relu1_1": (48, 32), "relu3_1": (12, 8), "relu3_2": (12, 8), "relu5_1": (3, 2)})
    np.testing.assert_array_equal(reduced["relu1_1"][0, :, :, 0], mask)
    for name, factor in (("relu3_1", 4), ("relu3_2", 4), ("relu5_1", 16)):
        expected = block_reduce(mask, factor, np.mean)
        assert reduced[name].dtype == np.float32 and reduced[name].shape == (1, *expected.shape, 1)
        np.testing.assert_allclose(reduced[name][0, :, :, 0], expected, rtol=1e-5)


def test_share_that_is_painted_is_the_same_at_layers_of_odd_sizes():
    mask = pixels.normalize(half(33, 47)) / 2 + 0.5
    for name, share in masks.at_layers(mask, {"relu2_1": (16, 23), "relu5_1": (2, 2)}).items():
        assert share.mean() == pytest.approx(mask.mean(), abs=1e-5), name
