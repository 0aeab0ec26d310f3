"""`mangastyle learn`: painters for paintings, for `--method learned`."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mangastyle.cli import training
from mangastyle.cli.checks import refuse_inputs
from mangastyle.cli.options import Cache, Command, Compute, Decoding, option
from mangastyle.cli.paintings import PAINTERS
from mangastyle.errors import MangastyleError
from mangastyle.io import files, images, registry
from mangastyle.io.folders import list_pictures
from mangastyle.settings import to_json
from mangastyle.startup import load_tensorflow
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.training.painters_file import Lesson
from mangastyle.training.run_folder import RunFolder
from mangastyle.training.settings import PainterSettings
from mangastyle.vgg.spec import MIN_SIDE

EXAMPLES = ("mangastyle learn painting.jpg --minutes 5 --out painter.h5", "mangastyle learn paintings/ --data pictures/ --out painters.h5")


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, PainterSettings, Command):
    """Fit networks to paintings, for style --method learned.

    A few minutes each; then mangastyle style paints in one pass.
    """

    paintings: tuple[str, ...] = option((), "paintings, or folders of them", positional=True)
    data: tuple[str, ...] = option(
        ("drawn:60",), "training pictures, similar to those to be painted: folders, .zip or .tar files, or drawn:N", metavar="PATH"
    )
    init: str = option("onepass", "weights file of the one-pass decoder to start from", metavar="FILE", words=("onepass",))
    out: str = option(
        "painters.h5", "file for the networks; NAME-N.png beside it shows a picture in the style of painting N", metavar="FILE"
    )
    resume: bool = option(False, "continue an interrupted run, with exactly the same result")


def command(options: Options) -> None:
    """Learn painting after painting; Ctrl-C keeps what was learned of the last one, too."""
    names = _paintings(options)
    if not names:
        raise MangastyleError("no painting: name one, as in mangastyle learn painting.jpg")
    out = Path(options.out)
    if out.suffix != PAINTERS:
        raise MangastyleError(f"{out}: must end in {PAINTERS}")
    previews = [out.with_name(f"{out.stem}-{i}.png") for i in range(len(names))]
    for target in (out, *previews):
        if not options.resume:
            files.refuse_existing(target, options.force)
    refuse_inputs([out, *previews], [*names, *options.data])
    training.check_inputs(options)
    registry.find(options.init)
    pictures = [images.load(name, options.max_pixels, MIN_SIDE).rgb for name in names]
    digests = list(map(painters.digest, pictures))
    settings = PainterSettings.of(options)
    lessons = [_lesson(out, own, options, settings) for own in digests]
    known = {painter.digest: painter for painter in painters.read(out)} if options.resume and out.exists() else {}

    load_tensorflow()
    from mangastyle.training import painter as learning

    def train(picture: np.ndarray, run: RunFolder) -> tuple[Painter, str]:
        return learning.train(
            picture, settings, run, data=options.data, init=options.init, seed=options.seed, precision=options.precision,
            cache=options.cache, max_pixels=options.max_pixels,
        )  # fmt: skip

    done: list[Painter] = []
    written, provenance = 0, {"settings": to_json(settings), "seed": options.seed}  # how many painters the file holds
    for picture, own, lesson, preview in zip(pictures, digests, lessons, previews):
        if own in known and not lesson.folder.exists():  # it was finished
            done.append(known[own])
            continue
        resume = options.resume and lesson.has_begun
        if resume and not lesson.can_resume:
            raise MangastyleError(f"{lesson.folder}: was begun with other options; resume with the same ones, or leave out --resume")
        learned, stopped_by = lesson.learn(
            out, functools.partial(train, picture), done, resume=resume, force=options.force, unfinished=True, samples=preview,
            provenance=provenance,
        )  # fmt: skip
        done.append(learned)
        written = len(done)
        if stopped_by:
            print(f"stopped by {stopped_by}; {out} has what was learned; continue with the same command and --resume")
            return
    if written < len(done):  # the last ones were learned before
        painters.write(out, done, provenance)
    print(f"{out}: learned {len(done)}; paint with: mangastyle style picture.png --style {out}")


def _lesson(out: Path, digest: str, options: Options, settings: PainterSettings) -> Lesson:
    """The learning of the painting with a digest; `MangastyleError` if the folder that it needs is another one's."""
    config = {"command": "learn", **to_json(options), "resume": False, "force": False}
    lesson = Lesson(out.with_name(f"{out.stem}-{digest[:12]}"), config, (*to_json(settings), "data", "init", "seed"))
    if lesson.folder.exists() and not lesson.has_begun:
        raise MangastyleError(f"{lesson.folder}: is not a run of mangastyle learn, which keeps its checkpoints there; choose another --out")
    return lesson


def _paintings(options: Options) -> list[Path]:
    """The files of the paintings."""
    found: list[Path] = []
    for name in options.paintings:
        found += list_pictures(name).pictures if Path(name).is_dir() else [Path(name)]
    return found
