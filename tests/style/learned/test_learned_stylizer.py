"""Stylization by learned painters: whose decoder paints, several paintings, masks, and what is learned when."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io import weights
from mangastyle.ops import pixels
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.style.learned.settings import LearnedSettings
from mangastyle.style.learned.stylizer import LearnedStylizer
from mangastyle.style.onepass import network
from mangastyle.style.onepass.settings import OnePassSettings, OnePassSpec
from mangastyle.style.onepass.stylizer import OnePassStylizer
from mangastyle.style.stylize import stylize
from mangastyle.training import painter as training

SPEC = OnePassSpec(residual_windows=(0, 9), residual_share=1.0, modulated=True, residual_blocks=(1, 0, 0, 0))


def noise(seed: int, height: int = 64, width: int = 64) -> np.ndarray:
    """Colored blotches, uint8 (height, width, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return pixels.resize(coarse, height, width)


def painter(painting: np.ndarray, seed: int, spec: OnePassSpec = SPEC) -> Painter:
    """A painter with a random decoder that paints about in range."""
    decoder, random = network.decoder(spec), np.random.default_rng(seed)
    arrays = {x.path: random.normal(0, 0.4 / np.sqrt(np.prod(x.shape[:-1])), x.shape).astype(np.float32) for x in decoder.variables}
    return Painter(painters.digest(painting), painting, spec, arrays)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    """The user's cache folder."""
    monkeypatch.setenv("MANGASTYLE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> str:
    """Painters of `noise(1)` and `noise(2)`."""
    path = tmp_path_factory.mktemp("painters") / "two.h5"
    painters.write(path, [painter(noise(seed), seed) for seed in (1, 2)], {})
    return str(path)


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Callable[..., np.ndarray]:
    """Paints by the decoder of `noise(seed)`, as a one-pass decoder for every painting."""
    folder = tmp_path_factory.mktemp("decoders")
    for seed in (1, 2):
        weights.write(folder / f"{seed}.h5", "onepass", SPEC, painter(noise(seed), seed).arrays)

    known: dict[tuple, np.ndarray] = {}

    def paint(seed: int, content: np.ndarray, masks=(), **changes: Any) -> np.ndarray:
        key = seed, content.tobytes(), str(masks), str(changes)
        if key not in known:
            settings = OnePassSettings(size=0, onepass_weights=str(folder / f"{seed}.h5"), **changes)
            known[key] = OnePassStylizer([noise(seed)], settings, masks=masks, precision="float32")(content)
        return known[key]

    return paint


def make(styles, file: str = "", masks=(), **changes: Any) -> LearnedStylizer:
    return LearnedStylizer(styles, LearnedSettings(**{"size": 0, "painters": file, **changes}), masks=masks, precision="float32")


def taught(styles, file: str = "", minutes: float = 1.0) -> LearnedStylizer:
    """A stylizer that learns what nobody has learned."""
    stylizer = make(styles, file)
    stylizer.teacher = functools.partial(training.learn, minutes=minutes, seed=4, precision="float32")
    return stylizer


@pytest.fixture
def lessons(monkeypatch) -> list[Any]:
    """Replaces learning by a random decoder; the list gets the arguments of each."""
    made: list[Any] = []

    def train(painting, settings, run, **given):
        made.append((painting, settings, given))
        return painter(painters.reduced(painting), 7), ""

    monkeypatch.setattr(training, "train", train)
    return made


@pytest.mark.parametrize("changes", [pytest.param({}, marks=pytest.mark.slow), {"strength": 0.9, "match_colors": True}])
def test_the_painters_own_decoder_paints(file, own, changes):
    content = noise(0)
    np.testing.assert_array_equal(make([noise(1)], file, **changes)(content), own(1, content, **changes))
    assert np.abs(own(1, content, **changes).astype(int) - own(2, content)).mean() > 3
    assert make([noise(1)], file, size=48, keep_colors=True)(content).shape == (48, 48, 3)


@pytest.mark.slow
def test_large_pictures_tile_by_tile(file, own):
    content, records = noise(0, 200, 232), []
    whole = make([noise(1)], file)(content)
    assert np.abs(make([noise(1)], file)(content, records.append, at_once=128**2).astype(int) - whole).max() <= 1
    assert len(records) == 8  # each of 4 tiles is measured, and then painted


@pytest.mark.slow
def test_several_paintings_are_blended_by_weight(file, own):
    content = noise(0)
    painted = make([noise(1), noise(2)], file, style_weights=(1.0, 3.0))(content)
    one, other = (own(seed, content).astype(np.float64) for seed in (1, 2))
    within = np.all([(0 < x) & (x < 255) for x in (one, other)], 0)  # not cut to the range of pixels
    assert within.mean() > 0.3
    assert np.abs(painted - (0.25 * one + 0.75 * other))[within].max() <= 1


@pytest.mark.slow
def test_each_painting_paints_under_its_mask(file, own):
    content, left = noise(0, 64, 128), np.zeros((64, 128), np.float32)
    left[:, :64] = 1
    painted = make([noise(2), noise(1)], file, [left, 1 - left])(content)
    for seed, mask, part in ((2, left, np.s_[:, :64]), (1, 1 - left, np.s_[:, 64:])):
        assert np.abs(painted[part].astype(int) - own(seed, content, [mask])[part]).max() <= 1


def test_what_nobody_has_learned_is_refused_without_a_teacher(file, lessons, cache):
    for given in ("", file):
        with pytest.raises(MangastyleError, match="`styles`: a painting has not been learned yet.*mangastyle learn"):
            make([noise(5)], given)(noise(0))
    assert not lessons and not cache.exists()


def test_a_painting_is_learned_once_for_all_stylizers(lessons, cache, file):
    content = noise(0)
    stylizer = taught([noise(5)], file, minutes=2.5)
    assert not lessons  # before it is needed
    first = stylizer(content)
    assert len(lessons) == 1
    painting, settings, given = lessons[0]
    np.testing.assert_array_equal(painting, noise(5))
    assert settings.minutes == 2.5 and given["init"] == "onepass" and given["seed"] == 4 and given["precision"] == "float32"
    np.testing.assert_array_equal(stylizer(content), first)
    again = taught([noise(5)])(content)
    assert len(lessons) == 1 and np.abs(again.astype(int) - first).max() <= 2
    assert [path.name for path in (cache / "painters").iterdir()] == [f"{painters.digest(noise(5))}.h5"]
    np.testing.assert_array_equal(make([noise(5)])(content), again)  # no teacher is needed now
    taught([noise(6)])(content)
    assert len(lessons) == 2


def test_a_painting_just_learned_paints_as_it_will_later(lessons):
    first = taught([noise(5)])(noise(0))
    np.testing.assert_array_equal(make([noise(5)])(noise(0)), first)


def test_a_cached_painter_that_is_damaged_is_learned_again(lessons, cache):
    taught([noise(5)])(noise(0))
    (path,) = (cache / "painters").iterdir()
    path.write_bytes(path.read_bytes()[:5000])
    taught([noise(5)])(noise(0))
    assert len(lessons) == 2 and painters.read(path)[0].digest == painters.digest(noise(5))


@pytest.mark.slow
def test_other_paintings_have_other_painters(file, own):
    """What is kept of a painting is forgotten with it."""
    content, one, two = noise(0), noise(1), noise(2)
    stylizer = make([one], file)
    np.testing.assert_array_equal(stylizer(content), own(1, content))
    stylizer.use([two])
    np.testing.assert_array_equal(stylizer(content), own(2, content))
    assert len(stylizer._hands) == 1
    stylizer.use([one])
    np.testing.assert_array_equal(stylizer(content), own(1, content))


def test_by_name(file, own):
    painted = stylize(noise(0), [noise(1)], method="learned", painters=file, size=0, precision="float32")
    np.testing.assert_array_equal(painted, own(1, noise(0)))


def test_a_file_of_other_decoders_is_refused(tmp_path):
    """One that tells other forms than its arrays have."""
    true = painter(noise(1), 1)
    painters.write(tmp_path / "odd.h5", [true._replace(spec=dataclasses.replace(SPEC, residual_blocks=(0, 0, 0, 0)))], {})
    painters.write(tmp_path / "less.h5", [true._replace(arrays=dict(list(true.arrays.items())[:-1]))], {})
    for name in ("odd", "less"):
        with pytest.raises(MangastyleError, match=f"{name}.h5: damaged or of another network"):
            make([noise(1)], str(tmp_path / f"{name}.h5"))(noise(0))
    with pytest.raises(MangastyleError, match="nothing.h5"):
        make([noise(1)], str(tmp_path / "nothing.h5"))(noise(0))
