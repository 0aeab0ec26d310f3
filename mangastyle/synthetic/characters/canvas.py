"""The sheet that characters are drawn on: picture, line art and flat colors grow together, layer over layer."""

from __future__ import annotations

import contextlib
import math
from typing import Iterator

import cv2
import numpy as np

from mangastyle.synthetic.characters.colors import Color
from mangastyle.synthetic.characters.curves import ribbon

LARGE = 1024  # pixels
SHIFT = 4  # OpenCV's fractional bits: corners lie on sixteenths of a drawn pixel
ONE = 1 << SHIFT
PAPER, INK = 255, 0


class Canvas:
    """Paints outlines given in units of half a face's width, mapped to pixels by `matrix`.

    picture : uint8 (h, w, 4), RGB and, as a fourth channel, the line art: one OpenCV call draws both.
    flat : uint8 (h, w, 3), the flat colors.
    matrix : (2, 3), units to drawn pixels.
    pen : width of the standard line in drawn pixels.
    """

    def __init__(self, picture: np.ndarray, flat: np.ndarray, matrix: np.ndarray, pen: float) -> None:
        self.picture, self.flat, self.matrix, self.pen = picture, flat, matrix, pen
        self.to_fixed, self.origin = ONE * matrix[:, :2].T, ONE * matrix[:, 2] + 0.5

    @classmethod
    def blank(cls, size: int, units: float) -> Canvas:
        """An empty canvas for a picture of `size` pixels that shows `units` units, centered on (0, 0)."""
        oversampling = 4 if size <= LARGE else 2  # drawn larger, then averaged down: smooth edges at any size
        side = size * oversampling
        scale = side / units
        matrix = np.array([[scale, 0, side / 2 - 0.5], [0, scale, side / 2 - 0.5]])
        pen = max(0.028 * scale, 0.6 * oversampling)
        return cls(np.full((side, side, 4), PAPER, np.uint8), np.full((side, side, 3), PAPER, np.uint8), matrix, pen)

    def moved(self, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> Canvas:
        """The same sheet with its origin moved to (x, y), turned clockwise by `angle` radians and enlarged."""
        c, s = scale * math.cos(angle), scale * math.sin(angle)
        step = np.array([[c, -s, x], [s, c, y], [0, 0, 1]])
        return Canvas(self.picture, self.flat, self.matrix @ step, self.pen)

    def fill(self, outline: np.ndarray, color: Color) -> None:
        """Cover the inside of `outline` in the picture and the flat colors, and what line art was there."""
        p = self._pixels(outline)
        cv2.fillPoly(self.picture, [p], (*color, PAPER), cv2.LINE_8, SHIFT)
        cv2.fillPoly(self.flat, [p], color, cv2.LINE_8, SHIFT)

    def fill_all(self, outlines: list[np.ndarray], color: Color) -> None:
        """Like `fill`, for many outlines that do not overlap."""
        p = [self._pixels(outline) for outline in outlines]
        cv2.fillPoly(self.picture, p, (*color, PAPER), cv2.LINE_8, SHIFT)
        cv2.fillPoly(self.flat, p, color, cv2.LINE_8, SHIFT)

    def shade(self, outline: np.ndarray, color: Color) -> None:
        """Paint shadow or light: in the picture only."""
        cv2.fillPoly(self.picture, [self._pixels(outline)], (*color, PAPER), cv2.LINE_8, SHIFT)

    def grade(self, top: Color, bottom: Color) -> None:
        """Cover the whole sheet of this canvas with a vertical gradient, in the picture only."""
        t = np.linspace(0, 1, len(self.picture))[:, None]
        self.picture[..., :3] = np.rint((1 - t) * np.array(top) + t * np.array(bottom))[:, None]
        self.picture[..., 3] = PAPER

    def ink(self, path: np.ndarray, color: Color, width: float = 1.0, start: float = 0.0, end: float = 0.0) -> None:
        """Draw a pen stroke along `path`, `width` pens wide, with tapered ends (see `curves.ribbon`)."""
        scale = math.hypot(self.matrix[0, 0], self.matrix[1, 0])  # drawn pixels per unit
        self.blot(ribbon(np.asarray(path), width * self.pen / scale, start, end), color)

    def outline(self, path: np.ndarray, color: Color, width: float = 1.0, closed: bool = True) -> None:
        """Draw `path` as an even line, `width` pens wide."""
        thickness = max(1, round(width * self.pen))
        cv2.polylines(self.picture, [self._pixels(path)], closed, (*color, INK), thickness, cv2.LINE_8, SHIFT)

    def blot(self, outline: np.ndarray, color: Color) -> None:
        """Fill `outline` with ink: lashes, pupils."""
        cv2.fillPoly(self.picture, [self._pixels(outline)], (*color, INK), cv2.LINE_8, SHIFT)

    @contextlib.contextmanager
    def inside(self, outline: np.ndarray) -> Iterator[Canvas]:
        """A canvas whose strokes appear only inside `outline`."""
        p = self._pixels(outline)
        height, width = self.flat.shape[:2]
        (left, top), (right, bottom) = p.min(0).tolist(), p.max(0).tolist()
        x0, x1 = _span(left >> SHIFT, right >> SHIFT, width)
        y0, y1 = _span(top >> SHIFT, bottom >> SHIFT, height)
        picture, flat = self.picture[y0:y1, x0:x1], self.flat[y0:y1, x0:x1]
        matrix = self.matrix - np.array([[0, 0, x0], [0, 0, y0]])
        part = Canvas(picture.copy(), flat.copy(), matrix, self.pen)
        yield part
        mask = np.zeros(flat.shape[:2], np.uint8)
        cv2.fillPoly(mask, [part._pixels(outline)], 255, cv2.LINE_8, SHIFT)
        cv2.copyTo(part.picture, mask, picture)
        cv2.copyTo(part.flat, mask, flat)

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        """Units to drawn pixels, as OpenCV's fixed-point numbers: int32 (n, 2)."""
        return (points @ self.to_fixed + self.origin).astype(np.int32)


def _span(low: int, high: int, size: int) -> tuple[int, int]:
    """A range of pixels, at least one, that holds `low` to `high` as far as they are within 0..size."""
    start = min(max(low - 1, 0), size - 1)
    return start, min(max(high + 3, start + 1), size)
