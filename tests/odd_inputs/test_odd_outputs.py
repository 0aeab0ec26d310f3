"""Names for results as people give them: of the folder they are in, of links, pipes and devices, of the input itself, too long."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.io import files, images

posix = pytest.mark.skipif(sys.platform == "win32", reason="uses what POSIX has")


def names(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if not path.is_dir())


def refused(capsys, *words: object) -> str:
    """The line by which a command is refused."""
    capsys.readouterr()
    assert main(list(map(str, words))) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.fixture
def pictures(tmp_path, picture) -> Path:
    for name in ("a", "deep/b"):
        images.save(tmp_path / "pictures" / f"{name}.png", picture)
    return tmp_path / "pictures"


@pytest.mark.parametrize(
    ("inside", "name", "expected"),
    [
        ("pictures", ".", "pictures-sketch"), ("pictures", "./.", "pictures-sketch"), ("pictures/deep", "..", "pictures-sketch"),
        ("pictures", "deep/..", "pictures-sketch"), ("pictures/deep", ".", "pictures/deep-sketch"), (".", "link", "link-sketch"),
    ],
)  # fmt: skip
def test_results_of_a_folder_are_beside_it_whatever_its_name(pictures, tmp_path, monkeypatch, inside, name, expected):
    (tmp_path / "link").symlink_to(pictures)
    monkeypatch.chdir(tmp_path / inside)
    assert main(["sketch", name]) == 0
    assert {"config.json"} < set(names(tmp_path / expected))
    assert main(["sketch", name]) == 0  # continued


def test_painting_the_folder_one_is_in(pictures, monkeypatch, tmp_path, onepass_weights):
    images.save(tmp_path / "painting.png", np.full((40, 40, 3), 90, np.uint8))
    monkeypatch.chdir(pictures)
    flags = ["--style", "../painting.png", "--method", "onepass", "--size", "32", "--onepass-weights", onepass_weights]
    assert main(["style", ".", *flags]) == 0
    assert names(tmp_path / "pictures-stylized") == ["a.png", "config.json", "deep/b.png"]


def test_folders_that_have_nothing_beside_them(pictures, capsys, monkeypatch):
    assert refused(capsys, "sketch", os.path.abspath(os.sep)).endswith("nothing can be written beside this folder; say where by --out")
    monkeypatch.chdir(pictures)
    assert refused(capsys, "reconstruct", ".") == "mangastyle: .: is a folder; name one picture"


@posix
@pytest.mark.parametrize("name", ["a.png", "./deep/../a.png", "soft.png", "hard.png"])
def test_the_input_is_never_the_result(pictures, capsys, monkeypatch, name):
    monkeypatch.chdir(pictures)
    Path("soft.png").symlink_to("a.png")
    os.link("a.png", "hard.png")
    before = Path("a.png").read_bytes()
    for force in ([], ["--force"]):
        assert refused(capsys, "sketch", "a.png", "--out", name, *force).endswith(".png: is the input itself; choose another --out")
    assert Path("a.png").read_bytes() == before


@posix
def test_nor_is_another_file_that_is_read(pictures, capsys, monkeypatch, picture):
    """A hint, a painting, a folder of hints, and a picture of the folder to which a result's name leads."""
    monkeypatch.chdir(pictures.parent)
    images.save(Path("a-shaded.png"), picture)
    assert "a-shaded.png: is the input itself" in refused(
        capsys, "shade", "pictures/a.png", "--hint", "a-shaded.png", "--out", "./a-shaded.png", "--force"
    )
    images.save(Path("hints/a.png"), picture)
    assert "hints: is the input itself" in refused(capsys, "shade", "pictures", "--hint", "hints", "--out", "hints", "--force")
    images.save(Path("out/sketch.png"), picture)
    assert "sketch.png: is the input itself" in refused(capsys, "run", "out/sketch.png", "--out", "out", "--force")
    images.save(Path("out/content-conv1_1.png"), picture)
    assert "conv1_1.png: is the input itself" in refused(
        capsys, "reconstruct", "out/content-conv1_1.png", "--layers", "conv1_1", "--out", "out", "--force"
    )
    assert "hints: is the input itself" in refused(capsys, "evaluate", "--pairs", "pictures", "hints", "--out", "hints", "--force")
    small = ["--size", "32", "--iterations", "1", "--min-size", "0", "--backbone", "slim"]
    images.save(Path("q-adam.png"), picture)
    assert "q-adam.png: is the input itself" in refused(
        capsys, "style", "q-adam.png", "--style", "a-shaded.png", "--out", "q.png", "--compare", "--force", *small
    )
    Path("results").mkdir()
    Path("results/a.png").symlink_to("../pictures/a.png")
    before = (pictures / "a.png").read_bytes()
    assert main(["sketch", "pictures", "--out", "results", "--force"]) == 2
    assert "results/a.png: is the input itself" in capsys.readouterr().err
    assert (pictures / "a.png").read_bytes() == before and Path("results/deep/b.png").exists()


@pytest.mark.posix
@posix
@pytest.mark.parametrize(
    ("out", "line"),
    [
        ("pipe.png", "pipe.png: is a pipe, not a file; choose another --out"), ("/dev/null", "/dev/null: is a device, not a file"),
        ("/dev/stdout", "results are not written to the standard output"), ("-", "results are not written to the standard output"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["sketch", "reconstruct", "run"])
def test_pipes_and_devices_are_no_results(pictures, capsys, monkeypatch, out, line, command):
    monkeypatch.chdir(pictures)
    os.mkfifo("pipe.png")
    assert line in refused(capsys, command, "a.png", "--out", out, "--force")
    assert names(pictures) == ["a.png", "deep/b.png", "pipe.png"]


@pytest.mark.posix
@posix
def test_a_pipe_in_a_folder_of_results_is_not_replaced(pictures, capsys):
    out = pictures.parent / "out"
    out.mkdir()
    os.mkfifo(out / "a.png")
    assert main(["sketch", str(pictures), "--out", str(out), "--force"]) == 2
    assert "a.png: is a pipe, not a file" in capsys.readouterr().err and (out / "a.png").is_fifo()


@posix
@pytest.mark.parametrize("there", [False, True])
def test_a_link_stays_and_what_it_names_is_written(pictures, tmp_path, there):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link.png").symlink_to("elsewhere/target.png")
    if there:
        (tmp_path / "elsewhere/target.png").write_bytes(b"old")
    assert main(["sketch", str(pictures / "a.png"), "--out", str(tmp_path / "link.png"), *["--force"] * there]) == 0
    assert (tmp_path / "link.png").is_symlink() and images.load(tmp_path / "elsewhere/target.png")
    assert names(tmp_path / "elsewhere") == ["target.png"]


@posix
@pytest.mark.parametrize("command", ["sketch pictures", "draw --count 1 --size 16", "figures --only 6", "reconstruct pictures/a.png"])
def test_a_link_to_a_folder_that_is_gone_is_told_at_once(pictures, capsys, monkeypatch, command):
    """It may be one to a disk that is not mounted."""
    monkeypatch.chdir(pictures.parent)
    monkeypatch.setattr("mangastyle.startup.load_tensorflow", lambda: pytest.fail("this takes a while"))
    Path("link").symlink_to("gone")
    line = refused(capsys, *command.split(), "--out", "link")
    assert "link: is a link to " in line and "gone, which is not there; make that, or choose another --out" in line
    assert not Path("gone").exists()


@posix
def test_names_too_long_and_files_too_large_have_a_cure(pictures, capsys, monkeypatch):
    monkeypatch.chdir(pictures)
    name = "x" * 250 + ".png"
    os.rename("a.png", name)
    monkeypatch.setattr("mangastyle.lineart.sketch.sketch", lambda *_, **__: pytest.fail("this takes a while"))
    assert refused(capsys, "sketch", name).endswith("; choose a shorter --out, or give the picture a shorter name")
    monkeypatch.undo()

    def refuse(*_):
        raise OSError(27, "File too large")

    monkeypatch.setattr(files.os, "replace", refuse)
    assert refused(capsys, "sketch", pictures / name, "--out", pictures / "b.png").endswith("; raise the limit of files' sizes (ulimit -f)")
