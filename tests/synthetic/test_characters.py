"""The drawn characters: repeatable, well formed, true line art and flat colors, and various."""

from __future__ import annotations

import colorsys
import hashlib

import cv2
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.synthetic.characters import DRAWING_VERSION, MAX_SIZE, character, curves, draw
from mangastyle.synthetic.characters.design import design


@pytest.mark.parametrize("size", [32, 64, 96, 257])
def test_shapes_and_types(size):
    drawn = character(5, size)
    assert drawn.rgb.shape == drawn.flat.shape == (size, size, 3)
    assert drawn.line.shape == (size, size)
    assert all(layer.dtype == np.uint8 and layer.flags.c_contiguous for layer in drawn)


def test_pure_function_of_seed_and_size():
    first = [character(seed, 64) for seed in range(6)]
    np.random.seed(1)  # the global generator must not matter, nor the order of the calls
    again = [character(seed, 64) for seed in reversed(range(6))][::-1]
    for a, b in zip(first, again):
        assert all(np.array_equal(x, y) for x, y in zip(a, b))
    assert np.array_equal(draw(3, 64), first[3].rgb)


def test_seeds_differ():
    digests = {hashlib.sha256(draw(seed, 32).tobytes()).digest() for seed in [*range(200), 2**40, 2**63]}
    assert len(digests) == 202


@pytest.mark.parametrize("seed", range(6))
def test_same_character_at_every_size(seed):
    small, large = character(seed, 64), character(seed, 256)
    for layer in ("rgb", "flat"):
        reduced = cv2.resize(getattr(large, layer), (64, 64), interpolation=cv2.INTER_AREA).astype(int)
        assert np.abs(reduced - getattr(small, layer)).mean() < 9
    other = character(seed + 1, 64)
    assert np.abs(small.flat.astype(int) - other.flat).mean() > 25


@pytest.mark.parametrize("seed", range(12))
def test_line_art_is_ink_on_paper(seed):
    line = character(seed, 256).line
    assert np.mean(line > 250) > 0.75
    assert 0.02 < np.mean(line < 128) < 0.2
    assert line.min() == 0


@pytest.mark.parametrize("seed", range(12))
def test_picture_is_darker_where_the_line_art_has_ink(seed):
    drawn = character(seed, 256)
    gray = cv2.cvtColor(drawn.rgb, cv2.COLOR_RGB2GRAY).astype(float)
    ink, paper = drawn.line < 64, drawn.line > 250
    weight = cv2.blur(paper.astype(float), (15, 15))
    around = cv2.blur(gray * paper, (15, 15)) / np.maximum(weight, 1e-9)  # mean of the paper pixels close by
    judged = ink & (weight > 0.1)
    assert judged.sum() > 500
    assert np.mean(gray[judged] < around[judged]) > 0.95
    assert np.mean((around - gray)[judged]) > 40


@pytest.mark.parametrize("seed", range(12))
def test_flat_has_few_colors_and_no_lines(seed):
    drawn = character(seed, 256)
    in_flat, in_picture = (_share_of_commonest(layer, 24) for layer in (drawn.flat, drawn.rgb))
    assert in_flat > 0.93  # the rest are mixed edge pixels
    assert in_picture < in_flat
    # Under a line the flat picture has the color of one of its sides, not the line's.
    ink = drawn.line < 64
    assert drawn.flat[ink].mean() > drawn.rgb[ink].mean() + 40


@pytest.mark.parametrize("seed", range(12))
def test_flat_has_no_shadow_and_no_gloss(seed):
    drawn, traits = character(seed, 256), design(seed)
    for tone, at_least in ((traits.skin.shadow, 200), (traits.hair.shadow, 200), (traits.hair.light, 50)):
        assert (drawn.rgb == tone).all(2).sum() > at_least
        assert (drawn.flat == tone).all(2).sum() < 10


def _share_of_commonest(rgb: np.ndarray, count: int) -> float:
    packed = rgb.reshape(-1, 3).astype(np.int32) @ (1 << 16, 1 << 8, 1)
    return np.sort(np.unique(packed, return_counts=True)[1])[::-1][:count].sum() / packed.size


def test_variety():
    flats = [character(seed, 32).flat / 255 for seed in range(100)]
    for y, x in ((1, 1), (7, 16), (30, 16)):  # backdrop, hair, clothes
        hues = [colorsys.rgb_to_hsv(*flat[y, x])[0] for flat in flats]
        assert (np.histogram(hues, 12, (0, 1))[0] > 0).sum() >= 8
    means = 255 * np.array([flat.mean((0, 1)) for flat in flats])
    assert means.std(0).min() > 15


def test_any_thread_count_gives_the_same_picture():
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        one = draw(4, 128)
        cv2.setNumThreads(4)
        assert np.array_equal(one, draw(4, 128))
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.parametrize(
    ("seed", "size", "message"),
    [
        (0, 7, "`size`: must be a whole number from 8 to 4096, not 7"),
        (0, MAX_SIZE + 1, "`size`: must be a whole number from 8 to 4096, not 4097"),
        (0, 64.0, "`size`: must be a whole number from 8 to 4096, not 64.0"),
        (0, None, "`size`: must be a whole number"),
        (-1, 64, "`seed`: must be a whole number from 0 to "),
        (2**128, 64, "`seed`: must be a whole number from 0 to "),
        ("7", 64, "`seed`: must be a whole number from 0 to .*not '7'"),
        (True, 64, "`seed`: must be a whole number from 0 to .*not True"),
    ],
)
def test_refuses_what_it_cannot_draw(seed, size, message):
    with pytest.raises(MangastyleError, match=message):
        draw(seed, size)


def test_numpys_integers_will_do():
    assert np.array_equal(draw(np.int64(3), np.int32(16)), draw(3, 16))


# means of red, green and blue of the picture, of the line art, and of red, green and blue of the flat colors, at 32 px
MEANS = [
    (178.7, 160.7, 166.5, 207.8, 212.7, 186.3, 190.3),
    (132.9, 159.3, 176.2, 180.2, 160.0, 203.3, 226.9),
    (164.1, 138.6, 105.8, 179.7, 203.1, 170.4, 130.6),
    (149.4, 165.4, 158.5, 187.5, 182.8, 198.7, 190.6),
    (113.1, 103.0, 122.9, 211.7, 121.8, 117.5, 131.9),
    (137.7, 139.5, 129.8, 177.5, 170.6, 170.4, 155.0),
    (138.3, 127.5, 125.9, 177.0, 164.3, 149.7, 145.8),
    (162.9, 145.8, 140.9, 183.9, 196.6, 170.6, 166.9),
]


def test_drawings_are_those_of_their_version():
    """Caches of drawn characters are named after the version: raise it when these numbers have to change."""
    assert DRAWING_VERSION == 1
    for seed, means in enumerate(MEANS):
        rgb, line, flat = character(seed, 32)
        assert np.allclose([*rgb.mean((0, 1)), line.mean(), *flat.mean((0, 1))], means, atol=0.3)


def test_curves_pass_through_their_points():
    knots = np.array([(0.0, 0.0), (1.0, 0.5), (2.0, -1.0), (0.5, -2.0)])
    assert np.allclose(curves.curve(knots)[:: curves.SAMPLES], knots)
    assert np.allclose(curves.curve(knots, closed=True)[:: curves.SAMPLES], knots)
    edge = curves.blades([(0, 0), (1, 0), (2, 0)], [(0.5, 1), (1.5, 1)], belly=0.1)
    assert np.allclose(edge[:: curves.SAMPLES], [(0, 0), (0.5, 1), (1, 0), (1.5, 1), (2, 0)])


def test_ribbon_has_the_width_it_is_asked_for():
    path = np.stack([np.linspace(0, 10, 21), np.zeros(21)], 1)
    outline = curves.ribbon(path, 0.8, start=1.0)
    upper, lower = outline[:21], outline[21:][::-1]
    width = np.abs(upper - lower)[:, 1]
    assert np.allclose(width[:11], 0.8) and width[-1] < 1e-9 and np.all(np.diff(width[10:]) < 0)
