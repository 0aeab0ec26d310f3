"""Colored pictures taken apart: their line art and flat colors, as a person would have drawn and filled them.

Lines are what is darker than both sides within the width of a pen, and where one material ends and another begins; the edges of shadows
are no lines. Regions of these lines get the median of their colors; what the picture has beyond that is its shading, where it can be
shading at all.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from mangastyle.lineart.regions import find_regions
from mangastyle.ops import color, pixels

FREE = 200  # level of line art from which a pixel is free of ink
DRAWN = 13  # least contrast in gray levels of what decides how dark lines usually are
FAINT, FIRM = 10.0, 1.6  # contrast in gray levels from which a dark pixel is ink, and the strength of ink of the usual contrast
MATERIAL = 11.0, 19.0  # difference of neighbors in CIE Lab, lightness halved, from which an edge is drawn, and drawn fully
CHROMA, CHROMA_BY_LIGHT = 18.0, 0.35  # largest change of chroma that is shading, in Lab, and its growth with that of lightness
DARKER, LIGHTER = 45.0, 40.0  # largest changes of lightness that are shading
CLEARLY = 10.0  # change of lightness from which a part of a region is lighter than its flat color
WRONG = 0.3  # share of a region that is lighter than its flat color, or cannot be shading, from which none of it counts


class ShadingExample(NamedTuple):
    """An example.

    line : uint8 (h, w), ink 0. flat, picture : uint8 (h, w, 3). weight : uint8 (h, w), 1 where the picture is its flat color with shading,
    else 0. light : float32 (2,): -1 if it comes from the left, 1 if from the right; 1 for soft shading, -1 for shading with crisp edges; 0
    is what is not known.
    """

    line: np.ndarray
    flat: np.ndarray
    picture: np.ndarray
    weight: np.ndarray
    light: np.ndarray


def take_apart(picture: np.ndarray, pen: int = 7, gap: float = 0.015) -> ShadingExample:
    """The line art and flat colors of a colored picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
    pen : int
        Width of the widest lines, in pixels, odd.
    gap : float
        As for `lineart.regions.find_regions`.

    Returns
    -------
    ShadingExample

    Examples
    --------
    >>> picture = np.full((32, 32, 3), (250, 200, 180), np.uint8)
    >>> picture[:, 15:17] = 20  # a line
    >>> picture[20:, :15] = (225, 170, 150)  # shadow on a part of one side
    >>> found = take_apart(picture)
    >>> found.line[16].min().item(), found.flat[25, 5].tolist(), found.picture[25, 5].tolist()
    (0, [250, 200, 180], [225, 170, 150])
    """
    line = structure_lines(picture, pen)
    labels, free = find_regions(line, gap).labels, free_of_ink(line)
    flat = region_medians(picture, labels, free)[labels]
    shading = is_shading(picture, flat)
    areas = np.bincount(labels.ravel())
    # Where most is in shadow, the flat color is that of the shadow, which nobody would fill a region with.
    lighter = color.rgb_to_lab(picture)[..., 0] > color.rgb_to_lab(flat)[..., 0] + CLEARLY
    wrong = np.bincount(labels.ravel(), (free & (lighter | ~shading)).ravel()) / areas
    weight = (free & shading & (wrong < WRONG)[labels]).astype(np.uint8)
    return ShadingExample(line, flat, picture, weight, np.array([light_side(picture, flat, labels, weight), 0], np.float32))


def light_side(picture: np.ndarray, flat: np.ndarray, labels: np.ndarray, weight: np.ndarray) -> int:
    """The side that the light of a picture comes from: regions are darker on their other side.

    Parameters
    ----------
    picture, flat : ndarray of uint8, shape (h, w, 3)
    labels : ndarray of int, shape (h, w)
        Regions, 0 to n - 1.
    weight : ndarray of uint8, shape (h, w)
        1 where the picture is its flat color with shading, else 0.

    Returns
    -------
    int
        -1 for left, 1 for right, 0 without shading.

    Examples
    --------
    >>> flat = np.full((2, 4, 3), 200, np.uint8)
    >>> picture = flat - 60 * np.array([0, 0, 0, 1], np.uint8)[:, None]
    >>> light_side(picture, flat, np.zeros((2, 4), int), np.ones((2, 4), np.uint8))
    -1
    """
    used = weight > 0
    names, places = labels[used], np.nonzero(used)[1]
    darker = color.rgb_to_gray(flat)[used].astype(float) - color.rgb_to_gray(picture)[used]
    areas = np.maximum(np.bincount(names, minlength=labels.max() + 1), 1)
    centered = places - (np.bincount(names, places, len(areas)) / areas)[names]
    return -int(np.sign(np.sum(darker * centered)))


def structure_lines(picture: np.ndarray, pen: int = 7) -> np.ndarray:
    """The lines of a colored picture and the borders between its materials, but no edges of shadows.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
    pen : int
        Width of the widest lines, in pixels, odd.

    Returns
    -------
    ndarray of uint8, shape (h, w)
        Ink 0 on paper 255.

    Examples
    --------
    >>> picture = np.full((32, 32, 3), (250, 200, 180), np.uint8)
    >>> picture[:, 16:] = (225, 175, 155)  # a shadow
    >>> int(structure_lines(picture).min())
    255
    >>> picture[:, 16:] = (60, 70, 160)  # another material
    >>> int(structure_lines(picture)[:, 14:18].min())
    0
    """
    gray = color.rgb_to_gray(picture)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen, pen))
    dark = cv2.subtract(cv2.morphologyEx(gray, cv2.MORPH_CLOSE, disc), gray)
    counts = np.bincount(dark.ravel(), minlength=256)[DRAWN:]
    usual = DRAWN + int(np.searchsorted(np.cumsum(counts), 0.8 * counts.sum())) if counts.any() else 255
    ink = (dark.astype(np.float32) - FAINT) * (FIRM / usual)
    lab, square = color.rgb_to_lab(cv2.medianBlur(picture, 3)), np.ones((3, 3), np.uint8)
    change = cv2.dilate(lab, square) - cv2.erode(lab, square)  # (h, w, 3)
    change[..., 0] /= 2
    border = (np.sqrt(np.square(change).sum(-1)) - MATERIAL[0]) / (MATERIAL[1] - MATERIAL[0])
    return pixels.to_uint8(255 * (1 - np.clip(np.maximum(ink, border), 0, 1)))


def region_medians(picture: np.ndarray, labels: np.ndarray, free: np.ndarray, fewest: int = 8) -> np.ndarray:
    """The median color of each region.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
    labels : ndarray of int, shape (h, w)
        Regions, 0 to n - 1.
    free : ndarray of bool, shape (h, w)
        The pixels that count: those beside lines do not.
    fewest : int
        In regions with fewer of them, all pixels count.

    Returns
    -------
    ndarray of uint8, shape (n, 3)
        The upper median of each channel.

    Examples
    --------
    >>> picture = np.array([[[1, 2, 3], [5, 6, 7], [5, 9, 0], [90, 91, 92]]], np.uint8)
    >>> region_medians(picture, np.array([[0, 0, 0, 1]]), np.ones((1, 4), bool)).tolist()
    [[5, 6, 3], [90, 91, 92]]
    """
    count = int(labels.max()) + 1
    used = free | (np.bincount(labels[free], minlength=count) < fewest)[labels]
    names, colors = labels[used].astype(np.int64), picture[used]
    areas = np.bincount(names, minlength=count)
    middle = np.cumsum(areas) - areas + areas // 2
    return np.stack([np.sort(256 * names + colors[:, c])[middle] % 256 for c in range(3)], 1).astype(np.uint8)


def free_of_ink(line: np.ndarray) -> np.ndarray:
    """Whether pixels of line art and all their neighbors are free of ink.

    Parameters
    ----------
    line : ndarray of uint8, shape (h, w)

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> line = np.full((1, 6), 255, np.uint8)
    >>> line[0, 4] = 0
    >>> free_of_ink(line).tolist()
    [[True, True, True, False, False, False]]
    """
    return cv2.erode(line, np.ones((3, 3), np.uint8)) > FREE


def is_shading(picture: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Whether a picture can be its flat colors with shading, at each pixel.

    Parameters
    ----------
    picture, flat : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    ndarray of bool, shape (h, w)

    Examples
    --------
    >>> skin = np.full((1, 1, 3), (250, 210, 190), np.uint8)
    >>> is_shading(skin - 30, skin).item(), is_shading(skin[..., ::-1], skin).item()
    (True, False)
    """
    light, *chroma = np.moveaxis(color.rgb_to_lab(picture) - color.rgb_to_lab(flat), -1, 0)
    return (np.hypot(*chroma) < CHROMA + CHROMA_BY_LIGHT * np.abs(light)) & (light > -DARKER) & (light < LIGHTER)
