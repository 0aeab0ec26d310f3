"""Colours that stay inside the lines: smoothing, and spreading of strokes, that ink holds back.

The recursive filter of Gastal and Oliveira (2011, "Domain transform for edge-aware image and video processing"), with
line art in place of a picture's edges: distance grows with the ink to be crossed, so that colours flow freely within
a region and hardly over its outline. TensorFlow operations, so that an exported model has them too.
"""

from __future__ import annotations

import math

import tensorflow as tf

from mangastyle.resample import to_bytes
from mangastyle.shade.blur import box_blur
from mangastyle.shade.lines import reduce

PASSES = 3  # rows and columns in turns: streaks that one pass leaves are gone after three
BARRIER = 3.0  # how far, in units of the reach, a full black pixel sets its neighbours apart
HALO = 0.004  # of the short side: how far from ink a network's colours are still the line's
SMOOTH = 0.015  # of the short side: how far colours flow within a region
STROKE = 0.25  # of the short side: how far a stroke reaches within its region
SURE = 0.002  # share of strokes' weight at which a place takes half of their colour


def ink_of(line_art: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """How much of each pixel is ink: line art uint8 (h, w, 3) to float32 (height, width), 0 on paper, 1 on common lines."""
    return 1 - tf.cast(reduce(line_art, height, width), tf.float32) / 255


def flow(values: tf.Tensor, ink: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """Smooth float32 (h, w, c) with the standard deviation `reach`, in pixels, wherever ink (h, w) in 0..1 does not stop it."""
    reach, channels = tf.cast(reach, tf.float32), values.shape[-1]

    def one_way(i: tf.Tensor, values: tf.Tensor, ink: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Down and up again; what comes next goes along the other axis."""
        halved = 2.0 ** tf.cast(PASSES - 1 - i // 2, tf.float32)  # with each pass, so that together they reach as far
        sigma = reach * math.sqrt(3) * halved / math.sqrt(4**PASSES - 1)
        distance = 1 + BARRIER * reach * tf.maximum(ink[1:], ink[:-1])  # between neighbours, (h - 1, w)
        keep = tf.exp(-math.sqrt(2) / sigma * distance)[..., None]
        for padding, reverse in (((1, 0), False), ((0, 1), True)):  # the first row is nobody's neighbour
            shares = tf.pad(keep, (padding, (0, 0), (0, 0)))
            values = tf.scan(lambda before, now: now[0] + now[1] * (before - now[0]), (values, shares), values[0], reverse=reverse)
        return i + 1, tf.transpose(values, (1, 0, 2)), tf.transpose(ink)

    shapes = tf.TensorShape(()), tf.TensorShape((None, None, channels)), tf.TensorShape((None, None))
    return tf.while_loop(lambda i, *_: i < 2 * PASSES, one_way, (0, tf.convert_to_tensor(values), tf.convert_to_tensor(ink)), shapes)[1]


def smooth(colour: tf.Tensor, ink: tf.Tensor) -> tf.Tensor:
    """Colours, uint8 (h, w, 3), evened out within each region; what lies beside the ink (h, w) is filled from there.

    Networks paint a dark halo round the lines that they see; the artist's own lines are drawn later, without one.
    """
    side = _short_side(ink)
    reach = 2 * tf.maximum(1, tf.cast(tf.round(HALO * side), tf.int32)) + 1
    free = 1 - _dilate(ink, reach)[..., None] + 1e-3  # (h, w, 1)
    spread = flow(tf.concat([tf.cast(colour, tf.float32) * free, free], -1), ink, SMOOTH * side)
    return to_bytes(spread[..., :3] / spread[..., 3:])


def obey(colour: tf.Tensor, ink: tf.Tensor, hint: tf.Tensor, said: tf.Tensor) -> tf.Tensor:
    """Colours, uint8 (h, w, 3), moved to those of strokes: each region takes on what the strokes in it lack.

    hint : uint8 (h, w, 3). said : float32 (h, w), 1 where a stroke is. Shading stays: what is added is the same all over
    a region, and fades with the distance from the stroke.
    """
    weight, colour = said[..., None], tf.cast(colour, tf.float32)  # (h, w, 1), (h, w, 3)
    lacking = (tf.cast(hint, tf.float32) - box_blur(colour[None], tf.constant([5.0]))[0]) * weight
    spread = flow(tf.concat([lacking, weight], -1), ink, STROKE * _short_side(ink))
    return to_bytes(colour + spread[..., :3] / (spread[..., 3:] + SURE))


def _short_side(ink: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.reduce_min(tf.shape(ink)), tf.float32)


def _dilate(ink: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """The most ink (h, w) within squares of `width` pixels, an odd number: widened pixel by pixel, as it is a tensor."""

    def wider(i: tf.Tensor, ink: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return i + 1, tf.nn.max_pool2d(ink, 3, 1, "SAME")

    return tf.while_loop(lambda i, _: i < width // 2, wider, (0, ink[None, ..., None]))[1][0, ..., 0]
