"""`mangastyle shade --layers`: one file for a picture, one beside each result of a folder, never over what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from layered_files import READERS, blended

from mangastyle.cli.main import main
from mangastyle.io import images, layer_files
from mangastyle.ops.layers import Layers, composite
from mangastyle.synthetic import characters


class StandIn:
    """A shader whose layers are simple functions of the picture."""

    def __init__(self, *arguments, **more) -> None:
        pass

    def layers(self, picture, hint=None, *, progress=None, **settings) -> Layers:
        return Layers(255 - picture, np.maximum(picture, 200), picture // 4, picture)

    def __call__(self, picture, *arguments, **settings) -> np.ndarray:
        return np.zeros_like(picture)


@pytest.fixture(autouse=True)
def shader(monkeypatch, tmp_path):
    monkeypatch.setattr("mangastyle.shade.shader.Shader", StandIn)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def art() -> np.ndarray:
    return characters.draw(1, 40)[:, :33].copy()


def shade(*arguments) -> int:
    return main(["shade", *map(str, arguments)])


def there(folder: str = ".") -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*") if p.is_file())


@pytest.mark.parametrize("suffix", READERS)
def test_a_picture_gets_one_file_beside_the_result_or_where_it_is_named(art, suffix, capsys):
    images.save("a.png", art, art[..., 0])
    if suffix == ".psd":
        pytest.importorskip("psd_tools")
    for value, name in ((suffix[1:], f"a-shaded{suffix}"), (f"new/layers{suffix}", f"new/layers{suffix}")):
        assert shade("a.png", "--layers", value, "--force") == 0
        assert capsys.readouterr().out.split() == [name, "a-shaded.png"]
        made = images.load("a-shaded.png")
        np.testing.assert_array_equal(made.alpha, art[..., 0])
        shown = blended(READERS[suffix](Path(name)), art.shape[:2])
        np.testing.assert_array_equal(shown[..., 3], art[..., 0])
        expected = composite(StandIn().layers(images.load("a.png").rgb))
        assert np.abs(shown[..., :3].astype(int) - expected)[art[..., 0] > 0].max() <= 1


def test_without_the_option_nothing_else_is_written(art):
    images.save("a.png", art)
    assert shade("a.png") == 0
    assert there() == ["a-shaded.png", "a.png"] and not images.load("a-shaded.png").rgb.any()


def test_a_folder_gets_a_file_beside_each_result_and_goes_on_where_it_was(art, capsys):
    for name in ("a.png", "deep/b.jpg", "deep/b.png"):
        images.save(f"in/{name}", art)
    assert shade("in", "--layers", "ora") == 0
    every = ["a.ora", "a.png", "config.json", "deep/b.jpg.ora", "deep/b.jpg.png", "deep/b.png.ora", "deep/b.png.png"]
    assert there("in-shaded") == every
    np.testing.assert_array_equal(images.load("in-shaded/a.png").rgb, composite(StandIn().layers(art)))
    assert capsys.readouterr().out == "in-shaded: 3 pictures written\n"

    before = Path("in-shaded/a.ora").stat().st_mtime_ns
    Path("in-shaded/deep/b.png.png").unlink()  # as after a kill between the two files
    Path("in-shaded/deep/b.png.ora").write_bytes(b"an older one")
    Path("in-shaded/deep/b.jpg.png").unlink()
    Path("in-shaded/deep/b.jpg.ora").unlink()
    assert shade("in", "--layers", "ora") == 0
    assert capsys.readouterr().out == "in-shaded: 2 pictures written, 1 already there\n"
    assert there("in-shaded") == every and Path("in-shaded/a.ora").stat().st_mtime_ns == before
    assert len(READERS[".ora"](Path("in-shaded/deep/b.png.ora"))) == 6

    assert shade("in", "--layers", "psd") == 2
    assert "holds results of --layers ora, not psd; use --force" in capsys.readouterr().err


def test_a_result_is_there_only_when_its_layers_are(art, monkeypatch, capsys):
    images.save("in/a.png", art)
    monkeypatch.setitem(layer_files.WRITERS, ".ora", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shade("in", "--layers", "ora")
    assert there("in-shaded") == ["config.json"]


@pytest.mark.parametrize(
    "arguments, error",
    [
        (["a.png", "--layers", "layers.png"], "--layers: 'layers.png' must be ora or psd, or a file that ends in .ora or .psd"),
        (["a.png", "--layers", "pds"], "--layers: 'pds' (did you mean 'psd'?) must be ora or psd"),
        (["in", "--layers", "all.psd"], "--layers all.psd: is one file, and in is a folder; give ora or psd for one file each"),
        (["a.png", "--layers", "there.ora"], "there.ora: already exists; use --force to overwrite it"),
        (["a.png", "--layers", "psd"], "a-shaded.psd: already exists; use --force"),
        (["b.psd", "--layers", "b.psd", "--force"], "b.psd: is the input itself"),
        (["a.png", "--hint", "b.psd", "--layers", "b.psd", "--force"], "b.psd: is the input itself"),
        (
            ["long.png", "--layers", "psd"],
            "long-shaded.psd: this format holds at most 30000 pixels a side, not 30001x8; end the name in .ora",
        ),
        (["gone.png", "--layers", "psd"], "gone.png: no such file"),
    ],
)
def test_mistakes_are_one_line_and_leave_everything(art, capsys, arguments, error):
    for name in ("a.png", "in/a.png"):
        images.save(name, art)
    Path("b.psd").write_bytes(Path("a.png").read_bytes())
    Path("there.ora").write_bytes(b"")
    Path("a-shaded.psd").write_bytes(b"")
    images.save("long.png", np.zeros((30_001, 8, 3), np.uint8))
    before = there()
    assert shade(*arguments) == 2
    shown = capsys.readouterr().err
    assert error in shown and shown.count("\n") == 1 and there() == before


def test_mistakes_are_found_before_tensorflow_loads(art):
    images.save("a.png", art)
    Path("a-shaded.psd").write_bytes(b"")
    code = "import sys; from mangastyle.cli.main import main; code = main(sys.argv[1:]); assert 'keras' not in sys.modules; sys.exit(code)"
    for value in ("layers.png", "psd"):
        done = subprocess.run([sys.executable, "-c", code, "shade", "a.png", "--layers", value], capture_output=True, text=True)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
