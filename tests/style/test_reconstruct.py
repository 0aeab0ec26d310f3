"""Reconstruction from single layers and from style statistics, on a narrow VGG-19 of random weights so that it is quick."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mangastyle import images
from mangastyle.cli import main
from mangastyle.errors import MangastyleError
from mangastyle.style import reconstruct, transfer, vgg

QUICK = dataclasses.replace(reconstruct.FROM_NOISE, size=0, iterations=30, tv_weight=0.0, precision="float32")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A red disc left of the middle on a shaded ground, uint8 (36, 48, 3)."""
    y, x = np.mgrid[:36, :48]
    ground = np.stack([100 + 2 * x, 220 - 2 * y, 90 + x + y], -1)
    return np.where(((y - 18) ** 2 + (x - 14) ** 2 < 100)[..., None], (220, 30, 40), ground).astype(np.uint8)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_content_of_a_shallow_layer_is_the_picture_itself(narrow, picture, optimizer):
    options = dataclasses.replace(QUICK, optimizer=optimizer, learning_rate=10.0, iterations=60)
    records = []
    found = reconstruct.reconstruct(picture, ("conv1_1",), "content", options, narrow, lambda record, side: records.append((record, side)))
    assert found.shape == picture.shape and found.dtype == np.uint8
    assert difference(found, picture) < 6 < 60 < difference(records[0][0].picture(), picture)
    last, side = records[-1]
    assert (last.iteration, side) == (60, 36)
    assert last.total == pytest.approx(last.content, rel=1e-4) and last.content < 0.01 * records[0][0].content


def test_style_is_its_statistics_and_not_its_places(narrow, picture):
    layers, records = ("relu1_1", "relu2_1"), []
    found = reconstruct.reconstruct(picture, layers, "style", QUICK, narrow, lambda record, side: records.append(record))
    assert records[-1].total == pytest.approx(records[-1].style, rel=1e-4)
    assert records[-1].style < 0.02 * records[0].style
    assert difference(found, picture) > 20


def test_options_say_where_to_start_how_to_search_and_how_calm(narrow, picture):
    options = dataclasses.replace(QUICK, iterations=1, init="content", keep_colors=True, strength=1.0, mask=("none.png",))
    np.testing.assert_array_equal(reconstruct.reconstruct(picture, ("conv2_1",), "content", options, narrow), picture)
    assert reconstruct.reconstruct(picture, ("conv1_1",), "content", dataclasses.replace(options, size=32), narrow).shape == (32, 43, 3)

    def roughness(weight: float) -> float:
        options = dataclasses.replace(QUICK, tv_weight=weight)
        return np.abs(np.diff(reconstruct.reconstruct(picture, ("conv3_1",), "content", options, narrow).astype(float), axis=0)).mean()

    assert roughness(100.0) < 0.7 * roughness(0.0)


def test_layers_of_each_picture():
    layers = ("conv1_1", "conv2_1", "conv3_1")
    assert reconstruct.sets(layers, "content") == [("conv1_1",), ("conv2_1",), ("conv3_1",)]
    assert reconstruct.sets(layers, "style") == [("conv1_1",), ("conv1_1", "conv2_1"), ("conv1_1", "conv2_1", "conv3_1")]


def test_mistakes(narrow, picture):
    for message, layers, kind in (
        ("did you mean 'conv4_2'", ("cnov4_2",), "content"),
        ("layers: name at least one", (), "style"),
        ("'colour'; there are content and style", ("conv1_1",), "colour"),
    ):
        with pytest.raises(MangastyleError, match=message):
            reconstruct.reconstruct(picture, layers, kind, QUICK, narrow)


@pytest.fixture
def argv(tmp_path, monkeypatch, narrow, picture) -> list[str]:
    """A command line that works on the narrow network."""
    monkeypatch.setattr(vgg, "network", lambda *args, **kwargs: narrow)
    images.save(tmp_path / "girl.png", picture)
    return ["reconstruct", str(tmp_path / "girl.png"), "--backbone", "random", "--size", "32", "--iterations", "2", "--layers", "conv1_1", "relu2_1"]


@pytest.mark.parametrize("kind", ["content", "style"])
def test_command_writes_each_picture_and_a_sheet(tmp_path, argv, kind, capsys):
    out = tmp_path / "girl-reconstructed"
    assert main([*argv, "--kind", kind]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["config.json", f"{kind}-conv1_1.png", f"{kind}-relu2_1.png", f"{kind}-sheet.png"]
    first = images.load(out / f"{kind}-conv1_1.png").rgb
    assert first.shape == (32, 43, 3)
    sheet = images.load(out / f"{kind}-sheet.png").rgb
    assert sheet.shape[1] == 3 * (43 + 6)
    np.testing.assert_array_equal(sheet[3:35, 49 + 3 : 49 + 46], first)
    assert (sheet[36:, :49] < 100).any()  # a name
    assert json.loads((out / "config.json").read_text())["kind"] == kind
    assert f"{kind}-sheet.png" in capsys.readouterr().out


def test_command_refuses_before_any_work(tmp_path, argv, capsys, monkeypatch):
    monkeypatch.setattr(transfer.Painter, "paint", lambda *args: pytest.fail("it worked"))
    for message, changed in (
        ("no input", ["reconstruct"]),
        ("did you mean 'relu5_1'", [*argv, "relu5_1x"]),
        ("none twice", [*argv, "conv1_1"]),
        ("none.png: cannot read", ["reconstruct", str(tmp_path / "none.png")]),
        ("--size: must be 0 or at least 32", [*argv, "--size", "16"]),
    ):
        assert main(changed) == 2
        assert message in capsys.readouterr().err
    images.save(tmp_path / "out" / "content-sheet.png", np.zeros((8, 8), np.uint8))
    assert main([*argv, "--out", str(tmp_path / "out")]) == 2
    assert "already exists; use --force" in capsys.readouterr().err


def test_interruption_keeps_what_is_finished(tmp_path, argv, monkeypatch):
    paint, painted = transfer.Painter.paint, []

    def interrupted_at_the_second(painter, picture, callback):
        painted.append(painter)
        return paint(painter, picture, callback)._replace(interrupted=len(painted) == 2)

    monkeypatch.setattr(transfer.Painter, "paint", interrupted_at_the_second)
    assert main(argv) == 130
    assert [p.name for p in (tmp_path / "girl-reconstructed").iterdir()] == ["content-conv1_1.png"]
