"""Local recoloring: a mask says where a picture may change at all. No TensorFlow."""

from __future__ import annotations

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io.images import check_picture
from mangastyle.io.strips import strips
from mangastyle.ops import pixels
from mangastyle.ops.masks import check_size, to_mask


def check_local(base: np.ndarray | None, within: np.ndarray | None, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Check the arguments of a local recoloring.

    Parameters
    ----------
    base : ndarray of uint8, shape (h, w, 3), or None
        The picture that stays.
    within : ndarray, shape (h, w), or None
        Where it may change: uint8 0..255, float 0..1 or bool.
    size : (height, width)
        Of the picture that is colored.

    Returns
    -------
    (ndarray of uint8, shape (h, w, 3), ndarray of float32, shape (h, w) in 0..1), or None without both

    Raises
    ------
    MangastyleError
        If one is given without the other, or they have another form or size.

    Examples
    --------
    >>> check_local(None, None, (4, 4)) is None
    True
    """
    if base is None and within is None:
        return None
    if base is None or within is None:
        raise MangastyleError("`within`: is the mask of `base`, an earlier coloring; give both or neither")
    base, mask = pixels.to_rgb(check_picture(base, "base", gray=True)), to_mask(within, "within")
    if base.shape[:2] != size:
        (height, width), (wanted_height, wanted_width) = base.shape[:2], size
        raise MangastyleError(f"`base`: is {width}x{height}, but the picture is {wanted_width}x{wanted_height}")
    check_size(mask.shape, *size, name="`within`")
    return base, mask


def change_within(base: np.ndarray, colored: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A picture that is changed within a mask alone.

    Parameters
    ----------
    base, colored : ndarray of uint8, shape (h, w, 3)
        The picture without and with the change.
    mask : ndarray of float32, shape (h, w) in 0..1
        1 where it changes fully.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)

    Examples
    --------
    >>> black, white = np.zeros((1, 2, 3), np.uint8), np.full((1, 2, 3), 255, np.uint8)
    >>> change_within(black, white, np.float32([[0, 1]]))[..., 0].tolist()
    [[0, 255]]
    """
    changed = base.copy()
    for rows in strips(*mask.shape):
        before = base[rows].astype(np.float32)
        changed[rows] = pixels.to_uint8(before + mask[rows, :, None] * (colored[rows] - before))
    return changed
