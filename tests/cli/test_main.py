"""The command line: help, flags, exit codes, and how little it loads."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import subprocess
import sys

import numpy as np
import pytest

from mangastyle import startup
from mangastyle.cli import main as cli
from mangastyle.cli import options, shade, style
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels


def heavy_modules(code: str, tmp_path) -> str:
    """Run `code` in a fresh Python; which of the packages that take long to load it loaded."""
    names = ("tensorflow", "keras", "matplotlib", "ot", "skimage")
    ending = f"\nimport sys; print('LOADED', *[m for m in {names} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + ending], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_shading_and_painting_load_no_optimal_transport(tmp_path):
    code = "from mangastyle import pipeline; from mangastyle.export import full_model; from mangastyle.shade import shader"
    assert not {"ot", "skimage"} & set(heavy_modules(code, tmp_path).split())  # POT loads PyTorch if it finds it: seconds


def test_help_version_and_import_load_nothing_heavy(tmp_path):
    code = f"""
import mangastyle, contextlib
from mangastyle.cli.main import main
top = (["--help"], ["--version"], ["--man"], ["--completion", "bash"], ["style", "--blah"], ["blah"], [])
for argv in (*top, *([name, option] for name in {cli.COMMANDS} for option in ("--help", "--help-all"))):
    with contextlib.suppress(SystemExit):
        main(argv)
assert mangastyle.draw(1, 16).shape == mangastyle.paint(height=16, width=16).shape
"""
    assert heavy_modules(code, tmp_path) == "LOADED"


def test_sketch_and_draw_load_no_tensorflow(tmp_path):
    code = """
from mangastyle.cli.main import main
assert main("draw --count 1 --size 64 --lines --out drawn".split()) == 0
assert main("sketch drawn/000000.png --out line.png".split()) == 0
assert main("sketch drawn --out lines".split()) == 0
import mangastyle
mangastyle.sketch(mangastyle.load("drawn/000000.png").rgb)
"""
    assert heavy_modules(code, tmp_path) == "LOADED"


def test_weights_are_listed_without_tensorflow(tmp_path):
    assert heavy_modules("from mangastyle.cli.main import main; assert main(['weights']) == 0", tmp_path) == "LOADED"


@pytest.mark.slow
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
    assert done.stderr == "mangastyle: a.png: not a picture this program can read; save it as PNG or JPEG\n"


def test_training_as_a_module_is_as_quiet(tmp_path):
    done = subprocess.run([sys.executable, "-m", "mangastyle.train"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mangastyle: say when to stop: --epochs, --steps or --minutes\n"


def test_an_import_that_fails_is_shown(tmp_path, monkeypatch):
    (tmp_path / "broken_module.py").write_text("import os\nos.write(2, b'a remark')\nraise ImportError('libfoo.so is missing')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ImportError, match="libfoo"):
        startup.import_silently("broken_module")


def test_remarks_of_an_import_are_hidden_and_stderr_comes_back(tmp_path, monkeypatch, capfd):
    (tmp_path / "loud_module.py").write_text("import os\nos.write(2, b'I0000 00:00:1.0  1 port.cc:153] a remark\\n')")
    monkeypatch.syspath_prepend(str(tmp_path))
    startup.import_silently("loud_module")
    assert capfd.readouterr().err == ""
    print("heard", file=sys.stderr)
    assert capfd.readouterr().err == "heard\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sketch", "a.png", "--blok", "9"], "--blok 9 (did you mean '--block'?)"),
        (["style", "a.png", "--content-wieght", "9"], "(did you mean '--content-weight'?)"),
        (["sketch", "a.png", "b.png"], "unrecognized arguments: b.png; name one input: a picture, or a folder of pictures; "),
        (["style", *"abcdefgh"], "unrecognized arguments: b c d e f and 2 more; name one input: content: a picture, or a folder"),
        (["train", "pictures"], "unrecognized arguments: pictures; see"),
        (["sketch", "--", "a.png", "--out", "x.png"], "--out x.png; after -- no word is an option: write --out before it; "),
        (["sketch", "--", "a.png", "--out=x.png"], "after -- no word is an option: write --out=x.png before it; "),
        (["sketch", "--size", "big"], "argument --size: invalid int value: 'big'"),
        (["skech"], "unknown command 'skech' (did you mean 'sketch'?); there are: run, sketch, "),
        ([], "COMMAND"),
    ],
)
def test_unknown_flags_and_commands(capsys, argv, message):
    with pytest.raises(SystemExit) as error:
        cli.main(argv)
    assert error.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mangastyle") and message in line and line.endswith("--help")


def test_a_file_named_like_a_flag_is_told_the_cure(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-rf.png").write_bytes(b"")
    with pytest.raises(SystemExit):
        cli.main(["sketch", "-rf.png"])
    assert "unrecognized arguments: -rf.png; write ./-rf.png if this is a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["sketch", "--preset", "papr"], "unknown preset 'papr' (did you mean 'paper'?); there are: default, paper"),
        (["sketch", "--c", "nan"], "--c: must be a finite number, not nan"),
        (["sketch", "--c", "inf"], "--c: must be a finite number, not inf"),
        (["sketch", "--size", "-3"], "--size: must be at least 0, not -3"),
        (["style", "--optimizer", "adm"], "--optimizer: 'adm' (did you mean 'adam'?) is none of lbfgs, adam"),
        (["style", "--method", "one-pass"], "--method: 'one-pass' (did you mean 'onepass'?) is none of auto, polish, optimize, lear"),
        (["weights", "gett"], "action: 'gett' (did you mean 'get'?) is none of list, get, describe"),
        (["sketch", "--block", "4", "a.png"], "--block: must be an odd number from 3 to 32767, or 0 for automatic, not 4"),
        (["sketch", "--block", "1", "a.png"], "--block: must be an odd number from 3 to 32767, or 0 for automatic, not 1"),
        (["sketch", "--block", "99999", "a.png"], "--block: must be an odd number from 3 to 32767, or 0 for automatic, not 99999"),
        (["sketch"], "no input: name a picture or a folder, as in 'mangastyle sketch picture.png'"),
        (["sketch", ""], "inputs: is empty, such as a variable that is not set; leave it out, or give it: a picture, or a"),
        (
            ["sketch", "--shard", "", "a"],
            "--shard: is empty, such as a variable that is not set; leave it out, or give it: process only the I-th",
        ),
        (["style", "a.png", "--style", "b.png", ""], "--style: is empty, such as"),
        (["sketch", "a\x1b[31mb\x9b.png"], r"a\x1b[31mb\x9b.png: no such file or folder"),
        (["sketch", "gone.png"], "gone.png: no such file or folder"),
        (["sketch", "--config", "gone.json"], "gone.json: no such file"),
        (["shade", "x", "--ink", "1.5"], "--ink: must be at most 1"),
        (["shade", "x", "--hint", "a", "--palette", "red"], "--hint, --palette and --reference: a palette decides"),
        (["sketch", "x" * 5000], ""),
    ],
)
def test_mistakes_are_one_line(capsys, tmp_path, monkeypatch, argv, message):
    monkeypatch.chdir(tmp_path)
    assert cli.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"mangastyle: {message}") and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("argv", "advice", "given"),
    [
        (["style", "--fast"], "--fast is now --method onepass", {"method": "onepass"}),
        (["style", "--no-fast"], "--no-fast is now --method optimize", {"method": "optimize"}),
        (["style", "--fast-weights", "mine.h5"], "--fast-weights mine.h5 is now --onepass-weights mine.h5", {"onepass_weights": "mine.h5"}),
        (["run", "--quality"], "--quality is now --method optimize", {"method": "optimize"}),
        (["run", "--hint", "auto"], "--hint auto is now --hint simulated", {"hint": "simulated"}),
        (["shade", "--hint-kind", "default"], "--hint-kind default is now --hint-recipe proportional", {"hint_recipe": "proportional"}),
        (["train", "--no-hint", "0.25"], "--no-hint 0.25 is now --hint-dropout 0.25", {"hint_dropout": 0.25}),
        (["train", "--no-see-line"], "--no-see-line is now --no-condition-on-line", {"condition_on_line": False}),
        (["figures", "--fast"], "--fast is now --quick", {"quick": True}),
        (["teach", "--crop", "96"], "teach is now train-onepass", {"crop": 96}),
        (["distill", "--crop", "96"], "distill is now train-slim-vgg", {"crop": 96}),
        (["fetch", "--count", "3"], "fetch is now crawl", {"count": 3}),
    ],
)
def test_former_commands_and_flags_work_with_one_line_of_advice(capsys, monkeypatch, argv, advice, given):
    name, made = options.FORMER_COMMANDS.get(argv[0], argv[0]), []
    monkeypatch.setattr(cli.load(name), "command", made.append)
    assert cli.main(argv) == 0
    assert {key: getattr(made[0], key) for key in given} == given
    assert capsys.readouterr().err == f"mangastyle: {advice}\n"


@pytest.mark.parametrize(("module", "message", "shown"), [
    (style, "`style_weights`: 2 weights for 1", "--style-weights: 2 weights for 1"),
    (shade, "a.png: 9 is over `max_pixels`", "a.png: 9 is over --max-megapixels"),
    (style, "`masks`: 2 for 1 of `styles`", "--mask: 2 for 1 of --style"),
    (shade, "`picture`: must be uint8", "picture: must be uint8"),
])  # fmt: skip
def test_errors_of_the_library_name_flags(capsys, monkeypatch, module, message, shown):
    def fail(given):
        raise MangastyleError(message)

    monkeypatch.setattr(module, "command", fail)
    assert cli.main([module.__name__.rpartition(".")[2]]) == 2
    assert capsys.readouterr().err == f"mangastyle: {shown}\n"


def test_remarks_of_the_library_name_the_flags_of_the_command_that_runs(capsys, monkeypatch):
    log = logging.getLogger("mangastyle")
    for module, shown in ((shade, "--max-megapixels and method"), (style, "--max-megapixels and --method")):
        monkeypatch.setattr(module, "command", lambda given: log.warning("skipped: a.png: see `max_pixels`\nand `method`"))
        assert cli.main([module.__name__.rpartition(".")[2]]) == 0
        assert capsys.readouterr().err == f"mangastyle: skipped: a.png: see {shown}\n"


def test_debug_shows_the_traceback(tmp_path):
    with pytest.raises(MangastyleError):
        cli.main(["sketch", str(tmp_path / "gone.png"), "--debug"])


def test_errors_of_several_lines_become_one(capsys, tmp_path):
    assert cli.main(["sketch", str(tmp_path / "two\nlines.png")]) == 2
    assert capsys.readouterr().err.endswith("two lines.png: no such file or folder\n")


def test_an_interrupt_exits_with_130(capsys, tmp_path, picture, monkeypatch):
    def interrupt(*arguments, **settings):
        raise KeyboardInterrupt

    images.save(tmp_path / "a.png", picture)
    monkeypatch.setattr("mangastyle.lineart.sketch.sketch", interrupt)
    assert cli.main(["sketch", str(tmp_path / "a.png")]) == 130
    assert capsys.readouterr().err == "mangastyle: interrupted; what was finished is kept, and the same command goes on\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_the_stored_config_repeats_a_run(tmp_path, picture):
    images.save(tmp_path / "in" / "a.png", picture)
    first, again, changed = (tmp_path / name for name in ("first", "again", "changed"))
    assert cli.main(["sketch", str(tmp_path / "in"), "--preset", "paper", "--block", "15", "--despeckle", "3", "--out", str(first)]) == 0
    stored = json.loads((first / "config.json").read_text())
    assert (stored["command"], stored["preset"], stored["block"], stored["c"]) == ("sketch", "paper", 15, 2.0)
    assert cli.main(["sketch", "--config", str(first / "config.json"), "--out", str(again)]) == 0
    assert (again / "a.png").read_bytes() == (first / "a.png").read_bytes()
    assert np.array_equal(images.load(again / "a.png").rgb[..., 0], sketch(picture, block=15, despeckle=3))
    assert cli.main(["sketch", "--config", str(first / "config.json"), "--block", "9", "--out", str(changed)]) == 0
    assert np.array_equal(images.load(changed / "a.png").rgb[..., 0], sketch(picture, block=9, despeckle=3))


def test_the_preset_in_the_json_is_applied(tmp_path, picture):
    large = pixels.resize(picture, 640, 768)
    images.save(tmp_path / "a.png", large)
    (tmp_path / "mine.json").write_text('{"preset": "paper"}')
    assert cli.main(["sketch", str(tmp_path / "a.png"), "--config", str(tmp_path / "mine.json"), "--out", str(tmp_path / "b.png")]) == 0
    made = images.load(tmp_path / "b.png").rgb[..., 0]
    assert np.array_equal(made, sketch(large, block=9)) and not np.array_equal(made, sketch(large))


def test_streams_without_settings_will_do(tmp_path, picture):
    images.save(tmp_path / "a.png", picture)

    class Plain(io.StringIO):  # like a notebook's
        reconfigure = property()

    with contextlib.redirect_stdout(Plain()) as out:
        assert cli.main(["sketch", str(tmp_path / "a.png")]) == 0
    assert out.getvalue() == f"{tmp_path / 'a-sketch.png'}\n"
