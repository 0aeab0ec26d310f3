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
        with pytest.raises(MangastyleError, match="hint: a stroke cannot be understood"):
            Hint.from_points([wrong], (40, 60))
    with pytest.raises(MangastyleError, match="hint: the point .* lies outside the picture of 60x40"):
        Hint.from_points([(60, 1, "red")], (40, 60))


def test_lines_cover_their_pixels():
    lines = [{"points": [[10, 5], [50, 5], [50, 30]], "color": "rgb(200, 0, 0)", "width": 3}]
    hint = Hint.from_json({"lines": lines}, (40, 60))
    assert (hint.rgb[4:7, 10:50] == (200, 0, 0)).all() and (hint.rgb[5:30, 49:52] == (200, 0, 0)).all()
    assert hint.mask[8:, :48].sum() == 0 and hint.mask[:, 53:].sum() == 0 and hint.mask[33:].sum() == 0


def test_the_frame_belongs_to_the_picture():
    corners = [(0, 0), (59, 0), (0, 39), (59, 39)]
    hint = Hint.from_points([(x, y, "red") for x, y in corners], (40, 60), radius=1)
    assert all(hint.rgb[y, x].tolist() == [255, 0, 0] for x, y in corners)


def test_no_strokes_mask_nothing(tmp_path):
    hint = Hint.from_json(write(tmp_path, {}), (20, 30))
    assert hint.mask.sum() == 0 and (hint.rgb == 255).all()


POINT = {"x": 1, "y": 2, "color": "red"}


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "must hold one object"),
        ({"point": []}, "must hold one object"),
        ({"points": 3}, "a stroke cannot be understood"),
        ({"points": [3]}, "a stroke cannot be understood"),
        ({"points": None}, "a stroke cannot be understood"),
        ({"points": [{"x": 1, "y": 2}]}, "a stroke lacks 'color'"),
        ({"points": [{"y": 2, "color": "red"}]}, "a stroke lacks 'x'"),
        ({"points": [{**POINT, "color": "reddish"}]}, "cannot be understood .*reddish"),
        ({"points": [{**POINT, "color": "#12"}]}, "cannot be understood"),
        ({"points": [{**POINT, "color": 5}]}, "cannot be understood"),
        ({"points": [{**POINT, "x": "left"}]}, "cannot be understood .*left"),
        ({"points": [{**POINT, "x": None}]}, "cannot be understood"),
        ({"points": [{**POINT, "x": 30}]}, r"the point \(30, 2\) lies outside the picture of 30x20"),
        ({"points": [{**POINT, "y": -1}]}, r"the point \(1, -1\) lies outside"),
        ('{"points": [{"x": NaN, "y": 2, "color": "red"}]}', "lies outside"),
        ('{"points": [{"x": Infinity, "y": 2, "color": "red"}]}', "lies outside"),
        ({"points": [{**POINT, "radius": 0}]}, "a stroke's radius must be over 0"),
        ({"points": [{**POINT, "radius": 1e9}]}, "a stroke's radius must be .* at most 32767"),
        ('{"points": [{"x": 1, "y": 2, "color": "red", "radius": NaN}]}', "a stroke's radius must be"),
        ({"lines": [{"points": [[1, 1], [2, 2]], "color": "red", "width": -3}]}, "a stroke's width must be over 0"),
        ({"lines": [{"points": [[1, 1], [2, 2]], "color": "red", "width": 1e9}]}, "a stroke's width must be"),
        ({"lines": [{"points": [], "color": "red"}]}, "a line needs at least two points"),
        ({"lines": [{"points": [[1, 1]], "color": "red"}]}, "a line needs at least two points"),
        ({"lines": [{"points": [[1, 1, 1], [2, 2]], "color": "red"}]}, "cannot be understood"),
        ({"lines": [{"points": [[1, 1], [2, 99]], "color": "red"}]}, r"\(2, 99\) lies outside"),
        ({"lines": [{"color": "red"}]}, "a stroke lacks 'points'"),
        ({"lines": [{"points": [[1, 1], [2, 2]]}]}, "a stroke lacks 'color'"),
    ],
)
def test_wrong_strokes_are_named(tmp_path, strokes, message):
    with pytest.raises(MangastyleError, match=f"hint.json: .*{message}") as error:
        Hint.from_json(write(tmp_path, strokes), (20, 30))
    assert "\n" not in str(error.value)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(MangastyleError, match="gone.json: cannot read"):
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
    with pytest.raises(MangastyleError, match="`palette`: .* is neither a color"):
        palette(entry)


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
