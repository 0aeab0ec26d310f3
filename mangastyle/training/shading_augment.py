"""What varies training examples of shading: other colors under the same shading, other hands that draw the same lines."""

from __future__ import annotations

import math

import cv2
import numpy as np

from mangastyle.lineart.graph import BLACK_QUANTILE, MIN_INK
from mangastyle.ops import color, pixels
from mangastyle.training.picture_parts import ShadingExample, is_shading

MOST_COLORS = 512  # of flat colors; soft edges have more
ALIKE = 9.0  # difference in Lab up to which regions are of one material
ALIKE_LIGHT = 2.2  # by which lightness counts less than chroma there
ONE_MATERIAL, OTHER_HUES, ALONE = 0.5, 0.35, 0.4  # shares of the examples; of other hues, of those that change region by region
LIGHTNESS = 6.0, 12.0  # standard deviation of the changes of lightness, all together and region by region


def repaint(example: ShadingExample, random: np.random.Generator) -> ShadingExample:
    """Change flat colors at random, and the picture with them: its shading stays.

    Regions of one material get one color, in half of the examples: parts that lie wholly in shadow are then shaded, as they are where a
    person fills all skin with one color. Other examples get other hues, whole or region by region.

    Parameters
    ----------
    example : ShadingExample
    random : numpy.random.Generator

    Returns
    -------
    ShadingExample
    """
    flat, picture, weight = example.flat, example.picture, example.weight
    colors, names = _palette(flat)
    if len(colors) > MOST_COLORS:
        return example
    if random.random() < ONE_MATERIAL:
        flat = _one_material(colors, np.bincount(names.ravel()))[names]
        weight = weight & is_shading(picture, flat)
    if random.random() < OTHER_HUES:
        colors, names = _palette(flat)
        new = _other_hues(colors, random)[names]
        flat, picture = new, transfer(picture, flat, new)
    return example._replace(flat=flat, picture=picture, weight=weight)


def transfer(picture: np.ndarray, flat: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The picture's shading over other flat colors: shadow is multiplied, light is screened.

    Parameters
    ----------
    picture, flat, new : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)

    Examples
    --------
    >>> flat, new = np.full((1, 1, 3), 200, np.uint8), np.full((1, 1, 3), 100, np.uint8)
    >>> transfer(flat // 2, flat, new).ravel().tolist(), transfer(flat, flat, new).ravel().tolist()
    ([50, 50, 50], [100, 100, 100])
    """
    before, base, after = (x.astype(np.float32) for x in (picture, flat, new))
    multiplied = after * before / np.maximum(base, 1)
    screened = 255 - (255 - after) * (255 - before) / np.maximum(255 - base, 1)
    return pixels.to_uint8(np.where(before <= base, multiplied, screened))


def mirror(example: ShadingExample) -> ShadingExample:
    """The example seen in a mirror.

    Parameters
    ----------
    example : ShadingExample

    Returns
    -------
    ShadingExample
    """
    *layers, light = example
    return ShadingExample._make([*(np.ascontiguousarray(layer[:, ::-1]) for layer in layers), light * np.array([-1, 1], np.float32)])


def redraw(line: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Line art as other hands and scanners have it: thinner, thicker, softer, with gaps, after JPEG.

    How dark lines are does not count: they are made as dark as `lineart.graph.downsample_lines` makes them for the network.

    Parameters
    ----------
    line : ndarray of uint8, shape (h, w)
    random : numpy.random.Generator

    Returns
    -------
    ndarray of uint8, shape (h, w)
    """
    kind = random.random()
    if kind < 0.25:  # thinner: lighter where a line is one or two pixels wide
        line = cv2.addWeighted(line, 0.5, cv2.dilate(line, np.ones((2, 2), np.uint8)), 0.5, 0)
    elif kind < 0.4:
        line = cv2.erode(line, np.ones((2, 2), np.uint8))
    elif kind < 0.6:
        line = cv2.GaussianBlur(line, (0, 0), random.uniform(0.4, 0.9))
    if random.random() < 0.3:
        line = line.copy()
        for _ in range(random.integers(1, 12)):
            y, x = random.integers(0, line.shape[0]), random.integers(0, line.shape[1])
            cv2.circle(line, (int(x), int(y)), int(random.integers(2, 7)), 255, -1)
    if random.random() < 0.15:
        encoded = cv2.imencode(".jpg", line, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(40, 90))])[1]
        line = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
    ink = 255.0 - line
    inked = ink[ink > 255 * MIN_INK]
    return pixels.to_uint8(255 - ink * (255 / np.quantile(inked, BLACK_QUANTILE))) if inked.size else line


def _palette(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The colors of uint8 (h, w, 3), uint8 (n, 3), and the number of each pixel's, int (h, w)."""
    codes, names = np.unique(flat @ np.array([65536, 256, 1]), return_inverse=True)
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], 1).astype(np.uint8), names.reshape(flat.shape[:2])


def _one_material(colors: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Colors uint8 (n, 3), each replaced by the most frequent one of its material."""
    lab = color.rgb_to_lab(colors[None])[0] / (ALIKE_LIGHT, 1, 1)  # (n, 3)
    near = np.linalg.norm(lab[:, None] - lab, axis=-1) < ALIKE  # (n, n)
    return colors[np.where(near, areas, -1).argmax(1)]


def _other_hues(colors: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Colors uint8 (n, 3) with their hues rotated in CIE Lab, by one angle or each by its own, and other lightness."""
    alone = random.random() < ALONE
    angle = random.uniform(-math.pi, math.pi, len(colors) if alone else 1)
    light, a, b = np.moveaxis(color.rgb_to_lab(colors[None])[0], -1, 0)
    light = np.clip(light + (random.normal(0, LIGHTNESS[alone], len(colors) if alone else 1)), 8, 98)
    turned = np.stack([light, a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], -1)
    return color.lab_to_rgb(turned[None].astype(np.float32))[0]
