"""Training crops for the slim VGG-19 and the one-pass painter: paintings and other pictures, at many scales and in many colours.

Every crop is a pure function of seed, step and place, so that a resumed training sees the same ones.
"""

from __future__ import annotations

import math

import numpy as np

from mangastyle import images
from mangastyle.config import DistillConfig, TeachConfig, TrainConfig
from mangastyle.data import dataset
from mangastyle.errors import MangastyleError

PICTURE = 320  # pictures are kept as squares of this side; crops are cut from them
LEAST = 0.3  # of that side
ENLARGED = 1.2  # at most, of what the one-pass painter learns from
HELD_OUT = 0.03  # share of the pictures that training never sees


def check_crop(side: int) -> None:
    """Raise `MangastyleError` for crops that VGG-19 would cut off."""
    if side % 16:
        raise MangastyleError(f"--crop {side}: must be a multiple of 16, by which VGG-19 reduces pictures")


class Crops:
    """Crops of `config.paintings` and `config.data`; some are mirrored, some in other colours, some noisy."""

    def __init__(self, config: DistillConfig | TeachConfig) -> None:
        self.config = config
        self.kinds = [self._load(config.paintings or config.data), self._load(config.data)]

    def _load(self, data: tuple[str, ...]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Pictures, uint8 (n, PICTURE, PICTURE, 3), and the rows of them for each part of the split."""
        limit, cache = self.config.max_megapixels, self.config.cache
        pictures = dataset.load(TrainConfig(data=data, size=PICTURE, closeups=0.0, cache=cache, max_megapixels=limit))
        return pictures.base, pictures.split(HELD_OUT, 0.0)

    def batch(self, step: int, count: int, held_out: bool = False) -> np.ndarray:
        """float32 (count, c, c, 3) in 0..255, in turn of a painting and of another picture.

        Negative steps are batches apart from all of training.
        """
        random = np.random.Generator(np.random.Philox(key=[self.config.seed, step % 2**32], counter=[0, 0, 0, 3]))
        part = "validation" if held_out else "train"
        return np.stack([self._crop(random, i % 2, part) for i in range(count)])

    def examples(self, step: int, count: int, held_out: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(contents, paintings, strengths): float32 (count, c, c, 3) in 0..255 twice, and (count,), half of them 0.5.

        Without noise, and enlarged a little at most, as strokes are to be learned. One content in eight is itself a crop of
        a painting. Negative steps are apart from all of training.
        """
        random = np.random.Generator(np.random.Philox(key=[self.config.seed, step % 2**32], counter=[0, 0, 0, 5]))
        part = "validation" if held_out else "train"
        how = {"part": part, "noise": False, "least": min(1.0, self.config.crop / (ENLARGED * PICTURE))}
        contents = [self._crop(random, int(random.random() > 0.125), **how) for _ in range(count)]
        paintings = [self._crop(random, 0, **how) for _ in range(count)]
        strengths = np.where(random.random(count) < 0.5, 0.5, random.random(count))
        return np.stack(contents), np.stack(paintings), strengths.astype(np.float32)

    def pair(self, step: int, slot: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(start, content, painting), each as in `batch`, of a picture to be painted; one in five starts from noise."""
        random = np.random.Generator(np.random.Philox(key=[self.config.seed, step], counter=[slot, 0, 0, 4]))
        content, painting = self._crop(random, 1), self._crop(random, 0)
        noise = random.uniform(0, 255, content.shape).astype(np.float32)
        return (noise if random.random() < 0.2 else content), content, painting

    def _crop(self, random: np.random.Generator, kind: int, part: str = "train", noise: bool = True, least: float = LEAST) -> np.ndarray:
        """float32 (c, c, 3) in 0..255, from `least` of a picture's side on."""
        pictures, split = self.kinds[kind]
        picture = pictures[random.choice(split[part])]
        side = round(PICTURE * math.exp(random.uniform(math.log(least), 0.0)))
        y, x = random.integers(0, PICTURE - side + 1, 2)
        cut = np.ascontiguousarray(picture[y : y + side, x : x + side])
        crop = images.resize(cut, self.config.crop, self.config.crop).astype(np.float32)
        if random.random() < 0.5:
            crop = crop[:, ::-1]
        if random.random() < 0.5:  # other colours: mixed channels, contrast, brightness
            mix = np.eye(3) + random.normal(0, 0.2, (3, 3))
            contrast = (mix * random.uniform(0.6, 1.4)).astype(np.float32)
            crop = (crop - 128) @ contrast + 128 + np.float32(random.normal(0, 20))
        if noise and random.random() < 0.15:
            crop = crop + random.normal(0, random.uniform(2, 60), crop.shape)
        return np.clip(crop, 0, 255).astype(np.float32)
