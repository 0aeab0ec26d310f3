"""Color profiles: an embedded ICC profile says what the numbers mean; here they become sRGB, by LittleCMS through Pillow.

Colors are converted relative to white and with black point compensation, as browsers and Photoshop do: colors that sRGB has stay what
they are, white stays white and black black. Perceptual conversion would move all colors, and differently for each maker of profiles.
"""

from __future__ import annotations

import functools
import io
import logging
import struct
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

MOST_PROFILE = 16 << 20  # bytes; the largest of printers have 4 MB
SAME = 2  # levels: a profile that moves no color further than this is sRGB
SPACES = {"RGB ": ("RGB", "RGB colors"), "GRAY": ("L", "gray"), "CMYK": ("CMYK", "CMYK inks"), "Lab ": ("LAB", "Lab colors")}
# Colors named by numbers (H.273): primaries and transfer.
UNSPECIFIED, BT709, DISPLAY_P3, SRGB_CURVE = 2, 1, 12, 13
VIDEO = (BT709, UNSPECIFIED, 6, 14, 15, SRGB_CURVE)  # curves that everyone shows as that of sRGB
DISPLAY_P3_XYZ = {b"rXYZ": (0.51512, 0.24120, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189), b"bXYZ": (0.15710, 0.06657, 0.78407)}
UNKNOWN = b"unknown"  # in the place of a profile

log = logging.getLogger("mangastyle")


class Unusable(Exception):
    """A profile that is damaged, or of a kind that no picture has."""


def transform_of(data: bytes, mode: str, name: str) -> ImageCms.ImageCmsTransform | None:
    """The conversion of a picture's colors to sRGB.

    Parameters
    ----------
    data : bytes
        The embedded profile.
    mode : str
        Pillow's mode of the colors: RGB, L, CMYK or LAB.
    name : str
        What remarks call the file.

    Returns
    -------
    ImageCmsTransform or None
        From that mode to RGB; None if there is nothing to convert: the profile is that of sRGB, or was ignored, with a remark.

    Examples
    --------
    >>> srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    >>> transform_of(srgb, "RGB", "a.png") is None
    True
    """
    if data == UNKNOWN:
        log.warning("%s: its color space is not known here and was taken as sRGB", name)
        return None
    try:
        space, transform = _read(data)
    except Unusable:
        log.warning("%s: its color profile is damaged and was ignored", name)
        return None
    own, words = SPACES[space]
    if own == mode or transform is None:
        return transform
    pictures = next(words for other, words in SPACES.values() if other == mode)
    log.warning("%s: its color profile is for %s, not for %s, and was ignored", name, words, pictures)
    return None


def by_numbers(primaries: int, transfer: int) -> bytes | None:
    """The ICC profile of a color space that a file names by numbers, as PNG's cICP and AVIF's nclx do.

    Parameters
    ----------
    primaries, transfer : int
        The numbers, of the standard H.273.

    Returns
    -------
    bytes or None
        The profile; None for sRGB; `UNKNOWN` for what is not known here.

    Examples
    --------
    >>> by_numbers(1, 13) is None, len(by_numbers(12, 13)) > 128, by_numbers(9, 16) == UNKNOWN
    (True, True, True)
    """
    if (primaries, transfer) == (DISPLAY_P3, SRGB_CURVE):
        return _display_p3()
    return None if primaries in (BT709, UNSPECIFIED, 5, 6) and transfer in VIDEO else UNKNOWN


@functools.cache
def _display_p3() -> bytes:
    """The profile of sRGB with the primaries of Display P3, adapted to D50."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", data, 128)
    for tag, place, _ in (struct.unpack_from(">4sII", data, 132 + 12 * i) for i in range(count)):
        if tag in DISPLAY_P3_XYZ:
            struct.pack_into(">3i", data, place + 8, *(round(x * 65536) for x in DISPLAY_P3_XYZ[tag]))
    return bytes(data)


@lru_cache(maxsize=8)
def _read(data: bytes) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """The color space of a profile, and its transform to sRGB; None if that changes nothing."""
    if not 128 < len(data) <= MOST_PROFILE:
        raise Unusable
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        space: str = profile.profile.xcolor_space  # type: ignore[union-attr]  # LittleCMS' own object
        mode = SPACES[space][0]
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        if mode == "L":  # 256 levels, once: exactly, where LittleCMS would look shades up in a coarse table
            flags |= ImageCms.Flags.NOOPTIMIZE
        srgb, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.buildTransform(profile, srgb, mode, "RGB", intent, flags)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError) as error:
        raise Unusable from error
    return space, None if mode in ("RGB", "L") and _changes_nothing(transform, mode) else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform from RGB or gray leaves a grid of all colors as it is."""
    steps = np.arange(0, 256, 15 if mode == "RGB" else 1, dtype=np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(18, -1, 3) if mode == "RGB" else steps[None]
    moved = np.asarray(transform.apply(Image.fromarray(grid)), np.int16)
    return bool(np.abs(moved - (grid if mode == "RGB" else grid[..., None])).max() <= SAME)
