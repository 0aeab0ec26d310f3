"""Regions of line art and their colors as tensors; sums over regions. n is the number of regions."""

from __future__ import annotations

from typing import NamedTuple

from mangastyle.engine import tf


class Regions(NamedTuple):
    """Labels int32 (h, w), 0 to n - 1; pixels of each region, float32 (n,); mean y and x of each, in pixels, float32 (n, 2)."""

    labels: tf.Tensor
    areas: tf.Tensor
    centers: tf.Tensor


class RegionColors(NamedTuple):
    """Colors float32 (n, 3), CIE Lab, and whether each is known, float32 (n,), 1 or 0."""

    colors: tf.Tensor
    known: tf.Tensor


def describe(labels: tf.Tensor, count: tf.Tensor | int) -> Regions:
    """Areas and centers of regions.

    Parameters
    ----------
    labels : tensor of int32, shape (h, w)
    count : int or scalar int32 tensor
        How many regions there are.

    Returns
    -------
    Regions
        An area and center of 0 for a label without pixels.

    Examples
    --------
    >>> describe(tf.constant([[0, 0], [0, 2]]), 3).areas.numpy().tolist()
    [3.0, 0.0, 1.0]
    """
    height, width = tf.shape(labels)[0], tf.shape(labels)[1]
    labels = tf.convert_to_tensor(labels)
    places = tf.repeat(tf.range(height)[:, None], width, 1), tf.repeat(tf.range(width)[None], height, 0)
    # Float32 would lose digits in sums of millions of places.
    areas, *sums = (
        segment_sums(labels, tf.cast(x, tf.float64)[..., None], count)[:, 0] for x in (tf.ones_like(labels), *places)
    )  # (n,) each
    centers = tf.stack(sums, -1) / tf.maximum(areas, 1)[:, None]
    return Regions(labels, tf.cast(areas, tf.float32), tf.cast(centers, tf.float32))


def segment_sums(labels: tf.Tensor, values: tf.Tensor, count: tf.Tensor | int) -> tf.Tensor:
    """Sums of values over regions.

    Parameters
    ----------
    labels : tensor of int32, shape (h, w)
    values : tensor, shape (h, w, c)
    count : int or scalar int32 tensor

    Returns
    -------
    tensor, shape (n, c)

    Examples
    --------
    >>> segment_sums(tf.constant([[0, 1, 1]]), tf.constant([[[1.0], [2.0], [4.0]]]), 2).numpy().tolist()
    [[1.0], [6.0]]
    """
    return tf.math.unsorted_segment_sum(tf.reshape(values, (-1, values.shape[-1])), tf.reshape(labels, (-1,)), count)


def nearest_labels(labels: tf.Tensor, height: tf.Tensor | int, width: tf.Tensor | int) -> tf.Tensor:
    """Labels at another size: those of the pixels at the new pixels' centers.

    Parameters
    ----------
    labels : tensor of int32, shape (h, w)
    height, width : int or scalar int32 tensor

    Returns
    -------
    tensor of int32, shape (height, width)

    Examples
    --------
    >>> nearest_labels(tf.constant([[1, 2, 3, 4, 5, 6]]), 1, 2).numpy().tolist()
    [[2, 5]]
    """
    for axis, new in enumerate((height, width)):
        old = tf.shape(labels)[axis]
        labels = tf.gather(labels, (2 * tf.range(new) + 1) * old // (2 * new), axis=axis)
    return labels
