"""The pixel contract: the one place where pictures are read, checked and written.

Everywhere in mangastyle a picture is RGB, channels last: uint8 in 0..255 at the edges, float32 in [-1, 1] inside the shading
networks. Line art has one channel, ink 0 on paper 255. Alpha is composited on white and kept beside the picture. Files are turned
upright (EXIF) and their colors are sRGB (an embedded ICC profile is applied); `io.decoding` reads them, by Pillow; OpenCV resizes.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from mangastyle.errors import MangastyleError, check_integer
from mangastyle.io.decoding import reader
from mangastyle.io.decoding.reader import max_bytes as max_bytes
from mangastyle.io.decoding.reader import too_large as too_large
from mangastyle.io.decoding.to_rgb import on_white as on_white
from mangastyle.io.files import atomic, open_file, refuse_existing, refuse_unwritable
from mangastyle.io.formats import BY_SUFFIX, WRITABLE

MIN_SIDE = 8
MAX_PIXELS = 100_000_000

# Pillow's own limit would warn at 89 megapixels; ours is checked before decoding, below.
Image.MAX_IMAGE_PIXELS = None
# Pictures of some hundred megabytes go back to the system when they are freed; in Pillow's usual blocks they would stay with each thread.
Image.core.set_block_size(2**26)


class Picture(NamedTuple):
    """A decoded picture.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
        Its pixels, composited on white where the file has transparency.
    alpha : ndarray of uint8, shape (h, w), or None
        Its opacity; None if the file is opaque.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None


def check_picture(picture: Any, name: str, gray: bool = False, min_side: int = 1) -> np.ndarray:
    """Check that an argument is a picture.

    Parameters
    ----------
    picture : object
        What the caller gave.
    name : str
        The argument's name, for the error message.
    gray : bool
        Whether one channel, (h, w), is right, too.
    min_side : int
        The least height and width, in pixels.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3), or (h, w) with `gray`
        The picture, unchanged, without a subclass of its own.

    Raises
    ------
    MangastyleError
        For another type, dtype or shape, and for a picture that is too small or empty; it names what is wanted and what came.

    Examples
    --------
    >>> check_picture(np.zeros((64, 48, 3), np.uint8), "content").shape
    (64, 48, 3)
    >>> check_picture(np.zeros((64, 64), np.float32), "content")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `content`: must be uint8 (h, w, 3), not float32 (64, 64)
    """
    wanted = "uint8 (h, w, 3) or (h, w)" if gray else "uint8 (h, w, 3)"
    if not isinstance(picture, np.ndarray) or isinstance(picture, np.ma.MaskedArray):  # whose masked pixels would count
        raise MangastyleError(f"`{name}`: must be an array {wanted}, not {type(picture).__name__}")
    right = picture.dtype == np.uint8 and (picture.ndim == 3 and picture.shape[2] == 3 or gray and picture.ndim == 2)
    if not right or picture.size == 0:
        raise MangastyleError(f"`{name}`: must be {wanted}, not {picture.dtype} {picture.shape}")
    if min(picture.shape[:2]) < min_side:
        raise MangastyleError(f"`{name}`: must be at least {min_side} pixels high and wide, not {picture.shape[0]}x{picture.shape[1]}")
    return np.asarray(picture)


def load(path: str | Path, max_pixels: int = MAX_PIXELS, min_side: int = MIN_SIDE) -> Picture:
    """Read a picture file: anything sound becomes uint8 RGB, upright, in sRGB, on white.

    Of several pictures in a file (an animation, pages), the first is read. Numbers are read as what they are, or refused: 16 bits are
    rounded to 8, gray with white as zero is inverted, multiplied colors are divided by their opacity, inks (CMYK) and Lab are converted.
    CMYK in a JPEG is inverted, as in every one that is met (browsers and OpenCV read them so), with Adobe's marker or without.
    An embedded ICC profile is applied; a damaged one is ignored with a remark. PNG's gAMA and cHRM are ignored, for most are wrong.
    Display P3 that is named by numbers (PNG's cICP, AVIF's nclx) is applied, too; another space so named is taken as sRGB with a remark.
    What is damaged around the pixels does not matter; where pixels are missing, nothing is made up.

    Parameters
    ----------
    path : str or Path
        The file.
    max_pixels : int
        The largest height times width; checked before any pixel is decoded.
    min_side : int
        The least height and width, in pixels.

    Returns
    -------
    Picture
        ``rgb``, uint8 (h, w, 3), and ``alpha``, uint8 (h, w) or None.

    Raises
    ------
    MangastyleError
        If the file is missing, empty, truncated, not a picture, too small or too large; it names the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(Path(folder) / "red.png", np.full((20, 30, 3), (255, 0, 0), np.uint8))
    ...     picture = load(path)
    >>> picture.rgb.shape, picture.rgb[0, 0].tolist(), picture.alpha
    ((20, 30, 3), [255, 0, 0], None)
    """
    _check_limits(max_pixels, min_side)
    with open_file(_checked_path(path)) as file:
        return Picture(*reader.read(file, str(path), max_pixels, min_side))


def size_of(path: str | Path, max_pixels: int = MAX_PIXELS, min_side: int = MIN_SIDE) -> tuple[int, int]:
    """The size that `load` would give a picture, by the file's header: no pixel is decoded.

    Parameters
    ----------
    path, max_pixels, min_side
        As for `load`.

    Returns
    -------
    height, width : int
        In pixels.

    Raises
    ------
    MangastyleError
        As from `load`, for what can be known before pixels are decoded.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size_of(save(Path(folder) / "red.png", np.full((20, 30, 3), (255, 0, 0), np.uint8)))
    (20, 30)
    """
    _check_limits(max_pixels, min_side)
    with open_file(_checked_path(path)) as file:
        return reader.read_size(file, str(path), max_pixels, min_side)


def decode(data: bytes, name: str, max_pixels: int = MAX_PIXELS, min_side: int = MIN_SIDE) -> Picture:
    """Decode the bytes of a picture file, as `load` does.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        What error messages call it.
    max_pixels, min_side : int
        As for `load`.

    Returns
    -------
    Picture
        As from `load`.

    Raises
    ------
    MangastyleError
        As from `load`.

    Examples
    --------
    >>> decode(b"Dear diary", "diary.png")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: diary.png: not a picture this program can read; save it as PNG or JPEG
    """
    _check_limits(max_pixels, min_side)
    return Picture(*reader.read(io.BytesIO(data), name, max_pixels, min_side))


def save(path: str | Path, rgb: np.ndarray, alpha: np.ndarray | None = None, force: bool = False) -> Path:
    """Write a picture in the format that the suffix names; atomic, never overwrites unasked.

    Parameters
    ----------
    path : str or Path
        The file; missing folders are created.
    rgb : ndarray of uint8, shape (h, w, 3) or (h, w)
        The picture.
    alpha : ndarray of uint8, shape (h, w), or None
        Its opacity; kept where the format can hold it (PNG, WebP, TIFF), left out elsewhere.
    force : bool
        Whether a file that exists may be overwritten.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MangastyleError
        For an array that is no picture, a suffix that is no format, a file that exists, or a disk that refuses.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Path(folder) / "line.png", np.full((20, 30), 255, np.uint8)).name
    'line.png'
    """
    path = _checked_path(path)
    rgb = check_picture(rgb, "rgb", gray=True)
    if alpha is not None and (check_picture(alpha, "alpha", gray=True).shape != rgb.shape[:2]):
        raise MangastyleError(f"`alpha`: must be uint8 (h, w) of the picture's size, not {alpha.shape}")
    check_writable(path, force)
    image = Image.fromarray(np.ascontiguousarray(rgb))
    form = BY_SUFFIX[path.suffix.lower()]
    if alpha is not None and form.alpha:
        image = image.convert("RGB")
        image.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    with atomic(path, force) as temporary:
        try:
            image.save(temporary, form.decoder, **form.encoding)
        except ValueError as error:  # such as WebP's limit of 16383 pixels a side
            raise MangastyleError(f"{path}: cannot write this format ({error}); choose another") from error
    return path


def check_writable(path: Path, force: bool) -> None:
    """Fail early, before long work, where `save` could not write.

    Parameters
    ----------
    path : Path
        The file to be written.
    force : bool
        Whether it may be overwritten.

    Raises
    ------
    MangastyleError
        For a suffix that is no format, a file that exists, or a folder that cannot be written in.

    Examples
    --------
    >>> check_writable(Path("picture.xcf"), force=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: picture.xcf: cannot write this format; end the name in one of .png .apng .jpg .jpeg .jpe .jfif ...
    """
    if path.suffix.lower() not in WRITABLE:
        raise MangastyleError(f"{path}: cannot write this format; end the name in one of {' '.join(WRITABLE)}")
    refuse_existing(path, force)
    refuse_unwritable(path)


def _checked_path(path: Any) -> Path:
    """A file's name, if an argument is one."""
    try:
        name = os.fspath(path)
        wrong = not isinstance(name, str) or b"\0" in os.fsencode(name)
    except (TypeError, UnicodeEncodeError):
        wrong = True
    if wrong:
        raise MangastyleError(f"`path`: must be the name of a file (str or Path), not {path!r}")
    return Path(path)


def _check_limits(max_pixels: Any, min_side: Any) -> None:
    check_integer("max_pixels", max_pixels, 1, sys.maxsize)
    check_integer("min_side", min_side, 1, sys.maxsize)
