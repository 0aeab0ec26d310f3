"""Layered files of every format: what is read back by other programs' libraries is what was given, and shows what was merged."""

from __future__ import annotations

import errno

import numpy as np
import pytest
from layered_files import READERS, Read, blended, furthest, read_ora

from mangastyle.errors import MangastyleError
from mangastyle.io import layer_files, openraster, psd
from mangastyle.io.layer import MODES, Group, Layer, content_box

FORMATS = sorted(READERS)
SIZES = [(1, 1), (1, 5), (5, 1), (7, 13), (300, 3)]
NAMES = ("髪の毛　影", "Línea", "光 & <影>", "e\u0301🎨", "")


@pytest.fixture(params=FORMATS)
def path(request, tmp_path):
    if request.param == ".psd":
        pytest.importorskip("psd_tools")
    return tmp_path / f"a{request.param}"


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Random pixels uint8 (h, w, 4), half of them opaque or transparent."""
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    rgba[..., 3][rgba[..., 0] < 64] = 0
    rgba[..., 3][rgba[..., 0] > 192] = 255
    return rgba


def layer(rgba: np.ndarray, name: str = "a", **more) -> Layer:
    return Layer(name, rgba[..., :3], rgba[..., 3], **more)


def same(read: Read, given: Layer | Group) -> None:
    """Whether all of a layer came back; colors count where it is not transparent."""
    assert (read.name, read.visible) == (given.name, given.visible)
    if isinstance(given, Group):
        assert len(read.within) == len(given.layers)
        for one, other in zip(read.within, given.layers):
            same(one, other)
        return
    alpha = np.full(given.rgb.shape[:2], 255) if given.alpha is None else given.alpha
    assert read.mode == given.mode and read.opacity == pytest.approx(given.opacity, abs=1 / 500)
    np.testing.assert_array_equal(read.rgba[..., 3], alpha)
    np.testing.assert_array_equal(read.rgba[..., :3][alpha > 0], given.rgb[alpha > 0])


@pytest.mark.parametrize("size", SIZES)
def test_layers_come_back_as_they_were(path, size):
    white = np.full((*size, 3), 255, np.uint8)
    spot = np.zeros((*size, 4), np.uint8)
    spot[-1, -1] = (10, 20, 30, 200)
    stack = [
        Layer("Paper", white),
        Group("outer", [layer(noise(*size), "low", visible=False), Group("inner", [layer(spot, "spot", mode="screen")])], visible=False),
        *(layer(noise(*size, seed), name, mode=MODES[seed % 3], opacity=seed / 4) for seed, name in enumerate(NAMES)),
        Layer("nothing", white, np.zeros(size, np.uint8), "multiply"),
        Group("empty group", []),
        Layer("one color", np.broadcast_to(np.uint8([1, 2, 3]), (*size, 3)), spot[..., 3]),
    ]
    layer_files.save(path, stack, white)
    read = READERS[path.suffix](path)
    assert len(read) == len(stack)
    for one, other in zip(read, stack):
        same(one, other)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("opacity", [1.0, 0.3])
def test_every_mode_blends_as_other_programs_blend(path, mode, opacity):
    """By the formulas within one level; psd-tools, which does not round between layers, within two."""
    below = noise(64, 64, 1)[..., :3]
    stack = [Layer("below", below), layer(noise(64, 64, 2), mode=mode, opacity=opacity)]
    alpha = noise(64, 64, 2)[..., 3:] / 255 * round(255 * opacity) / 255
    above, base = noise(64, 64, 2)[..., :3] / 255, below / 255
    mixed = {"normal": above, "multiply": base * above, "screen": 1 - (1 - base) * (1 - above)}[mode]
    merged = np.rint(255 * (base + alpha * (mixed - base))).astype(np.uint8)
    layer_files.save(path, stack, merged)
    assert furthest(blended(READERS[path.suffix](path), (64, 64))[..., :3], merged) <= 1
    if path.suffix == ".psd":
        from psd_tools import PSDImage

        assert furthest(np.array(PSDImage.open(path).composite(force=True))[..., :3], merged) <= 2


def test_layers_are_cropped_so_that_files_are_small(path):
    alpha = np.zeros((2000, 1500), np.uint8)
    alpha[700:720, 300:340] = 255
    dot = Layer("dot", np.random.default_rng(0).integers(0, 256, (2000, 1500, 3), np.uint8), alpha)
    assert content_box(dot) == (700, 300, 720, 340)
    white = np.broadcast_to(np.uint8(255), (2000, 1500, 3))
    layer_files.save(path, [Layer("Paper", white), dot, Layer("nothing", white, np.zeros_like(alpha))], white)
    assert path.stat().st_size < 400_000


def test_the_same_layers_make_the_same_bytes(path):
    stack, merged = [layer(noise(9, 8))], noise(9, 8, 3)
    made = []
    for _ in range(2):
        layer_files.save(path, stack, merged[..., :3], merged[..., 3], force=True)
        made.append(path.read_bytes())
    assert made[0] == made[1]


class Broken(Exception):
    pass


@pytest.mark.parametrize("failure", [Broken(), KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_no_file_is_ever_half_written(path, monkeypatch, failure):
    stack, white = [layer(noise(9, 8)), layer(noise(9, 8, 1))], np.full((9, 8, 3), 255, np.uint8)
    path.write_bytes(b"old")
    calls = []

    def break_down(*arguments):
        calls.append(arguments)
        if len(calls) > 5:
            raise failure
        return (psd_planes if path.suffix == ".psd" else ora_png)(*arguments)

    psd_planes, ora_png = psd._write_planes, openraster._add_png
    monkeypatch.setattr(psd, "_write_planes", break_down)
    monkeypatch.setattr(openraster, "_add_png", break_down)
    stack = stack * 4
    with pytest.raises((MangastyleError if isinstance(failure, OSError) else type(failure)), match="No space left|^$"):
        layer_files.save(path, stack, white, force=True)
    assert len(calls) == 6 and path.read_bytes() == b"old" and [p.name for p in path.parent.iterdir()] == [path.name]


def test_files_are_not_overwritten_unasked(path):
    white = np.full((4, 4, 3), 255, np.uint8)
    path.write_bytes(b"old")
    with pytest.raises(MangastyleError, match="already exists; use `force`"):
        layer_files.save(path, [Layer("a", white)], white)
    with pytest.raises(MangastyleError, match="already exists; use `force`"):
        layer_files.check_writable(path)
    layer_files.check_writable(path, force=True)
    deep = path.parent / "new" / f"a{path.suffix.upper()}"
    assert layer_files.save(str(deep), [Layer("a", white)], white) == deep and READERS[path.suffix](deep)


@pytest.mark.parametrize(
    "stack, error",
    [
        ([Layer("a", np.zeros((4, 5, 3), np.uint8), mode="darken")], "layer 'a': `mode` must be one of normal, multiply, screen, not 'da"),
        ([Layer("a", np.zeros((5, 4, 3), np.uint8))], "layer 'a': must have the picture's 4x5 pixels"),
        ([Group("g", [Layer("b", np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4), np.uint8))])], "layer 'b': must have the picture's"),
        ([Layer("a", np.zeros((4, 5, 4), np.uint8))], "`rgb`: must be uint8 .h, w, 3., not uint8 .4, 5, 4."),
        ([Layer("a", np.zeros((4, 5, 3), np.uint8), opacity=2.0)], "layer 'a': `opacity` must be from 0 to 1, not 2.0"),
        ([Layer("a\0", np.zeros((4, 5, 3), np.uint8))], "`name` must be a text of one line"),
        ([Group("\ud800", [])], "`name` must be a text of one line"),
    ],
)
def test_wrong_layers_are_refused(path, stack, error):
    with pytest.raises(MangastyleError, match=error) as caught:
        layer_files.save(path, stack, np.zeros((4, 5, 3), np.uint8))
    assert "\n" not in str(caught.value) and not path.exists()


def test_wrong_files_are_refused(tmp_path):
    white = np.full((4, 5, 3), 255, np.uint8)
    for name in ("a.png", "a", "a.kra"):
        with pytest.raises(MangastyleError, match=f"{name}: cannot write layers in this format; end the name in one of .ora .psd"):
            layer_files.save(tmp_path / name, [], white)
    with pytest.raises(MangastyleError, match="`alpha`: must be uint8 .h, w. of the picture's .4, 5., not .5, 4."):
        layer_files.save(tmp_path / "a.ora", [], white, np.zeros((5, 4), np.uint8))
    with pytest.raises(MangastyleError, match="`merged`: must be uint8"):
        layer_files.save(tmp_path / "a.ora", [], white / 255)


@pytest.mark.parametrize("height, width", [(30_001, 2), (2, 30_001)])
def test_photoshop_files_have_a_limit_and_openraster_has_none(tmp_path, height, width):
    white = np.broadcast_to(np.uint8(255), (height, width, 3))
    with pytest.raises(MangastyleError, match=f"a.psd: .* at most 30000 pixels a side, not {height}x{width}; end the name in .ora"):
        layer_files.save(tmp_path / "a.psd", [Layer("a", white)], white)
    with pytest.raises(MangastyleError, match="at most 30000"):
        layer_files.check_size(tmp_path / "a.PSD", height, width)
    layer_files.check_size(tmp_path / "a.ora", height, width)
    layer_files.save(tmp_path / "a.ora", [Layer("a", white)], white)
    assert read_ora(tmp_path / "a.ora")[0].rgba.shape == (height, width, 4)
