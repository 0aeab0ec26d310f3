"""Training crops for the slim VGG-19 and the one-pass decoder: pictures and paintings at many scales and in many colors.

Every crop is a pure function of seed, step and position, which makes resumed trainings exact.
"""

from __future__ import annotations

import math
from typing import Sequence

import numpy as np

from mangastyle.data import dataset
from mangastyle.io import images
from mangastyle.ops import pixels

SIDE = 320  # pixels
MIN_SHARE = 0.3  # of that side, for the smallest crop
MAX_ENLARGEMENT = 1.2  # of a crop for the one-pass decoder: enlarged brush strokes are not brush strokes
HELD_OUT = 0.03  # share of the pictures that training never uses
PAINTINGS, PICTURES = 0, 1


class Crops:
    """Random crops of pictures and paintings: some mirrored, some with mixed color channels, some noisy.

    Parameters
    ----------
    data : sequence of str
        Sources of pictures, see `dataset.load`.
    paintings : sequence of str
        Sources of paintings; empty: the same as `data`.
    crop : int
        Side of the crops, in pixels.
    seed : int
    cache : str
    max_pixels : int
        As for `dataset.load`.
    side : int
        Pictures are kept as squares of this side, from which crops are cut.
    """

    def __init__(
        self, data: Sequence[str], paintings: Sequence[str], crop: int, seed: int, *, cache: str = "", max_pixels: int = images.MAX_PIXELS,
        side: int = SIDE,
    ) -> None:  # fmt: skip
        self.crop, self.seed, self.side = crop, seed, side
        loaded = [dataset.load(sources, side, zoom=False, cache=cache, max_pixels=max_pixels) for sources in (paintings or data, data)]
        self.sources = [(pictures.base, pictures.split(HELD_OUT, 0.0)) for pictures in loaded]  # by PAINTINGS, PICTURES

    def batch(self, step: int, count: int, held_out: bool = False) -> np.ndarray:
        """Crops of paintings and pictures in turn.

        Parameters
        ----------
        step : int
            A negative step gives crops that no training step gets.
        count : int
        held_out : bool
            Crop pictures that training never uses.

        Returns
        -------
        ndarray, float32 (count, crop, crop, 3) in 0..255
        """
        random = self._random(step, counter=[0, 0, 0, 3])
        part = "validation" if held_out else "train"
        return np.stack([self._crop(random, i % 2, part) for i in range(count)])

    def style_pairs(self, step: int, count: int, held_out: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Contents and paintings for the one-pass decoder, without noise; one content in eight is itself a crop of a painting.

        Parameters
        ----------
        step, count, held_out
            As for `batch`.

        Returns
        -------
        contents, paintings : ndarray, float32 (count, crop, crop, 3) in 0..255
        strengths : ndarray, float32 (count,) in 0..1
            Half of them 0.5, the others uniform.
        """
        random = self._random(step, counter=[0, 0, 0, 5])
        part = "validation" if held_out else "train"
        min_share = min(1.0, self.crop / (MAX_ENLARGEMENT * self.side))
        contents = [self._crop(random, PICTURES if random.random() > 0.125 else PAINTINGS, part, False, min_share) for _ in range(count)]
        paintings = [self._crop(random, PAINTINGS, part, False, min_share) for _ in range(count)]
        return np.stack(contents), np.stack(paintings), _strengths(random, count)

    def contents(self, step: int, count: int, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Contents for a learned painter, each of this share of a picture's side, without noise.

        Returns
        -------
        contents : ndarray, float32 (count, crop, crop, 3) in 0..255
        strengths : ndarray, float32 (count,) in 0..1
            Half of them 0.5, the others uniform.
        """
        random = self._random(step, counter=[0, 0, 0, 6])
        contents = [self._crop(random, PICTURES, noise=False, min_share=share, max_share=share) for _ in range(count)]
        return np.stack(contents), _strengths(random, count)

    def canvas(self, step: int, slot: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(start, content, painting) of a style transfer that begins at this step, float32 (crop, crop, 3) in 0..255 each.

        One start in five is noise, the others are the content.
        """
        random = self._random(step, counter=[slot, 0, 0, 4])
        content, painting = self._crop(random, PICTURES), self._crop(random, PAINTINGS)
        noise = random.uniform(0, 255, content.shape).astype(np.float32)
        return (noise if random.random() < 0.2 else content), content, painting

    def _random(self, step: int, counter: list[int]) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[self.seed, step % 2**32], counter=counter))

    def _crop(
        self, random: np.random.Generator, source: int, part: str = "train", noise: bool = True, min_share: float = MIN_SHARE,
        max_share: float = 1.0,
    ) -> np.ndarray:  # fmt: skip
        """One crop, float32 (crop, crop, 3) in 0..255, of `min_share` to `max_share` of a picture's side."""
        pictures, split = self.sources[source]
        picture = pictures[random.choice(split[part])]
        side = round(self.side * math.exp(random.uniform(math.log(min_share), math.log(max_share))))
        y, x = random.integers(0, self.side - side + 1, 2)
        cut = np.ascontiguousarray(picture[y : y + side, x : x + side])
        crop = pixels.resize(cut, self.crop, self.crop).astype(np.float32)
        if random.random() < 0.5:
            crop = crop[:, ::-1]
        if random.random() < 0.5:  # other colors: mixed channels, contrast, brightness
            mix = np.eye(3) + random.normal(0, 0.2, (3, 3))
            contrast = (mix * random.uniform(0.6, 1.4)).astype(np.float32)
            crop = (crop - 128) @ contrast + 128 + np.float32(random.normal(0, 20))
        if noise and random.random() < 0.15:
            crop = crop + random.normal(0, random.uniform(2, 60), crop.shape)
        return np.clip(crop, 0, 255).astype(np.float32)


def _strengths(random: np.random.Generator, count: int) -> np.ndarray:
    """Strengths to train at, float32 (count,): half of them 0.5, the others uniform."""
    return np.where(random.random(count) < 0.5, 0.5, random.random(count)).astype(np.float32)
