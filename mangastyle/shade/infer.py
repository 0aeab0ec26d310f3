"""Use a trained shading network: any size in, exactly that size out."""

from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import tensorflow as tf

from mangastyle import folder, images, precision, weights
from mangastyle.config import ShadeConfig, TrainConfig
from mangastyle.data.dataset import draws
from mangastyle.errors import MangastyleError
from mangastyle.shade import hints, networks, regions, simulate
from mangastyle.shade.sketch import PAPER_BLOCK, PAPER_C, is_line_art, reduce, sketch

BROAD = 6.0  # standard deviation, in pixels, of what counts as a broad colour when a scale is refined
FRAME = 16
STROKES = 0.5  # a hint that covers less of the picture is strokes, which mean just their colours


def forward(model: keras.Model, multiple: int):
    """`model` as a function of whole bytes at any size: line art uint8 (b, h, w, 1), hint uint8 (b, h, w, 3) -> uint8 (b, h, w, 3).

    Reflects the right and lower edges to a multiple of `multiple`, runs the network with its moving statistics, crops.
    The same function serves `Shader` and the SavedModel.
    """

    def run(line: tf.Tensor, hint: tf.Tensor) -> tf.Tensor:
        height, width = tf.shape(line)[1], tf.shape(line)[2]
        rows, columns = _reflect(height, multiple), _reflect(width, multiple)

        def prepare(x: tf.Tensor) -> tf.Tensor:
            x = tf.gather(tf.gather(x, rows, axis=1), columns, axis=2)
            return tf.cast(x, tf.float32) / 127.5 - 1.0

        colour = model({"line": prepare(line), "hint": prepare(hint)}, training=False)[:, :height, :width]
        return tf.cast(tf.clip_by_value(tf.round((colour + 1.0) * 127.5), 0.0, 255.0), tf.uint8)

    return run


def _reflect(side: tf.Tensor, multiple: int) -> tf.Tensor:
    """Indices 0 .. side - 1 and on, mirrored at the last pixel as often as needed, to a multiple of `multiple`."""
    period = tf.maximum(2 * (side - 1), 1)
    index = tf.range((side + multiple - 1) // multiple * multiple) % period
    return tf.minimum(index, period - index)


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
        signature = [tf.TensorSpec((None, None, None, c), tf.uint8) for c in (1, 3)]
        self._forward = tf.function(forward(self.model, networks.multiple(self.config)), input_signature=signature)

    def once(self, line: np.ndarray, hint: np.ndarray) -> np.ndarray:
        """One pass of the network: line art uint8 (h, w), hint uint8 (h, w, 3) -> uint8 (h, w, 3)."""
        return self._forward(line[None, ..., None], hint[None])[0].numpy()

    def _framed(self, line: np.ndarray, hint: np.ndarray) -> np.ndarray:
        """`once` inside a mirrored frame: at scales it was not trained at, the network paints its edges pale."""
        line, hint = (cv2.copyMakeBorder(x, FRAME, FRAME, FRAME, FRAME, cv2.BORDER_REFLECT_101) for x in (line, hint))
        return self.once(line, hint)[FRAME:-FRAME, FRAME:-FRAME]

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

    def _line_at(self, rgb: np.ndarray, height: int, width: int, lined: bool) -> np.ndarray:
        """Line art as the network knows it, uint8 (height, width): of a picture its sketch at this size; `lined` art is reduced."""
        if self.config.fine and lined:
            return reduce(rgb, height, width)
        return sketch(images.resize(rgb, height, width), PAPER_BLOCK, PAPER_C)

    def palette_hint(self, rgb: np.ndarray, colours: np.ndarray, shares: np.ndarray, work_size: int = 0) -> hints.Hint:
        """A hint in the palette's colours, arranged by what the network paints without a hint."""
        h, w = self.layout(rgb, work_size)
        base = self.once(self._line_at(rgb, h, w, is_line_art(rgb)), np.full((h, w, 3), 255, np.uint8))
        return hints.Hint(hints.from_palette(base, colours, shares), np.ones(base.shape[:2], np.float32))

    def __call__(self, rgb: np.ndarray, hint: hints.Hint | None = None, work_size: int = 0, refine: int = 512, ink: float = 0.7) -> np.ndarray:
        """Colour a picture's lines: uint8 (h, w, 3), line art or a colour picture to be sketched, to uint8 (h, w, 3).

        The colours are laid out at the short side the network was trained at. Each result, enlarged, is the hint of the
        next scale, twice as large, until `refine` or the picture's own size is reached. In line art, colours are then kept
        inside the lines and moved to those of the hint's strokes, and the art is laid over them at full size with the strength
        `ink` (0 to 1), so that the artist's lines stay as they are.
        """
        height, width = rgb.shape[:2]
        lined = is_line_art(rgb)
        h, w = self.layout(rgb, work_size)
        given = hint.at(h, w) if hint else np.full((h, w, 3), 255, np.uint8)
        colour = self.once(self._line_at(rgb, h, w, lined), given)
        while min(h, w) < min(height, width, refine):
            h, w = images.fit_short_side(height, width, min(2 * min(h, w), height, width))
            before = images.resize(colour, h, w)
            colour = _keep_broad_colours(self._framed(self._line_at(rgb, h, w, lined), before), before)
        if not lined:
            return images.resize(colour, height, width)
        lines = regions.ink_of(rgb, h, w)
        colour = regions.smooth(colour, lines)
        if hint and hint.said.mean() < STROKES:
            colour = regions.obey(colour, lines, hint.at(h, w), hint.spoken(h, w))
        colour = images.resize(colour, height, width)
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32) / 255  # (h, w, 1)
        return np.rint(colour * (1 - ink * (1 - grey))).astype(np.uint8)


def _keep_broad_colours(sharper: np.ndarray, before: np.ndarray) -> np.ndarray:
    """`sharper` with the broad colours of `before`, both uint8 (h, w, 3).

    The next scale is asked for edges alone. Left to itself it takes its hint for one of the pale, whitened hints of the
    training and makes it more colourful, again at every scale.
    """
    drift = cv2.GaussianBlur(before.astype(np.float32) - sharper, (0, 0), BROAD)
    return np.clip(np.rint(sharper + drift), 0, 255).astype(np.uint8)


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
                if is_line_art(rgb):
                    raise MangastyleError(f"{path}: is line art, so there are no colours to take a hint from; give --hint FILE or none")
                hint = shader.simulated_hint(rgb, options.hint_kind, options.seed, options.work_size)
            elif palette:
                hint = shader.palette_hint(rgb, *palette, options.work_size)
            else:
                hint = None if options.hint == "none" else hints.read(Path(options.hint), *rgb.shape[:2])
            return shader(rgb, hint, options.work_size, options.refine, options.ink), picture.alpha

        return work

    folder.process("shade", options, "shaded", prepare)
