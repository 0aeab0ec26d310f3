"""The network that gives regions of line art their colors, as Keras functional models.

Each region is a token. `encoder`, a convolutional network with skip connections, reads the line art; its features are averaged over
each region. `decoder`, a transformer, lets regions attend to each other by these features, by place, size and common borders, and
gives each region a distribution over the colors of the regions that have one already (a pointer network: hair takes the color of
hair) and over a palette (what things of that look usually have). Regression would give the mean of all colors that a region could
have, which is a brown; a distribution has modes.

Token 0 stands for no region: for what pads the picture to a square, and for regions that are too many. Lengths and places are shares
of the longer side, colors are CIE Lab.

References
----------
Vaswani et al.: "Attention is all you need" (2017).
Vinyals, Fortunato, Jaitly: "Pointer networks" (2015).
Zhang, Isola, Efros: "Colorful image colorization" (2016), for colors as classes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mangastyle.engine import default_settings, keras, tf
from mangastyle.shade.spec import RegionSpec

layers = keras.layers

LAB_SCALE = 100.0  # CIE Lab is divided by it for the network
SEEDS = 1000  # consecutive initializer seeds for each seed of a training
MASKED = -1e9  # added to the logits of what must not be chosen


class RegionNetwork(NamedTuple):
    """Both halves of the network; the encoder runs once for a picture, the decoder whenever more colors are known.

    Attributes
    ----------
    encoder : keras.Model
        {"ink": (b, s, s, 1), 0 on paper, 1 on lines; "labels": (b, s, s) int32; "areas": (b, n)} to {"features": (b, n, c),
        "borders": (b, n, n)}.
    decoder : keras.Model
        {"features", "borders", "areas": (b, n), shares of the square; "centers": (b, n, 2), y and x; "colors": (b, n, 3), Lab;
        "known": (b, n), 1 where a color is known, else 0; "valid": (b, n), 1 for regions, 0 for tokens that stand for none} to
        logarithms of probabilities (b, n, n + k): of the n regions' colors, then of the k palette colors.
    model : keras.Model
        All variables, for weights files and for training: the inputs of both to the decoder's output.
    """

    encoder: keras.Model
    decoder: keras.Model
    model: keras.Model

    @property
    def palette(self) -> tf.Tensor:
        """The palette's colors (k, 3), Lab."""
        return tf.convert_to_tensor(self.decoder.get_layer("palette").colors)


@default_settings()
def build(spec: RegionSpec, dtype: str = "float32", seed: int = 0, synchronized: bool = False) -> RegionNetwork:
    """The network of a specification.

    Parameters
    ----------
    spec : RegionSpec
    dtype : str
        Keras dtype policy of the convolutions: float32 or mixed_bfloat16. The tokens are float32.
    seed : int
        Decides the first weights.
    synchronized : bool
        BatchNorm statistics over all replicas of a `tf.distribute` strategy.

    Returns
    -------
    RegionNetwork

    Examples
    --------
    >>> network = build(RegionSpec(size=32, widths=(8, 8, 8), width=16, heads=2, blocks=1, colors=5))
    >>> found = network.encoder({"ink": tf.zeros((1, 32, 32, 1)), "labels": tf.ones((1, 32, 32), tf.int32), "areas": tf.ones((1, 4))})
    >>> found["features"].shape.as_list(), found["borders"].shape.as_list()
    ([1, 4, 26], [1, 4, 4])
    """
    encoder, decoder = _encoder(spec, dtype, synchronized), _decoder(spec)
    inputs = {**encoder.input, **{name: x for name, x in decoder.input.items() if name not in ("features", "borders", "areas")}}
    given = {name: x for name, x in inputs.items() if name not in encoder.input}
    model = keras.Model(inputs, decoder({**encoder(encoder.input), "areas": inputs["areas"], **given}), name="regions")
    for i, variable in enumerate(model.trainable_variables):  # one seed each, whatever Keras' global generator is at
        if len(variable.shape) > 1:
            variable.assign(keras.initializers.GlorotUniform(seed=seed * SEEDS + i)(variable.shape))
    return RegionNetwork(encoder, decoder, model)


def _encoder(spec: RegionSpec, dtype: str, synchronized: bool) -> keras.Model:
    """Line art to the features of each region; level i works at a side of s / 2^(i + 1)."""
    ink = keras.Input((spec.size, spec.size, 1), name="ink")
    labels, areas = keras.Input((spec.size, spec.size), dtype="int32", name="labels"), keras.Input((None,), name="areas")
    first, *rest = spec.widths

    def conv(x: Any, width: int, name: str, stride: int = 1, kernel: int = 3) -> Any:
        x = layers.Conv2D(width, kernel, stride, "same", use_bias=False, name=name, dtype=dtype)(x)
        x = layers.BatchNormalization(momentum=0.98, synchronized=synchronized, name=f"{name}_norm", dtype=dtype)(x)
        return layers.Activation("relu", name=f"{name}_relu", dtype=dtype)(x)

    def residual(x: Any, name: str) -> Any:
        y = conv(x, x.shape[-1], f"{name}_conv1")
        y = layers.Conv2D(x.shape[-1], 3, padding="same", name=f"{name}_conv2", dtype=dtype)(y)
        return layers.Add(name=f"{name}_add", dtype=dtype)([x, y])

    def join(x: Any, skip: Any, name: str) -> Any:
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_enlarge", dtype=dtype)(x)
        return layers.Concatenate(name=f"{name}_skip", dtype=dtype)([x, skip])

    x = conv(ink, first, "down1", 2, 5)  # (b, s/2, s/2, first)
    skips = [x]
    for level, width in enumerate(rest, 2):
        x = residual(conv(x, width, f"down{level}", 2), f"residual{level}")  # (b, s/2^level, s/2^level, width)
        skips.append(x)
    x = residual(x, "middle")
    for level in range(len(rest), 1, -1):
        narrow = spec.widths[level - 1] if level > 2 else 4 * spec.widths[1] // 3
        x = conv(join(x, skips[level - 1], f"up{level}"), narrow, f"up{level}")  # (b, s/2^level, s/2^level, narrow)
    coarse = layers.UpSampling2D(2, interpolation="bilinear", name="coarse_enlarge", dtype=dtype)(x)  # (b, s/2, s/2, 4/3 of widths[1])
    fine = layers.Conv2D(4 * first // 3, 1, name="fine", dtype=dtype)(x)
    fine = conv(join(fine, skips[0], "up1"), 2 * first, "up1")  # (b, s/2, s/2, 2 first)
    maps = layers.Concatenate(name="maps", dtype=dtype)([fine, coarse])
    features = RegionMeans(name="region_means", dtype="float32")([maps, labels[:, ::2, ::2], areas])  # (b, n, c)
    borders = Borders(name="borders", dtype="float32")([labels, areas])  # (b, n, n)
    return keras.Model({"ink": ink, "labels": labels, "areas": areas}, {"features": features, "borders": borders}, name="encoder")


def _decoder(spec: RegionSpec) -> keras.Model:
    """Features, places and known colors of the regions to the logarithms of probabilities of their colors, all float32."""
    width, heads = spec.width, spec.heads
    features = keras.Input((None, spec.features), name="features")
    borders = keras.Input((None, None), name="borders")
    areas, centers = keras.Input((None,), name="areas"), keras.Input((None, 2), name="centers")
    colors, known, valid = keras.Input((None, 3), name="colors"), keras.Input((None,), name="known"), keras.Input((None,), name="valid")

    def dense(x: Any, units: int, name: str, activation: str | None = None) -> Any:
        return layers.Dense(units, activation, name=name, dtype="float32")(x)

    def embed(x: Any, name: str) -> Any:
        return dense(dense(x, 64, f"{name}_hidden", "gelu"), width, name)

    place = Places(name="places", dtype="float32")([centers, areas])  # (b, n, 3)
    hint = KnownColors(name="known_colors", dtype="float32")([colors, known])  # (b, n, 4)
    x = dense(features, width, "look") + embed(place, "place") + embed(hint, "hint")  # (b, n, width)
    bias = PairBias(heads * spec.blocks + 1, name="pairs", dtype="float32")([centers, borders])  # (b, heads blocks + 1, n, n)
    for i in range(spec.blocks):
        y = layers.LayerNormalization(name=f"norm{i + 1}a", dtype="float32")(x)
        x = x + Attention(heads, i * heads, name=f"attention{i + 1}", dtype="float32")([y, bias, valid])
        y = layers.LayerNormalization(name=f"norm{i + 1}b", dtype="float32")(x)
        x = x + dense(dense(y, 3 * width, f"mlp{i + 1}a", "gelu"), width, f"mlp{i + 1}b")
    x = layers.LayerNormalization(name="norm", dtype="float32")(x)
    pointer = Pointer(name="pointer", dtype="float32")([dense(x, 64, "query"), dense(x, 64, "key"), bias, known, dense(x, 1, "gate")])
    usual = dense(dense(x, width, "usual_hidden", "gelu"), spec.colors, "usual")  # (b, n, k)
    logits = Palette(spec.colors, name="palette", dtype="float32")([pointer, usual])  # (b, n, n + k)
    inputs = dict(features=features, borders=borders, areas=areas, centers=centers, colors=colors, known=known, valid=valid)
    return keras.Model(inputs, logits, name="decoder")


class RegionMeans(layers.Layer):
    """Mean of the features in each region.

    [features (b, s, s, c), labels (b, s, s) int32 in 0..n - 1, areas (b, n), for n alone] to float32 (b, n, c).

    Examples
    --------
    >>> RegionMeans()([tf.constant([[[[3.0], [5.0]]]]), tf.constant([[[1, 1]]]), tf.zeros((1, 2))]).numpy().round(2).tolist()
    [[[0.0], [4.0]]]
    """

    def call(self, inputs: Any) -> tf.Tensor:
        features, labels, areas = inputs
        batch, count, width = tf.shape(areas)[0], tf.shape(areas)[1], features.shape[-1]
        flat = tf.reshape(tf.cast(features, tf.float32), (-1, width))
        index = tf.reshape(labels + tf.range(batch)[:, None, None] * count, (-1,))
        sums = tf.math.unsorted_segment_sum(tf.concat([flat, tf.ones_like(flat[:, :1])], 1), index, batch * count)
        return tf.reshape(sums[:, :width] / (sums[:, width:] + 1e-3), (batch, count, width))

    def compute_output_shape(self, shapes: Any) -> tuple:
        return (*shapes[2], shapes[0][-1])


class Borders(layers.Layer):
    """Lengths of the regions' common borders: [labels (b, s, s) int32, areas (b, n)] to log(1 + pixels), float32 (b, n, n).

    Pixels two apart are compared, so that a border of one pixel is counted on both of its sides.

    Examples
    --------
    >>> Borders()([tf.constant([[[0, 0, 1], [0, 0, 1], [0, 0, 1]]]), tf.zeros((1, 2))]).numpy().astype(float).round(1).tolist()
    [[[1.6, 1.4], [1.4, 1.1]]]
    """

    def call(self, inputs: Any) -> tf.Tensor:
        labels, areas = inputs
        batch, count = tf.shape(areas)[0], tf.shape(areas)[1]
        first = tf.range(batch)[:, None, None] * count * count
        total = tf.zeros(batch * count * count)
        for a, b in ((labels[:, :, :-2], labels[:, :, 2:]), (labels[:, :-2], labels[:, 2:])):
            pairs = tf.reshape(first + a * count + b, (-1,))
            total += tf.math.unsorted_segment_sum(tf.ones_like(pairs, tf.float32), pairs, batch * count * count)
        lengths = tf.reshape(total, (batch, count, count))
        return tf.math.log1p(lengths + tf.transpose(lengths, (0, 2, 1)))

    def compute_output_shape(self, shapes: Any) -> tuple:
        return (*shapes[1], shapes[1][1])


class Places(layers.Layer):
    """[centers (b, n, 2), areas (b, n)] to y, x and a logarithm of the area, (b, n, 3)."""

    def call(self, inputs: Any) -> tf.Tensor:
        centers, areas = inputs
        return tf.concat([centers, tf.math.log(areas[..., None] + 1e-5) / 5], -1)

    def compute_output_shape(self, shapes: Any) -> tuple:
        return (*shapes[1], 3)


class KnownColors(layers.Layer):
    """[colors (b, n, 3) Lab, known (b, n)] to the known colors and whether there is one, (b, n, 4); zeros for the others."""

    def call(self, inputs: Any) -> tf.Tensor:
        colors, known = inputs
        return tf.concat([colors / LAB_SCALE, tf.ones_like(known)[..., None]], -1) * known[..., None]

    def compute_output_shape(self, shapes: Any) -> tuple:
        return (*shapes[1], 4)


class PairBias(layers.Layer):
    """What place and common border say about each pair of regions, as biases of the attention.

    [centers (b, n, 2), borders (b, n, n)] to (b, units, n, n).
    """

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.hidden = layers.Dense(16, "relu", name="hidden", dtype=self.dtype_policy)
        self.out = layers.Dense(units, name="out", dtype=self.dtype_policy)

    def build(self, shapes: Any) -> None:
        self.hidden.build((None, None, None, 6))
        self.out.build((None, None, None, 16))

    def call(self, inputs: Any) -> tf.Tensor:
        centers, borders = inputs
        apart = centers[:, :, None] - centers[:, None]  # (b, n, n, 2)
        far = tf.norm(apart + 1e-6, axis=-1, keepdims=True)  # (b, n, n, 1)
        pairs = tf.concat([apart, tf.abs(apart), far, borders[..., None] / 5], -1)  # (b, n, n, 6)
        return tf.transpose(self.out(self.hidden(pairs)), (0, 3, 1, 2))

    def compute_output_shape(self, shapes: Any) -> tuple:
        return (shapes[0][0], self.out.units, shapes[0][1], shapes[0][1])


class Attention(layers.Layer):
    """Attention with biases.

    [tokens (b, n, c), biases (b, m, n, n), of which `heads` from `first` on are used, valid (b, n)] to (b, n, c).
    """

    def __init__(self, heads: int, first: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads, self.first = heads, first

    def build(self, shapes: Any) -> None:
        width = shapes[0][-1]
        self.qkv = layers.Dense(3 * width, name="qkv", dtype=self.dtype_policy)
        self.out = layers.Dense(width, name="out", dtype=self.dtype_policy)
        self.qkv.build((None, None, width))
        self.out.build((None, None, width))

    def call(self, inputs: Any) -> tf.Tensor:
        tokens, bias, valid = inputs
        batch, count, width = tf.shape(tokens)[0], tf.shape(tokens)[1], tokens.shape[-1]
        split = tf.reshape(self.qkv(tokens), (batch, count, 3, self.heads, width // self.heads))
        query, key, value = tf.unstack(tf.transpose(split, (2, 0, 3, 1, 4)))  # (b, heads, n, c / heads) each
        logits = tf.matmul(query, key, transpose_b=True) / np.sqrt(width // self.heads)
        logits += bias[:, self.first : self.first + self.heads] + (valid[:, None, None] - 1) * -MASKED
        attended = tf.transpose(tf.matmul(tf.nn.softmax(logits), value), (0, 2, 1, 3))  # (b, n, heads, c / heads)
        return self.out(tf.reshape(attended, (batch, count, width)))

    def compute_output_shape(self, shapes: Any) -> tuple:
        return shapes[0]


class Pointer(layers.Layer):
    """Logits of taking another region's color.

    [query (b, n, 64), key (b, n, 64), biases (b, m, n, n), of which the last is used, known (b, n), gate (b, n, 1)] to (b, n, n).
    """

    def call(self, inputs: Any) -> tf.Tensor:
        query, key, bias, known, gate = inputs
        likeness = tf.matmul(query, key, transpose_b=True) / np.sqrt(query.shape[-1])
        return likeness + bias[:, -1] + gate + (known[:, None] - 1) * -MASKED

    def compute_output_shape(self, shapes: Any) -> tuple:
        return (*shapes[3], shapes[3][1])


class Palette(layers.Layer):
    """The palette's colors, a weight that is not trained, and the end of the network.

    Logits [of the regions' colors (b, n, n), of the palette's (b, n, k)] to logarithms of probabilities (b, n, n + k).
    """

    def __init__(self, count: int, **options: Any) -> None:
        super().__init__(**options)
        self.count = count

    def build(self, shapes: Any) -> None:
        self.colors = self.add_weight(name="colors", shape=(self.count, 3), initializer="zeros", trainable=False)

    def call(self, inputs: Any) -> tf.Tensor:
        return tf.nn.log_softmax(tf.concat(inputs, -1))

    def compute_output_shape(self, shapes: Any) -> tuple:
        return (*shapes[0][:2], shapes[0][2] and shapes[0][2] + self.count)
