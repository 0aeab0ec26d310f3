"""Mask files of the commands `style` and `shade`. No TensorFlow: they are checked before it loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mangastyle.cli.sized import Sized
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.strips import strips
from mangastyle.ops import masks
from mangastyle.ops.color import rgb_to_gray


def read_mask(path: str | Path, max_pixels: int = images.MAX_PIXELS) -> np.ndarray:
    """Read a mask file.

    Parameters
    ----------
    path : str or Path
        Any picture: of a colored one the luma counts, and where it is transparent, it is black.
    max_pixels : int
        The most that it may have.

    Returns
    -------
    ndarray of float32, shape (h, w)
        0 black to 1 white.

    Raises
    ------
    MangastyleError
        Naming the file, for a picture that cannot be read, is too large, or is black everywhere.
    """
    rgb, alpha = images.load(path, max_pixels)
    mask = rgb_to_gray(rgb).astype(np.float32)
    del rgb  # of large pictures not everything fits at once
    mask /= 255
    if alpha is not None:  # pictures are composited on white, but what nobody drew on is not to be painted
        for rows in strips(*mask.shape):
            mask[rows] = np.maximum(mask[rows] - (1 - alpha[rows].astype(np.float32) / 255), 0)
    if mask.max() < masks.BLACK:
        raise MangastyleError(f"{path}: this mask is black everywhere; draw white where it applies")
    return mask


def mask_file(path: Path, max_pixels: int) -> Sized[np.ndarray]:
    """A mask file, which is decoded when its picture's size is known.

    Parameters
    ----------
    path : Path
    max_pixels : int
        The most that it may have.

    Returns
    -------
    Sized
        Of masks float32 (h, w).

    Raises
    ------
    MangastyleError
        If there is no such picture, or it is too large.
    """
    return Sized(path, max_pixels, read_mask, lambda path, own, picture: masks.check_size(own, *picture, name=str(path)))
