"""The command line: help, flags, exit codes, and how little it loads."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import subprocess
import sys

import numpy as np
import pytest

import mangastyle
from mangastyle import cli, images, quiet
from mangastyle.errors import MangastyleError
from mangastyle.shade.sketch import sketch


def subparsers():
    actions = cli.parser()._actions
    return next(a for a in actions if isinstance(a, argparse._SubParsersAction)).choices


def heavy_modules(code: str, tmp_path) -> str:
    """Run `code` in a fresh Python; which of the packages that take long to load it loaded."""
    names = ("tensorflow", "keras", "h5py", "matplotlib", "ot", "skimage")
    ending = f"\nimport sys; print('LOADED', *[m for m in {names} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + ending], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_flag_of_every_command_has_a_help_text(name):
    sub = subparsers()[name]
    assert all(action.help and len(action.help) > 5 for action in sub._actions)
    text = sub.format_help()
    assert sub.description and "presets:" in text and f"example:\n  mangastyle {name} " in text


def test_shading_and_painting_load_no_optimal_transport(tmp_path):
    code = "from mangastyle import pipeline, single; from mangastyle.shade import infer; from mangastyle.style import fast, transfer"
    assert not {"ot", "skimage"} & set(heavy_modules(code, tmp_path).split())  # POT loads PyTorch if it finds it: seconds


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_example_can_be_parsed_and_every_command_runs_a_function(name):
    cls, module, example = cli.COMMANDS[name]
    words = example.replace("'1girl solo'", "1girl").split()
    assert vars(cli.parser().parse_args(words[1:]))["command"] == name
    assert callable(importlib.import_module(module).command)


def test_help_version_and_import_load_no_tensorflow(tmp_path):
    code = """
import mangastyle, contextlib
from mangastyle.cli import main
for argv in (["--help"], ["--version"], ["shade", "--help"], ["style", "--blah"], []):
    with contextlib.suppress(SystemExit):
        main(argv)
"""
    assert heavy_modules(code, tmp_path) == "LOADED"


def test_sketch_and_draw_load_no_tensorflow(tmp_path):
    code = """
from mangastyle.cli import main
assert main("draw --count 1 --size 64 --lines --out drawn".split()) == 0
assert main("sketch drawn/000000.png --out line.png".split()) == 0
assert main("sketch drawn --out lines".split()) == 0
import mangastyle
mangastyle.sketch(mangastyle.load("drawn/000000.png").rgb)
"""
    assert heavy_modules(code, tmp_path) == "LOADED"


def test_weights_are_listed_without_tensorflow(tmp_path):
    assert heavy_modules("from mangastyle.cli import main; assert main(['weights']) == 0", tmp_path) == "LOADED h5py"


def test_a_command_that_loads_tensorflow_late_is_as_quiet(tmp_path):
    command = [sys.executable, "-m", "mangastyle", "weights", "describe"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "conv1_1 | shape=(1, 512, 512, 64) | weights_shape=(3, 3, 3, 64)" in done.stdout.splitlines()


def test_errors_are_one_line_without_tensorflows_remarks(tmp_path):
    (tmp_path / "a.png").write_bytes(b"hello")
    command = [sys.executable, "-m", "mangastyle", "shade", "a.png"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mangastyle: a.png: not a picture this program can read\n"


def test_training_as_a_module_is_as_quiet(tmp_path):
    done = subprocess.run([sys.executable, "-m", "mangastyle.train"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mangastyle: say when to stop: --epochs, --steps or --minutes\n"


def test_an_import_that_fails_is_shown(tmp_path, monkeypatch):
    (tmp_path / "broken_module.py").write_text("import os\nos.write(2, b'a remark')\nraise ImportError('libfoo.so is missing')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match="libfoo"):
        quiet.load("broken_module")


def test_remarks_of_an_import_are_hidden_and_stderr_comes_back(tmp_path, monkeypatch, capfd):
    (tmp_path / "loud_module.py").write_text("import os\nos.write(2, b'a remark')")
    monkeypatch.syspath_prepend(str(tmp_path))
    quiet.load("loud_module")
    assert capfd.readouterr().err == ""
    print("heard", file=sys.stderr)
    assert capfd.readouterr().err == "heard\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sketch", "a.png", "--blok", "9"], "--blok 9 (did you mean '--block'?)"),
        (["style", "a.png", "--content-wieght", "9"], "(did you mean '--content-weight'?)"),
        (["sketch", "a.png", "b.png"], "unrecognized arguments: b.png"),
        (["sketch", "--size", "big"], "argument --size: invalid int value: 'big'"),
        (["style", "--optimizer", "sgd"], "argument --optimizer: invalid choice: 'sgd'"),
        (["skech"], "'skech'"),
        ([], "COMMAND"),
    ],
)
def test_unknown_flags_and_commands(capsys, argv, message):
    with pytest.raises(SystemExit) as error:
        cli.main(argv)
    assert error.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sketch", "--preset", "papr"], "unknown preset 'papr' (did you mean 'paper'?); there are: default, paper"),
        (["sketch", "--c", "nan"], "--c: must be a finite number, not nan"),
        (["sketch", "--c", "inf"], "--c: must be a finite number, not inf"),
        (["sketch", "--size", "-3"], "--size: must be at least 0, not -3"),
        (["sketch", "--block", "4", "a.png"], "--block 4: must be an odd number"),
        (["sketch", "--block", "1", "a.png"], "--block 1: must be an odd number"),
        (["sketch", "--block", "99999", "a.png"], "--block 99999: must be an odd number"),
        (["sketch"], "no input: name a picture or a folder, as in 'mangastyle sketch picture.png'"),
        (["sketch", "gone.png"], "gone.png: no such file or folder"),
        (["sketch", "--config", "gone.json"], "gone.json: cannot read this file"),
        (["shade", "x", "--ink", "1.5"], "--ink: must be at most 1"),
        (["shade", "x", "--hint", "a", "--palette", "red"], "--hint and --palette: give one of them"),
        (["sketch", "x" * 5000], ""),
    ],
)
def test_mistakes_are_one_line(capsys, tmp_path, monkeypatch, argv, message):
    monkeypatch.chdir(tmp_path)
    assert cli.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"mangastyle: {message}") and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(MangastyleError):
        cli.main(["sketch", str(tmp_path / "gone.png"), "--debug"])


def test_errors_of_several_lines_become_one(capsys, tmp_path):
    assert cli.main(["sketch", str(tmp_path / "two\nlines.png")]) == 2
    assert capsys.readouterr().err.endswith("two lines.png: no such file or folder\n")


def test_an_interrupt_exits_with_130(capsys, tmp_path, picture, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    images.save(tmp_path / "a.png", picture)
    monkeypatch.setattr("mangastyle.shade.sketch.sketch", interrupt)
    assert cli.main(["sketch", str(tmp_path / "a.png")]) == 130
    assert capsys.readouterr().err == "mangastyle: interrupted; what was finished is kept\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_the_stored_config_repeats_a_run(tmp_path, picture):
    images.save(tmp_path / "in" / "a.png", picture)
    first, again, changed = (tmp_path / name for name in ("first", "again", "changed"))
    assert cli.main(["sketch", str(tmp_path / "in"), "--preset", "paper", "--block", "15", "--despeckle", "3", "--out", str(first)]) == 0
    stored = json.loads((first / "config.json").read_text())
    assert (stored["command"], stored["preset"], stored["block"], stored["c"]) == ("sketch", "paper", 15, 2.0)
    assert cli.main(["sketch", "--config", str(first / "config.json"), "--out", str(again)]) == 0
    assert (again / "a.png").read_bytes() == (first / "a.png").read_bytes()
    assert np.array_equal(images.load(again / "a.png").rgb[..., 0], sketch(picture, 15, 2.0, despeckle=3))
    assert cli.main(["sketch", "--config", str(first / "config.json"), "--block", "9", "--out", str(changed)]) == 0
    assert np.array_equal(images.load(changed / "a.png").rgb[..., 0], sketch(picture, 9, 2.0, despeckle=3))


def test_the_preset_in_the_json_is_applied(tmp_path, picture):
    large = images.resize(picture, 640, 768)
    images.save(tmp_path / "a.png", large)
    (tmp_path / "mine.json").write_text('{"preset": "paper"}')
    assert cli.main(["sketch", str(tmp_path / "a.png"), "--config", str(tmp_path / "mine.json"), "--out", str(tmp_path / "b.png")]) == 0
    made = images.load(tmp_path / "b.png").rgb[..., 0]
    assert np.array_equal(made, sketch(large, 9)) and not np.array_equal(made, sketch(large))


def test_streams_without_settings_will_do(tmp_path, picture):
    images.save(tmp_path / "a.png", picture)

    class Plain(io.StringIO):  # like a notebook's
        reconfigure = property()

    with contextlib.redirect_stdout(Plain()) as out:
        assert cli.main(["sketch", str(tmp_path / "a.png")]) == 0
    assert out.getvalue() == f"{tmp_path / 'a-sketch.png'}\n"


def test_the_public_names(picture):
    assert set(mangastyle.__all__) <= set(dir(mangastyle))
    assert mangastyle.sketch is sketch and mangastyle.load is images.load
    assert mangastyle.draw(1, 16).shape == (16, 16, 3)
    with pytest.raises(AttributeError, match="no attribute 'sketsch'"):
        mangastyle.sketsch
