"""What distributed trainings share, on one device. (Trainings on several: the tests of each.)"""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.training import distributed


def test_the_stream_gives_every_step_its_own_batch():
    def examples(step: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((2, 3), step, np.float32), np.arange(2, dtype=np.int64) + step

    stream = distributed.stream(tf.distribute.get_strategy(), examples, start=5)
    for step in (5, 6, 7):
        for found, expected in zip(next(stream), examples(step), strict=True):
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)


def test_on_one_device_the_mean_over_replicas_changes_nothing():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = distributed.replica_mean({"x": x})["x"] + 2 * distributed.replica_mean(x)
    np.testing.assert_array_equal(y, [3.0, 6.0])
    np.testing.assert_array_equal(tape.gradient(y, x), [3.0, 3.0])
    assert int(distributed.replica_index()) == 0


def test_examples_are_shared_out_evenly_or_not_at_all():
    class Three:
        num_replicas_in_sync = 3

    assert distributed.share(Three(), "batch", 6) == 2
    with pytest.raises(MangastyleError, match="`batch`: must be a multiple of the 3 replicas, not 7"):
        distributed.share(Three(), "batch", 7)
