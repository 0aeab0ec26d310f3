"""Where the pictures to be judged come from: a shading network at work on held-out pictures, or two folders of files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import tensorflow as tf

from mangastyle import images
from mangastyle.config import EvaluateConfig, TrainConfig
from mangastyle.data import dataset
from mangastyle.errors import MangastyleError
from mangastyle.shade import simulate
from mangastyle.shade.infer import load_generator


class Example(NamedTuple):
    """A generated picture and its original, uint8 (h, w, 3), and what the network was given, for the sheet."""

    name: str
    generated: np.ndarray
    original: np.ndarray
    given: tuple[np.ndarray, ...] = ()  # line art and hint


class Source(Protocol):
    """Examples by number; the same number gives the same example again, so that none need be kept."""

    def __len__(self) -> int: ...

    def __call__(self, rows: list[int]) -> list[Example]: ...


class Shaded:
    """What a shading network makes of held-out pictures: picture to line art and hint to colour, as in its training.

    Without weights nothing is made: the hint itself is judged, so as to know what a network adds to it.
    """

    def __init__(self, weights: Path | None, options: EvaluateConfig) -> None:
        self.model, trained = load_generator(weights, options.precision) if weights else (None, TrainConfig())
        size = options.size or trained.size
        self.pictures = dataset.load(
            TrainConfig(data=options.data, size=size, closeups=0.0, cache=options.cache, max_megapixels=options.max_megapixels)
        )
        count = len(self.pictures.names)
        chosen = np.random.default_rng(options.seed).permutation(count)[: options.count or count]
        self.rows = np.sort(chosen)
        self.hint, self.seed = options.hint, options.seed

    def __len__(self) -> int:
        return len(self.rows)

    def __call__(self, rows: list[int]) -> list[Example]:
        chosen = self.rows[rows]
        originals = np.asarray(self.pictures.base[chosen])
        draws = np.concatenate([dataset.draws(self.seed, row, 1, simulate.DRAWS) for row in chosen])
        line, hint, _ = simulate.examples(tf.constant(originals), tf.constant(draws), self.hint)
        generated = images.to_uint8((self.model({"line": line, "hint": hint}, training=False) if self.model else hint).numpy())
        lines, hints = (images.to_uint8(np.broadcast_to(x, originals.shape)) for x in (line, hint))
        names = [self.pictures.names[row] for row in chosen]
        return [Example(*found[:3], found[3:]) for found in zip(names, generated, originals, lines, hints)]


class Pairs:
    """Pictures of one folder beside those of another with the same inner path, whatever their endings."""

    def __init__(self, options: EvaluateConfig) -> None:
        self.max_pixels = int(options.max_megapixels * 1e6)
        generated, originals = (self._found(Path(folder)) for folder in options.pairs)
        names = sorted(generated.keys() & originals.keys())
        if not names:
            raise MangastyleError(f"{options.pairs[0]}: no picture has the name of one in {options.pairs[1]}")
        alone = generated.keys() ^ originals.keys()
        if alone:
            print(f"mangastyle: {len(alone)} pictures have no partner of their name and are left out", file=sys.stderr)
        chosen = np.sort(np.random.default_rng(options.seed).permutation(len(names))[: options.count or len(names)])
        self.names = [names[i] for i in chosen]
        self.files = generated, originals

    @staticmethod
    def _found(folder: Path) -> dict[str, Path]:
        if not folder.is_dir():
            raise MangastyleError(f"{folder}: no such folder; --pairs takes a folder of generated pictures and one of originals")
        return {str(path.relative_to(folder).with_suffix("")): path for path in images.find(folder)}

    def __len__(self) -> int:
        return len(self.names)

    def __call__(self, rows: list[int]) -> list[Example]:
        found = []
        for name in (self.names[row] for row in rows):
            paths = [files[name] for files in self.files]
            generated, original = (images.load(path, self.max_pixels).rgb for path in paths)
            if generated.shape != original.shape:
                (h, w, _), (other_h, other_w, _) = generated.shape, original.shape
                raise MangastyleError(f"{paths[0]} is {w}x{h} and {paths[1]} {other_w}x{other_h} pixels; only pictures of one size compare")
            found.append(Example(name, generated, original))
        return found
