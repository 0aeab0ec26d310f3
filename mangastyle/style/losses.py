"""The losses of style transfer (paper, section 4.3, equations 1-7) as pure functions of feature maps.

Every loss has two forms. `sum` is the letter of the paper. `mean` is the same squared error measured in
units of the target's own mean square: it does not change with the size of the picture, the number of
features, or the scale of the network's weights, so one set of loss weights serves them all.

Feature maps F and P are float (1, h, w, n): n features (the paper's N) at h * w positions (the paper's M).
"""

from __future__ import annotations

import tensorflow as tf

FORMS = ("sum", "mean")
_TINY = 1e-12  # keeps the mean form defined where a target is zero everywhere


def content_loss(features: tf.Tensor, target: tf.Tensor, form: str = "sum") -> tf.Tensor:
    """Equation 1: half the sum of (F - P)^2; `mean`: mean (F - P)^2 / mean P^2."""
    error = tf.math.squared_difference(features, target)
    if form == "sum":
        return tf.reduce_sum(error) / 2
    return _relative(error, target)


def gram(features: tf.Tensor) -> tf.Tensor:
    """Equation 3: (1, h, w, n) to the (n, n) sums over all positions of the products of two features."""
    flat = tf.reshape(features, (-1, features.shape[-1]))  # (h*w, n)
    return tf.matmul(flat, flat, transpose_a=True)  # (n, n)


def mean_gram(features: tf.Tensor) -> tf.Tensor:
    """`gram` over the number of positions, so that pictures of different sizes compare: (n, n)."""
    return gram(features) / _positions(features)


def style_layer_loss(features: tf.Tensor, target: tf.Tensor, form: str = "sum") -> tf.Tensor:
    """Equation 4: E = sum (G - A)^2 / (4 N^2 M^2); `mean`: mean (G - A)^2 / mean A^2.

    `target` is the painting's `mean_gram`. The paper's 1 / M^2 is applied to G and A before they are
    compared, which is equation 4 where both have M positions and its natural reading where they do not.
    """
    error = tf.math.squared_difference(mean_gram(features), target)
    if form == "sum":
        return tf.reduce_sum(error) / (4 * float(features.shape[-1]) ** 2)
    return _relative(error, target)


def style_loss(features: dict[str, tf.Tensor], targets: dict[str, tf.Tensor], form: str = "sum") -> tf.Tensor:
    """Equation 5: the layers' losses E_l with equal weights w_l = 1 / (number of layers)."""
    return tf.add_n([style_layer_loss(features[name], a, form) for name, a in targets.items()]) / len(targets)


def total_variation(picture: tf.Tensor, form: str = "sum") -> tf.Tensor:
    """Squared differences of neighbouring pixels, down and across; `picture` (1, h, w, 3) in 0..255 counts as 0..1."""
    picture = picture / 255.0
    down = tf.square(picture[:, 1:] - picture[:, :-1])
    across = tf.square(picture[:, :, 1:] - picture[:, :, :-1])
    if form == "sum":
        return tf.reduce_sum(down) + tf.reduce_sum(across)
    return tf.reduce_mean(down) + tf.reduce_mean(across)


def total_loss(content: tf.Tensor, style: tf.Tensor, alpha: float, beta: float) -> tf.Tensor:
    """Equation 7: alpha * content + beta * style."""
    return alpha * content + beta * style


def _relative(error: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(error) / (tf.reduce_mean(tf.square(target)) + _TINY)


def _positions(features: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(features)
    return tf.cast(shape[1] * shape[2], features.dtype)
