"""Photoshop files, field by field as Adobe's specification has them, and by Pillow."""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.io import images, psd
from mangastyle.io.layer import Group, Layer

NAME = "線画"


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def take(file: BinaryIO, form: str):
    """The next fields, big-endian."""
    found = struct.unpack(f">{form}", file.read(struct.calcsize(f">{form}")))
    return found if len(found) > 1 else found[0]


def take_planes(file: BinaryIO, planes: int, rows: int) -> None:
    """Pass over compressed channels, whose rows have as many bytes as the table says."""
    compression = take(file, "H")
    assert compression == (1 if rows else 0)
    if rows:
        file.seek(sum(struct.unpack(f">{planes * rows}H", file.read(2 * planes * rows))), io.SEEK_CUR)


@pytest.mark.parametrize("transparent", [False, True])
def test_every_field_has_the_size_and_place_that_the_specification_gives_it(tmp_path, transparent):
    """Adobe Photoshop File Formats Specification, October 2013: the sections in their order, to the last byte."""
    height, width = 7, 5
    rgba, alpha = noise(height, width), np.zeros((height, width), np.uint8)
    alpha[1:4, 2:4] = 200
    stack = [
        Layer("Paper", rgba[..., :3]),
        Group("Each", [Layer("#ffffff", rgba[..., :3], alpha, opacity=0.5)], visible=False),
        Layer(NAME, rgba[..., :3], np.zeros_like(alpha), "multiply"),
        Layer("Light", rgba[..., :3], alpha, "screen", visible=False),
    ]
    psd.write(tmp_path / "a.psd", stack, rgba[..., :3], rgba[..., 3] if transparent else None)
    file = io.BytesIO((tmp_path / "a.psd").read_bytes())

    assert take(file, "4sH") == (b"8BPS", 1) and file.read(6) == bytes(6)  # file header section
    channels = 4 if transparent else 3
    assert take(file, "HIIHH") == (channels, height, width, 8, 3)
    assert take(file, "I") == 0  # color mode data section

    length = take(file, "I")  # image resources section
    assert take(file, "4sH2sI") == (b"8BIM", 1005, b"\0\0", 16) and take(file, "IHHIHH") == (72 << 16, 1, 1, 72 << 16, 1, 1)
    assert length == 4 + 2 + 2 + 4 + 16

    length = take(file, "I")  # layer and mask information section
    end = file.tell() + length
    layer_length = take(file, "I")
    layer_end = file.tell() + layer_length
    assert layer_length % 2 == 0
    assert take(file, "h") == (-6 if transparent else 6)  # negative: the fourth channel of the merged picture is its transparency
    records, sizes = [], []  # sizes: of each channel of each layer
    for _ in range(6):
        top, left, bottom, right, count = take(file, "4iH")
        assert count == 4
        listed = [take(file, "hI") for _ in range(count)]
        assert [channel for channel, _ in listed] == [0, 1, 2, -1]
        sizes += [size for _, size in listed]
        signature, key, opacity, clipping, flags, filler, extra = take(file, "4s4s4BI")
        assert signature == b"8BIM" and clipping == filler == 0
        extra_end = file.tell() + extra
        assert take(file, "II") == (0, 0)  # layer mask data, layer blending ranges data
        short_length = take(file, "B")
        short = file.read(short_length)
        file.seek(-(short_length + 1) % 4, io.SEEK_CUR)
        tagged = {}
        while file.tell() < extra_end:
            tag_signature, tag, tag_length = take(file, "4s4sI")
            assert tag_signature == b"8BIM" and tag_length % 2 == 0
            tagged[tag] = file.read(tag_length)
        assert file.tell() == extra_end
        units = struct.unpack(">I", tagged[b"luni"][:4])[0]
        name = tagged[b"luni"][4 : 4 + 2 * units].decode("utf-16-be")
        divider = struct.unpack(">I4s4s", tagged[b"lsct"]) if b"lsct" in tagged else None
        records.append(((top, left, bottom, right), key, opacity, flags, name, divider))
        assert short == name.encode("mac_roman", "replace")
    whole, part, nothing = (0, 0, height, width), (1, 2, 4, 4), (0, 0, 0, 0)
    assert records == [
        (whole, b"norm", 255, 8, "Paper", None),
        (nothing, b"norm", 255, 24, "</Layer group>", (3, b"8BIM", b"norm")),
        (part, b"norm", 128, 8, "#ffffff", None),
        (nothing, b"norm", 255, 26, "Each", (2, b"8BIM", b"norm")),
        (nothing, b"mul ", 255, 8, NAME, None),
        (part, b"scrn", 255, 10, "Light", None),
    ]
    for (top, _, bottom, _), size in zip((record[0] for record in records for _ in range(4)), sizes, strict=True):
        start = file.tell()
        take_planes(file, 1, bottom - top)
        assert file.tell() - start == size and size % 2 == 0  # nothing between channels: GIMP reads on behind the last row
    assert file.tell() == layer_end
    assert take(file, "I") == 0 and file.tell() == end  # global layer mask info

    take_planes(file, channels, height)  # image data section
    assert not file.read()


@pytest.mark.parametrize("height, width", [(1, 1), (1, 5), (7, 3), (130, 129)])
def test_pillow_reads_the_merged_picture_and_the_layers(tmp_path, height, width):
    rgba, other = noise(height, width), noise(height, width, 1)
    for alpha in (None, rgba[..., 3]):
        path = tmp_path / "a.psd"
        stack = [Layer("a", rgba[..., :3]), Group("g", [Layer("b", other[..., :3], np.maximum(other[..., 3], 1), "screen")])]
        psd.write(path, stack, rgba[..., :3], alpha, force=True)
        with Image.open(path) as image:
            np.testing.assert_array_equal(np.array(image), rgba[..., :3] if alpha is None else rgba)
            assert image.size == (width, height) and image.n_frames == 4
            image.seek(1)
            np.testing.assert_array_equal(np.array(image)[..., :3], rgba[..., :3])
            image.seek(3)
            np.testing.assert_array_equal(np.array(image), np.dstack([other[..., :3], np.maximum(other[..., 3], 1)]))


def test_our_own_reader_finds_the_picture_that_a_png_would_hold(tmp_path):
    rgba = noise(20, 30)
    psd.write(tmp_path / "a.psd", [Layer("a", rgba[..., :3])], rgba[..., :3], rgba[..., 3])
    images.save(tmp_path / "a.png", rgba[..., :3], rgba[..., 3])
    ours, png = images.load(tmp_path / "a.psd"), images.load(tmp_path / "a.png")
    np.testing.assert_array_equal(ours.rgb, png.rgb)
    np.testing.assert_array_equal(ours.alpha, png.alpha)


def test_layers_beyond_the_size_that_readers_take_are_one_error(tmp_path, monkeypatch):
    monkeypatch.setattr(psd, "MAX_BYTES", 10_000)
    rgba = noise(90, 90)
    with pytest.raises(MangastyleError, match="a.psd: this format holds at most .* GB, and the layers take more; end the name in .ora"):
        psd.write(tmp_path / "a.psd", [Layer("a", rgba[..., :3])], rgba[..., :3])
    assert not list(tmp_path.iterdir())


def test_large_pictures_are_written_in_strips(tmp_path, monkeypatch):
    """In strips of a few rows each, the file is the same."""
    rgba = noise(61, 33)
    stack = [Layer("a", rgba[..., :3], rgba[..., 3])]
    psd.write(tmp_path / "whole.psd", stack, rgba[..., :3])
    monkeypatch.setattr("mangastyle.io.strips.AT_ONCE", 100)
    psd.write(tmp_path / "strips.psd", stack, rgba[..., :3])
    assert (tmp_path / "strips.psd").read_bytes() == (tmp_path / "whole.psd").read_bytes()
