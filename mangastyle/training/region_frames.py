"""Other frames for a picture in the corner of a square and its regions: a mirror, and parts that are turned and stretched a little."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

LEAST_SIDE = 0.55  # smallest share of the picture's height and width that a part shows
STRETCHED = 0.15  # largest logarithm by which a part's sides are stretched against each other
TURNED = math.radians(10)  # largest angle by which a part is turned


class Framed(NamedTuple):
    """A picture in the corner of a square of side s, with n regions of which the first stands for none.

    ink : float32 (s, s), 0 on paper, 1 on lines. labels : uint8 (s, s), 0 outside the picture. shape : (height, width) of the picture.
    areas : float32 (n,), shares of the picture. centers : float32 (n, 2), mean y and x, shares of s.
    """

    ink: np.ndarray
    labels: np.ndarray
    shape: tuple[int, int]
    areas: np.ndarray
    centers: np.ndarray


def mirror(framed: Framed) -> Framed:
    """The picture in a mirror.

    Examples
    --------
    >>> ink, labels = np.eye(3, dtype=np.float32), np.eye(3, dtype=np.uint8)
    >>> found = mirror(Framed(ink, labels, (3, 2), np.array([0, 1 / 3]), np.array([[0.0, 0.0], [0.5, 1 / 3]])))
    >>> found.ink.tolist(), found.centers.tolist()
    ([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [[0.0, 0.6666666666666666], [0.5, 0.3333333333333333]])
    """
    ink, labels, (height, width), areas, centers = framed
    order = np.r_[np.arange(width)[::-1], width : ink.shape[1]]
    centers = np.stack([centers[:, 0], width / ink.shape[1] - centers[:, 1]], 1)
    return Framed(ink[:, order], labels[:, order], (height, width), areas, centers)


def part(framed: Framed, random: np.random.Generator) -> Framed:
    """A part of the picture, turned and stretched a little, its longer side s.

    What a turned part shows of the outside is the picture's reflection. Regions outside the part have area 0.

    Parameters
    ----------
    framed : Framed
    random : numpy.random.Generator

    Returns
    -------
    Framed
    """
    size, sides = len(framed.ink), np.array(framed.shape, np.float64)
    stretch = random.uniform(-STRETCHED, STRETCHED) / 2 * np.array([1, -1])
    shown = sides * np.exp(random.uniform(math.log(LEAST_SIDE), 0) + stretch).clip(None, 1)  # height and width of the part in the picture
    middle = shown / 2 + random.random(2) * (sides - shown)  # y, x
    factor = np.exp(stretch)
    factor *= size / (shown * factor).max()
    height, width = np.maximum(1, np.round(shown * factor)).astype(int)
    angle = random.uniform(-TURNED, TURNED)
    c, s = math.cos(angle), math.sin(angle)
    turn = factor[::-1, None] * np.array([[c, -s], [s, c]])  # (x, y) in the picture to (x, y) in the part
    shift = np.array([width, height]) / 2 - turn @ middle[::-1]
    return _recounted(*_warp(framed, np.c_[turn, shift], (height, width)), (height, width), len(framed.areas))


def _warp(framed: Framed, matrix: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Ink and labels (s, s) with the picture, warped by a matrix (2, 3) of (x, y), in the corner."""
    size, (height, width), (tall, wide) = len(framed.ink), framed.shape, shape
    ink, labels = np.zeros((size, size), np.float32), np.zeros((size, size), np.uint8)
    for found, given, how in ((ink, framed.ink, cv2.INTER_LINEAR), (labels, framed.labels, cv2.INTER_NEAREST)):
        inside = np.ascontiguousarray(given[:height, :width])
        found[:tall, :wide] = cv2.warpAffine(inside, matrix, (wide, tall), flags=how, borderMode=cv2.BORDER_REFLECT_101)
    return ink, labels


def _recounted(ink: np.ndarray, labels: np.ndarray, shape: tuple[int, int], count: int) -> Framed:
    """A picture with the areas and centers of its regions as its labels have them."""
    height, width = shape
    inside = labels[:height, :width].ravel()
    pixels = np.bincount(inside, minlength=count)
    pixels[0] = 0  # stands for none
    places = (np.repeat(np.arange(height), width), np.tile(np.arange(width), height))
    sums = np.stack([np.bincount(inside, place, minlength=count) for place in places], 1)  # (n, 2)
    centers = np.where(pixels[:, None] > 0, sums / np.maximum(pixels, 1)[:, None] / len(ink), 0)
    return Framed(ink, labels, shape, (pixels / (height * width)).astype(np.float32), centers.astype(np.float32))
