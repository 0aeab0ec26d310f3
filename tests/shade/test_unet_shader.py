"""Coloring pixels of any size with the paper's networks (here: a tiny one whose random weights are loud enough to matter)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.io import weights
from mangastyle.ops import pixels
from mangastyle.shade import networks
from mangastyle.shade.hints import Hint, palette
from mangastyle.shade.shader import Shader
from mangastyle.shade.spec import ShadeSpec
from mangastyle.synthetic import characters


@pytest.fixture(scope="module")
def shader(loud_weights):
    return Shader(loud_weights, precision="float32")


@pytest.fixture(scope="module")
def another(loud_weights):
    return Shader(loud_weights, precision="float32")


def line_art(height: int, width: int) -> np.ndarray:
    """Black rings of gray edges on white paper, uint8 (h, w, 3)."""
    picture = np.full((height, width, 3), 255, np.uint8)
    for radius in range(5, max(height, width), 13):
        cv2.circle(picture, (width // 2, height // 2), radius, (0, 0, 0), 2, cv2.LINE_AA)
    return picture


def flat(color: str, height: int, width: int) -> Hint:
    return Hint(np.broadcast_to(palette(color).colors.astype(np.uint8), (height, width, 3)).copy())


def test_padding_does_not_touch_what_needs_none(shader):
    line, hint = line_art(32, 40)[..., 0], characters.draw(0, 40)[:32]
    given = {"line": pixels.normalize(line)[None, ..., None], "hint": pixels.normalize(hint)[None]}
    expected = pixels.denormalize(shader.model(given, training=False)[0])
    np.testing.assert_array_equal(shader.network_pass(line, hint), expected)


@pytest.mark.parametrize("size", [(8, 8), (31, 33), (65, 97), (512, 300)])
def test_exactly_the_pictures_size_and_the_same_every_time(shader, another, size):
    for picture in (line_art(*size), cv2.resize(characters.draw(1, 128), size[::-1])):
        made = shader(picture)
        assert made.shape == (*size, 3) and made.dtype == np.uint8
        np.testing.assert_array_equal(made, shader(picture))
    np.testing.assert_array_equal(made, another(picture))


def test_ink_draws_the_artists_lines_over_the_colors(shader):
    picture = line_art(70, 90)
    colors, half, full = (shader(picture, ink=ink).astype(int) for ink in (0, 0.5, 1))
    paper, ink = (picture == 255).all(-1), (picture == 0).all(-1)
    assert ink.any() and colors[ink].max() > 0
    assert (full[ink] == 0).all() and (full[paper] == colors[paper]).all()
    np.testing.assert_allclose(half, colors * (0.5 + 0.5 * picture / 255), atol=1)
    drawing = characters.draw(1, 90)  # a color picture has no lines of the artist's to keep
    np.testing.assert_array_equal(shader(drawing, ink=0), shader(drawing, ink=1))


def test_the_hint_decides_the_colors(shader):
    picture = line_art(60, 60)
    red, blue = (shader(picture, flat(color, 60, 60)).astype(int) for color in ("red", "blue"))
    assert np.abs(red - blue).mean() > 5
    np.testing.assert_array_equal(shader(picture), shader(picture, flat("white", 60, 60)))  # no hint is white
    half = flat("red", 60, 60)
    half.mask[:, 30:] = 0
    made = shader(picture, half).astype(int)
    assert np.abs(made - red)[:, :20].mean() < np.abs(made - red)[:, 40:].mean()


def test_a_hint_may_come_from_a_function_of_the_picture(shader):
    picture = line_art(40, 60)
    given = []
    made = shader(picture, lambda rgb: given.append(rgb) or flat("red", 40, 60))
    np.testing.assert_array_equal(made, shader(picture, flat("red", 40, 60)))
    assert len(given) == 1 and np.array_equal(given[0], picture)


def test_gray_line_art_is_taken_too(shader):
    picture = line_art(40, 60)
    np.testing.assert_array_equal(shader(picture[..., 0]), shader(picture))


def test_the_caller_may_say_whether_it_is_line_art(shader):
    picture, drawing = line_art(40, 60), characters.draw(1, 64)
    np.testing.assert_array_equal(shader(picture, line_art=True), shader(picture))
    np.testing.assert_array_equal(shader(drawing, line_art=False), shader(drawing))
    assert (shader(drawing, line_art=True) != shader(drawing)).any()
    np.testing.assert_array_equal(shader(picture, line_art=np.bool_(True)), shader(picture))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"picture": np.zeros((40, 60, 3))}, "`picture`: must be uint8 .* not float64"),
        ({"picture": np.zeros((0, 60, 3), np.uint8)}, "`picture`: must be uint8"),
        ({"hint": "red"}, "`hint`: must be a Hint"),
        ({"hint": lambda picture: picture}, "`hint`: must be a Hint"),
        ({"ink": 1.5}, "`ink`: must be at most 1, not 1.5"),
        ({"refine": 3}, "`refine`: must be at least 8, not 3"),
        ({"work_size": -1}, "`work_size`: must be at least 0, not -1"),
        ({"line_art": "x"}, "`line_art`: must be True, False or None, not 'x'"),
        ({"progress": 5}, "`progress`: must be a function, not 5"),
        ({"cancel": 5}, "`cancel`: must be a threading.Event, not 5"),
    ],
)
def test_wrong_arguments_are_named(shader, arguments, message):
    with pytest.raises(MangastyleError, match=message):
        shader(**{"picture": line_art(40, 60), **arguments})


def test_a_set_event_ends_the_call_with_the_colors_so_far(shader, monkeypatch):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled) as before_all:
        shader(line_art(40, 60), cancel=cancel)
    assert before_all.value.result is None
    cancel.clear()
    assert shader(line_art(40, 60), cancel=cancel).shape == (40, 60, 3)
    sharpen = shader._colorizer.sharpen
    monkeypatch.setattr(shader._colorizer, "sharpen", lambda *given: cancel.set() or sharpen(*given))
    with pytest.raises(Cancelled) as after_a_scale:
        shader(line_art(200, 150), cancel=cancel)
    assert after_a_scale.value.result.shape == (200, 150, 3)


@pytest.mark.slow
def test_several_threads_may_use_one_shader(loud_weights):
    fresh = Shader(loud_weights, precision="float32")  # its graphs are not traced yet
    pictures = [line_art(40 + 8 * i, 60) for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fresh, pictures))
    for picture, shaded in zip(pictures, found):
        np.testing.assert_array_equal(shaded, fresh(picture))
    assert fresh._colorizer.start.experimental_get_tracing_count() == 1


def test_work_size_sets_the_scale_of_the_layout(shader):
    picture = line_art(100, 150)
    assert shader.layout_size(picture) == (32, 48)
    assert shader.layout_size(picture, 50) == (50, 75)
    assert shader.layout_size(picture, 400) == (100, 150)
    assert shader.layout_size(line_art(9, 12)) == (9, 12)


def test_simulated_hints_follow_picture_and_seed(shader):
    picture = characters.draw(4, 100)
    one, again, other = (shader.simulated_hint(picture, seed=seed) for seed in (1, 1, 2))
    assert one.rgb.shape == (32, 32, 3) and (one.mask == 1).all()
    np.testing.assert_array_equal(one.rgb, again.rgb)
    assert (one.rgb != other.rgb).any()
    red = shader.simulated_hint(np.broadcast_to(np.uint8([200, 0, 0]), (64, 64, 3)).copy())
    assert red.rgb[..., 0].min() >= 200 and (red.rgb[..., 1] == red.rgb[..., 2]).all()  # red with white boxes


def test_an_unknown_recipe_is_named(shader):
    with pytest.raises(MangastyleError, match="`recipe`: 'papre' .did you mean 'paper'.. is none of"):
        shader.simulated_hint(characters.draw(4, 64), "papre")


def test_a_palette_sets_the_colors(shader):
    picture = line_art(64, 64)
    hint = shader.palette_hint(picture, palette("#204060"))
    np.testing.assert_allclose(hint.rgb.reshape(-1, 3), np.tile([[0x20, 0x40, 0x60]], (32 * 32, 1)), atol=1)
    two = shader.palette_hint(picture, palette("black", "#ff0000"))
    assert two.rgb[..., 0].max() > 100 and two.rgb[..., 1:].max() <= 1
    assert np.abs(shader(picture, two).astype(int) - shader(picture, hint)).mean() > 1


@pytest.mark.slow
def test_mixed_precision_paints_nearly_the_same(shader, loud_weights):
    picture = line_art(64, 64)
    low = Shader(loud_weights, precision="mixed_bfloat16")(picture, flat("red", 64, 64)).astype(int)
    assert np.abs(low - shader(picture, flat("red", 64, 64))).mean() < 4


@pytest.mark.slow
def test_the_baseline_shades_too(tmp_path):
    spec = ShadeSpec(size=16, width=4, network="baseline")
    weights.save_model(tmp_path / "baseline.h5", "shade", spec, networks.build(spec))
    assert Shader(tmp_path / "baseline.h5", precision="float32")(line_art(31, 33)).shape == (31, 33, 3)


def test_it_has_no_layers(shader):
    with pytest.raises(MangastyleError, match="`layers`: a U-Net paints pixels, not layers"):
        shader.layers(line_art(40, 60))
