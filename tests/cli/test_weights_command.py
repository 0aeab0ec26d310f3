"""`mangastyle weights`: the list, the table of layers, and mistakes; the download is tested beside the registry."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import pytest

from mangastyle.cli.main import main
from mangastyle.io import registry
from mangastyle.io.files import sha256


def test_list_shows_what_is_there_and_sound(tmp_path, capsys, monkeypatch):
    shipped, cache = tmp_path / "shipped", tmp_path / "keras" / "models" / registry.VGG19
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(registry, "shipped_folder", lambda: shipped)

    def listed() -> list[str]:
        assert main(["weights", "list"]) == 0
        return capsys.readouterr().out.splitlines()

    assert main(["weights"]) == 0
    absent = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "missing" in line]
    assert absent == ["regions", "shading", "shade", "shade-paper", "baseline", "onepass", "vgg19-slim", "vgg19"]

    shipped.mkdir()
    cache.parent.mkdir(parents=True)
    (shipped / "shade.h5").write_bytes(bytes(2_500_000))
    slim = shipped / "vgg19-slim.h5"
    slim.write_bytes(b"weights")
    (shipped / registry.MANIFEST).write_text(json.dumps({slim.name: {"sha256": sha256(slim)}}))
    cache.write_bytes(b"published")
    monkeypatch.setattr(registry, "VGG19_MD5", hashlib.md5(b"published").hexdigest())
    _, _, shade, *_, slim_row, vgg19_row = listed()
    assert shade.split()[:2] == ["shade", str(shipped / "shade.h5")] and shade.endswith("2.5 MB, not in the manifest")
    assert slim_row.startswith("vgg19-slim ") and str(slim) in slim_row and slim_row.endswith(", sound")
    assert vgg19_row.startswith("vgg19 ") and str(cache) in vgg19_row and vgg19_row.endswith(", sound")

    slim.write_bytes(b"other")
    cache.write_bytes(b"other")
    *_, slim_row, vgg19_row = listed()
    assert "damaged, install mangastyle again" in slim_row and "not the file that Keras publishes" in vgg19_row


def test_the_list_needs_no_tensorflow():
    program = "import sys; from mangastyle.cli.main import main; main(['weights']); print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[-1] == "False" and [line for line in lines[:7] if not line.endswith("MB, sound")] == []


def test_describe_is_a_command(capsys):
    assert main(["weights", "describe", "--size", "64"]) == 0
    assert "conv5_1 | shape=(1, 4, 4, 512) | weights_shape=(3, 3, 512, 512)" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["lsit"], "action: 'lsit' (did you mean 'list'?) is none of list, get, describe"),
        (["get", "vgg16"], "network: 'vgg16' (did you mean 'vgg19'?) is none of vgg19"),
        (["describe", "--size", "8"], "--size: must be at least 32, not 8"),
    ],
)
def test_mistakes_of_the_command(capsys, argv, message):
    assert main(["weights", *argv]) == 2
    assert capsys.readouterr().err == f"mangastyle: {message}\n"
