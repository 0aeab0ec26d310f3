"""Training examples of coloring by regions, from samples of several sources.

Every example is a pure function of seed, step and position, which makes resumed trainings exact.
"""

from __future__ import annotations

from typing import Sequence

import cv2
import numpy as np

from mangastyle.data.archives import is_drawn
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.training import region_sources
from mangastyle.training.region_augment import RegionExample, known_regions, log_uniform, loss_weights, plain, varied

HELD_OUT = 0.04  # share of the pictures that training never uses
VALIDATION = 96  # held-out pictures
FOR_PALETTE = 20_000  # colors of regions from which the palette is made


class RegionExamples:
    """Examples from samples of several sources.

    Parameters
    ----------
    data : sequence of str
        Sources, see `region_sources.load`.
    shares : sequence of float
        How often each of them is used, relative to the others; empty: as often as it has pictures.
    size : int
        Side of the samples, in pixels.
    regions : int
        Regions of each, at most 255: the largest.
    seed : int
    cache, max_pixels
        As for `region_sources.load`.

    Attributes
    ----------
    train, held_out : list of (ndarray, ndarray of int)
        For each source, its samples and the rows of those that training uses, and of those that it never uses.

    Raises
    ------
    MangastyleError
        As from `region_sources.load`, and if fewer than two samples are left.
    """

    def __init__(
        self, data: Sequence[str], shares: Sequence[float], size: int, regions: int, seed: int, *, cache: str = "",
        max_pixels: int = images.MAX_PIXELS,
    ) -> None:  # fmt: skip
        self.count, self.seed = regions + 1, seed
        loaded = [region_sources.load(name, size, cache=cache, max_pixels=max_pixels) for name in data]
        places = _places([samples.hashes for samples in loaded])
        used = np.sort(np.concatenate(places))
        used = used[used >= 0]
        if len(used) < 2:
            raise MangastyleError(f"{' '.join(data)}: {len(used)} usable pictures; at least 2 are needed")
        limit = min(max(HELD_OUT, used[1]), used[-1])  # at least one is held out, and one is not
        rows = [(np.flatnonzero(place >= limit), np.flatnonzero((place >= 0) & (place < limit))) for place in places]
        self.train = [(samples.records, train) for samples, (train, _) in zip(loaded, rows)]
        self.held_out = [(samples.records, held) for samples, (_, held) in zip(loaded, rows)]
        self.real = [not is_drawn(name) for name in data]
        sizes = np.array([len(train) for train, _ in rows], np.float64)
        weights = np.where(sizes > 0, shares if shares else sizes, 0.0)
        self.shares = weights / weights.sum()

    def batch(self, step: int, count: int) -> RegionExample:
        """The examples of a training step.

        Parameters
        ----------
        step : int
        count : int

        Returns
        -------
        RegionExample
            Its weights sum to 1.
        """
        random = np.random.Generator(np.random.Philox(key=[self.seed, step], counter=[0, 0, 0, 7]))
        made = []
        for _ in range(count):
            records, rows = self.train[random.choice(len(self.train), p=self.shares)]
            made.append(varied(records[random.choice(rows)], self.count, random))
        example = RegionExample(*map(np.stack, zip(*made)))
        return example._replace(weights=example.weights / max(float(example.weights.sum()), 1e-6))

    def validation(self, hinted: bool, first: int, count: int) -> RegionExample:
        """Held-out pictures as they are, the same for every seed.

        Parameters
        ----------
        hinted : bool
            Whether the colors of some regions are known.
        first, count : int
            Which of them; fewer than `count` are given at the end, none after it.

        Returns
        -------
        RegionExample
            The weights of each picture sum to 1.
        """
        made = []
        for i, record in enumerate(self.validation_samples()[first : first + count], first):
            random = np.random.Generator(np.random.Philox(key=[0, i], counter=[0, 0, 0, 7]))
            example = plain(record, self.count)
            known = known_regions(example.areas, log_uniform(random), random) if hinted else example.known
            weights = loss_weights(example.areas, known)
            made.append(example._replace(known=known, weights=weights / max(float(weights.sum()), 1e-6)))
        return RegionExample(*map(np.stack, zip(*made)))

    def validation_samples(self) -> list[np.ndarray]:
        """The samples that are held out, `VALIDATION` at most, of all sources in turn; of drawn ones only if there are no others."""
        some = [held for held, real in zip(self.held_out, self.real) if real and len(held[1])] or self.held_out
        longest = max(len(rows) for _, rows in some)
        return [records[rows[i]] for i in range(longest) for records, rows in some if i < len(rows)][:VALIDATION]

    def palette(self, count: int) -> np.ndarray:
        """Colors that are typical of regions.

        Parameters
        ----------
        count : int

        Returns
        -------
        ndarray of float32, shape (count, 3), CIE Lab
            The centers of clusters (k-means) of the training samples' colors, large regions more often.
        """
        random = np.random.Generator(np.random.Philox(key=[self.seed, 0], counter=[0, 0, 0, 8]))
        colors, weights = [], []
        for records, rows in self.train:
            for row in rows:
                own = slice(1, records[row]["count"] + 1)
                colors.append(records[row]["colors"][own])
                weights.append(np.sqrt(records[row]["areas"][own]))
        found, weight = np.concatenate(colors), np.concatenate(weights).astype(np.float64)
        drawn = found[random.choice(len(found), max(FOR_PALETTE, count), p=weight / weight.sum())]
        drawn = drawn + random.normal(0, 0.5, drawn.shape).astype(np.float32)  # as many different ones as clusters, however few there are
        cv2.setRNGSeed(self.seed % 2**31)
        labels = np.zeros((len(drawn), 1), np.int32)  # are given back
        return cv2.kmeans(drawn, count, labels, (cv2.TERM_CRITERIA_COUNT, 30, 0), 1, cv2.KMEANS_PP_CENTERS)[2]


def _places(sources: Sequence[Sequence[str]]) -> list[np.ndarray]:
    """For the hashes of each source: numbers uniform in 0..1 that decide what is held out; -1 for what an earlier source holds, too."""
    seen: set[str] = set()
    places = []
    for hashes in sources:
        places.append(np.array([-1.0 if h in seen else int(h, 16) / 2**64 for h in hashes], np.float64))
        seen.update(hashes)
    return places
