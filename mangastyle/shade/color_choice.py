"""From distributions over colors to colors. TensorFlow operations, so that an exported model has them too.

The mean of what a region could have would be a brown. A region takes the color around which most of its distribution lies. t is the
number of regions, m that of offered colors.
"""

from __future__ import annotations

import math

from mangastyle.engine import tf

FAR = 100.0  # distance in CIE Lab from which colors are nothing to each other, where a hint says all
CLOSE, CLOSER = 25.0, 10.0  # standard deviation, in CIE Lab, of what counts as about one color, where it says nothing; for variants
VIVID, CHROMA = 0.5, 50.0  # where nothing is known, a color of that chroma counts as if it were so much likelier than a gray
TASTE, TASTE_WIDTH = 1.5, 25.0  # of variants: standard deviation of the logarithms, and distance in CIE Lab over which they change
WAVES = 64  # of which a taste is made
IMPOSSIBLE = -30.0  # logarithm of a probability: that of colors of no region
PAPER_LIGHTNESS, PAPER_CHROMA = 85.0, 10.0  # least and greatest of what is paper
PURE_LIGHTNESS, PURE_CHROMA = 98.0, 2.0  # least and greatest of what becomes pure white
WHITE = (100.0, 0.0, 0.0)  # CIE Lab
SURELY = 0.6  # share of a distribution around paper from which a region stays paper, whatever is liked


def choose(logits: tf.Tensor, offered: tf.Tensor, known_share: tf.Tensor, variant: tf.Tensor) -> tf.Tensor:
    """The color around which most of each distribution lies.

    Where a hint says all, that is the offered color which is nearest to all others on average. Where it says nothing, distributions over
    what things of a look have are widest in chroma, so that most of them lies around grays; vivid colors are therefore liked. In between
    it is a mixture, so that one stroke more does not change everything. Each variant likes other colors. What is surely paper stays paper.

    Parameters
    ----------
    logits : tensor of float32, shape (t, m)
        Logarithms of probabilities.
    offered : tensor of float32, shape (m, 3), CIE Lab
    known_share : scalar float32 tensor in 0..1
        Share of the areas of all regions whose color is known.
    variant : scalar int32 tensor
        0 for the likeliest colors; each other number gives others that are likely, too.

    Returns
    -------
    tensor of float32, shape (t, 3), CIE Lab

    Examples
    --------
    >>> offered = tf.constant([[90.0, 0.0, 0.0], [60.0, 50.0, 30.0], [62.0, 48.0, 30.0]])
    >>> logits = tf.math.log([[0.4, 0.3, 0.3]])  # two reds together outweigh a white
    >>> choose(logits, offered, tf.constant(1.0), tf.constant(0)).numpy().tolist()
    [[62.0, 48.0, 30.0]]
    """
    free = (1 - known_share) ** 2  # how much of the mixture is as if nothing were known
    open_share, vivid = tf.where(variant > 0, 1.0, free), free * VIVID
    close = tf.where(variant > 0, CLOSER, CLOSE)
    distances = _squared_distances(offered, offered)  # (m, m)
    gaussian, cone = tf.exp(-distances / (2 * close**2)), tf.nn.relu(1 - tf.sqrt(distances) / FAR)
    mass = tf.matmul(tf.exp(logits), open_share * gaussian + (1 - open_share) * cone)  # (t, m)
    mass = tf.where(logits > IMPOSSIBLE, mass, 0.0)
    lightness, chroma = offered[:, 0], tf.norm(offered[:, 1:] + 1e-6, axis=-1)  # (m,) each
    likeliest = tf.argmax(mass, -1)
    is_paper = tf.gather((lightness > PAPER_LIGHTNESS) & (chroma < PAPER_CHROMA), likeliest) & (tf.reduce_max(mass, -1) > SURELY)
    liked = tf.argmax(mass * (1 + vivid * chroma / CHROMA) * tf.exp(taste(offered, variant)), -1)
    pure = (lightness > PURE_LIGHTNESS) & (chroma < PURE_CHROMA)
    return tf.gather(tf.where(pure[:, None], WHITE, offered), tf.where(is_paper, likeliest, liked))


def likelihoods(logits: tf.Tensor, offered: tf.Tensor, colors: tf.Tensor) -> tf.Tensor:
    """How much of each distribution (t, m) over the offered colors (m, 3) lies around other colors (p, 3): (t, p).

    Examples
    --------
    >>> offered, colors = tf.constant([[50.0, 0.0, 0.0], [50.0, 80.0, 0.0]]), tf.constant([[50.0, 0.0, 0.0]])
    >>> likelihoods(tf.math.log([[0.75, 0.25]]), offered, colors).numpy().round(2).tolist()
    [[0.75]]
    """
    return tf.matmul(tf.exp(logits), tf.exp(-_squared_distances(offered, colors) / (2 * CLOSE**2)))


def _squared_distances(one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
    """Between colors (m, 3) and (p, 3): (m, p)."""
    products = tf.matmul(one, two, transpose_b=True)
    return tf.maximum(tf.reduce_sum(one**2, -1)[:, None] + tf.reduce_sum(two**2, -1) - 2 * products, 0.0)


def taste(colors: tf.Tensor, variant: tf.Tensor) -> tf.Tensor:
    """How much a variant likes colors: a smooth random function of CIE Lab.

    All regions have the same, so that those that belong together still get one color.

    Parameters
    ----------
    colors : tensor of float32, shape (m, 3), CIE Lab
    variant : scalar int32 tensor

    Returns
    -------
    tensor of float32, shape (m,)
        Logarithms of factors; 0 for variant 0.

    References
    ----------
    Rahimi and Recht: "Random features for large-scale kernel machines" (2007).

    Examples
    --------
    >>> taste(tf.zeros((2, 3)), tf.constant(0)).numpy().tolist()
    [0.0, 0.0]
    """
    waves = tf.random.stateless_normal((3, WAVES), [variant, 0]) / TASTE_WIDTH
    phases = tf.random.stateless_uniform((WAVES,), [variant, 1], 0.0, 2 * math.pi)
    field = tf.reduce_sum(tf.cos(tf.matmul(colors, waves) + phases), -1) * math.sqrt(2 / WAVES)
    return tf.where(variant > 0, TASTE * field, 0.0)
