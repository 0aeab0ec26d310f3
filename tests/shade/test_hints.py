"""Hints that people give: strokes on the right pixels in the right colors, palettes, and every way to get them wrong. No TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.images import Picture
from mangastyle.ops import pixels
from mangastyle.shade.hints import Hint, Palette, main_colors, palette, resolve_hint
from mangastyle.synthetic.characters import character


def write(folder: Path, value: object) -> Path:
    path = folder / "hint.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_the_mask_may_be_float_uint8_or_bool_and_covers_all_by_default():
    rgb = np.full((4, 6, 3), 90, np.uint8)
    half = np.zeros((4, 6), bool)
    half[:, 3:] = True
    for mask in (half, half.astype(np.float64), half * np.uint8(255)):
        hint = Hint(rgb, mask)
        assert hint.mask.dtype == np.float32 and np.array_equal(hint.mask, half)
    assert (Hint(rgb).mask == 1).all() and Hint(rgb, np.full((4, 6), 51, np.uint8)).mask[0, 0] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("rgb", "mask", "message"),
    [
        (np.zeros((4, 6), np.uint8), None, "`rgb`: must be uint8"),
        (np.zeros((4, 6, 3)), None, "`rgb`: must be uint8 .* not float64"),
        (np.zeros((4, 6, 3), np.uint8), np.zeros((6, 4)), r"`mask`: .*\(4, 6\), not float64 \(6, 4\)"),
        (np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.int64), "`mask`: .* not int64"),
        (np.zeros((4, 6, 3), np.uint8), np.full((4, 6), 2.0), r"`mask`: floats must lie in 0..1, not in 2..2"),
        (np.zeros((4, 6, 3), np.uint8), np.full((4, 6), np.nan), "`mask`: floats must lie in 0..1"),
    ],
)
def test_arrays_of_another_form_are_refused(rgb, mask, message):
    with pytest.raises(MangastyleError, match=message):
        Hint(rgb, mask)


def test_points_cover_their_pixels():
    hint = Hint.from_json(
        {"points": [{"x": 30, "y": 10, "color": "#ffcc99", "radius": 4}, {"x": 5, "y": 35, "color": "navy", "radius": 2}]}, (40, 60)
    )
    assert hint.rgb.shape == (40, 60, 3) and hint.mask.shape == (40, 60) and hint.mask.dtype == np.float32
    y, x = np.mgrid[:40, :60]
    for cx, cy, radius, color in ((30, 10, 4, (255, 204, 153)), (5, 35, 2, (0, 0, 128))):
        distance = np.hypot(x - cx, y - cy)
        assert (hint.rgb[distance <= radius - 0.5] == color).all() and (hint.mask[distance <= radius - 0.5] == 1).all()
    far = (np.hypot(x - 30, y - 10) > 5) & (np.hypot(x - 5, y - 35) > 3)
    assert (hint.mask[far] == 0).all() and (hint.rgb[far] == 255).all()


def test_points_as_arguments_are_those_of_a_file(tmp_path):
    points = [(30, 10, "#ffcc99"), (5.4, 35, (0, 0, 128))]
    file = {"points": [{"x": 30, "y": 10, "color": "#ffcc99", "radius": 4}, {"x": 5, "y": 35, "color": "navy", "radius": 4}]}
    found, expected = Hint.from_points(points, (40, 60), radius=4), Hint.from_json(write(tmp_path, file), (40, 60, 3))
    assert np.array_equal(found.rgb, expected.rgb) and np.array_equal(found.mask, expected.mask)
    usual = Hint.from_points(points, (128, 160))
    assert usual.mask.sum() == Hint.from_points(points, (128, 160), radius=4).mask.sum()  # 1/32 of the short side
    for wrong in ((30, 10, (0, 0, 300)), (30, 10, (0, 0)), (30, 10, 5)):
        with pytest.raises(MangastyleError, match=r"hint: points\[0\].color: .* is no color"):
            Hint.from_points([wrong], (40, 60))
    with pytest.raises(MangastyleError, match=r"`points`: must be .x, y, color. each; number 1 is \(1, 2\)"):
        Hint.from_points([(1, 2, "red"), (np.int64(1), 2)], (40, 60))
    with pytest.raises(MangastyleError, match=r"hint: points\[0\].color: 3 is no color"):
        Hint.from_points([(1, 2, np.int64(3))], (40, 60))
    for wrong in ([(1, 2)], [5], 5, "red", {"points": []}):
        with pytest.raises(MangastyleError, match="`points`: must be .x, y, color. each"):
            Hint.from_points(wrong, (40, 60))
    with pytest.raises(MangastyleError, match=r"hint: points\[0\]: the point .* lies outside the picture of 60x40"):
        Hint.from_points([(60.5, 1, "red")], (40, 60))


@pytest.mark.parametrize(
    "shape", [(100,), None, 5, "ab", (1e5, 1e5), (-40, 60), (0, 60), (40, 60, 4), (40, 60, 3, 1), (40, "60"), np.zeros((40, 60))]
)
def test_a_shape_that_is_no_picture_s_is_refused(shape):
    for make in (lambda: Hint.from_points([(1, 2, "red")], shape), lambda: Hint.from_json({}, shape)):
        with pytest.raises(MangastyleError, match="`shape`: must be .height, width. or .height, width, 3. of the picture, not ") as error:
            make()
        assert len(str(error.value)) < 150 and "\n" not in str(error.value)


def test_a_shape_that_there_is_no_memory_for_is_refused():
    with pytest.raises(MangastyleError, match="`shape`: 100000x100000 pixels is over the limit of 100 megapixels"):
        Hint.from_points([(1, 2, "red")], (100_000, 100_000))
    with pytest.raises(MangastyleError, match="`source`: must be the name of a JSON file, or its object, not None"):
        Hint.from_json(None, (40, 60))


def test_pictures_are_taken_in_strips_as_at_once(monkeypatch):
    random = np.random.default_rng(0)
    picture = Picture(random.integers(0, 256, (37, 29, 3), np.uint8), random.integers(0, 256, (37, 29), np.uint8))
    whole = Hint.from_picture(picture)
    monkeypatch.setattr("mangastyle.io.strips.AT_ONCE", 100)
    np.testing.assert_array_equal(Hint.from_picture(picture).rgb, whole.rgb)
    mask = picture.alpha[..., None] / 255
    straight = (picture.rgb - 255 * (1 - mask)) / np.maximum(mask, 1e-6)
    np.testing.assert_allclose(whole.rgb, np.clip(straight, 0, 255), atol=0.51)
    np.testing.assert_array_equal(whole.mask, picture.alpha.astype(np.float32) / 255)
    with pytest.raises(MangastyleError, match="`picture`: its alpha must be uint8 .h, w. of its"):
        Hint.from_picture(Picture(picture.rgb, picture.alpha[:5]))


def test_lines_cover_their_pixels():
    lines = [{"points": [[10, 5], [50, 5], [50, 30]], "color": "rgb(200, 0, 0)", "width": 3}]
    hint = Hint.from_json({"lines": lines}, (40, 60))
    assert (hint.rgb[4:7, 10:50] == (200, 0, 0)).all() and (hint.rgb[5:30, 49:52] == (200, 0, 0)).all()
    assert hint.mask[8:, :48].sum() == 0 and hint.mask[:, 53:].sum() == 0 and hint.mask[33:].sum() == 0


def test_the_frame_belongs_to_the_picture():
    corners = [(0, 0), (59, 0), (0, 39), (59, 39)]
    hint = Hint.from_points([(x, y, "red") for x, y in corners], (40, 60), radius=1)
    assert all(hint.rgb[y, x].tolist() == [255, 0, 0] for x, y in corners)


def test_places_go_up_to_the_whole_width_and_height():
    for x, y in ((47.6, 39.6), (48, 40), (47, 39)):
        hint = Hint.from_points([(x, y, "red")], (40, 48), radius=1)
        assert hint.rgb[39, 47].tolist() == [255, 0, 0] and hint.mask.sum() == 3
    line = {"points": [[0, 40], [48, 40]], "color": "red", "width": 1}
    assert Hint.from_json({"lines": [line]}, (40, 48)).mask[39].all()
    for x, y in ((48.01, 3), (3, 40.01), (-0.01, 3)):
        with pytest.raises(MangastyleError, match="outside the picture of 48x40; a hint for a picture of another size"):
            Hint.from_points([(x, y, "red")], (40, 48))


def test_a_hint_for_a_picture_of_another_size_is_scaled():
    small = {
        "points": [{"x": 10, "y": 5, "color": "red", "radius": 2}],
        "lines": [{"points": [[0, 20], [30, 20]], "color": "navy", "width": 3}],
    }
    large = {
        "points": [{"x": 20, "y": 10, "color": "red", "radius": 4}],
        "lines": [{"points": [[0, 40], [60, 40]], "color": "navy", "width": 6}],
    }
    found, expected = Hint.from_json({**small, "size": [30, 40]}, (80, 60)), Hint.from_json(large, (80, 60))
    assert np.array_equal(found.rgb, expected.rgb) and np.array_equal(found.mask, expected.mask)
    thumbnail = Hint.from_json({"points": [{"x": 1000, "y": 90, "color": "red", "radius": 10}], "size": (1000, 90)}, (3, 40))
    assert thumbnail.mask[2, 39] == 1 and thumbnail.mask[:, :30].sum() == 0
    with pytest.raises(MangastyleError, match=r'"size" must be .width, height. of a picture of the shape of this one, 60x40, not .40, 60.'):
        Hint.from_json({**small, "size": [40, 60]}, (40, 60))


def test_a_stroke_counts_by_its_alpha():
    def point(x, color):
        return {"x": x, "y": 5, "color": color, "radius": 2}

    nothing = Hint.from_json({"points": [point(5, "#ff000000"), point(6, "transparent"), point(7, [9, 9, 9, 0])]}, (12, 40))
    assert nothing.mask.sum() == 0 and (nothing.rgb == 255).all()
    for half in ("#ff000080", "rgba(255, 0, 0, 128)", "rgb(255 0 0 / 50.2%)", [255, 0, 0, 128], [1.0, 0.0, 0.0, 128 / 255]):
        hint = Hint.from_json({"points": [point(5, half)]}, (12, 40))
        assert hint.rgb[5, 5].tolist() == [255, 0, 0] and hint.mask[5, 5] == pytest.approx(128 / 255, abs=1e-3)
        assert set(np.unique(hint.mask)) == {np.float32(0), hint.mask[5, 5]}
    over = Hint.from_json({"points": [point(5, "navy"), point(6, "#ff000080"), point(30, "#00800080"), point(30, "#ff000080")]}, (12, 40))
    share = 128 / 255
    assert over.mask[5, 6] == 1 and over.rgb[5, 6].tolist() == [128, 0, round(128 * (1 - share))]
    assert over.mask[5, 30] == pytest.approx(1 - (1 - share) ** 2) and over.rgb[5, 3].tolist() == [0, 0, 128]
    edge = Hint.from_json({"lines": [{"points": [[0, 0], [40, 12]], "color": "#ff000080", "width": 9}]}, (12, 40))
    assert edge.mask[0, 0] == edge.mask[11, 39] == pytest.approx(share)


def test_many_and_large_strokes_take_no_long_time(monkeypatch):
    places = np.random.default_rng(0).uniform(0, 100, (1000, 2)).tolist()
    hint = Hint.from_points([(x, y, (0, 0, 128)) for x, y in places], (100, 100), radius=32767)
    assert (hint.rgb == (0, 0, 128)).all() and hint.mask.all()
    monkeypatch.setattr("mangastyle.shade.strokes.MAX_PAINTED", 10**7)
    few = [(x, y, "#00008001") for x, y in places[:9]]
    assert Hint.from_points(few, (100, 100), radius=2000).mask[0, 0] == pytest.approx(1 - (254 / 255) ** 9, abs=1e-5)
    with pytest.raises(MangastyleError, match="too many strokes for their size"):
        Hint.from_points(few * 2, (100, 100), radius=2000)


def test_no_strokes_mask_nothing(tmp_path):
    hint = Hint.from_json(write(tmp_path, {}), (20, 30))
    assert hint.mask.sum() == 0 and (hint.rgb == 255).all()


POINT = {"x": 1, "y": 2, "color": "red"}


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "must hold one object"),
        ({"point": []}, "has an unknown key 'point' .did you mean 'points'"),
        ({"points": 3}, "points must be a list, not 3"),
        ({"points": [3]}, r"points\[0\] must be an object such as .x, y, color., not 3"),
        ({"points": None}, "points must be a list, not None"),
        ({"points": [{"x": 1, "y": 2}]}, r"points\[0\] lacks 'color'"),
        ({"points": [POINT, {"y": 2, "color": "red"}]}, r"points\[1\] lacks 'x'"),
        ({"points": [{**POINT, "raduis": 3}]}, r"points\[0\] has an unknown key 'raduis' .did you mean 'radius'"),
        ({"points": [{**POINT, "color": "reddish"}]}, r"points\[0\].color: 'reddish' is no color"),
        ({"points": [{**POINT, "color": "#12"}]}, "'#12' is no color"),
        ({"points": [{**POINT, "color": 5}]}, "5 is no color"),
        ({"points": [{**POINT, "color": {"r": 5}}]}, "'r': 5. is no color"),
        ({"points": [{**POINT, "x": "left"}]}, r"points\[0\]: a coordinate must be a number, not 'left'"),
        ({"points": [{**POINT, "x": "1"}]}, "a coordinate must be a number, not '1'"),
        ({"points": [{**POINT, "x": True}]}, "a coordinate must be a number, not True"),
        ({"points": [{**POINT, "x": None}]}, "a coordinate must be a number, not None"),
        ({"points": [{**POINT, "x": 31}]}, r"the point \(31, 2\) lies outside the picture of 30x20"),
        ({"points": [{**POINT, "y": -1}]}, r"the point \(1, -1\) lies outside"),
        ('{"points": [{"x": NaN, "y": 2, "color": "red"}]}', "lies outside"),
        ('{"points": [{"x": Infinity, "y": 2, "color": "red"}]}', "lies outside"),
        ({"points": [{**POINT, "radius": 0}]}, r"points\[0\].radius must be over 0"),
        ({"points": [{**POINT, "radius": 1e9}]}, "radius must be .* at most 32767"),
        ('{"points": [{"x": 1, "y": 2, "color": "red", "radius": NaN}]}', "radius must be over 0"),
        ({"points": [{**POINT, "radius": "6"}]}, "radius must be a number, not '6'"),
        ({"lines": [{"points": [[1, 1], [2, 2]], "color": "red", "width": -3}]}, r"lines\[0\].width must be over 0"),
        ({"lines": [{"points": [[1, 1], [2, 2]], "color": "red", "width": 1e9}]}, "width must be over 0"),
        ({"lines": [{"points": [[1, 1], [2, 2]], "color": "red", "radius": 3}]}, r"lines\[0\] has an unknown key 'radius'"),
        ({"lines": [{"points": [], "color": "red"}]}, "needs at least two points, and has 0"),
        ({"lines": [{"points": [[1, 1]], "color": "red"}]}, "needs at least two points, and has 1"),
        ({"lines": [{"points": [[1, 1, 1], [2, 2]], "color": "red"}]}, r"lines\[0\].points\[0\] must be \[x, y\], not \[1, 1, 1\]"),
        ({"lines": [{"points": [[1, 1], [2, 99]], "color": "red"}]}, r"\(2, 99\) lies outside"),
        ({"lines": [{"color": "red"}]}, r"lines\[0\] lacks 'points'"),
        ({"lines": [{"points": [[1, 1], [2, 2]]}]}, r"lines\[0\] lacks 'color'"),
        ({"size": 96}, r"size must be \[width, height\], not 96"),
        ({"size": [96, 0]}, r"size must be \[width, height\] of a picture"),
        ({"size": [96, "128"]}, "size must be a number, not '128'"),
        ({"size": [15, 10], "points": [{**POINT, "x": 16}]}, r"\(16, 2\) lies outside the picture of 15x10"),
        ({"size": [20, 30]}, r"must be \[width, height\] of a picture of the shape of this one, 30x20, not \[20, 30\]"),
        ({"points": [POINT] * 200_001}, "200001 points and lines; the most is 200000"),
    ],
)
def test_wrong_strokes_are_named(tmp_path, strokes, message):
    with pytest.raises(MangastyleError, match=f"hint.json: .*{message}") as error:
        Hint.from_json(write(tmp_path, strokes), (20, 30))
    assert "\n" not in str(error.value)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(MangastyleError, match="gone.json: no such file"):
        Hint.from_json(tmp_path / "gone.json", (20, 30))


def test_a_picture_counts_everywhere(tmp_path, picture):
    for hint in (Hint.from_picture(picture), Hint.from_picture(images.load(images.save(tmp_path / "a.png", picture)))):
        assert (hint.mask == 1).all() and np.array_equal(hint.rgb, picture)


def test_soft_brush_edges_do_not_turn_pale(tmp_path):
    alpha = cv2.GaussianBlur(np.pad(np.full((20, 20), 255, np.uint8), 22), (0, 0), 4)
    rgba = np.dstack([np.full((64, 64, 3), (20, 120, 30), np.uint8), alpha])
    Image.fromarray(rgba).save(tmp_path / "soft.png")
    loaded = Hint.from_picture(images.load(tmp_path / "soft.png"))
    assert np.abs(loaded.rgb[alpha > 60].astype(int) - (20, 120, 30)).max() <= 3
    strokes = Hint.from_strokes(rgba)
    assert np.array_equal(strokes.mask, loaded.mask) and (strokes.rgb == (20, 120, 30)).all()


@pytest.mark.parametrize(
    ("rgba", "came"), [(np.zeros((4, 6, 3), np.uint8), r"uint8 \(4, 6, 3\)"), (np.zeros((4, 6, 4)), "float64"), ("a.png", "str")]
)
def test_strokes_need_four_channels(rgba, came):
    with pytest.raises(MangastyleError, match=rf"`rgba`: must be uint8 \(h, w, 4\), not {came}"):
        Hint.from_strokes(rgba)


def test_a_source_is_asked_for_its_hint(picture):
    hint = Hint.from_picture(picture)
    assert resolve_hint(hint, picture) is hint and resolve_hint(None, picture) is None
    assert resolve_hint(lambda given: hint if given is picture else None, picture) is hint
    for wrong in ("red", lambda given: given):
        with pytest.raises(MangastyleError, match="`hint`: must be a Hint, or a function from a picture to one, not"):
            resolve_hint(wrong, picture)


def test_palette_of_names_and_numbers():
    colors, shares = palette("#ff8000", "navy", "rgb(1, 2, 3)", (4, 5, 6))
    assert colors.tolist() == [[255, 128, 0], [0, 0, 128], [1, 2, 3], [4, 5, 6]] and shares.tolist() == pytest.approx([1 / 4] * 4)


def test_palette_of_a_reference_picture():
    wanted = {(250, 20, 20): 0.5, (20, 20, 200): 0.25, (240, 240, 90): 0.25}
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:32], rgb[32:48], rgb[48:] = wanted
    colors, shares = palette(rgb)
    found = {tuple(np.rint(c).astype(int).tolist()): s for c, s in zip(colors, shares)}
    assert found.keys() == wanted.keys() and all(found[c] == pytest.approx(s) for c, s in wanted.items())


def test_main_colors_are_eight_close_and_repeatable():
    rgb = character(3, 128).rgb
    colors, shares = main_colors(rgb)
    assert colors.shape == (8, 3) and shares.sum() == pytest.approx(1) and (shares > 0).all()
    small = pixels.resize(rgb, 64, 64).reshape(-1, 3)
    distance = np.linalg.norm(small[:, None] - colors, axis=-1).min(1)
    assert distance.mean() < 0.35 * np.linalg.norm(small - small.mean(0), axis=-1).mean()
    cv2.setRNGSeed(99)  # whatever was drawn before
    again, _ = main_colors(rgb)
    assert np.array_equal(colors, again)


def test_mixed_palettes(picture):
    colors, shares = palette("red", picture)
    assert colors.shape == (9, 3) and colors[0].tolist() == [255, 0, 0]
    assert shares.sum() == pytest.approx(1) and shares[0] == pytest.approx(0.5)


@pytest.mark.parametrize("entry", ["reddish", "#12", "", "notes.txt", (1, 2), (0, 0, 256), None])
def test_wrong_palettes(entry):
    with pytest.raises(MangastyleError, match="`palette`: .* is no color.* or name a picture"):
        palette(entry)


def test_a_transparent_color_is_none_of_a_palette_and_others_count_by_their_alpha():
    assert palette("#ff000080", "navy").shares.tolist() == pytest.approx([128 / 383, 255 / 383])
    with pytest.raises(MangastyleError, match="`palette`: '#ff000000' is fully transparent"):
        palette("navy", "#ff000000")


def test_a_palette_needs_an_entry():
    with pytest.raises(MangastyleError, match="`palette`: must name a color"):
        palette()


PALETTE = np.array([[30, 20, 60], [90, 60, 160], [120, 190, 170], [250, 240, 220]], np.float64)


def in_colors(base: np.ndarray, colors: np.ndarray, shares: list[float] | None = None) -> np.ndarray:
    hint = Hint.from_palette(Palette(colors, np.array(shares or [1 / len(colors)] * len(colors))), base)
    assert (hint.mask == 1).all()
    return hint.rgb


def test_from_palette_gives_the_palettes_colors():
    base = character(2, 128).rgb
    made = in_colors(base, PALETTE)
    assert made.shape == base.shape and made.dtype == np.uint8

    def off(rgb):
        return np.linalg.norm(rgb.reshape(-1, 1, 3) - PALETTE, axis=-1).min(1)

    assert off(made).mean() < 0.6 * off(base).mean()
    assert np.quantile(off(made), 0.25) < 1  # away from where two colors meet it is the palette's own
    assert np.array_equal(made, in_colors(base, PALETTE))


def test_from_palette_keeps_light_light_and_dark_dark():
    base = np.repeat(np.array([10, 90, 170, 250], np.uint8), 32)[None, :, None].repeat(64, 0).repeat(3, 2)  # four gray bands
    made = in_colors(base, PALETTE[[2, 0, 3, 1]])
    middles = made[32, 16::32]
    assert np.array_equal(middles, PALETTE.astype(np.uint8))  # from dark to light
    lightness = rgb2lab(middles[None] / 255)[0, :, 0]
    assert (np.diff(lightness) > 0).all()


@pytest.mark.parametrize(("dark_share", "middle"), [(0.75, [20, 20, 90]), (0.25, [250, 240, 160])])
def test_from_palette_gives_what_covers_much_the_color_there_is_much_of(dark_share, middle):
    dark, light = [20, 20, 90], [250, 240, 160]
    base = np.full((64, 64, 3), 130, np.uint8)  # half of it
    base[:16], base[48:] = 10, 245
    made = in_colors(base, np.array([dark, light], np.float64), [dark_share, 1 - dark_share])
    assert [made[y, 30].tolist() for y in (2, 32, 61)] == [dark, middle, light]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_from_palette_of_one_flat_color(level):
    made = in_colors(np.full((20, 30, 3), level, np.uint8), PALETTE[:1])
    assert (made == PALETTE[0]).all()
