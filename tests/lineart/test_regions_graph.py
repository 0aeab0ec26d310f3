"""Regions of line art in a graph: those of arrays, bit for bit, before and after a SavedModel."""

from __future__ import annotations

import io
import zipfile

import cv2
import numpy as np
import pytest
from PIL import Image

from mangastyle.engine import tf
from mangastyle.lineart.lines import find_lines
from mangastyle.lineart.lines_graph import lines
from mangastyle.lineart.regions import find_regions
from mangastyle.lineart.regions_graph import regions
from mangastyle.ops import pixels
from mangastyle.synthetic.characters import character


def scribbles(seed: int) -> np.ndarray:
    """Line art of any shape: lines and circles of any darkness and width, on paper of any color."""
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(1, 130, 2))
    drawn = np.full((height, width, 3), rng.integers(180, 256, 3), np.uint8)
    for _ in range(rng.integers(1, 30)):
        ink, (x, y, u, v) = rng.integers(0, 200, 3).tolist(), rng.integers(-20, 150, 4).tolist()
        smooth = cv2.LINE_AA if rng.random() < 0.5 else cv2.LINE_8
        if rng.random() < 0.3:
            cv2.circle(drawn, (x, y), u % 40, ink, int(rng.integers(-1, 4)), smooth)
        else:
            cv2.line(drawn, (x, y), (u, v), ink, int(rng.integers(1, 5)), smooth)
    return drawn


def assert_equal(line_art: np.ndarray, gap: float, graph=regions) -> None:
    for name, expected, found in zip(("labels", "areas", "centers", "borders"), find_regions(line_art, gap), graph(line_art, gap)):
        assert found.numpy().dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected, name)


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (2, 2), (3, 5), (64, 48)])
@pytest.mark.parametrize("level", [0, 90, 255])
def test_pictures_of_one_level(size, level):
    assert_equal(np.full((*size, 3), level, np.uint8), 0.03)


@pytest.mark.parametrize("seed", range(4))
def test_drawn_characters(seed):
    assert_equal(pixels.to_rgb(character(seed, 256).line), 0.03)


@pytest.mark.parametrize("seed", range(40))
def test_scribbles(seed):
    assert_equal(scribbles(seed), (0, 0.013, 0.03, 0.1, 0.2)[seed % 5])


@pytest.mark.parametrize("seed", range(5))
def test_noise(seed):
    rng = np.random.default_rng(seed)
    assert_equal(rng.integers(0, 256, (*rng.integers(1, 90, 2), 3), np.uint8), 0.05)


def test_lines_of_every_pen_and_paper():
    for seed in range(20):
        enlarged = cv2.resize(scribbles(seed), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
        np.testing.assert_array_equal(lines(enlarged).numpy(), find_lines(enlarged))


@pytest.mark.slow
def test_a_saved_model_gives_the_same_and_needs_no_python(tmp_path):
    module = tf.Module()
    module.regions = regions
    tf.saved_model.save(module, str(tmp_path), regions.get_concrete_function())
    loaded = tf.saved_model.load(str(tmp_path))
    assert_equal(pixels.to_rgb(character(5, 160).line), 0.02, lambda *given: loaded.regions(*map(tf.convert_to_tensor, given)))
    served = loaded.signatures["serving_default"](line_art=tf.zeros((8, 8, 3), tf.uint8), gap=tf.constant(0.03))
    assert sorted(value.dtype.name for value in served.values()) == ["float64", "int32", "int64", "int64"]
    functions = regions.get_concrete_function().graph.as_graph_def().library.function
    assert not [node.op for function in functions for node in function.node_def if "PyFunc" in node.op]


@pytest.mark.slow
def test_real_line_art_at_full_size(shared_data):
    with zipfile.ZipFile(shared_data / "linearts.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith("_line.png")]
        for name in names:
            with Image.open(io.BytesIO(archive.read(name))) as opened:
                line_art = np.asarray(opened.convert("RGB"))
            assert_equal(line_art, 0.03)
            assert_equal(cv2.resize(line_art, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), 0.03)
        assert_equal(cv2.resize(line_art, (2000, 3000), interpolation=cv2.INTER_CUBIC), 0.03)
    assert names
