"""The network that shades flat colors, as a Keras functional model.

A small U-Net on pixels that were folded into channels, four by four: it sees a large part of the picture at the cost of a sixteenth of
its pixels, and unfolds its result to full size, so that edges of shadows are as sharp as lines.

References
----------
Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural network", CVPR 2016, for
unfolding; Ronneberger, Fischer, Brox: "U-Net: convolutional networks for biomedical image segmentation", 2015.
"""

from __future__ import annotations

from typing import Any

from mangastyle.engine import default_settings, keras, tf
from mangastyle.kernels.small_conv import SmallConv2D
from mangastyle.shade.networks import Enlarge
from mangastyle.shade.spec import ShadingSpec

layers = keras.layers
FOLD = 4  # pixels across that become channels
TONES = 3  # shadow, the flat color itself, light
MOST_LOGIT = 8.0  # bound of logits: certainty beyond it teaches nothing, and makes training unstable
DEEPEST = 1.2  # of shadows, as a logarithm: to 0.3 of the flat color
SHADOW_BIAS, BRIGHT_BIAS = -1.5, -1.0  # of the first shadows and lights, before the sigmoid: to 0.8 of the flat color; 0.27


@default_settings()
def build(spec: ShadingSpec, dtype: str = "float32", seed: int = 0) -> keras.Model:
    """The network of a specification, not trained.

    Parameters
    ----------
    spec : ShadingSpec
    dtype : str
        Keras dtype policy.
    seed : int
        Decides the first weights.

    Returns
    -------
    keras.Model
        {"line": (b, h, w, 1), "flat": (b, h, w, 3), "softness": (b, 1)} to the maps below. Line art and flat colors are in
        0..1, sides multiples of `spec.multiple`; softness is 1 for soft shading, -1 for shading with crisp edges, 0 for either. The light
        comes from the left, above.

        - "tones" (b, h, w, 3): logits of shadow, flat color and light, at each pixel;
        - "shadow" (b, h, w, 3): the logarithm of the factor on the flat color if there is shadow, from -1.2 to 0;
        - "bright" (b, h, w, 3): what is screened over the flat color if there is light, 0 to 1.

        All float32.

    Examples
    --------
    >>> model = build(ShadingSpec(widths=(8, 8, 8)))
    >>> found = model({"line": tf.ones((1, 16, 32, 1)), "flat": tf.ones((1, 16, 32, 3)), "softness": tf.zeros((1, 1))})
    >>> {name: x.shape.as_list() for name, x in found.items()}
    {'tones': [1, 16, 32, 3], 'shadow': [1, 16, 32, 3], 'bright': [1, 16, 32, 3]}
    """
    make = _Layers(dtype, seed)
    line, flat = keras.Input((None, None, 1), name="line"), keras.Input((None, None, 3), name="flat")
    softness = keras.Input((1,), name="softness")
    x = layers.Concatenate(name="line_and_flat", dtype=dtype)([line, flat])
    x = layers.Rescaling(2.0, -1.0, name="scaled", dtype=dtype)(x)
    x = Fold(name="fold", dtype=dtype)(x)  # (b, h/4, w/4, 64)
    x = make.conv(x, spec.widths[0], "enter")
    skips = []
    for level, width in enumerate(spec.widths, 1):
        if level > 1:
            skips.append(x)
            x = make.conv(x, width, f"down{level}", stride=2)  # (b, h/4/2^(level-1), ..., width)
        x = layers.Add(name=f"level{level}_told", dtype=dtype)([x, make.shift(softness, width, f"level{level}_softness")])
        for i in range(1, spec.blocks + 1):
            x = make.residual(x, f"level{level}_block{i}")
    for level in range(len(spec.widths) - 1, 0, -1):
        x = make.conv(x, spec.widths[level - 1], f"up{level}")
        x = Enlarge(name=f"up{level}_enlarge", dtype=dtype)(x)
        x = layers.Add(name=f"skip{level}", dtype=dtype)([x, skips[level - 1]])
        for i in range(1, spec.blocks + 1):
            x = make.residual(x, f"back{level}_block{i}")

    def unfolded(name: str, side: int, bias: float = 0.0) -> Any:  # (b, h, w, 3)
        folded = make.conv(x, 3 * FOLD**2, f"{name}_folded", side, activate=False, bias=bias)
        return Unfold(name=f"{name}_unfold", dtype=dtype)(folded)

    def share(name: str, bias: float) -> Any:
        return layers.Activation("sigmoid", dtype="float32", name=f"{name}_share")(unfolded(name, 1, bias))

    bounded = layers.Rescaling(1 / MOST_LOGIT, dtype="float32", name="tones_scaled")(unfolded("tones", 3))
    bounded = layers.Activation("tanh", dtype="float32", name="tones_bounded")(bounded)
    return keras.Model(
        {"line": line, "flat": flat, "softness": softness},
        {
            "tones": layers.Rescaling(MOST_LOGIT, dtype="float32", name="tones")(bounded),
            "shadow": layers.Rescaling(-DEEPEST, dtype="float32", name="shadow")(share("shadow", SHADOW_BIAS)),
            "bright": share("bright", BRIGHT_BIAS),
        },
        name="shading",
    )


class Fold(layers.Layer):
    """Four by four pixels to channels: (b, h, w, c) to (b, h/4, w/4, 16 c).

    Examples
    --------
    >>> Fold()(tf.zeros((1, 8, 12, 2))).shape.as_list()
    [1, 2, 3, 32]
    """

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.space_to_depth(x, FOLD)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], *(side and side // FOLD for side in shape[1:3]), shape[3] * FOLD**2)


class Unfold(layers.Layer):
    """Channels to four by four pixels: (b, h, w, 16 c) to (b, 4h, 4w, c).

    Examples
    --------
    >>> x = tf.reshape(tf.range(64.0), (1, 4, 8, 2))
    >>> bool(tf.reduce_all(Unfold()(Fold()(x)) == x))
    True
    """

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.depth_to_space(x, FOLD)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (shape[0], *(side and side * FOLD for side in shape[1:3]), shape[3] // FOLD**2)


class _Layers:
    """Makes layers of one dtype policy whose first weights follow from one seed."""

    def __init__(self, dtype: str, seed: int) -> None:
        self.dtype, self.seed, self.count = dtype, seed, 0

    def conv(
        self, x: Any, width: int, name: str, side: int = 3, stride: int = 1, activate: bool = True, bias: float = 0.0, zero: bool = False
    ) -> Any:  # fmt: skip
        """A convolution, with a leaky ReLU unless told otherwise."""
        self.count += 1
        kernel = keras.initializers.Zeros() if zero else keras.initializers.HeNormal(self.seed * 1000 + self.count)
        biases = keras.initializers.Constant(bias)
        x = SmallConv2D(
            width, side, stride, "same", name=name, dtype=self.dtype, kernel_initializer=kernel, bias_initializer=biases
        )(x)  # fmt: skip
        return layers.LeakyReLU(0.2, name=f"{name}_leaky", dtype=self.dtype)(x) if activate else x

    def shift(self, x: Any, width: int, name: str) -> Any:
        """Numbers (b, n) to what is added to all positions of a map: (b, 1, 1, width), at first 0."""
        x = layers.Dense(width, use_bias=False, kernel_initializer="zeros", name=name, dtype=self.dtype)(x)
        return layers.Reshape((1, 1, width), name=f"{name}_everywhere", dtype=self.dtype)(x)

    def residual(self, x: Any, name: str) -> Any:
        """x + conv(leaky(conv(x))), at first x itself: the block learns only the change."""
        y = self.conv(x, x.shape[-1], f"{name}_conv1")
        y = self.conv(y, x.shape[-1], f"{name}_conv2", activate=False, zero=True)
        return layers.Add(name=f"{name}_add", dtype=self.dtype)([x, y])
