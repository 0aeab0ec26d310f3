"""Flat colors as one layer for each color. No TensorFlow."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.errors import check_integer
from mangastyle.io.images import check_picture
from mangastyle.io.layer import Layer
from mangastyle.ops.color import rgb_to_lab

MOST_COLORS = 25
ALIKE = 3.0  # CIELAB distance up to which colors share a layer in any case
WIDEN = 1.25  # factor of that distance while colors are too many to compare each with each
COMPARED = 300  # as many as that are compared so
FREQUENT = 1 << 14  # colors that layers may get: of pictures that are not flat, the most frequent ones
AT_ONCE = 1 << 18  # colors whose nearest layers are found together


def palette_layers(flat: np.ndarray, alpha: np.ndarray | None = None, most: int = MOST_COLORS) -> list[Layer]:
    """Flat colors as one layer for each color, so that it can be changed everywhere at once.

    Colors that are alike share a layer, and have the color of the largest of them. Each pixel is on one layer.

    Parameters
    ----------
    flat : ndarray of uint8, shape (h, w, 3)
    alpha : ndarray of uint8, shape (h, w), or None
        The picture's opacity; None if it is opaque.
    most : int
        The most layers, up to 255. If there are more colors, those that are the most alike are merged.

    Returns
    -------
    list of Layer
        The most frequent color first. Their names are the colors, such as "#ffcc99".

    Raises
    ------
    MangastyleError
        If `flat` is no such array, or `most` is not from 1 to 255.

    Examples
    --------
    >>> flat = np.full((4, 5, 3), (255, 204, 153), np.uint8)
    >>> flat[:2, 1:3], flat[0, 0] = (0, 0, 128), (255, 204, 155)
    >>> [(layer.name, int(layer.alpha.sum()) // 255) for layer in palette_layers(flat)]
    [('#ffcc99', 16), ('#000080', 4)]
    """
    check_picture(flat, "flat")
    check_integer("most", most, 1, 255)
    red, green, blue = (flat[..., channel].astype(np.uint32) for channel in range(3))
    codes = red << 16 | green << 8 | blue  # (h, w)
    counts = np.bincount(codes.ravel())
    found = np.flatnonzero(counts)
    found = found[np.argsort(-counts[found], kind="stable")]  # the most frequent first, (n,)
    rgb = (found[:, None] >> np.array([16, 8, 0]) & 255).astype(np.uint8)  # (n, 3)
    lab = rgb_to_lab(rgb[None])[0]
    chosen = _chosen(lab[:FREQUENT], counts[found[:FREQUENT]], most)
    parts = range(0, len(lab), AT_ONCE)
    nearest = np.concatenate([cv2.batchDistance(lab[i : i + AT_ONCE], lab[chosen], -1, K=1)[1][:, 0] for i in parts])
    layer_of = np.zeros(len(counts), np.uint8)
    layer_of[found] = nearest
    labels = layer_of[codes]
    layers = []
    for i, color in enumerate(rgb[chosen]):
        on = np.where(labels == i, np.uint8(255) if alpha is None else alpha, np.uint8(0))
        layers.append(Layer("#{:02x}{:02x}{:02x}".format(*color), np.broadcast_to(color, flat.shape), on))
    return layers


def _chosen(lab: np.ndarray, counts: np.ndarray, most: int) -> np.ndarray:
    """Choose at most `most` of the colors (n, 3), of which the first are the most frequent, with counts (n,): their indices.

    While there are too many, the color that is missed the least is left out: by the square of its distance to the nearest one and the
    root of its area. So large areas keep their colors, and so do small ones that stand out, such as eyes.
    """
    left, areas = _spread(lab, counts)
    apart = np.linalg.norm(lab[left, None] - lab[left], axis=-1)  # (m, m)
    np.fill_diagonal(apart, np.inf)
    while len(left) > most:
        nearest = apart.argmin(1)
        i = int((np.sqrt(areas) * apart.min(1) ** 2).argmin())
        areas[nearest[i]] += areas[i]
        left, areas, apart = np.delete(left, i), np.delete(areas, i), np.delete(np.delete(apart, i, 0), i, 1)
    return left


def _spread(lab: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose colors that are not alike: their indices (m,), and the areas of all that are like each, (m,).

    The most frequent one stands for all that are like it, then the most frequent of the others, and so on; with COMPARED of them, it is
    begun anew, and colors that are less alike count as alike.
    """
    reach = ALIKE
    while True:
        chosen, areas, rest = [], [], np.arange(len(lab))
        while len(rest) and len(chosen) <= COMPARED:
            alike = np.linalg.norm(lab[rest] - lab[rest[0]], axis=1) <= reach
            chosen.append(rest[0])
            areas.append(counts[rest[alike]].sum())
            rest = rest[~alike]
        if len(chosen) <= COMPARED:
            return np.array(chosen), np.array(areas, np.float64)
        reach *= WIDEN
