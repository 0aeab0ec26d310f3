"""The shading networks as Keras functional models (paper, section 4.2.1, Figs 2, 3, 6, 7, 8).

Pictures are float32 in [-1, 1], channels last. Line art has 1 channel (ink -1, paper 1), a hint has 3
(white where nothing is said). Every layer gets its dtype policy explicitly, so that no global state decides.
"""

from __future__ import annotations

import keras
import tensorflow as tf
from keras import layers

from mangastyle.config import TrainConfig
from mangastyle.errors import MangastyleError
from mangastyle.shade.convolution import Conv2D

# As in the paper's source: the era's usual start, also for the residual blocks.
INIT = keras.initializers.RandomNormal


def build(config: TrainConfig, dtype: str = "float32") -> tuple[keras.Model, keras.Model | None]:
    """(generator, discriminator) for a training; there is no discriminator for the baseline, nor where its loss has no weight."""
    if config.model == "baseline":
        return baseline(config, dtype), None
    return generator(config, dtype), discriminator(config, dtype) if config.gan_weight else None


def multiple(config: TrainConfig) -> int:
    """Height and width given to the generator must be multiples of this."""
    return 1 if config.model == "baseline" else 2**config.levels


def generator(config: TrainConfig, dtype: str = "float32") -> keras.Model:
    """U-Net with skip connections: line art (b, h, w, 1) and hint (b, h, w, 3) to colour (b, h, w, 3), all in [-1, 1].

    5x5 convolutions of stride 2, `width` features that double at each of `levels` levels, residual blocks at
    the lowest one, and the same way back with skip concatenation. Fully convolutional: any multiple of
    2**levels works. Fig. 6; residual connections Fig. 7.
    """
    seeds = iter(range(config.seed * 1000, config.seed * 1000 + 1000))
    line = keras.Input((None, None, 1), name="line")
    hint = keras.Input((None, None, 3), name="hint")
    x = layers.Concatenate(name="line_and_hint", dtype=dtype)([line, hint])  # (b, h, w, 4)
    skips = [x]
    for level in range(1, config.levels + 1):
        width = config.width * 2 ** (level - 1)
        x = _conv(width, 5, 2, f"down{level}", dtype, seeds)(x)  # (b, h/2^level, w/2^level, width)
        x = _normalise(f"down{level}", dtype, config)(x) if level > 1 else x
        x = _leaky(f"down{level}", dtype)(x)
        skips.append(x)
    for i in range(1, config.residual + 1):
        x = _residual(x, f"residual{i}", dtype, config, seeds)
    for level in range(config.levels - 1, 0, -1):
        x = _up(x, config.width * 2 ** (level - 1), f"up{level}", dtype, config, seeds)
        x = layers.Concatenate(name=f"skip{level}", dtype=dtype)([x, skips[level]])  # (b, h/2^level, w/2^level, 2 width)
    if config.upsample == "transpose":
        x = _transpose(3, "up0", dtype, seeds)(x)  # (b, h, w, 3)
    else:  # the last features meet the line art itself at full size, so that colours end where its lines are
        x = _up(x, config.width // 2 or 1, "up0", dtype, config, seeds)
        x = layers.Concatenate(name="skip0", dtype=dtype)([x, skips[0]])  # (b, h, w, width/2 + 4)
        x = _conv(config.width // 2 or 1, 3, 1, "refine", dtype, seeds)(x)
        x = _leaky("refine", dtype)(x)
        x = _conv(3, 3, 1, "output", dtype, seeds)(x)  # (b, h, w, 3)
    colour = layers.Activation("tanh", dtype="float32", name="colour")(x)
    return keras.Model({"line": line, "hint": hint}, colour, name="generator")


def discriminator(config: TrainConfig, dtype: str = "float32") -> keras.Model:
    """Is this colour picture, given its hint (and line art), an original? A logit: sigmoid of it is the paper's verdict.

    Picture (b, s, s, 3), hint (b, s, s, 3), line art (b, s, s, 1) to (b, 1) with the fully connected head of
    Fig. 8, which ties it to the training size s, or to (b, s/2^levels, s/2^levels, 1) with the patch head.
    """
    size = config.size if config.head == "fc" else None
    if size and size % multiple(config):
        raise MangastyleError(f"--size: {size} must be a multiple of {multiple(config)} for {config.levels} levels")
    seeds = iter(range(config.seed * 1000 + 500, config.seed * 1000 + 1000))
    picture = keras.Input((size, size, 3), name="picture")
    hint = keras.Input((size, size, 3), name="hint")
    inputs = {"picture": picture, "hint": hint}
    if config.see_line:
        inputs["line"] = keras.Input((size, size, 1), name="line")
    x = layers.Concatenate(name="picture_and_condition", dtype=dtype)(list(inputs.values()))
    for level in range(1, config.levels + 1):
        width = config.width * 2 ** (level - 1)
        x = _conv(width, 5, 2, f"down{level}", dtype, seeds)(x)  # (b, s/2^level, s/2^level, width)
        x = _normalise(f"down{level}", dtype, config)(x) if level > 1 else x
        x = _leaky(f"down{level}", dtype)(x)
    if config.head == "fc":
        x = layers.Flatten(name="flat", dtype=dtype)(x)
        logit = layers.Dense(1, dtype="float32", name="logit", kernel_initializer=INIT(0.0, 0.02, seed=next(seeds)))(x)
    else:
        logit = _conv(1, 5, 1, "logit", "float32", seeds)(x)
    return keras.Model(inputs, logit, name="discriminator")


def baseline(config: TrainConfig, dtype: str = "float32") -> keras.Model:
    """The simple CNN of Fig. 2, trained with the pixel distance alone: five 5x5 convolutions at full size."""
    seeds = iter(range(config.seed * 1000, config.seed * 1000 + 1000))
    line = keras.Input((None, None, 1), name="line")
    hint = keras.Input((None, None, 3), name="hint")
    x = layers.Concatenate(name="line_and_hint", dtype=dtype)([line, hint])  # (b, h, w, 4)
    for i in range(1, 5):
        x = _conv(config.width // 2 or 1, 5, 1, f"conv{i}", dtype, seeds)(x)  # (b, h, w, width/2)
        x = _normalise(f"conv{i}", dtype, config)(x)
        x = _leaky(f"conv{i}", dtype)(x)
    x = _conv(3, 5, 1, "conv5", dtype, seeds)(x)  # (b, h, w, 3)
    colour = layers.Activation("tanh", dtype="float32", name="colour")(x)
    return keras.Model({"line": line, "hint": hint}, colour, name="baseline")


def _conv(width: int, kernel: int, stride: int, name: str, dtype: str, seeds) -> layers.Layer:
    init = INIT(0.0, 0.02, seed=next(seeds))
    return Conv2D(width, kernel, stride, "same", name=name, dtype=dtype, kernel_initializer=init)


def _normalise(name: str, dtype: str, config: TrainConfig) -> layers.Layer:
    # Synchronised over replicas: two devices then see the same batch statistics as one.
    return layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, name=f"{name}_norm", dtype=dtype, synchronized=config.strategy != "none"
    )


def _leaky(name: str, dtype: str) -> layers.Layer:
    return layers.LeakyReLU(0.2, name=f"{name}_leaky", dtype=dtype)


class Enlarge(layers.Layer):
    """(b, h, w, c) to (b, 2h, 2w, c), bilinear. Keras' own UpSampling2D cannot when h and w are unknown until run time."""

    def call(self, x):
        return tf.cast(tf.image.resize(x, 2 * tf.shape(x)[1:3]), x.dtype)

    def compute_output_shape(self, shape):
        return (shape[0], *(side and 2 * side for side in shape[1:3]), shape[3])


def _transpose(width: int, name: str, dtype: str, seeds) -> layers.Layer:
    init = INIT(0.0, 0.02, seed=next(seeds))
    return layers.Conv2DTranspose(width, 5, 2, "same", name=name, dtype=dtype, kernel_initializer=init)


def _up(x, width: int, name: str, dtype: str, config: TrainConfig, seeds):
    """Double height and width, to `width` features, normalised and rectified."""
    if config.upsample == "transpose":
        x = _transpose(width, name, dtype, seeds)(x)
    else:  # convolving before enlarging costs a quarter and, unlike 5x5 kernels of stride 2, makes no checkerboard
        x = _conv(width, 3, 1, name, dtype, seeds)(x)
    x = _normalise(name, dtype, config)(x)
    x = _leaky(name, dtype)(x)
    if config.upsample == "transpose":
        return x
    return Enlarge(name=f"{name}_enlarge", dtype=dtype)(x)


def _residual(x, name: str, dtype: str, config: TrainConfig, seeds):
    """x + convolve(normalise(convolve(x))), Fig. 7: the block only has to learn what to change."""
    width = x.shape[-1]
    y = _conv(width, 3, 1, f"{name}_conv1", dtype, seeds)(x)
    y = _normalise(f"{name}_conv1", dtype, config)(y)
    y = _leaky(f"{name}_conv1", dtype)(y)
    y = _conv(width, 3, 1, f"{name}_conv2", dtype, seeds)(y)
    y = _normalise(f"{name}_conv2", dtype, config)(y)
    return layers.Add(name=f"{name}_add", dtype=dtype)([x, y])
