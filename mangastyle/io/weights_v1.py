"""Weights files of the former formats, which stored the training's options: what in them describes the network.

Only known keys are picked; whatever else the options were is left alone. Arrays are stored as they are today; some had other names.
"""

from __future__ import annotations

from typing import Any

import h5py

from mangastyle.io import hdf5

# The former formats, and the kind of network in them.
KINDS = {"mangastyle-shade-1": "shade", "mangastyle-onepass-1": "onepass", "mangastyle-vgg19-1": "vgg19-slim"}

# Today's names, by former ones.
SHADE_SPEC = {"width": "width", "levels": "levels", "residual": "residual_blocks", "upsample": "upsample", "size": "size"}
DISCRIMINATOR_SPEC = {"head": "head", "see_line": "condition_on_line", "width": "width", "levels": "levels", "size": "size"}
LOSS = {"distance": "pixel_loss", "distance_weight": "pixel_weight"}
NETWORKS = {"gan": "unet", "baseline": "baseline"}

ARRAYS = {  # of one-pass decoders
    "relu4_1_grain_features/kernel": "relu4_1_residual_features/kernel",
    "relu3_1_grain_features/kernel": "relu3_1_residual_features/kernel",
}

ONEPASS_LAYERS = ("relu4_1", "relu3_1", "relu2_1", "relu1_1")
BLOCKS = ("conv1", "conv2", "conv3", "conv4", "conv5")


def read_header(file: h5py.File) -> tuple[dict[str, Any], dict[str, Any]]:
    """The network's specification and its provenance.

    Parameters
    ----------
    file : h5py.File
        An open file whose attribute ``format`` is one of `KINDS`.

    Returns
    -------
    spec : dict
        The fields of today's specification that the file has.
    provenance : dict
        How it was made.

    Raises
    ------
    KeyError, ValueError, TypeError, AttributeError
        For a damaged file.
    """
    kind = KINDS[hdf5.attribute(file, "format")]
    extra = hdf5.json_attribute(file, "extra")
    if kind == "onepass":
        widths = [_width(file, "strength_features/kernel"), *(_width(file, f"at_{name}/bias") for name in ONEPASS_LAYERS[1:])]
        return {"layers": list(ONEPASS_LAYERS), "widths": widths}, extra
    if kind == "vgg19-slim":
        extra.pop("config", None)
        return {"widths": [_width(file, f"{block}_1/bias") for block in BLOCKS]}, extra
    config: dict[str, Any] = dict(hdf5.json_attribute(file, "config").items())
    spec = _picked(config, SHADE_SPEC)
    if "model" in config:
        spec["network"] = NETWORKS[config["model"]]
    if "fine" in config:
        spec["soft_lines"] = config["fine"] > 0
    provenance = {("steps" if name == "step" else name): value for name, value in extra.items()}
    if spec.get("network") != "baseline":
        provenance["discriminator"] = _picked(config, DISCRIMINATOR_SPEC)
    return spec, {**provenance, **_picked(config, LOSS)}


def array_name(former: str) -> str:
    """Today's name of an array.

    Parameters
    ----------
    former : str
        Its name in a file of a former format.

    Returns
    -------
    str
        The name in a file of today's format.

    Examples
    --------
    >>> array_name("relu3_1_grain_features/kernel"), array_name("down1/bias")
    ('relu3_1_residual_features/kernel', 'down1/bias')
    """
    return ARRAYS.get(former, former)


def _picked(options: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The options that have a name of today, by it."""
    return {new: options[former] for former, new in names.items() if former in options}


def _width(file: h5py.File, name: str) -> int:
    """The features of a layer, by one of its arrays."""
    return hdf5.arrays(file.filename, file)[name].shape[-1]
