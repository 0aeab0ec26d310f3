"""Equation 7 with its weights, paintings and masks, against the same sums made by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import MangastyleError
from mangastyle.style.optimize import terms
from mangastyle.style.optimize.objective import Objective, References
from mangastyle.style.optimize.settings import OptimizeSettings
from mangastyle.vgg import files
from mangastyle.vgg import network as vgg
from mangastyle.vgg.spec import kernel_shapes

LAYERS = ("relu1_1", "relu2_1")
SPREAD = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
SETTINGS = OptimizeSettings(content_layers=("relu2_2",), style_layers=LAYERS, distance="gram")


def picture(seed: int, height: int = 36, width: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def targets(objective: Objective, content: np.ndarray, *paintings: np.ndarray, masks=()) -> dict:
    return objective.targets(References(content, [objective.style_statistics(p) for p in paintings], masks))


def measure(objective: Objective, of: np.ndarray, to: dict) -> dict[str, float]:
    return dict(zip(objective.names, objective(of.astype(np.float32), to)[0].numpy().tolist(), strict=True))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("strength", [0.0, 0.25, 0.5, 1.0])
def test_total_is_the_weighted_sum(narrow, reduction, strength):
    settings = dataclasses.replace(SETTINGS, loss=reduction, strength=strength, content_weight=0.3, style_weight=7.0, tv_weight=1.5)
    objective = Objective(narrow, settings, 1)
    found = measure(objective, picture(0), targets(objective, picture(1), picture(2, 50, 33)))
    alpha, beta = 4 * (1 - strength) ** 2, 4 * strength**2
    expected = alpha * 0.3 * found["content"] + beta * (7.0 * found["style"] + 1.5 * found["tv"])
    assert found["total"] == pytest.approx(expected, rel=1e-5)


def test_losses_are_those_of_the_features(narrow):
    objective = Objective(narrow, SETTINGS, 1)
    found = measure(objective, picture(0), targets(objective, picture(1), picture(2)))
    of, to, painting = (vgg.features(narrow, (*LAYERS, "relu2_2"))(picture(i)[None].astype(np.float32)) for i in range(3))
    content = np.mean((of["relu2_2"] - to["relu2_2"]) ** 2) / np.mean(to["relu2_2"] ** 2)
    assert found["content"] == pytest.approx(content, rel=1e-5)
    style = 0
    for name in LAYERS:
        f, p = (np.asarray(x[name]).reshape(-1, x[name].shape[-1]) for x in (of, painting))
        gram, target = f.T @ f / len(f), p.T @ p / len(p)
        style += np.mean((gram - target) ** 2) / np.mean(target**2) / 2
    assert found["style"] == pytest.approx(style, rel=1e-4)


def test_readouts_count_as_many_features_as_vgg19():
    random, weights, readouts = np.random.default_rng(0), {}, {}
    for name, shape in kernel_shapes((4, 6, 8, 8, 8)).items():
        weights[name] = (random.normal(0, np.sqrt(2 / (9 * shape[2])), shape), np.zeros(shape[-1]))
    readouts["relu1_1"] = random.normal(size=(4, 4))
    network = vgg.network(weights, readouts=readouts)
    objective = Objective(network, dataclasses.replace(SETTINGS, loss="sum"), 1)
    found = measure(objective, picture(0), targets(objective, picture(1), picture(2)))
    of, painting = (vgg.features(network, LAYERS)(picture(i)[None].astype(np.float32)) for i in (0, 2))
    style = 0
    for name, n in {"relu1_1": 64, "relu2_1": 6}.items():  # relu2_1 is as it is
        f, p = (np.asarray(x[name]).reshape(-1, x[name].shape[-1]) for x in (of, painting))
        style += np.sum((f.T @ f / len(f) - p.T @ p / len(p)) ** 2) / (4 * n**2) / 2
    assert found["style"] == pytest.approx(style, rel=1e-4)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_gradient_is_that_of_the_total(narrow, reduction):
    objective = Objective(narrow, dataclasses.replace(SETTINGS, loss=reduction), 1)
    to, at = targets(objective, picture(1), picture(2)), picture(0).astype(np.float32)
    gradient = objective(at, to)[1].numpy()
    # Along the gradient and a random direction: far enough for float32, short enough for the curvature.
    random = np.random.default_rng(3).normal(size=at.shape).astype(np.float32)
    step = 8 * (gradient / np.linalg.norm(gradient) + 0.3 * random / np.linalg.norm(random))
    ahead, behind = (float(objective(at + sign * step, to)[0][0]) for sign in (1, -1))
    assert np.vdot(gradient, 2 * step) == pytest.approx(ahead - behind, rel=0.02)


def test_paintings_by_weight(narrow):
    paintings = picture(2), picture(3, 40, 64)
    alone = []
    for painting in paintings:
        objective = Objective(narrow, SETTINGS, 1)
        alone.append(measure(objective, picture(0), targets(objective, picture(1), painting))["style"])
    for given, shares in (((), (0.5, 0.5)), ((3.0, 1.0), (0.75, 0.25)), ((0.0, 2.0), (0.0, 1.0))):
        objective = Objective(narrow, dataclasses.replace(SETTINGS, style_weights=given), 2)
        both = measure(objective, picture(0), targets(objective, picture(1), *paintings))["style"]
        assert both == pytest.approx(np.dot(shares, alone), rel=1e-5)


def test_layers_by_weight(narrow):
    def style(weights: tuple[float, ...]) -> float:
        objective = Objective(narrow, dataclasses.replace(SETTINGS, style_layer_weights=weights), 1)
        return measure(objective, picture(0), targets(objective, picture(1), picture(2)))["style"]

    first, second = style((1.0, 0.0)), style((0.0, 1.0))
    assert first != pytest.approx(second, rel=0.01)
    assert style(()) == pytest.approx((first + second) / 2, rel=1e-5)
    assert style((3.0, 1.0)) == pytest.approx((3 * first + second) / 4, rel=1e-5)


@pytest.mark.slow
def test_layers_near_the_pixels_count_more_by_wasserstein(narrow):
    def style(**changes: Any) -> float:
        objective = Objective(narrow, dataclasses.replace(SETTINGS, **{"distance": "wasserstein", "style_layers": SPREAD, **changes}), 1)
        return measure(objective, picture(0), targets(objective, picture(1), picture(2)))["style"]

    assert style() == pytest.approx(style(style_layer_weights=(16.0, 12.0, 6.0, 1.0)), rel=1e-5)
    assert style() != pytest.approx(style(style_layer_weights=(1.0,) * 4), rel=0.01)
    assert style(distance="gram") == pytest.approx(style(distance="gram", style_layer_weights=(1.0,) * 4), rel=1e-5)


def test_a_painting_acts_where_its_mask_is_white(narrow):
    objective = Objective(narrow, SETTINGS, 2)
    left = np.zeros((36, 40), np.float32)
    left[:, :20] = 1
    to = targets(objective, picture(1), picture(2), picture(3), masks=(left, 1 - left))
    only_left = targets(objective, picture(1), picture(2), picture(2), masks=(left, left))
    gradient = objective(picture(0).astype(np.float32), to)[1].numpy()
    assert np.abs(gradient[:, :16]).max() > 0 and np.abs(gradient[:, 24:]).max() > 0
    no_content = Objective(narrow, dataclasses.replace(SETTINGS, content_weight=0.0, tv_weight=0.0), 2)
    gradient = no_content(picture(0).astype(np.float32), only_left)[1].numpy()
    assert np.abs(gradient[:, :16]).max() > 0
    assert np.abs(gradient[:, 28:]).max() == 0  # beyond the mask and what its features see


def test_white_masks_change_nothing(narrow):
    objective = Objective(narrow, SETTINGS, 1)
    plain = measure(objective, picture(0), targets(objective, picture(1), picture(2)))
    white = targets(objective, picture(1), picture(2), masks=(np.ones((36, 40), np.float32),))
    assert measure(objective, picture(0), white) == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize("distance", ["gram", "wasserstein"])
def test_no_loss_and_no_gradient_at_the_target(narrow, distance):
    objective = Objective(narrow, dataclasses.replace(SETTINGS, distance=distance, tv_weight=0.0), 1)
    far, gradient = objective(picture(0).astype(np.float32), targets(objective, picture(1), picture(2)))
    at, none = objective(picture(1).astype(np.float32), targets(objective, picture(1), picture(1)))
    assert float(at[0]) < 1e-3 * float(far[0])
    assert np.linalg.norm(none) < 0.05 * np.linalg.norm(gradient)


def test_one_graph_for_all_sizes(narrow):
    objective = Objective(narrow, SETTINGS, 1)
    for height, width in ((32, 32), (33, 47), (40, 64), (64, 40), (50, 50), (36, 99)):
        objective(picture(0, height, width).astype(np.float32), targets(objective, picture(1, height, width), picture(2)))
    assert objective._compiled.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"style_weights": (1.0, 2.0, 3.0)}, "`style_weights`: 3 weights for 2"),
        ({"style_weights": (0.0, 0.0)}, "`style_weights`: at least one"),
        ({"style_layer_weights": (1.0,)}, "`style_layer_weights`: 1 weight for 2"),
        ({"style_layers": ("relu2_1", "relu2_9")}, "no layer 'relu2_9'.*did you mean"),
    ],
)
def test_mistakes(narrow, changes, message):
    with pytest.raises(MangastyleError, match=message):
        Objective(narrow, dataclasses.replace(SETTINGS, **changes), 2)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_gradient_in_mixed_precision_is_near_the_exact_one(policy):
    # Noise: on flat areas edge filters give exactly 0, where rounding alone decides a ReLU's gradient.
    weights = {name: arrays for name, arrays in files.random_weights().items() if name < "conv3_2"}
    settings = dataclasses.replace(SETTINGS, content_layers=("relu3_1",), style_layers=("relu1_1", "relu2_1", "relu3_1"))
    gradients = []
    for name in ("float32", policy):
        objective = Objective(vgg.network(weights, policy=name), settings, 1)
        to = targets(objective, picture(1, 64, 64), picture(2, 64, 64))
        gradients.append(objective(tf.constant(picture(0, 64, 64), tf.float32), to)[1].numpy())
    exact, mixed = gradients
    assert np.linalg.norm(mixed - exact) < 0.1 * np.linalg.norm(exact)


def test_a_further_term_is_summed_reported_and_gets_targets(narrow, monkeypatch):
    """A term, such as a temporal loss, is a class and a line of `terms.build`."""

    class Still(terms.Term):
        name = "still"

        def targets(self, references, features):
            return tf.constant(references.content[None], tf.float32)

        def loss(self, picture, features, targets):
            return tf.reduce_mean(tf.math.squared_difference(picture, targets))

    build = terms.build
    monkeypatch.setattr(terms, "build", lambda *args: [*build(*args), Still(0.25)])
    objective = Objective(narrow, SETTINGS, 1)
    found = measure(objective, picture(0), targets(objective, picture(1), picture(2)))
    assert list(found) == ["total", "content", "style", "tv", "still"]
    assert found["still"] == pytest.approx(np.mean((picture(0).astype(float) - picture(1)) ** 2), rel=1e-5)
    expected = found["content"] + SETTINGS.style_weight * found["style"] + 4 * found["tv"] + 0.25 * found["still"]
    assert found["total"] == pytest.approx(expected, rel=1e-5)
