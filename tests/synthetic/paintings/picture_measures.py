"""Measures that tell one painter's hand from another's, and each painter's default painting, painted once."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from mangastyle.synthetic.paintings import paint

painting = functools.cache(paint)


def colorfulness(picture: np.ndarray) -> float:
    """Hasler and Süsstrunk (2003); their scale: 59 is "quite", 82 "highly", 109 "extremely" colorful."""
    r, g, b = picture.astype(np.float64).transpose(2, 0, 1)
    rg, yb = r - g, (r + g) / 2 - b
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())


def structure(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coherence in 0..1 and orientation in radians of the structure tensor over about 8 pixels, each (h, w)."""
    gray = picture.astype(np.float64).mean(2)
    dy, dx = np.gradient(gray)
    xx, xy, yy = (cv2.GaussianBlur(v, (0, 0), 4) for v in (dx * dx, dx * dy, dy * dy))
    return np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-9), 0.5 * np.arctan2(2 * xy, xx - yy)


def two_tone(picture: np.ndarray) -> float:
    """Otsu's separability in 0..1: the share of the variance of gray between its dark and its light class."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)
    light = gray > threshold
    return light.mean() * (1 - light.mean()) * (gray[light].mean() - gray[~light].mean()) ** 2 / gray.var()


def slopes(picture: np.ndarray) -> np.ndarray:
    """How steep gray is where blurred over 1.5 pixels: (h, w), gray levels a pixel."""
    gray = cv2.GaussianBlur(picture.astype(np.float32).mean(2), (0, 0), 1.5)
    return np.hypot(*np.gradient(gray))


def blurred(picture: np.ndarray) -> np.ndarray:
    """What stays when the strokes are blurred away: (h * w * 3,)."""
    return cv2.GaussianBlur(picture, (0, 0), picture.shape[0] / 100).ravel()
