"""Coloring with the paper's networks: U-Nets and the baseline, which paint pixels."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.errors import MangastyleError, check_choice
from mangastyle.io import weights as weights_files
from mangastyle.io.images import check_picture
from mangastyle.kernels import precision as precisions
from mangastyle.lineart import graph
from mangastyle.lineart.detect import is_line_art
from mangastyle.lineart.graph import network_line_input
from mangastyle.ops import pixels
from mangastyle.ops.layers import Layers
from mangastyle.shade import networks
from mangastyle.shade.base import Shader, Work
from mangastyle.shade.files import find_generator
from mangastyle.shade.hints import Hint, Palette
from mangastyle.shade.multiscale import MultiscaleColorizer, count_scales, layout_size
from mangastyle.shade.references import Reference
from mangastyle.shade.spec import ShadeSettings, ShadeSpec


def load_generator(weights: str | Path = "shade", precision: str = "auto") -> tuple[keras.Model, ShadeSpec]:
    """The generator or baseline in a weights file.

    Parameters
    ----------
    weights : str or Path
        A file from training, or one that ships: "shade", "shade-paper", "baseline".
    precision : str
        "auto", or a Keras dtype policy, see `kernels.precision.resolve`.

    Returns
    -------
    model : keras.Model
        See `networks.build`.
    spec : ShadeSpec
        Its specification.

    Raises
    ------
    MangastyleError
        If the file is missing, damaged, or of another kind.

    Examples
    --------
    >>> model, spec = load_generator("baseline", "float32")
    >>> spec.network
    'baseline'
    """
    path, spec = find_generator(weights)
    model = networks.build(spec, precisions.resolve(precision))
    weights_files.fill(model, path, "shade")
    return model, spec


class UNetShader(Shader, kind="shade"):
    """Colors pixels with a U-Net or the baseline, as in the paper, see `shade.multiscale`.

    Parameters
    ----------
    weights, precision
        As for `Shader`.

    Attributes
    ----------
    model : keras.Model
        The network, see `networks.build`.
    spec : ShadeSpec
        Its specification.
    """

    sketch_kind = "threshold"

    def __init__(self, weights: str | Path, *, precision: str = "auto") -> None:
        self.model, self.spec = load_generator(weights, precision)
        self.model.trainable = False
        self._colorizer = MultiscaleColorizer(self.model, self.spec)
        self._lock, self._traced = threading.Lock(), False

    def layers(self, *arguments: Any, **settings: Any) -> Layers:
        raise MangastyleError("`layers`: a U-Net paints pixels, not layers; give `weights` of a network that colors regions")

    def reference(self, *pictures: Any) -> Reference:
        raise MangastyleError("`reference`: needs a network that colors regions, and these `weights` are a U-Net's")

    def in_graph(self, picture: tf.Tensor, line_art: tf.Tensor, rgb: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        side, refine, ink = tf.constant(self.spec.size), tf.constant(ShadeSettings.refine), tf.constant(ShadeSettings.ink)
        line = tf.where(line_art, picture[..., 0], graph.sketch(picture))
        return line, self._colorizer(picture, line_art, rgb, mask, side, refine, ink)

    @property
    def models(self) -> list[keras.Model]:
        return [self.model]

    def _steps(self, height: int, width: int, settings: ShadeSettings) -> int:
        return count_scales(height, width, settings.work_size or self.spec.size, settings.refine) + 1

    def _color(self, work: Work) -> np.ndarray:
        settings = work.settings
        if work.reference is not None:
            self.reference()
        self._trace()
        colors = self._colorizer(
            tf.constant(work.picture), tf.constant(work.line_art), tf.constant(work.hint.rgb), tf.constant(work.hint.mask),
            tf.constant(settings.work_size or self.spec.size), tf.constant(settings.refine), tf.constant(settings.ink, tf.float32),
            lambda colors: work.done(colors.numpy()),
        )  # fmt: skip
        work.done(None)
        return colors.numpy()

    def network_pass(self, line: np.ndarray, hint: np.ndarray) -> np.ndarray:
        """One pass of the network at the given size, without scales and without lines drawn over it.

        Parameters
        ----------
        line : ndarray of uint8, shape (h, w)
            Line art.
        hint : ndarray of uint8, shape (h, w, 3)
            White where it is unmasked.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)

        Raises
        ------
        MangastyleError
            If an array has another form.
        """
        line, hint = check_picture(line, "line", gray=True), check_picture(hint, "hint")
        if line.shape != hint.shape[:2]:
            raise MangastyleError(f"`line`: must be uint8 (h, w) of the hint's {hint.shape[:2]}, not {line.shape}")
        self._trace()
        return self._colorizer.run(line[None, ..., None], hint[None])[0].numpy()

    def layout_size(self, picture: np.ndarray, work_size: int = 0) -> tuple[int, int]:
        height, width = layout_size(picture.shape[0], picture.shape[1], work_size or self.spec.size)  # type: ignore
        return int(height), int(width)

    def palette_hint(self, picture: np.ndarray, palette: Palette, work_size: int = 0, line_art: bool | None = None) -> Hint:
        picture = pixels.to_rgb(check_picture(picture, "picture", gray=True))
        ShadeSettings(work_size)
        size = self.layout_size(picture, work_size)
        art = check_choice("line_art", line_art)
        art = is_line_art(picture) if art is None else art
        line = network_line_input(tf.constant(picture), *size, tf.constant(art and self.spec.soft_lines)).numpy()
        return Hint.from_palette(palette, self.network_pass(line, np.full((*size, 3), 255, np.uint8)))

    def _trace(self) -> None:
        """Trace the graphs at the first use, by one thread."""
        with self._lock:
            if not self._traced:
                self._colorizer.trace()
                self._traced = True
