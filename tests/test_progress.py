"""Progress without a terminal: a plain line now and then."""

from __future__ import annotations

import errno
import io
import os
import sys
import types

import pytest

from mangastyle import progress
from mangastyle.progress import Bar


@pytest.fixture
def clock(monkeypatch):
    """`clock(seconds)` lets time pass."""
    now = [1000.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(time=lambda: now[0]))

    def let_pass(seconds):
        now[0] += seconds

    return let_pass


def test_a_line_every_half_minute(clock, capsys):
    with Bar(total=200, initial=100, unit="step") as bar:
        for _ in range(100):
            bar.set_postfix({"generator": "0.5"}, refresh=False)
            clock(1.0)
            bar.update()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "mangastyle: step 130 of 200 (65%), generator=0.5, 01:10 left",
        "mangastyle: step 160 of 200 (80%), generator=0.5, 00:40 left",
        "mangastyle: step 190 of 200 (95%), generator=0.5, 00:10 left",
    ]


def test_slow_work_has_a_line_with_each_step(clock, capsys):
    for _ in Bar(range(3), desc="decoding", unit="picture"):
        clock(100.0)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"mangastyle: decoding: picture {n} of 3 ({n / 3:.0%})" for n in (1, 2, 3)]


def test_remarks_bring_no_lines_of_progress_with_them(clock, capsys):
    with Bar(total=3, unit="picture") as bar:
        for _ in range(3):
            bar.update()
            bar.write("mangastyle: a remark", file=sys.stderr)
            clock(1.0)
    assert capsys.readouterr().err == "mangastyle: a remark\n" * 3


def test_without_a_total_the_line_has_no_share(clock, capsys):
    with Bar(unit="it") as bar:
        clock(31.0)
        bar.update(7)
    assert capsys.readouterr().err == "mangastyle: it 7\n"


def test_nothing_is_shown_where_it_is_disabled_or_nobody_sees_it(clock, capsys, monkeypatch):
    with Bar(total=3, disable=True) as bar:
        clock(31.0)
        bar.update()
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", None)
    for _ in Bar(range(3)):
        clock(31.0)


def test_a_log_on_a_full_disk_does_not_end_the_work(clock, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys, "stderr", Full())
    done = 0
    for _ in Bar(range(3)):
        clock(31.0)
        done += 1
    assert done == 3


def test_a_terminal_gets_the_bar(clock, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with Bar(total=3, unit="step") as bar:
        bar.update()
        assert "| 0/3 [" in sys.stderr.getvalue() and "mangastyle:" not in sys.stderr.getvalue()
