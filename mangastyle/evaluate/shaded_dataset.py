"""Held-out pictures through a shading network: a source of pictures to be measured."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import numpy as np

from mangastyle.data import dataset
from mangastyle.engine import tf
from mangastyle.evaluate.sources import Example, choose
from mangastyle.io import images
from mangastyle.ops import pixels
from mangastyle.ops.random import uniforms
from mangastyle.ops.threshold import adaptive_threshold
from mangastyle.shade import simulated_hints
from mangastyle.shade.spec import ShadeSpec
from mangastyle.shade.unet_shader import load_generator


class ShadedDataset:
    """A data set's pictures, turned into line art and a simulated hint, and colored by a network, as in its training.

    Parameters
    ----------
    weights : str, Path or None
        A weights file, or the name of one that ships. None: no network; the hint itself counts as the generated picture, which
        shows how much a network adds to it.
    data : sequence of str
        Folders, .zip or .tar files of pictures, or drawn:N.
    hint : str
        Kind of simulated hint, one of `shade.spec.HINT_KINDS`.
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
        self.model, spec = load_generator(weights, precision) if weights else (None, ShadeSpec())
        self.pictures = dataset.load(data, size or spec.size, zoom=False, cache=cache, max_pixels=max_pixels)
        part = np.arange(len(self.pictures.names)) if split == "all" else self.pictures.split(validation, test)[split]
        self.rows = part[choose(len(part), count, seed)]
        self.hint, self.seed = hint, seed

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(self, rows: Sequence[int]) -> list[Example]:
        """The examples of these numbers; what was given are line art and hint, uint8 (s, s, 3) each."""
        chosen = self.rows[rows]
        originals = np.asarray(self.pictures.base[chosen])  # (b, s, s, 3)
        numbers = np.concatenate([uniforms(self.seed, row, 1, simulated_hints.NUM_UNIFORMS) for row in chosen])
        line = adaptive_threshold(tf.constant(originals))  # (b, s, s, 1)
        color = tf.cast(originals, tf.float32) / 127.5 - 1.0
        hint = simulated_hints.simulate(color, tf.constant(numbers), self.hint)  # (b, s, s, 3)
        generated = self.model({"line": line, "hint": hint}, training=False) if self.model else hint
        shown = (pixels.denormalize(np.broadcast_to(x, originals.shape)) for x in (generated, line, hint))
        names = [self.pictures.names[row] for row in chosen]
        return [Example(name, made, original, (lines, hints)) for name, original, made, lines, hints in zip(names, originals, *shown)]
