"""Give features another picture's mean and covariance: the affine map of optimal transport between two Gaussians.

Of all maps that do so it moves the features least, so that it keeps the most of the content (Peyre and Cuturi 2019,
"Computational Optimal Transport", remark 2.31). The least that is moved is the Wasserstein-2 distance by which
`losses` compares styles. Everything is float32; b pictures have statistics of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

DAMPING = 1e-6  # added to the eigenvalues, as a share of the largest possible: the trace
STEADY = 1e-5  # the same for features that are moved: what hardly varies in them is not blown up


class Statistics(NamedTuple):
    """Mean (b, n) and covariance (b, n, n) of the features of b pictures over their positions."""

    mean: tf.Tensor
    covariance: tf.Tensor


class Affine(NamedTuple):
    """x -> x matrix + offset of features x (..., n); matrix (b, n, n), offset (b, n)."""

    matrix: tf.Tensor
    offset: tf.Tensor

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        """Features (b, h, w, n), or (1, h, w, n) by b maps at once, to (b, h, w, n)."""
        shape = tf.shape(features)
        flat = tf.reshape(features, (shape[0], -1, features.shape[-1]))  # (b, h*w, n)
        moved = tf.matmul(flat, self.matrix) + self.offset[:, None]
        return tf.reshape(moved, (-1, shape[1], shape[2], features.shape[-1]))


def statistics(features: tf.Tensor, weight: tf.Tensor | None = None) -> Statistics:
    """Of features (b, h, w, n); `weight` (b, h, w, 1) is how much each position counts, by default all alike."""
    shape = tf.shape(features)
    flat = tf.reshape(features, (shape[0], -1, features.shape[-1]))  # (b, h*w, n)
    if weight is None:
        share = tf.fill((1, shape[1] * shape[2], 1), 1 / tf.cast(shape[1] * shape[2], tf.float32))
    else:
        share = tf.reshape(weight, (tf.shape(weight)[0], -1, 1))
        share = tf.math.divide_no_nan(share, tf.reduce_sum(share, 1, keepdims=True))
    mean = tf.reduce_sum(share * flat, 1, keepdims=True)  # (b, 1, n)
    centred = (flat - mean) * tf.sqrt(share)
    return Statistics(mean[:, 0], tf.matmul(centred, centred, transpose_a=True))


def roots(matrix: tf.Tensor, damping: float = DAMPING) -> tuple[tf.Tensor, tf.Tensor]:
    """Square root and inverse square root of covariances (b, n, n), each damped by a share of its trace."""
    unit, trace = tf.eye(matrix.shape[-1]), tf.linalg.trace(matrix)[:, None, None] + 1e-12
    damped = matrix / trace + damping * unit
    # eigh raises on what is not finite; the traces pass it on to the loss.
    values, vectors = tf.linalg.eigh(tf.where(tf.math.is_finite(tf.reduce_sum(damped)), damped, unit))  # (b, n), (b, n, n)
    values = tf.sqrt(tf.maximum(values, damping))[:, None] * tf.sqrt(trace)  # (b, 1, n)
    return tf.matmul(vectors * values, vectors, transpose_b=True), tf.matmul(vectors / values, vectors, transpose_b=True)


def transport(found: Statistics, wanted: Statistics) -> Affine:
    """The map that takes Gaussians with the statistics `found` to those with `wanted`, moving their mass the least."""
    root, inverse = roots(found.covariance, STEADY)
    middle, _ = roots(tf.matmul(root, tf.matmul(wanted.covariance, root)))
    matrix = tf.matmul(inverse, tf.matmul(middle, inverse))
    return Affine(matrix, wanted.mean - tf.matmul(found.mean[:, None], matrix)[:, 0])


def distance(found: Statistics, wanted: Statistics) -> tf.Tensor:
    """Square of the Wasserstein-2 distance over the wanted features' mean square, for each picture: (b,).

    As `losses.style_layer_loss` in the mean form, for batches and in float32, with gradients by `found` alone.
    """
    root, _ = roots(tf.stop_gradient(wanted.covariance))
    overlap = _trace_of_root(tf.matmul(root, tf.matmul(found.covariance, root)))
    spread = tf.linalg.trace(found.covariance) + tf.linalg.trace(wanted.covariance) - 2 * overlap
    error = tf.reduce_sum(tf.math.squared_difference(found.mean, wanted.mean), -1) + tf.nn.relu(spread)
    return error / (tf.reduce_sum(wanted.mean**2, -1) + tf.linalg.trace(wanted.covariance) + 1e-12)


@tf.custom_gradient
def _trace_of_root(matrix: tf.Tensor):
    """tr M^1/2 of matrices (b, n, n): (b,). Its gradient is M^-1/2 / 2; automatic differentiation would divide by differences of eigenvalues."""
    root, inverse = roots(matrix)
    return tf.linalg.trace(root), lambda up: up[:, None, None] / 2 * inverse
