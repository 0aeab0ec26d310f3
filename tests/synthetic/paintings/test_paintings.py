"""Paintings of our own: repeatable, any size, and no two painters alike."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from picture_measures import blurred, painting

from mangastyle.errors import MangastyleError
from mangastyle.synthetic.paintings import PAINTERS, paint

every_painter = pytest.mark.parametrize("name", PAINTERS)


@every_painter
def test_default_is_a_uint8_picture_of_512_by_640(name):
    picture = painting(name)
    assert picture.dtype == np.uint8 and picture.shape == (512, 640, 3)


@every_painter
def test_same_arguments_same_picture(name):
    assert np.array_equal(paint(name, 3, 96, 120), paint(name, 3, 96, 120))


@every_painter
def test_another_seed_is_another_painting(name):
    a, b = blurred(painting(name, 0, 256, 320)), blurred(painting(name, 1, 256, 320))
    assert np.corrcoef(a, b)[0, 1] < 0.9  # another composition, not only other strokes


@every_painter
@pytest.mark.parametrize("size", [(8, 8), (31, 33), (97, 64), (8, 200), (33, 64), (200, 8)])
def test_any_size(name, size):
    picture = painting(name, 0, *size)
    assert picture.shape == (*size, 3) and picture.std() > 20


@every_painter
def test_a_seed_is_one_painting_at_every_size(name):
    small, large = painting(name, 0, 200, 250), painting(name)
    large = cv2.resize(large, (250, 200), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(blurred(small), blurred(large))[0, 1] > 0.98


def test_painters_are_not_alike():
    """Their paintings differ in color by more than two seeds of one painter do."""

    def colors(name: str, seed: int) -> np.ndarray:
        """Shares of the picture in each of 4 x 4 x 4 colors: (64,)."""
        picture = painting(name, seed, 200, 250)
        return cv2.calcHist([picture], [0, 1, 2], None, [4] * 3, [0, 256] * 3).ravel() / picture[..., 0].size

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return np.abs(a - b).sum() / 2

    own = {name: [colors(name, seed) for seed in (0, 1)] for name in PAINTERS}
    for name, (first, second) in own.items():
        others = [other[0] for kind, other in own.items() if kind != name]
        assert min(apart(first, other) for other in others) > apart(first, second)


def test_unknown_painter_names_the_near_one():
    message = re.escape("unknown painter 'bruhs' (did you mean 'brush'?); there are: brush, hatching, mosaic, wash")
    with pytest.raises(MangastyleError, match=message):
        paint("bruhs")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "`seed`: must be a whole number from 0"),
        ({"seed": 1.5}, "`seed`: must be a whole number from 0"),
        ({"height": 7}, "`height`: must be a whole number from 8 to 4096, not 7"),
        ({"width": 4097}, "`width`: must be a whole number from 8 to 4096, not 4097"),
        ({"width": "640"}, "`width`: must be a whole number from 8 to 4096, not '640'"),
        ({"name": None}, "unknown painter None; there are: brush"),
    ],
)
def test_refuses_what_it_cannot_paint(arguments, message):
    with pytest.raises(MangastyleError, match=message):
        paint(**arguments)
