"""`mangastyle evaluate --video`: clips beside their sources, and drawn clips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.evaluate import video_drawn, video_tables
from mangastyle.io import images
from mangastyle.synthetic.animation import animation


@pytest.fixture
def clips(tmp_path) -> dict[str, Path]:
    """Folders of frames: a drawn clip, the same a little darker, and one that flickers."""
    for index, frame in enumerate(animation(4, "pan", 64, count=4)):
        changed = {"source": frame.rgb, "dark": frame.rgb * 0.9, "flicker": np.clip(frame.rgb - 51.0 * (index % 2), 0, 255)}
        for name, picture in changed.items():
            images.save(tmp_path / name / f"{index}.png", picture.astype(np.uint8))
    images.save(tmp_path / "small" / "0.png", np.zeros((32, 32, 3), np.uint8))
    return {name: tmp_path / name for name in ("source", "dark", "flicker", "small")}


def evaluate(out: Path, *flags: object) -> int:
    return main(["evaluate", "--out", str(out), *map(str, flags)])


def test_a_clip_beside_its_source(clips, tmp_path, capsys):
    out = tmp_path / "out"
    assert evaluate(out, "--video", clips["dark"], "--source", clips["source"], "--baseline", clips["flicker"]) == 0
    found = json.loads((out / "summary.json").read_text())
    assert found["result"]["1"] == pytest.approx(0.81 * found["input"]["1"], rel=0.05)  # the square of 0.9
    assert found["frame by frame"]["1"] > found["input"]["1"] + 60
    assert found["result"]["10"] is None  # of a clip of 4 frames
    printed = capsys.readouterr().out
    assert [line.split(" | ")[0] for line in printed.splitlines()[2:5]] == ["| input", "| result", "| frame by frame"]
    assert (out / "table.md").read_text() == printed and (out / "config.json").exists()


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--video", "dark"], "--source: needed"),
        (["--video", "dark", "--source", "missing"], "missing"),
        (["--video", "small", "--source", "source"], "32x32"),
        (["--video", "drawn", "--source", "source"], "their own source"),
        (["--video", "drawn", "--split", "train"], "--split"),
        (["--video", "drawn", "--size", "20"], "--size"),
    ],
)
def test_refusals_in_one_line(clips, tmp_path, capsys, flags, said):
    words = [str(tmp_path / word) if word in (*clips, "missing") else word for word in flags]
    assert evaluate(tmp_path / "out", *words) == 2
    printed = capsys.readouterr().err.strip()
    assert said in printed and len(printed.splitlines()) == 1
    assert not (tmp_path / "out" / "summary.json").exists()


def test_drawn_clips_print_the_wanted_values(tmp_path, monkeypatch, capsys):
    seen = []

    def made(clip) -> dict[str, float]:
        seen.append((clip.size, len(clip)))
        return {"input 1": 1.0, "frame by frame 1": 9.0, "result 1": 3.6 + 0.1 * len(seen)}

    monkeypatch.setattr(video_drawn, "painter", lambda size, precision: made)
    out = tmp_path / "out"
    assert evaluate(out, "--video", "drawn", "--measured", "style", "--split", "test", "--size", 64, "--frames", 3) == 0
    assert seen == [((64, 64), 3)] * 6
    printed = capsys.readouterr().out
    assert "| style | E_warp, true flow | 1.00 | 9.00 | 3.95 | 0.44 | at most 0.4 | no |" in printed
    assert "8000000001 turn" in printed
    assert json.loads((out / "summary.json").read_text())["mean"]["style"]["result 1"] == pytest.approx(3.95)


def test_splits_have_no_seed_in_common():
    seeds = {split: {seed for seed, _ in clips} for split, clips in video_drawn.CLIPS.items()}
    assert not seeds["validation"] & seeds["test"]


def test_least_and_greatest_are_told_apart():
    values = {"input constancy": 1.0, "frame by frame constancy": 0.5, "result constancy": 0.98, "result 1": 1.0, "input 1": 0.5}
    table = video_tables.table({"shade": {**values, "frame by frame 1": 9.0}})
    assert "| 0.980 | | at least 0.97 | yes |" in table
    assert "| 2.00 | at most 1.3 | no |" in table


@pytest.mark.slow
def test_drawn_clips_end_to_end(tmp_path, capsys):
    assert evaluate(tmp_path / "out", "--video", "drawn", "--size", 96, "--frames", 12) == 0
    found = json.loads((tmp_path / "out" / "summary.json").read_text())["mean"]
    assert found["shade"]["result 1"] < 0.6 * found["shade"]["frame by frame 1"]
    assert found["shade"]["result identity"] > 0.8
    assert found["style"]["result style"] > 0.8 * found["style"]["frame by frame style"]
