"""The sheet that figures are drawn on: a painting without lines, the lines, and the thing at each pixel, layer over layer.

It is a `Canvas` of the characters, so that their heads, hair and bows are drawn on it by the same functions.
"""

from __future__ import annotations

import contextlib
import math
from typing import Iterator, NamedTuple

import cv2
import numpy as np

from mangastyle.synthetic.characters.canvas import ONE, PAPER, SHIFT, Canvas, _span
from mangastyle.synthetic.characters.colors import WHITE, Color, Tones, tones
from mangastyle.synthetic.figures.pens import Pen

OVERSAMPLING = 2  # drawn larger, then averaged down
LEAST_PEN = 0.8  # drawn pixels
LEAST_HATCHING = 0.009  # least distance of hatching lines, as a share of the short side
BODY_PEN, HEAD_PEN = 0.05, 0.034  # widest pen on a figure and in its face, in units


class Thing(NamedTuple):
    """What is filled at once: its part and its tones."""

    part: str
    tones: Tones


PAPER_THING = Thing("paper", Tones(WHITE, (236, 236, 244), WHITE, (0, 0, 0)))


class Sheet(Canvas):
    """Paints outlines given in units of half a face's width.

    picture : uint8 (h, w, 3), colors with shadow and light, without lines.
    labels : int32 (h, w), indices of things.
    line : uint8 (h, w), ink 0 on paper 255.
    things : the list of things drawn so far, shared by all sheets of a drawing.
    known : for the colors of a person, their part and tones.
    bodies : for the labels of marks, the label of the thing that they are on.
    """

    def __init__(self, layers: tuple[np.ndarray, np.ndarray, np.ndarray], matrix, width: float, pen: Pen, things: list[Thing]) -> None:
        picture, self.labels, self.line = layers
        super().__init__(picture, self.labels, matrix, width)
        self.hand, self.things = pen, things
        self.known: dict[Color, Thing] = {}
        self.bodies: dict[int, int] = {}
        self.offset = np.zeros(2)  # of this sheet's corner in the whole one, in drawn pixels

    @classmethod
    def blank(cls, size: tuple[int, int], pen: Pen) -> Sheet:  # type: ignore[override]
        """Empty paper for a picture of `size`, height and width in pixels; its unit is a drawn pixel."""
        height, width = OVERSAMPLING * size[0], OVERSAMPLING * size[1]
        picture = np.full((height, width, 3), PAPER, np.uint8)
        layers = picture, np.zeros((height, width), np.int32), np.full((height, width), PAPER, np.uint8)
        return cls(layers, np.eye(2, 3), max(pen.hand.pen * max(height, width), LEAST_PEN), pen, [PAPER_THING])

    def moved(self, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> Sheet:
        """The same sheet with its origin moved to (x, y), turned clockwise by `angle` radians and enlarged."""
        c, s = scale * math.cos(angle), scale * math.sin(angle)
        return self._with(self.matrix @ np.array([[c, -s, x], [s, c, y], [0, 0, 1]]))

    def mirrored(self) -> Sheet:
        """The same sheet with x to the left."""
        return self._with(self.matrix @ np.diag([-1.0, 1.0, 1.0]))

    def finer(self, widest: float) -> Sheet:
        """The same sheet with a pen no wider than `widest` units."""
        other = self._with(self.matrix)
        other.pen = min(self.pen, max(widest * self.scale, LEAST_PEN))
        return other

    def toward_light(self, depth: float) -> np.ndarray:
        """The way of `depth` units to the light, in the units of this sheet: (2,)."""
        turn = self.matrix[:, :2] / self.scale
        return depth * (np.linalg.inv(turn) @ self.hand.light)

    @property
    def scale(self) -> float:
        """Drawn pixels for each unit."""
        return math.hypot(self.matrix[0, 0], self.matrix[1, 0])

    def put(self, outline: np.ndarray, thing: Thing, label: int | None = None) -> int:
        """Cover the inside of `outline` by a thing, and the lines that were there; gives its label, which may go on to another outline."""
        return self.put_all([outline], thing, label)

    def put_all(self, outlines: list[np.ndarray], thing: Thing, label: int | None = None) -> int:
        """Like `put`, for many outlines that do not overlap."""
        if label is None:
            label = len(self.things)
            self.things.append(thing)
        p = [self._pixels(outline) for outline in outlines]
        cv2.fillPoly(self.picture, p, thing.tones.base, cv2.LINE_8, SHIFT)
        cv2.fillPoly(self.labels, p, label, cv2.LINE_8, SHIFT)
        cv2.fillPoly(self.line, p, PAPER, cv2.LINE_8, SHIFT)
        return label

    def mark(self, outline: np.ndarray, thing: Thing) -> None:
        """Put a mark on the thing below it; both are shaded as one."""
        middle = np.asarray(outline).mean(0, keepdims=True)
        x, y = np.clip(self._pixels(middle)[0] >> SHIFT, 0, np.array(self.labels.shape[::-1]) - 1)
        below = int(self.labels[y, x])
        self.bodies[self.put(outline, thing)] = self.bodies.get(below, below)

    def fill(self, outline: np.ndarray, color: Color) -> None:
        """Cover the inside of `outline` by a thing of this color."""
        thing = self.known.get(color) or Thing("detail", tones(color))
        self.put(outline, thing)
        if thing.part == "eye white":
            self.outline(outline, width=0.7)  # the lids of the characters leave the corners open

    def fill_all(self, outlines: list[np.ndarray], color: Color) -> None:
        """Like `fill`, for many outlines that do not overlap."""
        self.put_all(outlines, self.known.get(color) or Thing("detail", tones(color)))

    def shade(self, outline: np.ndarray, color: Color) -> None:
        """Paint shadow or light of this color; white light covers lines, too."""
        p = [self._pixels(outline)]
        cv2.fillPoly(self.picture, p, color, cv2.LINE_8, SHIFT)
        if color == WHITE:
            cv2.fillPoly(self.line, p, PAPER, cv2.LINE_8, SHIFT)

    def cast(self, outline: np.ndarray, lit: np.ndarray | None = None) -> None:
        """Put the inside of `outline` in shadow, each thing in its own; but not what is inside `lit`. Lines stay."""
        self._tone(outline, lit, 1)

    def gleam(self, outline: np.ndarray) -> None:
        """Put light on the inside of `outline`, on each thing its own. Lines stay."""
        self._tone(outline, None, 2)

    def _tone(self, outline: np.ndarray, lit: np.ndarray | None, tone: int) -> None:
        p = self._pixels(outline)
        (x0, x1), (y0, y1) = (_span(int(p[:, i].min()) >> SHIFT, int(p[:, i].max()) >> SHIFT, self.line.shape[1 - i]) for i in (0, 1))
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        corner = np.array([x0, y0], np.int32) * ONE
        cv2.fillPoly(mask, [p - corner], 255, cv2.LINE_8, SHIFT)
        if lit is not None:
            cv2.fillPoly(mask, [self._pixels(lit) - corner], 0, cv2.LINE_8, SHIFT)
        inside = mask > 0
        table = np.array([thing.tones[tone] for thing in self.things], np.float64)
        self.picture[y0:y1, x0:x1][inside] = table[self.labels[y0:y1, x0:x1][inside]].astype(np.uint8)
        if tone == 1 and self.hand.hand.hatching:
            inside &= self._hatching(x0, y0, inside.shape)
            self.line[y0:y1, x0:x1][inside] = self.hand.level(0.7 * self.pen)

    def _hatching(self, x0: int, y0: int, shape: tuple[int, ...]) -> np.ndarray:
        """Slanted lines over a part of the sheet, bool (h, w); they go on from one part to the next."""
        x, y = np.arange(shape[1]) + x0 + self.offset[0], np.arange(shape[0])[:, None] + y0 + self.offset[1]
        distance = max(self.hand.hand.hatching * self.pen, LEAST_HATCHING * self.hand.short_side)
        return (x + 0.6 * self.hand.light[0] * y) % distance < max(0.7 * self.pen, OVERSAMPLING)

    def grade(self, top: Color, bottom: Color) -> None:
        """Cover the whole sheet of this canvas with a vertical gradient of light."""
        t = np.linspace(0, 1, len(self.picture))[:, None]
        self.picture[:] = np.rint((1 - t) * np.array(top) + t * np.array(bottom))[:, None]
        self.line[:] = PAPER

    def ink(self, path: np.ndarray, color: Color | None = None, width: float = 1.0, start: float = 0.0, end: float = 0.0) -> None:
        """Draw an open stroke, `width` pens wide, whose ends have the widths `start` and `end` as shares of it."""
        self._stroke(path, width, False, (start, end))

    def outline(self, path: np.ndarray, color: Color | None = None, width: float = 1.0, closed: bool = True) -> None:
        """Draw `path` as a line that goes all along it."""
        self._stroke(path, width, closed, (0.8, 0.8))

    def blot(self, outline: np.ndarray, color: Color | None = None) -> None:
        """Fill `outline` with ink: lashes, pupils; a hand that leaves pupils white draws the border of round ones."""
        if self.hand.hand.hollow and color and _roundness(outline) > 0.7:
            cv2.fillPoly(self.picture, [self._pixels(outline)], color, cv2.LINE_8, SHIFT)
            self.outline(outline, width=0.7)
            return
        cv2.fillPoly(self.line, [self._pixels(outline)], self.hand.hand.level, cv2.LINE_AA, SHIFT)

    def _stroke(self, path: np.ndarray, width: float, closed: bool, ends: tuple[float, float]) -> None:
        self.hand.stroke(self.line, self._pixels(np.asarray(path)) / ONE, width * self.pen, closed, ends)

    @contextlib.contextmanager
    def inside(self, outline: np.ndarray) -> Iterator[Sheet]:
        """A sheet whose strokes appear only inside `outline`."""
        p = self._pixels(outline)
        (x0, x1), (y0, y1) = (_span(int(p[:, i].min()) >> SHIFT, int(p[:, i].max()) >> SHIFT, self.line.shape[1 - i]) for i in (0, 1))
        whole = [layer[y0:y1, x0:x1] for layer in (self.picture, self.labels, self.line)]
        picture, labels, line = (layer.copy() for layer in whole)
        part = self._with(self.matrix - np.array([[0, 0, x0], [0, 0, y0]]), (picture, labels, line))
        part.offset = self.offset + (x0, y0)
        yield part
        mask = np.zeros(line.shape, np.uint8)
        cv2.fillPoly(mask, [part._pixels(outline)], 255, cv2.LINE_8, SHIFT)
        for drawn, target in zip((picture, labels, line), whole):
            cv2.copyTo(drawn, mask, target)

    def _with(self, matrix: np.ndarray, layers: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None) -> Sheet:
        """Another view of the same drawing."""
        other = Sheet(layers or (self.picture, self.labels, self.line), matrix, self.pen, self.hand, self.things)
        other.known, other.bodies, other.offset = self.known, self.bodies, self.offset
        return other

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        """Units to drawn pixels, bent by an unsteady hand, as OpenCV's fixed-point numbers: int32 (n, 2)."""
        p = points @ self.to_fixed + self.origin
        if self.hand.hand.warp:
            side = self.hand.short_side
            place = (p / ONE + self.offset) * (2 * np.pi / side)
            bent = np.stack([np.sin(7.1 * place[:, 1] + 2.2 * place[:, 0]), np.sin(6.3 * place[:, 0] - 2.9 * place[:, 1] + 1)], 1)
            bent += 0.6 * np.stack([np.sin(17.3 * place[:, 1] + 0.7), np.sin(15.1 * place[:, 0] + 2)], 1)
            p = p + ONE * self.hand.hand.warp * side * bent
        return np.clip(p, -(2**26), 2**26).astype(np.int32)


def _roundness(outline: np.ndarray) -> float:
    """Area of a closed outline as a share of that of the circle with its length."""
    shape = np.asarray(outline, np.float32)
    return 4 * math.pi * cv2.contourArea(shape) / cv2.arcLength(shape, True) ** 2
