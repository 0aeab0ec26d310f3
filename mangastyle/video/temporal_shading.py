"""Shading that does not flicker: the layers of one frame, carried along to the next and blended with its own. No TensorFlow.

References
----------
Blending with the warped frame before: Lai, Huang, Wang, Shechtman, Yumer, Yang, "Learning blind video temporal consistency" (ECCV 2018).
"""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.ops import pixels
from mangastyle.video import flow

KEPT = 0.85  # share of the shading before, where the two agree
AGREED = 48.0  # levels of difference beyond which the new shading counts


def steady(
    before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray], layers: np.ndarray, own: np.ndarray
) -> np.ndarray:  # fmt: skip
    """Layers of a frame, blended with those of the frame before.

    Parameters
    ----------
    before, after : (ndarray of uint8, shape (h', w'), ndarray of int32, shape (h', w'))
        Of the frame before and of this one, at a reduced size: gray, and the track at each pixel.
    layers : ndarray of uint8, shape (h, w, c)
        Those of the frame before, as they were shown.
    own : ndarray of uint8, shape (h, w, c)
        Those of this frame.

    Returns
    -------
    ndarray of uint8, shape (h, w, c)

    Examples
    --------
    >>> frame = np.tile(np.arange(40, dtype=np.uint8) * 6, (40, 1)), np.zeros((40, 40), np.int32)
    >>> one, other = (np.full((40, 40, 3), level, np.uint8) for level in (200, 208))
    >>> shown = steady(frame, frame, one, other)
    >>> 200 < int(shown[20, 20, 0]) < 204
    True
    """
    height, width = own.shape[:2]
    backward, forward = flow.estimate(after[0], before[0]), flow.estimate(before[0], after[0])  # (h', w', 2)
    same = flow.visible(backward, forward) & (flow.warp_nearest(before[1], backward) == after[1])
    trusted = cv2.resize(cv2.blur(same.astype(np.float32), (3, 3)), (width, height), interpolation=cv2.INTER_LINEAR)
    scale = np.array([width / same.shape[1], height / same.shape[0]], np.float32)
    full = cv2.resize(backward, (width, height), interpolation=cv2.INTER_LINEAR) * scale
    carried = flow.warp(layers, full).astype(np.float32)
    change = carried - own
    agreed = np.clip(1 - np.abs(change).max(2) / AGREED, 0, 1)
    return pixels.to_uint8(own + (KEPT * trusted * agreed)[..., None] * change)
