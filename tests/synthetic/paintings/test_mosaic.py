"""Mosaic: whole stones of one color each, in mortar, in rows that follow the cartoon."""

from __future__ import annotations

import numpy as np
import pytest
from picture_measures import colorfulness, painting
from scipy import ndimage

from mangastyle.synthetic.paintings.fields import along
from mangastyle.synthetic.paintings.mosaic import MORTAR, STONE, _cut, _set
from mangastyle.synthetic.paintings.scenes.peacock import Cartoon


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return painting("mosaic", 0, 1024, 1280)  # large enough to see the mortar


@pytest.fixture(scope="module")
def rings() -> tuple:
    """Stones set on rings about (64, 64): their table, and the owner and radius of each pixel."""
    y, x = np.mgrid[:128, :128].astype(np.float32) + 0.5
    radius = np.hypot(x - 64, y - 64)
    plain = np.zeros((128, 128))
    cartoon = Cartoon(np.zeros((128, 128, 3)), plain > 0, radius / STONE, along(radius), plain.astype(int))
    band = np.floor(cartoon.rows).astype(np.int32)
    stones = _set(np.random.default_rng(0), cartoon, band)
    return stones, _cut(stones, band), radius


def test_mortar_parts_the_picture_into_thousands_of_stones(picture):
    """Closed cells, nearly alike in size, each of one color: much less varied inside than from stone to stone."""
    cells, _ = ndimage.label(picture.max(2) > max(MORTAR) + 25)
    area = np.bincount(cells.ravel())[1:]
    stones = np.flatnonzero((area > 40) & (area < 500)) + 1
    assert len(stones) > 2000
    assert area[stones - 1].sum() > 0.3 * cells.size
    low, middle, high = np.percentile(area[stones - 1], [10, 50, 90])
    assert high < 1.7 * middle < 1.7 * 2.5 * low
    inside = ndimage.binary_erosion(cells > 0, iterations=4) & np.isin(cells, stones)  # without the lit edges
    gray, own = picture.mean(2)[inside], cells[inside]
    size = np.maximum(np.bincount(own), 1)
    mean = np.bincount(own, gray) / size
    within = gray - mean[own]
    assert within.std() < 0.25 * mean[own].std()


def test_gold_and_colors(picture):
    assert colorfulness(picture) > 82
    r, g, b = picture.astype(int).transpose(2, 0, 1)
    assert ((r > 150) & (g > 0.6 * r) & (b < 0.65 * g)).mean() > 0.1  # gold


def test_every_row_is_full(rings):
    _, owner, _ = rings
    assert (owner >= 0).mean() > 0.99


def test_rows_follow_the_form(rings):
    """On rings, every stone stays within its ring, and stones stand on the middles of the rings."""
    stones, owner, radius = rings
    for stone in np.unique(owner[owner >= 0]):
        mine = radius[owner == stone]
        assert mine.max() - mine.min() <= STONE
    off = np.hypot(*(stones.center - 64).T) / STONE % 1 - 0.5
    assert np.median(np.abs(off)) < 0.1


def test_stones_are_alike_in_length(rings):
    _, owner, _ = rings
    area = np.bincount(owner[owner >= 0]) / STONE**2
    low, high = np.percentile(area, [10, 90])
    assert 0.5 < low < high < 1.7
