"""Weights of frozen layers as constants of the graph, so that oneDNN can choose their memory layout and keep it."""

from __future__ import annotations

import math

from mangastyle import kernels
from mangastyle.engine import keras, tf

LARGEST = 2**20  # numbers; a graph and its optimized copies hold a constant several times


def frozen_weight(variable: keras.Variable, dtype: str) -> tf.Tensor:
    """The value of a variable: inside a graph, that at the time of tracing.

    A constant kernel is reordered once into the memory layout of oneDNN's convolution, a variable one at every call. For one picture in
    float32 TensorFlow avoids that by a convolution that takes kernels in TensorFlow's layout. Without AVX512 oneDNN does this as a
    matrix product over copied patches, at a third to a half of the speed.

    Parameters
    ----------
    variable : keras.Variable
    dtype : str
        Of the result. Only of float32 are constants made: lower precisions gain nothing.

    Returns
    -------
    tensor

    Examples
    --------
    >>> variable = keras.Variable([1.0, 2.0])
    >>> traced = tf.function(lambda: frozen_weight(variable, "float32"))
    >>> before = traced()
    >>> variable.assign([3.0, 4.0]).numpy().tolist(), traced().numpy().tolist()
    ([3.0, 4.0], [1.0, 2.0])
    """
    gains = kernels.enabled() and dtype == "float32" and math.prod(variable.shape) <= LARGEST
    if not gains or not tf.inside_function() or tf.config.list_physical_devices("GPU"):
        return tf.cast(variable, dtype)
    with tf.init_scope():
        value = variable.value.numpy()
    return tf.constant(value, dtype)
