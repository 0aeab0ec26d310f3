"""Line art inside a TensorFlow graph: is this one, and what does a network get to see of it at its own size?

(The sketch of a picture at its full size, which needs no TensorFlow, is in `sketch`.)
"""

from __future__ import annotations

import tensorflow as tf

from mangastyle import resample
from mangastyle.shade import simulate

COLOURLESS = 8.0  # grey levels between a pixel's strongest and weakest channel, on average
BRIGHT = 200  # grey level that most of the paper is over
FAINT = 0.02  # share of a pixel's paper that ink must darken to count as a line
COMMON = 0.8  # of what counts, this share is fainter than the lines that turn black


def is_line_art(picture: tf.Tensor) -> tf.Tensor:
    """Is this uint8 (h, w, 3) picture line art already: nearly colourless, and mostly bright paper? A bool tensor."""
    spread = tf.cast(tf.reduce_max(picture, -1) - tf.reduce_min(picture, -1), tf.float32)  # (h, w)
    bright = tf.reduce_mean(tf.cast(picture > BRIGHT, tf.float32))
    return (tf.reduce_mean(spread) < COLOURLESS) & (bright > 0.5)


@tf.function(autograph=False, input_signature=[tf.TensorSpec((None, None, 3), tf.uint8), *2 * [tf.TensorSpec((), tf.int32)]], experimental_attributes={"_noinline": True})
def reduce(line_art: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Line art, uint8 (h, w, 3), at a smaller size, uint8 (height, width): thin lines become soft, and none gets lost.

    Paper turns white and common lines black, however faint they are drawn or become by the reduction.
    """
    grey = simulate.grey(line_art[None])[0]  # (h, w)
    reached = tf.cumsum(tf.math.bincount(tf.reshape(grey, (-1,)), minlength=256, maxlength=256))
    paper = tf.cast(tf.argmax(2 * reached >= reached[-1]), tf.float32)  # the median
    ink = tf.clip_by_value(1 - tf.cast(grey, tf.float32) / tf.maximum(paper, 1.0), 0.0, 1.0)
    ink = resample.resize(ink[..., None], height, width)[..., 0]
    drawn = tf.sort(tf.boolean_mask(ink, ink > FAINT))
    place = COMMON * tf.cast(tf.maximum(tf.size(drawn) - 1, 0), tf.float32)
    strongest = tf.cond(tf.size(drawn) > 0, lambda: drawn[tf.cast(tf.round(place), tf.int32)], lambda: 1.0)
    return resample.to_bytes(255 * (1 - ink / strongest))


def seen(picture: tf.Tensor, height: tf.Tensor, width: tf.Tensor, soft: tf.Tensor) -> tf.Tensor:
    """What a network sees, uint8 (height, width): `soft` line art reduced, of any other picture (h, w, 3) its sketch at this size."""

    def sketched() -> tf.Tensor:
        small = resample.resize_bytes(picture, height, width)
        return tf.cast(tf.where(simulate.sketch(small[None])[0, ..., 0] > 0, 255, 0), tf.uint8)

    return tf.cond(soft, lambda: reduce(picture, height, width), sketched)
