"""The drawn figures: repeatable, well formed, layers that make the picture, and lines that agree with the identities."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import cv2
import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.lineart.regions import find_regions
from mangastyle.ops.layers import Layers, composite
from mangastyle.synthetic.drawing import draw
from mangastyle.synthetic.figures import FIGURE_VERSION, Drawing, figure, wear
from mangastyle.synthetic.figures.design import design
from mangastyle.synthetic.figures.pens import HANDS, Hand, Pen
from mangastyle.synthetic.figures.shapes import direction, line, scallops, tube, turned, union

SEEDS = range(6)
LAYERS = ("rgb", "line", "flat", "shading", "highlights", "labels")


@lru_cache
def drawn(seed: int, height: int = 384, width: int = 288) -> Drawing:
    return figure(seed, height, width)


def colors_of(picture: Drawing) -> np.ndarray:
    """The number of the color at each pixel: things of one color are one."""
    return np.unique(picture.colors.astype(int) @ (1 << 16, 1 << 8, 1), return_inverse=True)[1][picture.labels]


def agreement(picture: Drawing) -> float:
    """Share of the pixels whose color is the one that most of their found region has."""
    found, truth = find_regions(picture.line).labels.ravel().astype(np.int64), colors_of(picture).ravel()
    counts = np.bincount(found * (truth.max() + 1) + truth, minlength=(found.max() + 1) * (truth.max() + 1))
    return counts.reshape(-1, truth.max() + 1).max(1).sum() / truth.size


@pytest.mark.parametrize(("height", "width"), [(8, 8), (64, 33), (31, 200), (97, 65), (200, 120)])
def test_shapes_and_types(height, width):
    picture = figure(5, height, width, hand="brush")
    for name in LAYERS:
        layer = getattr(picture, name)
        assert layer.shape == ((height, width) if name in ("line", "labels") else (height, width, 3))
        assert layer.dtype == (np.int32 if name == "labels" else np.uint8) and layer.flags.c_contiguous
    assert picture.colors.shape == (len(picture.parts), 3) and picture.colors.dtype == np.uint8


def test_pure_function_of_its_arguments():
    first = [figure(seed, 96, 72) for seed in range(4)]
    np.random.seed(1)  # neither the global generator nor the order of the calls matters, nor the number of threads
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        again = [figure(seed, 96, 72) for seed in reversed(range(4))][::-1]
    finally:
        cv2.setNumThreads(threads)
    for a, b in zip(first, again):
        assert all(np.array_equal(getattr(a, name), getattr(b, name)) for name in LAYERS) and a.parts == b.parts
    assert len({hashlib.sha256(figure(seed, 48, 48).rgb.tobytes()).digest() for seed in [*range(12), 2**40, 2**100]}) == 14


@pytest.mark.parametrize("seed", SEEDS)
def test_same_picture_at_every_size(seed):
    small, large = drawn(seed, 192, 144), drawn(seed)
    reduced = cv2.resize(large.flat, (144, 192), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(reduced - small.flat).mean() < 9
    assert small.parts == large.parts and np.array_equal(small.colors, large.colors)


@pytest.mark.parametrize("seed", SEEDS)
def test_layers_make_the_picture(seed):
    picture = drawn(seed)
    lines = picture.line if picture.line.ndim == 3 else np.repeat(picture.line[..., None], 3, 2)
    made = composite(Layers(picture.flat, picture.shading, picture.highlights, lines))
    assert np.array_equal(made, picture.rgb)
    assert np.array_equal(picture.colors[picture.labels], picture.flat)
    assert picture.parts[0] == "paper" and picture.labels.min() >= 0 and picture.labels.max() < len(picture.parts)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_thing_has_one_color(seed):
    picture = drawn(seed)
    for index in range(3):
        traits = design(seed, index, picture.light)
        seen = {part: {tuple(c) for c, name in zip(picture.colors.tolist(), picture.parts) if name == part} for part in ("skin", "hair")}
        if len(seen["skin"]) == 1:  # one person
            assert seen["skin"] <= {traits.colors.skin.base} and len(seen["hair"]) <= 1
            return
    assert len(seen["skin"]) in (2, 3)


def test_hands_draw_dark_lines_on_white_each_in_its_way():
    darkness = {}
    for hand in HANDS:
        picture = figure(0, 512, 384, hand=hand)
        assert picture.hand == hand and (picture.line.ndim == 3) == (hand == "colored")
        darkness[hand] = 255 - (picture.line if picture.line.ndim == 2 else picture.line.min(2)).astype(float)
        assert np.mean(darkness[hand] < 5) > 0.6 and 2 < darkness[hand].mean() < 60
    differences = {(a, b): np.abs(darkness[a] - darkness[b]).mean() for a in HANDS for b in HANDS if a < b}
    del differences["fineliner", "gaps"]
    assert min(differences.values()) > 0.5
    assert np.percentile(darkness["pencil"], 99.9) < 0.8 * np.percentile(darkness["fineliner"], 99.9)


@pytest.mark.parametrize("gap", [0.004, 0.01])
def test_gaps_are_as_wide_as_they_may_be(gap):
    """Along a circle, the arc without ink is 0.4 to 1 times the widest gap; a hand without gaps leaves none."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = 500 + 300 * np.stack([np.cos(angle), np.sin(angle)], 1)
    for share, least, most in ((1.0, 0.4, 1.0), (0.0, 0.0, 0.0)):
        for seed in range(5):
            sheet = np.full((1000, 1000), 255, np.uint8)
            hand = Hand("test", 0.004, gap=gap, gaps=share)
            Pen(hand, np.random.default_rng(seed), (0.6, -0.8), 1000).stroke(sheet, circle, 4.0, True, (1.0, 1.0))
            fine = np.linspace(0, 2 * np.pi, 20000)
            ring = sheet[np.rint(500 + 300 * np.sin(fine)).astype(int), np.rint(500 + 300 * np.cos(fine)).astype(int)]
            missing = (ring > 128).mean() * 600 * np.pi
            assert least * 1000 * gap - 2 < missing < most * 1000 * gap + 2


def test_soft_shading_has_soft_edges_and_stays_inside_things():
    cel, soft = (figure(3, 384, 288, hand="fineliner", shading=name) for name in ("cel", "soft"))
    assert np.array_equal(cel.labels, soft.labels) and (cel.soft, soft.soft) == (False, True)
    inner = cv2.erode((cv2.Laplacian(cel.labels.astype(np.float32), -1) == 0).astype(np.uint8), np.ones((7, 7))) > 0
    steps = [np.abs(np.diff(picture.shading[..., 1].astype(int), axis=1))[inner[:, 1:]].max() for picture in (cel, soft)]
    assert steps[1] < 0.4 * steps[0]
    assert abs(cel.shading.mean() - soft.shading.mean()) < 2


def test_shadows_lie_away_from_the_light():
    darker = []
    for seed in SEEDS:
        picture = drawn(seed)
        for label in np.unique(picture.labels):
            y, x = np.nonzero(picture.labels == label)
            shade = 255 - picture.shading[y, x, 1].astype(float)
            if len(y) > 600 and shade.sum() > 0 and picture.parts[label] in ("cloth", "bottom", "skin", "hair"):
                away = -(np.stack([x - x.mean(), y - y.mean()], 1) @ picture.light)
                darker.append((away * shade).sum() / shade.sum() / np.sqrt(len(y)))
    assert np.mean(darker) > 0.05 and np.mean(np.array(darker) > 0) > 0.7


@pytest.mark.parametrize("hand", HANDS)
def test_regions_of_the_lines_are_the_things(hand):
    """Found regions, each with its commonest color, have the true color nearly everywhere."""
    shares = [agreement(figure(seed, 768, 576, hand=hand)) for seed in (0, 21)]
    assert min(shares) > 0.98


def test_variety():
    pictures = [figure(seed, 64, 48) for seed in range(40)]
    parts = {part for picture in pictures for part in picture.parts}
    assert {"skin", "hair", "eye", "eye white", "cloth", "bottom", "shoes", "frill", "metal", "cape", "blade", "fur", "sky"} <= parts
    paper = np.mean([picture.labels[0, 0] == 0 for picture in pictures])
    assert 0.4 < paper < 0.85
    assert np.median([len(np.unique(picture.labels)) for picture in pictures]) > 25
    assert {picture.hand for picture in pictures} == set(HANDS) and {picture.soft for picture in pictures} == {True, False}


def test_worn_lines_are_still_the_lines():
    line_art = figure(2, 256, 192, hand="fineliner").line
    worn = [wear(line_art, seed) for seed in range(12)]
    assert np.array_equal(worn[3], wear(line_art, 3))
    assert any(picture.ndim == 3 for picture in worn) and all(picture.dtype == np.uint8 for picture in worn)
    for picture in worn:
        gray = picture if picture.ndim == 2 else picture.min(2)
        assert gray.shape == line_art.shape
        assert gray[line_art < 60].mean() + 60 < gray[line_art > 250].mean()


def test_kind_figure_of_draw():
    assert np.array_equal(draw(4, 96, kind="figure"), figure(4, 96, 96).rgb)
    assert np.array_equal(draw(4, 96, kind="face"), draw(4, 96))
    with pytest.raises(MangastyleError, match="`kind`: must be one of face, figure, not 'figur' .did you mean 'figure'.."):
        draw(4, 96, kind="figur")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "`seed`: must be a whole number from 0"),
        ({"seed": 0, "height": 7}, "`height`: must be a whole number from 8 to 4096, not 7"),
        ({"seed": 0, "width": 4097}, "`width`: must be a whole number from 8 to 4096, not 4097"),
        ({"seed": 0, "hand": "brsh"}, "`hand`: must be one of .*did you mean 'brush'"),
        ({"seed": 0, "shading": "hard"}, "`shading`: must be one of cel, soft, not 'hard'"),
    ],
)
def test_refuses_what_it_cannot_draw(arguments, message):
    with pytest.raises(MangastyleError, match=message):
        figure(**arguments)


def test_shapes():
    assert np.allclose(turned([(0, 1)], 30), [direction(30)]) and np.allclose(direction(90), (1, 0))
    bar = tube(line((0, 0), (0, 4)), 0.5, 0.0, 1.0)
    assert np.isclose(bar[:, 1].min(), 0) and np.isclose(bar[:, 1].max(), 4.5, atol=0.01) and np.isclose(np.ptp(bar[:, 0]), 1)
    square = np.array([(0.0, 0), (2, 0), (2, 2), (0, 2)])
    both = union([square, square + (1, 0)])
    assert abs(cv2.contourArea(both.astype(np.float32)) - 6) < 0.25
    flaps = scallops(line((0, 0), (6, 0)), 3, 0.5)
    assert len(flaps) == 3 and np.isclose(max(flap[:, 1].max() for flap in flaps), 0.5, atol=0.01)


# means of red, green and blue of the picture, of the line art, and number of the things, at 64 x 48 px
MEANS = [
    (215.3, 211.6, 218.3, 225.9, 125),
    (137.8, 153.3, 149.6, 206.2, 174),
    (209.7, 200.9, 210.3, 229.2, 77),
    (196.6, 187.7, 190.8, 210.3, 131),
    (200.0, 204.9, 198.3, 232.7, 232),
    (212.5, 211.3, 211.5, 225.2, 89),
]


def test_drawings_are_those_of_their_version():
    assert FIGURE_VERSION == 2
    for seed, means in enumerate(MEANS):
        picture = figure(seed, 64, 48)
        assert np.allclose([*picture.rgb.mean((0, 1)), picture.line.mean(), len(picture.parts)], means, atol=0.3)
