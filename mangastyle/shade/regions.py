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
BARRIER = 10.0  # how far, in units of the reach, a full black pixel sets its neighbours apart
HALO = 0.012  # of the short side: how far from ink a network's colours are still the line's
SMOOTH = 0.05  # of the short side: how far lightness flows within a region
HUE = 0.2  # of the short side: how far hues do, so that a region has one
FILL = (1.0, 1.0, 0.3)  # of the short side: how far strokes reach within their regions, again and again, to get round corners
SOFT, FIRM = 0.2, 0.5  # ink up to which a pixel is the soft edge of a line, and in no colour's way; and from which on it is all line
SURE = 3e-5  # share of strokes' weight at which a place takes half of their colour
SHADING = 40.0  # grey levels by which a region may be lighter or darker than its strokes
STROKE = 0.08  # of the short side: how far a stroke's exact colour reaches
EXACT = 0.002  # as `SURE`, for the exact colour


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
    """Colours, uint8 (h, w, 3), evened out within each region: hues further than lightness, which is its shading.

    Networks paint a dark halo round the lines that they see; what lies beside the ink (h, w) is filled from the region.
    """
    walls = _walls(ink)
    halo = tf.maximum(1, tf.cast(tf.round(HALO * _short_side(ink)), tf.int32))
    free = 1 - _dilate(walls, halo) + 1e-3  # (h, w)
    colour, weight = _flow_of(tf.cast(colour, tf.float32), free, walls, SMOOTH)
    colour /= weight
    light = _light(colour)  # (h, w, 1)
    hue, weight = _flow_of(colour - light, free, walls, HUE)
    return to_bytes(light + hue / weight)


def obey(colour: tf.Tensor, ink: tf.Tensor, hint: tf.Tensor, said: tf.Tensor) -> tf.Tensor:
    """Colours, uint8 (h, w, 3), with those of strokes: each region takes on the hue of the strokes in it, and their lightness on the whole.

    hint : uint8 (h, w, 3). said : float32 (h, w), 1 where a stroke is. Shading stays, within limits; close to a stroke the
    colour is exactly its own.
    """
    colour, hint = tf.cast(colour, tf.float32), tf.cast(hint, tf.float32)
    spread, sure = fill(ink, tf.concat([hint, _light(_blur(colour))], -1), said)  # (h, w, 4), (h, w)
    meant, found = spread[..., :3], spread[..., 3:]
    shading = SHADING * tf.tanh((_light(colour) - found) / SHADING)
    colour += sure[..., None] * (meant + shading - colour)
    lacking, weight = _flow_of(hint - _blur(colour), said, ink, STROKE)
    colour += lacking / (weight + EXACT)
    free = 1 - tf.minimum(2 * ink, 1)[..., None]
    beside = _blur(tf.concat([colour * free, free], -1))  # lines, whose own pixels nothing flows into
    return to_bytes(free * colour + (1 - free) * (beside[..., :3] + 1e-3 * colour) / (beside[..., 3:] + 1e-3))


def fill(ink: tf.Tensor, values: tf.Tensor, said: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What strokes say, (h, w, c) where `said` (h, w), throughout their regions: float32 (h, w, c), and how sure that is, (h, w) in 0..1."""
    spread, weight = _flow_of(tf.cast(values, tf.float32), said, _walls(ink), *FILL)
    return spread / tf.maximum(weight, 1e-12), (weight / (weight + SURE))[..., 0]


def _walls(ink: tf.Tensor) -> tf.Tensor:
    """What of the ink (h, w) holds colours back: not the soft edges of lines, whose pixels would keep the lines' darkness,
    but all of a thin line, half of which lies in one pixel and half in the next."""
    return tf.clip_by_value((ink - SOFT) / (FIRM - SOFT), 0.0, 1.0)


def _flow_of(values: tf.Tensor, said: tf.Tensor, ink: tf.Tensor, *reaches: float) -> tuple[tf.Tensor, tf.Tensor]:
    """`flow`, by several reaches in turn, in short sides, of what is said, (h, w, c), and of how much is, (h, w, 1)."""
    spread = tf.concat([values, tf.ones_like(values[..., :1])], -1) * said[..., None]  # (h, w, c + 1)
    for reach in reaches:
        spread = flow(spread, ink, reach * _short_side(ink))
    return spread[..., :-1], spread[..., -1:]


def _blur(values: tf.Tensor) -> tf.Tensor:
    """Means over 5x5 pixels of float32 (h, w, c)."""
    return box_blur(values[None], tf.constant([5.0]))[0]


def _light(colour: tf.Tensor) -> tf.Tensor:
    """Rec. 601 luma of float32 (h, w, 3): (h, w, 1)."""
    return tf.tensordot(colour, [[0.299], [0.587], [0.114]], 1)


def _short_side(ink: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.reduce_min(tf.shape(ink)), tf.float32)


def _dilate(ink: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
    """The most ink (h, w) within so many pixels in rows and columns: widened pixel by pixel, as their number is a tensor."""

    def wider(i: tf.Tensor, ink: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return i + 1, tf.nn.max_pool2d(ink, 3, 1, "SAME")

    return tf.while_loop(lambda i, _: i < pixels, wider, (0, ink[None, ..., None]))[1][0, ..., 0]
