"""TensorFlow loads without its remarks; an import that fails keeps its reason."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from mangastyle import startup
from mangastyle.errors import MangastyleError

PROGRAM = """
import os, sys
sys.path.insert(0, os.getcwd())
from mangastyle import startup
{setup}
startup.import_silently("chatty")
os.write(2, b"after\\n")
"""


def stderr_of(tmp_path, chatter: str, setup: str = "", **environment: str) -> str:
    """What a program writes to stderr that imports a module which writes there on its own, as a C library does."""
    (tmp_path / "chatty.py").write_text(f"import os\nos.write(2, b'remark\\n')\n{chatter}\n")
    clean = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    path = os.pathsep.join(p for p in sys.path if p)
    command = [sys.executable, "-c", PROGRAM.format(setup=setup)]
    return subprocess.run(command, cwd=tmp_path, env=clean | {"PYTHONPATH": path} | environment, capture_output=True, text=True).stderr


def test_remarks_are_hidden_and_stderr_comes_back(tmp_path):
    assert stderr_of(tmp_path, "") == "after\n"


def test_a_failed_import_shows_the_remarks_and_its_reason(tmp_path):
    shown = stderr_of(tmp_path, "raise ImportError('no such library')")
    assert shown.startswith("remark\n") and "ImportError: no such library" in shown and "after" not in shown


def test_debugging_and_a_log_level_of_ones_own_hide_nothing(tmp_path):
    assert stderr_of(tmp_path, "", TF_CPP_MIN_LOG_LEVEL="0") == "remark\nafter\n"
    assert stderr_of(tmp_path, "", setup="startup.quiet = False") == "remark\nafter\n"
    assert stderr_of(tmp_path, "", TF_CPP_MIN_LOG_LEVEL="3") == "after\n"


@pytest.mark.parametrize(("flags", "own", "expected"), [("avx2", None, "1"), ("avx2", "0", "0"), ("sse4_2", None, None)])
def test_onednn_is_enabled_where_it_gains_unless_the_user_decides(flags, own, expected, monkeypatch):
    monkeypatch.setattr(startup, "processor_flags", lambda: {"fpu", flags})
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if own is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", own)
    startup.enable_onednn()
    assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == expected


CHATTER = """
import contextlib, os, sys, warnings
with contextlib.suppress(OSError):
    os.write(2, b"remark\\n")
"""


def run_here(tmp_path, chatter: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that imports a chatty module."""
    (tmp_path / "chatty.py").write_text(f"{CHATTER}\n{chatter}\n")
    clean = {name: value for name, value in os.environ.items() if name not in ("TF_CPP_MIN_LOG_LEVEL", "KERAS_BACKEND", "MPLBACKEND")}
    path = os.pathsep.join([str(tmp_path), *(p for p in sys.path if p)])
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, cwd=tmp_path, env=clean | {"PYTHONPATH": path}, capture_output=True, text=True)


@pytest.mark.linux
def test_without_stderr_and_without_a_temporary_folder_imports_work(tmp_path):
    program = """
import os, sys, tempfile
from mangastyle import startup
tempfile.tempdir = "/proc/none"
assert startup.import_silently("chatty").VALUE == 1
del sys.modules["chatty"]
os.close(2)
sys.stderr = None
startup.import_silently("chatty")
assert os.open(os.devnull, os.O_RDONLY) == 2  # nothing has taken its number
print("done")
"""
    done = run_here(tmp_path, "VALUE = 1", program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_warnings_of_a_package_are_no_errors_and_its_backends_are_chosen(tmp_path):
    chatter = "warnings.warn('old')\nassert os.environ['KERAS_BACKEND'] == 'tensorflow' and 'MPLBACKEND' not in os.environ"
    program = """
import os
os.environ |= {"KERAS_BACKEND": "jax", "MPLBACKEND": "none"}
from mangastyle import startup
startup.import_silently("chatty")
assert (os.environ["KERAS_BACKEND"], os.environ["MPLBACKEND"]) == ("jax", "none")
"""
    done = run_here(tmp_path, chatter, program)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_other_threads_write_is_not_hidden(tmp_path):
    program = """
import threading
from mangastyle import startup
end = threading.Event()
threading.Thread(target=end.wait).start()
startup.import_silently("chatty")
end.set()
"""
    chatter = "os.write(2, b'I0000 00:00:1.0  1 port.cc:153] of TensorFlow\\n')"
    assert run_here(tmp_path, chatter, program).stderr == "remark\n"


@pytest.mark.parametrize("value", ["-1", "many", "1.5"])
def test_numbers_of_threads_over_which_tensorflow_ends_are_refused(value, monkeypatch):
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", value)
    with pytest.raises(MangastyleError, match="TF_NUM_INTEROP_THREADS: must be a whole number from 0 to 9999"):
        startup._refuse_deadly_settings()


def test_a_limit_of_threads_is_told(monkeypatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(MangastyleError, match="ulimit -u"):
        startup._refuse_deadly_limits()


def test_keras_of_another_backend_is_told_with_the_cure(monkeypatch):
    from mangastyle.engine import keras

    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(MangastyleError, match="Keras is loaded with the backend 'jax'.*set KERAS_BACKEND=tensorflow"):
        startup.load_tensorflow()
