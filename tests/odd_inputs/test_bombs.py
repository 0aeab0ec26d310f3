"""Files that unpack to more than a machine has, wherever something is unpacked: refused or skipped, in little memory and time.

Archives have tests of their own in `tests/data/test_archives.py`, weights files in `tests/io/test_hdf5.py`.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.evaluate.sources import PairedFolders
from mangastyle.io import images

# Loads data as the training commands do, with 1.5 GB of addresses beyond those of the libraries, and prints how many pictures there are.
LOAD = """
import resource, sys
import cv2
from mangastyle.data import dataset
cv2.setNumThreads(1)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 1_500_000_000,) * 2)
pictures = dataset.load(sys.argv[2:], 16, zoom=False, cache=sys.argv[1])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))  # KB; ru_maxrss counts the parent's, too
print(len(pictures.base), pictures.skipped, int(peak) // 1000)
"""


def zeros(count: int) -> bytes:
    """So many times 100 MB of zeros as gzip packs them: what it packs one after another is one file."""
    return gzip.compress(bytes(100_000_000), 1) * count


@pytest.mark.linux
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_bombs_among_pictures_are_skipped_within_the_memory_that_there_is(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(3):
        images.save(folder / f"{i}.png", np.full((20, 16, 3), 40 * i, np.uint8))
    with open(folder / "hole.png", "wb") as file:
        file.truncate(3_000_000_000)
    deflated = zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED)
    with deflated as archive:
        with archive.open("bomb.png", "w") as member:
            for _ in range(7):
                member.write(bytes(100_000_000))
        archive.writestr("empty.png", bytes(30_000_000))  # within the limit, and no picture
        archive.write(folder / "1.png", "inner/1.png")
    info = tarfile.TarInfo("bomb.png")
    info.size = 700_000_000
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(info.tobuf()) + zeros(7) + gzip.compress(bytes(-info.size % 512 + 1024)))
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path / "cache"), str(folder), str(tmp_path / "a.zip"), str(tmp_path / "b.tar.gz")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pictures, skipped, megabytes = map(int, done.stdout.split())
    assert (pictures, skipped) == (3, 4) and megabytes < 1500
    assert "b.tar.gz: 4 of 8 pictures could not be read, and are left out" in done.stderr
    lines = [line for line in done.stderr.splitlines() if "skipped" in line]
    assert len(lines) == 4 and sum("is over the limit of 632 MB for 100 megapixels" in line for line in lines) == 3


def test_the_limit_of_the_option_holds_for_data_and_for_pairs(tmp_path):
    for name in ("generated", "originals"):
        for i in range(2):
            images.save(tmp_path / name / f"{i}.png", np.full((40, 30, 3), 40 * i, np.uint8))
    assert len(PairedFolders(tmp_path / "generated", tmp_path / "originals", max_pixels=1200)([0])) == 1
    with pytest.raises(MangastyleError, match="0.png: 30x40 pixels is over the limit of 0.001199 megapixels"):
        PairedFolders(tmp_path / "generated", tmp_path / "originals", max_pixels=1199)([0])


@pytest.mark.parametrize("value", ["[" * 100_000 + "]" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000, '{"seed": ' + "9" * 10_000 + "}"])
def test_json_bombs_end_a_command_in_one_line(tmp_path, capsys, value):
    (tmp_path / "config.json").write_text(value)
    assert main(["sketch", "a.png", "--config", str(tmp_path / "config.json")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "config.json: not read as JSON" in error


def test_a_config_of_gigabytes_is_refused_by_its_size(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps({"seed": 1}))
    with open(Path(tmp_path / "config.json"), "r+b") as file:
        file.truncate(5_000_000_000)
    assert main(["sketch", "a.png", "--config", str(tmp_path / "config.json")]) == 2
    assert "config.json: larger than 16.8 MB" in capsys.readouterr().err
