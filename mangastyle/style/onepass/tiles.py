"""Large pictures tile by tile: where the tiles are, and the statistics of the whole from those of the tiles."""

from __future__ import annotations

import math
from typing import Iterator, Mapping, NamedTuple, Sequence

import numpy as np

from mangastyle.engine import tf
from mangastyle.ops.gaussian_ot import GaussianStatistics
from mangastyle.style.onepass.network import MULTIPLE, stride

AT_ONCE = 1536**2  # pixels: larger pictures are painted tile by tile
TILE = 1152  # most pixels of a tile's side
MARGIN = 96  # pixels around a tile that the networks get, too: more than their receptive fields, so that tiles leave no seams

Part = tuple[slice, slice]  # rows and columns of a picture


class Tile(NamedTuple):
    """A part of a picture. All bounds are multiples of `MULTIPLE`.

    Attributes
    ----------
    inner : (slice, slice)
        Rows and columns that are painted.
    outer : (slice, slice)
        Rows and columns that the networks get: the inner ones with a margin.
    """

    inner: Part
    outer: Part

    @property
    def within(self) -> Part:
        """The inner part, counted from the outer one."""
        (rows, columns), (outer_rows, outer_columns) = self.inner, self.outer
        return (
            slice(rows.start - outer_rows.start, rows.stop - outer_rows.start),
            slice(columns.start - outer_columns.start, columns.stop - outer_columns.start),
        )


def tiles(height: int, width: int, at_once: int = AT_ONCE) -> Iterator[Tile]:
    """One tile for a picture of at most `at_once` pixels, else tiles of about one size, none larger, with sides up to `TILE`.

    Examples
    --------
    >>> len(list(tiles(1536, 1536))), len(list(tiles(2048, 2048)))
    (1, 4)
    >>> [(tile.inner[0].stop, tile.inner[1].stop) for tile in tiles(1080, 1920, at_once=1152**2)]
    [(1080, 960), (1080, 1920)]
    """
    once = height * width <= at_once
    down, across = (side if once else _even(side, max(MULTIPLE, min(TILE, math.isqrt(at_once)))) for side in (height, width))
    for top in range(0, height, down):
        for left in range(0, width, across):
            rows, columns = slice(top, min(top + down, height)), slice(left, min(left + across, width))
            yield Tile((rows, columns), (_widened(rows, height), _widened(columns, width)))


def _even(side: int, most: int) -> int:
    """The side of tiles for a side of a picture."""
    return math.ceil(side / math.ceil(side / most) / MULTIPLE) * MULTIPLE


def _widened(part: slice, end: int) -> slice:
    return slice(max(0, part.start - MARGIN), min(part.stop + MARGIN, end))


def at_layer(layer: str, part: Part) -> tuple[slice, slice, slice]:
    """A part of a picture as an index of feature maps (k, h', w', n) in a layer.

    Examples
    --------
    >>> at_layer("relu3_1", (slice(0, 8), slice(8, 16)))
    (slice(None, None, None), slice(0, 2, None), slice(2, 4, None))
    """
    rows, columns = (slice(side.start // stride(layer), side.stop // stride(layer)) for side in part)
    return slice(None), rows, columns


def merge_statistics(parts: Sequence[Mapping[str, GaussianStatistics]], amounts: np.ndarray) -> dict[str, GaussianStatistics]:
    """The statistics of a whole from those of its parts.

    Parameters
    ----------
    parts : sequence of {layer: GaussianStatistics}
        With b = k.
    amounts : ndarray, shape (parts, k) or (parts, 1)
        How much each part counts, such as its pixels.

    Returns
    -------
    {layer: GaussianStatistics}

    Examples
    --------
    >>> zero, six = ({"relu1_1": GaussianStatistics(np.array([[x]]), np.array([[[0.0]]]))} for x in (0.0, 6.0))
    >>> [x.numpy().ravel().tolist() for x in merge_statistics([zero, six], np.array([[2], [1]]))["relu1_1"]]
    [[2.0], [8.0]]
    """
    shares = amounts / amounts.sum(0)
    merged = {}
    for name in parts[0]:
        means, covariances = (np.stack([np.float64(part[name][i]) for part in parts]) for i in (0, 1))  # (parts, k, n), (parts, k, n, n)
        mean = np.einsum("pk,pkn->kn", shares, means)
        apart = means - mean
        covariance = np.einsum("pk,pknm->knm", shares, covariances + apart[..., :, None] * apart[..., None, :])
        merged[name] = GaussianStatistics(tf.constant(mean, tf.float32), tf.constant(covariance, tf.float32))
    return merged


def pad_to_multiple(picture: np.ndarray) -> np.ndarray:
    """A picture (h, w) or (h, w, 3), mirrored at the right and lower edges to sides that are multiples of `MULTIPLE`.

    Examples
    --------
    >>> pad_to_multiple(np.zeros((33, 40, 3))).shape
    (40, 40, 3)
    """
    height, width = picture.shape[:2]
    edges = (0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0)
    return np.pad(picture, edges[: picture.ndim], mode="reflect")


def downsample_masks(masks: np.ndarray, layer: str) -> np.ndarray:
    """Masks at the size of a layer, by area averaging.

    Parameters
    ----------
    masks : ndarray, shape (h, w, k)
    layer : str

    Returns
    -------
    ndarray of float32, shape (k, h', w', 1)

    Examples
    --------
    >>> downsample_masks(np.eye(4)[..., None], "relu2_1")[0, :, :, 0].tolist()
    [[0.5, 0.0], [0.0, 0.5]]
    """
    height, width, count = masks.shape
    step = stride(layer)
    means = masks.reshape(height // step, step, width // step, step, count).mean((1, 3))
    return means.transpose(2, 0, 1)[..., None]


def local_shares(masks: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How much each painting counts at each place: by weight where masks overlap, little where all are dark.

    Parameters
    ----------
    masks : ndarray, shape (h, w, k)
        0..1.
    weights : ndarray, shape (k,)
        With the sum 1.

    Returns
    -------
    ndarray, shape (h, w, k)

    Examples
    --------
    >>> local_shares(np.array([[[1.0, 1.0]]]), np.array([0.25, 0.75])).ravel().tolist()
    [0.25, 0.75]
    """
    weighted = weights * masks
    whole = weighted.sum(-1, keepdims=True)
    return weighted / np.maximum(whole, 1e-9) * np.minimum(masks.sum(-1, keepdims=True), 1)
