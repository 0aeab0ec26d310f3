"""Hints as JSON the way people and programs write them, by the command line's own checks: read right, or refused in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli import hint_files
from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.shade.hints import Hint

POINT = {"x": 30, "y": 40, "color": "#ffcc99", "radius": 6}
SHAPE = (128, 96)


def write(folder: Path, data: bytes) -> Path:
    path = folder / "hint.json"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_every_encoding_of_json_is_read_for_hints_and_for_configs(tmp_path, encoding):
    path = write(tmp_path, json.dumps({"points": [POINT]}).encode(encoding))
    assert Hint.from_json(path, SHAPE).rgb[40, 30].tolist() == [255, 204, 153]
    assert main(["train", "--config", str(write(tmp_path, json.dumps({"stepss": 1}).encode(encoding)))]) == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (bytes(100), "it is empty"),
        (b'{"points": [\n  {"x": 3, "y" 4}]}', "line 2, column 16: a colon is missing"),
        (b'{"points": [{"x": 3 "y": 4}]}', "line 1, column 21: a comma is missing"),
        (b"{'points': []}", "line 1, column 2: a name in double quotes is missing"),
        (b'{"points": []} {}', "line 1, column 16: something follows the end"),
        (b'{"points": ["\xff"]}', "line 1: it is no text in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        (b'{"points": [{"x": ' + b"9" * 5000 + b"}]}", "the whole number 9999.* is larger than 64 bits can hold"),
        (b'{"points": [], "points": []}', 'has "points" twice'),
        (b'{"points": [{"x": 1e999, "y": 3, "color": "red"}]}', r"the point \(inf, 3\) lies outside"),
        (b'{"points": [{"x": 3, "y": 3, "color": "\\ud800"}]}', "a character that no text may have"),
        (b'{"points": [{"x": 3, "y": 4, "color": "red", "raduis": 30}]}', "did you mean 'radius'"),
        (b'{"pionts": []}', "did you mean 'points'"),
        (b'{"lines": [{"points": [[0, 0], [9, 9]], "colour": "red"}]}', "did you mean 'color'"),
        (b'{"points": [{"x": 3, "y": 4, "color": {"r": 255}}]}', r"points\[0\].color: .* is no color"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, data, message):
    path = write(tmp_path, data)
    with pytest.raises(MangastyleError, match=message) as error:
        Hint.from_json(path, SHAPE)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value) and len(str(error.value)) < 400


def test_a_file_that_is_too_large_is_refused_by_its_size(tmp_path):
    with open(tmp_path / "hint.json", "wb") as file:
        file.truncate(3 * 10**9)
    with pytest.raises(MangastyleError, match="hint.json: larger than 16.8 MB"):
        Hint.from_json(tmp_path / "hint.json", SHAPE)


@pytest.mark.parametrize("color", ["#ff0000", "red", "rgb(255, 0, 0)", "hsl(0, 100%, 50%)", [255, 0, 0], [1.0, 0.0, 0.0], "#f00f"])
def test_colors_are_the_same_however_they_are_written(tmp_path, color):
    hint = Hint.from_json(write(tmp_path, json.dumps({"points": [{**POINT, "color": color}]}).encode()), SHAPE)
    assert hint.rgb[40, 30].tolist() == [255, 0, 0] and hint.mask[40, 30] == 1


def test_the_border_transparency_and_other_sizes(tmp_path):
    def hint(value: dict) -> Hint:
        return Hint.from_json(write(tmp_path, json.dumps(value).encode()), SHAPE)

    assert hint({"points": [{"x": 95.6, "y": 127.6, "color": "red"}]}).rgb[127, 95].tolist() == [255, 0, 0]
    assert hint({"points": [{"x": 96, "y": 128, "color": "red"}]}).rgb[127, 95].tolist() == [255, 0, 0]
    assert hint({"points": [{"x": 3, "y": 4, "color": "#ff000000"}]}).mask.sum() == 0
    assert (
        hint({"points": [{**POINT, "x": 15, "y": 20, "radius": 3}], "size": [48, 64]}).mask.tolist()
        == hint({"points": [POINT]}).mask.tolist()
    )


def test_a_wrong_hint_ends_the_command_in_one_line(tmp_path, capsys):
    picture = images.save(tmp_path / "a.png", np.full((*SHAPE, 3), 255, np.uint8))
    for data in (
        b"[" * 100_000,
        b'{"points": [{"x": 3, "y": 4, "color": "red", "raduis": 30}]}',
        b'{"points": [{"x": 97, "y": 4, "color": "red"}]}',
    ):
        assert main(["shade", str(picture), "--hint", str(write(tmp_path, data)), "--out", str(tmp_path / "out.png")]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and "hint.json" in error and not (tmp_path / "out.png").exists()


def test_palettes_take_the_same_colors():
    assert hint_files.read_palette(("rgba(255, 204, 153, 1)", "#00f", "hsl(0, 100%, 50%)"), 10**6).colors.tolist() == [  # type: ignore[union-attr]
        [255, 204, 153], [0, 0, 255], [255, 0, 0],
    ]  # fmt: skip
