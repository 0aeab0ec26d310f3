"""Line art: the paper's threshold against OpenCV's own, specks, sizes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage

from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.lineart.clean import clean_lines
from mangastyle.lineart.sketch import automatic_block, sketch
from mangastyle.ops import pixels
from mangastyle.synthetic.characters import character


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("size", [(8, 8), (31, 33), (33, 31), (65, 97), (256, 256)])
def test_the_papers_setting_is_opencvs(size):
    rgb = noise(*size)
    gray = cv2.cvtColor(rgb[..., ::-1].copy(), cv2.COLOR_BGR2GRAY)
    expected = cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 2)
    assert np.array_equal(sketch(rgb, block=9, c=2.0), expected)
    assert np.array_equal(sketch(rgb), expected)  # automatic is 9 up to a short side of 256
    assert np.array_equal(sketch(gray), expected)


def test_the_definition():
    """Ink where a pixel is at least C darker than the mean of its window, computed by SciPy."""
    rgb = noise(40, 50)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(float)
    mean = np.rint(ndimage.uniform_filter(gray, 9, mode="nearest"))
    expected = np.where(gray - mean > -2, 255, 0)
    assert (sketch(rgb, block=9) != expected).mean() < 0.002  # but for the rounding of a few means


def test_flat_color_is_paper_and_dark_lines_are_ink():
    rgb = np.full((64, 64, 3), (200, 180, 160), np.uint8)
    assert (sketch(rgb) == 255).all()
    rgb[30:32] = 20
    line = sketch(rgb)
    assert (line[30:32] == 0).all() and (line[:26] == 255).all() and (line[36:] == 255).all()


def test_a_larger_c_gives_less_ink():
    ink = [(sketch(noise(64, 64), block=9, c=c) == 0).mean() for c in (0, 2, 20, 60)]
    assert ink == sorted(ink, reverse=True) and ink[0] > ink[-1]


@pytest.mark.parametrize(("side", "block"), [(8, 9), (256, 9), (300, 11), (512, 19), (1024, 37)])
def test_the_automatic_block_grows_with_the_short_side(side, block):
    assert automatic_block(side) == block
    rgb = noise(side, side + 20)
    assert np.array_equal(sketch(rgb), sketch(rgb, block=block))


def test_lines_keep_their_width_in_proportion():
    small = pixels.resize(noise(16, 16), 128, 128)
    large = pixels.resize(small, 768, 768)
    small_ink, large_ink = (sketch(rgb) == 0 for rgb in (pixels.resize(small, 256, 256), large))
    assert large_ink.mean() == pytest.approx(small_ink.mean(), abs=0.05)


def test_despeckle_removes_exactly_the_specks_below_the_size():
    rgb = cv2.GaussianBlur(noise(120, 90), (3, 3), 0)
    whole, clean = sketch(rgb), sketch(rgb, despeckle=6)
    labels, count = ndimage.label(whole == 0, np.ones((3, 3)))
    sizes = ndimage.sum_labels(np.ones_like(labels), labels, range(1, count + 1))
    assert (sizes < 6).any() and (sizes == 6).any() and (sizes > 6).any()
    expected = np.where(np.isin(labels, 1 + np.flatnonzero(sizes >= 6)), 0, 255)
    assert np.array_equal(clean, expected)
    assert np.array_equal(sketch(rgb, despeckle=1), whole)


def test_despeckle_of_blank_paper():
    assert (sketch(np.full((20, 20, 3), 255, np.uint8), despeckle=5) == 255).all()


@pytest.mark.parametrize("size", [1, 8, 32, 64, 5000])
@pytest.mark.parametrize("shape", [(8, 8), (31, 33), (65, 97)])
def test_a_working_size_returns_the_full_size(shape, size):
    line = sketch(noise(*shape), size=size)
    assert line.shape == shape and line.dtype == np.uint8
    if size >= min(shape):  # there is nothing to gain from enlarging first
        assert np.array_equal(line, sketch(noise(*shape)))


def test_a_working_size_simplifies():
    rgb = noise(256, 256)
    changes = [np.abs(np.diff(line.astype(int), axis=1)).mean() for line in (sketch(rgb), sketch(rgb, size=64))]
    assert changes[1] < changes[0] / 2


@pytest.mark.parametrize("block", [1, 2, 4, 32769])
def test_impossible_blocks(block):
    with pytest.raises(MangastyleError, match=f"`block`: must be an odd number from 3 to 32767, or 0 for automatic, not {block}"):
        sketch(noise(16, 16), block=block)


@pytest.mark.parametrize("name", ["block", "size", "despeckle"])
def test_negative_arguments(name):
    with pytest.raises(MangastyleError, match=f"`{name}`: must be at least 0, not -9"):
        sketch(noise(16, 16), **{name: -9})


@pytest.mark.parametrize(
    ("picture", "came"),
    [
        (np.zeros((8, 8), np.float32), "float32"),
        (np.zeros((8, 8, 4), np.uint8), r"\(8, 8, 4\)"),
        (np.zeros((0, 8), np.uint8), r"\(0, 8\)"),
        ("a.png", "str"),
    ],
)
def test_what_is_no_picture(picture, came):
    with pytest.raises(MangastyleError, match=f"`picture`: must be .*uint8.* not .*{came}"):
        sketch(picture)


@pytest.mark.parametrize("block", [3, 101, 32767])
@pytest.mark.parametrize("c", [-300.0, 0.0, 1e30])
def test_extreme_settings_do_not_crash(block, c):
    assert set(np.unique(sketch(noise(16, 24), block=block, c=c))) <= {0, 255}


def test_the_input_is_left_alone():
    rgb = noise(32, 32)
    sketch(rgb, size=16, despeckle=3)
    assert np.array_equal(rgb, noise(32, 32))


def test_kinds():
    picture = character(3, 96).rgb
    np.testing.assert_array_equal(sketch(picture), sketch(picture, kind="threshold"))
    np.testing.assert_array_equal(sketch(picture, kind="clean", detail=0.8), clean_lines(picture, 0.8))
    assert sketch(picture, kind="clean", size=48).shape == (96, 96)
    with pytest.raises(MangastyleError, match="`kind`: 'clear' .did you mean 'clean'.* is none of threshold, clean"):
        sketch(picture, kind="clear")
    with pytest.raises(MangastyleError, match="`detail`: must be at most 1, not 2"):
        sketch(picture, kind="clean", detail=2.0)


def test_kind_on_the_command_line(tmp_path):
    picture = character(3, 96).rgb
    images.save(tmp_path / "a.png", picture)
    assert main(["sketch", str(tmp_path / "a.png"), "--kind", "clean", "--detail", "0.7", "--out", str(tmp_path / "b.png")]) == 0
    np.testing.assert_array_equal(images.load(tmp_path / "b.png").rgb[..., 0], sketch(picture, kind="clean", detail=0.7))


@pytest.mark.parametrize("kind", ["threshold", "clean"])
def test_gray_pictures(kind):
    gray = character(5, 96).rgb[..., 1]
    np.testing.assert_array_equal(sketch(gray, kind=kind), sketch(pixels.to_rgb(gray), kind=kind))
