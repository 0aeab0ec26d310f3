"""Shading layers: kinds, bounds, paper, odd sizes, crisp edges."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mangastyle.engine import tf
from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.shade import shading, shading_network
from mangastyle.shade.shading import Shading
from mangastyle.shade.spec import ShadingSpec

SPEC = ShadingSpec(widths=(8, 8), blocks=1, side=64)


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory) -> Path:
    """A network that shades at random, strongly."""
    network, random = shading_network.build(SPEC), np.random.default_rng(0)
    for variable in network.variables:
        if variable.ndim > 1:
            variable.assign(random.normal(0, 1.5 / np.sqrt(np.prod(variable.shape[:-1])), variable.shape))
    path = tmp_path_factory.mktemp("shading") / "random.h5"
    weights.save_model(path, "shading", SPEC, network)
    return path


@pytest.fixture(scope="module")
def shade(random_weights) -> Shading:
    return Shading(random_weights, precision="float32")


def drawing(height: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Line art (h, w) and flat colors (h, w, 3) of a checkerboard of random colors, none of them white."""
    cell, random = max(2, min(height, width) // 3), np.random.default_rng(seed)
    colors = random.integers(30, 230, (height // cell + 1, width // cell + 1, 3), np.uint8)
    flat = colors.repeat(cell, 0).repeat(cell, 1)[:height, :width]
    line = np.full((height, width), 255, np.uint8)
    line[::cell] = line[:, ::cell] = 0
    return line, np.ascontiguousarray(flat)


@pytest.mark.parametrize("kind", ["soft", "cel"])
@pytest.mark.parametrize("size", [(1, 1), (2, 9), (15, 17), (31, 64), (65, 97), (200, 150)])
def test_layers_have_the_pictures_size_and_stay_in_bounds(shade, kind, size):
    layers = shade(*drawing(*size), kind)
    for layer in layers:
        assert layer.shape == (*size, 3) and layer.dtype == np.uint8
    assert layers[0].min() >= np.floor(255 * np.exp(-shading_network.DEEPEST))
    if min(size) > 30:
        assert layers[0].min() < 250 and layers[1].max() > 5  # this network shades


def test_none_changes_nothing(shade):
    multiplied, screened = shade(*drawing(40, 50), "none")
    assert (multiplied == 255).all() and (screened == 0).all()


@pytest.mark.parametrize("kind", ["soft", "cel"])
def test_paper_stays_white(shade, kind):
    line, flat = drawing(150, 200)
    flat[40:100, 60:140] = 255
    flat[110:, :50] = 252
    multiplied, screened = shade(line, flat, kind)
    paper = flat.min(-1) >= 252
    assert (multiplied[paper] == 255).all() and (screened[paper] == 0).all()
    assert (multiplied[~paper] < 255).any()


@pytest.mark.parametrize("kind", ["soft", "cel"])
def test_light_from_the_right_is_that_from_the_left_in_a_mirror(shade, kind):
    line, flat = drawing(70, 90)
    for right, left in zip(shade(line, flat, kind, "right"), shade(line[:, ::-1], flat[:, ::-1], kind, "left")):
        np.testing.assert_array_equal(right, left[:, ::-1])
    with pytest.raises(MangastyleError, match="`light`: 'rihgt'.*'right'"):
        shade(line, flat, kind, "rihgt")


def test_two_calls_are_equal(shade, random_weights):
    line, flat = drawing(70, 90)
    for kind in shading.KINDS:
        once, again, other = (s(line, flat, kind) for s in (shade, shade, Shading(random_weights, precision="float32")))
        for a, b, c in zip(once, again, other):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, c)


@pytest.mark.parametrize("seed", range(4))
def test_the_level_is_that_of_as_many_pixels_as_the_mean_says(seed):
    random = np.random.default_rng(seed)
    share = (random.random((40 + seed, 57)) ** (1 + seed)).astype(np.float32)
    above = int(tf.reduce_mean(share) * share.size)
    expected = np.clip(np.sort(share.ravel())[::-1][above], shading.LEAST_SHARE, shading.MOST_SHARE)
    assert shading._level(tf.constant(share)).numpy() == np.float32(expected)


def test_cel_shading_is_that_of_sorted_shares(random_weights, shade, monkeypatch):
    """To the last bit."""
    line, flat = drawing(90, 130)
    found = shade(line, flat, "cel")
    monkeypatch.setattr(shading, "largest", lambda values, rank: tf.sort(values, direction="DESCENDING")[rank])
    for layer, sorted_layer in zip(found, Shading(random_weights, precision="float32")(line, flat, "cel"), strict=True):
        np.testing.assert_array_equal(layer, sorted_layer)


def test_cel_shadows_have_edges_of_a_pixel_or_two_at_every_size():
    """The edge of a disc that is a blurred share at small size, cut at a size ten times that."""
    y, x = np.mgrid[:64, :64]
    share = np.clip(0.5 + (20 - np.hypot(y - 31.5, x - 31.5)) / 12, 0, 1).astype(np.float32)  # 0.5 at the radius 20
    large = cv2.resize(share, (640, 640), interpolation=cv2.INTER_LINEAR)
    cut = shading._cut(tf.constant(large), 0.5).numpy()[..., 0]
    soft = (cut > 0.02) & (cut < 0.98)
    circumference = 2 * np.pi * 200
    assert 0.5 * circumference < soft.sum() < 3 * circumference
    assert cut.sum() == pytest.approx(np.pi * 200**2, rel=0.01)


def test_shading_is_enlarged_with_the_picture(shade):
    """What is larger than the network's size gets the same layers, enlarged."""
    line, flat = drawing(64, 96)
    big_line, big_flat = (x.repeat(4, 0).repeat(4, 1) for x in (line, flat))
    for small, big in zip(shade(line, flat, "soft"), shade(big_line, big_flat, "soft")):
        expected = cv2.resize(small.astype(np.float32), (384, 256), interpolation=cv2.INTER_LINEAR)
        np.testing.assert_allclose(big, expected, atol=255 * shading.LEAST + 2)


def test_mistakes_are_named(shade, random_weights):
    line, flat = drawing(30, 40)
    with pytest.raises(MangastyleError, match="`shading`: 'sotf'.*'soft'"):
        shade(line, flat, "sotf")
    with pytest.raises(MangastyleError, match=r"`line`: must be of shape \(30, 40\)"):
        shade(line[:20], flat)
    with pytest.raises(MangastyleError, match="not a weights file of a network that shades flat colors, but of a shading network"):
        Shading("baseline")
    with pytest.raises(MangastyleError, match="nowhere.h5: no such weights file"):
        Shading("nowhere.h5")
