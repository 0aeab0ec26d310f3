"""Polished one-pass stylization: where the optimization starts, what it gains, sizes, masks, records, and cancellation."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.ops import pixels
from mangastyle.style.onepass.settings import OnePassSettings
from mangastyle.style.onepass.stylizer import OnePassStylizer
from mangastyle.style.optimize.stylizer import OptimizeStylizer, scales
from mangastyle.style.polish.settings import PolishSettings
from mangastyle.style.polish.stylizer import PolishStylizer
from mangastyle.style.stylize import stylize
from mangastyle.vgg import network as vgg
from mangastyle.vgg.backbone import backbone

SINGLE = PolishSettings(size=0, polish_iterations=1, polish_scales=1)


def noise(seed: int, height: int = 64, width: int = 64) -> np.ndarray:
    """Colored blotches, uint8 (height, width, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return pixels.resize(coarse, height, width)


def make(styles, settings: PolishSettings = SINGLE, **inputs: Any) -> PolishStylizer:
    return PolishStylizer(styles, settings, precision="float32", **inputs)


def one_pass(styles, settings: PolishSettings, content: np.ndarray, **inputs: Any) -> np.ndarray:
    return OnePassStylizer(styles, OnePassSettings.of(settings), precision="float32", **inputs)(content)


def records(stylizer: PolishStylizer, content: np.ndarray) -> list:
    found: list = []
    stylizer(content, found.append)
    return found


@pytest.mark.slow
def test_it_starts_from_the_picture_of_the_one_pass():
    """The first record has that picture, and its losses are those of the picture, measured as of a content that starts the search."""
    content, painting = noise(0), noise(1)
    start = records(make([painting]), content)[0]
    expected = one_pass([painting], SINGLE, content)
    assert start.iteration == 0
    np.testing.assert_array_equal(start.picture(), expected)
    assert np.abs(expected.astype(int) - content).mean() > 3
    optimize = OptimizeStylizer([painting], SINGLE.optimization, init=expected, backbone="slim", precision="float32")
    found: list = []
    optimize(content, found.append)
    assert start.losses == pytest.approx(found[0].losses, rel=1e-5)
    assert start.losses["content"] > 0 and start.losses["tv"] == pytest.approx(calm(expected), rel=1e-4)


def calm(picture: np.ndarray) -> float:
    """The total variation of a picture."""
    return sum(np.mean(np.square(np.diff(picture / 255.0, axis=axis))) for axis in (0, 1))


@pytest.mark.slow
def test_it_is_the_search_from_that_picture():
    content, painting = noise(0), noise(1)
    settings = PolishSettings(size=0, polish_iterations=3)
    painted = make([painting], settings)(content)
    search = OptimizeStylizer([painting], settings.optimization, backbone="slim", precision="float32")
    np.testing.assert_array_equal(painted, search(content, start=one_pass([painting], settings, content)))
    assert np.abs(painted.astype(int) - search(content)).mean() > 1  # the start matters


def gram_error(picture: np.ndarray, painting: np.ndarray) -> float:
    """How far Gram matrices of relu1_1 to relu4_1 are from the painting's, each over the size of the painting's."""
    model, errors = vgg.features(backbone("slim"), ("relu1_1", "relu2_1", "relu3_1", "relu4_1")), []
    both = [model(tf.constant(x[None], tf.float32)) for x in (picture, painting)]
    for name in both[0]:
        grams = [np.tensordot(x[name][0], x[name][0], ((0, 1), (0, 1))) / (x[name].shape[1] * x[name].shape[2]) for x in both]
        errors.append(np.sum((grams[0] - grams[1]) ** 2) / np.sum(grams[1] ** 2))
    return float(np.mean(errors))


@pytest.mark.slow
def test_it_comes_nearer_to_the_painting_than_one_pass_and_lowers_the_loss(picture):
    y, x = np.mgrid[:96, :96]
    painting = np.where(((y + x) // 6 % 2)[..., None], (20, 50, 160), (250, 220, 60)).astype(np.uint8)
    content = pixels.resize(picture, 80, 96)
    settings = PolishSettings(size=0, polish_iterations=8, strength=0.7)
    found: list = []
    painted = make([painting], settings)(content, found.append)
    assert gram_error(painted, painting) < 0.7 * gram_error(one_pass([painting], settings, content), painting)
    assert found[-1].total < 0.9 * found[0].total


def test_exactly_the_size_of_the_content():
    painted = make([noise(1)])(noise(0)[:33, :47])
    assert painted.shape == (33, 47, 3) and painted.dtype == np.uint8


@pytest.mark.slow
def test_iterations_by_scale():
    """Two scales of the size asked for: half the side gets twice as many iterations."""
    stylizer = make([noise(1)], PolishSettings(size=256, polish_iterations=1, polish_scales=2))
    found = records(stylizer, noise(0, 64, 96))
    assert [(record.side, record.iteration) for record in found] == [(128, 0), (128, 1), (128, 2), (256, 2), (256, 3)]
    assert {record.iterations for record in found} == {3} == {stylizer.optimize.iterations(noise(0, 64, 96))}
    for count, expected in ((1, [512]), (2, [256, 512]), (3, [128, 256, 512]), (4, [128, 256, 512])):
        found = scales(512, 512, PolishSettings(polish_iterations=5, polish_scales=count).optimization)
        assert found == [(side, side, 5 * 512 // side) for side in expected]


@pytest.mark.slow
def test_a_painting_acts_where_its_mask_is_white():
    content, left = noise(0, 40, 160), np.zeros((40, 160), np.float32)
    left[:, :80] = 1
    masks = [left, 1 - left]
    one, other = (make([noise(1), noise(second)], masks=masks)(content).astype(int) for second in (2, 3))
    assert np.abs(one - other)[:, 128:].mean() > 10 * np.abs(one - other)[:, :32].mean()


@pytest.mark.slow
def test_other_paintings_and_masks_are_used_by_both_stages():
    content, masks = noise(0), [np.pad(np.ones((64, 32)), ((0, 0), (0, 32)))]
    stylizer = make([noise(1)])
    first = stylizer(content)
    stylizer.use([noise(2)], masks)
    np.testing.assert_array_equal(stylizer(content), make([noise(2)], masks=masks)(content))
    stylizer.use([noise(1)])
    np.testing.assert_array_equal(stylizer(content), first)


def test_kept_colors():
    gray = np.repeat(noise(0)[..., :1], 3, 2)
    painted = make([noise(1)], dataclasses.replace(SINGLE, keep_colors=True))(gray)
    assert (painted.max(-1).astype(int) - painted.min(-1)).max() <= 2


def test_cancelled_in_either_stage():
    cancel = threading.Event()
    stylizer, found = make([noise(1)], dataclasses.replace(SINGLE, polish_iterations=20)), []

    def stop(record) -> None:
        found.append(record)
        if record.iteration == 3:
            cancel.set()

    with pytest.raises(Cancelled) as error:
        stylizer(noise(0), stop, cancel)
    assert error.value.result.shape == (64, 64, 3) and 3 <= found[-1].iteration < 10  # the best picture so far
    stylizer.optimize = None  # is not reached
    with pytest.raises(Cancelled) as error:
        stylizer(noise(0), found.append, cancel)  # before the one pass is done there is no picture
    assert error.value.result is None


@pytest.mark.slow
def test_by_name(onepass_weights):
    content = noise(0)
    given = {"method": "polish", "size": 0, "polish_iterations": 1, "polish_scales": 1, "precision": "float32"}
    painted = stylize(content, [noise(1)], **given, onepass_weights=onepass_weights)
    np.testing.assert_array_equal(painted, make([noise(1)], dataclasses.replace(SINGLE, onepass_weights=onepass_weights))(content))
    assert np.abs(painted.astype(int) - one_pass([noise(1)], SINGLE, content)).mean() > 3  # another decoder's
    with pytest.raises(MangastyleError, match="`iterations`: is for method optimize, not polish"):
        stylize(content, [noise(1)], **given, iterations=3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"polish_iterations": 0}, "`polish_iterations`"),
        ({"polish_scales": 0}, "`polish_scales`"),
        ({"style_weights": (1.0, 2.0)}, "`style_weights`: 2 weights for 1"),
        ({"onepass_weights": "nothing.h5"}, "nothing.h5: no such weights file"),
    ],
)
def test_mistakes(changed, message):
    with pytest.raises(MangastyleError, match=message):
        make([noise(1)], dataclasses.replace(SINGLE, **changed))
