"""Which pixels of line art are lines, inside a TensorFlow graph: bit-identical to `lineart.lines`."""

from __future__ import annotations

from mangastyle.engine import tf
from mangastyle.lineart.lines import FAINT, INK, PAPER, PEN, SAMPLES, SOLID, USUAL
from mangastyle.ops.edge_filter import dilate


def lines(line_art: tf.Tensor) -> tf.Tensor:
    """`lineart.lines.find_lines` inside a graph.

    Parameters
    ----------
    line_art : tensor of uint8, shape (h, w, 3)

    Returns
    -------
    tensor of bool, shape (h, w)

    Examples
    --------
    >>> tf.where(lines(tf.constant([[[250] * 3, [90] * 3, [250] * 3]], tf.uint8))).numpy().tolist()
    [[0, 1]]
    """
    light = _lightness(line_art)  # (h, w)
    side = tf.cast(tf.reduce_min(tf.shape(light)), tf.float64)
    radius = tf.maximum(2, tf.cast(tf.round(PEN * side), tf.int32))  # of a pen
    closed = -dilate(-dilate(tf.cast(light, tf.float32), radius), radius)
    contrast = tf.cast(closed, tf.int32) - light
    drawn = tf.cumsum(_counts(contrast)[FAINT:])
    usual = FAINT + tf.argmax(drawn * USUAL[1] >= drawn[-1] * USUAL[0], output_type=tf.int32)
    inked = (drawn[-1] > 0) & (contrast > INK[0] * usual // INK[1])
    return inked | (light < SOLID)


def _lightness(line_art: tf.Tensor) -> tf.Tensor:
    """Levels int32 (h, w) of the darkest channel, 255 on paper."""
    steps = tf.maximum(1, tf.shape(line_art)[:2] // SAMPLES)
    samples = line_art[:: steps[0], :: steps[1]]
    channels = []
    for i in range(3):
        counts = tf.cumsum(_counts(samples[..., i]))
        paper = tf.maximum(1, tf.argmax(counts * PAPER[1] >= counts[-1] * PAPER[0], output_type=tf.int32))
        channels.append(tf.minimum(255 * tf.cast(line_art[..., i], tf.int32) // paper, 255))
    return tf.reduce_min(tf.stack(channels), 0)


def _counts(levels: tf.Tensor) -> tf.Tensor:
    """How many values are 0, 1, ..., 255: int64 (256,)."""
    counts = tf.math.bincount(tf.reshape(tf.cast(levels, tf.int32), (-1,)), minlength=256, maxlength=256)
    return tf.cast(counts, tf.int64)
