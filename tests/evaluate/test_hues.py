"""Hues of sets of pictures whose answers are known."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from mangastyle.evaluate import hues


def flat(hue: float, saturation: float = 0.8) -> np.ndarray:
    rgb = np.array(colorsys.hsv_to_rgb(hue, saturation, 0.9)) * 255
    return np.tile(rgb.astype(np.uint8), (24, 24, 1))


def of(generated: list[np.ndarray], originals: list[np.ndarray]) -> dict:
    found = hues.Hues()
    for pair in zip(generated, originals, strict=True):
        found.add(*pair)
    return found.summary()


def test_entropy_of_known_histograms():
    assert hues.entropy(np.ones(8)) == pytest.approx(3)
    assert hues.entropy(np.array([0, 5, 0])) == hues.entropy(np.zeros(3)) == 0
    assert hues.entropy(np.array([1, 1, 2])) == pytest.approx(1.5)


def test_equal_pictures_have_all_of_the_spread():
    pictures = [flat(hue) for hue in (0, 0.2, 0.4, 0.6)]
    found = of(pictures, pictures)
    assert found["spread_share"] == pytest.approx(1) and found["spread"] == pytest.approx(2, abs=0.1)


def test_one_colour_for_everything_has_none():
    originals = [flat(hue) for hue in np.linspace(0, 1, 12, endpoint=False)]
    assert of([flat(0.08)] * 12, originals)["spread_share"] == pytest.approx(0, abs=1e-6)


def test_grey_has_no_hue():
    colourful = [flat(hue) for hue in (0, 0.5)]
    found = of([np.concatenate([p, np.full_like(p, 120)]) for p in colourful], [np.concatenate([p, p]) for p in colourful])
    assert found["spread"] == pytest.approx(found["spread_of_originals"], abs=0.05)


def test_centres_count_where_the_originals_are():
    """Around red, where angles in Lab and its sign change nothing: the range may lie across +-180 degrees too."""
    for base in (0.05, 0.5):
        originals = [flat(base + 0.002 * i) for i in range(-10, 11)]
        assert of(originals, originals)["centres_in_range"] > 0.85
        assert of([flat(base + 0.3)] * 21, originals)["centres_in_range"] == 0
        edges = [original.copy() for original in originals]
        for picture in edges:
            picture[:6] = flat(base + 0.3)[:6]  # outside the centre
        assert of(edges, originals)["centres_in_range"] > 0.85
