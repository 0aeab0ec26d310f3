"""The temporal term of clips: its value, its gradient, and the search that it holds near the frame before."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.style.optimize import losses
from mangastyle.style.optimize.objective import Objective, References
from mangastyle.style.optimize.settings import OptimizeSettings
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.style.optimize.terms import Previous, build
from mangastyle.vgg.backbone import backbone

SETTINGS = OptimizeSettings(size=0, iterations=3, winograd=False)


def noise(*seed_and_size: int) -> np.ndarray:
    seed, *size = seed_and_size
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_value_and_gradient_by_finite_differences(reduction):
    rng = np.random.default_rng(0)
    picture, previous, weight = rng.uniform(0, 255, (1, 5, 6, 3)), rng.uniform(0, 255, (1, 5, 6, 3)), rng.uniform(0, 1, (1, 5, 6, 1))
    weight[0, :2] = 0

    def loss(x: np.ndarray) -> float:
        return float(losses.temporal_loss(*(tf.constant(y, tf.float64) for y in (x, previous, weight)), reduction))

    whole = np.sum(weight * ((picture - previous) / 255) ** 2)
    assert loss(picture) == pytest.approx(whole if reduction == "sum" else whole / picture.size)
    x = tf.constant(picture)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = losses.temporal_loss(x, tf.constant(previous), tf.constant(weight), reduction)
    gradient = tape.gradient(value, x).numpy()
    for place in ((0, 3, 4, 1), (0, 4, 0, 2), (0, 1, 1, 0)):
        step = np.zeros_like(picture)
        step[place] = 0.01
        assert gradient[place] == pytest.approx((loss(picture + step) - loss(picture - step)) / 0.02, rel=1e-5, abs=1e-12)
    assert not gradient[0, :2].any() and gradient[0, 2:].all()


def test_there_is_no_term_without_a_weight():
    assert [term.name for term in build(SETTINGS, [1.0], {})] == ["content", "style", "tv"]
    assert [(term.name, term.weight) for term in build(SETTINGS, [1.0], {}, 7.0)][3:] == [("temporal", 7.0)]


@pytest.mark.slow
def test_the_objective_adds_it():
    picture, content, painting, before = (noise(i, 32, 40) for i in range(4))
    plain, following = (Objective(backbone("slim"), SETTINGS, 1, weight) for weight in (0, 50.0))
    weight = np.zeros((32, 40), np.float32)
    weight[:, 20:] = 1
    references = References(content, [plain.style_statistics(painting)], (), Previous(before, weight))
    (a, slope), (b, slope_with) = (of(picture.astype(np.float32), of.targets(references)) for of in (plain, following))
    assert following.names == ("total", "content", "style", "tv", "temporal")
    expected = np.mean(weight[..., None] * ((picture.astype(float) - before) / 255) ** 2)
    assert float(b[4]) == pytest.approx(expected, rel=1e-5)
    assert float(b[0] - a[0]) == pytest.approx(50 * expected, rel=1e-4)
    added = (slope_with - slope).numpy()
    assert np.abs(added[:, :20]).max() < 1e-3 * np.abs(added[:, 20:]).max()


def test_a_search_stays_near_the_result_before_where_that_is_seen():
    content, painting, before = noise(0, 64, 64), noise(1, 64, 64), noise(2, 64, 64)
    stylizer = OptimizeStylizer([painting], SETTINGS, backbone="slim", precision="float32")
    weight = np.zeros((64, 64), np.float32)
    weight[:, 32:] = 1
    found: list = []
    held = stylizer(content, found.append, start=before, previous=Previous(before, weight))
    free = stylizer(content, start=before, previous=Previous(before, 0 * weight))
    apart, apart_free = (np.abs(x.astype(int) - before)[:, 40:].mean() for x in (held, free))
    assert apart < 0.85 * apart_free
    assert [record.iteration for record in found] == [0, 1, 2, 3] and found[-1].iterations == 3  # at the final scale alone
    assert "temporal" in found[0].losses and found[0].losses["temporal"] == 0
