"""Every figure of the paper, 1 to 23, drawn from real computation: `python -m mangastyle.figures --out figures`.

A figure is a function `(Studio) -> matplotlib Figure` in the module of its subject; this table says which. From Python:

    from mangastyle.figures import Studio, draw

    draw(10, Studio())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

from mangastyle import quiet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mangastyle.figures.studio import Studio


class Entry(NamedTuple):
    """Where a figure is drawn, and what it shows, in our words."""

    module: str
    function: str
    title: str


FIGURES = {
    1: Entry("shading", "sketches", "Line art by adaptive threshold"),
    2: Entry("shading", "baseline", "A simple network with the L2 distance alone"),
    3: Entry("networks", "gan", "The conditional GAN"),
    4: Entry("shading", "without_hint", "Colours without a hint"),
    5: Entry("shading", "hint_making", "How a colour hint is made"),
    6: Entry("networks", "generator", "The generator, a U-Net"),
    7: Entry("networks", "residual", "A residual connection"),
    8: Entry("networks", "discriminator", "The discriminator"),
    9: Entry("networks", "vgg19", "VGG-19"),
    10: Entry("painting", "content_by_layer", "What each layer of VGG-19 keeps of a picture"),
    11: Entry("painting", "starts", "Where the search starts: content (A), style (B), four times noise (C)"),
    12: Entry("painting", "scheme", "Style transfer"),
    13: Entry("networks", "vgg_table", "The layers of VGG-19"),
    14: Entry("painting", "styles", "The style pictures"),
    15: Entry("measures", "pixels", "Pixel similarity"),
    16: Entry("measures", "structure", "Structural similarity"),
    17: Entry("measures", "earth_movers", "Earth mover's distance"),
    18: Entry("measures", "keypoints", "SIFT similarity"),
    19: Entry("measures", "euclidean", "Euclidean difference"),
    20: Entry("painting", "by_lbfgs", "Painted by L-BFGS"),
    21: Entry("painting", "by_adam", "Painted by Adam"),
    22: Entry("painting", "losses_lbfgs", "The losses of L-BFGS"),
    23: Entry("painting", "losses_adam", "The losses of Adam"),
}


def draw(number: int, studio: Studio) -> Figure:
    """Figure `number` of the paper with its number and title; pictures and paintings are shared through `studio`.

    Raises `MangastyleError` if a network or a picture that it needs is missing.
    """
    entry = FIGURES[number]
    figure = getattr(importlib.import_module(f"{__name__}.{entry.module}"), entry.function)(studio)
    figure.suptitle(f"Figure {number}. {entry.title}", fontsize=12)
    return figure


def __getattr__(name: str) -> Any:  # the table itself loads no TensorFlow
    if name == "Studio":
        return quiet.load(f"{__name__}.studio").Studio
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
