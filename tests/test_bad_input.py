"""Bad input to every command: one line that names the file, exit code 2, nothing half-written, no network loaded."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from mangastyle import images
from mangastyle.cli import main

COMMANDS = ("sketch", "shade", "style", "run")


def encode(rgb: np.ndarray, form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, form)
    return stream.getvalue()


def flat(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), (200, 120, 60), np.uint8)


def huge() -> bytes:
    """30000 x 30000 pixels of one bit, all promise."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
BROKEN = {
    "empty.png": b"",
    "half.png": encode(NOISE)[:5000],
    "half.jpg": encode(NOISE, "JPEG")[:2000],
    "text.png": b"Dear diary,\n",
    "dot.png": encode(flat(1, 1)),
    "huge.png": huge(),
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty current folder with good.png and painting.png in it; networks must not be loaded."""
    images.save(tmp_path / "good.png", flat(40, 48))
    images.save(tmp_path / "painting.png", NOISE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_networks(monkeypatch):
    def too_early(*arguments, **options):
        raise AssertionError("a network is loaded before the input is checked")

    for name in ("mangastyle.shade.infer.Shader", "mangastyle.style.transfer.Painter", "mangastyle.pipeline.Shader", "mangastyle.pipeline.Painter"):
        monkeypatch.setattr(name, too_early)


def arguments(command: str, picture: str, out: str = "out.png") -> list[str]:
    more = {"style": ["--style", "painting.png"], "run": ["--style", "painting.png"]}.get(command, [])
    return [command, picture, "--out", "out" if command == "run" and out == "out.png" else out, *more]


def refused(capsys, place, argv: list[str], *named: str) -> None:
    """Run `argv`; it must fail with one line that holds `named`, and leave no file behind."""
    before = sorted(place.rglob("*"))
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("mangastyle: ") and err.count("\n") == 1, err
    assert all(text in err for text in named), err
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", BROKEN)
def test_broken_pictures(capsys, place, no_networks, command, name):
    (place / name).write_bytes(BROKEN[name])
    refused(capsys, place, arguments(command, name), name)


@pytest.mark.parametrize("command", COMMANDS)
def test_missing_pictures(capsys, place, no_networks, command):
    refused(capsys, place, arguments(command, "gone.png"), "gone.png")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_limit_of_pixels(capsys, place, no_networks, command):
    images.save(place / "large.png", flat(200, 200))
    refused(capsys, place, [*arguments(command, "large.png"), "--max-megapixels", "0.02"], "large.png: 200x200", "--max-megapixels")


@pytest.mark.parametrize("command", ["sketch", "shade", "style"])
def test_a_folder_without_pictures(capsys, place, no_networks, command):
    (place / "none").mkdir()
    refused(capsys, place, arguments(command, "none", "results"), "none: no picture in this folder")


def test_run_takes_one_picture(capsys, place, no_networks):
    (place / "none").mkdir()
    refused(capsys, place, arguments("run", "none"), "none: is a folder, not a picture")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("out", ["good.png/below.png", "good.png/far/below.png"])
def test_outputs_that_cannot_be_written(capsys, place, no_networks, command, out):
    refused(capsys, place, arguments(command, "good.png", out), "below.png", "--out")


@pytest.mark.parametrize("command", COMMANDS)
def test_outputs_on_a_read_only_disk(capsys, place, no_networks, command, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    refused(capsys, place, arguments(command, "good.png"), f"cannot write in {place}; choose another --out")


@pytest.mark.parametrize("command", COMMANDS)
def test_existing_outputs(capsys, place, no_networks, command):
    name = "out/stylised.png" if command == "run" else "out.png"
    images.save(place / name, flat(9, 9))
    refused(capsys, place, arguments(command, "good.png"), name, "already exists; use --force")
    assert images.load(place / name).rgb.shape == (9, 9, 3)


@pytest.mark.parametrize("command", ["sketch", "shade", "style"])
def test_outputs_of_no_known_format(capsys, place, no_networks, command):
    refused(capsys, place, arguments(command, "good.png", "out.xyz"), "out.xyz: cannot write this format")


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_presets(capsys, place, command):
    refused(capsys, place, [*arguments(command, "good.png"), "--preset", "defalt"], "'defalt' (did you mean 'default'?)")


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_flags(capsys, place, command):
    with pytest.raises(SystemExit) as error:
        main([*arguments(command, "good.png"), "--max-megapixel-count", "3"])
    assert error.value.code == 2 and "(did you mean '--max-megapixels'?)" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_options_in_the_json(capsys, place, command):
    (place / "mine.json").write_text('{"max_megapixel": 3}')
    refused(capsys, place, [*arguments(command, "good.png"), "--config", "mine.json"], "mine.json", "did you mean 'max_megapixels'?")


@pytest.mark.parametrize("command", ["style", "run"])
@pytest.mark.parametrize(("name", "data"), [("gone.png", None), ("text.png", b"hello"), ("small.png", encode(flat(31, 60)))])
def test_bad_paintings(capsys, place, no_networks, command, name, data):
    if data:
        (place / name).write_bytes(data)
    refused(capsys, place, [command, "good.png", "--out", "out.png", "--style", "painting.png", name], name)


@pytest.mark.parametrize("command", ["style", "run"])
def test_contents_too_small_to_paint(capsys, place, no_networks, command):
    images.save(place / "small.png", flat(20, 60))
    refused(capsys, place, arguments(command, "small.png"), "small.png: 60x20 pixels is too small; the least is 32x32")


def test_style_without_a_painting(capsys, place, no_networks):
    refused(capsys, place, ["style", "good.png"], "no painting", "--style")


@pytest.mark.parametrize("size", ["16", "5000"])
def test_run_at_a_size_that_cannot_be(capsys, place, no_networks, size):
    refused(capsys, place, ["run", "--size", size, "--out", "out"], "--size", size)


@pytest.mark.parametrize("hint", ["gone.png", "atuo"])
def test_missing_hints(capsys, place, no_networks, hint):
    refused(capsys, place, [*arguments("shade", "good.png"), "--hint", hint], hint, "--hint takes none, auto or a file")


def test_missing_hints_of_run(capsys, place, no_networks):
    refused(capsys, place, [*arguments("run", "good.png"), "--hint", "gone.png"], "gone.png")


def test_bad_palettes(capsys, place, no_networks):
    refused(capsys, place, [*arguments("shade", "good.png"), "--palette", "red", "reddish"], "--palette reddish")
    refused(capsys, place, [*arguments("shade", "good.png"), "--palette", "gone.png"], "gone.png")


@pytest.mark.parametrize("command", ["shade", "run"])
def test_a_hint_of_another_size(capsys, place, command, tiny_weights, request):
    if command == "run":  # there even before the networks
        request.getfixturevalue("no_networks")
    images.save(place / "hint.png", flat(40, 40))
    argv = [*arguments(command, "good.png"), "--hint", "hint.png", "--weights", str(tiny_weights)]
    refused(capsys, place, argv, "hint.png: the hint is 40x40 but the picture is 48x40")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_damaged_weights(capsys, place, data):
    (place / "broken.h5").write_bytes(data)
    refused(capsys, place, [*arguments("shade", "good.png"), "--weights", "broken.h5"], "broken.h5")


def test_missing_weights(capsys, place):
    refused(capsys, place, [*arguments("shade", "good.png"), "--weights", "gone.h5"], "gone.h5: no such weights file")


def test_cut_weights(capsys, place, tiny_weights):
    (place / "cut.h5").write_bytes(tiny_weights.read_bytes()[:-2000])
    refused(capsys, place, [*arguments("shade", "good.png"), "--weights", "cut.h5"], "cut.h5")


def test_bad_weights_stop_a_folder_at_once(capsys, place):
    (place / "broken.h5").write_bytes(b"hello")
    for i in range(3):
        images.save(place / "in" / f"{i}.png", flat(40, 40))
    refused(capsys, place, ["shade", "in", "--out", "results", "--weights", "broken.h5"], "broken.h5")


def test_a_folder_goes_on_with_the_rest(capsys, place, tiny_weights):
    for name in ("a.png", "deep/b.png"):
        images.save(place / "in" / name, flat(33, 47))
    for name, data in BROKEN.items():
        (place / "in" / name).write_bytes(data)
    argv = ["shade", "in", "--out", "results", "--weights", str(tiny_weights)]
    assert main(argv) == 2
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == "results: 2 pictures written\n"
    assert [line.split(":")[1].strip() for line in lines] == [f"in/{name}" for name in sorted(BROKEN)] + ["in"]
    assert "6 of 8 pictures could not be processed" in lines[-1]
    made = sorted(str(p.relative_to(place / "results")) for p in (place / "results").rglob("*.*"))
    assert made == ["a.png", "config.json", "deep/b.png"]
    assert images.load(place / "results/deep/b.png").rgb.shape == (33, 47, 3)


def test_the_real_command(place):
    (place / "half.png").write_bytes(BROKEN["half.png"])
    argv = [sys.executable, "-m", "mangastyle", "style", "half.png", "--style", "painting.png"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("mangastyle: half.png: damaged (") and done.stderr.count("\n") == 1
