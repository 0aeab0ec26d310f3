"""VGG-19 for style transfer (paper, section 4.3): tf.keras.applications.VGG19 with every layer within reach.

Pictures go in as float RGB in 0..255, (b, h, w, 3) of any size; the network's own form, BGR minus the ImageNet
mean, exists only here. Convolution and ReLU are separate layers: `conv4_2` is before the ReLU, `relu4_2` after.
`backbone` loads the network that a `--backbone` option names: the full one from Keras' file, the slim one that ships
(fewer channels, read out into the full one's feature space, see `distill`), or one that was never trained.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from mangastyle.config import near
from mangastyle.errors import MangastyleError
from mangastyle.files import atomic
from mangastyle.style.frozen import Conv2D
from mangastyle.weights import GET_VGG19, find_vgg19

CONVOLUTIONS = {"conv1": 2, "conv2": 2, "conv3": 4, "conv4": 4, "conv5": 4}  # in each block
WIDTHS = (64, 128, 256, 512, 512)  # features of each block
SLIM_FORMAT = "mangastyle-vgg19-1"
MEAN_BGR = (103.939, 116.779, 123.68)
LAYERS = ("conv", "relu", "pool")
MIN_SIDE = 32  # conv5 sees a sixteenth of the picture: two positions
READOUT = "_readout"  # ends the name of the 1x1 convolution that reads a layer out

Weights = dict[str, tuple[np.ndarray, np.ndarray]]  # by convolution, in order: kernel (3, 3, in, out), bias (out,)
Readouts = dict[str, np.ndarray]  # by layer: (n, n); features (..., n) times it are in the full network's space


def kernel_shapes(widths: tuple[int, ...] = WIDTHS) -> dict[str, tuple[int, int, int, int]]:
    """Shape of every kernel of VGG-19 by layer, in order: (3, 3, in, out); `widths` are the channels of the blocks."""
    shapes, channels = {}, 3
    for (block, count), features in zip(CONVOLUTIONS.items(), widths, strict=True):
        for i in range(1, count + 1):
            shapes[f"{block}_{i}"] = (3, 3, channels, features)
            channels = features
    return shapes


def backbone(
    name: str = "auto", allow_download: bool = False, pooling: str = "average", policy: str = "float32", winograd: bool = True
) -> keras.Model:
    """The network that a `--backbone` option names, see `weights.find_vgg19`; `random` is one that was never trained.

    The model's own name says what it came to: "full", "slim" or "random". Raises `MangastyleError` for a file that is
    missing, damaged, or of another network, and for weights that are not at hand.
    """
    if name == "random":
        return network(random_weights(), pooling, policy, name="random", winograd=winograd)
    weights, readouts = read(find_vgg19(name, allow_download))
    return network(weights, pooling, policy, readouts, "slim" if readouts else "full", winograd)


def network(
    weights: Weights, pooling: str = "average", policy: str = "float32",
    readouts: Readouts | None = None, name: str = "vgg19", winograd: bool = True,
) -> keras.Model:  # fmt: skip
    """The whole network, with layers convB_I, reluB_I and poolB, under a Keras dtype policy.

    `pooling` is `average` as the paper has it, or `max` as VGG-19 was trained. `readouts` are 1x1 convolutions beside
    the layers they are named for; `features` gives their output in place of the layer's own. `winograd` lets large
    convolutions on processors do with a quarter of the products.
    """
    pool = {"average": keras.layers.AveragePooling2D, "max": keras.layers.MaxPooling2D}[pooling]
    pixels = keras.Input((None, None, 3), dtype="float32", name="rgb")  # (b, h, w, 3)
    x = keras.ops.flip(pixels, -1) - np.float32(MEAN_BGR)  # before the convolutions pad with zeros, as in training
    block = "1"
    outputs = {}
    for conv, (kernel, _) in weights.items():
        if conv[4] != block:  # (b, h, w, n) to (b, h/2, w/2, n)
            x = pool(2, dtype=policy, name=f"pool{block}")(x)
            block = conv[4]
        relu = conv.replace("conv", "relu")
        outputs[conv] = Conv2D(kernel.shape[-1], winograd, dtype=policy, name=conv)(x)
        outputs[relu] = x = keras.layers.ReLU(dtype=policy, name=relu)(outputs[conv])
    x = pool(2, dtype=policy, name=f"pool{block}")(x)
    readouts = readouts or {}
    read_out = [
        keras.layers.Conv2D(matrix.shape[-1], 1, use_bias=False, dtype=policy, name=layer + READOUT)(outputs[layer])
        for layer, matrix in readouts.items()
    ]
    model = keras.Model(pixels, [x, *read_out], name=name)
    for layer, arrays in weights.items():
        model.get_layer(layer).set_weights(arrays)
    for layer, matrix in readouts.items():
        model.get_layer(layer + READOUT).set_weights([matrix[None, None]])  # (1, 1, n, n)
    model.trainable = False
    return model


def check_layers(flag: str, layers: tuple[str, ...]) -> None:
    """Raise `MangastyleError` unless `layers`, given by `flag`, are some of VGG-19's; of an unknown one it says which is near."""
    if len(set(layers)) < max(1, len(layers)):
        raise MangastyleError(f"{flag}: name at least one layer of VGG-19, and none twice")
    known = []
    for block, count in CONVOLUTIONS.items():
        known += [f"{kind}{block[4]}_{i}" for i in range(1, count + 1) for kind in ("conv", "relu")] + [f"pool{block[4]}"]
    for name in layers:
        if name not in known:
            raise MangastyleError(f"{flag}: VGG-19 has no layer {name!r}{near(name, known)}; there are: {' '.join(known)}")


def features(model: keras.Model, layers: tuple[str, ...]) -> keras.Model:
    """The part of `network` down to the deepest of `layers`: pictures in, {layer: float32 features} out.

    Raises `MangastyleError` as `check_layers` does.
    """
    check_layers("layers", layers)
    read = _read_out(model)
    taps = {name: name + READOUT if name in read else name for name in layers}
    outputs = {name: keras.ops.cast(model.get_layer(tap).output, "float32") for name, tap in taps.items()}
    part = keras.Model(model.input, outputs)
    for layer in part.layers:
        if isinstance(layer, Conv2D):
            layer.prepare()
    return part


def counts(model: keras.Model, layers: tuple[str, ...]) -> dict[str, int]:
    """N of equation 4 in each of `layers`. What is read out has VGG-19's sums, in fewer features: its N is VGG-19's too."""
    read = _read_out(model)
    return {name: WIDTHS[int(name[4]) - 1] if name in read else model.get_layer(name).output.shape[-1] for name in layers}


def _read_out(model: keras.Model) -> set[str]:
    """The layers that have a readout."""
    return {layer.name.removesuffix(READOUT) for layer in model.layers if layer.name.endswith(READOUT)}


def empty() -> keras.Model:
    """The full network with zeros for weights: enough to tell its shapes."""
    return network({name: (np.zeros(shape, np.float32), np.zeros(shape[-1], np.float32)) for name, shape in kernel_shapes().items()})


def table(size: int = 512) -> list[str]:
    """The lines of Figure 13's table, group by group: every layer, its output for a square picture, and its kernel."""
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


def random_weights() -> Weights:
    """A VGG-19 that was never trained, the same on every machine: kernels are normal, of He's size (He et al. 2015)."""
    generator = np.random.default_rng(19)
    made: Weights = {}
    for name, shape in kernel_shapes().items():
        kernel = generator.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        made[name] = (kernel, np.zeros(shape[-1], np.float32))
    return made


# Weights files


def read(path: Path) -> tuple[Weights, Readouts]:
    """A VGG-19 in an HDF5 file, which kind is told by its content; float32, every array checked.

    It is Keras' own, with or without its classifier, which has no readouts, or a slim one. Raises `MangastyleError`
    for a file that is damaged or of another network.
    """
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") == SLIM_FORMAT:
                return _read_slim(path, file)
            return _read_keras(path, file), {}
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        reason = str(error).split("\n")[0]
        cure = f"get it again, into Keras' cache by '{GET_VGG19} --force'"
        raise MangastyleError(f"{path}: damaged, or not an HDF5 file ({reason}); {cure}") from error


def write_slim(path: Path, weights: Weights, readouts: Readouts, extra: dict[str, Any]) -> None:
    """Write a slim network for `read`: kernels and readouts as float16, `extra` (how it was made) as JSON."""
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = SLIM_FORMAT
        file.attrs["extra"] = json.dumps(extra)
        for name, (kernel, bias) in weights.items():
            file.create_dataset(f"{name}/kernel", data=kernel.astype(np.float16), compression="gzip")
            file.create_dataset(f"{name}/bias", data=bias.astype(np.float32))
        for name, matrix in readouts.items():
            file.create_dataset(f"{name}/readout", data=matrix.astype(np.float16), compression="gzip")


def _read_slim(path: Path, file: h5py.File) -> tuple[Weights, Readouts]:
    weights, readouts = {}, {}
    shapes = kernel_shapes(tuple(file[f"{block}_1/bias"].len() for block in CONVOLUTIONS))
    for name, shape in shapes.items():
        weights[name] = (_array(path, file, f"{name}/kernel", shape), _array(path, file, f"{name}/bias", shape[-1:]))
        for layer in (name, name.replace("conv", "relu")):
            readouts[layer] = _array(path, file, f"{layer}/readout", shape[-1:] * 2)
    return weights, readouts


def _array(path: Path, file: h5py.File, name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = file[name][()].astype(np.float32)
    if array.shape != shape or not np.isfinite(array).all():
        raise MangastyleError(f"{path}: damaged: no finite array {shape} named {name}; get it again")
    return array


def _read_keras(path: Path, file: h5py.File) -> Weights:
    found: Weights = {}
    for name, shape in kernel_shapes().items():
        group = f"block{name[4]}_{name[:4]}{name[6]}"  # conv4_2 is Keras' block4_conv2
        found[name] = (_array_below(path, file, group, shape), _array_below(path, file, group, shape[-1:]))
    return found


def _array_below(path: Path, file: h5py.File, group: str, shape: tuple[int, ...]) -> np.ndarray:
    """The one array of `shape` below `group`: its names differ between versions of Keras."""
    arrays: list[h5py.Dataset] = []
    if isinstance(file.get(group), h5py.Group):
        file[group].visititems(lambda _, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
    right = [a for a in arrays if a.shape == shape and a.dtype.kind == "f"]
    array = right[0][()].astype(np.float32) if len(right) == 1 else None
    if array is None or not np.isfinite(array).all():
        raise MangastyleError(f"{path}: neither the VGG-19 of Keras nor a slim one: no finite array {shape} in {group}")
    return array
