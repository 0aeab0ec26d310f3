"""`mangastyle train-slim-vgg`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mangastyle.cli import training
from mangastyle.cli.options import Cache, Command, Compute, Decoding, option
from mangastyle.io import registry, weights
from mangastyle.startup import load_tensorflow
from mangastyle.training.settings import SlimVGGSettings

EXAMPLE = "mangastyle train-slim-vgg --teacher vgg19.h5 --data pictures/ --paintings paintings/ --out runs/slim"


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, SlimVGGSettings, Command):
    """Train the slim VGG-19 that ships with mangastyle, distilled from the full one."""

    RENAMED: ClassVar = {"painted": "num_canvases", "life": "canvas_steps"}

    teacher: str = option("full", "the full VGG-19: full, as for mangastyle style, or an HDF5 weights file")
    data: tuple[str, ...] = option(("drawn:600",), "pictures to paint: folders, .zip or .tar files, or drawn:N")
    paintings: tuple[str, ...] = option((), "paintings, likewise; default: the same as --data")
    out: str = option("runs/slim", "run folder: config, log, checkpoints, slim.h5")
    init: str = option("", "start from the kernels of this slim VGG-19")
    resume: bool = option(False, "continue from the last checkpoint in the run folder, exactly")


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
