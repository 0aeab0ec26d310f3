"""Loss log, plot and comparison, from made-up records."""

from __future__ import annotations

import csv
import sys

import numpy as np
import pytest
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.style.optimize import records as report
from mangastyle.style.optimize.records import Record


def record(iteration: int, total: float, seconds: float | None = None, content: float = 0.25, side: int = 64) -> Record:
    seconds = iteration / 2 if seconds is None else seconds
    losses = {"total": total, "content": content, "style": total / 3, "tv": 0.125}
    return Record(iteration, 20, iteration + 1, seconds, side, losses, lambda: np.zeros((2, 2, 3)))


def run(counts=(12,), start: float = 8.0, **options) -> report.Losses:
    """Losses that halve every iteration, and begin anew at each scale."""
    losses, done = report.Losses(**options), 0
    for i, count in enumerate(counts):
        for k in range(count + 1):
            losses.add(record(done + k, start / 2**k, content=0.0 if k == 0 else 0.25, side=64 * 2**i))
        done += count
    return losses


def rows(path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_csv_holds_every_iteration(tmp_path):
    run((2, 1), path=tmp_path / "girl.csv").save()
    assert (tmp_path / "girl.csv").read_text().splitlines()[0] == "scale,iteration,evaluations,seconds,total,content,style,tv"
    found = rows(tmp_path / "girl.csv")
    assert [(r["scale"], r["iteration"], r["evaluations"]) for r in found] == [
        ("64", "0", "1"), ("64", "1", "2"), ("64", "2", "3"), ("128", "2", "3"), ("128", "3", "4"),
    ]  # fmt: skip
    assert [float(r["total"]) for r in found] == [8, 4, 2, 8, 4]
    assert float(found[1]["style"]) == pytest.approx(4 / 3, rel=1e-8)
    assert (found[1]["seconds"], found[1]["content"], found[1]["tv"]) == ("0.5", "0.25", "0.125")
    assert [p.name for p in tmp_path.iterdir()] == ["girl.csv"]


def test_what_is_done_is_on_the_disk_before_the_end(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(report.time, "monotonic", lambda: clock[0])
    losses = report.Losses(tmp_path / "a.csv")
    for iteration in range(13):
        losses.add(record(iteration, 1.0))
        clock[0] += 1
    assert len(rows(tmp_path / "a.csv")) == 13  # written after more than 5, and again after more than 10 seconds
    losses.add(record(13, 1.0))
    assert len(rows(tmp_path / "a.csv")) == 13
    losses.save()
    assert len(rows(tmp_path / "a.csv")) == 14


def test_log_of_another_run_is_not_overwritten_unasked(tmp_path):
    run(path=tmp_path / "a.csv").save()
    with pytest.raises(MangastyleError, match="a.csv: already exists; use `force`"):
        report.Losses(tmp_path / "a.csv")
    run((1,), path=tmp_path / "a.csv", force=True).save()
    assert len(rows(tmp_path / "a.csv")) == 2


def test_no_path_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run().save()
    assert not list(tmp_path.iterdir())


def test_figure_shows_every_loss_against_iterations_and_seconds():
    both = {"lbfgs": run((3,)), "adam": run((4,))}
    by_iterations, by_seconds = report.figure(both).axes
    assert (by_iterations.get_xlabel(), by_seconds.get_xlabel()) == ("iterations", "seconds")
    assert {by_iterations.get_yscale(), by_seconds.get_yscale()} == {"log"}
    expected = [f"{name}: {loss}" for name in ("L-BFGS", "Adam") for loss in ("total, weighted", "content", "style", "total variation")]
    assert [text.get_text() for text in by_seconds.get_legend().get_texts()] == expected
    curves = {line.get_label(): line for line in by_seconds.lines}
    np.testing.assert_allclose(curves["Adam: total, weighted"].get_xydata(), [(0, 8), (0.5, 4), (1, 2), (1.5, 1), (2, 0.5)])
    curves = {line.get_label(): line for line in by_iterations.lines}
    np.testing.assert_allclose(curves["L-BFGS: style"].get_xydata(), [(0, 8 / 3), (1, 4 / 3), (2, 2 / 3), (3, 1 / 3)])


def test_figure_of_scales():
    panel = report.figure({"lbfgs": run((3, 2))}).axes[0]
    upright = [line for line in panel.lines if line.get_xdata()[0] == line.get_xdata()[-1]]
    assert [line.get_xdata()[0] for line in upright] == [3]
    assert [(text.get_text(), text.get_position()[0]) for text in panel.texts] == [("64 px", 0), ("128 px", 3)]
    assert not report.figure({"lbfgs": run((3,))}).axes[0].texts
    labels = [text.get_text() for text in report.figure({"lbfgs": run((3, 2))}).axes[1].get_legend().get_texts()]
    assert labels == ["total, weighted", "content", "style", "total variation"]


def test_plot_is_a_picture_and_needs_no_screen(tmp_path):
    pyplot_before = "matplotlib.pyplot" in sys.modules
    report.plot({"adam": run()}, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (1320, 540)
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 50
    assert pyplot_before or "matplotlib.pyplot" not in sys.modules
    report.plot({"adam": run()}, tmp_path / "a.svg")
    assert "<svg" in (tmp_path / "a.svg").read_text()
    with pytest.raises(MangastyleError, match="already exists"):
        report.plot({"adam": run()}, tmp_path / "a.png")
    with pytest.raises(MangastyleError, match="a.xyz: cannot write a plot in this format"):
        report.plot({"adam": run()}, tmp_path / "a.xyz")


def test_comparison_is_the_papers_table():
    lbfgs, adam = run((2, 3)), run((4,), start=1.0)
    adam.add(record(5, 0.5, seconds=7.25))  # later but worse than the picture that is kept
    heads, first, second = report.comparison({"lbfgs": lbfgs, "adam": adam}, {"lbfgs": 502.6, "adam": 85.5}).splitlines()
    assert heads.split() == ["optimizer", "total", "content", "style", "iterations", "evaluations", "seconds", "paper's", "seconds*"]
    assert first.split() == ["L-BFGS", "1", "0.25", "0.33333", "5", "6", "2.5", "502.6"]
    assert second.split() == ["Adam", "0.0625", "0.25", "0.020833", "5", "6", "7.2", "85.5"]
    assert len({len(line) for line in (heads, first, second)}) == 1


def test_further_terms_get_a_column_and_a_curve(tmp_path):
    losses = report.Losses(tmp_path / "a.csv")
    for i in range(2):
        losses.add(Record(i, 1, i + 1, 0.5, 64, {"total": 3.0, "content": 1.0, "temporal": 2.0}, lambda: np.zeros((2, 2, 3))))
    losses.save()
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == "scale,iteration,evaluations,seconds,total,content,temporal"
    labels = [text.get_text() for text in report.figure({"lbfgs": losses}).axes[1].get_legend().get_texts()]
    assert labels == ["total, weighted", "content", "temporal"]
