"""What scanners, cameras and programs do to line art: paper color, blur, threshold, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.errors import check_integer
from mangastyle.io.images import check_picture
from mangastyle.synthetic.characters import MAX_SEED
from mangastyle.synthetic.figures.design import generator

LIGHTEST = 230  # level from which a pixel is paper


def wear(line: np.ndarray, seed: int) -> np.ndarray:
    """Line art as it comes from paper or from the web; a pure function of its arguments.

    Parameters
    ----------
    line : ndarray of uint8, shape (h, w) or (h, w, 3)
        Clean line art, dark on white.
    seed : int
        How it is worn, 0 to 2**128 - 1: one or several of blur, a threshold, noise, tinted or unevenly lit paper, JPEG.

    Returns
    -------
    ndarray of uint8, shape of `line`, or (h, w, 3) where the paper has a tint
        Worn line art.

    Raises
    ------
    MangastyleError
        If `line` is no picture or `seed` no whole number in its range.

    Examples
    --------
    >>> paper = np.full((32, 32), 255, np.uint8)
    >>> wear(paper, 3).dtype
    dtype('uint8')
    """
    check_picture(line, "line", gray=True)
    rng = generator(check_integer("seed", seed, 0, MAX_SEED), "wear")
    worn, chances = line.astype(np.float32), rng.random(6)
    if chances[0] < 0.5:
        worn = cv2.GaussianBlur(worn, (0, 0), rng.uniform(0.4, 1.1))
    inked = worn[worn < LIGHTEST]
    if chances[1] < 0.2 and len(inked):
        ink = np.quantile(inked, 0.3)
        worn = np.where(worn > ink + rng.uniform(0.45, 0.8) * (255 - ink), 255.0, 0.0)
    if chances[2] < 0.35:
        lowest = rng.uniform(20, 110)  # faded ink
        worn = lowest + worn * (255 - lowest) / 255
    if chances[3] < 0.4:
        worn = _paper(worn, rng)
    if chances[4] < 0.35:
        worn = worn + rng.normal(0, rng.uniform(1, 5), worn.shape)
    worn = np.rint(worn).clip(0, 255).astype(np.uint8)
    if chances[5] < 0.6:
        quality = int(rng.integers(45, 93))
        stored = cv2.imencode(".jpg", worn, (cv2.IMWRITE_JPEG_QUALITY, quality))[1]
        return np.asarray(cv2.imdecode(stored, cv2.IMREAD_UNCHANGED), np.uint8)
    return worn


def _paper(worn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tinted, unevenly lit paper under the lines."""
    height, width = worn.shape[:2]
    tint = 255 - rng.uniform(0, 1) * np.array([4, 10, 30]) - rng.uniform(0, 16)
    slope = rng.uniform(-0.06, 0.06, 2)
    light = 1 + slope[0] * np.linspace(-1, 1, height)[:, None] + slope[1] * np.linspace(-1, 1, width)
    color = worn if worn.ndim == 3 else np.repeat(worn[..., None], 3, 2)
    return color * (tint / 255) * light[..., None]
