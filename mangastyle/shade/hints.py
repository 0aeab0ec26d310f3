"""Color hints that people give: points, lines, strokes, pictures, palettes. No TensorFlow.

A hint is a color picture with a mask; pixels outside the mask are white in the network's input. (The hints that training simulates
are in `shade.simulated_hints`.)
"""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping, NamedTuple, Protocol

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io.files import read_json
from mangastyle.io.images import MAX_PIXELS, Picture, check_picture
from mangastyle.io.strips import strips
from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_lab
from mangastyle.shade import colors, strokes
from mangastyle.shade.colors import Color

PALETTE_COLORS = 8  # main colors of a picture
KMEANS_SIDE = 64  # side, in pixels, of the picture they are found in
PALETTE_BLUR = 0.06  # box, as a share of the short side, that blurs a palette's hint

Shape = tuple[int, ...]  # (height, width), or a picture's (height, width, 3)


@dataclass(frozen=True, eq=False)
class Hint:
    """A color hint for a picture.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
        Its colors. They cover the whole picture, in any resolution.
    mask : (h, w) array, optional
        How much each pixel counts: float in 0..1, uint8 in 0..255 or bool. By default all count.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
    mask : ndarray of float32, shape (h, w) in 0..1

    Raises
    ------
    MangastyleError
        If an array has another form.

    Examples
    --------
    >>> import mangastyle
    >>> rgb = np.full((32, 32, 3), 255, np.uint8)
    >>> rgb[4:8, 4:8] = (200, 40, 60)
    >>> mangastyle.Hint(rgb, (rgb != 255).any(-1)).mask.sum().item()
    16.0
    """

    rgb: np.ndarray
    mask: np.ndarray = None  # type: ignore[assignment]  # an array once the object is made

    def __post_init__(self) -> None:
        object.__setattr__(self, "rgb", check_picture(self.rgb, "rgb"))
        shape = self.rgb.shape[:2]
        try:
            mask = np.ones(shape, np.float32) if self.mask is None else np.asarray(self.mask)
        except ValueError:  # lists of unequal lengths
            raise MangastyleError(f"`mask`: must be an array of the hint's {shape}, not {type(self.mask).__name__}") from None
        scale = {"u": 255, "b": 1, "f": 1}.get(mask.dtype.kind, 0)
        if mask.shape != shape or not scale or mask.dtype.kind == "u" and mask.dtype != np.uint8:
            raise MangastyleError(f"`mask`: must be uint8, bool or float of the hint's {shape}, not {mask.dtype} {mask.shape}")
        mask = mask.astype(np.float32)  # a copy; of large pictures there is no room for another one
        if scale > 1:
            mask /= scale
        if not (mask.min() >= 0 and mask.max() <= 1):  # also not a number
            raise MangastyleError(f"`mask`: floats must lie in 0..1, not in {mask.min():g}..{mask.max():g}")
        object.__setattr__(self, "mask", mask)

    @classmethod
    def from_points(cls, points: Iterable[tuple[float, float, Color]], shape: Shape, *, radius: float = 0) -> Hint:
        """Round dots of color.

        Parameters
        ----------
        points : iterable of (x, y, color)
            Place in pixels of the picture, up to its whole width and height; color as `colors.parse` takes it: "#ffcc99", "navy",
            "rgb(255, 204, 153)", whole numbers (255, 204, 153) or floats (1.0, 0.8, 0.6), each with alpha or without. A dot counts by
            its alpha; one that is fully transparent is left out.
        shape : (height, width) or (height, width, 3)
            Shape of the picture.
        radius : float
            Of the dots, in pixels; 0 for 1/32 of the short side.

        Returns
        -------
        Hint

        Raises
        ------
        MangastyleError
            For what is not (x, y, color), a point outside the picture, a color that is none, a radius below 0, and a shape that is no
            picture's.

        Examples
        --------
        >>> hint = Hint.from_points([(10, 20, "#ffcc99"), (30, 5, (0, 0, 128))], (40, 48), radius=2)
        >>> hint.rgb[20, 10].tolist(), hint.rgb[5, 30].tolist()
        ([255, 204, 153], [0, 0, 128])
        """
        size = {} if isinstance(radius, (int, float)) and not radius else {"radius": radius}
        if isinstance(points, (str, bytes, Mapping)) or not isinstance(points, Iterable):
            raise MangastyleError(f"`points`: must be (x, y, color) each, in a list, not {strokes.shown(points)}")
        dots = []
        for i, point in enumerate(points):
            if not isinstance(point, (list, tuple, np.ndarray)) or len(point) != 3:
                raise MangastyleError(f"`points`: must be (x, y, color) each; number {i} is {strokes.shown(point)}")
            dots.append(dict(zip(("x", "y", "color"), point), **size))
        return cls.from_json({"points": dots}, shape)

    @classmethod
    def from_json(cls, source: str | Path | Mapping[str, Any], shape: Shape) -> Hint:
        """Points and lines from a JSON file, or from what it would hold.

        ``{"points": [{"x": 30, "y": 40, "color": "#ffcc99", "radius": 6}],
        "lines": [{"points": [[10, 10], [60, 20]], "color": "navy", "width": 8}], "size": [96, 128]}``

        Everything but places and colors may be left out. Coordinates go from 0 to the whole width and height. Colors are written as in
        `from_points`, numbers as lists. Later strokes cover earlier ones, points cover lines.

        Parameters
        ----------
        source : str, Path or mapping
            Name of the file, or its object. Coordinates, `radius` and `width` are pixels of the picture; or of a picture of `size`,
            (width, height), from which they are scaled.
        shape : (height, width) or (height, width, 3)
            Shape of the picture.

        Returns
        -------
        Hint

        Raises
        ------
        MangastyleError
            For a file that cannot be read, a stroke that is incomplete or outside the picture, and a key that is unknown; it names the
            place, such as ``points[3].color``. For a shape that is no picture's.

        Examples
        --------
        >>> line = {"points": [[0, 4], [15, 4]], "color": "navy", "width": 1}
        >>> Hint.from_json({"lines": [line]}, (16, 16)).mask.sum().item()
        16.0
        """
        height, width = _check_shape(shape)
        if isinstance(source, Mapping):
            return cls(*strokes.draw(source, "hint", height, width))
        if not isinstance(source, (str, os.PathLike)):
            raise MangastyleError(f"`source`: must be the name of a JSON file, or its object, not {strokes.shown(source)}")
        return cls(*strokes.draw(read_json(source), str(source), height, width))

    @classmethod
    def from_strokes(cls, rgba: np.ndarray) -> Hint:
        """Brush strokes on a transparent ground.

        Parameters
        ----------
        rgba : ndarray of uint8, shape (h, w, 4)
            Colors and how much they cover, 0 to 255; colors are not premultiplied.

        Returns
        -------
        Hint

        Raises
        ------
        MangastyleError
            If it is no such array.

        Examples
        --------
        >>> strokes = np.zeros((32, 32, 4), np.uint8)
        >>> strokes[4:8, 4:8] = (200, 40, 60, 255)
        >>> Hint.from_strokes(strokes).mask.sum().item()
        16.0
        """
        if not isinstance(rgba, np.ndarray) or rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[-1] != 4 or not rgba.size:
            came = f"{rgba.dtype} {rgba.shape}" if isinstance(rgba, np.ndarray) else type(rgba).__name__
            raise MangastyleError(f"`rgba`: must be uint8 (h, w, 4), not {came}")
        return cls(np.ascontiguousarray(rgba[..., :3]), rgba[..., 3])

    @classmethod
    def from_picture(cls, picture: np.ndarray | Picture) -> Hint:
        """A color picture, such as a blurred, an earlier or a roughly painted version.

        Parameters
        ----------
        picture : ndarray of uint8, shape (h, w, 3), or what `mangastyle.load` returns
            Of a file with transparency, only what is opaque counts.

        Returns
        -------
        Hint

        Examples
        --------
        >>> bool(Hint.from_picture(np.full((16, 16, 3), 90, np.uint8)).mask.all())
        True
        """
        if not isinstance(picture, Picture):
            return cls(picture)
        rgb, alpha = picture
        if alpha is None:
            return cls(rgb)
        if check_picture(alpha, "alpha", gray=True).shape != check_picture(rgb, "picture").shape[:2]:
            raise MangastyleError(f"`picture`: its alpha must be uint8 (h, w) of its {rgb.shape[:2]}, not {alpha.shape}")
        # Undo the compositing on white, or soft brush edges would turn pale.
        straight = np.empty_like(rgb)
        for rows in strips(*rgb.shape[:2]):
            share = alpha[rows, :, None].astype(np.float32) / 255
            straight[rows] = pixels.to_uint8((rgb[rows] - 255 * (1 - share)) / np.maximum(share, 1e-6))
        return cls(straight, alpha)

    @classmethod
    def from_palette(cls, palette: Palette, base: np.ndarray) -> Hint:
        """A first coloring in a palette's colors.

        The main colors of `base` are moved to the palette by optimal transport in CIELAB (POT's exact solver): what covers much
        takes a color that the palette has much of, and light stays light. Each takes the palette color that most of it moves to.

        Parameters
        ----------
        palette : Palette
            See `palette` and `main_colors`.
        base : ndarray of uint8, shape (h, w, 3)
            A coloring of the picture, as of `Shader` without a hint; its colors do not matter, their arrangement does.

        Returns
        -------
        Hint

        References
        ----------
        Earth mover's distance between color signatures: Rubner, Tomasi, Guibas, "The earth mover's distance as a metric for image
        retrieval" (2000).

        Examples
        --------
        >>> base = np.zeros((32, 32, 3), np.uint8)
        >>> base[:16] = 200
        >>> hint = Hint.from_palette(palette("#ffeecc", "navy"), base)
        >>> hint.rgb[2, 2].tolist(), hint.rgb[-3, 2].tolist()
        ([255, 238, 204], [0, 0, 128])
        """
        import ot  # here, because it loads every framework that it finds, PyTorch among them

        check_picture(base, "base")
        own = main_colors(base)
        cost = ot.dist(*(rgb_to_lab(found.colors[None])[0].astype(np.float64) for found in (own, palette)))
        plan = ot.emd(own.shares / own.shares.sum(), palette.shares, cost)  # (k, palette)
        target = palette.colors[plan.argmax(1)]
        nearest = np.argmin(ot.dist(base.reshape(-1, 3).astype(np.float64), own.colors), 1)
        recolored = target[nearest].reshape(base.shape).astype(np.float32)
        blur = max(1, round(PALETTE_BLUR * min(base.shape[:2])))
        return cls(pixels.to_uint8(cv2.blur(recolored, (blur, blur))))


def _check_shape(shape: Any) -> tuple[int, int]:
    """The height and width of a picture's shape; `MangastyleError` if it is none, or none that there is memory for."""
    try:
        height, width, *channels = shape
        height, width = operator.index(height), operator.index(width)
    except (TypeError, ValueError):
        height, width, channels = 0, 0, []
    if not (height > 0 and width > 0 and channels in ([], [3])):
        raise MangastyleError(f"`shape`: must be (height, width) or (height, width, 3) of the picture, not {strokes.shown(shape)}")
    if height * width > MAX_PIXELS:
        raise MangastyleError(f"`shape`: {width}x{height} pixels is over the limit of {MAX_PIXELS / 1e6:g} megapixels")
    return height, width


class HintSource(Protocol):
    """Anything that gives a hint for a picture: a stored palette, a memory of characters, a user's click.

    Examples
    --------
    >>> def skin(picture: np.ndarray) -> Hint:
    ...     return Hint.from_points([(picture.shape[1] // 2, picture.shape[0] // 3, "#ffcc99")], picture.shape)
    >>> skin(np.full((30, 40, 3), 255, np.uint8)).mask[10, 20].item()
    1.0
    """

    def __call__(self, picture: np.ndarray, /) -> Hint:
        """The hint for a picture, uint8 (h, w, 3)."""
        ...


def resolve_hint(hint: Hint | HintSource | None, picture: np.ndarray) -> Hint | None:
    """The hint itself, or the one that its source gives for a picture.

    Parameters
    ----------
    hint : Hint, HintSource or None
    picture : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    Hint or None

    Raises
    ------
    MangastyleError
        If it is no hint, or its source gives none.

    Examples
    --------
    >>> picture = np.full((16, 16, 3), 90, np.uint8)
    >>> resolve_hint(Hint.from_picture, picture).rgb[0, 0].tolist()
    [90, 90, 90]
    """
    found = hint(picture) if callable(hint) else hint
    if found is not None and not isinstance(found, Hint):
        raise MangastyleError(f"`hint`: must be a Hint, or a function from a picture to one, not {type(found).__name__}")
    return found


class Palette(NamedTuple):
    """Colors float64 (k, 3) in 0..255, and the share of each, float64 (k,), with the sum 1."""

    colors: np.ndarray
    shares: np.ndarray


def palette(*entries: Color | np.ndarray) -> Palette:
    """A palette of colors and of pictures' main colors.

    Parameters
    ----------
    *entries : str, sequence of numbers, or ndarray of uint8, shape (h, w, 3)
        A color as `colors.parse` takes it, which counts by its alpha; or a picture for its 8 main colors. All count alike.

    Returns
    -------
    Palette

    Raises
    ------
    MangastyleError
        For an entry that is none of these, or if there is none.

    Examples
    --------
    >>> palette("navy", (255, 204, 153)).colors.tolist()
    [[0.0, 0.0, 128.0], [255.0, 204.0, 153.0]]
    """
    if not entries:
        raise MangastyleError("`palette`: must name a color at least")
    parts = []
    for entry in entries:
        if isinstance(entry, np.ndarray) and entry.ndim > 1:
            parts.append(main_colors(entry))
        else:
            try:
                *levels, alpha = colors.parse(entry)
            except MangastyleError as error:
                raise MangastyleError(f"`palette`: {error}, or name a picture") from error
            if not alpha:
                raise MangastyleError(f"`palette`: {entry!r} is fully transparent; give a color that can be seen")
            parts.append(Palette(np.array([levels], np.float64), np.array([alpha])))
    shares = np.concatenate([part.shares for part in parts])
    return Palette(np.concatenate([part.colors for part in parts]), shares / shares.sum())


def main_colors(picture: np.ndarray) -> Palette:
    """The 8 main colors of a picture, by k-means.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    Palette
        With fewer colors if the picture has fewer.

    Examples
    --------
    >>> main_colors(np.full((16, 16, 3), 90, np.uint8)).colors.tolist()
    [[90.0, 90.0, 90.0]]
    """
    check_picture(picture, "picture")
    points = pixels.resize(picture, KMEANS_SIDE, KMEANS_SIDE).reshape(-1, 3).astype(np.float32)
    count = min(PALETTE_COLORS, len(np.unique(points, axis=0)))
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.5)
    _, labels, centers = cv2.kmeans(points, count, None, stop, 3, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return Palette(centers.astype(np.float64), np.bincount(labels[:, 0], minlength=count) / len(points))
