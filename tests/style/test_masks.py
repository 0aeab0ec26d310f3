"""Masks: what is read, what is refused, and that reducing them keeps the share that is painted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from skimage.measure import block_reduce

from mangastyle import images
from mangastyle.errors import MangastyleError
from mangastyle.style import masks


def write(path, array) -> str:
    Image.fromarray(array).save(path)
    return str(path)


def half(height: int = 40, width: int = 48) -> np.ndarray:
    grey = np.zeros((height, width), np.uint8)
    grey[:, : width // 2] = 255
    return grey


def test_white_paints_and_black_does_not(tmp_path):
    left = half()
    right = np.repeat((255 - left)[..., None], 3, axis=2)
    first, second = masks.read(write(tmp_path / "a.png", left)), masks.read(write(tmp_path / "b.bmp", right))
    assert first.dtype == np.float32 and first.shape == (40, 48)
    np.testing.assert_array_equal(first, left / 255)
    np.testing.assert_array_equal(first + second, np.ones((40, 48)))


def test_lightness_of_colors_counts(tmp_path):
    picture = np.full((10, 10, 3), (255, 255, 0), np.uint8)
    mask = masks.read(write(tmp_path / "yellow.png", picture))
    assert mask == pytest.approx(0.299 + 0.587, abs=0.003)
    mask = masks.read(write(tmp_path / "grey.png", np.full((10, 10), 51, np.uint8)))
    assert mask == pytest.approx(0.2)


def test_white_strokes_on_a_transparent_ground(tmp_path):
    strokes = np.full((40, 48, 4), 255, np.uint8)
    strokes[..., 3] = half() // 2
    mask = masks.read(write(tmp_path / "strokes.png", strokes))
    np.testing.assert_allclose(mask, half() // 255 * np.float32(127 / 255), atol=0.003)


def test_what_is_refused(tmp_path):
    good = write(tmp_path / "good.png", half())
    with pytest.raises(MangastyleError, match=r"good.png: this mask is 48x40 .* content 40x48; resize the mask to 40x48"):
        masks.check_size(good, masks.read(good), 48, 40)
    black = write(tmp_path / "black.png", np.zeros((40, 48), np.uint8))
    with pytest.raises(MangastyleError, match="black.png: this mask is black everywhere; draw white"):
        masks.read(black)
    dark = np.zeros((40, 48, 4), np.uint8)
    dark[:20, :, 3] = 255  # black strokes on a transparent ground
    with pytest.raises(MangastyleError, match="strokes.png: this mask is black"):
        masks.read(write(tmp_path / "strokes.png", dark))
    with pytest.raises(MangastyleError, match="none.png: cannot read"):
        masks.read(tmp_path / "none.png")
    with pytest.raises(MangastyleError, match="good.png: .*--max-megapixels"):
        masks.read(good, limit=100)


def test_as_many_masks_as_paintings():
    with pytest.raises(MangastyleError, match="--mask: .* not 1 for 2; name one for each"):
        masks.check_number(["a.png"], 2)
    masks.check_number([], 2)
    masks.check_number(["a.png", "a.png"], 2)


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
    mask = images.to_float(half(33, 47)) / 2 + 0.5
    for name, share in masks.at_layers(mask, {"relu2_1": (16, 23), "relu5_1": (2, 2)}).items():
        assert share.mean() == pytest.approx(mask.mean(), abs=1e-5), name
