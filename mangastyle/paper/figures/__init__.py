"""Every figure of the paper, 1 to 23, and one of ours, from real computation: `python -m mangastyle.paper.figures --out figures`.

A figure is a function `(FigureContext) -> matplotlib Figure` in the module of its subject; the table `FIGURES` names them. From Python:

    from mangastyle.paper.figures import FigureContext, draw

    draw(10, FigureContext())
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mangastyle.paper.figures.context import FigureContext
    from mangastyle.paper.figures.panels import image_grid

__all__ = ["FIGURES", "FigureContext", "draw", "image_grid"]


class Entry(NamedTuple):
    """A figure: module and function that make it, and its title."""

    module: str
    function: str
    title: str


FIGURES = {
    1: Entry("shading", "sketches", "Line art by adaptive threshold"),
    2: Entry("shading", "baseline", "A simple network with the L2 loss alone"),
    3: Entry("networks", "gan", "The conditional GAN"),
    4: Entry("shading", "without_hint", "Colors without a hint"),
    5: Entry("shading", "hint_making", "How a color hint is made"),
    6: Entry("networks", "generator", "The generator, a U-Net"),
    7: Entry("networks", "residual", "A residual connection"),
    8: Entry("networks", "discriminator", "The discriminator"),
    9: Entry("networks", "vgg19", "VGG-19"),
    10: Entry("painting", "content_by_layer", "What each layer of VGG-19 keeps of a picture"),
    11: Entry("painting", "starts", "Where the optimization starts: content (A), style (B), four times noise (C)"),
    12: Entry("painting", "scheme", "Style transfer"),
    13: Entry("networks", "vgg_table", "The layers of VGG-19"),
    14: Entry("painting", "styles", "The style pictures"),
    15: Entry("measures", "pixel_values", "Pixel similarity"),
    16: Entry("measures", "structure", "Structural similarity"),
    17: Entry("measures", "earth_movers", "Earth mover's distance"),
    18: Entry("measures", "keypoints", "SIFT similarity"),
    19: Entry("measures", "euclidean", "Euclidean difference"),
    20: Entry("painting", "by_lbfgs", "Painted by L-BFGS"),
    21: Entry("painting", "by_adam", "Painted by Adam"),
    22: Entry("painting", "losses_lbfgs", "The losses of L-BFGS"),
    23: Entry("painting", "losses_adam", "The losses of Adam"),
    24: Entry("shading", "sketch_kinds", "Both kinds of line art, and the colors of their regions (not in the paper)"),
}


def draw(number: int, context: FigureContext) -> Figure:
    """Make a figure of the paper, or ours.

    Parameters
    ----------
    number : int
        1 to 23; 24 is ours.
    context : FigureContext
        The pictures and networks that figures are made of; figures made with one context share its intermediate results.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, under its number and title.

    Raises
    ------
    MangastyleError
        If a network or a picture is missing or damaged.

    Examples
    --------
    >>> from mangastyle.paper.figures import FigureContext
    >>> draw(13, FigureContext(quick=True)).get_suptitle()
    'Figure 13. The layers of VGG-19'
    """
    entry = FIGURES[number]
    figure = getattr(importlib.import_module(f"{__name__}.{entry.module}"), entry.function)(context)
    figure.suptitle(f"Figure {number}. {entry.title}", fontsize=12)
    return figure


_LAZY = {"FigureContext": "context", "image_grid": "panels"}  # by name, its module: the table itself loads no TensorFlow


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
