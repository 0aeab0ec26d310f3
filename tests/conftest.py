"""What several test files share."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Generator

import numpy as np
import pytest

if TYPE_CHECKING:
    import keras

SHARED = Path(__file__).parents[2] / "shared"  # pictures that are not part of the project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this system does not have."""
    for name, there in (("posix", os.name == "posix"), ("linux", sys.platform == "linux")):
        if not there:
            for item in items:
                if item.get_closest_marker(name):
                    item.add_marker(pytest.mark.skip(reason=f"needs {name}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remarks about names that are no valid text are captured in tests, and pytest-xdist sends valid text alone."""
    report = yield
    report.sections = [(title, text.encode("utf-8", "backslashreplace").decode()) for title, text in report.sections]
    return report


@pytest.fixture
def picture() -> np.ndarray:
    """A color picture uint8 (40, 48, 3): a red disc and dark strokes on a shaded ground."""
    y, x = np.mgrid[:40, :48]
    rgb = np.stack([120 + 2 * x, 200 - 2 * y, 90 + x + y], -1).astype(np.uint8)
    rgb[(y - 20) ** 2 + (x - 24) ** 2 < 100] = (220, 30, 40)
    rgb[10:12, 5:40] = rgb[5:35, 8:10] = (20, 20, 30)
    return rgb


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of a shading network so small that it loads at once; never trained."""
    from mangastyle.io import weights
    from mangastyle.shade import networks
    from mangastyle.shade.spec import ShadeSpec

    spec, path = ShadeSpec(width=4, levels=2, size=32), tmp_path_factory.mktemp("weights") / "tiny.h5"
    weights.save_model(path, "shade", spec, networks.build(spec))
    return path


@pytest.fixture(scope="session")
def loud_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with random weights that are large enough to matter."""
    from mangastyle.io import weights
    from mangastyle.shade import networks
    from mangastyle.shade.spec import ShadeSpec

    spec, path = ShadeSpec(width=4, levels=2, size=32), tmp_path_factory.mktemp("weights") / "loud.h5"
    model = networks.build(spec)
    for variable in model.trainable_variables:
        if variable.ndim > 1:
            variable.assign(variable * 8)
    weights.save_model(path, "shade", spec, model)
    return path


@pytest.fixture(scope="session")
def region_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of a small network that colors regions; never trained."""
    from mangastyle.io import weights
    from mangastyle.shade import region_network
    from mangastyle.shade.spec import RegionSpec

    spec = RegionSpec(size=64, widths=(8, 8, 8), width=16, heads=2, blocks=2, colors=12)
    path = tmp_path_factory.mktemp("weights") / "regions.h5"
    network = region_network.build(spec, seed=3)
    light = np.random.default_rng(0).uniform((50, -60, -60), (95, 60, 60), (spec.colors, 3))
    network.decoder.get_layer("palette").colors.assign(light)
    weights.save_model(path, "regions", spec, network.model)
    return path


@pytest.fixture(scope="session")
def shading_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of a small network that shades flat colors; never trained, with tones that can be seen."""
    from mangastyle.io import weights
    from mangastyle.shade import shading_network
    from mangastyle.shade.spec import ShadingSpec

    spec, path = ShadingSpec(widths=(8, 8), side=64), tmp_path_factory.mktemp("weights") / "shading.h5"
    model, random = shading_network.build(spec), np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 1 / np.sqrt(np.prod(variable.shape[:-1]) or 1), variable.shape))
    weights.save_model(path, "shading", spec, model)
    return path


@pytest.fixture(scope="session")
def onepass_weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A weights file of a one-pass decoder that was never trained, with all of the style residual."""
    from mangastyle.io import weights
    from mangastyle.style.onepass.network import decoder
    from mangastyle.style.settings import OnePassSpec

    spec, random = OnePassSpec(), np.random.default_rng(0)
    model = decoder(spec)
    for variable in model.variables:
        variable.assign(random.normal(0, 1 / np.sqrt(np.prod(variable.shape[:-1])), variable.shape))
    path = tmp_path_factory.mktemp("onepass") / "random.h5"
    weights.save_model(path, "onepass", spec, model)
    return str(path)


@pytest.fixture(scope="session")
def narrow() -> keras.Model:
    """VGG-19 with an eighth of the features in each layer, never trained."""
    from mangastyle.vgg.network import network
    from mangastyle.vgg.spec import WIDTHS, kernel_shapes

    generator, weights = np.random.default_rng(0), {}
    for name, shape in kernel_shapes(tuple(width // 8 for width in WIDTHS)).items():
        weights[name] = (generator.normal(0, np.sqrt(2 / (9 * shape[2])), shape), np.zeros(shape[-1]))
    return network(weights)


@pytest.fixture(scope="session")
def train_and_kill(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], None], int], Path]:
    """`(train, step)`: the run folder `finished` of a whole training; beside it is `killed`, as a kill at that step would have left it."""

    def run_both(train: Callable[[Path], None], step: int) -> Path:
        from mangastyle.training.run import Log

        folder, write = tmp_path_factory.mktemp("runs") / "finished", Log.write

        def write_and_copy(log, record):
            write(log, record)
            if record["step"] == step:
                shutil.copytree(folder, folder.with_name("killed"))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Log, "write", write_and_copy)
            train(folder)
        return folder

    return run_both


@pytest.fixture
def shared_data() -> Path:
    """The folder of shared pictures; skips the test where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the shared pictures are not here")
    return SHARED / "data"
