"""`mangastyle evaluate` end to end, on drawn characters and a tiny network."""

from __future__ import annotations

import csv
import importlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.evaluate import report, run
from mangastyle.evaluate.set_metrics import SET_METRICS
from mangastyle.io import images
from mangastyle.paper.metrics import ALL_METRICS
from mangastyle.synthetic import characters

QUICK = ["--backbone", "random", "--precision", "float32"]
RESULTS = {"config.json", "histograms.png", "metrics.csv", "sheet.png", "summary.json", "table.md"}


@pytest.fixture(autouse=True)
def narrow_network(monkeypatch, narrow) -> None:
    monkeypatch.setattr(importlib.import_module("mangastyle.vgg.backbone"), "network", lambda *args, **kwargs: narrow)


@pytest.fixture
def pairs(tmp_path) -> tuple[Path, Path]:
    """Folders of generated pictures and of originals, of which the former are a little darker copies."""
    for seed in range(3):
        picture = characters.draw(seed, 64)
        images.save(tmp_path / "originals" / "inner" / f"{seed}.png", picture)
        images.save(tmp_path / "generated" / "inner" / f"{seed}.webp", (picture * 0.9).astype(np.uint8))
    return tmp_path / "generated", tmp_path / "originals"


def evaluate(out: Path, *flags: str) -> int:
    return main(["evaluate", *QUICK, "--out", str(out), *map(str, flags)])


@pytest.fixture
def with_mean_difference(monkeypatch) -> None:
    """One more metric of sets: it takes its own class and an entry of the table."""

    class MeanDifference:
        TITLE, ROWS = "brightness", {"mean": ("mean difference", ".1f")}

        def __init__(self):
            self.found = []

        def add(self, generated, original):
            self.found.append(float(generated.mean() - original.mean()))

        def summary(self):
            return {"mean": float(np.mean(self.found))}

    monkeypatch.setitem(SET_METRICS, "mean_difference", MeanDifference)


def table(out: Path) -> list[dict[str, str]]:
    with open(out / "metrics.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_network_on_drawn_characters(tmp_path, tiny_weights, capsys):
    out = tmp_path / "evaluation"
    assert evaluate(out, "--weights", tiny_weights, "--data", "drawn:20", "--count", "16", "--worst", "4") == 0
    assert {path.name for path in out.iterdir()} == RESULTS | {"worst.png"}
    rows, summary = table(out), json.loads((out / "summary.json").read_text())
    assert len({row["picture"] for row in rows}) == 16
    hues = summary.pop("color_diversity")
    assert 0 <= hues["spread"] and hues["spread_of_originals"] > 3 and 0 <= hues["centers_in_range"] <= 1
    assert set(summary) == set(ALL_METRICS)
    for key, statistics in summary.items():
        values = np.array([float(row[key]) for row in rows if row[key]])
        assert statistics["count"] == len(values)
        if len(values):
            expected = [values.mean(), np.median(values), *np.percentile(values, [5, 95]), values.min(), values.max()]
            np.testing.assert_allclose([statistics[name] for name in report.STATISTICS], expected, rtol=1e-4)
    printed = capsys.readouterr().out
    assert (out / "table.md").read_text() in printed and "| SSIM | higher |" in printed and "| spread, in bits |" in printed
    sheet, worst = (images.load(out / name).rgb for name in ("sheet.png", "worst.png"))
    assert sheet.shape[0] > 12 * 128  # four of the best, of the median and of the worst
    np.testing.assert_array_equal(worst, sheet[-len(worst) :])


@pytest.mark.slow
def test_the_same_whatever_the_batch(tmp_path, tiny_weights, monkeypatch):
    flags = "--weights", tiny_weights, "--data", "drawn:9", "--count", "7", "--hint", "paper"
    assert evaluate(tmp_path / "whole", *flags) == 0
    monkeypatch.setattr(run, "BATCH", 3)
    assert evaluate(tmp_path / "parts", *flags) == 0
    assert [row["picture"] for row in table(tmp_path / "parts")] == [row["picture"] for row in table(tmp_path / "whole")]
    for a, b in zip(table(tmp_path / "parts"), table(tmp_path / "whole")):
        assert float(a["pixel_similarity"]) == pytest.approx(float(b["pixel_similarity"]), abs=1e-4)


@pytest.mark.slow
def test_networks_side_by_side(tmp_path, tiny_weights, capsys):
    other = tmp_path / "other.h5"
    shutil.copy(tiny_weights, other)
    out = tmp_path / "both"
    assert evaluate(out, "--weights", tiny_weights, other, "--data", "drawn:4", "--count", "0") == 0
    summary = json.loads((out / "summary.json").read_text())
    first = Path(tiny_weights).stem
    assert set(summary) == {first, "other"} and summary[first] == summary["other"]
    assert (out / "other" / "sheet.png").exists() and (out / first / "metrics.csv").exists()
    assert f"| metric | better | {first} | other |" in capsys.readouterr().out


@pytest.mark.slow
def test_the_hint_itself_beside_a_network(tmp_path, tiny_weights):
    out = tmp_path / "both"
    assert evaluate(out, "--weights", "hint", tiny_weights, "--data", "drawn:4", "--size", "32", "--hint", "none") == 0
    for row in table(out / "hint"):  # no hint at all is white paper
        original = characters.draw(int(row["picture"]), 32)
        assert float(row["pixel_similarity"]) == pytest.approx(original.mean() / 255, abs=1e-5)


@pytest.mark.slow
def test_pairs_of_files(tmp_path, pairs, capsys):
    images.save(pairs[0] / "alone.png", characters.draw(5, 64))
    assert evaluate(tmp_path / "out", "--pairs", *pairs) == 0
    assert "1 picture without a partner of the same name left out" in capsys.readouterr().err
    rows = table(tmp_path / "out")
    assert [row["picture"] for row in rows] == ["inner/0", "inner/1", "inner/2"]
    original = characters.draw(1, 64)
    expected = 1 - np.abs(original.astype(float) - (original * 0.9).astype(np.uint8)).mean() / 255
    assert float(rows[1]["pixel_similarity"]) == pytest.approx(expected, abs=1e-5)
    assert evaluate(tmp_path / "same", "--pairs", pairs[1], pairs[1]) == 0
    summary = json.loads((tmp_path / "same" / "summary.json").read_text())
    assert summary["psnr"] == {**dict.fromkeys(report.STATISTICS), "count": 0}  # infinite
    assert summary["color_diversity"]["spread_share"] == 1
    for key in ALL_METRICS.keys() - {"psnr"}:
        assert summary[key]["mean"] == pytest.approx(ALL_METRICS[key].equal, abs=1e-6), key


def test_mistakes_are_found_before_tensorflow_loads(tmp_path, pairs, tiny_weights, capsys, monkeypatch):
    monkeypatch.setattr("mangastyle.startup.load_tensorflow", lambda: pytest.fail("it loaded TensorFlow"))
    generated, originals = pairs
    images.save(generated / "inner" / "0.webp", characters.draw(0, 48), force=True)
    (tmp_path / "empty").mkdir()
    for flags, message in (
        (["--pairs", generated], "--pairs takes two folders"),
        (["--pairs", generated, originals, "--weights", tiny_weights], "no --weights"),
        (["--pairs", generated, tmp_path / "gone"], "gone: no such folder"),
        (["--pairs", tmp_path / "empty", originals], "no picture"),
        (["--pairs", generated, originals], "0.webp is 48x48 and"),
        (["--weights", tmp_path / "gone.h5"], "gone.h5: no such weights file"),
        (["--weights", pairs[0] / "inner" / "1.webp"], "1.webp"),
        (["--backbone", tmp_path / "gone.h5", "--weights", tiny_weights], "gone.h5: no such weights file"),
        (["--weights", tiny_weights, tiny_weights], "the same network twice"),
        (["--weights", tiny_weights, "--data", tmp_path / "gone.zip"], "gone.zip: no such folder or archive"),
    ):
        assert evaluate(tmp_path / "out", *flags) == 2
        out, err = capsys.readouterr()
        assert message in err and err.count("\n") == 1 and not out, err
        assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "summary.json").write_text("{}")
    assert evaluate(tmp_path / "out", "--pairs", originals, originals) == 2
    assert "summary.json: already exists" in capsys.readouterr().err


def test_a_further_metric_of_sets_is_in_the_summary_and_the_tables(tmp_path, pairs, with_mean_difference, capsys):
    assert evaluate(tmp_path / "out", "--pairs", *pairs) == 0
    found = json.loads((tmp_path / "out" / "summary.json").read_text())["mean_difference"]["mean"]
    assert found < 0
    assert f"| brightness | pairs |\n| --- | ---: |\n| mean difference | {found:.1f} |" in capsys.readouterr().out


def test_the_split_is_the_trainings(tiny_weights, tmp_path):
    """The parts are those that a training with these shares makes, and no picture is in two of them."""
    from mangastyle.data import dataset
    from mangastyle.evaluate.shaded_dataset import ShadedDataset

    def names(split: str) -> set[str]:
        source = ShadedDataset(tiny_weights, ["drawn:24"], split=split, validation=0.25, test=0.25, cache=str(tmp_path))
        return {source.pictures.names[row] for row in source.rows}

    parts = {split: names(split) for split in ("train", "validation", "test")}
    assert set.union(*parts.values()) == names("all") and sum(map(len, parts.values())) == 24
    rows = dataset.load(["drawn:24"], 32, zoom=False, cache=str(tmp_path)).split(0.25, 0.25)
    assert {split: len(part) for split, part in parts.items()} == {split: len(part) for split, part in rows.items()}


@pytest.mark.slow
def test_a_network_that_colors_regions_gets_the_pictures_own_colors(tmp_path, capsys):
    assert evaluate(tmp_path / "own", "--weights", "regions", "--hint", "own", "--data", "drawn:2", "--size", "96") == 0
    assert evaluate(tmp_path / "none", "--weights", "regions", "--hint", "none", "--data", "drawn:2", "--size", "96") == 0
    own, none = (json.loads((tmp_path / name / "summary.json").read_text())["psnr"]["mean"] for name in ("own", "none"))
    assert own > 17 and own > none + 3
    capsys.readouterr()


@pytest.mark.slow
def test_strokes_for_regions_are_strokes_on_nothing(tmp_path, capsys):
    """White paper between strokes is no hint, so strokes are better than none."""
    for hint in ("strokes", "none"):
        assert evaluate(tmp_path / hint, "--weights", "regions", "--hint", hint, "--data", "drawn:3", "--size", "128") == 0
    strokes, none = (json.loads((tmp_path / name / "summary.json").read_text())["psnr"]["mean"] for name in ("strokes", "none"))
    assert strokes > none + 1
    capsys.readouterr()


@pytest.mark.parametrize("size", ["7", "4097"])
def test_sizes_out_of_bounds_are_refused_at_once(size, tmp_path, capsys):
    assert evaluate(tmp_path / "out", "--size", size, "--data", "drawn:2") == 2
    assert f"--size: must be 0, or from 8 to 4096, not {size}" in capsys.readouterr().err


def test_own_colors_are_for_networks_that_color_regions(tiny_weights, tmp_path, capsys):
    for weights in ([tiny_weights], ["hint"], ["regions", tiny_weights]):
        assert evaluate(tmp_path / "out", "--weights", *weights, "--hint", "own", "--data", "drawn:2") == 2
        assert "own is for networks that color regions" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
