"""Layers: by the published formulas, in files of both formats, they show what the PNG shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from layered_files import READERS, blended, furthest

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.ops.layers import Layers, composite
from mangastyle.shade.layers import layer_stack, save_layers

NAMES = ["Paper", "Colors", "Each color", "Shading", "Highlights", "Lines"]


def drawn(height: int, width: int, seed: int = 0) -> Layers:
    """Layers of a kind: areas of color, soft shading with none in places, spots of light, lines."""
    random = np.random.default_rng(seed)
    cells = random.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    flat = np.kron(cells, np.ones((8, 8, 1), np.uint8))[:height, :width]
    shading, highlights, lines = (cv2.GaussianBlur(random.normal(0, 900, (height, width, 3)), (0, 0), 2) for _ in range(3))
    return Layers(
        np.ascontiguousarray(flat),
        np.clip(255 - shading, 0, 255).astype(np.uint8),
        np.clip(highlights, 0, 255).astype(np.uint8),
        np.repeat(np.clip(255 - 4 * lines[..., :1], 0, 255).astype(np.uint8), 3, -1),
    )


def uneven(height: int, width: int) -> np.ndarray:
    """An alpha with all levels, some areas opaque and some transparent."""
    ramp = np.linspace(-150, 400, height * width).reshape(height, width)
    return np.clip(ramp, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (65, 97)])
@pytest.mark.parametrize("transparent", [False, True])
def test_files_show_the_picture(tmp_path, suffix, size, transparent):
    """Blended by the tests' own formulas within one level; psd-tools, which does not round between layers, within two."""
    if suffix == ".psd":
        pytest.importorskip("psd_tools")
    layers, alpha = drawn(*size), uneven(*size) if transparent else None
    merged = composite(layers)
    path = save_layers(tmp_path / f"a{suffix}", layers, alpha)
    read = READERS[suffix](path)
    assert [layer.name for layer in read] == NAMES
    assert [layer.visible for layer in read] == [not transparent, True, False, True, True, True]
    opacity = np.full(size, 255) if alpha is None else alpha
    shown = blended(read, size)
    np.testing.assert_array_equal(shown[..., 3], opacity)
    assert furthest(shown[..., :3], merged, opacity > 0) <= 1
    if suffix == ".psd":
        from psd_tools import PSDImage

        other = np.array(PSDImage.open(path).composite(force=True))
        assert furthest(other[..., :3], merged, opacity > 0) <= 2
        assert other.shape[2] == 3 or furthest(other[..., 3], opacity) <= 1


def test_layers_are_the_ones_given_where_the_picture_is_opaque():
    layers, alpha = drawn(40, 30), uneven(40, 30)
    opaque = alpha == 255
    paper, flat, _, *above = layer_stack(layers, alpha)
    np.testing.assert_array_equal(flat.rgb[opaque], layers.flat[opaque])
    np.testing.assert_array_equal(flat.alpha, alpha)
    assert not paper.visible and (paper.rgb == 255).all()
    for layer, given, neutral in zip(above, layers[1:], (255, 0, 255)):
        np.testing.assert_array_equal(layer.rgb, given)
        np.testing.assert_array_equal(layer.alpha > 0, (given != neutral).any(-1) & opaque)
    for layer, given in zip(layer_stack(layers, each_color=False), (None, layers.flat, *layers[1:])):
        assert given is None or layer.rgb is given  # no copies of large pictures


def test_layers_that_change_nothing_are_empty(tmp_path):
    flat = np.full((20, 30, 3), 90, np.uint8)
    nothing = Layers(flat, np.full_like(flat, 255), np.zeros_like(flat), np.full_like(flat, 255))
    for suffix in READERS:
        if suffix == ".psd":
            pytest.importorskip("psd_tools")
        read = READERS[suffix](save_layers(tmp_path / f"a{suffix}", nothing))
        assert [bool(layer.rgba[..., 3].any()) for layer in read if layer.rgba is not None] == [True, True, False, False, False]
        np.testing.assert_array_equal(blended(read, (20, 30))[..., :3], flat)


@pytest.mark.parametrize(
    "change, error",
    [
        ({"shading": np.zeros((4, 5), np.uint8)}, "`shading`: must be uint8 .h, w, 3., not uint8 .4, 5."),
        ({"lines": np.zeros((5, 4, 3), np.uint8)}, "`lines`: must have the size of `flat`, .4, 5, 3., not .5, 4, 3."),
        ({"flat": np.zeros((4, 5, 3))}, "`flat`: must be uint8 .h, w, 3., not float64"),
    ],
)
def test_layers_of_another_form_are_refused(tmp_path, change, error):
    layers = Layers(*(np.zeros((4, 5, 3), np.uint8) for _ in range(4)))._replace(**change)
    for call in (composite, layer_stack, lambda x: save_layers(tmp_path / "a.ora", x)):
        with pytest.raises(MangastyleError, match=error):
            call(layers)
    with pytest.raises(MangastyleError, match="`alpha`: must be uint8 .h, w. of the layers' .4, 5., not .5, 4."):
        layer_stack(Layers(*(np.zeros((4, 5, 3), np.uint8) for _ in range(4))), np.zeros((5, 4), np.uint8))
    assert not list(tmp_path.iterdir())


def test_the_merged_pictures_are_those_of_a_png(tmp_path):
    layers, alpha = drawn(33, 31), uneven(33, 31)
    images.save(tmp_path / "a.png", composite(layers), alpha)
    save_layers(tmp_path / "a.psd", layers, alpha)
    for one, other in zip(images.load(tmp_path / "a.psd"), images.load(tmp_path / "a.png")):
        np.testing.assert_array_equal(one, other)
