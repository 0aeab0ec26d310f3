"""The losses of style transfer (paper, section 4.3, equations 1-7) as pure functions of feature maps.

Every loss has two forms. `sum` is the letter of the paper. `mean` is the same error measured in units of
the target's own mean square: it does not change with the size of the picture, the number of features, or
the scale of the network's weights, so one set of loss weights serves them all.

A style is compared by statistics of its features, in one of two distances: `gram` is the paper's, between
Gram matrices; `wasserstein` is the one between the Gaussians of the features' means and covariances.

Feature maps F and P are float (1, h, w, n): n features (the paper's N) at h * w positions (the paper's M).
Losses have their type, float32 or float64. Covariances are taken of features less their mean, and compared in
float64: what counts are square roots of products of them, of which float32 would leave nothing but the largest.
"""

from __future__ import annotations

import tensorflow as tf

FORMS = ("sum", "mean")
DISTANCES = ("gram", "wasserstein")
_TINY = 1e-12  # keeps the mean form defined where a target is zero everywhere

Statistics = tf.Tensor | tuple[tf.Tensor, ...]


def content_loss(features: tf.Tensor, target: tf.Tensor, form: str = "sum") -> tf.Tensor:
    """Equation 1: half the sum of (F - P)^2; `mean`: mean (F - P)^2 / mean P^2."""
    error = tf.math.squared_difference(features, target)
    if form == "sum":
        return tf.reduce_sum(error) / 2
    return _relative(tf.reduce_mean(error), tf.reduce_mean(tf.square(target)))


def relative_error(found: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Squared error over the target's mean square, as in every mean form, for each picture of a batch: (b, ...) to (b,)."""
    axes = list(range(1, len(target.shape)))
    return _relative(tf.reduce_mean(tf.math.squared_difference(found, target), axes), tf.reduce_mean(tf.square(target), axes))


def gram(features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """Equation 3: (1, h, w, n) to the (n, n) sums over all positions of the products of two features.

    `mask` (1, h, w, 1) in 0..1 is how much each position counts.
    """
    return _product(_masked(_flat(features), mask, 0.5))


def mean_gram(features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """`gram` over the number of positions, so that pictures of different sizes compare: (n, n).

    With a mask it is over the mask's sum, and zero where the mask is zero everywhere.
    """
    return tf.math.divide_no_nan(gram(features, mask), _positions(features, mask))


def mean_covariance(features: tf.Tensor, mask: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean (n,) and covariance (n, n), float64, of the features over all positions; `mask` as for `mean_gram`."""
    flat, positions = _flat(features), _positions(features, mask)
    mean = tf.math.divide_no_nan(tf.reduce_sum(_masked(flat, mask, 1), 0), positions)  # (n,)
    products = _product(_masked(flat - mean, mask, 0.5))
    return mean, tf.cast(tf.math.divide_no_nan(products, positions), tf.float64)


def statistics(features: tf.Tensor, distance: str = "gram", mask: tf.Tensor | None = None) -> Statistics:
    """What a style is compared by: the `mean_gram`, or for `wasserstein` the `mean_covariance`."""
    return mean_gram(features, mask) if distance == "gram" else mean_covariance(features, mask)


def style_target(features: tf.Tensor, distance: str = "gram") -> Statistics:
    """The statistics of the painting; for `wasserstein` also the root R (n, r) of its covariance R R' of rank r."""
    if distance == "gram":
        return statistics(features)
    mean, covariance = mean_covariance(features)
    values, vectors = _eigen(covariance)  # (n,) from small to large, (n, n)
    lost = tf.maximum(0, tf.size(values) - tf.maximum(1, tf.shape(_flat(features))[0] - 1))  # fewer positions than features
    return mean, covariance, vectors[:, lost:] * tf.sqrt(values[lost:])


def style_layer_loss(
    found: Statistics, target: Statistics, form: str = "sum", distance: str = "gram", features: int | None = None
) -> tf.Tensor:  # fmt: skip
    """The style loss of a layer, between `statistics` of the picture and the `style_target` of the painting.

    `gram`: equation 4, E = sum (G - A)^2 / (4 N^2 M^2); `mean`: mean (G - A)^2 / mean A^2. The paper's 1 / M^2
    is applied to G and A before they are compared, which is equation 4 where both have M positions and its
    natural reading where they do not. N is `features`, by default as many as there are.

    `wasserstein`: the square of the Wasserstein-2 distance between two Gaussians (Olkin and Pukelsheim 1982),
    |m1 - m2|^2 + tr(S1 + S2 - 2 (R2' S1 R2)^1/2) with S2 = R2 R2', as it is in `sum`, and in `mean` over the
    painting's mean square of the features, |m2|^2 + tr S2.
    """
    if distance == "wasserstein":
        return _wasserstein(found, target, form)
    error = tf.math.squared_difference(found, target)
    if form == "sum":
        return tf.reduce_sum(error) / (4 * float(features or found.shape[-1]) ** 2)
    return _relative(tf.reduce_mean(error), tf.reduce_mean(tf.square(target)))


def style_loss(
    found: dict[str, Statistics], targets: dict[str, Statistics], form: str = "sum", distance: str = "gram",
    weights: dict[str, float] | None = None, features: dict[str, int] | None = None,
) -> tf.Tensor:  # fmt: skip
    """Equation 5: the layers' losses E_l with weights w_l, which are divided by their sum; None: all alike.

    `features` is the N of each layer in equation 4, where it is not the number of features at hand.
    """
    weights, features = weights or dict.fromkeys(targets, 1.0), features or {}
    whole = sum(weights[name] for name in targets)
    return tf.add_n([
        weights[name] / whole * style_layer_loss(found[name], target, form, distance, features.get(name))
        for name, target in targets.items()
    ])  # fmt: skip


def total_variation(picture: tf.Tensor, form: str = "sum") -> tf.Tensor:
    """Squared differences of neighbouring pixels, down and across; `picture` (1, h, w, 3) in 0..255 counts as 0..1."""
    picture = picture / 255.0
    down, across = tf.square(_steps(picture, 1)), tf.square(_steps(picture, 2))
    if form == "sum":
        return tf.reduce_sum(down) + tf.reduce_sum(across)
    return tf.reduce_mean(down) + tf.reduce_mean(across)


def _steps(picture: tf.Tensor, axis: int) -> tf.Tensor:
    """Differences of neighbours along an axis. The gradient of slices would be as slow as a small network; of splits not."""
    return tf.split(picture, [1, -1], axis)[1] - tf.split(picture, [-1, 1], axis)[0]


def total_loss(content: tf.Tensor, style: tf.Tensor, alpha: float, beta: float) -> tf.Tensor:
    """Equation 7: alpha * content + beta * style."""
    return alpha * content + beta * style


def _relative(error: tf.Tensor, unit: tf.Tensor) -> tf.Tensor:
    return error / (unit + _TINY)


def _flat(maps: tf.Tensor) -> tf.Tensor:
    return tf.reshape(maps, (-1, maps.shape[-1]))  # (h*w, n)


def _masked(flat: tf.Tensor, mask: tf.Tensor | None, power: float) -> tf.Tensor:
    return flat if mask is None else flat * tf.cast(_flat(mask), flat.dtype) ** power  # (h*w, n)


@tf.custom_gradient
def _product(flat: tf.Tensor):
    """The sums F' F of the products of two features: (h*w, n) to (n, n)."""
    # Both factors have the same gradient: one product, where automatic differentiation makes two.
    return tf.matmul(flat, flat, transpose_a=True), lambda up: flat @ (up + tf.transpose(up))


def _positions(features: tf.Tensor, mask: tf.Tensor | None) -> tf.Tensor:
    if mask is not None:
        return tf.reduce_sum(tf.cast(mask, features.dtype))
    shape = tf.shape(features)
    return tf.cast(shape[1] * shape[2], features.dtype)


def _wasserstein(found: Statistics, target: Statistics, form: str) -> tf.Tensor:
    (mean, covariance), (target_mean, target_covariance, root) = found, target
    spread = tf.linalg.trace(covariance + target_covariance) - 2 * _overlap(covariance, root)
    spread = tf.cast(tf.nn.relu(spread), mean.dtype)  # what is below zero is rounding
    error = tf.reduce_sum(tf.math.squared_difference(mean, target_mean)) + spread
    if form == "sum":
        return error
    unit = tf.reduce_sum(tf.square(target_mean)) + tf.cast(tf.linalg.trace(target_covariance), mean.dtype)
    return _relative(error, unit)


@tf.custom_gradient
def _overlap(covariance: tf.Tensor, root: tf.Tensor):
    """tr (R' S R)^1/2 of a covariance S and the root R (n, r) of another; its gradient by S is R (R' S R)^-1/2 R' / 2.

    The inverse is the pseudo-inverse: features may not vary at all in some directions, and none of them
    would be moved by what is left out. Automatic differentiation would divide by those zeros.
    """
    values, vectors = _eigen(tf.matmul(root, covariance @ root, transpose_a=True))  # (r,), (r, r)
    roots = tf.sqrt(values)

    def gradient(up: tf.Tensor) -> tuple[tf.Tensor, None]:
        turned = root @ vectors  # (n, r)
        return up / 2 * tf.matmul(turned * tf.math.divide_no_nan(1.0, roots), turned, transpose_b=True), None

    return tf.reduce_sum(roots), gradient


def _eigen(matrix: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Eigenvalues (n,) and vectors (n, n) of a covariance, float64; values that are zero but for rounding are zero."""
    finite = tf.math.is_finite(tf.reduce_sum(matrix))  # eigh raises on anything else; the traces pass it on to the loss
    values, vectors = tf.linalg.eigh(tf.where(finite, (matrix + tf.transpose(matrix)) / 2, 0))
    rounding = values[-1] * tf.cast(tf.size(values), values.dtype) * 2.0**-52
    return tf.where(values > rounding, values, 0), vectors
