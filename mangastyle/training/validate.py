"""How good is a generator on pictures it never trained on? Numbers and sheets, always of the same pictures and hints."""

from __future__ import annotations

from typing import Iterable

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.io import sheets
from mangastyle.ops import pixels
from mangastyle.shade import losses, simulated_hints
from mangastyle.training.examples import compiled_examples
from mangastyle.training.settings import ExampleSettings

SHEET_HINTS = ("proportional", "mixed", "none")


class Validation:
    """Fixed held-out pictures with fixed line art and hints, the same for every run, so that runs compare.

    Parameters
    ----------
    pictures : ndarray, uint8 (n, s, s, 3)
    hint : str
        The kind of hint trained with; for `mixed` the measure takes `proportional`.
    batch : int
        Pictures at once.
    """

    def __init__(self, pictures: np.ndarray, hint: str, batch: int = 32) -> None:
        self.pictures, self.batch = pictures, batch
        self.hint = "proportional" if hint == "mixed" else hint
        random = np.random.Generator(np.random.Philox(key=0))
        self.uniforms = random.random((len(pictures), simulated_hints.NUM_UNIFORMS), np.float32)

    def measure(self, generator: keras.Model) -> dict[str, float]:
        """Mean absolute difference from the original, 0 to 2, lower is better: `l1` with the hint, `l1_no_hint` without one."""
        sums = {"l1": 0.0, "l1_no_hint": 0.0}
        for start in range(0, len(self.pictures), self.batch):
            for name, kind in (("l1", self.hint), ("l1_no_hint", "none")):
                line, hint, color = self._examples(slice(start, start + self.batch), kind)
                generated = generator({"line": line, "hint": hint}, training=False)
                sums[name] += float(tf.reduce_sum(losses.l1(generated, color)))
        return {name: value / len(self.pictures) for name, value in sums.items()}

    def sheet(self, generator: keras.Model, count: int = 8) -> np.ndarray:
        """A contact sheet of the first `count` pictures, uint8 (h, w, 3): picture, line art, then hint and result by kind of hint."""
        rows = slice(0, count)
        columns = [self.pictures[rows]]
        for kind in SHEET_HINTS:
            line, hint, _ = self._examples(rows, kind)
            if kind == SHEET_HINTS[0]:
                columns.append(pixels.denormalize(np.repeat(line.numpy(), 3, axis=-1)))
            if kind != "none":
                columns.append(pixels.denormalize(hint.numpy()))
            columns.append(pixels.denormalize(generator({"line": line, "hint": hint}, training=False).numpy()))
        return sheets.grid([column[i] for i in range(len(self.pictures[rows])) for column in columns], len(columns), gap=2)

    def _examples(self, rows: slice, kind: str) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        make = compiled_examples(ExampleSettings.plain(kind))
        return make(tf.constant(self.pictures[rows]), tf.constant(self.uniforms[rows]))


def reestimate_norm(model: keras.Model, inputs: Iterable[dict[str, tf.Tensor]]) -> None:
    """Set the BatchNorm statistics of a model to their plain mean over some batches of inputs.

    The moving statistics of a training belong to the weights of its last steps; with averaged weights they would give washed-out,
    gray pictures.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [layer.momentum for layer in norms]
    for count, batch in enumerate(inputs):
        for layer in norms:
            layer.momentum = count / (count + 1)  # a moving average with this momentum is the mean so far
        model(batch, training=True)
    for layer, momentum in zip(norms, before):
        layer.momentum = momentum
