"""Pixels that are missing without an error of the decoder: the file is refused by name, and whole files are not."""

from __future__ import annotations

import io
import logging
import os
import struct
import tempfile
import zlib

import numpy as np
import pytest
from picture_bytes import SIGNATURE, chunk, encode, png, samples_to_bytes, tiff
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.io import images

NOISE = np.random.default_rng(0).integers(0, 256, (64, 48, 4), np.uint8)
SMOOTH = Image.fromarray(NOISE[:9, :13, :3]).resize((300, 200))
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def refused(data: bytes, *words: str) -> None:
    with pytest.raises(MangastyleError) as error:
        images.decode(data, "a.x")
    message = str(error.value)
    assert message.startswith("a.x: damaged (") and message.endswith("; download or save it again") and len(message.splitlines()) == 1
    assert all(word in message for word in words), message


def short(samples: np.ndarray, depth: int, color: int, height: int, *before: bytes, interlaced: int = 0) -> bytes:
    """A PNG whose header declares another height than it has rows."""
    header = struct.pack(">IIBBBBB", samples.shape[1], height, depth, color, 0, 0, interlaced)
    parts = [samples[top::down, left::across] for left, top, across, down in PASSES] if interlaced else [samples]
    rows = b"".join(b"\0" + row for part in parts if part.size for row in samples_to_bytes(part, depth))
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(before) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


COLORS = chunk(b"PLTE", bytes(range(256)) * 3)
KINDS = {
    "rgb": (NOISE[..., :3], 8, 2), "rgba": (NOISE, 8, 6), "gray": (NOISE[..., :1], 8, 0), "gray-alpha": (NOISE[..., :2], 8, 4),
    "palette": (NOISE[..., :1], 8, 3, COLORS), "bits": (NOISE[..., :1] >> 7, 1, 0),
    "palette-bits": (NOISE[..., :1] >> 6, 2, 3, chunk(b"PLTE", bytes(range(12)))),
    "gray16": (NOISE[..., :1].astype(np.uint16) * 257, 16, 0), "rgb16": (NOISE[..., :3].astype(np.uint16) * 257, 16, 2),
    "rgba16": (NOISE.astype(np.uint16) * 257, 16, 6), "gray-alpha16": (NOISE[..., :2].astype(np.uint16) * 257, 16, 4),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 16])
def test_png_with_fewer_rows_than_declared(kind, rows):
    samples, depth, color, *before = KINDS[kind]
    whole = images.decode(short(samples, depth, color, 64, *before), "a").rgb
    assert whole.shape == (64, 48, 3)
    refused(short(samples, depth, color, 64 + rows, *before), "it ends before its last row")


@pytest.mark.parametrize("height", [8, 9, 13, 64])
def test_interlaced_png_without_its_last_pass(height):
    samples = NOISE[:height, :, :3]
    data = short(samples, 8, 2, height, interlaced=1)
    assert np.array_equal(images.decode(data, "a").rgb, samples)
    start = data.index(b"IDAT") + 4
    rows = zlib.decompress(data[start:])[: -(height // 2) * (1 + 48 * 3)]
    refused(data[: start - 8] + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""), "it ends before its last row")


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("color", [0, 2, 3])
def test_png_whose_last_row_looks_like_a_missing_one_is_whole(value, color):
    samples = NOISE[..., : 3 if color == 2 else 1].copy()
    samples[-1] = (90, 195, 60) if color == 2 and value == 90 else value
    assert images.decode(short(samples, 8, color, 64, *[COLORS] * (color == 3)), "a").rgb.shape == (64, 48, 3)


def test_png_in_many_pieces_is_counted_whole():
    samples = np.full((64, 48, 1), 90, np.uint8)
    data = short(samples, 8, 0, 64)
    start = data.index(b"IDAT") + 4
    packed = data[start:-16]
    pieces = b"".join(chunk(b"IDAT", packed[i : i + 1]) for i in range(len(packed))) + chunk(b"IEND", b"")
    assert (images.decode(data[: start - 8] + pieces, "a").rgb == 90).all()


@pytest.mark.parametrize("colors", [(), (b"",), (b"\1\2",)])
def test_png_without_its_palette(colors):
    refused(png(NOISE[..., :1], 8, 3, *[chunk(b"PLTE", data) for data in colors]), "its palette is missing")


def test_colors_that_a_palette_lacks_are_black():
    index = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) % 4
    made = images.decode(png(index, 2, 3, chunk(b"PLTE", bytes([200, 100, 50, 9, 8, 7]))), "a").rgb
    assert np.array_equal(made, np.uint8([[200, 100, 50], [9, 8, 7], [0, 0, 0], [0, 0, 0]])[index[..., 0]])


def test_png_of_no_pixels():
    for width, height in ((0, 0), (0, 9), (9, 0)):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        refused(SIGNATURE + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""), "no pixels")


RGB = NOISE[..., :3]
STRIPS = {"t278": 16, "t273": tuple(8 + 2304 * i for i in range(4)), "t279": (2304,) * 4}


def test_tiff_with_missing_strips_or_tiles():
    assert np.array_equal(images.decode(tiff(RGB, 8, t262=2, **STRIPS), "a").rgb, RGB)
    for tag in ("t273", "t279"):
        refused(tiff(RGB, 8, t262=2, **{**STRIPS, tag: STRIPS[tag][:3]}), "it has 3 of its 4 strips")
    refused(tiff(RGB, 8, t262=2, **{**STRIPS, "t279": (2304, 2304, 2304, 2000)}), "one of its strips is cut off")
    refused(tiff(RGB, 8, t262=2, **{**STRIPS, "t273": (8, 2312, 0, 6920)}), "one of its strips is cut off or missing")
    refused(tiff(RGB, 8, t262=2, t257=80, t278=64), "it has 1 of its 2 strips")
    refused(tiff(RGB, 8, t262=2, t257=80, t278=80), "one of its strips is cut off")
    tiles = {"t322": 16, "t323": 16, "t324": tuple(8 + 768 * i for i in range(12)), "t325": (768,) * 12}
    assert images.decode(tiff(RGB, 8, t262=2, **tiles), "a").rgb.shape == RGB.shape
    refused(tiff(RGB, 8, t262=2, **{**tiles, "t324": tiles["t324"][:9], "t325": (768,) * 9}), "it has 9 of its 12 tiles")


def test_tiff_without_lengths_of_strips_or_with_zero_for_them_is_read():
    for lengths in ({}, {"t279": 0}):
        data = tiff(RGB, 8, t262=2, **lengths)
        data = data if lengths else data.replace(struct.pack("<HHL", 279, 3, 1), struct.pack("<HHL", 60000, 3, 1))
        assert np.array_equal(images.decode(data, "a").rgb, RGB)


def taller(data: bytes, rows: int) -> bytes:
    """A TIFF of one strip that declares more rows."""
    data = bytearray(data)
    start = struct.unpack("<L", data[4:8])[0]
    for place in range(start + 2, start + 2 + 12 * struct.unpack("<H", data[start : start + 2])[0], 12):
        if struct.unpack("<H", data[place : place + 2])[0] in (257, 278):
            form = "<H" if data[place + 2] == 3 else "<L"
            (number,) = struct.unpack_from(form, data, place + 8)
            struct.pack_into(form, data, place + 8, number + rows)
    return bytes(data)


@pytest.mark.parametrize("compression", ["group4", "jpeg", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("page", ["noise", "white", "black", "smooth"])
def test_tiff_whose_strip_has_too_few_rows(compression, page):
    pixels = {"noise": NOISE[..., 0], "white": NOISE[..., 0] | 255, "black": NOISE[..., 0] & 0, "smooth": np.asarray(SMOOTH.convert("L"))}
    image = Image.fromarray(pixels[page])
    image = image.convert("1", dither=Image.Dither.NONE) if compression == "group4" else image
    data = encode(image, "TIFF", compression=compression)
    assert np.abs(images.decode(data, "a").rgb[..., 0].astype(int) - np.asarray(image.convert("L"))).mean() < 15
    for rows in (1, 16):
        refused(taller(data, rows))


def test_tiff_of_faxes_with_the_other_order_of_bits_or_several_strips():
    image = Image.fromarray(NOISE[..., 0]).convert("1")
    data = encode(image, "TIFF", compression="group4", tiffinfo={278: 10})
    assert np.array_equal(images.decode(data, "a").rgb[..., 0], np.asarray(image.convert("L")))
    data = encode(image, "TIFF", compression="group4", tiffinfo={266: 2})
    assert np.array_equal(images.decode(data, "a").rgb[..., 0], np.asarray(image.convert("L")))
    refused(taller(data, 5), "one of its strips is cut off")


def test_damaged_tiff_writes_nothing_to_standard_error():
    data = encode(SMOOTH, "TIFF", compression="tiff_lzw")
    with tempfile.TemporaryFile() as written:
        kept = os.dup(2)
        os.dup2(written.fileno(), 2)
        try:
            refused(data[:50] + b"\xff" * 900 + data[950:])
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        written.seek(0)
        assert written.read() == b""


def test_progressive_jpeg_without_its_later_scans():
    data = encode(SMOOTH, "JPEG", progressive=True, quality=95)
    scans = [i for i in range(len(data)) if data[i : i + 2] == b"\xff\xda"]
    assert len(scans) > 5 and images.decode(data, "a").rgb.shape == (200, 300, 3)
    for place in scans[1:]:
        refused(data[:place] + b"\xff\xd9", "fine detail")


@pytest.mark.parametrize("options", [{}, {"quality": 95, "subsampling": 0}, {"optimize": True}])
def test_jpeg_from_whose_middle_bytes_are_cut(options):
    """Unless the loss happens to leave as many blocks as before, which the file cannot show."""
    data = encode(SMOOTH.resize((900, 600)), "JPEG", **options)
    start, said = data.index(b"\xff\xda") + 14, 0
    for place in range(start, len(data) - 60, (len(data) - start) // 20):
        try:
            images.decode(data[:place] + data[place + 30 :], "a")
        except MangastyleError as error:
            said += "some of its pixels are missing" in str(error)
    assert said >= 18


def test_jpeg_with_more_data_than_pixels_is_read_with_a_remark(caplog):
    data = encode(SMOOTH, "JPEG")
    whole = images.decode(data, "a").rgb
    for fill in (b"\0" * 100, b"\xff" * 100):  # is nothing
        assert np.array_equal(images.decode(data[:-2] + fill + data[-2:], "a").rgb, whole)
    assert not caplog.records
    assert np.array_equal(images.decode(data[:-2] + data[-90:], "a").rgb, whole)
    assert [r.getMessage()[:53] for r in caplog.records] == ["a: it holds more data than it has pixels; if a part o"]


def test_whole_jpegs_of_any_kind_are_read_without_a_remark(caplog):
    random = np.random.default_rng(1)
    for i in range(60):
        width, height = (int(x) for x in random.integers(8, 120, 2))
        image = Image.fromarray(random.integers(0, 256, (-(-height // (1 + i % 7)), -(-width // (1 + i % 5)), 3), np.uint8))
        image = image.resize((width, height)).convert(["RGB", "L", "CMYK"][i % 3])
        options = {"quality": int(random.integers(1, 101)), "subsampling": i % 3, "restart_marker_blocks": (i % 4) * 3}
        data = encode(image, "JPEG", optimize=i % 2 == 0, progressive=i % 9 == 0, **options)
        made = images.decode(data, "a").rgb
        assert image.mode == "CMYK" or np.array_equal(made, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    assert not caplog.records


def test_what_a_decoder_says_is_for_the_log(caplog):
    data = encode(SMOOTH)
    with caplog.at_level(logging.DEBUG, "mangastyle"):
        refused(data[: len(data) // 2], "a.x: damaged (its pixels cannot all be read); download or save it again")
    assert "truncated" in caplog.text
