"""The shading networks as Keras functional models (paper, section 4.2.1, Figs 2, 3, 6, 7, 8).

The generator is a U-Net (Ronneberger et al. 2015) with residual blocks at its lowest level (He et al. 2016), trained against a
conditional discriminator as in pix2pix (Isola et al. 2017). Pictures are float32 in [-1, 1], channels last. Line art has 1 channel
(ink -1, paper 1), a hint has 3 (white where it is unmasked). Every layer gets its dtype policy explicitly, so that no global state
decides.

References
----------
Ronneberger, Fischer, Brox: "U-Net: convolutional networks for biomedical image segmentation" (2015).
Isola, Zhu, Zhou, Efros: "Image-to-image translation with conditional adversarial networks" (2017).
He, Zhang, Ren, Sun: "Deep residual learning for image recognition" (2016).
"""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple

from mangastyle.engine import default_settings, keras, tf
from mangastyle.errors import MangastyleError
from mangastyle.kernels.fused_norm import FusedBatchNormalization
from mangastyle.kernels.small_conv import SmallConv2D, SmallConv2DTranspose
from mangastyle.shade.spec import DiscriminatorSpec, ShadeSpec

layers = keras.layers

STDDEV = 0.02  # of the first weights, as in pix2pix; also in the residual blocks
SEEDS = 1000  # consecutive initializer seeds for each seed of a training; the discriminator's are the upper half


def build(spec: ShadeSpec, dtype: str = "float32", seed: int = 0, synchronized: bool = False) -> keras.Model:
    """The network of a specification: a function of `NETWORKS`.

    Parameters
    ----------
    spec : ShadeSpec
    dtype : str
        Keras dtype policy: float32, mixed_bfloat16 or mixed_float16.
    seed : int
        Decides the first weights.
    synchronized : bool
        Whether BatchNorm statistics are shared by all replicas of a distributed training.

    Returns
    -------
    keras.Model
        {"line": (b, h, w, 1), "hint": (b, h, w, 3)} to color (b, h, w, 3), all in [-1, 1].

    Examples
    --------
    >>> model = build(ShadeSpec(width=4, levels=2, size=32))
    >>> model({"line": tf.ones((1, 8, 12, 1)), "hint": tf.ones((1, 8, 12, 3))}).shape.as_list()
    [1, 8, 12, 3]
    """
    return NETWORKS[spec.network](spec, dtype, seed, synchronized)


@default_settings()
def generator(spec: ShadeSpec, dtype: str = "float32", seed: int = 0, synchronized: bool = False) -> keras.Model:
    """U-Net with skip connections (Fig. 6): line art and hint to color.

    5x5 convolutions of stride 2, `width` features that double at each of `levels` levels, residual blocks at the lowest one
    (Fig. 7), and the same way back with skip concatenation. Fully convolutional: any multiple of 2**levels pixels works.

    Parameters
    ----------
    spec, dtype, seed, synchronized
        As for `build`.

    Returns
    -------
    keras.Model
        As from `build`.

    Examples
    --------
    >>> generator(ShadeSpec(width=4, levels=2)).name
    'generator'
    """
    make = _Layers(dtype, _seeds(seed), synchronized)
    line, hint = _inputs(None, line=1, hint=3).values()
    x = layers.Concatenate(name="line_and_hint", dtype=dtype)([line, hint])  # (b, h, w, 4)
    skips = [x]
    for level in range(1, spec.levels + 1):
        width = spec.width * 2 ** (level - 1)
        x = make.conv(x, width, 5, 2, f"down{level}")  # (b, h/2^level, w/2^level, width)
        x = make.norm(x, f"down{level}") if level > 1 else x
        x = make.leaky(x, f"down{level}")
        skips.append(x)
    for i in range(1, spec.residual_blocks + 1):
        x = make.residual(x, f"residual{i}")
    for level in range(spec.levels - 1, 0, -1):
        x = make.up(x, spec.width * 2 ** (level - 1), f"up{level}", spec.upsample)
        x = layers.Concatenate(name=f"skip{level}", dtype=dtype)([x, skips[level]])  # (b, h/2^level, w/2^level, 2 width)
    if spec.upsample == "transpose":
        x = make.transpose(x, 3, "up0")  # (b, h, w, 3)
    else:  # the last features meet the line art itself at full size, so that colors end at its lines
        x = make.up(x, spec.width // 2 or 1, "up0", spec.upsample)
        x = layers.Concatenate(name="skip0", dtype=dtype)([x, skips[0]])  # (b, h, w, width/2 + 4)
        x = make.conv(x, spec.width // 2 or 1, 3, 1, "refine")
        x = make.leaky(x, "refine")
        x = make.conv(x, 3, 3, 1, "output")  # (b, h, w, 3)
    color = layers.Activation("tanh", dtype="float32", name="color")(x)
    return keras.Model({"line": line, "hint": hint}, color, name="generator")


@default_settings()
def baseline(spec: ShadeSpec, dtype: str = "float32", seed: int = 0, synchronized: bool = False) -> keras.Model:
    """The simple CNN of Fig. 2, trained with the pixel loss alone: five 5x5 convolutions at full size.

    Parameters
    ----------
    spec, dtype, seed, synchronized
        As for `build`; of the specification, the width counts.

    Returns
    -------
    keras.Model
        As from `build`.

    Examples
    --------
    >>> baseline(ShadeSpec(network="baseline", width=4)).name
    'baseline'
    """
    make = _Layers(dtype, _seeds(seed), synchronized)
    line, hint = _inputs(None, line=1, hint=3).values()
    x = layers.Concatenate(name="line_and_hint", dtype=dtype)([line, hint])  # (b, h, w, 4)
    for i in range(1, 5):
        x = make.conv(x, spec.width // 2 or 1, 5, 1, f"conv{i}")  # (b, h, w, width/2)
        x = make.norm(x, f"conv{i}")
        x = make.leaky(x, f"conv{i}")
    x = make.conv(x, 3, 5, 1, "conv5")  # (b, h, w, 3)
    color = layers.Activation("tanh", dtype="float32", name="color")(x)
    return keras.Model({"line": line, "hint": hint}, color, name="baseline")


NETWORKS = {"unet": generator, "baseline": baseline}


@default_settings()
def discriminator(spec: DiscriminatorSpec, dtype: str = "float32", seed: int = 0, synchronized: bool = False) -> keras.Model:
    """Conditional discriminator (Fig. 8): is this picture, given its hint and line art, an original?

    Parameters
    ----------
    spec : DiscriminatorSpec
        Head "fc", fully connected as in the paper, ties the network to pictures of side `spec.size`; head "patch" does not.
    dtype, seed, synchronized
        As for `build`; the same seed gives other weights than the generator's.

    Returns
    -------
    keras.Model
        {"picture": (b, s, s, 3), "hint": (b, s, s, 3), with `condition_on_line` also "line": (b, s, s, 1)}, all in [-1, 1], to
        logits (b, 1), or (b, s/2^levels, s/2^levels, 1) of the patch head. The paper's output is their sigmoid.

    Raises
    ------
    MangastyleError
        If the size is no multiple of 2**levels.

    Examples
    --------
    >>> discriminator(DiscriminatorSpec(width=4, levels=2, size=32)).output.shape
    (None, 1)
    """
    size = spec.size if spec.head == "fc" else None
    if size and size % spec.multiple:
        raise MangastyleError(f"`size`: must be a multiple of {spec.multiple} for {spec.levels} levels, not {size}")
    make = _Layers(dtype, _seeds(seed, SEEDS // 2), synchronized)
    inputs = _inputs(size, picture=3, hint=3, **({"line": 1} if spec.condition_on_line else {}))
    x = layers.Concatenate(name="picture_and_condition", dtype=dtype)(list(inputs.values()))
    for level in range(1, spec.levels + 1):
        width = spec.width * 2 ** (level - 1)
        x = make.conv(x, width, 5, 2, f"down{level}")  # (b, s/2^level, s/2^level, width)
        x = make.norm(x, f"down{level}") if level > 1 else x
        x = make.leaky(x, f"down{level}")
    if spec.head == "fc":
        x = layers.Flatten(name="flat", dtype=dtype)(x)
        logit = layers.Dense(1, dtype="float32", name="logit", kernel_initializer=make.initializer())(x)
    else:
        logit = make._replace(dtype="float32").conv(x, 1, 5, 1, "logit")
    return keras.Model(inputs, logit, name="discriminator")


class Enlarge(layers.Layer):
    """Double height and width, bilinear: (b, h, w, c) to (b, 2h, 2w, c).

    Keras' UpSampling2D cannot where h and w are unknown until run time.

    Examples
    --------
    >>> Enlarge()(tf.zeros((1, 3, 5, 2))).shape.as_list()
    [1, 6, 10, 2]
    """

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.image.resize(x, 2 * tf.shape(x)[1:3]), x.dtype)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], *(side and 2 * side for side in shape[1:3]), shape[3])


def _inputs(side: int | None, **channels: int) -> dict[str, Any]:
    return {name: keras.Input((side, side, count), name=name) for name, count in channels.items()}


def _seeds(seed: int, first: int = 0) -> Iterator[int]:
    return iter(range(seed * SEEDS + first, (seed + 1) * SEEDS))


class _Layers(NamedTuple):
    """Makes the layers of one network, with their dtype policy and a seed for each; features (b, h, w, c) in and out."""

    dtype: str
    seeds: Iterator[int]
    synchronized: bool

    def initializer(self) -> Any:
        return keras.initializers.RandomNormal(0.0, STDDEV, seed=next(self.seeds))

    def conv(self, x: Any, width: int, kernel: int, stride: int, name: str) -> Any:
        return SmallConv2D(width, kernel, stride, "same", name=name, dtype=self.dtype, kernel_initializer=self.initializer())(x)

    def transpose(self, x: Any, width: int, name: str) -> Any:
        return SmallConv2DTranspose(width, 5, 2, "same", name=name, dtype=self.dtype, kernel_initializer=self.initializer())(x)

    def norm(self, x: Any, name: str) -> Any:
        # Synchronized over replicas: two devices then have the same batch statistics as one.
        shared = {"dtype": self.dtype, "synchronized": self.synchronized}
        return FusedBatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm", **shared)(x)

    def leaky(self, x: Any, name: str) -> Any:
        return layers.LeakyReLU(0.2, name=f"{name}_leaky", dtype=self.dtype)(x)

    def up(self, x: Any, width: int, name: str, upsample: str) -> Any:
        """Double height and width, to `width` features, normalized and rectified."""
        # Convolving before enlarging costs a quarter and, unlike 5x5 kernels of stride 2, makes no checkerboard.
        x = self.transpose(x, width, name) if upsample == "transpose" else self.conv(x, width, 3, 1, name)
        x = self.leaky(self.norm(x, name), name)
        return x if upsample == "transpose" else Enlarge(name=f"{name}_enlarge", dtype=self.dtype)(x)

    def residual(self, x: Any, name: str) -> Any:
        """x + conv(leaky(conv(x))), each convolution normalized (Fig. 7): the block learns only the change."""
        width = x.shape[-1]
        y = self.conv(x, width, 3, 1, f"{name}_conv1")
        y = self.leaky(self.norm(y, f"{name}_conv1"), f"{name}_conv1")
        y = self.norm(self.conv(y, width, 3, 1, f"{name}_conv2"), f"{name}_conv2")
        return layers.Add(name=f"{name}_add", dtype=self.dtype)([x, y])
