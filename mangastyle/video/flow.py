"""Optical flow between the frames of a drawn clip: its estimate, warping by it, and where it is trustworthy. No TensorFlow."""

from __future__ import annotations

import math

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_gray

WORKING_SIDE = 512  # pixels of the long side at which flow is estimated
LEAST_SIDE = 32  # smaller sides are enlarged to it: OpenCV crashes on narrow strips
SOFTENED = 2.0  # Gaussian, in pixels of the working size: thin lines alone lead the search astray
FINEST_SIDE = 128  # pixels of the long side at the finest scale, of halvings, at which patches are searched
REFINED, SMOOTHNESS = 20, 40.0  # iterations of the variational refinement at each scale, and weight of its smoothness term
CONSISTENCY, SLACK = 0.01, 0.5  # Sundaram et al., equation 5: forward and backward flow cancel but for this share, and these pixels squared
EDGE, EDGE_SLACK = 0.01, 0.002  # equation 6: at motion boundaries the squared gradient of the flow is larger


def estimate(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where each pixel goes from one frame to another.

    Parameters
    ----------
    before, after : ndarray of uint8, shapes (h, w, 3) or (h, w)
        Two frames of one size.

    Returns
    -------
    ndarray of float32, shape (h, w, 2)
        Displacements (dx, dy) in pixels: what `before` shows at (y, x), `after` shows at (y + dy, x + dx). The same on every run.

    Raises
    ------
    MangastyleError
        For frames of two sizes.

    References
    ----------
    T. Kroeger, R. Timofte, D. Dai, L. Van Gool, "Fast Optical Flow using Dense Inverse Search", ECCV 2016.

    Examples
    --------
    >>> frame = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    >>> frame = cv2.resize(frame, (64, 64), interpolation=cv2.INTER_CUBIC)
    >>> np.median(estimate(frame, np.roll(frame, (2, 3), (0, 1))), (0, 1)).round(1).tolist()
    [3.0, 2.0]
    """
    if before.shape != after.shape:
        raise MangastyleError(f"`after`: must be {before.shape} as `before` is, not {after.shape}")
    height, width = before.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = tuple(max(LEAST_SIDE, round(scale * side)) for side in (height, width))
    grays = (pixels.resize(x if x.ndim == 2 else rgb_to_gray(x), *size) for x in (before, after))
    first, second = (cv2.GaussianBlur(gray, (0, 0), SOFTENED) for gray in grays)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(max(0, round(math.log2(max(size) / FINEST_SIDE))))
    search.setVariationalRefinementIterations(REFINED)
    search.setVariationalRefinementAlpha(SMOOTHNESS)
    found = search.calc(first, second, None)  # type: ignore[call-overload]  # (h', w', 2)
    if size != (height, width):
        found = cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR)
    return (found * np.array([width / size[1], height / size[0]], np.float32)).astype(np.float32)


def warp(picture: np.ndarray, flow: np.ndarray, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Sample a picture where flow points: p of the result is the picture at p + flow(p).

    `warp(after, estimate(before, after))` is `before`, as far as all of it can be seen in `after`.

    Parameters
    ----------
    picture : ndarray of uint8 or float32, shape (h, w) or (h, w, c)
    flow : ndarray of float32, shape (h, w, 2)
        As `estimate` gives it.
    interpolation : int
        One of OpenCV's: INTER_LINEAR, or INTER_LANCZOS4, which keeps fine detail as it is.

    Returns
    -------
    ndarray, shape and type of `picture`
        Interpolated to 1/32 of a pixel; beyond the border the nearest pixel counts.

    Examples
    --------
    >>> warp(np.array([[10, 20, 30]], np.uint8), np.full((1, 3, 2), (0.5, 0), np.float32)).tolist()
    [[15, 25, 30]]
    """
    return cv2.remap(picture, *targets(flow), interpolation, borderMode=cv2.BORDER_REPLICATE).reshape(picture.shape)


def targets(flow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where flow points to: columns and rows, each float32 (h, w).

    Examples
    --------
    >>> [place.tolist() for place in targets(np.full((1, 2, 2), (0.5, 3), np.float32))]
    [[[0.5, 1.5]], [[3.0, 3.0]]]
    """
    height, width = flow.shape[:2]
    return flow[..., 0] + np.arange(width, dtype=np.float32), flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]


def difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far two pictures, uint8 (h, w, 3), differ at each pixel: the mean of the channels in gray levels, float32 (h, w).

    Examples
    --------
    >>> difference(np.uint8([[[9, 0, 0]]]), np.uint8([[[0, 0, 3]]])).tolist()
    [[4.0]]
    """
    return cv2.transform(cv2.absdiff(first, second).astype(np.float32), np.full((1, 3), 1 / 3, np.float32))


def warp_nearest(labels: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Sample labels where flow points: of the nearest pixel, none between two.

    Parameters
    ----------
    labels : ndarray of any type, shape (h, w) or (h, w, c)
    flow : ndarray of float32, shape (h, w, 2)
        As `estimate` gives it.

    Returns
    -------
    ndarray, shape and type of `labels`

    Examples
    --------
    >>> warp_nearest(np.array([[1, 2, 9]], np.int32), np.full((1, 3, 2), (0.7, 0), np.float32)).tolist()
    [[2, 9, 9]]
    """
    height, width = labels.shape[:2]
    x = np.clip(np.rint(flow[..., 0]).astype(np.int64) + np.arange(width), 0, width - 1)
    y = np.clip(np.rint(flow[..., 1]).astype(np.int64) + np.arange(height)[:, None], 0, height - 1)
    return labels[y, x]


def visible(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """Where flow can be trusted: what is seen in both frames, and not beside an edge of moving things.

    Parameters
    ----------
    forward : ndarray of float32, shape (h, w, 2)
        Flow from the frame that the answer is for to another one.
    backward : ndarray of float32, shape (h, w, 2)
        Flow from the other one to this one.

    Returns
    -------
    ndarray of bool, shape (h, w)
        False where the backward flow does not lead back, where the flow leaves the frame, and at motion boundaries.

    References
    ----------
    N. Sundaram, T. Brox, K. Keutzer, "Dense Point Trajectories by GPU-accelerated Large Displacement Optical Flow", ECCV 2010,
    equations 5 and 6, with the constants of M. Ruder, A. Dosovitskiy, T. Brox, "Artistic Style Transfer for Videos", GCPR 2016.

    Examples
    --------
    >>> right = np.full((4, 4, 2), (1, 0), np.float32)
    >>> visible(right, -right)[0].tolist(), bool(visible(right, 2 * right).any())
    ([True, True, True, False], False)
    """
    height, width = forward.shape[:2]
    back = warp(backward, forward)  # (h, w, 2)
    length = _squared(forward)
    lost = _squared(forward + back) > CONSISTENCY * (length + _squared(back)) + SLACK
    slopes = sum(_squared(np.gradient(forward, axis=axis)) for axis in (0, 1) if forward.shape[axis] > 1)
    edges = slopes > EDGE * length + EDGE_SLACK
    x, y = forward[..., 0] + np.arange(width), forward[..., 1] + np.arange(height)[:, None]
    return ~lost & ~edges & (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def _squared(vectors: np.ndarray) -> np.ndarray:
    """Squared lengths: (h, w, 2) to (h, w)."""
    return vectors[..., 0] ** 2 + vectors[..., 1] ** 2
