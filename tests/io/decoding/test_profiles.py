"""Color profiles: pixels become sRGB; expected values from primaries and gamma alone."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from picture_bytes import ADOBE_RGB, DISPLAY_P3, SRGB, chunk, encode, in_srgb, png, profile
from PIL import Image, ImageCms

from mangastyle.io import images

LEVELS = np.stack(np.meshgrid(*[np.arange(15, 256, 48)] * 3, indexing="ij"), -1).reshape(6, 36, 3).astype(np.uint8).repeat(2, 0)
SHARES = np.linspace(0, 255, LEVELS.shape[0] * LEVELS.shape[1]).astype(np.uint8).reshape(LEVELS.shape[:2])
FORMS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}, "AVIF": {"quality": 100}}


def within(made: np.ndarray, expected: np.ndarray, tolerance: float = 1.6) -> bool:
    return bool(np.abs(made - expected).max() <= tolerance)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("primaries", [DISPLAY_P3, ADOBE_RGB], ids=["P3", "Adobe"])
def test_wide_colors_become_srgb(form, primaries, caplog):
    large = LEVELS.repeat(8, 0).repeat(8, 1)
    options = FORMS[form] | ({"subsampling": "4:4:4"} if form == "AVIF" else {})
    data = encode(Image.fromarray(large), form, icc_profile=profile(primaries), **options)
    assert within(images.decode(data, "a").rgb, in_srgb(large, primaries), {"JPEG": 9, "AVIF": 12}.get(form, 1.6))
    assert not caplog.records


@pytest.mark.parametrize("gamma", [1.0, 1.8])
def test_other_gammas(gamma):
    made = images.decode(encode(Image.fromarray(LEVELS), icc_profile=profile(SRGB, gamma)), "a").rgb
    assert within(made, in_srgb(LEVELS, SRGB, gamma))


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("mode", ["L", "LA"])
def test_gray_profiles(mode, gamma):
    image = Image.fromarray(SHARES if mode == "L" else np.dstack([SHARES, SHARES[::-1]]))
    made = images.decode(encode(image, icc_profile=profile(gamma=gamma)), "a")
    expected = in_srgb(SHARES, gamma=gamma)
    if mode == "LA":
        share = SHARES[::-1] / 255
        expected = expected * share + 255 * (1 - share)
        assert np.array_equal(made.alpha, SHARES[::-1])
    assert within(made.rgb, expected[..., None])


def test_profiles_of_16_bit_files():
    numbers = LEVELS.astype(np.uint16) * 257
    data = png(numbers, 16, 2, chunk(b"iCCP", b"p\0\0" + zlib.compress(profile(DISPLAY_P3))))
    assert within(images.decode(data, "a").rgb, in_srgb(LEVELS, DISPLAY_P3))
    gray = png(SHARES[..., None].astype(np.uint16) * 257, 16, 0, chunk(b"iCCP", b"p\0\0" + zlib.compress(profile(gamma=1.8))))
    assert within(images.decode(gray, "a").rgb, in_srgb(SHARES, gamma=1.8)[..., None])


def test_opacity_stays_aside():
    image = Image.fromarray(np.dstack([LEVELS, SHARES]))
    made = images.decode(encode(image, icc_profile=profile(ADOBE_RGB)), "a")
    share = SHARES[..., None] / 255
    assert np.array_equal(made.alpha, SHARES)
    assert within(made.rgb, in_srgb(LEVELS, ADOBE_RGB) * share + 255 * (1 - share))


def test_palettes_are_converted():
    image = Image.fromarray(LEVELS).quantize(64)
    own = np.asarray(image.convert("RGB"))
    assert within(images.decode(encode(image, icc_profile=profile(DISPLAY_P3)), "a").rgb, in_srgb(own, DISPLAY_P3))


def ink_profile() -> bytes:
    """A profile of inks whose table says: the Lab lightness is what is not covered, whatever the colors of the inks."""
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", *np.eye(3, dtype=int).ravel() * 65536)
    grid = b"".join(
        bytes([255 - min(255, 85 * (c + m + y) + 255 * k), 128, 128]) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)
    )
    table += bytes(range(256)) * 4 + grid + bytes(range(256)) * 3
    tags = [(name, table) for name in (b"A2B0", b"A2B1")]
    start, place, data = struct.pack(">I", 2), 128 + 4 + 24, b""
    for name, value in tags:
        value += b"\0" * (-len(value) % 4)
        start += name + struct.pack(">II", place + len(data), len(value))
        data += value
    header = struct.pack(">I", place + len(data)) + b"none" + b"\x02\x40\0\0" + b"prtrCMYKLab " + b"\0" * 12 + b"acsp"
    return header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061).ljust(60, b"\0") + start + data


@pytest.mark.parametrize("form", ["TIFF", "JPEG"])
def test_profiles_of_inks(form):
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, 16:, :3] = 255
    options = {"quality": 100, "subsampling": 0} if form == "JPEG" else {}
    image = Image.frombytes("CMYK", (32, 16), inks.tobytes())
    made = images.decode(encode(image, form, icc_profile=ink_profile(), **options), "a").rgb
    assert made[:, :16].min() >= 253 and made[:, 16:].max() <= 2
    inks[..., 0], inks[..., 1:] = 255, 0  # cyan that is said to be gray: the table was used
    image = Image.frombytes("CMYK", (32, 16), inks.tobytes())
    made = images.decode(encode(image, form, icc_profile=ink_profile(), **options), "a").rgb.astype(int)
    assert np.ptp(made, axis=2).max() <= 2 and 140 < made.mean() < 190


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_srgb_changes_nothing(form, caplog):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))
    plain, named = (images.decode(encode(image, form, **FORMS[form], **more), "a").rgb for more in ({}, {"icc_profile": srgb}))
    assert np.array_equal(plain, named) and not caplog.records


@pytest.mark.parametrize(
    "data", [b"not a profile", profile(SRGB)[:50], profile(SRGB)[:150], b"\xff" * 70000, profile(SRGB)[:-4].replace(b"curv", b"wurm"), b""],
    ids=["text", "start", "cut", "noise", "no curve", "empty"],
)  # fmt: skip
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_damaged_profiles_are_ignored_with_a_remark(data, form, caplog):
    image = Image.fromarray(LEVELS)
    plain = images.decode(encode(image, form, **FORMS[form]), "a").rgb
    made = images.decode(encode(image, form, icc_profile=data, **FORMS[form]), "a.x").rgb
    assert np.array_equal(made, plain)
    assert [record.getMessage() for record in caplog.records] == ["a.x: its color profile is damaged and was ignored"] * bool(data)


@pytest.mark.parametrize("packed", [b"no zlib", zlib.compress(b"\0" * (20 << 20))], ids=["garbage", "bomb"])
def test_profiles_that_do_not_unpack_are_ignored(packed, caplog):
    made = images.decode(png(LEVELS, 8, 2, chunk(b"iCCP", b"p\0\0" + packed)), "a.png").rgb
    assert np.array_equal(made, LEVELS)
    assert caplog.messages == ["a.png: its color profile is damaged and was ignored"]


def test_profiles_of_other_colors_are_ignored_with_a_remark(caplog):
    gray = encode(Image.fromarray(SHARES), icc_profile=profile(DISPLAY_P3))
    assert np.array_equal(images.decode(gray, "a.png").rgb[..., 0], SHARES)
    rgb = encode(Image.fromarray(LEVELS), icc_profile=profile(gamma=1.8))
    assert np.array_equal(images.decode(rgb, "b.png").rgb, LEVELS)
    assert caplog.messages == [
        "a.png: its color profile is for RGB colors, not for gray, and was ignored",
        "b.png: its color profile is for gray, not for RGB colors, and was ignored",
    ]


def test_gray_with_the_profile_of_srgb_needs_no_remark(caplog):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(images.decode(encode(Image.fromarray(SHARES), icc_profile=srgb), "a").rgb[..., 0], SHARES)
    assert not caplog.records


def wide_by_numbers(form: str, numbers: tuple[int, int]) -> bytes:
    """A PNG or AVIF that names its color space by numbers, without a profile."""
    large = Image.fromarray(LEVELS.repeat(8, 0).repeat(8, 1))
    if form == "PNG":
        return png(np.asarray(large), 8, 2, chunk(b"cICP", bytes([*numbers, 0, 1])))
    data = encode(large, "AVIF", quality=100, subsampling="4:4:4")
    place = data.index(b"colrnclx") + 8
    return data[:place] + struct.pack(">HH", *numbers) + data[place + 4 :]


@pytest.mark.parametrize("form", ["PNG", "AVIF"])
def test_color_spaces_named_by_numbers(form, caplog):
    large = LEVELS.repeat(8, 0).repeat(8, 1).astype(float)
    same, p3 = (images.decode(wide_by_numbers(form, numbers), "a").rgb for numbers in ((1, 13), (12, 13)))
    assert not caplog.records
    light = large / 255
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    right = in_srgb(255 * light ** (1 / 2.2), DISPLAY_P3)  # of the curve of sRGB
    assert within(same, large, 12 if form == "AVIF" else 0) and within(p3, right, 12 if form == "AVIF" else 1.6)
    assert within(images.decode(wide_by_numbers(form, (9, 16)), "a").rgb, large, 12)
    assert [r.getMessage() for r in caplog.records] == ["a: its color space is not known here and was taken as sRGB"]


def test_numbers_go_before_a_profile_of_png_and_gray_needs_none(caplog):
    embedded = chunk(b"iCCP", b"p\0\0" + zlib.compress(profile(ADOBE_RGB)))
    assert within(images.decode(png(LEVELS, 8, 2, chunk(b"cICP", b"\1\x0d\0\1"), embedded), "a").rgb, LEVELS, 0)
    assert within(images.decode(png(SHARES[..., None], 8, 0, chunk(b"cICP", b"\x0c\x0d\0\1")), "a").rgb, SHARES[..., None], 0)
    assert not caplog.records
