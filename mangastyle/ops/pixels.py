"""Operators on pictures as NumPy arrays: resize, crop, and the conversions between uint8 and float. No TensorFlow.

`ops.resample` has the same resizing inside a TensorFlow graph, equal within one gray level.
"""

from __future__ import annotations

import cv2
import numpy as np

MAX_ENLARGED = 4  # pixels over the square of the side


def resize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a picture: area averaging on the way down, cubic interpolation on the way up.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w) or (h, w, c) or float32
    height, width : int
        Size of the result, in pixels.

    Returns
    -------
    (height, width) or (height, width, c) array of the picture's dtype
        The picture itself if it has that size already.

    Examples
    --------
    >>> resize(np.array([[0, 100], [100, 200]], np.uint8), 1, 1).tolist()
    [[100]]
    """
    if picture.shape[:2] == (height, width):
        return picture
    down = height * width < picture.shape[0] * picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if down else cv2.INTER_CUBIC)


def fit_short_side(height: int, width: int, side: int) -> tuple[int, int]:
    """Size of a picture whose short side gets `side` pixels and whose shape stays.

    Parameters
    ----------
    height, width : int
        Its present size, in pixels.
    side : int
        Its new short side.

    Returns
    -------
    height, width : int

    Examples
    --------
    >>> fit_short_side(300, 200, 64)
    (96, 64)
    """
    scale = side / min(height, width)
    return max(side, round(height * scale)), max(side, round(width * scale))


def fit_enlarged(height: int, width: int, side: int) -> tuple[int, int]:
    """`fit_short_side`, but a long strip is not enlarged to an enormous picture.

    Parameters
    ----------
    height, width : int
        Its present size, in pixels.
    side : int
        Its new short side; less if enlarging the picture to it would take more than `MAX_ENLARGED` times its square of pixels.

    Returns
    -------
    height, width : int

    Examples
    --------
    >>> fit_enlarged(200, 300, 512), fit_enlarged(32, 3000, 512)
    ((512, 768), (106, 9938))
    """
    enlargement = (MAX_ENLARGED * side**2 / (height * width)) ** 0.5
    return fit_short_side(height, width, min(side, max(min(height, width), round(min(height, width) * enlargement))))


def crop_square(picture: np.ndarray) -> np.ndarray:
    """Crop a picture to a square: the top of a portrait, the center of a landscape (paper, section 3).

    Parameters
    ----------
    picture : (h, w, ...) array

    Returns
    -------
    (s, s, ...) array
        A view of the picture, s = min(h, w).

    Examples
    --------
    >>> crop_square(np.arange(4)[None].repeat(2, 0)).tolist()
    [[1, 2], [1, 2]]
    """
    height, width = picture.shape[:2]
    side = min(height, width)
    left = (width - side) // 2
    return picture[:side, left : left + side]


def normalize(picture: np.ndarray) -> np.ndarray:
    """Convert gray levels to [-1, 1], the range of the shading networks.

    Parameters
    ----------
    picture : ndarray of uint8, any shape

    Returns
    -------
    ndarray of float32
        In [-1, 1], of the same shape.

    Examples
    --------
    >>> normalize(np.array([0, 255], np.uint8)).tolist()
    [-1.0, 1.0]
    """
    return picture.astype(np.float32) / np.float32(127.5) - np.float32(1)


def denormalize(picture: np.ndarray) -> np.ndarray:
    """Convert [-1, 1] to gray levels, rounded; the inverse of `normalize`.

    Parameters
    ----------
    picture : ndarray of float, any shape
        Values outside are clipped.

    Returns
    -------
    ndarray of uint8
        Of the same shape.

    Examples
    --------
    >>> denormalize(np.array([-1.0, 0.2, 1.5])).tolist()
    [0, 153, 255]
    """
    return to_uint8((np.asarray(picture, np.float32) + 1) * 127.5)


def to_uint8(picture: np.ndarray) -> np.ndarray:
    """Round gray levels to uint8.

    Parameters
    ----------
    picture : ndarray of float, any shape
        In 0..255; values outside are clipped.

    Returns
    -------
    ndarray of uint8
        Of the same shape.

    Examples
    --------
    >>> to_uint8(np.array([-3.0, 127.4, 300.0])).tolist()
    [0, 127, 255]
    """
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def to_rgb(picture: np.ndarray) -> np.ndarray:
    """Give a gray picture three equal channels.

    Parameters
    ----------
    picture : ndarray, shape (h, w) or (h, w, 3)

    Returns
    -------
    ndarray, shape (h, w, 3)
        The picture itself if it has that shape already.

    Examples
    --------
    >>> to_rgb(np.zeros((4, 5), np.uint8)).shape
    (4, 5, 3)
    """
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
