"""Hints and masks of another size than their picture's are refused by their headers: nothing of them is decoded."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.cli.mask_files import read_mask
from mangastyle.cli.sized import Sized
from mangastyle.io import images

SIDE = 40


def header(width: int, height: int) -> bytes:
    """A PNG of RGBA that promises pixels and has nearly none."""
    chunks = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(x)) + k + x + struct.pack(">I", zlib.crc32(k + x)) for k, x in chunks)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Pictures a.png, in/a.png, in/b.png; large.png and large/a.png, large/b.png, which would be damaged if they were decoded."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    for name in ("a.png", "in/a.png", "in/b.png", "art.png"):
        images.save(name, noise)
    Path("large").mkdir()
    for name in ("large.png", "large/a.png", "large/b.png"):
        Path(name).write_bytes(header(9999, 9999))
    return tmp_path


@pytest.fixture
def no_tensorflow(monkeypatch):
    def too_early():
        raise AssertionError("TensorFlow is loaded before the input is checked")

    monkeypatch.setattr("mangastyle.startup.load_tensorflow", too_early)


@pytest.mark.parametrize("line", ["shade a.png --hint large.png", "shade a.png --hint large", "run a.png --hint large.png"])
def test_a_hint_for_one_picture(place, no_tensorflow, capsys, line):
    assert main([*line.split(), "--out", "out/"]) == 2
    error = capsys.readouterr().err
    assert "the hint is 9999x9999 but the picture is 40x40" in error and error.count("\n") == 1


@pytest.mark.parametrize("line", ["style a.png --style art.png --mask large.png", "style a.png --style art.png --mask large"])
def test_a_mask_for_one_picture(place, no_tensorflow, capsys, line):
    assert main([*line.split(), "--out", "out/"]) == 2
    error = capsys.readouterr().err
    assert "this mask is 9999x9999 pixels and the content 40x40; resize the mask to 40x40" in error and error.count("\n") == 1


def test_hints_and_masks_for_a_folder(place, tiny_weights, onepass_weights, capsys):
    assert main(["shade", "in", "--hint", "large", "--out", "shaded", "--weights", str(tiny_weights), "--precision", "float32"]) == 2
    assert capsys.readouterr().err.count("the hint is 9999x9999 but the picture is 40x40") == 2
    flags = ["--method", "onepass", "--onepass-weights", onepass_weights, "--precision", "float32", "--size", "0"]
    assert main(["style", "in", "--style", "art.png", "--mask", "large", "--out", "styled", *flags]) == 2
    assert capsys.readouterr().err.count("this mask is 9999x9999 pixels and the content 40x40") == 2


def test_a_damaged_hint_of_all_pictures_is_found_at_once(place, no_tensorflow, capsys):
    assert main(["shade", "in", "--hint", "large.png", "--out", "out"]) == 2
    assert "large.png: damaged" in capsys.readouterr().err


def test_a_file_is_decoded_once_and_only_when_it_fits(place):
    decoded = []

    def compare(path, own, picture):
        if own != picture:
            raise ValueError

    file = Sized(Path("a.png"), images.MAX_PIXELS, lambda path, limit: decoded.append(path) or "mask", compare)
    with pytest.raises(ValueError):
        file.of((SIDE, SIDE + 1))
    assert not decoded and [file.of((SIDE, SIDE)), file.decode()] == ["mask", "mask"] and len(decoded) == 1


def test_masks_are_read_in_strips_as_at_once(place, monkeypatch):
    random = np.random.default_rng(1)
    images.save("mask.png", random.integers(0, 256, (37, 29, 3), np.uint8), random.integers(0, 256, (37, 29), np.uint8))
    whole = read_mask("mask.png")
    monkeypatch.setattr("mangastyle.io.strips.AT_ONCE", 100)
    np.testing.assert_array_equal(read_mask("mask.png"), whole)
    assert 0 < whole.mean() < 0.5
