"""How colors are chosen from distributions, in rounds."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.shade import region_colors
from mangastyle.shade.region_colors import RegionColorizer
from mangastyle.shade.region_tensors import RegionColors, describe
from mangastyle.shade.spec import RegionSpec

SPEC = RegionSpec(size=32)
PALETTE = np.float32([[90, 0, 0], [60, 50, 30], [62, 48, 30], [64, 50, 28], [40, -40, 20]])


def colorize(shares: np.ndarray, known: np.ndarray, given: np.ndarray, copy: float = 0.0, **options) -> np.ndarray:
    """Colors (n, 3) of regions in a row, by a network that always says: `shares` (n, k) of the palette, `copy` times what the first
    known region has."""
    count = len(known)

    def decoder(inputs: dict, training: bool) -> tf.Tensor:
        tokens = np.zeros((1, count + 1, count + 1), np.float32)
        first = int(np.argmax(inputs["known"][0])) if np.any(inputs["known"]) else 0
        tokens[:, :, first] = copy if first else 0
        both = np.concatenate([tokens, np.concatenate([np.ones((1, len(PALETTE))), shares])[None] * (1 - copy)], -1)
        return tf.constant(np.log(both + 1e-20), tf.float32)

    network = SimpleNamespace(encoder=lambda inputs, training: {}, decoder=decoder, palette=tf.constant(PALETTE))
    labels = np.arange(4 * count)[None].repeat(6, 0) // 4
    paper = tf.fill((6, 4 * count, 3), tf.constant(255, tf.uint8))
    tf.config.run_functions_eagerly(True)
    try:
        hint = RegionColors(tf.constant(given, tf.float32), tf.constant(known, tf.float32))
        return RegionColorizer(network, SPEC)(paper, describe(labels.astype(np.int32), count), hint, **options).numpy()
    finally:
        tf.config.run_functions_eagerly(False)


def test_where_most_lies_counts_and_not_the_single_likeliest():
    shares = np.tile([0.4, 0.2, 0.2, 0.2, 0.0], (2, 1))  # three reds together outweigh one white
    found = colorize(shares, np.zeros(2), np.zeros((2, 3)))
    assert (np.abs(found - PALETTE[1:4].mean(0)) < 4).all()


def test_it_is_a_mode_and_not_the_mean():
    shares = np.tile([0.45, 0.0, 0.0, 0.0, 0.55], (2, 1))
    np.testing.assert_allclose(colorize(shares, np.zeros(2), np.zeros((2, 3))), PALETTE[[4, 4]])


def test_known_regions_keep_their_color_and_pass_it_on():
    given = np.zeros((3, 3))
    given[1] = 70, -20, 30
    found = colorize(np.tile([1.0, 0, 0, 0, 0], (3, 1)), np.array([0, 1, 0]), given, copy=0.8)
    np.testing.assert_allclose(found, np.tile(given[1], (3, 1)))


def test_variants_are_drawn_from_the_distribution_and_repeatable():
    shares = np.tile([0.5, 0.0, 0.0, 0.0, 0.5], (1, 1))
    drawn = [tuple(colorize(shares, np.zeros(1), np.zeros((1, 3)), variant=i)[0]) for i in range(1, 25)]
    assert {tuple(PALETTE[0]), tuple(PALETTE[4])} == set(drawn)
    assert drawn[:3] == [tuple(colorize(shares, np.zeros(1), np.zeros((1, 3)), variant=i)[0]) for i in range(1, 4)]


@pytest.mark.parametrize("rounds", [1, 3, 8])
def test_every_region_of_a_variant_gets_a_color_in_any_number_of_rounds(rounds, monkeypatch):
    monkeypatch.setattr(region_colors, "ROUNDS", rounds)
    shares = np.random.default_rng(0).dirichlet(np.ones(5), 9)
    found = colorize(shares, np.zeros(9), np.full((9, 3), -1.0), variant=5)
    assert all((np.abs(PALETTE - color).max(1) < 1e-4).any() for color in found)


def test_regions_that_the_network_does_not_see_take_a_neighbors_color(monkeypatch):
    monkeypatch.setattr(region_colors, "MAX_REGIONS", 1)
    given = np.zeros((3, 3))
    given[0] = 70, -20, 30
    found = colorize(np.ones((1, 5)) / 5, np.array([1, 0, 0]), given)
    np.testing.assert_allclose(found, np.tile(given[0], (3, 1)))
