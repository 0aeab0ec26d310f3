"""VGG-19: the same features as Keras' own network, every layer within reach."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.vgg import network as vgg
from mangastyle.vgg.files import Readouts, Weights, random_weights
from mangastyle.vgg.spec import kernel_shapes

RELUS = tuple(name.replace("conv", "relu") for name in kernel_shapes())
ALL = (*kernel_shapes(), *RELUS)
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
def same_weights(keras_vgg: keras.Model) -> Weights:
    layers = [layer for layer in keras_vgg.layers if "conv" in layer.name]
    return {name: tuple(layer.get_weights()) for name, layer in zip(kernel_shapes(), layers, strict=True)}


@pytest.fixture(scope="module")
def random_vgg() -> keras.Model:
    return vgg.network(random_weights())


@pytest.fixture(scope="module")
def slim() -> tuple[Weights, Readouts]:
    """A slim network that was never trained."""
    random = np.random.default_rng(2)
    weights, readouts = {}, {}
    for name, shape in kernel_shapes(SLIM).items():
        kernel = random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        weights[name] = (kernel.astype(np.float32), random.normal(0, 1, shape[-1]).astype(np.float32))
        for layer in (name, name.replace("conv", "relu")):
            readouts[layer] = np.tril(random.normal(0, 1, shape[-1:] * 2)).astype(np.float32)
    return weights, readouts


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


def test_random_kernels_are_of_hes_size_and_activations_keep_theirs(random_vgg):
    for name, (kernel, bias) in random_weights().items():
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
