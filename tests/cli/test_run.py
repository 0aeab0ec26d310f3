"""`mangastyle run`: the demo, files and folders, the sheet, and mistakes as one line."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.cli.run import Options, contact_sheet
from mangastyle.io import images, registry, sheets
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.pipeline import Pipeline, Stages
from mangastyle.synthetic import characters, paintings
from mangastyle.vgg import files
from mangastyle.vgg.spec import kernel_shapes

RESULTS = ["sketch", "hint", "shaded", "stylized"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory, tiny_weights):
    """The main command without a picture or a painting."""
    out = tmp_path_factory.mktemp("run") / "out"
    method = ["--method", "optimize", "--iterations", "3", "--backbone", "slim"]
    assert main(["run", "--preset", "tiny", *method, "--weights", str(tiny_weights), "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def slim(tmp_path_factory):
    """A file of a slim VGG-19 that was never trained, named as the one that ships."""
    random, kernels, readouts = np.random.default_rng(0), {}, {}
    for name, shape in kernel_shapes((4, 4, 4, 4, 4)).items():
        kernels[name] = (random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape), np.zeros(4))
        readouts[name] = readouts[name.replace("conv", "relu")] = np.eye(4)
    path = tmp_path_factory.mktemp("slim") / registry.SHIPPED["vgg19-slim"]
    files.write_slim(path, kernels, readouts, {})
    return path


def test_the_demo_writes_every_stage_at_one_size(demo):
    assert {p.name for p in demo.iterdir()} == {"sheet.png", "config.json", *(f"{name}.png" for name in RESULTS)}
    for name in RESULTS:
        assert images.load(demo / f"{name}.png").rgb.shape == (64, 64, 3)
    drawn = characters.draw(characters.DEMO_SEED, 64)
    np.testing.assert_array_equal(images.load(demo / "sketch.png").rgb[..., 0], sketch(drawn))
    painted, shaded = images.load(demo / "stylized.png").rgb, images.load(demo / "shaded.png").rgb
    assert (painted != shaded).mean() > 0.2  # the iterations have left their mark on the flat gray of an untrained network


def test_the_sheet_shows_all_six_pictures_with_names(demo):
    sheet = images.load(demo / "sheet.png").rgb
    assert sheet.shape[1] > 6 * 64
    np.testing.assert_array_equal(sheet[3:67, 3:67], characters.draw(characters.DEMO_SEED, 64))  # the first tile, inside its margin
    assert (sheet[70:] < 128).any()  # names below
    np.testing.assert_array_equal(sheet[3:67, -67:-3], images.load(demo / "stylized.png").rgb)


@pytest.mark.slow
def test_existing_results_are_kept_and_config_repeats_them(demo, tiny_weights, tmp_path, capsys):
    assert main(["run", "--out", str(demo), "--weights", str(tiny_weights)]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["run", "--config", str(demo / "config.json"), "--out", str(tmp_path / "again")]) == 0
    for name in ("shaded.png", "stylized.png"):
        assert (tmp_path / "again" / name).read_bytes() == (demo / name).read_bytes()


@pytest.mark.slow
def test_alpha_shape_and_size_of_the_picture_are_kept(tmp_path, tiny_weights, onepass_weights):
    alpha = np.zeros((97, 65), np.uint8)
    alpha[20:] = 255
    images.save(tmp_path / "in.png", pixels.resize(characters.draw(3, 128), 97, 65), alpha)
    images.save(tmp_path / "painting.png", paintings.paint("brush", 1, 48, 40))
    arguments = [str(tmp_path / "in.png"), "--style", str(tmp_path / "painting.png"), "--size", "0"]
    arguments += ["--onepass-weights", onepass_weights, "--weights", str(tiny_weights), "--out", str(tmp_path / "out")]
    assert main(["run", *arguments]) == 0
    for name in RESULTS:
        made = images.load(tmp_path / "out" / f"{name}.png")
        assert made.rgb.shape == (97, 65, 3)
        np.testing.assert_array_equal(made.alpha, alpha)


@pytest.mark.parametrize(("by", "caption"), [("", "stylized"), ("one pass", "stylized (one pass)")])
def test_the_sheet_tells_how_the_style_was_painted(by, caption):
    gray = np.full((64, 64, 3), 128, np.uint8)
    names = ("picture", "sketch", "hint", "shaded", "style", "stylized")
    sheet = contact_sheet(Stages({name: gray[..., 0] if name == "sketch" else gray for name in names}, by))
    last = sheets.captioned(gray, caption)
    np.testing.assert_array_equal(sheet[:, -last.shape[1] :], last)


@pytest.mark.slow
def test_without_the_full_network_the_slim_one_that_ships_is_taken(slim, tiny_weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(registry, "shipped_folder", lambda: tmp_path)
    registry.remark_on_slim.cache_clear()
    arguments = ["run", "--preset", "tiny", "--method", "optimize", "--weights", str(tiny_weights)]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert "vgg19-slim" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert main([*arguments, "--backbone", "full", "--out", str(tmp_path / "out")]) == 2
    assert "mangastyle weights get vgg19" in capsys.readouterr().err and not (tmp_path / "out").exists()
    monkeypatch.setattr(registry, "shipped_folder", lambda: slim.parent)
    assert main([*arguments, "--iterations", "1", "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err.startswith("mangastyle: using the slim VGG-19 that ships")


@pytest.mark.slow
def test_a_folder_gets_a_sheet_for_each_picture_with_its_stages_beside(tiny_weights, onepass_weights, tmp_path, capsys):
    (tmp_path / "in" / "more").mkdir(parents=True)
    alpha = np.full((48, 56), 90, np.uint8)
    images.save(tmp_path / "in" / "a.png", pixels.resize(characters.draw(1, 64), 48, 56), alpha)
    images.save(tmp_path / "in" / "more" / "b.png", pixels.to_rgb(characters.character(4, 64).line))
    (tmp_path / "in" / "c.png").write_bytes(b"no picture")
    arguments = ["run", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    arguments += ["--weights", str(tiny_weights), "--onepass-weights", onepass_weights]
    assert main([*arguments, "--size", "0"]) == 2  # for c.png
    assert "1 of 3 pictures could not be processed" in capsys.readouterr().err
    made = {str(path.relative_to(tmp_path / "out").with_suffix("")) for path in (tmp_path / "out").rglob("*.png")}
    assert made == {f"{name}{ending}" for name in ("a", "more/b") for ending in ("", *(f"-{stage}" for stage in RESULTS))}
    np.testing.assert_array_equal(images.load(tmp_path / "out" / "a-stylized.png").alpha, alpha)
    pipeline = Pipeline(paintings.paint("brush", 0), weights=tiny_weights, onepass_weights=onepass_weights, size=0)
    stages = pipeline(images.load(tmp_path / "in" / "a.png").rgb)
    np.testing.assert_array_equal(images.load(tmp_path / "out" / "a.png").rgb, contact_sheet(stages))


@pytest.mark.slow
def test_pictures_named_like_a_stage_of_another_are_not_mixed_up(tiny_weights, onepass_weights, tmp_path, capsys):
    for name in ("a", "a-sketch"):
        images.save(tmp_path / "in" / f"{name}.png", characters.draw(1, 48))
    arguments = ["run", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    arguments += ["--weights", str(tiny_weights), "--onepass-weights", onepass_weights]
    assert main(arguments) == 2
    assert f"a.png: its stages would have the name of what is made of {tmp_path}/in/a-sketch.png" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"a-sketch.png", *(f"a-sketch-{stage}.png" for stage in RESULTS)}


def test_a_picture_named_after_the_paintings_is_not_one_of_them(tmp_path, capsys):
    assert main(["run", "--style", "a.jpg", "picture.png", "--out", str(tmp_path / "out")]) == 2
    assert "before --style" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["--method", "onepass", "--iterations", "3"], "--iterations: is for method optimize, not onepass; leave it out, or choose"),
        (["--method", "onepass", "--backbone", "slim"], "--backbone: is for method optimize, not onepass"),
        (["--method", "onepass", "--allow-download"], "--allow-download: method onepass needs no full VGG-19"),
        (["--method", "optimize", "--onepass-weights", "a.h5"], "--onepass-weights: is for method polish or learned or onepass, not"),
        (["--size", "20"], "--size: must be 0, or from 32 to 4096, not 20"),
        (["--hint", "atuo"], "atuo: no such hint file; --hint takes own, none, simulated, a file or a folder of files"),
        (["--weights", "gone.h5"], "gone.h5: no such weights file"),
        (["--onepass-weights", "gone.h5"], "gone.h5: no such weights file"),
        (["--style", "gone.png"], "gone.png: no such file"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, flags, error):
    assert main(["run", *flags, "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr().err
    assert error in shown and shown.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_former_flags_are_taken_with_a_line_of_advice(tmp_path, capsys):
    former = {"--quality": "--method optimize", "--no-quality": "--method onepass", "--hint auto": "--hint simulated"}
    for flags, advice in former.items():
        assert main(["run", *flags.split(), "--style", "gone.png", "--out", str(tmp_path / "out")]) == 2
        assert f"now {advice}" in capsys.readouterr().err


def test_the_default_size_is_that_of_the_library():
    assert Options.size == Pipeline.__init__.__kwdefaults__["size"] and Options.strength == Pipeline.__init__.__kwdefaults__["strength"]
