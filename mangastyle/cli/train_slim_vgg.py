"""`mangastyle train-slim-vgg`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mangastyle.cli import training
from mangastyle.cli.options import Cache, Command, Compute, Decoding, option
from mangastyle.io import registry, weights
from mangastyle.startup import load_tensorflow
from mangastyle.training.settings import SlimVGGSettings

EXAMPLES = ("mangastyle train-slim-vgg --data pictures/ --paintings paintings/", "mangastyle train-slim-vgg --resume --out runs/slim")


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, SlimVGGSettings, Command):
    """Distill the slim VGG-19 from the full one.

    The slim one ships with mangastyle.
    """

    RENAMED: ClassVar = {"painted": "num_canvases", "life": "canvas_steps"}

    teacher: str = option("full", "full VGG-19: full, as for mangastyle style, or an HDF5 weights file", metavar="FILE", words=("full",))
    data: tuple[str, ...] = option(("drawn:600",), "pictures to paint: folders, .zip or .tar files, or drawn:N", metavar="PATH")
    paintings: tuple[str, ...] = option((), "paintings, in the same forms; default: those of --data", metavar="PATH")
    out: str = option("runs/slim", "run folder: config, log, checkpoints, slim.h5", metavar="FOLDER")
    init: str = option("", "weights file of the slim VGG-19 to start from", metavar="FILE")
    resume: bool = option(False, "continue from the last checkpoint in the run folder, with exactly the same result")


def command(options: Options) -> None:
    """Distill the network."""
    run = training.run_folder("train-slim-vgg", options)
    training.check_inputs(options, options.paintings)
    if options.teacher == "full":
        registry.find_vgg19("full")
    else:
        registry.find(options.teacher, "`teacher` takes full, or an HDF5 file of the full VGG-19")
    init = run.start_from(options.init)
    init = str(registry.find(init)) if init else ""

    load_tensorflow()
    from mangastyle.training import slim_vgg

    ending = slim_vgg.train(
        SlimVGGSettings.of(options), options.data, run, teacher=options.teacher, paintings=options.paintings, init=init,
        seed=options.seed, precision=options.precision, cache=options.cache, max_pixels=options.max_pixels,
    )  # fmt: skip
    training.report("train-slim-vgg", options, run, ending, "slim.h5")
    if not ending.stopped_by:
        errors = weights.read_spec(run.path / "slim.h5", "vgg19-slim")[1]["errors"]
        print("errors on held-out pictures: " + " ".join(f"{name} {error:.3f}" for name, error in errors.items()))
