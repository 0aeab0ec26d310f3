"""`mangastyle shade`: line art and pictures to shaded color."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Sequence

from mangastyle import startup
from mangastyle.cli import batch_files
from mangastyle.cli.options import Command, Compute, Decoding, Sharing, option
from mangastyle.cli.step_bar import StepBar
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.paper import presets
from mangastyle.shade.spec import HINT_RECIPES, ShadeSettings

EXAMPLE = "mangastyle shade lineart.png --hint strokes.png --out shaded.png"


@dataclass(frozen=True)
class Options(Sharing, Decoding, Compute, ShadeSettings, Command):
    """Color and shade line art with a trained network, at the picture's own size."""

    PRESETS: ClassVar = {"paper": presets.SHADE}
    RENAMED: ClassVar = {"hint_kind": ("hint_recipe", {"default": "proportional"})}
    REVALUED: ClassVar = {"hint": {"auto": "simulated"}, "weights": {"": "shade"}}

    inputs: str = option("", "line art, a color picture (sketched first), or a folder", positional=True, free=True)
    hint: str = option(
        "none",
        "none; simulated (from the color picture); a hint picture, strokes in a transparent PNG, points and lines in a JSON file; "
        "or a folder of these with the pictures' names",
    )
    hint_recipe: str = option(
        "proportional",
        "sizes of the boxes and the blur of --hint simulated: proportional, to the side; paper, in pixels",
        tuple(HINT_RECIPES),
    )
    palette: tuple[str, ...] = option((), "colors (#rrggbb) or a reference picture that set the colors instead of a hint")
    weights: str = option("shade", "weights file from training, or one that ships: shade, shade-paper, baseline")
    out: str = option("", "output file or folder; default: NAME-shaded.png beside the picture, FOLDER-shaded", free=True)


def command(options: Options) -> None:
    """Shade a picture, or each of a folder."""
    from mangastyle.cli import hint_files
    from mangastyle.shade.files import find_generator

    if options.palette and options.hint != "none":
        raise MangastyleError("`hint` and `palette`: give one of them")
    hints = hint_files.read_hints(options.hint, options.inputs, options.max_pixels)
    palette = hint_files.read_palette(options.palette, options.max_pixels)

    def prepare(pictures: Sequence[Path]) -> batch_files.Work:
        hint_files.check_hints(hints, pictures)
        find_generator(options.weights)  # an error before TensorFlow loads
        startup.load_tensorflow()
        from mangastyle.lineart.graph import is_line_art
        from mangastyle.shade.shader import Shader

        shader = Shader(options.weights, precision=options.precision)

        def work(picture: images.Picture, path: Path, target: Path) -> batch_files.Result:
            rgb, hint = picture.rgb, hints.find(path) if hints else None
            line_art = is_line_art(rgb)
            if options.hint == "simulated":
                if line_art:
                    raise MangastyleError(f"{path}: is line art, so there are no colors to take a hint from; give `hint` a file or none")
                hint = shader.simulated_hint(rgb, options.hint_recipe, options.seed, options.work_size)
            elif palette:
                hint = shader.palette_hint(rgb, palette, options.work_size, line_art)
            settings: dict[str, Any] = {"work_size": options.work_size, "refine": options.refine, "ink": options.ink}
            with StepBar() as bar:
                shaded = shader(rgb, hint, line_art=line_art, progress=bar.listener(path.name), **settings)
            return shaded, picture.alpha

        return work

    batch_files.run_on_files("shade", options, "shaded", prepare)
