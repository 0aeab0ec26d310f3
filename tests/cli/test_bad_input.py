"""Bad input to every command: one line that names the file, exit code 2, nothing half-written, TensorFlow not loaded."""

from __future__ import annotations

import io
import json
import os
import shlex
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mangastyle.cli.main import COMMANDS, main
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.ops import pixels

PAINT = ("sketch", "shade", "style", "reconstruct", "run")  # the commands that take a picture


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
INTO_FOLDER = {"run": "out/stylized.png", "reconstruct": "out/content-conv3_1.png"}  # a file that the command makes
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
    """An empty current folder with good.png and painting.png in it."""
    images.save(tmp_path / "good.png", flat(40, 48))
    images.save(tmp_path / "painting.png", NOISE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_tensorflow(monkeypatch):
    def too_early():
        raise AssertionError("TensorFlow is loaded before the input is checked")

    monkeypatch.setattr("mangastyle.startup.load_tensorflow", too_early)


def arguments(command: str, picture: str, out: str = "out.png") -> list[str]:
    more = {"style": ["--style", "painting.png"], "run": ["--style", "painting.png"]}.get(command, [])
    return [command, picture, "--out", "out" if command in INTO_FOLDER and out == "out.png" else out, *more]


def refused(capsys, place, argv: list[str], *named: str) -> None:
    """Run `argv`; it must fail with one line that holds `named`, and leave no file behind."""
    before = sorted(place.rglob("*"))
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("mangastyle: ") and err.count("\n") == 1, err
    assert all(text in err for text in named), err
    assert sorted(place.rglob("*")) == before


# For every command: options, and what the one line of the error names. All in a folder as `furnish` makes it.
MISTAKES = {
    "run": [
        ("gone.png", "gone.png"), ("text.png", "text.png: not a picture"), ("good.png --style gone.png", "gone.png"),
        ("good.png --style small.png", "small.png"), ("good.png --hint gone.png", "gone.png"),
        ("good.png --hint painting.png", "painting.png: the hint is 64x64 but the picture is 48x40"),
        ("good.png --weights gone.h5", "gone.h5: no such weights file"), ("good.png --onepass-weights broken.h5", "broken.h5"),
        ("good.png --method optimize --backbone gone.h5", "gone.h5"), ("good.png --method onepass --iterations 3", "--iterations"),
        ("--size 16", "--size"), ("--size 5000", "--size"), ("--style a.jpg b.jpg", "no picture, but several paintings"),
    ],
    "sketch": [
        ("gone.png", "gone.png"), ("", "no input"), ("good.png --block 4", "--block"),
        ("good.png --out text.png", "text.png: already exists"),
    ],
    "shade": [
        ("gone.png", "gone.png"), ("", "no input"), ("none", "none: no picture in this folder"),
        ("good.png --weights gone.h5", "gone.h5: no such weights file"),
        ("good.png --weights shde", "shde: no such weights file (did you mean 'shade'?)"),
        ("good.png --weights broken.h5", "broken.h5"), ("good.png --hint gone.png", "gone.png"),
        ("good.png --hint painting.png", "painting.png: the hint is 64x64 but the picture is 48x40"),
        ("good.png --hint good.png --palette red", "--hint, --palette and --reference: a palette decides"),
        ("good.png --palette gone.png", "gone.png"), ("good.png --ink 2", "--ink"),
    ],
    "style": [
        ("gone.png --style painting.png", "gone.png"), ("good.png", "no painting"), ("good.png --style gone.png", "gone.png"),
        ("good.png --style painting.png --mask gone.png", "gone.png"),
        ("good.png --style painting.png --init gone.png", "gone.png"),
        ("good.png --style painting.png --backbone gone.h5", "gone.h5"),
        ("good.png --style painting.png --style-layers relu51", "did you mean 'relu5_1'?"),
        ("good.png --style painting.png --method onepass --iterations 3", "--iterations"),
        ("good.png --style painting.png --size 31", "--size"),
        ("good.png --style painting.png --method onepass --onepass-weights gone.h5", "gone.h5"),
        ("good.png --style painting.png --out text.png", "text.png"),
        ("good.png --style painting.png --mask painting.png --style-weights 1 2", "--style-weights"),
    ],
    "video": [
        ("", "no clip"), ("gone.mp4", "gone.mp4"), ("good.png", "good.png: is a single picture"), ("text.png", "text.png: is no clip"),
        ("none", "none"), ("good.png --every 0", "--every"), ("good.png --strength 2", "--strength"),
    ],
    "learn": [
        ("", "no painting"), ("gone.png", "gone.png"), ("text.png", "text.png: not a picture"), ("small.png", "small.png"),
        ("painting.png --out painting.txt", "painting.txt: must end in .h5"), ("painting.png --out broken.h5", "broken.h5: already exists"),
        ("painting.png --data gone", "gone"), ("painting.png --init gone.h5", "gone.h5"), ("painting.png --crop 100", "--crop"),
        ("painting.png --minutes 0", "--minutes or --steps"), ("painting.png --precision mixed_float16", "too narrow"),
    ],
    "train": [
        ("", "--epochs, --steps or --minutes"), ("--data gone", "gone"), ("--data good.png", "good.png: is a picture; name the folder"),
        ("--data drawn:0", "drawn:0"),
        ("--steps 3 --data drawn:x", "drawn:x"), ("--steps 3 --init gone.h5", "gone.h5"),
        ("--steps 3 --init broken.h5", "broken.h5"), ("--steps 3 --out text.png/run", "text.png"), ("--steps 3 --out done", "done"),
        ("--resume --out gone", "gone: no training to resume here"), ("--steps 3 --hint-dropout 2", "--hint-dropout"),
    ],
    "train-onepass": [
        ("--data gone", "gone"), ("--paintings gone", "gone"), ("--init gone.h5", "gone.h5"), ("--crop 100", "--crop"),
        ("--out text.png/run", "text.png"), ("--out done", "done"), ("--resume --out gone", "gone: no training to resume here"),
    ],
    "train-regions": [
        ("--data gone", "gone"), ("--data figures:no", "figures:no"), ("--init gone.h5", "gone.h5"), ("--size 100", "--size"),
        ("--shares 1", "--shares"), ("--regions 256", "--regions"), ("--out text.png/run", "text.png"), ("--out done", "done"),
        ("--resume --out gone", "gone: no training to resume here"),
    ],
    "train-shading": [
        ("--data gone", "gone"), ("--init gone.h5", "gone.h5"), ("--crop 100", "--crop"), ("--drawn-share 2", "--drawn-share"),
        ("--out text.png/run", "text.png"), ("--out done", "done"), ("--resume --out gone", "gone: no training to resume here"),
    ],
    "train-slim-vgg": [
        ("--teacher gone.h5", "gone.h5"), ("--teacher random --data gone", "gone"),
        ("--crop 100", "--crop"), ("--widths 0", "--widths"), ("--resume --out gone", "gone: no training to resume here"),
    ],
    "evaluate": [
        ("--data gone", "gone"), ("--weights gone.h5", "gone.h5: no such weights file"), ("--weights shade shade", "--weights"),
        ("--pairs none", "--pairs"), ("--pairs none gone", "none"), ("--backbone gone.h5", "gone.h5"), ("--hint defalt", "--hint"),
        ("--out text.png/x", "text.png"), ("--out done", "done"),
    ],
    "figures": [
        ("--only 25", "--only 25"), ("--picture gone.png", "gone.png"), ("--style gone.png", "gone.png"),
        ("--weights gone.h5", "gone.h5"), ("--data gone", "gone"), ("--backbone gone.h5", "gone.h5"),
        ("--out text.png/x", "text.png"),
    ],
    "reconstruct": [
        ("gone.png", "gone.png"), ("", "no input"), ("none", "none: is a folder"),
        ("good.png --layers relu51", "did you mean 'relu5_1'?"), ("good.png --backbone gone.h5", "gone.h5"),
        ("good.png --size 31", "--size"), ("small.png", "small.png: 60x31 pixels is too small"),
    ],
    "export": [
        ("--weights gone.h5", "gone.h5: no such weights file"), ("--weights broken.h5", "broken.h5"),
        ("--model ful", "did you mean 'full'?"), ("--model full --onepass-weights gone.h5", "gone.h5"),
        ("--out done", "done: already exists"), ("--out text.png/x", "text.png"),
    ],
    "weights": [
        ("gett", "did you mean 'get'?"), ("get vgg16", "did you mean 'vgg19'?"), ("describe --size 3", "--size"),
    ],
    "draw": [
        ("--out text.png", "text.png: is a file"), ("--size 5000", "--size: must be at most 4096, not 5000"),
        ("--count 0", "--count"),
    ],
    "crawl": [
        ("--site nowhere", "--site: 'nowhere' is not an address"), ("--tags sort:score", "--tags"), ("--rate 0", "--rate"),
    ],
    "app": [
        ("gone.png", "gone.png"), ("text.png", "text.png: not a picture"), ("--host 0.0.0.0", "--token"), ("--token x", "--token"),
        ("--port 70000", "--port"), ("--paintings gone", "--paintings"), ("--data text.png/x", "text.png"),
    ],
}  # fmt: skip
SHARED = [
    ("--preset defalt", "(did you mean 'default'?)"),
    ("--config gone.json", "gone.json: no such file"),
    ("--config list.json", "must hold one JSON object"),
    ("--config other.json", "other.json: unknown option 'sead' (did you mean 'seed'?)"),
    ("--seed -1", "--seed: must be at least 0, not -1"),
]
EVERY = [(f"{command} {options}".strip(), named) for command, cases in MISTAKES.items() for options, named in cases + SHARED]


def furnish(place: Path) -> None:
    """A folder for `MISTAKES`."""
    for folder in ("done", "none"):
        (place / folder).mkdir()
    for name, (height, width) in {"good.png": (40, 48), "small.png": (31, 60), "painting.png": (64, 64)}.items():
        images.save(place / name, flat(height, width))
    texts = {"text.png": "hello", "broken.h5": "hello", "list.json": "[]", "other.json": '{"sead": 3}'}
    for name, text in {**texts, **dict.fromkeys(("done/x", "done/summary.json", "done/config.json", "done/log.jsonl"), "{}")}.items():
        (place / name).write_text(text)


def test_mistakes_are_known_for_every_command():
    assert list(MISTAKES) == list(COMMANDS)


@pytest.mark.parametrize(("line", "named"), EVERY, ids=[line for line, _ in EVERY])
def test_every_mistake_is_one_line(capsys, tmp_path, monkeypatch, no_tensorflow, line, named):
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    refused(capsys, tmp_path, shlex.split(line), named)


def test_no_mistake_loads_tensorflow(tmp_path):
    """All of the mistakes in one fresh process, because this one may have loaded it already."""
    furnish(tmp_path)
    code = """
import json, shlex, sys
from mangastyle.cli.main import main
for line in json.load(sys.stdin):
    assert main(shlex.split(line)) == 2, line
    heavy = {"tensorflow", "keras", "matplotlib", "skimage", "ot"} & set(sys.modules)
    assert not heavy, (line, heavy)
"""
    lines = json.dumps([line for line, _ in EVERY])
    done = subprocess.run([sys.executable, "-c", code], input=lines, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("command", PAINT)
@pytest.mark.parametrize("name", BROKEN)
def test_broken_pictures(capsys, place, no_tensorflow, command, name):
    (place / name).write_bytes(BROKEN[name])
    refused(capsys, place, arguments(command, name), name)


@pytest.mark.parametrize("command", PAINT)
def test_missing_pictures(capsys, place, no_tensorflow, command):
    refused(capsys, place, arguments(command, "gone.png"), "gone.png")


@pytest.mark.parametrize("command", PAINT)
def test_the_limit_of_pixels(capsys, place, no_tensorflow, command):
    images.save(place / "large.png", flat(200, 200))
    refused(capsys, place, [*arguments(command, "large.png"), "--max-megapixels", "0.02"], "large.png: 200x200", "--max-megapixels")


@pytest.mark.parametrize("command", ["sketch", "shade", "style", "run"])
def test_a_folder_without_pictures(capsys, place, no_tensorflow, command):
    (place / "none").mkdir()
    refused(capsys, place, arguments(command, "none", "results"), "none: no picture in this folder")


def test_one_picture_alone(capsys, place, no_tensorflow):
    (place / "none").mkdir()
    refused(capsys, place, arguments("reconstruct", "none"), "none: is a folder")


@pytest.mark.parametrize("command", PAINT)
@pytest.mark.parametrize("out", ["good.png/below.png", "good.png/far/below.png"])
def test_outputs_that_cannot_be_written(capsys, place, no_tensorflow, command, out):
    refused(capsys, place, arguments(command, "good.png", out), "below.png", "--out")


@pytest.mark.parametrize("command", PAINT)
def test_outputs_on_a_read_only_disk(capsys, place, no_tensorflow, command, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    refused(capsys, place, arguments(command, "good.png"), f"cannot write in {place}; choose another --out")


@pytest.mark.parametrize("command", PAINT)
def test_existing_outputs(capsys, place, no_tensorflow, command):
    name = INTO_FOLDER.get(command, "out.png")
    images.save(place / name, flat(9, 9))
    refused(capsys, place, arguments(command, "good.png"), name, "already exists; use --force")
    assert images.load(place / name).rgb.shape == (9, 9, 3)


@pytest.mark.parametrize("command", ["sketch", "shade", "style"])
def test_outputs_of_no_known_format(capsys, place, no_tensorflow, command):
    refused(capsys, place, arguments(command, "good.png", "out.xyz"), "out.xyz: cannot write this format", ", or in / for a folder")


@pytest.mark.parametrize("command", PAINT)
def test_unknown_presets(capsys, place, command):
    refused(capsys, place, [*arguments(command, "good.png"), "--preset", "defalt"], "'defalt' (did you mean 'default'?)")


@pytest.mark.parametrize("command", PAINT)
def test_unknown_flags(capsys, place, command):
    with pytest.raises(SystemExit) as error:
        main([*arguments(command, "good.png"), "--max-megapixel-count", "3"])
    assert error.value.code == 2 and "(did you mean '--max-megapixels'?)" in capsys.readouterr().err


@pytest.mark.parametrize("command", PAINT)
def test_unknown_options_in_the_json(capsys, place, command):
    (place / "mine.json").write_text('{"max_megapixel": 3}')
    refused(capsys, place, [*arguments(command, "good.png"), "--config", "mine.json"], "mine.json", "did you mean 'max_megapixels'?")


@pytest.mark.parametrize("command", ["style", "run"])
@pytest.mark.parametrize(("name", "data"), [("gone.png", None), ("text.png", b"hello"), ("small.png", encode(flat(31, 60)))])
def test_bad_paintings(capsys, place, no_tensorflow, command, name, data):
    if data:
        (place / name).write_bytes(data)
    refused(capsys, place, [command, "good.png", "--out", "out.png", "--style", "painting.png", name], name)


@pytest.mark.parametrize("command", ["style", "reconstruct", "run"])
def test_contents_too_small_to_paint(capsys, place, no_tensorflow, command):
    images.save(place / "small.png", flat(20, 60))
    refused(capsys, place, arguments(command, "small.png"), "small.png: 60x20 pixels is too small; the least is 32x32")


def test_style_without_a_painting(capsys, place, no_tensorflow):
    refused(capsys, place, ["style", "good.png"], "no painting", "--style")


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("flag", ["--style", "--mask", "--init"])
def test_broken_pictures_beside_the_content(capsys, place, no_tensorflow, flag, name):
    (place / name).write_bytes(BROKEN[name])
    refused(capsys, place, ["style", "good.png", "--style", "painting.png", flag, name], name)


@pytest.mark.parametrize("flag", ["--style", "--mask", "--init"])
def test_the_limit_of_pixels_beside_the_content(capsys, place, no_tensorflow, flag):
    images.save(place / "large.png", flat(200, 200))
    argv = ["style", "good.png", "--style", "painting.png", flag, "large.png", "--max-megapixels", "0.02"]
    refused(capsys, place, argv, "large.png: 200x200", "--max-megapixels")


OPTIONS = [
    ("--mask a.png b.png", "--mask: there must be as many masks as paintings, not 2 for 1"),
    ("--mask gone.png", "gone.png: no such file"),
    ("--init gone.png", "gone.png: no such file; --init takes content, style, noise or a file"),
    ("--init nosie", "nosie: no such file (did you mean 'noise'?)"),
    ("--init .", ".: is a folder"),
    ("--style-layers relu1_1 relu51", "--style-layers: VGG-19 has no layer 'relu51' (did you mean 'relu5_1'?)"),
    ("--content-layers conv4-2", "--content-layers: VGG-19 has no layer 'conv4-2' (did you mean 'conv4_2'?)"),
    ("--style-layers relu1_1 relu1_1", "--style-layers: name at least one layer of VGG-19, and none twice"),
    ("--style-weights 1 2", "--style-weights: 2 weights for 1 painting; give one for each painting"),
    ("--style-weights 0", "--style-weights: at least one weight must be more than 0"),
    ("--style-weights -1", "--style-weights: must be at least 0"),
    ("--style-weights nan", "--style-weights: must be a finite number"),
    ("--style-layer-weights 1 2", "--style-layer-weights: 2 weights for 5"),
    ("--style-layer-weights 0 0 0 0 0", "--style-layer-weights: at least one weight"),
    ("--style-layer-weights 1 1 1 1 -1", "--style-layer-weights: must be at least 0"),
    ("--content-weight -1", "--content-weight: must be at least 0"),
    ("--style-weight -1", "--style-weight: must be at least 0"),
    ("--tv-weight -1", "--tv-weight: must be at least 0"),
    ("--content-weight 0 --style-weight 0", "--content-weight 0 and --style-weight 0 leave nothing to paint by"),
    ("--style-weight 0 --strength 1", "--style-weight 0 leave nothing to paint by at --strength 1"),
    ("--strength 1.1", "--strength: must be at most 1"),
    ("--strength -0.1", "--strength: must be at least 0"),
    ("--size 31", "--size: must be 0 or at least 32"),
    ("--iterations 0", "--iterations: must be at least 1"),
    ("--style-scale 0", "--style-scale: must be at least 0.05"),
    ("--style-scale 11", "--style-scale: must be at most 10"),
    ("--save-every -1", "--save-every: must be at least 0"),
]


@pytest.mark.parametrize(("flags", "message"), OPTIONS, ids=[flags for flags, _ in OPTIONS])
def test_options_of_style(capsys, place, no_tensorflow, flags, message):
    refused(capsys, place, [*arguments("style", "good.png"), *flags.split()], message)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--layers relu51", "--layers: VGG-19 has no layer 'relu51' (did you mean 'relu5_1'?)"),
        ("--layers conv1_1 conv1_1", "--layers: name at least one layer of VGG-19, and none twice"),
        ("--size 31", "--size: must be 0 or at least 32"),
        ("--tv-weight -1", "--tv-weight: must be at least 0"),
    ],
)
def test_options_of_reconstruct(capsys, place, no_tensorflow, flags, message):
    refused(capsys, place, [*arguments("reconstruct", "good.png"), *flags.split()], message)


def test_reconstruct_of_nothing(capsys, place, no_tensorflow):
    refused(capsys, place, ["reconstruct"], "no input: name a picture")


def test_a_black_mask(capsys, place, no_tensorflow):
    images.save(place / "black.png", np.zeros((40, 48), np.uint8))
    refused(capsys, place, [*arguments("style", "good.png"), "--mask", "black.png"], "black.png: this mask is black everywhere")


@pytest.mark.parametrize("flag", ["--mask", "--init"])
def test_a_folder_stops_at_once_for_what_all_pictures_need(capsys, place, no_tensorflow, flag):
    images.save(place / "in" / "a.png", flat(40, 40))
    refused(capsys, place, [*arguments("style", "in", "results"), flag, "gone.png"], "gone.png")


@pytest.fixture
def painting(monkeypatch, narrow) -> list[str]:
    """Flags for a painting that takes no time, on a narrow network."""
    monkeypatch.setattr("mangastyle.vgg.backbone.network", lambda *arguments, **options: narrow)
    quick = "--backbone random --precision float32 --size 0 --iterations 2 --optimizer adam"
    layers = "--style painting.png --style-layers relu1_1 --content-layers relu1_1"  # one is compiled sooner than five
    return f"{layers} {quick}".split()


@pytest.fixture
def no_work(monkeypatch):
    def too_early(*arguments):
        raise AssertionError("it paints before all is checked")

    monkeypatch.setattr("mangastyle.style.optimize.objective.Objective.__call__", too_early)


def test_a_mask_of_another_size(capsys, place, painting, no_work):
    argv = ["style", "good.png", *painting, "--mask", "painting.png"]
    refused(capsys, place, argv, "painting.png: this mask is 64x64 pixels and the content 48x40; resize the mask to 48x40")


@pytest.mark.parametrize("command", ["style", "reconstruct"])
def test_a_size_beyond_the_limit(capsys, place, painting, no_work, command):
    flags, named = (painting, ["good.png"]) if command == "style" else (painting[6:], [])
    refused(capsys, place, [command, "good.png", *flags, "--size", "99999"], *named, "--size", "119999x99999", "--max-megapixels")


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("--log", "good-stylized.csv"), ("--plot", "good-stylized-losses.png"), ("--save-every 1", "good-stylized-0002.png"),
        ("--compare", "good-stylized-adam.png"), ("--compare --log", "good-stylized-adam.csv"),
        ("--compare --save-every 2", "good-stylized-adam-0002.png"),
    ],
)  # fmt: skip
def test_existing_records_of_style(capsys, place, painting, no_work, flags, name):
    (place / name).write_bytes(b"mine")
    refused(capsys, place, ["style", "good.png", *painting, *flags.split()], f"{name}: already exists; use --force")
    assert (place / name).read_bytes() == b"mine"


def test_style_of_a_folder_goes_on_with_the_rest(capsys, place, painting):
    images.save(place / "in" / "a.png", flat(40, 40))
    images.save(place / "in" / "small.png", flat(31, 40))
    for name, data in BROKEN.items():
        (place / "in" / name).write_bytes(data)
    assert main(["style", "in", "--out", "results", *painting]) == 2
    out, err = capsys.readouterr()
    assert out == "results: 1 picture written\n"
    assert [line.split(":")[1].strip() for line in err.splitlines()] == [f"in/{name}" for name in sorted([*BROKEN, "small.png"])] + ["in"]
    assert "7 of 8 pictures could not be processed" in err
    assert sorted(p.name for p in (place / "results").iterdir()) == ["a.png", "config.json"]


def stop(monkeypatch, error: BaseException, at: int = 2) -> None:
    """Let an evaluation of the losses, the second unless told, raise `error`."""
    from mangastyle.style.optimize.objective import Objective

    evaluate, seen = Objective.__call__, []

    def stopping(*arguments):
        seen.append(arguments)
        if len(seen) == at:
            raise error
        return evaluate(*arguments)

    monkeypatch.setattr(Objective, "__call__", stopping)


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (MangastyleError("it broke"), 2)])
def test_what_stops_a_folder_keeps_the_log_and_can_be_gone_on_with(place, painting, monkeypatch, error, code):
    images.save(place / "in" / "a.png", flat(40, 40))
    argv = ["style", "in", "--out", "results", *painting, "--log", "--save-every", "1"]
    with monkeypatch.context() as stopped:
        stop(stopped, error)
        assert main(argv) == code
    assert sorted(p.name for p in (place / "results").iterdir()) == ["a.csv", "config.json"]
    assert len((place / "results/a.csv").read_text().splitlines()) == 2
    assert main(argv) == 0
    assert len((place / "results/a.csv").read_text().splitlines()) == 4
    assert sorted(p.name for p in (place / "results").iterdir()) == ["a-0001.png", "a-0002.png", "a.csv", "a.png", "config.json"]


def test_interruption_before_anything_is_painted(capsys, place, painting, monkeypatch):
    stop(monkeypatch, KeyboardInterrupt(), at=1)
    before = sorted(place.iterdir())
    assert main(["style", "good.png", *painting, "--compare", "--log", "--plot"]) == 130
    assert "interrupted" in capsys.readouterr().err and sorted(place.iterdir()) == before


def test_records_in_a_strange_folder_are_kept(capsys, place, painting, no_work):
    images.save(place / "in" / "a.png", flat(40, 40))
    (place / "results").mkdir()
    (place / "results/a.csv").write_text("mine")
    assert main(["style", "in", "--out", "results", *painting, "--log"]) == 2
    assert "a.csv: already exists" in capsys.readouterr().err and (place / "results/a.csv").read_text() == "mine"


def test_records_never_replace_the_result_of_another_picture(capsys, place, painting):
    for name in ("a.png", "a-losses.png"):
        images.save(place / "in" / name, flat(40, 40))
    argv = ["style", "in", "--out", "results", *painting, "--plot"]
    for _ in range(2):  # in a folder that is continued, either
        assert main(argv) == 2
        assert "in/a.png: its records would have the name of what is made of in/a-losses.png; rename one" in capsys.readouterr().err
    assert images.load(place / "results/a-losses.png").rgb.shape == (40, 40, 3) and not (place / "results/a.png").exists()


def kinds(rgb: np.ndarray) -> dict[str, tuple[Image.Image, dict]]:
    """A picture, uint8 (h, w, 3), as every kind of file, with what Pillow needs to save it."""
    picture, turned = Image.fromarray(rgb), Image.Exif()
    turned[0x0112] = 6  # turn right to see it
    return {
        "grey.png": (picture.convert("L"), {}),
        "alpha.png": (picture.convert("RGBA"), {}),
        "palette.gif": (picture.quantize(256), {}),
        "cmyk.jpg": (picture.convert("CMYK"), {"quality": 100}),
        "deep.png": (Image.fromarray(rgb[..., 0].astype(np.uint16) * 257), {}),
        "turned.jpg": (picture.transpose(Image.Transpose.ROTATE_90), {"quality": 100, "exif": turned}),
    }


def test_every_kind_of_picture_will_do(place, painting):
    files = [f"in/{name}" for name in kinds(NOISE)]
    (place / "in").mkdir()
    for file, (picture, options) in zip(files, kinds(pixels.resize(NOISE[:5, :6], 40, 48)).values()):
        picture.save(place / file, **options)
    assert main(["style", "in", "--out", "results", *painting, "--style", *files, "--mask", *files]) == 0
    for file in files:
        assert images.load((place / "results" / file[3:]).with_suffix(".png")).rgb.shape == (40, 48, 3)
    assert images.load(place / "results/alpha.png").alpha.shape == (40, 48)


def test_a_photograph_on_its_side_is_turned_first(place, painting):
    upright = pixels.resize(NOISE[:5, :6], 40, 48)
    picture, options = kinds(upright)["turned.jpg"]
    picture.save(place / "turned.jpg", **options)
    argv = ["style", "turned.jpg", *painting, "--style-weight", "0", "--tv-weight", "0", "--learning-rate", "0"]
    assert main([*argv, "--init", "turned.jpg", "--out", "out.png"]) == 0
    assert np.abs(images.load(place / "out.png").rgb.astype(int) - upright).mean() < 5
    assert main(["reconstruct", "turned.jpg", *painting[6:], "--layers", "relu1_1"]) == 0
    assert images.load(place / "turned-reconstructed/content-relu1_1.png").rgb.shape == (40, 48, 3)


def test_too_little_memory(capsys, place, painting, monkeypatch):
    import tensorflow as tf

    stop(monkeypatch, tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\ntensor"))
    refused(capsys, place, ["style", "good.png", *painting], "good.png: not enough memory", "smaller --size")


@pytest.mark.parametrize("size", ["16", "5000"])
def test_run_at_a_size_that_cannot_be(capsys, place, no_tensorflow, size):
    refused(capsys, place, ["run", "--size", size, "--out", "out"], "--size", size)


@pytest.mark.parametrize("hint", ["gone.png", "atuo"])
def test_missing_hints(capsys, place, no_tensorflow, hint):
    named = hint, "--hint takes own, none, simulated, a file or a folder of files"
    refused(capsys, place, [*arguments("shade", "good.png"), "--hint", hint], *named)


def test_missing_hints_of_run(capsys, place, no_tensorflow):
    refused(capsys, place, [*arguments("run", "good.png"), "--hint", "gone.png"], "gone.png")


def test_bad_palettes(capsys, place, no_tensorflow):
    refused(capsys, place, [*arguments("shade", "good.png"), "--palette", "red", "reddish"], "--palette: 'reddish' is no color")
    refused(capsys, place, [*arguments("shade", "good.png"), "--palette", "gone.png"], "gone.png")


@pytest.mark.parametrize("command", ["shade", "run"])
def test_a_hint_of_another_size(capsys, place, command, tiny_weights, request):
    if command == "run":  # there even before the networks
        request.getfixturevalue("no_tensorflow")
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
