"""The network over regions: what must hold whatever its weights are."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.shade import region_network
from mangastyle.shade.spec import RegionSpec

SPEC = RegionSpec(size=32, widths=(8, 8, 8), width=16, heads=2, blocks=2, colors=5)
COUNT = 7


@pytest.fixture(scope="module")
def network():
    return region_network.build(SPEC, seed=1)


def inputs(seed: int = 0, count: int = COUNT) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    known = np.zeros((1, count), np.float32)
    known[:, 1:3] = 1
    shapes = {"areas": (1, count), "centers": (1, count, 2), "colors": (1, count, 3), "valid": (1, count)}
    found = {name: random.random(shape).astype(np.float32) for name, shape in shapes.items()}
    found["valid"][:] = 1
    return {
        "ink": random.random((1, 32, 32, 1)).astype(np.float32), "known": known,
        "labels": random.integers(0, count, (1, 8, 8)).repeat(4, 1).repeat(4, 2).astype(np.int32), **found,
    }  # fmt: skip


def run(network: region_network.RegionNetwork, given: dict[str, np.ndarray]) -> np.ndarray:
    return network.model({name: tf.constant(x) for name, x in given.items()}, training=False)[0].numpy()


def test_it_gives_distributions_over_known_colors_and_the_palette(network):
    found = run(network, inputs())
    assert found.shape == (COUNT, COUNT + SPEC.colors)
    np.testing.assert_allclose(np.exp(found).sum(1), 1, rtol=1e-5)
    assert (np.exp(found[:, [0, *range(3, COUNT)]]) == 0).all() and (np.exp(found[:, 1:3]) > 0).all()


def test_the_order_of_the_regions_does_not_matter(network):
    given, order = inputs(), np.random.default_rng(3).permutation(COUNT)
    moved = {name: x[:, order] for name, x in given.items() if name not in ("ink", "labels")}
    back = np.argsort(order)
    moved |= {"ink": given["ink"], "labels": back[given["labels"]].astype(np.int32)}
    columns = np.concatenate([order, COUNT + np.arange(SPEC.colors)])
    np.testing.assert_allclose(np.exp(run(network, moved)), np.exp(run(network, given))[order][:, columns], atol=1e-5)


def test_tokens_that_stand_for_no_region_change_nothing(network):
    given, more = inputs(), inputs(9, COUNT + 4)
    padded = {name: np.concatenate([x, more[name][:, COUNT:]], 1) for name, x in given.items() if name not in ("ink", "labels")}
    padded |= {"ink": given["ink"], "labels": given["labels"]}
    padded["valid"][:, COUNT:] = padded["known"][:, COUNT:] = 0
    columns = [*range(COUNT), *range(COUNT + 4, COUNT + 4 + SPEC.colors)]
    np.testing.assert_allclose(np.exp(run(network, padded))[:COUNT, columns], np.exp(run(network, given)), atol=1e-5)


def test_colors_that_are_not_known_are_not_seen(network):
    given = inputs()
    changed = {**given, "colors": np.where(given["known"][..., None] > 0, given["colors"], 50).astype(np.float32)}
    np.testing.assert_array_equal(run(network, changed), run(network, given))


def test_line_art_and_hints_matter(network):
    given = inputs()
    for name in ("ink", "colors", "centers", "areas"):
        assert np.abs(run(network, {**given, name: given[name][:, ::-1] + 0.1}) - run(network, given)).max() > 1e-4, name


def test_means_over_regions_are_numpys(network):
    labels = np.random.default_rng(0).integers(0, 5, (2, 6, 8)).astype(np.int32)
    features = np.random.default_rng(1).normal(0, 1, (2, 6, 8, 3)).astype(np.float32)
    found = region_network.RegionMeans()([tf.constant(features), tf.constant(labels), tf.zeros((2, 5))]).numpy()
    np.testing.assert_allclose(found, [[f[x == i].mean(0) for i in range(5)] for f, x in zip(features, labels)], atol=2e-3)


def test_borders_are_counted_pair_by_pair(network):
    labels = np.random.default_rng(0).integers(0, 4, (1, 9, 7)).astype(np.int32)
    expected = np.zeros((4, 4))
    for a, b in ((labels[0, :-2], labels[0, 2:]), (labels[0, :, :-2], labels[0, :, 2:])):
        for i, j in zip(a.ravel(), b.ravel()):
            expected[i, j] += 1
            expected[j, i] += 1
    np.testing.assert_allclose(region_network.Borders()([tf.constant(labels), tf.zeros((1, 4))])[0], np.log1p(expected), rtol=1e-5)


def test_the_seed_decides_the_first_weights():
    one, same, other = (region_network.build(SPEC, seed=seed).model.get_weights() for seed in (4, 4, 5))
    assert all((a == b).all() for a, b in zip(one, same)) and any((a != b).any() for a, b in zip(one, other))
