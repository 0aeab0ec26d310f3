"""Color diversity of sets of pictures with known answers."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.evaluate.color_diversity import ColorDiversity, entropy


def flat(hue: float, saturation: float = 0.8) -> np.ndarray:
    rgb = np.array(colorsys.hsv_to_rgb(hue, saturation, 0.9)) * 255
    return np.tile(rgb.astype(np.uint8), (24, 24, 1))


def measured(generated: list[np.ndarray], originals: list[np.ndarray]) -> dict:
    hues = ColorDiversity()
    for pair in zip(generated, originals, strict=True):
        hues.add(*pair)
    return hues.summary()


def test_entropy_of_known_histograms():
    assert entropy(np.ones(8)) == pytest.approx(3)
    assert entropy(np.array([0, 5, 0])) == entropy(np.zeros(3)) == 0
    assert entropy(np.array([1, 1, 2])) == pytest.approx(1.5)


def test_equal_pictures_have_the_whole_spread():
    pictures = [flat(hue) for hue in (0, 0.2, 0.4, 0.6)]
    found = measured(pictures, pictures)
    assert found["spread_share"] == pytest.approx(1) and found["spread"] == pytest.approx(2, abs=0.1)


def test_one_color_for_everything_has_no_spread():
    originals = [flat(hue) for hue in np.linspace(0, 1, 12, endpoint=False)]
    assert measured([flat(0.08)] * 12, originals)["spread_share"] == pytest.approx(0, abs=1e-6)


def test_gray_has_no_hue():
    colorful = [flat(hue) for hue in (0, 0.5)]
    found = measured([np.concatenate([p, np.full_like(p, 120)]) for p in colorful], [np.concatenate([p, p]) for p in colorful])
    assert found["spread"] == pytest.approx(found["spread_of_originals"], abs=0.05)


def test_centers_count_within_the_range_of_the_originals():
    """The range may lie across +-180 degrees."""
    for base in (0.05, 0.5):
        originals = [flat(base + 0.002 * i) for i in range(-10, 11)]
        assert measured(originals, originals)["centers_in_range"] > 0.85
        assert measured([flat(base + 0.3)] * 21, originals)["centers_in_range"] == 0
        edges = [original.copy() for original in originals]
        for picture in edges:
            picture[:6] = flat(base + 0.3)[:6]  # outside the center
        assert measured(edges, originals)["centers_in_range"] > 0.85


def test_wrong_arrays():
    with pytest.raises(MangastyleError, match="`original`: must be uint8"):
        ColorDiversity().add(flat(0), np.zeros((24, 24, 3)))
    with pytest.raises(MangastyleError, match="24x24 and 20x24 pixels"):
        ColorDiversity().add(flat(0), flat(0)[:, :20])
