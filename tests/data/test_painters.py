"""Paintings of our own: repeatable, any size, and with style enough to be worth transferring."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from mangastyle.data.painters import PAINTERS, _lit, paint
from mangastyle.errors import MangastyleError

every_painter = pytest.mark.parametrize("name", sorted(PAINTERS))


@pytest.fixture(scope="module")
def brush() -> np.ndarray:
    return paint("brush")


def noise(shape: tuple) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)


def colourfulness(picture: np.ndarray) -> float:
    """Hasler and Süsstrunk (2003); their scale: 59 is "quite", 82 "highly", 109 "extremely" colourful."""
    r, g, b = picture.astype(np.float64).transpose(2, 0, 1)
    rg, yb = r - g, (r + g) / 2 - b
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())


def structure(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coherence in 0..1 and orientation in radians of the structure tensor over about 8 pixels, each (h, w)."""
    grey = picture.astype(np.float64).mean(2)
    dy, dx = np.gradient(grey)
    xx, xy, yy = (cv2.GaussianBlur(v, (0, 0), 4) for v in (dx * dx, dx * dy, dy * dy))
    return np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-9), 0.5 * np.arctan2(2 * xy, xx - yy)


def blurred(picture: np.ndarray) -> np.ndarray:
    """What stays when the strokes are blurred away: (h * w * 3,)."""
    return cv2.GaussianBlur(picture, (0, 0), picture.shape[0] / 100).ravel()


@every_painter
def test_default_is_a_uint8_picture_of_512_by_640(name):
    picture = paint(name)
    assert picture.dtype == np.uint8 and picture.shape == (512, 640, 3)


@every_painter
def test_same_arguments_same_picture(name):
    assert np.array_equal(paint(name, 3, 96, 120), paint(name, 3, 96, 120))


@every_painter
def test_another_seed_is_another_painting(name):
    a, b = blurred(paint(name, 0, 256, 320)), blurred(paint(name, 1, 256, 320))
    assert np.corrcoef(a, b)[0, 1] < 0.9  # another composition, not only other strokes


@every_painter
@pytest.mark.parametrize("size", [(8, 8), (31, 33), (97, 64), (8, 200)])
def test_any_size(name, size):
    picture = paint(name, 0, *size)
    assert picture.shape == (*size, 3) and picture.std() > 20


@every_painter
def test_a_seed_is_one_painting_at_every_size(name):
    small, large = paint(name, 0, 200, 250), paint(name, 0, 400, 500)
    large = cv2.resize(large, (250, 200), interpolation=cv2.INTER_AREA)
    assert np.corrcoef(blurred(small), blurred(large))[0, 1] > 0.98


def test_batches_of_strokes_do_not_show(monkeypatch):
    whole = paint("brush", 0, 100, 120)
    monkeypatch.setattr("mangastyle.data.painters.BATCH", 20_000)
    assert np.array_equal(paint("brush", 0, 100, 120), whole)


def test_brush_is_highly_colourful(brush):
    assert colourfulness(brush) > 82


def test_brush_has_warm_and_cold_light_and_dark(brush):
    r, g, b = brush.astype(int).transpose(2, 0, 1)
    assert (b > r + 30).mean() > 0.15 and (r > b + 30).mean() > 0.15
    dark, light = np.percentile(brush.mean(2), [5, 95])
    assert dark < 60 and light > 180


def test_brush_strokes_run_together(brush):
    coherence, _ = structure(brush)
    control, _ = structure(noise(brush.shape))
    assert control.mean() < 0.2  # the measure itself
    assert coherence.mean() > 0.6


def test_brush_strokes_run_in_every_direction(brush):
    coherence, angle = structure(brush)
    share, _ = np.histogram(angle[coherence > 0.5], 8, (-np.pi / 2, np.pi / 2))
    assert share.min() / share.sum() > 0.02


def test_brush_paint_has_body(brush):
    """Strokes are structure finer than the things painted: a blur of 2 pixels takes much contrast away."""
    grey = brush.mean(2)
    assert (grey - cv2.GaussianBlur(grey, (0, 0), 2)).std() > 12


def test_light_falls_from_the_upper_left():
    y, x = np.mgrid[:64, :64] - 32.0
    mound = 8 * np.exp(-(x**2 + y**2) / 100).astype(np.float32)
    lit = _lit(np.full((64, 64, 3), 128, np.float32), mound)[..., 0]
    assert lit[24, 24] > 135 and lit[40, 40] < 121 and abs(lit[0, 0] - 128) < 0.1


def test_unknown_painter_names_the_near_one():
    message = re.escape("unknown painter 'bruhs' (did you mean 'brush'?); there are: brush")
    with pytest.raises(MangastyleError, match=message):
        paint("bruhs")
