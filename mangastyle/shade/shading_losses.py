"""What the shading network learns, as pure functions: tones of a picture over its flat colors, and how far a network's are from them.

A picture is its flat colors, times shadow, under light: 1 - (1 - flat * exp(shadow)) (1 - light), multiply and screen as painting programs
have them. Tones are classes, so that a threshold gives shapes; shadow and light are regressed only where there is any, so that
they do not fade with doubt.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple

from mangastyle.engine import tf
from mangastyle.ops.color import luma
from mangastyle.shade.shading_network import DEEPEST

DARK = 0.08  # added to colors before a logarithm: noise in black is no shading
SHADOW_FROM, SHADOW_FULL = 0.04, 0.14  # logarithm of luma's decrease at which shadow begins, and from which it is shadow fully
LIGHT_FROM, LIGHT_FULL = 0.03, 0.10  # luma's increase, likewise


class Tones(NamedTuple):
    """Shading of a batch of pictures.

    shares : (b, h, w, 3), of shadow, flat color and light, which add up to 1. shadow : (b, h, w, 3), logarithm of the factor on the
    flat color. light : (b, h, w, 3), what is screened, 0 to 1.
    """

    shares: tf.Tensor
    shadow: tf.Tensor
    light: tf.Tensor


def tones_of(picture: tf.Tensor, flat: tf.Tensor) -> Tones:
    """The shading by which flat colors become a picture.

    Parameters
    ----------
    picture, flat : tensor of float32, shape (b, h, w, 3) in 0..1

    Returns
    -------
    Tones

    Examples
    --------
    >>> flat = tf.fill((1, 1, 1, 3), 0.5)
    >>> tones_of(0.6 * flat, flat).shares.numpy().ravel().tolist(), tones_of(flat, flat).shares.numpy().ravel().tolist()
    ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    """
    bright, base = luma(picture), luma(flat)  # (b, h, w, 1)
    darker = tf.math.log((base + DARK) / (bright + DARK))
    shadow = _ramp(darker, SHADOW_FROM, SHADOW_FULL)
    light = _ramp(bright - base, LIGHT_FROM, LIGHT_FULL)
    factor = tf.math.log((picture + DARK) / (flat + DARK))
    screened = (picture - flat) / (1 - flat + DARK)
    return Tones(
        tf.concat([shadow, 1 - shadow - light, light], -1),
        tf.clip_by_value(factor, -DEEPEST, 0.0),
        tf.clip_by_value(screened, 0.0, 1.0),
    )


def shaded(flat: tf.Tensor, tones: Tones) -> tf.Tensor:
    """Flat colors with shading, each tone by its share.

    Parameters
    ----------
    flat : tensor of float32, shape (b, h, w, 3) in 0..1
    tones : Tones

    Returns
    -------
    tensor of float32, shape (b, h, w, 3) in 0..1

    Examples
    --------
    >>> flat, none = tf.fill((1, 1, 1, 3), 0.5), tf.zeros((1, 1, 1, 3))
    >>> shaded(flat, Tones(tf.constant([[[[0.0, 1.0, 0.0]]]]), none, none)).numpy().ravel().tolist()
    [0.5, 0.5, 0.5]
    """
    multiplied = flat * (1 - tones.shares[..., :1] * (1 - tf.exp(tones.shadow)))
    return 1 - (1 - multiplied) * (1 - tones.shares[..., 2:] * tones.light)


def predicted(found: Mapping[str, tf.Tensor]) -> Tones:
    """The network's output as tones.

    Parameters
    ----------
    found : dict of str to tensor
        As `shading_network.build` has it.

    Returns
    -------
    Tones

    Examples
    --------
    >>> nothing = tf.zeros((1, 1, 1, 3))
    >>> round(float(predicted({"tones": nothing, "shadow": nothing, "bright": nothing}).shares[0, 0, 0, 0]), 2)
    0.33
    """
    return Tones(tf.nn.softmax(found["tones"]), found["shadow"], found["bright"])


def shading_losses(
    found: Mapping[str, tf.Tensor], picture: tf.Tensor, flat: tf.Tensor, weight: tf.Tensor
) -> dict[str, tf.Tensor]:  # fmt: skip
    """How far a network's shading is from a picture's.

    Parameters
    ----------
    found : dict of str to tensor
        The network's output.
    picture, flat : tensor of float32, shape (b, h, w, 3) in 0..1
    weight : tensor of float32, shape (b, h, w, 1)
        1 where the picture is known to be its flat color with shading, 0 on lines and elsewhere.

    Returns
    -------
    dict of str to tensor of float32, shape (b,)
        "tones": cross-entropy, less that of the truth with itself; "colors": mean absolute error of shadow where there is shadow and of
        light where there is light; "pixels": that of the shaded picture; "edges": that of its differences between neighbors. Each is a
        mean over the picture's area.

    Examples
    --------
    >>> flat = tf.fill((1, 4, 4, 3), 0.5)
    >>> found = {"tones": tf.constant([0.0, 50.0, 0.0]) * tf.ones_like(flat), "shadow": 0 * flat, "bright": 0 * flat}
    >>> {name: float(x[0]) for name, x in shading_losses(found, flat, flat, tf.ones((1, 4, 4, 1))).items()}
    {'tones': 0.0, 'colors': 0.0, 'pixels': 0.0, 'edges': 0.0}
    """
    true, own = tones_of(picture, flat), predicted(found)
    cross_entropy = tf.nn.softmax_cross_entropy_with_logits(true.shares, found["tones"])[..., None]  # (b, h, w, 1)
    entropy = -tf.reduce_sum(tf.math.xlogy(true.shares, true.shares), -1, keepdims=True)
    colors = true.shares[..., :1] * tf.abs(own.shadow - true.shadow) + true.shares[..., 2:] * tf.abs(own.light - true.light)
    # Of the picture's error, only the shares learn: shadow and light would fade where they are wrong.
    error = shaded(flat, Tones(own.shares, tf.stop_gradient(own.shadow), tf.stop_gradient(own.light))) - picture  # (b, h, w, 3)
    down = weight[:, 1:] * weight[:, :-1] * tf.abs(error[:, 1:] - error[:, :-1])
    across = weight[:, :, 1:] * weight[:, :, :-1] * tf.abs(error[:, :, 1:] - error[:, :, :-1])
    return {
        "tones": tf.reduce_mean(weight * (cross_entropy - entropy), (1, 2, 3)),
        "colors": tf.reduce_mean(weight * colors, (1, 2, 3)),
        "pixels": tf.reduce_mean(weight * tf.abs(error), (1, 2, 3)),
        "edges": tf.reduce_mean(down, (1, 2, 3)) + tf.reduce_mean(across, (1, 2, 3)),
    }


def _ramp(x: tf.Tensor, start: float, end: float) -> tf.Tensor:
    """0 up to `start`, 1 from `end` on, linear between."""
    return tf.clip_by_value((x - start) / (end - start), 0.0, 1.0)
