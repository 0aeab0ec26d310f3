"""VGG-19 for style transfer (paper, section 4.3): tf.keras.applications.VGG19 with every layer within reach.

Pictures go in as float RGB in 0..255, (b, h, w, 3) of any size; the network's own form, BGR minus the ImageNet
mean, exists only here. Convolution and ReLU are separate layers: `conv4_2` is before the ReLU, `relu4_2` after.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mangastyle.engine import default_settings, keras
from mangastyle.kernels.frozen_conv import FrozenConv2D
from mangastyle.kernels.small_conv import SmallConv2D
from mangastyle.vgg.files import Readouts, Weights
from mangastyle.vgg.spec import WIDTHS, check_layers, kernel_shapes

MEAN_BGR = (103.939, 116.779, 123.68)  # of ImageNet
LAYERS = ("conv", "relu", "pool")
READOUT = "_readout"  # ends the name of the 1x1 convolution that reads a layer out
POOLING: dict[str, Any] = {"average": keras.layers.AveragePooling2D, "max": keras.layers.MaxPooling2D}


@default_settings()
def network(
    weights: Weights, pooling: str = "average", policy: str = "float32", readouts: Readouts | None = None, name: str = "vgg19"
) -> keras.Model:
    """The whole network, frozen, with layers convB_I, reluB_I and poolB.

    Parameters
    ----------
    weights : dict of str to (kernel, bias)
        By convolution, in order: (3, 3, c, f) and (f,).
    pooling : {"average", "max"}
        Average as the paper has it, or max as VGG-19 was trained.
    policy : str
        Keras dtype policy.
    readouts : dict of str to ndarray, shape (n, n), optional
        For a slim network: 1x1 convolutions beside the layers they are named for, whose output `features` gives in place of
        the layer's own.
    name : str

    Returns
    -------
    keras.Model
        From float32 (b, h, w, 3) in 0..255.

    References
    ----------
    K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015.

    Examples
    --------
    >>> from mangastyle.vgg.files import random_weights
    >>> model = network(random_weights((2, 2, 2, 2, 2)))
    >>> model(np.zeros((1, 64, 48, 3))).shape
    TensorShape([1, 2, 1, 2])
    """
    pool = POOLING[pooling]
    pixels = keras.Input((None, None, 3), dtype="float32", name="rgb")  # (b, h, w, 3)
    x: Any = keras.ops.flip(pixels, -1) - np.asarray(MEAN_BGR, np.float32)  # before the convolutions pad with zeros, as in training
    block = "1"
    outputs = {}
    for conv, (kernel, _) in weights.items():
        if conv[4] != block:  # (b, h, w, n) to (b, h/2, w/2, n)
            x = pool(2, dtype=policy, name=f"pool{block}")(x)
            block = conv[4]
        relu = conv.replace("conv", "relu")
        outputs[conv] = FrozenConv2D(kernel.shape[-1], dtype=policy, name=conv)(x)
        outputs[relu] = x = keras.layers.ReLU(dtype=policy, name=relu)(outputs[conv])
    x = pool(2, dtype=policy, name=f"pool{block}")(x)
    readouts = readouts or {}
    read_out = [
        SmallConv2D(matrix.shape[-1], 1, use_bias=False, dtype=policy, name=layer + READOUT)(outputs[layer])
        for layer, matrix in readouts.items()
    ]
    model = keras.Model(pixels, [x, *read_out], name=name)
    for layer, arrays in weights.items():
        model.get_layer(layer).set_weights(arrays)
    for layer, matrix in readouts.items():
        model.get_layer(layer + READOUT).set_weights([matrix[None, None]])  # (1, 1, n, n)
    model.trainable = False
    return model


@default_settings()
def features(model: keras.Model, layers: tuple[str, ...], *, winograd: bool = True) -> keras.Model:
    """The part of a `network` down to the deepest of some layers.

    Parameters
    ----------
    model : keras.Model
        As `network` makes it; its layers are shared, not copied.
    layers : tuple of str
        Such as "relu4_2".
    winograd : bool
        Do large convolutions on CPUs by Winograd's minimal filtering: with a quarter of the products, and more rounding. Without,
        for measures, and for pictures seen once, where compiling costs more than it saves.

    Returns
    -------
    keras.Model
        From float32 (b, h, w, 3) in 0..255 to {layer: float32 features (b, h', w', n)}.

    Raises
    ------
    MangastyleError
        For layers that VGG-19 does not have, none at all, or one named twice.

    Examples
    --------
    >>> from mangastyle.vgg.backbone import backbone
    >>> relu2_1 = features(backbone("slim"), ("relu2_1",))(np.zeros((1, 32, 32, 3)))["relu2_1"]
    >>> relu2_1.shape
    TensorShape([1, 16, 16, 48])
    """
    check_layers("layers", layers)
    read = _layers_with_readout(model)
    missing = set(layers)
    pixels = keras.Input((None, None, 3), dtype="float32", name="rgb")  # (b, h, w, 3)
    x: Any = keras.ops.flip(pixels, -1) - np.asarray(MEAN_BGR, np.float32)
    outputs = {}
    for layer in model.layers:
        if not layer.name.startswith(LAYERS) or layer.name.endswith(READOUT):
            continue
        if isinstance(layer, FrozenConv2D) and winograd:
            layer.precompute_winograd_kernel()
        x = layer(x, winograd=winograd) if isinstance(layer, FrozenConv2D) else layer(x)
        if layer.name in missing:
            tap = model.get_layer(layer.name + READOUT)(x) if layer.name in read else x
            outputs[layer.name] = keras.ops.cast(tap, "float32")
            missing.remove(layer.name)
        if not missing:
            break
    return keras.Model(pixels, {name: outputs[name] for name in layers})


def counts(model: keras.Model, layers: tuple[str, ...]) -> dict[str, int]:
    """N of equation 4, the number of features, in each of some layers.

    A readout's features have the sums of the full network's, though there are fewer of them: their N is the full network's.

    Examples
    --------
    >>> from mangastyle.vgg.backbone import backbone
    >>> counts(backbone("slim"), ("relu1_1", "relu4_1"))
    {'relu1_1': 64, 'relu4_1': 512}
    """
    read = _layers_with_readout(model)
    return {name: WIDTHS[int(name[4]) - 1] if name in read else model.get_layer(name).output.shape[-1] for name in layers}


def _layers_with_readout(model: keras.Model) -> set[str]:
    return {layer.name.removesuffix(READOUT) for layer in model.layers if layer.name.endswith(READOUT)}


def empty() -> keras.Model:
    """The full network with zeros for weights: enough to tell its shapes."""
    return network({name: (np.zeros(shape, np.float32), np.zeros(shape[-1], np.float32)) for name, shape in kernel_shapes().items()})


@default_settings()
def table(size: int = 512) -> list[str]:
    """The lines of Figure 13's table, group by group: every layer, its output's shape, and its kernel's.

    Parameters
    ----------
    size : int
        Side of the square picture, in pixels.

    Returns
    -------
    list of str

    Examples
    --------
    >>> table(64)[:2]
    ['layer group 1', 'conv1_1 | shape=(1, 64, 64, 64) | weights_shape=(3, 3, 3, 64)']
    """
    model = empty()
    layers = [layer for layer in model.layers if layer.name.startswith(LAYERS)]
    shapes = keras.Model(model.input, [layer.output for layer in layers]).compute_output_shape((1, size, size, 3))
    lines, group = [], ""
    for layer, shape in zip(layers, shapes, strict=True):
        if layer.name[4] != group:
            group = layer.name[4]
            lines.append(f"layer group {group}")
        kernel = f" | weights_shape={tuple(layer.kernel.shape)}" if layer.name.startswith("conv") else ""
        lines.append(f"{layer.name} | shape={tuple(shape)}{kernel}")
    return lines
