"""Layered files read back by other hands, and blended by formulas of their own: what tests compare with."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
from PIL import Image

OPERATIONS = {"svg:src-over": "normal", "svg:multiply": "multiply", "svg:screen": "screen"}


class Read(NamedTuple):
    """A layer as a program finds it; a group has no pixels but layers within, from the bottom to the top."""

    name: str
    visible: bool
    mode: str = "normal"
    opacity: float = 1.0
    rgba: np.ndarray | None = None  # uint8 (h, w, 4)
    within: tuple[Read, ...] = ()


def read_ora(path: Path) -> tuple[Read, ...]:
    """The layers of an OpenRaster file, from the bottom to the top, by ElementTree and Pillow."""
    with zipfile.ZipFile(path) as file:
        root = ElementTree.fromstring(file.read("stack.xml"))
        size = int(root.attrib["h"]), int(root.attrib["w"])
        (stack,) = root

        def read(element: ElementTree.Element) -> Read:
            a, visible = element.attrib, element.attrib["visibility"] == "visible"
            if element.tag == "stack":
                assert a["isolation"] == "isolate"
                return Read(a["name"], visible, within=tuple(map(read, reversed(element))))
            pixels = np.array(Image.open(io.BytesIO(file.read(a["src"]))))
            rgba = placed(pixels, int(a["y"]), int(a["x"]), size)
            return Read(a["name"], visible, OPERATIONS[a["composite-op"]], float(a["opacity"]), rgba)

        return tuple(map(read, reversed(stack)))


def read_psd(path: Path) -> tuple[Read, ...]:
    """The layers of a Photoshop file, from the bottom to the top, by psd-tools."""
    from psd_tools import PSDImage

    document = PSDImage.open(path)

    def read(layer: Any) -> Read:
        if layer.is_group():
            assert layer.blend_mode.name == "NORMAL"
            return Read(layer.name, layer.visible, within=tuple(map(read, layer)))
        pixels = np.array(layer.topil()) if layer.width else np.zeros((0, 0, 4), np.uint8)
        rgba = placed(pixels, layer.top, layer.left, (document.height, document.width))
        return Read(layer.name, layer.visible, layer.blend_mode.name.lower(), layer.opacity / 255, rgba)

    return tuple(map(read, document))


READERS = {".ora": read_ora, ".psd": read_psd}


def placed(pixels: np.ndarray, top: int, left: int, size: tuple[int, int]) -> np.ndarray:
    """A cropped layer on a transparent picture of the whole size."""
    rgba = np.zeros((*size, 4), np.uint8)
    assert pixels.shape[2] == 4 and top >= 0 and left >= 0
    rgba[top : top + len(pixels), left : left + pixels.shape[1]] = pixels
    return rgba


def blended(layers: tuple[Read, ...], size: tuple[int, int]) -> np.ndarray:
    """What layers show: uint8 (h, w, 4), with 8 bits after each layer, as painting programs keep them.

    References
    ----------
    W3C, "Compositing and Blending Level 1", sections 5.1, 9.1 and 10.
    """
    below = np.zeros((*size, 4), np.uint8)
    for layer in layers:
        if not layer.visible:
            continue
        pixels = blended(layer.within, size) if layer.rgba is None else layer.rgba
        backdrop, backdrop_alpha = below[..., :3] / 255, below[..., 3:] / 255
        source, alpha = pixels[..., :3] / 255, pixels[..., 3:] / 255 * layer.opacity
        mixed = {"normal": source, "multiply": backdrop * source, "screen": backdrop + source - backdrop * source}[layer.mode]
        union = alpha + backdrop_alpha - alpha * backdrop_alpha
        colors = alpha * (1 - backdrop_alpha) * source + alpha * backdrop_alpha * mixed + (1 - alpha) * backdrop_alpha * backdrop
        colors = np.divide(colors, union, out=np.zeros_like(colors), where=union > 0)
        below = np.rint(255 * np.concatenate([colors, union], -1)).astype(np.uint8)
    return below


def furthest(one: np.ndarray, other: np.ndarray, where: Any = np.s_[:]) -> int:
    """The largest difference in levels."""
    return int(np.abs(one.astype(int) - other.astype(int))[where].max(initial=0))
