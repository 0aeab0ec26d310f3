"""The batched box blur against OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from mangastyle.shade.blur import box_blur


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(64, 64), (31, 33), (9, 40)])
def test_box_blur_equals_opencv_for_each_pictures_own_kernel(size, channels):
    pictures = np.random.default_rng(size[0]).uniform(-1, 1, (5, *size, channels)).astype(np.float32)
    kernels = [1, 2, 7, 30, 100]  # also wider than the picture: edges reflect again and again
    made = box_blur(tf.constant(pictures), tf.constant(kernels))
    for picture, kernel, blurred in zip(pictures, kernels, made):
        expected = cv2.blur(picture.astype(np.float64), (kernel, kernel)).reshape(picture.shape)
        np.testing.assert_allclose(blurred, expected, atol=2e-5)
