"""Stylization in one pass of a trained network (method onepass): any size, several paintings, masks, any strength."""

from __future__ import annotations

import functools
import threading
from typing import Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np

from mangastyle.engine import tf
from mangastyle.errors import Cancelled, check_calls
from mangastyle.io import images, registry
from mangastyle.ops import masks as masking
from mangastyle.ops import pixels
from mangastyle.ops.gaussian_ot import GaussianStatistics
from mangastyle.style import color, preprocess
from mangastyle.style.base import BaseStylizer, Listener, Progress
from mangastyle.style.onepass import network, tiles
from mangastyle.style.onepass.displacement import lay_out
from mangastyle.style.onepass.settings import CURE, OnePassSettings, OnePassSpec
from mangastyle.style.preprocess import to_batch


class StyleCache(NamedTuple):
    """What is kept of k paintings for contents of one size.

    Attributes
    ----------
    statistics : {layer: GaussianStatistics}
        With b = k.
    vector : tensor, shape (k, m)
        Their `network.style_vector`.
    residual : {layer: tensor (k, h', w', n)}
        Style residuals, in the shape of the content's features.
    strokes : sequence of {layer: tensor (1, h', w', n)}
        Style residuals of each painting, in its own shape.
    """

    statistics: Mapping[str, GaussianStatistics]
    vector: tf.Tensor
    residual: network.Features
    strokes: Sequence[network.Features]


class OnePassStylizer(BaseStylizer):
    """Map a content's features by optimal transport to the paintings' statistics, and decode them.

    The paintings' statistics are kept for further contents of the same size.

    Parameters
    ----------
    styles, masks, precision, seed, max_pixels
        See `BaseStylizer`. From the seed follows which parts of a painting give strokes to which places.
    settings : OnePassSettings, optional

    Attributes
    ----------
    network : network.Network

    Examples
    --------
    >>> contents, paintings = np.random.default_rng(0).integers(0, 256, (2, 2, 40, 48, 3), np.uint8)
    >>> stylizer = OnePassStylizer([paintings[0]], OnePassSettings(size=0, strength=0.8))
    >>> stylizer(contents[0]).shape
    (40, 48, 3)

    Frames of a video do not flicker if all are mapped alike:

    >>> fixed = stylizer.content_statistics(contents[0])
    >>> stylizer(contents[1], content_statistics=fixed).shape
    (40, 48, 3)
    """

    by = "one pass"
    at_once = True  # whether one decoder paints by all paintings together
    settings: OnePassSettings

    def __init__(
        self, styles: Sequence[np.ndarray], settings: OnePassSettings | None = None, *, masks: Sequence[np.ndarray] = (),
        precision: str = "auto", seed: int = 0, max_pixels: int = images.MAX_PIXELS,
    ) -> None:  # fmt: skip
        settings = settings or OnePassSettings()
        super().__init__(styles, settings, masks=masks, precision=precision, seed=seed, max_pixels=max_pixels)
        self.network = network.load(registry.find(settings.onepass_weights, CURE), self.policy)
        self._weights = np.array(list(self.shares.values()), np.float32)  # (k,)
        self._strength = tf.constant([settings.strength], tf.float32)
        self._kept: dict[tuple[int, int], StyleCache]  # by the content's size
        self._last_maps: tuple[Any, Any, Mapping[str, network.AffineMap]] | None = None  # of which statistics, and the maps

    def __call__(
        self, content: np.ndarray, progress: Listener | None = None, cancel: threading.Event | None = None, *,
        content_statistics: Mapping[str, GaussianStatistics] | None = None, style: StyleCache | None = None, at_once: int = tiles.AT_ONCE,
    ) -> np.ndarray:  # fmt: skip
        """Stylize one picture.

        Parameters
        ----------
        content, progress, cancel
            See `BaseStylizer`. A picture that is painted at once is one step of `Progress`. A large one has a step for each tile, to be
            measured, and then one for each to be painted.
        content_statistics : {layer: GaussianStatistics}, optional
            By `content_statistics` for another content, instead of this content's own.
        style : StyleCache, optional
            By `style_cache` for another content of this size, instead of the paintings' for this content.
        at_once : int
            Pixels that are painted at once; more are painted tile by tile, in less memory and more time.

        Returns
        -------
        ndarray of uint8, shape (h', w', 3)

        Raises
        ------
        MangastyleError, Cancelled
            See `BaseStylizer`; there is no picture before all is done.
        """
        check_calls(progress, cancel)
        content = self.check_content(content)
        preprocess.remark_on_size(content, self.settings)
        with preprocess.within_memory():
            style = style or self.style_cache(content)
            prepared = self._prepare(content, at_once)
            count = len(prepared.tiles)
            measured = count if content_statistics is None and count > 1 else 0  # steps

            def report(done: int) -> None:
                if progress:
                    progress(Progress(done, measured + count))

            source = content_statistics or self._content_statistics(prepared, cancel, report if measured else None)
            maps = self._maps(source, style.statistics)
            painted = self._paint(prepared, maps, style, cancel, lambda done: report(measured + done))
            height, width = self.size_of(content)
            result = pixels.to_uint8(painted[:height, :width])
            return color.keep_colors(result, pixels.resize(content, height, width)) if self.settings.keep_colors else result

    def _stylize(self, content: np.ndarray, progress: Listener | None, cancel: threading.Event | None) -> np.ndarray:
        return self(content, progress, cancel)

    def style_cache(self, content: np.ndarray, colors: np.ndarray | None = None, *, laid_out: bool = True) -> StyleCache:
        """Statistics and style residuals of the paintings, for contents of this size.

        Parameters
        ----------
        content : ndarray of uint8, shape (h, w, 3)
            Its size counts, and its colors with `match_colors` or `keep_colors`.
        colors : ndarray of uint8, shape (h', w', 3), optional
            Instead of the content, for its colors.
        laid_out : bool
            Whether the strokes are laid out over the content. Without, its residuals are empty: to be `displaced`.
        """
        height, width = self.size_of(self.check_content(content))
        styles = preprocess.recolored(self.styles, content if colors is None else colors, self.settings)
        if styles is not self.styles or not laid_out:
            return self._measure(styles, height, width, laid_out)
        with self._lock:
            if (height, width) not in self._kept:
                self._kept = {(height, width): self._measure(styles, height, width)}  # one size: a folder may hold many
            return self._kept[height, width]

    def displaced(self, style: StyleCache, displacement: np.ndarray) -> StyleCache:
        """The same with the strokes in other places: those of moving things move with them.

        Parameters
        ----------
        style : StyleCache
            By `style_cache`.
        displacement : ndarray of float32, shape (h', w', 2)
            As for `displacement.lay_out`, at the finest layer of the style residuals.
        """
        if not style.residual:
            return style
        laid = [lay_out(strokes, displacement, self._spec(i).residual_block, self.seed) for i, strokes in enumerate(style.strokes)]
        return style._replace(residual={name: tf.concat([one[name] for one in laid], 0) for name in style.residual})

    def content_statistics(self, content: np.ndarray, at_once: int = tiles.AT_ONCE) -> dict[str, GaussianStatistics]:
        """Statistics of a content's features by layer, everywhere or within each mask; to be passed to `__call__`."""
        return self._content_statistics(self._prepare(self.check_content(content), at_once))

    def _measure(self, styles: Sequence[np.ndarray], height: int, width: int, laid_out: bool = True) -> StyleCache:
        """The paintings' statistics and residuals beside a content of this size."""
        resized = [tiles.pad_to_multiple(preprocess.resize_style(style, height, width, self.settings)) for style in styles]
        features = [self.network.encode(to_batch(picture)) for picture in resized]
        each = [self.network.statistics(x) for x in features]
        statistics = {name: GaussianStatistics(*(tf.concat(parts, 0) for parts in zip(*(one[name] for one in each)))) for name in each[0]}
        padded = [side + -side % network.MULTIPLE for side in (height, width)]
        strokes = [network.style_residual(x, self._spec(i).windows) for i, x in enumerate(features)]
        if not laid_out:
            empty = {name: x[:, :0] for name, x in strokes[0].items()}
            return StyleCache(statistics, network.style_vector(statistics), empty, strokes)
        residuals = [network.lay_out(x, padded[0], padded[1], self._spec(i).residual_block, self.seed) for i, x in enumerate(strokes)]
        residual = {name: tf.concat([one[name] for one in residuals], 0) for name in residuals[0]}
        return StyleCache(statistics, network.style_vector(statistics), residual, strokes)

    def _maps(
        self, source: Mapping[str, GaussianStatistics], target: Mapping[str, GaussianStatistics]
    ) -> Mapping[str, network.AffineMap]:  # fmt: skip
        """The feature transforms by layer; those of the call before if both statistics are the same objects, as in a clip."""
        kept = self._last_maps
        if kept is None or kept[0] is not source or kept[1] is not target:
            self._last_maps = kept = source, target, self.network.transport_maps(source, target, self._strength)
        return kept[2]

    def _spec(self, i: int) -> OnePassSpec:
        """The specification of the decoder that paints by a painting."""
        return self.network.spec

    def _prepare(self, content: np.ndarray, at_once: int) -> _Prepared:
        """A content and the masks at the size that is painted."""
        height, width = self.size_of(content)
        picture = tiles.pad_to_multiple(pixels.resize(content, height, width))
        parts = list(tiles.tiles(len(picture), picture.shape[1], at_once))
        features = self.network.encode(to_batch(picture)) if len(parts) == 1 else None
        if not self.masks:
            return _Prepared(picture, None, {}, parts, features)
        masks = np.stack([tiles.pad_to_multiple(masking.fit(mask, height, width)) for mask in self.masks], -1)  # (h, w, k)
        reduced = {name: tiles.downsample_masks(masks, name) for name in network.LAYERS}  # (k, h', w', 1)
        return _Prepared(picture, masks, reduced, parts, features)

    def _features(self, prepared: _Prepared, tile: tiles.Tile) -> network.Features:
        """Features of a tile with its margin; those of many tiles would not be in memory at once, so they are not kept."""
        return prepared.features or self.network.encode(to_batch(prepared.picture[tile.outer]))

    def _content_statistics(
        self, prepared: _Prepared, cancel: threading.Event | None = None, report: Callable[[int], None] | None = None
    ) -> dict[str, GaussianStatistics]:
        """Statistics of the whole content, within each mask if there are masks, from those of its tiles."""
        parts, amounts = [], []
        for i, tile in enumerate(prepared.tiles):
            _stop_if(cancel)
            features = self._features(prepared, tile)
            inner = {name: x[tiles.at_layer(name, tile.within)] for name, x in features.items()}
            if prepared.masks is None:
                parts.append(self.network.statistics(inner))
                amounts.append([prepared.picture[tile.inner].size])
            else:
                within = {name: x[tiles.at_layer(name, tile.inner)] for name, x in prepared.layer_masks.items()}
                parts.append(self.network.statistics_within(inner, within))
                amounts.append(prepared.masks[tile.inner].sum((0, 1), np.float64))
            if report:
                report(i + 1)
        return tiles.merge_statistics(parts, np.array(amounts)) if len(parts) > 1 else parts[0]

    def _paint(
        self, prepared: _Prepared, maps: Mapping[str, network.AffineMap], style: StyleCache, cancel: threading.Event | None,
        report: Callable[[int], None],
    ) -> np.ndarray:  # fmt: skip
        """Paint tile by tile, each with the maps of the whole picture and its part of the residual: float32 (h, w, 3)."""
        painted = np.empty(prepared.picture.shape, np.float32)
        for i, tile in enumerate(prepared.tiles):
            _stop_if(cancel)
            part = style._replace(residual={name: x[tiles.at_layer(name, tile.outer)] for name, x in style.residual.items()})
            inner = prepared.picture[tile.inner]
            painted[tile.inner] = self._blend(
                inner, None if prepared.masks is None else prepared.masks[tile.inner],
                functools.partial(self._decoded, self._features(prepared, tile), maps, part, tile.within),
            )  # fmt: skip
            report(i + 1)
        return painted

    def _decoded(
        self, features: network.Features, maps: Mapping[str, network.AffineMap], style: StyleCache, within: tiles.Part, shares: np.ndarray
    ) -> np.ndarray:  # fmt: skip
        """A tile painted with `shares` (k,) of the paintings: float32 (h, w, 3)."""
        return self.network.paint(features, maps, self._strength, shares, style.vector, style.residual)[0].numpy()[within]

    def _blend(self, content: np.ndarray, masks: np.ndarray | None, decoded: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """A tile of a content (h, w, 3) by all paintings at once; with masks (h, w, k) by one after the other, where each counts."""
        if masks is None and self.at_once:
            return decoded(self._weights)
        shares = np.broadcast_to(self._weights, (1, 1, len(self._weights))) if masks is None else tiles.local_shares(masks, self._weights)
        painted = (1 - shares.sum(-1, keepdims=True)) * content  # it stays where all masks are dark
        for i in np.flatnonzero(shares.any((0, 1))):
            painted += shares[..., i, None] * decoded(np.eye(len(self._weights), dtype=np.float32)[i])
        return painted


class _Prepared(NamedTuple):
    """A content ready to paint: uint8 (h, w, 3), masks (h, w, k) or None and at each layer (k, h', w', 1), and its tiles.

    Its features are kept if there is but one tile.
    """

    picture: np.ndarray
    masks: np.ndarray | None
    layer_masks: dict[str, np.ndarray]
    tiles: list[tiles.Tile]
    features: network.Features | None


def _stop_if(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled
