"""The loss of the network that colors regions."""

from __future__ import annotations

from mangastyle.engine import tf

SIGMA = 7.0  # standard deviation, in CIE Lab, of each color that a distribution offers
ODD = -12.0  # logarithm of a likelihood that every color has, so that odd ones have a limited loss


def color_loss(logits: tf.Tensor, given: tf.Tensor, palette: tf.Tensor, colors: tf.Tensor) -> tf.Tensor:
    """How unlikely the true colors are: each color that a distribution offers stands for a Gaussian around it.

    Parameters
    ----------
    logits : tensor of float32, shape (b, n, n + k)
        Logarithms of the network's probabilities.
    given : tensor of float32, shape (b, n, 3), CIE Lab
        The colors of the regions, as the network sees them where they are known.
    palette : tensor of float32, shape (k, 3), CIE Lab
    colors : tensor of float32, shape (b, n, 3), CIE Lab
        The true colors.

    Returns
    -------
    tensor of float32, shape (b, n)
        Minus the logarithm of the sum of p exp(-d^2 / (2 sigma^2)) over all colors at distance d with probability p.

    References
    ----------
    Bishop: "Mixture density networks" (1994).

    Examples
    --------
    >>> logits = tf.math.log([[[1e-9, 1e-9, 1.0]], [[1e-9, 1e-9, 1.0]]])
    >>> given, palette = tf.zeros((2, 1, 3)), tf.constant([[0.0, 0.0, 0.0], [50.0, 0.0, 0.0]])
    >>> color_loss(logits, given, palette, tf.constant([[[50.0, 0.0, 0.0]], [[57.0, 0.0, 0.0]]])).numpy().round(2).tolist()
    [[-0.0], [0.5]]
    """
    offered = tf.concat([given, tf.tile(palette[None], (tf.shape(given)[0], 1, 1))], 1)  # (b, n + k, 3)
    products = tf.matmul(colors, offered, transpose_b=True)  # (b, n, n + k)
    squares = tf.reduce_sum(colors**2, -1)[:, :, None] + tf.reduce_sum(offered**2, -1)[:, None] - 2 * products
    odd = tf.fill(tf.concat([tf.shape(given)[:2], [1]], 0), ODD)
    return -tf.reduce_logsumexp(tf.concat([logits - squares / (2 * SIGMA**2), odd], -1), -1)
