"""Shading pictures of any size with a trained network (here: a tiny one whose random weights are loud enough to matter)."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest

from mangastyle import images, weights
from mangastyle.cli import main
from mangastyle.config import TrainConfig
from mangastyle.data import characters
from mangastyle.shade import colour, hints, networks
from mangastyle.shade.infer import Shader

CONFIG = TrainConfig(size=32, width=4, levels=2, precision="float32")


@pytest.fixture(scope="module")
def shader(loud_weights):
    return Shader(str(loud_weights), "float32")


@pytest.fixture(scope="module")
def another(loud_weights):
    return Shader(str(loud_weights), "float32")


def line_art(height: int, width: int) -> np.ndarray:
    """Black rings of grey edges on white paper, uint8 (h, w, 3)."""
    picture = np.full((height, width, 3), 255, np.uint8)
    for radius in range(5, max(height, width), 13):
        cv2.circle(picture, (width // 2, height // 2), radius, (0, 0, 0), 2, cv2.LINE_AA)
    return picture


def flat(colour: str, height: int, width: int) -> hints.Hint:
    rgb = np.broadcast_to(hints.read_palette((colour,))[0].astype(np.uint8), (height, width, 3)).copy()
    return hints.Hint(rgb, np.ones((height, width), np.float32))


def test_padding_does_not_touch_what_needs_none(shader):
    line, hint = line_art(32, 40)[..., 0], characters.draw(0, 40)[:32]
    given = {"line": images.to_float(line)[None, ..., None], "hint": images.to_float(hint)[None]}
    expected = images.to_uint8(shader.model(given, training=False)[0])
    np.testing.assert_array_equal(shader.once(line, hint), expected)


@pytest.mark.parametrize("size", [(8, 8), (31, 33), (65, 97), (512, 300)])
def test_exactly_the_pictures_size_and_the_same_every_time(shader, another, size):
    for picture in (line_art(*size), cv2.resize(characters.draw(1, 128), size[::-1])):
        made = shader(picture)
        assert made.shape == (*size, 3) and made.dtype == np.uint8
        np.testing.assert_array_equal(made, shader(picture))
    np.testing.assert_array_equal(made, another(picture))


def test_ink_lays_the_artists_lines_over_the_colours(shader):
    picture = line_art(70, 90)
    colours, half, full = (shader(picture, ink=ink).astype(int) for ink in (0, 0.5, 1))
    paper, ink = (picture == 255).all(-1), (picture == 0).all(-1)
    assert ink.any() and colours[ink].max() > 0
    assert (full[ink] == 0).all() and (full[paper] == colours[paper]).all()
    np.testing.assert_allclose(half, colours * (0.5 + 0.5 * picture / 255), atol=1)
    drawing = characters.draw(1, 90)  # a colour picture has no lines of the artist's to keep
    np.testing.assert_array_equal(shader(drawing, ink=0), shader(drawing, ink=1))


def test_the_hint_decides_the_colours(shader):
    picture = line_art(60, 60)
    red, blue = (shader(picture, flat(colour, 60, 60)).astype(int) for colour in ("red", "blue"))
    assert np.abs(red - blue).mean() > 5
    np.testing.assert_array_equal(shader(picture), shader(picture, flat("white", 60, 60)))  # no hint is white
    half = flat("red", 60, 60)
    half.said[:, 30:] = 0
    made = shader(picture, half).astype(int)
    assert np.abs(made - red)[:, :20].mean() < np.abs(made - red)[:, 40:].mean()


def test_refining_keeps_the_broad_colours_and_ends_at_its_side(shader, monkeypatch):
    picture = cv2.resize(characters.draw(3, 256), (260, 200))
    calls = []
    once = shader._colouring.run
    monkeypatch.setattr(shader._colouring, "run", lambda line, hint: calls.append(line.shape[1:3]) or once(line, hint))
    monkeypatch.setattr(shader, "_colour", shader._colouring)  # without a graph, so that the calls are seen
    coarse = shader(picture, refine=32)
    assert calls == [(32, 42)]
    fine = shader(picture, refine=512)
    frame = 2 * colour.FRAME
    assert calls[1:] == [(32, 42), (64 + frame, 83 + frame), (128 + frame, 166 + frame), (200 + frame, 260 + frame)]
    broad_coarse, broad_fine = (cv2.GaussianBlur(p.astype(np.float32), (0, 0), 20) for p in (coarse, fine))
    assert np.abs(broad_fine - broad_coarse)[40:-40, 40:-40].mean() < 6
    assert np.abs(fine.astype(int) - coarse).mean() > 1


def test_work_size_sets_the_scale_of_the_layout(shader):
    picture = line_art(100, 150)
    assert shader.layout(picture) == (32, 48)
    assert shader.layout(picture, 50) == (50, 75)
    assert shader.layout(picture, 400) == (100, 150)
    assert shader.layout(line_art(9, 12)) == (9, 12)


def test_simulated_hints_follow_picture_and_seed(shader):
    picture = characters.draw(4, 100)
    one, again, other = (shader.simulated_hint(picture, seed=seed) for seed in (1, 1, 2))
    assert one.rgb.shape == (32, 32, 3) and (one.said == 1).all()
    np.testing.assert_array_equal(one.rgb, again.rgb)
    assert (one.rgb != other.rgb).any()
    red = shader.simulated_hint(np.broadcast_to(np.uint8([200, 0, 0]), (64, 64, 3)).copy())
    assert red.rgb[..., 0].min() >= 200 and (red.rgb[..., 1] == red.rgb[..., 2]).all()  # whitened red


def test_a_palette_sets_the_colours(shader):
    picture = line_art(64, 64)
    hint = shader.palette_hint(picture, *hints.read_palette(("#204060",)))
    np.testing.assert_allclose(hint.rgb.reshape(-1, 3), np.tile([[0x20, 0x40, 0x60]], (32 * 32, 1)), atol=1)
    two = shader.palette_hint(picture, *hints.read_palette(("black", "#ff0000")))
    assert two.rgb[..., 0].max() > 100 and two.rgb[..., 1:].max() <= 1
    assert np.abs(shader(picture, two).astype(int) - shader(picture, hint)).mean() > 1


def test_mixed_precision_paints_nearly_the_same(shader, loud_weights):
    picture = line_art(64, 64)
    low = Shader(str(loud_weights), "mixed_bfloat16")(picture, flat("red", 64, 64)).astype(int)
    assert np.abs(low - shader(picture, flat("red", 64, 64))).mean() < 4


def test_the_baseline_shades_too(tmp_path):
    config = TrainConfig(size=16, width=4, model="baseline")
    weights.save(tmp_path / "baseline.h5", networks.baseline(config), config)
    assert Shader(str(tmp_path / "baseline.h5"), "float32")(line_art(31, 33)).shape == (31, 33, 3)


def test_the_command_keeps_size_and_transparency(loud_weights, tmp_path):
    alpha = np.random.default_rng(0).integers(0, 256, (50, 41), np.uint8)
    images.save(tmp_path / "a.png", line_art(50, 41), alpha)
    assert main(["shade", str(tmp_path / "a.png"), "--weights", str(loud_weights), "--palette", "red", "navy"]) == 0
    made = images.load(tmp_path / "a-shaded.png")
    assert made.rgb.shape == (50, 41, 3)
    np.testing.assert_array_equal(made.alpha, alpha)


@pytest.mark.parametrize(
    "flags, error",
    [
        (["--palette", "red", "--hint", "auto"], "--hint and --palette"),
        (["--ink", "1.5"], "--ink"),
        (["--hint", "auto"], "is line art"),
        (["--hint", "gone.png"], "gone.png"),
        (["--weights", "gone.h5"], "gone.h5: no such weights file"),
    ],
)
def test_mistakes_are_one_line(loud_weights, tmp_path, capsys, flags, error):
    images.save(tmp_path / "a.png", line_art(40, 40))
    assert main(["shade", str(tmp_path / "a.png"), "--weights", str(loud_weights), *flags]) == 2
    shown = capsys.readouterr().err
    assert error in shown and shown.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.slow
def test_a_page_of_2000_by_3000_stays_below_four_gibibytes(tmp_path):
    config = TrainConfig()  # as large as the network that ships
    weights.save(tmp_path / "net.h5", networks.generator(config), config)
    images.save(tmp_path / "page.png", line_art(3000, 2000))
    code = (
        "import resource, sys; from mangastyle.cli import main; code = main(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"
    )
    command = [sys.executable, "-c", code, "shade", str(tmp_path / "page.png"), "--weights", str(tmp_path / "net.h5")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert images.load(tmp_path / "page-shaded.png").rgb.shape == (3000, 2000, 3)
    assert int(done.stderr.split()[-1]) < 4 * 2**20  # KiB
