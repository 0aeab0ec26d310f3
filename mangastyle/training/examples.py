"""Training examples from pictures: line art, hint and color of whole batches, as TensorFlow operations inside the training step."""

from __future__ import annotations

import functools
from typing import Callable

from mangastyle.engine import tf
from mangastyle.ops.threshold import adaptive_threshold
from mangastyle.shade import simulated_hints
from mangastyle.training.augment import AUGMENTATIONS, Example
from mangastyle.training.settings import ExampleSettings


def make_training_examples(
    pictures: tf.Tensor, uniforms: tf.Tensor, settings: ExampleSettings
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:  # fmt: skip
    """Line art, hint and color of a batch of pictures (paper, sections 4.1 and 4.2), augmented by the settings.

    Parameters
    ----------
    pictures : tensor, uint8 (b, h, w, 3)
        RGB.
    uniforms : tensor, float32 (b, NUM_UNIFORMS)
        Random numbers in [0, 1), see `ops.random.uniforms`.
    settings : ExampleSettings

    Returns
    -------
    line : tensor, float32 (b, h, w, 1) in [-1, 1]
        Ink -1 on paper 1.
    hint, color : tensor, float32 (b, h, w, 3) in [-1, 1]
        The hint is white (1.0) where there is none.

    Examples
    --------
    >>> pictures, uniforms = tf.zeros((2, 8, 8, 3), tf.uint8), tf.zeros((2, simulated_hints.NUM_UNIFORMS))
    >>> [x.shape[1:].as_list() for x in make_training_examples(pictures, uniforms, ExampleSettings())]
    [[8, 8, 1], [8, 8, 3], [8, 8, 3]]
    """
    example = Example(pictures, adaptive_threshold(pictures), tf.cast(pictures, tf.float32) / 127.5 - 1.0)
    for name, augment in AUGMENTATIONS.items():
        if getattr(settings, name):
            example = augment(example, uniforms, settings)
    hint = simulated_hints.simulate(example.color, uniforms, settings.hint, settings.hint_dropout)
    return example.line, hint, example.color


@functools.cache
def compiled_examples(settings: ExampleSettings) -> Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """`make_training_examples` for callers outside of a compiled step: a function of pictures and uniforms, traced once for all sizes."""
    make = functools.partial(make_training_examples, settings=settings)
    signature = [tf.TensorSpec((None, None, None, 3), tf.uint8), tf.TensorSpec((None, simulated_hints.NUM_UNIFORMS), tf.float32)]
    return tf.function(make, signature, autograph=False)
