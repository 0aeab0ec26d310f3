"""Style transfer end to end on a narrow VGG-19 of random weights so that it is quick."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from mangastyle import images
from mangastyle.config import StyleConfig, settle
from mangastyle.errors import MangastyleError
from mangastyle.style import transfer

TINY = StyleConfig(size=0, iterations=6, precision="float32", backbone="random")
SINGLE = dataclasses.replace(TINY, min_size=0)  # scale


def disc(height: int, width: int) -> np.ndarray:
    """A red disc on a light ground: the content."""
    y, x = np.mgrid[:height, :width]
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (min(height, width) / 3) ** 2
    return np.where(inside[..., None], (200, 40, 60), (240, 230, 200)).astype(np.uint8)


def stripes(height: int = 48, width: int = 40, every: int = 6) -> np.ndarray:
    """Blue and yellow stripes: the painting."""
    y, x = np.mgrid[:height, :width]
    return np.where(((y + x) // every % 2)[..., None], (20, 50, 160), (250, 220, 60)).astype(np.uint8)


def records(painter: transfer.Painter, content: np.ndarray) -> list[transfer.Record]:
    found: list[transfer.Record] = []
    painter.paint(content, lambda record, side: found.append(record))
    return found


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize(("loss", "distance"), [("mean", "wasserstein"), ("mean", "gram"), ("sum", "gram")])
def test_the_loss_falls_by_much(narrow, optimizer, loss, distance):
    options = dataclasses.replace(TINY, optimizer=optimizer, loss=loss, distance=distance, iterations=40, learning_rate=4.0)
    found = records(transfer.Painter([stripes()], options, narrow), disc(40, 36))
    assert found[-1].iteration == 40
    assert min(r.total for r in found) < 0.3 * found[0].total
    expected = options.content_weight * found[-1].content + options.style_weight * found[-1].style + options.tv_weight * found[-1].tv
    assert found[-1].total == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (65, 97)])
def test_exactly_the_size_of_the_content(narrow, height, width):
    painted = transfer.stylize(disc(height, width), [stripes()], TINY, narrow)
    assert painted.shape == (height, width, 3) and painted.dtype == np.uint8


def test_paints_larger_and_reduces(narrow):
    options = dataclasses.replace(TINY, oversample=1.5)
    sides = []
    painted = transfer.stylize(disc(40, 50), [stripes()], options, narrow, lambda record, side: sides.append(side))
    assert painted.shape == (40, 50, 3) and sides[-1] == 60
    larger = transfer.stylize(images.resize(disc(40, 50), 60, 75), [stripes()], TINY, narrow)
    assert np.abs(painted.astype(int) - images.resize(larger, 40, 50)).max() <= 1


def test_short_side(narrow):
    assert transfer.stylize(disc(64, 96), [stripes()], dataclasses.replace(TINY, size=34), narrow).shape == (34, 51, 3)


def test_same_seed_same_picture(narrow):
    options = dataclasses.replace(TINY, init="noise", iterations=2)
    first, second = (transfer.stylize(disc(32, 32), [stripes()], options, narrow) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = transfer.stylize(disc(32, 32), [stripes()], dataclasses.replace(options, seed=1), narrow)
    assert (first != other).any()


@pytest.mark.parametrize("init", ["content", "style", "noise"])
def test_where_the_search_starts(narrow, init):
    content, style = disc(32, 32), stripes(32, 32)
    options = dataclasses.replace(TINY, init=init, iterations=1)
    start = records(transfer.Painter([style], options, narrow), content)[0]
    if init == "noise":
        assert 60 < start.picture().std() < 90  # uniform in 0..255 has 73.6
    else:
        np.testing.assert_array_equal(start.picture(), content if init == "content" else style)
        assert getattr(start, init) == pytest.approx(0, abs=1e-6)


def test_starts_from_a_picture_file(narrow, tmp_path):
    images.save(tmp_path / "start.png", stripes(64, 64))
    options = dataclasses.replace(TINY, init=str(tmp_path / "start.png"), iterations=1)
    start = records(transfer.Painter([stripes()], options, narrow), disc(32, 40))[0]
    np.testing.assert_array_equal(start.picture(), images.resize(stripes(64, 64), 32, 40))
    with pytest.raises(MangastyleError, match="nothing.png: no such file; --init takes"):
        transfer.Painter([stripes()], dataclasses.replace(TINY, init="nothing.png"), narrow)


@pytest.mark.parametrize(
    ("height", "width", "changes", "expected"),
    [
        (512, 512, {}, [(128, 128, 100), (256, 256, 50), (512, 512, 25)]),
        (768, 512, {}, [(192, 128, 100), (384, 256, 50), (768, 512, 25)]),
        (512, 512, {"min_size": 0}, [(512, 512, 25)]),
        (200, 300, {}, [(200, 300, 25)]),
        (256, 256, {"scale_step": 2**0.5}, [(128, 128, 50), (181, 181, 35), (256, 256, 25)]),
        (171, 300, {"oversample": 1.5}, [(128, 225, 50), (256, 450, 25)]),
        (80, 80, {"min_size": 1}, [(40, 40, 50), (80, 80, 25)]),  # VGG-19 sees nothing in less than 32 pixels
    ],
)
def test_scales_coarse_to_fine(height, width, changes, expected):
    assert transfer.scales(height, width, StyleConfig(**changes)) == expected


def test_records_go_on_from_scale_to_scale(narrow):
    found: list[tuple[transfer.Record, int]] = []
    options = dataclasses.replace(TINY, min_size=32, iterations=3)
    transfer.Painter([stripes()], options, narrow).paint(disc(64, 80), lambda *args: found.append(args))
    assert [side for _, side in found] == [32] * 7 + [64] * 4
    assert [record.iteration for record, _ in found] == [0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9]
    for attribute in ("evaluations", "seconds"):
        values = [getattr(record, attribute) for record, _ in found]
        assert values == sorted(values)
    assert found[0][0].picture().shape == (32, 40, 3) and found[-1][0].picture().shape == (64, 80, 3)
    # The second scale begins with what the first one ended with.
    small = cv2.resize(found[7][0].picture(), (40, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(small - found[6][0].picture()).mean() < 0.3 * np.abs(small - images.resize(disc(64, 80), 32, 40)).mean()


def test_strength_from_the_content_to_the_painting(narrow):
    ends = []
    for strength in (0.0, 0.1, 0.5, 0.9):
        options = dataclasses.replace(SINGLE, strength=strength, iterations=25)
        ends.append(records(transfer.Painter([stripes()], options, narrow), disc(48, 48))[-1])
    assert [r.content for r in ends] == sorted(r.content for r in ends) and ends[0].content == 0
    assert [r.style for r in ends] == sorted((r.style for r in ends), reverse=True)
    np.testing.assert_array_equal(ends[0].picture(), disc(48, 48))


def test_colours_of_the_content_are_kept(narrow):
    options = dataclasses.replace(SINGLE, keep_colors=True, iterations=15, strength=0.9)
    content = cv2.GaussianBlur(disc(48, 48), (0, 0), 2)
    for painted, kept in ((transfer.stylize(content, [stripes()], o, narrow), o.keep_colors) for o in (options, dataclasses.replace(options, keep_colors=False))):
        chroma = [cv2.cvtColor(x, cv2.COLOR_RGB2Lab)[..., 1:].astype(float) for x in (painted, content)]
        assert (np.abs(chroma[0] - chroma[1]).mean() < 6) == kept


def test_painting_in_the_colours_of_the_content(narrow):
    options = dataclasses.replace(SINGLE, iterations=25, strength=0.95)
    content = disc(48, 48)
    means = {m: transfer.stylize(content, [stripes()], dataclasses.replace(options, match_colors=m), narrow).mean((0, 1)) for m in (True, False)}
    away = {m: np.abs(mean - content.mean((0, 1))).sum() for m, mean in means.items()}
    assert away[True] < away[False] / 2


def test_masks_say_where_a_painting_acts(narrow, tmp_path):
    left = np.zeros((48, 64), np.uint8)
    left[:, :32] = 255
    images.save(tmp_path / "left.png", left)
    options = dataclasses.replace(SINGLE, mask=(str(tmp_path / "left.png"),), iterations=15, strength=0.8)
    content = np.full((48, 64, 3), 128, np.uint8)
    moved = np.abs(transfer.stylize(content, [stripes()], options, narrow) - content.astype(float)).mean((0, 2))
    assert moved[:24].mean() > 4 * moved[48:].mean()
    with pytest.raises(MangastyleError, match="left.png: this mask is 64x48 pixels and the content 48x48"):
        transfer.stylize(content[:, :48], [stripes()], options, narrow)
    with pytest.raises(MangastyleError, match="--mask: there must be as many masks as paintings"):
        transfer.stylize(content, [stripes(), stripes()], options, narrow)


def test_pictures_of_one_size_share_graph_and_targets(narrow):
    painter = transfer.Painter([stripes()], dataclasses.replace(TINY, iterations=1), narrow)
    painter.paint(disc(32, 40))
    targets = painter.style_targets[32, 40]
    painter.paint(disc(32, 40)[::-1].copy())
    assert painter.style_targets[32, 40] is targets
    painter.paint(disc(40, 32))
    assert set(painter.style_targets) == {(40, 32)}  # a folder of many sizes does not fill the memory


def test_targets_follow_the_colours_of_each_content(narrow):
    painter = transfer.Painter([stripes()], dataclasses.replace(TINY, iterations=1, match_colors=True), narrow)
    painter.paint(disc(32, 40))
    first, *_ = painter.style_targets[32, 40][0]["relu1_1"]  # the mean
    painter.paint(255 - disc(32, 40))
    second, *_ = painter.style_targets[32, 40][0]["relu1_1"]
    assert np.abs(first - second).max() > 0


def test_picture_moves_towards_the_colours_of_the_painting(narrow):
    options = dataclasses.replace(TINY, iterations=60, style_weight=1000.0)
    content, style = disc(48, 48), stripes()
    painted = transfer.stylize(content, [style], options, narrow)
    before = np.abs(content.mean((0, 1)) - style.mean((0, 1))).sum()
    after = np.abs(painted.mean((0, 1)) - style.mean((0, 1))).sum()
    assert after < before / 2


def test_paper_preset_is_the_letter_of_the_paper():
    paper = settle(StyleConfig, {"preset": "paper"})
    assert (paper.loss, paper.content_weight, paper.style_weight, paper.tv_weight) == ("sum", 0.001, 0.001, 0)
    assert (paper.iterations, paper.learning_rate, paper.style_size) == (1000, 1.0, "content")
    assert paper.content_layers == ("conv4_2",)
    assert paper.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def test_mistakes(narrow):
    content = disc(40, 40)
    for message, styles, changes in (
        ("no painting", [], {}),
        ("the painting.* is 20x40 pixels; the least is 32x32", [stripes(40, 20)], {}),
        ("did you mean 'relu4_2'", [stripes()], {"content_layers": ("rleu4_2",)}),
        ("--style-layers: name at least one", [stripes()], {"style_layers": ()}),
        ("--size: must be 0 or at least 32, not 16", [stripes()], {"size": 16}),
        ("--style-weights: 1 weights for 2", [stripes(), stripes()], {"style_weights": (1.0,)}),
    ):
        with pytest.raises(MangastyleError, match=message):
            transfer.stylize(content, styles, dataclasses.replace(TINY, **changes), narrow)
    with pytest.raises(MangastyleError, match="the content is 40x31 pixels"):
        transfer.stylize(disc(31, 40), [stripes()], TINY, narrow)
