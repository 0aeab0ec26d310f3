"""Shading scale by scale, with a tiny network of large random weights; hints at other sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.ops import pixels
from mangastyle.shade import multiscale
from mangastyle.shade.base import NO_HINT
from mangastyle.shade.hints import Hint
from mangastyle.shade.multiscale import MultiscaleColorizer, downsample_hint, hint_picture
from mangastyle.shade.unet_shader import load_generator
from mangastyle.synthetic import characters

WHITE = [255, 255, 255]


@pytest.fixture(scope="module")
def colorizer(loud_weights) -> MultiscaleColorizer:
    return MultiscaleColorizer(*load_generator(loud_weights, "float32"))


def at(hint: Hint, height: int, width: int) -> np.ndarray:
    return downsample_hint(tf.constant(hint.rgb), tf.constant(hint.mask), height, width)[0].numpy()


def arguments(picture: np.ndarray, line_art: bool, hint: Hint = NO_HINT, refine: int = 512) -> tuple:
    """Of a colorizer that lays colors out at 32 pixels and draws no lines over them."""
    return (*map(tf.constant, (picture, line_art, hint.rgb, hint.mask, 32, refine)), tf.constant(0.0))


def test_each_scale_is_twice_as_large_up_to_refine(colorizer):
    picture = cv2.resize(characters.draw(3, 256), (260, 200))
    for refine, expected in (
        (32, [(32, 42)]), (64, [(32, 42), (64, 83)]), (512, [(32, 42), (64, 83), (128, 166), (200, 260)]),
    ):  # fmt: skip
        scales = []
        colorizer(*arguments(picture, False, refine=refine), between=scales.append)
        assert [tuple(colors.shape[:2]) for colors in scales] == expected


def test_a_finer_scale_is_run_with_a_frame_and_keeps_the_broad_colors(colorizer, monkeypatch):
    picture, shapes = cv2.resize(characters.draw(3, 256), (260, 200)), []
    coarse, fine = (colorizer(*arguments(picture, False, refine=refine)).numpy() for refine in (32, 512))
    broad_coarse, broad_fine = (cv2.GaussianBlur(p.astype(np.float32), (0, 0), 20) for p in (coarse, fine))
    assert np.abs(broad_fine - broad_coarse)[40:-40, 40:-40].mean() < 6
    assert np.abs(fine.astype(int) - coarse).mean() > 1
    run = colorizer.run
    monkeypatch.setattr(colorizer, "run", lambda line, hint: shapes.append(line.shape[1:3]) or run(line, hint))
    colorizer._sharpen(tf.constant(picture), tf.constant(False), tf.constant(pixels.resize(coarse, 64, 83)), 128)
    assert shapes == [(128 + 2 * multiscale.FRAME, 166 + 2 * multiscale.FRAME)]


@pytest.mark.slow
def test_traced_into_one_graph_it_is_the_same(colorizer):
    drawn = characters.character(3, 90)
    hint = Hint.from_points([(40, 30, "red"), (60, 70, "navy")], (90, 90))
    whole = tf.function(lambda *given: colorizer(*given))
    for given in (arguments(drawn.rgb, False), arguments(pixels.to_rgb(drawn.line), True, hint)):
        assert np.abs(whole(*given).numpy().astype(int) - colorizer(*given)).max() <= 1


def test_whether_it_is_line_art_is_the_callers_decision(colorizer):
    picture = characters.draw(3, 64)
    as_picture, as_line_art = (colorizer(*arguments(picture, line_art)).numpy() for line_art in (False, True))
    assert (as_picture != as_line_art).any()


def test_a_hint_of_the_same_size_stays(picture):
    assert np.array_equal(at(Hint(picture), 40, 48), picture)
    area = cv2.resize(picture, (24, 20), interpolation=cv2.INTER_AREA)
    assert np.abs(at(Hint(picture), 20, 24).astype(int) - area).max() <= 1


@pytest.mark.parametrize("offset", range(8))
def test_thin_strokes_keep_their_color_when_reduced(offset):
    rgba = np.zeros((512, 512, 4), np.uint8)
    top = 200 + offset
    rgba[top : top + 3, 50:450] = (230, 10, 60, 255)
    small = at(Hint.from_strokes(rgba), 64, 64)
    kept = (small != 255).any(-1)
    assert (np.abs(small[kept].astype(int) - (230, 10, 60)) <= 1).all()
    assert kept[:, 10:52].any(0).all()  # the stroke is unbroken
    assert kept.sum() <= 2 * 51 and not kept[:24].any() and not kept[28:].any()


def test_soft_strokes_keep_their_color_when_reduced():
    alpha = cv2.GaussianBlur(np.pad(np.full((20, 20), 255, np.uint8), 22), (0, 0), 4)
    small = at(Hint.from_strokes(np.dstack([np.full((64, 64, 3), (20, 120, 30), np.uint8), alpha])), 16, 16)
    kept = (small != 255).any(-1)
    assert kept.sum() > 20 and np.abs(small[kept].astype(int) - (20, 120, 30)).max() <= 4


def test_overlapping_strokes_are_averaged_not_bleached():
    rgb = np.full((8, 8, 3), 255, np.uint8)
    mask = np.zeros((8, 8), np.float32)
    rgb[0, :4], rgb[1, :4] = (200, 0, 0), (0, 0, 100)
    mask[:2, :4] = 1
    assert at(Hint(rgb, mask), 2, 2).tolist() == [[[100, 0, 50], WHITE], [WHITE, WHITE]]


def test_a_hint_is_shown_white_where_it_is_unmasked():
    assert (hint_picture(None, 20, 30) == 255).all()
    hint = Hint.from_points([(10, 10, "red")], (20, 30), radius=4)
    shown = hint_picture(hint, 20, 30)
    assert shown[10, 10].tolist() == [255, 0, 0] and (shown[:, 18:] == 255).all()
    assert hint_picture(hint, 40, 60).shape == (40, 60, 3)
