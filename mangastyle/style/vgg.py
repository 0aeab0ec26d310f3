"""VGG-19 for style transfer (paper, section 4.3): tf.keras.applications.VGG19 with every layer within reach.

Pictures go in as float RGB in 0..255, (b, h, w, 3) of any size; the network's own form, BGR minus the ImageNet
mean, exists only here. Convolution and ReLU are separate layers: `conv4_2` is before the ReLU, `relu4_2` after.
Weights are plain arrays, {"conv1_1": (kernel (3, 3, in, out), bias (out,)), ...}; `weights` finds them for a
`--backbone` option and `network` builds the layers to fit them, so another width is another set of arrays.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import h5py
import keras
import numpy as np

from mangastyle.config import near
from mangastyle.errors import MangastyleError

CONVOLUTIONS = {"conv1": 2, "conv2": 2, "conv3": 4, "conv4": 4, "conv5": 4}  # in each block
WIDTHS = (64, 128, 256, 512, 512)  # features of each block
SLIM_FORMAT = "mangastyle-vgg19-1"
MEAN_BGR = (103.939, 116.779, 123.68)
KERAS_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
LAYERS = ("conv", "relu", "pool")
MIN_SIDE = 32  # conv5 sees a sixteenth of the picture: two positions

READOUT = "_readout"  # ends the name of the 1x1 convolution that reads a layer out

Weights = dict[str, tuple[np.ndarray, np.ndarray]]
Readouts = dict[str, np.ndarray]  # (n, n) by layer


def kernel_shapes(widths: tuple[int, ...] = WIDTHS) -> dict[str, tuple[int, int, int, int]]:
    """Shape of every kernel of VGG-19 by layer, in order: (3, 3, in, out); `widths` are the channels of the blocks."""
    shapes, channels = {}, 3
    for (block, count), features in zip(CONVOLUTIONS.items(), widths, strict=True):
        for i in range(1, count + 1):
            shapes[f"{block}_{i}"] = (3, 3, channels, features)
            channels = features
    return shapes


def network(
    weights: Weights, pooling: str = "average", policy: str = "float32", readouts: Readouts | None = None
) -> keras.Model:
    """The whole network, with layers convB_I, reluB_I and poolB, under a Keras dtype policy.

    `pooling` is `average` as the paper has it, or `max` as VGG-19 was trained. `readouts` are 1x1 convolutions beside
    the layers they are named for; `features` gives their output in place of the layer's own.
    """
    pool = {"average": keras.layers.AveragePooling2D, "max": keras.layers.MaxPooling2D}[pooling]
    pixels = keras.Input((None, None, 3), dtype="float32", name="rgb")  # (b, h, w, 3)
    x = keras.ops.flip(pixels, -1) - np.float32(MEAN_BGR)  # before the convolutions pad with zeros, as in training
    block = "1"
    read = []

    def reading(name: str, x: keras.KerasTensor) -> keras.KerasTensor:
        if readouts and name in readouts:
            read.append(keras.layers.Conv2D(readouts[name].shape[-1], 1, use_bias=False, dtype=policy, name=name + READOUT)(x))
        return x

    for name, (kernel, _) in weights.items():
        if name[4] != block:  # (b, h, w, n) to (b, h/2, w/2, n)
            x = pool(2, dtype=policy, name=f"pool{block}")(x)
            block = name[4]
        x = reading(name, keras.layers.Conv2D(kernel.shape[-1], 3, padding="same", dtype=policy, name=name)(x))
        relu = name.replace("conv", "relu")
        x = reading(relu, keras.layers.ReLU(dtype=policy, name=relu)(x))
    x = pool(2, dtype=policy, name=f"pool{block}")(x)
    model = keras.Model(pixels, [x, *read], name="vgg19")
    for name, arrays in weights.items():
        model.get_layer(name).set_weights(arrays)
    for name, matrix in (readouts or {}).items():
        model.get_layer(name + READOUT).set_weights([matrix[None, None]])  # (1, 1, n, n)
    model.trainable = False
    return model


def features(model: keras.Model, layers: tuple[str, ...]) -> keras.Model:
    """The part of `network` down to the deepest of `layers`: pictures in, {layer: float32 features} out.

    Raises `MangastyleError` for a layer that is not there, with the nearest name.
    """
    known = [layer.name for layer in model.layers if layer.name.startswith(LAYERS) and not layer.name.endswith(READOUT)]
    for name in layers:
        if name not in known:
            raise MangastyleError(f"VGG-19 has no layer {name!r}{near(name, known)}; there are: {' '.join(known)}")
    read = {layer.name for layer in model.layers if layer.name.endswith(READOUT)}
    taps = {name: name + READOUT if name + READOUT in read else name for name in layers}
    outputs = {name: keras.ops.cast(model.get_layer(tap).output, "float32") for name, tap in taps.items()}
    return keras.Model(model.input, outputs)


def describe(size: int = 512) -> None:
    """Print Figure 13's table: every layer, its output for a square picture, and its kernel."""
    model = network(random_weights())
    for layer in model.layers:
        if layer.name.startswith(("conv", "relu", "pool")):
            shape = keras.Model(model.input, layer.output).compute_output_shape((1, size, size, 3))
            kernel = f" | weights_shape={tuple(layer.kernel.shape)}" if layer.name.startswith("conv") else ""
            print(f"{layer.name} | shape={tuple(shape)}{kernel}")


# Where weights come from


def resolve(backbone: str = "auto", allow_download: bool = False) -> str:
    """What a `--backbone` option comes to on this machine: "random", or the path of an HDF5 file.

    auto : the real weights from Keras' cache, or from the network with `allow_download`; else "random", which is said
        on stderr. full : the real ones or `MangastyleError`. Anything else stands for itself.
    """
    if backbone not in ("auto", "full"):
        return backbone
    cached = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models" / KERAS_FILE
    if not cached.exists() and allow_download:
        _download()
    if cached.exists():
        return str(cached)
    if backbone == "full":
        raise MangastyleError(
            f"{cached}: the VGG-19 weights are not there; put the file there, give it as --backbone FILE, "
            "or let Keras fetch it with --allow-download"
        )
    print(
        "mangastyle: random-weight VGG-19: textures only; give --backbone FILE or --allow-download for the real one",
        file=sys.stderr,
    )
    return "random"


def weights(backbone: str = "auto", allow_download: bool = False) -> Weights:
    """The weights that a `--backbone` option names, see `resolve`."""
    name = resolve(backbone, allow_download)
    return random_weights() if name == "random" else read_weights(Path(name))


def read_weights(path: Path) -> Weights:
    """Read the HDF5 file of tf.keras.applications.VGG19, with or without its classifier, checking every array.

    Raises `MangastyleError` if it is missing, damaged, or of another network.
    """
    if not path.exists():
        raise MangastyleError(f"{path}: no such weights file; --backbone takes auto, full, random, or an HDF5 file")
    found: Weights = {}
    try:
        with h5py.File(path, "r") as file:
            for name, shape in kernel_shapes().items():
                group = f"block{name[4]}_{name[:4]}{name[6]}"  # conv4_2 is Keras' block4_conv2
                found[name] = (_read(path, file, group, shape), _read(path, file, group, shape[-1:]))
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise MangastyleError(f"{path}: damaged, or not an HDF5 file; download it again ({error})") from error
    return found


def _read(path: Path, file: h5py.File, group: str, shape: tuple[int, ...]) -> np.ndarray:
    """The one array of `shape` below `group`: its names differ between versions of Keras."""
    wrong = MangastyleError(f"{path}: not the VGG-19 of Keras: no finite array {shape} in {group}")
    if not isinstance(file.get(group), h5py.Group):
        raise wrong
    arrays: list[h5py.Dataset] = []
    file[group].visititems(lambda _, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
    right = [a for a in arrays if a.shape == shape and a.dtype.kind == "f"]
    if len(right) != 1:
        raise wrong
    array = right[0][()].astype(np.float32)
    if not np.isfinite(array).all():
        raise wrong
    return array


def _download() -> None:
    """Let Keras download the real weights into its cache."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # Keras prints its progress
            keras.applications.VGG19(weights="imagenet", include_top=False)
    except Exception as error:  # Keras raises bare Exception for network failures
        reason = str(error).split("\n")[0]
        raise MangastyleError(
            f"the VGG-19 weights could not be downloaded ({reason}); check the network, or fetch "
            f"{KERAS_FILE} elsewhere and give it as --backbone FILE"
        ) from error


def random_weights() -> Weights:
    """A VGG-19 that was never trained, the same on every machine: palette and brush strokes, no notion of things.

    The first layer sees what `_colour_filters` gives it. All other kernels are normal, of He's size, so that
    activations keep their spread from layer to layer.
    """
    generator = np.random.default_rng(19)
    made: Weights = {}
    for name, shape in kernel_shapes().items():
        kernel = generator.standard_normal(shape, np.float32)
        kernel *= np.sqrt(2 / np.sum(kernel**2, axis=(0, 1, 2)))
        made[name] = (kernel, np.zeros(shape[-1], np.float32))
    first = made["conv1_1"][0]
    filters = _colour_filters()
    first[..., : filters.shape[-1]] = filters
    first /= 64  # about the spread of a picture's pixels
    return made


def _colour_filters() -> np.ndarray:
    """Fixed first kernels (3, 3, 3, 54): the 3x3 cosine basis in three opponent colours, both signs of each.

    Mean colour is weighted down, edges and fine texture up: in pictures they are weak, and in a painting they
    are the brush strokes.
    """
    cosines = np.array([(1, 1, 1), (1, 0, -1), (1, -2, 1)]) / np.sqrt([[3], [2], [6]])
    colours = np.array([(1, 1, 1), (-1, 0, 1), (1, -2, 1)]) / np.sqrt([[3], [2], [6]])  # of BGR: light, red-blue, purple-green
    basis = np.einsum("ui,vj,cb->uvcijb", cosines, cosines, colours)
    weight = np.array([0.3, 2, 4])[np.maximum.outer(range(3), range(3))][..., None] * np.array([1, 2, 2])  # (u, v, c)
    kernels = (basis * weight[..., None, None, None]).reshape(27, 3, 3, 3)
    return np.concatenate([kernels, -kernels]).transpose(1, 2, 3, 0).astype(np.float32)
