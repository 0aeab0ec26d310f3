"""Samples for the training of the network that colors regions: line art with its regions, and the color that each has in the picture.

A sample is one record of fixed size, as the network sees it: the picture in the corner of a square, its regions by falling area.
Region 0 stands for none: what pads the square, and regions that are too many. No TensorFlow.
"""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.lineart.regions import find_regions
from mangastyle.ops import color, pixels
from mangastyle.training.picture_parts import region_medians

MOST = 255  # regions of a sample, the largest; with none, labels fit a byte
FEWEST = 4  # of a picture that there is something to learn from
FREE = 200  # level of line art from which a pixel is free of ink
NEUTRAL = 8.0  # chroma in CIE Lab up to which a color is a gray
COLORFUL = 0.01  # share of the picture that must have more


def record_type(size: int) -> np.dtype:
    """The type of a sample.

    Parameters
    ----------
    size : int
        Side of the square, in pixels.

    Returns
    -------
    dtype
        With the fields line uint8 (size, size), ink 0 on paper 255; labels uint8 (size, size); shape (2,), height and width of the picture
        in the square; count, of regions; and for each region 0 to 255: areas, shares of the picture; centers (2,), mean y and x, shares
        of the picture's longer side; colors (3,), CIE Lab; spreads, mean distance of its pixels from its color in each channel.

    Examples
    --------
    >>> record_type(32).names
    ('line', 'labels', 'shape', 'count', 'areas', 'centers', 'colors', 'spreads')
    """
    of_regions = [
        ("areas", "<f4", MOST + 1),
        ("centers", "<f4", (MOST + 1, 2)),
        ("colors", "<f4", (MOST + 1, 3)),
        ("spreads", "<f4", MOST + 1),
    ]
    return np.dtype([("line", "u1", (size, size)), ("labels", "u1", (size, size)), ("shape", "<i4", 2), ("count", "<i4"), *of_regions])


def make_sample(picture: np.ndarray, line: np.ndarray, size: int) -> np.ndarray | None:
    """The sample of a picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
    line : ndarray of uint8, shape (h, w) or (h, w, 3)
        Its line art.
    size : int
        Longer side of the picture in the sample, in pixels.

    Returns
    -------
    ndarray of `record_type`, shape (), or None
        None if there is nothing to learn: too few regions, or none in color.

    Examples
    --------
    >>> picture = np.full((64, 48, 3), (255, 0, 0), np.uint8)
    >>> line = np.full((64, 48), 255, np.uint8)
    >>> line[::16] = 0
    >>> sample = make_sample(picture, line, 32)
    >>> sample["shape"].tolist(), int(sample["count"]), sample["colors"][1].round().tolist()
    ([32, 24], 4, [53.0, 80.0, 67.0])
    """
    gray = color.rgb_to_gray(line) if line.ndim == 3 else line
    regions = find_regions(gray)
    height, width = gray.shape
    longer, labels = max(height, width), regions.labels
    free = cv2.erode(gray, np.ones((3, 3), np.uint8)) > FREE
    lab = color.rgb_to_lab(region_medians(picture, labels, free)[None])[0]  # (n, 3)
    shares = regions.areas / gray.size  # (n,)
    if len(shares) < FEWEST or shares[np.hypot(lab[:, 1], lab[:, 2]) > NEUTRAL].sum() < COLORFUL:
        return None
    largest = np.argsort(-regions.areas, kind="stable")[:MOST]
    count = len(largest)
    number = np.zeros(len(shares), np.uint8)
    number[largest] = np.arange(1, count + 1)
    small = [max(1, round(size * side / longer)) for side in (height, width)]
    rows, columns = (np.arange(n) * side // n for n, side in zip(small, (height, width)))
    sample = np.zeros((), record_type(size))
    sample["line"] = 255
    sample["line"][: small[0], : small[1]] = pixels.resize(gray, *small)
    sample["labels"][: small[0], : small[1]] = number[labels[np.ix_(rows, columns)]]
    sample["shape"], sample["count"] = small, count
    sample["areas"][1 : count + 1] = shares[largest]
    sample["centers"][1 : count + 1] = regions.centers[largest] / longer
    sample["colors"][1 : count + 1] = lab[largest]
    sample["spreads"][1 : count + 1] = _spreads(picture, labels, free, lab)[largest]
    return sample


def _spreads(picture: np.ndarray, labels: np.ndarray, free: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """Mean distances of the free pixels from their region's color, in a channel of CIE Lab: (n,), 0 where none is free."""
    apart = np.abs(color.rgb_to_lab(picture)[free] - lab[labels[free]]).mean(-1)
    counts = np.bincount(labels[free], minlength=len(lab))
    return np.bincount(labels[free], apart, minlength=len(lab)) / np.maximum(counts, 1)
