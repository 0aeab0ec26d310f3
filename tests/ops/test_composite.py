"""Blending of layers, for every pair of levels, by whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.ops.layers import Layers, composite, draw_lines


def test_blending_is_exact_for_every_pair_of_levels():
    below, above = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    below, above = (np.repeat(x[..., None], 3, -1) for x in (below, above))
    white, black = np.full_like(below, 255), np.zeros_like(below)
    product = below.astype(int) * above
    multiplied = (product + 127) // 255  # rounded: 255 is odd, so no half comes up
    np.testing.assert_array_equal(composite(Layers(below, above, black, white)), multiplied)
    np.testing.assert_array_equal(composite(Layers(below, white, black, above)), multiplied)
    inverse = (255 - below.astype(int)) * (255 - above)
    np.testing.assert_array_equal(composite(Layers(below, white, above, white)), 255 - (inverse + 127) // 255)


def test_layers_are_laid_in_their_order():
    one = [np.full((1, 1, 3), level, np.uint8) for level in (200, 128, 50, 100)]
    shaded = round(200 * 128 / 255)
    lit = round(255 - (255 - shaded) * (255 - 50) / 255)
    assert composite(Layers(*one)).tolist() == [[[round(lit * 100 / 255)] * 3]]


@pytest.mark.parametrize("ink", [0.0, 0.3, 0.7, 1.0])
def test_lines_are_drawn_as_strongly_as_their_ink(ink):
    levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    drawn = draw_lines(levels, ink)
    np.testing.assert_allclose(drawn, 255 - ink * (255.0 - levels), atol=0.51)
    assert drawn.dtype == np.uint8 and (ink < 1 or np.array_equal(drawn, levels))


def test_layers_of_other_sizes_are_refused():
    one, other = np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4, 3), np.uint8)
    with pytest.raises(MangastyleError, match="`lines`: must have the size of `flat`, .4, 5, 3., not .5, 4, 3."):
        composite(Layers(one, one, one, other))
