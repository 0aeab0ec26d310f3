"""Hints that people give: strokes on the right pixels in the right colours, palettes, and every way to get them wrong."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from mangastyle import images
from mangastyle.data.characters import character
from mangastyle.errors import MangastyleError
from mangastyle.shade import hints

WHITE = [255, 255, 255]


def write(folder, value):
    path = folder / "hint.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_points_land_where_they_are_said_to(tmp_path):
    points = [{"x": 30, "y": 10, "color": "#ffcc99", "radius": 4}, {"x": 5, "y": 35, "color": "navy", "radius": 2}]
    hint = hints.read(write(tmp_path, {"points": points}), 40, 60)
    assert hint.rgb.shape == (40, 60, 3) and hint.said.shape == (40, 60) and hint.said.dtype == np.float32
    y, x = np.mgrid[:40, :60]
    for cx, cy, radius, colour in ((30, 10, 4, (255, 204, 153)), (5, 35, 2, (0, 0, 128))):
        distance = np.hypot(x - cx, y - cy)
        assert (hint.rgb[distance <= radius - 0.5] == colour).all() and (hint.said[distance <= radius - 0.5] == 1).all()
    far = (np.hypot(x - 30, y - 10) > 5) & (np.hypot(x - 5, y - 35) > 3)
    assert (hint.said[far] == 0).all() and (hint.at(40, 60)[far] == 255).all()


def test_lines_land_where_they_are_said_to(tmp_path):
    lines = [{"points": [[10, 5], [50, 5], [50, 30]], "color": "rgb(200, 0, 0)", "width": 3}]
    hint = hints.read(write(tmp_path, {"lines": lines}), 40, 60)
    assert (hint.rgb[4:7, 10:50] == (200, 0, 0)).all() and (hint.rgb[5:30, 49:52] == (200, 0, 0)).all()
    assert hint.said[8:, :48].sum() == 0 and hint.said[:, 53:].sum() == 0 and hint.said[33:].sum() == 0


def test_the_frame_belongs_to_the_picture(tmp_path):
    corners = [(0, 0), (59, 0), (0, 39), (59, 39)]
    hint = hints.read(write(tmp_path, {"points": [{"x": x, "y": y, "color": "red", "radius": 1} for x, y in corners]}), 40, 60)
    assert all(hint.rgb[y, x].tolist() == [255, 0, 0] for x, y in corners)


def test_no_strokes_say_nothing(tmp_path):
    hint = hints.read(write(tmp_path, {}), 20, 30)
    assert hint.said.sum() == 0 and (hint.at(20, 30) == 255).all() and (hint.at(7, 9) == 255).all()


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
        hints.read(write(tmp_path, strokes), 20, 30)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["gone.json", "gone.png"])
def test_missing_hints_are_named(tmp_path, name):
    with pytest.raises(MangastyleError, match=f"{name}: cannot read"):
        hints.read(tmp_path / name, 20, 30)


def test_a_picture_speaks_everywhere(tmp_path, picture):
    hint = hints.read(images.save(tmp_path / "a.png", picture), 40, 48)
    assert (hint.said == 1).all() and np.array_equal(hint.at(40, 48), picture)
    area = cv2.resize(picture, (24, 20), interpolation=cv2.INTER_AREA)
    assert np.abs(hint.at(20, 24).astype(int) - area).max() <= 1


def test_a_hint_of_another_size_is_refused(tmp_path, picture):
    path = images.save(tmp_path / "a.png", picture)
    with pytest.raises(MangastyleError, match="a.png: the hint is 48x40 but the picture is 40x48"):
        hints.read(path, 48, 40)


@pytest.mark.parametrize("offset", range(0, 8))
def test_thin_strokes_keep_their_colour_when_reduced(tmp_path, offset):
    rgba = np.zeros((512, 512, 4), np.uint8)
    top = 200 + offset
    rgba[top : top + 3, 50:450] = (230, 10, 60, 255)
    Image.fromarray(rgba).save(tmp_path / "strokes.png")
    small = hints.read(tmp_path / "strokes.png", 512, 512).at(64, 64)
    spoken = (small != 255).any(-1)
    assert (np.abs(small[spoken].astype(int) - (230, 10, 60)) <= 1).all()
    assert spoken[:, 10:52].any(0).all()  # the stroke is unbroken
    assert spoken.sum() <= 2 * 51 and not spoken[:24].any() and not spoken[28:].any()


def test_soft_brush_edges_do_not_turn_pale(tmp_path):
    alpha = cv2.GaussianBlur(np.pad(np.full((20, 20), 255, np.uint8), 22), (0, 0), 4)
    rgba = np.dstack([np.full((64, 64, 3), (20, 120, 30), np.uint8), alpha])
    Image.fromarray(rgba).save(tmp_path / "soft.png")
    hint = hints.read(tmp_path / "soft.png", 64, 64)
    assert np.abs(hint.rgb[alpha > 60].astype(int) - (20, 120, 30)).max() <= 3
    small = hint.at(16, 16)
    spoken = (small != 255).any(-1)
    assert spoken.sum() > 20 and np.abs(small[spoken].astype(int) - (20, 120, 30)).max() <= 4


def test_overlapping_strokes_are_averaged_not_bleached():
    rgb = np.full((8, 8, 3), 255, np.uint8)
    said = np.zeros((8, 8), np.float32)
    rgb[0, :4], rgb[1, :4] = (200, 0, 0), (0, 0, 100)
    said[:2, :4] = 1
    assert hints.Hint(rgb, said).at(2, 2).tolist() == [[[100, 0, 50], WHITE], [WHITE, WHITE]]


def test_palette_of_names():
    colours, shares = hints.read_palette(("#ff8000", "navy", "rgb(1, 2, 3)"))
    assert colours.tolist() == [[255, 128, 0], [0, 0, 128], [1, 2, 3]] and shares.tolist() == pytest.approx([1 / 3] * 3)


def test_palette_of_a_reference_picture(tmp_path):
    wanted = {(250, 20, 20): 0.5, (20, 20, 200): 0.25, (240, 240, 90): 0.25}
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:32], rgb[32:48], rgb[48:] = wanted
    colours, shares = hints.read_palette((str(images.save(tmp_path / "ref.png", rgb)),))
    found = {tuple(np.rint(c).astype(int).tolist()): s for c, s in zip(colours, shares)}
    assert found.keys() == wanted.keys() and all(found[c] == pytest.approx(s) for c, s in wanted.items())


def test_main_colours_are_eight_close_and_repeatable():
    rgb = character(3, 128).rgb
    colours, shares = hints.main_colours(rgb)
    assert colours.shape == (8, 3) and shares.sum() == pytest.approx(1) and (shares > 0).all()
    small = images.resize(rgb, 64, 64).reshape(-1, 3)
    distance = np.linalg.norm(small[:, None] - colours, axis=-1).min(1)
    assert distance.mean() < 0.35 * np.linalg.norm(small - small.mean(0), axis=-1).mean()
    cv2.setRNGSeed(99)  # whatever was drawn before
    again, _ = hints.main_colours(rgb)
    assert np.array_equal(colours, again)


def test_mixed_palettes(tmp_path, picture):
    colours, shares = hints.read_palette(("red", str(images.save(tmp_path / "a.png", picture))))
    assert colours.shape == (9, 3) and colours[0].tolist() == [255, 0, 0]
    assert shares.sum() == pytest.approx(1) and shares[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("reddish", "--palette reddish: neither a colour"),
        ("#12", "--palette #12: neither"),
        ("", "--palette : neither"),
        ("gone.png", "gone.png: cannot read"),
        ("notes.txt", "--palette notes.txt: neither"),
    ],
)
def test_wrong_palettes(entry, message):
    with pytest.raises(MangastyleError, match=message):
        hints.read_palette((entry,))


PALETTE = np.array([[30, 20, 60], [90, 60, 160], [120, 190, 170], [250, 240, 220]], np.float64)


def test_from_palette_gives_the_palettes_colours():
    base = character(2, 128).rgb
    made = hints.from_palette(base, PALETTE, np.full(4, 0.25))
    assert made.shape == base.shape and made.dtype == np.uint8

    def off(rgb):
        return np.linalg.norm(rgb.reshape(-1, 1, 3) - PALETTE, axis=-1).min(1)

    assert off(made).mean() < 0.6 * off(base).mean()
    assert np.quantile(off(made), 0.25) < 1  # away from where two colours meet it is the palette's own
    assert np.array_equal(made, hints.from_palette(base, PALETTE, np.full(4, 0.25)))


def test_from_palette_keeps_light_light_and_dark_dark():
    base = np.repeat(np.array([10, 90, 170, 250], np.uint8), 32)[None, :, None].repeat(64, 0).repeat(3, 2)  # four grey bands
    made = hints.from_palette(base, PALETTE[[2, 0, 3, 1]], np.full(4, 0.25))
    middles = made[32, 16::32]
    assert np.array_equal(middles, PALETTE.astype(np.uint8))  # from dark to light
    lightness = rgb2lab(middles[None] / 255)[0, :, 0]
    assert (np.diff(lightness) > 0).all()


@pytest.mark.parametrize(("dark_share", "middle"), [(0.75, [20, 20, 90]), (0.25, [250, 240, 160])])
def test_from_palette_gives_what_covers_much_the_colour_there_is_much_of(dark_share, middle):
    dark, light = [20, 20, 90], [250, 240, 160]
    base = np.full((64, 64, 3), 130, np.uint8)  # half of it
    base[:16], base[48:] = 10, 245
    made = hints.from_palette(base, np.array([dark, light], np.float64), np.array([dark_share, 1 - dark_share]))
    assert [made[y, 30].tolist() for y in (2, 32, 61)] == [dark, middle, light]


@pytest.mark.parametrize("level", [0, 128, 255])
def test_from_palette_of_one_flat_colour(level):
    made = hints.from_palette(np.full((20, 30, 3), level, np.uint8), PALETTE[:1], np.ones(1))
    assert (made == PALETTE[0]).all()
