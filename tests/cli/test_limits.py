"""--max-megapixels is the limit of every picture that a command decodes, whatever option names it."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from mangastyle.cli.main import COMMANDS, load, main
from mangastyle.errors import MangastyleError
from mangastyle.io import images

LINES = {
    "sketch a.png": 1, "sketch in": 2, "shade a.png --palette b.png red": 2, "shade a.png --hint b.png": 4, "shade a.png --hint in": 5,
    "style a.png --style b.png b.png --mask b.png b.png --init b.png": 10, "style a.png --style in --mask in": 4,
    "run a.png --style b.png --hint b.png": 5, "reconstruct a.png": 1, "figures --only 1 --picture a.png --style b.png": 2,
    "evaluate --pairs in in": 2, "draw --count 2 --size 16 --sheet": 2,
}  # fmt: skip


@pytest.fixture
def limits(monkeypatch) -> list[int]:
    """The limits that pictures and their headers are read with; nothing but reading is done."""
    seen = []

    def watched(read):
        def reading(*arguments, **options):
            bound = inspect.signature(read).bind(*arguments, **options)
            bound.apply_defaults()
            seen.append(bound.arguments["max_pixels"])
            return read(*arguments, **options)

        return reading

    def no_further():
        raise MangastyleError("TensorFlow would load")

    for name in ("load", "size_of"):
        monkeypatch.setattr(images, name, watched(getattr(images, name)))
    monkeypatch.setattr("mangastyle.startup.load_tensorflow", no_further)
    return seen


@pytest.mark.parametrize("line", LINES)
def test_the_option_is_honored_everywhere(tmp_path, monkeypatch, limits, line):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png", "in/a.png", "in/b.png"):
        images.save(name, np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
    main([*line.split(), "--out", "out/", "--max-megapixels", "200"])
    assert limits == [200_000_000] * LINES[line]
    main([*line.split(), "--out", "out2/", "--max-megapixels", "0.001"])
    assert set(limits) == {200_000_000, 1000}


def test_every_command_that_decodes_pictures_has_the_option():
    without = {command for command in COMMANDS if not hasattr(load(command).Options, "max_megapixels")}
    assert without == {"export", "weights", "crawl"}
