"""Folders of hints, masks and paintings with the pictures' names, for a folder of pictures and for one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli.by_picture import ByPicture
from mangastyle.cli.hint_files import read_hints
from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.ops import pixels
from mangastyle.pipeline import Pipeline
from mangastyle.shade.hints import Hint
from mangastyle.shade.shader import Shader
from mangastyle.style.stylize import Stylizer

SIDE = 40
NAMES = ("a.webp", "b.png", "deep/a.png", "none.png")
STROKES = {"points": [{"x": 20, "y": 24, "color": "red", "radius": 5}]}


def colors(seed: int, height: int = SIDE, width: int = SIDE) -> np.ndarray:
    return pixels.resize(np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8), height, width)


@pytest.fixture
def no_tensorflow(monkeypatch):
    def too_early():
        raise AssertionError("TensorFlow is loaded before the input is checked")

    monkeypatch.setattr("mangastyle.startup.load_tensorflow", too_early)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Pictures in/a.webp, in/b.png, in/deep/a.png, in/none.png.

    For all but the last: paintings in art, masks in left and right, hints in hints.
    """
    monkeypatch.chdir(tmp_path)
    half = np.zeros((SIDE, SIDE), np.uint8)
    half[:, : SIDE // 2] = 255
    for i, name in enumerate(NAMES):
        images.save(Path("in", name), colors(i))
        if name != "none.png":
            images.save(Path("art", name).with_suffix(".png"), colors(10 + i, 40, 48))
            images.save(Path("left", name).with_suffix(".png"), np.roll(half, i, 1))
            images.save(Path("right", name).with_suffix(".bmp"), np.roll(255 - half, i, 1))
    images.save("hints/a.png", colors(20))
    images.save("hints/deep/a.tif", colors(21))
    Path("hints/b.json").write_text(json.dumps(STROKES))
    return tmp_path


def hint(name: str) -> Hint | None:
    """What the folder of hints holds for a picture."""
    if name == "none.png":
        return None
    return Hint.from_json(STROKES, (SIDE, SIDE)) if name == "b.png" else Hint.from_picture(colors(20 + (name == "deep/a.png")))


def opened(folder: str, name: str, end: str = "") -> np.ndarray:
    """The picture of a name in a folder, whatever its suffix."""
    (path,) = Path(folder, name).parent.glob(f"{Path(name).stem}{end}.*")
    return images.load(path).rgb


def test_each_picture_is_colored_by_its_hint(place, loud_weights, capsys):
    Path("hints/spare.json").write_text("{}")
    Path("hints/readme.txt").write_text("mine")
    assert main(["shade", "in", "--hint", "hints", "--out", "out", "--weights", str(loud_weights), "--precision", "float32"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "mangastyle: hints: 1 left out: 1 .txt",
        "mangastyle: hints: no hint for 1 of 4 pictures, which will be colored without one; 1 hint without a picture",
    ]
    shader = Shader(loud_weights, precision="float32")
    for name in NAMES:
        np.testing.assert_array_equal(opened("out", name), shader(opened("in", name), hint(name)))
    assert json.loads(Path("out/config.json").read_text())["hint"] == "hints"


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_single_picture_is_colored_by_its_hint(place, name):
    hints = read_hints(str(Path("hints", name).parent), str(Path("in", name)), images.MAX_PIXELS)
    found = hints.get(Path("in", name))(opened("in", name))
    np.testing.assert_array_equal(found.rgb, hint(name).rgb)
    np.testing.assert_array_equal(found.mask, hint(name).mask)


@pytest.mark.slow
def test_each_picture_goes_all_the_way_with_its_hint_and_its_painting(place, tiny_weights, onepass_weights, capsys):
    flags = ["--weights", str(tiny_weights), "--onepass-weights", onepass_weights, "--precision", "float32", "--size", "0"]
    Path("in/b.png").unlink()
    assert main(["run", "in", "--hint", "hints", "--style", "art", "--out", "out", *flags]) == 2
    err = capsys.readouterr().err
    assert "mangastyle: art: no painting for 1 of 3 pictures, which will fail; 1 painting without a picture\n" in err
    assert "mangastyle: in/none.png: no painting of its name in art\n" in err and "1 of 3 pictures could not" in err
    assert (opened("out", "a", "-stylized") != opened("out", "deep/a", "-stylized")).any()
    name = "deep/a.png"
    pipeline = Pipeline(
        opened("art", name), weights=tiny_weights, onepass_weights=onepass_weights, size=0, precision="float32", hint=hint(name)
    )
    stages = pipeline(opened("in", name))
    for stage in ("hint", "shaded", "stylized"):
        np.testing.assert_array_equal(opened("out", name, f"-{stage}"), stages.pictures[stage])


def test_each_picture_is_painted_by_its_paintings_where_its_masks_say(place, onepass_weights, capsys):
    images.save("sky.png", colors(30))
    flags = ["--method", "onepass", "--onepass-weights", onepass_weights, "--precision", "float32", "--size", "0"]
    assert main(["style", "in", "--style", "sky.png", "art", "--mask", "left", "right", "--out", "out", *flags]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert "mangastyle: left: no mask for 1 of 4 pictures, which will fail" in lines
    assert "mangastyle: in/none.png: no mask of its name in left" in lines
    for name in NAMES[:3]:
        paintings, masks = [colors(30), opened("art", name)], [opened(folder, name) for folder in ("left", "right")]
        stylizer = Stylizer(paintings, method="onepass", masks=masks, onepass_weights=onepass_weights, precision="float32", size=0)
        np.testing.assert_array_equal(opened("out", name), stylizer(opened("in", name)))


def test_a_search_takes_each_picture_s_painting(place, narrow, monkeypatch):
    monkeypatch.setattr("mangastyle.vgg.backbone.network", lambda *arguments, **options: narrow)
    quick = "--backbone random --precision float32 --size 0 --iterations 2 --min-size 0 --optimizer adam --content-layers relu1_1"
    flags = [*quick.split(), "--style-layers", "relu1_1"]
    for name in ("b.png", "none.png"):
        Path("in", name).unlink()
    assert main(["style", "in", "--style", "art", "--mask", "left", "--out", "out", *flags]) == 0
    assert main(["style", "in/deep/a.png", "--style", "art/deep/a.png", "--mask", "left/deep/a.png", "--out", "one.png", *flags]) == 0
    np.testing.assert_array_equal(images.load("one.png").rgb, opened("out", "deep/a"))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("shade in --hint empty", "empty: no picture in this folder"),
        ("shade in --hint others", "others: holds no hint for any picture in in; it must have the picture's name, as a.png for a.jpg"),
        ("shade in/a.webp --hint others", "others: holds no hint for a.webp"),
        ("shade in --hint two", "two/b.json and two/b.webp have both the name of b.png; keep one of them"),
        ("shade in/b.png --hint two", "two/b.json and two/b.webp have both the name of b.png; keep one of them"),
        ("shade in/b.png --hint broken", "broken/b.json"),
        ("style in --style others", "others: holds no painting for any picture in in"),
        ("style in --style art/b.png --mask others", "others: holds no mask for any picture in in"),
        ("style in/a.webp --style others", "others: holds no painting for a.webp"),
        ("style in --style art --mask left right", "there must be as many masks as paintings"),
        ("run in --style others", "others: holds no painting for any picture in in"),
        ("run --style art", "art: a folder of paintings is matched by the pictures' names; name the picture or folder, too"),
        ("run --hint others", "others: a folder of hints is matched by the pictures' names"),
    ],
)
def test_folders_that_do_not_fit_are_found_before_tensorflow_loads(place, no_tensorflow, capsys, argv, message):
    for folder, names in {"empty": (), "others": ("x.png",), "two": ("b.webp", "b.json"), "broken": ("b.json",)}.items():
        Path(folder).mkdir()
        for name in names:
            Path(folder, name).write_bytes(b"")
    before = sorted(Path().rglob("*"))
    assert main([*argv.split(), "--out", "new/"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and message in err, err
    assert sorted(Path().rglob("*")) == before


def test_one_file_for_all_pictures_is_read_once(place):
    read: list[Path] = []
    given = ByPicture("art/b.png", "in", lambda path: read.append(path) or path.name, "painting")
    assert [given.get(Path("in", name)) for name in NAMES[:2]] == ["b.png", "b.png"] and read == [Path("art/b.png")]
    folder = ByPicture("art", "in", lambda path: read.append(path) or path.name, "painting")
    assert folder.shared is None and len(read) == 1
    assert folder.get(Path("in/deep/a.png")) == "a.png" and read[-1] == Path("art/deep/a.png")
    assert folder.find(Path("in/none.png")) is None
    with pytest.raises(MangastyleError, match="in/none.png: no painting of its name in art"):
        folder.get(Path("in/none.png"))
