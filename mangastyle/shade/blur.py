"""Box blurs of whole batches, each picture with a box of its own size."""

from __future__ import annotations

import tensorflow as tf


def box_blur(pictures: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Blur float (b, h, w, c) by a square box of kernel[i] pixels for picture i, of any size; edges reflect as in `cv2.blur`.

    A box blur is linear and separable: one small matrix per side, which also covers boxes wider than the picture.
    """
    rows = _blur_matrix(tf.shape(pictures)[1], kernel)  # (b, h, h)
    columns = _blur_matrix(tf.shape(pictures)[2], kernel)  # (b, w, w)
    return tf.einsum("bij,bkl,bjlc->bikc", rows, columns, pictures)


def _blur_matrix(side: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """(b, side, side): row i holds the weights of the pixels under a box of kernel[b] around pixel i.

    Reflection without repeating the edge has period 2(side - 1): the box around i covers pixel j once for each
    integer congruent to j or to -j, which two floor divisions count.
    """
    kernel = tf.cast(kernel, tf.int32)[:, None, None]  # (b, 1, 1)
    i, j = tf.range(side)[None, :, None], tf.range(side)[None, None, :]
    first = i - kernel // 2
    last = first + kernel - 1
    period = 2 * tf.maximum(side - 1, 1)

    def covered(p: tf.Tensor) -> tf.Tensor:
        return (last - p) // period - (first - 1 - p) // period

    count = covered(j) + tf.where((j > 0) & (j < side - 1), covered(-j), 0)
    return tf.cast(count, tf.float32) / tf.cast(kernel, tf.float32)
