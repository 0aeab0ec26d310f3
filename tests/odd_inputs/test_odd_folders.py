"""Folders as people have them: odd members, two processes at once, full disks, changes during the run, new folders for results.

`mangastyle sketch` stands for all commands that take a folder.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mangastyle.cli import batch_files
from mangastyle.cli.main import main
from mangastyle.io import images
from mangastyle.lineart.sketch import sketch

linux = pytest.mark.skipif(sys.platform != "linux", reason="uses what Linux has")


def names(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if not path.is_dir())


def run(*arguments) -> int:
    return main(["sketch", *map(str, arguments)])


@pytest.fixture
def source(tmp_path, picture) -> Path:
    for i in range(4):
        images.save(tmp_path / "in" / f"{i}.png", np.roll(picture, i, 1))
    return tmp_path / "in"


@pytest.fixture
def meanwhile(monkeypatch):
    """`meanwhile(action)`: `action(number of the picture)` is called while a picture is sketched."""

    def install(action):
        count = iter(range(100))

        def watched(picture, **settings):
            action(next(count))
            return sketch(picture, **settings)

        monkeypatch.setattr("mangastyle.lineart.sketch.sketch", watched)

    return install


def test_pictures_of_every_kind_are_taken(tmp_path, picture, capsys):
    """As from cameras, browsers, scanners and games."""
    (tmp_path / "mixed").mkdir()
    kinds = {"a.png": "PNG", "b.jfif": "JPEG", "d.tga": "TGA", "e.ppm": "PPM", "h.JPE": "JPEG", "i.jp2": "JPEG2000", "j.pcx": "PCX"}
    for name, kind in kinds.items():
        Image.fromarray(picture).save(tmp_path / "mixed" / name, kind)
    (tmp_path / "mixed" / "notes.txt").write_text("about these pictures")
    assert run(tmp_path / "mixed") == 0
    out, err = capsys.readouterr()
    assert out == f"{tmp_path}/mixed-sketch: 7 pictures written\n"
    assert err == f"mangastyle: {tmp_path}/mixed: 1 left out: 1 .txt\n"
    assert names(tmp_path / "mixed-sketch") == ["a.png", "b.png", "config.json", "d.png", "e.png", "h.png", "i.png", "j.png"]


@pytest.mark.linux
@linux
def test_pipes_and_devices_are_never_read(source, capsys):
    os.mkfifo(source / "b.png")
    (source / "zero.png").symlink_to("/dev/zero")
    assert run(source) == 0
    out, err = capsys.readouterr()
    assert err == f"mangastyle: {source}: 2 left out: 1 device, 1 pipe\n" and "4 pictures written" in out
    assert run(source / "b.png") == 2 and run(source / "zero.png") == 2  # one alone, either
    assert capsys.readouterr().err.count("is a pipe or a device, not a file") == 2


@linux
def test_remarks_about_odd_names_are_one_line(tmp_path, picture, capsys):
    source = tmp_path / os.fsdecode(b"in\n-\xff")
    images.save(source / "a.png", picture)
    (source / "b.txt").write_text("x")
    assert run(source, "--out", tmp_path / "out") == 0
    err = capsys.readouterr().err
    assert err.endswith(": 1 left out: 1 .txt\n") and err.count("\n") == 1


@pytest.mark.parametrize("out", ["new/", "new/deep/", "there", "there/", "there/.", "."])
def test_a_folder_for_a_single_picture(tmp_path, picture, capsys, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    images.save(tmp_path / "p.jpg", picture)
    (tmp_path / "there").mkdir()
    assert run("p.jpg", "--out", out) == 0
    made = Path(capsys.readouterr().out.strip())
    assert made == Path(out) / "p-sketch.png" and images.load(made).rgb.shape == picture.shape


def test_a_name_that_may_be_a_folder_or_a_file_tells_both_cures(tmp_path, picture, capsys):
    images.save(tmp_path / "p.png", picture)
    assert run(tmp_path / "p.png", "--out", tmp_path / "newdir") == 2
    err = capsys.readouterr().err
    assert "newdir: cannot write this format; end the name in one of .png " in err and err.endswith(", or in / for a folder\n")
    assert names(tmp_path) == ["p.png"]


@pytest.mark.parametrize("command", ["sketch", "shade", "style", "run", "reconstruct"])
def test_streams_are_refused(tmp_path, picture, capsys, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    images.save(tmp_path / "p.png", picture)
    more = ["--style", "p.png"] if command == "style" else []
    assert main([command, "-", *more]) == 2
    assert capsys.readouterr().err == "mangastyle: -: pictures are not read from the standard input; name a file or a folder\n"
    assert main([command, "p.png", "--out", "-", *more]) == 2
    assert "--out -: results are not written to the standard output" in capsys.readouterr().err
    assert names(tmp_path) == ["p.png"]


def test_a_result_that_appears_meanwhile_counts_as_kept(source, tmp_path, meanwhile, capsys):
    """Another process makes the second picture before its turn, and the third during it."""
    out = tmp_path / "out"
    marker = np.zeros((9, 9, 3), np.uint8)

    def other(number):
        if number == 0:
            images.save(out / "1.png", marker)
        if number == 1:
            images.save(out / "2.png", marker)

    meanwhile(other)
    assert run(source, "--out", out) == 0
    assert capsys.readouterr().out == f"{out}: 2 pictures written, 2 already there\n"
    assert [images.load(out / f"{i}.png").rgb.shape[0] for i in range(4)] == [40, 9, 9, 40]


def test_a_result_that_appears_while_another_is_written_is_no_error(source, tmp_path, monkeypatch, capsys):
    out, save = tmp_path / "out", images.save

    def slow(path, *arguments, **options):
        save(path, *arguments, **options)
        return save(path, *arguments, **options)

    monkeypatch.setattr(batch_files.images, "save", slow)
    assert run(source, "--out", out) == 0 and capsys.readouterr().err == ""


@linux
def test_two_processes_at_once(source, tmp_path):
    argv = [sys.executable, "-m", "mangastyle", "sketch", str(source), "--out", str(tmp_path / "out")]
    both = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0] and errors == ["", ""]
    assert names(tmp_path / "out") == ["0.png", "1.png", "2.png", "3.png", "config.json"]


def test_a_process_with_other_options_that_starts_meanwhile_is_refused(source, tmp_path, monkeypatch, capsys):
    """Neither finds results at first."""
    from mangastyle.cli.sketch import Options

    def prepare(pictures):
        assert run(source, "--out", tmp_path / "out", "--block", "9") == 0
        return lambda picture, *paths: (picture.rgb, None)

    options = Options(inputs=str(source), out=str(tmp_path / "out"))
    with pytest.raises(Exception, match="holds results of --block 9, not 0"):
        batch_files.run_on_files("sketch", options, "sketch", prepare)


def test_nothing_is_loaded_if_nothing_is_to_be_done(source, tmp_path):
    from mangastyle.cli.sketch import Options

    assert run(source, "--out", tmp_path / "out") == 0
    batch_files.run_on_files("sketch", Options(inputs=str(source), out=str(tmp_path / "out")), "sketch", lambda pictures: 1 / 0)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_disk_that_fails_ends_the_run(source, tmp_path, monkeypatch, capsys, code):
    save = Image.Image.save

    def full(image, path, *arguments, **options):
        if Path(path).name.startswith(".1-"):
            Path(path).write_bytes(b"half")
            raise OSError(code, os.strerror(code))
        save(image, path, *arguments, **options)

    monkeypatch.setattr(Image.Image, "save", full)
    assert run(source, "--out", tmp_path / "out") == 2
    err = capsys.readouterr().err
    assert err.startswith(
        f"mangastyle: {tmp_path}/out/1.png: cannot write this file ({os.strerror(code)}); stopped, with 1 picture written"
    )
    assert err.count("\n") == 1 and names(tmp_path / "out") == ["0.png", "config.json"]
    monkeypatch.undo()
    assert run(source, "--out", tmp_path / "out") == 0
    assert capsys.readouterr().out.endswith("3 pictures written, 1 already there\n")


def test_a_result_that_cannot_be_written_is_one_of_many(source, tmp_path, monkeypatch, capsys):
    replace = os.replace

    def refuse(temporary, path):
        if Path(path).name == "1.png":
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        replace(temporary, path)

    monkeypatch.setattr(os, "replace", refuse)
    assert run(source, "--out", tmp_path / "out") == 2
    assert "1 of 4 pictures could not be processed" in capsys.readouterr().err
    assert names(tmp_path / "out") == ["0.png", "2.png", "3.png", "config.json"]


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.EMFILE, "Too many open files", "a")])
def test_a_picture_that_is_too_much_for_the_machine_is_one_of_many(source, tmp_path, meanwhile, capsys, error):
    def fail(number):
        if number == 1:
            raise error

    meanwhile(fail)
    assert run(source, "--out", tmp_path / "out") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[0].startswith(f"mangastyle: {source}/1.png: ") and "1 of 4 pictures" in lines[1]


def test_a_fault_of_the_program_is_not_hidden(source, tmp_path, meanwhile):
    meanwhile(lambda number: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(source, "--out", tmp_path / "out")


def test_a_folder_that_changes_during_the_run(source, tmp_path, meanwhile, picture, capsys):
    """One picture vanishes, one is still being written, one comes too late."""

    def change(number):
        if number == 0:
            (source / "1.png").unlink()
            (source / "2.png").write_bytes((source / "2.png").read_bytes()[:200])
            images.save(source / "9.png", picture)

    meanwhile(change)
    assert run(source, "--out", tmp_path / "out") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and "1.png: no such file" in lines[0] and "2.png" in lines[1] and "2 of 4 pictures" in lines[2]
    assert names(tmp_path / "out") == ["0.png", "3.png", "config.json"]


def test_names_that_a_disk_does_not_tell_apart(tmp_path, picture, monkeypatch, capsys):
    """Results of a.png and A.png on a disk that ignores case: one of them is refused, none replaces the other."""
    for i, name in enumerate(("A.png", "a.png", "Deep/b.png", "deep/b.png", "c.png")):
        images.save(tmp_path / "in" / name, np.roll(picture, i, 1))
    assert run(tmp_path / "in", "--out", tmp_path / "out") == 0
    assert names(tmp_path / "out") == ["A.png", "Deep/b.png", "a.png", "c.png", "config.json", "deep/b.png"]
    capsys.readouterr()
    monkeypatch.setattr(batch_files, "_ignores_case", lambda out: True)
    for _ in range(2):  # the second time too, when there is a file of that name
        capsys.readouterr()
        assert run(tmp_path / "in", "--out", tmp_path / "ignores") == 2
    err = capsys.readouterr().err
    assert f"in/a.png: on this disk its result would have the name of that of {tmp_path}/in/A.png; rename one" in err
    assert "2 of 5 pictures could not be processed" in err
    assert names(tmp_path / "ignores") == ["A.png", "Deep/b.png", "c.png", "config.json"]


def test_an_interrupt_while_a_result_is_written_leaves_no_half(source, tmp_path, monkeypatch, capsys):
    def interrupted(image, path, *arguments, **options):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupted)
    assert run(source, "--out", tmp_path / "out") == 130
    assert names(tmp_path / "out") == ["config.json"]


@pytest.mark.posix
@linux
def test_what_a_killed_run_left_goes_with_the_next_run(source, tmp_path, capsys):
    code = """
import os, signal, sys
from PIL import Image
from mangastyle.cli.main import main
def killed(image, path, *arguments, **options):
    open(path, "wb").write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
Image.Image.save = killed
main(sys.argv[1:])
"""
    (source / "deep").mkdir()
    os.rename(source / "0.png", source / "deep" / "0.png")
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", code, "sketch", str(source), "--out", str(out)], cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL and any(".part" in name for name in names(out))
    (out / "done").mkdir()
    (out / "done" / ".b-12345678.part.png").write_bytes(b"half")  # where nothing is written this time
    assert run(source, "--out", out) == 0
    assert names(out) == ["1.png", "2.png", "3.png", "config.json", "deep/0.png"]


@linux
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_signals_leave_no_half_written_files(tmp_path, picture, stop):
    """The code of the exit and the message are those of the program; no temporary file stays."""
    first = images.save(tmp_path / "in" / "00.png", np.tile(picture, (15, 15, 1)))
    for i in range(1, 60):
        (tmp_path / "in" / f"{i:02d}.png").symlink_to(first)
    argv = [sys.executable, "-m", "mangastyle", "sketch", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "out" / "01.png").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(stop)
    _, err = process.communicate()
    assert process.returncode in (0, 128 + stop) and "Traceback" not in err
    assert not [name for name in names(tmp_path / "out") if ".part" in name]


def test_input_on_a_disk_that_cannot_be_written(source, tmp_path, monkeypatch, capsys):
    before = names(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path) == tmp_path)
    assert run(source) == 2
    assert capsys.readouterr().err.endswith(f"cannot write in {tmp_path}; choose another --out\n") and names(tmp_path) == before
