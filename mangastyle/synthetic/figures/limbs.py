"""Arms and legs: their outlines, and those of what covers a part of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mangastyle.synthetic.figures.poses import Skeleton
from mangastyle.synthetic.figures.shapes import line, tube, union

# half widths for a grown woman at shares 0 (shoulder or hip), 1 (elbow or knee) to 2 (wrist or ankle)
ARM = ((0.0, 0.12, 0.5, 0.9, 1.0, 1.3, 1.75, 2.0), (0.4, 0.4, 0.35, 0.285, 0.28, 0.305, 0.21, 0.185))
LEG = ((0.0, 0.3, 0.6, 0.92, 1.0, 1.12, 1.38, 1.8, 2.0), (0.6, 0.62, 0.54, 0.41, 0.39, 0.39, 0.43, 0.25, 0.23))


class Limb:
    """A limb of two bones. Places on it are shares: 0 at its root, 1 at the elbow or knee, 2 at the wrist or ankle."""

    def __init__(self, joints: tuple[np.ndarray, np.ndarray, np.ndarray, float], widths, thickness: float) -> None:
        self.root, self.joint, self.tip, self.angle = joints
        self.knots, self.halves = widths[0], np.array(widths[1]) * thickness

    def center(self, t) -> np.ndarray:
        """Points of its middle line: (n, 2) or (2,)."""
        t = np.asarray(t, np.float64)[..., None]
        return np.where(t < 1, (1 - t) * self.root + t * self.joint, (2 - t) * self.joint + (t - 1) * self.tip)

    def half(self, t) -> Any:
        """Half its width there, of the shape of t."""
        return np.interp(t, self.knots, self.halves)

    def along(self, t: float) -> np.ndarray:
        """The unit vector towards the tip there."""
        step = self.joint - self.root if t < 1 else self.tip - self.joint
        return step / (np.hypot(*step) + 1e-9)

    def edge(self, t: float, side: float, extra: float = 0.0) -> np.ndarray:
        """A point at share t, `side` half widths to the right of the way to the tip."""
        x, y = self.along(t)
        return self.center(t) + side * (self.half(t) + extra) * np.array([-y, x])

    def cover(self, start: float, stop: float, scale: Any = 1.0, extra: Any = 0.0, ends: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        """The outline from share `start` to `stop`, half widths `scale` times the limb's plus `extra`.

        scale, extra : numbers, or pairs for the start and the stop.
        ends : how far both ends bulge, see `shapes.tube`.
        """
        parts = []
        scales, extras = np.broadcast_to(scale, 2), np.broadcast_to(extra, 2)
        for low, high in ((start, min(stop, 1.0)), (max(start, 1.0), stop)):
            if high - low < 1e-6:
                continue
            t = np.linspace(low, high, 14)
            s = (t - start) / (stop - start)
            half = self.half(t) * (scales[0] + s * (scales[1] - scales[0])) + extras[0] + s * (extras[1] - extras[0])
            first, last = (ends[0] if low == start else 1.0), (ends[1] if high == stop else 1.0)
            parts.append(tube(line(self.center(low), self.center(high), 14), half, first, last))
        return parts[0] if len(parts) == 1 else union(parts)

    def ring(self, t: float, height: float, extra: float) -> np.ndarray:
        """A band around the limb, `height` units long: a cuff, a bracelet, a garter."""
        way = self.along(t)
        middle, half = self.center(t), self.half(t) + extra
        return tube(line(middle - way * height / 2, middle + way * height / 2, 5), half, 0.0, 0.18)


def arm(body: Skeleton, side: int) -> Limb:
    """The arm on a side, -1 left or 1 right."""
    return Limb(body.arms[side], ARM, body.build.limb)


def leg(body: Skeleton, side: int) -> Limb:
    """The leg on a side, -1 left or 1 right."""
    return Limb(body.legs[side], LEG, body.build.limb)
