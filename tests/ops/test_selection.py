"""Selection by rank, against sorting."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.ops.selection import largest

RNG = np.random.default_rng(0)
TIES = RNG.integers(0, 4, 1000).astype(np.float32) / 7
VALUES = {
    "shares": RNG.random(5000, dtype=np.float32) ** 3,
    "ties": TIES,
    "alike": np.full(40, 0.3, np.float32),
    "one": np.float32([0.25]),
    "neighbors": np.nextafter(np.float32(0.5), np.float32([0, 1, 0.5])),
    "zeros and the least": np.float32([0, 1e-45, 0, 1e-38, 3e38]),
    "one upper half": np.float32(1) + np.arange(300, dtype=np.float32)[::-1] * np.finfo(np.float32).eps,
}


@pytest.mark.parametrize("name", VALUES)
def test_it_is_what_sorting_gives(name):
    values = VALUES[name]
    ordered = np.sort(values)[::-1]
    select = tf.function(largest, input_signature=[tf.TensorSpec((None,)), tf.TensorSpec((), tf.int32)], autograph=False)
    for rank in {0, len(values) // 3, len(values) // 2, len(values) - 1, *range(0, len(values), max(1, len(values) // 40))}:
        found = select(tf.constant(values), tf.constant(rank)).numpy()
        assert found.dtype == np.float32 and found.tobytes() == ordered[rank].tobytes(), rank
