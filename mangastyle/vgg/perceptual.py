"""The perceptual distance of two pictures: between their VGG-19 features, normalized at every position."""

from __future__ import annotations

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.vgg.network import features

PERCEPTUAL_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


def perceptual_distance(found: dict[str, tf.Tensor], target: dict[str, tf.Tensor]) -> tf.Tensor:
    """Perceptual distance between feature maps.

    As LPIPS without its learned channel weights: features have unit length at every position, so that what counts is which
    features a place has and not how strong its contrast is.

    Parameters
    ----------
    found, target : dict of str to tensor of float32, shape (b, h', w', n)
        Features of generated and of original pictures, by layer.

    Returns
    -------
    tensor of float32, shape (b,)
        The mean over layers and positions of |f - p|^2 / 2, which is 1 less the cosine of the angle between them; positions where
        no feature is active count as zeros. 0 for equal pictures, at most 1.

    References
    ----------
    R. Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018.

    Examples
    --------
    >>> a, b = tf.constant([[[[1.0, 0.0]]]]), tf.constant([[[[0.0, 5.0]]]])
    >>> float(perceptual_distance({"relu1_1": a}, {"relu1_1": b})[0])
    1.0
    """
    errors = [tf.math.squared_difference(_unit(found[name]), _unit(p)) for name, p in target.items()]
    return tf.add_n([tf.reduce_mean(tf.reduce_sum(error, -1), (1, 2)) for error in errors]) / (2 * len(errors))


def _unit(maps: tf.Tensor) -> tf.Tensor:
    return tf.nn.l2_normalize(maps, -1)


class Perceptual:
    """The perceptual distance by one network; one compiled graph serves all sizes.

    Parameters
    ----------
    backbone : keras.Model
        A `vgg.network`, full or slim, as `vgg.backbone` loads it. Distances by two networks do not compare.

    Examples
    --------
    >>> from mangastyle.vgg.backbone import backbone
    >>> pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    >>> Perceptual(backbone("slim"))(pictures, pictures).tolist()
    [0.0, 0.0]
    """

    def __init__(self, backbone: keras.Model) -> None:
        encode = features(backbone, PERCEPTUAL_LAYERS, winograd=False)  # rounds least
        pictures = tf.TensorSpec((None, None, None, 3), tf.uint8)

        @tf.function(input_signature=(pictures, pictures))
        def distance(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
            return perceptual_distance(encode(tf.cast(a, tf.float32)), encode(tf.cast(b, tf.float32)))  # (b,)

        self._distance = distance

    def __call__(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Pictures, uint8 (b, h, w, 3) of at least 32 pixels, to distances (b,) in 0..1; lower is better."""
        return self._distance(a, b).numpy()
