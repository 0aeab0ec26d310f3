"""Decode a picture from an open file: limits first, then the pixels of its first picture, and their colors."""

from __future__ import annotations

import contextlib
import logging
import warnings
from typing import BinaryIO, Iterator

import numpy as np
from PIL import BmpImagePlugin, Image, UnidentifiedImageError

from mangastyle.errors import MangastyleError
from mangastyle.io.decoding import avif, jpeg, png, unread, webp
from mangastyle.io.decoding.opened import Opened, damaged, orientation, spliced
from mangastyle.io.decoding.profiles import MOST_PROFILE
from mangastyle.io.decoding.tiff import open_tiff
from mangastyle.io.decoding.to_rgb import to_rgb, turned
from mangastyle.io.formats import BY_DECODER, DECODERS

for library in ("PIL", "tifffile"):  # what is wrong with a file is said by our errors, not by remarks of theirs on standard error
    logging.getLogger(library).addHandler(logging.NullHandler())

MEMORY = 14  # bytes that decoding may take for each pixel of the limit; 1.4 GB at 100 megapixels
SLOW_PIXELS = 8_000_000  # the most for what Pillow decodes in Python, at half a megapixel a second
ICON = b"\0\0\1\0"

log = logging.getLogger("mangastyle")


def max_bytes(max_pixels: int) -> int:
    """The size of the largest file that can be a picture within a limit: 16-bit RGB without compression, and 32 MB beside.

    Parameters
    ----------
    max_pixels : int
        The limit of height times width.

    Returns
    -------
    int
        The size in bytes.

    Examples
    --------
    >>> max_bytes(100_000_000)
    632000000
    """
    return 6 * max_pixels + 32_000_000


def too_large(size: int, max_pixels: int) -> str:
    """Why a file of this size cannot be a picture; empty if it can be.

    Examples
    --------
    >>> too_large(3_000_000_000, 1_000_000)
    '3000 MB is over the limit of 38 MB for 1 megapixels; make it smaller, or raise `max_pixels`'
    >>> too_large(3_000_000, 1_000_000)
    ''
    """
    most = max_bytes(max_pixels)
    if size <= most:
        return ""
    limit = f"the limit of {most / 1e6:.0f} MB for {max_pixels / 1e6:g} megapixels"
    return f"{size / 1e6:.0f} MB is over {limit}; make it smaller, or raise `max_pixels`"


def read(file: BinaryIO, name: str, max_pixels: int, min_side: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Decode a picture file.

    Parameters
    ----------
    file : binary file
        The whole file, open for reading; it is not read as a whole where that is not needed.
    name : str
        What error messages call it.
    max_pixels : int
        The largest height times width; checked, as is the file's size, before any pixel is decoded.
    min_side : int
        The least height and width, in pixels.

    Returns
    -------
    rgb : ndarray of uint8, shape (h, w, 3)
    alpha : ndarray of uint8, shape (h, w), or None

    Raises
    ------
    MangastyleError
        If it is empty, damaged, no picture, too small or too large, or if its numbers have no known meaning; it names the file.
    """
    with _plain_errors(file, name):
        opened = _open_within_limits(file, name, max_pixels, min_side)
        image = opened.load()
        turn, profile = opened.orientation, opened.profile
        del opened  # decoders keep pixels of their own
        rgb, alpha = to_rgb(image, profile, name)
    del image
    return turned(rgb, turn), alpha if alpha is None else turned(alpha, turn)


def read_size(file: BinaryIO, name: str, max_pixels: int, min_side: int) -> tuple[int, int]:
    """Height and width that `read` would give, by the file's header alone.

    Parameters
    ----------
    file, name, max_pixels, min_side
        As for `read`.

    Returns
    -------
    height, width : int
        Of the upright picture.

    Raises
    ------
    MangastyleError
        As from `read`, for what can be known before pixels are decoded.
    """
    with _plain_errors(file, name):
        opened = _open_within_limits(file, name, max_pixels, min_side)
    return (opened.width, opened.height) if opened.orientation >= 5 else (opened.height, opened.width)


@contextlib.contextmanager
def _plain_errors(file: BinaryIO, name: str) -> Iterator[None]:
    """What decoders raise, as `MangastyleError`; what they remark is not shown."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd tags or palettes; errors still raise
            yield
    except MangastyleError:
        raise
    except UnidentifiedImageError as error:
        file.seek(0)
        raise unread.error(file.read(unread.HEAD), name) from error
    except MemoryError as error:
        raise MangastyleError(f"{name}: there is not enough memory to decode it; make it smaller") from error
    except Exception as error:  # decoders raise OSError, ValueError, SyntaxError, struct.error, EOFError ...
        log.debug("%s: the decoder says: %r", name, error)
        raise damaged(name, "its pixels cannot all be read") from error


def _open_within_limits(file: BinaryIO, name: str, max_pixels: int, min_side: int) -> Opened:
    """Read a file's header, and refuse what is too large or too small."""
    size = file.seek(0, 2)
    if not size:
        raise MangastyleError(f"{name}: the file is empty")
    if problem := too_large(size, max_pixels):
        raise MangastyleError(f"{name}: {problem}")
    opened = _open(file, size, name, max_pixels)
    _check_limits(opened, name, max_pixels, min_side)
    return opened


def _check_limits(opened: Opened, name: str, max_pixels: int, min_side: int) -> None:
    width, height = opened.width, opened.height
    if width * height > max_pixels:
        raise MangastyleError(
            f"{name}: {width}x{height} pixels is over the limit of {max_pixels / 1e6:g} megapixels; make it smaller, or raise `max_pixels`"
        )
    if min(width, height) < min_side:
        raise MangastyleError(f"{name}: {width}x{height} pixels is too small; the least is {min_side}x{min_side}")
    if width * height > SLOW_PIXELS and opened.slow:
        raise MangastyleError(
            f"{name}: {width}x{height} pixels of this kind are over its limit of {SLOW_PIXELS / 1e6:g} megapixels, "
            "for they are decoded slowly; save it as PNG"
        )
    if width * height > 1_000_000 and opened.memory * width * height > MEMORY * max_pixels:
        raise MangastyleError(
            f"{name}: {width}x{height} pixels of this kind take more memory than the limit of {max_pixels / 1e6:g} megapixels allows; "
            "make it smaller, save it as 8-bit PNG, or raise `max_pixels`"
        )


def _open(file: BinaryIO, size: int, name: str, max_pixels: int) -> Opened:
    """Read a file's header, by its kind."""
    file.seek(0)
    head = file.read(32)
    if head.startswith(png.SIGNATURE):
        return _open_png(file, size, name)
    if head.startswith(b"\xff\xd8\xff"):
        return _open_jpeg(file, size, name)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        found = webp.read_chunks(file, size, name)
        memory = BY_DECODER["WEBP"].memory
        load = lambda: _loaded(Image.open(found.file, formats=("WEBP",)))
        return Opened(found.width, found.height, load, found.profile, orientation(found.exif), memory)
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return open_tiff(file, size, name, max_pixels)
    if head.startswith(ICON):
        return _open_icon(file, size, name)
    file.seek(0)
    image = Image.open(file, formats=DECODERS)
    if image.format == "JPEG2000" and image.mode != "I;16" and (depth := _depth_of_jpeg2000(file, name)) > 8:
        raise MangastyleError(f"{name}: a JPEG 2000 with {depth} bits a channel cannot be read; save it with 8, or as PNG")
    return _by_pillow(image, head, avif.profile(file) if image.format == "AVIF" else None)


def _by_pillow(image: Image.Image, head: bytes, profile: bytes | None) -> Opened:
    """What Pillow has opened, and reads as it is."""

    def load() -> Image.Image:
        _loaded(image)
        if image.format == "TGA" and image.mode == "RGBA" and not head[17] & 15:  # of 32 bits, none of opacity
            return image.convert("RGB")
        if image.format == "PPM" and image.mode == "I":  # 16 bits in 32
            return Image.fromarray(np.asarray(image).astype(np.uint16))
        return image

    profile, turn = image.info.get("icc_profile") or profile, orientation(image.info.get("exif"))
    slow = any(tile[0] in Image.DECODERS for tile in image.tile)  # type: ignore[attr-defined]  # where Pillow has those that are written in Python
    return Opened(*image.size, load, profile, turn, BY_DECODER[image.format or ""].memory, slow)


def _open_png(file: BinaryIO, size: int, name: str) -> Opened:
    found = png.read_chunks(file, size, name)
    image = Image.open(found.file, formats=("PNG",))
    return Opened(*image.size, lambda: png.load(found, image, name), found.profile, orientation(found.exif))


def _open_jpeg(file: BinaryIO, size: int, name: str) -> Opened:
    found = jpeg.read_segments(file, size, name)
    image = Image.open(found.file, formats=("JPEG",))

    def load() -> Image.Image:
        jpeg.load(found, image, name)
        return image

    return Opened(*image.size, load, found.profile, orientation(found.exif))


def _open_icon(file: BinaryIO, size: int, name: str) -> Opened:
    """The largest picture of an icon, whose own header says how large it is; PNG or BMP."""
    file.seek(4)
    entries = file.read(2 + 16 * 256)
    count = min(int.from_bytes(entries[:2], "little"), (len(entries) - 2) // 16)
    if not count:
        raise damaged(name, "its pixels are missing")
    best = max((entries[2 + 16 * i : 18 + 16 * i] for i in range(count)), key=lambda e: ((e[0] or 256) * (e[1] or 256), e[6] + 256 * e[7]))
    start = int.from_bytes(best[12:], "little")
    end = min(start + int.from_bytes(best[8:12], "little"), size)
    file.seek(start)
    if file.read(8) == png.SIGNATURE:
        return _open_png(spliced(file, [(start, end)]), end - start, name)
    file.seek(start)
    inner = BmpImagePlugin.DibImageFile(file)
    width, height = inner.size[0], inner.size[1] // 2  # colors, and the mask below them

    def load() -> Image.Image:
        alone = ICON + b"\1\0" + best[:12] + (22).to_bytes(4, "little")
        return _loaded(Image.open(spliced(file, [alone, (start, end)]), formats=("ICO",)))

    return Opened(width, height, load)


def _depth_of_jpeg2000(file: BinaryIO, name: str) -> int:
    """The most bits of a sample, of which Pillow rounds more than 8 in such a way that white becomes black."""
    file.seek(0)
    head = file.read(MOST_PROFILE)
    start = head.find(b"\xff\x4f\xff\x51")  # the markers SOC and SIZ
    components = int.from_bytes(head[start + 40 : start + 42], "big")
    depths = head[start + 42 : start + 42 + 3 * components : 3]
    if start < 0 or not depths:
        raise damaged(name, "its pixels are missing")
    return 1 + max(depth & 0x7F for depth in depths)


def _loaded(image: Image.Image) -> Image.Image:
    """The picture with its pixels."""
    image.load()
    return image
