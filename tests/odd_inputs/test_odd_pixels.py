"""Odd picture files through the commands: sound pixels are read, right ones or none come out, colors are those of the profile."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from picture_bytes import DISPLAY_P3, chunk, encode, in_srgb, png, profile, tiff
from PIL import Image

from mangastyle.cli import main
from mangastyle.cli.hint_files import read_hints, read_palette
from mangastyle.cli.mask_files import read_mask
from mangastyle.io import images

HALVES = np.zeros((32, 32, 3), np.uint8)
HALVES[:, :16], HALVES[:, 16:] = (200, 0, 0), (51, 102, 153)
NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
TEXT = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 3_000_000))
JPEG = encode(Image.fromarray(HALVES), "JPEG", quality=95)
TALL = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
SCANS = encode(Image.fromarray(NOISE), "JPEG", progressive=True)

SOUND = {
    "text.png": png(HALVES, 8, 2, TEXT),
    "text-behind.png": png(HALVES, 8, 2, after=TEXT),
    "profile.png": png(HALVES, 8, 2, chunk(b"iCCP", b"p\0\0" + zlib.compress(b"\0" * 3_000_000))),
    "checksum.png": png(HALVES, 8, 2, chunk(b"tEXt", b"a\0b", crc=1)),
    "no-end.png": png(HALVES, 8, 2)[:-12],
    "no-end.jpg": JPEG[:-2],
    "zeros.jpg": JPEG[:-2] + b"\0" * 500,
    "xmp.jpg": JPEG[:2] + b"\xff\xe1\x10\x00" + b"http://ns.adobe.com/xap/1.0/\0".ljust(4094, b"<") + JPEG[2:],
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_pixels_are_read(tmp_path, name):
    (tmp_path / name).write_bytes(SOUND[name])
    assert main.main(["sketch", str(tmp_path / name), "--out", str(tmp_path / "line.png")]) == 0
    assert images.load(tmp_path / "line.png").rgb.shape == HALVES.shape
    assert np.abs(images.load(tmp_path / name).rgb.astype(int) - HALVES)[:, [0, -1]].max() <= 4


MISSING = {
    "half.png": png(NOISE, 8, 2)[:2000],
    "half.jpg": JPEG[: len(JPEG) - 60],
    "half-ended.jpg": encode(Image.fromarray(NOISE), "JPEG")[:2500] + b"\xff\xd9",
    "half.webp": encode(Image.fromarray(HALVES), "WEBP")[:-20],
    "half.bmp": encode(Image.fromarray(HALVES), "BMP")[:-20],
    "fewer-rows.png": png(NOISE, 8, 2).replace(TALL, chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 80, 8, 2, 0, 0, 0))),
    "no-palette.png": png(NOISE[..., :1], 8, 3),
    "fewer-strips.tif": tiff(NOISE, 8, t262=2, t278=16, t273=(8, 3080, 6152), t279=(3072,) * 3),
    "scans.jpg": SCANS[: SCANS.rindex(b"\xff\xda")] + b"\xff\xd9",
}


@pytest.mark.parametrize("name", MISSING)
def test_missing_pixels_are_refused_by_name(tmp_path, capsys, name):
    (tmp_path / name).write_bytes(MISSING[name])
    assert main.main(["sketch", str(tmp_path / name), "--out", str(tmp_path / "line.png")]) == 2
    said = capsys.readouterr().err
    assert f"{name}: damaged (" in said and len(said.splitlines()) == 1
    assert not (tmp_path / "line.png").exists()


def test_a_picture_of_another_program_is_called_by_its_name(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40)
    assert main.main(["sketch", str(tmp_path / "a.png"), "--out", str(tmp_path / "line.png")]) == 2
    assert capsys.readouterr().err.endswith("a.png: a HEIC picture, which is not read; save it as PNG or JPEG\n")


def test_gray_of_16_bits_with_a_transparent_level():
    gray = np.full((32, 32, 1), 13107, np.uint16)
    gray[:, :16] = 0
    made = images.decode(png(gray, 16, 0, chunk(b"tRNS", struct.pack(">H", 0))), "a")
    assert (made.rgb[:, :16] == 255).all() and (made.rgb[:, 16:] == 51).all()
    assert (made.alpha[:, :16] == 0).all() and (made.alpha[:, 16:] == 255).all()


def test_tiff_of_16_bits_with_white_as_zero():
    gray = np.full((32, 32, 1), 65535, np.uint16)
    gray[:, 16:] -= 200 * 257
    made = images.decode(tiff(gray, 16, t262=0), "a").rgb
    assert (made[:, :16] == 0).all() and (made[:, 16:] == 200).all()


def wide(levels: np.ndarray) -> bytes:
    return encode(Image.fromarray(levels), icc_profile=profile(DISPLAY_P3))


def test_profiles_are_honored_wherever_pictures_are_read(tmp_path):
    """Pictures, hints, palettes and masks, all of them."""
    levels = np.tile(np.uint8([200, 90, 60]), (40, 48, 1))
    right = in_srgb(levels, DISPLAY_P3)[0, 0]
    assert np.abs(right - (200, 90, 60)).max() > 8
    path = tmp_path / "wide.png"
    path.write_bytes(wide(levels))
    hint = read_hints(str(path), str(path), 10**6).get(path)
    assert np.abs(hint(images.load(path).rgb).rgb - right).max() <= 1.6
    assert np.abs(read_palette((str(path),), 10**6).colors - right).max() <= 1.6
    luma = right @ (0.299, 0.587, 0.114) / 255
    assert abs(read_mask(path).mean() - luma) < 0.01


def test_a_damaged_profile_is_said_once_and_the_picture_made(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(encode(Image.fromarray(HALVES), icc_profile=b"no profile"))
    assert not main.main(["sketch", str(tmp_path / "a.png"), "--out", str(tmp_path / "line.png")])
    said = capsys.readouterr().err
    assert said.count("a.png: its color profile is damaged and was ignored") == 1
    assert (tmp_path / "line.png").exists()
