"""How different do two pictures look? The distance of their VGG-19 features, normalised at every position.

As in Zhang et al. 2018 (LPIPS), without their learnt weights of channels: features of unit length, so that what counts is
which features a place has and not how strong its contrast is.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from mangastyle.style import vgg

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


class Perceptual:
    """The distance by one network; one compiled graph serves all sizes.

    backbone : a `vgg.network`, full or slim, as `vgg.backbone` loads it; the distances of two networks do not compare.
    """

    def __init__(self, backbone: keras.Model) -> None:
        features = vgg.features(backbone, LAYERS)
        pixels = tf.TensorSpec((None, None, None, 3), tf.uint8)

        @tf.function(input_signature=(pixels, pixels))
        def distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
            found = zip(*(features(tf.cast(x, tf.float32)).values() for x in (a, b)))  # (b, h', w', n) of each layer
            errors = [tf.math.squared_difference(tf.nn.l2_normalize(f, -1), tf.nn.l2_normalize(p, -1)) for f, p in found]
            return tf.add_n([tf.reduce_mean(tf.reduce_sum(error, -1), (1, 2)) for error in errors]) / (2 * len(errors))  # (b,)

        self._distance = distance

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Pictures, uint8 (b, h, w, 3) of at least 32 pixels, to distances (b,): 0 for equal ones, lower is better.

        The mean over layers and positions of |f - p|^2 / 2 of the normalised features, which is 1 less the cosine of the
        angle between them; none at all, where no feature is active, counts as zeros. In 0..1.
        """
        return self._distance(a, b).numpy()
