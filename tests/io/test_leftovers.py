"""Temporary files: those of a killed process go, those in use stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from mangastyle.io import files, leftovers

fcntl = pytest.importorskip("fcntl")

# Another process that writes, and says so.
WRITING = """
import sys, time
from mangastyle.io import files
with files.atomic(sys.argv[1]) as temporary, files.temporary_folder(sys.argv[2], "half") as folder:
    temporary.write_text("half")
    (folder / "inner").mkdir()
    (folder / "inner" / "a").write_text("half")
    print("writing", flush=True)
    sys.stdin.read()
    temporary.write_text("whole")
"""


@pytest.fixture
def writer(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(tmp_path / "deep/a.png"), str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "writing\n"
    yield process
    process.kill()
    process.communicate()


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def test_what_another_process_is_writing_stays(tmp_path, writer):
    before = names(tmp_path)
    assert len(before) == 7  # the folder and each of both with its lock
    assert leftovers.remove(tmp_path) == 0 and names(tmp_path) == before
    with files.atomic(tmp_path / "deep/b.png") as temporary:  # looks at the folder too
        temporary.write_text("b")
    writer.communicate("")
    assert names(tmp_path) == ["a.png", "b.png", "deep"] and (tmp_path / "deep/a.png").read_text() == "whole"


def test_what_a_killed_process_left_goes(tmp_path, writer):
    (tmp_path / ".mine").touch()
    (tmp_path / ".notes-2026.part.txt").touch()
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert leftovers.remove(tmp_path) == 4
    assert names(tmp_path) == [".mine", ".notes-2026.part.txt", "deep"]


@pytest.mark.parametrize("name", ["a.png", "other.png"])
def test_the_next_result_in_a_folder_takes_the_leftovers_away(tmp_path, writer, name, monkeypatch):
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    monkeypatch.setattr(leftovers, "_looked_at", set())
    with files.atomic(tmp_path / "deep" / name) as temporary:
        temporary.write_text("whole")
    with files.temporary_folder(tmp_path, "half"):
        pass
    assert names(tmp_path) == sorted([name, "deep"])


def test_one_name_alone_can_be_cleared(tmp_path):
    for name in (".a-12345678.part", ".a-12345678.part.png", ".b-12345678.part.png"):
        (tmp_path / name).touch()
    assert leftovers.remove(tmp_path, "a") == 2 and names(tmp_path) == [".b-12345678.part.png"]
    assert leftovers.remove(tmp_path / "nowhere") == 0


def test_a_folder_that_a_link_names_is_not_touched(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").touch()
    (tmp_path / ".x-12345678.part.d").symlink_to(tmp_path / "mine")
    os.mkfifo(tmp_path / ".y-12345678.part")
    assert leftovers.remove(tmp_path) == 2  # without waiting for the pipe
    assert names(tmp_path) == ["a", "mine"]


def test_writers_and_removers_at_once_lose_nothing(tmp_path):
    """Each writer's file is swept again and again while it is written."""
    over, removed = threading.Event(), []

    def remove():
        while not over.is_set():
            removed.append(leftovers.remove(tmp_path))

    def write(number):
        for _ in range(60):
            with files.atomic(tmp_path / f"{number}.txt") as temporary:
                temporary.write_text(str(number))

    removers = [threading.Thread(target=remove) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    errors = []
    before, threading.excepthook = threading.excepthook, lambda found: errors.append(found.exc_value)
    try:
        for thread in (*removers, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        over.set()
        for thread in removers:
            thread.join()
    finally:
        threading.excepthook = before
    assert not errors and names(tmp_path) == [f"{number}.txt" for number in range(4)]


def test_without_locks_nothing_is_removed(tmp_path, monkeypatch):
    def refuse(handle, how):
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / ".a-12345678.part").touch()
    (tmp_path / ".a-12345678.part.png").touch()
    with files.atomic(tmp_path / "b.txt") as temporary:
        temporary.write_text("b")
    assert leftovers.remove(tmp_path) == 0
    assert names(tmp_path) == [".a-12345678.part", ".a-12345678.part.png", "b.txt"]


# A process in which a signal comes while the temporary name is removed.
INTERRUPTED = """
import sys
from mangastyle.io import leftovers
remove = leftovers._remove_one
def interrupt(path):
    leftovers._remove_one = remove
    raise KeyboardInterrupt
with leftovers.temporary_name(sys.argv[1], "a", ".png") as temporary:
    temporary.write_bytes(b"half")
    leftovers._remove_one = interrupt
"""


def test_what_a_signal_keeps_from_being_removed_goes_when_the_process_ends(tmp_path):
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, str(tmp_path)], capture_output=True, text=True)
    assert "KeyboardInterrupt" in done.stderr and not list(tmp_path.iterdir())
