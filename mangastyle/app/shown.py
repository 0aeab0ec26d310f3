"""The picture as a page shows it: layers with their visibility and opacity, blended as the page blends them."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

import cv2
import numpy as np

from mangastyle.app.results import Colored, Styled
from mangastyle.app.schema import LAYERS
from mangastyle.app.session import Session
from mangastyle.io.layer import Group, Layer
from mangastyle.ops import pixels
from mangastyle.ops.layers import draw_lines

HIDDEN = ("original", "regions")  # unless somebody says so
MODES = {"shading": "multiply", "highlights": "screen", "line": "multiply"}
NAMES = {"Colors": "flat", "Shading": "shading", "Highlights": "highlights", "Lines": "line", "Style": "style"}  # in layered files
HASH = 2654435761  # Knuth's multiplier, by which the page colors regions


class Look(NamedTuple):
    """How a layer is shown: whether, and its opacity in 0..1."""

    visible: bool
    opacity: float


def looks(given: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Look]:
    """How each layer is shown.

    Parameters
    ----------
    given : mapping, optional
        By the name of the layer: "visible" and "opacity", as a body of `schema.export` has them.

    Returns
    -------
    dict of str to Look

    Examples
    --------
    >>> looks({"flat": {"opacity": 0.5}})["flat"], looks(None)["original"]
    (Look(visible=True, opacity=0.5), Look(visible=False, opacity=1.0))
    """
    given = given or {}
    return {name: Look(given.get(name, {}).get("visible", name not in HIDDEN), given.get(name, {}).get("opacity", 1.0)) for name in LAYERS}


def compose(session: Session, size: str, shown: Mapping[str, Look], colored: Colored | None, styled: Styled | None) -> np.ndarray:
    """The picture that the visible layers make.

    Parameters
    ----------
    session : Session
    size : {"preview", "full"}
    shown : mapping of str to Look
    colored, styled : Colored and Styled, optional
        Layers of which there are none are left out.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    made = np.full_like(session.picture(size).rgb, 255)
    for name in LAYERS:
        if shown[name].visible and shown[name].opacity > 0:
            layer = layer_of(name, session, size, colored, styled)
            made = made if layer is None else blend(made, layer, MODES.get(name, "normal"), shown[name].opacity)
    return made


def layer_of(name: str, session: Session, size: str, colored: Colored | None, styled: Styled | None) -> np.ndarray | None:
    """A layer of the picture's size, uint8 (h, w, 3); None if there is none."""
    if name == "original":
        return session.picture(size).rgb
    if name == "line":
        return draw_lines(session.art(size), 1.0 if colored is None else colored.ink)
    if name == "style":
        return None if styled is None else pixels.resize(styled.picture, *session.shape(size))
    if colored is None:
        return None
    if name == "regions":
        return region_colors(len(colored.divided.colors))[colored.divided.labels]
    return colored.divided.flat if name == "flat" else getattr(colored, name)


def region_colors(count: int) -> np.ndarray:
    """Colors that tell regions apart, uint8 (count, 3): those of the page.

    Examples
    --------
    >>> region_colors(2).tolist()
    [[231, 220, 230], [225, 203, 223]]
    """
    numbers = np.arange(1, count + 1, dtype=np.uint64) * HASH % 2**32 >> 8
    return np.stack([110 + (numbers >> shift & 127) for shift in (0, 7, 14)], 1).astype(np.uint8)


def blend(below: np.ndarray, layer: np.ndarray, mode: str, opacity: float) -> np.ndarray:
    """A layer laid on what is below.

    Parameters
    ----------
    below, layer : ndarray of uint8, shape (h, w, 3)
    mode : {"normal", "multiply", "screen"}
    opacity : float in 0..1

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)

    Examples
    --------
    >>> below, layer = (np.full((1, 1, 3), level, np.uint8) for level in (200, 100))
    >>> [blend(below, layer, mode, 0.5).ravel()[0].item() for mode in ("normal", "multiply", "screen")]
    [150, 139, 211]
    """
    if mode == "multiply":
        layer = cv2.multiply(below, layer, scale=1 / 255)
    elif mode == "screen":
        layer = cv2.bitwise_not(cv2.multiply(cv2.bitwise_not(below), cv2.bitwise_not(layer), scale=1 / 255))
    return layer if opacity == 1 else cv2.addWeighted(below, 1 - opacity, layer, opacity, 0)


def with_looks(stack: list[Layer | Group], shown: Mapping[str, Look], session: Session, size: str, colored: Colored) -> list[Layer | Group]:
    """The layers of a file with the visibility and opacity of the page; the original and the regions are among them if they are shown."""
    found: list[Layer | Group] = []
    for item in stack:
        look = shown.get(NAMES.get(item.name, ""))
        found.append(item._replace(visible=look.visible, opacity=look.opacity) if look and isinstance(item, Layer) else item)
        further = {"Paper": "original", "Colors": "regions"}.get(item.name)
        if further and shown[further].visible:
            picture = layer_of(further, session, size, colored, None)
            assert picture is not None
            found.append(Layer(further.capitalize(), picture, opacity=shown[further].opacity))
    return found
