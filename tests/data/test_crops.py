"""Training crops: the same for the same seed and step, within range, from the right pictures."""

from __future__ import annotations

import functools
from typing import Callable

import numpy as np
import pytest

from mangastyle.data import crops as crops_module
from mangastyle.data.crops import SIDE, Crops
from mangastyle.io import images
from mangastyle.ops import pixels


@pytest.fixture(scope="module")
def make(tmp_path_factory) -> Callable[..., Crops]:
    """Makes `Crops` of pure blue pictures and pure red paintings, each with its own brightness, with one of them held out."""
    folder = tmp_path_factory.mktemp("pictures")
    for kind, channel in (("pictures", 2), ("paintings", 0)):
        for i in range(12):
            picture = np.zeros((SIDE, SIDE, 3), np.uint8)
            picture[..., channel] = 100 + 10 * i
            images.save(folder / kind / f"{i}.png", picture)
    sources = {"data": [str(folder / "pictures")], "paintings": [str(folder / "paintings")]}
    return functools.partial(Crops, **sources, crop=32, seed=0, cache=str(folder / "cache"))


@pytest.fixture(scope="module")
def crops(make) -> Crops:
    return make()


def test_crops_are_a_function_of_seed_and_step_alone(make, crops):
    first, another = crops.batch(5, 6), make()
    another.batch(9, 2)
    np.testing.assert_array_equal(first, another.batch(5, 6))
    assert not np.array_equal(first, crops.batch(6, 6))
    assert not np.array_equal(first, make(seed=1).batch(5, 6))
    assert not np.array_equal(crops.batch(-1, 6), crops.batch(1, 6))
    for one, two in zip(crops.canvas(7, 1), another.canvas(7, 1), strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(crops.canvas(7, 1)[1], crops.canvas(7, 0)[1])


def test_crops_are_float_pixels_of_the_size_asked_for(crops):
    batch = crops.batch(0, 64)
    assert batch.shape == (64, 32, 32, 3) and batch.dtype == np.float32
    assert batch.min() >= 0 and batch.max() <= 255
    for picture in crops.canvas(0, 0):
        assert picture.shape == (32, 32, 3) and picture.dtype == np.float32


def plain(batch: np.ndarray) -> np.ndarray:
    """The colors (n, 3) of the crops that were neither recolored nor made noisy: those of a single brightness."""
    colors = batch[(batch == batch[:, :1, :1]).all((1, 2, 3)), 0, 0]
    return colors[np.count_nonzero(colors, axis=1) == 1]


def test_paintings_and_pictures_take_turns(crops):
    batch = crops.batch(0, 200)
    assert len(plain(batch[::2])) > 20 and not plain(batch[::2])[:, 1:].any()
    assert len(plain(batch[1::2])) > 20 and not plain(batch[1::2])[:, :2].any()
    content, painting = np.stack([crops.canvas(step, 0)[1:] for step in range(100)], 1)
    assert len(plain(content)) and not plain(content)[:, :2].any()
    assert len(plain(painting)) and not plain(painting)[:, 1:].any()


def test_held_out_pictures_are_never_trained_on(crops):
    seen, held_out = (
        {tuple(color) for color in plain(crops.batch(0, 400, held_out)) if color.max() % 10 == 0} for held_out in (False, True)
    )
    assert seen and held_out and not seen & held_out


def test_without_paintings_both_kinds_are_of_the_data(make):
    batch = make(paintings=[]).batch(0, 100)
    assert not plain(batch)[:, :2].any()


def test_a_fifth_of_the_pictures_to_paint_start_from_noise(crops):
    pairs = [crops.canvas(step, 0) for step in range(200)]
    noise = sum(start is not content for start, content, _ in pairs)
    assert 20 < noise < 60


def test_style_pairs_are_hardly_enlarged(make, monkeypatch):
    large, sides, resize = make(crop=256), [], pixels.resize
    monkeypatch.setattr(crops_module.pixels, "resize", lambda picture, *size: sides.append(len(picture)) or resize(picture, *size))
    contents, paintings, strengths = large.style_pairs(0, 20)
    assert contents.shape == paintings.shape == (20, 256, 256, 3) and strengths.shape == (20,)
    assert 256 / 1.2 - 1 <= min(sides) < 260 and max(sides) > 290


def test_style_pairs_are_a_function_of_the_step_with_strengths_of_which_half_are_one_half(crops):
    for one, other in zip(crops.style_pairs(5, 3), crops.style_pairs(5, 3)):
        np.testing.assert_array_equal(one, other)
    contents, paintings, strengths = crops.style_pairs(6, 40)
    assert contents.shape == paintings.shape == (40, 32, 32, 3)
    assert 0.2 < (strengths == 0.5).mean() < 0.8 and strengths.min() >= 0 and strengths.max() <= 1


def test_contents_of_a_painter_are_of_one_share_of_the_pictures_and_without_noise(make, monkeypatch):
    large, sides, resize = make(crop=64, side=128), [], pixels.resize
    monkeypatch.setattr(crops_module.pixels, "resize", lambda picture, *size: sides.append(picture.shape[:2]) or resize(picture, *size))
    for share, side in ((0.5, 64), (1.0, 128)):
        sides.clear()
        contents, strengths = large.contents(3, 40, share)
        assert sides == [(side, side)] * 40
        assert contents.shape == (40, 64, 64, 3) and contents.dtype == np.float32 and strengths.shape == (40,)
        assert 0.2 < (strengths == 0.5).mean() < 0.8 and strengths.min() >= 0 and strengths.max() <= 1
        assert (contents == contents[:, :1, :1]).all()  # each picture has one color, so noise would show
        assert len(plain(contents)) > 5 and not plain(contents)[:, :2].any()  # pictures, no paintings


def test_contents_of_a_painter_are_a_function_of_seed_and_step(make):
    one, other = make(), make()
    other.contents(1, 3, 0.5)
    for a, b in zip(one.contents(4, 3, 0.5), other.contents(4, 3, 0.5), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.contents(4, 6, 0.5)[0], one.contents(5, 6, 0.5)[0])
    assert not np.array_equal(one.contents(4, 6, 0.5)[0], make(seed=1).contents(4, 6, 0.5)[0])


def test_pictures_are_kept_at_the_side_asked_for(make):
    assert {make(side=side).sources[1][0][0].shape for side in (64, 96)} == {(64, 64, 3), (96, 96, 3)}
