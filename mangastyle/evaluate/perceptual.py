"""How different do two pictures look? The distance of their VGG-19 features, normalised at every position."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from mangastyle.shade import losses
from mangastyle.style import frozen, vgg


class Perceptual:
    """The distance by one network; one compiled graph serves all sizes.

    backbone : a `vgg.network`, full or slim, as `vgg.backbone` loads it; the distances of two networks do not compare.
    """

    def __init__(self, backbone: keras.Model) -> None:
        with frozen.direct():  # rounds least
            features = vgg.features(backbone, losses.LAYERS)
        pixels = tf.TensorSpec((None, None, None, 3), tf.uint8)

        @tf.function(input_signature=(pixels, pixels))
        def distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
            with frozen.direct():
                return losses.perceptual(*(features(tf.cast(x, tf.float32)) for x in (a, b)))  # (b,)

        self._distance = distance

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Pictures, uint8 (b, h, w, 3) of at least 32 pixels, to distances (b,) in 0..1, see `losses.perceptual`; lower is better."""
        return self._distance(a, b).numpy()
