"""Colors for the regions of line art: those of a hint, and for the others what a network knows.

The network gives each region a distribution. A region takes the color around which most of it lies, not the mean, which would be a
brown. Variants are drawn from the distributions, in rounds, the surest regions first; each round sees the colors of those before it, so
that what belongs together gets one color (as in Chang et al., "MaskGIT", 2022). TensorFlow operations, so that an exported model has
them too. n is the number of regions.
"""

from __future__ import annotations

from mangastyle.engine import tf
from mangastyle.ops import resample
from mangastyle.ops.threshold import grayscale
from mangastyle.shade.region_network import RegionNetwork
from mangastyle.shade.region_tensors import RegionColors, Regions
from mangastyle.shade.spec import RegionSpec

MAX_REGIONS = 1024  # the network sees the largest, and those with a color; the others take a neighbor's
ROUNDS = 8  # in which the regions of a variant are decided
CLOSE = 25.0  # standard deviation, in CIE Lab, of what counts as about one color
WHITE = (100.0, 0.0, 0.0)  # CIE Lab
ENOUGH = 3  # rounds of taking a neighbor's color, for regions between regions that the network did not see


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
        self, line_art: tf.Tensor, regions: Regions, hint: RegionColors, variant: tf.Tensor | int = 0
    ) -> tf.Tensor:  # fmt: skip
        """Colors of all regions.

        Parameters
        ----------
        line_art : tensor of uint8, shape (h, w, 3)
        regions : Regions
        hint : RegionColors
            The colors that are known.
        variant : int or scalar int32 tensor
            0 for the likeliest colors; each other number gives others, drawn from the distributions.

        Returns
        -------
        tensor of float32, shape (n, 3), CIE Lab
        """
        order = tf.argsort(regions.areas * (1 + 1e9 * hint.known), direction="DESCENDING", stable=True)[:MAX_REGIONS]
        given = RegionColors(tf.gather(hint.colors, order), tf.gather(hint.known, order))
        inputs = self._inputs(line_art, regions, order)
        found = self._decide(inputs, given, tf.convert_to_tensor(variant))
        count = tf.size(regions.areas)
        seen = tf.scatter_nd(order[:, None], tf.ones_like(given.known), (count,))
        return _take_from_neighbors(regions.labels, tf.scatter_nd(order[:, None], found, (count, 3)), seen)

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

    def _decide(self, inputs: dict[str, tf.Tensor], given: RegionColors, variant: tf.Tensor) -> tf.Tensor:
        """The colors (t, 3) of the regions that the network sees."""
        palette = self.network.palette  # (k, 3)
        areas = inputs["areas"][0, 1:]  # (t,)
        rounds = tf.where(variant > 0, ROUNDS, 1)
        unknown = tf.reduce_sum(areas * (1 - given.known))

        def decide(k: tf.Tensor, colors: tf.Tensor, known: tf.Tensor) -> tuple[tf.Tensor, ...]:
            state = {"colors": _after_none(colors), "known": _after_none(known)}
            logits = self.network.decoder({**inputs, **state}, training=False)[0, 1:]  # (t, 1 + t + k)
            offered = tf.concat([tf.zeros((1, 3)), colors, palette], 0)  # (1 + t + k, 3)
            choice, sureness = _choose(logits, offered, variant, k)
            # The surest come first, until their area is this round's share of what was unknown.
            open_areas = areas * (1 - known)
            order = tf.argsort(sureness * (1 - known) - known, direction="DESCENDING", stable=True)
            before = tf.cumsum(tf.gather(open_areas, order), exclusive=True)
            due = unknown * tf.cast(k + 1, tf.float32) / tf.cast(rounds, tf.float32) - (unknown - tf.reduce_sum(open_areas))
            taken = tf.scatter_nd(order[:, None], tf.cast(before < due, tf.float32), tf.shape(known))
            taken = tf.where(k + 1 == rounds, tf.ones_like(taken), taken) * (1 - known)
            return k + 1, tf.where(taken[:, None] > 0, choice, colors), known + taken

        def more(k: tf.Tensor, colors: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
            return (k < rounds) & tf.reduce_any(known < 1)

        shapes = (tf.TensorShape(()), tf.TensorShape((None, 3)), tf.TensorShape((None,)))
        return tf.while_loop(more, decide, (tf.constant(0), given.colors, given.known), shapes, parallel_iterations=1)[1]


def _choose(logits: tf.Tensor, offered: tf.Tensor, variant: tf.Tensor, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The color (t, 3) around which most of each distribution lies, and how much lies there, (t,)."""
    squares = tf.reduce_sum(offered**2, -1)
    distances = tf.maximum(squares[:, None] + squares - 2 * tf.matmul(offered, offered, transpose_b=True), 0.0)  # (m, m)
    mass = tf.matmul(tf.exp(logits), tf.exp(-distances / (2 * CLOSE**2)))  # (t, m)

    def drawn() -> tf.Tensor:
        seeds = tf.stack([variant, number])
        noise = -tf.math.log(-tf.math.log(tf.random.stateless_uniform(tf.shape(logits), seeds, 1e-7, 1 - 1e-7)))
        return tf.argmax(logits + noise, -1)

    place = tf.cond(variant > 0, drawn, lambda: tf.argmax(tf.where(logits > -30.0, mass, 0.0), -1))
    return tf.gather(offered, place), tf.gather(mass, place, axis=1, batch_dims=1)


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
