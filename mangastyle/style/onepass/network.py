"""Encoder, feature transform and decoder of the one-pass stylization.

The slim VGG-19 that ships encodes content and painting, down to relu4_1. At four depths the content's features get the
painting's mean and covariance by the optimal transport map (`ops.gaussian_ot`); a small decoder turns them into a picture.
It gets the deep features first and the shallow ones last, so that ink lines stay as crisp as in relu1_1.

Where a content is flat, its features have nothing that could become a brush stroke. There the decoder also gets a style
residual: the painting's own features less their mean, of which it learns how much to use. What strokes look like it is told by
the painting's statistics, which scale and shift its features.

References
----------
Lu et al.: "A Closed-form Solution to Universal Style Transfer" (ICCV 2019), for the feature transform.
Li et al.: "Universal Style Transfer via Feature Transforms" (NIPS 2017), for encoder, transform and decoder at several depths.
Ghiasi et al.: "Exploring the structure of a real-time, arbitrary neural artistic stylization network" (BMVC 2017), for scales and
shifts that are predicted from the painting.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Any, Callable, Mapping

from mangastyle.engine import default_settings, keras, tf
from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.kernels.small_conv import SmallConv2D
from mangastyle.ops import gaussian_ot, resample
from mangastyle.ops.gaussian_ot import AffineMap, GaussianStatistics
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.vgg import network as vgg
from mangastyle.vgg.backbone import backbone as load_backbone

# Layers whose features are mapped, deepest first, with the size of the slim network's features: over this they are of order 1.
LAYERS = {"relu4_1": 700.0, "relu3_1": 300.0, "relu2_1": 300.0, "relu1_1": 100.0}
CODE = 128  # numbers to which the decoder condenses a painting's statistics
MULTIPLE = 8  # of pictures' sides, in pixels
GRAY, CONTRAST = 127.5, 60.0  # of the decoder's output

Features = Mapping[str, tf.Tensor]  # by layer, (b, h', w', n)
Statistics = Mapping[str, GaussianStatistics]  # by layer


@default_settings()
def encoder(backbone: keras.Model) -> keras.Model:
    """The encoder.

    Parameters
    ----------
    backbone : keras.Model
        A `vgg.network`.

    Returns
    -------
    keras.Model
        Pictures (b, h, w, 3) in 0..255 to {layer: features (b, h/2^i, w/2^i, n) of order 1}, float32.

    Examples
    --------
    >>> {name: x.shape[-1] for name, x in encoder(load_backbone("slim")).output.items()}
    {'relu4_1': 192, 'relu3_1': 96, 'relu2_1': 48, 'relu1_1': 16}
    """
    # Without Winograd, which gains little with so few features: an exported model then needs no XLA where it runs.
    found = vgg.features(backbone, tuple(LAYERS), winograd=False)
    return keras.Model(found.input, {name: found.output[name] / size for name, size in LAYERS.items()})


@default_settings()
def decoder(spec: OnePassSpec | None = None, policy: str = "float32", seed: int = 0) -> keras.Model:
    """The decoder, not trained. Nearest-neighbor enlargement and mirrored edges leave no grid and no frame.

    Parameters
    ----------
    spec : OnePassSpec, optional
    policy : str
        Keras dtype policy.
    seed : int
        Of the initial weights.

    Returns
    -------
    keras.Model
        {layer: mapped features (b, h', w', n), f"{layer}_residual": style residual, "strength": (b, 1)}, and if it is modulated
        "style": `style_vector` (b, m), to pictures (b, h, w, 3), about 0..255, float32.

    Examples
    --------
    >>> sorted(decoder().input)[:3], decoder().output.shape
    (['relu1_1', 'relu2_1', 'relu3_1'], (None, None, None, 3))
    """
    spec = spec or OnePassSpec()
    widths, blocks = spec.by_layer, dict(zip(spec.layers, spec.residual_blocks))
    inputs = {name: keras.Input((None, None, width), name=name) for name, width in widths.items()}
    residuals = {name: keras.Input((None, None, widths[name]), name=f"{name}_residual") for name in spec.windows}
    strength = keras.Input((1,), name="strength")
    style = {"style": keras.Input((2 * sum(spec.widths),), name="style")} if spec.modulated else {}
    make = _Layers(policy, seed, *style.values(), strength)

    def with_residual(name: str) -> Any:
        if name not in residuals:
            return inputs[name]
        used = make.convolution(widths[name], 1, f"{name}_residual_features", use_bias=False, kernel_initializer="zeros")(residuals[name])
        return keras.layers.add([inputs[name], used], dtype=policy)

    deepest, *others = widths
    shift = make.dense(widths[deepest], "strength_features")(strength)
    x = keras.layers.add([with_residual(deepest), keras.layers.Reshape((1, 1, widths[deepest]))(shift)], dtype=policy)
    x = make.residual_blocks(x, blocks[deepest], deepest)
    for name in others:
        x = make.modulated_convolution(x, widths[name], f"before_{name}")
        x = keras.layers.UpSampling2D(2, dtype=policy)(x)
        x = keras.layers.add([x, with_residual(name)], dtype=policy)  # (b, 2h, 2w, n)
        x = make.modulated_convolution(x, widths[name], f"at_{name}")
        x = make.residual_blocks(x, blocks[name], name)
    x = make.padded_convolution(x, 3, "picture")
    every = {**inputs, **style, "strength": strength, **{f"{name}_residual": given for name, given in residuals.items()}}
    return keras.Model(every, keras.ops.cast(x, "float32") * CONTRAST + GRAY, name="decoder")


class _Layers:
    """Makes layers of one dtype policy whose initial weights follow from one seed, modulated by a style if there is one."""

    def __init__(self, policy: str, seed: int, *condition: Any) -> None:
        self.policy, self.seed, self.count = policy, seed, 0
        self.code: Any = None  # (b, CODE), of style and strength
        if len(condition) > 1:
            both = keras.layers.Concatenate()(condition)
            self.code = keras.layers.Dense(CODE, activation="relu", **{**self._options("code", {}), "dtype": "float32"})(both)

    def _options(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        self.count += 1
        initializer = keras.initializers.GlorotUniform(self.seed * 1000 + self.count)  # Keras' default, seeded
        return {"kernel_initializer": initializer, "dtype": self.policy, "name": name, **options}

    def dense(self, width: int, name: str) -> keras.layers.Layer:
        return keras.layers.Dense(width, use_bias=False, **self._options(name, {}))

    def convolution(self, width: int, side: int, name: str, **options: Any) -> keras.layers.Layer:
        return SmallConv2D(width, side, **self._options(name, options))

    def padded_convolution(self, x: Any, width: int, name: str, **options: Any) -> Any:
        """A 3x3 convolution with mirrored edges."""
        x = keras.ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
        return self.convolution(width, 3, name, **options)(x)

    def modulated_convolution(self, x: Any, width: int, name: str) -> Any:
        """A 3x3 convolution, whose features the style scales and shifts, and a ReLU."""
        if self.code is None:
            return self.padded_convolution(x, width, name, activation="relu")
        x = self.padded_convolution(x, width, name)
        change = keras.layers.Dense(2 * width, kernel_initializer="zeros", dtype="float32", name=f"{name}_modulation")(self.code)
        change = keras.ops.cast(keras.layers.Reshape((1, 1, 2 * width))(change), x.dtype)  # (b, 1, 1, 2n)
        return keras.layers.ReLU(dtype=self.policy)(x * (1 + change[..., :width]) + change[..., width:])

    def residual_blocks(self, x: Any, count: int, layer: str) -> Any:
        """Pairs of 3x3 convolutions whose output is added to their input; at first it is zero (b, h', w', n)."""
        for i in range(count):
            inner = self.modulated_convolution(x, x.shape[-1], f"{layer}_block{i}_in")
            added = self.padded_convolution(inner, x.shape[-1], f"{layer}_block{i}_out", kernel_initializer="zeros")
            x = keras.layers.add([x, added], dtype=self.policy)
        return x


def stride(layer: str) -> int:
    """How many pixels across a position in a layer of VGG-19 is.

    Examples
    --------
    >>> stride("relu1_1"), stride("relu4_1")
    (1, 8)
    """
    return 2 ** (int(layer[4]) - 1)


class Network:
    """Encoder and decoder of a weights file as compiled functions of tensors, each for all sizes. All float32.

    k is the number of paintings; {layer: ...} has the keys of `LAYERS`.

    Parameters
    ----------
    path : Path
        A weights file of kind "onepass".
    policy : str
        Keras dtype policy.

    Attributes
    ----------
    backbone : keras.Model
        The slim VGG-19.
    encoder, decoder : keras.Model
    spec : OnePassSpec
    encode : callable
        A picture (1, h, w, 3) in 0..255, sides multiples of `MULTIPLE`, to its features.
    statistics : callable
        Features to {layer: `GaussianStatistics` with b = 1}.
    statistics_within : callable
        Features and masks {layer: (k, h', w', 1)} to the statistics where each mask counts, b = k.
    transport_maps : callable
        The function of this module.
    paint : callable
        See `painter`.

    Raises
    ------
    MangastyleError
        For a weights file that is missing, damaged or of another network.
    """

    def __init__(self, path: Path, policy: str = "float32") -> None:
        self.backbone = load_backbone("slim", policy=policy)
        self.encoder = encoder(self.backbone)
        self.spec, self.decoder = read_decoder(path, policy)
        widths = {name: output.shape[-1] for name, output in self.encoder.output.items()}
        if self.spec.by_layer != widths:
            raise MangastyleError(f"{path}: decodes features {self.spec.by_layer}, and the slim VGG-19 that ships has {widths}")
        self.decoder.trainable = False
        features = {name: tf.TensorSpec((1, None, None, width)) for name, width in widths.items()}
        masks = dict.fromkeys(widths, tf.TensorSpec((None, None, None, 1)))
        self.encode = tf.function(self.encoder, input_signature=[tf.TensorSpec((1, None, None, 3))])
        self.statistics = tf.function(gaussian_statistics, input_signature=[features])
        self.statistics_within = tf.function(gaussian_statistics, input_signature=[features, masks])
        self.transport_maps = tf.function(transport_maps)
        self.paint = painter(self.decoder, self.spec.residual_share)


def read_decoder(path: Path, policy: str = "float32") -> tuple[OnePassSpec, keras.Model]:
    """The specification and the decoder of a weights file of kind "onepass".

    Raises
    ------
    MangastyleError
        For a weights file that is missing, damaged or of another network.

    Examples
    --------
    >>> from mangastyle.io import registry
    >>> read_decoder(registry.find("onepass"))[0].layers
    ('relu4_1', 'relu3_1', 'relu2_1', 'relu1_1')
    """
    spec = weights.parse_spec(path, OnePassSpec, weights.read_spec(path, "onepass")[0])
    model = decoder(spec, policy)
    weights.fill(model, path, "onepass")
    return spec, model


def painter(decoder: keras.Model, residual_share: float) -> Callable[..., tf.Tensor]:
    """The compiled function that maps a picture's features, and decodes them.

    Parameters
    ----------
    decoder : keras.Model
    residual_share : float
        How much of the style residuals is used.

    Returns
    -------
    callable
        A function of, in this order:

        features : {layer: (1, h', w', n)}
        maps : {layer: k maps}
        strength : tensor, shape (1,)
        shares : tensor, shape (k,)
            How much each painting counts, with the sum 1.
        style : tensor, shape (k, m)
            The `style_vector` of the paintings.
        residual : {layer: (k, h', w', n)}
            The style residuals of the paintings, in the features' shape.

        It returns the picture, float32 (1, h, w, 3).
    """

    def paint(
        features: Features, maps: Mapping[str, AffineMap], strength: tf.Tensor, shares: tf.Tensor, style: tf.Tensor, residual: Features
    ) -> tf.Tensor:
        mapped = {name: average_maps(maps[name], shares)(x) for name, x in features.items()}
        share = residual_share * shares[:, None, None, None]
        blended = {name: tf.reduce_sum(share * x, 0, keepdims=True) for name, x in residual.items()}
        return decode(decoder, mapped, shares[None] @ style, blended, strength)

    return tf.function(paint, reduce_retracing=True)


_loading = threading.Lock()


def load(path: Path, policy: str = "float32") -> Network:
    """The network of a weights file, loaded and compiled once for all stylizers and threads of a process.

    Parameters
    ----------
    path : Path
        A weights file of kind "onepass".
    policy : str
        Keras dtype policy.

    Raises
    ------
    MangastyleError
        For a weights file that is missing, damaged or of another network.

    Examples
    --------
    >>> from mangastyle.io import registry
    >>> path = registry.find("onepass")
    >>> load(path) is load(path)
    True
    """
    with _loading:
        return _load(path, path.stat().st_mtime, policy)


@functools.lru_cache(maxsize=1)
def _load(path: Path, modified: float, policy: str) -> Network:
    return Network(path, policy)


def gaussian_statistics(features: Features, masks: Features | None = None) -> dict[str, GaussianStatistics]:
    """Mean and covariance of the features in each layer, see `gaussian_ot.style_statistics`.

    Examples
    --------
    >>> {name: found.mean.shape for name, found in gaussian_statistics({"relu1_1": tf.ones((2, 4, 4, 3))}).items()}
    {'relu1_1': TensorShape([2, 3])}
    """
    return {name: gaussian_ot.style_statistics(x, masks[name] if masks else None) for name, x in features.items()}


def transport_maps(source: Statistics, target: Statistics, strength: tf.Tensor) -> dict[str, AffineMap]:
    """The optimal transport maps of each layer, blended with the identity by strength.

    Parameters
    ----------
    source, target : {layer: GaussianStatistics}
        Of contents and of paintings.
    strength : tensor, shape (b,) or (1,)
        0..1; at 0 features stay.

    Returns
    -------
    {layer: AffineMap}

    Examples
    --------
    >>> one, other = (gaussian_statistics({"relu1_1": tf.constant(x)[None, None, :, None]}) for x in ([0.0, 2.0], [5.0, 11.0]))
    >>> transport_maps(one, other, tf.constant([1.0]))["relu1_1"](tf.ones((1, 1, 1, 1))).numpy().round(2).item()
    8.0
    """
    share = blend_fraction(strength)[:, None]  # (b, 1)
    maps = {}
    for name in source:
        full = gaussian_ot.optimal_transport_map(source[name], target[name])
        unit = tf.eye(full.matrix.shape[-1])
        maps[name] = AffineMap(unit + share[..., None] * (full.matrix - unit), share * full.offset)
    return maps


def blend_fraction(strength: Any) -> Any:
    """How far features are mapped at a strength, 0..1: three quarters of the way at 0.5.

    Examples
    --------
    >>> blend_fraction(0.5)
    0.75
    """
    return 1 - (1 - strength) ** 2


def style_vector(statistics: Statistics) -> tf.Tensor:
    """Means and standard deviations of the features of every layer, deepest first: (b, m).

    Examples
    --------
    >>> style_vector(gaussian_statistics({"relu1_1": tf.constant([0.0, 2.0])[None, None, :, None]})).numpy().round(3).tolist()
    [[1.0, 1.0]]
    """
    parts = []
    for name in (name for name in LAYERS if name in statistics):
        mean, covariance = statistics[name]
        parts += [mean, tf.sqrt(tf.nn.relu(tf.linalg.diag_part(covariance)) + 1e-6)]
    return tf.concat(parts, -1)


def style_residual(features: Features, windows: Mapping[str, int]) -> dict[str, tf.Tensor]:
    """A painting's features minus their local mean, or minus their mean.

    Parameters
    ----------
    features : {layer: (b, h', w', n)}
    windows : {layer: int}
        Positions across of the local mean; 0 for the mean of all positions.

    Returns
    -------
    {layer: (b, h', w', n)}
        For the layers of `windows`.

    Examples
    --------
    >>> flat = style_residual({"relu4_1": tf.ones((1, 9, 9, 2)), "relu3_1": tf.ones((1, 18, 18, 2))}, {"relu4_1": 0, "relu3_1": 9})
    >>> [float(tf.reduce_max(tf.abs(x))) for x in flat.values()]
    [0.0, 0.0]
    """

    def mean(x: tf.Tensor, width: int) -> tf.Tensor:
        return tf.nn.avg_pool2d(x, width, 1, "SAME") if width else tf.reduce_mean(x, (1, 2), keepdims=True)

    return {name: features[name] - mean(features[name], width) for name, width in windows.items()}


def lay_out(residual: Features, height: Any, width: Any, block: int = 0, seed: Any = 0) -> dict[str, tf.Tensor]:
    """The style residual for a picture of `height` x `width` pixels.

    Parameters
    ----------
    residual : {layer: (k, h', w', n)}
        By `style_residual`.
    height, width : int or tensor
        Multiples of `MULTIPLE`.
    block : int
        Its side in positions of the deepest layer: blocks from random places. 0: in one piece, cut off, or mirrored as often as needed.
    seed : int or tensor
        Of the places.

    Returns
    -------
    {layer: (k, height / stride, width / stride, n)}

    Examples
    --------
    >>> [lay_out({"relu4_1": tf.ones((1, 6, 5, 2))}, 72, 24, block)["relu4_1"].shape.as_list() for block in (0, 4)]
    [[1, 9, 3, 2], [1, 9, 3, 2]]
    """
    fit = functools.partial(_in_blocks, residual, block, seed) if block else functools.partial(_in_one_piece, residual)
    return {name: fit(name, height // stride(name), width // stride(name)) for name in residual}


def _in_one_piece(residual: Features, name: str, rows: Any, columns: Any) -> tf.Tensor:
    x = residual[name]
    missing = (tf.maximum(side - tf.shape(x)[axis], 0) for axis, side in ((1, rows), (2, columns)))
    return resample.mirror_pad(x, 0, *missing)[:, :rows, :columns]


def _in_blocks(residual: Features, block: int, seed: Any, name: str, rows: Any, columns: Any) -> tf.Tensor:
    """Blocks of one layer, from the same places of the painting as those of the others."""
    deepest, x = residual[next(iter(residual))], residual[name]
    finer = stride(next(iter(residual))) // stride(name)
    side = block * finer
    x = _in_one_piece(residual, name, tf.maximum(tf.shape(x)[1], side), tf.maximum(tf.shape(x)[2], side))  # a block at least
    down, across = -(-rows // side), -(-columns // side)  # blocks
    places = finer * corners(deepest, down, across, block, seed)
    top, left = (tf.repeat(tf.repeat(places[..., i], side, 0), side, 1)[:rows, :columns] for i in (0, 1))
    row = top + tf.tile(tf.range(side), [down])[:rows, None]
    column = left + tf.tile(tf.range(side), [across])[:columns]
    flat = tf.reshape(x, (tf.shape(x)[0], -1, x.shape[-1]))
    return tf.gather(flat, row * tf.shape(x)[2] + column, axis=1)  # (k, rows, columns, n)


def corners(deepest: tf.Tensor, down: Any, across: Any, block: int, seed: Any) -> tf.Tensor:
    """The random places of `lay_out`: which blocks of paintings give strokes, the same for all paintings and layers.

    Parameters
    ----------
    deepest : tensor, shape (k, h', w', n)
        Style residual in the deepest layer.
    down, across : int or tensor
        How many blocks there are.
    block : int
        Their side.
    seed : int or tensor

    Returns
    -------
    tensor of int32, shape (down, across, 2)
        Row and column of their upper left corners in the deepest layer.

    Examples
    --------
    >>> corners(tf.zeros((1, 4, 4, 2)), 1, 2, 4, 0).numpy().tolist()
    [[[0, 0], [0, 0]]]
    """
    places = tf.random.stateless_uniform((down, across, 2), tf.stack([seed, 0]))
    last = tf.cast(tf.maximum(tf.shape(deepest)[1:3] - block, 0) + 1, tf.float32)
    return tf.cast(tf.floor(places * last), tf.int32)


def paint(decoder: keras.Model, content: Features, target: Statistics, residual: Features, strength: tf.Tensor) -> tf.Tensor:
    """Stylize a batch, one painting for each content or one for all.

    Parameters
    ----------
    decoder : keras.Model
        See `decoder`.
    content : {layer: (b, h', w', n)}
        Features of contents.
    target : {layer: GaussianStatistics}
        Of b paintings, or of one.
    residual : {layer: (b, h', w', n)}
        Style residuals of the paintings.
    strength : tensor, shape (b,)

    Returns
    -------
    tensor of float32, shape (b, h, w, 3)
    """
    maps = transport_maps(gaussian_statistics({name: content[name] for name in LAYERS}), target, strength)
    style = style_vector(target)  # (b, m) or (1, m)
    styles = tf.broadcast_to(style, (tf.shape(strength)[0], style.shape[-1]))
    return decode(decoder, {name: maps[name](content[name]) for name in LAYERS}, styles, residual, strength)


def decode(decoder: keras.Model, mapped: Features, style: tf.Tensor, residual: Features, strength: tf.Tensor) -> tf.Tensor:
    """Mapped features and style residuals, (b, h', w', n) each, style vectors (b, m) and strengths (b,) to pictures (b, h, w, 3)."""
    share = blend_fraction(strength)[:, None, None, None]
    given = {**mapped, **{f"{name}_residual": share * x for name, x in residual.items()}, "strength": strength[:, None]}
    return decoder({**given, "style": style} if "style" in decoder.input else given)


def average_maps(maps: AffineMap, shares: tf.Tensor) -> AffineMap:
    """The mean of k maps, weighted by `shares` (k,): one map.

    Examples
    --------
    >>> both = AffineMap(tf.constant([[[1.0]], [[3.0]]]), tf.constant([[0.0], [4.0]]))
    >>> average_maps(both, tf.constant([0.5, 0.5])).matrix.numpy().tolist()
    [[[2.0]]]
    """
    return AffineMap(tf.tensordot(shares, maps.matrix, 1)[None], tf.tensordot(shares, maps.offset, 1)[None])
