"""Colored pictures beside line art: their regions, as a network sees them, whose colors the regions of line art may take.

The network that colors regions compares regions by what they look like; whether they lie in one picture or in two makes no difference
to it, so that hair takes the color of a reference's hair. m is the number of the references' regions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mangastyle.engine import tf
from mangastyle.shade.spec import RegionSpec

MOST = 512  # regions of all references together: the largest; time and memory grow with the square


class Reference(NamedTuple):
    """Regions of colored pictures: features float32 (m, c), borders (m, m), areas (m,), centers (m, 2), and colors (m, 3), CIE Lab."""

    features: np.ndarray | tf.Tensor
    borders: np.ndarray | tf.Tensor
    areas: np.ndarray | tf.Tensor
    centers: np.ndarray | tf.Tensor
    colors: np.ndarray | tf.Tensor


def shapes(spec: RegionSpec) -> Reference:
    """Shapes of the parts, of m = None regions.

    Examples
    --------
    >>> shapes(RegionSpec()).centers
    (None, 2)
    """
    return Reference((None, spec.features), (None, None), (None,), (None, 2), (None, 3))


def nothing(spec: RegionSpec) -> Reference:
    """No reference: m is 0.

    Examples
    --------
    >>> nothing(RegionSpec()).colors.shape
    (0, 3)
    """
    return Reference(*(np.zeros([0 if side is None else side for side in shape], np.float32) for shape in shapes(spec)))


def together(*references: Reference) -> Reference:
    """The regions of several references, the largest `MOST`; regions of different pictures have no border.

    Examples
    --------
    >>> one = Reference(np.ones((2, 5)), np.ones((2, 2)), np.ones(2), np.ones((2, 2)), np.ones((2, 3)))
    >>> both = together(one, one)
    >>> both.features.shape, both.borders.tolist()[0]
    ((4, 5), [1.0, 1.0, 0.0, 0.0])
    """
    count = sum(len(reference.areas) for reference in references)
    borders, first = np.zeros((count, count), np.float32), 0
    for reference in references:
        own = slice(first, first + len(reference.areas))
        borders[own, own] = reference.borders
        first = own.stop
    features, areas, centers, colors = (
        np.concatenate([getattr(reference, name) for reference in references]) for name in ("features", "areas", "centers", "colors")
    )
    largest = np.sort(np.argsort(-areas, kind="stable")[:MOST])
    return Reference(features[largest], borders[np.ix_(largest, largest)], areas[largest], centers[largest], colors[largest])


def beside(inputs: dict[str, tf.Tensor], reference: Reference) -> dict[str, tf.Tensor]:
    """The decoder's inputs, of a batch of one, with a reference's regions after the picture's.

    Parameters
    ----------
    inputs : dict of tensor
        Inputs of `RegionNetwork.decoder` without colors, for n regions.
    reference : Reference

    Returns
    -------
    dict of tensor
        For n + m regions.
    """
    count, more = tf.shape(inputs["areas"])[1], tf.shape(reference.areas)[0]
    borders = tf.pad(inputs["borders"][0], [[0, more], [0, more]]) + tf.pad(reference.borders, [[count, 0], [count, 0]])
    added = {"features": reference.features, "areas": reference.areas, "centers": reference.centers, "valid": tf.ones(more)}
    return {"borders": borders[None], **{name: tf.concat([inputs[name], values[None]], 1) for name, values in added.items()}}
