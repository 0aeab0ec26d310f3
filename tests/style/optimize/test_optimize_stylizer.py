"""Stylization by optimization, end to end on a narrow VGG-19 of random weights so that it is quick."""

from __future__ import annotations

import dataclasses
import threading

import cv2
import numpy as np
import pytest

from mangastyle.cli.options import settle
from mangastyle.cli.style import Options
from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.ops import pixels
from mangastyle.style.optimize import optimizers
from mangastyle.style.optimize.settings import OptimizeSettings
from mangastyle.style.optimize.stylizer import OptimizeStylizer, Record, scales

TINY = OptimizeSettings(size=0, iterations=6, style_layers=("relu1_1", "relu2_1", "relu3_1"), content_layers=("relu3_2",))
SINGLE = dataclasses.replace(TINY, min_size=0)  # scale


def make(narrow, settings: OptimizeSettings = TINY, styles=None, **inputs) -> OptimizeStylizer:
    return OptimizeStylizer([stripes()] if styles is None else styles, settings, backbone=narrow, precision="float32", **inputs)


def stylize(narrow, content: np.ndarray, settings: OptimizeSettings = TINY, styles=None, **inputs) -> np.ndarray:
    return make(narrow, settings, styles, **inputs)(content)


def disc(height: int, width: int) -> np.ndarray:
    """A red disc on a light ground: the content."""
    y, x = np.mgrid[:height, :width]
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (min(height, width) / 3) ** 2
    return np.where(inside[..., None], (200, 40, 60), (240, 230, 200)).astype(np.uint8)


def stripes(height: int = 48, width: int = 40, every: int = 6) -> np.ndarray:
    """Blue and yellow stripes: the painting."""
    y, x = np.mgrid[:height, :width]
    return np.where(((y + x) // every % 2)[..., None], (20, 50, 160), (250, 220, 60)).astype(np.uint8)


def records(stylizer: OptimizeStylizer, content: np.ndarray) -> list[Record]:
    found: list[Record] = []
    stylizer(content, found.append)
    return found


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize(("loss", "distance"), [("mean", "wasserstein"), ("mean", "gram"), ("sum", "gram")])
def test_the_loss_falls_by_much(narrow, optimizer, loss, distance):
    settings = dataclasses.replace(TINY, optimizer=optimizer, loss=loss, distance=distance, iterations=40, learning_rate=4.0)
    found = records(make(narrow, settings), disc(40, 36))
    assert found[-1].iteration == 40
    assert min(r.total for r in found) < 0.3 * found[0].total
    losses = found[-1].losses
    expected = settings.content_weight * losses["content"] + settings.style_weight * losses["style"] + settings.tv_weight * losses["tv"]
    assert found[-1].total == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (65, 97)])
def test_exactly_the_size_of_the_content(narrow, height, width):
    painted = stylize(narrow, disc(height, width))
    assert painted.shape == (height, width, 3) and painted.dtype == np.uint8


def test_paints_larger_and_reduces(narrow):
    settings = dataclasses.replace(TINY, oversample=1.5)
    found: list[Record] = []
    painted = make(narrow, settings)(disc(40, 50), found.append)
    assert painted.shape == (40, 50, 3) and found[-1].side == 60
    larger = stylize(narrow, pixels.resize(disc(40, 50), 60, 75))
    assert np.abs(painted.astype(int) - pixels.resize(larger, 40, 50)).max() <= 1


def test_short_side(narrow):
    assert stylize(narrow, disc(64, 96), dataclasses.replace(TINY, size=34)).shape == (34, 51, 3)


def test_same_seed_same_picture(narrow):
    settings = dataclasses.replace(TINY, init="noise", iterations=2)
    first, second = (stylize(narrow, disc(32, 32), settings) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = stylize(narrow, disc(32, 32), settings, seed=1)
    assert (first != other).any()


@pytest.mark.parametrize("init", ["content", "style", "noise"])
def test_where_the_search_starts(narrow, init):
    content, style = disc(32, 32), stripes(32, 32)
    settings = dataclasses.replace(TINY, init=init, iterations=1)
    start = records(make(narrow, settings, [style]), content)[0]
    if init == "noise":
        assert 60 < start.picture().std() < 90  # uniform in 0..255 has 73.6
    else:
        np.testing.assert_array_equal(start.picture(), content if init == "content" else style)
        assert start.losses[init] == pytest.approx(0, abs=1e-6)


def test_starts_from_a_picture(narrow):
    start = records(make(narrow, dataclasses.replace(TINY, iterations=1), init=stripes(64, 64)), disc(32, 40))[0]
    np.testing.assert_array_equal(start.picture(), pixels.resize(stripes(64, 64), 32, 40))


def test_starts_from_a_picture_given_for_one_content(narrow):
    """It goes before `init`, for this search alone, at the size of the first scale."""
    stylizer = make(narrow, dataclasses.replace(TINY, iterations=1, min_size=32), init=stripes(64, 64))
    content, found = disc(64, 80), []
    painted = stylizer(content, found.append, start=255 - content)
    np.testing.assert_array_equal(found[0].picture(), pixels.resize(255 - content, 32, 40))
    own = make(narrow, stylizer.settings, init=255 - content)
    np.testing.assert_array_equal(painted, own(content))
    np.testing.assert_array_equal(painted, pixels.to_uint8(stylizer.search(content, start=255 - content).picture))
    np.testing.assert_array_equal(records(stylizer, content)[0].picture(), pixels.resize(stripes(64, 64), 32, 40))


@pytest.mark.parametrize(
    ("height", "width", "changes", "expected"),
    [
        (512, 512, {}, [(128, 128, 100), (256, 256, 50), (512, 512, 25)]),
        (768, 512, {}, [(192, 128, 100), (384, 256, 50), (768, 512, 25)]),
        (512, 512, {"min_size": 0}, [(512, 512, 25)]),
        (200, 300, {}, [(200, 300, 25)]),
        (256, 256, {"scale_step": 2**0.5}, [(128, 128, 50), (181, 181, 35), (256, 256, 25)]),
        (171, 300, {"oversample": 1.5}, [(128, 225, 50), (256, 450, 25)]),
        (80, 80, {"min_size": 1}, [(40, 40, 50), (80, 80, 25)]),  # VGG-19 needs 32 pixels
        (512, 512, {"num_scales": 2}, [(256, 256, 50), (512, 512, 25)]),  # the finest ones
        (512, 512, {"num_scales": 1}, [(512, 512, 25)]),
        (512, 512, {"num_scales": 9}, [(128, 128, 100), (256, 256, 50), (512, 512, 25)]),
        (171, 300, {"oversample": 1.5, "num_scales": 1}, [(256, 450, 25)]),
    ],
)
def test_scales_coarse_to_fine(height, width, changes, expected):
    assert scales(height, width, OptimizeSettings(**changes)) == expected


def test_records_go_on_from_scale_to_scale(narrow):
    settings = dataclasses.replace(TINY, min_size=32, iterations=3)
    found = records(make(narrow, settings), disc(64, 80))
    assert [record.side for record in found] == [32] * 7 + [64] * 4
    assert [record.iteration for record in found] == [0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9]
    assert {record.iterations for record in found} == {9} == {make(narrow, settings).iterations(disc(64, 80))}
    for attribute in ("evaluations", "seconds"):
        values = [getattr(record, attribute) for record in found]
        assert values == sorted(values)
    assert found[0].picture().shape == (32, 40, 3) and found[-1].picture().shape == (64, 80, 3)
    # The second scale begins with what the first one ended with.
    small = cv2.resize(found[7].picture(), (40, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(small - found[6].picture()).mean() < 0.3 * np.abs(small - pixels.resize(disc(64, 80), 32, 40)).mean()


@pytest.mark.slow
def test_strength_from_the_content_to_the_painting(narrow):
    ends = []
    for strength in (0.0, 0.1, 0.5, 0.9):
        settings = dataclasses.replace(SINGLE, strength=strength, iterations=25, style_weight=5.0)
        ends.append(records(make(narrow, settings), disc(48, 48))[-1])
    content, style = ([r.losses[name] for r in ends] for name in ("content", "style"))
    assert content == sorted(content) and content[0] == 0
    assert style == sorted(style, reverse=True)
    np.testing.assert_array_equal(ends[0].picture(), disc(48, 48))


def test_colors_of_the_content_are_kept(narrow):
    settings = dataclasses.replace(SINGLE, iterations=15, strength=0.9)
    content = cv2.GaussianBlur(disc(48, 48), (0, 0), 2)
    for kept in (True, False):
        painted = stylize(narrow, content, dataclasses.replace(settings, keep_colors=kept))
        chroma = [cv2.cvtColor(x, cv2.COLOR_RGB2Lab)[..., 1:].astype(float) for x in (painted, content)]
        assert (np.abs(chroma[0] - chroma[1]).mean() < 6) == kept


def test_painting_in_the_colors_of_the_content(narrow):
    settings = dataclasses.replace(SINGLE, iterations=25, strength=0.95)
    content, away = disc(48, 48), {}
    for match in (True, False):
        mean = stylize(narrow, content, dataclasses.replace(settings, match_colors=match)).mean((0, 1))
        away[match] = np.abs(mean - content.mean((0, 1))).sum()
    assert away[True] < away[False] / 2


def test_a_painting_acts_where_its_mask_is_white(narrow):
    left = np.zeros((48, 64), np.uint8)
    left[:, :32] = 255
    settings = dataclasses.replace(SINGLE, iterations=15, strength=0.8)
    content = np.full((48, 64, 3), 128, np.uint8)
    moved = np.abs(stylize(narrow, content, settings, masks=[left]) - content.astype(float)).mean((0, 2))
    assert moved[:24].mean() > 4 * moved[48:].mean()
    with pytest.raises(MangastyleError, match="`masks`: this mask is 64x48 pixels and the content 48x48"):
        stylize(narrow, content[:, :48], settings, masks=[left])
    with pytest.raises(MangastyleError, match="`masks`: there must be as many masks as paintings"):
        stylize(narrow, content, settings, [stripes(), stripes()], masks=[left])


def test_contents_of_one_size_share_graph_and_statistics(narrow):
    stylizer = make(narrow, dataclasses.replace(TINY, iterations=1))
    stylizer(disc(32, 40))
    kept = stylizer._kept[32, 40]
    stylizer(disc(32, 40)[::-1].copy())
    assert stylizer._kept[32, 40] is kept
    stylizer(disc(40, 32))
    assert set(stylizer._kept) == {(40, 32)}  # a folder of many sizes does not fill the memory


def test_statistics_follow_the_colors_of_each_content_unless_they_are_given(narrow):
    stylizer = make(narrow, dataclasses.replace(TINY, iterations=1, match_colors=True))
    content, other = disc(32, 40), 255 - disc(32, 40)
    fixed = stylizer.style_statistics(content)
    first, second = (x[32, 40][0]["relu1_1"].statistics.mean for x in (fixed, stylizer.style_statistics(other)))
    assert np.abs(first - second).max() > 0
    np.testing.assert_array_equal(stylizer.search(content).picture, stylizer.search(content, style_statistics=fixed).picture)
    assert (stylizer.search(other).picture != stylizer.search(other, style_statistics=fixed).picture).any()


def test_picture_moves_towards_the_colors_of_the_painting(narrow):
    settings = dataclasses.replace(TINY, iterations=60, style_weight=1000.0)
    content, style = disc(48, 48), stripes()
    painted = stylize(narrow, content, settings, [style])
    before = np.abs(content.mean((0, 1)) - style.mean((0, 1))).sum()
    after = np.abs(painted.mean((0, 1)) - style.mean((0, 1))).sum()
    assert after < before / 2


def test_interruption_and_cancelling(narrow):
    """`search` returns the best picture; the call raises."""
    stylizer, cancel = make(narrow), threading.Event()

    def interrupt(record):
        if record.iteration == 3:
            raise KeyboardInterrupt

    def stop(record):
        if record.iteration == 3:
            cancel.set()

    result = stylizer.search(disc(32, 40), interrupt)
    assert result.interrupted and result.reason == optimizers.INTERRUPTED and result.picture.shape == (32, 40, 3)
    with pytest.raises(KeyboardInterrupt):
        stylizer(disc(32, 40), interrupt)
    with pytest.raises(Cancelled) as error:
        stylizer(disc(32, 40), stop, cancel)
    assert error.value.result.dtype == np.uint8 and (error.value.result != disc(32, 40)).any()
    with pytest.raises(Cancelled) as error:
        stylizer(disc(32, 40), cancel=cancel)
    assert error.value.result is None


def test_paper_preset_is_the_letter_of_the_paper():
    paper = settle(Options, {"preset": "paper"})
    assert (paper.loss, paper.content_weight, paper.style_weight, paper.tv_weight) == ("sum", 0.001, 0.001, 0)
    assert (paper.iterations, paper.learning_rate, paper.style_size) == (1000, 1.0, "content")
    assert paper.content_layers == ("conv4_2",)
    assert paper.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


@pytest.mark.parametrize(
    ("message", "styles", "changes"),
    [
        ("`styles`: there must be at least one", [], {}),
        ("`styles`: must be at least 32 pixels high and wide, not 40x20", [stripes(40, 20)], {}),
        ("`content_layers`: .*did you mean 'relu4_2'", [stripes()], {"content_layers": ("rleu4_2",)}),
        ("`style_layers`: name at least one", [stripes()], {"style_layers": ()}),
        ("`size`: must be 0 or at least 32, not 16", [stripes()], {"size": 16}),
        ("`style_weights`: 1 weight for 2", [stripes(), stripes()], {"style_weights": (1.0,)}),
        ("`content_weight` 0 and `style_weight` 0 leave nothing", [stripes()], {"content_weight": 0.0, "style_weight": 0.0}),
    ],
)
def test_mistakes(narrow, message, styles, changes):
    with pytest.raises(MangastyleError, match=message):
        make(narrow, dataclasses.replace(TINY, **changes), styles)


def test_contents_that_are_refused(narrow):
    with pytest.raises(MangastyleError, match="`content`: must be at least 32 pixels high and wide, not 31x40"):
        stylize(narrow, disc(31, 40))
    with pytest.raises(MangastyleError, match="`size`: would paint 40x40 pixels, over the limit"):
        make(narrow, max_pixels=1000)(disc(40, 40))
