"""Colors for the regions of line art: those of a hint, and for the others what a network knows.

The network gives each region a distribution over the known colors and a palette, from which `color_choice` takes one. TensorFlow
operations, so that an exported model has them too. n is the number of regions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mangastyle.engine import tf
from mangastyle.ops import resample
from mangastyle.ops.threshold import grayscale
from mangastyle.shade.color_choice import WHITE, choose, likelihoods
from mangastyle.shade.references import Reference, beside
from mangastyle.shade.region_network import RegionNetwork
from mangastyle.shade.region_tensors import RegionColors, Regions
from mangastyle.shade.spec import RegionSpec

MAX_REGIONS = 1024  # the network sees the largest, and those with a color; the others take a neighbor's
MAX_REFERENCE = 256  # regions of a reference: the largest
ENOUGH = 3  # rounds of taking a neighbor's color, for regions between regions that the network did not see


class Seen(NamedTuple):
    """What the encoder sees of a picture's regions, for several hints: token 0, then the regions in the order of their numbers.

    features : float32 (1, 1 + n, c). borders : (1, 1 + n, 1 + n). areas : (1, 1 + n). centers : (1, 1 + n, 2).
    """

    features: np.ndarray | tf.Tensor
    borders: np.ndarray | tf.Tensor
    areas: np.ndarray | tf.Tensor
    centers: np.ndarray | tf.Tensor


class RegionColorizer:
    """Gives regions their colors with a network.

    Parameters
    ----------
    network : RegionNetwork
    spec : RegionSpec
        Its specification.

    Examples
    --------
    >>> from mangastyle.shade.region_network import build
    >>> from mangastyle.shade.region_tensors import describe
    >>> spec = RegionSpec(size=32, widths=(8, 8, 8), width=16, heads=2, blocks=1, colors=5)
    >>> colorizer = RegionColorizer(build(spec), spec)
    >>> labels = tf.repeat(tf.constant([[0, 0, 0, 1, 1, 1]]), 6, 0)  # (6, 6)
    >>> hint = RegionColors(tf.constant([[50.0, 40.0, 0.0], [0.0, 0.0, 0.0]]), tf.constant([1.0, 0.0]))
    >>> paper = tf.fill((6, 6, 3), tf.constant(255, tf.uint8))
    >>> colors = colorizer(paper, describe(labels, 2), hint)
    >>> colors.shape.as_list(), colors[0].numpy().tolist()
    ([2, 3], [50.0, 40.0, 0.0])
    """

    def __init__(self, network: RegionNetwork, spec: RegionSpec) -> None:
        self.network, self.spec = network, spec

    def __call__(
        self, line_art: tf.Tensor, regions: Regions, hint: RegionColors, variant: tf.Tensor | int = 0, reference: Reference | None = None,
        seen: Seen | None = None,
    ) -> tf.Tensor:  # fmt: skip
        """Colors of all regions.

        Parameters
        ----------
        line_art : tensor of uint8, shape (h, w, 3)
        regions : Regions
        hint : RegionColors
            The colors that are known.
        variant : int or scalar int32 tensor
            0 for the likeliest colors; each other number gives others that are likely, too.
        reference : Reference, optional
            Regions of colored pictures whose colors may be taken, too.
        seen : Seen, optional
            By `see` for this line art. It counts unless the hint has divided a region since.

        Returns
        -------
        tensor of float32, shape (n, 3), CIE Lab
        """
        order = tf.argsort(regions.areas * (1 + 1e9 * hint.known), direction="DESCENDING", stable=True)[:MAX_REGIONS]
        given = RegionColors(tf.gather(hint.colors, order), tf.gather(hint.known, order))
        count = tf.size(regions.areas)
        has_token = tf.scatter_nd(order[:, None], tf.ones_like(given.known), (count,))
        inputs = self._inputs(line_art, regions, order) if seen is None else self._inputs_of(seen, line_art, regions, order)
        if reference:
            all_known = tf.concat([given.known, tf.ones_like(reference.areas)], 0)
            inputs, given = beside(inputs, reference), RegionColors(tf.concat([given.colors, reference.colors], 0), all_known)
        found = self._decide(inputs, given, tf.convert_to_tensor(variant))[: tf.size(order)]
        return _take_from_neighbors(regions.labels, tf.scatter_nd(order[:, None], found, (count, 3)), has_token)

    def see(self, line_art: tf.Tensor, regions: Regions) -> Seen:
        """What the encoder sees of at most `MAX_REGIONS` regions of line art uint8 (h, w, 3)."""
        inputs = self._inputs(line_art, regions, tf.range(tf.size(regions.areas)))
        return Seen(*(inputs[name] for name in Seen._fields))

    def likelihoods(self, line_art: tf.Tensor, regions: Regions, colors: tf.Tensor) -> tf.Tensor:
        """How likely each region is of about each of some colors (p, 3), CIE Lab, if nothing else is known: float32 (n, p)."""
        order = tf.argsort(regions.areas, direction="DESCENDING", stable=True)[:MAX_REGIONS]
        inputs = self._inputs(line_art, regions, order)
        logits = self._logits(inputs, RegionColors(tf.zeros((tf.size(order), 3)), tf.zeros((tf.size(order),))))
        found = likelihoods(logits[:, -self.spec.colors :], self.network.palette, colors)  # (t, p)
        return tf.scatter_nd(order[:, None], found, (tf.size(regions.areas), tf.shape(colors)[0]))

    def reference(self, line_art: tf.Tensor, regions: Regions, colors: RegionColors) -> Reference:
        """A colored picture as a reference.

        Parameters
        ----------
        line_art : tensor of uint8, shape (h, w, 3)
            Its line art.
        regions : Regions
            Those of the line art.
        colors : RegionColors
            Their colors in the picture.

        Returns
        -------
        Reference
            Of the largest of those regions whose color is known.
        """
        order = tf.argsort(regions.areas * colors.known, direction="DESCENDING", stable=True)
        order = order[: tf.minimum(MAX_REFERENCE, tf.cast(tf.reduce_sum(colors.known), tf.int32))]
        inputs = self._inputs(line_art, regions, order)
        features, areas, centers = (inputs[name][0, 1:] for name in ("features", "areas", "centers"))
        return Reference(features, inputs["borders"][0, 1:, 1:], areas, centers, tf.gather(colors.colors, order))

    def _inputs(self, line_art: tf.Tensor, regions: Regions, order: tf.Tensor) -> dict[str, tf.Tensor]:
        """The decoder's inputs but for the colors; token i + 1 is region order[i]."""
        labels = regions.labels
        height, width = tf.shape(labels)[0], tf.shape(labels)[1]
        size = self.spec.size
        longer = tf.maximum(height, width)
        small = [tf.maximum(1, tf.cast(tf.round(size * side / longer), tf.int32)) for side in (height, width)]
        gray = tf.cast(grayscale(line_art), tf.float32)[..., None] / 255  # (h, w, 1)
        below, right = size - small[0], size - small[1]
        ink = tf.pad(1 - resample.resize(gray, *small), [[0, below], [0, right], [0, 0]])[None]  # (1, s, s, 1)
        token = tf.scatter_nd(order[:, None], tf.range(1, tf.size(order) + 1), tf.shape(regions.areas))  # (n,), 0 for those not seen
        rows, columns = (tf.range(n) * side // n for n, side in zip(small, (height, width)))
        tokens = tf.gather(token, tf.gather(tf.gather(labels, rows), columns, axis=1))  # (h', w')
        tokens = tf.pad(tokens, [[0, below], [0, right]])[None]  # (1, s, s)
        shares = tf.gather(regions.areas, order) / tf.cast(height * width, tf.float32)
        places = tf.gather(regions.centers, order) / tf.cast(longer, tf.float32)
        areas, centers = _after_none(shares), _after_none(places)
        ink, tokens = tf.ensure_shape(ink, (1, size, size, 1)), tf.ensure_shape(tokens, (1, size, size))
        found = self.network.encoder({"ink": ink, "labels": tokens, "areas": areas}, training=False)
        valid = _after_none(tf.ones_like(shares))
        return {**found, "areas": areas, "centers": centers, "valid": valid}

    def _inputs_of(self, seen: Seen, line_art: tf.Tensor, regions: Regions, order: tf.Tensor) -> dict[str, tf.Tensor]:
        """`_inputs` to the last bit, without the encoder if the regions are those that it has seen."""
        tokens = tf.concat([[0], order + 1], 0)

        def in_order() -> dict[str, tf.Tensor]:
            found = {name: tf.gather(x, tokens, axis=1) for name, x in seen._asdict().items()}
            return {**found, "borders": tf.gather(found["borders"], tokens, axis=2), "valid": _after_none(tf.ones(tf.size(order)))}

        is_same = tf.shape(seen.areas)[1] == 1 + tf.size(regions.areas)
        return tf.cond(is_same, in_order, lambda: self._inputs(line_art, regions, order))

    def _logits(self, inputs: dict[str, tf.Tensor], given: RegionColors) -> tf.Tensor:
        """The regions' distributions over no color, their own colors and the palette: logarithms, (t, 1 + t + k)."""
        state = {"colors": _after_none(given.colors), "known": _after_none(given.known)}
        return self.network.decoder({**inputs, **state}, training=False)[0, 1:]

    def _decide(self, inputs: dict[str, tf.Tensor], given: RegionColors, variant: tf.Tensor) -> tf.Tensor:
        """The colors (t, 3) of the regions that the network sees."""
        logits = self._logits(inputs, given)
        offered = tf.concat([tf.zeros((1, 3)), given.colors, self.network.palette], 0)  # (1 + t + k, 3)
        areas = inputs["areas"][0, 1:]
        chosen = choose(logits, offered, tf.reduce_sum(areas * given.known) / tf.reduce_sum(areas), variant)
        return tf.where(given.known[:, None] > 0, given.colors, chosen)


def _take_from_neighbors(labels: tf.Tensor, colors: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Colors (n, 3) where regions without one have that of the neighbor with the longest border; white if there is none."""
    count = tf.size(known)

    def take(colors: tf.Tensor, known: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        borders = []
        for a, b in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
            for own, other in ((a, b), (b, a)):
                index = tf.where((own != other) & (tf.gather(known, own) < 1) & (tf.gather(known, other) > 0))
                borders.append(tf.stack([tf.gather_nd(own, index), tf.gather_nd(other, index)], -1))
        pairs = tf.cast(tf.concat(borders, 0), tf.int64)
        keys, index = tf.unique(pairs[:, 0] * tf.cast(count, tf.int64) + pairs[:, 1])
        lengths = tf.math.unsorted_segment_sum(tf.ones_like(index), index, tf.size(keys))
        own, other = keys // tf.cast(count, tf.int64), keys % tf.cast(count, tf.int64)
        # Of equally long borders, that with the region of the smaller number.
        rank = tf.cast(lengths, tf.int64) * tf.cast(count, tf.int64) + (tf.cast(count, tf.int64) - 1 - other)
        best = tf.math.unsorted_segment_max(rank, own, tf.cast(count, tf.int64))
        found = best > 0
        neighbor = tf.where(found, tf.cast(count, tf.int64) - 1 - best % tf.cast(count, tf.int64), 0)
        return tf.where(found[:, None], tf.gather(colors, neighbor), colors), tf.maximum(known, tf.cast(found, tf.float32))

    for _ in range(ENOUGH):
        colors, known = tf.cond(tf.reduce_all(known > 0), lambda c=colors, k=known: (c, k), lambda c=colors, k=known: take(c, k))
    return tf.where(known[:, None] > 0, colors, tf.constant(WHITE))


def _after_none(values: tf.Tensor) -> tf.Tensor:
    """Values (t, ...) of regions with zeros for token 0 before them, as a batch: (1, 1 + t, ...)."""
    return tf.concat([tf.zeros_like(values[:1]), values], 0)[None]
