"""Basins of distance maps, on arrays and in a graph: against SciPy, and against the rules carried out pixel by pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage

from mangastyle.engine import tf
from mangastyle.lineart import basins, basins_graph


class Graph:
    """The functions of `basins_graph`, on arrays."""

    def __getattr__(self, name):
        def call(*arguments):
            found = getattr(basins_graph, name)(*(tf.constant(x) for x in arguments))
            return tuple(x.numpy() for x in found) if isinstance(found, tuple) else found.numpy()

        return call


BOTH = pytest.mark.parametrize("module", [basins, Graph()], ids=["arrays", "graph"])


def scribbles(seed: int, height: int = 60, width: int = 70) -> np.ndarray:
    """Lines bool (h, w): straight ones at all angles, one pixel wide or a few."""
    rng, drawn = np.random.default_rng(seed), np.zeros((height, width), np.uint8)
    for thickness in (1, 1, 1, 1, 2, 3):
        start, end = (tuple(int(x) for x in rng.integers(0, (width, height))) for _ in range(2))
        cv2.line(drawn, start, end, 1, thickness)
    return drawn > 0


@BOTH
@pytest.mark.parametrize("density", [0.0005, 0.01, 0.3, 1])
@pytest.mark.parametrize("reach", [1, 6, 40])
def test_clearance_is_the_distance_of_scipy(module, density, reach):
    lines = np.random.default_rng(0).random((53, 97)) < density
    lines[20, 30] = True
    expected = np.minimum(np.rint(ndimage.distance_transform_edt(~lines) ** 2), reach * reach)
    np.testing.assert_array_equal(module.clearance(lines, reach), expected)


@BOTH
def test_clearance_without_lines(module):
    assert (module.clearance(np.zeros((3, 5), bool), 4) == 16).all()


def summit_of(heights: np.ndarray, y: int, x: int) -> tuple[int, int]:
    """Where the way uphill from a pixel ends, by the rule, step by step."""
    while True:
        best, way = -1, (y, x)
        for i, j in basins.STEPS:
            to = y + i, x + j
            inside = 0 <= to[0] < heights.shape[0] and 0 <= to[1] < heights.shape[1]
            if inside and heights[to] > best and (heights[to] > 1 or not (i and j)):
                best, way = heights[to], to
        if way == (y, x):
            return way
        y, x = way


@BOTH
@pytest.mark.parametrize("seed", range(4))
def test_each_pixel_leads_to_its_summit(module, seed):
    heights = basins.clearance(scribbles(seed, 25, 30), 5)
    found, summits = module.find_basins(heights)
    tops = {}
    for y, x in np.ndindex(heights.shape):
        if heights[y, x]:
            tops.setdefault(summit_of(heights, y, x), set()).add(found[y, x].item())
        else:
            assert found[y, x] == 0
    assert [tops[top] for top in sorted(tops)] == [{i + 1} for i in range(len(tops))]
    assert summits.tolist() == [0] + [heights[top] for top in sorted(tops)]


@pytest.mark.parametrize("seed", range(8))
def test_no_basin_crosses_a_line_one_pixel_wide(seed):
    lines = scribbles(seed)
    areas = ndimage.label(~lines)[0]  # without diagonal steps
    found, _ = basins.find_basins(basins.clearance(lines, 9))
    for number in range(1, found.max() + 1):
        assert len(np.unique(areas[found == number])) == 1


@BOTH
@pytest.mark.parametrize("density", [0.0003, 0.02, 0.6])
def test_nearest_places_are_as_near_as_scipy_says(module, density):
    places = np.random.default_rng(1).random((61, 83)) < density
    places[60, 2] = True
    y, x = np.divmod(module.nearest(places), 83)
    assert places[y, x].all()
    steps = np.abs(y - np.arange(61)[:, None]) + np.abs(x - np.arange(83))
    np.testing.assert_array_equal(steps, ndimage.distance_transform_cdt(~places, "taxicab"))


def joined_one_by_one(pairs, openings, summits, wide, taper):
    """Sets of basins, by the rule, one opening after the other."""
    sets = {i: {i} for i in range(len(summits))}
    for i in sorted(range(len(pairs)), key=lambda i: (-openings[i], i)):
        a, b = sets[pairs[i][0]], sets[pairs[i][1]]
        lower = min(max(summits[j] for j in a), max(summits[j] for j in b))
        if a is not b and (openings[i] > wide or taper * openings[i] >= lower):
            a |= b
            sets.update(dict.fromkeys(a, a))
    return {frozenset(group) for group in sets.values()}


@BOTH
@pytest.mark.parametrize("seed", range(6))
def test_joining_at_once_is_joining_one_by_one(module, seed):
    rng = np.random.default_rng(seed)
    summits = np.append(0, rng.integers(1, 60, 150)).astype(np.int32)
    pairs = np.array(sorted({(min(p), max(p)) for p in rng.integers(1, 151, (400, 2)).tolist() if p[0] != p[1]}), np.int32)
    openings = (summits[pairs].min(1) * rng.random(len(pairs)) ** 2).astype(np.int32)
    roots, highest = module.join(pairs, openings, summits, 30, 4)
    groups = joined_one_by_one(pairs.tolist(), openings.tolist(), summits.tolist(), 30, 4)
    assert 20 < len(groups) < 140
    assert {frozenset(np.flatnonzero(roots == root).tolist()) for root in set(roots.tolist())} == groups
    for group in groups:
        assert highest[roots[next(iter(group))]] == summits[list(group)].max()


@BOTH
def test_joining_nothing(module):
    roots, summits = module.join(np.zeros((0, 2), np.int32), np.zeros(0, np.int32), np.array([0, 5], np.int32), 4, 4)
    assert roots.tolist() == [0, 1] and summits.tolist() == [0, 5]


@BOTH
@pytest.mark.parametrize("seed", range(4))
def test_straightening_takes_the_nearest_center_on_the_same_side_of_lines(module, seed):
    lines = scribbles(seed)
    heights, wide = basins.clearance(lines, 12), 16
    areas = ndimage.label(~lines)[0].astype(np.int32)
    np.testing.assert_array_equal(module.straighten(areas, heights, wide), areas)
    labels = np.where(lines, 0, 1 + np.arange(lines.size).reshape(lines.shape)).astype(np.int32)  # each pixel its own
    found = module.straighten(labels, heights, wide)
    moved = found != labels
    away = ndimage.distance_transform_edt(heights <= wide)
    assert moved.any() and (heights.ravel()[found[moved] - 1] > 1).all()
    assert (away[moved] <= 4).all() and moved[(away > 0) & (away <= 4) & (heights > 1)].all()
