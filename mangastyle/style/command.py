"""The command `mangastyle style`: a picture or a folder of pictures, by optimisation, with its records, or in one pass."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from pathlib import Path
from typing import Iterator

import numpy as np
from tqdm import tqdm

from mangastyle import folder, images
from mangastyle.config import StyleConfig
from mangastyle.errors import MangastyleError
from mangastyle.style import fast, prepare, report, vgg
from mangastyle.style.optimizers import Record, Result
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transfer import Painter, check, scales


def command(options: StyleConfig) -> None:
    """Paint `options.inputs`. Ctrl-C keeps the best of the picture in work, and a folder's finished ones."""
    limit = int(options.max_megapixels * 1e6)
    (fast.check if options.fast else check)(options, len(options.style))
    styles = [images.load(path, limit, vgg.MIN_SIDE).rgb for path in options.style]

    def optimisation() -> folder.Work:
        painters: dict[str, Painter] = {}
        backbone = None  # the first painter loads it, when it has read all other files
        for name in ("lbfgs", "adam") if options.compare else (options.optimizer,):
            painters[name] = Painter(styles, dataclasses.replace(options, optimizer=name), backbone)
            backbone = painters[name].backbone
        # Records in a folder that is gone on with, of a picture that is not there, are of a painting that was stopped.
        resumed = Path(options.inputs).is_dir() and (folder.results(options, "styled") / "config.json").exists()
        force = options.force or resumed

        return lambda picture, path, target: _paint(painters, picture, path, target, force)

    def one_pass() -> folder.Work:
        painter = fast.FastPainter(styles, options)

        def work(picture: images.Picture, path: Path, target: Path) -> folder.Result:
            with _naming(path):
                return _finished(painter.paint(picture.rgb), picture)

        return work

    folder.process("style", options, "styled", one_pass if options.fast else optimisation, vgg.MIN_SIDE)


def _paint(
    painters: dict[str, Painter], picture: images.Picture, path: Path, target: Path, force: bool
) -> folder.Result:  # fmt: skip
    """One picture by each optimiser, with the records that were asked for; the result is the one of least loss."""
    first = next(iter(painters.values()))
    options = first.options
    with _naming(path):
        total = sum(iterations for *_, iterations in scales(*prepare.size_of(picture.rgb, options), options))
    owns = {name: _beside(target, name) if options.compare else target for name in painters}
    drawn = _beside(target, "losses").with_suffix(".png")
    # What is in the way is found before the work.
    steps = range(options.save_every, total + 1, options.save_every) if options.save_every else ()
    for record in [
        *(owns.values() if options.compare else ()), *([drawn] if options.plot else ()),
        *(_step(own, iteration) for own in owns.values() for iteration in steps),
    ]:  # fmt: skip
        images.check_writable(record, force)
    runs = {name: report.Losses(own.with_suffix(".csv") if options.log else None, force) for name, own in owns.items()}

    results = {}
    for name, painter in painters.items():
        try:
            results[name] = _run(painter, picture, path, owns[name], runs[name], total, force)
        finally:
            runs[name].save()
        if results[name].interrupted and (Path(options.inputs).is_dir() or not runs[name].rows):
            raise KeyboardInterrupt  # a half-painted picture would pass for a finished one when the folder is resumed
        if options.compare:
            images.save(owns[name], *_finished(to_pixels(results[name].picture), picture), force)
        if results[name].interrupted:
            break
    runs = {name: runs[name] for name in results}
    if options.plot:
        report.plot(runs, drawn, force)
    if options.compare:
        tqdm.write(report.comparison(runs), file=sys.stdout)
    best = min(results.values(), key=lambda result: result.total)
    return _finished(to_pixels(best.picture), picture)


def _beside(target: Path, name: str) -> Path:
    return target.with_name(f"{target.stem}-{name}{target.suffix}")


def _step(target: Path, iteration: int) -> Path:
    """The file for the picture at an iteration."""
    return _beside(target, f"{iteration:04d}")


def _run(
    painter: Painter, picture: images.Picture, path: Path, target: Path, run: report.Losses, total: int, force: bool
) -> Result:  # fmt: skip
    """One picture by one optimiser, with progress bar over `total` iterations and the pictures on the way."""
    options = painter.options
    with tqdm(total=total, desc=f"{path.name} {options.optimizer}", unit="it", leave=False, disable=None) as bar:

        def show(record: Record, side: int) -> None:
            new = record.iteration - (run.rows[-1].iteration if run.rows else 0)  # a scale begins where the last one ended
            run.add(record, side)
            bar.set_postfix(side=side, content=f"{record.content:.3g}", style=f"{record.style:.3g}", refresh=False)
            bar.update(new)
            if options.save_every and new and record.iteration % options.save_every == 0:
                images.save(_step(target, record.iteration), to_pixels(record.picture()), force=force)

        with _naming(path):
            return painter.paint(picture.rgb, show)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """An error names the picture it is about."""
    try:
        yield
    except MangastyleError as error:
        raise MangastyleError(f"{path}: {error}") from error


def _finished(painted: np.ndarray, picture: images.Picture) -> folder.Result:
    """A painted picture, uint8 (h, w, 3), with the alpha of the picture it was made of."""
    return painted, None if picture.alpha is None else images.resize(picture.alpha, *painted.shape[:2])
