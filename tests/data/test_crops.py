"""Training crops of the slim VGG-19: the same for the same seed and step, within range, from the right pictures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mangastyle import images
from mangastyle.config import DistillConfig
from mangastyle.data.crops import PICTURE, Crops


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> DistillConfig:
    """Pictures of pure blue beside paintings of pure red, each with its own brightness, with one of them held out."""
    folder = tmp_path_factory.mktemp("pictures")
    for kind, channel in (("pictures", 2), ("paintings", 0)):
        for i in range(12):
            picture = np.zeros((PICTURE, PICTURE, 3), np.uint8)
            picture[..., channel] = 100 + 10 * i
            images.save(folder / kind / f"{i}.png", picture)
    kinds = {"data": (str(folder / "pictures"),), "paintings": (str(folder / "paintings"),)}
    return DistillConfig(**kinds, crop=32, cache=str(folder / "cache"))


@pytest.fixture(scope="module")
def crops(config) -> Crops:
    return Crops(config)


def test_crops_are_a_function_of_seed_and_step_alone(config, crops):
    first, another = crops.batch(5, 6), Crops(config)
    another.batch(9, 2)
    np.testing.assert_array_equal(first, another.batch(5, 6))
    assert not np.array_equal(first, crops.batch(6, 6))
    assert not np.array_equal(first, Crops(dataclasses.replace(config, seed=1)).batch(5, 6))
    assert not np.array_equal(crops.batch(-1, 6), crops.batch(1, 6))
    for one, two in zip(crops.pair(7, 1), another.pair(7, 1), strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(crops.pair(7, 1)[1], crops.pair(7, 0)[1])


def test_crops_are_float_pixels_of_the_size_asked_for(crops):
    batch = crops.batch(0, 64)
    assert batch.shape == (64, 32, 32, 3) and batch.dtype == np.float32
    assert batch.min() >= 0 and batch.max() <= 255
    for picture in crops.pair(0, 0):
        assert picture.shape == (32, 32, 3) and picture.dtype == np.float32


def plain(batch: np.ndarray) -> np.ndarray:
    """The colours (n, 3) of the crops that were neither recoloured nor made noisy: those of a single brightness."""
    colours = batch[(batch == batch[:, :1, :1]).all((1, 2, 3)), 0, 0]
    return colours[np.count_nonzero(colours, axis=1) == 1]


def test_paintings_and_pictures_take_turns(crops):
    batch = crops.batch(0, 200)
    assert len(plain(batch[::2])) > 20 and not plain(batch[::2])[:, 1:].any()
    assert len(plain(batch[1::2])) > 20 and not plain(batch[1::2])[:, :2].any()
    content, painting = np.stack([crops.pair(step, 0)[1:] for step in range(100)], 1)
    assert len(plain(content)) and not plain(content)[:, :2].any()
    assert len(plain(painting)) and not plain(painting)[:, 1:].any()


def test_held_out_pictures_are_never_trained_on(crops):
    seen, held_out = (
        {tuple(colour) for colour in plain(crops.batch(0, 400, held_out)) if colour.max() % 10 == 0}
        for held_out in (False, True)
    )
    assert seen and held_out and not seen & held_out


def test_without_paintings_both_kinds_are_of_the_data(config):
    batch = Crops(dataclasses.replace(config, paintings=())).batch(0, 100)
    assert not plain(batch)[:, :2].any()


def test_a_fifth_of_the_pictures_to_paint_start_from_noise(crops):
    pairs = [crops.pair(step, 0) for step in range(200)]
    noise = sum(start is not content for start, content, _ in pairs)
    assert 20 < noise < 60


def test_examples_of_the_one_pass_painter_are_hardly_enlarged(config, crops, monkeypatch):
    sides, resize = [], images.resize
    monkeypatch.setattr(images, "resize", lambda picture, *size: sides.append(len(picture)) or resize(picture, *size))
    large = Crops(dataclasses.replace(config, crop=256))
    sides.clear()
    contents, paintings, strengths = large.examples(0, 20)
    assert contents.shape == paintings.shape == (20, 256, 256, 3) and strengths.shape == (20,)
    assert 256 / 1.2 - 1 <= min(sides) < 260 and max(sides) > 290
