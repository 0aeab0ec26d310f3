"""Pen and ink: shades made of lines, in two inks on cream paper."""

from __future__ import annotations

import numpy as np
import pytest
from picture_measures import colorfulness, painting, structure, two_tone

from mangastyle.synthetic.paintings.fields import grid
from mangastyle.synthetic.paintings.hatching import INDIGO, PAPER, SEPIA, Sheet, _hatch, _lines


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return painting("hatching")


@pytest.mark.slow
def test_nearly_two_tone(picture):
    assert two_tone(picture) > 0.8 > max(two_tone(painting(name)) for name in ("brush", "mosaic", "wash"))


def test_ink_on_paper_and_nothing_else(picture):
    """Colors lie between the paper and the inks: hardly any variance off the plane of the three."""
    axes = np.linalg.qr(np.array([SEPIA, INDIGO]).T - np.array(PAPER)[:, None])[0]  # (3, 2)
    colors = picture.reshape(-1, 3).astype(float) - PAPER
    off = colors - colors @ axes @ axes.T
    assert off.var() < 0.002 * colors.var()
    assert 10 < colorfulness(picture) < 45


def test_lines_run_together_in_every_direction(picture):
    coherence, angle = structure(picture)
    assert coherence.mean() > 0.5
    share, _ = np.histogram(angle[coherence > 0.5], 8, (-np.pi / 2, np.pi / 2))
    assert share.min() / share.sum() > 0.01


@pytest.mark.parametrize("lines", [5, 20, 200])  # over 100 pixels: broad, fine, finer than pixels
@pytest.mark.parametrize("weight", [0.1, 0.35, 0.6])
def test_lines_cover_the_share_asked_for(lines, weight):
    stream = np.broadcast_to(np.linspace(0, lines, 101, dtype=np.float32), (100, 101))
    ink = _lines(stream, np.full_like(stream, weight))[:, :100]
    assert ink.mean() == pytest.approx(weight, abs=0.02) and ink.min() > -1e-3 and ink.max() < 1.001
    if lines == 5:
        assert np.logical_or(ink < 0.01, ink > 0.99).mean() > 0.85  # lines, not gray


def test_darker_places_get_more_ink_and_crossing_lines():
    x, y = grid(400, 400)
    sheet = Sheet(x, y, np.zeros_like(x), np.zeros_like(x))
    inks = [_hatch(np.random.default_rng(0), sheet, np.full_like(x, dark), y, np.pi / 2) for dark in (0.0, 0.2, 0.5, 0.9)]
    means = [ink.mean() for ink in inks]
    assert means[0] == 0 and np.all(np.diff(means) > 0.05)
    along, across = (np.abs(np.gradient(inks[1], axis=axis)).mean() for axis in (0, 1))
    assert along > 3 * across  # light: lines one way
    along, across = (np.abs(np.gradient(inks[3], axis=axis)).mean() for axis in (0, 1))
    assert along < 3 * across  # dark: both ways
