"""Examples of regions: which colors are known, other colors and ink, what is held out, the palette."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.training import region_examples as examples_module
from mangastyle.training.region_augment import RegionExample, known_regions, log_uniform, turn
from mangastyle.training.region_examples import RegionExamples
from mangastyle.training.region_samples import record_type

SIZE = 64


def make_records(count: int, seed: int = 0) -> np.ndarray:
    """Samples of 32 by 48 pixels with 12 columns, of which each is a region of its own color."""
    random, records = np.random.default_rng(seed), np.zeros(count, record_type(SIZE))
    for record in records:
        order = random.permutation(12) + 1
        record["line"], record["shape"], record["count"] = 255, (64, 48), 12
        record["labels"][:, :48] = np.repeat(order, 4)[None]
        record["areas"][1:13] = 1 / 12
        record["centers"][order] = np.stack([np.full(12, 0.5), (np.arange(12) * 4 + 1.5) / 64], 1)
        record["spreads"][1:3] = 4, 100
        record["colors"][1:13] = random.uniform((20, -40, -40), (90, 40, 40), (12, 3))
    return records


class _Samples:
    def __init__(self, records: np.ndarray, first: int = 0) -> None:
        self.records = records
        self.hashes = [f"{(i * 0x9E3779B97F4A7C15) % 2**64:016x}" for i in range(first, first + len(records))]


@pytest.fixture
def make(monkeypatch):
    sources = {"a": _Samples(make_records(300)), "drawn:9": _Samples(make_records(100, 1), 300), "again": _Samples(make_records(300))}
    monkeypatch.setattr(examples_module.region_sources, "load", lambda name, size, **_: sources[name])

    def make(seed: int = 0, data=("a", "drawn:9"), shares=()) -> RegionExamples:
        return RegionExamples(data, shares, SIZE, 15, seed)

    return make


def test_examples_are_a_function_of_seed_and_step(make):
    one, same, other = make(0), make(0), make(1)
    for part in RegionExample._fields:
        np.testing.assert_array_equal(getattr(one.batch(5, 4), part), getattr(same.batch(5, 4), part))
        assert part == "valid" or (getattr(one.batch(5, 4), part) != getattr(other.batch(5, 4), part)).any()
        assert part == "valid" or (getattr(one.batch(5, 4), part) != getattr(one.batch(6, 4), part)).any()


def test_parts_of_an_example_fit_each_other(make):
    batch = make().batch(0, 64)
    assert batch.ink.shape == (64, SIZE, SIZE) and batch.valid.sum(1).max() == 12 and 6 < batch.valid.sum(1).mean() < 12
    assert batch.weights.sum() == pytest.approx(1) and not batch.weights[batch.known > 0].any() and not batch.weights[:, 0].any()
    assert batch.ink.min() >= 0 and batch.ink.max() < 0.3  # the paper's noise
    np.testing.assert_allclose(batch.areas.sum(1), 1, rtol=1e-5)
    assert not batch.known[batch.valid == 0].any()
    for labels, centers, valid in zip(batch.labels, batch.centers, batch.valid):  # in any frame
        assert set(np.unique(labels)) - {0} == set(np.flatnonzero(valid))
        for name in np.flatnonzero(valid):
            np.testing.assert_allclose(np.argwhere(labels == name).mean(0)[1] / SIZE, centers[name, 1], atol=1.01 / SIZE)
    apart = (batch.given - batch.colors)[:, 1:13]
    np.testing.assert_allclose(apart.std((0, 2)), [5, 11] + [1] * 10, rtol=0.2)
    assert abs(apart[:, 2:].mean()) < 0.1


def test_known_regions_are_drawn_by_area():
    random, areas = np.random.default_rng(0), np.array([0, 0.6, 0.3, 0.1, 0], np.float32)
    drawn = np.mean([known_regions(areas, 1, random) for _ in range(4000)], 0)
    np.testing.assert_allclose(drawn, [0, 0.6, 0.3, 0.1, 0], atol=0.03)
    twice = np.mean([known_regions(areas, 2, random) for _ in range(4000)], 0)
    np.testing.assert_allclose(twice, 1 - (1 - np.array([0, 0.6, 0.3, 0.1, 0])) ** 2, atol=0.03)


def test_numbers_of_known_colors(make):
    random = np.random.default_rng(0)
    logs = np.log([log_uniform(random) for _ in range(4000)])
    assert logs.min() == 0 and np.exp(logs.max()) < 80
    assert np.mean(logs < math.log(80) / 2) == pytest.approx(0.5, abs=0.05)
    none = np.mean([make().batch(step, 50).known.max(1) == 0 for step in range(8)])
    assert none == pytest.approx(0.25, abs=0.06)


def test_turned_colors_keep_lightness_and_proportion():
    colors = np.random.default_rng(0).uniform(-50, 50, (20, 3)).astype(np.float32)
    found = turn(colors, 0.7, 1.2)
    np.testing.assert_array_equal(found[:, 0], colors[:, 0])
    ratio = (found[:, 1] + 1j * found[:, 2]) / (colors[:, 1] + 1j * colors[:, 2])
    np.testing.assert_allclose(ratio, 1.2 * np.exp(0.7j), rtol=1e-4)


def test_held_out_pictures_are_never_trained_on(make):
    source = make()
    for records, rows in source.held_out:
        assert 0.01 < len(rows) / len(records) < 0.08
    held = {record["colors"].tobytes() for record in source.validation_samples()}
    assert held and held <= {records[i]["colors"].tobytes() for records, rows in source.held_out[:1] for i in rows}  # none is drawn
    trained = {records[i]["colors"].tobytes() for records, rows in source.train for i in rows}
    assert len(trained) == 400 - sum(len(rows) for _, rows in source.held_out) and not held & trained


def test_the_same_picture_in_two_sources_counts_once(make):
    source = make(data=("a", "again"))
    assert [len(train) + len(held) for (_, train), (_, held) in zip(source.train, source.held_out)] == [300, 0]


def test_sources_are_used_by_their_shares(make):
    assert make(shares=(1, 3)).shares.tolist() == [0.25, 0.75]
    assert make().shares[0] == pytest.approx(0.75, abs=0.02)
    with pytest.raises(MangastyleError, match="usable pictures"):
        examples_module.region_sources.load("a", 64).hashes[1:] = []
        make(data=("a",))


def test_validation_is_the_same_for_every_seed_and_each_picture_counts_equally(make):
    for hinted in (False, True):
        one, two = make(0).validation(hinted, 2, 5), make(7).validation(hinted, 2, 5)
        for part, other in zip(one, two):
            np.testing.assert_array_equal(part, other)
        np.testing.assert_allclose(one.weights.sum(1), np.where(one.known[:, 1:13].all(1), 0, 1), rtol=1e-5)
        assert (one.known.max() > 0) == hinted
        np.testing.assert_array_equal(one.colors, one.given)


def test_palette_is_where_the_colors_are(make):
    source = make()
    few = np.array([[20, 0, 0], [60, 50, 40], [90, -40, 10]], np.float32)
    for records, _ in source.train:
        records["colors"][:, 1:13] = np.tile(few, (4, 1))
    found = source.palette(3)
    np.testing.assert_allclose(found[np.argsort(found[:, 0])], few, atol=0.1)
    np.testing.assert_array_equal(found, source.palette(3))
    assert np.isfinite(source.palette(128)).all()
