"""The command `mangastyle draw`: its files, its resume, its errors."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mangastyle.cli import draw
from mangastyle.cli.draw import Options
from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.synthetic.characters import character
from mangastyle.synthetic.figures import figure


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_writes_pictures_layers_sheet_and_config(tmp_path, capsys):
    out = tmp_path / "drawn"
    flags = ["--count", "3", "--size", "32", "--seed", "7", "--lines", "--flats", "--sheet"]
    assert main(["draw", *flags, "--out", str(out)]) == 0
    layers = [f"00000{i}{ending}.png" for i in range(3) for ending in ("", "-line", "-flat")]
    assert names(out) == sorted([*layers, "sheet.png", "config.json"])
    drawn = character(8, 32)
    assert np.array_equal(images.load(out / "000001.png").rgb, drawn.rgb)
    assert np.array_equal(images.load(out / "000001-line.png").rgb[..., 0], drawn.line)
    assert np.array_equal(images.load(out / "000001-flat.png").rgb, drawn.flat)
    stored = json.loads((out / "config.json").read_text())
    assert (stored["command"], stored["seed"], stored["count"], stored["size"]) == ("draw", 7, 3, 32)
    sheet = images.load(out / "sheet.png").rgb
    assert sheet.shape == (2 * 32 + 4, 2 * 32 + 4, 3)
    assert np.array_equal(sheet[:32, 36:], drawn.rgb)
    assert "3 characters drawn" in capsys.readouterr().out


def test_figures_with_their_layers(tmp_path, capsys):
    flags = ["--kind", "figure", "--count", "2", "--size", "48", "--seed", "7", "--lines", "--flats", "--out", str(tmp_path)]
    assert main(["draw", *flags]) == 0
    drawn = figure(8, 48, 48)
    assert np.array_equal(images.load(tmp_path / "000001.png").rgb, drawn.rgb)
    line = images.load(tmp_path / "000001-line.png").rgb
    assert np.array_equal(line, drawn.line if drawn.line.ndim == 3 else np.repeat(drawn.line[..., None], 3, 2))
    assert np.array_equal(images.load(tmp_path / "000001-flat.png").rgb, drawn.flat)
    assert "2 figures drawn" in capsys.readouterr().out


def test_only_pictures_by_default(tmp_path):
    draw.command(Options(count=2, size=16, out=str(tmp_path)))
    assert names(tmp_path) == ["000000.png", "000001.png", "config.json"]


def test_resume_keeps_what_is_there_and_force_draws_again(tmp_path, capsys):
    draw.command(Options(count=2, size=32, out=str(tmp_path)))
    images.save(tmp_path / "000000.png", np.zeros((32, 32, 3), np.uint8), force=True)
    draw.command(Options(count=3, size=32, out=str(tmp_path), lines=True))
    assert images.load(tmp_path / "000000.png").rgb.max() == 0
    assert (tmp_path / "000000-line.png").exists() and (tmp_path / "000002.png").exists()
    capsys.readouterr()
    draw.command(Options(count=3, size=32, out=str(tmp_path), lines=True))
    assert "0 characters drawn, 3 already there" in capsys.readouterr().out
    draw.command(Options(count=1, size=32, out=str(tmp_path), force=True))
    assert np.array_equal(images.load(tmp_path / "000000.png").rgb, character(0, 32).rgb)


def test_interrupt_keeps_what_is_done(tmp_path, monkeypatch):
    def interrupted(seed, size):
        if seed == 2:
            raise KeyboardInterrupt
        return character(seed, size)

    monkeypatch.setattr(draw, "character", interrupted)
    assert main(["draw", "--count", "4", "--size", "16", "--out", str(tmp_path)]) == 130
    assert names(tmp_path) == ["000000.png", "000001.png", "config.json"]
    monkeypatch.undo()
    assert main(["draw", "--count", "4", "--size", "16", "--out", str(tmp_path)]) == 0
    assert names(tmp_path) == ["000000.png", "000001.png", "000002.png", "000003.png", "config.json"]


@pytest.mark.parametrize("change", [{"seed": 1}, {"size": 24}, {"kind": "figure"}])
def test_refuses_to_mix_two_sets_in_one_folder(tmp_path, change):
    options = {"count": 1, "size": 16, "out": str(tmp_path)}
    draw.command(Options(**options))
    with pytest.raises(MangastyleError, match=f"--{next(iter(change))}.*--force"):
        draw.command(Options(**{**options, **change}))
    draw.command(Options(**{**options, **change}, force=True))


def test_errors_are_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["draw", "--count", "1", "--out", str(tmp_path / "file")]) == 2
    assert main(["draw", "--count", "1", "--out", str(tmp_path / "file" / "inner")]) == 2
    assert main(["draw", "--size", "5000", "--out", str(tmp_path / "big")]) == 2
    assert main(["draw", "--size", "4", "--out", str(tmp_path / "small")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4 and all(line.startswith("mangastyle: ") for line in errors)
    assert "--out" in errors[0] and "--out" in errors[1] and "--size" in errors[2] and "--size" in errors[3]
    assert not (tmp_path / "big").exists()
