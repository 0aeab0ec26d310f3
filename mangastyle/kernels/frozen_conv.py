"""3x3 convolution for a frozen VGG-19 when only the input image is optimized; faster than Keras' on CPUs."""

from __future__ import annotations

import functools
from typing import Any, Sequence

import numpy as np

from mangastyle import kernels
from mangastyle.engine import keras, tf
from mangastyle.kernels import winograd as minimal_filtering
from mangastyle.kernels.frozen_weight import frozen_weight

FEATURES = 256  # in and out together, from which on Winograd's products weigh more than its transforms
WORK = 16 * 16 * 512 * 512  # positions times features in and out, from which on compiling its transforms pays


class FrozenConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, 3x3 of stride 1 with equal padding; Keras' own while it is trainable, in float16 and on GPUs.

    Frozen and on a CPU, called with ``winograd=True``, it does large convolutions by `winograd.convolve`: in float32 within
    1e-4 of the largest result, in bfloat16 within 2 % of the result's norm. In float32 the gradient of the others is a
    convolution with the mirrored kernel. TensorFlow's own gradient, where oneDNN does not do it, takes up to 2.7 times as long, and
    copies patches: 0.6 GB at 512x512 for 64 features.

    Parameters
    ----------
    filters : int
    **options
        As for `keras.layers.Conv2D`.

    Examples
    --------
    >>> layer = FrozenConv2D(8, trainable=False)
    >>> layer(tf.zeros((1, 6, 5, 3)), winograd=True).shape
    TensorShape([1, 6, 5, 8])
    """

    def __init__(self, filters: int, **options: Any) -> None:
        super().__init__(filters, 3, padding="same", **options)
        self.winograd_kernel: tf.Variable | None = None  # (36, c, f)

    def precompute_winograd_kernel(self) -> None:
        """Transform the kernel, where that pays and was not done: the result takes four times the kernel's memory."""
        if self.winograd_kernel is None and not self._is_plain() and sum(self.kernel.shape[-2:]) >= FEATURES:
            transformed = minimal_filtering.transform_kernel(self.kernel.value.numpy())
            self.winograd_kernel = tf.Variable(transformed, trainable=False, dtype=self.compute_dtype)

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        super().set_weights(weights)
        if self.winograd_kernel is not None:
            self.winograd_kernel.assign(minimal_filtering.transform_kernel(self.kernel.value.numpy()))

    def call(self, inputs: tf.Tensor, winograd: bool = False) -> tf.Tensor:
        """(b, h, w, c) to (b, h, w, f); `winograd` allows Winograd's minimal filtering where the kernel is precomputed."""
        if self._is_plain():
            return super().call(inputs)
        outputs = self._convolve(inputs, winograd)
        return outputs + tf.convert_to_tensor(self.bias) if self.use_bias else outputs

    def _convolve(self, inputs: tf.Tensor, winograd: bool) -> tf.Tensor:
        if self.winograd_kernel is None or not winograd:
            return self._convolve_directly(inputs)
        work = tf.size(inputs, tf.int64) * self.filters
        by_winograd = functools.partial(minimal_filtering.convolve, inputs, self.winograd_kernel)
        return tf.cond(work >= WORK, by_winograd, functools.partial(self._convolve_directly, inputs))

    def _convolve_directly(self, inputs: tf.Tensor) -> tf.Tensor:
        kernel = frozen_weight(self.kernel, self.compute_dtype)
        return _with_mirrored_gradient(inputs, kernel) if self.compute_dtype == "float32" else self.convolution_op(inputs, kernel)

    def _is_plain(self) -> bool:
        """Whether the layer is Keras' own."""
        learns = self.trainable or self.compute_dtype == "float16"
        return learns or not kernels.enabled() or bool(tf.config.list_physical_devices("GPU"))


def _with_mirrored_gradient(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The convolution, with a gradient for its inputs alone: a convolution with the mirrored kernel."""

    @tf.custom_gradient
    def differentiable(inputs: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:  # (b, h, w, f) to (b, h, w, c)
            return tf.nn.conv2d(upstream, tf.transpose(kernel[::-1, ::-1], (0, 1, 3, 2)), 1, "SAME")

        return tf.nn.conv2d(inputs, kernel, 1, "SAME"), gradient

    return differentiable(inputs)
