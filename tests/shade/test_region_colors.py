"""Colors of regions by a network: how they are chosen, known ones, and regions that the network does not see."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from mangastyle.shade import color_choice, region_colors
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
        seen = inputs["known"].shape[1] - 1
        tokens = np.zeros((1, seen + 1, seen + 1), np.float32)
        first = int(np.argmax(inputs["known"][0])) if np.any(inputs["known"]) else 0
        tokens[:, :, first] = copy if first else 0
        both = np.concatenate([tokens, np.concatenate([np.ones((1, len(PALETTE))), shares[:seen]])[None] * (1 - copy)], -1)
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


def test_without_any_color_known_a_vivid_one_goes_before_a_gray_but_not_before_what_is_surely_paper(monkeypatch):
    gray, vivid, paper = (50, 0, 0), (50, 60, 0), (95, 0, 0)
    monkeypatch.setattr(color_choice, "CLOSE", 5.0)
    shares = np.tile([0.4, 0.35, 0.25, 0.0, 0.0], (2, 1))
    for first, chosen, surely in ((gray, vivid, 0.3), (paper, paper, 0.3), (paper, vivid, 0.5)):
        monkeypatch.setattr(color_choice, "SURELY", surely)
        monkeypatch.setitem(globals(), "PALETTE", np.float32([first, vivid, (50, -60, 60), (0, 0, 0), (0, 0, 0)]))
        np.testing.assert_allclose(colorize(shares, np.zeros(2), np.zeros((2, 3))), [chosen, chosen])
        all_known = color_choice.choose(tf.constant(np.log(shares + 1e-20), tf.float32), PALETTE, tf.constant(1.0), tf.constant(0))
        np.testing.assert_allclose(all_known, [first, first])


def test_what_is_nearly_white_is_white(monkeypatch):
    monkeypatch.setitem(globals(), "PALETTE", np.float32([[99.2, 0.3, -0.2], [97, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]))
    for shares, lightness in ((np.eye(5)[:1], 100), (np.eye(5)[1:2], 97)):
        np.testing.assert_allclose(colorize(shares, np.zeros(1), np.zeros((1, 3))), [[lightness, 0, 0]])


def test_known_regions_keep_their_color_and_pass_it_on():
    given = np.zeros((3, 3))
    given[1] = 70, -20, 30
    found = colorize(np.tile([1.0, 0, 0, 0, 0], (3, 1)), np.array([0, 1, 0]), given, copy=0.8)
    np.testing.assert_allclose(found, np.tile(given[1], (3, 1)))


def test_variants_differ_are_repeatable_and_give_like_regions_one_color():
    shares = np.tile([0.0, 0.5, 0.0, 0.0, 0.5], (6, 1))
    found = [colorize(shares, np.zeros(6), np.zeros((6, 3)), variant=i) for i in range(1, 25)]
    assert {tuple(PALETTE[1]), tuple(PALETTE[4])} == {tuple(color) for colors in found for color in colors}
    assert all((colors == colors[0]).all() for colors in found)
    np.testing.assert_array_equal(found[4], colorize(shares, np.zeros(6), np.zeros((6, 3)), variant=5))


def test_no_variant_gives_what_is_hardly_possible():
    shares = np.tile([0.0, 0.999, 0.0, 0.0, 0.001], (1, 1))
    found = [colorize(shares, np.zeros(1), np.zeros((1, 3)), variant=i)[0] for i in range(1, 25)]
    assert all((color == PALETTE[1]).all() for color in found)


def test_regions_that_the_network_does_not_see_take_a_neighbors_color(monkeypatch):
    monkeypatch.setattr(region_colors, "MAX_REGIONS", 1)
    given = np.zeros((3, 3))
    given[0] = 70, -20, 30
    found = colorize(np.ones((1, 5)) / 5, np.array([1, 0, 0]), given)
    np.testing.assert_allclose(found, np.tile(given[0], (3, 1)))
