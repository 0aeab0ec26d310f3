"""What several test files share."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import numpy as np
import pytest

if TYPE_CHECKING:
    import keras

SHARED = Path(__file__).parents[2] / "shared"  # pictures that are not part of the project


@pytest.fixture
def picture() -> np.ndarray:
    """A colour picture uint8 (40, 48, 3): a red disc and dark strokes on a shaded ground."""
    y, x = np.mgrid[:40, :48]
    rgb = np.stack([120 + 2 * x, 200 - 2 * y, 90 + x + y], -1).astype(np.uint8)
    rgb[(y - 20) ** 2 + (x - 24) ** 2 < 100] = (220, 30, 40)
    rgb[10:12, 5:40] = rgb[5:35, 8:10] = (20, 20, 30)
    return rgb


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of a shading network so small that it loads at once; never trained."""
    from mangastyle import weights
    from mangastyle.config import TrainConfig
    from mangastyle.shade import networks

    config = TrainConfig(width=4, levels=2, size=32)
    path = tmp_path_factory.mktemp("weights") / "tiny.h5"
    weights.save(path, networks.build(config)[0], config)
    return path


@pytest.fixture(scope="session")
def loud_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with random weights that are large enough to matter."""
    from mangastyle import weights
    from mangastyle.config import TrainConfig
    from mangastyle.shade import networks

    config = TrainConfig(width=4, levels=2, size=32, precision="float32")
    model = networks.generator(config)
    for variable in model.trainable_variables:
        if variable.ndim > 1:
            variable.assign(variable * 8)
    path = tmp_path_factory.mktemp("weights") / "loud.h5"
    weights.save(path, model, config)
    return path


@pytest.fixture(scope="session")
def fast_weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A weights file of a one-pass painter's decoder that was never trained, with grain."""
    from mangastyle.config import TeachConfig
    from mangastyle.style import onepass, vgg

    widths = {name: output.shape[-1] for name, output in onepass.encoder(vgg.backbone("slim")).output.items()}
    decoder, random = onepass.decoder(widths), np.random.default_rng(0)
    for variable in decoder.variables:
        variable.assign(random.normal(0, 1 / np.sqrt(np.prod(variable.shape[:-1])), variable.shape))
    path = tmp_path_factory.mktemp("onepass") / "random.h5"
    onepass.save(path, decoder, TeachConfig(), {})
    return str(path)


@pytest.fixture(scope="session")
def narrow() -> keras.Model:
    """VGG-19 with an eighth of the features in each layer, never trained."""
    from mangastyle.style import vgg

    generator, weights = np.random.default_rng(0), {}
    for name, shape in vgg.kernel_shapes(tuple(width // 8 for width in vgg.WIDTHS)).items():
        weights[name] = (generator.normal(0, np.sqrt(2 / (9 * shape[2])), shape), np.zeros(shape[-1]))
    return vgg.network(weights)


@pytest.fixture(scope="session")
def train_and_kill(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], None], int], Path]:
    """`(train, step)`: the run folder `finished` of a whole training; beside it lies `killed`, what a kill at that step would have left."""

    def run_both(train: Callable[[Path], None], step: int) -> Path:
        from mangastyle import monitor

        run, write = tmp_path_factory.mktemp("runs") / "finished", monitor.Log.write

        def write_and_copy(log, record):
            write(log, record)
            if record["step"] == step:
                shutil.copytree(run, run.with_name("killed"))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(monitor.Log, "write", write_and_copy)
            train(run)
        return run

    return run_both


@pytest.fixture
def shared_data() -> Path:
    """The folder of shared pictures; skips the test where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the shared pictures are not here")
    return SHARED / "data"
