"""TIFF: what its numbers mean is read from its tags. Pillow reads the usual kinds, tifffile the others; the rest is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Callable

import numpy as np
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.io.decoding import tiff_pieces
from mangastyle.io.decoding.levels import from_float, from_uint16, join_bytes, low_bytes
from mangastyle.io.decoding.opened import Opened, damaged
from mangastyle.io.decoding.tiff_tags import (
    BLACK_IS_ZERO,
    CHANNELS,
    FLOAT,
    ICC_LAB,
    INKS,
    JPEG,
    LAB,
    OPACITY,
    PALETTE,
    PREMULTIPLIED,
    RGB,
    SIGNED,
    UNSIGNED,
    WHITE_IS_ZERO,
    YCBCR,
    Tags,
    meaning,
    number,
    read_tags,
)
from mangastyle.io.strips import strips

if TYPE_CHECKING:
    import tifffile

SIGNED_AB = np.array([0, 128, 128], np.uint8)  # turns the highest bits of a and b: from signed to 128 for none, and back
BY_TIFFFILE = (1, 8, 32773, 32946)  # none, deflate, packbits: what tifffile reads by itself


def open_tiff(file: BinaryIO, size: int, name: str, max_pixels: int) -> Opened:
    """A TIFF file, its pixels not decoded yet.

    Parameters
    ----------
    file : binary file
        The file.
    size : int
        Its length in bytes.
    name : str
        What error messages call it.
    max_pixels : int
        The limit of height times width; tiles may not have more either.

    Returns
    -------
    Opened

    Raises
    ------
    MangastyleError
        If it is damaged, or its numbers have no meaning that can be relied on.
    """
    found, file = read_tags(file, size, name)
    tags = meaning(found, name)
    if number(found, 322, 1) * number(found, 323, 1) > max(max_pixels, 1 << 20):
        raise damaged(name, f"its tiles are {number(found, 322, 1)}x{number(found, 323, 1)} pixels large")
    _refuse(tags, found, name)
    profile = found.get(34675)
    profile = profile if isinstance(profile, bytes) else None
    turn = found.get(274, 1)
    if _suits_pillow(tags, found):
        file.seek(0)
        load: Callable[[], Image.Image] = lambda: _by_pillow(file, tags, found, name)
        turned = isinstance(turn, int) and 5 <= turn <= 8
        width, height = (tags.height, tags.width) if turned else (tags.width, tags.height)
        return Opened(width, height, load, profile, memory=4 + tags.samples * tags.bits / 8 + (4 if tags.bits == 16 else 0))
    memory = 8 + 2 * tags.samples * tags.bits / 8
    return Opened(
        tags.width, tags.height, lambda: _by_tifffile(file, tags, found, name), profile, turn if turn in range(1, 9) else 1, memory
    )  # fmt: skip


def _refuse(tags: Tags, found: Any, name: str) -> None:
    """Refuse what has no sure meaning."""
    colors = CHANNELS.get(tags.photometric)
    reason = ""
    if colors is None:
        reason = f"colors of kind {tags.photometric} (PhotometricInterpretation)"
    elif tags.samples < colors:
        raise damaged(name, f"it has {tags.samples} channels where its colors need {colors}")
    elif tags.format == SIGNED and tags.photometric not in (LAB, ICC_LAB):
        reason = f"signed {tags.bits}-bit integers, whose black and white are not known,"
    elif tags.format not in (UNSIGNED, FLOAT) and tags.photometric not in (LAB, ICC_LAB):
        reason = "complex numbers"
    elif tags.format == UNSIGNED and tags.bits > 16:
        reason = f"{tags.bits}-bit integers, whose white is not known,"
    elif tags.format == FLOAT and tags.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB):
        reason = f"floating-point numbers for colors of kind {tags.photometric} (PhotometricInterpretation)"
    elif tags.format == UNSIGNED and tags.bits not in (1, 2, 4, 8, 16):
        reason = f"{tags.bits} bits a channel"
    elif tags.photometric == INKS and number(found, 332, 1) != 1:
        reason = "inks other than cyan, magenta, yellow and black"
    elif tags.photometric == YCBCR and tags.compression == 1 and found.get(530, (2, 2)) != (1, 1):
        reason = "reduced color channels without compression"
    if reason:
        raise MangastyleError(f"{name}: a TIFF with {reason} cannot be read; save it with 8 or 16 bits a channel, as RGB or gray")


def _suits_pillow(tags: Tags, found: Any) -> bool:
    """Whether Pillow reads these numbers as what they are."""
    kind, extra = (tags.photometric, tags.bits), tags.extra
    if tags.samples > 6:
        return False
    if tags.compression in JPEG:
        return True
    if tags.format == FLOAT:
        return kind == (BLACK_IS_ZERO, 32) and tags.samples == 1
    if tags.planar:
        return kind in ((RGB, 8), (INKS, 8)) and extra in (-1, OPACITY) and tags.samples <= 4
    if tags.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO):
        if tags.samples == 1:
            return tags.bits <= 8 or tags.photometric == BLACK_IS_ZERO or found.prefix == b"II"
        return kind == (BLACK_IS_ZERO, 8) and tags.samples == 2 and 338 in found
    if tags.photometric == PALETTE:
        return tags.bits <= 8 and (tags.samples == 1 or tags.bits == 8 and extra in (0, OPACITY) and tags.samples == 2)
    if tags.photometric == RGB:
        exact = extra == PREMULTIPLIED and tags.compression in BY_TIFFFILE  # Pillow divides what is cut to 8 bits
        return tags.bits == 8 or tags.bits == 16 and tags.samples <= 4 and not exact
    if tags.photometric == INKS:
        return tags.bits in (8, 16) and (tags.bits == 8 and extra == 0 or tags.samples == 4)
    return tags.bits == 8 and tags.photometric in (YCBCR, LAB)


def _by_pillow(file: BinaryIO, tags: Tags, found: Any, name: str) -> Image.Image:
    tiff_pieces.check(file, tags, found, name)
    tiff_pieces.silence_libtiff()
    image = Image.open(file, formats=("TIFF",))
    image.load()
    tiff_pieces.check_fax(file, tags, found, image, name)
    if (tags.photometric, tags.bits) == (RGB, 16) and tags.extra in (-1, 0, OPACITY):
        low = low_bytes(file, "TIFF")
        for rows in strips(image.height, image.width):
            box = (0, rows.start, image.width, rows.stop)
            numbers = join_bytes(np.asarray(image.crop(box)), np.asarray(low.crop(box)))
            image.paste(Image.fromarray(from_uint16(numbers)), box)
    if tags.photometric == WHITE_IS_ZERO and tags.bits == 16:  # Pillow leaves these as they are
        return Image.fromarray(np.uint16(65535) - np.asarray(image))
    if tags.photometric == PALETTE and (colors := found.get(320)) and max(colors) < 256:  # of a careless writer, which scaled nothing
        image.putpalette(np.array(colors, np.uint8).reshape(3, -1).T.tobytes())
    return image


def _by_tifffile(file: BinaryIO, tags: Tags, found: Any, name: str) -> Image.Image:
    """What Pillow cannot read, as one of its modes with 8 bits a channel."""
    tiff_pieces.check(file, tags, found, name)
    numbers, colors = _numbers(file, tags, name)
    if tags.photometric == PALETTE:
        levels = from_uint16(np.ascontiguousarray(colors.T))[numbers[..., 0]]
        return Image.fromarray(levels)
    count = CHANNELS[tags.photometric]
    lab = tags.photometric in (LAB, ICC_LAB)
    with_alpha = tags.extra in (PREMULTIPLIED, OPACITY) and not lab
    numbers = numbers[..., : count + with_alpha]
    if tags.format == FLOAT:
        numbers = from_float(numbers, name)
    elif lab:
        numbers = _lab(numbers, tags)
    if tags.photometric == WHITE_IS_ZERO:
        numbers[..., 0] = np.iinfo(numbers.dtype).max - numbers[..., 0]
    if with_alpha and tags.extra == PREMULTIPLIED:
        _divide(numbers)
    levels = from_uint16(numbers) if numbers.dtype == np.uint16 else np.ascontiguousarray(numbers)
    if tags.photometric == INKS:
        image = Image.frombytes("CMYK", (tags.width, tags.height), np.ascontiguousarray(levels[..., :count]).tobytes())
        if with_alpha:
            image.info["opacity"] = np.ascontiguousarray(levels[..., count])
        return image
    mode = "LAB" if lab else ("RGB" if count == 3 else "L") + ("A" if with_alpha else "")
    return Image.frombytes(mode, (tags.width, tags.height), levels.tobytes() if not lab else (levels ^ SIGNED_AB).tobytes())


def _numbers(file: BinaryIO, tags: Tags, name: str) -> tuple[np.ndarray, Any]:
    """The numbers as they are stored, (h, w, samples), in the machine's order; and the palette."""
    import tifffile

    file.seek(0)
    try:
        with tifffile.TiffFile(file) as source:
            page: tifffile.TiffPage = source.pages.first  # type: ignore[assignment]  # a frame of a series has no tags of its own
            numbers, colors = page.asarray(), page.colormap
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        form = getattr(error, "args", ("",))[0]
        raise MangastyleError(
            f"{name}: a TIFF of this kind cannot be read with its compression ({str(form).splitlines()[0]}); save it without"
        ) from error
    shape = (tags.samples, tags.height, tags.width) if tags.planar else (tags.height, tags.width, tags.samples)
    numbers = numbers.reshape(shape)
    numbers = np.moveaxis(numbers, 0, -1) if tags.planar else numbers
    return numbers.astype(numbers.dtype.newbyteorder("="), copy=not numbers.flags.writeable), colors


def _divide(numbers: np.ndarray) -> None:
    """Undo the multiplication of colors by their opacity, in place."""
    top = np.iinfo(numbers.dtype).max
    for row in numbers:
        opacity = np.maximum(row[:, -1:], 1).astype(np.uint32)
        row[:, :-1] = np.minimum((row[:, :-1].astype(np.uint32) * top + opacity // 2) // opacity, top)


def _lab(numbers: np.ndarray, tags: Tags) -> np.ndarray:
    """Lab of 8 or 16 bits as 8 bits, a and b with 128 for none."""
    levels = np.empty(numbers.shape, np.uint8)
    if tags.bits == 8:
        levels[:] = numbers.view(np.uint8) ^ (SIGNED_AB if tags.photometric == LAB else np.uint8(0))
        return levels
    for row, level in zip(numbers, levels):
        stored = row.view(np.uint16).astype(np.int32)
        colors = (stored[:, 1:] ^ 0x8000) if tags.photometric == LAB else stored[:, 1:]  # 256 for each unit, 0x8000 for none
        level[:, 0] = (stored[:, 0] * 255 + 32767) // 65535
        level[:, 1:] = np.minimum((colors + 128) >> 8, 255)
    return levels
