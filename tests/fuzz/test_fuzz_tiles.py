"""Pictures of any shape, whole or in parts: tiles, bands, scales, regions, sketches. In parts they are what they are whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mangastyle.errors import MangastyleError
from mangastyle.lineart import detect, graph
from mangastyle.lineart.sketch import automatic_block, sketch
from mangastyle.ops import blur, pixels, resample
from mangastyle.shade import multiscale, regions
from mangastyle.shade.hints import Hint
from mangastyle.shade.shader import Shader
from mangastyle.style.onepass import tiles
from mangastyle.style.onepass.network import MULTIPLE
from mangastyle.style.onepass.settings import OnePassSettings
from mangastyle.style.onepass.stylizer import OnePassStylizer

FEW = settings(max_examples=max(10, settings.default.max_examples // 10))  # of what takes a good part of a second
SIDES = st.integers(1, 40) | st.integers(1, 400)
SHAPES = st.tuples(SIDES, SIDES)


def noise(seed: int, height: int, width: int) -> np.ndarray:
    """Blocks of colors, uint8 (height, width, 3)."""
    cells = np.random.default_rng(seed).integers(0, 256, (height // 7 + 1, width // 5 + 1, 3), np.uint8)
    return np.ascontiguousarray(cells.repeat(7, 0).repeat(5, 1)[:height, :width])


def line_art(seed: int, height: int, width: int) -> np.ndarray:
    """Dark lines on paper, uint8 (height, width, 3)."""
    random, art = np.random.default_rng(seed), np.full((height, width, 3), 255, np.uint8)
    for _ in range(4):
        ends = [(int(x), int(y)) for x, y in zip(random.integers(0, width, 2), random.integers(0, height, 2))]
        cv2.line(art, *ends, (20, 20, 20), int(random.integers(1, 4)))
    return art


# Sizes and operators


@given(SHAPES, st.integers(1, 600))
def test_strips_are_enlarged_moderately(shape, side):
    height, width = pixels.fit_enlarged(*shape, side)
    asked = pixels.fit_short_side(*shape, side)
    assert (height, width) == asked or height * width <= asked[0] * asked[1]
    assert height * width <= max(1.5 * pixels.MAX_ENLARGED * side**2, shape[0] * shape[1]) + height + width
    assert min(height, width) >= min(side, *shape)


@given(st.tuples(st.integers(1, 40_000), st.integers(1, 40_000)), st.integers(8, 600), st.integers(8, 1200))
@FEW
def test_scales_are_bounded_and_end(shape, work_size, refine):
    layout = tuple(map(int, multiscale.layout_size(*shape, work_size)))
    assert all(1 <= side <= whole for side, whole in zip(layout, shape))
    assert max(layout) <= 1.5 * max(multiscale.LONG_SIDE, multiscale.MAX_SHAPE * work_size) + min(layout) or min(layout) == 1
    finest = int(multiscale.finest_side(*shape, refine))
    assert 1 <= finest <= min(shape) and 1 <= multiscale.count_scales(*shape, work_size, refine) <= 9
    if min(finest, refine) > min(layout):
        height, width = pixels.fit_short_side(*shape, min(finest, refine))
        assert height * width <= 1.1 * multiscale.MAX_SHAPE * refine**2 + height + width


@given(SHAPES, SHAPES, st.data())
@FEW
def test_rows_of_a_resized_picture_are_those_of_the_whole(shape, target, data):
    picture = tf.constant(noise(0, *shape))
    whole = resample.resize_uint8(picture, *target).numpy()
    assert whole.shape == (*target, 3)
    first = data.draw(st.integers(0, target[0] - 1))
    end = data.draw(st.integers(first + 1, target[0]))
    np.testing.assert_array_equal(resample.resize_uint8(picture, *target, (first, end)), whole[first:end])
    ups = {new > old for new, old in zip(target, shape) if new != old}
    if len(ups) < 2 and target != shape:  # OpenCV has one way for both axes
        expected = pixels.resize(noise(0, *shape), *target).astype(int)
        assert np.abs(whole - expected).max() <= 1


@given(SHAPES)
@FEW
def test_blurs_are_opencvs(shape):
    picture = noise(1, *shape).astype(np.float32)
    expected = cv2.blur(picture.astype(np.float64), (5, 5), borderType=cv2.BORDER_REFLECT_101).reshape(picture.shape)
    np.testing.assert_allclose(blur.small_box_blur(tf.constant(picture), 5), expected, atol=1e-3)
    if min(shape) > 1:
        expected = cv2.GaussianBlur(picture.astype(np.float64), (49, 49), 6.0, borderType=cv2.BORDER_REFLECT_101).reshape(picture.shape)
        np.testing.assert_allclose(blur.gaussian_blur(tf.constant(picture), 6.0), expected, atol=2e-3)


# Line art


@given(
    SHAPES, st.booleans(), st.integers(0, 40), st.floats(-300, 300) | st.floats(), st.integers(-1, 500), st.integers(0, 60),
    st.integers(0, 9),
)  # fmt: skip
def test_a_sketch_is_opencvs_threshold(shape, colored, block, c, size, despeckle, seed):
    picture = noise(seed, *shape)
    picture = picture if colored else picture[..., 1]
    try:
        found = sketch(picture, block=block, c=c, size=size, despeckle=despeckle)
    except MangastyleError as error:
        assert "\n" not in str(error) and (block in (1, 2) or block % 2 == 0 and block or not np.isfinite(c) or size < 0)
        return
    small = picture
    if 0 < size < min(shape):
        small = cv2.resize(picture, pixels.fit_short_side(*shape, size)[::-1], interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) if colored else small
    window = block or automatic_block(min(gray.shape))
    line = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window, c)
    count, labels = cv2.connectedComponents(255 - line, connectivity=8)
    for label in range(1, count):
        if (labels == label).sum() < despeckle:
            line[labels == label] = 255
    np.testing.assert_array_equal(found, pixels.resize(line, *shape))
    if colored and not block and c == 2 and not size and not despeckle:
        np.testing.assert_array_equal(graph.sketch(tf.constant(picture)), found)


@given(SHAPES, st.integers(0, 9))
@FEW
def test_the_sketch_of_a_graph_is_the_same(shape, seed):
    picture = noise(seed, *shape)
    np.testing.assert_array_equal(graph.sketch(tf.constant(picture)), sketch(picture))
    assert isinstance(detect.is_line_art(picture), bool)


# Tiles of the one-pass stylization


@given(st.tuples(st.integers(1, 400), st.integers(1, 400)), st.integers(1, 60), st.integers(0, 20))
def test_tiles_cover_every_pixel_once(shape, tile, margin):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "AT_ONCE", 1)
        patch.setattr(tiles, "TILE", MULTIPLE * tile)
        patch.setattr(tiles, "MARGIN", MULTIPLE * margin)
        covered = np.zeros([MULTIPLE * side for side in shape], int)
        for part in tiles.tiles(*covered.shape) if np.prod(shape) / tile**2 < 1000 else ():
            covered[part.inner] += 1
            outer = np.zeros(covered.shape, bool)
            outer[part.outer] = True
            assert outer[part.inner].all() and outer[part.outer][part.within].shape == covered[part.inner].shape
            assert all(edge % MULTIPLE == 0 for side in part.outer for edge in (side.start, side.stop))
        assert (covered == 1).all() or not covered.any()


@pytest.fixture(scope="module")
def stylizer(onepass_weights) -> OnePassStylizer:
    painting = noise(5, 60, 70)
    return OnePassStylizer([painting], OnePassSettings(size=0, onepass_weights=onepass_weights), precision="float32")


@pytest.mark.slow
@given(st.tuples(st.sampled_from([32, 33, 47, 64, 100]), st.sampled_from([32, 40, 129, 200, 333])), st.booleans(), st.integers(0, 3))
@FEW
def test_in_tiles_a_picture_is_painted_as_at_once(stylizer, shape, upright, seed):
    content = noise(seed, *shape)
    content = np.ascontiguousarray(content.transpose(1, 0, 2)) if upright else content
    whole = stylizer(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "AT_ONCE", 1)
        patch.setattr(tiles, "TILE", 64)
        tiled = stylizer(content)
    assert whole.shape == tiled.shape == content.shape
    assert np.abs(whole.astype(int) - tiled).max() <= 1


# Scales and bands of shading


@pytest.fixture(scope="module")
def shaders(loud_weights) -> list[Shader]:
    """The same network, with large bands of the result and with small ones."""
    made = []
    for band in (multiscale.BAND, 700):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(multiscale, "BAND", band)
            made.append(Shader(loud_weights, precision="float32"))
            made[-1](noise(0, 40, 40))  # is traced with these bands
    return made


@pytest.mark.slow
@given(
    st.tuples(st.integers(1, 60), st.integers(1, 60) | st.integers(100, 600)), st.booleans(),
    st.sampled_from(["none", "strokes", "picture"]),
    st.integers(0, 40), st.integers(8, 80), st.floats(0, 1), st.integers(0, 9),
)  # fmt: skip
@FEW
def test_any_shape_is_shaded_at_its_own_size(shaders, shape, art, kind, work_size, refine, ink, seed):
    shape = shape if seed % 2 else shape[::-1]
    picture = line_art(seed, *shape) if art else noise(seed, *shape)
    hint = {"none": None, "picture": Hint(noise(seed + 1, 9, 11)), "strokes": Hint.from_points([(shape[1] // 2, 0, "#f83")], shape)}[kind]
    steps: list = []
    whole, banded = (
        shader(picture, hint, work_size=work_size, refine=refine, ink=ink, line_art=art, progress=progress)
        for shader, progress in zip(shaders, (steps.append, None))
    )
    assert whole.shape == picture.shape and whole.dtype == np.uint8
    np.testing.assert_array_equal(whole, banded)
    assert [step.iteration for step in steps] == [*range(1, steps[-1].iterations + 1)]


@given(st.tuples(st.integers(1, 50), st.integers(1, 50) | st.integers(100, 500)), st.integers(0, 9))
@FEW
def test_regions_of_any_shape(shape, seed):
    art = tf.constant(line_art(seed, *shape))
    ink = regions.ink_of(art, *shape)
    assert ink.shape == shape and 0 <= float(tf.reduce_min(ink)) and float(tf.reduce_max(ink)) <= 1
    flat = tf.fill((*shape, 3), tf.constant(90, tf.uint8))
    assert np.abs(regions.smooth_within_lines(flat, ink).numpy().astype(int) - 90).max() <= 1  # nothing to smooth
    mask = np.zeros(shape, np.float32)
    mask[shape[0] // 2, shape[1] // 2] = 1
    stroked = regions.apply_strokes(flat, ink, tf.constant(noise(seed, *shape)), tf.constant(mask))
    assert stroked.shape == (*shape, 3) and stroked.dtype == tf.uint8
