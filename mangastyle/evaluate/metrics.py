"""How alike are two pictures? Every measure of the paper (section 4.2.3) in its right form, and in the paper's own.

A measure takes a generated picture and its original, uint8 RGB (h, w, 3) of one size, and returns a float; NaN where it
is not defined. It raises `MangastyleError` for pictures of different sizes. The functions whose names end in `_paper` are
the formulas of a much-copied snippet on which the paper's numbers rest; each says where it misleads.
"""

from __future__ import annotations

import math
from typing import Callable, NamedTuple

import cv2
import numpy as np
import ot
import scipy.stats
from skimage.metrics import structural_similarity

from mangastyle.errors import MangastyleError

RATIO = 0.75  # of Lowe 2004: a match counts if the next best is this much farther
NEAR = 70  # of 256 bits: the snippet's limit for a match of ORB descriptors
ORB_SIDE = 256  # pixels at least, for ORB
BINS = 4  # of each channel, in the signature of colours


def pixel_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """1 - mean |a - b| / 255: 0..1, higher is better, 1 for equal pictures."""
    return 1.0 - mean_absolute_difference(a, b)


def mean_absolute_difference(a: np.ndarray, b: np.ndarray) -> float:
    """mean |a - b| / 255: 0..1, lower is better."""
    a, b = _pair(a, b)
    return float(np.mean(np.abs(a.astype(np.float32) - b))) / 255


def pixel_difference_paper(a: np.ndarray, b: np.ndarray) -> float:
    """sum |a - b| / (h w) / 255 of the equalised grey pictures: 0..1, lower is better.

    The snippet calls this a similarity, but equal pictures have 0. Equalising each picture on its own hides every
    difference in brightness and contrast, grey every difference in hue.
    """
    a, b = (_equalised(_grey(x)) for x in _pair(a, b))
    return float(np.mean(np.abs(a.astype(int) - b))) / 255


def euclidean_difference(a: np.ndarray, b: np.ndarray) -> float:
    """|a - b| over the largest it could be, 255 sqrt(3 h w), in percent: 0..100, lower is better."""
    a, b = _pair(a, b)
    return 100 * math.sqrt(float(np.mean(np.square(a.astype(np.float64) - b)))) / 255


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, 20 log10 (255 / RMS of a - b): higher is better, infinite for equal pictures."""
    return math.inf if np.array_equal(*_pair(a, b)) else -20 * math.log10(euclidean_difference(a, b) / 100)


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004), the mean of the three channels': -1..1, higher is better.

    NaN for pictures smaller than its window of 7x7 pixels.
    """
    a, b = _pair(a, b)
    if min(a.shape[:2]) < 7:
        return math.nan
    return float(structural_similarity(a, b, channel_axis=-1, data_range=255))


def ssim_paper(a: np.ndarray, b: np.ndarray) -> float:
    """Structural similarity of the grey pictures: -1..1, higher is better. Colours of one lightness are one to it."""
    a, b = (_grey(x) for x in _pair(a, b))
    return float(structural_similarity(a, b, data_range=255)) if min(a.shape) >= 7 else math.nan


def emd(a: np.ndarray, b: np.ndarray) -> float:
    """Earth mover's distance between the values of each channel, mean of the three: 0..1, lower is better.

    The values themselves are moved, in units of the whole range (POT's exact solution in one dimension): shifting
    a picture by k levels costs k / 255.
    """
    a, b = _pair(a, b)
    levels = np.linspace(0, 1, 256)
    heights = [np.stack([np.bincount(x[..., c].ravel(), minlength=256) / x[..., c].size for c in range(3)], 1) for x in (a, b)]
    return float(np.mean(ot.wasserstein_1d(np.tile(levels[:, None], 3), np.tile(levels[:, None], 3), *heights)))  # (256, 3)


def emd_colors(a: np.ndarray, b: np.ndarray) -> float:
    """Earth mover's distance between signatures of colours (Rubner et al. 2000): 0..1, lower is better.

    A signature is the mean colours of the 4x4x4 cells of the RGB cube and their shares of the picture; colours are as
    far apart as they are in the cube, in units of its diagonal. Solved exactly, by POT. Unlike `emd` it sees which red
    goes with which green and blue.
    """
    (colors_a, shares_a), (colors_b, shares_b) = (_signature(x) for x in _pair(a, b))
    distances = np.linalg.norm(colors_a[:, None] - colors_b, axis=-1)  # (n, m)
    return float(ot.emd2(shares_a, shares_b, distances)) / math.sqrt(3)


def emd_paper(a: np.ndarray, b: np.ndarray) -> float:
    """`scipy.stats.wasserstein_distance` of the 256 heights of two grey histograms of equalised pictures: lower is better.

    It compares *how high* bins are, whatever their places: a picture and its negative have 0. Most heights are near
    1/256, so that any two pictures are within some thousandths of each other.
    """
    a, b = (_equalised(_grey(x)) for x in _pair(a, b))
    return float(scipy.stats.wasserstein_distance(*(np.bincount(x.ravel(), minlength=256) / x.size for x in (a, b))))


def sift_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Share of SIFT keypoints that find each other again: 0..1, higher is better; NaN if neither picture has any.

    A pair counts if each is the other's nearest, and nearer than 0.75 of the next (Lowe 2004); the share is of the
    mean number of keypoints. A picture that has none beside one that has some is 0.
    """
    descriptors = [cv2.SIFT_create().detectAndCompute(_grey(x), None)[1] for x in _pair(a, b)]
    numbers = [0 if d is None else len(d) for d in descriptors]
    if not max(numbers):
        return math.nan
    if not min(numbers):
        return 0.0
    there, back = (_lowe(*pair) for pair in (descriptors, descriptors[::-1]))
    return 2 * sum(back.get(j) == i for i, j in there.items()) / sum(numbers)


def sift_similarity_paper(a: np.ndarray, b: np.ndarray) -> float:
    """ORB, not SIFT: the share of mutually nearest pairs within 70 of 256 bits: 0..1, higher is better.

    Keypoints that found no partner do not count, so that one good match is 100 %. NaN where there is no match, for
    which the snippet has 0. ORB looks at nothing within 31 pixels of the edge: smaller pictures are enlarged to 256.
    """
    orb, descriptors = cv2.ORB_create(), []
    for picture in _pair(a, b):
        scale = max(1.0, ORB_SIDE / min(picture.shape[:2]))
        enlarged = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        descriptors.append(orb.detectAndCompute(cv2.cvtColor(enlarged, cv2.COLOR_RGB2BGR), None)[1])
    if any(d is None for d in descriptors):
        return math.nan
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(*descriptors)
    return sum(match.distance < NEAR for match in matches) / len(matches) if matches else math.nan


class Metric(NamedTuple):
    """A measure, its name in tables, which direction is better, and its value for equal pictures."""

    function: Callable[[np.ndarray, np.ndarray], float]
    name: str
    higher: bool
    equal: float


METRICS = {
    metric.function.__name__: metric
    for metric in (
        Metric(pixel_similarity, "pixel similarity", True, 1.0),
        Metric(ssim, "SSIM", True, 1.0),
        Metric(psnr, "PSNR (dB)", True, math.inf),
        Metric(euclidean_difference, "Euclidean difference (%)", False, 0.0),
        Metric(emd, "EMD of channels", False, 0.0),
        Metric(emd_colors, "EMD of colours", False, 0.0),
        Metric(sift_similarity, "SIFT similarity", True, 1.0),
        Metric(pixel_difference_paper, "pixel difference, paper", False, 0.0),
        Metric(ssim_paper, "SSIM, paper", True, 1.0),
        Metric(emd_paper, "EMD, paper", False, 0.0),
        Metric(sift_similarity_paper, "SIFT similarity, paper", True, 1.0),
    )
}


def _pair(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    for x in (a, b):
        if x.dtype != np.uint8 or x.ndim != 3 or x.shape[-1] != 3:
            raise MangastyleError(f"a picture must be uint8 (h, w, 3), not {x.dtype} {x.shape}")
    if a.shape != b.shape:
        (h, w, _), (other_h, other_w, _) = a.shape, b.shape
        raise MangastyleError(f"the pictures are {w}x{h} and {other_w}x{other_h} pixels; only pictures of one size compare")
    return a, b


def _grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)  # (h, w)


def _equalised(grey: np.ndarray) -> np.ndarray:
    """Every level becomes 255 times the share of pixels that are no lighter, cut off: uint8 (h, w)."""
    shares = np.cumsum(np.bincount(grey.ravel(), minlength=256)) / grey.size
    return (255 * shares).astype(np.uint8)[grey]


def _signature(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colours (n, 3) in 0..1 and shares (n,) of the cells of the RGB cube that have any, n <= 64."""
    colors = picture.reshape(-1, 3)
    cells = (colors // (256 // BINS)).astype(int) @ (BINS**2, BINS, 1)
    counts = np.bincount(cells, minlength=BINS**3)
    sums = np.stack([np.bincount(cells, weights=colors[:, c], minlength=BINS**3) for c in range(3)], 1)
    used = counts > 0
    return sums[used] / counts[used, None] / 255, counts[used] / len(colors)


def _lowe(descriptors: np.ndarray, others: np.ndarray) -> dict[int, int]:
    """For each descriptor that has one, its nearest of the others, by Lowe's ratio test."""
    found = cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors, others, k=2)
    return {
        best[0].queryIdx: best[0].trainIdx for best in found if len(best) == 1 or best[0].distance < RATIO * best[1].distance
    }
