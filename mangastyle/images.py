"""The pixel contract: the one place where pictures are read, converted and written.

Everywhere in mangastyle a picture is RGB, channels last: uint8 in 0..255 at the edges,
float32 in [-1, 1] inside the shading networks. Line art has one channel, ink 0 on paper 255.
Alpha is composited on white and kept beside the picture. Pillow decodes (it applies EXIF
orientation and knows every format and mode we meet); OpenCV resizes.
"""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from mangastyle.errors import MangastyleError
from mangastyle.files import atomic, refuse_existing, refuse_unwritable

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
WRITABLE = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
MIN_SIDE = 8
MAX_PIXELS = 100_000_000

# Pillow's own limit would warn at 89 megapixels; ours is checked before decoding, below.
Image.MAX_IMAGE_PIXELS = None


class Picture(NamedTuple):
    """A decoded picture.

    rgb : uint8 (h, w, 3), composited on white where the file has transparency.
    alpha : uint8 (h, w), or None if the file is opaque.
    """

    rgb: np.ndarray
    alpha: np.ndarray | None


def load(path: str | Path, max_pixels: int = MAX_PIXELS, min_side: int = MIN_SIDE) -> Picture:
    """Read a picture file: any mode Pillow knows becomes uint8 RGB, turned upright, on white.

    Raises `MangastyleError`, naming the file, if it is missing, empty, truncated, not a picture,
    with a side shorter than `min_side`, or larger than `max_pixels` (checked before any pixel is decoded).
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
    """Like `load`, for the bytes of a picture; `name` is what error messages call it."""
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
                        "make it smaller, or raise --max-megapixels"
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
    if image.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        grey = np.asarray(image, np.float64)
        top = 65535.0 if image.mode != "F" or grey.max() > 255 else (255.0 if grey.max() > 1 else 1.0)
        grey = np.clip(grey * (255.0 / top) + 0.5, 0, 255).astype(np.uint8)
        return Picture(np.repeat(grey[..., None], 3, axis=2), None)
    if not image.has_transparency_data:
        return Picture(np.array(image.convert("RGB")), None)
    rgba = np.asarray(image.convert("RGBA"))
    alpha = np.ascontiguousarray(rgba[..., 3])
    return Picture(on_white(rgba), alpha)


def on_white(rgba: np.ndarray) -> np.ndarray:
    """Composite uint8 (h, w, 4) on white paper: uint8 (h, w, 3)."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def save(path: str | Path, rgb: np.ndarray, alpha: np.ndarray | None = None, force: bool = False) -> Path:
    """Write uint8 (h, w, 3) or (h, w) as the format the suffix names; atomic, never overwrites unasked.

    `alpha`, uint8 (h, w), is kept where the format can (PNG, WebP, TIFF) and left out where it cannot.
    """
    path = Path(path)
    check_writable(path, force)
    image = Image.fromarray(np.ascontiguousarray(rgb))
    suffix = path.suffix.lower()
    if alpha is not None and suffix in (".png", ".webp", ".tif", ".tiff"):
        image = image.convert("RGB")
        image.putalpha(Image.fromarray(np.ascontiguousarray(alpha)))
    options = {".jpg": {"quality": 95}, ".jpeg": {"quality": 95}, ".webp": {"lossless": True}}.get(suffix, {})
    with atomic(path, force) as temporary:
        try:
            image.save(temporary, **options)
        except ValueError as error:  # such as WebP's limit of 16383 pixels a side
            raise MangastyleError(f"{path}: cannot write this format ({error}); choose another") from error
    return path


def check_writable(path: Path, force: bool) -> None:
    """Fail early, before long work, if `save` could not write `path`: wrong suffix, already there, or no such place."""
    if path.suffix.lower() not in WRITABLE:
        raise MangastyleError(f"{path}: cannot write this format; end the name in one of {' '.join(WRITABLE)}")
    refuse_existing(path, force)
    refuse_unwritable(path)


def find(folder: str | Path, skip: Path | None = None) -> list[Path]:
    """All pictures under `folder`, recursively, sorted, but for those under `skip`; `MangastyleError` if there is none."""
    folder = Path(folder)
    named = (p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    found = sorted(p for p in named if not p.is_dir() and not (skip and p.parent.resolve().is_relative_to(skip.resolve())))
    if not found:
        raise MangastyleError(f"{folder}: no picture in this folder (looked for {' '.join(SUFFIXES)})")
    return found


def resize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize uint8 (h, w[, 3]); area averaging on the way down, cubic on the way up."""
    if picture.shape[:2] == (height, width):
        return picture
    down = height * width < picture.shape[0] * picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if down else cv2.INTER_CUBIC)


def fit_short_side(height: int, width: int, side: int) -> tuple[int, int]:
    """The (height, width) that keeps the shape of the picture and has a short side of `side` pixels."""
    scale = side / min(height, width)
    return max(side, round(height * scale)), max(side, round(width * scale))


def crop_square(picture: np.ndarray) -> np.ndarray:
    """The paper's crop (section 3): the top square of a portrait, the centre of a landscape."""
    height, width = picture.shape[:2]
    side = min(height, width)
    left = (width - side) // 2
    return picture[:side, left : left + side]


def to_float(picture: np.ndarray) -> np.ndarray:
    """uint8 0..255 to float32 [-1, 1]."""
    return picture.astype(np.float32) / np.float32(127.5) - np.float32(1)


def to_uint8(picture: np.ndarray) -> np.ndarray:
    """float [-1, 1] to uint8 0..255, rounded; inverse of `to_float`."""
    return np.clip(np.rint((np.asarray(picture, np.float32) + 1) * 127.5), 0, 255).astype(np.uint8)


def grid(pictures: list[np.ndarray], columns: int, gap: int = 0) -> np.ndarray:
    """Lay equal uint8 (h, w, 3) pictures out in rows of `columns` on white paper."""
    height, width = pictures[0].shape[:2]
    rows = math.ceil(len(pictures) / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        y, x = divmod(i, columns)
        y, x = y * (height + gap), x * (width + gap)
        sheet[y : y + height, x : x + width] = picture if picture.ndim == 3 else picture[..., None]
    return sheet


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """A uint8 (h, w, 3) picture on white paper with a line of text below it: a tile for a sheet."""
    height, width = picture.shape[:2]
    margin, caption = max(6, height // 40), max(14, height // 14)
    tile = Image.new("RGB", (width + margin, height + caption + margin), "white")
    tile.paste(Image.fromarray(picture), (margin // 2, margin // 2))
    font = ImageFont.load_default(size=max(10, caption * 2 // 3))
    middle = (tile.width // 2, height + margin // 2 + caption // 2)
    ImageDraw.Draw(tile).text(middle, text, fill="black", font=font, anchor="mm")
    return np.asarray(tile)
