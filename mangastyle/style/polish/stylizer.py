"""Stylization in one pass, polished by few iterations of the optimization with the slim VGG-19 (method polish).

One pass brings colors and coarse brushwork to about the right places in a fraction of a second. From there the optimization needs a
fifth of its iterations for strokes that are hard to tell from those of the whole search.
"""

from __future__ import annotations

import threading
from typing import Sequence

import numpy as np

from mangastyle.io import images
from mangastyle.style.base import BaseStylizer, Listener
from mangastyle.style.onepass.stylizer import OnePassStylizer
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.style.polish.settings import PolishSettings


class PolishStylizer(BaseStylizer):
    """Paint in one pass, and let the optimization start from that picture.

    Parameters
    ----------
    styles, masks, precision, seed, max_pixels
        See `OnePassStylizer`.
    settings : PolishSettings, optional

    Attributes
    ----------
    onepass : OnePassStylizer
    optimize : OptimizeStylizer

    Examples
    --------
    >>> content, painting = np.random.default_rng(0).integers(0, 256, (2, 64, 72, 3), np.uint8)
    >>> stylizer, found = PolishStylizer([painting], PolishSettings(size=0, polish_iterations=2)), []
    >>> stylizer(content, progress=found.append).shape
    (64, 72, 3)
    >>> [(record.iteration, record.picture().shape) for record in found]
    [(0, (64, 72, 3)), (1, (64, 72, 3)), (2, (64, 72, 3))]
    """

    by = "one pass and slim VGG-19"
    settings: PolishSettings

    def __init__(
        self, styles: Sequence[np.ndarray], settings: PolishSettings | None = None, *, masks: Sequence[np.ndarray] = (),
        precision: str = "auto", seed: int = 0, max_pixels: int = images.MAX_PIXELS,
    ) -> None:  # fmt: skip
        settings = settings or PolishSettings()
        given = {"masks": masks, "precision": precision, "seed": seed, "max_pixels": max_pixels}
        self.onepass = OnePassStylizer(styles, settings, **given)
        self.optimize = OptimizeStylizer(styles, settings.optimization, backbone=self.onepass.network.backbone, **given)
        super().__init__(styles, settings, **given)

    def use(self, styles: Sequence[np.ndarray], masks: Sequence[np.ndarray] = ()) -> None:
        super().use(styles, masks)
        self.onepass.use(styles, masks)
        self.optimize.use(styles, masks)

    def _stylize(self, content: np.ndarray, progress: Listener | None, cancel: threading.Event | None) -> np.ndarray:
        start = self.onepass(content, cancel=cancel)
        return self.optimize(content, progress, cancel, start=start)
