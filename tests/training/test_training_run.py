"""What all trainings share: run folder, session, log, signals, schedules."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.training.run import Interrupts, Log, Session, cosine_schedule
from mangastyle.training.run_folder import FILES, FOLDERS, RunFolder, worker_folder


def records(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def events(run):
    """{tag: [(step, value)]} of all scalars, and the tags of pictures."""
    scalars, pictures = {}, []
    for file in sorted((run / "tensorboard").iterdir()):
        for raw in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(raw.numpy())
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "images":
                    pictures.append(value.tag)
                else:
                    scalars.setdefault(value.tag, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    return scalars, pictures


def test_records_reach_file_and_tensorboard(tmp_path):
    log = Log(tmp_path, 0)
    for step in (1, 2):
        log.write({"step": step, "generator": step / 4, "l2": 0.5})
        assert len(records(tmp_path)) == step  # at once: a kill loses nothing
    log.scalars(2, {"validation/l1": 0.25})
    log.picture(2, np.zeros((4, 6, 3), np.uint8))
    log.close()
    assert records(tmp_path)[1] == {"step": 2, "generator": 0.5, "l2": 0.5}
    scalars, pictures = events(tmp_path)
    assert scalars == {"generator": [(1, 0.25), (2, 0.5)], "l2": [(1, 0.5), (2, 0.5)], "validation/l1": [(2, 0.25)]}
    assert pictures == ["samples"]


def test_resuming_drops_what_came_after_the_checkpoint_and_half_lines(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(1, 8)) + '{"step": 8, "gen')
    log = Log(tmp_path, 5)
    log.write({"step": 6, "new": 1})
    log.close()
    assert records(tmp_path) == [{"step": 1}, {"step": 2}, {"step": 3}, {"step": 4}, {"step": 5}, {"step": 6, "new": 1}]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_clear_error(tmp_path):
    log = Log(tmp_path, 0)
    log.file.close()
    log.file = open("/dev/full", "ab", buffering=0)
    with pytest.raises(MangastyleError, match="make room"):
        log.write({"step": 1})
    log.close()


@pytest.mark.posix
@pytest.mark.parametrize("signal_name, name", [("SIGINT", "Ctrl-C"), ("SIGTERM", "SIGTERM"), ("SIGHUP", "SIGHUP")])
def test_a_signal_is_noted_and_the_handlers_come_back(signal_name, name):
    number = getattr(signal, signal_name)  # of which Windows lacks some
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        assert interrupts.stop == ""
        os.kill(os.getpid(), number)
        assert interrupts.stop == name
    assert signal.getsignal(number) is before


@pytest.mark.posix
def test_nohup_goes_on(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGHUP)
            assert interrupts.stop == ""
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.posix
def test_a_second_ctrl_c_interrupts_at_once():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        with Interrupts():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_disk_that_takes_half_a_line_says_so_with_the_next_half(tmp_path):
    log = Log(tmp_path, 0)
    log.file.close()

    class NearlyFull:
        written = b""

        def write(self, line):
            if self.written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.written = line[:5]
            return 5

        def close(self):
            pass

    log.file = NearlyFull()
    with pytest.raises(MangastyleError, match="No space left on device.*make room"):
        log.write({"step": 1})
    assert log.file.written == b'{"ste'
    log.close()


def test_resuming_doubles_nothing_in_tensorboard(tmp_path):
    log = Log(tmp_path, 0)
    for step in (1, 2, 3):
        log.write({"step": step, "l2": step / 4})
    log.close()
    (file,) = (tmp_path / "tensorboard").iterdir()
    with open(file, "ab") as killed:
        killed.write(file.read_bytes()[:20])  # half a record
    for _ in range(2):
        log = Log(tmp_path, 2)
        log.write({"step": 3, "l2": 0.75})
        log.close()
    assert events(tmp_path)[0] == {"l2": [(1, 0.25), (2, 0.5), (3, 0.75)]}


# ---- the run folder


def test_a_run_folder_is_checked_without_tensorflow():
    code = "import sys; from mangastyle.training.run_folder import RunFolder; RunFolder('nowhere'); sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.posix
def test_another_training_is_neither_overwritten_nor_resumed_unasked(tmp_path):
    with pytest.raises(MangastyleError, match="no training to resume"):
        RunFolder(tmp_path, resume=True)
    run = RunFolder(tmp_path, config={"steps": 3})
    run.prepare()
    run.write_config()
    run.release()
    assert json.loads((tmp_path / "config.json").read_text()) == {"steps": 3}
    with pytest.raises(MangastyleError, match="`resume`.*`force`.*`out`"):
        RunFolder(tmp_path)
    (tmp_path / "samples").mkdir()
    (tmp_path / "last.h5").touch()
    (tmp_path / "mine.txt").touch()
    resumed = RunFolder(tmp_path, resume=True)
    resumed.prepare()
    assert (tmp_path / "samples").exists() and (tmp_path / "last.h5").exists()
    forced = RunFolder(tmp_path, force=True)
    with pytest.raises(MangastyleError, match="another process is at work"):
        forced.prepare()
    assert (tmp_path / "last.h5").exists()
    resumed.release()
    forced.prepare()
    forced.release()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt"]


def test_files_of_somebody_else_are_not_removed_unasked(tmp_path):
    """Nor what a kill left of a training that was being removed; it passes for no training."""
    (tmp_path / "samples").mkdir()
    (tmp_path / "best.h5").touch()
    with pytest.raises(MangastyleError, match="holds best.h5, samples, but no training.*`force`.*`out`"):
        RunFolder(tmp_path)
    with pytest.raises(MangastyleError, match="no training to resume here; leave out `resume`"):
        RunFolder(tmp_path, resume=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.h5", "samples"]
    RunFolder(tmp_path, force=True)


@pytest.mark.parametrize("moment", range(9))
def test_a_kill_while_a_training_is_replaced_leaves_none_or_the_old_one(tmp_path, monkeypatch, moment):
    """Killed before the given change on the disk."""
    run = RunFolder(tmp_path, config={"steps": 3})
    run.prepare()
    run.write_config()
    run.release()
    for name in FILES:
        (tmp_path / name).write_text(name)
    for name in FOLDERS:
        (tmp_path / name).mkdir(exist_ok=True)
    before = sorted(path.name for path in tmp_path.iterdir())
    left = iter(range(moment))

    def killed(name):
        change = getattr(os, name)

        def change_or_not(*arguments, **options):
            if next(left, None) is None:
                raise SystemExit
            return change(*arguments, **options)

        return change_or_not

    for name in ("unlink", "rmdir"):
        monkeypatch.setattr(os, name, killed(name))
    forced = RunFolder(tmp_path, force=True)
    with pytest.raises(SystemExit) if moment < 8 else contextlib.nullcontext():
        forced.prepare()
    monkeypatch.undo()
    forced.release()
    left_names = sorted(path.name for path in tmp_path.iterdir())
    assert left_names == before if moment == 0 else "config.json" not in left_names
    RunFolder(tmp_path, force=True).prepare()
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_found_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MangastyleError, match="file"):
        RunFolder(tmp_path / "file" / "run")


@pytest.mark.parametrize(
    "task, cluster, expected",
    [
        ({"type": "worker", "index": 0}, {"worker": ["a", "b"]}, "run"),
        ({"type": "worker", "index": 1}, {"worker": ["a", "b"]}, "run/worker-1"),
        ({"type": "chief", "index": 0}, {"chief": ["a"], "worker": ["b"]}, "run"),
        ({"type": "worker", "index": 0}, {"chief": ["a"], "worker": ["b"]}, "run/worker-1"),
    ],
)
def test_every_worker_but_the_first_has_a_folder_of_its_own(monkeypatch, task, cluster, expected):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    assert worker_folder("run", "multiworker").as_posix() == expected
    assert worker_folder("run", "mirrored").as_posix() == "run"
    monkeypatch.setenv("TF_CONFIG", "{")
    with pytest.raises(MangastyleError, match="TF_CONFIG"):
        worker_folder("run", "multiworker")


@pytest.mark.parametrize("command", ["train", "train-onepass", "train-regions", "train-shading", "train-slim-vgg"])
def test_resuming_where_no_training_is_says_so_first(tmp_path, capsys, command):
    """As after a kill before there was a config.json: nothing was lost, and nothing can be continued."""
    (tmp_path / ".config-12345678.part").touch()
    assert main([command, "--resume", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"mangastyle: {tmp_path}: no training to resume here; leave out --resume to start one\n"


# ---- the session


def session(folder, variable, resume=False, **options) -> Session:
    return Session(RunFolder(folder, resume), {"variable": variable}, **{"batch": 2, "max_to_keep": 1, **options})


def test_a_session_continues_at_its_last_checkpoint(tmp_path):
    variable = tf.Variable(0.0)
    with session(tmp_path, variable) as first:
        for _ in range(3):
            variable.assign_add(1.0)
            first.log({"loss": tf.constant(0.5), "rate": 2})
            if first.step == 2:
                first.save()
        assert (first.start, first.ending) == (0, (3, ""))
    assert [(r["step"], r["loss"], r["rate"]) for r in records(tmp_path)] == [(1, 0.5, 2.0), (2, 0.5, 2.0), (3, 0.5, 2.0)]
    assert all(r["pictures_per_second"] > 0 and r["seconds"] >= 0 for r in records(tmp_path))
    other = tf.Variable(0.0)
    with session(tmp_path, other, resume=True) as second:
        assert (second.start, second.step, float(other)) == (2, 2, 2.0)
        second.log({"loss": 0.25})
    assert [r["loss"] for r in records(tmp_path)] == [0.5, 0.5, 0.25]


def test_a_training_by_the_clock_shows_its_share_too(tmp_path):
    with session(tmp_path, tf.Variable(0.0)) as running:
        running.log({"loss": 0.5})
        assert running._bar.total is None
        running.log({"loss": 0.5}, done=0.25)
        assert running._bar.line(10.0) == "step 2 of 8 (25%), loss=0.5, 00:30 left"


def test_weights_without_their_checkpoints_are_not_trained_over(tmp_path):
    with session(tmp_path, tf.Variable(0.0)) as running:
        running.log({"loss": 0.5})
    (tmp_path / "last.h5").touch()  # killed between weights and first checkpoint
    RunFolder(tmp_path, resume=True)
    (tmp_path / "checkpoints").rmdir()
    with pytest.raises(MangastyleError, match="holds last.h5, but no checkpoints to resume from; start anew with `force`"):
        RunFolder(tmp_path, resume=True)


def test_a_checkpoint_holds_all_that_a_weights_file_to_start_from_could_give(tmp_path):
    with session(tmp_path, tf.Variable(0.0)) as running:
        assert RunFolder(tmp_path, resume=True).start_from("a.h5") == "a.h5"
        running.log({"loss": 0.5})
        running.save()
    assert RunFolder(tmp_path, resume=True).start_from("a.h5") == ""
    assert RunFolder(tmp_path, force=True).start_from("a.h5") == "a.h5"


def test_a_finished_training_keeps_its_config(tmp_path):
    def resumed(steps: int) -> dict:
        run = RunFolder(tmp_path, (tmp_path / "config.json").exists(), config={"steps": steps})
        with Session(run, {"variable": tf.Variable(0.0)}, batch=1, max_to_keep=1, steps=steps) as running:
            while running.step < steps:
                running.log({"loss": 0.5})
            running.save()
        return json.loads((tmp_path / "config.json").read_text())

    assert [resumed(steps)["steps"] for steps in (2, 1, 2, 3)] == [2, 2, 2, 3]


def test_a_checkpoint_that_does_not_fit_is_told_in_one_line(tmp_path):
    code = (
        "import sys, tensorflow as tf\nfrom mangastyle.errors import MangastyleError\nfrom mangastyle.training.run import Session\n"
        "from mangastyle.training.run_folder import RunFolder\n"
        "def go(resume, **state):\n    with Session(RunFolder(sys.argv[1], resume), state, batch=1, max_to_keep=1) as session:\n"
        "        session.log({'loss': 1.0}); session.save()\n"
        "go(False, a=tf.Variable(0.0))\n"
        "try:\n    go(True, b=tf.Variable([0.0, 1.0]))\nexcept MangastyleError as error:\n    print('refused', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert "refused" in done.stderr and "unrestored" not in done.stderr and "WARNING:tensorflow" not in done.stderr


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_ends_the_session(tmp_path, bad):
    with session(tmp_path, tf.Variable(0.0)) as running:
        running.log({"loss": 1.0})
        running.save()
        with pytest.raises(MangastyleError, match="no longer a number at step 2 .*ckpt-1; .*`resume`.*`learning_rate`"):
            running.log({"loss": bad})
    assert len(records(tmp_path)) == 1


def test_a_checkpoint_that_does_not_fit_leaves_everything_as_it_was(tmp_path):
    with session(tmp_path, tf.Variable(tf.zeros(3))) as running:
        running.log({"loss": 1.0})
        running.save()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(MangastyleError, match="ckpt-1: .*damaged or of other networks.*trained with, or so"):
        session(tmp_path, tf.Variable(tf.zeros(4)), resume=True, cure=", or so")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_a_kill_leaves_of_checkpoints_goes_when_the_training_continues(tmp_path):
    variable = tf.Variable(1.0)
    with session(tmp_path, variable) as first:
        first.log({"loss": 1.0})
        first.save()
    folder = tmp_path / "checkpoints"
    whole = sorted(path.name for path in folder.iterdir())
    for name in ("ckpt-0.data-00000-of-00001", "ckpt-2.index", "ckpt-2.data-00000-of-00001", "checkpoint.tmp0123456789abcdef"):
        (folder / name).write_bytes(b"half")
    (folder / "ckpt-3_temp").mkdir()
    (folder / "ckpt-3_temp" / "part-00000-of-00001.data-00000-of-00001").write_bytes(b"half")
    (folder / "ckpt-2-mine.index").write_bytes(b"somebody's copy")
    with session(tmp_path, variable, resume=True) as second:
        assert second.start == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted([*whole, "ckpt-2-mine.index"])


def test_a_checkpoint_is_never_written_over(tmp_path):
    """A kill while it is replaced would damage the only one."""
    variable = tf.Variable(1.0)
    with session(tmp_path, variable) as running:
        assert running.saved
        running.log({"loss": 1.0})
        assert not running.saved
        running.save()
        before = {path: path.stat().st_mtime_ns for path in (tmp_path / "checkpoints").iterdir()}
        running.save()
        assert running.saved
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "checkpoints").iterdir()}


def test_the_cosine_schedule_rises_then_falls_to_zero():
    rates = [cosine_schedule(step, 1000, 200) for step in range(1001)]
    assert rates[0] == pytest.approx(1 / 200) and rates[-1] == pytest.approx(0)
    assert rates.index(max(rates)) == 199
    assert rates[500] == pytest.approx(0.5)
