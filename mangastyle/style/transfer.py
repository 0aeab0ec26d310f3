"""Paint a picture in the style of a painting by optimisation on VGG-19 features, coarse to fine (paper, section 4.3)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable

import keras
import numpy as np

from mangastyle import images, precision
from mangastyle.config import StyleConfig, near
from mangastyle.errors import MangastyleError
from mangastyle.style import color, masks, optimizers, prepare, vgg
from mangastyle.style.objective import Objective, Targets, weights
from mangastyle.style.optimizers import Record, Result
from mangastyle.style.prepare import to_pixels

STARTS = ("content", "style", "noise")

Callback = Callable[[Record, int], None]  # the second argument is the short side of the scale in work


def stylize(
    content: np.ndarray, styles: list[np.ndarray], options: StyleConfig = StyleConfig(),
    backbone: keras.Model | None = None, callback: Callback | None = None,
) -> np.ndarray:  # fmt: skip
    """Paint `content` in the style of one painting, or of several.

    content : uint8 (h, w, 3). styles : uint8 (h, w, 3) each. Returns uint8, of short side `options.size`,
    or exactly as large as the content if that is 0. `backbone` is a `vgg.network` to use instead of the one
    that `options` names; `callback` gets a `Record` and the scale's short side an iteration. Ctrl-C returns the best
    picture so far. Raises `MangastyleError` for pictures smaller than 32 pixels, unknown layers, and losses that diverge.
    """
    return to_pixels(Painter(styles, options, backbone).paint(content, callback).picture)


def scales(height: int, width: int, options: StyleConfig) -> list[tuple[int, int, int]]:
    """(height, width, iterations) of each scale, coarse to fine; the last is the size itself, or larger by `oversample`.

    Half the side makes an iteration four times cheaper, and gets twice as many of them.
    """
    height, width = round(height * options.oversample), round(width * options.oversample)
    short = min(height, width)
    sides = [float(short)]
    while options.min_size and round(sides[-1] / options.scale_step) >= max(options.min_size, vgg.MIN_SIDE):
        sides.append(sides[-1] / options.scale_step)
    coarser = [(*images.fit_short_side(height, width, round(side)), round(options.iterations * short / side)) for side in sides[:0:-1]]
    return [*coarser, (height, width, options.iterations)]


def check(options: StyleConfig, paintings: int) -> None:
    """Raise `MangastyleError` for options at odds with each other or with the number of paintings; reads no file."""
    prepare.check(options, paintings)
    vgg.check_layers("--content-layers", options.content_layers)
    vgg.check_layers("--style-layers", options.style_layers)
    weights("--style-layer-weights", options.style_layer_weights, options.style_layers)
    if not (options.content_weight and options.strength < 1 or options.style_weight and options.strength > 0):
        raise MangastyleError(
            f"--content-weight {options.content_weight:g} and --style-weight {options.style_weight:g} leave nothing to paint by "
            f"at --strength {options.strength:g}; make one of them more than 0"
        )
    if options.init not in STARTS and not Path(options.init).exists():
        raise MangastyleError(f"{options.init}: no such file{near(options.init, STARTS)}; --init takes content, style, noise or a file")


class Painter:
    """Paintings made ready to paint in: graph and style targets are kept for further pictures of the same size."""

    def __init__(self, styles: list[np.ndarray], options: StyleConfig, backbone: keras.Model | None = None) -> None:
        check(options, len(styles))
        self.masks = prepare.open_masks(styles, options)
        self.start = None if options.init in STARTS else images.load(options.init, int(options.max_megapixels * 1e6)).rgb
        if backbone is None:
            policy = precision.resolve(options.precision)
            backbone = vgg.backbone(options.backbone, options.allow_download, options.pooling, policy, options.winograd)
        self.styles, self.options, self.backbone = styles, options, backbone
        self.objective = Objective(backbone, options, len(styles))
        self.style_targets: dict[tuple[int, int], list] = {}  # by the size of the content

    @prepare.within_memory()
    def paint(self, content: np.ndarray, callback: Callback | None = None) -> Result:
        """Paint one picture, uint8 (h, w, 3). The result's loss and reason are those of the last scale."""
        options = self.options
        began = time.monotonic()
        prepare.check_content(content, options, self.masks)
        height, width = prepare.size_of(content, options)
        steps = scales(height, width, options)
        styles = prepare.recolored(self.styles, content, options)
        picture, iterations, evaluations = self._start(content, *steps[0][:2]), 0, 0
        last: Record | None = None

        def report(record: Record) -> None:
            nonlocal last
            last = record._replace(
                iteration=iterations + record.iteration, evaluations=evaluations + record.evaluations, seconds=time.monotonic() - began
            )
            if callback:
                callback(last, min(picture.shape[:2]))

        for h, w, count in steps:
            picture = images.resize(picture, h, w)
            targets = Targets(
                self.objective.content_targets(images.resize(content, h, w)),
                self._targets(styles, h, w, steps),
                [self.objective.mask_targets(masks.fit(mask, h, w)) for mask in self.masks],
            )
            search = {"adam": self._adam, "lbfgs": optimizers.lbfgs}[options.optimizer]
            result = search(lambda x: self.objective(x, targets), picture, count, report)
            picture = result.picture
            if last:
                iterations, evaluations = last.iteration, last.evaluations
            if result.interrupted:
                break
        picture = np.clip(images.resize(picture, height, width), *optimizers.PIXELS)
        if options.keep_colors:
            picture = color.keep_colors(to_pixels(picture), images.resize(content, height, width)).astype(np.float32)
        return result._replace(picture=picture)

    def _adam(self, objective: optimizers.Objective, start: np.ndarray, iterations: int, callback: Callable) -> Result:
        options = self.options
        return optimizers.adam(objective, start, iterations, callback, learning_rate=options.learning_rate, averaging=options.averaging)

    def _targets(self, styles: list[np.ndarray], height: int, width: int, steps: list[tuple[int, int, int]]) -> list:
        """Style targets at one scale, kept for the next picture where they do not depend on this one's colours."""
        kept = self.style_targets
        for size in set(kept) - {step[:2] for step in steps}:  # a folder may hold pictures of many sizes
            del kept[size]
        if styles is not self.styles or (height, width) not in kept:
            kept[height, width] = [self.objective.style_targets(prepare.shown(style, height, width, self.options)) for style in styles]
        return kept[height, width]

    def _start(self, content: np.ndarray, height: int, width: int) -> np.ndarray:
        """Where the search begins (Fig. 11): float32 (h, w, 3) in 0..255."""
        if self.options.init == "noise":
            return np.random.default_rng(self.options.seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
        chosen = {"content": content, "style": self.styles[0]}.get(self.options.init, self.start)
        return images.resize(chosen, height, width).astype(np.float32)
