"""From the sheet to layers at the picture's size, as `mangastyle.ops.layers` has them."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from mangastyle.ops.layers import Layers
from mangastyle.synthetic.characters.colors import WHITE, Color, mix
from mangastyle.synthetic.figures.sheet import OVERSAMPLING, Sheet

SOFT = 0.016  # width of soft shadow edges, as a share of the long side
LEAST = 2e-4  # smaller things keep hard edges, as a share of the picture


def separate(sheet: Sheet, soft: bool, grain: np.random.Generator) -> tuple[np.ndarray, Layers]:
    """The labels int32 (h, w) and the layers of what is painted on a sheet; the lines have equal channels unless they are colored."""
    colors = np.array([thing.tones.base for thing in sheet.things], np.uint8)
    large, painted = colors[sheet.labels], sheet.picture
    shading = np.where(large > 0, cv2.divide(painted, large, scale=255), 255).astype(np.uint8)
    highlights = np.where(painted > large, 255 - cv2.divide(255 - painted, 255 - large, scale=255), 0).astype(np.uint8)
    labels = np.ascontiguousarray(sheet.labels[::OVERSAMPLING, ::OVERSAMPLING])
    shading, highlights = _reduced(shading), _reduced(highlights)
    if soft:
        bodies = np.arange(len(sheet.things), dtype=np.int32)
        bodies[list(sheet.bodies)] = list(sheet.bodies.values())
        shading = _softened(shading, bodies[labels])
    return labels, Layers(colors[labels], shading, highlights, _lines(sheet, labels, grain))


def _reduced(layer: np.ndarray) -> np.ndarray:
    size = layer.shape[1] // OVERSAMPLING, layer.shape[0] // OVERSAMPLING
    return cv2.resize(layer, size, interpolation=cv2.INTER_AREA)


def _softened(shading: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Blur the shading inside each thing, so that no thing shades another."""
    sigma = SOFT * max(labels.shape)
    soft, room = shading.copy(), int(3 * sigma)
    for index, box in enumerate(ndimage.find_objects(labels + 1)):
        if box is None:
            continue
        rows, columns = (slice(max(0, part.start - room), part.stop + room) for part in box)
        mask = (labels[rows, columns] == index).astype(np.float32)
        if mask.sum() < LEAST * labels.size or shading[box].min() == 255:
            continue
        weight = cv2.GaussianBlur(mask, (0, 0), sigma)
        blurred = cv2.GaussianBlur(shading[rows, columns] * mask[..., None], (0, 0), sigma)
        inside = mask > 0
        soft[rows, columns][inside] = np.rint(blurred[inside] / weight[inside][:, None]).clip(0, 255).astype(np.uint8)
    return soft


def _lines(sheet: Sheet, labels: np.ndarray, grain: np.random.Generator) -> np.ndarray:
    """The lines at the picture's size, with the grain or the colors of the hand."""
    line, hand = _reduced(sheet.line), sheet.hand.hand
    if hand.grain:
        coarse = cv2.GaussianBlur(grain.random(line.shape, np.float32), (0, 0), 0.8)
        paper = np.clip(0.5 + 2.2 * (coarse - 0.5), 0, 1)
        line = np.rint(255 - (255 - line) * (1 - hand.grain * paper)).astype(np.uint8)
    if not hand.colored:
        return np.repeat(line[..., None], 3, 2)
    table = np.array([_ink(thing.tones.base, thing.tones.line) for thing in sheet.things], np.float32)
    ink = cv2.blur(table[labels], (5, 5))
    return np.rint(255 - (255 - line[..., None]) / 255 * (255 - ink)).astype(np.uint8)


def _ink(base: Color, line: Color) -> Color:
    """The color of lines on a thing."""
    return mix((120, 84, 78), line, 0.4) if min(base) > 225 else mix(line, base, 0.3) if base != WHITE else (90, 70, 70)
