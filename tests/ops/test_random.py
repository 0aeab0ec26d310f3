"""Random numbers by (seed, step)."""

from __future__ import annotations

import numpy as np

from mangastyle.ops.random import uniforms


def test_they_are_a_pure_function_of_seed_and_step():
    one, again, other_step, other_seed = (uniforms(*key, 50, 40) for key in ((1, 2), (1, 2), (1, 3), (2, 2)))
    np.testing.assert_array_equal(one, again)
    assert one.dtype == np.float32 and one.shape == (50, 40)
    assert (one != other_step).mean() > 0.99 and (one != other_seed).mean() > 0.99


def test_they_are_uniform():
    numbers = np.concatenate([uniforms(0, step, 100, 10).ravel() for step in range(20)])
    assert 0 <= numbers.min() and numbers.max() < 1
    counts = np.histogram(numbers, 20, (0, 1))[0]
    assert abs(counts - 1000).max() < 5 * np.sqrt(1000)
