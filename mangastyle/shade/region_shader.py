"""Coloring by regions, at the picture's own size: what `Shader` runs and an exported model holds.

A color picture becomes line art. The line art is divided into regions, each gets one color, from the hint or from a network; a second
network shades them; and the art is drawn over all.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Callable

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.errors import MangastyleError, check_choice
from mangastyle.io import weights as weights_files
from mangastyle.io.images import check_picture
from mangastyle.kernels import precision as precisions
from mangastyle.lineart import clean_graph, regions_graph
from mangastyle.lineart.clean import art_of
from mangastyle.lineart.detect import has_colors, is_line_art
from mangastyle.lineart.regions import RegionMap, find_regions
from mangastyle.ops import pixels, resample
from mangastyle.ops.color import rgb_to_gray, rgb_to_lab
from mangastyle.ops.lab import lab_to_rgb
from mangastyle.ops.layers import Layers, composite, draw_lines, ink_levels
from mangastyle.ops.threshold import grayscale
from mangastyle.shade import references, region_network
from mangastyle.shade.base import NO_HINT, Progress, Shader, Work
from mangastyle.shade.files import find_regions_network
from mangastyle.shade.hints import Hint, HintSource, Palette
from mangastyle.shade.references import Reference
from mangastyle.shade.region_colors import MAX_REGIONS, RegionColorizer, Seen
from mangastyle.shade.region_hints import read_hint
from mangastyle.shade.region_tensors import Regions
from mangastyle.shade.regions import ink_of
from mangastyle.shade.shading import Shading
from mangastyle.shade.spec import ShadeSettings

PICTURE, MASK = tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((None, None), tf.float32)
REGIONS = Regions(
    *(tf.TensorSpec(shape, dtype) for shape, dtype in (((None, None), tf.int32), ((None,), tf.float32), ((None, 2), tf.float32)))
)
VARIANT = tf.TensorSpec((), tf.int32)
STEPS = 4  # line art, regions, colors, shading
LEAST_LIKELY = 1e-4  # likelihood that every color of a palette has
LAYOUT_SIDE = 256  # short side, in pixels, of the hints that are made of a picture


class RegionShader(Shader, kind="regions"):
    """Colors line art by regions.

    Parameters
    ----------
    weights, precision
        As for `Shader`.
    shading_weights : str or Path
        The network that shades flat colors: a file from `mangastyle train-shading`, or "shading", which ships.

    Attributes
    ----------
    network : RegionNetwork
    spec : RegionSpec
        Its specification.
    """

    sketch_kind = "clean"

    def __init__(self, weights: str | Path = "regions", *, precision: str = "auto", shading_weights: str | Path = "shading") -> None:
        path, self.spec = find_regions_network(weights)
        self.network = region_network.build(self.spec, precisions.resolve(precision))
        weights_files.fill(self.network.model, path, "regions")
        self.network.model.trainable = False
        self.shading = Shading(shading_weights, precision=precision)
        self._colorizer = RegionColorizer(self.network, self.spec)
        self._lock = threading.Lock()
        reference = Reference(*(tf.TensorSpec(shape) for shape in references.shapes(self.spec)))
        given, borders = [PICTURE, REGIONS, PICTURE, MASK], tf.TensorSpec((1, None, None))
        seen = Seen(tf.TensorSpec((1, None, self.spec.features)), borders, tf.TensorSpec((1, None)), tf.TensorSpec((1, None, 2)))
        all_given = [*given, VARIANT, reference]
        self._colors = tf.function(self._region_colors, input_signature=all_given, autograph=False)
        self._colors_of_seen = tf.function(self._region_colors, input_signature=[*all_given, seen], autograph=False)
        self._see = tf.function(self._colorizer.see, input_signature=[PICTURE, REGIONS], autograph=False)
        colors = tf.TensorSpec((None, 3))
        self._likelihoods = tf.function(self._colorizer.likelihoods, input_signature=[PICTURE, REGIONS, colors], autograph=False)
        self._reference = tf.function(self._as_reference, input_signature=given, autograph=False)

    def layers(
        self, picture: np.ndarray, hint: Hint | HintSource | None = None, *, reference: Reference | None = None,
        line_art: bool | None = None, progress: Callable[[Progress], object] | None = None, cancel: threading.Event | None = None,
        **settings: Any,
    ) -> Layers:  # fmt: skip
        return self._layers(self._work(picture, hint, reference, line_art, progress, cancel, settings))

    def reference(self, *pictures: np.ndarray) -> Reference:
        return references.together(references.nothing(self.spec), *(self._read_reference(picture) for picture in pictures))

    def _read_reference(self, picture: np.ndarray) -> Reference:
        """The regions of one colored picture."""
        picture = check_picture(picture, "reference")
        if not has_colors(picture):
            raise MangastyleError("`reference`: is gray, so there are no colors to take from it")
        art = art_of(picture, line_art=False)
        with self._lock:
            read = self._reference.get_concrete_function()
        found = read(tf.constant(art), *_as_tensors(find_regions(art)), tf.constant(picture), tf.ones(picture.shape[:2]))
        return Reference(*(x.numpy() for x in found))

    def layout_size(self, picture: np.ndarray, work_size: int = 0) -> tuple[int, int]:
        height, width = picture.shape[:2]
        return pixels.fit_short_side(height, width, min(work_size or LAYOUT_SIDE, height, width))

    def palette_hint(self, picture: np.ndarray, palette: Palette, work_size: int = 0, line_art: bool | None = None) -> Hint:
        picture = pixels.to_rgb(check_picture(picture, "picture", gray=True))
        check_choice("line_art", line_art)
        import ot  # here, because it loads every framework that it finds

        art = art_of(picture, is_line_art(picture) if line_art is None else line_art)
        regions = find_regions(art)
        with self._lock:
            measure = self._likelihoods.get_concrete_function()
        colors = tf.constant(rgb_to_lab(palette.colors[None])[0], tf.float32)
        likely = measure(tf.constant(art), *_as_tensors(regions), colors).numpy().astype(np.float64)  # (n, p)
        # The palette's amounts, each where it is likeliest.
        plan = ot.emd(regions.areas / regions.areas.sum(), palette.shares, -np.log(likely + LEAST_LIKELY))
        return Hint(pixels.to_uint8(palette.colors)[plan.argmax(1)][regions.labels])

    def flat_colors(
        self, line_art: np.ndarray, regions: RegionMap, hint: Hint = NO_HINT, variant: int = 0, reference: Reference | None = None
    ) -> np.ndarray:  # fmt: skip
        """Line art in flat colors, one for each region; a region with strokes of several colors is divided among them.

        Parameters
        ----------
        line_art : ndarray of uint8, shape (h, w, 3)
        regions : RegionMap
            Its regions.
        hint : Hint
        variant : int
        reference : Reference, optional
            As for the call.

        Returns
        -------
        ndarray of uint8, shape (h, w, 3)
        """
        labels, colors = self.region_colors(line_art, regions, hint, variant, reference)
        return colors[labels]

    def region_colors(
        self, line_art: np.ndarray, regions: RegionMap, hint: Hint = NO_HINT, variant: int = 0, reference: Reference | None = None,
        seen: Seen | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """The regions of `flat_colors`, and the color of each.

        Parameters
        ----------
        line_art, regions, hint, variant, reference
            As for `flat_colors`.
        seen : Seen, optional
            By `see` for this line art and these regions: one hint after another then takes less time, for the same colors.

        Returns
        -------
        labels : ndarray of int32, shape (h, w)
            Those of the regions; parts of a region that strokes have divided have labels after these.
        colors : ndarray of uint8, shape (m, 3)
            Of each label.
        """
        with self._lock:  # one thread traces, the others then only run it
            color = (self._colors if seen is None else self._colors_of_seen).get_concrete_function()
        hints = tf.constant(hint.rgb), tf.constant(hint.mask)
        parts = *self._known_reference(reference), *(seen or ())
        labels, colors = color(tf.constant(line_art), *_as_tensors(regions), *hints, tf.constant(variant), *map(tf.constant, parts))
        return labels.numpy(), colors.numpy()

    def see(self, line_art: np.ndarray, regions: RegionMap) -> Seen | None:
        """What the network sees of line art, whatever the hint: for `region_colors`.

        Parameters
        ----------
        line_art : ndarray of uint8, shape (h, w, 3)
        regions : RegionMap
            Its regions.

        Returns
        -------
        Seen or None
            None for more regions than the network sees: there the hint decides which.
        """
        if len(regions.areas) > MAX_REGIONS:
            return None
        with self._lock:
            see = self._see.get_concrete_function()
        return Seen(*(x.numpy() for x in see(tf.constant(line_art), *_as_tensors(regions))))

    def in_graph(self, picture: tf.Tensor, line_art: tf.Tensor, rgb: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def on_white() -> tf.Tensor:
            return tf.stack([clean_graph.white_paper(tf.cast(picture[..., channel], tf.int32)) for channel in range(3)], -1)

        art = tf.cond(line_art, on_white, lambda: tf.repeat(clean_graph.clean_lines(picture)[..., None], 3, -1))
        line = tf.where(line_art, picture[..., 0], art[..., 0])
        found = regions_graph.regions(art, tf.constant(ShadeSettings.gap))
        regions = Regions(found.labels, tf.cast(found.areas, tf.float32), tf.cast(found.centers, tf.float32))
        without = Reference(*map(tf.constant, references.nothing(self.spec)))
        labels, colors = self._region_colors(art, regions, rgb, mask, tf.constant(ShadeSettings.variant), without)
        flat = tf.gather(colors, labels)
        shading, highlights = self.shading.functions[ShadeSettings.shading](tf.cast(grayscale(art), tf.uint8), flat)
        drawn = tf.gather(tf.constant(ink_levels(ShadeSettings.ink)), tf.cast(art, tf.int32))
        flat, shading, highlights, drawn = (tf.cast(x, tf.float32) for x in (flat, shading, highlights, drawn))

        def rounded(values: tf.Tensor) -> tf.Tensor:
            return tf.round(values / 255)

        below = 255 - rounded((255 - rounded(flat * shading)) * (255 - highlights))
        return line, tf.cast(rounded(below * drawn), tf.uint8)

    @property
    def models(self) -> list[keras.Model]:
        return [self.network.model, self.shading.network]

    def _steps(self, height: int, width: int, settings: ShadeSettings) -> int:
        return STEPS

    def _color(self, work: Work) -> np.ndarray:
        return composite(self._layers(work))

    def _layers(self, work: Work) -> Layers:
        settings = work.settings
        art = art_of(work.picture, work.line_art)
        work.done(None)
        regions = find_regions(art, settings.gap)
        work.done(None)
        flat = self.flat_colors(art, regions, work.hint, settings.variant, work.reference)
        work.done(flat)
        shading, highlights = self.shading(rgb_to_gray(art), flat, settings.shading, settings.light)
        work.done(None)
        return Layers(flat, shading, highlights, draw_lines(art, settings.ink))

    def _region_colors(
        self, line_art: tf.Tensor, regions: Regions, rgb: tf.Tensor, mask: tf.Tensor, variant: tf.Tensor, reference: Reference,
        seen: Seen | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:  # fmt: skip
        """Labels int32 (h, w) and the colors of the regions, uint8 (n, 3)."""
        regions, hint = read_hint(regions, lambda: _ink_at_full_size(line_art), rgb, mask)
        return regions.labels, resample.to_uint8(lab_to_rgb(self._colorizer(line_art, regions, hint, variant, reference, seen)))

    def _as_reference(self, line_art: tf.Tensor, regions: Regions, rgb: tf.Tensor, mask: tf.Tensor) -> Reference:
        """A colored picture's regions."""
        return self._colorizer.reference(line_art, *read_hint(regions, lambda: _ink_at_full_size(line_art), rgb, mask))

    def _known_reference(self, reference: Reference | None) -> Reference:
        """A reference, checked; of no regions if there is none."""
        if reference is None:
            return references.nothing(self.spec)
        if reference.features.shape[1] != self.spec.features:
            raise MangastyleError("`reference`: was made by a shader with other weights")
        return reference


def _as_tensors(regions: RegionMap) -> list[tf.Tensor]:
    """The parts of `Regions`."""
    return [tf.constant(x, spec.dtype) for x, spec in zip((regions.labels, regions.areas, regions.centers), REGIONS)]


def _ink_at_full_size(line_art: tf.Tensor) -> tf.Tensor:
    """How much of each pixel is ink, (h, w)."""
    return ink_of(line_art, tf.shape(line_art)[0], tf.shape(line_art)[1])
