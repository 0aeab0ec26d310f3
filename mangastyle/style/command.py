"""The command `mangastyle style`: a picture or a folder of pictures, their records, the comparison of optimisers."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from tqdm import tqdm

from mangastyle import folder, images, precision
from mangastyle.config import StyleConfig
from mangastyle.errors import MangastyleError
from mangastyle.style import report, vgg
from mangastyle.style.optimizers import Record, Result
from mangastyle.style.transfer import Painter, scales, to_pixels


def command(options: StyleConfig) -> None:
    """Paint `options.inputs`. Ctrl-C keeps the best of the picture in work, and a folder's finished ones."""
    limit = int(options.max_megapixels * 1e6)
    if not options.style:
        raise MangastyleError("no painting: name one, as in 'mangastyle style picture.png --style painting.jpg'")
    styles = [images.load(path, limit, vgg.MIN_SIDE).rgb for path in options.style]

    def prepare() -> folder.Work:
        backbone = vgg.backbone(options.backbone, options.allow_download, options.pooling, precision.resolve(options.precision))
        names = ("lbfgs", "adam") if options.compare else (options.optimizer,)
        painters = {name: Painter(styles, dataclasses.replace(options, optimizer=name), backbone) for name in names}

        return lambda picture, path, target: _paint(painters, picture, path, target)

    folder.process("style", options, "styled", prepare, vgg.MIN_SIDE)


def _paint(painters: dict[str, Painter], picture: images.Picture, path: Path, target: Path) -> folder.Result:
    """One picture by each optimiser, with the records that were asked for; the result is the one of least loss."""
    options = next(iter(painters.values())).options
    runs, results = {}, {}
    for name, painter in painters.items():
        own = target.with_name(f"{target.stem}-{name}{target.suffix}") if options.compare else target
        if options.compare:
            images.check_writable(own, options.force)
        runs[name] = report.Losses(own.with_suffix(".csv") if options.log else None, options.force)
        results[name] = _run(painter, picture, path, own, runs[name])
        runs[name].save()
        if results[name].interrupted and Path(options.inputs).is_dir():
            raise KeyboardInterrupt  # a half-painted picture would pass for a finished one when the folder is resumed
        if options.compare:
            images.save(own, *_finished(results[name], picture), options.force)
        if results[name].interrupted:
            break
    if options.plot:
        report.plot(runs, target.with_name(f"{target.stem}-losses.png"), options.force)
    if options.compare:
        tqdm.write(report.comparison(runs), file=sys.stdout)
    return _finished(min(results.values(), key=lambda result: result.total), picture)


def _run(painter: Painter, picture: images.Picture, path: Path, target: Path, run: report.Losses) -> Result:
    """One picture by one optimiser, with progress bar and the pictures on the way."""
    options = painter.options
    total = sum(iterations for *_, iterations in scales(*painter.size_of(picture.rgb), options))
    with tqdm(total=total, desc=f"{path.name} {options.optimizer}", unit="it", leave=False, disable=None) as bar:

        def show(record: Record, side: int) -> None:
            new = record.iteration - (run.rows[-1].iteration if run.rows else 0)  # a scale begins where the last one ended
            run.add(record, side)
            bar.set_postfix(side=side, content=f"{record.content:.3g}", style=f"{record.style:.3g}", refresh=False)
            bar.update(new)
            if options.save_every and new and record.iteration % options.save_every == 0:
                step = target.with_name(f"{target.stem}-{record.iteration:04d}{target.suffix}")
                images.save(step, to_pixels(record.picture()), force=options.force)

        try:
            return painter.paint(picture.rgb, show)
        except MangastyleError as error:
            raise MangastyleError(f"{path}: {error}") from error


def _finished(result: Result, picture: images.Picture) -> folder.Result:
    painted = to_pixels(result.picture)
    return painted, None if picture.alpha is None else images.resize(picture.alpha, *painted.shape[:2])
