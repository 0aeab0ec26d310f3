"""CIE Lab (D65) inside a TensorFlow graph."""

from __future__ import annotations

from mangastyle.engine import tf

TO_XYZ = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))  # of linear sRGB
TO_RGB = ((3.240479, -1.53715, -0.498535), (-0.969256, 1.875991, 0.041556), (0.055648, -0.204043, 1.057311))  # its inverse
WHITE = (0.950456, 1.0, 1.088754)  # of D65, in XYZ
EPSILON, KAPPA = 216 / 24389, 24389 / 27  # of CIE Lab's linear part


def rgb_to_lab(rgb: tf.Tensor) -> tf.Tensor:
    """`ops.color.rgb_to_lab` for tensors.

    Parameters
    ----------
    rgb : tensor, shape (..., 3)
        sRGB in 0..255, of any type.

    Returns
    -------
    tensor of float32, shape (..., 3)

    Examples
    --------
    >>> rgb_to_lab(tf.constant([255, 255, 255])).numpy().round().tolist()
    [100.0, 0.0, 0.0]
    """
    levels = tf.cast(rgb, tf.float32) / 255
    linear = tf.where(levels > 0.04045, ((levels + 0.055) / 1.055) ** 2.4, levels / 12.92)
    xyz = tf.linalg.matmul(linear[..., None, :], tf.constant(TO_XYZ), transpose_b=True)[..., 0, :] / tf.constant(WHITE)
    f = tf.where(xyz > EPSILON, tf.maximum(xyz, EPSILON) ** (1 / 3), (KAPPA * xyz + 16) / 116)
    x, y, z = tf.unstack(f, axis=-1)
    return tf.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def lab_to_rgb(lab: tf.Tensor) -> tf.Tensor:
    """`ops.color.lab_to_rgb` for tensors, before it rounds.

    Parameters
    ----------
    lab : tensor of float32, shape (..., 3)

    Returns
    -------
    tensor of float32, shape (..., 3)
        sRGB in 0..255; colors that sRGB cannot show are clipped.

    Examples
    --------
    >>> lab_to_rgb(rgb_to_lab(tf.constant([200, 40, 60]))).numpy().round().tolist()
    [200.0, 40.0, 60.0]
    """
    light, a, b = tf.unstack(lab, axis=-1)
    y = (light + 16) / 116
    f = tf.stack([y + a / 500, y, y - b / 200], -1)
    xyz = tf.where(f**3 > EPSILON, f**3, (116 * f - 16) / KAPPA) * tf.constant(WHITE)
    linear = tf.linalg.matmul(xyz[..., None, :], tf.constant(TO_RGB), transpose_b=True)[..., 0, :]
    linear = tf.clip_by_value(linear, 0.0, 1.0)
    return 255 * tf.where(linear > 0.0031308, 1.055 * tf.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055, 12.92 * linear)
