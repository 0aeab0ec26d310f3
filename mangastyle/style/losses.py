"""The losses of style transfer (paper, section 4.3, equations 1-7) as pure functions of feature maps.

Every loss has two forms. `sum` is the letter of the paper. `mean` is the same error measured in units of
the target's own mean square: it does not change with the size of the picture, the number of features, or
the scale of the network's weights, so one set of loss weights serves them all.

A style is compared by statistics of its features, in one of two distances: `gram` is the paper's, between
Gram matrices; `wasserstein` is the one between the Gaussians of the features' means and covariances.

Feature maps F and P are float (1, h, w, n): n features (the paper's N) at h * w positions (the paper's M).
Everything is computed in their type, float32 or float64; but a covariance, and what is made of it, is
float64, because it has as good as no rank where there are fewer positions than features.
"""

from __future__ import annotations

from typing import Union

import tensorflow as tf

FORMS = ("sum", "mean")
DISTANCES = ("gram", "wasserstein")
_TINY = 1e-12  # keeps the mean form defined where a target is zero everywhere

Statistics = Union[tf.Tensor, "tuple[tf.Tensor, ...]"]


def content_loss(features: tf.Tensor, target: tf.Tensor, form: str = "sum") -> tf.Tensor:
    """Equation 1: half the sum of (F - P)^2; `mean`: mean (F - P)^2 / mean P^2."""
    error = tf.math.squared_difference(features, target)
    if form == "sum":
        return tf.reduce_sum(error) / 2
    return _relative(tf.reduce_mean(error), tf.reduce_mean(tf.square(target)))


def gram(features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """Equation 3: (1, h, w, n) to the (n, n) sums over all positions of the products of two features.

    `mask` (1, h, w, 1) in 0..1 is how much each position counts.
    """
    return _product(_flat(features), mask)


def mean_gram(features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """`gram` over the number of positions, so that pictures of different sizes compare: (n, n).

    With a mask it is over the mask's sum, and zero where the mask is zero everywhere.
    """
    return tf.math.divide_no_nan(gram(features, mask), _positions(features, mask))


def mean_covariance(features: tf.Tensor, mask: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean (n,) and covariance (n, n), float64, of the features over all positions; `mask` as for `mean_gram`."""
    flat, positions = _flat(features), _positions(features, mask)
    weighted = flat if mask is None else flat * _flat(mask, flat.dtype)
    mean = tf.math.divide_no_nan(tf.reduce_sum(weighted, 0), positions)  # (n,)
    centred = tf.cast(flat - mean, tf.float64)  # (h*w, n)
    return mean, tf.math.divide_no_nan(_product(centred, mask), tf.cast(positions, tf.float64))


def statistics(features: tf.Tensor, distance: str = "gram", mask: tf.Tensor | None = None) -> Statistics:
    """What a style is compared by: the `mean_gram`, or for `wasserstein` the `mean_covariance`."""
    return mean_gram(features, mask) if distance == "gram" else mean_covariance(features, mask)


def style_target(features: tf.Tensor, distance: str = "gram") -> Statistics:
    """The statistics of the painting; for `wasserstein` also the root of its covariance, (n, n)."""
    found = statistics(features, distance)
    return found if distance == "gram" else (*found, _root(found[1]))


def style_layer_loss(found: Statistics, target: Statistics, form: str = "sum", distance: str = "gram") -> tf.Tensor:
    """The style loss of a layer, between `statistics` of the picture and the `style_target` of the painting.

    `gram`: equation 4, E = sum (G - A)^2 / (4 N^2 M^2); `mean`: mean (G - A)^2 / mean A^2. The paper's 1 / M^2
    is applied to G and A before they are compared, which is equation 4 where both have M positions and its
    natural reading where they do not.

    `wasserstein`: the square of the Wasserstein-2 distance between two Gaussians (Olkin and Pukelsheim 1982),
    |m1 - m2|^2 + tr(S1 + S2 - 2 (S2^1/2 S1 S2^1/2)^1/2), as it is in `sum`, and in `mean` over the painting's
    mean square of the features, |m2|^2 + tr S2.
    """
    if distance == "wasserstein":
        (mean, covariance), (target_mean, target_covariance, root) = found, target
        spread = tf.linalg.trace(covariance + target_covariance) - 2 * _fidelity(covariance, root)
        # What is below zero is rounding.
        error = _squared_sum(mean - target_mean) + tf.cast(tf.nn.relu(spread), mean.dtype)
        if form == "sum":
            return error
        return _relative(error, _squared_sum(target_mean) + tf.cast(tf.linalg.trace(target_covariance), mean.dtype))
    error = tf.math.squared_difference(found, target)
    if form == "sum":
        return tf.reduce_sum(error) / (4 * float(found.shape[-1]) ** 2)
    return _relative(tf.reduce_mean(error), tf.reduce_mean(tf.square(target)))


def style_loss(
    found: dict[str, Statistics], targets: dict[str, Statistics], form: str = "sum", distance: str = "gram",
    weights: dict[str, float] | None = None,
) -> tf.Tensor:  # fmt: skip
    """Equation 5: the layers' losses E_l with weights w_l, which are divided by their sum; None: all alike."""
    weights = weights or dict.fromkeys(targets, 1.0)
    whole = sum(weights[name] for name in targets)
    return tf.add_n([
        weights[name] / whole * style_layer_loss(found[name], target, form, distance)
        for name, target in targets.items()
    ])  # fmt: skip


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


def _relative(error: tf.Tensor, unit: tf.Tensor) -> tf.Tensor:
    return error / (unit + _TINY)


def _squared_sum(vector: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(vector))


def _flat(maps: tf.Tensor, dtype: tf.DType | None = None) -> tf.Tensor:
    return tf.cast(tf.reshape(maps, (-1, maps.shape[-1])), dtype or maps.dtype)  # (h*w, n)


def _product(flat: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    weighted = flat if mask is None else flat * _flat(mask, flat.dtype)
    return tf.matmul(weighted, flat, transpose_a=True)  # (n, n)


def _positions(features: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    if mask is not None:
        return tf.reduce_sum(tf.cast(mask, features.dtype))
    shape = tf.shape(features)
    return tf.cast(shape[1] * shape[2], features.dtype)


def _eigen(matrix: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Eigenvalues (n,) and vectors (n, n) of a covariance; those that are zero but for rounding are made zero."""
    values, vectors = tf.linalg.eigh((matrix + tf.transpose(matrix)) / 2)
    rounding = values[-1] * values.shape[0] * values.dtype.as_numpy_dtype(2.0**-52)
    return tf.where(values > rounding, values, 0), vectors


def _root(covariance: tf.Tensor) -> tf.Tensor:
    values, vectors = _eigen(covariance)
    return tf.matmul(vectors * tf.sqrt(values), vectors, transpose_b=True)  # (n, n)


@tf.custom_gradient
def _fidelity(covariance: tf.Tensor, root: tf.Tensor):
    """tr (R S R)^1/2 of a covariance S and the root R of another, and its gradient, R (R S R)^-1/2 R / 2.

    The inverse is the pseudo-inverse: where a covariance has no extent, features that are given have none
    either, and nothing can flow to them.
    """
    values, vectors = _eigen(root @ covariance @ root)
    roots = tf.sqrt(values)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        turned = tf.matmul(root, vectors)
        return upstream / 2 * tf.matmul(turned * tf.math.divide_no_nan(1.0, roots), turned, transpose_b=True), None

    return tf.reduce_sum(roots), gradient
