"""Stylization in one pass of a decoder that was fitted to the painting (method learned)."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

import numpy as np

from mangastyle.engine import tf
from mangastyle.errors import MangastyleError
from mangastyle.io import images, weights
from mangastyle.ops.gaussian_ot import AffineMap
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.style.learned.settings import LearnedSettings
from mangastyle.style.onepass import network, tiles
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.style.onepass.stylizer import OnePassStylizer, StyleCache


class LearnedStylizer(OnePassStylizer):
    """As `OnePassStylizer`, by a decoder of its own for each painting; several paintings are painted one by one and blended.

    Parameters
    ----------
    styles, masks, precision, seed, max_pixels
        See `OnePassStylizer`.
    settings : LearnedSettings, optional

    Attributes
    ----------
    teacher : callable or None
        Learns a painting, uint8 (h, w, 3), that nobody has learned yet when it is first painted with, and returns its `Painter`, as
        `training.painter.learn` does.

    Raises
    ------
    MangastyleError
        As `OnePassStylizer`; for a file of painters that is missing or damaged; and, when it paints, for a painting that nobody has
        learned if there is no `teacher`.
    """

    by = "learned"
    at_once = False
    settings: LearnedSettings

    def __init__(
        self, styles: Sequence[np.ndarray], settings: LearnedSettings | None = None, *, masks: Sequence[np.ndarray] = (),
        precision: str = "auto", seed: int = 0, max_pixels: int = images.MAX_PIXELS,
    ) -> None:  # fmt: skip
        super().__init__(styles, settings or LearnedSettings(), masks=masks, precision=precision, seed=seed, max_pixels=max_pixels)
        self.teacher: Callable[[np.ndarray], Painter] | None = None
        self._hands: list[tuple[np.ndarray, Painter, Any]] = []  # paintings, their painters and compiled functions

    def _hand(self, i: int) -> tuple[Painter, Any]:
        """The painter of a painting, and its compiled function, see `network.painter`."""
        style = self.styles[i]
        with self._lock:
            self._hands = [hand for hand in self._hands if any(hand[0] is style for style in self.styles)]
            for painting, painter, function in self._hands:
                if painting is style:
                    return painter, function
            painter = painters.find(style, self.settings.painters)
            if painter is None:
                if self.teacher is None:
                    raise MangastyleError("`styles`: a painting has not been learned yet; learn it by mangastyle.learn or mangastyle learn")
                painter = self.teacher(style)
            decoder = network.decoder(painter.spec, self.policy)
            weights.assign(decoder, painter.arrays, self.settings.painters or painters.cached(painter.digest))
            decoder.trainable = False
            self._hands.append((style, painter, network.painter(decoder, painter.spec.residual_share)))
            return self._hands[-1][1:]

    def _spec(self, i: int) -> OnePassSpec:
        return self._hand(i)[0].spec if self._weights[i] else self.network.spec  # nobody paints by a painting of weight 0

    def _decoded(
        self, features: network.Features, maps: Mapping[str, AffineMap], style: StyleCache, within: tiles.Part, shares: np.ndarray
    ) -> np.ndarray:  # fmt: skip
        i = int(np.argmax(shares))  # one painting at a time
        own = slice(i, i + 1)
        one = {name: AffineMap(x.matrix[own], x.offset[own]) for name, x in maps.items()}
        residual = {name: x[own] for name, x in style.residual.items()}
        return self._hand(i)[1](features, one, self._strength, tf.ones(1), style.vector[own], residual)[0].numpy()[within]
