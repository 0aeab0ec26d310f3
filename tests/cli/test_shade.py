"""`mangastyle shade`: hints of every kind from files, sizes, transparency, and mistakes as one line."""

from __future__ import annotations

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from mangastyle.cli import hint_files
from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.io import images, weights
from mangastyle.shade import networks
from mangastyle.shade.hints import Hint
from mangastyle.shade.shader import Shader
from mangastyle.shade.spec import ShadeSpec
from mangastyle.synthetic import characters


def line_art(height: int, width: int) -> np.ndarray:
    picture = np.full((height, width, 3), 255, np.uint8)
    cv2.circle(picture, (width // 2, height // 2), min(height, width) // 3, (0, 0, 0), 2, cv2.LINE_AA)
    return picture


def test_the_command_keeps_size_and_transparency(loud_weights, tmp_path):
    alpha = np.random.default_rng(0).integers(0, 256, (50, 41), np.uint8)
    images.save(tmp_path / "a.png", line_art(50, 41), alpha)
    assert main(["shade", str(tmp_path / "a.png"), "--weights", str(loud_weights), "--palette", "red", "navy"]) == 0
    made = images.load(tmp_path / "a-shaded.png")
    assert made.rgb.shape == (50, 41, 3)
    np.testing.assert_array_equal(made.alpha, alpha)


@pytest.mark.slow
def test_whether_it_is_line_art_can_be_told(loud_weights, tmp_path):
    images.save(tmp_path / "a.png", picture := line_art(48, 40))
    shader = Shader(loud_weights, precision="float32")
    made = {}
    for told, line_art_told in (("auto", None), ("yes", True), ("no", False)):
        flags = ["--weights", str(loud_weights), "--precision", "float32", "--line-art", told, "--hint", "none"]
        assert main(["shade", str(tmp_path / "a.png"), *flags, "--out", str(tmp_path / f"{told}.png")]) == 0
        made[told] = images.load(tmp_path / f"{told}.png").rgb
        np.testing.assert_array_equal(made[told], shader(picture, line_art=line_art_told))
    assert np.array_equal(made["auto"], made["yes"]) and not np.array_equal(made["yes"], made["no"])


@pytest.mark.slow
def test_hint_files_are_those_of_python(loud_weights, tmp_path):
    picture, folder = line_art(48, 40), tmp_path / "in"
    images.save(folder / "a.png", picture)
    images.save(folder / "b.png", picture)
    flags = ["--weights", str(loud_weights), "--precision", "float32", "--ink", "0.4"]
    shader = Shader(loud_weights, precision="float32")
    strokes = {"points": [{"x": 20, "y": 24, "color": "red", "radius": 3}]}
    (tmp_path / "strokes.json").write_text(json.dumps(strokes))
    assert main(["shade", str(folder), *flags, "--hint", str(tmp_path / "strokes.json"), "--out", str(tmp_path / "out")]) == 0
    expected = shader(picture, Hint.from_json(strokes, (48, 40)), ink=0.4)
    for name in ("a.png", "b.png"):
        np.testing.assert_array_equal(images.load(tmp_path / "out" / name).rgb, expected)

    painted = characters.draw(1, 48)[:, :40]
    images.save(tmp_path / "hint.png", painted)
    assert main(["shade", str(folder / "a.png"), *flags, "--hint", str(tmp_path / "hint.png"), "--out", str(tmp_path / "one.png")]) == 0
    np.testing.assert_array_equal(images.load(tmp_path / "one.png").rgb, shader(picture, Hint.from_picture(painted), ink=0.4))


@pytest.mark.slow
def test_a_simulated_hint_follows_recipe_and_seed(loud_weights, tmp_path):
    images.save(tmp_path / "a.png", picture := characters.draw(4, 64))
    flags = ["--hint", "simulated", "--hint-recipe", "paper", "--seed", "3", "--weights", str(loud_weights), "--precision", "float32"]
    assert main(["shade", str(tmp_path / "a.png"), *flags]) == 0
    shader = Shader(loud_weights, precision="float32")
    np.testing.assert_array_equal(images.load(tmp_path / "a-shaded.png").rgb, shader(picture, shader.simulated_hint(picture, "paper", 3)))


def test_palettes_are_read_from_names_and_pictures(tmp_path, picture, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.jfif", "navy", "strange.dat"):
        Image.fromarray(picture).save(name, "PNG")  # files are told by their content
    for name in ("a.png", "b.jfif", "strange.dat", "./navy"):
        colors, shares = hint_files.read_palette(("red", name), images.MAX_PIXELS)
        assert colors.shape == (9, 3) and colors[0].tolist() == [255, 0, 0] and shares[0] == pytest.approx(0.5)
    assert hint_files.read_palette(("navy",), images.MAX_PIXELS).colors.tolist() == [[0, 0, 128]]  # a color, whatever lies around
    assert hint_files.read_palette((), images.MAX_PIXELS) is None
    (tmp_path / "notes.md").write_text("hello")
    for entry, message in (
        ("gone.png", "gone.png: no such file"),
        ("notes.md", "notes.md: not a picture"),
        ("gone", "`palette`: 'gone' is no c"),
    ):
        with pytest.raises(MangastyleError, match=message):
            hint_files.read_palette((entry,), images.MAX_PIXELS)


@pytest.mark.parametrize(
    "flags, error",
    [
        (["--palette", "red", "--hint", "simulated"], "--hint, --palette and --reference: a palette decides all colors"),
        (["--palette", "red", "--reference", "other.png"], "--hint, --palette and --reference: a palette decides all colors"),
        (["--reference", "gone.png"], "gone.png"),
        (["--ink", "1.5"], "--ink: must be at most 1"),
        (["--hint", "simulated"], "a.png: is line art"),
        (["--hint", "gone.png"], "gone.png: no such hint file; --hint takes own, none, simulated, a file or a folder"),
        (["--hint", "other.png"], "other.png: the hint is 48x40 but the picture is 40x40"),
        (["--hint", "outside.json"], "outside.json: points[0]: the point (50, 1) lies outside the picture of 40x40"),
        (["--palette", "reddish"], "--palette: 'reddish' is no color"),
        (["--weights", "gone.h5"], "gone.h5: no such weights file"),
    ],
)
def test_mistakes_are_one_line(loud_weights, tmp_path, capsys, monkeypatch, flags, error):
    monkeypatch.chdir(tmp_path)
    images.save(tmp_path / "a.png", line_art(40, 40))
    images.save(tmp_path / "other.png", line_art(40, 48))
    (tmp_path / "outside.json").write_text('{"points": [{"x": 50, "y": 1, "color": "red"}]}')
    files = {p.name for p in tmp_path.iterdir()}
    assert main(["shade", "a.png", "--weights", str(loud_weights), *flags]) == 2
    shown = capsys.readouterr().err
    assert error in shown and shown.count("\n") == 1
    assert {p.name for p in tmp_path.iterdir()} == files


def test_mistakes_are_found_before_tensorflow_loads(tmp_path):
    code = "import sys; from mangastyle.cli.main import main; code = main(sys.argv[1:]); assert 'keras' not in sys.modules; sys.exit(code)"
    images.save(tmp_path / "a.png", line_art(40, 40))
    images.save(tmp_path / "other.png", line_art(40, 48))
    (tmp_path / "broken.h5").write_bytes(b"no weights")
    for flags in (["--hint", "other.png"], ["--hint", "gone.json"], ["--palette", "reddish"], ["--weights", "broken.h5"]):
        done = subprocess.run([sys.executable, "-c", code, "shade", "a.png", *flags], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr


@pytest.mark.linux
@pytest.mark.slow
def test_a_page_of_2000_by_3000_stays_below_four_gibibytes(tmp_path):
    spec = ShadeSpec()  # as large as the network that ships
    weights.save_model(tmp_path / "net.h5", "shade", spec, networks.build(spec))
    images.save(tmp_path / "page.png", line_art(3000, 2000))
    code = (
        "import sys; from mangastyle.cli.main import main; code = main(sys.argv[1:]);"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')), file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "shade", str(tmp_path / "page.png"), "--weights", str(tmp_path / "net.h5")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert images.load(tmp_path / "page-shaded.png").rgb.shape == (3000, 2000, 3)
    assert int(done.stderr.split()[-1]) < 4 * 2**20  # KiB


@pytest.mark.slow
def test_references_are_those_of_python(region_weights, tmp_path):
    picture, colored = line_art(48, 40), {name: characters.draw(seed, 48) for seed, name in enumerate("ab")}
    for name, reference in colored.items():
        images.save(tmp_path / "in" / f"{name}.png", picture)
        images.save(tmp_path / "references" / f"{name}.png", reference)
    flags = ["--weights", str(region_weights), "--precision", "float32", "--force"]
    shader = Shader(region_weights, precision="float32")

    def made(*references: str) -> dict[str, np.ndarray]:
        named = [str(tmp_path / "references" / name) for name in references]
        assert main(["shade", str(tmp_path / "in"), *flags, "--reference", *named, "--out", str(tmp_path / "out")]) == 0
        return {name: images.load(tmp_path / "out" / f"{name}.png").rgb for name in colored}

    for found in made("a.png", "b.png").values():  # all of them for every picture
        np.testing.assert_array_equal(found, shader(picture, reference=shader.reference(*colored.values())))
    for name, found in made("").items():  # a folder: its own for each picture
        np.testing.assert_array_equal(found, shader(picture, reference=shader.reference(colored[name])))


def test_what_is_gray_is_no_reference(region_weights, tmp_path, capsys):
    images.save(tmp_path / "a.png", line_art(48, 40))
    assert main(["shade", str(tmp_path / "a.png"), "--weights", str(region_weights), "--reference", str(tmp_path / "a.png")]) == 2
    assert "a.png: is gray, so there are no colors to take from it; --reference takes" in capsys.readouterr().err
