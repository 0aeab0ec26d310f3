"""`mangastyle learn`: mistakes, files in and out, interruption, and painting by what was learned."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.io import images
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.style.onepass import network
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.training import painter as learning

SPEC = OnePassSpec(residual_windows=(0, 9), residual_share=1.0)


def noise(seed: int, height: int = 48, width: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """The working folder, with two paintings in a folder, and a user's cache folder elsewhere."""
    monkeypatch.setenv("MANGASTYLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir((tmp_path / "here").mkdir() or tmp_path / "here")
    for name, seed in (("b", 2), ("a", 1)):
        images.save(Path("art") / f"{name}.png", noise(seed))
    return tmp_path / "here"


@pytest.fixture
def lessons(monkeypatch) -> list[tuple]:
    """Replaces learning by an untrained decoder; the list gets painting, settings, whether it is resumed, and the rest.

    As long as it holds "stop", the painting of seed 2 is interrupted.
    """
    made: list = []

    def train(painting, settings, run, **given):
        made.append((painting, settings, run.resume, given))
        run.prepare()
        run.write_config()
        run.release()
        images.save(run.path / "samples" / "step-0000003.png", painting[::-1], force=True)
        images.save(run.path / "samples" / "step-0000002.png", 255 - painting, force=True)
        arrays = {variable.path: np.asarray(variable) for variable in network.decoder(SPEC).variables}
        stopped = "Ctrl-C" if "stop" in made and (painting == noise(2)).all() else ""
        return Painter(painters.digest(painting), painting, SPEC, arrays), stopped

    monkeypatch.setattr(learning, "train", train)
    return made


def everything(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "no painting: name one, as in mangastyle learn painting.jpg"),
        (["empty"], "empty: no picture in this folder"),
        (["art/a.png", "--out", "painter.png"], "painter.png: must end in .h5"),
        (["art/a.png", "--out", "there.h5"], "there.h5: already exists"),
        (["art/a.png", "--out", "there.h5"], "--force"),
        (["notes.txt"], "notes.txt: not a picture"),
        (["art", "notes.txt"], "notes.txt: not a picture"),
        (["nothing.png"], "nothing.png: no such file"),
        (["small.png"], "small.png: 40x20"),
        (["there.h5", "--out", "there.h5", "--force"], "there.h5: is the input itself"),
        (["art/a.png", "--data", "nowhere"], "nowhere"),
        (["art/a.png", "--init", "nothing.h5"], "nothing.h5: no such weights file"),
        (["art/a.png", "--crop", "72"], "--crop: must be a multiple of 16"),
        (["art/a.png", "--minutes", "0"], "say when to stop: --minutes or --steps"),
        (["art/a.png", "--precision", "mixed_float16"], "mixed_float16"),
    ],
)
def test_a_mistake_is_one_line_before_tensorflow_loads_and_nothing_is_written(folder, monkeypatch, capsys, flags, message):
    def loaded() -> None:
        raise AssertionError("TensorFlow was loaded")

    monkeypatch.setattr("mangastyle.cli.learn.load_tensorflow", loaded)
    Path("empty").mkdir()
    Path("notes.txt").write_text("no picture")
    Path("there.h5").write_bytes(b"mine")
    images.save(Path("small.png"), noise(0, 20, 40))
    before = everything(folder)
    assert main(["learn", *flags]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert everything(folder) == before and not (folder.parent / "cache").exists()


def test_paintings_of_folders_in_their_order_into_one_file(lessons, folder, capsys):
    images.save(Path("c.png"), noise(3))
    Path("art/notes.txt").write_text("no picture")
    before = everything(folder)
    flags = ["--minutes", "1.5", "--seed", "4", "--crop", "128", "--data", "drawn:7", "--precision", "float32"]
    assert main(["learn", "c.png", "art", "--out", "mine.h5", *flags]) == 0
    for (painting, settings, resumed, given), seed in zip(lessons, (3, 1, 2), strict=True):
        np.testing.assert_array_equal(painting, noise(seed))
        assert (settings.minutes, settings.crop, resumed) == (1.5, 128, False)
        assert given["seed"] == 4 and given["data"] == ("drawn:7",) and given["init"] == "onepass" and given["precision"] == "float32"
    found = painters.read("mine.h5")
    assert [own.digest for own in found] == [painters.digest(noise(seed)) for seed in (3, 1, 2)]
    assert "mangastyle style picture.png --style mine.h5" in capsys.readouterr().out
    new = {str(path) for path in everything(folder).keys() - before.keys()}
    assert new == {"mine.h5", "mine-0.png", "mine-1.png", "mine-2.png"}
    np.testing.assert_array_equal(images.load(Path("mine-1.png")).rgb, noise(1)[::-1])  # the last samples
    assert {path: everything(folder)[path] for path in before} == before
    # It is replaced when that is asked for.
    assert main(["learn", "c.png", "--out", "mine.h5", *flags]) == 2
    assert main(["learn", "c.png", "--out", "mine.h5", "--force", *flags]) == 0
    assert len(painters.read("mine.h5")) == 1


def test_interrupted_and_continued(lessons, folder, capsys):
    lessons.append("stop")
    images.save(Path("art/c.png"), noise(3))
    assert main(["learn", "art"]) == 0
    assert "stopped by Ctrl-C; painters.h5 has what was learned; continue with the same command and --resume" in capsys.readouterr().out
    assert [own.digest for own in painters.read("painters.h5")] == [painters.digest(noise(seed)) for seed in (1, 2)]
    folder_of_b = Path(f"painters-{painters.digest(noise(2))[:12]}")
    assert json.loads((folder_of_b / "config.json").read_text())["command"] == "learn"
    assert main(["learn", "art"]) == 2  # its file is there
    assert "--force" in capsys.readouterr().err
    lessons.clear()
    assert main(["learn", "art", "--resume", "--crop", "128"]) == 2
    assert "was begun with other options" in capsys.readouterr().err
    assert main(["learn", "art", "--resume"]) == 0
    assert [resumed for _, _, resumed, _ in lessons] == [True, False]  # the first one was finished
    assert len(painters.read("painters.h5")) == 3 and not [path for path in folder.glob("painters-*") if path.is_dir()]


@pytest.fixture
def writings(monkeypatch) -> list[list[str]]:
    """The list gets the digests of each file that is written."""
    made, write = [], painters.write

    def write_and_note(path, own, provenance):
        made.append([painter.digest for painter in own])
        write(path, own, provenance)

    monkeypatch.setattr(painters, "write", write_and_note)
    return made


def test_the_file_is_written_once_for_each_painting(lessons, writings, folder):
    one, two = (painters.digest(noise(seed)) for seed in (1, 2))
    assert main(["learn", "art"]) == 0
    assert writings == [[one], [one, two]]


def test_what_was_learned_before_comes_in_the_order_of_the_paintings(lessons, writings, folder):
    """It is written again where it follows what is new, or is all that is asked for."""
    assert main(["learn", "art"]) == 0
    images.save(Path("art/0.png"), noise(9))
    one, two, nine = (painters.digest(noise(seed)) for seed in (1, 2, 9))
    writings.clear()
    assert main(["learn", "art", "--resume"]) == 0
    assert writings == [[nine], [nine, one, two]]
    writings.clear()
    assert main(["learn", "art/b.png", "--resume"]) == 0
    assert writings == [[two]] and [own.digest for own in painters.read("painters.h5")] == [two]


def test_another_painting_is_not_continued(lessons, folder):
    lessons.append("stop")
    assert main(["learn", "art"]) == 0
    lessons.clear()
    images.save(Path("art/0.png"), noise(9))  # all others have other numbers now
    assert main(["learn", "art", "--resume"]) == 0
    assert [resumed for painting, _, resumed, _ in lessons if (painting == noise(9)).all()] == [False]


@pytest.mark.parametrize("given", ["art/a.png", "painters-0"])
def test_what_else_is_in_folders_of_these_names_is_kept(lessons, folder, given):
    images.save(Path("painters-0/mine.png"), noise(5))
    main(["learn", given])
    assert Path("painters-0/mine.png").exists()


@pytest.mark.parametrize("given", ["art/a.png", "painters-0.png"])
def test_pictures_of_these_names_are_kept(lessons, folder, given):
    images.save(Path("painters-0.png"), noise(5))
    main(["learn", given])
    np.testing.assert_array_equal(images.load(Path("painters-0.png")).rgb, noise(5))


@pytest.mark.slow
def test_learned_painters_paint(folder, monkeypatch, capsys):
    """The whole way, with few steps beside small pictures."""
    monkeypatch.setattr(learning, "SIDE", 64)
    monkeypatch.setattr(learning, "SIDES", (64,))
    flags = ["--steps", "2", "--crop", "64", "--batch", "1", "--data", "drawn:12", "--precision", "float32"]
    assert main(["learn", "art/a.png", *flags]) == 0
    images.save(Path("girl.png"), noise(7, 48, 56))
    paint = ["style", "girl.png", "--size", "0", "--precision", "float32"]
    assert main([*paint, "--style", "painters.h5", "--method", "learned"]) == 0
    painted = images.load(Path("girl-stylized.png")).rgb
    assert painted.shape == (48, 56, 3)
    # The same by name of the picture, which is looked for in the file.
    given = ["--style", "art/a.png", "--method", "learned", "--painters", "painters.h5"]
    assert main([*paint, *given, "--out", "other.png"]) == 0
    np.testing.assert_array_equal(images.load(Path("other.png")).rgb, painted)
    assert not (folder.parent / "cache" / "painters").exists()


@pytest.fixture
def file(lessons) -> str:
    """A file of painters of the two paintings."""
    assert main(["learn", "art", "--out", "p.h5"]) == 0
    images.save(Path("girl.png"), noise(7, 48, 56))
    return "p.h5"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--style", "p.h5", "--method", "onepass"], "p.h5: learned painters are for --method learned, not onepass"),
        (["--style", "p.h5", "--method", "optimize"], "p.h5: learned painters are for --method learned, not optimize"),
        (["--style", "p.h5", "p.h5", "--method", "learned"], "one file of learned painters is enough"),
        (["--style", "none.h5", "--method", "learned"], "none.h5"),
        (["--style", "girl.png", "--painters", "half.h5", "--method", "learned"], "half.h5"),
        (["--style", "girl.png", "--painters", "p.h5", "--method", "onepass"], "--painters: is for method learned, not onepass"),
        (["--style", "p.h5", "--style-weights", "1", "--method", "learned"], "--style-weights: 1 weight for 2"),
        (["--style", "p.h5", "--mask", "girl.png", "--method", "learned"], "not 1 for 2"),
        (["--style", "c.png", "--learn-minutes", "1", "--method", "onepass"], "--learn-minutes: is for method learned, not onepass"),
        (["--style", "c.png", "--learn-minutes", "0", "--method", "learned"], "--learn-minutes"),
    ],
)
def test_mistakes_of_painting_by_learned_painters(file, folder, capsys, flags, message):
    images.save(Path("c.png"), noise(8))
    Path("half.h5").write_bytes(Path(file).read_bytes()[:9000])
    before = everything(folder)
    capsys.readouterr()
    assert main(["style", "girl.png", *flags]) == 2
    assert message in capsys.readouterr().err
    assert everything(folder) == before


def test_ctrl_c_while_a_painting_is_learned_ends_a_folder(lessons, folder, capsys):
    lessons.append("stop")
    for name in ("a", "b"):
        images.save(Path("in") / f"{name}.png", noise(7))
    assert main(["style", "in", "--style", "art/b.png", "--method", "learned", "--size", "0", "--out", "out"]) == 130
    assert len(lessons) == 2  # "stop" and the one lesson
