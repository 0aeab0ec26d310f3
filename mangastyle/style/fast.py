"""Use the one-pass painter: any size in, exactly that size out, several paintings, masks, any strength."""

from __future__ import annotations

import dataclasses
from typing import Iterator, NamedTuple

import numpy as np
import tensorflow as tf

from mangastyle import images, precision, weights
from mangastyle.config import StyleConfig
from mangastyle.errors import MangastyleError
from mangastyle.style import color, masks, onepass, prepare
from mangastyle.style.objective import batch
from mangastyle.style.transport import Statistics

# What can be said beside --fast; all else steers the optimisation.
OPTIONS = {
    "preset", "seed", "force", "inputs", "style", "style_weights", "mask", "out", "strength", "size", "style_scale", "style_size",
    "keep_colors", "match_colors", "fast", "fast_weights", "precision", "max_megapixels",
}  # fmt: skip
CURE = "give --fast-weights a file that 'mangastyle teach' wrote, such as RUN/last.h5"
AT_ONCE = 1536**2  # pixels: larger pictures are painted tile by tile
TILE = 1024  # pixels, the side of a tile
MARGIN = 96  # pixels seen around a tile: more than encoder and decoder reach, so that tiles leave no seams


def fast_stylize(content: np.ndarray, styles: list[np.ndarray], options: StyleConfig = StyleConfig()) -> np.ndarray:
    """Paint `content` in the style of one painting, or of several, in one pass.

    content : uint8 (h, w, 3). styles : uint8 (h, w, 3) each. `options.fast_weights` names the file of the decoder, by default the one that ships. Returns uint8,
    of short side `options.size`, or exactly as large as the content if that is 0. Raises `MangastyleError` for pictures
    smaller than 32 pixels, a damaged weights file, and options that only the optimisation (`transfer.stylize`) has.
    """
    return FastPainter(styles, options).paint(content)


def check(options: StyleConfig, paintings: int) -> None:
    """Raise `MangastyleError` for options at odds with the number of paintings, or with one pass; reads no file."""
    prepare.check(options, paintings)
    for name, usual in dataclasses.asdict(StyleConfig()).items():
        if name not in OPTIONS and getattr(options, name) != usual:
            flag = name.replace("_", "-")
            raise MangastyleError(f"--{flag}: --fast paints in one pass, without the optimisation that --{flag} is for; leave one of them out")


class FastPainter:
    """Paintings made ready to paint in: their statistics are kept for further pictures of the same size."""

    def __init__(self, styles: list[np.ndarray], options: StyleConfig) -> None:
        check(options, len(styles))
        self.styles, self.options = styles, options
        self.masks = prepare.open_masks(styles, options)
        self.weights = np.float32(prepare.shares(options, len(styles)))  # (k,)
        self.strength = tf.constant([options.strength], tf.float32)
        path = weights.find(options.fast_weights, weights.ONEPASS, CURE)
        self.network = onepass.network(path, path.stat().st_mtime, precision.resolve(options.precision))
        self._known: dict[tuple[int, int], Known] = {}  # of the paintings, by the size of the content

    @prepare.within_memory()
    def paint(self, content: np.ndarray) -> np.ndarray:
        """Paint one picture: uint8 (h, w, 3) to uint8 (h', w', 3), see `prepare.size_of`."""
        options = self.options
        prepare.check_content(content, options, self.masks)
        height, width = prepare.size_of(content, options)
        known = self._known_of(prepare.recolored(self.styles, content, options), height, width)
        content = images.resize(content, height, width)
        where = np.stack([_even(masks.fit(mask, height, width)) for mask in self.masks], -1) if self.masks else None
        painted = prepare.to_pixels(self._tiled(_even(content), where, known)[:height, :width])
        return color.keep_colors(painted, content) if options.keep_colors else painted

    def _known_of(self, styles: list[np.ndarray], height: int, width: int) -> Known:
        """Of paintings as they are shown beside a content of this size."""
        if styles is not self.styles or (height, width) not in self._known:
            shown = [_even(prepare.shown(style, height, width, self.options)) for style in styles]
            features = [self.network.encode(batch(picture)) for picture in shown]
            found = [self.network.statistics(of) for of in features]
            wanted = {name: Statistics(*(tf.concat(parts, 0) for parts in zip(*(of[name] for of in found)))) for name in found[0]}
            even = [side + -side % onepass.MULTIPLE for side in (height, width)]
            grains = [onepass.laid_out(self.network.grain(of), *even) for of in features]
            grain = {name: tf.concat([of[name] for of in grains], 0) for name in onepass.GRAINY}
            self._known = {(height, width): Known(wanted, grain)}
        return self._known[height, width]

    def _tiled(self, content: np.ndarray, where: np.ndarray | None, known: Known) -> np.ndarray:
        """A content, uint8 (h, w, 3), painted tile by tile, everywhere or where masks (h, w, k) say: float32 (h, w, 3).

        Every tile is moved by the statistics of the whole picture, and has its part of the whole picture's grain.
        """
        tiles = list(_tiles(*content.shape[:2]))
        regions = {} if where is None else {name: _reduce(where, name) for name in onepass.LAYERS}  # (k, h', w', 1)
        parts, amounts = [], []
        for tile in tiles:
            features = self.network.encode(batch(content[tile.seen]))
            inner = {name: x[_at(name, tile.within)] for name, x in features.items()}
            if where is None:
                parts.append(self.network.statistics(inner))
                amounts.append([content[tile.painted].size])
            else:
                parts.append(self.network.statistics_within(inner, {name: x[_at(name, tile.painted)] for name, x in regions.items()}))
                amounts.append(where[tile.painted].sum((0, 1), np.float64))
        found = _merge(parts, np.array(amounts)) if len(tiles) > 1 else parts[0]
        maps = self.network.maps(found, known.wanted, self.strength)

        painted = np.empty(content.shape, np.float32)
        for tile in tiles:
            if len(tiles) > 1:  # the features of all tiles would not be in memory at once
                features = self.network.encode(batch(content[tile.seen]))
            shares = {name: _shares(x[_at(name, tile.seen)], self.weights) for name, x in regions.items()} or self.weights
            grain = {name: x[_at(name, tile.seen)] for name, x in known.grain.items()}
            painted[tile.painted] = self.network.paint(features, maps, self.strength, shares, grain)[0].numpy()[tile.within]
        return painted


class Known(NamedTuple):
    """What is kept of k paintings: statistics of each layer, mean (k, n) and covariance (k, n, n), and grain (k, h', w', n)."""

    wanted: dict[str, Statistics]
    grain: onepass.Features


class Tile(NamedTuple):
    """A part of a picture, (rows, columns) of it: what is painted, and what is seen of it and around it. Multiples of `MULTIPLE`."""

    painted: tuple[slice, slice]
    seen: tuple[slice, slice]

    @property
    def within(self) -> tuple[slice, slice]:
        """What is painted, as a part of what is seen."""
        return tuple(slice(p.start - s.start, p.stop - s.start) for p, s in zip(self.painted, self.seen))


def _at(layer: str, part: tuple[slice, slice]) -> tuple[slice, ...]:
    """A part of a picture, as a part of maps (k, h', w', n) in a layer."""
    reduction = onepass.reduction(layer)
    return slice(None), *(slice(side.start // reduction, side.stop // reduction) for side in part)


def _tiles(height: int, width: int) -> Iterator[Tile]:
    """One tile for a picture that can be painted at once, else tiles of side `TILE`."""
    side = TILE if height * width > AT_ONCE else max(height, width)
    for top in range(0, height, side):
        for left in range(0, width, side):
            bounds = (top, height), (left, width)
            painted = tuple(slice(start, min(start + side, end)) for start, end in bounds)
            yield Tile(painted, tuple(slice(max(0, p.start - MARGIN), min(p.stop + MARGIN, end)) for p, (_, end) in zip(painted, bounds)))


def _merge(parts: list[dict[str, Statistics]], amounts: np.ndarray) -> dict[str, Statistics]:
    """The statistics of a whole from those of its parts, each counting by its amounts, (parts, k) or (parts, 1)."""
    shares = amounts / amounts.sum(0)
    merged = {}
    for name in parts[0]:
        means, covariances = (np.stack([np.float64(part[name][i]) for part in parts]) for i in (0, 1))  # (parts, k, n), (parts, k, n, n)
        mean = np.einsum("pk,pkn->kn", shares, means)
        apart = means - mean
        covariance = np.einsum("pk,pknm->knm", shares, covariances + apart[..., :, None] * apart[..., None, :])
        merged[name] = Statistics(tf.constant(mean, tf.float32), tf.constant(covariance, tf.float32))
    return merged


def _even(picture: np.ndarray) -> np.ndarray:
    """A picture (h, w) or (h, w, 3), mirrored at the right and lower edges to sides that are multiples of `MULTIPLE`."""
    height, width = picture.shape[:2]
    edges = (0, -height % onepass.MULTIPLE), (0, -width % onepass.MULTIPLE), (0, 0)
    return np.pad(picture, edges[: picture.ndim], mode="reflect")


def _reduce(where: np.ndarray, layer: str) -> np.ndarray:
    """Masks (h, w, k) at the size of a layer, by area averaging: float32 (k, h', w', 1)."""
    height, width, count = where.shape
    reduction = onepass.reduction(layer)
    means = where.reshape(height // reduction, reduction, width // reduction, reduction, count).mean((1, 3))
    return means.transpose(2, 0, 1)[..., None]


def _shares(regions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """How much of each place is each painting's, (k, h', w', 1): where masks meet, by weight; where they are dark, little."""
    weighted = weights[:, None, None, None] * regions
    whole = weighted.sum(0)
    return weighted / np.maximum(whole, 1e-9) * np.minimum(regions.sum(0), 1)
