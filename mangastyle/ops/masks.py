"""Masks: where each painting paints. White (1) paints fully, black (0) not at all, gray in part. No TensorFlow."""

from __future__ import annotations

from typing import Any, Mapping

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_gray

BLACK = 1 / 255  # a mask whose maximum is less paints nothing


def to_mask(mask: Any, name: str = "masks") -> np.ndarray:
    """Check a mask and convert it to weights.

    Parameters
    ----------
    mask : ndarray, shape (h, w) or (h, w, 3)
        uint8 0..255, float 0..1 or bool. Of a colored one the luma counts.
    name : str
        The argument that gave it, for the error message.

    Returns
    -------
    ndarray of float32, shape (h, w)
        0 black to 1 white.

    Raises
    ------
    MangastyleError
        For another type or shape, values out of range, and a mask that is black everywhere.

    Examples
    --------
    >>> to_mask(np.array([[0, 255]], np.uint8)).tolist()
    [[0.0, 1.0]]
    >>> to_mask(np.zeros((2, 2)))
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `masks`: a mask is black everywhere; it must be white where it applies
    """
    wanted = f"`{name}`: a mask must be uint8 0..255 or float 0..1, (h, w) or (h, w, 3)"
    if not isinstance(mask, np.ndarray) or isinstance(mask, np.ma.MaskedArray):
        raise MangastyleError(f"{wanted}, not {type(mask).__name__}")
    right = mask.dtype.kind in "fb" or mask.dtype == np.uint8
    if not right or not mask.size or not (mask.ndim == 2 or mask.ndim == 3 and mask.shape[2] == 3):
        raise MangastyleError(f"{wanted}, not {mask.dtype} {mask.shape}")
    mask = np.asarray(mask)  # a subclass may compute in its own way
    gray = mask if mask.ndim == 2 else rgb_to_gray(mask.astype(np.uint8 if mask.dtype == np.uint8 else np.float32))
    weights = gray.astype(np.float32)  # a copy, in which the steps below need no further one: masks may be large
    if mask.dtype == np.uint8:
        weights /= 255
    least, most = weights.min(), weights.max()
    if not (0 <= least and most <= 1 + 1e-6):  # also not a number
        raise MangastyleError(f"{wanted}; this one has values from {least:g} to {most:g}")
    if most < BLACK:
        raise MangastyleError(f"`{name}`: a mask is black everywhere; it must be white where it applies")
    return np.minimum(weights, 1, out=weights)


def check_size(size: tuple[int, ...], height: int, width: int, name: str = "`masks`") -> None:
    """Check that a mask is as large as the content.

    Parameters
    ----------
    size : (height, width)
        The mask's size.
    height, width : int
        The content's size.
    name : str
        What the error message calls the mask.

    Raises
    ------
    MangastyleError
        If it is not.

    Examples
    --------
    >>> check_size((40, 64), 40, 48)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `masks`: this mask is 64x40 pixels and the content 48x40; resize the mask to 48x40
    """
    if size != (height, width):
        raise MangastyleError(
            f"{name}: this mask is {size[1]}x{size[0]} pixels and the content {width}x{height}; resize the mask to {width}x{height}"
        )


def fit(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a mask, float32 (h, w) in 0..1, to a working size.

    Examples
    --------
    >>> fit(np.eye(4, dtype=np.float32), 2, 2).tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    return np.clip(pixels.resize(mask, height, width), 0, 1)  # cubic enlargement overshoots


def at_layers(mask: np.ndarray, shapes: Mapping[str, tuple[int, int]]) -> dict[str, np.ndarray]:
    """Reduce a mask to the size of feature maps by area averaging, which keeps the share of the picture that is painted.

    Parameters
    ----------
    mask : ndarray of float32, shape (h, w)
    shapes : mapping of str to (int, int)
        Height and width of each layer's feature maps.

    Returns
    -------
    dict of str to ndarray of float32, shape (1, h', w', 1)

    Examples
    --------
    >>> at_layers(np.eye(4, dtype=np.float32), {"relu2_1": (2, 2)})["relu2_1"][0, :, :, 0].tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    reduced = {size: cv2.resize(mask, size[::-1], interpolation=cv2.INTER_AREA) for size in set(shapes.values())}
    return {layer: reduced[size][None, :, :, None] for layer, size in shapes.items()}
