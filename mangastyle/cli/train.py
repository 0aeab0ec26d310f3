"""`mangastyle train`, also `python -m mangastyle.train`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mangastyle.cli import training
from mangastyle.cli.options import Cache, Command, Compute, Decoding, option
from mangastyle.data import archives
from mangastyle.paper import presets
from mangastyle.shade.files import find_generator
from mangastyle.startup import load_tensorflow
from mangastyle.training.settings import TrainSettings

EXAMPLES = ("mangastyle train --data pictures/ --minutes 60 --out runs/mine", "mangastyle train --resume --out runs/mine")


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, TrainSettings, Command):
    """Train a shading network (paper, section 4.2).

    Its input is line art and a color hint, its output shaded color.
    """

    PRESETS: ClassVar = {
        "paper": presets.TRAIN,
        "tiny": {
            "data": ("drawn:64",), "size": 32, "width": 8, "levels": 3, "batch": 8, "steps": 40,
            "checkpoint_every": 20, "validate_every": 20, "sample_every": 20,
        },
    }  # fmt: skip
    RENAMED: ClassVar = {
        "model": ("network", {"gan": "unet"}), "residual": "residual_blocks", "closeups": "random_crop_prob", "fine": "thin_line_prob",
        "hues": "hue_shift_prob", "no_hint": "hint_dropout", "head": "discriminator", "see_line": "condition_on_line",
        "distance": "pixel_loss", "distance_weight": "pixel_weight", "hintless": "unhinted_recon_weight",
        "hinted": "hinted_gan_weight", "keep": "max_to_keep",
    }  # fmt: skip
    REVALUED: ClassVar = {"hint": {"default": "proportional"}}

    data: tuple[str, ...] = option(
        ("drawn:2000",), "pictures: folders, .zip or .tar files, drawn:N or drawn:FROM-TO (synthetic characters)", metavar="PATH"
    )
    out: str = option("runs/shade", "run folder: config, log, samples, checkpoints, weights", metavar="FOLDER")
    init: str = option("", "weights file of the generator to start from", metavar="FILE")
    resume: bool = option(False, "continue from the last checkpoint in the run folder, with exactly the same result")
    describe: bool = option(False, "print the layers of the networks and exit", common=False)


def command(options: Options) -> None:
    """Train, or describe the networks."""
    if options.describe:
        _describe(options)
        return
    archives.check(options.data)
    run = training.run_folder("train", options)
    options.check()
    if init := run.start_from(options.init):
        find_generator(init)

    load_tensorflow()
    from mangastyle import train

    ending = train.train(
        TrainSettings.of(options), options.data, run, init=init, seed=options.seed, precision=options.precision,
        cache=options.cache, max_pixels=options.max_pixels,
    )  # fmt: skip
    training.report("train", options, run, ending, "best.h5 last.h5")


def _describe(options: Options) -> None:
    """Print the layers of both networks."""
    load_tensorflow()
    from mangastyle.shade import networks

    networks.build(options.generator_spec).summary(line_length=110)
    if options.discriminator_spec:
        networks.discriminator(options.discriminator_spec).summary(line_length=110)
