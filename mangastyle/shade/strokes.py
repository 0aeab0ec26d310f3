"""Points and lines of a hint, as JSON holds them: checked part by part, and drawn."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Callable, Collection, Mapping, NamedTuple

import cv2
import numpy as np

from mangastyle import errors
from mangastyle.errors import MangastyleError, near
from mangastyle.shade import colors

UNLIKE = 0.05  # by which the shape of the picture that strokes are for may differ
TOP_KEYS = ("points", "lines", "size")
POINT_KEYS = ("x", "y", "color", "radius")
LINE_KEYS = ("points", "color", "width")

MAX_STROKE = 32767  # pixels; OpenCV draws no thicker lines
STROKE_SHARE = 1 / 32  # of the short side: width of a stroke that gives none
MAX_STROKES = 200_000  # points and lines
MAX_PAINTED = 10**10  # pixels, all strokes together: some seconds
MIXING = 100  # how many times longer a pixel takes that is mixed with what is below
LONGEST = 40  # characters of a value that messages show


class _Canvas(NamedTuple):
    """What is drawn on, and how coordinates of the hint become its pixels."""

    rgb: np.ndarray  # uint8 (h, w, 3)
    mask: np.ndarray  # float32 (h, w)
    size: tuple[float, float]  # width and height that coordinates are in
    scale: tuple[float, float]  # of x and y

    @property
    def length_scale(self) -> float:
        """The scale of what has no direction."""
        return math.sqrt(self.scale[0] * self.scale[1])


def draw(strokes: Any, where: str, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw points and lines on a transparent ground: lines first, then points, later ones over earlier ones.

    Parameters
    ----------
    strokes : object
        What a JSON file of a hint holds, see `Hint.from_json`.
    where : str
        What error messages call it.
    height, width : int
        Of the picture.

    Returns
    -------
    rgb : ndarray of uint8, shape (h, w, 3)
        Colors; white where there is no stroke.
    mask : ndarray of float32, shape (h, w), in 0..1
        How much strokes cover.

    Raises
    ------
    MangastyleError
        For anything that is not understood, with its place, such as ``points[3]``.

    Examples
    --------
    >>> rgb, mask = draw({"points": [{"x": 3, "y": 3, "color": "#00008080", "radius": 1}]}, "hint", 8, 8)
    >>> rgb[3, 3].tolist(), round(mask[3, 3].item(), 3), rgb[0, 0].tolist(), mask[0, 0].item()
    ([0, 0, 128], 0.502, [255, 255, 255], 0.0)
    >>> draw({"points": [{"x": 3, "y": 3, "color": "navy", "raduis": 1}]}, "hint", 8, 8)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: hint: points[0] has an unknown key 'raduis' (did you mean 'radius'?); there are: x, y, color, radius
    """
    if not isinstance(strokes, Mapping):
        raise MangastyleError(f'{where}: must hold one object with "points" and "lines", not {shown(strokes)}')
    _check_keys(strokes, f"{where}: the object", TOP_KEYS, ())
    size = _size(strokes.get("size", (width, height)), where)
    other = size[0] * height / size[1], size[1] * width / size[0]
    if all(abs(mine - its) > 1 + UNLIKE * mine for mine, its in zip((width, height), other)):  # 1: of rounding
        raise MangastyleError(
            f'{where}: "size" must be [width, height] of a picture of the shape of this one, {width}x{height}, not '
            f"[{size[0]:g}, {size[1]:g}]"
        )
    canvas = _Canvas(
        np.full((height, width, 3), 255, np.uint8), np.zeros((height, width), np.float32), size, (width / size[0], height / size[1])
    )
    lines, points = (_list(strokes.get(key, ()), f"{where}: {key}") for key in ("lines", "points"))
    if len(lines) + len(points) > MAX_STROKES:
        raise MangastyleError(f"{where}: holds {len(lines) + len(points)} points and lines; the most is {MAX_STROKES}")
    painted = 0.0
    for draw_one, name, entries in ((_draw_line, "lines", lines), (_draw_point, "points", points)):
        for i, entry in enumerate(entries):
            alpha, area = draw_one(canvas, entry, f"{where}: {name}[{i}]")
            painted += area * (MIXING if 0 < alpha < 1 else 1)
            if painted > MAX_PAINTED:
                raise MangastyleError(f"{where}: too many strokes for their size; give fewer, or a picture of them as the hint")
    return canvas.rgb, canvas.mask


def _draw_point(canvas: _Canvas, point: Any, where: str) -> tuple[float, float]:
    """Draw a dot: its alpha, and how many pixels it may have."""
    _check_keys(point, where, POINT_KEYS, ("x", "y", "color"))
    x, y = _places(canvas, [(point["x"], point["y"])], where)[0].tolist()
    color, radius = _color(point["color"], where), _extent(canvas, point, "radius", where)

    def draw_on(array: np.ndarray, left: int, top: int, level: Any) -> None:
        cv2.circle(array, (x - left, y - top), radius, level, -1)

    _paint(canvas, (x - radius, y - radius, x + radius, y + radius), color, draw_on)
    return color.alpha, min((2 * radius + 1) ** 2, canvas.mask.size)


def _draw_line(canvas: _Canvas, line: Any, where: str) -> tuple[float, float]:
    """Draw a line: its alpha, and how many pixels it may have."""
    _check_keys(line, where, LINE_KEYS, ("points", "color"))
    points = _list(line["points"], f"{where}.points")
    if len(points) < 2:
        raise MangastyleError(f"{where} needs at least two points, and has {len(points)}")
    places = _places(canvas, points, f"{where}.points")
    color, width = _color(line["color"], where), _extent(canvas, line, "width", where)

    def draw_on(array: np.ndarray, left: int, top: int, level: Any) -> None:
        cv2.polylines(array, [places - np.array([left, top], np.int32)], False, level, width)

    _paint(canvas, (*(places.min(0) - width).tolist(), *(places.max(0) + width).tolist()), color, draw_on)
    lengths = np.hypot(*np.diff(places.astype(np.float64), axis=0).T)
    return color.alpha, np.minimum((lengths + width) * width, canvas.mask.size).sum().item()


def _paint(
    canvas: _Canvas, box: tuple[int, int, int, int], color: colors.RGBA, draw_on: Callable[[np.ndarray, int, int, Any], None]
) -> None:  # fmt: skip
    """Lay a stroke over what is there.

    Parameters
    ----------
    canvas : _Canvas
    box : (left, top, right, bottom)
        What holds the stroke, both ends included.
    color : RGBA
    draw_on : callable
        Draws the stroke on an array: (array, x and y of its first pixel in the picture, level).
    """
    if color.alpha == 1:
        draw_on(canvas.rgb, 0, 0, color[:3])
        draw_on(canvas.mask, 0, 0, 1)
    elif color.alpha:
        x, y = max(box[0], 0), max(box[1], 0)
        part = np.s_[y : max(box[3] + 1, 0), x : max(box[2] + 1, 0)]
        rgb, mask = canvas.rgb[part], canvas.mask[part]
        stroke = np.zeros(mask.shape, np.uint8)
        draw_on(stroke, x, y, 1)
        below, share = mask * np.float32(1 - color.alpha), np.full_like(mask, color.alpha)
        mixed = cv2.blendLinear(np.ascontiguousarray(rgb), np.full_like(rgb, color[:3]), below, share)
        on = stroke > 0
        rgb[on], mask[on] = mixed[on], np.minimum(below + share, 1)[on]


def _places(canvas: _Canvas, points: Any, where: str) -> np.ndarray:
    """The pixels of points [x, y]: int32 (n, 2)."""
    (width, height), found = canvas.size, []
    for i, point in enumerate(points):
        if not isinstance(point, (list, tuple, np.ndarray)) or len(point) != 2:
            raise MangastyleError(f"{where}[{i}] must be [x, y], not {shown(point)}")
        x, y = (_number(value, f"{where}: a coordinate") for value in point)
        if not (0 <= x <= width and 0 <= y <= height):
            raise MangastyleError(
                f"{where}: the point ({x:g}, {y:g}) lies outside the picture of {width:g}x{height:g}; a hint for a picture of another "
                'size says so by "size": [width, height]'
            )
        found.append((x, y))
    pixels = np.rint(np.array(found, np.float64) * canvas.scale)
    return np.minimum(pixels, np.array(canvas.mask.shape[::-1]) - 1).astype(np.int32)  # the far edges belong to the last pixels


def _extent(canvas: _Canvas, stroke: Mapping[str, Any], name: str, where: str) -> int:
    """The radius or width of a stroke, in pixels."""
    height, width = canvas.mask.shape
    if name not in stroke:
        return max(2, round(min(height, width) * STROKE_SHARE))
    value = _number(stroke[name], f"{where}.{name}")
    if not 0 < value <= MAX_STROKE:
        raise MangastyleError(f"{where}.{name} must be over 0 and at most {MAX_STROKE} pixels, not {value:g}")
    all_of_it = 2 * math.ceil(math.hypot(height, width)) + 2  # from any place; time grows with the width, covered or not
    return max(1, min(round(value * canvas.length_scale), all_of_it, MAX_STROKE))


def _color(value: Any, where: str) -> colors.RGBA:
    try:
        return colors.parse(value)
    except MangastyleError as error:
        raise MangastyleError(f"{where}.color: {error}") from None


def _size(value: Any, where: str) -> tuple[float, float]:
    """The width and height that coordinates are in."""
    if not isinstance(value, (list, tuple, np.ndarray)) or len(value) != 2:
        raise MangastyleError(f"{where}: size must be [width, height], not {shown(value)}")
    width, height = (_number(x, f"{where}: size") for x in value)
    if not (1 <= width <= 1e6 and 1 <= height <= 1e6):
        raise MangastyleError(f"{where}: size must be [width, height] of a picture in pixels, not {shown(value)}")
    return width, height


def _number(value: Any, where: str) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise MangastyleError(f"{where} must be a number, not {shown(value)}")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _list(value: Any, where: str) -> Any:
    if not isinstance(value, (list, tuple, np.ndarray)):
        raise MangastyleError(f"{where} must be a list, not {shown(value)}")
    return value


def _check_keys(value: Any, where: str, known: Collection[str], needed: Collection[str]) -> None:
    """Refuse what is no object, and an object with keys that nobody knows, or without those that it needs."""
    if not isinstance(value, Mapping):
        raise MangastyleError(f"{where} must be an object such as {{{', '.join(needed)}}}, not {shown(value)}")
    for key in value:
        if key not in known:
            raise MangastyleError(f"{where} has an unknown key {shown(key)}{near(key, known)}; there are: {', '.join(known)}")
    for key in needed:
        if key not in value:
            raise MangastyleError(f"{where} lacks {key!r}")


def shown(value: Any) -> str:
    """A value as messages show it: in one line, not too long, NumPy's numbers as plain ones.

    Examples
    --------
    >>> shown([np.int64(3), "a\\nb"]), len(shown("x" * 1000))
    ("[3, 'a\\\\nb']", 43)
    """
    return errors.shown(colors.plain(value), LONGEST)
