"""Colours that stay inside the lines: smoothing, and spreading of strokes, that ink holds back.

The recursive filter of Gastal and Oliveira (2011, "Domain transform for edge-aware image and video processing"), with
line art in place of a picture's edges: distance grows with the ink to be crossed, so that colours flow freely within
a region and hardly over its outline.
"""

from __future__ import annotations

import cv2
import numpy as np

from mangastyle.shade.sketch import reduce

PASSES = 3  # rows and columns in turns: streaks that one pass leaves are gone after three
BARRIER = 3.0  # how far, in units of the reach, a full black pixel sets its neighbours apart
HALO = 0.004  # of the short side: how far from ink a network's colours are still the line's
SMOOTH = 0.015  # of the short side: how far colours flow within a region
STROKE = 0.25  # of the short side: how far a stroke reaches within its region
SURE = 0.002  # share of strokes' weight at which a place takes half of their colour


def ink_of(rgb: np.ndarray, height: int, width: int) -> np.ndarray:
    """How much of each pixel is ink: line art uint8 (h, w, 3) to float32 (height, width), 0 on paper, 1 on common lines."""
    return 1 - reduce(rgb, height, width).astype(np.float32) / 255


def flow(values: np.ndarray, ink: np.ndarray, reach: float) -> np.ndarray:
    """Smooth float32 (h, w, c) with the standard deviation `reach`, in pixels, wherever ink (h, w) in 0..1 does not stop it."""
    out = values.astype(np.float32)
    for i in range(PASSES):
        sigma = reach * np.sqrt(3) * 2 ** (PASSES - 1 - i) / np.sqrt(4**PASSES - 1)  # halved each time, reach together
        for barrier in (ink, ink.T):
            distance = 1 + BARRIER * reach * np.maximum(barrier[1:], barrier[:-1])  # between neighbours, (h - 1, w)
            keep = np.exp(-np.sqrt(2) / sigma * distance)[..., None]
            for k in range(1, len(out)):
                out[k] += keep[k - 1] * (out[k - 1] - out[k])
            for k in range(len(out) - 2, -1, -1):
                out[k] += keep[k] * (out[k + 1] - out[k])
            out = np.ascontiguousarray(out.transpose(1, 0, 2))
    return out


def smooth(colour: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Colours, uint8 (h, w, 3), evened out within each region; what lies beside the ink (h, w) is filled from there.

    Networks paint a dark halo round the lines that they see; the artist's own lines are drawn later, without one.
    """
    side = min(ink.shape)
    reach = 2 * max(1, round(HALO * side)) + 1
    free = (1 - cv2.dilate(ink, np.ones((reach, reach), np.uint8)))[..., None] + 1e-3  # (h, w, 1)
    spread = flow(np.concatenate([colour * free, free], -1), ink, SMOOTH * side)
    return np.clip(np.rint(spread[..., :3] / spread[..., 3:]), 0, 255).astype(np.uint8)


def obey(colour: np.ndarray, ink: np.ndarray, hint: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Colours, uint8 (h, w, 3), moved to those of strokes: each region takes on what the strokes in it lack.

    hint : uint8 (h, w, 3). said : float32 (h, w), 1 where a stroke is. Shading stays: what is added is the same all over
    a region, and fades with the distance from the stroke.
    """
    weight = said[..., None]  # (h, w, 1)
    lacking = (hint.astype(np.float32) - cv2.blur(colour, (5, 5))) * weight
    spread = flow(np.concatenate([lacking, weight], -1), ink, STROKE * min(ink.shape))
    return np.clip(np.rint(colour + spread[..., :3] / (spread[..., 3:] + SURE)), 0, 255).astype(np.uint8)
