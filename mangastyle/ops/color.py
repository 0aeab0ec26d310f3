"""Conversions between color spaces, each in one place: CIE Lab, gray, luma."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from mangastyle.ops import pixels

if TYPE_CHECKING:
    import tensorflow as tf

LUMA = (0.299, 0.587, 0.114)  # share of red, green and blue in luma (Rec. 601)


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """Convert sRGB to CIE Lab (D65).

    Parameters
    ----------
    rgb : ndarray, shape (h, w, 3)
        0..255, of any type.

    Returns
    -------
    ndarray of float32, shape (h, w, 3)
        Lightness L in 0..100, and a and b.

    Examples
    --------
    >>> rgb_to_lab(np.full((1, 1, 3), 255, np.uint8)).round().tolist()
    [[[100.0, 0.0, 0.0]]]
    """
    return cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """Convert CIE Lab to sRGB; the inverse of `rgb_to_lab`.

    Parameters
    ----------
    lab : ndarray of float32, shape (h, w, 3)
        As `rgb_to_lab` returns it.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        Rounded; colors that sRGB cannot show are clipped.

    Examples
    --------
    >>> picture = np.array([[[200, 40, 60], [0, 128, 255]]], np.uint8)
    >>> lab_to_rgb(rgb_to_lab(picture)).tolist() == picture.tolist()
    True
    """
    return pixels.to_uint8(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB) * 255)


def rgb_to_gray(rgb: np.ndarray) -> np.ndarray:
    """Reduce sRGB to gray: its luma (Rec. 601), as OpenCV rounds it.

    Parameters
    ----------
    rgb : ndarray of uint8 or float32, shape (h, w, 3)

    Returns
    -------
    ndarray of the same type, shape (h, w)

    Examples
    --------
    >>> rgb_to_gray(np.full((1, 1, 3), (255, 255, 0), np.uint8)).tolist()
    [[226]]
    """
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def luma(colors: tf.Tensor) -> tf.Tensor:
    """Luma (Rec. 601) of a tensor, inside a graph.

    Parameters
    ----------
    colors : tensor of float32, shape (..., 3)

    Returns
    -------
    tensor of float32, shape (..., 1)
        In the units of `colors`.

    Examples
    --------
    >>> [round(x) for x in luma([[[100.0, 100.0, 100.0], [255.0, 255.0, 0.0]]]).numpy().ravel().tolist()]
    [100, 226]
    """
    from mangastyle.engine import tf  # the rest of this module needs none

    return tf.tensordot(colors, [[share] for share in LUMA], 1)
