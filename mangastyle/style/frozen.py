"""VGG-19's convolution for a picture that learns while the network stays as it is, fast on processors."""

from __future__ import annotations

import contextlib
import contextvars
from typing import Any, Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from mangastyle.style import winograd

FEATURES = 256  # in and out together, from which on Winograd's products weigh more than its transforms
WORK = 16 * 16 * 512 * 512  # positions times features in and out, from which on compiling its transforms pays

_direct = contextvars.ContextVar("direct", default=False)


@contextlib.contextmanager
def direct() -> Iterator[None]:
    """What is prepared and traced in here does without Winograd: for measures, and for pictures that come once, where compiling would not pay."""
    token = _direct.set(True)
    try:
        yield
    finally:
        _direct.reset(token)


class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D`, 3x3 of stride 1 with equal padding; while it learns, in float16 and on GPUs it is Keras' own.

    Frozen, on a processor, with `winograd` and once prepared, it does large convolutions by `winograd.convolve`: in float32
    within 1e-4 of the largest result, in bfloat16 within 2 % of the result's norm. In float32 the gradient of the others is a
    convolution with the mirrored kernel. TensorFlow's own, where oneDNN does not do it, takes up to 2.7 times as long, and
    copies patches: 0.6 GB at 512x512 for 64 features.
    """

    def __init__(self, filters: int, winograd: bool = True, **options: Any) -> None:
        super().__init__(filters, 3, padding="same", **options)
        self.winograd = winograd
        self.transformed: tf.Variable | None = None  # (36, c, f)

    def prepare(self) -> None:
        """Transform the kernel, where that gains and was not done: it takes four times the kernel's memory."""
        wanted = self.winograd and self.transformed is None and not _direct.get()
        if wanted and not self._is_plain() and sum(self.kernel.shape[-2:]) >= FEATURES:
            transformed = winograd.transform(keras.ops.convert_to_numpy(self.kernel))
            self.transformed = tf.Variable(transformed, trainable=False, dtype=self.compute_dtype)

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        super().set_weights(weights)
        if self.transformed is not None:
            self.transformed.assign(winograd.transform(keras.ops.convert_to_numpy(self.kernel)))

    def convolution_op(self, inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
        """(b, h, w, c) and (3, 3, c, f) to (b, h, w, f)."""
        plain = super().convolution_op
        if self._is_plain():
            return plain(inputs, kernel)

        def directly() -> tf.Tensor:
            return _mirrored(inputs, tf.convert_to_tensor(kernel)) if self.compute_dtype == "float32" else plain(inputs, kernel)

        if self.transformed is None or _direct.get():
            return directly()
        work = tf.size(inputs, tf.int64) * self.filters
        return tf.cond(work >= WORK, lambda: winograd.convolve(inputs, self.transformed), directly)

    def _is_plain(self) -> bool:
        return self.trainable or self.compute_dtype == "float16" or bool(tf.config.list_physical_devices("GPU"))


def _mirrored(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The convolution, with a gradient for its inputs alone: a convolution with the mirrored kernel."""

    @tf.custom_gradient
    def differentiable(inputs: tf.Tensor):
        def gradient(upstream: tf.Tensor) -> tf.Tensor:  # (b, h, w, f) to (b, h, w, c)
            return tf.nn.conv2d(upstream, tf.transpose(kernel[::-1, ::-1], (0, 1, 3, 2)), 1, "SAME")

        return tf.nn.conv2d(inputs, kernel, 1, "SAME"), gradient

    return differentiable(inputs)
