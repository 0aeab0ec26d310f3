"""The log of a training and the wish to stop."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.monitor import Interrupts, Log


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


@pytest.mark.parametrize("number, name", [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_is_noted_and_the_handlers_come_back(number, name):
    before = signal.getsignal(number)
    with Interrupts() as interrupts:
        assert interrupts.stop == ""
        os.kill(os.getpid(), number)
        assert interrupts.stop == name
    assert signal.getsignal(number) is before


def test_a_second_ctrl_c_interrupts_at_once():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        with Interrupts():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
