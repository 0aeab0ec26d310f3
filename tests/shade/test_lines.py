"""Line art in a graph: telling it from pictures, keeping thin lines when it is reduced, and what a network sees of it."""

from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest

from mangastyle import images
from mangastyle.data.characters import character
from mangastyle.shade import lines, sketch
from mangastyle.shade.lines import is_line_art


def reduce(art: np.ndarray, height: int, width: int) -> np.ndarray:
    return lines.reduce(art, height, width).numpy()


@pytest.mark.parametrize("seed", range(8))
def test_drawn_characters_and_their_line_art(seed):
    drawn = character(seed, 192)
    assert is_line_art(np.repeat(drawn.line[..., None], 3, axis=2))
    assert not is_line_art(drawn.rgb)


def test_reduced_lines_stay_however_thin_and_faint():
    art = np.full((1024, 768, 3), 245, np.uint8)
    art[:, 300:302] = 190  # two of twelve pixels, and pale
    small = reduce(art, 85, 64)
    assert small.shape == (85, 64) and small.dtype == np.uint8
    assert (small[:, 25] < 60).all() and (small[:, 40:] == 255).all()


def test_reducing_keeps_what_is_black_or_blank():
    assert (reduce(np.full((64, 64, 3), 255, np.uint8), 32, 32) == 255).all()
    assert (reduce(np.zeros((64, 64, 3), np.uint8), 32, 32) >= 0).all()  # paper that is black is no reason to crash
    line = character(3, 256).line
    small = reduce(np.repeat(line[..., None], 3, 2), 64, 64)
    ink = cv2.resize(255 - line, (64, 64), interpolation=cv2.INTER_AREA) > 8
    assert np.corrcoef(ink.ravel(), (small < 200).ravel())[0, 1] > 0.6


def test_a_network_sees_a_sketch_of_a_picture_and_its_line_art_softly():
    drawn = character(4, 128)
    art = np.repeat(drawn.line[..., None], 3, axis=2)
    expected = sketch.sketch(images.resize(drawn.rgb, 64, 64), 9, 2.0)
    assert (lines.seen(drawn.rgb, 64, 64, False).numpy() != expected).mean() < 0.03  # a level of rounding moves few pixels
    np.testing.assert_array_equal(lines.seen(drawn.rgb, 128, 128, False), sketch.sketch(drawn.rgb, 9, 2.0))
    np.testing.assert_array_equal(lines.seen(art, 48, 48, True), reduce(art, 48, 48))


def test_what_is_and_is_not_line_art():
    paper = np.full((40, 40, 3), 255, np.uint8)
    paper[::8] = 0
    assert is_line_art(paper)
    assert is_line_art((paper * 0.9).astype(np.uint8))  # a grey scan
    assert not is_line_art(255 - paper)  # white on black
    assert not is_line_art(np.full((40, 40, 3), 120, np.uint8))  # a grey picture
    assert not is_line_art(np.full((40, 40, 3), (255, 220, 220), np.uint8))  # coloured paper


def members(path, endings, count):
    with zipfile.ZipFile(path) as archive:
        for name in [n for n in sorted(archive.namelist()) if n.endswith(endings)][:count]:
            yield name, images.decode(archive.read(name), name).rgb


def test_real_line_art(shared_data):
    found = {name: is_line_art(rgb) for name, rgb in members(shared_data / "linearts.zip", "_line.png", None)}
    assert len(found) == 15 and all(found.values())


def test_real_pictures(shared_data):
    found = {name: is_line_art(rgb) for name, rgb in members(shared_data / "faces256-test.zip", (".png", ".jpg", ".webp"), 20)}
    assert len(found) == 20 and not any(found.values())
