"""One-pass stylization: sizes, strengths, masks, several paintings, tiles, fixed statistics, and what is refused."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any, Callable

import keras
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
    windows = {"relu4_1": 5, "relu3_1": 9}
    for name, residual in network.style_residual(features, windows).items():
        x, width = features[name].numpy(), windows[name]
        means = ndimage.uniform_filter(x, (0, width, width, 0))
        inner = (slice(None), slice(width, -width), slice(width, -width))
        np.testing.assert_allclose(residual[inner], (x - means)[inner], atol=1e-4)


def test_style_residual_of_window_0_is_without_the_mean_of_the_whole_painting():
    random = np.random.default_rng(0)
    features = {name: random.normal(3, 1, (2, side, side + 3, 5)).astype(np.float32) for name, side in (("relu4_1", 7), ("relu3_1", 14))}
    found = network.style_residual({name: tf.constant(x) for name, x in features.items()}, {"relu4_1": 0})
    assert list(found) == ["relu4_1"]  # for the layers that have a window
    x = features["relu4_1"]
    np.testing.assert_allclose(found["relu4_1"], x - x.mean((1, 2), keepdims=True), atol=1e-5)


def test_residual_is_mirrored_or_cut_to_the_size_of_the_content():
    x = np.arange(2 * 3 * 4, dtype=np.float32).reshape(1, 2 * 3, 4, 1)
    made = network.lay_out({"relu4_1": x}, 8 * 9, 8 * 3)["relu4_1"]
    mirrored = np.pad(x, ((0, 0), (0, 3), (0, 0), (0, 0)), mode="reflect")[:, :, :3]
    np.testing.assert_array_equal(made, mirrored)


@pytest.mark.parametrize(("height", "width"), [(7, 9), (2, 20)])  # of the painting in its deepest layer: also less than a block
def test_residual_in_blocks_from_random_places_the_same_in_every_layer(height, width):
    block, random = 3, np.random.default_rng(0)
    sizes = {"relu4_1": 1, "relu3_1": 2, "relu1_1": 8}
    residual = {name: random.normal(0, 1, (1, height * finer, width * finer, 2)).astype(np.float32) for name, finer in sizes.items()}
    found = network.lay_out(residual, 8 * 10, 8 * 7, block, 5)
    places: dict[str, list] = {name: [] for name in sizes}
    for name, finer in sizes.items():
        side, x = block * finer, residual[name][0]
        x = np.pad(x, [(0, max(0, side - x.shape[0])), (0, max(0, side - x.shape[1])), (0, 0)])
        assert found[name].shape == (1, 10 * finer, 7 * finer, 2)
        for top in range(0, 10 * finer, side):
            for left in range(0, 7 * finer, side):
                part = found[name].numpy()[0, top : top + side, left : left + side]
                corners = [(y, z) for y in range(0, max(x.shape[0] - side, 0) + 1, finer) for z in range(0, x.shape[1] - side + 1, finer)]
                rows = min(part.shape[0], residual[name].shape[1])  # beyond the painting it is mirrored
                fitting = [
                    (y // finer, z // finer) for y, z in corners if np.array_equal(x[y : y + rows, z : z + part.shape[1]], part[:rows])
                ]
                assert len(fitting) == 1, (name, top, left)
                places[name] += fitting
    assert places["relu4_1"] == places["relu3_1"] == places["relu1_1"] and len(set(places["relu4_1"])) > 3
    same, other = (network.lay_out(residual, 80, 56, block, seed)["relu4_1"].numpy() for seed in (5, 6))
    np.testing.assert_array_equal(same, found["relu4_1"])
    assert (other != same).any()


def test_blocks_of_a_painting_do_not_depend_on_the_others():
    x = np.random.default_rng(0).normal(0, 1, (3, 9, 9, 2)).astype(np.float32)
    together = network.lay_out({"relu4_1": x}, 80, 80, 3, 5)["relu4_1"]
    for i in range(3):
        np.testing.assert_array_equal(network.lay_out({"relu4_1": x[i : i + 1]}, 80, 80, 3, 5)["relu4_1"][0], together[i])


def test_style_vector_is_means_and_deviations_deepest_first():
    random = np.random.default_rng(0)
    features = {name: random.normal(i, i + 1, (2, 8, 9, 3)).astype(np.float32) for i, name in enumerate(reversed(network.LAYERS))}
    features["relu5_1"] = features["relu1_1"]  # no layer that is decoded
    found = network.style_vector(network.gaussian_statistics({name: tf.constant(x) for name, x in features.items()}))
    expected = [(features[name].mean((1, 2)), features[name].std((1, 2))) for name in ("relu4_1", "relu3_1", "relu2_1", "relu1_1")]
    np.testing.assert_allclose(found, np.concatenate([part for both in expected for part in both], -1), rtol=1e-3, atol=1e-4)


# ---- the decoder

NARROW = OnePassSpec(widths=(6, 5, 4, 3))
RICH = dataclasses.replace(NARROW, residual_blocks=(2, 1, 0, 1), modulated=True)


def inputs_of(decoder: keras.Model, batch: int = 2) -> dict[str, tf.Tensor]:
    """Random inputs of a decoder for pictures of 16 x 24 pixels."""
    random, inputs = np.random.default_rng(0), {}
    for name, given in decoder.input.items():
        size = (16 // network.stride(name), 24 // network.stride(name)) if name.startswith("relu") else ()
        inputs[name] = tf.constant(random.normal(0, 1, (batch, *size, given.shape[-1])), tf.float32)
    return inputs


def randomize(model: keras.Model, seed: int = 0) -> None:
    """Give every variable random values, also those that start from zero."""
    random = np.random.default_rng(seed)
    for variable in model.variables:
        variable.assign(random.normal(0, 1 / np.sqrt(np.prod(variable.shape[:-1])), variable.shape))


def test_blocks_and_modulation_change_nothing_at_first():
    plain, rich = network.decoder(NARROW, seed=1), network.decoder(RICH, seed=2)
    own = {variable.path: variable for variable in rich.variables}
    for variable in plain.variables:
        own.pop(variable.path).assign(variable)
    added = {path.split("/")[0] for path in own}
    assert {"code", "before_relu3_1_modulation", "at_relu1_1_modulation", "relu4_1_block1_out", "relu1_1_block0_in"} <= added
    assert not any(path.startswith("relu2_1") for path in added)
    inputs = inputs_of(rich)
    expected = plain({name: inputs[name] for name in plain.input})
    np.testing.assert_allclose(rich(inputs), expected, rtol=1e-5, atol=1e-3)
    randomize(rich)
    assert np.abs(rich(inputs) - expected).max() > 1


def convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A 3x3 convolution with mirrored edges: (b, h, w, n) to (b, h, w, m)."""
    height, width = x.shape[1:3]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    return bias + sum(padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3))


def test_the_decoder_is_the_formula():
    """Residuals, strength, code, scales and shifts, residual blocks: all in NumPy."""
    decoder = network.decoder(RICH)
    randomize(decoder)
    w = {variable.path: variable.numpy().astype(np.float64) for variable in decoder.variables}
    inputs = inputs_of(decoder)
    given = {name: x.numpy().astype(np.float64) for name, x in inputs.items()}
    code = np.maximum(np.concatenate([given["style"], given["strength"]], -1) @ w["code/kernel"] + w["code/bias"], 0)
    assert code.shape[-1] == network.CODE and given["style"].shape[-1] == 2 * (6 + 5 + 4 + 3)

    def modulated(x: np.ndarray, name: str) -> np.ndarray:
        scale, shift = np.split((code @ w[f"{name}_modulation/kernel"] + w[f"{name}_modulation/bias"])[:, None, None], 2, -1)
        return np.maximum(convolved(x, w[f"{name}/kernel"], w[f"{name}/bias"]) * (1 + scale) + shift, 0)

    def blocks(x: np.ndarray, layer: str, count: int) -> np.ndarray:
        for i in range(count):
            out = f"{layer}_block{i}_out"
            x = x + convolved(modulated(x, f"{layer}_block{i}_in"), w[f"{out}/kernel"], w[f"{out}/bias"])
        return x

    def with_residual(name: str) -> np.ndarray:
        kernel = w.get(f"{name}_residual_features/kernel")
        return given[name] if kernel is None else given[name] + given[f"{name}_residual"] @ kernel[0, 0]

    x = with_residual("relu4_1") + (given["strength"] @ w["strength_features/kernel"])[:, None, None]
    x = blocks(x, "relu4_1", 2)
    for name, count in (("relu3_1", 1), ("relu2_1", 0), ("relu1_1", 1)):
        x = modulated(x, f"before_{name}").repeat(2, 1).repeat(2, 2)
        x = blocks(modulated(x + with_residual(name), f"at_{name}"), name, count)
    expected = convolved(x, w["picture/kernel"], w["picture/bias"]) * 60 + 127.5
    assert sorted(name for name in given if "residual" in name) == ["relu3_1_residual", "relu4_1_residual"]
    np.testing.assert_allclose(decoder(inputs), expected, rtol=1e-3, atol=0.05)


def test_a_modulated_decoder_is_told_the_style_and_a_plain_one_is_not():
    """Also through `painter`: the mean of style vectors and residuals by shares, and the residuals' share."""
    rich, plain = network.decoder(RICH), network.decoder(NARROW)
    randomize(rich)
    inputs = inputs_of(rich, batch=1)
    features = {name: inputs[name] for name in network.LAYERS}
    unit = {name: gaussian_ot.AffineMap(tf.eye(x.shape[-1], batch_shape=[2]), tf.zeros((2, x.shape[-1]))) for name, x in features.items()}
    random = np.random.default_rng(3)
    style = random.normal(0, 1, (2, 36)).astype(np.float32)
    residual = {name: random.normal(0, 1, (2, *features[name].shape[1:])).astype(np.float32) for name in RICH.windows}
    strength, shares = tf.constant([0.5]), np.array([0.25, 0.75], np.float32)
    mean = {f"{name}_residual": tf.constant(0.75 * 0.3 * np.tensordot(shares, x, 1)[None]) for name, x in residual.items()}
    expected = rich({**features, **mean, "style": tf.constant((shares @ style)[None]), "strength": strength[None]})  # 0.75: blended
    found = network.painter(rich, 0.3)(features, unit, strength, shares, style, residual)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=0.01)
    assert "style" not in plain.input
    assert network.painter(plain, 0.3)(features, unit, strength, shares, style, residual).shape == (1, 16, 24, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"residual_blocks": (1, 1)}, "`residual_blocks`: 2 for 4 `layers`"),
        ({"residual_windows": (1, 2, 3, 4, 5)}, "`residual_windows`: 5 for 4 `layers`"),
        ({"residual_share": 1.5}, "`residual_share`"),
    ],
)
def test_specifications_at_odds(changes, message):
    with pytest.raises(MangastyleError, match=message):
        OnePassSpec(**changes)


# ---- several paintings and masks


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


def test_under_its_mask_each_painting_paints_as_alone(make):
    """Left of the border the picture is that of the first painting, right of it that of the second; where masks meet, both blended."""
    content, styles = noise(0, 64, 256), [noise(1), noise(2)]
    ramp = np.tile(np.clip((np.arange(256) - 96) / 64, 0, 1).astype(np.float32), (64, 1))
    painted = make(styles, [1 - ramp, ramp])(content).astype(int)

    def alone(i: int) -> np.ndarray:  # with the content's statistics within that mask
        return make([styles[i]], [(1 - ramp, ramp)[i]], strength=0.5)(content).astype(int)

    assert np.abs(painted - alone(0))[:, :96].max() <= 1
    assert np.abs(painted - alone(1))[:, 160:].max() <= 1
    assert np.abs(alone(0) - alone(1)).mean() > 3
    # A mask of its own leaves the content where it is dark: p = mask * painting + (1 - mask) * content.
    off = np.abs(painted - (alone(0) - ramp[..., None] * content) - (alone(1) - (1 - ramp[..., None]) * content))
    within = np.all([(0 < x) & (x < 255) for x in (painted, alone(0), alone(1))], 0)  # not cut to the range of pixels
    assert within[:, 100:156].mean() > 0.3 and off[within].max() <= 2


def test_the_content_stays_where_all_masks_are_dark(make):
    content, left = noise(0, 64, 256), np.zeros((64, 256), np.float32)
    left[:, :128] = 1
    painted = make([noise(1)], [left])(content)
    np.testing.assert_array_equal(painted[:, 128:], content[:, 128:])
    assert np.abs(painted[:, :128].astype(int) - content[:, :128]).mean() > 3


def test_overlapping_masks_share_by_weight():
    masks = np.array([[[1, 1], [1, 0], [0, 0.5], [0.5, 0.5], [0, 0], [0.25, 0.25]]])
    expected = [[0.25, 0.75], [1, 0], [0, 0.5], [0.25, 0.75], [0, 0], [0.125, 0.375]]
    np.testing.assert_allclose(tiles.local_shares(masks, np.array([0.25, 0.75]))[0], expected, atol=1e-7)


@pytest.mark.parametrize("masked", [False, True])
def test_tiles_leave_no_seams(make, monkeypatch, masked):
    content, records = noise(0, 300, 404), []
    masks = [np.tile(np.linspace(0, 1, 404, dtype=np.float32), (300, 1))] if masked else []
    stylizer = make([noise(1)], masks)
    whole = stylizer(content, records.append)
    assert records == [(1, 1)]
    records.clear()
    tiled = stylizer(content, records.append, at_once=128**2)
    assert records == [(i + 1, 24) for i in range(24)]  # each of 12 tiles is measured, and then painted
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    monkeypatch.setattr(tiles, "MARGIN", 0)  # the check finds a seam where there is one
    assert np.abs(stylizer(content, at_once=128**2).astype(int) - whole).max() > 3


def test_cancelled_between_tiles(make):
    cancel, records = threading.Event(), []

    def stop(record):
        records.append(record)
        cancel.set()

    with pytest.raises(Cancelled) as error:
        make([noise(1)])(noise(0, 64, 200), stop, cancel, at_once=64**2)
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
