"""Line art and colour hints of whole batches, as TensorFlow operations inside the training step.

The input pipeline then only carries uint8 pictures. Nothing here draws random numbers: every choice comes
from `draws`, uniform numbers in [0, 1) made from (seed, step) by the data set, so that a resumed or a
distributed training sees exactly the same hints. Paper, sections 4.1 and 4.2.
"""

from __future__ import annotations

import functools
import math
from typing import Callable, NamedTuple

import tensorflow as tf

from mangastyle.shade.augment import fine_lines, turn_hue
from mangastyle.shade.blur import box_blur

BOXES = 30  # "30 random areas", section 4.2
STROKES = 10  # of the hint `strokes`
HEAD = 11  # flip; kind of hint, count, blur, whether none; whether fine lines; whether turned, hue; 3 of fine lines
DRAWS = HEAD + 4 * BOXES  # uniform numbers one picture needs: those, and y, x, height, width of each box


class Blurred(NamedTuple):
    """A hint made like the paper's: boxes painted white, then one box blur. Sizes are literal pixels or shares of the side."""

    box: float
    blur: float
    literal: bool


# At 64 px the literal blur is wider than the picture and leaves almost one flat colour; the source of the idea worked at
# 256 px, and `default` keeps its proportions at every size.
BLURRED = {"paper": Blurred(10.0, 100.0, True), "default": Blurred(0.2, 0.39, False)}


def grey(pictures: tf.Tensor) -> tf.Tensor:
    """uint8 RGB (b, h, w, 3) to int32 grey (b, h, w), bit-identical to OpenCV's fixed-point conversion."""
    p = tf.cast(pictures, tf.int32)
    return tf.bitwise.right_shift(p[..., 0] * 9798 + p[..., 1] * 19235 + p[..., 2] * 3735 + (1 << 14), 15)


def sketch(pictures: tf.Tensor, block: int = 9, c: float = 2.0) -> tf.Tensor:
    """Adaptive mean threshold: uint8 RGB (b, h, w, 3) to float32 line art (b, h, w, 1), ink -1 on paper 1.

    Bit-identical to `cv2.adaptiveThreshold(grey, 255, ADAPTIVE_THRESH_MEAN_C, THRESH_BINARY, block, c)`:
    edges replicated, the window's mean rounded to whole grey levels. All in integers, hence the same on every device.
    """
    g = grey(pictures)  # (b, h, w)
    height, width = tf.shape(g)[1], tf.shape(g)[2]
    r = block // 2
    rows = tf.clip_by_value(tf.range(-r, height + r), 0, height - 1)
    columns = tf.clip_by_value(tf.range(-r, width + r), 0, width - 1)
    window = tf.gather(tf.gather(g, rows, axis=1), columns, axis=2)  # (b, h + 2r, w + 2r)
    for axis, length in ((1, height), (2, width)):
        total = tf.cumsum(window, axis=axis)
        before = tf.cumsum(window, axis=axis, exclusive=True)
        index = tf.range(length)
        window = tf.gather(total, index + 2 * r, axis=axis) - tf.gather(before, index, axis=axis)
    area = block * block  # odd, so the mean never lies half-way between two levels
    mean = (2 * window + area) // (2 * area)  # (b, h, w)
    paper = g - mean > -math.ceil(c)
    return tf.where(paper, 1.0, -1.0)[..., None]


def boxes(draws: tf.Tensor, height: tf.Tensor, width: tf.Tensor, least: tf.Tensor, most: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Mask (b, h, w, 1) of the first count[i] random boxes, each side between `least` and `most` pixels (float scalars)."""
    places = tf.reshape(draws[:, HEAD:], (-1, BOXES, 4))  # (b, boxes, y x height width)
    shown = tf.cast(tf.range(BOXES)[None, :] < count[:, None], tf.float32)[..., None]  # (b, boxes, 1)
    sides = tf.floor(least + places[..., 2:] * (most - least + 0.999))  # (b, boxes, 2)

    def inside(start: tf.Tensor, side: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        start = tf.floor(start * (tf.cast(length, tf.float32) - side + 1))[..., None]  # (b, boxes, 1)
        index = tf.cast(tf.range(length), tf.float32)
        return tf.cast((index >= start) & (index < start + side[..., None]), tf.float32)  # (b, boxes, length)

    rows = inside(places[..., 0], sides[..., 0], height) * shown
    columns = inside(places[..., 1], sides[..., 1], width)
    return tf.cast(tf.einsum("bnh,bnw->bhw", rows, columns) > 0, tf.float32)[..., None]


def whitened(pictures: tf.Tensor, draws: tf.Tensor, kind: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Before the blur of `blurred`: the pictures with their 30 boxes painted white, and the sides (b,) of the blur's boxes."""
    how = BLURRED[kind]
    height, width = tf.shape(pictures)[1], tf.shape(pictures)[2]
    side = tf.cast(tf.minimum(height, width), tf.float32)
    box = tf.minimum(how.box, side) if how.literal else tf.maximum(1.0, tf.round(how.box * side))
    kernel = float(how.blur) if how.literal else tf.maximum(1.0, tf.round(how.blur * side))
    everyone = tf.ones_like(draws[:, 0])
    white = boxes(draws, height, width, box, box, BOXES * tf.cast(everyone, tf.int32))
    return pictures * (1 - white) + white, kernel * everyone


def blurred(pictures: tf.Tensor, draws: tf.Tensor, kind: str) -> tf.Tensor:
    """The paper's hint, `kind` of `BLURRED`: float [-1, 1] (b, h, w, 3) with 30 white boxes, blurred."""
    return box_blur(*whitened(pictures, draws, kind))


def strokes(pictures: tf.Tensor, draws: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """count[i] dabs of the colours found there, on white, as a person paints them: float [-1, 1] (b, h, w, 3) in and out."""
    height, width = tf.shape(pictures)[1], tf.shape(pictures)[2]
    side = tf.cast(tf.minimum(height, width), tf.float32)
    least, most = tf.maximum(1.0, tf.round(0.02 * side)), tf.maximum(2.0, tf.round(0.14 * side))
    dab = boxes(draws, height, width, least, most, count)
    return box_blur(pictures, tf.maximum(1.0, tf.round(0.05 * side)) * tf.ones_like(draws[:, 0])) * dab + (1 - dab)


def mixed(pictures: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """A mixture of hints, so that one network serves them all: float [-1, 1] (b, h, w, 3) in and out.

    42 %: the default hint; 10 %: the paper's; 12 %: the picture a little blurred, as it comes from a smaller scale; 36 %: 1 to 30 strokes.
    """
    side = tf.cast(tf.minimum(tf.shape(pictures)[1], tf.shape(pictures)[2]), tf.float32)
    kind = draws[:, 1]
    white, kernel = whitened(pictures, draws, "default")
    paper_white, paper_kernel = whitened(pictures, draws, "paper")
    soft_kernel = tf.maximum(1.0, tf.round(side * (0.03 + 0.2 * draws[:, 3] ** 2)))
    # One blur serves all three: each picture has its own, of a box of its own size.
    kernel = tf.where(kind < 0.42, kernel, tf.where(kind < 0.52, paper_kernel, soft_kernel))
    kind = kind[:, None, None, None]
    soft = box_blur(tf.where(kind < 0.42, white, tf.where(kind < 0.52, paper_white, pictures)), kernel)
    # Few strokes are as likely as many, so that the network learns to spread one colour and to believe thirty.
    few = strokes(pictures, draws, 1 + tf.cast(draws[:, 2] ** 2 * BOXES, tf.int32))
    return tf.where(kind < 0.64, soft, few)


def silent(draws: tf.Tensor, no_hint: float) -> tf.Tensor:
    """Which pictures are of the share `no_hint` that gets no hint: bool (b,)."""
    return draws[:, 4] < no_hint


def hints(pictures: tf.Tensor, draws: tf.Tensor, kind: str, no_hint: float = 0.0) -> tf.Tensor:
    """Simulated hints of float [-1, 1] pictures (b, h, w, 3), the share `no_hint` of them all white (1.0)."""
    if kind == "none":
        return tf.ones_like(pictures)
    if kind == "strokes":
        made = strokes(pictures, draws, tf.fill(tf.shape(draws)[:1], STROKES))
    elif kind == "mixed":
        made = mixed(pictures, draws)
    else:
        made = blurred(pictures, draws, kind)
    return tf.where(silent(draws, no_hint)[:, None, None, None], 1.0, made)


def examples(
    pictures: tf.Tensor, draws: tf.Tensor, kind: str, no_hint: float = 0.0, flip: bool = False, fine: float = 0.0, hues: float = 0.0
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:  # fmt: skip
    """uint8 RGB (b, h, w, 3) to what training needs: line art (b, h, w, 1), hint and colour (b, h, w, 3), in [-1, 1].

    The shares `no_hint` of the pictures get no hint, `fine` get `fine_lines`, `hues` of those with a hint other hues.
    """
    if flip:
        mirrored = (draws[:, 0] < 0.5)[:, None, None, None]
        pictures = tf.where(mirrored, tf.reverse(pictures, axis=[2]), pictures)
    line = sketch(pictures)
    if fine:
        chosen = (draws[:, 5] < fine)[:, None, None, None]
        line = tf.where(chosen, fine_lines(tf.cast(grey(pictures), tf.float32), draws[:, 8:11]), line)
    colour = tf.cast(pictures, tf.float32) / 127.5 - 1.0
    if hues:
        chosen = ((draws[:, 6] < hues) & ~silent(draws, no_hint))[:, None, None, None]
        colour = tf.where(chosen, turn_hue(colour, draws[:, 7]), colour)
    return line, hints(colour, draws, kind, no_hint), colour


@functools.cache
def compiled_examples(
    kind: str, no_hint: float = 0.0, flip: bool = False, fine: float = 0.0, hues: float = 0.0
) -> Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """`examples` of one kind, for callers outside of a compiled step: a function of pictures and draws, traced once for all sizes."""
    made = functools.partial(examples, kind=kind, no_hint=no_hint, flip=flip, fine=fine, hues=hues)
    signature = [tf.TensorSpec((None, None, None, 3), tf.uint8), tf.TensorSpec((None, DRAWS), tf.float32)]
    return tf.function(made, signature, autograph=False)
