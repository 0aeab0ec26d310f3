"""VGG-19's weights from and to files: only sound ones, whatever they are called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io import weights as weights_files
from mangastyle.vgg import files
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.files import Readouts, Weights
from mangastyle.vgg.network import features
from mangastyle.vgg.spec import WIDTHS, SlimVGGSpec, check_layers, kernel_shapes, layer_names

SHARED = Path(__file__).parents[2].parent / "shared"
RELUS = tuple(name for name in layer_names() if name.startswith("relu"))
WITH_READOUT = tuple(name for name in layer_names() if not name.startswith("pool"))
SLIM = (4, 5, 6, 7, 8)  # features of the blocks of a slim network


@pytest.fixture(scope="module")
def full() -> Weights:
    """A network of the full size, with biases, where a mistake would not show at zero."""
    random = np.random.default_rng(1)
    return {name: (kernel, random.normal(0, 1, bias.shape).astype(np.float32)) for name, (kernel, bias) in files.random_weights().items()}


@pytest.fixture(scope="module")
def slim() -> tuple[Weights, Readouts]:
    """A slim network that was never trained."""
    random = np.random.default_rng(2)
    weights, readouts = {}, {}
    for name, (kernel, bias) in files.random_weights(SLIM).items():
        weights[name] = (kernel, random.normal(0, 1, bias.shape).astype(np.float32))
    for name, shape in kernel_shapes(SLIM).items():
        for layer in (name, name.replace("conv", "relu")):
            readouts[layer] = np.tril(random.normal(0, 1, shape[-1:] * 2)).astype(np.float32)
    return weights, readouts


def write_keras_h5(path: Path, weights: Weights) -> Path:
    """The layout of the HDF5 file that Keras downloads."""
    with h5py.File(path, "w") as file:
        for name, (kernel, bias) in weights.items():
            group = f"block{name[4]}_conv{name[6]}"
            file.create_dataset(f"{group}/{group}/kernel:0", data=kernel)
            file.create_dataset(f"{group}/{group}/bias:0", data=bias)
    return path


def test_kernel_shapes_are_those_of_keras_own_network():
    model = keras.applications.VGG19(weights=None, include_top=False)
    shapes = [tuple(layer.kernel.shape) for layer in model.layers if "conv" in layer.name]
    assert list(kernel_shapes().values()) == shapes
    assert len(layer_names()) == 16 + 16 + 5 and set(kernel_shapes()) < set(layer_names())


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "`style_layers`: name at least one layer of VGG-19, and none twice"),
        (("relu1_1", "relu1_1"), "`style_layers`: name at least one layer of VGG-19, and none twice"),
        (("relu1_1", "relu42"), "`style_layers`: VGG-19 has no layer 'relu42' (did you mean 'relu4_2'?); there are: conv1_1 relu1_1 "),
        (("conv3_1_readout",), "`style_layers`: VGG-19 has no layer 'conv3_1_readout'"),
    ],
)
def test_layers_that_vgg19_does_not_have_are_named(layers, message):
    with pytest.raises(MangastyleError) as error:
        check_layers("style_layers", layers)
    assert str(error.value).startswith(message)


def test_random_weights_are_the_same_whatever_the_seed_of_tensorflow():
    keras.utils.set_random_seed(1)
    first = files.random_weights(SLIM)
    keras.utils.set_random_seed(2)
    second = files.random_weights(SLIM)
    for name, (kernel, bias) in first.items():
        np.testing.assert_array_equal(kernel, second[name][0])
        np.testing.assert_array_equal(bias, second[name][1])


def test_a_slim_file_round_trips_to_float16(tmp_path, slim):
    weights, readouts = slim
    files.write_slim(tmp_path / "slim.h5", weights, readouts, {"steps": 3})
    read, read_readouts = files.read(tmp_path / "slim.h5")
    assert list(read) == list(kernel_shapes()) and set(read_readouts) == set(WITH_READOUT)
    for name, (kernel, bias) in weights.items():
        np.testing.assert_array_equal(read[name][0], kernel.astype(np.float16).astype(np.float32))
        np.testing.assert_array_equal(read[name][1], bias)
        assert read[name][0].dtype == read[name][1].dtype == np.float32
    for name, matrix in readouts.items():
        np.testing.assert_array_equal(read_readouts[name], matrix.astype(np.float16).astype(np.float32))
    assert weights_files.read_spec(tmp_path / "slim.h5", "vgg19-slim") == ({"widths": list(SLIM)}, {"steps": 3})
    with h5py.File(tmp_path / "slim.h5") as file:
        assert file["conv3_2/kernel"].dtype == file["relu3_2/readout"].dtype == np.float16
    assert [path.name for path in tmp_path.iterdir()] == ["slim.h5"]


def test_a_slim_file_of_the_former_format_is_the_same_network(tmp_path, slim):
    files.write_slim(tmp_path / "v2.h5", *slim, {"steps": 3})
    with h5py.File(tmp_path / "v2.h5") as today, h5py.File(tmp_path / "v1.h5", "w") as former:
        former.attrs["format"] = "mangastyle-vgg19-1"
        former.attrs["extra"] = json.dumps({"steps": 3, "config": {"widths": SLIM}})
        for group in today:
            today.copy(group, former)
    for before, after in zip(files.read(tmp_path / "v1.h5"), files.read(tmp_path / "v2.h5"), strict=True):
        for name in before:
            for a, b in zip(before[name], after[name], strict=True):
                np.testing.assert_array_equal(a, b)


def test_weights_of_keras_file_round_trip(tmp_path, full):
    weights, readouts = files.read(write_keras_h5(tmp_path / "vgg.h5", full))
    assert readouts == {} and list(weights) == list(full)
    for name, (kernel, bias) in full.items():
        np.testing.assert_array_equal(weights[name][0], kernel)
        np.testing.assert_array_equal(weights[name][1], bias)


def test_the_kind_of_a_network_follows_from_the_files_content(tmp_path, full, slim):
    for name, kind in ((write_keras_h5(tmp_path / "slim.h5", full), "full"), ("random", "random")):
        model = backbone(str(name))
        assert model.name == kind and model.get_layer("conv5_4").kernel.shape == (3, 3, 512, 512)
    files.write_slim(tmp_path / "full.h5", *slim, {})
    model = backbone(str(tmp_path / "full.h5"), pooling="max", policy="mixed_bfloat16")
    assert model.name == "slim" and model.get_layer("conv5_4").kernel.shape == (3, 3, SLIM[4], SLIM[4])
    assert isinstance(model.get_layer("pool1"), keras.layers.MaxPooling2D)
    found = features(model, ("relu4_2",))(np.zeros((1, 32, 32, 3), np.float32))["relu4_2"]
    assert found.dtype == "float32" and found.shape == (1, 4, 4, SLIM[3])


def test_a_real_weights_file_gives_the_features_of_keras(tmp_path):
    tool = SHARED / "tools" / "vgg19_keras_h5.py"
    if not tool.exists():
        pytest.skip("needs ../shared")
    path = tmp_path / "vgg19.h5"
    subprocess.run([sys.executable, tool, path], check=True, capture_output=True)
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)
    ours = features(backbone(str(path), pooling="max"), RELUS)(pixels)
    theirs = keras.applications.VGG19(weights=str(path), include_top=False)
    outputs = {f"relu{x.name[5]}_{x.name[-1]}": x.output for x in theirs.layers if "conv" in x.name}
    inputs = keras.applications.vgg19.preprocess_input(pixels.copy())
    for name, right in keras.Model(theirs.input, outputs)(inputs).items():
        assert np.abs(ours[name].numpy() - right.numpy()).max() <= 1e-4 * np.abs(right.numpy()).max()


def refused(path: Path, match: str) -> None:
    with pytest.raises(MangastyleError, match=match) as error:
        files.read(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_damaged_and_wrong_files_of_keras_are_refused(tmp_path, full):
    path = write_keras_h5(tmp_path / "vgg.h5", full)
    whole = path.read_bytes()
    for cut in (0, 100, len(whole) // 2):
        path.write_bytes(whole[:cut])
        refused(path, "not a weights file, or damaged .*; get it again")
    path.write_bytes(b"not HDF5 at all" * 100)
    refused(path, "not a weights file, or damaged")
    kernel, bias = full["conv3_4"]
    for wrong in (kernel[..., :-1], np.where(kernel == kernel.max(), np.nan, kernel)):
        path = write_keras_h5(tmp_path / "wrong.h5", {**full, "conv3_4": (wrong, bias)})
        refused(path, r"neither .* nor a slim one: no finite array \(3, 3, 256, 256\) in block3_conv4")
    few = {name: full[name] for name in list(full)[:4]}  # VGG-16 would differ likewise
    refused(write_keras_h5(tmp_path / "few.h5", few), r"no finite array \(3, 3, 128, 256\) in block3_conv1")


def test_another_network_is_not_a_vgg(tmp_path, tiny_weights):
    refused(Path(tiny_weights), "not a weights file of a slim VGG-19, but of a shading network")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["layer/kernel"] = np.zeros((3, 3))
    refused(tmp_path / "other.h5", "neither the VGG-19 of Keras nor a slim one")


def test_damaged_slim_files_are_refused(tmp_path, slim):
    path = tmp_path / "slim.h5"
    files.write_slim(path, *slim, {})
    whole = path.read_bytes()

    def changed(name: str, value: np.ndarray | None) -> Path:
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            del file[name]
            if value is not None:
                file[name] = value
        return path

    path.write_bytes(whole[: len(whole) // 2])
    refused(path, "not a weights file, or damaged")
    for name in ("conv1_1/bias", "conv4_3/kernel", "relu5_1/readout", "conv5_4"):
        refused(changed(name, None), "damaged: no array .* named " + name)
    n = SLIM[2]
    refused(changed("conv3_2/kernel", np.zeros((3, 3, n, n + 1))), rf"no array \(3, 3, {n}, {n}\) named conv3_2/kernel")
    refused(changed("relu3_2/readout", np.full((n, n), np.inf)), "relu3_2/readout holds values that are not finite")
    refused(changed("conv2_1/bias", np.zeros(SLIM[1] + 1)), rf"no array \({SLIM[1]},\) named conv2_1/bias")
    refused(changed("conv3_2/kernel", np.array(b"text")), "conv3_2/kernel is of type .*, not float")


def test_a_slim_network_has_five_widths():
    with pytest.raises(MangastyleError, match="`widths`: must be 5 numbers, not 4"):
        SlimVGGSpec((4, 5, 6, 7))
    assert len(SlimVGGSpec().widths) == len(WIDTHS)
