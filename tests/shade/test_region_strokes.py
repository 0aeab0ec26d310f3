"""Strokes and dots on regions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.graph import MCP

from mangastyle.engine import tf
from mangastyle.ops import lab
from mangastyle.shade import region_strokes
from mangastyle.shade.region_strokes import read_strokes
from mangastyle.shade.region_tensors import describe

RED, BLUE, WHITE = (200, 40, 60), (30, 60, 180), (255, 255, 255)


def stripes(height: int = 60, width: int = 90, count: int = 3) -> np.ndarray:
    """Upright regions of equal width."""
    return np.broadcast_to(np.arange(width) * count // width, (height, width)).astype(np.int32)


def read(labels: np.ndarray, *drawn: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, colors uint8 and known, after strokes: (color, thickness, points), a single point being a dot of that radius."""
    rgb, mask = np.zeros((*labels.shape, 3), np.uint8), np.zeros(labels.shape, np.uint8)
    for color, size, *points in drawn:
        for canvas, value in ((rgb, color), (mask, 1)):
            if len(points) == 1:
                cv2.circle(canvas, points[0], size, value, -1)
            else:
                cv2.polylines(canvas, [np.array(points)], False, value, size)
    regions, hint = read_strokes(describe(labels, int(labels.max()) + 1), rgb, mask.astype(np.float32))
    return regions.labels.numpy(), np.round(lab.lab_to_rgb(hint.colors)).astype(int), hint.known.numpy()


def test_a_dot_colors_the_region_under_its_center():
    labels, colors, known = read(stripes(), (RED, 8, (26, 30)))  # the region ends at x = 30
    assert known.tolist() == [1, 0, 0] and colors[0].tolist() == list(RED)
    np.testing.assert_array_equal(labels, stripes())


def test_a_stroke_on_a_line_belongs_to_the_larger_side():
    assert read(stripes(), (RED, 11, (33, 10), (33, 50)))[2].tolist() == [0, 1, 0]  # 9 of its 11 columns lie in the middle region


def test_a_stroke_through_several_regions_colors_them_all_but_not_where_only_its_round_end_reaches():
    _, colors, known = read(stripes(), (RED, 9, (15, 30), (57, 30)))
    assert known.tolist() == [1, 1, 0] and (colors[:2] == RED).all()


def test_white_is_a_color_and_no_stroke_is_none():
    _, colors, known = read(stripes(), (WHITE, 5, (45, 30)))
    assert known.tolist() == [0, 1, 0] and colors[1].tolist() == [255] * 3


def test_thin_strokes_count():
    assert read(stripes(), (RED, 1, (70, 5), (70, 50)))[2].tolist() == [0, 0, 1]


def test_worn_colors_are_the_strokes_own():
    labels = stripes()
    rgb, mask = np.full((60, 90, 3), 255, np.uint8), np.zeros((60, 90), np.float32)
    rgb[20:40, 35:50], mask[20:40, 35:50] = RED, 1
    rgb = cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
    _, hint = read_strokes(describe(labels, 3), rgb, mask)
    np.testing.assert_allclose(lab.lab_to_rgb(hint.colors)[1], np.median(rgb[26:34, 40:46], (0, 1)), atol=6)


def test_a_region_with_two_strokes_is_divided_by_the_way_within_it():
    labels = np.zeros((80, 80), np.int32)
    labels[10:, 36:44] = 1  # a wall, open at the top: the way leads around it
    found, colors, known = read(labels, (RED, 3, (20, 70)), (BLUE, 3, (60, 20)))
    assert known.tolist() == [1, 0, 1] and sorted(colors[[0, 2]].tolist()) == sorted([list(RED), list(BLUE)])
    free = np.where(labels == 0, 1.0, -1.0)
    ways = [MCP(free, fully_connected=False).find_costs([place])[0] for place in ((70, 20), (20, 60))]  # row, column
    red = np.flatnonzero((colors == RED).all(1))[0]
    with np.errstate(invalid="ignore"):  # both ways into the wall are endless
        clear = (labels == 0) & (np.abs(ways[0] - ways[1]) > 8)
    assert ((found == red) == (ways[0] < ways[1]))[clear].mean() > 0.995
    assert (found[labels == 1] == 1).all()
    assert not known[1]


def test_four_colors_divide_one_region_into_four():
    places = ((20, 20), (70, 20), (20, 50), (70, 50))
    strokes = [(color, 3, place) for color, place in zip((RED, BLUE, WHITE, (40, 160, 60)), places)]
    found, colors, known = read(np.zeros((70, 90), np.int32), *strokes)
    assert known.tolist() == [1, 1, 1, 1]
    for color, _, (x, y) in strokes:
        assert colors[found[y, x]].tolist() == list(color)


def test_strokes_of_nearly_one_color_do_not_divide():
    found, _, known = read(np.zeros((60, 90), np.int32), (RED, 3, (20, 30)), ((210, 50, 70), 3, (70, 30)))
    assert known.tolist() == [1] and (found == 0).all()


@pytest.mark.parametrize("scale", [1, 3])
def test_large_pictures_are_read_alike(scale):
    labels = stripes(600 * scale, 900 * scale)
    found, colors, known = read(labels, (RED, 30 * scale, (200 * scale, 300 * scale)), (BLUE, 20 * scale, (60 * scale, 300 * scale)))
    assert known.tolist() == [1, 0, 0, 1] and found.shape == labels.shape
    assert colors[found[300 * scale, 280 * scale]].tolist() == list(RED) and colors[found[5, 5]].tolist() == list(BLUE)


# ---- rows and columns without strokes are not looked at


def scribbles(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels of random patches, and rgb and mask of random strokes: thick, thin, crossing each other and the picture's edges."""
    random = np.random.default_rng(seed)
    labels = cv2.resize(random.integers(0, 9, (4, 5)).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(np.int32)
    rgb, mask = np.full((height, width, 3), 255, np.uint8), np.zeros((height, width), np.float32)
    for _ in range(int(random.integers(1, 7))):
        points = random.integers(-20, [width + 20, height + 20], (int(random.integers(1, 4)), 2)).astype(np.int32)
        size, level = int(random.integers(1, 26)), float(random.choice([0.1, 0.5, 1.0]))
        color = [RED, BLUE, WHITE, (190, 50, 60)][int(random.integers(4))]
        for canvas, value in ((rgb, color), (mask, level)):
            cv2.polylines(canvas, [points], False, value, size)
    mask[[0, -1]] = np.maximum(mask[[0, -1]], random.random() < 0.2)  # along an edge
    return labels, rgb, mask


def everything(rgb: np.ndarray, mask: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    regions, hint = read_strokes(describe(labels, 9), rgb, mask)
    return [np.asarray(x) for x in (*regions, *hint)]


@pytest.mark.parametrize("seed", range(24))
def test_what_is_far_from_all_strokes_decides_nothing(seed, monkeypatch):
    """Equal to the last bit to what the whole picture gives, for hints of the picture's size and of others."""
    labels, rgb, mask = scribbles(seed, 70 + 3 * seed, 130 - 2 * seed)
    if seed % 3 == 2:
        labels = cv2.resize(labels.astype(np.uint8), None, fx=1.3, fy=0.7, interpolation=cv2.INTER_NEAREST).astype(np.int32)
    found = everything(rgb, mask, labels)
    monkeypatch.setattr(region_strokes, "_near", lambda used: tf.range(tf.size(used, tf.int64)))  # all rows and columns
    for own, whole in zip(found, everything(rgb, mask, labels), strict=True):
        np.testing.assert_array_equal(own, whole)


def looked_at(monkeypatch, rgb: np.ndarray, mask: np.ndarray, labels: np.ndarray) -> tuple[int, ...]:
    """The size of what middles are sought in."""
    sizes, find = [], region_strokes._middles
    monkeypatch.setattr(region_strokes, "_middles", lambda strokes, *rest: sizes.append(tuple(strokes.mask.shape)) or find(strokes, *rest))
    read_strokes(describe(labels, 9), rgb, mask)
    return sizes[0]


def test_only_what_is_near_strokes_is_looked_at(monkeypatch):
    labels, rgb, mask = np.zeros((300, 400), np.int32), np.full((300, 400, 3), 255, np.uint8), np.zeros((300, 400), np.float32)
    mask[100:110, 50:70] = mask[250:255, 390:] = 1
    reach = region_strokes.AROUND // 2
    height = 10 + 5 + 4 * reach + reach + 1  # of two strokes, and of the first row, which is always there
    assert looked_at(monkeypatch, rgb, mask, labels) == (height, 20 + 10 + 3 * reach + reach + 1)


def test_a_stroke_that_vanishes_as_it_is_reduced_colors_nothing():
    labels, mask = np.zeros((40, 60), np.int32), np.zeros((400, 600), np.float32)
    mask[200, 300] = 1
    assert read_strokes(describe(labels, 1), np.full((400, 600, 3), 200, np.uint8), mask)[1].known.numpy().tolist() == [0]
