"""Similarity of two pictures: every metric of the paper (section 4.2.3) in its established form.

A metric takes a generated picture and its original, uint8 RGB (h, w, 3) of one size, and returns a float, or NaN where it is not
defined. All metrics are symmetric. The paper's own numbers rest on other formulas, which are in `mangastyle.paper.metrics`.

Examples
--------
>>> import numpy as np
>>> from mangastyle import metrics
>>> black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
>>> {name: metric.function(black, white) for name, metric in metrics.METRICS.items() if name in ("pixel_similarity", "emd")}
{'pixel_similarity': 0.0, 'emd': 1.0}
"""

from __future__ import annotations

import math
from typing import Any, Callable, NamedTuple, Protocol, Sequence, cast

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from mangastyle.errors import MangastyleError
from mangastyle.io.images import check_picture
from mangastyle.ops.color import rgb_to_gray
from mangastyle.startup import import_silently

LOWE_RATIO = 0.75  # a match counts if the second nearest descriptor is this much farther (Lowe 2004)
SIGNATURE_BINS = 4  # of each channel, in the signature of colors
SSIM_WINDOW = 7  # pixels


def pixel_similarity(generated: np.ndarray, original: np.ndarray) -> float:
    """Similarity of pixels, 1 - mean |a - b| / 255.

    Parameters
    ----------
    generated, original : ndarray
        uint8 (h, w, 3), two pictures of one size.

    Returns
    -------
    float
        0..1, higher is better, 1 for equal pictures.

    Raises
    ------
    MangastyleError
        If an array is not a picture, or the two differ in size.

    Examples
    --------
    >>> gray, lighter = np.full((4, 4, 3), 100, np.uint8), np.full((4, 4, 3), 151, np.uint8)
    >>> round(pixel_similarity(gray, lighter), 3)
    0.8
    """
    return 1.0 - mean_absolute_difference(generated, original)


def mean_absolute_difference(generated: np.ndarray, original: np.ndarray) -> float:
    """Mean absolute difference, mean |a - b| / 255.

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
    >>> black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    >>> mean_absolute_difference(black, white)
    1.0
    """
    a, b = check_pair(generated, original)
    return float(np.mean(np.abs(a.astype(np.float32) - b))) / 255


def euclidean_difference(generated: np.ndarray, original: np.ndarray) -> float:
    """Euclidean distance over the largest possible one, 255 sqrt(3 h w), in percent.

    Parameters
    ----------
    generated, original : ndarray
        uint8 (h, w, 3), two pictures of one size.

    Returns
    -------
    float
        0..100, lower is better, 0 for equal pictures.

    Raises
    ------
    MangastyleError
        If an array is not a picture, or the two differ in size.

    Examples
    --------
    >>> black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    >>> euclidean_difference(black, white)
    100.0
    """
    a, b = check_pair(generated, original)
    return 100 * math.sqrt(float(np.mean(np.square(a.astype(np.float64) - b)))) / 255


def psnr(generated: np.ndarray, original: np.ndarray) -> float:
    """Peak signal-to-noise ratio, 20 log10(255 / RMS of a - b).

    Parameters
    ----------
    generated, original : ndarray
        uint8 (h, w, 3), two pictures of one size.

    Returns
    -------
    float
        In dB, at least 0, higher is better, infinite for equal pictures.

    Raises
    ------
    MangastyleError
        If an array is not a picture, or the two differ in size.

    Examples
    --------
    >>> gray, lighter = np.full((4, 4, 3), 100, np.uint8), np.full((4, 4, 3), 151, np.uint8)
    >>> round(psnr(gray, lighter), 2)
    13.98
    """
    if np.array_equal(*check_pair(generated, original)):
        return math.inf
    return -20 * math.log10(euclidean_difference(generated, original) / 100)


def ssim(generated: np.ndarray, original: np.ndarray) -> float:
    """Structural similarity, the mean over the three channels.

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

    References
    ----------
    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from error visibility to structural similarity",
    IEEE Transactions on Image Processing, 2004.

    Examples
    --------
    >>> picture = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    >>> ssim(picture, picture)
    1.0
    """
    a, b = check_pair(generated, original)
    if min(a.shape[:2]) < SSIM_WINDOW:
        return math.nan
    return float(cast(float, structural_similarity(a, b, channel_axis=-1, data_range=255)))


def emd(generated: np.ndarray, original: np.ndarray) -> float:
    """Earth mover's distance between the histograms of each channel, the mean over the three channels.

    Histograms have 256 bins, and the ground distance is that of the gray levels in units of the whole range, so that shifting a
    picture by k levels costs k / 255. In one dimension the exact solution is the distance of the cumulative histograms.

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
    >>> gray, lighter = np.full((4, 4, 3), 100, np.uint8), np.full((4, 4, 3), 151, np.uint8)
    >>> round(emd(gray, lighter), 3)
    0.2
    """
    pair = check_pair(generated, original)
    heights = [np.stack([np.bincount(x[..., c].ravel(), minlength=256) for c in range(3)], 1) / x[..., 0].size for x in pair]  # (256, 3)
    excess = np.cumsum(heights[0] - heights[1], 0)  # what has to be moved past each level, (256, 3)
    return float(np.mean(np.abs(excess).sum(0))) / 255


def emd_colors(generated: np.ndarray, original: np.ndarray) -> float:
    """Earth mover's distance between color signatures.

    A signature is the mean colors of the 4x4x4 cells of the RGB cube and their shares of the picture; the ground distance is the
    distance in the cube, in units of its diagonal. Solved exactly, by POT. Unlike `emd` it depends on which red goes with which
    green and blue.

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

    References
    ----------
    Y. Rubner, C. Tomasi, L. J. Guibas, "The earth mover's distance as a metric for image retrieval", IJCV, 2000.

    Examples
    --------
    >>> black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    >>> round(emd_colors(black, white), 6)
    1.0
    """
    ot = import_silently("ot")  # slow: with POT come all frameworks that it works with, TensorFlow among them
    (colors_a, shares_a), (colors_b, shares_b) = (_color_signature(x) for x in check_pair(generated, original))
    distances = np.linalg.norm(colors_a[:, None] - colors_b, axis=-1)  # (n, m)
    return float(ot.emd2(shares_a, shares_b, distances)) / math.sqrt(3)


def sift_similarity(generated: np.ndarray, original: np.ndarray) -> float:
    """Share of SIFT keypoints that are matched.

    Two keypoints match if each is the other's nearest neighbor, and nearer than 0.75 of the second nearest (Lowe's ratio test).
    The number of matches is divided by the mean number of keypoints.

    Parameters
    ----------
    generated, original : ndarray
        uint8 (h, w, 3), two pictures of one size.

    Returns
    -------
    float
        0..1, higher is better, 1 for equal pictures; 0 if only one of them has keypoints, NaN if none has.

    Raises
    ------
    MangastyleError
        If an array is not a picture, or the two differ in size.

    References
    ----------
    D. G. Lowe, "Distinctive image features from scale-invariant keypoints", IJCV, 2004.

    Examples
    --------
    >>> from mangastyle import draw
    >>> sift_similarity(draw(7, size=64), draw(7, size=64))
    1.0
    >>> flat = np.zeros((64, 64, 3), np.uint8)
    >>> sift_similarity(flat, flat)
    nan
    """
    descriptors = [cv2.SIFT.create().detectAndCompute(rgb_to_gray(x), None)[1] for x in check_pair(generated, original)]
    numbers = [0 if d is None else len(d) for d in descriptors]
    if not max(numbers):
        return math.nan
    if not min(numbers):
        return 0.0
    forward, backward = (_ratio_test(*pair) for pair in (descriptors, descriptors[::-1]))
    return 2 * sum(backward.get(j) == i for i, j in forward.items()) / sum(numbers)


# Tables

BatchFunction = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], Sequence[float]]


class BatchMetric(Protocol):
    """A row of a table of metrics: `Metric`, or `network_metrics.NetworkMetric`.

    name : in tables and on axes. higher : whether a higher value is better. equal : the value for equal pictures.
    """

    @property
    def name(self) -> str: ...

    @property
    def higher(self) -> bool: ...

    @property
    def equal(self) -> float: ...

    def load(self, backbone: Any, /) -> BatchFunction:
        """A function of n generated pictures and their originals to n values; `backbone` is a VGG-19, or None if none is needed."""
        ...


class Metric(NamedTuple):
    """A metric of two pictures: its function, its name in tables, whether higher is better, and its value for equal pictures."""

    function: Callable[[np.ndarray, np.ndarray], float]
    name: str
    higher: bool
    equal: float

    def load(self, backbone: Any = None) -> BatchFunction:
        """The function for many pictures; it needs no network."""
        return lambda generated, originals: [self.function(a, b) for a, b in zip(generated, originals, strict=True)]


def table(*metrics: Metric) -> dict[str, Metric]:
    """Metrics by the names of their functions."""
    return {metric.function.__name__: metric for metric in metrics}


METRICS = table(
    Metric(pixel_similarity, "pixel similarity", True, 1.0),
    Metric(ssim, "SSIM", True, 1.0),
    Metric(psnr, "PSNR (dB)", True, math.inf),
    Metric(euclidean_difference, "Euclidean difference (%)", False, 0.0),
    Metric(emd, "EMD of channels", False, 0.0),
    Metric(emd_colors, "EMD of colors", False, 0.0),
    Metric(sift_similarity, "SIFT similarity", True, 1.0),
)


# Parts that metrics share


def check_pair(generated: np.ndarray, original: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both pictures, if they are uint8 (h, w, 3) and of one size; else `MangastyleError`."""
    generated, original = check_picture(generated, "generated"), check_picture(original, "original")
    if generated.shape != original.shape:
        (h, w, _), (other_h, other_w, _) = generated.shape, original.shape
        raise MangastyleError(f"the pictures are {w}x{h} and {other_w}x{other_h} pixels; only pictures of one size compare")
    return generated, original


def _color_signature(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colors (n, 3) in 0..1 and shares (n,) of the cells of the RGB cube that are not empty, n <= 64."""
    colors = picture.reshape(-1, 3)
    cells = (colors // (256 // SIGNATURE_BINS)).astype(int) @ (SIGNATURE_BINS**2, SIGNATURE_BINS, 1)
    counts = np.bincount(cells, minlength=SIGNATURE_BINS**3)
    sums = np.stack([np.bincount(cells, weights=colors[:, c], minlength=SIGNATURE_BINS**3) for c in range(3)], 1)
    used = counts > 0
    return sums[used] / counts[used, None] / 255, counts[used] / len(colors)


def _ratio_test(descriptors: np.ndarray, others: np.ndarray) -> dict[int, int]:
    """For each descriptor that passes Lowe's ratio test, the index of its nearest among the others."""
    found = cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors, others, k=2)
    return {best[0].queryIdx: best[0].trainIdx for best in found if len(best) == 1 or best[0].distance < LOWE_RATIO * best[1].distance}
