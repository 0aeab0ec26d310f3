"""One-pass stylization: sizes, strengths, masks, several paintings, tiles, fixed statistics, and what is refused."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any, Callable

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.io import weights
from mangastyle.ops import gaussian_ot, pixels
from mangastyle.ops.gaussian_ot import style_statistics
from mangastyle.style.onepass import network, tiles
from mangastyle.style.onepass.settings import OnePassSettings, OnePassSpec
from mangastyle.style.onepass.stylizer import OnePassStylizer
from mangastyle.vgg import network as vgg
from mangastyle.vgg.backbone import backbone


@pytest.fixture(scope="module")
def make(onepass_weights) -> Callable[..., OnePassStylizer]:
    """A stylizer with a decoder that was never trained, of the content's own size."""

    def made(styles, masks=(), **changes: Any) -> OnePassStylizer:
        settings = dataclasses.replace(OnePassSettings(size=0, onepass_weights=onepass_weights), **changes)
        return OnePassStylizer(styles, settings, masks=masks, precision="float32")

    return made


def noise(seed: int, height: int = 64, width: int = 64) -> np.ndarray:
    """Colored blotches, uint8 (height, width, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return pixels.resize(coarse, height, width)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (64, 40)])
def test_exactly_the_size_of_the_content(make, height, width):
    assert make([noise(1)])(noise(0, 80, 80)[:height, :width]).shape == (height, width, 3)


def test_size_asked_for(make):
    assert make([noise(1)], size=40)(noise(0, 64, 96)).shape == (40, 60, 3)


def test_the_encoder_is_the_backbone():
    """Features are those of the slim VGG-19, over one number a layer."""
    slim = backbone("slim")
    picture = tf.constant(noise(2)[None], tf.float32)
    expected = vgg.features(slim, tuple(network.LAYERS))(picture)
    for name, found in network.encoder(slim)(picture).items():
        np.testing.assert_allclose(found * network.LAYERS[name], expected[name], rtol=1e-5)


def test_the_same_twice_and_for_every_picture_of_a_folder(make):
    stylizer = make([noise(1)])
    first = stylizer(noise(0))
    stylizer(noise(3, 80, 48))
    np.testing.assert_array_equal(stylizer(noise(0)), first)
    np.testing.assert_array_equal(make([noise(1)])(noise(0)), first)


def test_at_strength_0_the_painting_does_not_matter(make):
    one, other = (make([noise(seed)], strength=0.0)(noise(0)) for seed in (1, 2))
    assert np.abs(one.astype(int) - other).max() <= 1
    strong = [make([noise(seed)])(noise(0)) for seed in (1, 2)]
    assert np.abs(strong[0].astype(int) - strong[1]).mean() > 3


def test_maps_at_full_strength_are_optimal_transport():
    features = network.encoder(backbone("slim"))(tf.constant(np.stack([noise(4), noise(5)]), tf.float32))
    content, painting = ({name: style_statistics(x[i : i + 1]) for name, x in features.items()} for i in (0, 1))
    maps = network.transport_maps(content, painting, tf.ones(1))
    for name in network.LAYERS:
        expected = gaussian_ot.optimal_transport_map(content[name], painting[name])
        np.testing.assert_allclose(maps[name].matrix, expected.matrix, atol=1e-5)


def test_style_residual_is_the_high_pass_part():
    random = np.random.default_rng(0)
    shapes = (("relu4_1", 1), ("relu3_1", 2))
    features = {name: tf.constant(random.normal(3, 1, (2, 24 * side, 20 * side, 5)), tf.float32) for name, side in shapes}
    for name, residual in network.style_residual(features).items():
        x, width = features[name].numpy(), network.RESIDUAL_WINDOWS[name]
        means = ndimage.uniform_filter(x, (0, width, width, 0))
        inner = (slice(None), slice(width, -width), slice(width, -width))
        np.testing.assert_allclose(residual[inner], (x - means)[inner], atol=1e-4)


def test_residual_is_mirrored_or_cut_to_the_size_of_the_content():
    x = np.arange(2 * 3 * 4, dtype=np.float32).reshape(1, 2 * 3, 4, 1)
    made = network.tile_to({"relu4_1": x}, 8 * 9, 8 * 3)["relu4_1"]
    mirrored = np.pad(x, ((0, 0), (0, 3), (0, 0), (0, 0)), mode="reflect")[:, :, :3]
    np.testing.assert_array_equal(made, np.float32(network.RESIDUAL_SHARE) * mirrored)


def test_initial_weights_follow_from_the_seed():
    one, same, other = ([x.numpy() for x in network.decoder(seed=seed).trainable_variables] for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other))
    kernels = [x for x in one if x.ndim == 4 and x.any()]
    assert len({x.tobytes() for x in kernels}) == len(kernels)


def test_one_painting_twice_is_that_painting(make):
    alone = make([noise(1)])(noise(0))
    twice = make([noise(1), noise(1)], style_weights=(1.0, 3.0))(noise(0))
    assert np.abs(alone.astype(int) - twice).max() <= 1


def test_a_painting_of_weight_0_has_no_effect(make):
    alone = make([noise(1)])(noise(0))
    both = make([noise(1), noise(2)], style_weights=(1.0, 0.0))(noise(0))
    assert np.abs(alone.astype(int) - both).max() <= 1


def test_a_white_mask_changes_nothing_and_halves_do_not_meet(make):
    content, styles = noise(0, 64, 256), [noise(1), noise(2)]
    white, left = np.full((64, 256), 255, np.uint8), np.zeros((64, 256), np.uint8)
    left[:, :128] = 255
    difference = make(styles[:1], [white])(content).astype(int) - make(styles[:1])(content)
    assert np.abs(difference).max() <= 1
    other = make([styles[0], noise(6)], [left, 255 - left])(content)[:, :32]
    np.testing.assert_array_equal(make(styles, [left, 255 - left])(content)[:, :32], other)  # far from the right half


@pytest.mark.parametrize("masked", [False, True])
def test_tiles_leave_no_seams(make, monkeypatch, masked):
    content, records = noise(0, 300, 404), []
    masks = [np.tile(np.linspace(0, 1, 404, dtype=np.float32), (300, 1))] if masked else []
    stylizer = make([noise(1)], masks)
    whole = stylizer(content, records.append)
    assert records == [(1, 1)]
    monkeypatch.setattr(tiles, "AT_ONCE", 1)
    monkeypatch.setattr(tiles, "TILE", 128)
    records.clear()
    tiled = stylizer(content, records.append)
    assert records == [(i + 1, 24) for i in range(24)]  # each of 12 tiles is measured, and then painted
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    monkeypatch.setattr(tiles, "MARGIN", 0)  # the check finds a seam where there is one
    assert np.abs(stylizer(content).astype(int) - whole).max() > 3


def test_cancelled_between_tiles(make, monkeypatch):
    monkeypatch.setattr(tiles, "AT_ONCE", 1)
    monkeypatch.setattr(tiles, "TILE", 64)
    cancel, records = threading.Event(), []

    def stop(record):
        records.append(record)
        cancel.set()

    with pytest.raises(Cancelled) as error:
        make([noise(1)])(noise(0, 64, 200), stop, cancel)
    assert error.value.result is None and records == [(1, 8)]


def test_kept_colors(make):
    gray = np.repeat(noise(0)[..., :1], 3, 2)
    painted = make([noise(1)], keep_colors=True)(gray)
    assert (painted.max(-1).astype(int) - painted.min(-1)).max() <= 2


@pytest.mark.parametrize("masked", [False, True])
def test_fixed_statistics_map_every_frame_alike(make, masked):
    """A video does not flicker where nothing changes: what one frame's statistics give a place, another's do not alter."""
    first = noise(0, 64, 256)
    second = first.copy()
    second[:, 200:] = 255 - second[:, 200:]  # something else comes into view
    stylizer = make([noise(1)], [np.ones(first.shape[:2])] if masked else [])
    before, free = (stylizer(frame)[:, :48].astype(int) for frame in (first, second))
    fixed = stylizer(second, content_statistics=stylizer.content_statistics(first))[:, :48]
    assert np.abs(fixed - before).max() == 0 < np.abs(free - before).max()


def test_fixed_style_does_not_follow_the_colors_of_the_content(make):
    stylizer, first, second = make([noise(1)], match_colors=True), noise(0), noise(3)
    style = stylizer.style_cache(first)
    np.testing.assert_array_equal(stylizer(first, style=style), stylizer(first))
    assert (stylizer(second, style=style) != stylizer(second)).any()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"style_weights": (1.0, 2.0)}, "`style_weights`: 2 weights for 1"),
        ({"size": 20}, "`size`: must be 0 or at least 32"),
        ({"masks": [np.ones((64, 64))] * 2}, "`masks`: there must be as many masks"),
        ({"onepass_weights": "nothing.h5"}, "nothing.h5: no such weights file.*`onepass_weights`"),
    ],
)
def test_mistakes(make, changed, message):
    with pytest.raises(MangastyleError, match=message):
        make([noise(1)], **changed)


def test_pictures_too_small_are_refused(make):
    with pytest.raises(MangastyleError, match="`styles`: must be at least 32 pixels high and wide, not 20x64"):
        make([noise(1)[:20]])
    with pytest.raises(MangastyleError, match="`content`: must be at least 32 pixels high and wide, not 64x20"):
        make([noise(1)])(noise(1)[:, :20])


def test_weights_of_another_network_are_refused(make, tiny_weights, tmp_path):
    with pytest.raises(MangastyleError, match="tiny.h5: not a weights file of a one-pass decoder"):
        make([noise(1)], onepass_weights=str(tiny_weights))
    spec = OnePassSpec(widths=(4, 4, 4, 4))
    weights.save_model(tmp_path / "narrow.h5", "onepass", spec, network.decoder(spec))
    with pytest.raises(MangastyleError, match="narrow.h5: decodes features .*, and the slim VGG-19"):
        make([noise(1)], onepass_weights=str(tmp_path / "narrow.h5"))


def test_network_that_ships(make):
    painted = make([noise(1)], onepass_weights="onepass")(noise(0))
    assert painted.shape == (64, 64, 3) and painted.std() > 10
