"""Metrics that compare features of VGG-19. Adding one touches this file alone: a function of a network, and the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, NamedTuple, Sequence

import numpy as np

from mangastyle.evaluate.metrics import BatchFunction
from mangastyle.vgg.spec import MIN_SIDE

if TYPE_CHECKING:
    import keras


class NetworkMetric(NamedTuple):
    """A metric that needs a network: `make` gives its function for one backbone; else as `metrics.Metric`."""

    make: Callable[[keras.Model], BatchFunction]
    name: str
    higher: bool
    equal: float

    def load(self, backbone: keras.Model) -> BatchFunction:
        """The function for many pictures, by this network."""
        return self.make(backbone)


def perceptual(backbone: keras.Model) -> BatchFunction:
    """Perceptual distance by one VGG-19, see `vgg.perceptual.Perceptual`; distances of two networks do not compare.

    Parameters
    ----------
    backbone : keras.Model
        VGG-19, full or slim, as `vgg.network.backbone` loads it.

    Returns
    -------
    callable
        From n generated pictures and their originals, uint8 (h, w, 3), to n distances in 0..1, lower is better; NaN for
        pictures that are too small for VGG-19.
    """
    from mangastyle.vgg.perceptual import Perceptual  # loads TensorFlow, which the table does without

    distance = Perceptual(backbone)

    def distances(generated: Sequence[np.ndarray], originals: Sequence[np.ndarray]) -> list[float]:
        if len({x.shape for x in originals}) == 1 and min(originals[0].shape[:2]) >= MIN_SIDE:  # one batch
            return distance(np.stack(generated), np.stack(originals)).tolist()
        return [
            float(distance(a[None], b[None])[0]) if min(a.shape[:2]) >= MIN_SIDE else float("nan")
            for a, b in zip(generated, originals, strict=True)
        ]

    return distances


NETWORK_METRICS = {"perceptual": NetworkMetric(perceptual, "perceptual distance", False, 0.0)}
