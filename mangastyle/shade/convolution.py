"""A convolution whose kernel learns faster on processors.

oneDNN's kernel gradient is slow where the output map is tiny: at 4x4, in bfloat16, one matrix product over extracted
patches takes 35 to 80 % of its time. On larger maps, and on GPUs, the library's own wins.
"""

from __future__ import annotations

import keras
import tensorflow as tf

SMALL = 4  # the largest side of an output map for which the matrix product wins


class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, channels last and in one group: the same variables, results and gradients."""

    def convolution_op(self, inputs: tf.Tensor, kernel: keras.Variable) -> tf.Tensor:
        """(b, h, w, c) and (k, k, c, f) to (b, h', w', f); by product where h' and w' are known and small."""
        sides = self.compute_output_shape(inputs.shape)[1:3]
        if None in sides or max(sides) > SMALL or tf.config.list_physical_devices("GPU"):
            return super().convolution_op(inputs, kernel)
        kernel = tf.convert_to_tensor(kernel)
        outputs = super().convolution_op(inputs, tf.stop_gradient(kernel))
        return self._learn_by_product(outputs, tf.stop_gradient(inputs), kernel)

    def _learn_by_product(self, outputs: tf.Tensor, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """`outputs` themselves, with a gradient for `kernel`: patches of `inputs` times the gradient of `outputs`."""

        @tf.custom_gradient
        def attach(outputs: tf.Tensor, kernel: tf.Tensor):
            def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:  # (b, h', w', f)
                sizes, strides, rates = ((1, *pair, 1) for pair in (self.kernel_size, self.strides, self.dilation_rate))
                patches = tf.image.extract_patches(inputs, sizes, strides, rates, self.padding.upper())
                # (b h' w', k k c) and (b h' w', f)
                rows = tf.reshape(patches, (-1, patches.shape[-1])), tf.reshape(upstream, (-1, self.filters))
                return upstream, tf.reshape(tf.matmul(*rows, transpose_a=True), kernel.shape)  # (k, k, c, f)

            return tf.identity(outputs), gradient

        return attach(outputs, kernel)
