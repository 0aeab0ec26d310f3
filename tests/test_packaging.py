"""The wheel holds the whole package and its weights, and works where it is installed, far from the checkout."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mangastyle.io import images, registry
from mangastyle.io.files import sha256

ROOT = Path(__file__).parents[1]
PROJECT = ("mangastyle", "weights", "pyproject.toml", "setup.cfg", "setup.py", "requirements.txt", "README.md", "LICENSE")


def pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built in a copy of the project, so that nothing is left in the checkout."""
    if int(importlib.metadata.version("setuptools").split(".")[0]) < 77 or not (ROOT / "pyproject.toml").is_file():
        pytest.skip("needs a checkout and setuptools 77, which the extra 'test' installs")
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, copy)
    pip("wheel", copy, "--no-build-isolation", "--wheel-dir", out)
    (wheel,) = out.iterdir()
    return wheel


def test_the_wheel_holds_every_module_the_weights_the_page_and_the_types(wheel):
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "mangastyle").rglob("*.py")}
    weights = {f"mangastyle/weights/{name}" for name in [*registry.SHIPPED.values(), registry.MANIFEST]}
    page = {str(path.relative_to(ROOT)) for path in (ROOT / "mangastyle" / "app" / "page").rglob("*") if path.is_file()}
    assert packed == modules | weights | page | {"mangastyle/py.typed", "mangastyle/__init__.pyi"}


@pytest.mark.slow
def test_an_installed_wheel_shades_a_picture_with_its_own_weights(wheel, tmp_path, picture):
    pip("install", wheel, "--target", tmp_path / "site")
    images.save(tmp_path / "picture.png", picture)
    program = (
        "import mangastyle; from mangastyle.cli.main import main; from mangastyle.io.registry import shipped_folder\n"
        "print(mangastyle.__file__); print(shipped_folder())\n"
        "raise SystemExit(main(['shade', 'picture.png', '--out', 'shaded.png']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    package = tmp_path / "site" / "mangastyle"
    assert done.stdout.splitlines()[:2] == [str(package / "__init__.py"), str(package / "weights")]
    assert sha256(package / "weights" / "shade.h5") == sha256(ROOT / "weights" / "shade.h5")
    shaded = images.load(tmp_path / "shaded.png").rgb
    assert shaded.shape == picture.shape and shaded.std() > 10
