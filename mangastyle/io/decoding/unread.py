"""Files that are recognized and not read: each is called by its name, with the cure."""

from __future__ import annotations

import re

from mangastyle.errors import MangastyleError
from mangastyle.io.decoding.opened import damaged

HEAD = 1024  # bytes by which a kind is recognized
PICTURE = "picture, which is not read; save it as PNG or JPEG"
PAPER, PACKED = "file, not a picture; save its page as PNG", "file; unpack it first"
# How files begin, what they are, and the cure; the first that fits counts.
KINDS: tuple[tuple[bytes, str, str], ...] = (
    (rb"....ftyp(hei|hev|heif|mif1|msf1)", "a HEIC", PICTURE),
    (rb"....ftypcrx ", "a CR3 (camera raw)", PICTURE),
    (rb"....ftyp(?!avi)|\x1a\x45\xdf\xa3|RIFF....AVI ", "a video", "file; save one of its pictures as PNG"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL", PICTURE),
    (rb"\x76\x2f\x31\x01", "an OpenEXR", PICTURE),
    (rb"#\?R(ADIANCE|GBE)", "a Radiance HDR", PICTURE),
    (rb"II\xbc\x01", "a JPEG XR", PICTURE),
    (rb"icns", "an ICNS", PICTURE),
    (rb"DDS ", "a DDS", PICTURE),
    (rb"gimp xcf", "an XCF (GIMP)", PICTURE),
    (rb"CSFCHUNK", "a CLIP (Clip Studio)", PICTURE),
    (rb"mdipack", "an MDP (MediBang)", PICTURE),
    (rb"SAI-CANVAS", "a SAI2", PICTURE),
    (rb"PDN3", "a PDN (Paint.NET)", PICTURE),
    (rb"PK\x03\x04.{26}mimetype[^P]*application/x-krita", "a KRA (Krita)", PICTURE),
    (rb"PK\x03\x04.{26}mimetype[^P]*image/openraster", "an ORA (OpenRaster)", PICTURE),
    (rb"PK\x03\x04", "a ZIP", PACKED),
    (rb"Rar!\x1a", "a RAR", PACKED),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z", PACKED),
    (rb"\x1f\x8b\x08", "a gzip", PACKED),
    (rb"%PDF", "a PDF", PAPER),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "an EPS or PostScript", PAPER),
    (rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF", "a WMF or EMF", PICTURE),
    (rb"\s*(?i:<!doctype html|<html)", "a web page (HTML),", "not a picture; download the picture itself"),
    (rb"(\xef\xbb\xbf)?\s*<(?=[?!s]).*?<?svg[\s>:]", "an SVG", PICTURE),
)
# How those begin that are read.
KNOWN = rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|RIFF....WEBP|GIF8|BM|8BPS|....ftypavi|qoif|II[*+]\0|MM\0[*+]"


def error(head: bytes, name: str) -> MangastyleError:
    """The error for a file that no decoder takes.

    Parameters
    ----------
    head : bytes
        How it begins.
    name : str
        What error messages call it.

    Returns
    -------
    MangastyleError

    Examples
    --------
    >>> print(error(b"%PDF-1.7", "a.png"))
    a.png: a PDF file, not a picture; save its page as PNG
    >>> print(error(b"Dear diary", "a.png"))
    a.png: not a picture this program can read; save it as PNG or JPEG
    """
    if re.match(rb"8BPS\0[\x01\x02]", head):
        if head[5] == 2:
            return MangastyleError(f"{name}: a PSB {PICTURE}")
        if (depth := int.from_bytes(head[22:24], "big")) in (1, 16, 32):
            return MangastyleError(f"{name}: a PSD with {depth} bits a channel, which is not read; save it with 8")
    for pattern, kind, cure in KINDS:
        if re.match(pattern, head, re.DOTALL):
            return MangastyleError(f"{name}: {kind} {cure}")
    if re.match(KNOWN, head, re.DOTALL):
        return damaged(name, "its header makes no sense, or is of a kind that is not read")
    return MangastyleError(f"{name}: not a picture this program can read; save it as PNG or JPEG")
