"""Optimal transport between Gaussians: statistics of features, the Wasserstein distance and the optimal transport map.

A style is described by the mean and covariance of its features over all positions, that is by a Gaussian. The map
x -> (x - m1) T + m2 with T = S1^-1/2 (S1^1/2 S2 S1^1/2)^1/2 S1^-1/2 gives features with mean m1 and covariance S1 the
mean m2 and covariance S2. Of all maps that do so it moves them the least, which keeps the most of the content, and the
mean square of the way is the square of the Wasserstein-2 distance of the two Gaussians.

All functions take and return batches, b pictures with statistics of their own, in the precision of what they are given.

References
----------
Lu, Zhao, Yao, Chen, Xu, Zhang: "A Closed-form Solution to Universal Style Transfer" (ICCV 2019), whose map this is.
Peyré, Cuturi: "Computational Optimal Transport" (2019), remark 2.31.
Olkin, Pukelsheim: "The distance between two random vectors with given dispersion matrices" (1982), for the distance.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mangastyle.engine import tf

DAMPING = 1e-6  # added to the eigenvalues of a covariance, as a share of the largest possible: its trace
MAP_DAMPING = 1e-5  # the same for features that are mapped: directions in which they hardly vary are not amplified
_TINY = 1e-12  # keeps quotients defined where everything is zero


class GaussianStatistics(NamedTuple):
    """Mean and covariance of the features of b pictures over their positions.

    Attributes
    ----------
    mean : tensor, shape (b, n)
    covariance : tensor, shape (b, n, n)
    """

    mean: tf.Tensor
    covariance: tf.Tensor


class AffineMap(NamedTuple):
    """The maps x -> x matrix + offset of features x (..., n), one for each of b pictures.

    Attributes
    ----------
    matrix : tensor, shape (b, n, n)
    offset : tensor, shape (b, n)
    """

    matrix: tf.Tensor
    offset: tf.Tensor

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        """Map features (b, h, w, n), or (1, h, w, n) by b maps at once, to (b, h, w, n)."""
        shape = tf.shape(features)
        flat = tf.reshape(features, (shape[0], -1, features.shape[-1]))  # (b, h*w, n)
        moved = tf.matmul(flat, self.matrix) + self.offset[:, None]
        return tf.reshape(moved, (-1, shape[1], shape[2], features.shape[-1]))


def style_statistics(features: tf.Tensor, mask: tf.Tensor | None = None, dtype: tf.DType | None = None) -> GaussianStatistics:
    """Mean and covariance of features over their positions.

    Parameters
    ----------
    features : tensor of float32 or float64, shape (b, h, w, n)
    mask : tensor, shape (b, h, w, 1) or (k, h, w, 1) for b = 1, optional
        How much each position counts, at least 0; by default all count alike. Statistics are zero where a mask is.
    dtype : tf.DType, optional
        Type of the covariance; by default that of the features.

    Returns
    -------
    GaussianStatistics
        For b pictures, or for k masks of one.

    Examples
    --------
    >>> mean, covariance = style_statistics(tf.constant([[[[0.0], [2.0]]]]))
    >>> mean.numpy().tolist(), covariance.numpy().tolist()
    ([[1.0]], [[[1.0]]])
    """
    shape = tf.shape(features)
    batch = shape[0] if features.shape[0] is None else features.shape[0]
    flat = tf.reshape(features, (batch, shape[1] * shape[2], features.shape[-1]))  # (b, h*w, n)
    if mask is None:
        positions = tf.cast(shape[1] * shape[2], features.dtype)
        mean = tf.math.divide_no_nan(tf.reduce_sum(flat, 1, keepdims=True), positions)  # (b, 1, n)
        centered = flat - mean
    else:
        count = tf.shape(mask)[0] if mask.shape[0] is None else mask.shape[0]
        counts = tf.cast(tf.reshape(mask, (count, shape[1] * shape[2], 1)), features.dtype)  # (k, h*w, 1)
        positions = tf.reduce_sum(counts, 1, keepdims=True)  # (k, 1, 1)
        mean = tf.math.divide_no_nan(tf.reduce_sum(flat * counts, 1, keepdims=True), positions)
        centered = (flat - mean) * counts**0.5
    products = tf.math.divide_no_nan(sum_of_products(centered), positions)
    return GaussianStatistics(mean[:, 0], tf.cast(products, dtype or features.dtype))


def sum_of_products(flat: tf.Tensor) -> tf.Tensor:
    """F' F of features F (b, h*w, n), the sums over all positions of the products of two features: (b, n, n)."""
    # A batch of one as a matrix: TensorFlow multiplies matrices faster than batches of them.
    return _product(flat[0])[None] if flat.shape[0] == 1 else _product(flat)


@tf.custom_gradient
def _product(flat: tf.Tensor) -> Any:
    # Both factors have the same gradient: one product, where automatic differentiation makes two.
    return tf.matmul(flat, flat, transpose_a=True), lambda up: flat @ (up + tf.linalg.matrix_transpose(up))


def sqrtm_and_inverse(matrix: tf.Tensor, damping: float = DAMPING) -> tuple[tf.Tensor, tf.Tensor]:
    """Square root and inverse square root of covariances.

    Parameters
    ----------
    matrix : tensor, shape (b, n, n)
        Symmetric, positive semidefinite but for rounding.
    damping : float
        What is added to the eigenvalues first, as a share of the trace.

    Returns
    -------
    root, inverse : tensors, shape (b, n, n)

    Examples
    --------
    >>> root, inverse = sqrtm_and_inverse(tf.constant([[[4.0, 0.0], [0.0, 9.0]]]), damping=0.0)
    >>> root.numpy().round(3).tolist(), tf.matmul(root, inverse).numpy().round(3).tolist()
    ([[[2.0, 0.0], [0.0, 3.0]]], [[[1.0, 0.0], [0.0, 1.0]]])
    """
    values, vectors = _eigen(matrix, damping)
    roots = tf.sqrt(values)[:, None]  # (b, 1, n)
    root = tf.matmul(vectors * roots, vectors, transpose_b=True)
    return root, tf.matmul(tf.math.divide_no_nan(vectors, roots), vectors, transpose_b=True)


def low_rank_root(covariance: tf.Tensor, rank: tf.Tensor) -> tf.Tensor:
    """A root R (b, n, r) of covariances R R' (b, n, n) of `rank` r at most: with fewer positions than features, fewer columns.

    Examples
    --------
    >>> root = low_rank_root(tf.constant([[[4.0, 0.0], [0.0, 0.0]]], tf.float64), 1)
    >>> tf.matmul(root, root, transpose_b=True).numpy().tolist()
    [[[4.0, 0.0], [0.0, 0.0]]]
    """
    values, vectors = _eigen(covariance, 0.0)  # (b, n) from small to large, (b, n, n)
    lost = tf.maximum(0, tf.shape(values)[1] - rank)
    return vectors[:, :, lost:] * tf.sqrt(values[:, None, lost:])


def optimal_transport_map(source: GaussianStatistics, target: GaussianStatistics) -> AffineMap:
    """The map that gives features the target's mean and covariance, and moves them the least (Lu et al. 2019, equation 9).

    Parameters
    ----------
    source, target : GaussianStatistics
        For b pictures each, or for one source and b targets.

    Returns
    -------
    AffineMap
        Directions in which the source hardly varies are damped, see `MAP_DAMPING`.

    Examples
    --------
    >>> one, other = (style_statistics(tf.constant(x)[None, None, :, None]) for x in ([0.0, 2.0], [5.0, 11.0]))
    >>> optimal_transport_map(one, other)(tf.constant([[[[0.0], [1.0], [2.0]]]])).numpy().round(2).ravel().tolist()
    [5.0, 8.0, 11.0]
    """
    root, inverse = sqrtm_and_inverse(source.covariance, MAP_DAMPING)
    middle, _ = sqrtm_and_inverse(tf.matmul(root, tf.matmul(target.covariance, root)))
    matrix = tf.matmul(inverse, tf.matmul(middle, inverse))
    return AffineMap(matrix, target.mean - tf.matmul(source.mean[:, None], matrix)[:, 0])


def wasserstein(
    source: GaussianStatistics, target: GaussianStatistics, reduction: str = "mean", root: tf.Tensor | None = None,
    damping: float = DAMPING,
) -> tf.Tensor:  # fmt: skip
    """Square of the Wasserstein-2 distance between Gaussians, |m1 - m2|^2 + tr(S1 + S2 - 2 (R' S1 R)^1/2) with S2 = R R'.

    Parameters
    ----------
    source, target : GaussianStatistics
        For b pictures each. The target counts as a constant.
    reduction : {"mean", "sum"}
        The distance over the target's mean square |m2|^2 + tr S2, or as it is.
    root : tensor, shape (b, n, r), optional
        A root R of the target's covariance, by `low_rank_root`; by default its damped square root.
    damping : float
        See `sqrtm_and_inverse`. 0 is exact, and needs covariances in float64: square roots of products of them count,
        of which float32 leaves nothing but the largest.

    Returns
    -------
    tensor, shape (b,)
        In the means' type.

    Examples
    --------
    >>> one, other = (style_statistics(tf.constant(x)[None, None, :, None]) for x in ([0.0, 2.0], [5.0, 11.0]))
    >>> wasserstein(one, other, "sum").numpy().round(2).tolist()  # (1 - 8)^2 + (1 - 3)^2, of means and deviations
    [53.0]
    """
    target = GaussianStatistics(*(tf.stop_gradient(x) for x in target))
    if root is None:
        root, _ = sqrtm_and_inverse(target.covariance, damping)
    spread = tf.linalg.trace(source.covariance + target.covariance) - 2 * _trace_of_root(source.covariance, root, damping)
    spread = tf.cast(tf.nn.relu(spread), source.mean.dtype)  # what is below zero is rounding
    distance = tf.reduce_sum(tf.math.squared_difference(source.mean, target.mean), -1) + spread
    if reduction == "sum":
        return distance
    unit = tf.reduce_sum(tf.square(target.mean), -1) + tf.cast(tf.linalg.trace(target.covariance), source.mean.dtype)
    return distance / (unit + _TINY)


def _trace_of_root(covariance: tf.Tensor, root: tf.Tensor, damping: float) -> tf.Tensor:
    """tr (R' S R)^1/2 of covariances S (b, n, n) and roots R (b, n, r): (b,). Its gradient by S is R (R' S R)^-1/2 R' / 2.

    The inverse is the pseudo-inverse: features may not vary at all in some directions, and none of them
    would be moved by what is left out. Automatic differentiation would divide by differences of eigenvalues.
    """

    @tf.custom_gradient
    def differentiable(covariance: tf.Tensor) -> Any:
        values, vectors = _eigen(tf.matmul(root, covariance @ root, transpose_a=True), damping)  # (b, r), (b, r, r)
        roots = tf.sqrt(values)

        def gradient(up: tf.Tensor) -> tf.Tensor:
            turned = root @ vectors  # (b, n, r)
            scaled = turned * tf.math.divide_no_nan(tf.ones((), roots.dtype), roots)[:, None]
            return up[:, None, None] / 2 * tf.matmul(scaled, turned, transpose_b=True)

        return tf.reduce_sum(roots, -1), gradient

    return differentiable(covariance)


def _eigen(matrix: tf.Tensor, damping: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Eigenvalues (b, n), from small to large, and vectors (b, n, n) of covariances.

    A share `damping` of the trace is added to the values; without it, those that are zero but for rounding are zero.
    """
    finite = tf.math.is_finite(tf.reduce_sum(matrix))  # eigh raises on anything else; the traces pass it on to the loss
    values, vectors = tf.linalg.eigh(tf.where(finite, (matrix + tf.linalg.matrix_transpose(matrix)) / 2, tf.zeros((), matrix.dtype)))
    if damping:
        return tf.nn.relu(values) + damping * (tf.linalg.trace(matrix) + _TINY)[:, None], vectors
    rounding = values[:, -1:] * tf.cast(tf.shape(values)[1], values.dtype) * np.finfo(values.dtype.as_numpy_dtype).eps
    return tf.where(values > rounding, values, tf.zeros((), values.dtype)), vectors
