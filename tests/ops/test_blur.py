"""Box and Gaussian blurs inside a graph, against OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.ops.blur import box_blur, gaussian_blur


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(64, 64), (31, 33), (9, 40), (1, 9)])
def test_box_blur_equals_opencv_for_each_pictures_own_kernel(size, channels):
    pictures = np.random.default_rng(size[0]).uniform(-1, 1, (5, *size, channels)).astype(np.float32)
    kernels = [1, 2, 7, 30, 100]  # also wider than the picture: edges reflect again and again
    found = box_blur(tf.constant(pictures), tf.constant(kernels))
    for picture, kernel, blurred in zip(pictures, kernels, found):
        expected = cv2.blur(picture.astype(np.float64), (kernel, kernel)).reshape(picture.shape)
        np.testing.assert_allclose(blurred, expected, atol=2e-5)


@pytest.mark.parametrize("shape", [(40, 70, 3), (9, 12, 3)])
def test_gaussian_blur_equals_opencv(shape):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    expected = cv2.GaussianBlur(values, (0, 0), 6.0, borderType=cv2.BORDER_REFLECT_101)
    np.testing.assert_allclose(gaussian_blur(tf.constant(values), 6.0), expected, atol=1e-5)
