"""The graph of shading at any size: what `Shader` runs and an exported model holds."""

from __future__ import annotations

import keras
import tensorflow as tf

from mangastyle import resample
from mangastyle.config import ShadeConfig, TrainConfig
from mangastyle.shade import hints, lines, networks, regions, simulate

BROAD = 6.0  # standard deviation, in pixels, of what counts as a broad colour when a scale is refined
FRAME = 16
STROKES = 0.5  # a hint that covers less of the picture is strokes, which mean just their colours
FILLED = 256  # short side at which strokes fill their regions for the network
COVERED = 0.5  # share of the picture that they have to fill before it looks at that
REFINE, INK = ShadeConfig.refine, ShadeConfig.ink
PASS = [tf.TensorSpec((None, None, None, channels), tf.uint8) for channels in (1, 3)]
SIGNATURE = (
    *(tf.TensorSpec(shape, dtype) for shape, dtype in (((None, None, 3), tf.uint8), ((None, None, 3), tf.uint8), ((None, None), tf.float32))),
    *(tf.TensorSpec((), dtype) for dtype in (tf.int32, tf.int32, tf.float32)),
)  # of `Colouring`


def forward(model: keras.Model, multiple: int):
    """`model` as a function of whole bytes at any size: line art uint8 (b, h, w, 1), hint uint8 (b, h, w, 3) -> uint8 (b, h, w, 3).

    Reflects the right and lower edges to a multiple of `multiple`, runs the network with its moving statistics, crops.
    """

    def run(line: tf.Tensor, hint: tf.Tensor) -> tf.Tensor:
        height, width = tf.shape(line)[1], tf.shape(line)[2]

        def prepare(x: tf.Tensor) -> tf.Tensor:
            return tf.cast(resample.mirror(x, 0, -height % multiple, -width % multiple), tf.float32) / 127.5 - 1.0

        colour = model({"line": prepare(line), "hint": prepare(hint)}, training=False)[:, :height, :width]
        return resample.to_bytes((colour + 1.0) * 127.5)

    return run


class Colouring:
    """Colour a picture's lines with a network.

    The colours are laid out at the short side the network was trained at. Each result, enlarged, is the hint of the
    next scale, twice as large, until `refine` or the picture's own size is reached. In line art, colours are then kept
    inside the lines and moved to those of the hint's strokes, and the art is laid over them at full size with the strength
    `ink`, so that the artist's lines stay as they are.
    """

    def __init__(self, model: keras.Model, config: TrainConfig) -> None:
        self.run = tf.function(forward(model, networks.multiple(config)), input_signature=PASS, autograph=False)
        self.fine = bool(config.fine)

    def __call__(
        self, picture: tf.Tensor, hint: tf.Tensor, said: tf.Tensor, work_size: tf.Tensor, refine: tf.Tensor, ink: tf.Tensor
    ) -> tf.Tensor:  # fmt: skip
        """Line art or a colour picture to be sketched, uint8 (h, w, 3), to shaded colour, uint8 (h, w, 3).

        hint, said : the parts of a `hints.Hint`, uint8 (h', w', 3) and float32 (h', w'). work_size, refine : short sides,
        int32. ink : 0 to 1.
        """
        height, width = tf.shape(picture)[0], tf.shape(picture)[1]
        short = tf.minimum(height, width)
        lined = lines.is_line_art(picture)
        soft = lined & self.fine
        layout = resample.fit_short_side(height, width, tf.minimum(work_size, short))
        line = lines.seen(picture, *layout, soft)
        colour = self.run(line[None, ..., None], hints.reduce(hint, said, *layout)[0][None])[0]
        share = tf.reduce_mean(said)
        strokes = lined & (share > 0) & (share < STROKES)

        def filled() -> tf.Tensor:
            """Where strokes fill most of the picture, the network gets their regions for a hint, as they tell it more."""
            size = resample.fit_short_side(height, width, tf.minimum(FILLED, short))
            spread, sure = regions.fill(regions.ink_of(picture, *size), *hints.reduce(hint, said, *size))
            given = hints.reduce(spread, sure, *layout)[0]
            other = self.run(line[None, ..., None], given[None])[0]
            covered = tf.clip_by_value((tf.reduce_mean(sure) - COVERED) / (1 - COVERED), 0.0, 1.0)
            return resample.to_bytes((1 - covered) * tf.cast(colour, tf.float32) + covered * tf.cast(other, tf.float32))

        colour = tf.cond(strokes, filled, lambda: colour)

        def unfinished(colour: tf.Tensor) -> tf.Tensor:
            return tf.reduce_min(tf.shape(colour)[:2]) < tf.minimum(short, refine)

        def sharpen(colour: tf.Tensor) -> tuple[tf.Tensor]:
            side = tf.minimum(2 * tf.reduce_min(tf.shape(colour)[:2]), short)
            size = resample.fit_short_side(height, width, side)
            before = resample.resize_bytes(colour, *size)
            line, framed = (resample.mirror(x[None], FRAME, FRAME, FRAME) for x in (lines.seen(picture, *size, soft)[..., None], before))
            # At scales it was not trained at, the network paints its edges pale: hence the frame.
            sharper = self.run(line, framed)[0, FRAME:-FRAME, FRAME:-FRAME]
            return (_keep_broad_colours(sharper, before),)

        (colour,) = tf.while_loop(unfinished, sharpen, (colour,), shape_invariants=(tf.TensorShape((None, None, 3)),))
        return tf.cond(
            lined,
            lambda: _ink(picture, _within_lines(picture, colour, hint, said, strokes), ink),
            lambda: resample.resize_bytes(colour, height, width),
        )


def _keep_broad_colours(sharper: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """`sharper` with the broad colours of `before`, both uint8 (h, w, 3).

    The next scale is asked for edges alone. Left to itself it takes its hint for one of the pale, whitened hints of the
    training and makes it more colourful, again at every scale.
    """
    sharper, before = tf.cast(sharper, tf.float32), tf.cast(before, tf.float32)
    return resample.to_bytes(sharper + resample.gaussian_blur(before - sharper, BROAD))


def _within_lines(picture: tf.Tensor, colour: tf.Tensor, hint: tf.Tensor, said: tf.Tensor, strokes: tf.Tensor) -> tf.Tensor:
    """Colours uint8 (h, w, 3) kept inside the lines of line art of any size, and moved to those of strokes."""
    height, width = tf.shape(colour)[0], tf.shape(colour)[1]
    ink = regions.ink_of(picture, height, width)
    colour = regions.smooth(colour, ink)
    return tf.cond(strokes, lambda: regions.obey(colour, ink, *hints.reduce(hint, said, height, width)), lambda: colour)


def _ink(picture: tf.Tensor, colour: tf.Tensor, ink: tf.Tensor) -> tf.Tensor:
    """Colours of any size under line art, uint8 (h, w, 3) both and the result."""
    grey = tf.cast(simulate.grey(picture[None])[0, ..., None], tf.float32) / 255  # (h, w, 1)
    colour = resample.resize_bytes(colour, tf.shape(picture)[0], tf.shape(picture)[1])
    return resample.to_bytes(tf.cast(colour, tf.float32) * (1 - ink * (1 - grey)))
