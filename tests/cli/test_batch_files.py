"""A folder in, a folder out: layout, collisions, resume, counts and interrupts. `mangastyle sketch` stands for all."""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pytest

from mangastyle.cli.batch_files import run_on_files
from mangastyle.cli.main import main
from mangastyle.cli.options import save_config
from mangastyle.cli.shade import Options as ShadeOptions
from mangastyle.cli.sketch import Options
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.lineart.sketch import sketch


def names(place):
    return sorted(str(p.relative_to(place)) for p in place.rglob("*") if not p.is_dir())


@pytest.fixture
def source(tmp_path, picture):
    """in/a.png, in/deep/b.jpg, in/deep/er/c.webp"""
    for name in ("a.png", "deep/b.jpg", "deep/er/c.webp"):
        images.save(tmp_path / "in" / name, picture)
    return tmp_path / "in"


def run(*arguments) -> int:
    return main(["sketch", *map(str, arguments)])


def test_a_picture_goes_beside_itself_into_a_folder_or_to_a_name(tmp_path, picture, capsys):
    file = images.save(tmp_path / "a.jpg", picture)
    (tmp_path / "there").mkdir()
    assert run(file) == 0
    assert run(file, "--out", tmp_path / "there") == 0
    assert run(file, "--out", tmp_path / "new" / "b.webp") == 0
    expected = [str(tmp_path / name) for name in ("a-sketch.png", "there/a-sketch.png", "new/b.webp")]
    assert capsys.readouterr().out.splitlines() == expected
    made = sketch(images.load(file).rgb)
    assert all(np.array_equal(images.load(path).rgb[..., 0], made) for path in expected)


def test_the_layout_is_kept(source, tmp_path, picture, capsys):
    assert run(source) == 0
    out = tmp_path / "in-sketch"
    assert names(out) == ["a.png", "config.json", "deep/b.png", "deep/er/c.png"]
    assert np.array_equal(images.load(out / "deep/er/c.png").rgb[..., 0], sketch(picture))
    assert capsys.readouterr().out == f"{out}: 3 pictures written\n"
    assert json.loads((out / "config.json").read_text())["inputs"] == str(source)


def test_pictures_of_one_stem_do_not_collide(tmp_path, picture):
    every = ("a.png", "a.jpg", "a.JPG", "a.jpg.png", "a.png.jpg", "b.c.png", "b.png", "deep/a.png")
    for i, name in enumerate(every):
        images.save(tmp_path / "in" / name, np.roll(picture, i, 1))
    assert run(tmp_path / "in", "--out", tmp_path / "out") == 0
    made = [n for n in names(tmp_path / "out") if n != "config.json"]
    assert len(made) == len(every) and {"b.c.png", "b.png", "deep/a.png", "a.jpg.png", "a.png.png"} <= set(made)
    assert np.array_equal(images.load(tmp_path / "out/a.png.png").rgb[..., 0], sketch(picture))


def test_resume_does_only_what_is_missing_and_force_does_all(source, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(source, "--out", out) == 0
    marker = np.zeros((9, 9, 3), np.uint8)
    images.save(out / "a.png", marker, force=True)
    (out / "deep/b.png").unlink()
    capsys.readouterr()
    assert run(source, "--out", out) == 0
    assert capsys.readouterr().out == f"{out}: 1 picture written, 2 already there\n"
    assert np.array_equal(images.load(out / "a.png").rgb, marker)
    assert run(source, "--out", out, "--force") == 0
    assert images.load(out / "a.png").rgb.shape == (40, 48, 3)


def test_results_of_other_options_are_not_mixed(source, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(source, "--out", out) == 0
    before = (out / "a.png").read_bytes(), (out / "config.json").read_bytes()
    assert run(source, "--out", out, "--block", "15") == 2
    assert capsys.readouterr().err == (
        f"mangastyle: {out}: holds results of --block 0, not 15; use --force to replace them, or choose another --out\n"
    )
    assert before == ((out / "a.png").read_bytes(), (out / "config.json").read_bytes())
    assert run(source, "--out", out, "--max-megapixels", "50") == 0  # changes no result
    assert run(source, "--out", out, "--block", "15", "--force") == 0
    assert (out / "a.png").read_bytes() != before[0]
    assert main(["draw", "--count", "1", "--size", "16", "--out", str(tmp_path / "drawn")]) == 0
    capsys.readouterr()
    assert run(source, "--out", tmp_path / "drawn") == 2
    assert "holds results of command draw, not sketch" in capsys.readouterr().err


def test_results_of_a_former_version_are_continued(source, tmp_path):
    """Former names and values of options count as today's, and an option that came later as its default."""
    options = ShadeOptions(inputs=str(source), out=str(tmp_path / "out"), weights="shade")  # which was the default
    save_config(tmp_path / "out", "shade", options)
    stored = json.loads((tmp_path / "out/config.json").read_text())
    del stored["hint_recipe"], stored["work_size"]
    former = {**stored, "hint_kind": "default", "weights": "", "max_megapixels": 3.0}
    (tmp_path / "out/config.json").write_text(json.dumps(former))
    run_on_files("shade", options, "shaded", lambda pictures: lambda picture, *paths: (picture.rgb, None))
    assert names(tmp_path / "out") == ["a.png", "config.json", "deep/b.png", "deep/er/c.png"]
    (tmp_path / "out/config.json").write_text(json.dumps({**former, "hint_kind": "paper"}))
    with pytest.raises(MangastyleError, match="holds results of --hint-recipe paper, not proportional; use --force"):
        run_on_files("shade", options, "shaded", lambda pictures: lambda picture, *paths: (picture.rgb, None))


def test_broken_members_are_counted_and_the_rest_is_done(source, tmp_path, capsys):
    (source / "deep/empty.png").write_bytes(b"")
    (source / "text.jpg").write_text("hello")
    out = tmp_path / "out"
    assert run(source, "--out", out) == 2
    errors = capsys.readouterr().err.splitlines()
    assert errors == [
        f"mangastyle: {source}/deep/empty.png: the file is empty",
        f"mangastyle: {source}/text.jpg: not a picture this program can read; save it as PNG or JPEG",
        f"mangastyle: {source}: 2 of 5 pictures could not be processed; the rest are in {out}",
    ]
    assert names(out) == ["a.png", "config.json", "deep/b.png", "deep/er/c.png"]


def test_a_folder_without_pictures(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("hello")
    assert run(tmp_path / "in") == 2
    assert capsys.readouterr().err.startswith(f"mangastyle: {tmp_path / 'in'}: no picture in this folder")
    assert names(tmp_path) == ["in/notes.txt"]


def test_results_inside_the_input_are_not_input_again(source, capsys):
    for _ in range(2):
        assert run(source, "--out", source / "out") == 0
    assert names(source / "out") == ["a.png", "config.json", "deep/b.png", "deep/er/c.png"]
    assert capsys.readouterr().out.endswith("0 pictures written, 3 already there\n")


@pytest.mark.parametrize("out", ["in", "in/../in", "."])
def test_results_never_mix_with_the_input(source, tmp_path, capsys, out):
    before = names(tmp_path)
    assert run(source, "--out", tmp_path / out) == 2
    assert "holds the input itself; choose another --out" in capsys.readouterr().err
    assert names(tmp_path) == before


def test_outputs_that_cannot_be(source, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "deep"):
        assert run(source, "--out", out) == 2
        err = capsys.readouterr().err
        assert err.startswith("mangastyle: ") and "--out" in err and err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "x"


def test_an_interrupt_keeps_what_is_done_and_the_next_run_goes_on(source, tmp_path, capsys, monkeypatch):
    done = []

    def interrupted(picture, **settings):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(picture)
        return sketch(picture, **settings)

    monkeypatch.setattr("mangastyle.lineart.sketch.sketch", interrupted)
    assert run(source, "--out", tmp_path / "out") == 130
    assert "interrupted; what was finished is kept, and the same command goes on" in capsys.readouterr().err
    assert names(tmp_path / "out") == ["a.png", "config.json", "deep/b.png"]
    monkeypatch.undo()
    assert run(source, "--out", tmp_path / "out") == 0
    assert capsys.readouterr().out.endswith("1 picture written, 2 already there\n")


ODD = ["with space.png", "ünïcödé 絵.png", "-dash.png", "quote'\".png", "per%cent.png", "two..dots.png"]
if sys.platform == "linux":
    ODD += [os.fsdecode(b"not-utf8-\xff\xfe.png"), "new\nline.png"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names(tmp_path, picture, capsys, name):
    path = images.save(tmp_path / "in" / name, picture)
    assert run(tmp_path / "in", "--out", tmp_path / "out") == 0
    assert names(tmp_path / "out") == sorted(["config.json", name])
    assert run(path, "--out", tmp_path / f"alone-{name}") == 0
    path.write_bytes(b"")
    assert run(path, "--force") == 2
    err = capsys.readouterr().err
    assert err.startswith("mangastyle: ") and err.count("\n") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="such names exist on Linux")
def test_an_odd_folder_name_is_stored_and_repeated(tmp_path, picture):
    source = tmp_path / os.fsdecode(b"in-\xff")
    images.save(source / "a.png", picture)
    assert run(source, "--out", tmp_path / "out") == 0
    assert main(["sketch", "--config", str(tmp_path / "out/config.json"), "--out", str(tmp_path / "again")]) == 0
    assert names(tmp_path / "again") == ["a.png", "config.json"]


def test_links_do_not_hang(source, tmp_path, capsys):
    (source / "loop").symlink_to(source, target_is_directory=True)
    (source / "self.png").symlink_to(source / "self.png")
    (source / "gone.png").symlink_to(source / "nowhere.png")
    (source / "fine.png").symlink_to(source / "a.png")
    assert run(source, "--out", tmp_path / "out") == 2
    assert "2 of 6 pictures could not be processed" in capsys.readouterr().err
    assert names(tmp_path / "out") == ["a.png", "config.json", "deep/b.png", "deep/er/c.png", "fine.png"]


def test_networks_load_last(tmp_path, picture):
    """Nothing is prepared for input or output that is refused."""

    def prepare(pictures):
        raise AssertionError("too early")

    good = images.save(tmp_path / "good.png", picture)
    (tmp_path / "bad.png").write_bytes(b"")
    (tmp_path / "none").mkdir()
    for inputs, out in (("bad.png", "x.png"), ("good.png", "good.png"), ("none", "x"), ("gone", "x"), ("good.png", "good.png/x.png")):
        with pytest.raises(MangastyleError):
            run_on_files("sketch", Options(inputs=str(tmp_path / inputs), out=str(tmp_path / out)), "sketch", prepare)
    with pytest.raises(MangastyleError, match="the least is 50x50"):
        run_on_files("sketch", Options(inputs=str(good)), "sketch", prepare, min_side=50)


def test_a_preparation_that_fails_leaves_nothing(source, tmp_path):
    def prepare(pictures):
        raise MangastyleError("no weights")

    with pytest.raises(MangastyleError, match="no weights"):
        run_on_files("sketch", Options(inputs=str(source), out=str(tmp_path / "out")), "sketch", prepare)
    assert not (tmp_path / "out").exists()


def test_alpha_is_kept(tmp_path, picture):
    alpha = np.tile(np.arange(48, dtype=np.uint8) * 5, (40, 1))
    images.save(tmp_path / "a.png", picture, alpha)
    assert run(tmp_path / "a.png") == 0
    assert np.array_equal(images.load(tmp_path / "a-sketch.png").alpha, alpha)
