"""Measures of steadiness against closed forms, scikit-image's color difference and clips made by hand."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from mangastyle.errors import MangastyleError
from mangastyle.evaluate.video import (
    RegionColors,
    color_constancy,
    identity,
    pair_error,
    region_colors,
    style_decrease,
    tracked_parts,
    warp_errors,
)
from mangastyle.ops.color import rgb_to_lab
from mangastyle.synthetic.animation import AnimationFrame, animation

SEEN = np.ones((24, 32), bool)


def noise(seed: int = 0, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, (height, width, 3), np.uint8)


def steady(dx: int, dy: int, height: int = 24, width: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Flow by whole pixels, and what stays in the picture."""
    mask = np.zeros((height, width), bool)
    mask[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)] = True
    return np.full((height, width, 2), (dx, dy), np.float32), mask


@pytest.mark.parametrize("shift", [(3, 0), (-2, 5), (0, -1)])
def test_translation_by_whole_pixels_is_no_error(shift):
    frame = noise()
    other = np.roll(frame, shift[::-1], (0, 1))
    assert pair_error(frame, other, *steady(*shift)) == 0
    assert pair_error(frame, other, *steady(0, 0)) > 100


@pytest.mark.parametrize("step", [1, 20, 55])
def test_flicker_gives_its_square(step):
    frame = noise()
    wanted = 1000 * 3 * (step / 255) ** 2
    assert pair_error(frame, frame + np.uint8(step), *steady(0, 0)) == pytest.approx(wanted, rel=1e-6)


def test_one_channel_counts_once():
    frame = noise()
    other = frame.copy()
    other[..., 1] += 51
    assert pair_error(frame, other, *steady(0, 0)) == pytest.approx(1000 * 0.04, rel=1e-6)


def test_an_occluder_is_masked():
    frame = noise()
    other = frame.copy()
    other[4:10, 4:10] = 255
    mask = SEEN.copy()
    mask[4:10, 4:10] = False
    assert pair_error(frame, other, steady(0, 0)[0], mask) == 0
    assert math.isnan(pair_error(frame, other, steady(0, 0)[0], ~SEEN))


def test_long_and_short_terms():
    """A drift of 2 levels a frame: (2 d)² over d frames."""
    frames = [np.full((24, 32, 3), 100 + 2 * i, np.uint8) for i in range(15)]
    found = warp_errors([frames[0]] * 15, {"drift": frames}, motion=lambda i, j: steady(0, 0))
    assert found["input"] == {1: 0.0, 10: 0.0}
    for gap in (1, 10):
        assert found["drift"][gap] == pytest.approx(1000 * 3 * (2 * gap / 255) ** 2, rel=1e-6)


def test_motion_is_asked_from_earlier_to_later():
    frames = [np.roll(noise(), (2 * i, i), (0, 1)) for i in range(4)]
    found = warp_errors(frames, {}, gaps=(1, 2), motion=lambda i, j: steady(j - i, 2 * (j - i)))
    assert found == {"input": {1: 0.0, 2: 0.0}}


def test_flow_is_estimated_where_none_is_given():
    clip = animation(4, "pan", 128, count=3)
    source = [frame.rgb for frame in clip]
    bright = [np.clip(frame.astype(int) - 40 * (i % 2), 0, 255).astype(np.uint8) for i, frame in enumerate(source)]
    estimated, true = (warp_errors(source, {"flicker": bright}, (1,), motion) for motion in (None, clip.flow))
    for found in (estimated, true):
        assert found["input"][1] < 15 < 50 < found["flicker"][1] < 120
    assert estimated["flicker"][1] == pytest.approx(true["flicker"][1], rel=0.2)


def test_short_clips_have_no_long_term():
    found = warp_errors([noise()] * 3, {}, motion=lambda i, j: steady(0, 0))["input"]
    assert found[1] == 0 and math.isnan(found[10])


def test_reads_frames_as_it_goes():
    def frames(count: int):
        return (np.full((256, 256, 3), i % 256, np.uint8) for i in range(count))

    still = np.zeros((256, 256, 2), np.float32), np.ones((256, 256), bool)
    warp_errors(frames(3), {}, (1,), lambda i, j: still)
    tracemalloc.start()
    warp_errors(frames(40), {"same": frames(40)}, (2,), lambda i, j: still)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6  # 80 frames are 16 MB


@pytest.mark.parametrize("other", [[noise()] * 2, [noise(), noise(), noise(0, 24, 30)], [noise()] * 4])
def test_refuses_clips_that_do_not_go_together(other):
    with pytest.raises(MangastyleError):
        warp_errors([noise()] * 3, {"result": other}, (1,), lambda i, j: steady(0, 0))


def test_colors_of_regions_are_medians():
    frame, regions = noise(3, 40, 40), np.random.default_rng(0).integers(0, 5, (40, 40)).astype(np.int32)
    regions[0, :3] = 9  # too small
    found = region_colors(frame, regions)
    assert found.numbers.tolist() == [0, 1, 2, 3, 4]
    for number, area, color in zip(*found):
        pixels = frame[regions == number]
        assert area == len(pixels)
        assert np.allclose(color, rgb_to_lab(np.median(pixels, 0)[None, None])[0, 0], atol=0.3)


def test_lines_do_not_color_regions():
    frame, art = np.full((20, 20, 3), 200, np.uint8), np.full((20, 20), 255, np.uint8)
    art[:, :12], frame[:, :12] = 0, 0
    luminance = ((200 / 255 + 0.055) / 1.055) ** 2.4
    lightness = region_colors(frame, np.zeros((20, 20), np.int32), art).colors[0, 0]
    assert lightness == pytest.approx(116 * luminance ** (1 / 3) - 16, abs=0.01)


def test_constancy_counts_region_frames():
    base = rgb2lab(np.array([[200, 60, 60], [60, 90, 200]]) / 255)
    frames = [RegionColors(np.array([0, 1]), np.array([20, 20]), base.copy()) for _ in range(5)]
    frames.append(RegionColors(np.array([0, 7]), np.array([20, 20]), base + 9))  # 7 is in one frame only
    assert deltaE_ciede2000(base[0], base[0] + 9) > 1
    assert color_constancy(frames) == pytest.approx(10 / 11)
    assert math.isnan(color_constancy(frames[:1]))


def test_drawn_clips_are_constant_and_keep_their_identity():
    clip = [frame for frame in animation(3, "turn", 128, count=6)]
    flats = [region_colors(frame.flat, frame.regions) for frame in clip]
    assert color_constancy(flats) == 1 and identity(flats, flats[0]) == 1
    rng = np.random.default_rng(0)
    flicker = [region_colors(np.clip(f.flat + rng.integers(-30, 30, 3), 0, 255).astype(np.uint8), f.regions) for f in clip]
    assert color_constancy(flicker) < 0.6


def test_parts_are_followed_by_true_motion():
    """A line that crosses a moving square divides it into two parts; each keeps its number, and what comes in gets a new one."""

    def frame(x: int) -> AnimationFrame:
        regions, art = np.zeros((40, 60), np.int32), np.full((40, 60), 255, np.uint8)
        regions[10:30, x : x + 20] = 1
        art[[9, 20, 30], x : x + 20] = art[9:31, [x - 1, x + 20]] = 0
        flow = np.zeros((40, 60, 2), np.float32)
        flow[9:31, x - 1 : x + 21, 0] = 3
        picture = np.zeros((40, 60, 3), np.uint8)
        return AnimationFrame(picture, art, picture, regions, flow, np.ones((40, 60), bool))

    found = list(tracked_parts([frame(x) for x in (5, 8, 11)]))
    for index, x in enumerate((5, 8, 11)):
        assert found[index][15, x + 5] == found[0][15, 10] != found[0][25, 10] == found[index][25, x + 5]
        assert found[index][20, x + 5] == -1 and found[index][0, 0] == found[0][0, 0]
    assert len(np.unique(found)) == 4


def test_identity_by_area():
    colors = rgb2lab(np.array([[250, 220, 200], [40, 40, 60], [200, 40, 40]]) / 255).astype(np.float32)
    given = RegionColors(np.arange(3), np.array([100, 60, 40]), colors)
    wrong = RegionColors(np.arange(3), np.array([100, 60, 40]), colors[[0, 2, 2]])
    assert identity([given, wrong], given) == pytest.approx((200 + 140) / 400)
    new = RegionColors(np.array([0, 5]), np.array([100, 900]), colors[:2])
    assert identity([new], given) == 1  # what the given frame lacks does not count
    pale = RegionColors(np.arange(3), given.areas, colors + np.float32([20, 0, 0]))
    assert identity([pale], given) < 0.6


def test_style_decrease_is_a_mean_of_differences():
    frames = [np.full((8, 8, 3), level, np.uint8) for level in (200, 100)]
    halves = [frame // 2 for frame in frames]
    assert style_decrease(frames, halves, lambda x: {"a": float(x.mean()), "b": 1.0}) == pytest.approx(75)
