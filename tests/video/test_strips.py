"""Frames strip by strip are as whole ones, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.synthetic import characters
from mangastyle.video import strips
from mangastyle.video.motion import between
from mangastyle.video.painting import go_on
from mangastyle.video.region_motion import gradient, steepness

FRAME, BEFORE = (characters.draw(seed, 96) for seed in (7, 8))


def test_strips_cover_all_rows_once():
    for height, reach in ((1, 3), (256, 0), (257, 30), (1080, 22)):
        rows = [row for strip in strips.strips(height, reach) for row in range(strip.rows.start, strip.rows.stop)]
        assert rows == list(range(height))
        for strip in strips.strips(height, reach):
            assert range(height)[strip.outer][strip.within] == range(height)[strip.rows]
            assert strip.rows.start - strip.outer.start in (reach, strip.rows.start)


@pytest.mark.parametrize("rows", [7, 40])
def test_results_do_not_depend_on_strips(monkeypatch, rows):
    motion = between(BEFORE, FRAME)
    steep, painted = steepness(FRAME), go_on(FRAME, BEFORE, motion)
    np.testing.assert_allclose(steep, gradient(FRAME)[0], rtol=1e-4, atol=1e-3)
    monkeypatch.setattr(strips, "ROWS", rows)
    np.testing.assert_array_equal(steepness(FRAME), steep)
    np.testing.assert_array_equal(go_on(FRAME, BEFORE, motion), painted)
