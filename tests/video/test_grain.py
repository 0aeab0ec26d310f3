"""The grain of a painted shot, and style residuals laid out where it has moved."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.style.onepass import network
from mangastyle.style.onepass.displacement import lay_out
from mangastyle.video.grain import Grain
from mangastyle.video.motion import Motion

ROWS, COLUMNS, STEP = 20, 16, 4  # positions of relu3_1, in pixels


def strokes(rows: int = 13, columns: int = 17) -> dict[str, tf.Tensor]:
    """Residuals of a painting in two layers, the second twice as fine."""
    rng = np.random.default_rng(0)
    return {
        "relu4_1": tf.constant(rng.normal(size=(1, rows, columns, 6)), tf.float32),
        "relu3_1": tf.constant(rng.normal(size=(1, 2 * rows, 2 * columns, 5)), tf.float32),
    }


def everywhere(dx: float, dy: float) -> Motion:
    """All that is seen, and the camera, goes from (x, y) to (x + dx, y + dy) of the frame before."""
    size = STEP * ROWS, STEP * COLUMNS
    camera = np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]])
    return Motion(np.full((*size, 2), (dx, dy), np.float32), np.ones(size, np.float32), camera, np.ones(size, np.float32))


@pytest.mark.parametrize("block", [0, 4, 20])
@pytest.mark.parametrize("shape", [(13, 17), (3, 2)])
def test_where_nothing_has_moved_strokes_lie_as_in_a_picture_alone(shape, block):
    given = strokes(*shape)
    expected = network.lay_out(given, 8 * 10, 8 * 8, block, 5)
    found = lay_out(given, Grain.first(ROWS, COLUMNS).displacement, block, 5)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("block", [0, 4])
def test_a_translation_translates_the_strokes(block):
    """By 8 pixels, that is one position of relu4_1 and two of relu3_1, in two frames."""
    given, half = strokes(), everywhere(4, -4)
    grain = Grain.first(ROWS, COLUMNS).moved(half, STEP).moved(half, STEP)
    still, moved = (lay_out(given, g.displacement, block, 5) for g in (Grain.first(ROWS, COLUMNS), grain))
    for name, shift in (("relu4_1", 1), ("relu3_1", 2)):
        a, b = still[name].numpy(), moved[name].numpy()
        np.testing.assert_array_equal(b[:, shift:, :-shift], a[:, :-shift, shift:])


def test_parts_of_a_position_are_interpolated():
    ramp = {"relu3_1": tf.constant(np.arange(40, dtype=np.float32)[None, None, :, None].repeat(30, 1))}
    found = lay_out(ramp, np.full((20, 16, 2), (1, 2), np.float32))["relu3_1"].numpy()
    np.testing.assert_allclose(found[0, :, 2:, 0], np.tile(np.arange(2, 16) + 0.25, (20, 1)), atol=0.05)


def test_blocks_repeat_beyond_the_frame():
    given = strokes()
    far = np.full((ROWS, COLUMNS, 2), (0, 8 * 12), np.float32)  # three blocks of 4 positions, of 8 pixels, down
    np.testing.assert_array_equal(lay_out(given, far, 4, 5)["relu4_1"], lay_out(given, 0 * far, 4, 5)["relu4_1"])


def test_things_and_ground_keep_their_strokes_when_they_part():
    """The left half moves on by 4 pixels, 5 times; the right half stands still, and so does the camera."""
    left = np.arange(STEP * COLUMNS) < 32
    way = np.zeros((STEP * ROWS, STEP * COLUMNS, 2), np.float32)
    way[:, left, 1] = -4
    everywhere = np.ones(way.shape[:2], np.float32)
    motion = Motion(way, everywhere, np.eye(3), everywhere)
    grain = Grain.first(ROWS, COLUMNS)
    for _ in range(5):
        grain = grain.moved(motion, STEP)
    assert (grain.displacement[5:, :8] == (0, -20)).all() and not grain.displacement[:, 8:].any()


def test_what_comes_into_sight_gets_the_strokes_of_the_ground_that_the_camera_has_moved_over():
    pan = everywhere(3, 1)
    hidden = pan._replace(way=np.zeros_like(pan.way), seen=np.zeros_like(pan.seen))
    grain = Grain.first(ROWS, COLUMNS).moved(hidden, STEP).moved(hidden, STEP)
    np.testing.assert_allclose(grain.displacement, np.broadcast_to((6.0, 2.0), (ROWS, COLUMNS, 2)), atol=1e-4)
    zoom = hidden._replace(camera=np.diag([2.0, 2.0, 1.0]))
    np.testing.assert_allclose(Grain.first(ROWS, COLUMNS).moved(zoom, STEP).displacement[2, 3], (13.5, 9.5))  # the position's center


def test_grain_survives_being_kept():
    grain = Grain.first(ROWS, COLUMNS).moved(everywhere(1.3, 0.7), STEP)
    again = Grain.of(grain.arrays())
    assert all(a.dtype == b.dtype and (a == b).all() for a, b in zip(grain, again))
