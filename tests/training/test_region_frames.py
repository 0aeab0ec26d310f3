"""Frames of training pictures: a mirror, and parts that are turned and stretched."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.training import region_frames
from mangastyle.training.region_frames import Framed, mirror, part

SIZE = 96


def quarters(height: int, width: int) -> Framed:
    """A picture of four regions, the upper left of which, number 1, is inked."""
    labels = np.zeros((SIZE, SIZE), np.uint8)
    for i, (rows, columns) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1)), 1):
        labels[rows * height // 2 : (rows + 1) * height // 2, columns * width // 2 : (columns + 1) * width // 2] = i
    inside = labels[:height, :width]
    areas = np.array([0, *((inside == i).mean() for i in range(1, 5))], np.float32)
    centers = np.array([(0, 0), *(np.argwhere(labels == i).mean(0) / SIZE for i in range(1, 5))], np.float32)
    return Framed((labels == 1).astype(np.float32), labels, (height, width), areas, centers)


def test_mirrored_twice_is_the_same():
    framed = quarters(96, 70)
    twice = mirror(mirror(framed))
    for one, two in zip(twice, framed):
        np.testing.assert_allclose(one, two, atol=1e-6)
    assert mirror(framed).labels[0, 0] == 2


@pytest.mark.parametrize("shape", [(96, 70), (40, 96), (96, 96)])
def test_a_part_fills_the_square_and_its_parts_fit_each_other(shape):
    random, framed = np.random.default_rng(0), quarters(*shape)
    for _ in range(50):
        found = part(framed, random)
        height, width = found.shape
        assert max(height, width) == SIZE
        assert not found.labels[height:].any() and not found.labels[:, width:].any() and found.labels[:height, :width].all()
        counts = np.bincount(found.labels.ravel(), minlength=5)[1:]
        np.testing.assert_allclose(found.areas[1:], counts / (height * width), rtol=1e-5)
        for i in np.flatnonzero(counts) + 1:
            np.testing.assert_allclose(found.centers[i], np.argwhere(found.labels == i).mean(0) / SIZE, atol=1e-5)
        edge = 4  # pixels near which linear and nearest interpolation may differ
        inner = np.zeros((SIZE, SIZE), bool)
        inner[edge : height - edge, edge : width - edge] = True
        assert np.mean(((found.ink > 0.5) == (found.labels == 1))[inner]) > 0.97


def test_an_unturned_unstretched_whole_is_the_picture(monkeypatch):
    monkeypatch.setattr(region_frames, "LEAST_SIDE", 1.0)
    monkeypatch.setattr(region_frames, "STRETCHED", 0.0)
    monkeypatch.setattr(region_frames, "TURNED", 0.0)
    framed = quarters(96, 70)
    for one, two in zip(part(framed, np.random.default_rng(0)), framed):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_parts_prefer_no_side():
    random, framed = np.random.default_rng(1), quarters(96, 96)
    areas = np.array([part(framed, random).areas[1:] for _ in range(400)])
    np.testing.assert_allclose(areas.mean(0), 0.25, atol=0.03)  # no corner is preferred
    assert areas.max() > 0.6 and areas.min() < 0.1


def test_frames_are_a_function_of_the_random_numbers():
    one, two = (part(quarters(96, 70), np.random.default_rng(3)) for _ in range(2))
    for a, b in zip(one, two):
        np.testing.assert_array_equal(a, b)
