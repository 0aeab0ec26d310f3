"""CIE Lab in a graph, against scikit-image and OpenCV."""

from __future__ import annotations

import numpy as np
from skimage import color as skimage_color

from mangastyle.ops import color, lab


def all_kinds() -> np.ndarray:
    levels = np.array([0, 1, 7, 11, 60, 128, 200, 254, 255], np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), -1).reshape(9, 81, 3)


def test_lab_is_that_of_others():
    found = lab.rgb_to_lab(all_kinds()).numpy()
    np.testing.assert_allclose(found, skimage_color.rgb2lab(all_kinds()), atol=0.05)
    np.testing.assert_allclose(found, color.rgb_to_lab(all_kinds()), atol=0.5)  # OpenCV takes the gamma from a table


def test_there_and_back():
    np.testing.assert_allclose(lab.lab_to_rgb(lab.rgb_to_lab(all_kinds())).numpy(), all_kinds(), atol=0.02)


def test_colors_that_srgb_cannot_show_are_clipped():
    assert lab.lab_to_rgb(np.float32([50, 120, -120])).numpy().min() == 0
    np.testing.assert_allclose(lab.lab_to_rgb(np.float32([110, 0, 0])), 255, atol=1e-3)
