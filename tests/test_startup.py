"""TensorFlow loads without its remarks; an import that fails keeps its reason."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mangastyle import startup

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
