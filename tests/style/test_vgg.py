"""VGG-19: the same features as Keras' own network, every layer within reach, weights only from sound files."""

from __future__ import annotations

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
    ours = vgg.features(vgg.network(vgg.weights(str(path)), pooling="max"), RELUS)(pixels)
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


def test_describe_is_the_table_of_figure_13(capsys):
    vgg.describe(224)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "conv1_1 | shape=(1, 224, 224, 64) | weights_shape=(3, 3, 3, 64)"
    assert "conv4_2 | shape=(1, 28, 28, 512) | weights_shape=(3, 3, 512, 512)" in lines
    assert lines[-1] == "pool5 | shape=(1, 7, 7, 512)"
    assert len(lines) == 16 + 16 + 5


def test_random_weights_are_the_same_whatever_the_seed_of_tensorflow():
    keras.utils.set_random_seed(1)
    first = vgg.random_weights()
    keras.utils.set_random_seed(2)
    second = vgg.random_weights()
    for name, (kernel, bias) in first.items():
        np.testing.assert_array_equal(kernel, second[name][0])
        np.testing.assert_array_equal(bias, second[name][1])


def test_random_activations_neither_vanish_nor_explode(random_vgg):
    for name, value in vgg.features(random_vgg, RELUS)(noise(64, 64)).items():
        assert 0.1 < np.sqrt(np.mean(np.square(value))) < 10, name


def test_weights_of_a_file_round_trip(tmp_path, same_weights):
    read = vgg.weights(str(write_keras_h5(tmp_path / "vgg.h5", same_weights)))
    for name, (kernel, bias) in same_weights.items():
        np.testing.assert_array_equal(read[name][0], kernel)
        np.testing.assert_array_equal(read[name][1], bias)


def test_missing_damaged_and_wrong_files_are_refused(tmp_path, same_weights):
    with pytest.raises(MangastyleError, match="nothere.h5: no such weights file"):
        vgg.weights(str(tmp_path / "nothere.h5"))
    path = write_keras_h5(tmp_path / "vgg.h5", same_weights)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MangastyleError, match="vgg.h5: damaged"):
        vgg.weights(str(path))
    path.write_bytes(b"not HDF5 at all")
    with pytest.raises(MangastyleError, match="vgg.h5: damaged, or not an HDF5 file"):
        vgg.weights(str(path))
    kernel, bias = same_weights["conv3_4"]
    for wrong in (kernel[..., :-1], np.where(kernel == kernel.max(), np.nan, kernel)):
        path = write_keras_h5(tmp_path / "wrong.h5", {**same_weights, "conv3_4": (wrong, bias)})
        with pytest.raises(MangastyleError, match=r"no finite array \(3, 3, 256, 256\) in block3_conv4"):
            vgg.weights(str(path))
    few = {name: same_weights[name] for name in list(same_weights)[:4]}  # VGG-16 would differ likewise
    with pytest.raises(MangastyleError, match="not the VGG-19 of Keras"):
        vgg.weights(str(write_keras_h5(tmp_path / "few.h5", few)))


def test_auto_falls_back_to_random_weights_and_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    weights = vgg.weights("auto")
    np.testing.assert_array_equal(weights["conv5_1"][0], vgg.random_weights()["conv5_1"][0])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1 and "random-weight VGG-19" in captured.err and "--allow-download" in captured.err


def test_auto_and_full_find_the_cache_of_keras(tmp_path, monkeypatch, same_weights, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(MangastyleError, match="--allow-download"):
        vgg.weights("full")
    (tmp_path / "models").mkdir()
    write_keras_h5(tmp_path / "models" / vgg.KERAS_FILE, same_weights)
    for backbone in ("auto", "full"):
        np.testing.assert_array_equal(vgg.weights(backbone)["conv5_1"][0], same_weights["conv5_1"][0])
    assert capsys.readouterr().err == ""


def test_a_failed_download_names_the_cure(tmp_path, monkeypatch):
    def offline(*args, **kwargs):
        raise Exception("URL fetch failure")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.applications, "VGG19", offline)
    with pytest.raises(MangastyleError, match="URL fetch failure.*--backbone FILE"):
        vgg.weights("full", allow_download=True)
