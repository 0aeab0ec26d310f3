"""`mangastyle run`: the whole way, with all results and a sheet of them in one folder."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Mapping, Sequence

from mangastyle import startup
from mangastyle.cli import batch_files
from mangastyle.cli.checks import find_backbone, named_files, refuse_inputs, refuse_streams
from mangastyle.cli.forecast import with_forecast
from mangastyle.cli.options import NETWORKS, Backbone, Command, Compute, Decoding, Sharing, option, save_config
from mangastyle.cli.paintings import choose, chosen_method, painters_file, placeholders, read_paintings, teacher
from mangastyle.cli.step_bar import StepBar
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.settings import share
from mangastyle.style.settings import AUTO, METHODS, refuse_foreign
from mangastyle.training.settings import PainterSettings
from mangastyle.vgg.spec import MIN_SIDE

if TYPE_CHECKING:
    import numpy as np

    from mangastyle.pipeline import Pipeline, Stages

MAX_SHAPE = 4  # pixels of the painting on a sheet over those of the picture: beside a tall strip it is not enlarged to its height
OF_METHODS = ("iterations", "onepass_weights", "backbone")  # options that only some methods have
EXAMPLES = ("mangastyle run picture.png --style painting.jpg --out out", "mangastyle run pictures/ --hint hints/ --out results")


@dataclass(frozen=True)
class Options(Sharing, Decoding, Compute, Backbone, Command):
    """Sketch, color and paint a picture in one run.

    The results of all stages and a sheet of them are written to one folder.
    """

    PRESETS: ClassVar = {"tiny": {"size": 64}}
    RENAMED: ClassVar = {"quality": ("method", {True: "optimize", False: "onepass"}), "fast_weights": ("onepass_weights", {"": "onepass"})}
    REVALUED: ClassVar = {"hint": {"auto": "simulated"}, "weights": {"": "shade"}}

    inputs: str = option("", "a picture, or a folder of pictures; default: a drawn character", positional=True, free=True)
    style: tuple[str, ...] = option(
        (), "painting, or folder of paintings with the pictures' names; several are blended; default: one that mangastyle paints itself",
        metavar="PATH",
    )  # fmt: skip
    hint: str = option(
        "own", "own, none, simulated, a hint file, or a folder of them, as for mangastyle shade",
        metavar="PATH", words=("own", "none", "simulated"),
    )  # fmt: skip
    weights: str = option("regions", "network: regions, shade, shade-paper, baseline, or a weights file", metavar="FILE", words=NETWORKS)
    method: str = option(
        AUTO,
        "stylization method, see mangastyle style: polish takes seconds, optimize minutes, learned and onepass a second; "
        "auto: polish, or the method that has the options given",
        (AUTO, *METHODS),
    )
    onepass_weights: str = option(
        "onepass", "weights of the one-pass decoder: a file from mangastyle train-onepass, or onepass, which ships",
        common=False, metavar="FILE", words=("onepass",),
    )  # fmt: skip
    strength: float = share(0.5, "weight of the style: 0 keeps the shaded picture, 1 keeps only the painting's style", common=True)
    iterations: int = option(25, "with --method optimize: iterations at the final size", least=1, common=False)
    size: int = option(384, "short side of the results, in pixels; 0 = the picture's own size", least=0)
    out: str = option("out", "folder for the results", free=True, metavar="FOLDER")


def command(options: Options) -> None:
    """Write all results, a labeled sheet of them and config.json into one folder; for a folder, sheets with the results beside."""
    from mangastyle.cli import hint_files
    from mangastyle.shade.files import find_network
    from mangastyle.synthetic import characters

    if options.size and not MIN_SIDE <= options.size <= characters.MAX_SIZE:
        raise MangastyleError(f"`size`: must be 0, or from {MIN_SIDE} to {characters.MAX_SIZE}, not {options.size}")
    given = [*_given(options), *(["allow_download"] if options.allow_download else [])]
    options = dataclasses.replace(options, method=chosen_method(options.method, given, options.style))
    settings = _method_settings(options)
    if len(options.style) > 1 and not options.inputs:
        example = "mangastyle run picture.png --style a.jpg b.jpg"
        raise MangastyleError(f"no picture, but several paintings: name the picture before `style`, as in '{example}'")
    refuse_streams(options.inputs, options.out)
    hints = hint_files.read_hints(options.hint, options.inputs, options.max_pixels)
    paintings = read_paintings(options.style, options.inputs, options.max_pixels)

    def prepare(pictures: Sequence[Path]) -> Pipeline:
        hint_files.check_hints(hints, pictures)
        for given in paintings:
            given.check(pictures, "fail")
        find_network(options.weights)  # errors before TensorFlow loads
        METHODS[options.method].settings.of(settings).check_files()
        if "backbone" in settings:
            settings["backbone"] = find_backbone(options.backbone, options.allow_download)
        startup.load_tensorflow()
        from mangastyle.pipeline import Pipeline

        pipeline = Pipeline(
            placeholders(paintings) or None, weights=options.weights, method=options.method, hint="none" if hints else options.hint,
            strength=options.strength, size=options.size, precision=options.precision, seed=options.seed, max_pixels=options.max_pixels,
            **settings,
        )  # fmt: skip
        if options.method == "learned":
            learned: Any = pipeline.stylizer.implementation
            learned.teacher = teacher(options, PainterSettings.minutes)
        return pipeline

    def paint(pipeline: Pipeline, picture: np.ndarray, path: Path) -> Stages:
        if paintings:
            pipeline.styles = choose(pipeline.stylizer.implementation, path, paintings)
        if hints:
            pipeline.hint = hints.find(path) or "none"
        return _with_progress(pipeline, picture)

    def batch(pictures: Sequence[Path]) -> batch_files.Work:
        work = _with_stages_beside(prepare(pictures), paint, batch_files.made_of(pictures, options, "run"))
        return with_forecast(work, options.method, len(pictures))

    if options.inputs and Path(options.inputs).is_dir():
        return batch_files.run_on_files("run", options, "run", batch, MIN_SIDE)
    if options.shard:
        raise MangastyleError("`shard`: is a share of a folder; leave it out, or name the folder")
    out = Path(options.out)
    targets = [out / f"{name}.png" for name in (*_results(), "sheet")]
    refuse_inputs(targets, named_files(options))
    for target in targets:
        images.check_writable(target, options.force)
    if options.inputs:
        picture = images.load(options.inputs, options.max_pixels, MIN_SIDE)
    else:
        picture = images.Picture(characters.draw(characters.DEMO_SEED, options.size or Options.size), None)
    path = Path(options.inputs)
    stages = paint(prepare([path]), picture.rgb, path)
    _save(stages, picture, lambda name: out / f"{name}.png")
    images.save(out / "sheet.png", contact_sheet(stages), force=True)
    save_config(out, "run", options)
    print(f"{out}: {', '.join(f'{name}.png' for name in _results())} and all of them on {out / 'sheet.png'}")


def contact_sheet(stages: Stages) -> np.ndarray:
    """All stages side by side, with their names below.

    Parameters
    ----------
    stages : Stages

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)

    Examples
    --------
    >>> import numpy as np
    >>> from mangastyle.pipeline import Stages
    >>> gray = np.full((32, 32, 3), 128, np.uint8)
    >>> sheet = contact_sheet(Stages({"picture": gray, "sketch": gray[..., 0]}))
    >>> sheet.shape[1] > 64
    True
    """
    import numpy as np

    from mangastyle.io import sheets
    from mangastyle.ops import pixels

    height = stages.picture.shape[0]
    tiles = []
    for name, picture in stages:
        caption = f"{name} ({stages.by})" if name == "stylized" and stages.by else name
        tile = pixels.to_rgb(picture)
        if picture.shape[:2] != stages.picture.shape[:2]:  # the painting keeps its shape, fitted to the row
            own_height, own_width = picture.shape[:2]
            scale = min(height / own_height, (MAX_SHAPE * stages.picture[..., 0].size / (own_height * own_width)) ** 0.5)
            tile = pixels.resize(tile, max(1, round(own_height * scale)), max(1, round(own_width * scale)))
            tile = np.pad(tile, ((0, height - len(tile)), (0, 0), (0, 0)), constant_values=255)
        tiles.append(sheets.captioned(tile, caption))
    tallest = max(map(len, tiles))  # captions differ in height
    tiles = [np.pad(tile, ((0, tallest - len(tile)), (0, 0), (0, 0)), constant_values=255) for tile in tiles]
    return np.hstack(tiles)


def _results() -> list[str]:
    """Stages that get a file of their own; the sheet shows the others, too."""
    from mangastyle.pipeline import DEFAULT_STAGES

    return [stage.name for stage in DEFAULT_STAGES if not stage.given]


def _given(options: Options) -> list[str]:
    """The options of methods that are not at their defaults."""
    return [name for name in OF_METHODS if getattr(options, name) != getattr(Options, name)]


def _method_settings(options: Options) -> dict[str, Any]:
    """What the method takes of the options; `MangastyleError` for one that was given and is not the method's."""
    refuse_foreign(options.method, _given(options))
    method = METHODS[options.method]
    if options.allow_download and "backbone" not in method.inputs:
        raise MangastyleError(f"`allow_download`: method {options.method} needs no full VGG-19; leave it out, or choose another `method`")
    taken = {name: getattr(options, name) for name in OF_METHODS if name in method.inputs or hasattr(method.settings, name)}
    learned = painters_file(options.style, options.method)
    return {**taken, "painters": learned} if learned else taken


def _with_progress(pipeline: Pipeline, picture: np.ndarray) -> Stages:
    """Run the pipeline with a progress bar of each stage."""
    with StepBar() as bar:
        return pipeline(picture, progress=lambda record: bar.show(record.stage, record.iteration, record.iterations))


def _with_stages_beside(
    pipeline: Pipeline, paint: Callable[[Pipeline, np.ndarray, Path], Stages], made_of: Mapping[Path, Path]
) -> batch_files.Work:
    """For the pictures of a folder: the sheet is the result, NAME.png; beside it lie the stages, as NAME-sketch.png."""

    def work(picture: images.Picture, path: Path, target: Path) -> batch_files.Result:
        def beside(name: str) -> Path:
            return target.with_name(f"{target.stem}-{name}.png")

        for name in _results():
            if other := made_of.get(beside(name)):
                raise MangastyleError(f"{path}: its stages would have the name of what is made of {other}; rename one of them")
        stages = paint(pipeline, picture.rgb, path)
        _save(stages, picture, beside)
        return contact_sheet(stages), None

    return work


def _save(stages: Stages, picture: images.Picture, place: Callable[[str], Path]) -> None:
    """Write the results, with the transparency of the picture they were made of."""
    from mangastyle.lineart.detect import alpha_of_coloring
    from mangastyle.ops import pixels

    alpha = alpha_of_coloring(picture)
    if alpha is not None:
        alpha = pixels.resize(alpha, *stages.picture.shape[:2])
    for name in _results():
        images.save(place(name), stages.pictures[name], alpha, force=True)
