"""What the figures are made of: pictures, networks, paintings, measures, each made when a figure first asks for it."""

from __future__ import annotations

import dataclasses
import os
from functools import cache, cached_property
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from mangastyle import images, precision, weights
from mangastyle.config import EvaluateConfig, FiguresConfig, StyleConfig
from mangastyle.data import characters, painters
from mangastyle.errors import MangastyleError
from mangastyle.evaluate import report as measured
from mangastyle.evaluate.command import measure
from mangastyle.evaluate.perceptual import Perceptual
from mangastyle.evaluate.sources import Example, Shaded
from mangastyle.pipeline import CHARACTER
from mangastyle.shade.infer import Shader
from mangastyle.style import report, vgg
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transfer import Painter

NETWORKS = {  # by name: the option that names another file, the file that ships
    "gan": ("weights", weights.SHADE), "paper": ("paper", weights.SHADE_PAPER), "baseline": ("baseline", weights.BASELINE),
}  # fmt: skip
FAST = "MANGASTYLE_FAST"  # environment variable: if set, notebooks and `Studio()` work as with --fast


class Studio:
    """Pictures, networks and paintings for figures.

    options : as of `mangastyle figures`; by default drawn characters, our own painters and the weights that ship, and
    `fast` if the environment variable MANGASTYLE_FAST is set.
    """

    def __init__(self, options: FiguresConfig | None = None) -> None:
        self.options = options or FiguresConfig(fast=bool(os.environ.get(FAST)))
        fast = self.options.fast
        self.side = 96 if fast else 256  # of what is painted
        self.iterations = 6 if fast else 100  # of every painting
        self.count = 12 if fast else self.options.count  # of pictures that are measured
        self._paint = cache(self._painted)
        self.measures = cache(self._measures)
        self.source = cache(self._source)

    @cached_property
    def picture(self) -> np.ndarray:
        """The colour picture of the style figures: uint8 (h, w, 3), its short side `side`."""
        if not self.options.picture:
            return characters.draw(CHARACTER, self.side)
        picture = images.load(self.options.picture, int(self.options.max_megapixels * 1e6), vgg.MIN_SIDE).rgb
        return images.resize(picture, *images.fit_short_side(*picture.shape[:2], self.side))

    @cached_property
    def shader(self) -> Shader:
        return Shader(self.options.weights, self.options.precision)

    @cached_property
    def paper_shader(self) -> Shader:
        return Shader(str(self._weights("paper")), self.options.precision)

    def _weights(self, network: str) -> Path:
        option, shipped = NETWORKS[network]
        return weights.find(getattr(self.options, option), shipped)

    @cached_property
    def shaded(self) -> np.ndarray:
        """`picture` through line art and hint to shaded colour: the content of the style figures."""
        return self.shader(self.picture, self.shader.simulated_hint(self.picture))

    @cached_property
    def backbone(self) -> keras.Model:
        return vgg.backbone(self.options.backbone, policy=precision.resolve(self.options.precision))

    @cached_property
    def _perceptual(self) -> Perceptual:
        return Perceptual(self.backbone)

    @cached_property
    def paintings(self) -> dict[str, np.ndarray]:
        """Four paintings by name, uint8 (h, w, 3): those of the options, or our own painters'."""
        if not self.options.style:
            return {name: painters.paint(name, self.options.seed) for name in painters.PAINTERS}
        limit = int(self.options.max_megapixels * 1e6)
        found = {Path(path).stem: images.load(path, limit, vgg.MIN_SIDE).rgb for path in self.options.style}
        if len(found) < len(self.options.style):
            raise MangastyleError("--style: two paintings of one name; figures name them by their files")
        return found

    @property
    def search(self) -> StyleConfig:
        """How the figures paint: as the paper does, at one scale and by Gram matrices, but with losses free of the size."""
        return StyleConfig(
            size=0, min_size=0, distance="gram", style_weight=10.0, iterations=self.iterations, seed=self.options.seed
        )

    def painted(self, painting: str, optimizer: str = "lbfgs", init: str = "content", seed: int = 0) -> tuple[np.ndarray, report.Losses]:
        """`shaded` in the style of one of the `paintings`: the picture, uint8 (h, w, 3), and the losses on the way."""
        return self._paint(painting, optimizer, init, seed)

    def _painted(self, painting: str, optimizer: str, init: str, seed: int) -> tuple[np.ndarray, report.Losses]:
        search = dataclasses.replace(self.search, optimizer=optimizer, init=init, seed=seed)
        painter, losses = Painter([self.paintings[painting]], search, self.backbone), report.Losses()
        with self.progress(f"{painting}, {report.NAMES[optimizer]} from {init}", search.iterations) as bar:

            def listen(record, side: int) -> None:
                losses.add(record, side)
                bar.update(record.iteration - bar.n)

            found = painter.paint(self.shaded, listen)
        if found.interrupted:
            raise KeyboardInterrupt
        return to_pixels(found.picture), losses

    @staticmethod
    def progress(what: str, total: int) -> tqdm:
        return tqdm(total=total, desc=what, unit="it", leave=False, disable=None)

    def _source(self, network: str, hint: str) -> Shaded:
        """Held-out pictures coloured by one of the `NETWORKS`, with a kind of hint."""
        path, o = self._weights(network), self.options
        return Shaded(path, EvaluateConfig(
            data=o.data, count=self.count, hint=hint, seed=o.seed, cache=o.cache, precision=o.precision, max_megapixels=o.max_megapixels,
        ))  # fmt: skip

    def examples(self, network: str, hint: str, count: int = 6) -> list[Example]:
        """The first few pictures of a `source`: original, line art, hint and result."""
        source = self.source(network, hint)
        return source(list(range(min(count, len(source)))))

    def _measures(self, network: str, hint: str) -> measured.Values:
        """Every measure of all pictures of a `source`."""
        source = self.source(network, hint)
        if len(source) < 2:
            raise MangastyleError("--count: a histogram needs at least 2 pictures")
        return measure(source, self._perceptual, f"{network}, hint {hint}")[1]
