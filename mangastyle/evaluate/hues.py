"""Hues of a whole set of pictures: does a network use as many as the originals, and is skin the colour of skin?

A network that paints everything in the one colour that is least often wrong does well by most measures of single pictures.
Hues are angles in CIE Lab's plane of a and b.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

BINS = 36  # ten degrees each
FACE = 1 / 3  # of the height and width: the part in the middle that is a face's centre


class Hues:
    """What is known of generated pictures and their originals, added one pair at a time."""

    def __init__(self) -> None:
        self.histograms = np.zeros((2, BINS))
        self.centres: list[tuple[float, float]] = []

    def add(self, generated: np.ndarray, original: np.ndarray) -> None:
        """A pair of pictures, uint8 (h, w, 3)."""
        planes = [_plane(picture) for picture in (generated, original)]  # (h, w, 2)
        for histogram, plane in zip(self.histograms, planes):
            chroma = np.hypot(*plane.reshape(-1, 2).T)  # grey has no hue
            histogram += np.histogram(_angle(plane.reshape(-1, 2)), BINS, (-np.pi, np.pi), weights=chroma)[0]
        self.centres.append(tuple(float(_angle(_centre(plane).mean((0, 1)))) for plane in planes))

    def summary(self) -> dict[str, Any]:
        """Spread of hues in bits, of the generated pictures and of the originals, their quotient, and the share of the generated
        pictures whose centre has a hue in the originals' 5 to 95 % range."""
        generated, original = (entropy(histogram) for histogram in self.histograms)
        angles = np.array(self.centres)  # (n, 2)
        middle = np.angle(np.exp(1j * angles[:, 1]).mean())
        turned = np.angle(np.exp(1j * (angles - middle)))  # -pi..pi, about the originals' mean
        low, high = np.percentile(turned[:, 1], (5, 95))
        inside = (turned[:, 0] >= low) & (turned[:, 0] <= high)
        return {
            "spread": generated, "spread_of_originals": original, "spread_share": generated / original if original else None,
            "centres_in_range": float(inside.mean()), "range_degrees": np.degrees([low + middle, high + middle]).tolist(),
        }  # fmt: skip


def entropy(histogram: np.ndarray) -> float:
    """In bits; 0 for a single bin and for none."""
    share = histogram[histogram > 0] / max(histogram.sum(), 1e-12)
    return float(-(share * np.log2(share)).sum()) + 0.0


def _plane(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[..., 1:]  # a and b, (h, w, 2)


def _angle(plane: np.ndarray) -> np.ndarray:
    return np.arctan2(plane[..., 1], plane[..., 0])


def _centre(plane: np.ndarray) -> np.ndarray:
    top, left = (round(side * (1 - FACE) / 2) for side in plane.shape[:2])
    return plane[top : plane.shape[0] - top, left : plane.shape[1] - left]
