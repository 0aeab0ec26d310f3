"""One training example of coloring by regions: a sample with some of its regions' colors known, in other colors, in other ink."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mangastyle.training.region_frames import Framed, mirror, part

FRAMED = 0.6  # share of the examples in which a part of the picture is the picture
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
    framed, colors = _read(sample, count)
    return _example(framed, colors, colors, np.zeros(count, np.float32))


def varied(sample: np.ndarray, count: int, random: np.random.Generator) -> RegionExample:
    """A sample with some colors known, in other colors, in other ink, often in another frame.

    Parameters
    ----------
    sample, count
        As for `plain`.
    random : numpy.random.Generator

    Returns
    -------
    RegionExample
    """
    framed, colors = _read(sample, count)
    if random.random() < FRAMED:
        framed = part(framed, random)
    if random.random() < 0.5:
        framed = mirror(framed)
    known = np.zeros(count, np.float32)
    if random.random() >= UNHINTED:
        known = known_regions(framed.areas, log_uniform(random), random)
        if random.random() < TURNED:
            colors = turn(colors, random.uniform(0, 2 * math.pi), random.uniform(0.7, 1.3))
    if random.random() < RELIT:
        light = 100 * np.clip(colors[:, :1] / 100, 0, 1) ** random.uniform(0.7, 1.4)
        colors = np.concatenate([light, colors[:, 1:]], 1).astype(np.float32)
    vague = 1 + np.minimum(_first(sample["spreads"], count, count), VAGUE)
    given = colors + vague[:, None] * random.standard_normal(colors.shape, np.float32)
    line = (1 - framed.ink) * np.float32(random.uniform(0.9, 1.1)) + 0.02 * random.standard_normal(framed.ink.shape, np.float32)
    ink = 1 - np.clip(line, 0, 1) ** np.float32(random.uniform(0.7, 1.5))
    return _example(framed._replace(ink=ink), colors, given, known)


def known_regions(areas: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Which regions' colors are known, if so many are drawn: large regions more often, some repeatedly.

    Parameters
    ----------
    areas : ndarray of float32, shape (n,)
    count : int
    random : numpy.random.Generator

    Returns
    -------
    ndarray of float32, shape (n,), 1 or 0

    Examples
    --------
    >>> known_regions(np.array([0, 0.5, 0], np.float32), 3, np.random.default_rng(0)).tolist()
    [0.0, 1.0, 0.0]
    """
    chances = areas.astype(np.float64)
    known = np.zeros_like(areas)
    known[random.choice(len(areas), count, p=chances / chances.sum())] = 1
    return known


def log_uniform(random: np.random.Generator) -> int:
    """A whole number from 1 to `MOST_KNOWN`, small ones more often: its logarithm is uniform."""
    return int(math.exp(random.uniform(0, math.log(MOST_KNOWN))))


def loss_weights(areas: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The weights (n,) of regions in the loss: the root of the area where the color is not known."""
    return np.sqrt(areas) * (1 - known)


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


def _read(sample: np.ndarray, count: int) -> tuple[Framed, np.ndarray]:
    """The picture of a sample with its largest regions, `count` with the one that stands for none; and their colors (n, 3)."""
    used = min(int(sample["count"]) + 1, count)
    labels = np.where(sample["labels"] < used, sample["labels"], 0).astype(np.uint8)
    areas, centers, colors = (_first(sample[name], used, count) for name in ("areas", "centers", "colors"))
    ink = 1 - sample["line"].astype(np.float32) / 255
    return Framed(ink, labels, (int(sample["shape"][0]), int(sample["shape"][1])), areas, centers), colors


def _example(framed: Framed, colors: np.ndarray, given: np.ndarray, known: np.ndarray) -> RegionExample:
    """The example of a picture whose regions' true colors are `colors` and of which `known` ones are given."""
    valid = (framed.areas > 0).astype(np.float32)
    weights = loss_weights(framed.areas, known)
    labels = framed.labels.astype(np.int32)
    return RegionExample(framed.ink, labels, framed.areas, framed.centers, given, known, valid, colors, weights)


def _first(values: np.ndarray, used: int, count: int) -> np.ndarray:
    """The first `used` of values (m, ...), then zeros: float32 (count, ...)."""
    found = np.zeros((count, *values.shape[1:]), np.float32)
    found[:used] = values[:used]
    return found
