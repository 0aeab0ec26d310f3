"""A shading network as a SavedModel; and how any functions with their networks are written as one."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Mapping, Sequence

import numpy as np

from mangastyle.engine import keras, path_for_tensorflow, tf
from mangastyle.errors import MangastyleError
from mangastyle.shade.multiscale import any_size_function
from mangastyle.shade.spec import ShadeSpec

CHECK_SIZES = ((64, 64), (65, 97))  # height, width


def write_endpoints(path: str | Path, models: Sequence[keras.Model], endpoints: Mapping[str, tuple[Callable, Sequence]]) -> None:
    """Write functions of tensors as a SavedModel.

    Parameters
    ----------
    path : str or Path
        Its folder.
    models : sequence of keras.Model
        The networks that the functions use.
    endpoints : mapping of str to (function, input signature)

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_endpoints(folder, [], {"double": (lambda x: 2 * x, [tf.TensorSpec((), tf.int32)])})
    ...     int(tf.saved_model.load(folder).double(4))
    8
    """
    module = tf.Module()  # Keras' ExportArchive would write every variable twice
    module.variables_held = [variable.value for model in models for variable in model.variables]
    for name, (function, signature) in endpoints.items():
        setattr(module, name, tf.function(function, input_signature=signature, autograph=False))
    tf.saved_model.save(module, path_for_tensorflow(path))


def export_shade(model: keras.Model, spec: ShadeSpec, path: str | Path) -> None:
    """Write a shading network as a SavedModel with two endpoints, both uint8 at any size.

    ``shade(line)``: line art (b, h, w, 1) to colors (b, h, w, 3); ``shade_with_hint(line, hint)``: the same with a hint (b, h, w, 3),
    white where it is unmasked.

    Parameters
    ----------
    model : keras.Model
        See `shade.networks.build`.
    spec : ShadeSpec
        Its specification.
    path : str or Path
        The SavedModel's folder.

    Examples
    --------
    >>> import tempfile
    >>> from mangastyle.shade.networks import build
    >>> spec = ShadeSpec(width=4, levels=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_shade(build(spec), spec, folder)
    ...     model = tf.saved_model.load(folder)
    >>> model.shade(tf.zeros((1, 9, 7, 1), tf.uint8)).shape.as_list()
    [1, 9, 7, 3]
    """
    run = any_size_function(model, spec.multiple)

    def shade(line: tf.Tensor) -> tf.Tensor:
        return run(line, tf.fill((*tf.unstack(tf.shape(line)[:3]), 3), tf.constant(255, tf.uint8)))

    line = tf.TensorSpec((None, None, None, 1), tf.uint8, name="line")
    hint = tf.TensorSpec((None, None, None, 3), tf.uint8, name="hint")
    write_endpoints(path, [model], {"shade": (shade, [line]), "shade_with_hint": (run, [line, hint])})


def check_shade(model: keras.Model, spec: ShadeSpec, path: str | Path) -> int:
    """Reload a SavedModel of `export_shade` and compare it with the network.

    Parameters
    ----------
    model, spec, path
        As for `export_shade`.

    Returns
    -------
    int
        The largest difference, in gray levels, at two sizes: at most 1.

    Raises
    ------
    MangastyleError
        If it is larger.
    """
    reloaded = tf.saved_model.load(path_for_tensorflow(path))
    run = any_size_function(model, spec.multiple)
    random = np.random.default_rng(0)
    worst = 0
    for height, width in CHECK_SIZES:
        line = tf.constant(random.choice(np.array([0, 255], np.uint8), (2, height, width, 1)))
        hint = tf.constant(random.integers(0, 256, (2, height, width, 3), np.uint8))
        white = tf.fill(tf.shape(hint), tf.constant(255, tf.uint8))
        for found, expected in (
            (reloaded.shade_with_hint(line, hint), run(line, hint)),
            (reloaded.shade(line), run(line, white)),
        ):
            worst = max(worst, int(np.abs(found.numpy().astype(int) - expected.numpy()).max()))
    if worst > 1:
        raise MangastyleError(f"{path}: the exported model differs from the Keras model by {worst} gray levels; nothing was written")
    return worst
