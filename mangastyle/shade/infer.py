"""Use a trained shading network: any size in, exactly that size out."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from mangastyle import folder, images, precision, weights
from mangastyle.config import ShadeConfig, TrainConfig
from mangastyle.data.dataset import draws
from mangastyle.errors import MangastyleError
from mangastyle.shade import hints, lines, networks, simulate
from mangastyle.shade.colour import INK, REFINE, SIGNATURE, Colouring


def load_generator(path: Path, precision_name: str = "auto") -> tuple[keras.Model, TrainConfig]:
    """The generator (or baseline) in a weights file, and the configuration it was trained with."""
    config = weights.read_config(path)
    model, _ = networks.build(config, precision.resolve(precision_name))
    weights.load(path, model)
    return model, config


class Shader:
    """Line art or pictures to shaded colour with one loaded network.

    weights : file from training; empty for the shipped one.
    """

    def __init__(self, weights_file: str = "", precision: str = "auto") -> None:
        self.model, self.config = load_generator(weights.find(weights_file), precision)
        self._colouring = Colouring(self.model, self.config)
        self._colour = tf.function(self._colouring, input_signature=SIGNATURE, autograph=False)

    def once(self, line: np.ndarray, hint: np.ndarray) -> np.ndarray:
        """One pass of the network: line art uint8 (h, w), hint uint8 (h, w, 3) -> uint8 (h, w, 3)."""
        return self._colouring.run(line[None, ..., None], hint[None])[0].numpy()

    def layout(self, rgb: np.ndarray, work_size: int = 0) -> tuple[int, int]:
        """(height, width) at which the colours of this picture are laid out: the training's short side, or less."""
        height, width = rgb.shape[:2]
        return images.fit_short_side(height, width, min(work_size or self.config.size, height, width))

    def simulated_hint(self, rgb: np.ndarray, kind: str = "default", seed: int = 0, work_size: int = 0) -> hints.Hint:
        """The hint that training would have made of this colour picture, at the layout's size."""
        small = images.resize(rgb, *self.layout(rgb, work_size))
        numbers = tf.constant(draws(seed, 0, 1, simulate.DRAWS))
        hint = simulate.blurred(tf.constant(images.to_float(small)[None]), numbers, kind)[0].numpy()
        return hints.Hint(images.to_uint8(hint), np.ones(small.shape[:2], np.float32))

    def palette_hint(self, rgb: np.ndarray, colours: np.ndarray, shares: np.ndarray, work_size: int = 0) -> hints.Hint:
        """A hint in the palette's colours, arranged by what the network paints without a hint."""
        h, w = self.layout(rgb, work_size)
        line = lines.seen(tf.constant(rgb), h, w, lines.is_line_art(rgb) & bool(self.config.fine)).numpy()
        base = self.once(line, np.full((h, w, 3), 255, np.uint8))
        return hints.Hint(hints.from_palette(base, colours, shares), np.ones(base.shape[:2], np.float32))

    def __call__(self, rgb: np.ndarray, hint: hints.Hint | None = None, work_size: int = 0, refine: int = REFINE, ink: float = INK) -> np.ndarray:
        """Colour a picture's lines: uint8 (h, w, 3), line art or a colour picture to be sketched, to uint8 (h, w, 3), see `Colouring`."""
        hint = hint or hints.Hint(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.float32))
        return self._colour(rgb, hint.rgb, hint.said, work_size or self.config.size, refine, ink).numpy()


def command(options: ShadeConfig) -> None:
    """`mangastyle shade`."""
    if options.palette and options.hint != "none":
        raise MangastyleError("--hint and --palette: give one of them")
    if options.ink > 1:
        raise MangastyleError(f"--ink: must be at most 1, not {options.ink}")
    if options.hint not in ("none", "auto") and not Path(options.hint).is_file():
        raise MangastyleError(f"{options.hint}: no such hint file; --hint takes none, auto or a file")
    palette = hints.read_palette(options.palette) if options.palette else None

    def prepare() -> folder.Work:
        shader = Shader(options.weights, options.precision)

        def work(picture: images.Picture, path: Path, target: Path) -> folder.Result:
            rgb = picture.rgb
            if options.hint == "auto":
                if lines.is_line_art(rgb):
                    raise MangastyleError(f"{path}: is line art, so there are no colours to take a hint from; give --hint FILE or none")
                hint = shader.simulated_hint(rgb, options.hint_kind, options.seed, options.work_size)
            elif palette:
                hint = shader.palette_hint(rgb, *palette, options.work_size)
            else:
                hint = None if options.hint == "none" else hints.read(Path(options.hint), *rgb.shape[:2])
            return shader(rgb, hint, options.work_size, options.refine, options.ink), picture.alpha

        return work

    folder.process("shade", options, "shaded", prepare)
