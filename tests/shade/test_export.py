"""The SavedModel: needs TensorFlow alone, takes any size, equals the Keras model."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from mangastyle import weights
from mangastyle.cli import main
from mangastyle.config import ExportConfig, TrainConfig
from mangastyle.errors import MangastyleError
from mangastyle.shade import export, networks
from mangastyle.shade.infer import Shader

CONFIG = TrainConfig(size=32, width=4, levels=3, precision="float32")
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
def exported(tmp_path_factory):
    """(weights file, SavedModel folder)."""
    folder = tmp_path_factory.mktemp("export")
    model = networks.generator(CONFIG)
    for variable in model.trainable_variables:
        if variable.ndim > 1:
            variable.assign(variable * 8)
    weights.save(folder / "net.h5", model, CONFIG)
    export.command(ExportConfig(weights=str(folder / "net.h5"), out=str(folder / "saved")))
    return folder / "net.h5", folder / "saved"


def test_a_fresh_process_with_tensorflow_alone_gets_what_the_keras_model_paints(exported, tmp_path):
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
    done = subprocess.run([sys.executable, "-c", FRESH, str(exported[1]), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shader = Shader(str(exported[0]), "float32")
    for (height, width), (line, hint) in inputs.items():
        white = np.full_like(hint, 255)
        for name, given in (("shade", white), ("shade_with_hint", hint)):
            made = tf.io.parse_tensor((tmp_path / f"{height}x{width}" / name).read_bytes(), tf.uint8).numpy().astype(int)
            for i in range(2):
                assert np.abs(made[i] - shader.once(line[i, ..., 0], given[i])).max() <= 1
        assert made.std() > 5


def test_the_folder_holds_the_model_and_its_options(exported):
    names = os.listdir(exported[1])
    assert {"saved_model.pb", "variables", "config.json"} <= set(names)
    assert sorted(os.listdir(exported[1].parent)) == ["net.h5", "saved"]  # no temporary folder is left


def test_existing_results_are_refused_and_replaced_only_when_asked(exported, tmp_path, capsys):
    file, saved = exported
    before = (saved / "config.json").stat().st_mtime_ns
    assert main(["export", "--weights", str(file), "--out", str(saved)]) == 2
    assert "--force" in capsys.readouterr().err
    assert (saved / "config.json").stat().st_mtime_ns == before
    assert main(["export", "--weights", str(file), "--out", str(saved), "--force"]) == 0
    assert (saved / "config.json").stat().st_mtime_ns > before


def test_force_never_removes_a_folder_that_is_no_savedmodel(exported, tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("keep")
    for out in (tmp_path, tmp_path / "precious.txt"):
        assert main(["export", "--weights", str(exported[0]), "--out", str(out), "--force"]) == 2
        assert "no SavedModel" in capsys.readouterr().err
    assert (tmp_path / "precious.txt").read_text() == "keep"


def test_a_failure_leaves_nothing(exported, tmp_path, monkeypatch):
    def failing(*_):
        raise MangastyleError("differs")

    monkeypatch.setattr(export, "check", failing)
    with pytest.raises(MangastyleError):
        export.command(ExportConfig(weights=str(exported[0]), out=str(tmp_path / "saved")))
    assert list(tmp_path.iterdir()) == []


def test_the_self_check_notices_another_network(exported):
    other = networks.generator(CONFIG)
    for variable in other.trainable_variables:
        variable.assign(variable * 8 + 0.05)
    with pytest.raises(MangastyleError, match="differs from the Keras model by"):
        export.check(other, networks.multiple(CONFIG), exported[1])


def test_missing_weights_are_one_line(tmp_path, capsys):
    assert main(["export", "--weights", str(tmp_path / "gone.h5"), "--out", str(tmp_path / "saved")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
