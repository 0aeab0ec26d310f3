"""VGG-19 by name: the full one from Keras' file, the slim one that ships, or one that was never trained."""

from __future__ import annotations

from mangastyle.engine import keras
from mangastyle.io.registry import find_vgg19
from mangastyle.vgg import files
from mangastyle.vgg.network import network


def backbone(name: str = "auto", *, allow_download: bool = False, pooling: str = "average", policy: str = "float32") -> keras.Model:
    """Load a VGG-19.

    Parameters
    ----------
    name : str
        "auto", "full", "slim" or an HDF5 file's name, see `mangastyle.io.registry.find_vgg19`; "random" for a network
        that was never trained.
    allow_download : bool
        Whether Keras may download the full network's weights (80 MB) if they are not at hand.
    pooling : {"average", "max"}
        As the paper has it, or as VGG-19 was trained.
    policy : str
        Keras dtype policy, such as "mixed_bfloat16".

    Returns
    -------
    keras.Model
        See `mangastyle.vgg.network.network`. Its name is "full", "slim" or "random", whichever it is.

    Raises
    ------
    MangastyleError
        For a file that is missing, damaged or of another network, and for weights that are not at hand.

    Examples
    --------
    >>> model = backbone("slim")
    >>> model.name, model.get_layer("conv4_2").filters
    ('slim', 192)
    """
    if name == "random":
        return network(files.random_weights(), pooling, policy, name="random")
    weights, readouts = files.read(find_vgg19(name, allow_download))
    return network(weights, pooling, policy, readouts, "slim" if readouts else "full")
