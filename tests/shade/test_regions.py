"""Colors spread within lines and not over them; strokes color their own regions and leave others alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage
from skimage.color import deltaE_ciede2000, rgb2lab

from mangastyle.ops.edge_filter import domain_transform_filter
from mangastyle.ops.pixels import to_rgb
from mangastyle.shade import regions
from mangastyle.shade.hints import Hint
from mangastyle.shade.shader import Shader
from mangastyle.synthetic.characters import character


@pytest.fixture
def box() -> np.ndarray:
    """Line art uint8 (96, 128, 3): a closed box in the middle of the left half."""
    art = np.full((96, 128, 3), 255, np.uint8)
    cv2.rectangle(art, (16, 24), (56, 72), (0, 0, 0), 2)
    return art


def filtered(values: np.ndarray, ink: np.ndarray, sigma: float) -> np.ndarray:
    return domain_transform_filter(tf.constant(values), tf.constant(ink), sigma).numpy()


def smooth(colors: np.ndarray, ink: np.ndarray) -> np.ndarray:
    return regions.smooth_within_lines(tf.constant(colors), tf.constant(ink)).numpy()


def apply_strokes(colors: np.ndarray, ink: np.ndarray, hint: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return regions.apply_strokes(*map(tf.constant, (colors, ink, hint, mask))).numpy()


def ink_of(art: np.ndarray, height: int, width: int) -> np.ndarray:
    return regions.ink_of(tf.constant(art), height, width).numpy()


def difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """CIEDE2000 of uint8 pictures, (h, w)."""
    return deltaE_ciede2000(rgb2lab(a), rgb2lab(b))


def test_flat_colors_stay(box):
    flat = np.full((96, 128, 3), (200, 120, 40), np.uint8)
    ink = ink_of(box, 96, 128)
    np.testing.assert_array_equal(smooth(flat, ink), flat)


def test_ink_holds_colors_back(box):
    color = np.full((96, 128, 3), 255, np.float32)
    color[25:72, 17:56] = 0
    ink = ink_of(box, 96, 128)
    out = filtered(color, ink, 20.0)[..., 0]
    assert out[30:66, 22:50].max() < 25 and out[:, 70:].min() > 250
    assert filtered(color, np.zeros_like(ink), 20.0)[48, 36, 0] > 100


def test_halos_beside_the_lines_are_filled_from_the_region(box):
    color = np.full((96, 128, 3), (240, 200, 180), np.uint8)
    halo = cv2.GaussianBlur(box, (0, 0), 0.8).astype(np.float32) / 255
    dark = np.rint(color * halo).astype(np.uint8)
    beside = (box[..., 0] == 255) & (halo[..., 0] < 0.98)
    smoothed = smooth(dark, ink_of(box, 96, 128))
    assert difference(dark, color)[beside].mean() > 8 and difference(smoothed, color)[beside].mean() < 1.5


def test_soft_edges_of_lines_take_the_color_of_their_region():
    art = np.full((384, 512, 3), 255, np.uint8)
    cv2.rectangle(art, (64, 96), (224, 288), (0, 0, 0), 4)
    ink = ink_of(cv2.GaussianBlur(art, (0, 0), 1.5), 384, 512)  # as a soft pencil draws
    color = np.full((384, 512, 3), (240, 200, 180), np.uint8)
    dark = np.rint(color * (1 - ink[..., None])).astype(np.uint8)
    edge = (ink > 0.03) & (ink < regions.SOFT)
    assert difference(dark, color)[edge].mean() > 5 and difference(smooth(dark, ink), color)[edge].mean() < 0.3


def test_a_thin_slanted_line_has_no_gaps_where_it_falls_between_two_pixels():
    art = np.full((768, 768, 3), 255, np.uint8)
    cv2.line(art, (300, 0), (420, 767), (0, 0, 0), 1)
    ink = ink_of(art, 192, 192) / 2  # fainter than the other lines of a drawing
    assert ink.max(1).min() < 0.3  # in some rows half of it is here, half there
    mask = np.zeros((192, 192), np.float32)
    mask[90:100, 40:50] = 1
    _, confidence = regions.propagate_strokes(tf.constant(ink), tf.fill((192, 192, 3), 90.0), tf.constant(mask))
    right = np.arange(192)[None] - (300 + 480 * np.arange(192)[:, None] / 767) / 4  # pixels to the right of the line
    assert confidence.numpy()[right < -4].min() > 0.95 and confidence.numpy()[right > 4].max() < 0.05


def test_a_region_gets_one_chroma_and_keeps_its_shading(box):
    color = np.full((96, 128, 3), (200, 160, 150), np.uint8)
    color[24:48, 16:57] = (120, 130, 180)  # another hue, and darker
    out = smooth(color, ink_of(box, 96, 128)).astype(float)
    upper, lower = out[28:40, 22:50].reshape(-1, 3).mean(0), out[56:68, 22:50].reshape(-1, 3).mean(0)
    light = np.array([0.299, 0.587, 0.114])
    assert (lower - upper) @ light > 20  # of 36
    chroma = [rgb - rgb @ light for rgb in (upper, lower)]
    assert np.abs(chroma[0] - chroma[1]).max() < 34  # half of what it was


def test_a_stroke_gives_its_region_its_color_and_no_other(box):
    color = np.full((96, 128, 3), (180, 170, 160), np.uint8)
    stroke, mask = np.full_like(color, 255), np.zeros((96, 128), np.float32)
    mask[44:50, 30:38] = 1
    stroke[mask > 0] = (200, 30, 40)
    out = apply_strokes(color, ink_of(box, 96, 128), stroke, mask)
    inside, outside = (slice(28, 69), slice(20, 53)), (slice(0, 96), slice(66, 128))
    assert difference(out, np.full_like(color, (200, 30, 40)))[inside].mean() < 6
    assert difference(out, color)[outside].mean() < 2


def test_white_strokes_count_too(box):
    color = np.full((96, 128, 3), (90, 80, 160), np.uint8)
    mask = np.zeros((96, 128), np.float32)
    mask[44:50, 30:38] = 1
    out = apply_strokes(color, ink_of(box, 96, 128), np.full_like(color, 255), mask)
    assert out[30:66, 22:50].min() > 220 and np.abs(out[:, 70:].astype(int) - color[:, 70:]).max() < 12


def test_shading_of_the_region_stays(box):
    color = np.full((96, 128, 3), 150, np.uint8)
    color[26:48, 18:55] = 110  # a shadow
    mask = np.zeros((96, 128), np.float32)
    mask[58:62, 30:38] = 1
    out = apply_strokes(color, ink_of(box, 96, 128), np.full_like(color, (150, 190, 150)), mask)
    assert np.ptp(out[34:64, 36, 1].astype(int)) == pytest.approx(40, abs=10)


def test_a_stroke_fills_its_region_round_corners_and_far_away():
    art = np.full((160, 160, 3), 255, np.uint8)
    corners = [(10, 10), (150, 10), (150, 150), (110, 150), (110, 50), (50, 50), (50, 150), (10, 150)]
    cv2.polylines(art, [np.array(corners)], True, (0, 0, 0), 2)
    color, mask = np.full_like(art, (180, 170, 160)), np.zeros((160, 160), np.float32)
    mask[136:142, 26:32] = 1  # at the one end of what is bent like an n
    out = apply_strokes(color, ink_of(art, 160, 160), np.full_like(art, (60, 140, 70)), mask)
    assert difference(out, np.full_like(art, (60, 140, 70)))[130:144, 120:140].mean() < 10
    assert difference(out, color)[60:150, 60:100].mean() < 2


def test_a_region_takes_its_strokes_chroma_and_keeps_its_shading_within_limits(box):
    color = np.full((96, 128, 3), (160, 140, 180), np.uint8)
    color[26:48, 18:55] = (30, 60, 10)  # a blotch rather than a shadow
    mask = np.zeros((96, 128), np.float32)
    mask[58:62, 30:38] = 1
    out = apply_strokes(color, ink_of(box, 96, 128), np.full_like(color, (220, 150, 150)), mask)
    there = out[30:42, 24:50].reshape(-1, 3).astype(int).mean(0)
    assert there @ (0.299, 0.587, 0.114) > 171 - regions.SHADING_RANGE - 5
    np.testing.assert_allclose(there - there[1], (70, 0, 0), atol=12)


@pytest.mark.slow
def test_strokes_on_a_drawn_character(tiny_weights):
    """The whole way, with a network that was never trained: the stroke's region has its color, far ones are as before."""
    drawn = character(7, 256)
    art = to_rgb(drawn.line)
    labels, _ = ndimage.label(drawn.line > 200)
    sizes = np.bincount(labels.ravel())
    sizes[[0, labels[2, 2]]] = 0  # neither ink nor the ground
    region = labels == sizes.argmax()
    y, x = np.unravel_index(ndimage.distance_transform_edt(region).argmax(), region.shape)
    mask, rgb = np.zeros(region.shape, np.float32), np.full((256, 256, 3), 255, np.uint8)
    cv2.circle(mask, (int(x), int(y)), 5, 1, -1)
    rgb[mask > 0] = (40, 90, 200)
    shader = Shader(tiny_weights, precision="float32")
    plain, hinted = (shader(art, hint, ink=0.0) for hint in (None, Hint(rgb, mask)))
    near = region & (np.hypot(*(np.mgrid[:256, :256] - np.array([y, x])[:, None, None])) < 40)
    assert difference(hinted, np.full_like(hinted, (40, 90, 200)))[near].mean() < 12
    assert difference(hinted, plain)[near].mean() > 20
    assert difference(hinted, plain)[labels == labels[2, 2]].mean() < 3
