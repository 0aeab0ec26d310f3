"""The pixel contract: the one place where pictures are read, checked and written.

Everywhere in mangastyle a picture is RGB, channels last: uint8 in 0..255 at the edges, float32 in [-1, 1] inside the shading
networks. Line art has one channel, ink 0 on paper 255. Alpha is composited on white and kept beside the picture. Pillow decodes
(it applies EXIF orientation and reads every format and mode that users have); OpenCV resizes.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from mangastyle.errors import MangastyleError
from mangastyle.io.files import atomic, refuse_existing, refuse_unwritable

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
WRITABLE = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
WITH_ALPHA = (".png", ".webp", ".tif", ".tiff")
ENCODING: dict[str, dict[str, Any]] = {".jpg": {"quality": 95}, ".jpeg": {"quality": 95}, ".webp": {"lossless": True}}
MIN_SIDE = 8
MAX_PIXELS = 100_000_000

# Pillow's own limit would warn at 89 megapixels; ours is checked before decoding, below.
Image.MAX_IMAGE_PIXELS = None


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
        The picture, unchanged.

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
    if not isinstance(picture, np.ndarray):
        raise MangastyleError(f"`{name}`: must be an array {wanted}, not {type(picture).__name__}")
    right = picture.dtype == np.uint8 and (picture.ndim == 3 and picture.shape[2] == 3 or gray and picture.ndim == 2)
    if not right or picture.size == 0:
        raise MangastyleError(f"`{name}`: must be {wanted}, not {picture.dtype} {picture.shape}")
    if min(picture.shape[:2]) < min_side:
        raise MangastyleError(f"`{name}`: must be at least {min_side} pixels high and wide, not {picture.shape[0]}x{picture.shape[1]}")
    return picture


def load(path: str | Path, max_pixels: int = MAX_PIXELS, min_side: int = MIN_SIDE) -> Picture:
    """Read a picture file: any mode that Pillow reads becomes uint8 RGB, turned upright, on white.

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
    path = Path(path)
    try:
        data = path.read_bytes()
    except IsADirectoryError as error:
        raise MangastyleError(f"{path}: is a folder, not a picture") from error
    except OSError as error:
        raise MangastyleError(f"{path}: cannot read this file ({error.strerror})") from error
    return decode(data, str(path), max_pixels, min_side)


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
    mangastyle.errors.MangastyleError: diary.png: not a picture this program can read
    """
    if not data:
        raise MangastyleError(f"{name}: the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd EXIF or palettes; errors still raise
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise MangastyleError(
                        f"{name}: {width}x{height} pixels is over the limit of {max_pixels / 1e6:g} megapixels; "
                        "make it smaller, or raise `max_pixels`"
                    )
                if min(width, height) < min_side:
                    raise MangastyleError(f"{name}: {width}x{height} pixels is too small; the least is {min_side}x{min_side}")
                image.load()
                return _to_rgb(ImageOps.exif_transpose(image))
    except MangastyleError:
        raise
    except Exception as error:  # decoders raise OSError, ValueError, SyntaxError, struct.error, EOFError ...
        reason = "not a picture this program can read" if "cannot identify" in str(error) else f"damaged ({error})"
        raise MangastyleError(f"{name}: {reason}") from error


def _to_rgb(image: Image.Image) -> Picture:
    """Any of Pillow's modes to uint8 RGB on white."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        gray = np.asarray(image, np.float64)
        top = 65535.0 if image.mode != "F" or gray.max() > 255 else (255.0 if gray.max() > 1 else 1.0)
        gray = np.clip(gray * (255.0 / top) + 0.5, 0, 255).astype(np.uint8)
        return Picture(np.repeat(gray[..., None], 3, axis=2), None)
    if not image.has_transparency_data:
        return Picture(np.array(image.convert("RGB")), None)
    rgba = np.asarray(image.convert("RGBA"))
    alpha = np.ascontiguousarray(rgba[..., 3])
    return Picture(on_white(rgba), alpha)


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
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


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
    path = Path(path)
    check_picture(rgb, "rgb", gray=True)
    check_writable(path, force)
    image = Image.fromarray(np.ascontiguousarray(rgb))
    suffix = path.suffix.lower()
    if alpha is not None and suffix in WITH_ALPHA:
        image = image.convert("RGB")
        image.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    with atomic(path, force) as temporary:
        try:
            image.save(temporary, **ENCODING.get(suffix, {}))
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
    >>> check_writable(Path("picture.xcf"), force=False)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: picture.xcf: cannot write this format; end the name in one of .png .jpg .jpeg .webp .bmp .tif .tiff
    """
    if path.suffix.lower() not in WRITABLE:
        raise MangastyleError(f"{path}: cannot write this format; end the name in one of {' '.join(WRITABLE)}")
    refuse_existing(path, force)
    refuse_unwritable(path)


def find(folder: str | Path, skip: Path | None = None) -> list[Path]:
    """All pictures in a folder and in the folders within it.

    Parameters
    ----------
    folder : str or Path
        Where to look.
    skip : Path or None
        A folder within it that is left out.

    Returns
    -------
    list of Path
        The files that have a picture's suffix, sorted; hidden ones are left out.

    Raises
    ------
    MangastyleError
        If there is none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.png", "a.JPG", "notes.txt"):
    ...         _ = (Path(folder) / name).write_bytes(b"")
    ...     [path.name for path in find(folder)]
    ['a.JPG', 'b.png']
    """
    folder = Path(folder)
    named = (p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    found = sorted(p for p in named if not p.is_dir() and not (skip and p.parent.resolve().is_relative_to(skip.resolve())))
    if not found:
        raise MangastyleError(f"{folder}: no picture in this folder (looked for {' '.join(SUFFIXES)})")
    return found
