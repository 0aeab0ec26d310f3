"""Write a shading network as a SavedModel that needs nothing but TensorFlow to be used."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Callable

import keras
import numpy as np
import tensorflow as tf

from mangastyle import quiet, weights
from mangastyle.config import ExportConfig, save_config
from mangastyle.errors import MangastyleError
from mangastyle.files import make_folder, refuse_existing
from mangastyle.shade import networks
from mangastyle.shade.colour import forward
from mangastyle.shade.infer import load_generator

CHECK_SIZES = ((64, 64), (65, 97))


def command(options: ExportConfig) -> None:
    """`mangastyle export`: write, reload, compare, and only then put it in place."""
    out = Path(options.out or f"{options.model}-savedmodel")
    refuse_existing(out, options.force)
    if out.exists() and not (out / "saved_model.pb").exists():
        raise MangastyleError(f"{out}: is no SavedModel, so --force does not replace it; name another --out")
    write = _full if options.model == "full" else _shade
    make_folder(out.parent)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=out.parent) as temporary:
        made = Path(temporary) / "model"
        verdict = write(options, made)
        save_config(made, "export", options)
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)
    print(f"{out}: reloaded and equal to {verdict}")


def _shade(options: ExportConfig, made: Path) -> str:
    model, config = load_generator(weights.find(options.weights), "float32")
    export(model, networks.multiple(config), made)
    return f"the Keras model within {check(model, networks.multiple(config), made)} grey levels at {len(CHECK_SIZES)} sizes"


def _full(options: ExportConfig, made: Path) -> str:
    single = quiet.load("mangastyle.single")
    single.export(single.Single(options.weights, options.fast_weights), made)
    return f"the commands within {single.check(options.weights, options.fast_weights, made)} grey levels at {len(single.CHECK_SIZES)} sizes"


def export(model: keras.Model, multiple: int, path: Path) -> None:
    """Write the SavedModel with two endpoints, both uint8 at any size.

    ``shade(line)``: line art (b, h, w, 1) to colour (b, h, w, 3); ``shade_with_hint(line, hint)``: the same with a
    hint (b, h, w, 3), white where it is silent.
    """
    run = forward(model, multiple)

    def shade(line):
        return run(line, tf.fill((*tf.unstack(tf.shape(line)[:3]), 3), tf.constant(255, tf.uint8)))

    line = tf.TensorSpec((None, None, None, 1), tf.uint8, name="line")
    hint = tf.TensorSpec((None, None, None, 3), tf.uint8, name="hint")
    save(path, [model], {"shade": (shade, [line]), "shade_with_hint": (run, [line, hint])})


def save(path: Path, models: list[keras.Model], endpoints: dict[str, tuple[Callable, list]]) -> None:
    """Write functions of tensors, each with its input signature, as a SavedModel, and the variables of their `models`."""
    module = tf.Module()  # Keras' ExportArchive would write every variable twice
    module.held = [variable.value for model in models for variable in model.variables]
    for name, (function, signature) in endpoints.items():
        setattr(module, name, tf.function(function, input_signature=signature, autograph=False))
    tf.saved_model.save(module, str(path))


def check(model: keras.Model, multiple: int, path: Path) -> int:
    """Reload the SavedModel and return its largest difference from the Keras model in grey levels; over 1 is an error."""
    reloaded = tf.saved_model.load(str(path))
    run = forward(model, multiple)
    random = np.random.default_rng(0)
    worst = 0
    for height, width in CHECK_SIZES:
        line = tf.constant(random.choice(np.array([0, 255], np.uint8), (2, height, width, 1)))
        hint = tf.constant(random.integers(0, 256, (2, height, width, 3), np.uint8))
        white = tf.fill(tf.shape(hint), tf.constant(255, tf.uint8))
        for made, expected in (
            (reloaded.shade_with_hint(line, hint), run(line, hint)),
            (reloaded.shade(line), run(line, white)),
        ):
            worst = max(worst, int(np.abs(made.numpy().astype(int) - expected.numpy()).max()))
    if worst > 1:
        raise MangastyleError(f"{path}: the exported model differs from the Keras model by {worst} grey levels; nothing was written")
    return worst
