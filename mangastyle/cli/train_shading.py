"""`mangastyle train-shading`."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.cli import training
from mangastyle.cli.options import Cache, Command, Compute, Decoding, option
from mangastyle.io import registry
from mangastyle.startup import load_tensorflow
from mangastyle.training.settings import ShadingTrainSettings

EXAMPLES = ("mangastyle train-shading --data pictures/ --out runs/shading", "mangastyle train-shading --resume --out runs/shading")


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, ShadingTrainSettings, Command):
    """Train the network that shades flat colors."""

    data: tuple[str, ...] = option(("drawn:600",), "colored pictures: folders, .zip or .tar files, or drawn:N", metavar="PATH")
    out: str = option("runs/shading", "run folder: config, log, samples, checkpoints, last.h5", metavar="FOLDER")
    init: str = option("", "weights file of the network to start from", metavar="FILE")
    resume: bool = option(False, "continue from the last checkpoint in the run folder, with exactly the same result")


def command(options: Options) -> None:
    """Train the network."""
    run = training.run_folder("train-shading", options)
    training.check_inputs(options)
    if init := run.start_from(options.init):
        registry.find(init)

    load_tensorflow()
    from mangastyle.training import shading

    ending = shading.train(
        ShadingTrainSettings.of(options), options.data, run, init=init, seed=options.seed, precision=options.precision,
        cache=options.cache, max_pixels=options.max_pixels,
    )  # fmt: skip
    training.report("train-shading", options, run, ending, "last.h5")
