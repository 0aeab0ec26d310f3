"""Style residuals laid out for a ground that has moved: strokes stay on what they were painted on."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.engine import tf
from mangastyle.style.onepass import network

AT_ONCE = 4  # features that OpenCV samples together


def lay_out(residual: network.Features, displacement: np.ndarray, block: int = 0, seed: int = 0) -> dict[str, tf.Tensor]:
    """The style residual of a ground that has moved.

    Parameters
    ----------
    residual : {layer: (1, h', w', n)}
        By `network.style_residual`, deepest first.
    displacement : ndarray of float32, shape (rows, columns, 2)
        For each position of the finest layer the way (dx, dy), in pixels, to the place whose stroke it gets: minus the way that the
        ground has moved. Beyond the border the ground goes on.
    block, seed : int
        As for `network.lay_out`, which this equals where nothing has moved.

    Returns
    -------
    {layer: (1, rows', columns', n)}
        By cubic interpolation between positions.

    Examples
    --------
    >>> strokes = {"relu4_1": tf.random.stateless_normal((1, 6, 6, 2), (0, 0))}
    >>> still, moved = (lay_out(strokes, np.full((6, 6, 2), way, np.float32))["relu4_1"].numpy() for way in (0, 8))
    >>> bool(np.all(moved[:, :5, :5] == still[:, 1:, 1:]))  # one position of 8 pixels, down and to the right
    True
    """
    deepest, finest = next(iter(residual)), list(residual)[-1]
    fine = network.stride(finest)
    rows, columns = (side * fine // network.stride(deepest) for side in displacement.shape[:2])  # of the deepest layer
    corners = network.corners(residual[deepest], -(-rows // block), -(-columns // block), block, seed).numpy() if block else None
    found = {}
    for name, x in residual.items():
        step, finer = network.stride(name), network.stride(deepest) // network.stride(name)
        way = displacement[:: step // fine, :: step // fine] / np.float32(step)
        y, x_ = (way[..., i] + np.expand_dims(np.arange(way.shape[1 - i], dtype=np.float32), i) for i in (1, 0))
        if corners is None:
            laid = _sampled(x[0].numpy(), y, x_)
        else:
            laid = _sampled(_at_least(x[0].numpy(), block * finer), *_in_blocks(y, x_, corners * finer, block * finer))
        found[name] = tf.constant(laid[None])
    return found


def _in_blocks(y: np.ndarray, x: np.ndarray, corners: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the painting for places of the ground, which has a block for each of `corners` (down, across, 2), again and again."""
    down, across = (np.floor(place / side) for place in (y, x))
    corner = corners[down.astype(np.int64) % corners.shape[0], across.astype(np.int64) % corners.shape[1]]  # (rows, columns, 2)
    return corner[..., 0] + (y - side * down), corner[..., 1] + (x - side * across)


def _at_least(features: np.ndarray, side: int) -> np.ndarray:
    """Features (h, w, n), mirrored to at least `side` positions down and across."""
    missing = [(0, max(0, side - length)) for length in features.shape[:2]]
    return np.pad(features, [*missing, (0, 0)], mode="reflect") if max(max(missing)) else features


def _sampled(features: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Features (h, w, n) at places (rows, columns), mirrored beyond their border: (rows, columns, n)."""
    y, x = (_mirrored(place, length) for place, length in zip((y, x), features.shape[:2]))
    places = cv2.convertMaps(x.astype(np.float32), y.astype(np.float32), cv2.CV_16SC2)
    parts = [np.ascontiguousarray(features[..., i : i + AT_ONCE]) for i in range(0, features.shape[-1], AT_ONCE)]
    sampled = [cv2.remap(part, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101) for part in parts]
    return np.concatenate([part.reshape(*y.shape, -1) for part in sampled], -1)


def _mirrored(place: np.ndarray, length: int) -> np.ndarray:
    """Places along a side, folded into 0 to length - 1."""
    if length == 1:
        return np.zeros_like(place)
    turn = np.mod(place, 2 * (length - 1))
    return np.minimum(turn, 2 * (length - 1) - turn)
