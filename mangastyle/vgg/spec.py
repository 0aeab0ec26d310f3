"""What VGG-19 is made of, without TensorFlow: the command line and weights files need it, too.

References
----------
K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015.
"""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.errors import MangastyleError, near
from mangastyle.settings import Settings, setting

CONVOLUTIONS = {"conv1": 2, "conv2": 2, "conv3": 4, "conv4": 4, "conv5": 4}  # in each block
WIDTHS = (64, 128, 256, 512, 512)  # features of each block
MIN_SIDE = 32  # pixels; conv5 works at a sixteenth of the picture: two positions


@dataclass(frozen=True)
class SlimVGGSpec(Settings):
    """Specification of a slim VGG-19: the sixteen convolutions with fewer features, and for each layer a readout.

    A readout is a matrix that turns features into the full network's feature space, up to a rotation.
    """

    widths: tuple[int, ...] = setting((16, 48, 96, 192, 192), "features of each of the five blocks", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.widths) != len(WIDTHS):
            raise MangastyleError(f"`widths`: must be {len(WIDTHS)} numbers, not {len(self.widths)}")


def kernel_shapes(widths: tuple[int, ...] = WIDTHS) -> dict[str, tuple[int, int, int, int]]:
    """The shape of every convolution's kernel.

    Parameters
    ----------
    widths : tuple of 5 int
        Features of the blocks.

    Returns
    -------
    dict of str to tuple of int
        By layer, in order: (3, 3, features in, features out).

    Examples
    --------
    >>> list(kernel_shapes().items())[:3]
    [('conv1_1', (3, 3, 3, 64)), ('conv1_2', (3, 3, 64, 64)), ('conv2_1', (3, 3, 64, 128))]
    """
    shapes, channels = {}, 3
    for (block, count), features in zip(CONVOLUTIONS.items(), widths, strict=True):
        for i in range(1, count + 1):
            shapes[f"{block}_{i}"] = (3, 3, channels, features)
            channels = features
    return shapes


def layer_names() -> list[str]:
    """The names of all layers that have features, shallow to deep.

    Returns
    -------
    list of str
        convB_I and reluB_I, convolution I of block B before and after its ReLU, and poolB.

    Examples
    --------
    >>> layer_names()[:6]
    ['conv1_1', 'relu1_1', 'conv1_2', 'relu1_2', 'pool1', 'conv2_1']
    """
    names = []
    for block, count in CONVOLUTIONS.items():
        names += [f"{kind}{block[4]}_{i}" for i in range(1, count + 1) for kind in ("conv", "relu")] + [f"pool{block[4]}"]
    return names


def block_of(layer: str) -> int:
    """The block that a layer is in, 1 to 5.

    Examples
    --------
    >>> block_of("relu4_2"), block_of("pool5")
    (4, 5)
    """
    return int(layer[4])


def check_layers(name: str, layers: tuple[str, ...]) -> None:
    """Check that an argument names layers of VGG-19.

    Parameters
    ----------
    name : str
        The argument's name, for the error message.
    layers : tuple of str
        What it names.

    Raises
    ------
    MangastyleError
        If there is none, one twice, or one that VGG-19 does not have; the message has the nearest name.

    Examples
    --------
    >>> check_layers("layers", ("relu4_2", "pool5"))
    >>> check_layers("layers", ())
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `layers`: name at least one layer of VGG-19, and none twice
    """
    if len(set(layers)) < max(1, len(layers)):
        raise MangastyleError(f"`{name}`: name at least one layer of VGG-19, and none twice")
    known = layer_names()
    for layer in layers:
        if layer not in known:
            raise MangastyleError(f"`{name}`: VGG-19 has no layer {layer!r}{near(layer, known)}; there are: {' '.join(known)}")
