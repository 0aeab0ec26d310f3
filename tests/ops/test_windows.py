"""Small windows in whole numbers, against SciPy and scikit-image; the same inside a graph."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage
from skimage import morphology, transform

from mangastyle.ops import windows, windows_graph

SHAPES = [(8, 8), (31, 45), (64, 33)]


def noise(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def same(found: tf.Tensor, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
@pytest.mark.parametrize("shape", SHAPES)
def test_shrink_is_the_mean_of_squares(shape, factor):
    values = noise((*shape, 3))
    small = windows.shrink(values, factor)
    padded = np.pad(values, ((0, -shape[0] % factor), (0, -shape[1] % factor), (0, 0)), mode="edge")
    expected = transform.downscale_local_mean(padded.astype(float), (factor, factor, 1))
    assert np.abs(small - expected).max() <= 0.5
    same(windows_graph.shrink(tf.constant(values.astype(np.int32)), tf.constant(factor)), small)


@pytest.mark.parametrize("factor", [1, 3])
def test_enlarge_repeats_pixels(factor):
    values = noise((7, 5)) > 128
    large = windows.enlarge(values, factor, 7 * factor - factor // 2, 5 * factor)
    np.testing.assert_array_equal(large, np.kron(values, np.ones((factor, factor), bool))[: len(large)])
    same(windows_graph.enlarge(tf.constant(values), factor, *large.shape), large)


@pytest.mark.parametrize("shape", SHAPES)
def test_double_is_keys_cubic(shape):
    """Against a product of two kernels of Keys' formula, and smooth pictures, which come back."""
    picture = noise((*shape, 3))
    found = windows.double(picture)
    kernel = lambda x: np.where(x < 1, (1.5 * x - 2.5) * x * x + 1, np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0))
    matrices = []
    for n in shape:
        places = (np.arange(2 * n) + 0.5) / 2 - 0.5
        weights = kernel(np.abs(places[:, None] - np.arange(-3, n + 3)))
        matrices.append(weights @ np.eye(n)[np.clip(np.arange(-3, n + 3), 0, n - 1)])
    expected = np.einsum("ij,kl,jlc->ikc", *matrices, picture.astype(float))
    assert np.abs(found - np.clip(expected, 0, 255)).max() <= 0.5 + 1e-9
    same(windows_graph.double(tf.constant(picture.astype(np.int32))), found)


@pytest.mark.parametrize("shape", [*SHAPES, (20, 30, 3)])
def test_smooth_is_a_binomial_filter(shape):
    values = noise(shape)
    expected = values.astype(float)
    for axis in (0, 1):
        expected = ndimage.correlate1d(expected, np.array([1, 4, 6, 4, 1]) / 16, axis, mode="nearest")
    found = windows.smooth(values)
    assert found.dtype == np.uint8 and np.abs(found - expected).max() <= 0.5
    same(windows_graph.smooth(tf.constant(values.astype(np.int32))), found)


@pytest.mark.parametrize("radius", [1, 4, 40])
@pytest.mark.parametrize("shape", SHAPES)
def test_box_sums(shape, radius):
    values = noise(shape).astype(np.int32)
    found = windows.box_sum(values, radius)
    size = 2 * radius + 1
    np.testing.assert_allclose(found, ndimage.uniform_filter(values.astype(float), size, mode="nearest") * size**2, atol=1e-3)
    same(windows_graph.box_sum(tf.constant(values), tf.constant(radius)), found)


@pytest.mark.parametrize("radius", [1, 2])
def test_dilation(radius):
    mask = noise((40, 31)) > 245
    found = windows.dilate(mask, radius)
    np.testing.assert_array_equal(found, ndimage.binary_dilation(mask, np.ones((2 * radius + 1,) * 2)))
    same(windows_graph.dilate(tf.constant(mask), radius), found)


@pytest.mark.parametrize(("radius", "octagon"), [(1, (3, 0)), (2, (3, 1)), (3, (5, 1)), (6, (7, 3))])
@pytest.mark.parametrize("shape", SHAPES)
def test_closing_by_an_octagon(shape, radius, octagon):
    """Of a square and a diamond, one after the other, as scikit-image draws them."""
    values = noise(shape)
    square, diamond = np.ones((octagon[0],) * 2), morphology.diamond(octagon[1])
    grown = ndimage.grey_dilation(ndimage.grey_dilation(values, footprint=square, mode="constant"), footprint=diamond, mode="constant")
    eroded = ndimage.grey_erosion(grown, footprint=square, mode="constant", cval=255)
    expected = ndimage.grey_erosion(eroded, footprint=diamond, mode="constant", cval=255)
    found = windows.close(values, radius)
    np.testing.assert_array_equal(found, expected)
    same(windows_graph.close(tf.constant(values.astype(np.int32)), radius), found)


@pytest.mark.parametrize("length", [2, 3, 9, 16])
def test_the_longest_mean_tells_lines_from_specks(length):
    for dy, dx in windows.STEPS:
        values = np.zeros((64, 64), np.uint8)
        for i in range(-16, 17):
            if 0 <= 32 + i * dy < 64 and 0 <= 32 + i * dx < 64:
                values[32 + i * dy, 32 + i * dx] = 200
        means = windows.longest_mean(values, length)
        assert means.max() == means[32, 32] == 200
    speck = np.zeros((64, 64), np.uint8)
    speck[31:33, 31:33] = 200
    assert windows.longest_mean(speck, length).max() <= 200 * 2 // min(5, length + 1)
    for map_ in (values, noise((64, 31))):
        same(windows_graph.longest_mean(tf.constant(map_.astype(np.int32)), length), windows.longest_mean(map_, length))


@pytest.mark.parametrize("reach", [0, 3, 12])
def test_what_is_reached_along_a_mask(reach):
    seeds, mask = noise((50, 60), 1) > 250, noise((50, 60), 2) > 130
    found = windows.spread(seeds, mask, reach)
    expected = seeds & mask
    if reach:
        expected = ndimage.binary_dilation(expected, np.ones((3, 3)), reach, mask)
    np.testing.assert_array_equal(found, expected)
    same(windows_graph.spread(tf.constant(seeds), tf.constant(mask), reach), found)
