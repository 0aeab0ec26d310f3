"""Samples of regions: against medians, areas and places computed one region at a time, and against what the colorizer sees."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import tensorflow as tf
from skimage import color

from mangastyle.lineart.regions import find_regions
from mangastyle.shade.region_colors import RegionColorizer
from mangastyle.shade.region_tensors import describe
from mangastyle.shade.spec import RegionSpec
from mangastyle.synthetic.characters import character
from mangastyle.training.region_samples import make_sample


def sample_of(picture: np.ndarray, line: np.ndarray, size: int = 64) -> np.ndarray:
    """A sample that there is."""
    found = make_sample(picture, line, size)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def drawn():
    return character(3, 192)


@pytest.fixture(scope="module")
def picture(drawn):
    """With noise, so that medians and spreads are not trivial."""
    return np.clip(drawn.rgb + np.random.default_rng(0).normal(0, 8, drawn.rgb.shape), 0, 255).astype(np.uint8)


def test_colors_areas_and_places_are_those_of_each_region(drawn, picture):
    sample, labels = sample_of(picture, drawn.line, 64), find_regions(drawn.line).labels
    free = cv2.erode(drawn.line, np.ones((3, 3), np.uint8)) > 200
    areas = np.bincount(labels.ravel())
    order = sorted(range(len(areas)), key=lambda i: (-areas[i], i))
    assert sample["count"] == len(areas) and 10 < len(areas) < 255
    lab = color.rgb2lab(picture)
    for number, name in enumerate(order, 1):
        own = labels == name
        used = own & free if (own & free).sum() >= 8 else own
        values = picture[used]
        middle = color.rgb2lab(np.sort(values, 0)[len(values) // 2])
        np.testing.assert_allclose(sample["colors"][number], middle, atol=0.3)
        assert sample["areas"][number] == pytest.approx(own.mean())
        np.testing.assert_allclose(sample["centers"][number], np.argwhere(own).mean(0) / 192, atol=1e-4)
        spread = np.abs(lab[own & free] - middle).mean() if (own & free).any() else 0
        assert sample["spreads"][number] == pytest.approx(spread, abs=0.3)
    assert not sample["areas"][0] and not sample["areas"][len(areas) + 1 :].any()


@pytest.mark.parametrize(("height", "width"), [(192, 150), (101, 192), (90, 90)])
def test_the_network_sees_in_training_what_it_will_see(drawn, height, width):
    """The line art and labels of a sample are those that the colorizer makes of the same line art."""
    top, left = (192 - height) // 2, (192 - width) // 2
    line = np.ascontiguousarray(drawn.line[top : top + height, left : left + width])
    regions, seen = find_regions(line), {}

    def encoder(inputs, training):
        seen.update(inputs)
        return {}

    colorizer = RegionColorizer(SimpleNamespace(encoder=encoder), RegionSpec(size=64))  # type: ignore[arg-type]
    count = len(regions.areas)
    order = tf.argsort(tf.constant(regions.areas), direction="DESCENDING", stable=True)
    art = tf.constant(np.repeat(line[..., None], 3, -1))
    inputs = colorizer._inputs(art, describe(tf.constant(regions.labels), count), order)
    sample = sample_of(np.full((height, width, 3), (200, 40, 60), np.uint8), line, 64)
    np.testing.assert_array_equal(sample["labels"], seen["labels"][0])
    np.testing.assert_allclose(1 - sample["line"] / 255, seen["ink"][0, ..., 0], atol=1.01 / 255)
    for name in ("areas", "centers"):
        np.testing.assert_allclose(sample[name][: count + 1], inputs[name][0], atol=1e-5)


def test_the_largest_regions_are_kept():
    """A grid of 18 by 18 rooms, the lower ones taller."""
    edges, line = np.r_[np.arange(0, 162, 9), np.arange(162, 378, 12)], np.full((378, 342), 255, np.uint8)
    line[edges], line[:, ::19] = 0, 0
    picture = np.full((*line.shape, 3), (40, 40, 200), np.uint8)
    sample, regions = sample_of(picture, line, 378), find_regions(line)
    assert len(regions.areas) == 36 * 18 and sample["count"] == 255
    assert sample["areas"][255] * line.size == pytest.approx(np.sort(regions.areas)[-255])
    kept = np.zeros(len(regions.areas), bool)
    kept[np.unique(regions.labels[sample["labels"][:, :342] > 0])] = True
    assert kept.sum() == 255 and regions.areas[kept].min() >= regions.areas[~kept].max()


def test_pictures_without_color_or_regions_teach_nothing(drawn):
    gray = np.repeat(drawn.line[..., None], 3, -1)
    assert make_sample(gray, drawn.line, 64) is None
    red = np.full((64, 64, 3), (255, 0, 0), np.uint8)
    assert make_sample(red, np.full((64, 64), 255, np.uint8), 64) is None
