"""The networks of the service: loaded once; of stylizers and paintings the last few are kept."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Callable, Hashable, Mapping, Sequence

import numpy as np

from mangastyle.app.models import KEPT_PIXELS, WARM, Models

if TYPE_CHECKING:
    from mangastyle.pipeline import Hints, Pipeline
    from mangastyle.style.stylize import Stylizer


class Networks(Models):
    """All that needs a network. Calls come from one thread.

    Parameters
    ----------
    precision : str
        As for `mangastyle.Shader`.
    max_pixels : int
        The most that a result may have.
    """

    def __init__(self, precision: str = "auto", max_pixels: int = 100_000_000) -> None:
        super().__init__(precision=precision)
        self.max_pixels = max_pixels
        self._pipeline: Any = None

    def _load(self) -> None:
        from mangastyle.pipeline import Pipeline

        self._pipeline = Pipeline(weights=self.weights, method="onepass", precision=self.precision)
        self._shader = self._pipeline.shader

    def _warm(self) -> None:
        super()._warm()
        self._pipeline(np.full((WARM, WARM, 3), 200, np.uint8))

    @property
    def own_painting(self) -> np.ndarray:
        """The painting of requests that bring none, uint8 (h, w, 3)."""
        return self._pipeline.styles[0]

    def stylizer(
        self, shape: tuple[int, int], key: Hashable, paintings: Callable[[], list[np.ndarray]], method: str, seed: int,
        settings: Mapping[str, Any],
    ) -> Stylizer:  # fmt: skip
        """A stylizer for paintings; it is the one of an earlier request with these settings, if that is kept: its graph is compiled.

        Parameters
        ----------
        shape : (height, width)
            Of the picture that it will paint.
        key : hashable
            Names the paintings.
        paintings : callable
            Decodes them, if they are not kept.
        method : str
        seed : int
        settings : mapping
            Of the method.

        Returns
        -------
        Stylizer
            Good until the next call.
        """
        from mangastyle.style.stylize import Stylizer

        pictures = self._pictures(key, paintings)
        known = ("stylizer", len(pictures), method, seed, *sorted(settings.items()))

        def make() -> Stylizer:
            given = {"precision": self.precision, "max_pixels": self.max_pixels, **settings}
            return Stylizer(pictures, method=method, seed=seed, **given)

        stylizer = self._keep(known, make)
        stylizer.implementation.use(pictures)
        height, width = stylizer.implementation.size_of(np.broadcast_to(np.uint8(0), (*shape, 3)))
        if height * width > KEPT_PIXELS:
            del self._kept[known]
        return stylizer

    def pipeline(self, stylizer: Stylizer, styles: Sequence[np.ndarray], hint: Hints, size: int, seed: int) -> Pipeline:
        """The pipeline, for one picture.

        Parameters
        ----------
        stylizer, styles, hint, size, seed
            As for `mangastyle.Pipeline`.

        Returns
        -------
        Pipeline
        """
        pipeline = copy.copy(self._pipeline)
        pipeline.stylizer, pipeline.by, pipeline.styles = stylizer, stylizer.by, list(styles)
        pipeline.hint, pipeline.size, pipeline.seed = hint, size, seed
        return pipeline

    def _pictures(self, key: Hashable, paintings: Callable[[], list[np.ndarray]]) -> list[np.ndarray]:
        """Paintings, kept if they are not large: what stylizers measure of the same arrays is not measured again."""
        known = ("paintings", key)
        pictures = self._keep(known, paintings)
        if sum(picture.shape[0] * picture.shape[1] for picture in pictures) > KEPT_PIXELS:
            del self._kept[known]
        return pictures
