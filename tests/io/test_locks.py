"""One process at a time in a folder."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io.locks import only_process

fcntl = pytest.importorskip("fcntl")


def test_a_second_one_is_refused_until_the_first_ends(tmp_path):
    code = "import sys; from mangastyle.io.locks import only_process\n"
    code += "with only_process(sys.argv[1]): print('in', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "in\n"
        with pytest.raises(MangastyleError, match=f"{tmp_path}: another process is at work.*`out`"), only_process(tmp_path):
            pytest.fail("the body must not run")
        other.kill()
        other.wait()
        with only_process(tmp_path):
            pass
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_locked_nobody_is_kept_out(tmp_path, monkeypatch):
    def refuse(handle, how):
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with only_process(tmp_path), only_process(tmp_path):
        pass
