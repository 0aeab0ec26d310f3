"""OpenRaster files by the letter of the standard: what is in the archive, in what order, and how it is told."""

from __future__ import annotations

import io
import struct
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from mangastyle.io import openraster
from mangastyle.io.layer import Group, Layer


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 4), np.uint8)


def png(file: zipfile.ZipFile, name: str) -> Image.Image:
    return Image.open(io.BytesIO(file.read(name)))


def test_the_archive_begins_with_its_type_and_holds_what_the_standard_asks_for(tmp_path):
    rgba = noise(40, 50)
    openraster.write(tmp_path / "a.ora", [Layer("a", rgba[..., :3]), Layer("b", rgba[..., :3], rgba[..., 3])], rgba[..., :3], rgba[..., 3])
    data = (tmp_path / "a.ora").read_bytes()
    signature, compression, name_length, extra_length = struct.unpack("<4s4xH16xHH", data[:30])
    assert signature == b"PK\3\4" and compression == 0 and extra_length == 0  # so that the type is at byte 38, as of OpenDocument files
    assert data[30:53] == b"mimetypeimage/openraster"[:23]
    with zipfile.ZipFile(tmp_path / "a.ora") as file:
        assert file.testzip() is None
        assert file.read("mimetype") == b"image/openraster"
        assert set(file.namelist()) == {"mimetype", "stack.xml", "data/1.png", "data/2.png", "mergedimage.png", "Thumbnails/thumbnail.png"}
        assert len(file.namelist()) == len(set(file.namelist()))
        assert all(png(file, name).format == "PNG" for name in file.namelist() if name.endswith(".png"))
        merged, thumbnail = png(file, "mergedimage.png"), png(file, "Thumbnails/thumbnail.png")
    np.testing.assert_array_equal(np.array(merged), rgba)
    assert thumbnail.size == (50, 40)


def test_an_opaque_picture_is_merged_without_alpha(tmp_path):
    rgb = noise(9, 7)[..., :3]
    openraster.write(tmp_path / "a.ora", [Layer("a", rgb)], rgb)
    with zipfile.ZipFile(tmp_path / "a.ora") as file:
        merged = png(file, "mergedimage.png")
    assert merged.mode == "RGB"
    np.testing.assert_array_equal(np.array(merged), rgb)


@pytest.mark.parametrize(
    "height, width, expected", [(512, 256, (128, 256)), (300, 3, (3, 256)), (2, 1000, (256, 1)), (256, 256, (256, 256))]
)
def test_thumbnails_are_small_and_keep_the_shape(tmp_path, height, width, expected):
    rgb = np.zeros((height, width, 3), np.uint8)
    openraster.write(tmp_path / "a.ora", [Layer("a", rgb)], rgb)
    with zipfile.ZipFile(tmp_path / "a.ora") as file:
        assert png(file, "Thumbnails/thumbnail.png").size == expected
        assert png(file, "mergedimage.png").size == (width, height)


def test_the_stack_lists_the_top_layer_first(tmp_path):
    rgb, alpha = np.zeros((6, 5, 3), np.uint8), np.zeros((6, 5), np.uint8)
    alpha[2:4, 3] = 9
    inner = [Layer("low", rgb, alpha), Layer("high", rgb, mode="multiply", opacity=0.25)]
    stack = [Layer("paper", rgb), Group("group", inner, visible=False), Layer("light", rgb, mode="screen", visible=False)]
    openraster.write(tmp_path / "a.ora", stack, rgb)
    with zipfile.ZipFile(tmp_path / "a.ora") as file:
        root = ElementTree.fromstring(file.read("stack.xml"))
        assert file.read("stack.xml").startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
        assert png(file, next(x for x in root.iter("layer") if x.get("name") == "low").attrib["src"]).size == (1, 2)
    assert root.tag == "image" and {"w": "5", "h": "6", "xres": "72", "yres": "72"}.items() <= root.attrib.items() and root.get("version")
    (top,) = root
    light, group, paper = top
    assert [x.get("name") for x in top] == ["light", "group", "paper"] and [x.tag for x in top] == ["layer", "stack", "layer"]
    assert light.attrib["composite-op"] == "svg:screen" and light.attrib["visibility"] == "hidden"
    assert group.attrib["visibility"] == "hidden" and group.attrib["isolation"] == "isolate"
    high, low = group
    assert (high.attrib["composite-op"], high.attrib["opacity"], high.attrib["visibility"]) == ("svg:multiply", "0.25", "visible")
    assert (low.attrib["composite-op"], low.attrib["x"], low.attrib["y"]) == ("svg:src-over", "3", "2")
    assert paper.attrib["opacity"] == "1" and len({x.attrib["src"] for x in root.iter("layer")}) == 4
