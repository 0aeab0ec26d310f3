"""Drawn characters: the embedded data set. Each seed is one manga portrait with its true line art and flat colours."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.data.drawing import accessories, back_hair, backdrop, clothes, face, hair
from mangastyle.data.drawing.canvas import Canvas
from mangastyle.data.drawing.design import design as design_of

MAX_SIZE = 4096  # pixels; OpenCV's polygons hold no larger coordinates with fractions
NECK = 1.0  # height of the joint about which the head tilts, in units


class Character(NamedTuple):
    """One drawing, size x size.

    rgb : uint8 (size, size, 3), the finished picture.
    line : uint8 (size, size), its true line art, ink 0 on paper 255.
    flat : uint8 (size, size, 3), its colours without lines, shading, gradients and highlights.
    """

    rgb: np.ndarray
    line: np.ndarray
    flat: np.ndarray


def draw(seed: int, size: int = 256) -> np.ndarray:
    """The picture of character `seed`: uint8 (size, size, 3). The same character at every size."""
    return character(seed, size).rgb


def character(seed: int, size: int = 256) -> Character:
    """Character `seed` (an integer >= 0) with line art and flat colours; a pure function of its arguments.

    Raises `ValueError` if `size` is not in 8..4096 or `seed` is negative.
    """
    if not 8 <= size <= MAX_SIZE:
        raise ValueError(f"size must be in 8..{MAX_SIZE}, not {size}")
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
