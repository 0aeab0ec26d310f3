"""Optical flow against the exact motion of drawn clips, SciPy's interpolation, and closed forms."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from mangastyle.errors import MangastyleError
from mangastyle.synthetic.animation import animation
from mangastyle.video.flow import estimate, visible, warp, warp_nearest


def smooth(height: int, width: int) -> np.ndarray:
    noise = gaussian_filter(np.random.default_rng(1).normal(size=(height, width)), 3)
    return np.clip(128 + 400 * noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shift", [(3, -2), (0, 5), (-1, 0)])
def test_finds_a_translation(shift):
    frame = smooth(96, 120)
    found = estimate(frame, np.roll(frame, shift[::-1], (0, 1)))[16:-16, 16:-16]
    assert np.abs(found - shift).mean() < 0.25


def test_scales_back_from_the_working_size():
    frame = cv2.resize(smooth(150, 200), (1200, 900), interpolation=cv2.INTER_CUBIC)
    found = estimate(frame, np.roll(frame, (6, 12), (0, 1)))
    assert found.shape == (900, 1200, 2)
    assert np.abs(found[100:-100, 100:-100] - (12, 6)).mean() < 1


@pytest.mark.parametrize("seed, motion", [(2, "turn"), (4, "pan"), (9, "mixed"), (13, "hair")])
def test_near_ink_as_drawn(seed, motion):
    clip = animation(seed, motion, 192, 2)
    frame, after = clip.frame(0), clip.frame(1)
    near = (cv2.dilate((frame.line_art < 128).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & frame.visible
    for picture, other in ((frame.line_art, after.line_art), (frame.rgb, after.rgb)):
        error = np.linalg.norm(estimate(picture, other) - frame.flow, axis=-1)[near].mean()
        assert error < 0.5 * np.linalg.norm(frame.flow, axis=-1)[near].mean() + 0.1


def test_no_motion_is_none_and_runs_agree():
    frame, other = smooth(64, 80), smooth(80, 64)[:64, :64]
    assert np.abs(estimate(frame, frame)).max() < 1e-3
    first = estimate(frame[:, :64], other)
    assert all(np.array_equal(first, estimate(frame[:, :64], other)) for _ in range(3))


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9), (7, 5, 3), (400, 3, 3)])
def test_any_size(shape):
    frames = np.random.default_rng(0).integers(0, 256, (2, *shape), np.uint8)
    found = estimate(*frames)
    assert found.shape == (*shape[:2], 2) and found.dtype == np.float32 and np.isfinite(found).all()
    assert visible(found, -found).shape == shape[:2]


def test_refuses_two_sizes():
    with pytest.raises(MangastyleError, match="`after`"):
        estimate(np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8))


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,), (7,)])
def test_warp_is_linear_interpolation(channels):
    picture = np.random.default_rng(0).random((20, 31, *channels)).astype(np.float32)
    flow = np.random.default_rng(1).normal(0, 4, (20, 31, 2)).astype(np.float32)
    y, x = np.mgrid[:20, :31]
    flat = picture.reshape(20, 31, -1)
    places = [y + flow[..., 1], x + flow[..., 0]]
    wanted = np.stack([map_coordinates(flat[..., i], places, order=1, mode="nearest") for i in range(flat.shape[-1])], -1)
    found = warp(picture, flow)
    assert found.shape == picture.shape and found.dtype == np.float32
    assert np.abs(found - wanted.reshape(picture.shape)).max() < 1 / 32  # OpenCV's steps are 1/32 of a pixel


def test_warp_by_whole_pixels_is_exact():
    picture = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    moved = warp(picture, np.full((9, 12, 2), (2, -1), np.float32))
    assert np.array_equal(moved[1:, :-2], picture[:-1, 2:])
    assert np.array_equal(moved[0, :-2], picture[0, 2:]) and np.array_equal(moved[1:, -1], picture[:-1, -1])


def test_warp_nearest_takes_labels_as_they_are():
    labels = np.random.default_rng(0).integers(0, 2**30, (20, 31), np.int32)
    flow = np.random.default_rng(1).normal(0, 4, (20, 31, 2)).astype(np.float32)
    y, x = np.mgrid[:20, :31]
    wanted = map_coordinates(labels.astype(np.float64), [y + np.rint(flow[..., 1]), x + np.rint(flow[..., 0])], order=0, mode="nearest")
    found = warp_nearest(labels, flow)
    assert found.dtype == np.int32 and np.array_equal(found, wanted.astype(np.int32))


def test_visible_where_flows_cancel():
    right = np.full((12, 16, 2), (2, 0), np.float32)
    assert np.array_equal(visible(right, -right), np.arange(16) + 2 * np.ones((12, 1)) <= 15)
    assert not visible(right, np.zeros_like(right)).any()  # 4 > 0.01 * 4 + 0.5
    slow = right / 4
    assert visible(slow, np.zeros_like(right))[:, :-1].all()  # 0.25 is within the slack


def test_not_visible_at_motion_boundaries():
    flow = np.zeros((10, 20, 2), np.float32)
    flow[:, 10:, 1] = 0.3
    seen = visible(flow, -flow)[:9]
    assert not seen[:, 9:11].any() and seen[:, :9].all() and seen[:, 11:].all()


def test_hides_what_an_occluder_covers():
    """A square moves 6 pixels to the right over a still ground: the 6 columns that it comes to cover are not visible."""
    forward, backward = np.zeros((2, 40, 60, 2), np.float32)
    forward[10:30, 10:30, 0] = 6
    backward[10:30, 16:36, 0] = -6
    seen = visible(forward, backward)
    assert not seen[10:30, 30:36].any()
    assert seen[12:28, 12:28].all() and seen[12:28, 40:].all()


@pytest.mark.parametrize("shape", [(20, 512), (512, 28), (31, 600), (1, 1), (2, 900), (47, 800)])
def test_narrow_strips(shape):
    """OpenCV ends the process for some of them."""
    strip = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert estimate(strip, strip).shape == (*shape, 2)
