"""One layer for each color: each pixel is on one, colors that are alike share one, and the ones that matter are kept."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_cie76, rgb2lab

from mangastyle.errors import MangastyleError
from mangastyle.shade.palette_layers import palette_layers


def stacked(layers, shape) -> np.ndarray:
    """What layers of single colors show, each pixel on exactly one of them."""
    found, times = np.zeros(shape, np.uint8), np.zeros(shape[:2], int)
    for layer in layers:
        on = layer.alpha > 0
        found[on], times = layer.rgb[on], times + on
    assert (times == 1).all()
    return found


def test_few_colors_have_a_layer_each_and_reproduce_the_picture():
    colors = np.array([(255, 255, 255), (255, 204, 153), (0, 0, 128), (220, 30, 40), (0, 0, 0)], np.uint8)
    flat = colors[np.random.default_rng(0).choice(5, (40, 30), p=[0.4, 0.3, 0.15, 0.1, 0.05])]
    layers = palette_layers(flat)
    assert [layer.name for layer in layers] == ["#ffffff", "#ffcc99", "#000080", "#dc1e28", "#000000"]
    np.testing.assert_array_equal(stacked(layers, flat.shape), flat)


def test_colors_that_are_alike_share_a_layer_of_the_most_frequent():
    flat = np.full((20, 20, 3), (255, 224, 200), np.uint8)
    flat[:5] = (254, 223, 201)
    flat[5:7] = (20, 30, 90)
    layers = palette_layers(flat)
    assert [(layer.name, int((layer.alpha > 0).sum())) for layer in layers] == [("#ffe0c8", 360), ("#141e5a", 40)]


def test_many_colors_are_merged_to_few_which_are_the_nearest():
    y, x = np.mgrid[:100, :120]
    flat = np.stack([120 + y, 60 + y, 40 + x], -1).astype(np.uint8)  # a smooth ramp of thousands of colors
    for most, bound in ((25, 15), (6, 40), (1, np.inf)):
        layers = palette_layers(flat, most=most)
        assert len(layers) == most
        difference = deltaE_cie76(rgb2lab(stacked(layers, flat.shape)), rgb2lab(flat))  # another library's CIELAB
        assert difference.max() < bound
        nearest = np.min([deltaE_cie76(rgb2lab(layer.rgb), rgb2lab(flat)) for layer in layers], 0)
        np.testing.assert_allclose(difference, nearest, atol=1)  # the two libraries' CIELAB differ so much


def test_large_pale_areas_and_small_bright_ones_keep_their_colors():
    """Skin on white paper, an eye of 0.1 % of the picture, and 60 hues of a dress."""
    flat = np.full((200, 200, 3), 255, np.uint8)
    flat[20:90, 20:90] = skin = (254, 236, 216)
    flat[40:46, 40:47] = eye = (30, 170, 110)
    hues = np.stack([np.linspace(120, 255, 60), np.linspace(90, 0, 60), np.linspace(60, 255, 60)], -1).astype(np.uint8)
    flat[120:180, 20:180] = hues[:, None]
    shown = stacked(palette_layers(flat, most=8), flat.shape)
    for y, x, color in ((0, 0, (255, 255, 255)), (30, 30, skin), (43, 43, eye)):
        assert deltaE_cie76(rgb2lab(shown[y, x] / 255), rgb2lab(np.array(color) / 255)) < 3
    assert len(np.unique(shown[120:180].reshape(-1, 3), axis=0)) >= 4


def test_pictures_that_are_not_flat_are_divided_all_the_same():
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    layers = palette_layers(noise)
    assert len(layers) <= 25
    stacked(layers, noise.shape)


def test_single_colors_have_the_picture_s_opacity():
    random = np.random.default_rng(0)
    flat, alpha = random.integers(0, 256, (30, 20, 3), np.uint8), random.integers(0, 256, (30, 20), np.uint8)
    np.testing.assert_array_equal(np.max([layer.alpha for layer in palette_layers(flat, alpha)], 0), alpha)


def test_other_arguments_are_refused():
    with pytest.raises(MangastyleError, match="`flat`: must be uint8 .h, w, 3., not uint8 .4, 5."):
        palette_layers(np.zeros((4, 5), np.uint8))
    for most in (0, 256, 2.5):
        with pytest.raises(MangastyleError, match="`most`: must be a whole number from 1 to 255"):
            palette_layers(np.zeros((4, 5, 3), np.uint8), most=most)
