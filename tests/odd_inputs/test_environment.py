"""The user's environment never decides: a command works, or one line names the setting and the cure."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import numpy as np
import pytest

from mangastyle.cli import failures, main, signals, sketch, streams
from mangastyle.errors import MangastyleError
from mangastyle.io import images, registry, weights
from mangastyle.vgg.spec import SlimVGGSpec

ROOT = Path(__file__).parents[2]
PREFIXES = ("KERAS", "TF", "MPL", "TQDM", "XLA")
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
HOSTILE = {  # all at once, and a command does what it does without them
    "KERAS_BACKEND": "torch", "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "x", "TF_CONFIG": "garbage", "TF_DETERMINISTIC_OPS": "1",
    "TF_FORCE_GPU_ALLOW_GROWTH": "x", "CUDA_VISIBLE_DEVICES": "x", "OMP_NUM_THREADS": "garbage", "MPLBACKEND": "garbage",
    "MPLCONFIGDIR": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "TMPDIR": "/proc/none", "HOME": "/proc/none", "LC_ALL": "C", "LANG": "C",
    "PYTHONIOENCODING": "ascii", "PYTHONWARNINGS": "error", "COLUMNS": "1", "TERM": "dumb",
}  # fmt: skip


def clean(**changes: str) -> dict[str, str]:
    """This process's environment without settings of the libraries, and with some changes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    return kept | {"PYTHONPATH": str(ROOT), **changes}


def mangastyle(*words: object, shell: str = "", python: tuple[str, ...] = (), **changes: Any) -> subprocess.CompletedProcess[str]:
    """Run a command; `shell` is what a shell does with its streams, such as "2>&-", or before it, ending in a semicolon."""
    command = [sys.executable, *python, "-m", "mangastyle", *map(str, words)]
    if shell:
        before, after = (shell, "") if shell.endswith(";") else ("", shell)
        command = ["bash", "-c", f'{before} "$@" {after}', "bash", *command]
    cwd = changes.pop("cwd", None)
    return subprocess.run(command, env=clean(**changes), cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command was refused in one line that has these words."""
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("mangastyle: ") and all(word in line for word in words), line


@pytest.fixture
def file(tmp_path, picture) -> Path:
    return Path(images.save(tmp_path / "in" / "p.png", picture))


@pytest.fixture
def keras_json(tmp_path) -> Callable[[str], str]:
    def write(text: str) -> str:
        (tmp_path / "keras").mkdir(exist_ok=True)
        (tmp_path / "keras" / "keras.json").write_text(text)
        return str(tmp_path / "keras")

    return write


# Settings


@pytest.mark.linux
@pytest.mark.slow
def test_a_hostile_environment_changes_nothing(file, tmp_path, tiny_weights, keras_json):
    settings = {"backend": "theano", "image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.5}
    home = keras_json(json.dumps(settings))
    words = "shade", file, "--weights", tiny_weights, "--precision", "float32", "--out"
    hostile = mangastyle(*words, tmp_path / "a.png", **HOSTILE, KERAS_HOME=home)
    assert (hostile.returncode, hostile.stderr) == (0, "")
    assert main.main([*map(str, words), str(tmp_path / "b.png")]) == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert json.loads((tmp_path / "keras" / "keras.json").read_text()) == settings


def test_a_file_of_settings_that_keras_refuses_is_one_line(file, keras_json):
    done = mangastyle("shade", file, KERAS_HOME=keras_json('{"floatx": "float99"}'))
    refused(done, "keras.json", "mend or remove it")
    assert os.listdir(file.parent) == ["p.png"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TQDM_MININTERVAL", "soon", ("TQDM_MININTERVAL", "mend or unset it")),
        ("TF_NUM_INTRAOP_THREADS", "-5", ("TF_NUM_INTRAOP_THREADS", "'-5'", "mend or unset it")),
        ("TF_DETERMINISTIC_OPS", "x", ("TF_DETERMINISTIC_OPS", "must be 0 or 1", "mend or unset it")),
        ("TF_XLA_FLAGS", "--garbage", ("TF_XLA_FLAGS", "Unknown flag", "unset it")),
    ],
)
def test_settings_that_would_end_the_process_are_one_line(file, name, value, words):
    refused(mangastyle("shade", file, **{name: value}), *words)


@POSIX
@pytest.mark.parametrize(("command", "limit", "words"), [("shade", 2500000, "2.6 GB"), ("sketch", 300000, "0.3 GB")])
def test_limits_that_would_end_the_process_are_one_line(file, command, limit, words):
    refused(mangastyle(command, file, shell=f"ulimit -v {limit};"), words, "ulimit -v")


@POSIX
def test_a_umask_that_takes_the_users_own_rights_is_told(file, capsys):
    before = os.umask(0o777)
    try:
        assert main.main(["sketch", str(file)]) == 2
        assert os.umask(0o777) == 0o777
    finally:
        os.umask(before)
    assert capsys.readouterr().err.startswith("mangastyle: umask 0777: results could not be read")
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_help_needs_no_docstrings_and_no_width(capsys):
    usual = mangastyle("style", "--help")
    stripped = mangastyle("style", "--help", python=("-OO",))
    assert stripped.stdout == usual.stdout and "Paint a picture" in usual.stdout and stripped.stderr == ""
    assert mangastyle("--help", python=("-OO",)).stdout == mangastyle("--help").stdout
    narrow = mangastyle("style", "--help", COLUMNS="1")
    assert narrow.returncode == 0 and narrow.stderr == ""


@pytest.mark.parametrize("name", ["é日本.png", "b\udcff.png"])
def test_names_in_a_locale_without_letters(tmp_path, picture, name):
    try:
        images.save(tmp_path / name, picture)
    except (MangastyleError, OSError):
        pytest.skip("this file system takes only text for names")
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = mangastyle("sketch", tmp_path / name, **bare)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.isascii()
    assert (tmp_path / f"{name[:-4]}-sketch.png").exists()


@pytest.mark.linux
def test_no_place_for_temporary_files_and_no_home(file):
    done = mangastyle("sketch", file, TMPDIR="/proc/none", HOME="/proc/none", XDG_CACHE_HOME="/proc/none")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@POSIX
@pytest.mark.skipif(not Path("/usr/bin/setpriv").exists() or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another user")
def test_a_user_without_a_home_and_without_a_name(picture):
    reads_all = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]  # Python itself may lie in root's home
    user = ["setpriv", "--reuid", "54321", "--clear-groups", *reads_all, "env", "-i", f"PYTHONPATH={ROOT}"]
    with tempfile.TemporaryDirectory() as folder:  # below the temporary folder of a test, no other user may write
        os.chmod(folder, 0o777)
        images.save(f"{folder}/p.png", picture)
        for words in (["sketch", "p.png"], ["weights", "get"]):
            command = [*user, sys.executable, "-m", "mangastyle", *words]
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
            if words[0] == "sketch":
                assert (done.returncode, done.stdout, done.stderr) == (0, "p-sketch.png\n", "")
            else:
                refused(done, "home is not known", "KERAS_HOME")


@POSIX
def test_a_working_folder_that_is_gone(file, tmp_path):
    gone = tmp_path / "gone"
    leave = f"mkdir {gone}; cd {gone}; rmdir {gone};"
    done = mangastyle("sketch", file, "--out", tmp_path / "line.png", shell=leave)
    assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "line.png").exists()
    done = mangastyle("draw", "--count", "1", "--out", "x", shell=leave)
    assert done.returncode == 2 and done.stderr.count("\n") == 1


# Streams


@POSIX
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_stop_nothing(file, tmp_path, closed):
    out = tmp_path / "line.png"
    done = mangastyle("sketch", file, "--out", out, shell=closed)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("" if ">&-" in closed.replace("2>&-", "") else f"{out}\n")
    assert images.load(out).rgb.shape == images.load(file).rgb.shape


@pytest.mark.slow
@POSIX
def test_closed_streams_and_tensorflow(file, tmp_path, tiny_weights):
    done = mangastyle("shade", file, "--weights", tiny_weights, "--out", tmp_path / "a.png", shell="<&- >&- 2>&-")
    assert done.returncode == 0 and images.load(tmp_path / "a.png").rgb.shape == images.load(file).rgb.shape


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("buffered", ["", "1"])
def test_a_full_disk_under_stdout_is_told_and_the_result_is_kept(file, tmp_path, buffered):
    done = mangastyle("sketch", file, "--out", tmp_path / "line.png", shell="> /dev/full", PYTHONUNBUFFERED=buffered)
    refused(done, "cannot write to standard output (No space left on device)", "kept")
    assert images.load(tmp_path / "line.png").rgb.shape == images.load(file).rgb.shape
    refused(mangastyle("--help", shell="> /dev/full"), "standard output")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_under_stderr_costs_only_what_would_be_said(file, tmp_path):
    file.with_name("q.png").write_bytes(b"no picture")
    done = mangastyle("sketch", file.parent, "--out", tmp_path / "lines", shell="2> /dev/full")
    assert done.returncode == 2 and (tmp_path / "lines" / "p.png").exists()


def test_streams_that_do_not_exist(file, monkeypatch):
    """As `pythonw` has them."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main.main(["sketch", str(file), "--force"]) == 0
    assert main.main(["sketch", "gone.png"]) == 2
    assert sys.stdout is not None


def test_a_pipe_that_nobody_reads_ends_the_work_without_a_word(tmp_path):
    done = mangastyle("--help", shell="| true")
    assert done.stderr == ""


def test_a_stream_keeps_its_first_failure():
    class Failing:
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "full")

        flush = isatty = lambda self: False

    out = streams.Output(Failing())
    assert out.write("a") == 1 and out.write("b") == 1
    assert out.failure is not None and out.failure.errno == errno.ENOSPC and out.isatty() is False


# Failures of the machine


def test_failures_of_the_machine_are_one_line_and_faults_of_the_program_are_not(monkeypatch, capsys):
    import tensorflow as tf

    disk = "{{function_node x}} /a/part-0; No space left on device [Op:SaveV2]"
    told = {
        MemoryError(): "not enough memory for this size; choose a smaller --size, or smaller pictures",
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"): "not enough memory for this size",
        tf.errors.ResourceExhaustedError(None, None, disk): "/a/part-0: No space left on device",
        tf.errors.PermissionDeniedError(None, None, "/a; Permission denied"): "/a: Permission denied",
        RuntimeError("can't start new thread"): "cannot start another thread; raise the limit of processes (ulimit -u)",
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "b.png"): "b.png: No space left on device",
    }
    for error, line in told.items():

        def fail(options: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(sketch, "command", fail)
        assert main.main(["sketch"]) == 2
        (shown,) = capsys.readouterr().err.splitlines()
        assert shown.startswith(f"mangastyle: {line}")
    for fault in (tf.errors.InvalidArgumentError(None, None, "shapes differ"), RecursionError("deep"), ZeroDivisionError()):
        assert failures.in_one_line(fault) is None

        def fail(options: object, error: Exception = fault) -> None:
            raise error

        monkeypatch.setattr(sketch, "command", fail)
        with pytest.raises(type(fault)):
            main.main(["sketch"])
        assert capsys.readouterr().err.startswith("mangastyle: this is a fault of mangastyle; please report it")


def test_opencvs_memory_is_one_line():
    import cv2

    error = cv2.error("Failed to allocate")
    error.code = cv2.Error.StsNoMem
    assert failures.in_one_line(error) == failures.NO_MEMORY
    error.code = cv2.Error.StsBadArg
    assert failures.in_one_line(error) is None


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A folder on a disk of 300 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    with contextlib.suppress(OSError):
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)], capture_output=True).returncode == 0:
            yield folder
            subprocess.run(["umount", str(folder)], check=True)
            return
    pytest.skip("this user cannot mount a disk")


def test_an_export_to_a_full_disk_leaves_nothing(small_disk, capsys):
    assert main.main(["export", "--weights", "baseline", "--out", str(small_disk / "fits"), "--force"]) in (0, 2)
    capsys.readouterr()
    (small_disk / "rest").write_bytes(bytes(200_000)) if not (small_disk / "fits").exists() else None
    assert main.main(["export", "--out", str(small_disk / "model")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "No space left on device" in line and not (small_disk / "model").exists()
    assert not [name for name in os.listdir(small_disk) if name.startswith(".")]


def test_weights_plots_and_tables_on_a_full_disk_are_one_line(small_disk):
    """HDF5 itself ends the process there."""
    arrays = {f"layer{i}/kernel": np.random.default_rng(i).random((100, 100)) for i in range(20)}
    with pytest.raises(MangastyleError, match="a.h5: .*No space left on device"):
        weights.write(small_disk / "a.h5", "vgg19-slim", SlimVGGSpec(), arrays)
    assert os.listdir(small_disk) == []


# Signals


@pytest.mark.posix
@POSIX
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals_remove_what_is_half_done(name, code, tmp_path, file, monkeypatch, capsys):
    def save(path: Path, *arguments: object, **settings: object) -> None:
        (tmp_path / "begun").write_text("")
        signal.raise_signal(getattr(signal, name))

    from mangastyle.io.files import atomic

    def command(options: object) -> None:
        with atomic(tmp_path / "result.png") as temporary:
            temporary.write_bytes(b"half")
            save(temporary)

    before = signal.getsignal(getattr(signal, name))
    monkeypatch.setattr(sketch, "command", command)
    assert main.main(["sketch", str(file)]) == code
    by = "interrupted" if name == "SIGINT" else f"stopped by {name}"
    assert capsys.readouterr().err == f"mangastyle: {by}; what was finished is kept, and the same command goes on\n"
    assert sorted(os.listdir(tmp_path)) == ["begun", "in"] and signal.getsignal(getattr(signal, name)) == before


@pytest.mark.posix
@POSIX
def test_an_ignored_signal_stays_ignored(monkeypatch):
    """As nohup has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.stopping():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.posix
@POSIX
def test_cleaning_up_is_not_interrupted():
    cleaned = []
    with pytest.raises(signals.Stopped, match="SIGTERM"), signals.stopping():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGHUP)
            cleaned.append(1)
    assert cleaned


@POSIX
def test_a_signal_whose_exception_is_dropped_comes_again():
    class Callback:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(signals.Stopped, match="SIGTERM"), signals.stopping():
        Callback()
        end = time.monotonic() + 30
        while time.monotonic() < end:
            time.sleep(0.01)


def test_other_threads_may_run_commands(file):
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(main.main(["sketch", str(file), "--force"])))
    thread.start()
    thread.join()
    assert codes == [0]


# The Python API

QUIET = """
import os
import mangastyle
before = {name: os.environ[name] for name in ('KERAS_BACKEND', 'MPLBACKEND', 'TMPDIR', 'HOME')}
picture, art = mangastyle.draw(3, 64), mangastyle.paint(height=48, width=56)
shader = mangastyle.Shader("baseline")
shader(picture, shader.simulated_hint(picture)), mangastyle.is_line_art(picture)
mangastyle.run(picture, [art], size=64, weights="baseline")
assert before.items() <= os.environ.items()
"""


@pytest.mark.linux
@pytest.mark.slow
def test_the_api_is_quiet_and_changes_no_setting():
    hostile = {name: HOSTILE[name] for name in ("KERAS_BACKEND", "PYTHONWARNINGS", "MPLBACKEND", "MPLCONFIGDIR", "TMPDIR", "HOME")}
    done = subprocess.run([sys.executable, "-c", QUIET], env=clean(**hostile), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_module_of_its_own_is_as_quiet_and_chooses_the_backend():
    program = "from mangastyle.shade import networks; import keras, os; print(keras.config.backend(), os.environ['KERAS_BACKEND'])"
    done = subprocess.run([sys.executable, "-c", program], env=clean(KERAS_BACKEND="jax"), capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("tensorflow jax\n", "")


@pytest.fixture
def other_settings() -> Iterator[list[Any]]:
    """A user's settings of Keras for networks of their own."""
    from mangastyle.engine import keras

    config = keras.config
    before = config.dtype_policy(), config.floatx(), config.epsilon(), config.image_data_format()
    theirs = ["mixed_float16", "float64", 1e-2, "channels_first"]

    def write(policy: Any, floatx: str, epsilon: float, form: str) -> None:
        config.set_dtype_policy(policy), config.set_floatx(floatx), config.set_epsilon(epsilon), config.set_image_data_format(form)

    try:
        write(*theirs)
        yield theirs
        assert [config.dtype_policy().name, config.floatx(), config.epsilon(), config.image_data_format()] == theirs
    finally:
        write(*before)


def results(loud_weights: Path, folder: Path) -> dict[str, np.ndarray]:
    """A little of everything that Keras has a part in."""
    import mangastyle
    from mangastyle import train
    from mangastyle.training.run_folder import RunFolder
    from mangastyle.training.settings import TrainSettings

    picture, art = mangastyle.draw(3, 48), mangastyle.paint(height=40, width=48)
    found = {"shaded": mangastyle.Shader(loud_weights, precision="float32")(picture)}
    found["one pass"] = mangastyle.stylize(picture, [art], method="onepass", size=0, precision="float32")
    small: dict[str, Any] = {"size": 0, "iterations": 2, "backbone": "slim", "precision": "float32", "min_size": 0}
    found["adam"] = mangastyle.stylize(picture, [art], optimizer="adam", **small)
    settings = TrainSettings(steps=2, size=32, width=4, levels=2, batch=2, discriminator="fc", upsample="transpose")
    train.train(settings, ["drawn:8"], RunFolder(folder), precision="float32", cache=str(folder.parent / "cache"))
    trained = weights.read(folder / "last.h5", "shade").arrays
    return found | {name: array for name, array in trained.items() if name.startswith(("up0", "down1"))}


@pytest.fixture(scope="module")
def usual(loud_weights, tmp_path_factory) -> dict[str, np.ndarray]:
    return results(loud_weights, tmp_path_factory.mktemp("usual") / "run")


@pytest.mark.slow
def test_settings_for_other_networks_change_no_result_and_are_not_changed(usual, other_settings, loud_weights, tmp_path):
    found = results(loud_weights, tmp_path / "run")
    assert found.keys() == usual.keys()
    for name, array in usual.items():
        assert np.array_equal(found[name], array), name


# What ships


def test_a_shipped_file_is_hashed_once(monkeypatch):
    calls = []
    monkeypatch.setattr(registry, "sha256", lambda path: calls.append(path) or "other")
    registry._sha256.cache_clear()
    try:
        path = registry.shipped_folder() / "baseline.h5"
        assert [registry.matches_manifest(path) for _ in range(3)] == [False] * 3 and calls == [path]
    finally:
        registry._sha256.cache_clear()


# Everything at once: every command in each environment, from a fresh process

ENVIRONMENTS: dict[str, dict[str, str]] = {
    "all": HOSTILE,
    "legacy": {"TF_USE_LEGACY_KERAS": "1", "TF_ENABLE_ONEDNN_OPTS": "garbage", "TF_NUM_INTRAOP_THREADS": "1"},
    "keras.json": {"KERAS_HOME": "keras"},
    "no home": {"HOME": "/proc/none", "XDG_CACHE_HOME": "/proc/none", "MPLCONFIGDIR": "/proc/none", "KERAS_HOME": "/proc/none"},
    "-W error": {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1", "PYTHONOPTIMIZE": "2"},
    "ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    "closed": {},
    "full": {},
}
COMMANDS = {
    "sketch": "sketch in --out {out}",
    "shade": "shade in --out {out}",
    "style": "style in --style in/p.png --method onepass --size 48 --out {out}",
    "optimize": "style in/p.png --style in/p.png --iterations 2 --size 48 --backbone slim --plot --out {out}.png",
    "run": "run in/p.png --size 48 --out {out}",
    "reconstruct": "reconstruct in/p.png --layers relu1_1 --iterations 2 --size 48 --backbone slim --out {out}",
    "evaluate": "evaluate --data drawn:4 --count 2 --backbone slim --size 48 --out {out}",
    "figures": "figures --only 13 --quick --out {out} --backbone slim",
    "train": "train --data drawn:8 --steps 2 --size 32 --width 4 --levels 2 --batch 2 --cache cache --out {out}",
    "export": "export --weights baseline --out {out}",
    "weights": "weights",
    "describe": "weights describe --size 64",
    "draw": "draw --count 1 --size 48 --out {out}",
    "crawl": "crawl --help",
}


@pytest.mark.linux
@pytest.mark.slow
@POSIX
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_every_environment(command, environment, tmp_path, picture):
    images.save(tmp_path / "in" / "p.png", picture)
    (tmp_path / "keras").mkdir()
    settings = {"backend": "jax", "image_data_format": "channels_first", "floatx": "float64", "epsilon": 1e-2}
    (tmp_path / "keras" / "keras.json").write_text(json.dumps(settings))
    shell = {"closed": "<&- >&- 2>&-", "full": "> /dev/full"}.get(environment, "")
    words = COMMANDS[command].format(out="out").split()
    done = mangastyle(*words, shell=shell, cwd=tmp_path, **ENVIRONMENTS[environment])
    lines = [line for line in done.stderr.splitlines() if "using the slim VGG-19" not in line]
    if environment == "full":
        assert done.returncode == 2 and "standard output" in lines[-1], done.stderr
    else:
        assert done.returncode == 0 or (done.returncode == 2 and len(lines) == 1 and "--cache" in lines[0]), done.stderr
    assert "Traceback" not in done.stderr and not re.search(r"tensorflow/|absl|oneDNN|cuda", done.stderr), done.stderr
    assert not [path for path in tmp_path.rglob("*.part*")]
