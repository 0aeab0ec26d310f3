"""Any of Pillow's modes to 8-bit RGB on white, its opacity aside: in strips, so that a large picture is never there three times."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from PIL import Image, ImageCms

from mangastyle.errors import MangastyleError
from mangastyle.io.decoding import profiles
from mangastyle.io.decoding.levels import from_float, from_uint16
from mangastyle.io.strips import strips

GRAY = ("1", "L", "LA", "La", "F")
SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N")
TURNS = {2: np.s_[:, ::-1], 3: np.s_[::-1, ::-1], 4: np.s_[::-1], 6: np.s_[::-1], 7: np.s_[::-1, ::-1], 8: np.s_[:, ::-1]}


def to_rgb(image: Image.Image, profile: bytes | None, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The pixels of a decoded picture.

    Parameters
    ----------
    image : Image
        The picture, in any mode. Opacity that its mode does not hold may be in ``info["opacity"]``, uint8 (h, w).
    profile : bytes or None
        Its ICC profile; colors become sRGB by it.
    name : str
        What error messages and remarks call the file.

    Returns
    -------
    rgb : ndarray of uint8, shape (h, w, 3)
        On white where the picture is transparent.
    alpha : ndarray of uint8, shape (h, w), or None
        Its opacity; None if the picture has none.

    Raises
    ------
    MangastyleError
        If its numbers have no meaning that can be relied on; it names the mode.

    Examples
    --------
    >>> to_rgb(Image.new("LA", (1, 1), (0, 51)), None, "a.png")[0].tolist()
    [[[204, 204, 204]]]
    """
    if image.mode == "F":
        image = Image.fromarray(from_float(np.asarray(image), name))
    gray = image.mode in GRAY or image.mode in SIXTEEN or image.mode == "I"
    space = "L" if gray else image.mode if image.mode in ("CMYK", "LAB") else "RGB"
    transform = profiles.transform_of(profile, space, name) if profile is not None else None
    if transform is None and space == "LAB":
        transform = _from_lab()
    curve = _curve(transform) if transform and gray else None
    rgb, alpha = np.empty((image.height, image.width, 3), np.uint8), None
    whole = image.info.get("opacity")
    for rows in strips(image.height, image.width):
        strip = image if rows == slice(0, image.height) else image.crop((0, rows.start, image.width, rows.stop))
        colors, opacity = _levels(strip, name) if gray else _colors(strip, None if gray else transform)
        if gray:
            colors = cv2.cvtColor(colors, cv2.COLOR_GRAY2RGB) if curve is None else curve[colors]
        opacity = opacity if whole is None else whole[rows]
        if opacity is not None:
            alpha = np.empty(rgb.shape[:2], np.uint8) if alpha is None else alpha
            alpha[rows] = opacity
            colors = _composite(colors, opacity)
        rgb[rows] = colors
    return rgb, alpha


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """A picture turned upright.

    Parameters
    ----------
    pixels : ndarray, shape (h, w, ...)
        As stored.
    orientation : int
        1 to 8, as EXIF's tag 274 has it.

    Returns
    -------
    ndarray
        The same array if it is upright already.

    Examples
    --------
    >>> turned(np.array([[1, 2, 3], [4, 5, 6]]), 6).tolist()  # its first row is the right side
    [[4, 1], [5, 2], [6, 3]]
    """
    if orientation == 1:
        return pixels
    if orientation in TURNS:
        pixels = pixels[TURNS[orientation]]
    return np.ascontiguousarray(pixels.swapaxes(0, 1) if orientation >= 5 else pixels)


def on_white(rgba: np.ndarray) -> np.ndarray:
    """Composite a transparent picture on white paper.

    Parameters
    ----------
    rgba : ndarray of uint8, shape (h, w, 4)
        The picture, its last channel opacity.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        Its colors on white, rounded.

    Examples
    --------
    >>> on_white(np.uint8([[[255, 0, 0, 255], [255, 0, 0, 51], [255, 0, 0, 0]]])).tolist()
    [[[255, 0, 0], [255, 204, 204], [255, 255, 255]]]
    """
    return _composite(rgba[..., :3], rgba[..., 3])


def _composite(colors: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Colors, (h, w, 3), on white."""
    opacity = cv2.merge([opacity] * 3).astype(np.uint16)
    sums = colors * opacity
    sums -= opacity * np.uint16(255)  # modulo 65536, as are the next steps; the result is not below zero
    sums += np.uint16(255 * 255 + 127 + 1)
    sums += sums >> 8  # the quotient by 255, exactly, without division
    return (sums >> 8).astype(np.uint8)


def _levels(strip: Image.Image, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Gray levels and opacity."""
    if strip.mode in SIXTEEN:
        return from_uint16(np.asarray(strip)), None
    if strip.mode == "I":
        raise MangastyleError(f"{name}: 32-bit integers, whose white is not known, cannot be read; save it with 8 or 16 bits")
    if strip.mode in ("LA", "La"):
        levels = np.asarray(strip.convert("LA"))
        return np.ascontiguousarray(levels[..., 0]), levels[..., 1]
    return np.asarray(strip.convert("L") if strip.mode == "1" else strip), None


def _colors(strip: Image.Image, transform: ImageCms.ImageCmsTransform | None) -> tuple[np.ndarray, np.ndarray | None]:
    """RGB and opacity."""
    if strip.mode in ("CMYK", "LAB"):
        return np.asarray(transform.apply(strip) if transform else strip.convert("RGB")), None
    opacity = None
    if strip.has_transparency_data:
        strip = strip.convert("RGBA")
        opacity = np.asarray(strip.getchannel("A"))
    strip = strip.convert("RGB") if strip.mode != "RGB" else strip
    return np.asarray(transform.apply(strip) if transform else strip), opacity


def _curve(transform: ImageCms.ImageCmsTransform) -> np.ndarray:
    """The colors, uint8 (256, 3), of all gray levels."""
    return np.asarray(transform.apply(Image.fromarray(np.arange(256, dtype=np.uint8)[None])))[0]


@functools.cache
def _from_lab() -> ImageCms.ImageCmsTransform:
    lab, srgb = (ImageCms.createProfile(space) for space in ("LAB", "sRGB"))
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)
