"""Regions of line art: drawings made by hand, and characters whose true regions are known."""

from __future__ import annotations

import tracemalloc

import cv2
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.lineart.regions import find_regions
from mangastyle.synthetic.characters import character


def paper(height: int = 200, width: int = 200) -> np.ndarray:
    return np.full((height, width), 255, np.uint8)


def box(gap: int = 0) -> np.ndarray:
    """A box in the middle, with a gap in its right side."""
    drawn = cv2.rectangle(paper(), (50, 50), (150, 150), 0, 3)
    if gap:
        drawn[100 - gap // 2 : 100 - gap // 2 + gap, 145:156] = 255
    return drawn


def count(line_art: np.ndarray, gap: float = 0.03) -> int:
    return len(find_regions(line_art, gap).areas)


@pytest.mark.parametrize("line_art", [paper(), paper(1, 1), paper(1, 300), np.zeros((64, 64), np.uint8), paper()[..., None].repeat(3, 2)])
def test_empty_paper_and_solid_black_are_one_region(line_art):
    regions = find_regions(line_art)
    assert regions.labels.shape == line_art.shape[:2] and not regions.labels.any()
    assert regions.areas.tolist() == [regions.labels.size] and len(regions.borders) == 0


@pytest.mark.parametrize("gap", [0, 2, 4, 6])
def test_a_gap_up_to_the_limit_is_closed(gap):
    regions = find_regions(box(gap), gap=0.03)
    assert len(regions.areas) == 2
    inside = regions.labels == regions.labels[100, 100]
    assert inside[54:147, 54:147].all() and not inside[:48].any() and not inside[:, 158:].any()


def halves(angle: float, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """A ring divided by a line with a gap in its middle, and on which side of the line each pixel in it is: 1 or 2, 0 on lines."""
    drawn, along = paper(), np.array([np.cos(angle), np.sin(angle)])
    cv2.circle(drawn, (100, 100), 80, 0, 3)
    for start, end in ((-80, -gap / 2), (gap / 2, 80)):
        ends = [tuple(int(x) for x in 16 * (100 + along * at)) for at in (start, end)]
        cv2.line(drawn, *ends, 0, 3, cv2.LINE_AA, 4)
    y, x = np.mgrid[:200, :200] - 100
    across = y * along[0] - x * along[1]
    return drawn, np.where((np.hypot(x, y) < 77) & (drawn > 200) & (np.abs(across) > 0.7), 1 + (across > 0), 0)


@pytest.mark.parametrize("gap", [6, 16, 30])
def test_a_gap_is_closed_by_a_straight_border(gap):
    for angle in np.pi * np.arange(12) / 12 + 0.01:
        drawn, sides = halves(angle, gap)
        labels = find_regions(drawn, gap=0.2).labels
        first, second = (np.bincount(labels[sides == side]).argmax() for side in (1, 2))
        assert first != second
        assert np.count_nonzero(labels[sides == 1] != first) + np.count_nonzero(labels[sides == 2] != second) <= 5


def test_a_gap_means_the_same_in_single_precision():
    assert np.array_equal(find_regions(box(6), 0.03).labels, find_regions(box(6), np.float32(0.03)).labels)


@pytest.mark.parametrize("slope", [0.3, 1, 3])
def test_a_line_one_pixel_wide_divides(slope):
    end = (199, round(199 * slope)) if slope <= 1 else (round(199 / slope), 199)
    assert count(cv2.line(paper(), (0, 0), end, 0, 1)) == 2


def test_a_wider_gap_is_an_opening():
    assert count(box(6), gap=0.01) == count(box(30), gap=0.03) == 1


def test_a_tapering_strand_is_one_region():
    strand = np.array([[20, 20], [60, 20], [190, 180]])  # 40 pixels wide at one end, 0 at the other
    drawn = cv2.polylines(paper(), [strand], True, 0, 2)
    regions = find_regions(drawn)
    assert regions.labels[24, 40] == regions.labels[120, 130] != regions.labels[150, 40]


def test_a_spiral_is_one_region():
    turn = np.linspace(0, 6 * np.pi, 600)
    points = np.stack([100 + 4.5 * turn * np.cos(turn), 100 + 4.5 * turn * np.sin(turn)], 1)
    assert count(cv2.polylines(paper(), [np.int32(points)], False, 0, 2), gap=0.02) == 1


def test_hatching_joins_its_neighbors():
    drawn = box()
    for x in range(60, 141, 4):
        cv2.line(drawn, (x, 60), (x, 140), 0, 2)
    assert count(drawn) <= 3


def test_black_areas_belong_to_what_is_around_them():
    blot = cv2.circle(box(), (100, 100), 30, 0, -1)  # in the box
    assert count(blot) == 2 and find_regions(blot).labels[100, 100] == find_regions(blot).labels[100, 60]
    assert count(cv2.rectangle(paper(), (50, 50), (150, 150), 0, -1)) == 1


def test_one_pixel_is_no_region():
    for ground, dot in ((255, 0), (0, 255)):
        drawn = np.full((64, 64), ground, np.uint8)
        drawn[30, 40] = dot
        assert count(drawn) == 1


@pytest.mark.parametrize(("wide", "regions"), [(2, 2), (4, 3)])
def test_a_strip_thinner_than_a_stroke_is_no_region(wide, regions):
    drawn = cv2.rectangle(paper(1000, 1000), (200, 200), (800, 800), 0, 1)
    assert count(cv2.rectangle(drawn, (201 + wide, 201 + wide), (799 - wide, 799 - wide), 0, 1)) == regions


def test_faint_strokes_beside_strong_ones_divide_nothing():
    drawn = cv2.rectangle(paper(), (50, 50), (150, 150), 0, 1)
    for y in range(60, 141, 20):
        cv2.line(drawn, (50, y), (150, y), 205, 1)
    assert count(drawn) == 2
    assert count(np.where(drawn == 205, np.uint8(120), drawn)) == 7


@pytest.mark.parametrize("ink", [(0, 0, 0), (150, 150, 150), (120, 160, 255), (200, 120, 90)])
@pytest.mark.parametrize("ground", [(255, 255, 255), (244, 232, 205)])
def test_pale_and_colored_lines_on_colored_paper(ink, ground):
    drawn = np.full((200, 200, 3), ground, np.uint8)
    cv2.rectangle(drawn, (50, 50), (150, 150), tuple(min(pair) for pair in zip(ink, ground)), 2)
    assert count(drawn) == 2


def test_a_gray_area_divides_nothing():
    drawn = box()
    drawn[60:140, 60:100] = 170
    assert count(drawn) == 2


def test_areas_centers_and_borders_are_those_of_the_labels():
    regions = find_regions(cv2.line(box(), (0, 20), (199, 20), 0, 2))
    for i, (area, center) in enumerate(zip(regions.areas, regions.centers)):
        y, x = np.nonzero(regions.labels == i)
        assert area == len(y) and np.allclose(center, (y.mean(), x.mean()))
    below, above = regions.labels[190, 10], regions.labels[5, 10]
    border = [length for a, b, length in regions.borders.tolist() if {a, b} == {below, above}]
    assert border == [200]


def true_regions(line: np.ndarray) -> np.ndarray:
    """Connected areas between the lines, int32 (h, w), 0 on lines."""
    return cv2.connectedComponents((line > 160).astype(np.uint8), connectivity=4)[1]


def with_gaps(line: np.ndarray, share: float, number: int, seed: int) -> np.ndarray:
    """Line art with pieces of its thin lines erased, each as wide as a share of the side."""
    thickness = cv2.distanceTransform((line < 128).astype(np.uint8), cv2.DIST_L2, 3)
    middle = (thickness > 0) & (thickness >= cv2.dilate(thickness, np.ones((3, 3))) - 0.01) & (thickness < share * len(line) / 2)
    line = line.copy()
    for i in np.random.default_rng(seed).choice(np.count_nonzero(middle), number, replace=False):
        y, x = (int(places[i]) for places in np.nonzero(middle))
        cv2.circle(line, (16 * x, 16 * y), round(8 * share * len(line)), 255, -1, shift=4)
    return line


@pytest.mark.parametrize("gaps", [0, 40])
def test_regions_of_drawn_characters(gaps):
    pure = whole = total = 0
    for seed in range(6):
        line = character(seed, 512).line
        truth = true_regions(line)
        labels = find_regions(with_gaps(line, 0.01, gaps, seed) if gaps else line).labels
        known, columns = truth > 0, truth.max() + 1
        overlap = np.bincount(labels[known].astype(np.int64) * columns + truth[known], minlength=(labels.max() + 1) * columns)
        overlap = overlap.reshape(-1, columns)  # pixels of each region found in each true one
        pure, whole, total = pure + overlap.max(1).sum(), whole + overlap.max(0).sum(), total + known.sum()
    assert pure / total >= 0.98 and whole / total >= 0.9


@pytest.mark.slow
def test_large_line_art_takes_little_memory():
    line = cv2.resize(character(1, 1024).line, (2000, 3000), interpolation=cv2.INTER_CUBIC)
    tracemalloc.start()
    find_regions(line)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 600e6


def test_it_is_deterministic_and_refuses_what_is_no_picture():
    line = character(3, 256).line
    assert np.array_equal(find_regions(line).labels, find_regions(line.copy()).labels)
    with pytest.raises(MangastyleError, match="`line_art`"):
        find_regions(line / 255)
    with pytest.raises(MangastyleError, match="`gap`"):
        find_regions(line, gap=2)
