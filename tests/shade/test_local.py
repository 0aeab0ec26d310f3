"""Coloring a part of a picture anew."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.shade.hints import Hint
from mangastyle.shade.local import change_within
from mangastyle.shade.shader import Shader


def test_the_picture_changes_within_the_mask_alone():
    random = np.random.default_rng(0)
    base, colored = random.integers(0, 256, (2, 9, 13, 3), np.uint8)
    mask = random.choice(np.float32([0, 0.5, 1]), (9, 13))
    made = change_within(base, colored, mask)
    np.testing.assert_array_equal(made[mask == 0], base[mask == 0])
    np.testing.assert_array_equal(made[mask == 1], colored[mask == 1])
    np.testing.assert_allclose(made[mask == 0.5], (base / 2 + colored / 2)[mask == 0.5], atol=0.5)


def test_a_shader_recolors_a_part(region_weights, shading_weights):
    shader = Shader(region_weights, precision="float32", shading_weights=shading_weights)
    paper, mask = np.full((60, 80, 3), 255, np.uint8), np.zeros((60, 80), bool)
    mask[:, 40:] = True
    red, blue = (Hint.from_points([(60, 30, color)], (60, 80), radius=4) for color in ("red", "blue"))
    base = shader(paper, red)
    made = shader(paper, blue, base=base, within=mask)
    np.testing.assert_array_equal(made[:, :40], base[:, :40])
    np.testing.assert_array_equal(made[:, 40:], shader(paper, blue)[:, 40:])
    assert (made[:, 40:] != base[:, 40:]).any()
    for arguments, message in (
        ({"base": base}, "`within`: is the mask of `base`.*give both or neither"),
        ({"base": base[:9], "within": mask}, "`base`: is 80x9, but the picture is 80x60"),
        ({"base": base, "within": mask[:, 36:44]}, "`within`: this mask is 8x60 pixels"),
        ({"base": base, "within": mask.astype(int)}, "`within`: a mask must be"),
    ):
        with pytest.raises(MangastyleError, match=message):
            shader(paper, blue, **arguments)
