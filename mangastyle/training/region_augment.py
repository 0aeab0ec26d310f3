"""One training example of coloring by regions: a sample with some of its regions' colors known, in other colors, in other ink."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

UNHINTED = 0.25  # share of the examples in which no color is known
MOST_KNOWN = 80.0  # colors that are drawn for the others at most; their number is log-uniform
TURNED = 0.6  # share of the examples with known colors in which all colors are turned, to teach trust in what is known
RELIT = 0.3  # share of the examples with another curve of lightness
VAGUE = 10.0  # largest mean distance of a region's pixels from its color, in CIE Lab, that blurs the color that is given for it


class RegionExample(NamedTuple):
    """An example of n regions, of which the first stands for none; or b of them, with one axis more at the front.

    ink : float32 (s, s), 0 on paper, 1 on lines. labels : int32 (s, s). areas : float32 (n,). centers : float32 (n, 2). given : float32
    (n, 3), the colors that the network sees of known regions, CIE Lab. known, valid : float32 (n,), 1 or 0. colors : float32 (n, 3), the
    true ones. weights : float32 (n,), of each region in the loss.
    """

    ink: np.ndarray
    labels: np.ndarray
    areas: np.ndarray
    centers: np.ndarray
    given: np.ndarray
    known: np.ndarray
    valid: np.ndarray
    colors: np.ndarray
    weights: np.ndarray


def plain(sample: np.ndarray, count: int) -> RegionExample:
    """A sample as it is, with no color known.

    Parameters
    ----------
    sample : record of `region_samples.record_type`
    count : int
        Regions of the example, with the one that stands for none: the largest.

    Returns
    -------
    RegionExample
    """
    used = min(int(sample["count"]) + 1, count)
    labels = sample["labels"].astype(np.int32)
    labels[labels >= used] = 0
    valid = np.zeros(count, np.float32)
    valid[1:used] = 1
    areas, centers, colors = (_first(sample[name], used, count) for name in ("areas", "centers", "colors"))
    known = np.zeros(count, np.float32)
    ink = 1 - sample["line"].astype(np.float32) / 255
    return RegionExample(ink, labels, areas, centers, colors, known, valid, colors, loss_weights(areas, valid, known))


def varied(sample: np.ndarray, count: int, random: np.random.Generator) -> RegionExample:
    """A sample with some colors known, in other colors, in other ink, half of the time mirrored.

    Parameters
    ----------
    sample, count
        As for `plain`.
    random : numpy.random.Generator

    Returns
    -------
    RegionExample
    """
    ink, labels, areas, centers, _, known, valid, colors, _ = plain(sample, count)
    if random.random() >= UNHINTED:
        known = known_regions(areas, valid, log_uniform(random), random)
        if random.random() < TURNED:
            colors = turn(colors, random.uniform(0, 2 * math.pi), random.uniform(0.7, 1.3))
    if random.random() < RELIT:
        light = 100 * np.clip(colors[:, :1] / 100, 0, 1) ** random.uniform(0.7, 1.4)
        colors = np.concatenate([light, colors[:, 1:]], 1).astype(np.float32)
    vague = 1 + np.minimum(_first(sample["spreads"], len(known), len(known)), VAGUE)
    given = colors + vague[:, None] * random.standard_normal(colors.shape, np.float32)
    if random.random() < 0.5:
        ink, labels, centers = mirror(ink, labels, centers, int(sample["shape"][1]))
    line = (1 - ink) * np.float32(random.uniform(0.9, 1.1)) + 0.02 * random.standard_normal(ink.shape, np.float32)
    ink = 1 - np.clip(line, 0, 1) ** np.float32(random.uniform(0.7, 1.5))
    return RegionExample(ink, labels, areas, centers, given, known, valid, colors, loss_weights(areas, valid, known))


def known_regions(areas: np.ndarray, valid: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Which regions' colors are known, if so many are drawn: large regions more often, some repeatedly.

    Parameters
    ----------
    areas, valid : ndarray of float32, shape (n,)
    count : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (n,), 1 or 0

    Examples
    --------
    >>> areas, valid = np.array([0, 0.5, 0.5], np.float32), np.array([0, 1, 0], np.float32)
    >>> known_regions(areas, valid, 3, np.random.default_rng(0)).tolist()
    [0.0, 1.0, 0.0]
    """
    chances = areas.astype(np.float64) * valid
    known = np.zeros_like(valid)
    known[random.choice(len(areas), count, p=chances / chances.sum())] = 1
    return known


def log_uniform(random: np.random.Generator) -> int:
    """A whole number from 1 to `MOST_KNOWN`, small ones more often: its logarithm is uniform."""
    return int(math.exp(random.uniform(0, math.log(MOST_KNOWN))))


def loss_weights(areas: np.ndarray, valid: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The weights (n,) of regions in the loss: the root of the area where the color is not known."""
    return np.sqrt(areas) * valid * (1 - known)


def turn(colors: np.ndarray, angle: float, factor: float) -> np.ndarray:
    """Colors of other hues.

    Parameters
    ----------
    colors : ndarray of float32, shape (n, 3), CIE Lab
    angle : float
        By which all hues are turned, in radians.
    factor : float
        On the chroma.

    Returns
    -------
    ndarray of float32, shape (n, 3)

    Examples
    --------
    >>> turn(np.array([[50, 10, 20]], np.float32), math.pi / 2, 2.0).round().tolist()
    [[50.0, -40.0, 20.0]]
    """
    c, s = factor * math.cos(angle), factor * math.sin(angle)
    return colors @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]], np.float32)


def mirror(ink: np.ndarray, labels: np.ndarray, centers: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture, the left `width` columns of a square, in a mirror: ink and labels (s, s), and the regions' centers (n, 2).

    Examples
    --------
    >>> ink, labels, centers = mirror(np.eye(3), np.eye(3, dtype=int), np.array([[0.0, 0.0], [0.5, 1 / 3]]), 2)
    >>> ink.tolist(), centers.tolist()
    ([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [[0.0, 0.6666666666666666], [0.5, 0.3333333333333333]])
    """
    order = np.r_[np.arange(width)[::-1], width : ink.shape[1]]
    return ink[:, order], labels[:, order], np.stack([centers[:, 0], width / ink.shape[1] - centers[:, 1]], 1)


def _first(values: np.ndarray, used: int, count: int) -> np.ndarray:
    """The first `used` of values (m, ...), then zeros: float32 (count, ...)."""
    found = np.zeros((count, *values.shape[1:]), np.float32)
    found[:used] = values[:used]
    return found
