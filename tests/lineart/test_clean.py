"""Clean line art: against drawn pictures whose lines are known, what it must not draw, its twin in a graph."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from mangastyle.lineart import clean_graph, graph
from mangastyle.lineart.clean import art_of, clean_lines, white_paper
from mangastyle.lineart.regions import find_regions
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.synthetic.characters import character
from mangastyle.synthetic.figures import figure

TOLERANCE = 1.5  # pixels


@pytest.fixture(scope="module")
def in_graph():
    return tf.function(graph.clean_sketch, input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)], autograph=False)


def near(mask: np.ndarray) -> np.ndarray:
    return ndimage.distance_transform_edt(~mask) <= TOLERANCE


def precision_and_recall(line: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    found, true = line < 140, truth < 140
    return near(true)[found].mean(), near(found)[true].mean()


@pytest.mark.parametrize(("seed", "size"), [(103, 256), (106, 400)])
def test_the_lines_of_drawn_characters(seed, size):
    drawn = character(seed, size)
    precision, recall = precision_and_recall(clean_lines(drawn.rgb), drawn.line)
    by_threshold = precision_and_recall(sketch(drawn.rgb), drawn.line)
    assert precision > 0.8 and recall > 0.9
    assert precision > by_threshold[0]


@pytest.mark.parametrize("hand", ["brush", "gaps"])
def test_the_lines_of_whole_figures(hand):
    drawn = figure(12, 480, 360, hand)
    precision, recall = precision_and_recall(clean_lines(drawn.rgb), drawn.line)
    assert precision > 0.85 and recall > 0.9


def test_regions_have_the_colors_of_the_picture():
    """Fewer regions than of the threshold, at no larger error."""
    drawn = figure(12, 480, 360)
    count, error = {}, {}
    for kind in ("threshold", "clean"):
        labels = find_regions(sketch(drawn.rgb, kind=kind)).labels
        numbers = np.arange(labels.max() + 1)
        flat = np.stack([ndimage.median(drawn.rgb[..., i], labels, numbers) for i in range(3)], 1)[labels]
        count[kind], error[kind] = len(numbers), np.abs(flat - drawn.rgb).mean()
    assert error["clean"] < 1.1 * error["threshold"] and count["clean"] < 1.2 * count["threshold"]


def painted(height: int = 200, width: int = 240) -> np.ndarray:
    """A light field and a darker one without a line between, and a line on each."""
    picture = np.full((height, width, 3), (250, 215, 190), np.uint8)
    picture[:, width // 2 :] = (90, 110, 180)
    cv2.line(picture, (20, 30), (width - 20, 60), (40, 25, 30), 2, cv2.LINE_AA)
    return picture


def test_lines_and_edges_are_drawn_once():
    line = clean_lines(painted())
    for row in (10, 100, 190):  # the edge
        places = np.flatnonzero(line[row] < 128)
        assert 1 <= len(places) <= 4 and np.ptp(places) == len(places) - 1 and abs(places.mean() - 119.5) < 2.5
    for column in (40, 200):  # the line: one piece, about as wide as it is
        places = np.flatnonzero(line[:, column] < 128)
        assert 2 <= len(places) <= 4 and np.ptp(places) == len(places) - 1
    assert (line[150:, 20:100] == 255).all() and (line[150:, 140:220] == 255).all()
    assert len(np.unique(line)) > 20  # soft


def test_no_halo_beside_an_outline():
    """Two fields with a dark line between them: the line, and not two edges."""
    picture = np.full((300, 300, 3), (240, 200, 180), np.uint8)
    cv2.circle(picture, (150, 150), 90, (60, 120, 90), -1, cv2.LINE_AA)
    cv2.circle(picture, (150, 150), 90, (20, 20, 20), 4, cv2.LINE_AA)
    line = clean_lines(picture)
    _, _, stats, _ = cv2.connectedComponentsWithStats((line < 128).astype(np.uint8))
    assert len(stats) == 2  # paper, and one ring
    places = np.flatnonzero(line[150] < 128)  # which a row meets twice
    assert (np.diff(places) > 1).sum() == 1 and len(places) <= 14


def test_a_soft_outline_is_drawn_once():
    picture = np.full((500, 500, 3), (240, 200, 180), np.uint8)
    cv2.circle(picture, (250, 250), 150, (160, 190, 230), -1, cv2.LINE_AA)
    cv2.circle(picture, (250, 250), 150, (90, 50, 50), 4, cv2.LINE_AA)
    line = clean_lines(cv2.GaussianBlur(picture, (0, 0), 1.5))
    for places in (np.flatnonzero(line[250] < 200), np.flatnonzero(line[:, 250] < 200)):
        assert (np.diff(places) > 1).sum() == 1


def test_light_spots_are_no_lines():
    picture = np.full((400, 400, 3), (180, 120, 90), np.uint8)
    for i in range(5):
        cv2.circle(picture, (60 + 70 * i, 80 + 50 * i), 2, (225, 190, 160), -1, cv2.LINE_AA)
    assert (clean_lines(picture) > 200).all()


def test_soft_shading_grain_and_specks_are_no_lines():
    rng = np.random.default_rng(0)
    ramp = np.linspace(90, 230, 400)[None, :, None] * np.ones((300, 1, 3))
    assert (clean_lines(ramp.astype(np.uint8)) == 255).all()
    grainy = np.clip(ramp + rng.normal(0, 6, ramp.shape), 0, 255).astype(np.uint8)
    assert (clean_lines(grainy) < 200).mean() < 0.002
    specks = np.full((300, 400, 3), 220, np.uint8)
    specks[rng.integers(5, 295, 60), rng.integers(5, 395, 60)] = 120
    assert (clean_lines(specks) < 200).mean() < 0.002


def test_screentone_gives_no_lines():
    tone = np.full((400, 400, 3), 255, np.uint8)
    for y in range(4, 400, 8):
        for x in range(4 + y % 16 // 2, 400, 8):
            cv2.circle(tone, (x, y), 2, (170, 120, 120), -1, cv2.LINE_AA)
    tone[:, :200] = 255
    assert (clean_lines(tone)[20:380, 220:380] < 128).mean() < 0.02


@pytest.mark.parametrize("height", [64, 256, 720, 1500])
def test_every_size_keeps_its_size_and_its_lines(height):
    base = painted(200, 240)
    picture = cv2.resize(base, (height * 6 // 5, height), interpolation=cv2.INTER_AREA if height < 200 else cv2.INTER_CUBIC)
    line = clean_lines(picture)
    assert line.shape == picture.shape[:2] and line.dtype == np.uint8
    assert (line < 160).any(0)[height // 8 : height * 9 // 8 - height // 12].mean() > 0.95  # the line in nearly each column
    assert (line[height // 2 :, : height // 2] > 200).all()


def test_more_detail_draws_more():
    ink = [(clean_lines(character(101, 200).rgb, detail) < 200).mean() for detail in (0.0, 0.5, 1.0)]
    assert ink == sorted(ink) and ink[0] < ink[2]


@pytest.mark.parametrize("level", [0, 90, 255])
def test_plain_pictures_are_paper(level):
    assert (clean_lines(np.full((50, 70, 3), level, np.uint8)) == 255).all()


def test_the_paper_of_line_art_becomes_white():
    art = character(3, 128).line
    np.testing.assert_array_equal(white_paper(art), art)
    np.testing.assert_allclose(white_paper((art * 0.8).astype(np.uint8)), art, atol=2)
    assert white_paper(np.zeros((8, 8), np.uint8)).max() == 0


def test_line_art_stays(in_graph):
    art = cv2.GaussianBlur(character(4, 200).line, (3, 3), 0)
    np.testing.assert_array_equal(sketch(art, kind="clean"), art)
    np.testing.assert_array_equal(sketch(pixels.to_rgb(art), kind="clean"), art)
    np.testing.assert_array_equal(in_graph(tf.constant(pixels.to_rgb(art))), art)


@pytest.mark.parametrize("size", [(8, 8), (31, 45), (64, 64), (97, 130), (256, 141), (300, 641), (700, 660)])
def test_the_graph_makes_the_same(in_graph, size):
    drawn = figure(sum(size), max(size), max(size)).rgb[: size[0], : size[1]]
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    for picture in (drawn, noise):
        np.testing.assert_array_equal(in_graph(tf.constant(picture)), sketch(picture, kind="clean"))


def test_the_graph_makes_the_same_with_other_detail():
    picture = character(8, 150).rgb
    np.testing.assert_array_equal(clean_graph.clean_lines(tf.constant(picture), 0.8), clean_lines(picture, 0.8))


def test_line_art_keeps_the_colors_of_its_lines_and_other_pictures_become_line_art():
    drawn = character(103, 200)
    art = np.repeat(drawn.line[..., None], 3, 2) // np.array([1, 2, 1], np.uint8)  # gray lines on colored paper
    found = art_of(art, True)
    for channel in range(3):
        np.testing.assert_array_equal(found[..., channel], white_paper(art[..., channel]))
    assert (np.median(found, (0, 1)) == 255).all()
    np.testing.assert_array_equal(art_of(drawn.rgb, False), np.repeat(clean_lines(drawn.rgb)[..., None], 3, 2))
