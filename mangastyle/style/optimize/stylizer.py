"""Stylization by optimization on VGG-19 features, coarse to fine (method optimize; paper, section 4.3)."""

from __future__ import annotations

import threading
import time
from typing import Any, Callable, Sequence

import numpy as np

from mangastyle.engine import keras
from mangastyle.errors import Cancelled, check_calls
from mangastyle.io import images
from mangastyle.ops import masks as masking
from mangastyle.ops import pixels
from mangastyle.style import color, preprocess
from mangastyle.style.base import BaseStylizer, Listener
from mangastyle.style.optimize import optimizers
from mangastyle.style.optimize.objective import Objective, References
from mangastyle.style.optimize.optimizers import Result
from mangastyle.style.optimize.records import Record
from mangastyle.style.optimize.settings import OptimizeSettings
from mangastyle.style.optimize.terms import Previous
from mangastyle.vgg.backbone import backbone as load_backbone
from mangastyle.vgg.spec import MIN_SIDE

__all__ = ["OptimizeStylizer", "Record", "Result", "scales"]

Scale = tuple[int, int, int]  # height, width, iterations
TEMPORAL = 1000.0  # weight of the temporal term: five times as much, beside the content, as Ruder et al. 2016 have it
StyleStatistics = dict[tuple[int, int], list[dict[str, Any]]]  # by the size of the scale, for each painting, by layer


class OptimizeStylizer(BaseStylizer):
    """Search for the picture with the content's features and the paintings' style statistics (Gatys et al. 2016).

    Graph and style statistics are kept for further contents of the same size.

    Parameters
    ----------
    styles, masks, precision, seed, max_pixels
        See `BaseStylizer`.
    settings : OptimizeSettings, optional
    init : ndarray of uint8, shape (h, w, 3), optional
        A picture to start from, instead of `settings.init`.
    backbone : keras.Model or str
        A `vgg.network`, or its name for `vgg.backbone`.

    Attributes
    ----------
    objective : Objective
    backbone : keras.Model

    Examples
    --------
    >>> content, painting = np.random.default_rng(0).integers(0, 256, (2, 32, 40, 3), np.uint8)
    >>> stylizer = OptimizeStylizer([painting], OptimizeSettings(size=0, iterations=2), backbone="slim")
    >>> found = []
    >>> stylizer(content, progress=found.append).shape
    (32, 40, 3)
    >>> [(record.iteration, record.iterations) for record in found]
    [(0, 2), (1, 2), (2, 2)]
    """

    settings: OptimizeSettings

    def __init__(
        self, styles: Sequence[np.ndarray], settings: OptimizeSettings | None = None, *, masks: Sequence[np.ndarray] = (),
        init: np.ndarray | None = None, backbone: keras.Model | str = "auto", precision: str = "auto", seed: int = 0,
        max_pixels: int = images.MAX_PIXELS,
    ) -> None:  # fmt: skip
        settings = settings or OptimizeSettings()
        super().__init__(styles, settings, masks=masks, precision=precision, seed=seed, max_pixels=max_pixels)
        self.init = None if init is None else images.check_picture(init, "init")
        loaded: Any = backbone
        if isinstance(backbone, str):
            loaded = load_backbone(backbone, pooling=settings.pooling, policy=self.policy)
        self.backbone = loaded
        self.by = "" if loaded.name == "full" else f"{loaded.name} VGG-19"
        self.objective = Objective(loaded, settings, len(styles))
        self._following: Objective | None = None  # with a temporal term
        self._kept: StyleStatistics

    def __call__(
        self, content: np.ndarray, progress: Listener | None = None, cancel: threading.Event | None = None, *,
        style_statistics: StyleStatistics | None = None, start: np.ndarray | None = None, previous: Previous | None = None,
    ) -> np.ndarray:  # fmt: skip
        """Stylize one picture, see `BaseStylizer`, with the further arguments of `search`."""
        check_calls(progress, cancel)
        result = self.search(content, progress, cancel, style_statistics, start, previous)
        if not result.interrupted:
            return pixels.to_uint8(result.picture)
        if result.reason == optimizers.INTERRUPTED:
            raise KeyboardInterrupt
        raise Cancelled(result=pixels.to_uint8(result.picture) if np.isfinite(result.total) else None)

    def _stylize(self, content: np.ndarray, progress: Listener | None, cancel: threading.Event | None) -> np.ndarray:
        return self(content, progress, cancel)

    @preprocess.within_memory()
    def search(
        self, content: np.ndarray, progress: Listener | None = None, cancel: threading.Event | None = None,
        style_statistics: StyleStatistics | None = None, start: np.ndarray | None = None, previous: Previous | None = None,
    ) -> Result:  # fmt: skip
        """Stylize one picture, and return how the search ended as well; Ctrl-C and `cancel` end it with the best picture so far.

        Parameters
        ----------
        content : ndarray of uint8, shape (h, w, 3)
        progress : callable, optional
            Gets a `Record` after each iteration.
        cancel : threading.Event, optional
            Set it, from any thread, to stop.
        style_statistics : {(h, w): [{layer: statistics}]}, optional
            By `style_statistics` for another content of this size, instead of the paintings' own for this content.
        start : ndarray of uint8, shape (h, w, 3), optional
            A picture to start from, instead of `init` or `settings.init`.
        previous : Previous, optional
            The warped result for the frame before, of the result's size: the search stays near it, and is at the final scale alone.

        Returns
        -------
        Result
            Its picture is float32 in 0..255, of the size that `__call__` returns; total loss and reason are those of the last scale.

        Raises
        ------
        MangastyleError
            As from `__call__`, and for losses that diverge.
        """
        settings, began = self.settings, time.monotonic()
        content = self.check_content(content)
        preprocess.remark_on_size(content, settings)
        height, width = self.size_of(content)
        steps = scales(height, width, settings)[-1 if previous else 0 :]
        whole = sum(count for *_, count in steps)
        styles = preprocess.recolored(self.styles, content, settings)
        picture, iterations, evaluations = self._start(content, start, *steps[0][:2]), 0, 0
        objective = self._follow() if previous else self.objective
        last: optimizers.Step | None = None

        def report(step: optimizers.Step) -> None:
            nonlocal last
            last = step._replace(iteration=iterations + step.iteration, evaluations=evaluations + step.evaluations)
            if progress:
                losses = dict(zip(objective.names, step.losses, strict=True))
                side = min(picture.shape[:2])
                progress(Record(last.iteration, whole, last.evaluations, time.monotonic() - began, side, losses, step.picture))

        for h, w, count in steps:
            picture = pixels.resize(picture, h, w)
            statistics = style_statistics[h, w] if style_statistics else self._statistics(styles, h, w, steps)
            masks = [masking.fit(mask, h, w) for mask in self.masks]
            before = previous and Previous(pixels.resize(previous.picture, h, w), masking.fit(previous.weight, h, w))
            references = References(pixels.resize(content, h, w), statistics, masks, before)
            result = self._optimize(objective, objective.targets(references), picture, count, report, cancel)
            picture = result.picture
            if last:
                iterations, evaluations = last.iteration, last.evaluations
            if result.interrupted:
                break
        picture = np.clip(pixels.resize(picture, height, width), *optimizers.PIXELS)
        if settings.keep_colors:
            picture = color.keep_colors(pixels.to_uint8(picture), pixels.resize(content, height, width)).astype(np.float32)
        return result._replace(picture=picture)

    def iterations(self, content: np.ndarray) -> int:
        """How many iterations the search for a content takes, over all scales."""
        return sum(count for *_, count in scales(*self.size_of(self.check_content(content)), self.settings))

    def style_statistics(self, content: np.ndarray, colors: np.ndarray | None = None) -> StyleStatistics:
        """The statistics of the paintings at each scale of a content, in the colors that they get from it.

        Parameters
        ----------
        content : ndarray of uint8, shape (h, w, 3)
        colors : ndarray of uint8, shape (h', w', 3), optional
            Instead of the content, for its colors.

        Returns
        -------
        {(h, w): [{layer: statistics}]}
            To be passed to `search` for other contents of this size.
        """
        steps = scales(*self.size_of(self.check_content(content)), self.settings)
        styles = preprocess.recolored(self.styles, content if colors is None else colors, self.settings)
        return {(h, w): self._statistics(styles, h, w, steps) for h, w, _ in steps}

    def _follow(self) -> Objective:
        """The objective with the temporal term."""
        with self._lock:
            if self._following is None:
                self._following = Objective(self.backbone, self.settings, len(self.styles), TEMPORAL)
            return self._following

    def _optimize(
        self, of: Objective, targets: dict[str, Any], start: np.ndarray, iterations: int, report: Callable,
        cancel: threading.Event | None,
    ) -> Result:  # fmt: skip
        """Search at one scale."""
        settings = self.settings

        def objective(picture: Any) -> tuple[Any, Any]:
            return of(picture, targets)

        if settings.optimizer == "adam":
            return optimizers.adam(
                objective, start, iterations, report, cancel, learning_rate=settings.learning_rate, averaging=settings.averaging
            )
        preconditioner = optimizers.cosine_preconditioner if settings.precondition else optimizers.identity_preconditioner
        return optimizers.lbfgs(objective, start, iterations, report, cancel, preconditioner=preconditioner)

    def _statistics(self, styles: Sequence[np.ndarray], height: int, width: int, steps: list[Scale]) -> list[dict[str, Any]]:
        """Style statistics at one scale, kept for the next content where they do not depend on this one's colors."""

        def measure() -> list[dict[str, Any]]:
            return [self.objective.style_statistics(preprocess.resize_style(style, height, width, self.settings)) for style in styles]

        if styles is not self.styles:
            return measure()
        with self._lock:
            for size in set(self._kept) - {step[:2] for step in steps}:  # a folder may hold pictures of many sizes
                del self._kept[size]
            if (height, width) not in self._kept:
                self._kept[height, width] = measure()
            return self._kept[height, width]

    def _start(self, content: np.ndarray, given: np.ndarray | None, height: int, width: int) -> np.ndarray:
        """Where the search begins (Fig. 11): float32 (h, w, 3) in 0..255."""
        chosen = self.init if given is None else given
        if chosen is None and self.settings.init == "noise":
            return np.random.default_rng(self.seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
        if chosen is None:
            chosen = content if self.settings.init == "content" else self.styles[0]
        return pixels.resize(chosen, height, width).astype(np.float32)


def scales(height: int, width: int, settings: OptimizeSettings) -> list[Scale]:
    """The scales of the search, coarse to fine.

    Half the side makes an iteration four times cheaper, and gets twice as many of them.

    Parameters
    ----------
    height, width : int
        Of the result.
    settings : OptimizeSettings

    Returns
    -------
    list of (height, width, iterations)
        The last is the result's size, or larger by `settings.oversample`.

    Examples
    --------
    >>> scales(512, 768, OptimizeSettings())
    [(128, 192, 100), (256, 384, 50), (512, 768, 25)]
    >>> scales(512, 768, OptimizeSettings(num_scales=2))
    [(256, 384, 50), (512, 768, 25)]
    """
    height, width = round(height * settings.oversample), round(width * settings.oversample)
    short = min(height, width)
    sides = [float(short)]
    while settings.min_size and round(sides[-1] / settings.scale_step) >= max(settings.min_size, MIN_SIDE):
        if len(sides) == settings.num_scales:
            break
        sides.append(sides[-1] / settings.scale_step)
    coarser = [(*pixels.fit_short_side(height, width, round(side)), round(settings.iterations * short / side)) for side in sides[:0:-1]]
    return [*coarser, (height, width, settings.iterations)]
