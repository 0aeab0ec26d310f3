"""A character as layers that move by themselves: the drawing programs of the characters, on a sheet that bends what they draw."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Iterator

import cv2
import numpy as np

from mangastyle.synthetic.animation.bending import Bend, Layer
from mangastyle.synthetic.characters import NECK, accessories, back_hair, backdrop, clothes, face, hair
from mangastyle.synthetic.characters.canvas import ONE, PAPER, SHIFT, Canvas, _span
from mangastyle.synthetic.characters.colors import Color
from mangastyle.synthetic.characters.design import Design

FINE = 512  # pixels of the long side up to which a picture is drawn four times as large, else twice
BACKDROP_SCALE = 2.0  # so that it is there where the camera goes
BACKDROP, BACK_HAIR, BODY, HEAD, FEATURES, FRONT_HAIR, BRAIDS, BROWS = range(8)
LAYERS = (
    Layer(parallax=0.5), Layer(-0.25, True, root=-0.3), Layer(), Layer(0.55, True), Layer(0.95, True, features=True),
    Layer(0.75, True, root=-0.5), Layer(0.4, True, root=0.4), Layer(0.95, True),
)  # fmt: skip


class Buffers:
    """What grows as a frame is drawn, all of one size.

    picture : uint8 (h, w, 4), RGB and, as a fourth channel, the line art.
    regions : int32 (h, w), which outline is at each pixel, counted as they are filled, also under lines.
    layers : uint8 (h, w), the layer of the outline or line that is at each pixel.
    colors : the color of each region.
    """

    def __init__(self, picture: np.ndarray, regions: np.ndarray, layers: np.ndarray, colors: list[Color]) -> None:
        self.picture, self.regions, self.layers, self.colors = picture, regions, layers, colors

    def part(self, y0: int, y1: int, x0: int, x1: int) -> Buffers:
        """A box of them, not copied."""
        return Buffers(self.picture[y0:y1, x0:x1], self.regions[y0:y1, x0:x1], self.layers[y0:y1, x0:x1], self.colors)

    def copy(self) -> Buffers:
        return Buffers(self.picture.copy(), self.regions.copy(), self.layers.copy(), self.colors)


class Stage(Canvas):
    """The sheet that a frame is drawn on; what is drawn belongs to one layer, and is bent as that is.

    bend : Bend, the pose of all layers.
    scale, middle : drawn pixels for each unit, and the place of the picture's center.
    """

    def __init__(self, buffers: Buffers, matrix: np.ndarray, pen: float, bend: Bend, layer: int, scale: float, middle: np.ndarray) -> None:
        super().__init__(buffers.picture, buffers.regions, matrix, pen)
        self.buffers, self.bend, self.layer, self.scale, self.middle = buffers, bend, layer, scale, middle
        self.corner: np.ndarray | None = None  # of a part of the sheet, in drawn pixels

    def on(self, layer: int) -> Stage:
        """The same sheet, for another layer."""
        return self._with(self.matrix, layer)

    def moved(self, x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> Stage:
        """The same sheet with its origin moved to (x, y), turned clockwise by `angle` radians and enlarged."""
        return self._with(super().moved(x, y, angle, scale).matrix, self.layer)

    def fill(self, outline: np.ndarray, color: Color) -> None:
        """Cover the inside of `outline` by a region of its own, and what line art was there."""
        self._paint([outline], (*color, PAPER), len(self.buffers.colors))
        self.buffers.colors.append(color)

    def fill_all(self, outlines: list[np.ndarray], color: Color) -> None:
        """Like `fill`, for many outlines that do not overlap; each is a region of its own."""
        for outline in outlines:
            self.fill(outline, color)

    def shade(self, outline: np.ndarray, color: Color) -> None:
        """Paint shadow or light: in the picture only."""
        self._paint([outline], (*color, PAPER), None)

    def grade(self, top: Color, bottom: Color) -> None:
        """Cover the whole sheet of this canvas with a vertical gradient that moves with it, in the picture only."""
        height = len(self.picture)
        t = np.linspace(0, 1, height)
        if self.corner is None:
            rest = self.middle[1] / self.scale
            ends = self.bend.forth(LAYERS[self.layer], np.array([(0, -rest), (0, rest)]))[:, 1] * self.scale + self.middle[1]
            t = np.clip((np.arange(height) - ends[0]) / (ends[1] - ends[0]), 0, 1)
        self.picture[..., :3] = np.rint((1 - t[:, None]) * np.array(top) + t[:, None] * np.array(bottom))[:, None]
        self.picture[..., 3] = PAPER

    def outline(self, path: np.ndarray, color: Color, width: float = 1.0, closed: bool = True) -> None:
        """Draw `path` as an even line, `width` pens wide."""
        thickness = max(1, round(width * self.pen))
        points = [self._pixels(path)]
        cv2.polylines(self.picture, points, closed, (*color, 0), thickness, cv2.LINE_8, SHIFT)
        cv2.polylines(self.buffers.layers, points, closed, self.layer, thickness, cv2.LINE_8, SHIFT)

    def blot(self, outline: np.ndarray, color: Color) -> None:
        """Fill `outline` with ink: lashes, pupils, pen strokes."""
        self._paint([outline], (*color, 0), None)

    @contextlib.contextmanager
    def inside(self, outline: np.ndarray) -> Iterator[Stage]:
        """A canvas whose strokes appear only inside `outline`."""
        p = self._pixels(outline)
        height, width = self.flat.shape
        (x0, x1), (y0, y1) = (
            _span(int(p[:, i].min()) >> SHIFT, int(p[:, i].max()) >> SHIFT, side) for i, side in ((0, width), (1, height))
        )
        whole = self.buffers.part(y0, y1, x0, x1)
        part = self._with(self.matrix, self.layer, whole.copy())
        part.corner = np.array([x0, y0]) + (0 if self.corner is None else self.corner)
        yield part
        mask = np.zeros(whole.layers.shape, np.uint8)
        cv2.fillPoly(mask, [part._pixels(outline)], 255, cv2.LINE_8, SHIFT)
        for name in ("picture", "regions", "layers"):
            cv2.copyTo(getattr(part.buffers, name), mask, getattr(whole, name))

    def _paint(self, outlines: list[np.ndarray], color: tuple[float, ...], region: int | None) -> None:
        points = [self._pixels(outline) for outline in outlines]
        cv2.fillPoly(self.picture, points, color, cv2.LINE_8, SHIFT)
        cv2.fillPoly(self.buffers.layers, points, self.layer, cv2.LINE_8, SHIFT)
        if region is not None:
            cv2.fillPoly(self.buffers.regions, points, region, cv2.LINE_8, SHIFT)

    def _with(self, matrix: np.ndarray, layer: int, buffers: Buffers | None = None) -> Stage:
        other = Stage(buffers or self.buffers, matrix, self.pen, self.bend, layer, self.scale, self.middle)
        other.corner = self.corner
        return other

    def _pixels(self, points: np.ndarray) -> np.ndarray:
        """Units to drawn pixels of this pose, as OpenCV's fixed-point numbers: int32 (n, 2)."""
        rest = np.asarray(points) @ self.matrix[:, :2].T + self.matrix[:, 2]  # drawn pixels
        p = self.bend.forth(LAYERS[self.layer], (rest - self.middle) / self.scale) * self.scale + self.middle
        if self.corner is not None:
            p = p - self.corner
        return np.clip(ONE * p + 0.5, -(2**26), 2**26).astype(np.int32)


class Puppet:
    """A character that can be drawn in any pose.

    Parameters
    ----------
    design : Design
        What it looks like. Eyes that are drawn closed are opened, so that they can blink.
    size : (height, width)
        In pixels.
    """

    def __init__(self, design: Design, size: tuple[int, int]) -> None:
        self.design = replace(design, mood="calm") if design.mood in ("joy", "asleep", "wink") else design
        self.size, self.oversampling = size, 4 if max(size) <= FINE else 2
        self.scale = self.oversampling * min(size) / design.units  # drawn pixels for each unit
        self.middle = self.oversampling * np.array(size[::-1]) / 2 - 0.5

    def bend(self, pose) -> Bend:
        """The layers in a pose."""
        return Bend(self.design.shift, pose)

    def draw(self, bend: Bend) -> Buffers:
        """One frame, `oversampling` times as large."""
        height, width = (self.oversampling * side for side in self.size)
        buffers = Buffers(
            np.full((height, width, 4), PAPER, np.uint8), np.zeros((height, width), np.int32), np.zeros((height, width), np.uint8), [],
        )  # fmt: skip
        matrix = np.array([[self.scale, 0, self.middle[0]], [0, self.scale, self.middle[1]]])
        pen = max(0.028 * self.scale, 0.6 * self.oversampling)
        self._paint(Stage(buffers, matrix, pen, bend, BACKDROP, self.scale, self.middle))
        return buffers

    def _paint(self, stage: Stage) -> None:
        """The parts in the order of `characters.character`, each on its layer."""
        design = self.design
        backdrop.draw(stage.moved(0, 0, 0, BACKDROP_SCALE), design)
        body = stage.on(BODY).moved(*design.shift)
        head = body.on(HEAD).moved(0, NECK, design.tilt).moved(0, -NECK)
        contour, front = face.contour(design), hair.Front(design)
        back_hair.draw(head.on(BACK_HAIR), design, front)
        clothes.draw(body, design, contour)
        face.draw_head(head, design, front.outline + (0.0, 0.14))
        face.draw_features(head.on(FEATURES), design)
        accessories.draw_behind(head, design, front)
        hair.draw_front(head.on(FRONT_HAIR), design, front)
        hair.draw_ahoge(head.on(FRONT_HAIR), design, front)
        back_hair.draw_braids(body.on(BRAIDS), design)
        face.draw_brows(head.on(BROWS), design)
        accessories.draw(head.on(FRONT_HAIR), replace(design, glasses=False), front)
        accessories.draw(head.on(BROWS), replace(design, headgear="none"), front)
