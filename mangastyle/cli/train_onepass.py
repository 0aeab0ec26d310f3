"""`mangastyle train-onepass`."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.cli import training
from mangastyle.cli.options import Cache, Command, Compute, Decoding, option
from mangastyle.io import registry
from mangastyle.startup import load_tensorflow
from mangastyle.training.settings import OnePassTrainSettings

EXAMPLES = ("mangastyle train-onepass --data pictures/ --paintings paintings/", "mangastyle train-onepass --resume --out runs/onepass")


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, OnePassTrainSettings, Command):
    """Train the decoder of style --method onepass.

    One decoder for any content, any painting and any strength.
    """

    data: tuple[str, ...] = option(("drawn:600",), "pictures to paint: folders, .zip or .tar files, or drawn:N", metavar="PATH")
    paintings: tuple[str, ...] = option((), "paintings, in the same forms; default: those of --data", metavar="PATH")
    out: str = option("runs/onepass", "run folder: config, log, samples, checkpoints, last.h5", metavar="FOLDER")
    init: str = option("", "weights file of the decoder to start from", metavar="FILE")
    resume: bool = option(False, "continue from the last checkpoint in the run folder, with exactly the same result")


def command(options: Options) -> None:
    """Train the decoder."""
    run = training.run_folder("train-onepass", options)
    training.check_inputs(options, options.paintings)
    if init := run.start_from(options.init):
        registry.find(init)

    load_tensorflow()
    from mangastyle.training import onepass

    ending = onepass.train(
        OnePassTrainSettings.of(options), options.data, run, paintings=options.paintings, init=init, seed=options.seed,
        precision=options.precision, cache=options.cache, max_pixels=options.max_pixels,
    )  # fmt: skip
    training.report("train-onepass", options, run, ending, "last.h5")
