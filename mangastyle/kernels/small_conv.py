"""Convolutions whose kernel gradient is faster on CPUs where feature maps are small.

oneDNN's kernel gradient is slow where the maps are tiny: at 4x4, in bfloat16, one matrix product over extracted patches takes 35 to 80 %
of its time. On larger maps, and on GPUs, the library's own is faster.
"""

from __future__ import annotations

from typing import Any

from mangastyle import kernels
from mangastyle.engine import keras, tf
from mangastyle.kernels.frozen_weight import frozen_weight

SMALL = 4  # the largest side of the smaller map for which the matrix product is faster


class SmallConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, channels last and in one group: the same variables, results and gradients.

    In graphs, the kernel of a layer that is not trainable is a constant, see `frozen_weight`.

    Examples
    --------
    >>> layer = SmallConv2D(8, 3, 2, "same")
    >>> layer(tf.zeros((1, 8, 8, 4))).shape
    TensorShape([1, 4, 4, 8])
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
        """(b, h, w, c) and (k, k, c, f) to (b, h', w', f); the kernel gradient is a matrix product if h' and w' are known and small."""
        if not self.trainable:
            return super().convolution_op(inputs, frozen_weight(kernel, self.compute_dtype))
        if not _is_small(self.compute_output_shape(inputs.shape)):
            return super().convolution_op(inputs, kernel)
        kernel, inputs_only = tf.convert_to_tensor(kernel), tf.stop_gradient(inputs)
        outputs = super().convolution_op(inputs, tf.stop_gradient(kernel))
        return _with_kernel_gradient(outputs, kernel, lambda upstream: _kernel_gradient(self, inputs_only, upstream))


class SmallConv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose`, channels last: the same variables, results and gradients.

    Examples
    --------
    >>> layer = SmallConv2DTranspose(8, 5, 2, "same")
    >>> layer(tf.zeros((1, 4, 4, 16))).shape
    TensorShape([1, 8, 8, 8])
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """(b, h, w, c) to (b, h', w', f); the kernel gradient is a matrix product if h and w are known and small."""
        if not _is_small(inputs.shape) or self.output_padding is not None:
            return super().call(inputs)
        kernel, inputs_only = tf.convert_to_tensor(self.kernel), tf.stop_gradient(inputs)  # (k, k, f, c)
        outputs = keras.ops.conv_transpose(inputs, tf.stop_gradient(kernel), self.strides, self.padding, data_format="channels_last")
        outputs = _with_kernel_gradient(outputs, kernel, lambda upstream: _kernel_gradient(self, upstream, inputs_only))
        return self.activation(outputs + tf.convert_to_tensor(self.bias) if self.use_bias else outputs)


def _is_small(shape: Any) -> bool:
    """Whether maps (b, h, w, c) are such that the matrix product is faster."""
    sides = tuple(shape)[1:3]
    return None not in sides and max(sides) <= SMALL and kernels.enabled() and not tf.config.list_physical_devices("GPU")


def _with_kernel_gradient(outputs: tf.Tensor, kernel: tf.Tensor, gradient: Any) -> tf.Tensor:
    """`outputs` themselves, with a gradient for `kernel`: a function of the gradient of `outputs`."""

    @tf.custom_gradient
    def attach(outputs: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, Any]:
        return tf.identity(outputs), lambda upstream: (upstream, gradient(upstream))

    return attach(outputs, kernel)


def _kernel_gradient(layer: Any, large: tf.Tensor, small: tf.Tensor) -> tf.Tensor:
    """Patches of the larger map (b, h, w, c) times the smaller one (b, h', w', f): (k, k, c, f)."""
    sizes, strides, rates = ([1, *pair, 1] for pair in (layer.kernel_size, layer.strides, layer.dilation_rate))
    patches = _extract_patches(large, sizes, strides, rates, layer.padding.upper())  # (b, h', w', k k c)
    rows = (tf.reshape(x, (-1, x.shape[-1])) for x in (patches, small))  # (b h' w', k k c) and (b h' w', f)
    return tf.reshape(tf.matmul(*rows, transpose_a=True), (*layer.kernel_size, large.shape[-1], small.shape[-1]))


def _extract_patches(inputs: tf.Tensor, *options: Any) -> tf.Tensor:
    """`tf.image.extract_patches`, which takes as long for a number of 2 bytes as for one of 4: pairs of them are moved as one."""
    if inputs.dtype != tf.bfloat16 or inputs.shape[-1] % 2:
        return tf.image.extract_patches(inputs, *options)
    shape = tf.shape(inputs)
    pairs = tf.bitcast(tf.reshape(inputs, (*tf.unstack(shape[:3]), -1, 2)), tf.float32)  # (b, h, w, c/2)
    patches = tf.bitcast(tf.image.extract_patches(pairs, *options), tf.bfloat16)  # (b, h', w', k k c/2, 2)
    return tf.reshape(patches, (*tf.unstack(tf.shape(patches)[:3]), -1))
