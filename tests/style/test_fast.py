"""The one-pass painter: sizes, strengths, masks, several paintings, tiles, files, and what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from mangastyle import images
from mangastyle.cli import main
from mangastyle.config import StyleConfig
from mangastyle.errors import MangastyleError
from mangastyle.style import fast, onepass, transport, vgg


@pytest.fixture(scope="module")
def options(fast_weights) -> StyleConfig:
    return StyleConfig(fast=True, fast_weights=fast_weights, size=0, precision="float32")


def noise(seed: int, height: int = 64, width: int = 64) -> np.ndarray:
    """Coloured blotches, uint8 (height, width, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return images.resize(coarse, height, width)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (64, 40)])
def test_exactly_the_size_of_the_content(options, height, width):
    assert fast.fast_stylize(noise(0, 80, 80)[:height, :width], [noise(1)], options).shape == (height, width, 3)


def test_size_asked_for(options):
    assert fast.fast_stylize(noise(0, 64, 96), [noise(1)], dataclasses.replace(options, size=40)).shape == (40, 60, 3)


def test_the_encoder_is_the_backbone():
    """Features are those of the slim VGG-19, over one number a layer."""
    backbone = vgg.backbone("slim")
    picture = tf.constant(noise(2)[None], tf.float32)
    expected = vgg.features(backbone, tuple(onepass.LAYERS))(picture)
    for name, found in onepass.encoder(backbone)(picture).items():
        np.testing.assert_allclose(found * onepass.LAYERS[name], expected[name], rtol=1e-5)


def test_the_same_twice_and_for_every_picture_of_a_folder(options):
    painter = fast.FastPainter([noise(1)], options)
    first = painter.paint(noise(0))
    painter.paint(noise(3, 80, 48))
    np.testing.assert_array_equal(painter.paint(noise(0)), first)
    np.testing.assert_array_equal(fast.fast_stylize(noise(0), [noise(1)], options), first)


def test_at_strength_0_the_painting_does_not_matter(options):
    weak = dataclasses.replace(options, strength=0.0)
    one, other = (fast.fast_stylize(noise(0), [noise(seed)], weak) for seed in (1, 2))
    assert np.abs(one.astype(int) - other).max() <= 1
    strong = [fast.fast_stylize(noise(0), [noise(seed)], options) for seed in (1, 2)]
    assert np.abs(strong[0].astype(int) - strong[1]).mean() > 3


def test_maps_at_full_strength_are_optimal_transport():
    found = onepass.encoder(vgg.backbone("slim"))(tf.constant(np.stack([noise(4), noise(5)]), tf.float32))
    content, painting = ({name: transport.statistics(x[i : i + 1]) for name, x in found.items()} for i in (0, 1))
    maps = onepass.maps(content, painting, tf.ones(1))
    for name in onepass.LAYERS:
        expected = transport.transport(content[name], painting[name])
        np.testing.assert_allclose(maps[name].matrix, expected.matrix, atol=1e-5)


def test_grain_is_what_varies_in_a_painting():
    random = np.random.default_rng(0)
    features = {name: tf.constant(random.normal(3, 1, (2, 24 * width, 20 * width, 5)), tf.float32) for name, width in (("relu4_1", 1), ("relu3_1", 2))}
    for name, grain in onepass.grain(features).items():
        x, width = features[name].numpy(), onepass.GRAINY[name]
        means = ndimage.uniform_filter(x, (0, width, width, 0))
        inner = (slice(None), slice(width, -width), slice(width, -width))
        np.testing.assert_allclose(grain[inner], (x - means)[inner], atol=1e-4)
    shapes = {name: tf.ones((1, 9, 9, 3)) * value for name, value in (("relu4_1", 5.0), ("relu3_1", 2.0))}
    assert max(float(tf.reduce_max(tf.abs(x))) for x in onepass.grain(shapes).values()) < 1e-5  # what is flat has no strokes


def test_grain_is_mirrored_or_cut_to_the_size_of_the_content():
    x = np.arange(2 * 3 * 4, dtype=np.float32).reshape(1, 2 * 3, 4, 1)
    made = onepass.laid_out({"relu4_1": x}, 8 * 9, 8 * 3)["relu4_1"]
    mirrored = np.pad(x, ((0, 0), (0, 3), (0, 0), (0, 0)), mode="reflect")[:, :, :3]
    np.testing.assert_array_equal(made, np.float32(onepass.GRAIN) * mirrored)


def test_one_painting_twice_is_that_painting(options):
    alone = fast.fast_stylize(noise(0), [noise(1)], options)
    twice = fast.fast_stylize(noise(0), [noise(1), noise(1)], dataclasses.replace(options, style_weights=(1.0, 3.0)))
    assert np.abs(alone.astype(int) - twice).max() <= 1


def test_a_weight_of_0_silences_a_painting(options):
    alone = fast.fast_stylize(noise(0), [noise(1)], options)
    both = fast.fast_stylize(noise(0), [noise(1), noise(2)], dataclasses.replace(options, style_weights=(1.0, 0.0)))
    assert np.abs(alone.astype(int) - both).max() <= 1


def test_a_white_mask_changes_nothing_and_halves_do_not_meet(options, tmp_path):
    content, styles = noise(0, 64, 256), [noise(1), noise(2)]
    white, left = np.full((64, 256), 255, np.uint8), np.zeros((64, 256), np.uint8)
    left[:, :128] = 255
    for name, mask in (("white", white), ("left", left), ("right", 255 - left)):
        images.save(tmp_path / f"{name}.png", mask)
    masked = dataclasses.replace(options, mask=(str(tmp_path / "white.png"),))
    difference = fast.fast_stylize(content, styles[:1], masked).astype(int) - fast.fast_stylize(content, styles[:1], options)
    assert np.abs(difference).max() <= 1

    halves = dataclasses.replace(options, mask=(str(tmp_path / "left.png"), str(tmp_path / "right.png")))
    other = fast.fast_stylize(content, [styles[0], noise(6)], halves)[:, :32]
    np.testing.assert_array_equal(fast.fast_stylize(content, styles, halves)[:, :32], other)  # far from the right half


@pytest.mark.parametrize("masked", [False, True])
def test_tiles_leave_no_seams(options, monkeypatch, tmp_path, masked):
    content, styles = noise(0, 300, 404), [noise(1)]
    if masked:
        images.save(tmp_path / "mask.png", np.tile(np.linspace(0, 255, 404).astype(np.uint8), (300, 1)))
        options = dataclasses.replace(options, mask=(str(tmp_path / "mask.png"),))
    whole = fast.fast_stylize(content, styles, options)
    monkeypatch.setattr(fast, "AT_ONCE", 1)
    monkeypatch.setattr(fast, "TILE", 128)
    tiled = fast.fast_stylize(content, styles, options)
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    monkeypatch.setattr(fast, "MARGIN", 0)  # the check sees a seam where there is one
    assert np.abs(fast.fast_stylize(content, styles, options).astype(int) - whole).max() > 3


def test_kept_colours(options):
    grey = np.repeat(noise(0)[..., :1], 3, 2)
    painted = fast.fast_stylize(grey, [noise(1)], dataclasses.replace(options, keep_colors=True))
    assert (painted.max(-1).astype(int) - painted.min(-1)).max() <= 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"iterations": 50}, "--iterations: --fast paints in one pass"),
        ({"log": True}, "--log: --fast"),
        ({"backbone": "full"}, "--backbone: --fast"),
        ({"style_weights": (1.0, 2.0)}, "--style-weights: 2 weights for 1"),
        ({"size": 20}, "--size: must be 0 or at least 32"),
        ({"mask": ("a.png", "b.png")}, "--mask: there must be as many masks"),
        ({"fast_weights": "nothing.h5"}, "nothing.h5: no such weights file.*mangastyle teach"),
    ],
)
def test_what_one_pass_cannot_do_is_refused(options, changed, message):
    with pytest.raises(MangastyleError, match=message):
        fast.FastPainter([noise(1)], dataclasses.replace(options, **changed))


def test_pictures_too_small_are_refused(options):
    with pytest.raises(MangastyleError, match="the painting is 64x20"):
        fast.FastPainter([noise(1)[:20]], options)
    with pytest.raises(MangastyleError, match="the content is 20x64"):
        fast.fast_stylize(noise(1)[:, :20], [noise(1)], options)


def test_weights_of_another_network_are_refused(options, tiny_weights):
    with pytest.raises(MangastyleError, match="tiny.h5: damaged or of another network"):
        fast.FastPainter([noise(1)], dataclasses.replace(options, fast_weights=str(tiny_weights)))


def test_command_line_with_a_folder(fast_weights, tmp_path, capsys):
    alpha = np.full((40, 56), 255, np.uint8)
    alpha[:20] = 0
    images.save(tmp_path / "in" / "a.png", noise(0, 40, 56), alpha)
    images.save(tmp_path / "in" / "small.png", noise(0)[:20])
    images.save(tmp_path / "art.png", noise(1))
    argv = ["style", str(tmp_path / "in"), "--style", str(tmp_path / "art.png"), "--fast", "--fast-weights", fast_weights, "--size", "80"]
    assert main(argv) == 2
    painted = images.load(tmp_path / "in-styled" / "a.png")
    assert painted.rgb.shape == (80, 112, 3) and painted.alpha[0, 0] == 0 and painted.alpha[-1, 0] == 255
    assert "small.png" in capsys.readouterr().err and not Path(tmp_path / "in-styled" / "small.png").exists()


def test_the_painter_that_ships(options):
    painted = fast.fast_stylize(noise(0), [noise(1)], dataclasses.replace(options, fast_weights=""))
    assert painted.shape == (64, 64, 3) and painted.std() > 10
