"""`mangastyle train-regions`."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.cli import training
from mangastyle.cli.options import Cache, Command, Compute, Decoding, option
from mangastyle.errors import MangastyleError
from mangastyle.io import registry
from mangastyle.startup import load_tensorflow
from mangastyle.training.settings import RegionTrainSettings

EXAMPLES = ("mangastyle train-regions --data pictures/ figures:2000 --shares 2 1", "mangastyle train-regions --resume --out runs/regions")


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, RegionTrainSettings, Command):
    """Train the network that colors regions of line art."""

    data: tuple[str, ...] = option(
        ("drawn:600", "figures:600"),
        "colored pictures: folders, .zip or .tar files, drawn:N (characters) or figures:N (whole figures); a picture NAME__color has its "
        "line art in NAME__line beside it, others are sketched",
        metavar="PATH",
    )
    out: str = option("runs/regions", "run folder: config, log, samples, checkpoints, last.h5, best.h5", metavar="FOLDER")
    init: str = option("", "weights file of the network to start from; its palette is kept", metavar="FILE")
    resume: bool = option(False, "continue from the last checkpoint in the run folder, with exactly the same result")


def command(options: Options) -> None:
    """Train the network."""
    run = training.run_folder("train-regions", options)
    training.check_inputs(options)
    if options.shares and (len(options.shares) != len(options.data) or not sum(options.shares)):
        raise MangastyleError(f"`shares`: must be {len(options.data)} numbers, one for each of `data`, not all 0")
    if init := run.start_from(options.init):
        registry.find(init)

    load_tensorflow()
    from mangastyle.training import regions

    ending = regions.train(
        RegionTrainSettings.of(options), options.data, run, init=init, seed=options.seed, precision=options.precision,
        cache=options.cache, max_pixels=options.max_pixels,
    )  # fmt: skip
    training.report("train-regions", options, run, ending, "best.h5 last.h5")
