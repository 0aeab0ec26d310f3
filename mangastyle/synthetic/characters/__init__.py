"""Drawn characters: the embedded data set. Each seed is one manga portrait with its true line art and flat colors.

A character is made in two steps: `design` chooses the traits by the seed; the other modules draw its parts on a `canvas`, from the
backdrop to the accessories. `curves` makes smooth outlines and `colors` the tones of each color.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.errors import check_integer
from mangastyle.synthetic.characters import accessories, back_hair, backdrop, clothes, face, hair
from mangastyle.synthetic.characters.canvas import Canvas
from mangastyle.synthetic.characters.design import design as design_of

DRAWING_VERSION = 1  # raise it when pictures of the same seeds change; caches of drawn characters go by it
DEMO_SEED = 7  # the character of examples and figures
MIN_SIZE = 8  # pixels
MAX_SIZE = 4096  # pixels; OpenCV's polygons hold no larger coordinates with fractions
MAX_SEED = 2**128 - 1
NECK = 1.0  # height of the joint about which the head tilts, in units


class Character(NamedTuple):
    """One drawing.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (size, size, 3)
        The finished picture.
    line : ndarray of uint8, shape (size, size)
        Its true line art, ink 0 on paper 255.
    flat : ndarray of uint8, shape (size, size, 3)
        Its colors without lines, shading, gradients and highlights.
    """

    rgb: np.ndarray
    line: np.ndarray
    flat: np.ndarray


def draw(seed: int = DEMO_SEED, size: int = 256) -> np.ndarray:
    """Draw a character: one manga portrait for each seed, the same at every size.

    `mangastyle.draw` is this, and draws figures, too.

    Parameters
    ----------
    seed : int
        Which character, 0 to 2**128 - 1.
    size : int
        Height and width in pixels, 8 to 4096.

    Returns
    -------
    ndarray of uint8, shape (size, size, 3)
        The finished picture, RGB.

    Raises
    ------
    MangastyleError
        For a seed or size that is not a whole number in its range.

    Examples
    --------
    >>> draw(7, size=64).shape
    (64, 64, 3)
    """
    return character(seed, size).rgb


def character(seed: int, size: int = 256) -> Character:
    """Draw a character with its line art and flat colors; a pure function of its arguments.

    Parameters
    ----------
    seed, size : int
        As for `draw`.

    Returns
    -------
    Character
        The picture and its layers.

    Raises
    ------
    MangastyleError
        For a seed or size that is not a whole number in its range.

    Examples
    --------
    >>> drawn = character(7, size=64)
    >>> drawn.rgb.shape, drawn.line.shape, drawn.flat.shape
    ((64, 64, 3), (64, 64), (64, 64, 3))
    """
    seed, size = check_integer("seed", seed, 0, MAX_SEED), check_integer("size", size, MIN_SIZE, MAX_SIZE)
    design = design_of(seed)
    canvas = Canvas.blank(size, design.units)
    backdrop.draw(canvas, design)
    body = canvas.moved(*design.shift)
    head = body.moved(0, NECK, design.tilt).moved(0, -NECK)
    contour, front = face.contour(design), hair.Front(design)
    back_hair.draw(head, design, front)
    clothes.draw(body, design, contour)
    face.draw_head(head, design, front.outline + (0.0, 0.14))
    face.draw_features(head, design)
    accessories.draw_behind(head, design, front)
    hair.draw_front(head, design, front)
    hair.draw_ahoge(head, design, front)
    back_hair.draw_braids(body, design)
    face.draw_brows(head, design)
    accessories.draw(head, design, front)
    picture = cv2.resize(canvas.picture, (size, size), interpolation=cv2.INTER_AREA)
    flat = cv2.resize(canvas.flat, (size, size), interpolation=cv2.INTER_AREA)
    return Character(np.ascontiguousarray(picture[..., :3]), np.ascontiguousarray(picture[..., 3]), flat)
