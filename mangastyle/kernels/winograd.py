"""3x3 convolutions with a quarter of the products: Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016).

Tiles of 6x6 inputs and the kernel are transformed, multiplied position by position, and transformed back to 4x4
outputs: 36 products instead of 144. oneDNN has this for AVX512 alone. What makes it pay here is XLA, which does each
transform in one pass over memory; done operation by operation, they cost what the products save.

The points of interpolation are 0, ±1/√2, ±√2 and infinity: mirroring the kernel turns each into its reciprocal,
so that the gradient, a convolution with the mirrored kernel, finds its transform in the same array, in another order.
They also round little: in bfloat16, 1.3 % of the result's norm, where the usual 0, ±1, ±2 and infinity have 2.6 %
(Barabasz et al. 2020, "Error analysis and improving the accuracy of Winograd convolution for deep neural networks").
"""

from __future__ import annotations

import functools
import math

import numpy as np

from mangastyle.engine import tf

POINTS = (0, math.sqrt(1 / 2), -math.sqrt(1 / 2), math.sqrt(2), -math.sqrt(2))  # and infinity
MIRRORED = (5, 3, 4, 1, 2, 0)  # where the reciprocal of each point is
# Makes the rows of the kernel's transform each other's mirror images.
SCALE = np.array([1, *(1 / abs(point) for point in POINTS[1:]), 1])[:, None]


def _powers(count: int) -> np.ndarray:
    """The first powers of the points, (6, count); of infinity only the last one counts."""
    return np.vstack([np.vander(POINTS, count, increasing=True), np.eye(count)[-1]])


KERNEL = _powers(3) * SCALE  # (6, 3), G of the paper
INPUT = np.linalg.inv(_powers(6)).T / SCALE  # (6, 6), B transposed
OUTPUT = _powers(4).T  # (4, 6), A transposed


def transform_kernel(kernel: np.ndarray) -> np.ndarray:
    """A kernel in the form that `convolve` takes.

    Parameters
    ----------
    kernel : ndarray, shape (3, 3, c, f)

    Returns
    -------
    ndarray of float32, shape (36, c, f)

    Examples
    --------
    >>> transform_kernel(np.ones((3, 3, 2, 5))).shape
    (36, 2, 5)
    """
    both = np.einsum("ai,bj,ijcf->abcf", KERNEL, KERNEL, kernel, optimize=True)  # (6, 6, c, f)
    return both.reshape(36, *kernel.shape[2:]).astype(np.float32)


def convolve(inputs: tf.Tensor, transformed: tf.Tensor) -> tf.Tensor:
    """Inputs (b, h, w, c) and a kernel by `transform_kernel`, float32 or bfloat16 both: (b, h, w, f), zeros beyond the edges.

    Differentiable in the inputs; the kernel counts as a constant. In bfloat16, transforms are computed in float32.
    """
    transformed = tf.stop_gradient(tf.convert_to_tensor(transformed))

    @tf.custom_gradient
    def differentiable(inputs: tf.Tensor):
        forward, backward = (_traced(inputs.dtype, mirrored) for mirrored in (False, True))
        return forward(inputs, transformed), lambda upstream: tf.ensure_shape(backward(upstream, transformed), inputs.shape)

    return tf.ensure_shape(differentiable(inputs), (*inputs.shape[:3], transformed.shape[2]))


@functools.cache
def _traced(dtype: tf.DType, mirrored: bool):
    """`_convolve`, traced once for all layers and sizes: there are a hundred operations in every convolution."""
    signature = [tf.TensorSpec((None, None, None, None), dtype), tf.TensorSpec((36, None, None), dtype)]
    convolve = functools.partial(_convolve, mirrored=mirrored)
    return tf.function(convolve, input_signature=signature, autograph=False, experimental_attributes={"_noinline": True})


def _convolve(inputs: tf.Tensor, transformed: tf.Tensor, mirrored: bool) -> tf.Tensor:
    """As `convolve`; `mirrored`: from f features to c, by the kernel turned by half a turn."""
    order = MIRRORED if mirrored else range(6)
    kernels = tf.unstack(transformed)  # 36 of (c, f); views, not copies
    shape = tf.shape(inputs)
    sums = []
    for i, strip in zip(order, _strips(inputs)):  # (b, h/4, w + 2 and more, c)
        tiles = _tiles(strip)  # 6 of (b h/4 w/4, c)
        products = [tf.matmul(tile, kernels[6 * i + j], transpose_b=mirrored) for j, tile in zip(order, tiles)]
        sums.append(_rows(products, shape))  # (b, h/4, w and up to 3 more, f)
    return _picture(sums, shape)


# The transforms, each compiled for every size that comes


def _compiled(transform):
    return tf.function(transform, jit_compile=True, reduce_retracing=True, autograph=False)


@_compiled
def _strips(inputs: tf.Tensor) -> list[tf.Tensor]:
    """The input transform downwards: (b, h, w, c) to 6 of (b, h/4, w', c), padded on all sides, w' = 2 more than a multiple of 4."""
    _, height, width, _ = tf.unstack(tf.shape(inputs))
    padded = tf.pad(inputs, [[0, 0], [1, 1 + -height % 4], [1, 1 + -width % 4], [0, 0]])
    end = tf.shape(padded)[1] - 5  # where the last tile begins
    return _combine(INPUT, [padded[:, k : end + k : 4] for k in range(6)])


@_compiled
def _tiles(strip: tf.Tensor) -> list[tf.Tensor]:
    """The input transform to the right: (b, h/4, w', c) to 6 of (b h/4 w/4, c)."""
    end = tf.shape(strip)[2] - 5
    found = _combine(INPUT, [strip[:, :, k : end + k : 4] for k in range(6)])
    return [tf.reshape(tile, (-1, tf.shape(strip)[3])) for tile in found]


@_compiled
def _rows(products: list[tf.Tensor], shape: tf.Tensor) -> tf.Tensor:
    """The output transform to the right: 6 of (b h/4 w/4, f) to (b, h/4, w'', f), w'' a multiple of 4."""
    batch, height, width, _ = tf.unstack(shape)
    side_by_side = tf.stack(_combine(OUTPUT, products), 1)  # (b h/4 w/4, 4, f)
    return tf.reshape(side_by_side, (batch, -(-height // 4), -(-width // 4) * 4, tf.shape(products[0])[1]))


@_compiled
def _picture(sums: list[tf.Tensor], shape: tf.Tensor) -> tf.Tensor:
    """The output transform downwards: 6 of (b, h/4, w'', f) to (b, h, w, f)."""
    batch, height, width, _ = tf.unstack(shape)
    stacked = tf.stack(_combine(OUTPUT, sums), 2)  # (b, h/4, 4, w'', f)
    return tf.reshape(stacked, (batch, -1, *tf.unstack(tf.shape(sums[0])[2:])))[:, :height, :width]


def _combine(matrix: np.ndarray, terms: list[tf.Tensor]) -> list[tf.Tensor]:
    """The matrix times a column of tensors, summed in float32, without the terms that are zero."""
    summed = (tf.add_n([np.float32(m) * tf.cast(term, tf.float32) for m, term in zip(row, terms) if abs(m) > 1e-9]) for row in matrix)
    return [tf.cast(x, terms[0].dtype) for x in summed]
