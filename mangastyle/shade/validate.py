"""How good is a generator on pictures it never trained on? Numbers and sheets, always of the same pictures and hints."""

from __future__ import annotations

from typing import Iterable

import keras
import numpy as np
import tensorflow as tf

from mangastyle import images
from mangastyle.shade import losses, simulate

SHEET_HINTS = ("default", "mixed", "none")


class Validation:
    """Fixed held-out pictures, uint8 (n, s, s, 3), with fixed line art and hints of the kind trained with.

    The measure is the mean absolute difference in [-1, 1] units with the training's hint (`default` for a mixture),
    `l1`, and without a hint, `l1_no_hint`.
    """

    def __init__(self, pictures: np.ndarray, hint: str, batch: int = 32) -> None:
        self.pictures, self.batch = pictures, batch
        self.hint = "default" if hint == "mixed" else hint
        random = np.random.Generator(np.random.Philox(key=0))  # the same hints for every run, so that runs compare
        self.draws = random.random((len(pictures), simulate.DRAWS), np.float32)

    def _examples(self, rows: slice, hint: str):
        return simulate.compiled_examples(hint)(tf.constant(self.pictures[rows]), tf.constant(self.draws[rows]))

    def measure(self, generator: keras.Model) -> dict[str, float]:
        """{"l1": ..., "l1_no_hint": ...}, lower is better."""
        sums = {"l1": 0.0, "l1_no_hint": 0.0}
        for start in range(0, len(self.pictures), self.batch):
            for name, hint in (("l1", self.hint), ("l1_no_hint", "none")):
                line, given, colour = self._examples(slice(start, start + self.batch), hint)
                generated = generator({"line": line, "hint": given}, training=False)
                sums[name] += float(tf.reduce_sum(losses.l1(generated, colour)))
        return {name: value / len(self.pictures) for name, value in sums.items()}

    def sheet(self, generator: keras.Model, count: int = 8) -> np.ndarray:
        """uint8 sheet of the first `count` pictures: picture, line art, then hint and result for three kinds of hint."""
        rows = slice(0, count)
        columns = [self.pictures[rows]]
        for hint in SHEET_HINTS:
            line, given, _ = self._examples(rows, hint)
            if hint == SHEET_HINTS[0]:
                columns.append(images.to_uint8(np.repeat(line.numpy(), 3, axis=-1)))
            if hint != "none":
                columns.append(images.to_uint8(given.numpy()))
            columns.append(images.to_uint8(generator({"line": line, "hint": given}, training=False).numpy()))
        return images.grid([column[i] for i in range(len(self.pictures[rows])) for column in columns], len(columns), gap=2)


def reestimate_norm(model: keras.Model, inputs: Iterable[dict[str, tf.Tensor]]) -> None:
    """Set the BatchNorm statistics of `model` to their plain mean over `inputs`.

    The moving statistics of a training belong to the weights of its last steps; averaged weights need their own,
    or the pictures come out washed grey.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = [layer.momentum for layer in norms]
    for seen, batch in enumerate(inputs):
        for layer in norms:
            layer.momentum = seen / (seen + 1)  # a moving average with this momentum is the mean so far
        model(batch, training=True)
    for layer, momentum in zip(norms, before):
        layer.momentum = momentum
