"""Training examples of shading: crops of colored pictures, taken apart, and drawn figures, which know their lines, flat colors and light.

Every example is a pure function of seed, step and position, which makes resumed trainings exact.
"""

from __future__ import annotations

import functools
import math
from typing import Sequence

import numpy as np

from mangastyle.data import dataset
from mangastyle.io import images
from mangastyle.lineart.clean import clean_lines
from mangastyle.ops import color, pixels
from mangastyle.ops.layers import Layers, composite
from mangastyle.synthetic.characters import character
from mangastyle.synthetic.figures import figure
from mangastyle.training.picture_parts import ShadingExample, free_of_ink, take_apart
from mangastyle.training.shading_augment import mirror, redraw, repaint

SIDE = 384  # pictures are kept as squares of this side, from which crops are cut
MIN_SHARE = 0.4  # of that side, for the smallest crop
HELD_OUT = 0.03  # share of the pictures that training never uses
CLEAN_LINES = 0.25  # share of the pictures whose lines are those that colored pictures are given for coloring; they have edges of shadows
PENS, GAPS = (5, 7, 9), (0.008, 0.03)  # widths of the widest lines, in pixels; bounds of the widest gap in lines, as a share of the side
SHARED = 8  # steps that share as many drawings
FIGURES = 0.85  # share of whole figures among drawn characters; the others are portraits
TALL = 1.3  # height of the pictures of figures, by width
SOFTNESS_UNKNOWN = 0.25  # share of the figures where the network is not told whether their shading is soft
MAX_ZOOM = 2.5  # of drawn characters, over the size at which all of one is seen
DRAWN_SEED = 1_000_000  # of the first drawn character


class ShadingExamples:
    """Random crops of pictures, and drawn characters, with their line art and flat colors.

    Parameters
    ----------
    data : sequence of str
        Sources of pictures, see `dataset.load`.
    crop : int
        Side of the crops, in pixels.
    drawn_share : float
        Share of the examples that are drawn characters, 0 to 1.
    seed : int
    cache : str
    max_pixels : int
        As for `dataset.load`.
    """

    def __init__(
        self, data: Sequence[str], crop: int, drawn_share: float, seed: int, *, cache: str = "", max_pixels: int = images.MAX_PIXELS
    ) -> None:  # fmt: skip
        self.crop, self.drawn_share, self.seed = crop, drawn_share, seed
        pictures = dataset.load(data, SIDE, zoom=False, cache=cache, max_pixels=max_pixels)
        self.pictures, self.split = pictures.base, pictures.split(HELD_OUT, 0.0)
        self._drawing = functools.lru_cache(maxsize=2 * SHARED)(self._draw)

    def batch(self, step: int, count: int, held_out: bool = False) -> ShadingExample:
        """Examples of a training step.

        Parameters
        ----------
        step : int
            A negative step gives examples that no training step gets.
        count : int
        held_out : bool
            Whole pictures that training never uses, with plain line art and flat colors.

        Returns
        -------
        ShadingExample
            Each array with a first axis of `count`.
        """
        random = self._random(step, 6)
        examples = [self._held_out(random) if held_out else self._varied(random, step) for _ in range(count)]
        return ShadingExample(*map(np.stack, zip(*examples)))

    def _random(self, number: int, purpose: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[self.seed, number % 2**32], counter=[0, 0, 0, purpose]))

    def _held_out(self, random: np.random.Generator) -> ShadingExample:
        picture = self.pictures[random.choice(self.split["validation"])]
        return lit_from_the_left(take_apart(pixels.resize(picture, self.crop, self.crop)), random)

    def _varied(self, random: np.random.Generator, step: int) -> ShadingExample:
        made = self._cut_from_drawing(random, step) if random.random() < self.drawn_share else self._cut_from_picture(random)
        example = repaint(lit_from_the_left(made, random), random)
        return example._replace(line=redraw(example.line, random))

    def _cut_from_picture(self, random: np.random.Generator) -> ShadingExample:
        picture = self.pictures[random.choice(self.split["train"])]
        side = round(SIDE * math.exp(random.uniform(math.log(MIN_SHARE), 0.0)))
        y, x = random.integers(0, SIDE - side + 1, 2)
        cut = pixels.resize(np.ascontiguousarray(picture[y : y + side, x : x + side]), self.crop, self.crop)
        example = take_apart(cut, pen=int(random.choice(PENS)), gap=random.uniform(*GAPS))
        return example._replace(line=clean_lines(cut)) if random.random() < CLEAN_LINES else example

    def _cut_from_drawing(self, random: np.random.Generator, step: int) -> ShadingExample:
        """A part of one of the drawings that the steps about this one share: they take longer to make than to train on."""
        *layers, light = self._drawing(step // SHARED * SHARED + int(random.integers(SHARED)))
        height, width = layers[0].shape
        y, x = random.integers(0, height - self.crop + 1), random.integers(0, width - self.crop + 1)
        part = np.s_[y : y + self.crop, x : x + self.crop]
        told = np.array([1, random.random() >= SOFTNESS_UNKNOWN], np.float32)
        return ShadingExample._make([*(np.ascontiguousarray(layer[part]) for layer in layers), light * told])

    def _draw(self, number: int) -> ShadingExample:
        """A whole drawing: figures, or a portrait, whose light is not known."""
        random = self._random(number, 7)
        seed, zoom = DRAWN_SEED + int(random.integers(10**6)), math.exp(random.uniform(0.0, math.log(MAX_ZOOM)))
        height, width = round(TALL * self.crop * zoom), round(self.crop * zoom)
        if random.random() >= FIGURES:
            portrait = character(seed, width)
            weight = free_of_ink(portrait.line).astype(np.uint8)
            return ShadingExample(portrait.line, portrait.flat, portrait.rgb, weight, np.zeros(2, np.float32))
        drawn = figure(seed, height, width)
        line = drawn.line if drawn.line.ndim == 2 else color.rgb_to_gray(drawn.line)
        picture = composite(Layers(drawn.flat, drawn.shading, drawn.highlights, np.full_like(drawn.flat, 255)))
        light = np.array([np.sign(drawn.light[0]), 1 if drawn.soft else -1], np.float32)
        return ShadingExample(line, drawn.flat, picture, np.ones(line.shape, np.uint8), light)  # the picture has no lines


def lit_from_the_left(example: ShadingExample, random: np.random.Generator) -> ShadingExample:
    """The example, mirrored if its light comes from the right, or by chance if that is not known.

    Parameters
    ----------
    example : ShadingExample
    random : numpy.random.Generator

    Returns
    -------
    ShadingExample
    """
    return mirror(example) if example.light[0] > 0 or (example.light[0] == 0 and random.random() < 0.5) else example
