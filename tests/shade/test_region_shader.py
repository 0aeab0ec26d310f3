"""Coloring by regions, from line art or a color picture to layers, with small networks that were never trained."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import tensorflow as tf

import mangastyle
from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.lineart.regions import find_regions
from mangastyle.shade import region_colors, region_shader
from mangastyle.shade.hints import Hint, palette
from mangastyle.shade.layers import composite
from mangastyle.shade.region_shader import RegionShader
from mangastyle.shade.shader import Shader
from mangastyle.synthetic import characters, figures

RED, BLUE = (200, 40, 60), (30, 60, 180)


@pytest.fixture(scope="module")
def shader(region_weights, shading_weights) -> Shader:
    return Shader(region_weights, precision="float32", shading_weights=shading_weights)


def boxes(height: int = 120, width: int = 160) -> np.ndarray:
    """Two outlined boxes beside each other on white paper, uint8 (h, w, 3)."""
    picture = np.full((height, width, 3), 255, np.uint8)
    for left, right in ((1, 4), (5, 8)):
        cv2.rectangle(picture, (width * left // 9, height // 5), (width * right // 9, 4 * height // 5), (0, 0, 0), 2)
    return picture


def inside(array: np.ndarray, box: int) -> np.ndarray:
    """What lies in the middle of the first or the second box."""
    height, width = array.shape[:2]
    x = width * (2.5 if box == 0 else 6.5) / 9
    return array[height // 2 - 10 : height // 2 + 10, round(x) - 10 : round(x) + 10].reshape(-1, 3)


def test_the_file_decides_which_shader_it_is(shader, loud_weights):
    assert isinstance(shader, RegionShader) and not isinstance(Shader(loud_weights), RegionShader)


def test_exactly_the_pictures_size_and_the_same_every_time(shader):
    for size in ((8, 8), (31, 33), (120, 160), (700, 90)):
        for picture in (boxes(*size), cv2.resize(characters.draw(1, 128), size[::-1])):
            made = shader(picture)
            assert made.shape == (*size, 3) and made.dtype == np.uint8
            np.testing.assert_array_equal(made, shader(picture))


def test_strokes_are_exactly_their_color_in_their_region(shader):
    hint = Hint.from_points([(45, 60, RED), (115, 60, "white")], (120, 160), radius=4)
    flat = shader.layers(boxes(), hint).flat
    assert (inside(flat, 0) == RED).all() and (inside(flat, 1) == 255).all()


def test_a_sharp_picture_as_hint_gives_its_own_colors(shader):
    picture = boxes()
    coloring = np.full_like(picture, 240)
    coloring[:, :80], coloring[40:50] = RED, 10
    flat = shader.layers(picture, Hint(coloring)).flat
    assert (inside(flat, 0) == RED).all() and (inside(flat, 1) == 240).all()


def test_color_pictures_keep_their_colors_and_become_line_art_first(shader):
    drawn = characters.character(4, 256)
    flat = shader.layers(drawn.rgb, Hint(drawn.rgb)).flat
    off_lines = cv2.erode(drawn.line, np.ones((5, 5))) > 200
    assert np.median(np.abs(flat.astype(int) - drawn.rgb).max(-1)[off_lines]) <= 20  # the ground is a gradient
    line = mangastyle.sketch(drawn.rgb, kind="clean")
    np.testing.assert_array_equal(shader(drawn.rgb, Hint(drawn.rgb)), shader(line, Hint(drawn.rgb), line_art=True))


def test_the_picture_is_the_composite_of_its_layers(shader):
    picture, hint = boxes(), Hint.from_points([(45, 60, RED)], (120, 160), radius=4)
    layers = shader.layers(picture, hint, ink=0.5)
    np.testing.assert_array_equal(shader(picture, hint, ink=0.5), composite(layers))
    assert layers.lines.min() == 128 and (layers.lines[picture == 255] == 255).all()
    bare = shader.layers(picture, hint, shading="none")
    assert (bare.shading == 255).all() and (bare.highlights == 0).all()
    np.testing.assert_array_equal(bare.flat, layers.flat)


def test_variants_differ_where_nothing_is_said(shader):
    picture, hint = boxes(), Hint.from_points([(45, 60, RED)], (120, 160), radius=4)
    found = [shader.layers(picture, hint, variant=variant).flat for variant in range(4)]
    assert all((inside(flat, 0) == RED).all() for flat in found)
    assert len({tuple(inside(flat, 1)[0]) for flat in found}) > 1


def test_gaps_up_to_the_given_share_are_closed(shader):
    picture = boxes()
    picture[58:62, 66:76] = 255  # in the right side of the first box
    hint = Hint.from_points([(45, 60, RED), (80, 60, BLUE)], (120, 160), radius=2)
    closed, wide = (shader.layers(picture, hint, gap=gap).flat for gap in (0.05, 0.0))
    assert (inside(closed, 0) == RED).all() and (closed[60, 80] == BLUE).all() and (closed[5, 5] == BLUE).all()
    assert (wide[60, 45] == RED).all() and (wide[60, 80] == BLUE).all()  # one region, divided between the strokes


def test_a_palette_sets_the_colors(shader):
    hint = shader.palette_hint(boxes(), palette("#204060"))
    np.testing.assert_allclose(shader.layers(boxes(), hint).flat.reshape(-1, 3), np.tile([[0x20, 0x40, 0x60]], (120 * 160, 1)), atol=2)


@pytest.mark.slow
def test_of_a_palette_each_color_goes_where_it_is_likeliest():
    """By the network that ships: a drawn face gets the palette's skin, and its hair another color."""
    drawn, skin = characters.character(characters.DEMO_SEED, 256), (255, 204, 153)
    line = np.repeat(drawn.line[..., None], 3, 2)
    found = Shader("regions", precision="float32").palette_hint(line, palette("#ffcc99", "navy", "white", "crimson")).rgb
    assert set(map(tuple, np.unique(found.reshape(-1, 3), axis=0).tolist())) <= {skin, (0, 0, 128), (255, 255, 255), (220, 20, 60)}
    assert tuple(found[175, 128].tolist()) == skin and tuple(found[40, 128].tolist()) != skin  # chin, crown
    assert len(np.unique(found.reshape(-1, 3), axis=0)) == 4


def test_light_from_the_right_is_the_mirror_of_light_from_the_left(shader):
    hint = Hint(np.full((120, 160, 3), RED, np.uint8))
    left, right = (shader.layers(boxes(), hint, light=light) for light in ("left", "right"))
    np.testing.assert_array_equal(left.flat, right.flat)
    assert (left.shading != right.shading).any()
    mirrored, _ = shader.shading(boxes()[:, ::-1, 0], right.flat[:, ::-1])
    np.testing.assert_array_equal(right.shading, mirrored[:, ::-1])


def test_steps_are_reported_and_a_set_event_ends_the_call(shader):
    steps, cancel = [], threading.Event()
    shader(boxes(), progress=steps.append)
    assert [tuple(step) for step in steps] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    cancel.set()
    with pytest.raises(Cancelled):
        shader(boxes(), cancel=cancel)
    cancel.clear()
    with pytest.raises(Cancelled) as after_colors:
        shader(boxes(), cancel=cancel, progress=lambda step: cancel.set() if step.iteration == 3 else None)
    assert after_colors.value.result.shape == (120, 160, 3)


@pytest.mark.slow
def test_several_threads_may_use_one_shader(region_weights, shading_weights):
    fresh = Shader(region_weights, precision="float32", shading_weights=shading_weights)
    pictures = [boxes(60 + 8 * i, 90) for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fresh, pictures))
    for picture, shaded in zip(pictures, found):
        np.testing.assert_array_equal(shaded, fresh(picture))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"picture": np.zeros((40, 60, 3))}, "`picture`: must be uint8 .* not float64"),
        ({"hint": "red"}, "`hint`: must be a Hint"),
        ({"ink": 1.5}, "`ink`: must be at most 1, not 1.5"),
        ({"shading": "cell"}, "`shading`: .*'cell'"),
        ({"light": "above"}, "`light`: .*'above'"),
        ({"variant": -1}, "`variant`: must be at least 0, not -1"),
        ({"gap": 0.5}, "`gap`: must be at most 0.2, not 0.5"),
        ({"gaps": 0.1}, "gaps.*gap"),
    ],
)
def test_wrong_arguments_are_named(shader, arguments, message):
    with pytest.raises(MangastyleError, match=message):
        shader(**{"picture": boxes(), **arguments})


@pytest.mark.slow
def test_a_graph_holds_the_same(shader):
    drawn = characters.character(4, 96)
    in_graph = tf.function(shader.in_graph, autograph=False)
    for picture, line_art in ((boxes(), True), (drawn.rgb, False)):
        hint = Hint(drawn.rgb)
        line, shaded = in_graph(tf.constant(picture), tf.constant(line_art), tf.constant(hint.rgb), tf.constant(hint.mask))
        assert line.shape == picture.shape[:2]
        assert np.abs(shaded.numpy().astype(int) - shader(picture, hint, line_art=line_art)).max() <= 1


# ---- several hints for one picture


def several_hints(shape: tuple[int, ...]) -> dict[str, Hint]:
    """Hints of every kind, the last of which divides a region."""
    height, width = shape[:2]
    random = np.random.default_rng(1)
    places = random.integers(4, [width - 4, height - 4], (9, 2)).tolist()
    dots = [(x, y, color) for (x, y), color in zip(places, ["navy", "#ffcc99", "crimson"] * 3)]
    part = np.zeros((height, width), np.float32)
    part[: height // 3] = 1
    return {
        "nothing": Hint(np.full((height, width, 3), 255, np.uint8), np.zeros((height, width), np.float32)),
        "one dot": Hint.from_points(dots[:1], shape, radius=2),
        "many dots": Hint.from_points(dots, shape, radius=3),
        "a picture": Hint(random.integers(0, 256, (height, width, 3)).astype(np.uint8)),
        "a small picture": Hint(random.integers(0, 256, (9, 9, 3)).astype(np.uint8)),
        "a third": Hint(np.full((height, width, 3), RED, np.uint8), part),
        "two colors in one region": Hint.from_points([(3, 3, RED), (width - 4, height - 4, BLUE)], shape, radius=2),
    }  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Shader:
    return Shader("regions", precision="float32")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [24, 11])
def test_what_is_seen_once_gives_every_hint_the_same_colors(shipped, seed):
    """Equal to the last bit, by the network that ships, on pictures of many regions."""
    line = figures.figure(seed, 300, 240).line
    art = np.repeat(line[..., None], 3, 2) if line.ndim == 2 else line
    regions = find_regions(art)
    assert len(regions.areas) > 25
    seen, reference = shipped.see(art, regions), shipped.reference(characters.draw(3, 96))
    divided = 0
    for i, hint in enumerate(several_hints(art.shape).values()):
        given = {"variant": i % 3, "reference": reference if i % 2 else None}
        labels, colors = shipped.region_colors(art, regions, hint, seen=seen, **given)
        for own, other in zip((labels, colors), shipped.region_colors(art, regions, hint, **given), strict=True):
            np.testing.assert_array_equal(own, other)
        np.testing.assert_array_equal(shipped.flat_colors(art, regions, hint, **given), colors[labels])
        divided += len(colors) > len(regions.areas)
    assert divided


@pytest.mark.slow
def test_what_was_seen_counts_until_a_region_is_divided(shipped):
    """Told by something wrong that was seen: it changes colors where regions are the same, and nothing where one is divided."""
    art, hints = boxes(), several_hints((120, 160))
    regions = find_regions(art)
    seen = shipped.see(art, regions)
    wrong = seen._replace(features=np.random.default_rng(0).normal(0, 30, seen.features.shape).astype(np.float32))

    def differs(hint: Hint) -> bool:
        found = [(shipped.region_colors(art, regions, hint, i, seen=x)[1] for x in (None, wrong)) for i in range(6)]
        return any((own != other).any() for own, other in found)

    assert differs(hints["one dot"]) and not differs(hints["two colors in one region"])


def test_of_more_regions_than_the_network_sees_nothing_is_seen_beforehand(shader, monkeypatch):
    art, regions = boxes(), find_regions(boxes())
    for module in (region_shader, region_colors):
        monkeypatch.setattr(module, "MAX_REGIONS", len(regions.areas) - 1)
    assert shader.see(art, regions) is None
    monkeypatch.setattr(region_shader, "MAX_REGIONS", len(regions.areas))
    assert shader.see(art, regions) is not None
