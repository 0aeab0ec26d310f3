"""Watercolor: much light, soft ground, crisp dark edges, and glazes that let through what is below."""

from __future__ import annotations

import numpy as np
import pytest
from picture_measures import colorfulness, painting, slopes

from mangastyle.synthetic.paintings.fields import grid
from mangastyle.synthetic.paintings.wash import CERULEAN, LEMON, PAPER, SCARLET, Sheet, _lift, _soak, _wash


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return painting("wash")


@pytest.fixture
def sheet() -> Sheet:
    """Smooth blank paper of 200 x 200 pixels."""
    x, y = grid(200, 200)
    return Sheet(x, y, np.zeros((200, 200, 3), np.float32), np.zeros_like(x), np.zeros_like(x))


def disc(sheet: Sheet, x: float) -> np.ndarray:
    """Depth inside a disc of radius 0.25 about (x, 0.5)."""
    return 0.25 - np.hypot(sheet.x - x, sheet.y - 0.5)


def test_much_paper_is_left_white(picture):
    gray = picture.mean(2)
    assert (gray > 225).mean() > 0.15 and (gray < 60).mean() < 0.08
    assert np.all(picture.reshape(-1, 3).max(0) >= np.array(PAPER) - 3)


def test_bright_color(picture):
    assert colorfulness(picture) > 59


def test_soft_ground_and_crisp_edges(picture):
    """Most of the picture is nearly flat, its edges are steep; other painters have texture everywhere."""
    middle, steep = np.percentile(slopes(picture), [50, 99])
    assert middle < 4 and steep > 7 * middle
    for other in ("brush", "hatching", "mosaic"):
        middle, steep = np.percentile(slopes(painting(other)), [50, 99])
        assert steep < 7 * middle


def test_pigment_gathers_at_the_edge(sheet):
    depth = disc(sheet, 0.5)
    _wash(np.random.default_rng(0), sheet, depth, SCARLET, SCARLET, 1.0)
    paint = sheet.wash[..., 1]
    assert np.all(paint[depth < -0.01] == 0)
    assert paint[(depth > 0.002) & (depth < 0.005)].mean() > 1.25 * paint[depth > 0.02].mean()


def test_glazes_are_transparent(sheet):
    """Yellow over blue lets no more light through than either: green, darker than both."""
    blue, yellow = disc(sheet, 0.35), disc(sheet, 0.65)
    _wash(np.random.default_rng(0), sheet, blue, CERULEAN, CERULEAN, 1.0)
    _wash(np.random.default_rng(1), sheet, yellow, LEMON, LEMON, 1.0)
    light = np.exp(-sheet.wash)
    first, second, both = (
        light[mask].mean(0)
        for mask in ((blue > 0.02) & (yellow < -0.02), (yellow > 0.02) & (blue < -0.02), (blue > 0.02) & (yellow > 0.02))
    )
    assert np.all(both <= np.minimum(first, second) + 0.05)
    assert both[1] > both[0] + 0.1 and both[1] > both[2] + 0.1


def test_wet_in_wet_has_no_edge(sheet):
    depth = disc(sheet, 0.5)
    _soak(np.random.default_rng(0), sheet, np.array([0.5, 0.5]), np.array([0.25, 0.25]), CERULEAN, CERULEAN, 1.0)
    paint = sheet.wash[..., 0]
    outside = depth < -0.03
    assert np.hypot(*np.gradient(paint))[outside].max() < 0.1 * paint.max()
    assert paint[depth > 0.1].mean() > 5 * paint[depth < -0.15].mean()


def test_a_wet_brush_lifts_paint(sheet):
    sheet.wash[:] = 1
    depth = disc(sheet, 0.5)
    _lift(sheet, depth, 0.85)
    assert np.allclose(sheet.wash[depth > 0.01], 0.15) and np.all(sheet.wash[depth < -0.01] == 1)
