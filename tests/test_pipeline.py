"""All stages joined, with a tiny network and few iterations."""

import numpy as np
import pytest

from mangastyle import images, pipeline, weights
from mangastyle.cli import main
from mangastyle.config import RunConfig
from mangastyle.data import characters, painters
from mangastyle.shade.sketch import sketch
from mangastyle.style import vgg

FILES = {"sketch.png", "hint.png", "shaded.png", "stylised.png", "sheet.png", "config.json"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory, tiny_weights):
    """The main command without a picture or a painting."""
    out = tmp_path_factory.mktemp("run") / "out"
    arguments = ["--preset", "tiny", "--quality", "--iterations", "5", "--backbone", "random", "--weights", str(tiny_weights), "--out", str(out)]
    assert main(["run", *arguments]) == 0
    return out


@pytest.fixture(scope="module")
def slim(tmp_path_factory):
    """A file of a slim VGG-19 that was never trained."""
    random, kernels, readouts = np.random.default_rng(0), {}, {}
    for name, shape in vgg.kernel_shapes((4, 4, 4, 4, 4)).items():
        kernels[name] = (random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape), np.zeros(4))
        readouts[name] = readouts[name.replace("conv", "relu")] = np.eye(4)
    path = tmp_path_factory.mktemp("slim") / weights.SLIM
    vgg.write_slim(path, kernels, readouts, {})
    return path


def test_demo_writes_every_stage_at_one_size(demo):
    assert {p.name for p in demo.iterdir()} == FILES
    for name in pipeline.STAGES:
        assert images.load(demo / f"{name}.png").rgb.shape == (64, 64, 3)
    np.testing.assert_array_equal(
        images.load(demo / "sketch.png").rgb[..., 0], sketch(characters.draw(pipeline.CHARACTER, 64))
    )
    painted, shaded = images.load(demo / "stylised.png").rgb, images.load(demo / "shaded.png").rgb
    assert (painted != shaded).mean() > 0.2  # five iterations have left their mark on the flat grey of an untrained network


def test_sheet_shows_all_six_pictures_with_names(demo):
    sheet = images.load(demo / "sheet.png").rgb
    picture = characters.draw(pipeline.CHARACTER, 64)
    assert sheet.shape[1] > 6 * 64
    np.testing.assert_array_equal(sheet[3:67, 3:67], picture)  # the first tile, inside its margin
    assert (sheet[70:] < 128).any()  # names below
    np.testing.assert_array_equal(sheet[3:67, -67:-3], images.load(demo / "stylised.png").rgb)


def test_existing_results_are_kept_and_config_repeats_them(demo, tiny_weights, tmp_path, capsys):
    assert main(["run", "--out", str(demo), "--weights", str(tiny_weights)]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["run", "--config", str(demo / "config.json"), "--out", str(tmp_path / "again")]) == 0
    for name in ("shaded.png", "stylised.png"):
        assert (tmp_path / "again" / name).read_bytes() == (demo / name).read_bytes()


def test_alpha_shape_and_size_of_the_picture_are_kept(tmp_path, tiny_weights):
    alpha = np.zeros((97, 65), np.uint8)
    alpha[20:] = 255
    images.save(tmp_path / "in.png", images.resize(characters.draw(3, 128), 97, 65), alpha)
    images.save(tmp_path / "painting.png", painters.paint("brush", 1, 48, 40))
    arguments = [str(tmp_path / "in.png"), "--style", str(tmp_path / "painting.png"), "--preset", "tiny", "--size", "0"]
    arguments += ["--quality", "--iterations", "5", "--backbone", "random", "--weights", str(tiny_weights), "--out", str(tmp_path / "out")]
    assert main(["run", *arguments]) == 0
    for name in pipeline.STAGES:
        made = images.load(tmp_path / "out" / f"{name}.png")
        assert made.rgb.shape == (97, 65, 3)
        np.testing.assert_array_equal(made.alpha, alpha)


def test_line_art_is_its_own_sketch_and_gets_no_simulated_hint(tiny_weights, fast_weights):
    line = np.repeat(characters.character(4, 64).line[..., None], 3, axis=2)
    options = RunConfig(weights=str(tiny_weights), fast_weights=fast_weights, size=0)
    stages = pipeline.run(line, [painters.paint("brush", 0, 40, 40)], options)
    np.testing.assert_array_equal(stages.sketch, line[..., 0])
    assert (stages.hint == 255).all()


def test_a_picture_named_after_the_paintings_is_not_one_of_them(tmp_path, capsys):
    assert main(["run", "--style", "a.jpg", "picture.png", "--out", str(tmp_path / "out")]) == 2
    assert "before --style" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("by", "label"),
    [("", "stylised"), ("slim VGG-19", "stylised (slim VGG-19)"), ("one pass", "stylised (one pass)")],
)
def test_the_sheet_says_how_the_style_was_painted(by, label):
    grey = np.full((64, 64, 3), 128, np.uint8)
    sheet = pipeline.contact_sheet(pipeline.Stages(grey, grey[..., 0], grey, grey, grey, grey, by))
    last = images.captioned(grey, label)
    np.testing.assert_array_equal(sheet[:, -last.shape[1] :], last)


def test_without_the_full_network_the_slim_one_that_ships_is_taken(slim, tiny_weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weights, "shipped_folder", lambda: tmp_path)
    assert main(["run", "--preset", "tiny", "--quality", "--weights", str(tiny_weights), "--out", str(tmp_path / "out")]) == 2
    assert "mangastyle weights get vgg19" in capsys.readouterr().err and not (tmp_path / "out").exists()
    monkeypatch.setattr(weights, "shipped_folder", lambda: slim.parent)
    options = RunConfig(weights=str(tiny_weights), quality=True, iterations=1, size=0)
    stages = pipeline.run(characters.draw(1, 48), [painters.paint("brush", 0, 40, 40)], options)
    assert stages.by == "slim VGG-19" and stages.stylised.shape == (48, 48, 3)
    assert capsys.readouterr().err.startswith("mangastyle: painting with the slim VGG-19 that ships")


def test_a_folder_gets_a_sheet_for_each_picture_with_its_stages_beside(tiny_weights, fast_weights, tmp_path, capsys):
    (tmp_path / "in" / "more").mkdir(parents=True)
    alpha = np.full((48, 56), 90, np.uint8)
    images.save(tmp_path / "in" / "a.png", images.resize(characters.draw(1, 64), 48, 56), alpha)
    images.save(tmp_path / "in" / "more" / "b.png", np.repeat(characters.character(4, 64).line[..., None], 3, axis=2))
    (tmp_path / "in" / "c.png").write_bytes(b"no picture")
    arguments = ["run", str(tmp_path / "in"), "--weights", str(tiny_weights), "--fast-weights", fast_weights, "--out", str(tmp_path / "out")]
    assert main([*arguments, "--size", "0"]) == 2  # for c.png
    assert "1 of 3 pictures could not be processed" in capsys.readouterr().err
    made = {str(path.relative_to(tmp_path / "out").with_suffix("")) for path in (tmp_path / "out").rglob("*.png")}
    assert made == {f"{name}{ending}" for name in ("a", "more/b") for ending in ("", *(f"-{stage}" for stage in pipeline.STAGES))}
    np.testing.assert_array_equal(images.load(tmp_path / "out" / "a-stylised.png").alpha, alpha)
    options = RunConfig(weights=str(tiny_weights), fast_weights=fast_weights, size=0)
    stages = pipeline.run(images.load(tmp_path / "in" / "a.png").rgb, [painters.paint("brush", 0)], options)
    assert stages.by == "one pass"
    np.testing.assert_array_equal(images.load(tmp_path / "out" / "a.png").rgb, pipeline.contact_sheet(stages))


def test_quality_paints_by_optimisation(tiny_weights, fast_weights):
    options = RunConfig(weights=str(tiny_weights), fast_weights=fast_weights, quality=True, backbone="random", iterations=1, size=0)
    assert pipeline.run(characters.draw(1, 48), [painters.paint("brush", 0, 40, 40)], options).by == "random VGG-19"


def test_options_of_the_optimisation_are_refused_without_it(tmp_path, capsys):
    for flags in (["--iterations", "3"], ["--backbone", "slim"], ["--allow-download"]):
        assert main(["run", *flags, "--out", str(tmp_path / "out")]) == 2
        assert f"{flags[0]}: is for painting by optimisation; add --quality" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_pictures_named_like_a_stage_of_another_are_not_mixed_up(tiny_weights, fast_weights, tmp_path, capsys):
    for name in ("a", "a-sketch"):
        images.save(tmp_path / "in" / f"{name}.png", characters.draw(1, 48))
    arguments = ["run", str(tmp_path / "in"), "--weights", str(tiny_weights), "--fast-weights", fast_weights, "--out", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert "a.png: its stages would have the name of what is made of a-sketch.png" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"a-sketch.png", *(f"a-sketch-{stage}.png" for stage in pipeline.STAGES)}
