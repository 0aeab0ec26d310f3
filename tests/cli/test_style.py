"""`mangastyle style` from the command line: files in and out, records, comparison, interruption."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.cli.mask_files import read_mask
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.style.optimize import records
from mangastyle.vgg import backbone as vgg

TINY = [
    "--backbone", "random", "--size", "0", "--min-size", "0", "--iterations", "3", "--precision", "float32", "--style-layers", "relu1_1",
    "relu2_1", "--content-layers", "relu2_2",
]  # fmt: skip


@pytest.fixture(autouse=True)
def narrow_network(monkeypatch, narrow) -> None:
    """The command line with the narrow network in place of the random one, for speed."""
    network = vgg.network
    monkeypatch.setattr(vgg, "network", lambda *args, **kwargs: narrow if kwargs.get("name") == "random" else network(*args, **kwargs))


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
    painted = images.load(tmp_path / "girl-stylized.png")
    assert painted.rgb.shape == (64, 77, 3) and painted.alpha.shape == (64, 77)
    assert painted.alpha[0, 0] == 0 and painted.alpha[-1, 0] == 255
    assert capsys.readouterr().out.strip() == str(tmp_path / "girl-stylized.png")
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
    assert "2 already there" in capsys.readouterr().out
    assert main([*argv, "--strength", "0.7"]) == 2
    assert "--strength 0.5, not 0.7" in capsys.readouterr().err


def test_names_the_painting_it_cannot_read(tmp_path, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    assert main(["style", str(tmp_path / "girl.png")]) == 2
    assert "no painting: name one, as in --style painting.jpg" in capsys.readouterr().err
    assert style(tmp_path, str(tmp_path / "none.jpg")) == 2
    assert "none.jpg: no such file" in capsys.readouterr().err


def test_names_a_mask_of_another_size(tmp_path, art, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    images.save(tmp_path / "mask.png", picture[:30])
    assert style(tmp_path, art, "--mask", str(tmp_path / "mask.png")) == 2
    error = capsys.readouterr().err
    assert "mask.png: this mask is 48x30 pixels and the content 48x40" in error
    assert not (tmp_path / "girl-stylized.png").exists()


def test_records(tmp_path, art, picture):
    images.save(tmp_path / "girl.png", picture)
    flags = "--log", "--plot", "--save-every", "2", "--iterations", "4"
    assert style(tmp_path, art, *flags) == 0
    with open(tmp_path / "girl-stylized.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) for row in rows] == [0, 1, 2, 3, 4]
    assert float(rows[-1]["total"]) < float(rows[0]["total"])
    final = images.load(tmp_path / "girl-stylized.png").rgb.astype(int)
    away = [np.abs(images.load(tmp_path / f"girl-stylized-000{i}.png").rgb - final).mean() for i in (2, 4)]
    assert away[1] == 0 < away[0]
    assert images.load(tmp_path / "girl-stylized-losses.png").rgb.std() > 10
    assert style(tmp_path, art, *flags, "--force") == 0


def test_earlier_records_are_not_overwritten(tmp_path, art, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    (tmp_path / "girl-stylized.csv").write_text("mine")
    assert style(tmp_path, art, "--log") == 2
    assert "girl-stylized.csv: already exists" in capsys.readouterr().err
    assert (tmp_path / "girl-stylized.csv").read_text() == "mine" and not (tmp_path / "girl-stylized.png").exists()


def test_comparison_of_optimizers(tmp_path, art, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    assert style(tmp_path, art, "--compare", "--log", "--iterations", "8") == 0
    table = capsys.readouterr().out
    assert "L-BFGS" in table and "502.6" in table and "Adam" in table and "85.5" in table
    finals = {}
    for name in ("lbfgs", "adam"):
        with open(tmp_path / f"girl-stylized-{name}.csv", newline="") as file:
            finals[name] = min(float(row["total"]) for row in csv.DictReader(file))
        assert f"{finals[name]:.5g}" in table
    best = min(finals, key=finals.get)
    np.testing.assert_array_equal(*(images.load(tmp_path / f"girl-stylized{end}.png").rgb for end in ("", f"-{best}")))


def test_interruption_keeps_one_picture_but_no_half_done_one_of_a_folder(tmp_path, art, picture, monkeypatch):
    images.save(tmp_path / "in" / "girl.png", picture)

    class Interrupting(records.Losses):
        def add(self, record):
            super().add(record)
            if record.iteration == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(records, "Losses", Interrupting)
    options = ["--style", art, *TINY]
    assert main(["style", str(tmp_path / "in" / "girl.png"), *options, "--out", str(tmp_path / "one.png")]) == 0
    assert (images.load(tmp_path / "one.png").rgb != picture).any()
    assert main(["style", str(tmp_path / "in"), *options, "--out", str(tmp_path / "out")]) == 130
    assert not (tmp_path / "out" / "girl.png").exists()


def test_masks_from_files(tmp_path):
    half = np.zeros((40, 48), np.uint8)
    half[:, :24] = 255
    images.save(tmp_path / "left.png", half)
    images.save(tmp_path / "right.bmp", np.repeat((255 - half)[..., None], 3, axis=2))
    first, second = read_mask(tmp_path / "left.png"), read_mask(tmp_path / "right.bmp")
    assert first.dtype == np.float32 and first.shape == (40, 48)
    np.testing.assert_array_equal(first, half / 255)
    np.testing.assert_array_equal(first + second, np.ones((40, 48)))
    strokes = np.full((40, 48, 3), 255, np.uint8)
    images.save(tmp_path / "strokes.png", strokes, half // 2)  # white strokes on a transparent ground
    np.testing.assert_allclose(read_mask(tmp_path / "strokes.png"), half // 255 * np.float32(127 / 255), atol=0.003)


def test_masks_that_paint_nothing(tmp_path):
    images.save(tmp_path / "black.png", np.zeros((40, 48), np.uint8))
    ground = np.zeros((40, 48), np.uint8)
    ground[:20] = 255
    images.save(tmp_path / "strokes.png", np.zeros((40, 48, 3), np.uint8), ground)  # black strokes on a transparent ground
    for name in ("black.png", "strokes.png"):
        with pytest.raises(MangastyleError, match=f"{name}: this mask is black everywhere; draw white"):
            read_mask(tmp_path / name)
    with pytest.raises(MangastyleError, match="none.png: no such file"):
        read_mask(tmp_path / "none.png")
    with pytest.raises(MangastyleError, match="black.png: .*`max_pixels`"):
        read_mask(tmp_path / "black.png", max_pixels=100)


@pytest.mark.slow
def test_starts_from_a_picture_file(tmp_path, art, picture, capsys):
    images.save(tmp_path / "girl.png", picture)
    assert style(tmp_path, art, "--init", str(tmp_path / "girl.png")) == 0
    assert style(tmp_path, art, "--force") == 0  # the content, by name
    assert style(tmp_path, art, "--force", "--init", "nothing.png") == 2
    assert "nothing.png: no such file; --init takes content, style, noise or a file" in capsys.readouterr().err


def test_one_pass_of_a_folder(onepass_weights, art, tmp_path, capsys):
    alpha = np.full((40, 56), 255, np.uint8)
    alpha[:20] = 0
    content = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    images.save(tmp_path / "in" / "a.png", content, alpha)
    images.save(tmp_path / "in" / "small.png", content[:20])
    argv = ["style", str(tmp_path / "in"), "--style", art, "--method", "onepass", "--onepass-weights", onepass_weights, "--size", "80"]
    assert main(argv) == 2
    painted = images.load(tmp_path / "in-stylized" / "a.png")
    assert painted.rgb.shape == (80, 112, 3) and painted.alpha[0, 0] == 0 and painted.alpha[-1, 0] == 255
    assert "small.png" in capsys.readouterr().err and not (tmp_path / "in-stylized" / "small.png").exists()


def test_former_flags_of_one_pass_still_work(onepass_weights, art, picture, tmp_path, capsys):
    images.save(tmp_path / "girl.png", picture)
    argv = ["style", str(tmp_path / "girl.png"), "--style", art, "--size", "0", "--fast", "--fast-weights", onepass_weights]
    assert main(argv) == 0 and (tmp_path / "girl-stylized.png").exists()
    advice = capsys.readouterr().err
    assert "--fast is now --method onepass" in advice and "is now --onepass-weights" in advice


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--method", "onepass", "--iterations", "50"], "--iterations: is for method optimize, not onepass"),
        (["--method", "onepass", "--log"], "--log: is not for method onepass"),
        (["--method", "onepass", "--backbone", "full"], "--backbone: is for method optimize"),
        (["--method", "onepass", "--allow-download"], "--allow-download: is not for method onepass"),
        (["--method", "onepass", "--init", "noise"], "--init: is for method optimize"),
        (["--method", "optimize", "--onepass-weights", "a.h5"], "--onepass-weights: is for method polish or learned or onepass, not opt"),
        (["--method", "onepass", "--onepass-weights", "a.h5"], "a.h5: no such weights file"),
        (["--backbone", "a.h5"], "a.h5"),
        (["--content-layers", "relu9_9"], "--content-layers: VGG-19 has no layer"),
        (["--style-weights", "1", "2"], "--style-weights: 2 weights for 1"),
        (["--size", "20"], "--size: must be 0 or at least 32"),
        (["--mask", "none.png"], "none.png: no such file"),
    ],
)
def test_mistakes_are_found_before_tensorflow_loads(tmp_path, art, picture, capsys, monkeypatch, flags, message):
    images.save(tmp_path / "girl.png", picture)

    def loaded() -> None:
        raise AssertionError("TensorFlow was loaded")

    monkeypatch.setattr("mangastyle.startup.load_tensorflow", loaded)
    assert main(["style", str(tmp_path / "girl.png"), "--style", art, *flags]) == 2
    assert message in capsys.readouterr().err
