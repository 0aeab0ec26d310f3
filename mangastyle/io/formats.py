"""The table of picture formats: what is read, by which names it goes, and what can be written.

Folders, archives, hints, palettes and single files all go by this table. A file is read by its content, whatever its name.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, NamedTuple


class Format(NamedTuple):
    """A picture format.

    Attributes
    ----------
    decoder : str
        Pillow's name of it.
    suffixes : tuple of str
        Ends of file names, in lower case, with their dots.
    writable : bool
        Whether results can be written in it.
    alpha : bool
        Whether it keeps transparency when written.
    encoding : dict
        Pillow's settings for writing.
    memory : int
        The most bytes that decoding takes for each pixel, where that is much.
    """

    decoder: str
    suffixes: tuple[str, ...]
    writable: bool = False
    alpha: bool = False
    encoding: dict[str, Any] = {}
    memory: int = 0


FORMATS = (
    Format("PNG", (".png", ".apng"), writable=True, alpha=True),
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), writable=True, encoding={"quality": 95}),
    Format("WEBP", (".webp",), writable=True, alpha=True, encoding={"lossless": True}, memory=16),
    Format("BMP", (".bmp",), writable=True),
    Format("DIB", (".dib",)),
    Format("TIFF", (".tif", ".tiff"), writable=True, alpha=True),
    Format("GIF", (".gif",)),
    Format("AVIF", (".avif", ".avifs"), memory=20),
    Format("JPEG2000", (".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"), memory=26),
    Format("TGA", (".tga", ".icb", ".vda", ".vst")),
    Format("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm")),
    Format("PSD", (".psd",)),
    Format("QOI", (".qoi",)),
    Format("PCX", (".pcx",)),
    Format("JPEG", (".mpo",)),  # with further pictures behind the first
    Format("ICO", (".ico",)),
)
DECODERS = tuple(dict.fromkeys(x.decoder for x in FORMATS))
BY_DECODER = {x.decoder: x for x in FORMATS}
BY_SUFFIX = {suffix: x for x in FORMATS for suffix in x.suffixes}
SUFFIXES = tuple(BY_SUFFIX)
WRITABLE = tuple(suffix for suffix, x in BY_SUFFIX.items() if x.writable)


def is_picture_name(name: str) -> bool:
    """Whether a file's name is that of a picture: a known suffix, and not hidden.

    Parameters
    ----------
    name : str
        A name, with or without folders.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_picture_name("a/b.JFIF"), is_picture_name("a/.b.png"), is_picture_name("notes.txt")
    (True, False, False)
    """
    path = PurePath(name)
    return path.suffix.lower() in BY_SUFFIX and not path.name.startswith(".")
