"""Bytes of pictures with anything done to them: a picture of the right kind comes out, or one line that begins with the name."""

from __future__ import annotations

import io
import struct
import time

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from picture_bytes import ADOBE_RGB, chunk, encode, png, profile, tiff
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.io import images

RGBA = np.random.default_rng(0).integers(0, 256, (3, 4, 4), np.uint8).repeat(4, 0).repeat(4, 1)
PICTURE, CLEAR = Image.fromarray(RGBA[..., :3]), Image.fromarray(RGBA)
LIMIT = 200_000  # pixels: larger ones only take time
SECONDS = 20


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 6
    return exif


def _tifffile(**options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, RGBA[..., :3].astype(np.uint16) * 257, photometric="rgb", **options)
    return stream.getvalue()


SEEDS = {
    "png": encode(CLEAR, exif=_exif(), icc_profile=profile(ADOBE_RGB)),
    "apng": encode(PICTURE, save_all=True, append_images=[PICTURE.rotate(90)] * 2),
    "png16": png(RGBA[..., :3].astype(np.uint16) * 257, 16, 2, chunk(b"tRNS", b"\0" * 6)),
    "png-palette": encode(PICTURE.quantize(7), transparency=2),
    "png-gray": png(RGBA[..., :1] >> 6, 2, 0, chunk(b"tRNS", b"\0\1")),
    "jpeg": encode(PICTURE, "JPEG", exif=_exif(), icc_profile=profile(ADOBE_RGB)),
    "jpeg-progressive": encode(PICTURE.convert("L"), "JPEG", progressive=True),
    "jpeg-inks": encode(PICTURE.convert("CMYK"), "JPEG"),
    "webp": encode(PICTURE, "WEBP", exif=_exif(), icc_profile=profile(ADOBE_RGB)),
    "webp-lossless": encode(CLEAR, "WEBP", lossless=True),
    "webp-animation": encode(PICTURE, "WEBP", save_all=True, append_images=[PICTURE.rotate(90)] * 2),
    "gif": encode(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(90)] * 2),
    "bmp": encode(PICTURE, "BMP"),
    "bmp-palette": encode(PICTURE.quantize(16), "BMP"),
    "dib": encode(PICTURE, "DIB"),
    "tiff": encode(CLEAR, "TIFF", icc_profile=profile(ADOBE_RGB)),
    "tiff-lzw": encode(PICTURE, "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": encode(PICTURE, "TIFF", compression="jpeg"),
    "tiff-lab": encode(PICTURE.convert("LAB"), "TIFF"),
    "tiff-fax": encode(PICTURE.convert("1"), "TIFF", compression="group4"),
    "tiff-planes": _tifffile(planarconfig="separate", compression="zlib"),
    "tiff-tiles": _tifffile(tile=(16, 16)),
    "tiff-big": _tifffile(bigtiff=True),
    "tiff-associated": tiff(RGBA.astype(np.uint16) * 257, 16, ">", t262=2, t338=1),
    "avif": encode(PICTURE, "AVIF"),
    "jpeg2000": encode(PICTURE, "JPEG2000"),
    "tga": encode(CLEAR, "TGA", compression="tga_rle"),
    "ppm": encode(PICTURE, "PPM"),
    "pnm-plain": b"P3\n4 3\n100\n" + b"1 2 3 " * 12,
    "pgm16": b"P5\n16 12\n1000\n" + b"\1\2\3\4" * 96,
    "pfm": b"Pf\n16 12\n-1\n" + np.linspace(0, 1, 192, dtype="<f4").tobytes(),
    "psd": b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 12, 16, 8, 3) + b"\0" * 14 + RGBA[..., :3].tobytes(),
    "qoi": encode(CLEAR, "QOI"),
    "pcx": encode(PICTURE, "PCX"),
    "ico": encode(CLEAR.resize((32, 32)), "ICO", sizes=[(16, 16), (32, 32)]),
    "ico-bmp": encode(CLEAR.resize((32, 32)), "ICO", sizes=[(16, 16), (32, 32)], bitmap_format="bmp"),
}


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A picture file with some edits; most near its start, where headers are."""
    name = draw(st.sampled_from(sorted(SEEDS)))
    data = bytearray(SEEDS[name])
    for _ in range(draw(st.integers(1, 4))):
        most = max(0, len(data) - 1)
        place = draw(st.integers(0, most) | st.integers(0, min(200, most)))
        kind = draw(st.sampled_from(["flip", "number", "cut", "insert", "repeat", "remove", "splice", "end"]))
        if kind == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "number":  # lengths, sizes, counts and offsets
            form = draw(st.sampled_from(["<H", ">H", "<I", ">I"]))
            most = 2 ** (8 * struct.calcsize(form)) - 1
            number = draw(st.sampled_from([0, 1, 7, 255, 256, 0x7FFF, most // 2, most // 2 + 1, most - 1, most]) | st.integers(0, most))
            data[place : place + struct.calcsize(form)] = struct.pack(form, min(number, most))
        elif kind == "cut":
            del data[place:]
        elif kind == "insert":
            data[place:place] = draw(st.binary(min_size=1, max_size=40))
        elif kind == "repeat":
            data[place:place] = data[place : place + draw(st.integers(1, 300))] * draw(st.sampled_from([1, 2, 50]))
        elif kind == "remove":
            del data[place : place + draw(st.integers(1, 60))]
        elif kind == "splice":
            other = SEEDS[draw(st.sampled_from(sorted(SEEDS)))]
            data[place:] = other[draw(st.integers(0, len(other))) :]
        else:
            data += draw(st.binary(max_size=40))
    return name, bytes(data)


def check(name: str, data: bytes) -> None:
    start = time.monotonic()
    try:
        made = images.decode(data, f"{name}.x", max_pixels=LIMIT, min_side=1)
    except MangastyleError as error:
        assert str(error).startswith(f"{name}.x: ") and len(str(error).splitlines()) == 1 and len(str(error)) < 500
    else:
        assert made.rgb.dtype == np.uint8 and made.rgb.ndim == 3 and made.rgb.shape[2] == 3 and 0 < made.rgb[..., 0].size <= LIMIT
        assert made.alpha is None or made.alpha.dtype == np.uint8 and made.alpha.shape == made.rgb.shape[:2]
    assert time.monotonic() - start < SECONDS


@given(mutated())
def test_mutated_pictures(made):
    check(*made)


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_are_pictures(name):
    assert images.decode(SEEDS[name], name, min_side=1).rgb.std() > 0


@given(st.sampled_from([data[:16] for data in SEEDS.values()]), st.binary(max_size=300))
def test_known_beginnings(start, rest):
    check("a", start + rest)
