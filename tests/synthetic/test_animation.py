"""Animated characters: their flow, occlusion and regions are those of the pictures."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.synthetic.animation import Animation, animation
from mangastyle.synthetic.animation.bending import Bend
from mangastyle.synthetic.animation.poses import MOTIONS, Pose, motion
from mangastyle.synthetic.animation.puppet import LAYERS
from mangastyle.video.flow import warp, warp_nearest

SHADED = 24  # gray levels by which a pixel may differ where no edge is near


def away_from_edges(frame) -> np.ndarray:
    """Pixels with equal neighbors: neither lines nor borders of tones."""
    kernel = np.ones((5, 5), np.uint8)
    return (cv2.dilate(frame.rgb, kernel).astype(int) - cv2.erode(frame.rgb, kernel)).max(-1) < 8


@pytest.mark.parametrize("name", MOTIONS)
def test_frames_are_well_formed(name):
    clip = animation(5, name, (48, 72), count=3)
    frames = list(clip)
    assert len(frames) == len(clip) == 3
    for frame in frames:
        assert frame.rgb.shape == frame.flat.shape == (48, 72, 3) and frame.rgb.dtype == frame.flat.dtype == np.uint8
        assert frame.line_art.shape == frame.regions.shape == frame.visible.shape == (48, 72)
        assert (frame.line_art.dtype, frame.regions.dtype, frame.visible.dtype) == (np.uint8, np.int32, bool)
        assert frame.flow.shape == (48, 72, 2) and frame.flow.dtype == np.float32
        assert all(layer.flags.c_contiguous for layer in frame)


@pytest.mark.parametrize("seed, name", [(3, "turn"), (5, "walk"), (12, "mixed"), (21, "hair"), (8, "zoom"), (2, "pan"), (7, "blink")])
def test_flow_leads_to_the_next_frame(seed, name):
    clip = animation(seed, name, 160, count=8)
    wrong = moved = 0.0
    for index in (1, 4, 6):
        frame, after = clip.frame(index), clip.frame(index + 1)
        apart = np.abs(warp(after.rgb, frame.flow).astype(int) - frame.rgb).max(-1)
        calm = frame.visible & away_from_edges(frame) & (warp(after.line_art, frame.flow) == 255)
        light = 16 if name == "mixed" else 0
        wrong += (apart[calm] > SHADED + light).mean() / 3
        moved += np.linalg.norm(frame.flow, axis=-1).max() / 3
    assert moved > 0.5
    assert wrong < 0.002


def test_wrong_flow_is_told_from_the_right_one():
    frame, after = (animation(2, "pan", 160).frame(index) for index in (4, 5))
    error = {share: np.abs(warp(after.rgb, share * frame.flow).astype(int) - frame.rgb)[frame.visible].mean() for share in (0.5, 1, 1.5)}
    assert error[1] < 0.6 * min(error[0.5], error[1.5])


def test_regions_keep_their_numbers_and_colors():
    clip = animation(12, "turn", 160, count=6)
    colors: dict[int, set] = {}
    for index in range(6):
        frame, after = clip.frame(index), clip.frame(index + 1)
        same = warp_nearest(after.regions, frame.flow) == frame.regions
        assert same[frame.visible].mean() > 0.97
        for number in np.unique(frame.regions):
            colors.setdefault(int(number), set()).update(map(tuple, np.unique(frame.flat[frame.regions == number], axis=0).tolist()))
    assert all(len(found) == 1 for found in colors.values())


def test_what_is_covered_is_not_visible():
    """Where the layer that a pixel is on is no longer on top, forward and backward flow do not cancel."""
    clip = animation(5, "walk", 160)
    (forward, seen), (backward, _) = clip.flow(3, 5), clip.flow(5, 3)
    apart = np.linalg.norm(forward + warp(backward, forward), axis=-1)
    inside = np.ones(seen.shape, bool)
    inside[:12] = inside[-12:] = inside[:, :12] = inside[:, -12:] = False
    assert (~seen & inside).sum() > 50
    assert np.median(apart[~seen & inside]) > 0.5
    assert np.quantile(apart[seen & inside], 0.9) < 0.1


def test_nothing_is_covered_by_itself():
    flow, seen = animation(4, "zoom", 64).flow(2, 2)
    assert not flow.any() and seen.all()


def test_flow_between_any_two_frames():
    """The flow over two frames is the flow over one, followed by the next one's."""
    clip = animation(4, "pan", 96)
    (first, seen), (second, _), (both, _) = clip.flow(2, 3), clip.flow(3, 4), clip.flow(2, 4)
    calm = seen & (np.abs(np.diff(first[..., 0], axis=1, prepend=first[:, :1, 0])) < 1e-3)
    assert np.median(np.linalg.norm(first + warp(second, first) - both, axis=-1)[calm]) < 0.01


def test_a_backdrop_of_one_color_is_seen_to_stand_still():
    plain, marked = animation(8000000011, "walk", 128), animation(8000000019, "mixed", 128)  # this one has discs
    flow, _ = plain.flow(3, 4)
    seen, visible = plain.seen_flow(3, 4)
    assert np.abs(flow[4, 4]).max() > 1 and not seen[4, 4].any() and visible[4, 4]
    person = np.abs(seen).max(-1) > 0
    np.testing.assert_array_equal(seen[person], flow[person])
    assert 0.2 < person.mean() < 0.9
    for pair in ((8, 18), (2, 3)):  # far, with the light changing, and 0.6 pixels
        for found, true in zip(marked.seen_flow(*pair), marked.flow(*pair)):
            np.testing.assert_array_equal(found, true)


def test_still_is_held_on_twos():
    frames = list(animation(7, "still", 64, count=8))
    for one, two in zip(frames[::2], frames[1::2]):
        assert np.array_equal(one.rgb, two.rgb) and not one.flow.any() and one.visible.all()
    assert any(not np.array_equal(one.rgb, two.rgb) for one, two in zip(frames[1::2], frames[2::2]))


def test_light_changes_the_picture_alone():
    one, two = (animation(7, "light", 64).frame(index) for index in (9, 21))
    assert np.abs(one.rgb.astype(int) - two.rgb).mean() > 3
    assert np.abs(one.line_art.astype(int) - two.line_art).mean() < 3 and np.mean(one.regions == two.regions) > 0.97


def test_pure_function_of_its_arguments():
    first = animation(9, "mixed", 48).frame(5)
    np.random.seed(1)
    backwards = animation(9, "mixed", 48)
    for index in (7, 5):
        again = backwards.frame(index)
    assert all(np.array_equal(x, y) for x, y in zip(first, again))
    assert not np.array_equal(first.rgb, animation(10, "mixed", 48).frame(5).rgb)


@pytest.mark.parametrize("layer", LAYERS)
def test_bending_has_an_inverse(layer):
    points = np.random.default_rng(0).uniform(-3, 3, (500, 2))
    for seed in range(3):
        for name in ("mixed", "walk", "turn"):
            bend = Bend((0.1, -0.2), motion(seed, name)(1.3))
            assert np.abs(bend.back(layer, bend.forth(layer, points)) - points).max() < 1e-4


def test_at_rest_nothing_moves():
    points = np.random.default_rng(0).uniform(-3, 3, (50, 2))
    for layer in LAYERS:
        assert np.allclose(Bend((0.1, -0.2), Pose()).forth(layer, points), points)


def test_motion_is_smooth():
    """No jumps: a quarter of the time between frames moves everything by about a quarter."""
    for name in MOTIONS:
        pose = motion(3, name)
        for layer in LAYERS:
            points = np.random.default_rng(0).uniform(-1.5, 1.5, (100, 2))
            places = [Bend((0, 0), pose(time)).forth(layer, points) for time in np.arange(0, 3, 1 / 48)]
            assert max(np.abs(a - b).max() for a, b in zip(places, places[1:])) < 0.16


def test_fast_enough():
    clip = animation(3, "mixed", 256)
    start = time.process_time()
    for index in range(3):
        clip.frame(index)
    assert (time.process_time() - start) / 3 < 0.3


@pytest.mark.parametrize("arguments", [(-1,), (1, "jump"), (1, "turn", 4), (1, "turn", 64, 0), (1, "turn", 64, 8, 0)])
def test_refuses_what_is_out_of_range(arguments):
    with pytest.raises(MangastyleError):
        animation(*arguments)
    assert isinstance(animation(1, "turn", 64, 8), Animation)
