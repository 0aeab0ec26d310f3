"""The brush: thick paint in strokes that follow the forms, in full color."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from picture_measures import colorfulness, painting, structure

from mangastyle.synthetic.paintings import paint
from mangastyle.synthetic.paintings.brush import _lit


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return painting("brush")


def noise(shape: tuple) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)


def test_batches_of_strokes_do_not_show(monkeypatch):
    whole = paint("brush", 0, 100, 120)
    monkeypatch.setattr("mangastyle.synthetic.paintings.brush.BATCH", 20_000)
    assert np.array_equal(paint("brush", 0, 100, 120), whole)


def test_is_highly_colorful(picture):
    assert colorfulness(picture) > 82


def test_has_warm_and_cold_light_and_dark(picture):
    r, g, b = picture.astype(int).transpose(2, 0, 1)
    assert (b > r + 30).mean() > 0.15 and (r > b + 30).mean() > 0.15
    dark, light = np.percentile(picture.mean(2), [5, 95])
    assert dark < 60 and light > 180


def test_strokes_run_together(picture):
    coherence, _ = structure(picture)
    control, _ = structure(noise(picture.shape))
    assert control.mean() < 0.2  # the measure itself
    assert coherence.mean() > 0.6


def test_strokes_run_in_every_direction(picture):
    coherence, angle = structure(picture)
    share, _ = np.histogram(angle[coherence > 0.5], 8, (-np.pi / 2, np.pi / 2))
    assert share.min() / share.sum() > 0.02


def test_paint_has_body(picture):
    """Strokes are structure finer than the things painted: a blur of 2 pixels takes much contrast away."""
    gray = picture.mean(2)
    assert (gray - cv2.GaussianBlur(gray, (0, 0), 2)).std() > 12


def test_light_falls_from_the_upper_left():
    y, x = np.mgrid[:64, :64] - 32.0
    mound = 8 * np.exp(-(x**2 + y**2) / 100).astype(np.float32)
    lit = _lit(np.full((64, 64, 3), 128, np.float32), mound)[..., 0]
    assert lit[24, 24] > 135 and lit[40, 40] < 121 and abs(lit[0, 0] - 128) < 0.1
