"""The shading network as a SavedModel: needs TensorFlow alone, takes any size, equals the Keras model."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.export.savedmodel import check_shade, export_shade
from mangastyle.shade.shader import Shader

SIZES = [(8, 8), (31, 33), (64, 64), (65, 97)]

FRESH = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
for name in os.listdir(sys.argv[2]):
    height, width = map(int, name.split("x"))
    folder = os.path.join(sys.argv[2], name)
    line, hint = (tf.io.parse_tensor(tf.io.read_file(os.path.join(folder, n)), tf.uint8) for n in ("line", "hint"))
    for made, n in ((model.shade(line), "shade"), (model.shade_with_hint(line, hint), "shade_with_hint")):
        assert made.dtype == tf.uint8 and made.shape == (line.shape[0], height, width, 3), made
        tf.io.write_file(os.path.join(folder, n), tf.io.serialize_tensor(made))
assert "mangastyle" not in sys.modules
"""


@pytest.fixture(scope="module")
def shader(loud_weights):
    return Shader(loud_weights, precision="float32")


@pytest.fixture(scope="module")
def exported(shader, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "saved"
    export_shade(shader.model, shader.spec, path)
    assert check_shade(shader.model, shader.spec, path) <= 1
    return path


def test_a_fresh_process_with_tensorflow_alone_gets_what_the_keras_model_paints(exported, shader, tmp_path):
    random = np.random.default_rng(0)
    inputs = {}
    for height, width in SIZES:
        line = random.choice(np.uint8([0, 255]), (2, height, width, 1))
        hint = random.integers(0, 256, (2, height, width, 3), np.uint8)
        inputs[height, width] = line, hint
        folder = tmp_path / f"{height}x{width}"
        folder.mkdir()
        for name, value in (("line", line), ("hint", hint)):
            (folder / name).write_bytes(tf.io.serialize_tensor(value).numpy())
    done = subprocess.run([sys.executable, "-c", FRESH, str(exported), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for (height, width), (line, hint) in inputs.items():
        white = np.full_like(hint, 255)
        for name, given in (("shade", white), ("shade_with_hint", hint)):
            made = tf.io.parse_tensor((tmp_path / f"{height}x{width}" / name).read_bytes(), tf.uint8).numpy().astype(int)
            for i in range(2):
                assert np.abs(made[i] - shader.network_pass(line[i, ..., 0], given[i])).max() <= 1
        assert made.std() > 5


def test_the_self_check_notices_another_network(exported, loud_weights):
    other = Shader(loud_weights, precision="float32")
    for variable in other.model.variables:
        variable.assign(variable + 0.05)
    with pytest.raises(MangastyleError, match="differs from the Keras model by"):
        check_shade(other.model, other.spec, exported)


def test_every_variable_is_written_once(exported, shader):
    size = sum(os.path.getsize(exported / "variables" / name) for name in os.listdir(exported / "variables"))
    assert size < 1.5 * 4 * shader.model.count_params() + 20_000
