"""Right pixels or none: formats by depths by opacities, written by hand, tifffile, OpenCV and Pillow; expected from the numbers written."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from picture_bytes import chunk, encode, png, tiff
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.io import images

HEIGHT, WIDTH = 9, 13
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6  # PNG's color types


def samples(depth: int, *channels: int) -> np.ndarray:
    """Random numbers of all values, both ends among them."""
    top = 2**depth - 1
    made = np.random.default_rng(depth).integers(0, top + 1, (HEIGHT, WIDTH, *channels), np.uint16 if depth > 8 else np.uint8)
    made[0, 0], made[0, 1] = 0, top
    return made


def on_white(levels: np.ndarray, opacity: np.ndarray | float = 1.0) -> np.ndarray:
    """What levels, (h, w, 1 or 3) in 0..1, and opacity, (h, w) in 0..1, must come out as; in 0..255, unrounded."""
    opacity = np.broadcast_to(np.asarray(opacity, np.float64), levels.shape[:2])[..., None]
    return np.broadcast_to(255 * (levels * opacity + 1 - opacity), (*levels.shape[:2], 3))


def check(data: bytes, expected: np.ndarray, opacity: np.ndarray | None = None, tolerance: float = 0.51) -> None:
    made = images.decode(data, "a")
    assert made.rgb.dtype == np.uint8 and made.rgb.shape == expected.shape
    assert np.abs(made.rgb - expected).max() <= tolerance
    assert (made.alpha is None) == (opacity is None)
    if opacity is not None:
        assert made.alpha.dtype == np.uint8 and np.abs(made.alpha - 255 * opacity).max() <= 1


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_png_gray(depth):
    gray = samples(depth, 1)
    top = 2**depth - 1
    check(png(gray, depth, GRAY), on_white(gray / top))
    key = int(gray[3, 3, 0])
    for stored in {key, key | 0xFF00 if depth <= 8 else key}:  # bits above the depth mean nothing
        opacity = (gray[..., 0] != key).astype(float)
        check(png(gray, depth, GRAY, chunk(b"tRNS", struct.pack(">H", stored))), on_white(gray / top, opacity), opacity)


@pytest.mark.parametrize("depth", [8, 16])
def test_png_rgb(depth):
    rgb = samples(depth, 3)
    rgb[4, 4] = rgb[3, 3] ^ 1  # almost the transparent color
    check(png(rgb, depth, RGB), on_white(rgb / (2**depth - 1)), tolerance=1)
    opacity = (rgb != rgb[3, 3]).any(-1).astype(float)
    key = chunk(b"tRNS", struct.pack(">3H", *rgb[3, 3]))
    check(png(rgb, depth, RGB, key), on_white(rgb / (2**depth - 1), opacity), opacity, tolerance=1)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("color", "channels"), [(GRAY_ALPHA, 1), (RGBA, 3)])
def test_png_with_opacity(depth, color, channels):
    both = samples(depth, channels + 1)
    levels, opacity = both[..., :-1] / (2**depth - 1), both[..., -1] / (2**depth - 1)
    check(png(both, depth, color), on_white(levels, opacity), opacity, tolerance=1.01)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("opacities", [0, 1, 256], ids=["opaque", "one", "all"])
def test_png_palette(depth, opacities):
    index, count = samples(depth, 1), 2**depth
    random = np.random.default_rng(0)
    palette, opacity = random.integers(0, 256, (count, 3), np.uint8), np.full(count, 255, np.uint8)
    opacity[:opacities] = random.integers(0, 255, count)[:opacities]
    chunks = [chunk(b"PLTE", palette.tobytes())]
    if opacities:
        chunks.append(chunk(b"tRNS", opacity[:opacities].tobytes()))
    alpha = opacity[index[..., 0]] / 255
    check(png(index, depth, PALETTE, *chunks), on_white(palette[index[..., 0]] / 255, alpha), alpha if opacities else None, tolerance=1)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("inverted", [False, True])
def test_tiff_gray(bits, inverted, order):
    gray = samples(bits, 1)
    levels = gray / (2**bits - 1)
    check(tiff(gray, bits, order, t262=0 if inverted else 1), on_white(1 - levels if inverted else levels))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_gray_16_bits_compressed(compression):
    gray = samples(16, 1)
    check(encode(Image.fromarray(gray[..., 0]), "TIFF", compression=compression), on_white(gray / 65535))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", [0, 1, 2], ids=["unspecified", "associated", "unassociated"])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiff_with_a_further_channel(channels, kind, bits, order):
    both, top = samples(bits, channels + 1), 2**bits - 1
    if kind == 1:
        both[..., -1] = both[..., -1] // 2 + top // 2
        both[..., :-1] = np.minimum(both[..., :-1], both[..., -1:])
    levels, opacity = both[..., :-1] / top, both[..., -1] / top
    data = tiff(both, bits, order, t262=2 if channels == 3 else 1, t338=kind)
    if kind == 0:
        check(data, on_white(levels), tolerance=1)
    elif kind == 1:
        check(data, on_white(levels / opacity[..., None], opacity), opacity, tolerance=1.2)
    else:
        check(data, on_white(levels, opacity), opacity, tolerance=1.01)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_tifffile_rgb(bits, channels, planar, compression, tile):
    both = samples(bits, channels)
    stored = both if planar == "contig" else np.moveaxis(both, -1, 0)
    stream = io.BytesIO()
    tifffile.imwrite(stream, stored, photometric="rgb", planarconfig=planar, compression=compression, tile=tile,
                     extrasamples=["unassalpha"] if channels == 4 else None)  # fmt: skip
    levels = both / (2**bits - 1)
    opacity = levels[..., 3] if channels == 4 else None
    check(stream.getvalue(), on_white(levels[..., :3], 1.0 if opacity is None else opacity), opacity, tolerance=1.01)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_tifffile_inks(bits, planar):
    inks = samples(bits, 4)
    stream = io.BytesIO()
    tifffile.imwrite(stream, inks if planar == "contig" else np.moveaxis(inks, -1, 0), photometric="separated", planarconfig=planar)
    levels = inks / (2**bits - 1)
    check(stream.getvalue(), 255 * (1 - levels[..., :3]) * (1 - levels[..., 3:]), tolerance=2)


@pytest.mark.parametrize("top", [255, 65535])
def test_tiff_palette(top):
    index, colors = samples(8, 1), np.random.default_rng(0).integers(0, top + 1, (3, 256))
    check(tiff(index, 8, t262=3, t320=tuple(colors.ravel().tolist())), 255 * colors.T[index[..., 0]] / top, tolerance=1)


def test_tiff_palette_of_16_bits():
    index = samples(16, 1) % 1000
    colors = np.random.default_rng(0).integers(0, 65536, (3, 65536), np.uint16)
    stream = io.BytesIO()
    tifffile.imwrite(stream, index[..., 0], photometric="palette", colormap=colors)
    check(stream.getvalue(), colors.T[index[..., 0]] / 257, tolerance=1)


@pytest.mark.parametrize(("photometric", "bits"), [(8, 8), (8, 16), (9, 8), (9, 16)])
def test_tiff_lab(photometric, bits):
    lab = np.stack(np.meshgrid(np.linspace(10, 90, HEIGHT), np.linspace(-40, 40, WIDTH), indexing="ij"), -1)
    lab = np.concatenate([lab, lab[..., 1:] // 2], -1)
    unit, zero = (1, 128) if bits == 8 else (256, 32768)
    stored = np.round(np.concatenate([lab[..., :1] / 100 * (2**bits - 1), lab[..., 1:] * unit + (zero if photometric == 9 else 0)], -1))
    stored = stored.astype(np.int64).astype(np.uint8 if bits == 8 else np.uint16)
    bgr = cv2.cvtColor(np.float32(lab), cv2.COLOR_Lab2RGB)  # of D65, which changes no color once white is white
    made = images.decode(tiff(stored, bits, t262=photometric), "a").rgb
    assert np.abs(made - np.clip(bgr, 0, 1) * 255).mean() < 3


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
@pytest.mark.parametrize(("dtype", "top"), [("f2", 1), ("f4", 1), ("f8", 1), ("f4", 255), ("f4", 65535)])
def test_tiff_floats(dtype, top, channels):
    numbers = samples(16, *channels) / 65535 * top
    numbers = (numbers if top == 1 else np.round(numbers)).astype(dtype)
    stream = io.BytesIO()
    tifffile.imwrite(stream, numbers, photometric="rgb" if channels else "minisblack")
    levels = numbers.astype(np.float64) / top
    if not channels:
        check(stream.getvalue(), on_white(levels[..., None]))
    elif channels == (3,):
        check(stream.getvalue(), on_white(levels))
    else:
        check(stream.getvalue(), on_white(levels[..., :3], levels[..., 3]), levels[..., 3], tolerance=1.01)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (np.linspace(0, 3.5, 99, dtype=np.float32), "floating-point numbers from 0 to 3.5 have no known white"),
        (np.linspace(-1, 1, 99, dtype=np.float32), "floating-point numbers from -1 to 1 have no known white"),
        (np.full(99, np.nan, np.float32), "floating-point numbers from nan to nan"),
        (np.arange(99, dtype=np.int8), "signed 8-bit integers"),
        (np.arange(99, dtype=np.int16), "signed 16-bit integers"),
        (np.arange(99, dtype=np.int32), "signed 32-bit integers"),
        (np.arange(99, dtype=np.uint32), "32-bit integers"),
        (np.arange(99, dtype=np.uint64), "64-bit integers"),
        (np.arange(99, dtype=np.complex64), "complex numbers"),
    ],
)
def test_numbers_without_a_known_white_are_refused(numbers, words):
    stream = io.BytesIO()
    tifffile.imwrite(stream, numbers.reshape(9, 11))
    with pytest.raises(MangastyleError) as error:
        images.decode(stream.getvalue(), "a.tif")
    assert str(error.value).startswith("a.tif: ") and words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("photometric", [4, 10, 32803])
def test_colors_of_other_kinds_are_refused(photometric):
    with pytest.raises(MangastyleError, match=f"a.tif: .*kind {photometric}"):
        images.decode(tiff(samples(8, 1), 8, t262=photometric), "a.tif")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jp2", ".ppm", ".bmp"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [8, 16])
def test_opencv(suffix, channels, bits):
    if suffix in (".webp", ".bmp") and bits == 16 or (suffix, bits) == (".jp2", 16) and channels > 1 or suffix == ".ppm" and channels == 4:
        pytest.skip("OpenCV does not write this, or we refuse it")
    numbers = np.tile(samples(bits, channels), (6, 6, 1))  # JPEG 2000 needs some size
    suffix = ".pgm" if suffix == ".ppm" and channels == 1 else suffix
    options = {".webp": [cv2.IMWRITE_WEBP_QUALITY, 101], ".jp2": [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]}  # without loss
    done, data = cv2.imencode(suffix, numbers, options.get(suffix, []))
    assert done
    levels = numbers / (2**bits - 1)
    colors = levels[..., 2::-1] if channels >= 3 else levels
    opacity = levels[..., 3] if channels == 4 else None
    tolerance = 2 if suffix == ".jp2" else 1.01
    made = images.decode(data.tobytes(), "a")
    if opacity is not None and made.alpha is not None and suffix == ".webp":
        opacity = made.alpha / 255
    check(data.tobytes(), on_white(colors, 1.0 if opacity is None else opacity), opacity, tolerance)


@pytest.mark.parametrize("top", [1, 7, 100, 255, 256, 1023, 65535])
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_pnm(top, plain, channels):
    numbers = np.random.default_rng(top).integers(0, top + 1, (HEIGHT, WIDTH, channels))
    kind = {(1, True): 2, (3, True): 3, (1, False): 5, (3, False): 6}[channels, plain]
    pixels = " ".join(map(str, numbers.ravel())).encode() if plain else numbers.astype(">u2" if top > 255 else "u1").tobytes()
    check(b"P%d\n%d %d\n%d\n" % (kind, WIDTH, HEIGHT, top) + pixels, on_white(numbers / top), tolerance=1)


def test_pfm():
    gray = samples(16) / np.float32(65535)
    check(b"Pf\n%d %d\n-1\n" % (WIDTH, HEIGHT) + gray[::-1].astype("<f4").tobytes(), on_white(gray[..., None]))


@pytest.mark.parametrize("bits", [0, 8])
def test_tga_of_32_bits(bits):
    rgba = samples(8, 4)
    header = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, WIDTH, HEIGHT, 32, 0x20 | bits)
    opacity = rgba[..., 3] / 255 if bits else None  # without bits of opacity, the fourth byte means nothing
    check(header + rgba[..., [2, 1, 0, 3]].tobytes(), on_white(rgba[..., :3] / 255, 1.0 if opacity is None else opacity), opacity)


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_bmp(bits):
    rgb = samples(8, 3)
    if bits == 16:
        fives = (rgb >> 3).astype(np.uint16)
        pixels, levels = (fives[..., 0] << 10 | fives[..., 1] << 5 | fives[..., 2]).astype("<u2")[..., None], fives / 31
    else:
        pixels, levels = np.concatenate([rgb[..., ::-1], np.zeros_like(rgb[..., :1])], -1)[..., : bits // 8], rgb / 255
    rows = b"".join((row := line.tobytes()) + b"\0" * (-len(row) % 4) for line in pixels[::-1])
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, bits, 0, len(rows), 0, 0, 0, 0)
    check(b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54) + header + rows, on_white(levels), tolerance=1)


def psd(bands: list[np.ndarray], mode: int) -> bytes:
    return (
        b"8BPS" + struct.pack(">H6xHIIHH", 1, len(bands), HEIGHT, WIDTH, 8, mode)
        + struct.pack(">IIIH", 0, 0, 0, 0) + b"".join(band.tobytes() for band in bands)
    )  # fmt: skip


def test_psd():
    rgb, inks = samples(8, 3), samples(8, 4)
    check(psd(list(np.moveaxis(rgb, -1, 0)), 3), on_white(rgb / 255))
    check(psd(list(np.moveaxis(255 - inks, -1, 0)), 4), 255 * (1 - inks[..., :3] / 255) * (1 - inks[..., 3:] / 255), tolerance=1)
    gray = np.stack([np.tile(np.linspace(0, 255, WIDTH), (HEIGHT, 1)).round(), *[np.full((HEIGHT, WIDTH), 128)] * 2], 0).astype(np.uint8)
    made = images.decode(psd(list(gray), 9), "a").rgb.astype(int)  # Lab
    assert np.ptp(made, axis=2).max() <= 3 and (np.diff(made[0, :, 0]) > 0).all() and made[0, 0, 0] < 3 and made[0, -1, 0] > 252


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "JPEG2000", "AVIF", "QOI", "ICO", "TGA"])
def test_pillow(form, mode):
    levels = np.kron(samples(8, 4)[:4, :4], np.ones((8, 8, 1), np.uint8))
    image = Image.fromarray(levels).convert(mode)
    image = image.convert("RGBA" if "A" in mode else "RGB") if form == "QOI" else image
    options = {"WEBP": {"lossless": True, "exact": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}, "ICO": {"sizes": [(32, 32)]}}
    data = encode(image, form, **options.get(form, {}))
    own = np.asarray(image.convert("RGBA"), np.float64) / 255
    opacity = own[..., 3] if "A" in mode else None
    tolerance = {"AVIF": 6}.get(form, 0.51)
    made = images.decode(data, "a")
    if form == "ICO" and made.alpha is not None and opacity is None:
        opacity = np.ones((32, 32))
    check(data, on_white(own[..., :3], 1.0 if opacity is None else opacity), opacity, tolerance)


@pytest.mark.parametrize("marker", [True, False])
def test_jpeg_inks(marker):
    """Inks in JPEGs are inverted, whether Adobe's marker says so or not: that is how they are met, and how others read them."""
    inks = np.kron(np.random.default_rng(0).integers(0, 256, (3, 4, 4), np.uint8), np.ones((8, 8, 1), np.uint8))
    data = encode(Image.frombytes("CMYK", (32, 24), inks.tobytes()), "JPEG", quality=100, subsampling=0)
    at = data.index(b"\xff\xee")
    data = data if marker else data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    expected = 255 * (1 - inks[..., :3] / 255) * (1 - inks[..., 3:] / 255)
    check(data, expected, tolerance=4)
    assert np.abs(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] - expected).max() <= 5  # so does OpenCV


def test_jpeg_ycck():
    """The same with the first three inks as luma and chroma, which Adobe's marker says."""
    inks = np.kron(np.random.default_rng(0).integers(64, 192, (3, 4, 4), np.uint8), np.ones((8, 8, 1), np.uint8))
    ycc = cv2.cvtColor(inks[..., :3], cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]]
    # Inverted twice by the writer, which leaves the numbers; K alone must be stored inverted.
    stored = np.dstack([255 - ycc, inks[..., 3:]])
    data = encode(Image.frombytes("CMYK", (32, 24), stored.tobytes()), "JPEG", quality=100, subsampling=0)
    at = data.index(b"Adobe")
    data = data[: at + 11] + b"\2" + data[at + 12 :]
    made = images.decode(data, "a").rgb
    # libjpeg: C = 255 - R and so on, of the RGB that the luma and chroma make; stored inverted like K.
    reds = inks[..., :3] / 255
    expected = 255 * (1 - reds) * (1 - inks[..., 3:] / 255)
    assert np.abs(made - expected).max() <= 6 or np.abs(made - 255 * reds * (1 - inks[..., 3:] / 255)).max() <= 6


@pytest.mark.parametrize("extra", [1, 2])
@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_of_inks_with_opacity(bits, extra):
    """Associated ones are multiplied by their opacity."""
    inks = np.random.default_rng(5).integers(0, 256, (24, 32, 4), np.uint8)
    share = np.tile(np.linspace(0.2, 1, 32)[None, :, None], (24, 1, 1)).round(2)
    top = 2**bits - 1
    stored = np.concatenate([inks / 255 * (share if extra == 1 else 1), share], -1)
    stored = (stored * top).round().astype(np.uint8 if bits == 8 else np.uint16)
    made = images.decode(tiff(stored, bits, t262=5, t338=extra), "a")
    opaque = images.decode(tiff(inks, 8, t262=5), "a").rgb
    assert np.abs(made.alpha / 255.0 - share[..., 0]).max() < 0.01
    assert np.abs(made.rgb - (opaque * share + 255 * (1 - share))).max() <= (4 if extra == 1 else 2)
