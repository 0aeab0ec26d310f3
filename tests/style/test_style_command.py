"""`mangastyle style` from the command line: files in and out, records, comparison, interruption."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mangastyle import images
from mangastyle.cli import main
from mangastyle.style import command, vgg

TINY = ["--backbone", "random", "--size", "0", "--min-size", "0", "--iterations", "3", "--precision", "float32"]


@pytest.fixture(autouse=True)
def narrow_network(monkeypatch, narrow) -> None:
    """The command line with the narrow network, for speed."""
    monkeypatch.setattr(vgg, "network", lambda *args, **kwargs: narrow)


@pytest.fixture
def art(tmp_path) -> str:
    y, x = np.mgrid[:48, :40]
    images.save(tmp_path / "art.png", np.where(((y + x) // 6 % 2)[..., None], (20, 50, 160), (250, 220, 60)).astype(np.uint8))
    return str(tmp_path / "art.png")


def style(tmp_path: Path, art: str, *flags: str) -> int:
    return main(["style", str(tmp_path / "girl.png"), "--style", art, *TINY, *flags])


def test_keeps_alpha_and_size(tmp_path, art, picture, capsys):
    alpha = np.full(picture.shape[:2], 255, np.uint8)
    alpha[:20] = 0
    images.save(tmp_path / "girl.png", picture, alpha)
    assert style(tmp_path, art, "--size", "64") == 0
    painted = images.load(tmp_path / "girl-styled.png")
    assert painted.rgb.shape == (64, 77, 3) and painted.alpha.shape == (64, 77)
    assert painted.alpha[0, 0] == 0 and painted.alpha[-1, 0] == 255
    assert capsys.readouterr().out.strip() == str(tmp_path / "girl-styled.png")
    assert style(tmp_path, art) == 2  # there already
    assert "--force" in capsys.readouterr().err


def test_folder_goes_on_past_unreadable_members(tmp_path, art, picture, capsys):
    images.save(tmp_path / "in" / "a.png", picture)
    images.save(tmp_path / "in" / "deep" / "b.png", np.tile(picture, (1, 2, 1)))
    images.save(tmp_path / "in" / "small.png", picture[:20])
    (tmp_path / "in" / "broken.png").write_bytes(b"no picture")
    argv = ["style", str(tmp_path / "in"), "--style", art, "--out", str(tmp_path / "out"), *TINY, "--optimizer", "adam"]
    assert main(argv) == 2
    assert images.load(tmp_path / "out" / "a.png").rgb.shape == picture.shape
    assert images.load(tmp_path / "out" / "deep" / "b.png").rgb.shape == (40, 96, 3)
    assert json.loads((tmp_path / "out" / "config.json").read_text())["optimizer"] == "adam"
    errors = capsys.readouterr().err
    assert "small.png: 48x20" in errors and "broken.png: not a picture" in errors and "2 of 4 pictures" in errors
    # A second run finds the results, and may keep other records.
    assert main([*argv, "--plot"]) == 2
    assert "2 were there already" in capsys.readouterr().out
    assert main([*argv, "--strength", "0.7"]) == 2
    assert "--strength 0.5, not 0.7" in capsys.readouterr().err


def test_names_the_painting_it_cannot_read(tmp_path, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    assert main(["style", str(tmp_path / "girl.png")]) == 2
    assert "--style painting.jpg" in capsys.readouterr().err
    assert style(tmp_path, str(tmp_path / "none.jpg")) == 2
    assert "none.jpg: cannot read" in capsys.readouterr().err


def test_names_picture_and_mask(tmp_path, art, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    images.save(tmp_path / "mask.png", picture[:30])
    assert style(tmp_path, art, "--mask", str(tmp_path / "mask.png")) == 2
    error = capsys.readouterr().err
    assert "girl.png" in error and "mask.png: this mask is 48x30 pixels and the content 48x40" in error
    assert not (tmp_path / "girl-styled.png").exists()


def test_records(tmp_path, art, picture):
    images.save(tmp_path / "girl.png", picture)
    flags = "--log", "--plot", "--save-every", "2", "--iterations", "4"
    assert style(tmp_path, art, *flags) == 0
    with open(tmp_path / "girl-styled.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) for row in rows] == [0, 1, 2, 3, 4]
    assert float(rows[-1]["total"]) < float(rows[0]["total"])
    final = images.load(tmp_path / "girl-styled.png").rgb.astype(int)
    away = [np.abs(images.load(tmp_path / f"girl-styled-000{i}.png").rgb - final).mean() for i in (2, 4)]
    assert away[1] == 0 < away[0]
    assert images.load(tmp_path / "girl-styled-losses.png").rgb.std() > 10
    assert style(tmp_path, art, *flags, "--force") == 0


def test_earlier_records_are_not_overwritten(tmp_path, art, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    (tmp_path / "girl-styled.csv").write_text("mine")
    assert style(tmp_path, art, "--log") == 2
    assert "girl-styled.csv: already exists" in capsys.readouterr().err
    assert (tmp_path / "girl-styled.csv").read_text() == "mine" and not (tmp_path / "girl-styled.png").exists()


def test_comparison_of_optimisers(tmp_path, art, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    assert style(tmp_path, art, "--compare", "--log", "--iterations", "8") == 0
    table = capsys.readouterr().out
    assert "L-BFGS" in table and "502.6" in table and "Adam" in table and "85.5" in table
    finals = {}
    for name in ("lbfgs", "adam"):
        with open(tmp_path / f"girl-styled-{name}.csv", newline="") as file:
            finals[name] = min(float(row["total"]) for row in csv.DictReader(file))
        assert f"{finals[name]:.5g}" in table
    best = min(finals, key=finals.get)
    np.testing.assert_array_equal(*(images.load(tmp_path / f"girl-styled{end}.png").rgb for end in ("", f"-{best}")))


def test_interruption_keeps_one_picture_but_no_half_done_one_of_a_folder(tmp_path, art, picture, monkeypatch):
    images.save(tmp_path / "in" / "girl.png", picture)

    class Interrupting(command.report.Losses):
        def add(self, record, side):
            super().add(record, side)
            if record.iteration == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(command.report, "Losses", Interrupting)
    options = ["--style", art, *TINY]
    assert main(["style", str(tmp_path / "in" / "girl.png"), *options, "--out", str(tmp_path / "one.png")]) == 0
    assert (images.load(tmp_path / "one.png").rgb != picture).any()
    assert main(["style", str(tmp_path / "in"), *options, "--out", str(tmp_path / "out")]) == 130
    assert not (tmp_path / "out" / "girl.png").exists()
