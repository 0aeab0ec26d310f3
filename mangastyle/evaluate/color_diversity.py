"""Color diversity of a set of pictures: does a network use as many hues as the originals have, and is skin the color of skin?

A network that paints everything in one average color does well by most metrics of single pictures. Hues are angles in the a-b plane of
CIE Lab.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from mangastyle.evaluate.metrics import check_pair
from mangastyle.ops.color import rgb_to_lab

BINS = 36  # ten degrees each
CENTER = 1 / 3  # of the height and width: in a portrait, the middle of the face


class ColorDiversity:
    """Hues of generated pictures and of their originals, collected one pair at a time.

    Examples
    --------
    >>> red, green = (np.full((9, 9, 3), color, np.uint8) for color in ((220, 30, 30), (30, 160, 30)))
    >>> hues = ColorDiversity()
    >>> for original in (red, green):
    ...     hues.add(red, original)  # one color for everything
    >>> found = hues.summary()
    >>> found["spread"], found["spread_of_originals"] > 0.9
    (0.0, True)
    """

    TITLE: ClassVar[str] = "hues of all pictures"
    ROWS: ClassVar[dict[str, tuple[str, str]]] = {
        "spread": ("spread, in bits", ""),
        "spread_of_originals": ("of the originals", ""),
        "centers_in_range": ("centers within the originals' 5 to 95 %", ".1%"),
    }

    def __init__(self) -> None:
        self.histograms = np.zeros((2, BINS))  # of generated pictures and of originals, weighted by chroma
        self.center_hues: list[tuple[float, float]] = []  # radians

    def add(self, generated: np.ndarray, original: np.ndarray) -> None:
        """Add a pair of pictures, uint8 (h, w, 3) of one size."""
        planes = [_to_ab(picture) for picture in check_pair(generated, original)]  # (h, w, 2)
        for histogram, plane in zip(self.histograms, planes):
            chroma = np.hypot(*plane.reshape(-1, 2).T)  # gray has no hue
            histogram += np.histogram(_hue(plane.reshape(-1, 2)), BINS, (-np.pi, np.pi), weights=chroma)[0]
        hue, original_hue = (float(_hue(_crop_center(plane).mean((0, 1)))) for plane in planes)
        self.center_hues.append((hue, original_hue))

    def summary(self) -> dict[str, Any]:
        """Statistics of all pictures added.

        Returns
        -------
        dict
            spread, spread_of_originals : entropy of the hues, in bits; spread_share : their quotient, or None if that of the
            originals is 0; centers_in_range : share of the generated pictures whose center's mean hue lies in the 5 to 95 % range
            of the originals'; range_degrees : that range.
        """
        generated, original = (entropy(histogram) for histogram in self.histograms)
        angles = np.array(self.center_hues)  # (n, 2)
        mean = np.angle(np.exp(1j * angles[:, 1]).mean())
        rotated = np.angle(np.exp(1j * (angles - mean)))  # -pi..pi, about the originals' mean
        low, high = np.percentile(rotated[:, 1], (5, 95))
        inside = (rotated[:, 0] >= low) & (rotated[:, 0] <= high)
        return {
            "spread": generated,
            "spread_of_originals": original,
            "spread_share": generated / original if original else None,
            "centers_in_range": float(inside.mean()),
            "range_degrees": np.degrees([low + mean, high + mean]).tolist(),
        }


def entropy(histogram: np.ndarray) -> float:
    """Entropy of a histogram (n,) of counts or weights, in bits; 0 for a single bin and for an empty histogram.

    Examples
    --------
    >>> entropy(np.array([1, 1, 2]))
    1.5
    """
    share = histogram[histogram > 0] / max(histogram.sum(), 1e-12)
    return float(-(share * np.log2(share)).sum()) + 0.0


def _to_ab(picture: np.ndarray) -> np.ndarray:
    return rgb_to_lab(picture)[..., 1:]  # a and b, (h, w, 2)


def _hue(plane: np.ndarray) -> np.ndarray:
    return np.arctan2(plane[..., 1], plane[..., 0])


def _crop_center(plane: np.ndarray) -> np.ndarray:
    top, left = (round(side * (1 - CENTER) / 2) for side in plane.shape[:2])
    return plane[top : plane.shape[0] - top, left : plane.shape[1] - left]
