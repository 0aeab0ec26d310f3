"""VGG-19: the same features as Keras' own network, every layer within reach, weights only from sound files."""

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
from mangastyle.style import vgg

SHARED = Path(__file__).parents[2].parent / "shared"
RELUS = tuple(name.replace("conv", "relu") for name in vgg.kernel_shapes())
ALL = (*vgg.kernel_shapes(), *RELUS)
SLIM = (4, 5, 6, 7, 8)  # features of the blocks of a slim network


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (1, height, width, 3)).astype(np.float32)


def of_keras(model: keras.Model, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Every ReLU of a tf.keras.applications.VGG19, by our names."""
    inputs = keras.applications.vgg19.preprocess_input(pixels.copy())
    outputs = {f"relu{x.name[5]}_{x.name[-1]}": x.output for x in model.layers if "conv" in x.name}
    return {name: value.numpy() for name, value in keras.Model(model.input, outputs)(inputs).items()}


def assert_close(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()


@pytest.fixture(scope="module")
def keras_vgg() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.applications.VGG19(weights=None, include_top=False)
    for layer in model.layers:  # Keras starts biases at zero, where a mistake with them would not show
        if "conv" in layer.name:
            layer.bias.assign(np.random.default_rng(1).normal(0, 1, layer.bias.shape))
    return model


@pytest.fixture(scope="module")
def same_weights(keras_vgg: keras.Model) -> vgg.Weights:
    layers = [layer for layer in keras_vgg.layers if "conv" in layer.name]
    return {name: tuple(layer.get_weights()) for name, layer in zip(vgg.kernel_shapes(), layers, strict=True)}


@pytest.fixture(scope="module")
def random_vgg() -> keras.Model:
    return vgg.network(vgg.random_weights())


@pytest.fixture(scope="module")
def slim() -> tuple[vgg.Weights, vgg.Readouts]:
    """A slim network that was never trained."""
    random = np.random.default_rng(2)
    weights, readouts = {}, {}
    for name, shape in vgg.kernel_shapes(SLIM).items():
        kernel = random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        weights[name] = (kernel.astype(np.float32), random.normal(0, 1, shape[-1]).astype(np.float32))
        for layer in (name, name.replace("conv", "relu")):
            readouts[layer] = np.tril(random.normal(0, 1, shape[-1:] * 2)).astype(np.float32)
    return weights, readouts


def write_keras_h5(path: Path, weights: vgg.Weights) -> Path:
    """The layout of the HDF5 file that Keras downloads."""
    with h5py.File(path, "w") as file:
        for name, (kernel, bias) in weights.items():
            group = f"block{name[4]}_conv{name[6]}"
            file.create_dataset(f"{group}/{group}/kernel:0", data=kernel)
            file.create_dataset(f"{group}/{group}/bias:0", data=bias)
    return path


def test_features_with_max_pooling_are_those_of_keras(keras_vgg, same_weights):
    pixels = noise(33, 47)
    ours = vgg.features(vgg.network(same_weights, pooling="max"), RELUS)(pixels)
    theirs = of_keras(keras_vgg, pixels)
    for name in RELUS:
        assert_close(ours[name].numpy(), theirs[name])


def test_average_pooling_differs_by_the_pooling_alone(same_weights):
    layers = ("conv1_1", "relu1_2", "pool1", "conv2_1")
    pixels = noise(32, 48)
    average = vgg.features(vgg.network(same_weights), layers)(pixels)
    largest = vgg.features(vgg.network(same_weights, pooling="max"), layers)(pixels)
    for name in ("conv1_1", "relu1_2"):
        np.testing.assert_array_equal(average[name], largest[name])
    windows = average["relu1_2"].numpy().reshape(1, 16, 2, 24, 2, 64)
    np.testing.assert_allclose(average["pool1"], windows.mean((2, 4)), rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(largest["pool1"], windows.max((2, 4)))
    assert not np.allclose(average["conv2_1"], largest["conv2_1"])


def test_real_weights_file_gives_the_features_of_keras(tmp_path):
    tool = SHARED / "tools" / "vgg19_keras_h5.py"
    if not tool.exists():
        pytest.skip("needs ../shared")
    path = tmp_path / "vgg19.h5"
    subprocess.run([sys.executable, tool, path], check=True, capture_output=True)
    pixels = noise(32, 32)
    ours = vgg.features(vgg.backbone(str(path), pooling="max"), RELUS)(pixels)
    theirs = of_keras(keras.applications.VGG19(weights=str(path), include_top=False), pixels)
    for name in RELUS:
        assert_close(ours[name].numpy(), theirs[name])


@pytest.mark.parametrize(("height", "width"), [(31, 31), (32, 32), (33, 33), (65, 97)])
def test_any_size(random_vgg, height, width):
    found = vgg.features(random_vgg, ("relu1_1", "conv5_1"))(noise(height, width))
    assert found["relu1_1"].shape == (1, height, width, 64)
    assert found["conv5_1"].shape == (1, height // 16, width // 16, 512)


def test_convolution_and_relu_are_separate(random_vgg):
    found = vgg.features(random_vgg, ("conv4_2", "relu4_2"))(noise(32, 32))
    assert found["conv4_2"].numpy().min() < 0
    np.testing.assert_array_equal(np.maximum(found["conv4_2"], 0), found["relu4_2"])


def test_nothing_below_the_deepest_layer_is_computed(random_vgg):
    names = [layer.name for layer in vgg.features(random_vgg, ("relu2_1", "conv1_2")).layers]
    assert "relu2_1" in names and "conv2_2" not in names


def test_mixed_precision_gives_float32_features_near_the_exact_ones(same_weights):
    pixels = noise(32, 32)
    exact = vgg.features(vgg.network(same_weights), ("relu4_2",))(pixels)["relu4_2"].numpy()
    mixed = vgg.features(vgg.network(same_weights, policy="mixed_bfloat16"), ("relu4_2",))(pixels)["relu4_2"]
    assert mixed.dtype == "float32"
    error = np.linalg.norm(mixed - exact) / np.linalg.norm(exact)
    assert 0 < error < 0.05


def test_unknown_layer_is_named_with_the_near_one(random_vgg):
    with pytest.raises(MangastyleError, match="'relu42'.*did you mean 'relu4_2'"):
        vgg.features(random_vgg, ("relu42",))


def test_table_is_that_of_figure_13():
    lines = vgg.table(224)
    assert lines[:4] == [
        "layer group 1",
        "conv1_1 | shape=(1, 224, 224, 64) | weights_shape=(3, 3, 3, 64)",
        "relu1_1 | shape=(1, 224, 224, 64)",
        "conv1_2 | shape=(1, 224, 224, 64) | weights_shape=(3, 3, 64, 64)",
    ]
    assert lines[lines.index("layer group 4") - 1] == "pool3 | shape=(1, 28, 28, 256)"
    assert "conv4_2 | shape=(1, 28, 28, 512) | weights_shape=(3, 3, 512, 512)" in lines
    assert lines[-1] == "pool5 | shape=(1, 7, 7, 512)"
    assert len(lines) == 16 + 16 + 5 + 5


def test_table_rounds_odd_sizes_down_as_the_network_does(random_vgg):
    rows = dict(line.split(" | ")[:2] for line in vgg.table(67) if " | " in line)
    found = vgg.features(random_vgg, tuple(rows))(noise(67, 67))
    assert {name: f"shape={tuple(x.shape)}" for name, x in found.items()} == rows


def test_random_weights_are_the_same_whatever_the_seed_of_tensorflow():
    keras.utils.set_random_seed(1)
    first = vgg.random_weights()
    keras.utils.set_random_seed(2)
    second = vgg.random_weights()
    for name, (kernel, bias) in first.items():
        np.testing.assert_array_equal(kernel, second[name][0])
        np.testing.assert_array_equal(bias, second[name][1])


def test_random_kernels_are_of_hes_size_and_activations_keep_theirs(random_vgg):
    for name, (kernel, bias) in vgg.random_weights().items():
        he = np.sqrt(2 / (9 * kernel.shape[2]))
        assert abs(kernel.std() / he - 1) < 0.05 and abs(kernel.mean()) < 0.05 * he and not bias.any(), name
    for name, found in vgg.features(random_vgg, RELUS)(noise(64, 64)).items():
        assert 10 < np.sqrt(np.mean(np.square(found))) < 1000, name  # pixels are of size 100


# The slim network


def test_readouts_turn_features_into_the_other_networks_space(slim):
    weights, readouts = slim
    pixels = noise(40, 48)
    plain = vgg.features(vgg.network(weights), ALL)(pixels)
    read = vgg.features(vgg.network(weights, readouts=readouts), ALL)(pixels)
    for name in ALL:
        assert_close(read[name].numpy(), plain[name].numpy() @ readouts[name])
    # A Gram matrix so measured is that of the features in the metric W = R R', whatever R itself is.
    flat = plain["relu3_1"].numpy().reshape(-1, SLIM[2])
    found = read["relu3_1"].numpy().reshape(-1, SLIM[2])
    metric = readouts["relu3_1"] @ readouts["relu3_1"].T
    assert_close(found @ found.T, flat @ metric @ flat.T)


def test_readouts_neither_feed_later_layers_nor_count_as_layers(slim):
    weights, readouts = slim
    model = vgg.network(weights, readouts=readouts)
    plain = vgg.features(vgg.network(weights), ("pool5",))
    found = vgg.features(model, ("pool5",))(noise(32, 32))
    np.testing.assert_array_equal(found["pool5"], plain(noise(32, 32))["pool5"])
    with pytest.raises(MangastyleError, match="no layer 'relu1_1_readout'") as error:
        vgg.features(model, ("relu1_1_readout",))
    assert "_readout " not in str(error.value)
    used = [layer.name for layer in vgg.features(model, ("relu1_2",)).layers]
    assert "relu1_2_readout" in used and "conv1_2_readout" not in used


def test_a_slim_file_round_trips_to_float16(tmp_path, slim):
    weights, readouts = slim
    vgg.write_slim(tmp_path / "slim.h5", weights, readouts, {"steps": 3})
    read, read_readouts = vgg.read(tmp_path / "slim.h5")
    assert list(read) == list(vgg.kernel_shapes()) and set(read_readouts) == set(ALL)
    for name, (kernel, bias) in weights.items():
        np.testing.assert_array_equal(read[name][0], kernel.astype(np.float16).astype(np.float32))
        np.testing.assert_array_equal(read[name][1], bias)
        assert read[name][0].dtype == read[name][1].dtype == np.float32
    for name, matrix in readouts.items():
        np.testing.assert_array_equal(read_readouts[name], matrix.astype(np.float16).astype(np.float32))
    with h5py.File(tmp_path / "slim.h5") as file:
        assert file.attrs["format"] == vgg.SLIM_FORMAT and json.loads(file.attrs["extra"]) == {"steps": 3}
        assert file["conv3_2/kernel"].dtype == file["relu3_2/readout"].dtype == np.float16
    assert [path.name for path in tmp_path.iterdir()] == ["slim.h5"]


# Weights files


def test_the_kind_of_a_file_is_told_by_its_content(tmp_path, same_weights, slim):
    for name, kind in ((write_keras_h5(tmp_path / "slim.h5", same_weights), "full"), ("random", "random")):
        model = vgg.backbone(str(name))
        assert model.name == kind and model.get_layer("conv5_4").kernel.shape == (3, 3, 512, 512)
    vgg.write_slim(tmp_path / "full.h5", *slim, {})
    model = vgg.backbone(str(tmp_path / "full.h5"), pooling="max", policy="mixed_bfloat16")
    assert model.name == "slim" and model.get_layer("conv5_4").kernel.shape == (3, 3, SLIM[4], SLIM[4])
    assert isinstance(model.get_layer("pool1"), keras.layers.MaxPooling2D)
    found = vgg.features(model, ("relu4_2",))(noise(32, 32))["relu4_2"]
    assert found.dtype == "float32" and found.shape == (1, 4, 4, SLIM[3])


def test_weights_of_a_file_round_trip(tmp_path, same_weights):
    weights, readouts = vgg.read(write_keras_h5(tmp_path / "vgg.h5", same_weights))
    assert readouts == {}
    for name, (kernel, bias) in same_weights.items():
        np.testing.assert_array_equal(weights[name][0], kernel)
        np.testing.assert_array_equal(weights[name][1], bias)


def refused(path: Path, match: str) -> None:
    with pytest.raises(MangastyleError, match=match) as error:
        vgg.backbone(str(path))
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_missing_damaged_and_wrong_files_are_refused(tmp_path, same_weights):
    refused(tmp_path / "nothere.h5", "no such weights file; --backbone takes auto, full, slim, random, or an HDF5 file")
    path = write_keras_h5(tmp_path / "vgg.h5", same_weights)
    whole = path.read_bytes()
    for cut in (0, 100, len(whole) // 2):
        path.write_bytes(whole[:cut])
        refused(path, "damaged, or not an HDF5 file .*; get it again")
    path.write_bytes(b"not HDF5 at all" * 100)
    refused(path, "damaged, or not an HDF5 file")
    kernel, bias = same_weights["conv3_4"]
    for wrong in (kernel[..., :-1], np.where(kernel == kernel.max(), np.nan, kernel)):
        path = write_keras_h5(tmp_path / "wrong.h5", {**same_weights, "conv3_4": (wrong, bias)})
        refused(path, r"neither .* nor a slim one: no finite array \(3, 3, 256, 256\) in block3_conv4")
    few = {name: same_weights[name] for name in list(same_weights)[:4]}  # VGG-16 would differ likewise
    refused(write_keras_h5(tmp_path / "few.h5", few), r"no finite array \(3, 3, 128, 256\) in block3_conv1")


def test_a_shading_network_is_not_a_vgg(tiny_weights):
    refused(tiny_weights, "neither the VGG-19 of Keras nor a slim one")


def test_damaged_slim_files_are_refused(tmp_path, slim):
    path = tmp_path / "slim.h5"
    vgg.write_slim(path, *slim, {})
    whole = path.read_bytes()

    def changed(name: str, value: np.ndarray | None) -> Path:
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            del file[name]
            if value is not None:
                file[name] = value
        return path

    path.write_bytes(whole[: len(whole) // 2])
    refused(path, "damaged, or not an HDF5 file")
    for name in ("conv1_1/bias", "conv4_3/kernel", "relu5_1/readout", "conv5_4"):
        refused(changed(name, None), "damaged")
    n = SLIM[2]
    wrong, infinite = np.zeros((3, 3, n, n + 1)), np.full((n, n), np.inf)
    refused(changed("conv3_2/kernel", wrong), rf"no finite array \(3, 3, {n}, {n}\) named conv3_2/kernel")
    refused(changed("relu3_2/readout", infinite), rf"no finite array \({n}, {n}\) named relu3_2/readout")
    refused(changed("conv2_1/bias", np.zeros(SLIM[1] + 1)), "no finite array .* named conv2_1/kernel")
    refused(changed("conv3_2/kernel", np.array(b"text")), "damaged")
