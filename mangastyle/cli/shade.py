"""`mangastyle shade`: line art and pictures to shaded color."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Sequence

from mangastyle import startup
from mangastyle.cli import batch_files
from mangastyle.cli.by_picture import ByPicture
from mangastyle.cli.mask_files import mask_file
from mangastyle.cli.options import NETWORKS, Command, Compute, Decoding, Sharing, option
from mangastyle.cli.sized import Sized, read_early
from mangastyle.cli.step_bar import StepBar
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.paper import presets
from mangastyle.settings import to_json
from mangastyle.shade.spec import HINT_RECIPES, ShadeSettings

if TYPE_CHECKING:
    import numpy as np

EXAMPLES = (
    "mangastyle shade lineart.png --hint strokes.png --out shaded.png",
    "mangastyle shade pages/ --reference hero.png --shading cel --out colored",
)
LINE_ART = {"auto": None, "yes": True, "no": False}


@dataclass(frozen=True)
class Options(Sharing, Decoding, Compute, ShadeSettings, Command):
    """Color and shade line art with a trained network.

    Color pictures are sketched.
    """

    PRESETS: ClassVar = {"paper": presets.SHADE}
    RENAMED: ClassVar = {"hint_kind": ("hint_recipe", {"default": "proportional"})}
    REVALUED: ClassVar = {"hint": {"auto": "simulated"}, "weights": {"": "shade"}}

    inputs: str = option("", "line art or a color picture, or a folder of them", positional=True, free=True)
    line_art: str = option("auto", "line art or not; auto: by its colors", tuple(LINE_ART))
    hint: str = option(
        "own",
        "strokes in a transparent PNG, a picture of the colors, points and lines in JSON, or a folder of these; none; own: a color "
        "picture's colors, unless --reference is given; simulated: the paper's",
        metavar="PATH",
        words=("own", "none", "simulated"),
    )
    hint_recipe: str = option(
        "proportional",
        "sizes of the boxes and the blur of --hint simulated: proportional to the side, or paper: in pixels",
        tuple(HINT_RECIPES),
        common=False,
    )
    palette: tuple[str, ...] = option((), "colors (#rrggbb) or a picture that has them, instead of a hint", metavar="COLOR")
    reference: tuple[str, ...] = option(
        (), "colored pictures of the same character: hair is colored as their hair, skin as their skin", metavar="PATH"
    )
    base: str = option(
        "",
        "earlier coloring that changes only --within a mask; or a folder of these with the pictures' names",
        common=False,
        metavar="PATH",
    )
    within: str = option("", "with --base: mask, white where colors may change; or a folder of these", common=False, metavar="PATH")
    weights: str = option("regions", "network: regions, shade, shade-paper, baseline, or a weights file", metavar="FILE", words=NETWORKS)
    layers: str = option(
        "", "also write a layered file: ora or psd, beside each result, or a file name, as in --layers layers.psd",
        metavar="FILE", words=("ora", "psd"),
    )  # fmt: skip
    out: str = option("", "output file or folder; default: NAME-shaded.png beside the picture, FOLDER-shaded", free=True, metavar="PATH")


def command(options: Options) -> None:
    """Shade a picture, or each of a folder."""
    from mangastyle.cli import hint_files, layer_outputs, reference_files
    from mangastyle.shade.files import find_network

    if options.palette and (options.reference or options.hint not in ("own", "none")):
        raise MangastyleError("`hint`, `palette` and `reference`: a palette decides all colors; leave out the others")
    layer_outputs.check(options, "shaded")
    hints = hint_files.read_hints(options.hint, options.inputs, options.max_pixels)
    if bool(options.base) != bool(options.within):
        raise MangastyleError("`within`: is the mask of `base`, an earlier coloring; give both or neither")
    if options.base and options.layers:
        raise MangastyleError("`layers`: are those of a whole coloring; leave out `base` and `within`")
    local = [
        ByPicture(name, options.inputs, functools.partial(read, max_pixels=options.max_pixels), noun)
        for name, read, noun in ((options.base, base_file, "earlier coloring"), (options.within, mask_file, "mask"))
        if name
    ]
    for given in local:
        read_early(given, options.inputs, options.max_pixels)
    palette = hint_files.read_palette(options.palette, options.max_pixels)
    references = reference_files.read_references(options.reference, options.inputs, options.max_pixels)

    def prepare(pictures: Sequence[Path]) -> batch_files.Work:
        hint_files.check_hints(hints, pictures)
        for given in (*local, *references):
            given.check(pictures, "fail")
        if find_network(options.weights)[1] != "regions" and references:  # errors before TensorFlow loads
            raise MangastyleError("`reference`: needs a network that colors regions, and these `weights` are a U-Net's")
        startup.load_tensorflow()
        from mangastyle.lineart.detect import alpha_of_coloring, is_line_art
        from mangastyle.shade.hints import Hint
        from mangastyle.shade.shader import Shader

        shader = Shader(options.weights, precision=options.precision)
        find_reference = reference_files.by_picture(references, shader)

        def work(picture: images.Picture, path: Path, target: Path) -> batch_files.Result:
            rgb, hint = picture.rgb, hints.find(path) if hints else None
            layered = layer_outputs.file_for(options, path, target, rgb.shape)
            line_art = is_line_art(rgb) if options.line_art == "auto" else LINE_ART[options.line_art]
            if options.hint == "simulated":
                if line_art:
                    raise MangastyleError(f"{path}: is line art, so there are no colors to take a hint from; give `hint` a file or none")
                hint = shader.simulated_hint(rgb, options.hint_recipe, options.seed, options.work_size)
            elif palette:
                hint = shader.palette_hint(rgb, palette, options.work_size, line_art)
            elif options.hint == "own" and not (line_art or references):
                hint = Hint(rgb)
            base, within = (given.get(path).of((rgb.shape[0], rgb.shape[1])) for given in local) if local else (None, None)
            alpha, settings = alpha_of_coloring(picture), to_json(ShadeSettings.of(options))
            with StepBar() as bar:
                progress = bar.listener(path.name)
                how: dict[str, Any] = {"reference": find_reference(path), "line_art": line_art, "progress": progress, **settings}
                if not layered:
                    return shader(rgb, hint, base=base, within=within, **how), alpha
                layers = shader.layers(rgb, hint, **how)
            return layer_outputs.save(layered, options, layers, alpha), alpha

        return work

    batch_files.run_on_files("shade", options, "shaded", prepare)


def base_file(path: Path, max_pixels: int) -> Sized[np.ndarray]:
    """The file of an earlier coloring, which is decoded when its picture's size is known.

    Parameters
    ----------
    path : Path
    max_pixels : int
        The most that it may have.

    Returns
    -------
    Sized
        Of pictures uint8 (h, w, 3).

    Raises
    ------
    MangastyleError
        If there is no such picture, or it is too large.
    """

    def compare(path: Path, own: tuple[int, int], picture: tuple[int, int]) -> None:
        if own != picture:
            raise MangastyleError(f"{path}: is {own[1]}x{own[0]}, but the picture is {picture[1]}x{picture[0]}")

    return Sized(path, max_pixels, lambda path, limit: images.load(path, limit).rgb, compare)
