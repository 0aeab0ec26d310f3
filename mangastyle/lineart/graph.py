"""Line art inside a TensorFlow graph: is a picture line art already, its sketch, and what a network gets at its own size."""

from __future__ import annotations

from mangastyle.engine import tf
from mangastyle.lineart import detect
from mangastyle.lineart.clean_graph import clean_lines, white_paper
from mangastyle.lineart.settings import PAPER_BLOCK
from mangastyle.lineart.sketch import BLOCK_SIDE
from mangastyle.ops import resample
from mangastyle.ops import windows_graph as windows
from mangastyle.ops.selection import largest
from mangastyle.ops.threshold import adaptive_threshold, grayscale, quantile

MIN_INK = 0.02  # share of the paper's brightness by which a pixel is darkened, from which on it counts as ink
BLACK_QUANTILE = 0.8  # quantile of the inked pixels' darkness that becomes black

PICTURE = tf.TensorSpec((None, None, 3), tf.uint8)
SIDE = tf.TensorSpec((), tf.int32)


def detect_line_art(picture: tf.Tensor) -> tf.Tensor:
    """`lineart.detect.is_line_art` inside a graph.

    Parameters
    ----------
    picture : tensor of uint8, shape (h, w, 3)

    Returns
    -------
    scalar bool tensor

    Examples
    --------
    >>> bool(detect_line_art(tf.fill((8, 8, 3), tf.constant(250, tf.uint8))))
    True
    """
    side = tf.cast(tf.reduce_min(tf.shape(picture)[:2]), tf.float64)
    small = windows.shrink(tf.cast(picture, tf.int32), tf.maximum(1, tf.cast(tf.round(side / detect.SIDE), tf.int32)))
    closed = [windows.close(small[..., i], detect.LINE_RADIUS) for i in range(3)]  # lines are covered, (h, w) each
    papers = [tf.maximum(quantile(channel, *detect.PAPER_SHARE), 1) for channel in closed]
    areas = [tf.minimum(channel * 255 // paper, 255) for channel, paper in zip(closed, papers)]
    strongest, weakest = tf.reduce_max(areas, 0), tf.reduce_min(areas, 0)  # (h, w)
    colored = tf.math.count_nonzero(strongest - weakest > detect.COLORED, dtype=tf.int32)
    light = tf.math.count_nonzero(weakest > detect.LIGHT, dtype=tf.int32)
    size = tf.size(weakest)
    return (tf.reduce_max(papers) >= detect.DIM) & (100 * colored < detect.MAX_COLORED * size) & (100 * light > detect.MIN_LIGHT * size)


def clean_sketch(picture: tf.Tensor) -> tf.Tensor:
    """`lineart.sketch.sketch` of kind "clean" with its usual settings, inside a graph; bit-identical.

    Parameters
    ----------
    picture : tensor of uint8, shape (h, w, 3), RGB

    Returns
    -------
    tensor of uint8, shape (h, w)
        Ink 0 on paper 255, with soft edges.

    Examples
    --------
    >>> import numpy as np
    >>> art = np.full((16, 16, 3), 240, np.uint8)
    >>> art[:, 8] = 60
    >>> clean_sketch(tf.constant(art)).numpy()[0, 7:10].tolist()
    [255, 63, 255]
    """
    return tf.cond(detect_line_art(picture), lambda: white_paper(grayscale(picture)), lambda: clean_lines(picture))


def sketch(picture: tf.Tensor) -> tf.Tensor:
    """`lineart.sketch.sketch` with its usual settings, inside a graph; bit-identical.

    Parameters
    ----------
    picture : tensor of uint8, shape (h, w, 3), RGB

    Returns
    -------
    tensor of uint8, shape (h, w)
        Ink 0 on paper 255.

    Examples
    --------
    >>> int(tf.reduce_min(sketch(tf.fill((8, 8, 3), tf.constant(90, tf.uint8)))))
    255
    """
    return _threshold(picture, _automatic_block(tf.reduce_min(tf.shape(picture)[:2])))


@tf.function(autograph=False, input_signature=[PICTURE, SIDE, SIDE], experimental_attributes={"_noinline": True})
def downsample_lines(line_art: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Reduce line art: thin lines become soft and none is lost.

    The paper's level becomes white and that of common lines black, however faint they are drawn or get by the reduction.

    Parameters
    ----------
    line_art : tensor of uint8, shape (h, w, 3)
    height, width : scalar int32 tensor
        Size of the result, in pixels, at most that of the line art.

    Returns
    -------
    tensor of uint8, shape (height, width)
        Ink 0 on paper 255, with gray levels between.

    Examples
    --------
    >>> import numpy as np
    >>> art = np.full((16, 16, 3), 240, np.uint8)
    >>> art[:, 8] = 180  # a faint line, one pixel wide
    >>> downsample_lines(art, 4, 4).numpy()[0].tolist()
    [255, 255, 0, 255]
    """
    gray = grayscale(line_art)  # (h, w)
    counts = tf.cumsum(tf.math.bincount(tf.reshape(gray, (-1,)), minlength=256, maxlength=256))  # (256,), cumulative
    paper = tf.cast(tf.argmax(2 * counts >= counts[-1]), tf.float32)  # the median
    ink = tf.clip_by_value(1 - tf.cast(gray, tf.float32) / tf.maximum(paper, 1.0), 0.0, 1.0)
    ink = resample.resize(ink[..., None], height, width)[..., 0]  # (height, width)
    inked = tf.boolean_mask(ink, ink > MIN_INK)
    last = tf.size(inked) - 1
    place = tf.cast(tf.round(BLACK_QUANTILE * tf.cast(tf.maximum(last, 0), tf.float32)), tf.int32)  # from the faintest on
    black = tf.cond(last >= 0, lambda: largest(inked, last - place), lambda: 1.0)
    return resample.to_uint8(255 * (1 - ink / black))


def network_line_input(picture: tf.Tensor, height: tf.Tensor, width: tf.Tensor, soft: tf.Tensor) -> tf.Tensor:
    """The line art that a shading network gets for a picture.

    Parameters
    ----------
    picture : tensor of uint8, shape (h, w, 3)
    height, width : scalar int32 tensor
        Size of the result, in pixels.
    soft : scalar bool tensor
        Whether the picture is line art to be reduced (`downsample_lines`); otherwise it is resized and then sketched.

    Returns
    -------
    tensor of uint8, shape (height, width)
        Ink 0 on paper 255.

    Examples
    --------
    >>> network_line_input(tf.fill((16, 24, 3), tf.constant(250, tf.uint8)), 8, 12, True).shape.as_list()
    [8, 12]
    """

    def sketched() -> tf.Tensor:
        return _threshold(resample.resize_uint8(picture, height, width), PAPER_BLOCK)

    return tf.cond(soft, lambda: downsample_lines(picture, height, width), sketched)


def _threshold(picture: tf.Tensor, block: int | tf.Tensor) -> tf.Tensor:
    """Line art uint8 (h, w) of uint8 (h, w, 3)."""
    return tf.cast(tf.where(adaptive_threshold(picture[None], block)[0, ..., 0] > 0, 255, 0), tf.uint8)


def _automatic_block(short_side: tf.Tensor) -> tf.Tensor:
    """`lineart.sketch.automatic_block` for a scalar int32 tensor."""
    block = tf.round(PAPER_BLOCK / BLOCK_SIDE * tf.cast(short_side, tf.float64))
    return tf.maximum(PAPER_BLOCK, tf.cast(block, tf.int32) // 2 * 2 + 1)
