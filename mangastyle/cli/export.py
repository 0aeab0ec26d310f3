"""`mangastyle export`: trained networks as a SavedModel, which is reloaded and compared before it is put in place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, ClassVar

from mangastyle import startup
from mangastyle.cli.options import NETWORKS, Command, option, save_config
from mangastyle.errors import MangastyleError, counted

WEIGHTS = {"shade": "shade", "full": "regions"}  # those of each --model, if none are named
EXAMPLES = ("mangastyle export --out shade-savedmodel", "mangastyle export --model full --weights regions --out full-savedmodel")


@dataclass(frozen=True)
class Options(Command):
    """Write trained networks as a TensorFlow SavedModel.

    It needs TensorFlow alone; pictures are uint8 and of any size.
    """

    RENAMED: ClassVar = {"fast_weights": ("onepass_weights", {"": "onepass"})}

    model: str = option(
        "shade",
        "shade: one pass of the shading network; full: sketch, shading at any size and one-pass style in one graph",
        ("shade", "full"),
    )
    weights: str = option(
        "",
        "weights file from training, or one that ships: regions (for --model full alone), shade, shade-paper, baseline; "
        "default: shade, or regions for --model full",
        metavar="FILE",
        words=NETWORKS,
    )
    onepass_weights: str = option(
        "onepass", "for --model full: weights of the one-pass decoder: a file from mangastyle train-onepass, or onepass, which ships",
        metavar="FILE", words=("onepass",),
    )  # fmt: skip
    out: str = option("", "folder for the SavedModel; default: shade-savedmodel or full-savedmodel", metavar="FOLDER")


def command(options: Options) -> None:
    """Write, reload, compare, and only then put the folder in place."""
    from mangastyle.io import registry
    from mangastyle.io.files import make_folder, refuse_existing, refuse_unwritable, temporary_folder
    from mangastyle.shade.files import find_generator, find_network

    out = Path(options.out or f"{options.model}-savedmodel")
    out = Path(os.path.realpath(out)) if out.is_symlink() else out  # a link stays, and what it names is replaced
    refuse_existing(out, options.force)
    refuse_unwritable(out)
    if out.exists() and not (out / "saved_model.pb").exists():
        raise MangastyleError(f"{out}: is no SavedModel, so `force` does not replace it; name another `out`")
    weights = options.weights or WEIGHTS[options.model]
    if options.model == "full":
        find_network(weights)
        registry.find(options.onepass_weights)
    else:
        find_generator(weights)
    startup.load_tensorflow()
    make_folder(out.parent)
    with temporary_folder(out.parent, "export") as temporary:
        made = temporary / "model"
        finding = WRITERS[options.model](weights, options, made)
        save_config(made, "export", options)
        if out.exists():
            out.rename(temporary / "former")  # renamed, not removed: a kill must not leave half of it
        made.rename(out)
    print(f"{out}: reloaded and equal to {finding}")


def _shade(weights: str, options: Options, path: Path) -> str:
    from mangastyle.export.savedmodel import CHECK_SIZES, check_shade, export_shade
    from mangastyle.shade.unet_shader import load_generator

    model, spec = load_generator(weights, "float32")
    export_shade(model, spec, path)
    return f"the Keras model within {counted(check_shade(model, spec, path), 'gray level')} at {len(CHECK_SIZES)} sizes"


def _full(weights: str, options: Options, path: Path) -> str:
    from mangastyle.export.full_model import CHECK_SIZES, FullModel, check_full, export_full

    export_full(FullModel(weights, options.onepass_weights), path)
    worst = check_full(weights, options.onepass_weights, path)
    return f"the stages one by one within {counted(worst, 'gray level')} at {len(CHECK_SIZES)} sizes"


# What each value of --model writes and checks; the result says what it equals.
WRITERS: dict[str, Callable[[str, Options, Path], str]] = {"shade": _shade, "full": _full}
