"""Sketch, shading and one-pass style as one SavedModel: what the commands paint, without mangastyle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mangastyle import images, single, weights
from mangastyle.cli import main
from mangastyle.config import TrainConfig
from mangastyle.data import characters, painters
from mangastyle.errors import MangastyleError
from mangastyle.shade import hints, infer, networks

FRESH = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])

def read(case, name):
    return tf.io.parse_tensor(tf.io.read_file(os.path.join(sys.argv[2], case, name)), tf.uint8)

for case in os.listdir(sys.argv[2]):
    picture, hint, painting = (read(case, name) for name in ("picture", "hint", "painting"))
    stages = model.paint_with_hint(picture, hint, painting, 0.5)
    for name, made in stages.items():
        tf.io.write_file(os.path.join(sys.argv[2], case, name), tf.io.serialize_tensor(made))
    # The stages one by one, and the painting's statistics kept, are the same.
    shaded = model.shade_with_hint(picture, hint)
    kept = model.statistics(painting, tf.shape(picture)[:2])
    for made, name in ((model.sketch(picture), "sketch"), (shaded, "shaded"), (model.style(shaded, kept, 0.5), "stylised")):
        tf.debugging.assert_equal(made, stages[name])
assert "mangastyle" not in sys.modules
"""


@pytest.fixture(scope="module")
def saved(loud_weights, fast_weights, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("full") / "model"
    assert main(["export", "--model", "full", "--weights", str(loud_weights), "--fast-weights", fast_weights, "--out", str(out)]) == 0
    return out


def cases() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Picture, hint RGBA and painting at three sizes: a colour picture, line art, line art with strokes."""
    painting = images.resize(painters.paint("brush", 0), 90, 120)
    character = characters.character(5, 160)
    art = np.repeat(character.line[..., None], 3, 2)
    strokes = np.zeros((160, 131, 4), np.uint8)
    strokes[60:90, 40:70] = (30, 60, 200, 255)
    silent = np.zeros((1, 1, 4), np.uint8)
    return {
        "colour": (character.rgb[:64, :96], silent, painting),
        "line": (art[20:117, 30:95], silent, painting[:40, :33]),
        "strokes": (art[:, :131], strokes, painting),
    }


def test_a_fresh_process_with_tensorflow_alone_paints_what_the_commands_paint(saved, loud_weights, fast_weights, tmp_path):
    shader = infer.Shader(str(loud_weights), "float32")
    for case, arrays in cases().items():
        (tmp_path / case).mkdir()
        for name, value in zip(("picture", "hint", "painting"), arrays):
            (tmp_path / case / name).write_bytes(tf.io.serialize_tensor(np.ascontiguousarray(value)).numpy())
    done = subprocess.run([sys.executable, "-c", FRESH, str(saved), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for case, (picture, rgba, painting) in cases().items():
        hint = hints.Hint(rgba[..., :3], rgba[..., 3].astype(np.float32) / 255) if rgba.any() else None
        for name, expected in single.step_by_step(shader, fast_weights, picture, hint, painting).items():
            made = tf.io.parse_tensor((tmp_path / case / name).read_bytes(), tf.uint8).numpy()
            assert made.shape == expected.shape
            assert np.abs(made.astype(int) - expected).max() <= 1, (case, name)
            assert made.std() > 2


def test_the_hint_and_the_strength_count(saved):
    model = tf.saved_model.load(str(saved))
    picture, hint, painting = cases()["strokes"]
    plain, hinted = model.paint(picture, painting, 0.5), model.paint_with_hint(picture, hint, painting, 0.5)
    assert np.abs(plain["shaded"].numpy().astype(int) - hinted["shaded"]).max() > 20
    strong = model.paint(picture, painting, 1.0)
    np.testing.assert_array_equal(strong["shaded"], plain["shaded"])
    assert np.abs(strong["stylised"].numpy().astype(int) - plain["stylised"]).max() > 5


def test_the_self_check_notices_another_network(saved, fast_weights, tmp_path):
    other = networks.build(TrainConfig(width=4, levels=2, size=32, seed=9))[0]
    weights.save(tmp_path / "other.h5", other, TrainConfig(width=4, levels=2, size=32))
    with pytest.raises(MangastyleError, match="differs from the commands by"):
        single.check(str(tmp_path / "other.h5"), fast_weights, saved)


def test_without_a_one_pass_painter_it_is_one_line(tmp_path, capsys):
    assert main(["export", "--model", "full", "--fast-weights", str(tmp_path / "gone.h5"), "--out", str(tmp_path / "saved")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
