"""The pixel contract: every kind of file to RGB and back, against Pillow's and OpenCV's own readers."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.formats import BY_SUFFIX, WRITABLE


def noise(height: int, width: int, *channels: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, *channels), np.uint8)


def encode(image: Image.Image, form: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG of one gray level a pixel that promises a size and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", WRITABLE)
def test_red_stays_red(tmp_path, suffix):
    red = np.full((24, 32, 3), (230, 20, 10), np.uint8)
    path = images.save(tmp_path / f"red{suffix}", red)
    loaded, alpha = images.load(path)
    tolerance = 4 if BY_SUFFIX[suffix].decoder == "JPEG" else 0
    assert alpha is None and loaded.dtype == np.uint8
    assert np.abs(loaded.astype(int) - red).max() <= tolerance
    bgr = cv2.imread(str(path))  # another library agrees on which channel is red
    assert np.abs(bgr[..., ::-1].astype(int) - red).max() <= tolerance


@pytest.mark.parametrize("suffix", [".png", ".webp", ".bmp", ".tif"])
@pytest.mark.parametrize("shape", [(8, 8), (31, 33), (65, 97)])
def test_lossless_round_trip(tmp_path, suffix, shape):
    rgb = noise(*shape, 3)
    assert np.array_equal(images.load(images.save(tmp_path / f"a{suffix}", rgb)).rgb, rgb)


def test_line_art_becomes_rgb(tmp_path):
    line = np.where(noise(20, 30) > 99, np.uint8(255), np.uint8(0))
    path = images.save(tmp_path / "line.png", line)
    assert Image.open(path).mode == "L"
    assert np.array_equal(images.load(path).rgb, np.repeat(line[..., None], 3, axis=2))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_alpha_is_composited_on_white_and_kept(tmp_path, suffix):
    rgba = noise(16, 20, 4)
    rgba[0, 0, 3], rgba[0, 1, 3] = 0, 255
    image = Image.fromarray(rgba)
    image.save(tmp_path / f"a{suffix}", **({"lossless": True, "exact": True} if suffix == ".webp" else {}))
    loaded, alpha = images.load(tmp_path / f"a{suffix}")
    share = rgba[..., 3:] / 255
    assert np.abs(loaded - (rgba[..., :3] * share + 255 * (1 - share))).max() <= 0.5
    assert loaded[0, 0].tolist() == [255, 255, 255] and loaded[0, 1].tolist() == rgba[0, 1, :3].tolist()
    assert np.array_equal(alpha, rgba[..., 3])
    again = images.load(images.save(tmp_path / f"b{suffix}", loaded, alpha))
    assert np.array_equal(again.alpha, alpha)


def test_alpha_is_left_out_where_the_format_has_none(tmp_path):
    path = images.save(tmp_path / "a.jpg", noise(16, 16, 3), noise(16, 16))
    assert images.load(path).alpha is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied(orientation, form):
    upright = np.zeros((16, 24, 3), np.uint8)  # four corners of different colors
    upright[:8, :12], upright[:8, 12:], upright[8:, :12] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    # What the camera stored, so that the orientation's own instruction (TIFF 6.0, tag 274) turns it upright.
    stored = {
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.transpose(1, 0, 2), 6: np.rot90(upright, 1), 7: np.rot90(upright, 2).transpose(1, 0, 2), 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[274] = orientation
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    data = encode(Image.fromarray(np.ascontiguousarray(stored)), form, exif=exif, **options)
    assert np.abs(images.decode(data, "a").rgb.astype(int) - upright).max() <= 3


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp", "gif", "ppm", "tga", "jp2", "pcx", "qoi", "avif"])
def test_the_size_is_known_without_the_pixels(tmp_path, suffix, monkeypatch):
    exif, path = Image.Exif(), tmp_path / f"a.{suffix}"
    exif[274] = 6
    Image.fromarray(noise(24, 40, 3)).save(path, exif=exif)
    size = images.load(path).rgb.shape[:2]
    assert size in ((24, 40), (40, 24)) and (size == (40, 24) or suffix not in ("png", "jpg", "webp"))
    monkeypatch.setattr("mangastyle.io.decoding.reader.to_rgb", None)  # what turns pixels into a picture
    assert images.size_of(path) == size
    for limits, message in ((dict(max_pixels=900), "is over the limit"), (dict(min_side=25), "is too small")):
        with pytest.raises(MangastyleError, match=message):
            images.size_of(path, **limits)


def test_damaged_exif_does_not_matter():
    image = Image.fromarray(np.full((16, 16, 3), 80, np.uint8))
    for exif in (b"MM\0*\0\0\0\x08\xff\xff\x01\x12", b"garbage", b"II*\0\0\0\0\xf0", b"II*\0\x08\0\0\0\1\0\x12\1\2\0\5\0\0\0abcde"):
        assert images.decode(encode(image, "JPEG", exif=b"Exif\0\0" + exif), "a").rgb.shape == (16, 16, 3)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_gray(tmp_path, suffix):
    gray = np.random.default_rng(0).integers(0, 65536, (20, 30), np.uint16)
    gray[0, :3] = 0, 32896, 65535  # 32896 = 128 * 257
    cv2.imwrite(str(tmp_path / f"a{suffix}"), gray)
    loaded = images.load(tmp_path / f"a{suffix}").rgb
    assert loaded[0, :3, 0].tolist() == [0, 128, 255]
    assert np.abs(loaded - (gray / 257)[..., None]).max() <= 0.5


def test_big_endian_16_bit_gray(tmp_path):
    gray = np.random.default_rng(0).integers(0, 65536, (20, 30)).astype(">u2")
    image = Image.frombytes("I;16B", (30, 20), gray.tobytes())
    image.save(tmp_path / "a.tif")
    assert np.abs(images.load(tmp_path / "a.tif").rgb - (gray / 257)[..., None]).max() <= 0.5


def test_16_bit_rgb_png(tmp_path):
    bgr = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), bgr)
    assert np.abs(images.load(tmp_path / "a.png").rgb - bgr[..., ::-1] / 257).max() <= 1


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_float_tiff(tmp_path, top):
    gray = np.linspace(0, top, 16 * 20, dtype=np.float32).reshape(16, 20)
    gray = gray if top == 1 else gray.round()
    Image.fromarray(gray).save(tmp_path / "a.tif")
    assert np.abs(images.load(tmp_path / "a.tif").rgb[..., 0] - gray / top * 255).max() <= 0.51


def test_cmyk_jpeg():
    ink = np.zeros((16, 16, 4), np.uint8)
    ink[..., 1:3] = 255  # magenta and yellow make red
    data = encode(Image.frombytes("CMYK", (16, 16), ink.tobytes()), "JPEG")
    red, green, blue = images.decode(data, "a").rgb.reshape(-1, 3).mean(0)
    assert red > 200 and green < 60 and blue < 60


def test_palette_with_transparency():
    image = Image.new("P", (10, 10), 1)
    image.putpalette([0, 0, 0, 250, 0, 0, 0, 250, 0])
    image.paste(2, (5, 0, 10, 10))
    loaded, alpha = images.decode(encode(image, transparency=2), "a")
    assert loaded[0, 0].tolist() == [250, 0, 0] and loaded[0, 9].tolist() == [255, 255, 255]
    assert alpha[0, 0] == 255 and alpha[0, 9] == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBX", "LAB"])
def test_other_modes_become_rgb(mode):
    gray = Image.fromarray(np.tile(np.where(np.arange(16) < 8, 0, 255).astype(np.uint8), (16, 1)))
    loaded = images.decode(encode(gray.convert("RGB").convert(mode), "TIFF"), "a").rgb
    assert loaded.shape == (16, 16, 3) and loaded[:, :8].max() <= 2 and loaded[:, 8:].min() >= 253


def test_animated_gif_gives_its_first_frame():
    frames = [Image.new("RGB", (12, 12), color) for color in ("red", "lime", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.decode(data, "a").rgb[6, 6].tolist() == [255, 0, 0]


def broken_files() -> dict[str, tuple[bytes, str]]:
    """name: (bytes, what the error message must match)."""
    whole = Image.fromarray(noise(64, 64, 3))
    png, jpeg = encode(whole), encode(whole, "JPEG")
    return {
        "empty.png": (b"", "empty"),
        "half.png": (png[: len(png) // 2], "damaged"),
        "half.jpg": (jpeg[: len(jpeg) // 2], "damaged"),
        "half.tif": ((tiff := encode(whole, "TIFF", compression="tiff_lzw"))[: len(tiff) // 2], "damaged|not a picture"),
        "half.webp": ((webp := encode(whole, "WEBP"))[: len(webp) // 2], "damaged|not a picture"),
        "start.jpg": (jpeg[:10], "damaged|not a picture"),
        "text.png": (b"Dear diary,\n", "not a picture"),
        "dot.png": (encode(Image.new("RGB", (1, 1))), "1x1 pixels is too small"),
        "thin.png": (encode(Image.new("RGB", (7, 50))), "7x50 pixels is too small"),
        "huge.png": (png_header(30000, 30000), "30000x30000 pixels is over the limit.*`max_pixels`"),
    }


@pytest.mark.parametrize("name", broken_files())
def test_broken_files_are_named(tmp_path, capfd, name):
    data, message = broken_files()[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MangastyleError, match=message) as error:
        images.load(tmp_path / name)
    assert str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)
    assert capfd.readouterr().err == ""  # nor does a decoder print remarks of its own


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(MangastyleError, match="gone.png: no such file"):
        images.load(tmp_path / "gone.png")
    with pytest.raises(MangastyleError, match="is a folder"):
        images.load(tmp_path)


def test_huge_pictures_are_refused_before_decoding():
    tracemalloc.start()
    with pytest.raises(MangastyleError, match="over the limit"):
        images.decode(png_header(30000, 30000), "a")
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_the_limit_is_the_callers():
    data = encode(Image.new("RGB", (20, 10)))
    assert images.decode(data, "a", max_pixels=200).rgb.shape == (10, 20, 3)
    with pytest.raises(MangastyleError, match="20x10"):
        images.decode(data, "a", max_pixels=199)
    with pytest.raises(MangastyleError, match="the least is 11x11"):
        images.decode(data, "a", min_side=11)


def test_save_never_overwrites_unasked(tmp_path):
    path = images.save(tmp_path / "a.png", noise(8, 8, 3))
    before = path.read_bytes()
    with pytest.raises(MangastyleError, match="a.png: already exists.*`force`"):
        images.save(path, noise(9, 9, 3))
    assert path.read_bytes() == before
    images.save(path, noise(9, 9, 3), force=True)
    assert images.load(path).rgb.shape == (9, 9, 3)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.gif", "a.svg"])
def test_formats_that_cannot_be_written(tmp_path, name):
    with pytest.raises(MangastyleError, match="cannot write this format"):
        images.save(tmp_path / name, noise(8, 8, 3))
    assert not list(tmp_path.iterdir())


def test_a_format_that_cannot_hold_the_size(tmp_path):
    with pytest.raises(MangastyleError, match="a.webp: cannot write this format.*16383"):
        images.save(tmp_path / "a.webp", np.zeros((8, 16384, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written_are_refused_early(tmp_path):
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "a.png", tmp_path / "file" / "deep" / "a.png"):
        with pytest.raises(MangastyleError, match="cannot write in .*choose another `out`"):
            images.check_writable(place, force=False)
    images.check_writable(tmp_path / "new" / "deep" / "a.png", force=False)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((64, 64), np.float32), "`content`: must be uint8 (h, w, 3), not float32 (64, 64)"),
        (np.zeros((64, 64, 3), np.float64), "`content`: must be uint8 (h, w, 3), not float64 (64, 64, 3)"),
        (np.zeros((64, 64), np.uint8), "`content`: must be uint8 (h, w, 3), not uint8 (64, 64)"),
        (np.zeros((64, 64, 4), np.uint8), "`content`: must be uint8 (h, w, 3), not uint8 (64, 64, 4)"),
        (np.zeros((1, 64, 64, 3), np.uint8), "`content`: must be uint8 (h, w, 3), not uint8 (1, 64, 64, 3)"),
        (np.zeros((0, 64, 3), np.uint8), "`content`: must be uint8 (h, w, 3), not uint8 (0, 64, 3)"),
        (np.zeros((), np.uint8), "`content`: must be uint8 (h, w, 3), not uint8 ()"),
        (np.zeros((8, 7, 3), np.uint8), "`content`: must be at least 8 pixels high and wide, not 8x7"),
        ([[[0, 0, 0]]], "`content`: must be an array uint8 (h, w, 3), not list"),
        ("picture.png", "`content`: must be an array uint8 (h, w, 3), not str"),
        (None, "`content`: must be an array uint8 (h, w, 3), not NoneType"),
    ],
)
def test_an_array_that_is_no_picture_is_named_with_what_is_wanted_and_what_came(picture, message):
    with pytest.raises(MangastyleError) as error:
        images.check_picture(picture, "content", min_side=8)
    assert str(error.value) == message


def test_check_picture_returns_the_picture_itself():
    rgb, gray = noise(9, 8, 3), noise(9, 8)
    assert images.check_picture(rgb, "a") is rgb and images.check_picture(gray, "a", gray=True) is gray
    assert images.check_picture(rgb[::-1, ::2], "a", gray=True).shape == (9, 4, 3)
    with pytest.raises(MangastyleError, match=r"`a`: must be uint8 \(h, w, 3\) or \(h, w\), not uint8 \(9, 8, 2\)"):
        images.check_picture(rgb[..., :2], "a", gray=True)


def test_what_is_no_picture_is_not_saved(tmp_path):
    with pytest.raises(MangastyleError, match=r"`rgb`: must be uint8 .* not float64"):
        images.save(tmp_path / "a.png", noise(9, 8, 3) / 255)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", [None, 5, object(), b"a.png", "a\0b.png", "\ud800.png", [], 1.5])
def test_what_is_no_name_of_a_file_is_refused(path):
    for call in (lambda: images.load(path), lambda: images.save(path, noise(9, 9, 3))):
        with pytest.raises(MangastyleError, match="^`path`: must be the name of a file") as error:
            call()
        assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("value", [None, "9", float("nan"), float("inf"), 1e9, -1, 0, True, []])
@pytest.mark.parametrize("name", ["max_pixels", "min_side"])
def test_limits_must_be_whole_numbers(tmp_path, name, value):
    path = images.save(tmp_path / "a.png", noise(9, 9, 3))
    for call in (lambda: images.load(path, **{name: value}), lambda: images.decode(path.read_bytes(), "a", **{name: value})):
        with pytest.raises(MangastyleError, match=f"^`{name}`: must be a whole number from 1 to "):
            call()
    assert images.load(path, **{name: np.int64(81 if name == "max_pixels" else 9)}).rgb.shape == (9, 9, 3)
