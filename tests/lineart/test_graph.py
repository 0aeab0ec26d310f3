"""Line art inside a graph: telling it from pictures, the sketch, thin lines that survive a reduction, what a network gets."""

from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.lineart import graph
from mangastyle.lineart.detect import is_line_art
from mangastyle.lineart.sketch import automatic_block, sketch
from mangastyle.ops import pixels
from mangastyle.synthetic.characters import character


def downsampled(art: np.ndarray, height: int, width: int) -> np.ndarray:
    return graph.downsample_lines(tf.constant(art), height, width).numpy()


def network_input(picture: np.ndarray, height: int, width: int, soft: bool) -> np.ndarray:
    return graph.network_line_input(tf.constant(picture), height, width, tf.constant(soft)).numpy()


@pytest.mark.parametrize("seed", range(8))
def test_drawn_characters_and_their_line_art(seed):
    drawn = character(seed, 192)
    assert is_line_art(pixels.to_rgb(drawn.line)) is True and is_line_art(drawn.line) is True
    assert is_line_art(drawn.rgb) is False


def test_what_is_and_is_not_line_art():
    paper = np.full((40, 40, 3), 255, np.uint8)
    paper[::8] = 0
    assert is_line_art(paper)
    assert is_line_art((paper * 0.9).astype(np.uint8))  # a gray scan
    assert not is_line_art(255 - paper)  # white on black
    assert not is_line_art(np.full((40, 40, 3), 120, np.uint8))  # a gray picture
    assert is_line_art(np.full((40, 40, 3), (255, 220, 220), np.uint8))  # colored paper
    assert not is_line_art(np.full((40, 40, 3), (60, 60, 90), np.uint8))
    fields = np.full((40, 40, 3), 255, np.uint8)
    fields[:15] = (255, 200, 180)
    assert not is_line_art(fields)
    with pytest.raises(MangastyleError, match="`picture`: must be uint8"):
        is_line_art(paper / 255)


@pytest.mark.parametrize("size", [(8, 8), (65, 97), (300, 257), (520, 610)])
def test_the_sketch_is_that_of_arrays(size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    np.testing.assert_array_equal(graph.sketch(tf.constant(picture)), sketch(picture))


def test_the_automatic_block_is_that_of_arrays():
    for side in range(8, 2000, 7):
        assert int(graph._automatic_block(tf.constant(side))) == automatic_block(side)


def test_reduced_lines_stay_however_thin_and_faint():
    art = np.full((1024, 768, 3), 245, np.uint8)
    art[:, 300:302] = 190  # two of twelve pixels, and pale
    small = downsampled(art, 85, 64)
    assert small.shape == (85, 64) and small.dtype == np.uint8
    assert (small[:, 25] < 60).all() and (small[:, 40:] == 255).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_common_lines_become_black_exactly(seed):
    """Those of an ink that four in five inked pixels do not exceed, found by sorting."""
    random = np.random.default_rng(seed)
    art = np.where(random.random((90, 70)) < 0.2, random.integers(0, 250, (90, 70)), 250).astype(np.uint8)
    ink = np.clip(1 - art.astype(np.float32) / np.float32(250), 0, 1)
    inked = np.sort(ink[ink > np.float32(graph.MIN_INK)])
    black = inked[round(graph.BLACK_QUANTILE * (len(inked) - 1))]
    expected = np.clip(np.rint(255 * (1 - ink / black)), 0, 255)
    np.testing.assert_array_equal(downsampled(pixels.to_rgb(art), 90, 70), expected)


def test_reducing_keeps_what_is_black_or_blank():
    assert (downsampled(np.full((64, 64, 3), 255, np.uint8), 32, 32) == 255).all()
    assert (downsampled(np.zeros((64, 64, 3), np.uint8), 32, 32) >= 0).all()  # paper that is black is no reason to crash
    line = character(3, 256).line
    small = downsampled(pixels.to_rgb(line), 64, 64)
    ink = cv2.resize(255 - line, (64, 64), interpolation=cv2.INTER_AREA) > 8
    assert np.corrcoef(ink.ravel(), (small < 200).ravel())[0, 1] > 0.6


def test_a_network_gets_a_sketch_of_a_picture_and_its_line_art_softly():
    drawn = character(4, 128)
    art = pixels.to_rgb(drawn.line)
    expected = sketch(pixels.resize(drawn.rgb, 64, 64), block=9)
    assert (network_input(drawn.rgb, 64, 64, False) != expected).mean() < 0.03  # a level of rounding moves few pixels
    np.testing.assert_array_equal(network_input(drawn.rgb, 128, 128, False), sketch(drawn.rgb, block=9))
    np.testing.assert_array_equal(network_input(art, 48, 48, True), downsampled(art, 48, 48))


@pytest.mark.parametrize("paper", [(255, 255, 255), (250, 236, 205), (214, 190, 150)])
@pytest.mark.parametrize("ink", [(0, 0, 0), (60, 110, 230), (190, 60, 40), (150, 150, 150)])
def test_paper_and_lines_may_have_any_color(paper, ink):
    line = character(5, 300).line[..., None] / 255.0
    art = np.rint(line * paper + (1 - line) * ink).astype(np.uint8)
    assert is_line_art(art) and bool(graph.detect_line_art(tf.constant(art)))


def test_toned_line_art_is_line_art():
    drawn = character(6, 300)
    toned = np.where(pixels.to_rgb(drawn.line) > 250, (drawn.rgb.mean(2) // 64 * 20 + 180).astype(np.uint8)[..., None], 0)
    assert is_line_art(toned.astype(np.uint8))


@pytest.mark.parametrize("size", [(8, 8), (65, 97), (300, 257), (770, 610)])
def test_the_graph_decides_the_same(size):
    rng = np.random.default_rng(sum(size))
    for share in (0.001, 0.025, 0.035, 0.3):  # of colored pixels, in squares
        art = np.full((*size, 3), 240, np.uint8)
        side = max(1, round((share * size[0] * size[1]) ** 0.5))
        art[:side, :side] = (240, 180, 120)
        art[rng.random(size) < 0.03] = 30
        assert bool(graph.detect_line_art(tf.constant(art))) == is_line_art(art)


def members(path, endings, count):
    with zipfile.ZipFile(path) as archive:
        for name in [n for n in sorted(archive.namelist()) if n.endswith(endings)][:count]:
            yield name, images.decode(archive.read(name), name).rgb


def test_real_line_art(shared_data):
    found = {name: is_line_art(rgb) for name, rgb in members(shared_data / "linearts.zip", "_line.png", None)}
    assert len(found) == 15 and all(found.values())


@pytest.mark.parametrize(("archive", "endings", "count"), [("pages.zip", ".webp", 6), ("lineart-train.zip", ".webp", 18)])
def test_pages_and_pencil_drawings(shared_data, archive, endings, count):
    found = {name: is_line_art(rgb) for name, rgb in members(shared_data / archive, endings, count)}
    assert len(found) == count and all(found.values())


@pytest.mark.parametrize("archive", ["faces256-test.zip", "illustrations-anime.zip"])
def test_real_pictures(shared_data, archive):
    found = {name: is_line_art(rgb) for name, rgb in members(shared_data / archive, (".png", ".jpg", ".webp"), 20)}
    assert len(found) == 20 and not any(found.values())
