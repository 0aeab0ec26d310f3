"""Sketch, shading and one-pass style as one SavedModel: what the library paints, without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.export import full_model
from mangastyle.export.full_model import FullModel, check_full, export_full, step_by_step
from mangastyle.io import weights
from mangastyle.ops import pixels
from mangastyle.shade import networks
from mangastyle.shade.hints import Hint
from mangastyle.shade.shader import Shader
from mangastyle.shade.spec import ShadeSpec
from mangastyle.style.look import LookSettings
from mangastyle.style.preprocess import resize_style
from mangastyle.style.stylize import Stylizer
from mangastyle.synthetic import characters, paintings

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
    for made, name in ((model.sketch(picture), "sketch"), (shaded, "shaded"), (model.style(shaded, kept, 0.5), "stylized")):
        tf.debugging.assert_equal(made, stages[name])
assert "mangastyle" not in sys.modules
"""


@pytest.fixture(scope="module")
def saved(loud_weights, onepass_weights, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("full") / "model"
    export_full(FullModel(loud_weights, onepass_weights), path)
    return path


def cases() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Picture, hint RGBA and painting at three sizes: a color picture, line art, line art with strokes."""
    painting = pixels.resize(paintings.paint("brush", 0), 90, 120)
    character = characters.character(5, 160)
    art = pixels.to_rgb(character.line)
    strokes = np.zeros((160, 131, 4), np.uint8)
    strokes[60:90, 40:70] = (30, 60, 200, 255)
    unmasked = np.zeros((1, 1, 4), np.uint8)
    return {
        "color": (character.rgb[:64, :96], unmasked, painting),
        "line": (art[20:117, 30:95], unmasked, painting[:40, :33]),
        "strokes": (art[:, :131], strokes, painting),
    }


@pytest.mark.slow
def test_a_fresh_process_with_tensorflow_alone_paints_what_the_library_paints(saved, loud_weights, onepass_weights, tmp_path):
    shader = Shader(loud_weights, precision="float32")
    for case, arrays in cases().items():
        (tmp_path / case).mkdir()
        for name, value in zip(("picture", "hint", "painting"), arrays):
            (tmp_path / case / name).write_bytes(tf.io.serialize_tensor(np.ascontiguousarray(value)).numpy())
    done = subprocess.run([sys.executable, "-c", FRESH, str(saved), str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for case, (picture, rgba, painting) in cases().items():
        stylizer = Stylizer(painting, method="onepass", size=0, precision="float32", onepass_weights=onepass_weights)
        for name, expected in step_by_step(shader, stylizer, picture, Hint.from_strokes(rgba)).items():
            made = tf.io.parse_tensor((tmp_path / case / name).read_bytes(), tf.uint8).numpy()
            assert made.shape == expected.shape
            assert np.abs(made.astype(int) - expected).max() <= 1, (case, name)
            assert made.std() > 2


@pytest.mark.slow
def test_the_hint_and_the_strength_count(saved):
    model = tf.saved_model.load(str(saved))
    picture, hint, painting = cases()["strokes"]
    plain, hinted = model.paint(picture, painting, 0.5), model.paint_with_hint(picture, hint, painting, 0.5)
    assert np.abs(plain["shaded"].numpy().astype(int) - hinted["shaded"]).max() > 20
    strong = model.paint(picture, painting, 1.0)
    np.testing.assert_array_equal(strong["shaded"], plain["shaded"])
    assert np.abs(strong["stylized"].numpy().astype(int) - plain["stylized"]).max() > 5


@pytest.mark.parametrize("own", [(90, 120), (40, 33), (700, 500), (33, 400)])
@pytest.mark.parametrize("size", [(64, 96), (160, 131), (1000, 800)])
def test_paintings_are_resized_as_the_stylizer_does(own, size):
    style = np.zeros((*own, 3), np.uint8)
    found = full_model._style_size(tf.constant(own), tf.constant(size))
    assert tuple(int(side) for side in found) == resize_style(style, *size, LookSettings()).shape[:2]


@pytest.mark.slow
def test_the_self_check_notices_another_network(saved, loud_weights, onepass_weights, tmp_path, monkeypatch):
    monkeypatch.setattr(full_model, "CHECK_SIZES", ((64, 64),))
    assert check_full(loud_weights, onepass_weights, saved) <= 1
    spec = ShadeSpec(width=4, levels=2, size=32)
    weights.save_model(tmp_path / "other.h5", "shade", spec, networks.build(spec, seed=9))
    with pytest.raises(MangastyleError, match="differs from the stages one by one by"):
        check_full(tmp_path / "other.h5", onepass_weights, saved)
