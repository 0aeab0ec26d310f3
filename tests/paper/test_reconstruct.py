"""Reconstruction from single layers and from style statistics, on a narrow VGG-19 of random weights so that it is quick."""

from __future__ import annotations

import importlib
import json
import threading

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.io import images
from mangastyle.paper.reconstruct import reconstruct
from mangastyle.paper.settings import layer_sets
from mangastyle.style.optimize.stylizer import OptimizeStylizer

QUICK = {"size": 0, "iterations": 30, "tv_weight": 0.0, "precision": "float32"}


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A red disc left of the center on a shaded ground, uint8 (36, 48, 3)."""
    y, x = np.mgrid[:36, :48]
    ground = np.stack([100 + 2 * x, 220 - 2 * y, 90 + x + y], -1)
    return np.where(((y - 18) ** 2 + (x - 14) ** 2 < 100)[..., None], (220, 30, 40), ground).astype(np.uint8)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b).mean())


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_content_of_a_shallow_layer_is_the_picture_itself(narrow, picture, optimizer):
    settings = {**QUICK, "optimizer": optimizer, "learning_rate": 10.0, "iterations": 60}
    records = []
    found = reconstruct(picture, ["conv1_1"], "content", backbone=narrow, progress=records.append, **settings)
    assert found.shape == picture.shape and found.dtype == np.uint8
    assert difference(found, picture) < 6 < 60 < difference(records[0].picture(), picture)
    last = records[-1]
    assert (last.iteration, last.iterations, last.side) == (60, 60, 36)
    assert last.total == pytest.approx(last.losses["content"], rel=1e-4) and last.losses["content"] < 0.01 * records[0].losses["content"]


def test_style_is_its_statistics_and_not_its_places(narrow, picture):
    layers, records = ("relu1_1", "relu2_1"), []
    found = reconstruct(picture, layers, "style", backbone=narrow, progress=records.append, **QUICK)
    assert records[-1].total == pytest.approx(records[-1].losses["style"], rel=1e-4)
    assert records[-1].losses["style"] < 0.02 * records[0].losses["style"]
    assert difference(found, picture) > 20


def test_size_seed_and_total_variation(narrow, picture):
    settings = {**QUICK, "iterations": 1, "backbone": narrow}
    assert reconstruct(picture, ["conv1_1"], **{**settings, "size": 32}).shape == (32, 43, 3)
    assert difference(reconstruct(picture, ["conv1_1"], seed=0, **settings), reconstruct(picture, ["conv1_1"], seed=1, **settings)) > 20

    def roughness(weight: float) -> float:
        found = reconstruct(picture, ["conv3_1"], backbone=narrow, **{**QUICK, "tv_weight": weight})
        return np.abs(np.diff(found.astype(float), axis=0)).mean()

    assert roughness(100.0) < 0.7 * roughness(0.0)


def test_cancelled_with_the_best_picture_so_far(narrow, picture):
    cancel = threading.Event()
    with pytest.raises(Cancelled) as caught:
        reconstruct(picture, ["conv1_1"], backbone=narrow, progress=lambda record: cancel.set(), cancel=cancel, **QUICK)
    assert caught.value.result.shape == picture.shape


def test_layers_of_each_picture():
    layers = ("conv1_1", "conv2_1", "conv3_1")
    assert layer_sets(layers, "content") == [("conv1_1",), ("conv2_1",), ("conv3_1",)]
    assert layer_sets(layers, "style") == [("conv1_1",), ("conv1_1", "conv2_1"), ("conv1_1", "conv2_1", "conv3_1")]


def test_mistakes(narrow, picture):
    for message, arguments in (
        ("`layers`: VGG-19 has no layer 'cnov4_2' \\(did you mean 'conv4_2'", {"layers": ("cnov4_2",)}),
        ("`layers`: name at least one", {"layers": ()}),
        ("`kind`: 'color' is none of content, style", {"kind": "color"}),
        ("unknown argument 'iteration' \\(did you mean 'iterations'", {"iteration": 3}),
        ("`size`: must be 0 or at least 32", {"size": 16}),
        ("`picture`: must be uint8", {"picture": picture / 255}),
        ("`picture`: must be at least 32", {"picture": picture[:20]}),
    ):
        with pytest.raises(MangastyleError, match=message):
            reconstruct(**{"picture": picture, "backbone": narrow, **arguments})


@pytest.fixture
def argv(tmp_path, monkeypatch, narrow, picture) -> list[str]:
    """A command line that works on the narrow network."""
    monkeypatch.setattr(importlib.import_module("mangastyle.vgg.backbone"), "network", lambda *args, **kwargs: narrow)
    images.save(tmp_path / "girl.png", picture)
    return [
        "reconstruct",
        str(tmp_path / "girl.png"),
        "--backbone",
        "random",
        "--size",
        "32",
        "--iterations",
        "2",
        "--layers",
        "conv1_1",
        "relu2_1",
    ]


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
    assert (sheet[36:, :49] < 100).any()  # a caption
    assert json.loads((out / "config.json").read_text())["kind"] == kind
    assert f"{kind}-sheet.png" in capsys.readouterr().out


def test_command_refuses_before_any_work(tmp_path, argv, capsys, monkeypatch):
    monkeypatch.setattr("mangastyle.startup.load_tensorflow", lambda: pytest.fail("it loaded TensorFlow"))
    for message, changed in (
        ("no input", ["reconstruct"]),
        ("did you mean 'relu5_1'", [*argv, "relu5_1x"]),
        ("none twice", [*argv, "conv1_1"]),
        ("none.png: no such file", ["reconstruct", str(tmp_path / "none.png")]),
        ("none.h5: no such weights file", [*argv, "--backbone", "none.h5"]),
        ("--size: must be 0 or at least 32", [*argv, "--size", "16"]),
    ):
        assert main(changed) == 2
        assert message in capsys.readouterr().err
    images.save(tmp_path / "out" / "content-sheet.png", np.zeros((8, 8), np.uint8))
    assert main([*argv, "--out", str(tmp_path / "out")]) == 2
    assert "already exists" in capsys.readouterr().err


def test_interruption_keeps_what_is_finished(tmp_path, argv, monkeypatch):
    call, stylizers = OptimizeStylizer.__call__, []

    def interrupted_at_the_second(stylizer, *args, **kwargs):
        stylizers.append(stylizer)
        if len(stylizers) == 2:
            raise KeyboardInterrupt
        return call(stylizer, *args, **kwargs)

    monkeypatch.setattr(OptimizeStylizer, "__call__", interrupted_at_the_second)
    assert main(argv) == 130
    assert [p.name for p in (tmp_path / "girl-reconstructed").iterdir()] == ["content-conv1_1.png"]
