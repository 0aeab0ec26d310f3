"""Colour hints that people give: pictures, strokes, points and lines, palettes, reference pictures.

(The hints that training simulates are in `simulate`.)  A hint is a colour for some pixels and silence for the
others; the networks see silence as white.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import tensorflow as tf
from PIL import ImageColor

from mangastyle import images, resample
from mangastyle.errors import MangastyleError
from mangastyle.files import read_json

MAX_STROKE = 32767  # pixels; OpenCV draws no thicker lines
SPOKEN = 0.15  # a pixel of a reduced hint takes the colour if this share of it was painted: thin strokes survive
PALETTE_COLOURS = 8


class Hint(NamedTuple):
    """rgb : uint8 (h, w, 3); said : float32 (h, w), 1 where the hint speaks, 0 where it is silent."""

    rgb: np.ndarray
    said: np.ndarray

    def at(self, height: int, width: int) -> np.ndarray:
        """The hint reduced to (height, width), uint8 (height, width, 3), white where it is silent."""
        return reduce(self.rgb, self.said, height, width)[0].numpy()


def reduce(rgb: tf.Tensor, said: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The parts of a `Hint` at (height, width): uint8 (height, width, 3), white where silent, and float32 (height, width), 1 or 0."""
    share = tf.cast(said, tf.float32)[..., None]  # (h, w, 1)
    spoken = resample.resize(share, height, width)
    # The mean of what was painted, not diluted by the silence around it.
    colour = resample.resize(tf.cast(rgb, tf.float32) * share, height, width) / tf.maximum(spoken, 1e-6)
    heard = spoken > SPOKEN
    return resample.to_bytes(tf.where(heard, colour, 255.0)), tf.cast(heard[..., 0], tf.float32)


def read(path: Path, height: int, width: int) -> Hint:
    """A hint file for a picture of (height, width).

    A picture speaks where it is opaque, so strokes on a transparent PNG are a hint, and so is a blurred colour picture.
    A JSON file holds points and lines in picture coordinates:
    ``{"points": [{"x": 30, "y": 40, "color": "#ffcc99", "radius": 6}],
    "lines": [{"points": [[10, 10], [60, 20]], "color": "navy", "width": 8}]}``.
    Raises `MangastyleError` if it is damaged or made for a picture of another size.
    """
    if path.suffix.lower() == ".json":
        return _from_json(path, height, width)
    rgb, alpha = images.load(path)
    if rgb.shape[:2] != (height, width):
        raise MangastyleError(
            f"{path}: the hint is {rgb.shape[1]}x{rgb.shape[0]} but the picture is {width}x{height}; paint it on a copy of the picture's size"
        )
    said = np.ones((height, width), np.float32) if alpha is None else alpha.astype(np.float32) / 255
    # Undo the compositing on white, or soft brush edges would turn pale.
    opaque = (rgb - 255 * (1 - said[..., None])) / np.maximum(said[..., None], 1e-6)
    return Hint(np.clip(np.rint(opaque), 0, 255).astype(np.uint8), said)


def _from_json(path: Path, height: int, width: int) -> Hint:
    strokes = read_json(path)
    rgb = np.full((height, width, 3), 255, np.uint8)
    said = np.zeros((height, width), np.float32)
    if not isinstance(strokes, dict) or not set(strokes) <= {"points", "lines"}:
        raise MangastyleError(f'{path}: must hold one object with "points" and "lines"')
    default = max(2, round(min(height, width) / 32))
    try:
        for line in strokes.get("lines", []):
            points = [_place(path, x, y, height, width) for x, y in line["points"]]
            if len(points) < 2:
                raise MangastyleError(f"{path}: a line needs at least two points")
            mask = np.zeros((height, width), np.uint8)
            thickness = _extent(path, "width", line.get("width", default))
            cv2.polylines(mask, [np.array(points, np.int32)], False, 255, thickness)
            _paint(rgb, said, mask, line["color"])
        for point in strokes.get("points", []):
            mask = np.zeros((height, width), np.uint8)
            place = _place(path, point["x"], point["y"], height, width)
            cv2.circle(mask, place, _extent(path, "radius", point.get("radius", default)), 255, -1)
            _paint(rgb, said, mask, point["color"])
    except KeyError as error:
        raise MangastyleError(f"{path}: a stroke lacks {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise MangastyleError(f"{path}: a stroke cannot be understood ({error})") from error
    return Hint(rgb, said)


def _place(path: Path, x: Any, y: Any, height: int, width: int) -> tuple[int, int]:
    x, y = float(x), float(y)
    if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
        raise MangastyleError(f"{path}: the point ({x:g}, {y:g}) lies outside the picture of {width}x{height}")
    return round(x), round(y)


def _extent(path: Path, name: str, value: Any) -> int:
    if not 0 < float(value) <= MAX_STROKE:
        raise MangastyleError(f"{path}: a stroke's {name} must be over 0 and at most {MAX_STROKE} pixels, not {value}")
    return max(1, round(float(value)))


def _paint(rgb: np.ndarray, said: np.ndarray, mask: np.ndarray, colour: str) -> None:
    rgb[mask > 0] = ImageColor.getrgb(colour)[:3]
    said[mask > 0] = 1


def read_palette(entries: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Colours uint8 (k, 3) and their shares (k,), from colour names or from reference pictures (their 8 main colours)."""
    colours, shares = [], []
    for entry in entries:
        if Path(entry).suffix.lower() in images.SUFFIXES:
            main, share = main_colours(images.load(entry).rgb)
            colours.append(main)
            shares.append(share)
            continue
        try:
            colours.append(np.array([ImageColor.getrgb(entry)[:3]], np.float64))
        except ValueError as error:
            raise MangastyleError(f"--palette {entry}: neither a colour like '#ffcc99' or navy, nor a picture") from error
        shares.append(np.ones(1))
    weights = np.concatenate(shares)
    return np.concatenate(colours), weights / weights.sum()


def main_colours(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 8 main colours of a picture (k, 3) and their shares (k,), by k-means."""
    pixels = images.resize(rgb, 64, 64).reshape(-1, 3).astype(np.float32)
    count = min(PALETTE_COLOURS, len(np.unique(pixels, axis=0)))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.5)
    _, labels, centres = cv2.kmeans(pixels, count, None, stop, 3, cv2.KMEANS_PP_CENTERS)
    return centres.astype(np.float64), np.bincount(labels[:, 0], minlength=count) / len(pixels)


def from_palette(base: np.ndarray, colours: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """A hint that gives `base`, a first colouring uint8 (h, w, 3), the palette's colours: uint8 (h, w, 3).

    The main colours of `base` are moved to the palette by optimal transport in CIELAB (POT's exact solver): what
    covers much takes what the palette has much of, light stays light. Each takes the palette colour most of it moves to.
    """
    import ot  # only here: it loads every framework that it finds, PyTorch among them

    own, own_shares = main_colours(base)
    cost = ot.dist(_lab(own), _lab(colours))
    plan = ot.emd(own_shares / own_shares.sum(), shares, cost)  # (k, palette)
    target = colours[plan.argmax(1)]
    nearest = ot.dist(base.reshape(-1, 3).astype(np.float64), own).argmin(1)
    recoloured = target[nearest].reshape(base.shape).astype(np.float32)
    blur = max(1, round(0.06 * min(base.shape[:2])))
    return np.clip(np.rint(cv2.blur(recoloured, (blur, blur))), 0, 255).astype(np.uint8)


def _lab(colours: np.ndarray) -> np.ndarray:
    """RGB 0..255 (k, 3) to CIELAB (k, 3)."""
    return cv2.cvtColor((colours / 255).astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0].astype(np.float64)
