"""Edge-aware smoothing inside a TensorFlow graph: values spread within regions and hardly over the edges between them."""

from __future__ import annotations

import functools
import math
from typing import Any

from mangastyle.engine import tf

PASSES = 3  # over rows and columns in turn: the streaks of one pass are gone after three
EDGE_DISTANCE = 10.0  # distance, in sigmas, that an edge of strength 1 adds between two neighboring pixels


def domain_transform_filter(values: tf.Tensor, edges: tf.Tensor, sigma: tf.Tensor | float) -> tf.Tensor:
    """Smooth values with standard deviation `sigma` wherever no edge is in between.

    The recursive filter of Gastal and Oliveira, with a given map of edges in place of the picture's gradient: the distance
    of neighbors is 1 plus the edge to be crossed.

    Parameters
    ----------
    values : tensor of float32, shape (h, w, c)
    edges : tensor of float32, shape (h, w) in 0..1
        0 lets values pass, 1 holds them back.
    sigma : float or scalar tensor
        Standard deviation without edges, in pixels.

    Returns
    -------
    tensor of float32, shape (h, w, c)

    References
    ----------
    Gastal and Oliveira, "Domain transform for edge-aware image and video processing" (2011): the variant by recursive filtering,
    with their standard deviations of the passes.

    Examples
    --------
    >>> point = tf.scatter_nd([[0, 3, 0]], [1.0], (5, 7, 1))
    >>> wall = tf.tile(tf.one_hot([5], 7), (5, 1))  # a line between columns 4 and 6
    >>> out = domain_transform_filter(point, wall, 2.0)[..., 0].numpy()
    >>> bool(out[0, 2] > 0.01), bool(out[:, 6].max() < 1e-6)
    (True, True)
    """
    values = tf.convert_to_tensor(values)
    return _filter_function(values.shape[-1])(values, edges, tf.cast(sigma, tf.float32))


@functools.cache
def _filter_function(channels: int) -> Any:
    """The filter of (h, w, channels), which graphs call instead of holding a copy for each use: they are traced in a third of the time."""
    signature = [tf.TensorSpec(shape, tf.float32) for shape in ((None, None, channels), (None, None), ())]
    return tf.function(_filter, input_signature=signature, autograph=False, experimental_attributes={"_noinline": True})


def _filter(values: tf.Tensor, edges: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    def one_axis(i: tf.Tensor, values: tf.Tensor, edges: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Down the rows and up again; the result is transposed, so that the next call takes the other axis."""
        halved = 2.0 ** tf.cast(PASSES - 1 - i // 2, tf.float32)  # from pass to pass; together they have the variance sigma^2
        sigma_i = sigma * math.sqrt(3) * halved / math.sqrt(4**PASSES - 1)
        distance = 1 + EDGE_DISTANCE * sigma * tf.maximum(edges[1:], edges[:-1])  # between neighbors, (h - 1, w)
        feedback = tf.exp(-math.sqrt(2) / sigma_i * distance)[..., None]  # (h - 1, w, 1)
        for padding, reverse in (((1, 0), False), ((0, 1), True)):  # the first row has no neighbor before it
            weights = tf.pad(feedback, (padding, (0, 0), (0, 0)))
            values = tf.scan(lambda before, now: now[0] + now[1] * (before - now[0]), (values, weights), values[0], reverse=reverse)
        return i + 1, tf.transpose(values, (1, 0, 2)), tf.transpose(edges)

    shapes = tf.TensorShape(()), tf.TensorShape((None, None, values.shape[-1])), tf.TensorShape((None, None))
    return tf.while_loop(lambda i, *_: i < 2 * PASSES, one_axis, (0, values, edges), shapes)[1]


def dilate(values: tf.Tensor, radius: tf.Tensor | int) -> tf.Tensor:
    """Grayscale dilation: the largest value within `radius` pixels in rows and columns.

    Parameters
    ----------
    values : tensor of float32, shape (h, w)
    radius : int or scalar int32 tensor
        Pixels.

    Returns
    -------
    tensor of float32, shape (h, w)

    Examples
    --------
    >>> dilate(tf.constant([[0.0, 0.0, 0.0, 1.0]]), 2).numpy().tolist()
    [[0.0, 1.0, 1.0, 1.0]]
    """

    def grow(i: tf.Tensor, values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return i + 1, tf.nn.max_pool2d(values, 3, 1, "SAME")  # one pixel at a time, as the radius may be a tensor

    return tf.while_loop(lambda i, _: i < radius, grow, (0, values[None, ..., None]))[1][0, ..., 0]
