"""`mangastyle learn`: painters for paintings, for `--method learned`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
from mangastyle.training.run_folder import CONFIG, RunFolder
from mangastyle.training.settings import PainterSettings
from mangastyle.vgg.spec import MIN_SIDE

if TYPE_CHECKING:
    from mangastyle.style.learned.painters import Painter

EXAMPLE = "mangastyle learn painting.jpg --minutes 5 --out painter.h5"


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, PainterSettings, Command):
    """Learn paintings, a few minutes each, so that --method learned paints like them in one pass."""

    paintings: tuple[str, ...] = option((), "paintings, or folders of them", positional=True)
    data: tuple[str, ...] = option(
        ("drawn:60",), "pictures to practice on, best such as will be painted: folders, .zip or .tar files, or drawn:N"
    )
    init: str = option("onepass", "start from the one-pass decoder in this weights file")
    out: str = option("painters.h5", "the file of all painters; NAME-N.png beside it shows what was learned of painting N")
    resume: bool = option(False, "continue what was interrupted, exactly")


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
    folders = [out.with_name(f"{out.stem}-{own[:12]}") for own in digests]
    for folder in folders:
        if folder.exists() and not (folder / CONFIG).exists():
            raise MangastyleError(f"{folder}: is not a run of mangastyle learn, which keeps its checkpoints there; choose another --out")
    known = {painter.digest: painter for painter in painters.read(out)} if options.resume and out.exists() else {}

    load_tensorflow()
    from mangastyle.training import painter as learning

    done: list[Painter] = []
    settings = PainterSettings.of(options)
    for picture, own, folder, preview in zip(pictures, digests, folders, previews):
        if own in known and not folder.exists():  # it was finished
            done.append(known[own])
            continue
        config = {"command": "learn", **to_json(options), "resume": False, "force": False}
        resume = options.resume and (folder / CONFIG).exists()
        if resume and not learning.can_resume(folder, {name: config[name] for name in (*to_json(settings), "data", "init", "seed")}):
            raise MangastyleError(f"{folder}: was begun with other options; resume with the same ones, or leave out --resume")
        learned, stopped_by = learning.train(
            picture, settings, RunFolder(folder, resume, options.force, config), data=options.data, init=options.init,
            seed=options.seed, precision=options.precision, cache=options.cache, max_pixels=options.max_pixels,
        )  # fmt: skip
        done.append(learned)
        painters.write(out, done, {"settings": to_json(settings), "seed": options.seed})
        if stopped_by:
            print(f"stopped by {stopped_by}; {out} has what was learned; continue with the same command and --resume")
            return
        images.save(preview, images.load(sorted((folder / "samples").iterdir())[-1]).rgb, force=True)
        shutil.rmtree(folder, ignore_errors=True)
    painters.write(out, done, {"settings": to_json(settings), "seed": options.seed})
    print(f"{out}: learned {len(done)}; paint with: mangastyle style picture.png --style {out}")


def _paintings(options: Options) -> list[Path]:
    """The files of the paintings."""
    found: list[Path] = []
    for name in options.paintings:
        found += list_pictures(name).pictures if Path(name).is_dir() else [Path(name)]
    return found
