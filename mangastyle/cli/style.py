"""`mangastyle style`: a picture or a folder of pictures in a painter's style, by any method, with records of the search."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Iterator, Mapping, Sequence

import numpy as np

from mangastyle import startup
from mangastyle.cli import batch_files
from mangastyle.cli.by_picture import ByPicture
from mangastyle.cli.checks import find_backbone, named_files, refuse_inputs
from mangastyle.cli.forecast import with_forecast
from mangastyle.cli.mask_files import mask_file
from mangastyle.cli.options import Backbone, Command, Compute, Decoding, Sharing, option
from mangastyle.cli.paintings import choose, chosen_method, painters_file, placeholders, read_paintings, teacher
from mangastyle.cli.sized import read_early
from mangastyle.cli.step_bar import StepBar
from mangastyle.errors import MangastyleError, near
from mangastyle.io import images
from mangastyle.ops import pixels
from mangastyle.paper import presets
from mangastyle.progress import Bar
from mangastyle.settings import Settings
from mangastyle.style.settings import AUTO, METHODS, STARTS, MethodSettings, refuse_foreign
from mangastyle.vgg.spec import MIN_SIDE

if TYPE_CHECKING:
    from mangastyle.style.optimize.records import Losses, Record
    from mangastyle.style.optimize.stylizer import OptimizeStylizer, Result

EXAMPLES = (
    "mangastyle style picture.png --style painting.jpg --out stylized.png",
    "mangastyle style picture.png --style painting.jpg --preset paper",
)
SUFFIX = "stylized"
Naming = Callable[[], contextlib.AbstractContextManager[None]]
SECONDS_NOTE = "* of 1000 iterations on its GPU, a GTX 1080 Ti"


@dataclass(frozen=True)
class Records(Settings):
    """Records of the search, by methods that search."""

    save_every: int = option(
        0, "also save the picture after every N iterations, as NAME-0050.png; 0 = never", least=0, free=True, common=False
    )
    log: bool = option(False, "also write the losses and seconds of each iteration, as NAME.csv", free=True, common=False)
    plot: bool = option(
        False, "also plot the losses over iterations and seconds, as NAME-losses.png (Figs 22, 23)", free=True, common=False
    )
    compare: bool = option(False, "run both optimizers and print the paper's table of final losses and seconds", common=False)


@dataclass(frozen=True)
class Options(Sharing, Decoding, Compute, Backbone, Records, MethodSettings, Command):
    """Paint a picture in the style of a painting.

    By optimization (paper, section 4.3), or by networks in seconds.
    """

    PRESETS: ClassVar = {
        "paper": presets.STYLE,
        "quality": {"oversample": 1.5, "scale_step": 2**0.5, "iterations": 40},
        "tiny": {"size": 64},
    }
    RENAMED: ClassVar = {"fast": ("method", {True: "onepass", False: "optimize"}), "fast_weights": ("onepass_weights", {"": "onepass"})}

    inputs: str = option("", "content: a picture, or a folder of pictures", positional=True, free=True)
    style: tuple[str, ...] = option((), "painting, or folder of paintings with the pictures' names; several are blended", metavar="PATH")
    mask: tuple[str, ...] = option(
        (), "mask for each painting, of the content's size, white where it paints; or a folder of masks", common=False, metavar="PATH"
    )
    method: str = option(
        AUTO, "; ".join(f"{name}: {method.about}" for name, method in METHODS.items()) + "; auto: the first that has the options given",
        (AUTO, *METHODS),
    )  # fmt: skip
    learn_minutes: float = option(
        5.0, "with --method learned: minutes to fit a network to a new painting", least=0.05, free=True, common=False
    )
    init: str = option(
        "content",
        "start of the optimization: content, style or noise (Fig. 11), or a picture file",
        common=False,
        metavar="FILE",
        words=STARTS,
    )
    out: str = option(
        "", f"output file or folder; default: NAME-{SUFFIX}.png beside the picture, FOLDER-{SUFFIX}", free=True, metavar="PATH"
    )


def command(options: Options) -> None:
    """Paint a picture, or each of a folder. Ctrl-C keeps the best of a single picture, and a folder's finished ones."""
    options = dataclasses.replace(options, method=_method(options))
    method = METHODS[options.method]
    _refuse_foreign_options(options)
    if not options.style:
        raise MangastyleError("no painting: name one, as in `style` painting.jpg")
    inputs: dict[str, Any] = {}
    named = options
    if options.init not in STARTS:
        if not Path(options.init).exists():
            raise MangastyleError(f"{options.init}: no such file{near(options.init, STARTS)}; `init` takes content, style, noise or a file")
        inputs["init"] = images.load(options.init, options.max_pixels).rgb
        named = dataclasses.replace(options, init=STARTS[0])
    if learned := painters_file(options.style, options.method):
        named = dataclasses.replace(named, painters=learned)
    settings = method.settings.of(named)
    paintings = read_paintings(options.style, options.inputs, options.max_pixels)
    settings.check(len(paintings), len(options.mask))
    masked = [ByPicture(name, options.inputs, lambda path: mask_file(path, options.max_pixels), "mask") for name in options.mask]
    for given in masked:
        read_early(given, options.inputs, options.max_pixels, MIN_SIDE)

    def prepare(pictures: Sequence[Path]) -> batch_files.Work:
        for given in (*paintings, *masked):
            given.check(pictures, "fail")
        settings.check_files()
        if "backbone" in method.inputs:
            inputs["backbone"] = find_backbone(options.backbone, options.allow_download)
        startup.load_tensorflow()
        from mangastyle.style.stylize import implementation

        shared = {"precision": options.precision, "seed": options.seed, "max_pixels": options.max_pixels, **inputs}
        make, styles = implementation(options.method), placeholders(paintings)
        stylizers: dict[str, Any] = {}
        if method.searches:
            for name in ("lbfgs", "adam") if options.compare else (options.optimizer,):
                stylizers[name] = make(styles, dataclasses.replace(settings, optimizer=name), **shared)
                shared["backbone"] = stylizers[name].backbone  # loaded once
        else:
            stylizers[options.method] = make(styles, settings, **shared)
        if options.method == "learned":
            stylizers[options.method].teacher = teacher(options, options.learn_minutes)
        made_of = batch_files.made_of(pictures, options, SUFFIX)
        force = options.force or Path(options.inputs).is_dir() and _is_own(batch_files.results_folder(options, SUFFIX))

        def work(picture: images.Picture, path: Path, target: Path) -> batch_files.Result:
            files, naming = [given.get(path) for given in masked], functools.partial(_naming, path)
            with naming():
                masks = [file.of((picture.rgb.shape[0], picture.rgb.shape[1])) for file in files]
            for stylizer in stylizers.values():
                choose(stylizer, path, paintings, masks)
            if method.searches:
                return _search(stylizers, options, naming, made_of, picture, path, target, force)
            with naming(), StepBar() as bar:
                return _with_alpha(stylizers[options.method](picture.rgb, bar.listener(path.name)), picture)

        return with_forecast(work, options.method, len(pictures)) if Path(options.inputs).is_dir() else work

    batch_files.run_on_files("style", options, SUFFIX, prepare, MIN_SIDE)


def _is_own(folder: Path) -> bool:
    """Whether what lies in a folder of results was made by this command, so that records of a missing result may be replaced.

    They come from a run that was interrupted, or from one that goes on beside this one.
    """
    return (folder / "config.json").exists() or not (folder.exists() and any(folder.iterdir()))


def _given(options: Options) -> list[str]:
    """The names of the options that are not at their defaults."""
    return [f.name for f in dataclasses.fields(options) if getattr(options, f.name) != f.default]


def _method(options: Options) -> str:
    """The method that was asked for; if none was, the first that has all options given."""
    given = _given(options)
    if options.method == AUTO and any(hasattr(Records, name) for name in given):
        return next(name for name, method in METHODS.items() if method.searches)
    return chosen_method(options.method, given, options.style)


def _refuse_foreign_options(options: Options) -> None:
    """Refuse options that were given and that the method does not have."""
    given = _given(options)
    refuse_foreign(options.method, given)
    if options.method != "learned" and "learn_minutes" in given:
        raise MangastyleError(f"`learn_minutes`: is for method learned, not {options.method}; leave it out, or choose that `method`")
    method = METHODS[options.method]
    records = () if method.searches else tuple(f.name for f in dataclasses.fields(Records))
    download = () if "backbone" in method.inputs else ("allow_download",)
    for name in given:
        if name in (*records, *download):
            raise MangastyleError(f"`{name}`: is not for method {options.method}; leave it out, or choose another `method`")


def _search(
    stylizers: Mapping[str, OptimizeStylizer], options: Options, naming: Naming, made_of: Mapping[Path, Path], picture: images.Picture,
    path: Path, target: Path, force: bool,
) -> batch_files.Result:  # fmt: skip
    """One picture by each optimizer, with the records that were asked for; the result is the one of least loss."""
    from mangastyle.style.optimize import records

    folder = Path(options.inputs).is_dir()
    names = {name: _beside(target, name) if options.compare else target for name in stylizers}
    plot = _beside(target, "losses").with_suffix(".png")
    with naming():
        iterations = next(iter(stylizers.values())).iterations(picture.rgb)
    for record in _record_files(options, names, plot, iterations):  # what is in the way is found before the work
        if record in made_of:
            raise MangastyleError(f"{path}: its records would have the name of what is made of {made_of[record]}; rename one of them")
        refuse_inputs([record], [path, *named_files(options)])
        images.check_writable(record, force)
    runs = {name: records.Losses(own.with_suffix(".csv") if options.log else None, force) for name, own in names.items()}

    results: dict[str, Result] = {}
    for name, stylizer in stylizers.items():
        try:
            with naming():
                results[name] = _with_progress(stylizer, options, picture, f"{path.name} {name}", names[name], runs[name], force)
        finally:
            runs[name].save()
        if results[name].interrupted and (folder or not runs[name].rows):
            raise KeyboardInterrupt  # a half-painted picture would pass for a finished one when the folder is continued
        if options.compare:
            images.save(names[name], *_with_alpha(pixels.to_uint8(results[name].picture), picture), force)
        if results[name].interrupted:
            break
    runs = {name: runs[name] for name in results}
    if options.plot:
        records.plot(runs, plot, force)
    if options.compare:
        Bar.write(f"{records.comparison(runs, presets.STYLE_SECONDS)}\n{SECONDS_NOTE}", file=sys.stdout)
    best = min(results.values(), key=lambda result: result.total)
    return _with_alpha(pixels.to_uint8(best.picture), picture)


def _record_files(options: Options, names: Mapping[str, Path], plot: Path, iterations: int) -> Iterator[Path]:
    """The pictures that the records of a search consist of."""
    if options.compare:
        yield from names.values()
    if options.plot:
        yield plot
    if options.save_every:
        for own in names.values():
            yield from (_step(own, iteration) for iteration in range(options.save_every, iterations + 1, options.save_every))


def _with_progress(
    stylizer: OptimizeStylizer, options: Options, picture: images.Picture, title: str, target: Path, run: Losses, force: bool
) -> Result:  # fmt: skip
    """One picture by one optimizer, with a progress bar and the pictures on the way."""
    with Bar(desc=title, unit="step", leave=False) as bar:

        def show(record: Record) -> None:
            new = record.iteration - (run.rows[-1].iteration if run.rows else 0)  # a scale begins where the last one ended
            run.add(record)
            bar.total = record.iterations
            shown = {name: f"{loss:.3g}" for name, loss in record.losses.items() if name in ("content", "style")}
            bar.set_postfix({"side": record.side, **shown}, refresh=False)
            bar.update(new)
            if options.save_every and new and record.iteration % options.save_every == 0:
                images.save(_step(target, record.iteration), pixels.to_uint8(record.picture()), force=force)

        return stylizer.search(picture.rgb, show)


def _beside(target: Path, name: str) -> Path:
    return target.with_name(f"{target.stem}-{name}{target.suffix}")


def _step(target: Path, iteration: int) -> Path:
    """The file for the picture at an iteration."""
    return _beside(target, f"{iteration:04d}")


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Errors name the picture's file."""
    try:
        yield
    except MangastyleError as error:
        raise MangastyleError(f"{path}: {error}") from error


def _with_alpha(painted: np.ndarray, picture: images.Picture) -> batch_files.Result:
    """A painted picture, uint8 (h, w, 3), with the alpha of the picture that it was made of."""
    return painted, None if picture.alpha is None else pixels.resize(picture.alpha, *painted.shape[:2])
