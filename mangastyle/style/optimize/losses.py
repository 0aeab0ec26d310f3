"""The losses of style transfer (paper, section 4.3, equations 1-5) as pure functions of feature maps.

Every loss has two reductions. `sum` is the letter of the paper. `mean` is the same error in units of the target's own
mean square: it does not change with the size of the picture, the number of features, or the scale of the network's
weights, so that one set of loss weights serves them all.

A style is compared by statistics of its features, in one of two distances: `gram` is the paper's, between Gram
matrices; `wasserstein` is the one between the Gaussians of the features' means and covariances.

Feature maps F (the picture's) and P (the target's) are float32 or float64 (1, h, w, n): n features (the paper's N) at
h * w positions (the paper's M). Losses have their type. Covariances are compared in float64: square roots of products of
them count, of which float32 would leave nothing but the largest.

References
----------
Gatys, Ecker, Bethge: "Image Style Transfer Using Convolutional Neural Networks" (CVPR 2016), for equations 1 to 7.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, TypeVar

from mangastyle.engine import tf
from mangastyle.ops import gaussian_ot
from mangastyle.ops.gaussian_ot import GaussianStatistics

REDUCTIONS = ("sum", "mean")
_TINY = 1e-12  # keeps the mean defined where a target is zero everywhere

T = TypeVar("T")


def content_loss(features: tf.Tensor, target: tf.Tensor, reduction: str = "sum") -> tf.Tensor:
    """Equation 1: half the sum of (F - P)^2; `mean`: mean (F - P)^2 / mean P^2.

    Parameters
    ----------
    features, target : tensors, shape (1, h, w, n)
    reduction : {"sum", "mean"}

    Returns
    -------
    tensor, shape ()

    Examples
    --------
    >>> f, p = tf.fill((1, 2, 3, 4), 3.0), tf.fill((1, 2, 3, 4), 5.0)
    >>> float(content_loss(f, p)), round(float(content_loss(f, p, "mean")), 4)  # 24 errors of 2
    (48.0, 0.16)
    """
    error = tf.math.squared_difference(features, target)
    if reduction == "sum":
        return tf.reduce_sum(error) / 2
    return _relative(tf.reduce_mean(error), tf.reduce_mean(tf.square(target)))


def relative_mse(source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Mean squared error over the target's mean square, for each picture of a batch.

    Parameters
    ----------
    source, target : tensors, shape (b, ...)

    Returns
    -------
    tensor, shape (b,)

    Examples
    --------
    >>> relative_mse(tf.constant([[1.0, 1.0], [0.0, 0.0]]), tf.constant([[2.0, 2.0], [1.0, 1.0]])).numpy().tolist()
    [0.25, 1.0]
    """
    axes = list(range(1, len(target.shape)))
    return _relative(tf.reduce_mean(tf.math.squared_difference(source, target), axes), tf.reduce_mean(tf.square(target), axes))


def gram(features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """Equation 3, the Gram matrix: sums over all positions of the products of two features.

    Parameters
    ----------
    features : tensor, shape (1, h, w, n)
    mask : tensor, shape (1, h, w, 1), optional
        How much each position counts, 0..1.

    Returns
    -------
    tensor, shape (n, n)

    Examples
    --------
    >>> gram(tf.constant([[[[1.0, 2.0], [3.0, 0.0]]]])).numpy().tolist()
    [[10.0, 2.0], [2.0, 4.0]]
    """
    flat = _flat(features)
    return gaussian_ot.sum_of_products((flat if mask is None else flat * tf.cast(_flat(mask), flat.dtype) ** 0.5)[None])[0]


def mean_gram(features: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
    """`gram` over the number of positions, so that pictures of different sizes compare.

    Parameters
    ----------
    features, mask
        As for `gram`. With a mask it is over the mask's sum, and zero where the mask is zero everywhere.

    Returns
    -------
    tensor, shape (n, n)

    Examples
    --------
    >>> mean_gram(tf.constant([[[[1.0, 2.0], [3.0, 0.0]]]])).numpy().tolist()
    [[5.0, 1.0], [1.0, 2.0]]
    """
    if mask is not None:
        positions = tf.reduce_sum(tf.cast(mask, features.dtype))
    else:
        shape = tf.shape(features)
        positions = tf.cast(shape[1] * shape[2], features.dtype)
    return tf.math.divide_no_nan(gram(features, mask), positions)


def gram_loss(source: tf.Tensor, target: tf.Tensor, reduction: str = "sum", num_features: int | None = None) -> tf.Tensor:
    """Equation 4, E = sum (G - A)^2 / (4 N^2 M^2); `mean`: mean (G - A)^2 / mean A^2.

    The paper's 1 / M^2 is applied to G and A before they are compared, which is equation 4 where both have M positions and
    its natural reading where they do not.

    Parameters
    ----------
    source, target : tensors, shape (n, n)
        By `mean_gram`.
    reduction : {"sum", "mean"}
    num_features : int, optional
        N; by default as many as there are.

    Returns
    -------
    tensor, shape ()

    Examples
    --------
    >>> float(gram_loss(tf.fill((2, 2), 1.0), tf.fill((2, 2), 3.0)))  # 4 errors of 2, over 4 * 2^2
    1.0
    """
    error = tf.math.squared_difference(source, target)
    if reduction == "sum":
        n: Any = num_features or source.shape[-1]
        return tf.reduce_sum(error) / (4 * float(n) ** 2)
    return _relative(tf.reduce_mean(error), tf.reduce_mean(tf.square(target)))


class GaussianTarget(NamedTuple):
    """A painting's statistics, made ready for `wasserstein_loss`.

    Attributes
    ----------
    statistics : GaussianStatistics
        The covariance is float64.
    root : tensor of float64, shape (1, n, r)
        A root R of the covariance R R' of rank r.
    """

    statistics: GaussianStatistics
    root: tf.Tensor


def mean_and_covariance(features: tf.Tensor, mask: tf.Tensor | None = None) -> GaussianStatistics:
    """`gaussian_ot.style_statistics` with the covariance in float64."""
    return gaussian_ot.style_statistics(features, mask, tf.float64)


def gaussian_target(features: tf.Tensor) -> GaussianTarget:
    """The statistics of a painting's features (1, h, w, n) with a root of the covariance."""
    found, shape = mean_and_covariance(features), tf.shape(features)
    rank = tf.maximum(1, shape[1] * shape[2] - 1)  # there may be fewer positions than features
    return GaussianTarget(found, gaussian_ot.low_rank_root(found.covariance, rank))


def wasserstein_loss(
    source: GaussianStatistics, target: GaussianTarget, reduction: str = "sum", num_features: int | None = None
) -> tf.Tensor:
    """The square of the Wasserstein-2 distance between the Gaussians, see `gaussian_ot.wasserstein`; a tensor of shape ().

    `num_features`, which equation 4 needs, does not matter here.
    """
    return gaussian_ot.wasserstein(source, target.statistics, reduction, target.root, damping=0.0)[0]


class StyleDistance(NamedTuple):
    """How the styles of a picture and of a painting are compared in a layer.

    Attributes
    ----------
    source : callable
        (picture's features, mask or None) to its statistics.
    target : callable
        Painting's features to its statistics.
    loss : callable
        (source, target, reduction, num_features) to the loss.
    """

    source: Callable[..., Any]
    target: Callable[..., Any]
    loss: Callable[..., tf.Tensor]


DISTANCES = {
    "gram": StyleDistance(mean_gram, mean_gram, gram_loss),
    "wasserstein": StyleDistance(mean_and_covariance, gaussian_target, wasserstein_loss),
}


def style_source(features: tf.Tensor, distance: str = "gram", mask: tf.Tensor | None = None) -> Any:
    """The statistics of a picture's features, for `style_layer_loss`.

    Parameters
    ----------
    features : tensor, shape (1, h, w, n)
    distance : {"gram", "wasserstein"}
    mask : tensor, shape (1, h, w, 1), optional
        How much each position counts, 0..1.

    Examples
    --------
    >>> style_source(tf.ones((1, 4, 4, 2))).shape
    TensorShape([2, 2])
    """
    return DISTANCES[distance].source(features, mask)


def style_target(features: tf.Tensor, distance: str = "gram") -> Any:
    """The statistics of a painting's features (1, h, w, n), for `style_layer_loss`.

    Examples
    --------
    >>> style_target(tf.ones((1, 4, 4, 2)), "wasserstein").statistics.mean.numpy().tolist()
    [[1.0, 1.0]]
    """
    return DISTANCES[distance].target(features)


def style_layer_loss(
    source: Any, target: Any, reduction: str = "sum", distance: str = "gram", num_features: int | None = None
) -> tf.Tensor:
    """The style loss of a layer: `gram_loss` or `wasserstein_loss`.

    Parameters
    ----------
    source : structure of tensors
        By `style_source`, of the picture.
    target : structure of tensors
        By `style_target`, of the painting.
    reduction : {"sum", "mean"}
    distance : {"gram", "wasserstein"}
        As for source and target.
    num_features : int, optional
        N of equation 4; by default as many as there are.

    Returns
    -------
    tensor, shape ()

    Examples
    --------
    >>> one, three = tf.ones((1, 4, 4, 2)), tf.fill((1, 3, 3, 2), 3.0)
    >>> round(float(style_layer_loss(style_source(one, "wasserstein"), style_target(three, "wasserstein"), "sum", "wasserstein")), 4)
    8.0
    """
    return DISTANCES[distance].loss(source, target, reduction, num_features)


def style_loss(
    sources: Mapping[str, Any], targets: Mapping[str, Any], reduction: str = "sum", distance: str = "gram",
    weights: Mapping[str, float] | None = None, num_features: Mapping[str, int] | None = None,
) -> tf.Tensor:  # fmt: skip
    """Equation 5: the layers' losses E_l with weights w_l.

    Parameters
    ----------
    sources, targets : mapping of str to structures of tensors
        By layer, see `style_layer_loss`.
    reduction : {"sum", "mean"}
    distance : {"gram", "wasserstein"}
    weights : mapping of str to float, optional
        By layer; they are divided by their sum. By default all alike.
    num_features : mapping of str to int, optional
        N of equation 4 by layer, where it is not the number of features at hand.

    Returns
    -------
    tensor, shape ()

    Examples
    --------
    >>> one, three = ({"relu1_1": tf.fill((2, 2), x)} for x in (1.0, 3.0))
    >>> float(style_loss(one, three))
    1.0
    """
    weights, num_features = weights or dict.fromkeys(targets, 1.0), num_features or {}
    whole = sum(weights[name] for name in targets)
    return tf.add_n([
        weights[name] / whole * style_layer_loss(sources[name], target, reduction, distance, num_features.get(name))
        for name, target in targets.items()
    ])  # fmt: skip


def total_variation(picture: tf.Tensor, reduction: str = "sum") -> tf.Tensor:
    """Squared differences of neighboring pixels, down and across.

    Parameters
    ----------
    picture : tensor, shape (b, h, w, 3)
        0..255; it counts as 0..1.
    reduction : {"sum", "mean"}

    Returns
    -------
    tensor, shape ()

    Examples
    --------
    >>> ramp = tf.constant([[[[0.0], [255.0], [510.0]]]])  # two steps of 1 across
    >>> float(total_variation(tf.tile(ramp, (1, 2, 1, 1))))
    4.0
    """
    picture = picture / 255.0
    down, across = tf.square(_steps(picture, 1)), tf.square(_steps(picture, 2))
    if reduction == "sum":
        return tf.reduce_sum(down) + tf.reduce_sum(across)
    return tf.reduce_mean(down) + tf.reduce_mean(across)


def temporal_loss(picture: tf.Tensor, previous: tf.Tensor, weight: tf.Tensor, reduction: str = "sum") -> tf.Tensor:
    """Weighted squared differences from an earlier picture that was warped to this one (Ruder et al. 2016, equation 7).

    Parameters
    ----------
    picture, previous : tensors, shape (1, h, w, 3)
        0..255; they count as 0..1.
    weight : tensor, shape (1, h, w, 1)
        0..1, 0 where the earlier picture does not show what this one does.
    reduction : {"sum", "mean"}
        The mean is that over all pixels and channels.

    Returns
    -------
    tensor, shape ()

    References
    ----------
    Ruder, Dosovitskiy, Brox: "Artistic Style Transfer for Videos" (GCPR 2016), section 4.2.

    Examples
    --------
    >>> black, white = tf.zeros((1, 1, 2, 3)), tf.fill((1, 1, 2, 3), 255.0)
    >>> float(temporal_loss(black, white, tf.constant([[[[1.0], [0.0]]]])))
    3.0
    """
    error = weight * tf.square((picture - previous) / 255.0)
    return tf.reduce_sum(error) if reduction == "sum" else tf.reduce_mean(error)


def strength_to_weights(strength: T) -> tuple[T, T]:
    """The factors of content and style at a strength from 0 to 1: it moves weight from one to the other; at 0.5 both are 1.

    Examples
    --------
    >>> strength_to_weights(0.5), strength_to_weights(1.0)
    ((1.0, 1.0), (0.0, 4.0))
    """
    return (2 - 2 * strength) ** 2, (2 * strength) ** 2  # type: ignore[operator]


def _steps(picture: tf.Tensor, axis: int) -> tf.Tensor:
    """Differences of neighbors along an axis. The gradient of slices would be as slow as a small network; that of splits is not."""
    return tf.split(picture, [1, -1], axis)[1] - tf.split(picture, [-1, 1], axis)[0]


def _relative(error: tf.Tensor, unit: tf.Tensor) -> tf.Tensor:
    return error / (unit + _TINY)


def _flat(maps: tf.Tensor) -> tf.Tensor:
    return tf.reshape(maps, (-1, maps.shape[-1]))  # (h*w, n)
