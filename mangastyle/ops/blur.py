"""Box and Gaussian blurs inside a TensorFlow graph; edges reflect as OpenCV's do."""

from __future__ import annotations

import numpy as np

from mangastyle.engine import tf
from mangastyle.ops.resample import mirror_pad

TRUNCATE = 4.0  # standard deviations after which a Gaussian is cut off


def box_blur(pictures: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Blur each picture of a batch by a square box of its own size, as `cv2.blur`.

    Boxes may be wider than the picture: reflections then follow each other. Memory grows with the square of a side.

    Parameters
    ----------
    pictures : tensor of float32, shape (b, h, w, c)
    kernel : (b,) tensor, int or float
        Side of each picture's box, in pixels, at least 1; fractions are cut off.

    Returns
    -------
    tensor of float32, shape (b, h, w, c)

    Examples
    --------
    >>> box_blur(tf.reshape([0.0, 4.0, 0.0], (1, 1, 3, 1)), tf.constant([2]))[0, 0, :, 0].numpy().tolist()
    [2.0, 2.0, 2.0]
    """
    rows = _box_matrix(tf.shape(pictures)[1], kernel)  # (b, h, h)
    square = pictures.shape[1] is not None and pictures.shape[1] == pictures.shape[2]
    columns = rows if square else _box_matrix(tf.shape(pictures)[2], kernel)  # (b, w, w)
    return tf.einsum("bij,bkl,bjlc->bikc", rows, columns, pictures)


def gaussian_blur(picture: tf.Tensor, sigma: float) -> tf.Tensor:
    """Blur a picture by a Gaussian, as `cv2.GaussianBlur`.

    Parameters
    ----------
    picture : tensor of float32, shape (h, w, c)
    sigma : float
        Standard deviation, in pixels.

    Returns
    -------
    tensor of float32, shape (h, w, c)

    Examples
    --------
    >>> gaussian_blur(tf.fill((1, 2, 1), 8.0), 2.0).numpy().round(4).tolist()
    [[[8.0], [8.0]]]
    """
    radius = int(TRUNCATE * sigma + 0.5)
    weights = np.exp(-0.5 * np.square(np.arange(-radius, radius + 1) / sigma))
    kernel = tf.constant(weights / weights.sum(), tf.float32)[:, None, None, None]  # (2 radius + 1, 1, 1, 1)
    padded = mirror_pad(tf.transpose(picture, (2, 0, 1))[..., None], radius, radius, radius)  # (c, h', w', 1)
    for one_axis in (kernel, tf.transpose(kernel, (1, 0, 2, 3))):
        padded = tf.nn.depthwise_conv2d(padded, one_axis, (1, 1, 1, 1), "VALID")
    return tf.transpose(padded[..., 0], (1, 2, 0))


def small_box_blur(picture: tf.Tensor, side: int) -> tf.Tensor:
    """Blur a picture of any size by a square box, as `cv2.blur`.

    Parameters
    ----------
    picture : tensor of float32, shape (h, w, c)
    side : int
        Of the box, in pixels; odd.

    Returns
    -------
    tensor of float32, shape (h, w, c)

    Examples
    --------
    >>> small_box_blur(tf.reshape([0.0, 3.0, 0.0], (1, 3, 1)), 3)[0, :, 0].numpy().tolist()
    [2.0, 1.0, 2.0]
    """
    return tf.nn.avg_pool2d(mirror_pad(picture[None], side // 2, side // 2, side // 2), side, 1, "VALID")[0]


def _box_matrix(side: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """(b, side, side): row i holds the weights of the pixels under a box of kernel[b] around pixel i.

    Reflection without repeating the edge has period 2(side - 1): the box around i covers pixel j once for each
    integer congruent to j or to -j, which two floor divisions count.
    """
    kernel = tf.cast(kernel, tf.int32)[:, None]  # (b, 1)
    period = tf.maximum(2 * (side - 1), 1)
    i, j = tf.range(side)[:, None], tf.range(side)[None]  # pixel of the result, of the picture
    offsets = tf.range(-side + 1, 2 * side - 1)  # all values of i - j and i + j
    first = offsets - kernel // 2  # (b, 3 side - 2)
    covered = tf.cast((first + kernel - 1) // period - (first - 1) // period, tf.float32)
    reflected = tf.where((j > 0) & (j < side - 1), tf.gather(covered, i + j + side - 1, axis=1), 0.0)
    return (tf.gather(covered, i - j + side - 1, axis=1) + reflected) / tf.cast(kernel, tf.float32)[..., None]
