"""Shading at any size, coarse to fine: what `Shader` runs and an exported model holds.

The colors are laid out at the short side that the network was trained at. Each result, enlarged, is the hint of the next scale, twice
as large, until `refine` or the picture's own size is reached; very long pictures, of too many pixels, end earlier. In line art, colors
are then smoothed within the lines and moved to those of the hint's strokes, and the art is drawn over them at full size.
"""

from __future__ import annotations

from typing import Callable

import numpy as np

from mangastyle.engine import keras, tf
from mangastyle.lineart.graph import network_line_input
from mangastyle.ops import pixels, resample
from mangastyle.ops.blur import gaussian_blur
from mangastyle.ops.threshold import grayscale
from mangastyle.shade import regions
from mangastyle.shade.hints import Hint
from mangastyle.shade.spec import ShadeSpec

MIN_COVERAGE = 0.15  # a pixel of a downsampled hint is masked if this share of it was: thin strokes survive
BROAD_SIGMA = 6.0  # standard deviation, in pixels, of the colors that a finer scale must not change
FRAME = 16  # pixels mirrored around a finer scale: at scales it was not trained at, the network paints its edges pale
MAX_STROKES = 0.5  # share of the picture below which a hint counts as strokes, whose exact colors are applied
PROPAGATION_SIDE = 256  # short side at which strokes are propagated through their regions for the network
MIN_PROPAGATED = 0.5  # share of the picture that they must then cover for the network to get them
LONG_SIDE = 4096  # pixels: a longer layout gets a smaller short side
BAND = 2**21  # pixels of a result that are made at once
MAX_SHAPE = 4  # a finer scale has, with its frame, no more pixels than one of short side `refine` that is this many times as long

PICTURE, MASK = tf.TensorSpec((None, None, 3), tf.uint8), tf.TensorSpec((None, None), tf.float32)
BOOL, INT, FLOAT = (tf.TensorSpec((), dtype) for dtype in (tf.bool, tf.int32, tf.float32))


def any_size_function(model: keras.Model, multiple: int) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """A shading network as a function of uint8 pictures of any size.

    The right and lower edges are reflected to a multiple of `multiple`, the network runs with its moving statistics, the result is
    cropped.

    Parameters
    ----------
    model : keras.Model
        See `networks.build`.
    multiple : int
        See `ShadeSpec.multiple`.

    Returns
    -------
    callable
        Line art (b, h, w, 1) and hint (b, h, w, 3) to colors (b, h, w, 3), tensors of uint8.

    Examples
    --------
    >>> from mangastyle.shade.networks import build
    >>> spec = ShadeSpec(width=4, levels=2)
    >>> run = any_size_function(build(spec), spec.multiple)
    >>> run(tf.zeros((1, 9, 7, 1), tf.uint8), tf.zeros((1, 9, 7, 3), tf.uint8)).shape.as_list()
    [1, 9, 7, 3]
    """

    def run(line: tf.Tensor, hint: tf.Tensor) -> tf.Tensor:
        height, width = tf.shape(line)[1], tf.shape(line)[2]

        def prepare(x: tf.Tensor) -> tf.Tensor:
            return tf.cast(resample.mirror_pad(x, 0, -height % multiple, -width % multiple), tf.float32) / 127.5 - 1.0

        colors = model({"line": prepare(line), "hint": prepare(hint)}, training=False)[:, :height, :width]
        return resample.to_uint8((colors + 1.0) * 127.5)

    return run


def downsample_hint(rgb: tf.Tensor, mask: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """A hint at another size, as the network gets it.

    Parameters
    ----------
    rgb : tensor of uint8, shape (h, w, 3)
    mask : tensor of float32, shape (h, w) in 0..1
        The parts of a `Hint`.
    height, width : int or scalar int32 tensor
        Size of the result, in pixels.

    Returns
    -------
    rgb : tensor of uint8, shape (height, width, 3)
        White where unmasked. Where masked, the mean of the masked colors, not diluted by those beside.
    mask : tensor of float32, shape (height, width)
        1 or 0.

    Examples
    --------
    >>> rgb = tf.constant([[[200, 0, 0], [9, 9, 9]]], tf.uint8)
    >>> downsample_hint(rgb, tf.constant([[1.0, 0.0]]), 1, 1)[0].numpy().tolist()
    [[[200, 0, 0]]]
    """
    share = tf.cast(mask, tf.float32)[..., None]  # (h, w, 1)
    coverage = resample.resize(share, height, width)
    colors = resample.resize(tf.cast(rgb, tf.float32) * share, height, width) / tf.maximum(coverage, 1e-6)
    kept = coverage > MIN_COVERAGE  # (height, width, 1)
    return resample.to_uint8(tf.where(kept, colors, 255.0)), tf.cast(kept[..., 0], tf.float32)


def hint_picture(hint: Hint | None, height: int, width: int) -> np.ndarray:
    """A hint as a picture, to be shown beside the picture that it is for.

    Parameters
    ----------
    hint : Hint or None
    height, width : int
        Size of the result, in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        White where unmasked.

    Examples
    --------
    >>> hint_picture(None, 8, 9).shape
    (8, 9, 3)
    """
    if hint is None:
        return np.full((height, width, 3), 255, np.uint8)
    size = np.minimum(hint.mask.shape, (height, width)).tolist()
    return pixels.resize(downsample_hint(tf.constant(hint.rgb), tf.constant(hint.mask), *size)[0].numpy(), height, width)


class MultiscaleColorizer:
    """Colors the lines of a picture with a network.

    Calls may be traced into a larger graph, or made step by step, as functions with one trace each: `start`, then `sharpen` until
    the colors are large enough, then `finish`.

    Parameters
    ----------
    model : keras.Model
        See `networks.build`.
    spec : ShadeSpec
        Its specification.

    Attributes
    ----------
    run : callable
        See `any_size_function`.

    Examples
    --------
    >>> from mangastyle.shade.networks import build
    >>> spec = ShadeSpec(width=4, levels=2, size=16)
    >>> colorizer = MultiscaleColorizer(build(spec), spec)
    >>> picture = tf.fill((40, 24, 3), tf.constant(250, tf.uint8))
    >>> colors = colorizer.sharpen(picture, True, picture[:16, :10], 20)
    >>> colors.shape.as_list()  # the next scale
    [33, 20, 3]
    """

    def __init__(self, model: keras.Model, spec: ShadeSpec) -> None:
        batches = [tf.TensorSpec((None, None, None, channels), tf.uint8) for channels in (1, 3)]
        self.run = tf.function(any_size_function(model, spec.multiple), input_signature=batches, autograph=False)
        self.soft_lines = spec.soft_lines
        self.start = tf.function(self._start, input_signature=[PICTURE, BOOL, PICTURE, MASK, INT], autograph=False)
        self.sharpen = tf.function(self._sharpen, input_signature=[PICTURE, BOOL, PICTURE, INT], autograph=False)
        self.finish = tf.function(self._finish, input_signature=[PICTURE, BOOL, PICTURE, PICTURE, MASK, FLOAT], autograph=False)

    def trace(self) -> None:
        """Trace all functions now; calls from several threads then only run them."""
        for function in (self.run, self.start, self.sharpen, self.finish):
            function.get_concrete_function()

    def __call__(
        self, picture: tf.Tensor, line_art: tf.Tensor, hint: tf.Tensor, mask: tf.Tensor,
        work_size: tf.Tensor, refine: tf.Tensor, ink: tf.Tensor, between: Callable[[tf.Tensor], None] | None = None,
    ) -> tf.Tensor:  # fmt: skip
        """Shaded color of a picture.

        Parameters
        ----------
        picture : tensor of uint8, shape (h, w, 3)
            Line art, or a color picture to be sketched.
        line_art : scalar bool tensor
            Which of them it is.
        hint, mask : tensor of uint8, shape (h', w', 3), tensor of float32, shape (h', w')
            The parts of a `Hint`.
        work_size : scalar int32 tensor
            Short side, in pixels, at which the colors are laid out.
        refine : scalar int32 tensor
            Short side up to which the network sharpens them.
        ink : scalar float32 tensor in 0..1
            How strongly line art is drawn over the colors.
        between : callable, optional
            Called, outside of a graph, with the colors of each scale, (h", w", 3).

        Returns
        -------
        tensor of uint8, shape (h, w, 3)
        """
        finest = finest_side(tf.shape(picture)[0], tf.shape(picture)[1], refine)

        def unfinished(colors: tf.Tensor) -> tf.Tensor:
            return tf.reduce_min(tf.shape(colors)[:2]) < tf.minimum(finest, refine)

        def next_scale(colors: tf.Tensor) -> tuple[tf.Tensor]:
            if between:
                between(colors)
            return (self.sharpen(picture, line_art, colors, tf.minimum(2 * tf.reduce_min(tf.shape(colors)[:2]), finest)),)

        colors = self.start(picture, line_art, hint, mask, work_size)
        (colors,) = tf.while_loop(unfinished, next_scale, (colors,), shape_invariants=(tf.TensorShape((None, None, 3)),))
        if between:
            between(colors)
        return self.finish(picture, line_art, colors, hint, mask, ink)

    def _start(self, picture: tf.Tensor, line_art: tf.Tensor, hint: tf.Tensor, mask: tf.Tensor, work_size: tf.Tensor) -> tf.Tensor:
        """The first colors, uint8 (h", w", 3), of short side `work_size`."""
        height, width = tf.shape(picture)[0], tf.shape(picture)[1]
        layout = layout_size(height, width, work_size)
        line = network_line_input(picture, *layout, line_art & self.soft_lines)[None, ..., None]  # (1, h", w", 1)
        colors = self.run(line, downsample_hint(hint, mask, *layout)[0][None])[0]

        def with_regions() -> tf.Tensor:
            """Where strokes cover most of the picture once they are propagated, the network gets their regions as its hint."""
            size = layout_size(height, width, tf.constant(PROPAGATION_SIDE))
            spread, confidence = regions.propagate_strokes(regions.ink_of(picture, *size), *downsample_hint(hint, mask, *size))
            propagated = downsample_hint(spread, confidence, *layout)[0]
            other = self.run(line, propagated[None])[0]
            share = tf.clip_by_value((tf.reduce_mean(confidence) - MIN_PROPAGATED) / (1 - MIN_PROPAGATED), 0.0, 1.0)
            return resample.to_uint8((1 - share) * tf.cast(colors, tf.float32) + share * tf.cast(other, tf.float32))

        return tf.cond(_has_strokes(line_art, mask), with_regions, lambda: colors)

    def _sharpen(self, picture: tf.Tensor, line_art: tf.Tensor, colors: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
        """Colors uint8 (h", w", 3) at a larger short side."""
        size = resample.fit_short_side(tf.shape(picture)[0], tf.shape(picture)[1], side)
        before = resample.resize_uint8(colors, *size)
        line = network_line_input(picture, *size, line_art & self.soft_lines)[..., None]
        line, hint = (resample.mirror_pad(x[None], FRAME, FRAME, FRAME) for x in (line, before))
        return _keep_broad_colors(self.run(line, hint)[0, FRAME:-FRAME, FRAME:-FRAME], before)

    def _finish(
        self, picture: tf.Tensor, line_art: tf.Tensor, colors: tf.Tensor, hint: tf.Tensor, mask: tf.Tensor, ink: tf.Tensor
    ) -> tf.Tensor:
        """Colors uint8 (h", w", 3) at the picture's size; in line art also kept within the lines, and under them."""
        height, width = tf.shape(picture)[0], tf.shape(picture)[1]
        return tf.cond(
            line_art,
            lambda: _draw_lines(picture, _within_lines(picture, colors, hint, mask, _has_strokes(line_art, mask)), ink),
            lambda: _by_bands(lambda rows: resample.resize_uint8(colors, height, width, rows), height, width),
        )


def layout_size(height: tf.Tensor, width: tf.Tensor, work_size: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The size at which the colors of a picture are laid out.

    Parameters
    ----------
    height, width : int or scalar int32 tensor
        The picture's size.
    work_size : int or scalar int32 tensor
        Short side, in pixels.

    Returns
    -------
    height, width : scalar int32 tensor
        Of that short side; smaller for smaller pictures, and for very long ones.

    Examples
    --------
    >>> [[int(n) for n in layout_size(*size, 64)] for size in ((200, 300), (20, 30), (100, 30000))]
    [[64, 96], [20, 30], [13, 3900]]
    """
    short, long = tf.minimum(height, width), tf.maximum(height, width)
    longest = tf.maximum(LONG_SIDE, MAX_SHAPE * work_size)
    side = tf.minimum(tf.minimum(work_size, short), tf.maximum(longest * short // long, 1))
    return resample.fit_short_side(height, width, side)


def finest_side(height: tf.Tensor, width: tf.Tensor, refine: tf.Tensor) -> tf.Tensor:
    """The short side that no scale exceeds.

    Parameters
    ----------
    height, width : int or scalar int32 tensor
        The picture's size.
    refine : int or scalar int32 tensor
        Short side up to which colors are sharpened.

    Returns
    -------
    scalar int32 tensor
        The picture's own; less for one that is more than `MAX_SHAPE` times as long as it is wide.

    Examples
    --------
    >>> int(finest_side(3000, 2000, 512)), int(finest_side(800, 12000, 512))
    (2000, 248)
    """
    short, long = tf.minimum(height, width), tf.maximum(height, width)
    shape = tf.cast(long, tf.float64) / tf.cast(short, tf.float64)
    side = tf.sqrt(FRAME**2 + MAX_SHAPE * tf.cast(refine, tf.float64) ** 2 / shape) - FRAME
    return tf.where(shape > MAX_SHAPE, tf.clip_by_value(tf.cast(side, tf.int32), 1, short), short)


def count_scales(height: int, width: int, work_size: int, refine: int) -> int:
    """How many scales a picture is colored at.

    Examples
    --------
    >>> count_scales(300, 200, 64, 512)  # 64, 128, 200
    3
    """
    side, finest, count = min(map(int, layout_size(height, width, work_size))), int(finest_side(height, width, refine)), 1
    while side < min(finest, refine):
        side, count = min(2 * side, finest), count + 1
    return count


def _has_strokes(line_art: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    share = tf.reduce_mean(mask)
    return line_art & (share > 0) & (share < MAX_STROKES)


def _keep_broad_colors(sharper: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """`sharper` with the broad colors of `before`, both uint8 (h, w, 3).

    The finer scale is to add edges alone. By itself the network takes its hint for one of the pale, blurred hints of the training
    and makes it more colorful, again at every scale.
    """
    sharper, before = tf.cast(sharper, tf.float32), tf.cast(before, tf.float32)
    return resample.to_uint8(sharper + gaussian_blur(before - sharper, BROAD_SIGMA))


def _within_lines(picture: tf.Tensor, colors: tf.Tensor, hint: tf.Tensor, mask: tf.Tensor, strokes: tf.Tensor) -> tf.Tensor:
    """Colors uint8 (h, w, 3) smoothed within the lines of line art of any size, and moved to those of `strokes`, if any."""
    height, width = tf.shape(colors)[0], tf.shape(colors)[1]
    ink = regions.ink_of(picture, height, width)
    colors = regions.smooth_within_lines(colors, ink)
    return tf.cond(strokes, lambda: regions.apply_strokes(colors, ink, *downsample_hint(hint, mask, height, width)), lambda: colors)


def _draw_lines(picture: tf.Tensor, colors: tf.Tensor, ink: tf.Tensor) -> tf.Tensor:
    """Colors of any size under line art, uint8 (h, w, 3) both and the result."""
    height, width = tf.shape(picture)[0], tf.shape(picture)[1]

    def draw(rows: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        gray = tf.cast(grayscale(picture[slice(*rows)])[..., None], tf.float32) / 255  # (h', w, 1)
        below = resample.resize_uint8(colors, height, width, rows)
        return resample.to_uint8(tf.cast(below, tf.float32) * (1 - ink * (1 - gray)))

    return _by_bands(draw, height, width)


def _by_bands(draw: Callable[[tuple[tf.Tensor, tf.Tensor]], tf.Tensor], height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """A picture, uint8 (h, w, 3), from what `draw` makes of each band of its rows, (first, end): floats of all would fill the memory."""
    count = tf.maximum(BAND // width, 1)
    bands = tf.TensorArray(tf.uint8, -(-height // count), infer_shape=False, element_shape=(None, None, 3))

    def add(i: tf.Tensor, bands: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        return i + 1, bands.write(i, draw((i * count, tf.minimum((i + 1) * count, height))))

    return tf.while_loop(lambda i, _: i * count < height, add, (0, bands), parallel_iterations=1)[1].concat()
