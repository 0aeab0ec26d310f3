"""Motion between frames: regions, the ground and the camera, against known motions of drawn things."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.ops import pixels
from mangastyle.synthetic import characters
from mangastyle.video import flow
from mangastyle.video.ground import find_camera, is_ground
from mangastyle.video.motion import away_from_gone, between, unchanged
from mangastyle.video.region_motion import Edges, find_motions, find_regions, fit, gradient

SIDE = 160


def placed(turn: float, x: float, y: float, ground: np.ndarray | None = None, side: int = SIDE) -> np.ndarray:
    """A drawn head in an oval, turned by `turn` degrees and moved by (x, y), on a ground."""
    head = characters.draw(7, 96)
    place = cv2.getRotationMatrix2D((47.5, 47.5), turn, 1.0)
    place[:, 2] += x + 32, y + 32
    oval = cv2.ellipse(np.zeros((96, 96), np.float32), (48, 48), (36, 42), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    size = side, side
    mask = cv2.warpAffine(oval, place, size)[..., None]
    beneath = np.full((side, side, 3), (200, 220, 235), np.uint8) if ground is None else ground
    return pixels.to_uint8(beneath * (1 - mask) + mask * cv2.warpAffine(head, place, size))


def inside(x: float = 0, y: float = 0) -> np.ndarray:
    """Pixels well within the oval: bool (h, w)."""
    return cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), (round(80 + x), round(80 + y)), (28, 34), 0, 0, 360, 1, -1) > 0


def outside(x: float = 0, y: float = 0) -> np.ndarray:
    """Pixels well outside of it."""
    return cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), (round(80 + x), round(80 + y)), (46, 52), 0, 0, 360, 1, -1) == 0


def test_a_moving_thing_moves_and_flat_ground_does_not():
    before, frame = placed(0, 0, 0), placed(0, 4, 3)
    found = between(before, frame)
    assert np.abs(found.way[inside(4, 3)] - (-4, -3)).mean() < 0.2
    assert np.abs(found.way[outside(4, 3)]).max() == 0
    np.testing.assert_array_equal(found.camera, np.eye(3))
    plain = flow.estimate(frame, before)  # which drags the ground along
    assert np.abs(plain[outside(4, 3)]).mean() > 0.3


def test_a_turn_is_found_in_flat_regions_too():
    before, frame = placed(0, 0, 0), placed(5, 0, 0)
    y, x = np.mgrid[:SIDE, :SIDE] - 79.5
    angle = np.deg2rad(5)  # counterclockwise, y is down: back again is clockwise
    truth = np.stack([np.cos(angle) * x - np.sin(angle) * y - x, np.sin(angle) * x + np.cos(angle) * y - y], -1)
    found = between(before, frame).way
    assert np.abs(found - truth)[inside()].mean() < 0.25
    assert np.abs(truth[inside()]).mean() > 1


@pytest.mark.parametrize("grow", [1.0, 1.03])
def test_the_camera_is_found_on_a_ground_with_a_drawing(grow):
    rng = np.random.default_rng(0)
    wide = np.full((2 * SIDE, 2 * SIDE, 3), 230, np.uint8)
    for _ in range(60):
        at, to = rng.integers(0, 2 * SIDE, (2, 2))
        cv2.line(wide, at.tolist(), (at + (to - at) // 8).tolist(), rng.integers(0, 160, 3).tolist(), 3, cv2.LINE_AA)
    grounds = [cv2.warpAffine(wide, np.array([[s, 0, dx], [0, s, -60.0]]), (SIDE, SIDE)) for s, dx in ((1, -60), (grow, -65))]
    found = between(*(placed(0, 0, 0, ground) for ground in grounds)).camera
    expected = np.array([[1 / grow, 0, 5 / grow], [0, 1 / grow, 0]])
    expected[0, 2], expected[1, 2] = (65 / grow - 60), (60 / grow - 60)
    corners = np.array([[0, 0, 1], [SIDE, 0, 1], [0, SIDE, 1], [SIDE, SIDE, 1.0]])
    np.testing.assert_allclose(corners @ found[:2].T, corners @ expected.T, atol=0.6)


def test_the_camera_is_found_by_faint_marks_and_stands_still_without_any():
    """Dots 8 gray levels lighter; a person who walks before a plain ground does not move it."""
    faint = np.full((2 * SIDE, 2 * SIDE, 3), 200, np.uint8)
    for y, x in np.argwhere(np.ones((16, 16))) * 20 + 10:
        cv2.circle(faint, (int(x), int(y)), 5, (208, 208, 208), -1, cv2.LINE_AA)
    for wide, expected in ((faint, (-3, -2)), (np.full_like(faint, 200), (0, 0))):
        before, frame = placed(0, 0, 0, wide[20 : 20 + SIDE, 20 : 20 + SIDE]), placed(0, 6, 0, wide[18 : 18 + SIDE, 17 : 17 + SIDE])
        found = between(before, frame)
        np.testing.assert_allclose(found.camera[:2, 2], expected, atol=0.3)
        np.testing.assert_allclose(found.way[6, 6], expected, atol=0.3)


def test_tiles_and_a_moon_stand_still_behind_what_moves():
    """Some of their edges are those of the thing that moves before them."""
    ground = np.full((SIDE, SIDE, 3), (120, 150, 210), np.uint8)
    ground[(np.add.outer(np.arange(SIDE) // 40, np.arange(SIDE) // 40) % 2) == 1] = (90, 120, 180)
    cv2.circle(ground, (34, 80), 28, (240, 230, 170), -1, cv2.LINE_AA)
    found = between(placed(0, 0, 0, ground), placed(6, 4, 3, ground))
    still = outside(4, 3)
    assert np.abs(found.way[still]).max(-1).mean() < 0.02
    assert np.abs(found.way[inside(4, 3)]).max(-1).mean() > 3


def test_a_still_frame_has_no_motion_at_all():
    frame = placed(0, 0, 0)
    found = between(frame, frame.copy())
    assert not found.way.any() and (found.seen == 1).all()


def test_motions_scale_with_the_frame():
    small = between(placed(0, 0, 0), placed(0, 4, 3)).way
    large = between(*(cv2.resize(placed(0, x, y), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for x, y in ((0, 0), (4, 3)))).way
    assert large.shape == (4 * SIDE, 4 * SIDE, 2)
    np.testing.assert_allclose(large[330, 330], 4 * small[82, 82], atol=1.2)


def test_what_came_into_sight_or_changed_is_not_seen():
    before, frame = placed(0, 0, 0), placed(0, 8, 0)
    found = between(before, frame)
    uncovered = cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), (80, 80), (34, 40), 0, 0, 360, 1, -1) > 0
    uncovered &= cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), (88, 80), (39, 45), 0, 0, 360, 1, -1) == 0
    assert uncovered.any() and found.seen[uncovered].mean() < 0.3
    assert found.seen[outside(4, 0)].min() > 0.9 and found.seen[inside(8, 0)].mean() > 0.9
    changed = frame.copy()
    changed[120:140, 60:80] //= 2
    assert unchanged(frame, changed, np.zeros((SIDE, SIDE, 2), np.float32))[125:135, 65:75].max() < 0.1


def test_similarities_of_regions_against_known_ones():
    rng = np.random.default_rng(1)
    place = rng.uniform(0, 100, (4000, 2))
    region = (place[:, 0] > 50).astype(np.intp)
    truth = np.array([[2.0, -1.0, 0.02, 0.03], [-3.0, 0.5, -0.01, 0.0]])
    a, b, c, d = truth[region].T
    way = np.stack([a + c * place[:, 0] - d * place[:, 1], b + d * place[:, 0] + c * place[:, 1]], -1)
    angle = rng.uniform(0, np.pi, 4000)
    normal = np.stack([np.cos(angle), np.sin(angle)], -1)
    along = np.stack([-normal[:, 1], normal[:, 0]], -1)
    way += along * rng.normal(0, 2, (4000, 1))  # the flow along edges is a guess
    way[rng.random(4000) < 0.2] += rng.uniform(-20, 20, 2)  # and some of it wrong
    edges = Edges(place, way, normal, np.full(4000, 0.001), region, region)
    found = fit(edges, 3, np.array([9.0, 9, 0, 0]))
    np.testing.assert_allclose(found[:2, :2], truth[:, :2], atol=0.15)
    np.testing.assert_allclose(found[:2, 2:], truth[:, 2:], atol=0.004)
    assert found[2].tolist() == [9, 9, 0, 0]  # a region without edges


def test_an_outline_tells_the_motion_of_the_thing_in_front():
    """A ground with a few edges of its own, which stand still, behind a thing whose long outline moves."""
    rng = np.random.default_rng(2)
    outline, own = rng.uniform(40, 60, (300, 2)), rng.uniform(0, 100, (100, 2))
    place = np.concatenate([outline, outline, own])
    way = np.concatenate([np.tile((5.0, 2.0), (600, 1)), np.zeros((100, 2))])
    angle = rng.uniform(0, np.pi, 700)
    region = np.repeat([1, 0, 0], [300, 300, 100])
    other = np.repeat([0, 1, 0], [300, 300, 100])
    edges = Edges(place, way, np.stack([np.cos(angle), np.sin(angle)], -1), np.full(700, 0.1), region, other)
    found = find_motions(edges, 2, np.zeros(4))[0]
    np.testing.assert_allclose(found[1, :2], (5, 2), atol=0.2)
    assert np.abs(found[0]).max() < 0.1
    assert np.abs(fit(edges, 2, np.zeros(4))[0, 0]) > 4  # most edges say otherwise


def test_regions_are_what_lines_divide():
    frame = np.full((60, 90, 3), 240, np.uint8)
    cv2.rectangle(frame, (20, 15), (60, 45), (20, 20, 20), 2)
    regions = find_regions(gradient(frame)[0])
    assert regions[5, 5] == regions[50, 80] != regions[30, 40]
    ground = is_ground(regions)
    assert ground[regions[5, 5]] and ground.sum() == 1
    assert find_regions(gradient(np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8))[0]).shape == (20, 20)


def test_no_edges_and_tiny_frames():
    flat = np.full((9, 33, 3), 80, np.uint8)
    found = between(flat, flat)
    assert not found.way.any() and found.way.shape == (9, 33, 2)
    assert between(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)).seen.shape == (1, 1)
    none = Edges(*(np.zeros((0, 2)) for _ in range(3)), np.zeros(0), *np.zeros((2, 0), np.intp))
    assert not find_camera(none, np.ones((9, 33), bool)).any()


def test_two_sizes_are_refused():
    with pytest.raises(MangastyleError, match="`frame`: must be"):
        between(np.zeros((32, 40, 3), np.uint8), np.zeros((40, 32, 3), np.uint8))


def test_paint_stays_behind_no_outline_that_goes():
    y, x = np.mgrid[:SIDE, :SIDE]
    before, frame = (np.where((x - at) ** 2 + (y - 80) ** 2 < 40**2, 60, 220).astype(np.uint8)[..., None].repeat(3, 2) for at in (80, 77))
    way = np.zeros((SIDE, SIDE, 2), np.float32)
    way[(x - 77) ** 2 + (y - 80) ** 2 < 40**2] = 3, 0
    clear = away_from_gone(before, frame, way)
    assert clear[80, 119:121].max() < 0.5  # where the disc was
    assert clear[80, :116].min() > 0.5 and clear[80, 130:].min() == 1  # the disc, where it comes, and far away
