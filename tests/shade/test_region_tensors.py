"""Sums over regions, against NumPy."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.shade.region_tensors import describe, nearest_labels, segment_sums


def test_areas_and_centers_are_exact_on_large_pictures():
    labels = np.random.default_rng(0).integers(0, 40, (1100, 1600)).astype(np.int32)
    labels[:, :700] = 7
    found = describe(labels, 40)
    rows, columns = np.mgrid[:1100, :1600]
    for i in (0, 7, 39):
        inside = labels == i
        assert found.areas[i] == inside.sum()
        np.testing.assert_allclose(found.centers[i], (rows[inside].mean(), columns[inside].mean()), atol=0.05)


def test_a_label_without_pixels_has_none():
    found = describe(np.int32([[0, 2]]), 3)
    assert found.areas.numpy().tolist() == [1, 0, 1] and found.centers.numpy()[1].tolist() == [0, 0]


def test_sums(picture):
    labels = (np.arange(48)[None].repeat(40, 0) // 7).astype(np.int32)
    found = segment_sums(labels, picture.astype(np.float32), 7).numpy()
    np.testing.assert_allclose(found, [picture[labels == i].sum(0) for i in range(7)])


def test_labels_shrink_as_by_opencv():
    labels = np.random.default_rng(1).integers(0, 9, (40, 60)).astype(np.int32)
    exact = cv2.resize(labels.astype(np.float32), (20, 10), interpolation=cv2.INTER_NEAREST_EXACT)
    np.testing.assert_array_equal(nearest_labels(labels, 10, 20), exact)
    assert nearest_labels(labels, 80, 120).shape == (80, 120)
