"""Held-out pictures through a network that colors line art: a source of pictures to be measured."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Sequence

import numpy as np

from mangastyle.data import dataset
from mangastyle.engine import tf
from mangastyle.evaluate.sources import Example, choose
from mangastyle.io import images
from mangastyle.lineart.clean import clean_lines
from mangastyle.ops import pixels
from mangastyle.ops.random import uniforms
from mangastyle.ops.threshold import adaptive_threshold
from mangastyle.shade import simulated_hints
from mangastyle.shade.files import find_network
from mangastyle.shade.hints import Hint
from mangastyle.shade.region_shader import RegionShader
from mangastyle.shade.spec import OWN, ShadeSpec
from mangastyle.shade.unet_shader import load_generator

# Pictures and simulated hints, float32 (b, s, s, 3) in [-1, 1], to colored pictures and the line art between, uint8 (b, s, s, 3) each.
Coloring = Callable[[np.ndarray, tf.Tensor], tuple[np.ndarray, np.ndarray]]


class ShadedDataset:
    """A data set's pictures, turned into line art and a hint, and colored by a network: a U-Net as in its training.

    Parameters
    ----------
    weights : str, Path or None
        A weights file, or the name of one that ships. None: no network; the hint itself counts as the generated picture, which
        shows how much a network adds to it.
    data : sequence of str
        Folders, .zip or .tar files of pictures, or drawn:N.
    hint : str
        Kind of simulated hint, one of `shade.spec.HINT_KINDS`; or "own", the picture itself, for networks that color regions.
    count : int
        How many pictures, chosen at random; 0 for all.
    size : int
        Side of the square pictures, in pixels; 0 for that of the network's training.
    seed : int
        Of the choice of pictures, and of the hints.
    split : str
        "all", or the part of the data that a training with these shares makes of it: "train", "validation" or "test".
    validation, test : float
        Shares held out by the training.
    precision : str
        Arithmetic of the network.
    cache : str
        Folder for decoded pictures; empty for the user's cache folder.
    max_pixels : int
        Larger pictures are refused.

    Raises
    ------
    MangastyleError
        If the weights or the data are missing or damaged.
    """

    def __init__(
        self, weights: str | Path | None, data: Sequence[str], *, hint: str = "proportional", count: int = 0, size: int = 0, seed: int = 0,
        split: str = "all", validation: float = 0.02, test: float = 0.02, precision: str = "auto", cache: str = "",
        max_pixels: int = images.MAX_PIXELS,
    ) -> None:  # fmt: skip
        self._color, native = _coloring(weights, hint, precision)
        self.pictures = dataset.load(data, size or native, zoom=False, cache=cache, max_pixels=max_pixels)
        part = np.arange(len(self.pictures.names)) if split == "all" else self.pictures.split(validation, test)[split]
        self.rows = part[choose(len(part), count, seed)]
        self.hint, self.seed = hint, seed

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(self, rows: Sequence[int]) -> list[Example]:
        """The examples of these numbers; what was given are line art and hint, uint8 (s, s, 3) each."""
        chosen = self.rows[rows]
        originals = np.asarray(self.pictures.base[chosen])  # (b, s, s, 3)
        color = tf.cast(originals, tf.float32) / 127.5 - 1.0
        if self.hint == OWN:
            hint = color
        else:
            numbers = np.concatenate([uniforms(self.seed, row, 1, simulated_hints.NUM_UNIFORMS) for row in chosen])
            hint = simulated_hints.simulate(color, tf.constant(numbers), self.hint)  # (b, s, s, 3)
        generated, lines = self._color(originals, hint)
        hints = pixels.denormalize(np.broadcast_to(hint, originals.shape))
        names = [self.pictures.names[row] for row in chosen]
        parts = zip(names, originals, generated, lines, hints)
        return [Example(name, made, original, (line, given)) for name, original, made, line, given in parts]


def _coloring(weights: str | Path | None, hint: str, precision: str) -> tuple[Coloring, int]:
    """How pictures are colored, and at which size."""
    regions = weights is not None and find_network(weights)[1] == "regions"
    if weights is not None and regions:
        return _by_regions(RegionShader(weights, precision=precision), hint != "none")
    model, spec = load_generator(weights, precision) if weights else (None, ShadeSpec())

    def by_pixels(originals: np.ndarray, hints: tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
        line = adaptive_threshold(tf.constant(originals))  # (b, s, s, 1)
        generated = model({"line": line, "hint": hints}, training=False) if model else hints
        return pixels.denormalize(generated.numpy()), pixels.denormalize(np.broadcast_to(line, originals.shape))

    return by_pixels, spec.size


def _by_regions(shader: RegionShader, hinted: bool) -> tuple[Coloring, int]:
    """How a shader that colors regions does it, and the size at which its network sees line art."""

    def by_regions(originals: np.ndarray, hints: tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
        # White says nothing to a U-Net; to regions it is a color, but where the mask says that there is none.
        given = [Hint(x, (x.min(-1) < 255).astype(np.float32)) if hinted else None for x in pixels.denormalize(hints.numpy())]
        made = [shader(original, hint, line_art=False) for original, hint in zip(originals, given)]
        return np.stack(made), np.stack([pixels.to_rgb(clean_lines(original)) for original in originals])

    return by_regions, shader.spec.size
