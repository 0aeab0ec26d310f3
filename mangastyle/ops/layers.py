"""The layers of a colored picture, and the picture that they make.

Layers are blended in 8 bits, rounded after each: multiply a b / 255, screen 255 - (255 - a)(255 - b) / 255, as in Krita and Photoshop.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io.images import check_picture
from mangastyle.ops import pixels


class Layers(NamedTuple):
    """The layers of a colored picture, from the bottom to the top.

    Attributes
    ----------
    flat : ndarray of uint8, shape (h, w, 3)
        One color for each region.
    shading : ndarray of uint8, shape (h, w, 3)
        Multiplied over it; 255 changes nothing.
    highlights : ndarray of uint8, shape (h, w, 3)
        Screened over both; 0 changes nothing.
    lines : ndarray of uint8, shape (h, w, 3)
        Multiplied over all: the line art.
    """

    flat: np.ndarray
    shading: np.ndarray
    highlights: np.ndarray
    lines: np.ndarray


def composite(layers: Layers) -> np.ndarray:
    """The picture that layers make.

    Parameters
    ----------
    layers : Layers

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)

    Raises
    ------
    MangastyleError
        For layers of another form.

    Examples
    --------
    >>> flat, shading, highlights, lines = (np.full((1, 1, 3), level, np.uint8) for level in (200, 128, 50, 255))
    >>> composite(Layers(flat, shading, highlights, lines)).tolist()  # 200 * 128 / 255 = 100, then 255 - 155 * 205 / 255
    [[[130, 130, 130]]]
    """
    check_layers(layers)
    return _multiply(_screen(_multiply(layers.flat, layers.shading), layers.highlights), layers.lines)


def draw_lines(line_art: np.ndarray, ink: float) -> np.ndarray:
    """The layer of the lines.

    Parameters
    ----------
    line_art : ndarray of uint8, shape (h, w, 3)
    ink : float in 0..1
        How strongly the lines are drawn.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        To be multiplied over the colors.

    Examples
    --------
    >>> draw_lines(np.zeros((1, 1, 3), np.uint8), 0.6).tolist()
    [[[102, 102, 102]]]
    """
    return ink_levels(ink)[line_art]


def ink_levels(ink: float) -> np.ndarray:
    """What each level of line art becomes in the layer of the lines, uint8 (256,).

    Examples
    --------
    >>> ink_levels(0.6)[[0, 255]].tolist()
    [102, 255]
    """
    return pixels.to_uint8(255 - ink * (255 - np.arange(256, dtype=np.float32)))


def check_layers(layers: Layers) -> None:
    """Check layers that a caller gave.

    Parameters
    ----------
    layers : Layers

    Raises
    ------
    MangastyleError
        For layers that are no pictures of one size; it names the layer.

    Examples
    --------
    >>> check_layers(Layers(*(np.zeros((4, width, 3), np.uint8) for width in (5, 5, 6, 5))))
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `highlights`: must have the size of `flat`, (4, 5, 3), not (4, 6, 3)
    """
    for name, layer in zip(Layers._fields, layers):
        if check_picture(layer, name).shape != layers[0].shape:
            raise MangastyleError(f"`{name}`: must have the size of `flat`, {layers[0].shape}, not {layer.shape}")


def _multiply(below: np.ndarray, layer: np.ndarray) -> np.ndarray:
    return cv2.multiply(below, layer, scale=1 / 255)


def _screen(below: np.ndarray, layer: np.ndarray) -> np.ndarray:
    return cv2.bitwise_not(_multiply(cv2.bitwise_not(below), cv2.bitwise_not(layer)))
