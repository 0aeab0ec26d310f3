"""The loss of colors of regions, against its definition in double precision."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from mangastyle.training.region_losses import color_loss


def test_loss_is_that_of_a_mixture_of_gaussians():
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (2, 5, 5 + 3))
    logits[:, :, 1] = -1e9  # not known
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    given, palette, colors = random.normal(0, 30, (2, 5, 3)), random.normal(0, 30, (3, 3)), random.normal(0, 30, (2, 5, 3))
    colors[0, 0] = (100, 120, -120)  # far from all others: the loss has a limit
    expected = np.zeros((2, 5))
    for b in range(2):
        offered = [*given[b], *palette]
        for i in range(5):
            squares = [((colors[b, i] - other) ** 2).sum() for other in offered]
            density = sum(p * np.exp(-d / (2 * 49)) for p, d in zip(chances[b, i], squares))
            expected[b, i] = -np.log(density + np.exp(-12))
    logs = np.where(logits < -1e8, -1e9, np.log(np.maximum(chances, 1e-300)))
    found = color_loss(*(tf.constant(x, tf.float32) for x in (logs, given, palette, colors)))
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert expected[0, 0] > 11.9
