"""The command `video`: real clips in, real clips out, and one line for what cannot be."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest

import mangastyle
from mangastyle.cli.main import main
from mangastyle.io import images
from mangastyle.video import open_clip, open_writer, stages

SIZE = 64
RATE = 12


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Two shots of five and four frames, some of them repeated: faces that move."""
    path = tmp_path_factory.mktemp("clip") / "faces.webm"
    with open_writer(path, (SIZE, SIZE), rate=RATE) as writer:
        for seed, steps in ((7, (0, 0, 2, 4, 4)), (9, (0, 2, 4, 6))):
            drawn = mangastyle.draw(seed, SIZE)
            for step in steps:
                writer.write(np.roll(drawn, step, 1))
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: object) -> int:
    return main(["video", *map(str, words)])


def frames(path: str | Path) -> list[np.ndarray]:
    return [frame.rgb for frame in open_clip(path).frames()]


def failing(capsys, *words: object) -> str:
    assert run(*words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_line_art_of_a_clip(clip, folder, capsys):
    assert run(clip, "--stages", "sketch", "--out", "line.webm") == 0
    made = open_clip("line.webm")
    assert (made.count, made.rate, made.width, made.height) == (9, RATE, SIZE, SIZE)
    assert "line.webm: 9 frames in 2 shots" in capsys.readouterr().out
    expected = mangastyle.sketch(frames(clip)[0], kind="clean")
    assert np.abs(frames("line.webm")[0][..., 0].astype(int) - expected).mean() < 4
    assert sorted(path.name for path in folder.iterdir()) == ["line.webm"]  # no work folder is left


def test_the_default_name(clip, folder):
    (folder / "own.webm").write_bytes(clip.read_bytes())
    assert run("own.webm", "--stages", "sketch", "--every", 4) == 0
    assert (folder / "own-sketch.webm").exists()


def test_a_folder_of_frames_and_a_part_of_a_clip(clip, folder):
    assert run(clip, "--stages", "sketch", "--out", "all/") == 0
    assert run(clip, "--stages", "sketch", "--start", 2 / RATE, "--end", 8 / RATE, "--every", 2, "--out", "part/") == 0
    whole, part = frames("all"), frames("part")
    assert len(whole) == 9 and np.array_equal(part, [whole[index] for index in (2, 4, 6)])
    assert open_clip("part").rate == RATE / 2


def test_strokes_on_a_later_frame_color_the_shot(folder, region_weights, capsys):
    with open_writer("circle.webm", (SIZE, SIZE), rate=RATE) as writer:
        for x in (30, 32, 34):
            writer.write(cv2.circle(np.full((SIZE, SIZE, 3), 255, np.uint8), (x, 32), 18, (0, 0, 0), 2))
    hint = np.zeros((SIZE, SIZE, 4), np.uint8)
    hint[30:34, 30:38], hint[2:6, 2:10] = (250, 10, 20, 255), (20, 30, 200, 255)
    images.save("strokes.png", hint[..., :3], hint[..., 3])
    words = ["circle.webm", "--weights", region_weights, "--shading", "none", "--ink", 0]
    assert run(*words, "--hint", "2=strokes.png", "--out", "colored/") == 0
    for frame in frames("colored"):
        assert np.abs(frame[[32, 4], [32, 50]].astype(int) - [(250, 10, 20), (20, 30, 200)]).max() <= 3
    capsys.readouterr()
    assert "frame 3 is not among" in failing(capsys, *words, "--hint", "3=strokes.png", "--out", "other/")


def test_shots_are_written_and_edited(clip, folder, capsys):
    assert run(clip, "--stages", "sketch", "--out", "a/", "--shots", "shots.txt") == 0
    text = (folder / "shots.txt").read_text()
    assert [line.split()[0] for line in text.splitlines()] == ["#", "0", "5"]
    (folder / "shots.txt").write_text("0\n3 # mine\n5\n")
    capsys.readouterr()
    assert run(clip, "--stages", "sketch", "--out", "b/", "--shots", "shots.txt") == 0
    assert "9 frames in 3 shots" in capsys.readouterr().out
    assert (folder / "shots.txt").read_text() == "0\n3 # mine\n5\n"


def test_no_shot_stays_in_memory(folder):
    with open_writer("clip/", (240, 320), rate=RATE) as writer:
        for number in range(40):
            writer.write(np.full((240, 320, 3), 6 * number, np.uint8))
    Path("shots.txt").write_text("\n".join(map(str, range(40))))
    peaks = []
    for end in (8, 8, 40):  # shots; the first run loads modules
        tracemalloc.start()
        assert run("clip", "--stages", "sketch", "--shots", "shots.txt", "--end", end / RATE, "--out", f"{len(peaks)}/") == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < peaks[1] + 10 * 240 * 320 * 3  # bytes of frames; 32 more shots


def test_a_preview_comes_first(clip, folder):
    assert run(clip, "--stages", "sketch", "--out", "a.webm", "--preview") == 0
    assert len(frames("a-preview.webm")) == 1 and len(frames("a.webm")) == 9


def test_an_interrupted_run_goes_on(clip, folder, monkeypatch, capsys):
    assert run(clip, "--stages", "sketch", "--out", "whole/") == 0
    words, made, real = [clip, "--stages", "sketch", "--out", "a/"], [], stages.sketch

    def interrupted(picture, **settings):
        if len(made) in (2, 5):
            made.append(0)
            raise KeyboardInterrupt
        made.append(0)
        return real(picture, **settings)

    monkeypatch.setattr(stages, "sketch", interrupted)
    assert run(*words) == 130 and run(*words) == 130
    assert sorted(path.name for path in folder.iterdir()) == ["a.work", "whole"]
    capsys.readouterr()
    assert "was begun with another clip or other options" in failing(capsys, *words, "--size", 40)
    assert run(*words) == 0
    assert len(made) == 7 + 2  # seven distinct frames, each made once, and two interruptions
    assert np.array_equal(frames("a"), frames("whole"))
    assert not (folder / "a.work").exists()


@pytest.mark.parametrize(
    "words, said",
    [
        ([], "no clip: name one"),
        (["missing.mp4"], "missing.mp4: "),
        (["CLIP", "--stages", "sketch,paint"], "--stages: 'paint' is none of sketch, shade, style"),
        (["CLIP", "--stages", "style"], "no painting: name one"),
        (["CLIP", "--stages", "sketch", "--style", "painting.png"], "--style: is for the stage style"),
        (["CLIP", "--stages", "sketch", "--hint", "strokes.png"], "--hint and --reference: are for the stage shade"),
        (["CLIP", "--start", "2", "--end", "1"], "--end: must be after --start 2"),
        (["CLIP", "--start", "9"], "has no frame from 9 s on"),
        (["CLIP", "--out", "a.mpeg"], "a.mpeg: cannot write this format"),
        (["CLIP", "--weights", "baseline"], "--weights: a U-Net colors each frame anew"),
        (["CLIP", "--reference", "0=small.png"], "small.png: is 32x32, but the clip's frames are 64x64"),
        (["CLIP", "--reference", "gray.png"], "gray.png: is gray"),
        (["CLIP", "--hint", "3=small.png"], "small.png: the hint is 32x32"),
        (["CLIP", "--hint", "3=painting.png", "3=painting.png"], "--hint: two files for frame 3"),
        (["CLIP", "--hint", "3=painting.png", "--every", "2"], "frame 3 is left out by --every 2"),
        (["CLIP", "--style", "."], ".: is a folder"),
        (["CLIP", "--method", "onepass", "--backbone", "slim", "--style", "painting.png"], "--backbone: is for method optimize"),
        (["CLIP", "--shots", "bad.txt"], "bad.txt, line 1: must begin with the number of a frame"),
        (["painting.png"], "painting.png: is a single picture, not a clip"),
    ],
)
def test_mistakes_get_one_line(clip, folder, capsys, words, said):
    for name, picture in (
        ("painting.png", mangastyle.draw(7, 64)), ("small.png", mangastyle.draw(7, 32)), ("gray.png", np.full((64, 64, 3), 99, np.uint8)),
    ):  # fmt: skip
        images.save(name, picture)
    (folder / "bad.txt").write_text("first\n")
    assert said in failing(capsys, *(clip if word == "CLIP" else word for word in words))
    assert not [path for path in folder.iterdir() if path.suffix == ".work"]


def test_results_are_not_overwritten(clip, folder, capsys):
    (folder / "a.webm").write_bytes(b"mine")
    assert "a.webm: already exists" in failing(capsys, clip, "--stages", "sketch", "--out", "a.webm")
    assert (folder / "a.webm").read_bytes() == b"mine"
    assert run(clip, "--stages", "sketch", "--out", "a.webm", "--force") == 0
    assert "is the input itself" in failing(capsys, "a.webm", "--stages", "sketch", "--out", "a.webm", "--force")


def test_the_work_folder_of_other_options_is_kept(clip, folder, capsys):
    work = folder / "a.webm.work"
    work.mkdir()
    (work / "letter.txt").write_text("dear")
    assert "holds other files" in failing(capsys, clip, "--stages", "sketch", "--out", "a.webm", "--force")
    assert (work / "letter.txt").exists()
