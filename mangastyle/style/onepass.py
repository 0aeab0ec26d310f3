"""Paint a picture in any painting's style in one pass of a network, where `transfer` optimises for minutes.

The slim VGG-19 that ships looks at content and painting, down to relu4_1. At four depths the content's features get
the painting's mean and covariance by optimal transport (`transport`); a small decoder turns them into a picture. It meets
the deep features first and the shallow ones last, so that ink lines are as crisp as relu1_1 sees them.

Where a content is flat, its features have nothing that could become a brush stroke. So the decoder also gets grain: what
changes from place to place in the painting's own features, of which it may use what it likes.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from mangastyle import resample, weights
from mangastyle.style import transport, vgg
from mangastyle.style.transport import Affine, Statistics

# Where features are moved, deepest first, with their size at the shipped slim network: its features over this are about 1.
LAYERS = {"relu4_1": 700.0, "relu3_1": 300.0, "relu2_1": 300.0, "relu1_1": 100.0}
GRAINY = {"relu4_1": 5, "relu3_1": 9}  # where grain is offered, and how many positions wide what counts as a stroke is
GRAIN = 0.4  # how much of the grain is laid on; the whole of it, as in training, leaves smears on flat faces
MULTIPLE = 8  # pictures' sides, in pixels
GREY, CONTRAST = 127.5, 60.0  # of the decoder's output

Features = dict[str, tf.Tensor]  # by layer


def encoder(backbone: keras.Model) -> keras.Model:
    """Pictures (b, h, w, 3) in 0..255 to {layer: features (b, h/2^i, w/2^i, n), of order 1}, all float32."""
    found = vgg.features(backbone, tuple(LAYERS))
    return keras.Model(found.input, {name: found.output[name] / size for name, size in LAYERS.items()})


def decoder(widths: dict[str, int], policy: str = "float32") -> keras.Model:
    """{layer: moved features, layer_grain: grain, "strength": (b, 1)} to a picture (b, h, w, 3), about 0..255, float32.

    `widths` are the features of each layer. Nearest enlargement and mirrored edges leave no grid and no frame.
    """
    inputs = {name: keras.Input((None, None, width), name=name) for name, width in widths.items()}
    grain = {name: keras.Input((None, None, widths[name]), name=f"{name}_grain") for name in GRAINY}
    strength = keras.Input((1,), name="strength")
    deepest, *others = widths
    width = widths[deepest]
    said = keras.layers.Dense(width, use_bias=False, dtype=policy, name="strength_features")(strength)
    x = keras.layers.add([_with_grain(deepest, inputs, grain, policy), keras.layers.Reshape((1, 1, width))(said)], dtype=policy)
    for name in others:
        width = widths[name]
        x = _convolve(x, width, policy, f"before_{name}")
        x = keras.layers.UpSampling2D(2, dtype=policy)(x)
        x = keras.layers.add([x, _with_grain(name, inputs, grain, policy)], dtype=policy)  # (b, 2h, 2w, n)
        x = _convolve(x, width, policy, f"at_{name}")
    x = _convolve(x, 3, policy, "picture", activation=None)
    inputs |= {"strength": strength, **{f"{name}_grain": given for name, given in grain.items()}}
    return keras.Model(inputs, keras.ops.cast(x, "float32") * CONTRAST + GREY, name="decoder")


def reduction(layer: str) -> int:
    """How many pixels wide a position in a layer is."""
    return 2 ** (int(layer[4]) - 1)


def _with_grain(name: str, features: dict[str, Any], grain: dict[str, Any], policy: str):
    if name not in grain:
        return features[name]
    chosen = keras.layers.Conv2D(grain[name].shape[-1], 1, use_bias=False, kernel_initializer="zeros", dtype=policy, name=f"{name}_grain_features")
    return keras.layers.add([features[name], chosen(grain[name])], dtype=policy)


def _convolve(x, width: int, policy: str, name: str, activation: str | None = "relu"):
    x = keras.ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    return keras.layers.Conv2D(width, 3, activation=activation, dtype=policy, name=name)(x)


class Network:
    """Encoder and decoder as compiled functions of tensors, each for all sizes. All float32.

    k is the number of paintings; {layer: ...} has the keys of `LAYERS`.
    encode : a picture (1, h, w, 3) in 0..255, sides multiples of `MULTIPLE`, to its features.
    statistics : of features, everywhere, {layer: `Statistics` with b = 1}.
    statistics_within : likewise where each of the masks {layer: (k, h', w', 1)} counts, b = k.
    maps : see `maps`. grain : see `grain`. paint : see `_paint`.
    """

    def __init__(self, path: Path, policy: str = "float32") -> None:
        """Raises `MangastyleError` for a weights file that is damaged or of another network."""
        # Without Winograd, which gains little with so few features: an exported model then needs no XLA where it runs.
        self.encoder = encoder(vgg.backbone("slim", policy=policy, winograd=False))
        self.widths = widths = {name: output.shape[-1] for name, output in self.encoder.output.items()}
        self.decoder = decoder(widths, policy)
        weights.load(path, self.decoder)
        features = {name: tf.TensorSpec((1, None, None, width)) for name, width in widths.items()}
        masks = dict.fromkeys(widths, tf.TensorSpec((None, None, None, 1)))
        self.encode = tf.function(self.encoder, input_signature=[tf.TensorSpec((1, None, None, 3))])
        self.statistics = tf.function(_statistics, input_signature=[features])
        self.statistics_within = tf.function(_statistics, input_signature=[features, masks])
        self.maps = tf.function(maps)
        self.grain = tf.function(grain, input_signature=[features])
        self.paint = tf.function(self._paint, reduce_retracing=True)

    def _paint(self, features: Features, maps: dict[str, Affine], strength: tf.Tensor, shares: Any, grain: Features) -> tf.Tensor:
        """A picture (1, h, w, 3) from its features, moved by k `maps`, and the `grain` of k paintings in their shape (k, h', w', n).

        `shares` of the paintings are (k,), with the sum 1, or differ from place to place: {layer: (k, h', w', 1)}.
        """
        if isinstance(shares, dict):
            moved = {name: x + tf.reduce_sum(shares[name] * (maps[name](x) - x), 0, keepdims=True) for name, x in features.items()}
        else:
            moved = {name: mix(maps[name], shares)(x) for name, x in features.items()}
            shares = dict.fromkeys(grain, shares[:, None, None, None])
        grain = {name: tf.reduce_sum(shares[name] * x, 0, keepdims=True) for name, x in grain.items()}
        return decode(self.decoder, moved, grain, strength)


@functools.lru_cache(maxsize=1)
def network(path: Path, modified: float, policy: str) -> Network:
    """The network of a weights file, `modified` at that time: loaded and compiled once for all painters of a process."""
    return Network(path, policy)


def _statistics(features: Features, masks: Features | None = None) -> dict[str, Statistics]:
    return {name: transport.statistics(x, masks[name] if masks else None) for name, x in features.items()}


def maps(found: dict[str, Statistics], wanted: dict[str, Statistics], strength: tf.Tensor) -> dict[str, Affine]:
    """From the statistics `found`, of contents, to those `wanted`, of paintings, at strengths (b,) or (1,) from 0 to 1.

    At strength 0 features stay.
    """
    share = portion(strength)[:, None]  # (b, 1)
    made = {}
    for name in found:
        map_ = transport.transport(found[name], wanted[name])
        unit = tf.eye(map_.matrix.shape[-1])
        made[name] = Affine(unit + share[..., None] * (map_.matrix - unit), share * map_.offset)
    return made


def portion(strength: tf.Tensor) -> tf.Tensor:
    """How far features are moved at a strength: three quarters of the way at 0.5."""
    return 1 - (1 - strength) ** 2


def grain(painting: Features) -> Features:
    """What of a painting's features (b, h', w', n) are strokes, not shapes: their differences from the mean around them."""
    return {name: painting[name] - tf.nn.avg_pool2d(painting[name], width, 1, "SAME") for name, width in GRAINY.items()}


def laid_out(grain: Features, height: tf.Tensor, width: tf.Tensor) -> Features:
    """As much grain (k, h', w', n) as a picture of `height` x `width` pixels gets: cut off, or mirrored as often as needed."""

    def fit(name: str, x: tf.Tensor) -> tf.Tensor:
        rows, columns = height // reduction(name), width // reduction(name)
        missing = (tf.maximum(side - tf.shape(x)[axis], 0) for axis, side in ((1, rows), (2, columns)))
        return GRAIN * resample.mirror(x, 0, *missing)[:, :rows, :columns]

    return {name: fit(name, x) for name, x in grain.items()}


def paint(decoder: keras.Model, content: Features, wanted: dict[str, Statistics], grain: Features, strength: tf.Tensor) -> tf.Tensor:
    """Features of contents, statistics and grain of paintings, (b, ...) all, and strengths (b,), to pictures (b, h, w, 3)."""
    map_of = maps({name: transport.statistics(content[name]) for name in LAYERS}, wanted, strength)
    return decode(decoder, {name: map_of[name](content[name]) for name in LAYERS}, grain, strength)


def decode(decoder: keras.Model, moved: Features, grain: Features, strength: tf.Tensor) -> tf.Tensor:
    """Moved features and grain, (b, h', w', n) each, and strengths (b,) to pictures (b, h, w, 3)."""
    share = portion(strength)[:, None, None, None]
    return decoder({**moved, **{f"{name}_grain": share * x for name, x in grain.items()}, "strength": strength[:, None]})


def mix(map_: Affine, shares: tf.Tensor) -> Affine:
    """The mean of k maps, weighted by `shares` (k,): one map."""
    return Affine(tf.tensordot(shares, map_.matrix, 1)[None], tf.tensordot(shares, map_.offset, 1)[None])


def save(path: Path, model: keras.Model, config: Any, extra: dict[str, Any]) -> None:
    """Write a decoder for `Network`, with how it was made."""
    weights.save(path, model, config, extra, weights.ONEPASS_FORMAT)
