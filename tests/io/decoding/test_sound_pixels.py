"""Sound pixels are read whatever surrounds them; missing ones are refused by name; declared sizes are not believed."""

from __future__ import annotations

import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from picture_bytes import DISPLAY_P3, SIGNATURE, chunk, encode, png, profile, tiff
from PIL import Image, PngImagePlugin

from mangastyle.errors import MangastyleError
from mangastyle.io import images

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
SMOOTH = np.array(Image.fromarray(PIXELS[:4, :5]).resize((120, 72)))
LARGE = 3 << 20  # more than Pillow unpacks


def refused(data: bytes, *words: str, name: str = "a.x", **limits: int) -> None:
    start = time.monotonic()
    with pytest.raises(MangastyleError) as error:
        images.decode(data, name, **limits)
    message = str(error.value)
    assert message.startswith(f"{name}: ") and "\n" not in message and len(message) < 400
    assert all(word in message for word in words), (message, data[:20])
    assert time.monotonic() - start < 20


TEXTS = {
    "zTXt": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * LARGE)),
    "many zTXt": 70 * chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 1_000_000)),
    "iTXt": chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"x" * LARGE)),
    "tEXt": chunk(b"tEXt", b"Comment\0" + b"x" * LARGE),
    "XMP": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<x/>" * 1_000_000),
    "eXIf": chunk(b"eXIf", b"MM\0*" + b"\xff" * LARGE),
    "iCCP": chunk(b"iCCP", b"p\0\0" + zlib.compress(b"\0" * LARGE)),
    "unknown": chunk(b"prVt", b"x" * LARGE),
    "wrong checksum": chunk(b"tEXt", b"Comment\0hello", crc=1),
    "wrong length": chunk(b"pHYs", b"12"),
    "wrong gamma": chunk(b"gAMA", b""),
    "wrong time": chunk(b"tIME", b"\xff" * 9),
    "animation": chunk(b"acTL", struct.pack(">II", 10**9, 0)) + chunk(b"fcTL", b"\0" * 26),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("behind", [False, True])
def test_png_with_anything_around_its_pixels(name, behind):
    around = TEXTS[name]
    data = png(PIXELS, 8, 2, after=around) if behind else png(PIXELS, 8, 2, around)
    assert np.array_equal(images.decode(data, "a").rgb, PIXELS)


def test_pillows_limits_are_left_alone():
    assert (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY) == (1 << 20, 64 << 20)


def test_a_large_profile_of_png_is_applied(caplog):
    data = profile(DISPLAY_P3)
    data = struct.pack(">I", len(data) + LARGE) + data[4:] + b"\0" * LARGE
    small = images.decode(png(PIXELS, 8, 2, chunk(b"iCCP", b"p\0\0" + zlib.compress(data[:-LARGE]))), "a").rgb
    large = images.decode(png(PIXELS, 8, 2, chunk(b"iCCP", b"p\0\0" + zlib.compress(data))), "a").rgb
    assert np.array_equal(small, large) and not np.array_equal(large, PIXELS)


@pytest.mark.parametrize("end", [0, 4, 8, 12, 16])
def test_png_without_its_last_bytes(end):
    """The end marker, the checksum of the pixels, and that of the compression: pixels are whole without any of them."""
    data = png(PIXELS, 8, 2)
    assert np.array_equal(images.decode(data[: len(data) - end], "a").rgb, PIXELS)


@pytest.mark.parametrize("junk", [b"\0" * 100, b"junk" * 50, b"\xff\xd8\xff\xe0", png(PIXELS[:9], 8, 2)])
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "TGA", "PPM", "QOI", "ICO"])
def test_bytes_behind_the_end(form, junk):
    options = {"JPEG": {"quality": 90}, "WEBP": {"lossless": True}, "ICO": {"sizes": [(32, 32)]}}.get(form, {})
    data = encode(Image.fromarray(PIXELS[:, :32]).resize((32, 32)), form, **options)
    assert np.array_equal(images.decode(data + junk, "a").rgb, images.decode(data, "a").rgb)


def test_png_whose_pixels_have_a_wrong_checksum_are_read_if_the_compression_says_that_they_are_right():
    data = png(PIXELS, 8, 2)
    at = data.index(b"IDAT")
    length = int.from_bytes(data[at - 4 : at], "big")
    crc = at + 4 + length
    wrong = data[:crc] + b"\1\2\3\4" + data[crc + 4 :]
    assert np.array_equal(images.decode(wrong, "a").rgb, PIXELS)
    for place in (at + 40, at + length // 2, at + length - 1):  # a bit of the pixels themselves
        refused(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :], "damaged")


def test_png_whose_wrong_pixels_unpack_without_an_error():
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 24, 8, 2, 0, 0, 0))
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in PIXELS), 0)  # stored as they are
    data = SIGNATURE + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    assert np.array_equal(images.decode(data, "a").rgb, PIXELS)
    place = data.index(PIXELS[3].tobytes())
    refused(data[:place] + b"\0" + data[place + 1 :], "damaged (")


def test_png_with_a_damaged_header_or_palette():
    data = png(PIXELS, 8, 2)
    refused(data[:19] + b"\x99" + data[20:], "damaged (its header has a wrong checksum")
    index = np.zeros((9, 9, 1), np.uint8)
    refused(png(index, 8, 3, chunk(b"PLTE", b"\1\2\3", crc=7)), "damaged (its palette has a wrong checksum")
    refused(SIGNATURE + chunk(b"IHDR", b"\0" * 13) + chunk(b"IEND", b""), "damaged (its pixels are missing")
    refused(SIGNATURE + chunk(b"IDAT", b"") * 3, "damaged (its header is missing")
    refused(SIGNATURE + chunk(b"tEXt", b"") * 1_000_001, "damaged (it consists of over 1000000 pieces")


def test_png_in_many_and_empty_pieces():
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in PIXELS))
    pieces = b"".join(chunk(b"IDAT", packed[i : i + 7]) + chunk(b"IDAT", b"") + chunk(b"tEXt", b"a\0b") for i in range(0, len(packed), 7))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 24, 8, 2, 0, 0, 0))
    assert np.array_equal(images.decode(SIGNATURE + header + pieces + chunk(b"IEND", b""), "a").rgb, PIXELS)


JPEGS = {
    "plain": {},
    "gray": {},
    "fine": {"quality": 100, "subsampling": 0},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "small": {"quality": 5},
}
FINE = {
    "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "JPEG": {"quality": 100, "subsampling": 0},
}


def jpeg(kind: str, pixels: np.ndarray = SMOOTH) -> bytes:
    image = Image.fromarray(pixels)
    return encode(image.convert("L") if kind == "gray" else image, "JPEG", **JPEGS[kind])


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("end", [b"", b"\xff", b"\0" * 1000, b"\xff\xff"])
def test_jpeg_without_its_last_bytes(kind, end):
    data = jpeg(kind)
    assert data.endswith(b"\xff\xd9")
    assert np.array_equal(images.decode(data[:-2] + end, "a").rgb, images.decode(data, "a").rgb)


@pytest.mark.parametrize("kind", JPEGS)
@pytest.mark.parametrize("end", [b"", b"\xff\xd9", b"\0" * 100_000], ids=["cut", "ended", "zeros"])
def test_jpeg_whose_pixels_are_missing(kind, end):
    data = jpeg(kind)
    start = data.rindex(b"\xff\xda") + 14 if kind != "progressive" else data.index(b"\xff\xda") + 12
    shares = (0.0, 0.3, 0.6, 0.9) if kind != "progressive" or not end else (0.0,)
    for share in shares:
        refused(data[: start + int(share * (len(data) - start))] + end, "damaged")
    if not end.startswith(b"\xff"):
        refused(data[:-5] + end, "damaged")


def test_jpeg_whose_last_pixel_is_gray_is_whole():
    gray = SMOOTH.copy()
    gray[-32:] = 128
    data = jpeg("plain", gray)
    assert np.abs(images.decode(data, "a").rgb.astype(int) - gray).mean() < 12
    assert images.decode(data[:-2], "a").rgb.shape == gray.shape


def test_jpeg_with_anything_before_its_pixels():
    data = jpeg("plain")
    whole = images.decode(data, "a").rgb

    def segment(kind: int, content: bytes) -> bytes:
        return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2, "big") + content

    for kind, content in (
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<x/>" * 9000), (0xE1, b"Exif\0\0garbage"), (0xE2, b"MPF\0" + b"\xff" * 90),
        (0xED, b"Photoshop 3.0\x008BIM" + b"\xff" * 99), (0xFE, b"x" * 65000), (0xE2, b"ICC_PROFILE\0"), (0xE2, b"ICC_PROFILE\0\1\2abc"),
    ):  # fmt: skip
        for count in (1, 30):
            made = images.decode(data[:2] + segment(kind, content) * count + data[2:], "a").rgb
            assert np.array_equal(made, whole)


@pytest.mark.parametrize(
    ("form", "options", "spare"),
    [("GIF", {}, 1), ("WEBP", {"lossless": True}, 0), ("BMP", {}, 0), ("TIFF", {}, 0), ("TGA", {}, 26), ("QOI", {}, 8), ("PPM", {}, 0)],
)
def test_other_formats_without_their_last_bytes(form, options, spare):
    """What lies behind the last pixel may be missing; of the pixels, nothing may."""
    image = Image.fromarray(PIXELS)
    image = image.quantize(256) if form == "GIF" else image
    data = encode(image, form, **options)
    assert np.array_equal(images.decode(data[: len(data) - spare], "a").rgb, images.decode(data, "a").rgb)
    refused(data[: len(data) * 2 // 3], "damaged")


def test_the_first_picture_of_several_is_read():
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "lime", "blue")]
    for form in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        made = images.decode(encode(frames[0], form, save_all=True, append_images=frames[1:]), "a").rgb
        assert np.abs(made.astype(int) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_pixels_and_opacity_alike(form, orientation):
    upright = np.zeros((32, 48, 4), np.uint8)
    upright[:16, :24], upright[:16, 24:], upright[16:, :24], upright[16:, 24:, 3] = (255, 0, 0, 255), (0, 255, 0, 99), (0, 0, 255, 200), 50
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright, 1), 7: np.rot90(upright, 2).transpose(1, 0, 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    image = Image.fromarray(np.ascontiguousarray(stored[..., : 3 if form == "JPEG" else 4]))
    exif = Image.Exif()
    exif[274] = orientation
    tags = {"tiffinfo": {274: orientation}} if form == "TIFF" else {"exif": exif}
    made = images.decode(encode(image, form, **tags, **FINE.get(form, {})), "a")
    share = upright[..., 3:] / 255 if form != "JPEG" else 1
    assert np.abs(made.rgb - (upright[..., :3].astype(float) * share + 255 * (1 - share))).max() <= 4
    assert made.alpha is None or np.abs(made.alpha.astype(int) - upright[..., 3]).max() <= 2


def test_declared_sizes():
    """Limits hold for what is declared, wherever, before any memory is taken."""
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    inner = SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    icon = b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 32, 32, 0, 0, 1, 32, len(inner), 22)
    dib = struct.pack("<IiiHHIIiiII", 40, 60000, 120000, 1, 32, 0, 0, 0, 0, 0, 0)
    webp = b"VP8X" + struct.pack("<II", 10, 0) + (16000).to_bytes(3, "little") * 2
    webp += b"VP8L" + struct.pack("<IBI", 6, 0x2F, 0) + b"\0"
    gif = b"GIF89a" + struct.pack("<HH", 60000, 60000) + b"\0\0\0," + struct.pack("<HHHHBB", 0, 0, 60000, 60000, 0, 8)
    for data in (
        inner, icon + inner, icon + dib, b"P6\n60000 60000\n255\n", gif,
        b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp, tiff(PIXELS, 8, t256=60000, t257=60000, t262=2),
        b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0),
        b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 60000, 60000, 8, 3) + b"\0" * 14, b"qoif" + struct.pack(">IIBB", 60000, 60000, 3, 0),
        struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 60000, 60000, 24, 0),
    ):  # fmt: skip
        refused(data, "over the limit of 100 megapixels")
    refused(tiff(PIXELS, 8, t262=2, t322=60000, t323=60000), "its tiles are 60000x60000 pixels large")


def test_files_that_are_too_large_are_not_even_opened(tmp_path):
    with open(tmp_path / "a.png", "wb") as file:
        file.write(png(PIXELS, 8, 2))
        file.truncate(2_000_000_000)  # sparse
    with pytest.raises(MangastyleError, match="a.png: 2000 MB is over the limit of 632 MB for 100 megapixels; .*`max_pixels`"):
        images.load(tmp_path / "a.png")
    assert images.load(tmp_path / "a.png", max_pixels=500_000_000).rgb.shape == PIXELS.shape


def test_directories_of_tiff_that_claim_more_than_the_file():
    shared = tiff(PIXELS, 8, t262=2, t700=tuple(range(200)))
    entry = shared.rindex(struct.pack("<HH", 700, 3))
    claimed = shared[: entry + 4] + struct.pack("<L", 10**9) + shared[entry + 8 :]
    refused(claimed, "damaged (its directory speaks of more than the file holds")
    refused(b"II*\0" + struct.pack("<L", 10**8), "damaged (its directory is missing")


@pytest.mark.parametrize("data", [b"qoif" + struct.pack(">IIBB", 5000, 5000, 3, 0), b"P3\n5000 5000\n255\n", b"P6\n5000 5000\n100\n"])
def test_what_is_decoded_slowly_has_a_lower_limit(data):
    refused(data, "5000x5000 pixels of this kind are over its limit of 8 megapixels")


UNREAD = {
    "an EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\n",
    "a PDF": b"%PDF-1.7\n",
    "a HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "a JPEG XL": b"\xff\x0a\xfa\x7f",
    "an OpenEXR": b"v/1\x01\2\0\0\0",
    "an SVG": b'<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "an ICNS": b"icns\0\0\1\0",
    "an XCF": b"gimp xcf v011\0",
    "a KRA": b"PK\3\4" + b"\0" * 26 + b"mimetypeapplication/x-krita",
    "a ZIP": b"PK\3\4" + b"\0" * 26 + b"a.txt",
    "a CLIP": b"CSFCHUNK\0\0\0\0",
    "a PSD with 16 bits a channel, which is not read; save it with 8": b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 9, 9, 16, 3) + b"\0" * 900,
    "a PSB": b"8BPS" + struct.pack(">H6xHIIHH", 2, 3, 9, 9, 8, 3) + b"\0" * 900,
    "a web page": b"<!DOCTYPE html><html><svg></svg>404</html>",
    "a video": b"\0\0\0\x18ftypisom\0\0\0\0",
    "a WMF": b"\xd7\xcd\xc6\x9a" + b"\0" * 40,
}


@pytest.mark.parametrize("kind", UNREAD)
def test_files_that_are_not_read_are_called_by_their_names(kind):
    refused(UNREAD[kind] + b"\0" * 64, f"a.x: {kind}", ";" if kind != "a web page" else "download")


def test_files_that_are_nothing():
    refused(b"Dear diary", "a.x: not a picture this program can read")
    refused(png(PIXELS, 8, 5), "a.x: damaged (its header makes no sense")


MEMORY = """
import sys
from mangastyle.errors import MangastyleError
from mangastyle.io import images
try:
    print(images.load(sys.argv[1]).rgb.shape)
except MangastyleError as error:
    print(error)
print(next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.linux
@pytest.mark.slow
@pytest.mark.parametrize("form", "rgba.png 16.png rgb.jpg inks.jpg rgb.webp p.gif rgba.tif 16.tif float.tif rgb.avif".split())
def test_memory_at_the_limit(tmp_path, form):
    import tifffile

    side, path = 10_000, tmp_path / form
    gray = Image.fromarray(np.tile(np.arange(side, dtype=np.uint16).astype(np.uint8), (side, 1)))
    rgb = Image.merge("RGB", [gray, gray, gray])
    if form == "16.png":
        Image.fromarray(np.asarray(gray).astype(np.uint16) * 257).save(path, compress_level=1)
    elif form in ("16.tif", "float.tif"):
        made = np.asarray(gray).astype(np.uint16 if form == "16.tif" else np.float32)
        tifffile.imwrite(path, np.stack([made] * 3, -1) if form == "16.tif" else made / 255, compression="zlib")
    elif form.startswith("rgba"):
        rgb.putalpha(gray)
        rgb.save(path, **({"compress_level": 1} if form.endswith("png") else {}))
    else:
        (rgb.convert("CMYK") if form == "inks.jpg" else gray if form == "p.gif" else rgb).save(path)
    done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) < 1500, done.stdout
