"""The formulas behind the paper's numbers (section 4.2.3), to be compared with the established ones of `mangastyle.evaluate.metrics`.

Each is the formula of a much-copied snippet on which the paper's numbers rest; each docstring says where it misleads.
"""

from __future__ import annotations

import math
from typing import cast

import cv2
import numpy as np
import scipy.stats
from skimage.metrics import structural_similarity

from mangastyle.evaluate.metrics import METRICS, SSIM_WINDOW, BatchMetric, Metric, check_pair, table
from mangastyle.evaluate.network_metrics import NETWORK_METRICS
from mangastyle.ops.color import rgb_to_gray

MAX_HAMMING = 70  # of 256 bits: the snippet's limit for a match of ORB descriptors
ORB_SIDE = 256  # pixels at least, for ORB


def pixel_difference_paper(generated: np.ndarray, original: np.ndarray) -> float:
    """Mean absolute difference of the equalized gray pictures, sum |a - b| / (h w) / 255.

    The snippet calls this a similarity, but equal pictures have 0. Equalizing each picture on its own hides every difference in
    brightness and contrast, gray every difference in hue.

    Parameters
    ----------
    generated, original : ndarray
        uint8 (h, w, 3), two pictures of one size.

    Returns
    -------
    float
        0..1, lower is better, 0 for equal pictures.

    Raises
    ------
    MangastyleError
        If an array is not a picture, or the two differ in size.

    Examples
    --------
    >>> ramp = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    >>> pixel_difference_paper(ramp, ramp // 2) < 0.01  # half as bright
    True
    """
    a, b = (_equalize(rgb_to_gray(x)) for x in check_pair(generated, original))
    return float(np.mean(np.abs(a.astype(int) - b))) / 255


def ssim_paper(generated: np.ndarray, original: np.ndarray) -> float:
    """Structural similarity of the gray pictures. Colors of equal luminance are equal to it.

    Parameters
    ----------
    generated, original : ndarray
        uint8 (h, w, 3), two pictures of one size.

    Returns
    -------
    float
        -1..1, higher is better, 1 for equal pictures; NaN for pictures smaller than the window of 7x7 pixels.

    Raises
    ------
    MangastyleError
        If an array is not a picture, or the two differ in size.

    Examples
    --------
    >>> ramp = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    >>> ssim_paper(ramp, ramp)
    1.0
    """
    a, b = (rgb_to_gray(x) for x in check_pair(generated, original))
    return float(cast(float, structural_similarity(a, b, data_range=255))) if min(a.shape) >= SSIM_WINDOW else math.nan


def emd_paper(generated: np.ndarray, original: np.ndarray) -> float:
    """`scipy.stats.wasserstein_distance` of the 256 heights of two gray histograms of equalized pictures.

    It compares *how high* bins are, whatever their places: a picture and its negative have 0. Most heights are near 1/256, so that
    any two pictures are within some thousandths of each other.

    Parameters
    ----------
    generated, original : ndarray
        uint8 (h, w, 3), two pictures of one size.

    Returns
    -------
    float
        0..1, lower is better, 0 for equal pictures.

    Raises
    ------
    MangastyleError
        If an array is not a picture, or the two differ in size.

    Examples
    --------
    >>> ramp = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    >>> round(emd_paper(ramp, 255 - ramp), 3)
    0.0
    """
    a, b = (_equalize(rgb_to_gray(x)) for x in check_pair(generated, original))
    return float(scipy.stats.wasserstein_distance(*(np.bincount(x.ravel(), minlength=256) / x.size for x in (a, b))))


def sift_similarity_paper(generated: np.ndarray, original: np.ndarray) -> float:
    """Share of ORB (not SIFT) matches within 70 of 256 bits.

    Matches are mutually nearest pairs. Keypoints without a match do not count, so that one good match is 100 %. ORB ignores
    the outer 31 pixels: smaller pictures are enlarged to 256.

    Parameters
    ----------
    generated, original : ndarray
        uint8 (h, w, 3), two pictures of one size.

    Returns
    -------
    float
        0..1, higher is better, 1 for equal pictures; NaN where there is no match, for which the snippet has 0.

    Raises
    ------
    MangastyleError
        If an array is not a picture, or the two differ in size.

    Examples
    --------
    >>> from mangastyle import draw
    >>> sift_similarity_paper(draw(7, size=64), draw(7, size=64))
    1.0
    """
    orb, descriptors = cv2.ORB.create(), []
    for picture in check_pair(generated, original):
        scale = max(1.0, ORB_SIDE / min(picture.shape[:2]))
        enlarged = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        descriptors.append(orb.detectAndCompute(cv2.cvtColor(enlarged, cv2.COLOR_RGB2BGR), None)[1])
    if any(d is None for d in descriptors):
        return math.nan
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(*descriptors)
    return sum(match.distance < MAX_HAMMING for match in matches) / len(matches) if matches else math.nan


PAPER_METRICS = table(
    Metric(pixel_difference_paper, "pixel difference, paper", False, 0.0),
    Metric(ssim_paper, "SSIM, paper", True, 1.0),
    Metric(emd_paper, "EMD, paper", False, 0.0),
    Metric(sift_similarity_paper, "SIFT similarity, paper", True, 1.0),
)
# What `mangastyle evaluate` and the figures show, in the order of their tables.
ALL_METRICS: dict[str, BatchMetric] = {**NETWORK_METRICS, **METRICS, **PAPER_METRICS}


def _equalize(gray: np.ndarray) -> np.ndarray:
    """Histogram equalization: each level becomes 255 times the share of pixels that are no lighter, rounded down; uint8 (h, w)."""
    shares = np.cumsum(np.bincount(gray.ravel(), minlength=256)) / gray.size
    return (255 * shares).astype(np.uint8)[gray]
